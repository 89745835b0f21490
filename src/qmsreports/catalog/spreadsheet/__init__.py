"""The spreadsheet door: targets, accepted deviations, owners and calendars for people who prefer a spreadsheet.

Reading order: :mod:`layout` (sheets and columns), :mod:`parts` and :mod:`write` (catalog to workbook), :mod:`read`
(workbook to rows), :mod:`sections` (rows to the content of files), :mod:`changes` (that to a checked catalog).
"""

from qmsreports.catalog.spreadsheet.changes import Edited, read_changes
from qmsreports.catalog.spreadsheet.write import workbook

__all__ = ["Edited", "read_changes", "workbook"]
