"""From landed rows to canonical tables.

``stage`` runs a source's SELECT over the rows that are new or whose joined rows changed and leaves the result, in the
declared shape, in a Parquet file. After the audit, ``publish`` merges what passed into the canonical table.

A canonical table is at any time a function of everything landed: of the current version of each landed row, whichever
order loads came in and however often they were conformed. So a row that is refused or quarantined today leaves the
table even where an earlier version of it had passed, and comes back when the source mends it.
"""

from qmsreports.conform.landed import as_landed, declared_columns
from qmsreports.conform.publish import keys_present, publish
from qmsreports.conform.readmit import readmit
from qmsreports.conform.stage import preview, stage
from qmsreports.conform.written import check_written, mapping_misfits

__all__ = [
    "as_landed",
    "check_written",
    "declared_columns",
    "keys_present",
    "mapping_misfits",
    "preview",
    "publish",
    "readmit",
    "stage",
]
