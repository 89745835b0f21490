"""From approved definitions to numbers: plan, SQL, execution, status.

Reading order: :mod:`plan` (what is computed), :mod:`interpret` (definition to plan), :mod:`scan`, :mod:`rollup` and
:mod:`rows` (plan to SQL), :mod:`clock` and :mod:`execute` (SQL to rows), :mod:`measurement` (rows to results),
:mod:`status`, :mod:`comparison` (what of it is new), :mod:`explain`.
"""

from qmsreports.kpi.comparison import Changes, Verdict, changes, compare, key_of
from qmsreports.kpi.measurement import measure
from qmsreports.kpi.selection import in_force
from qmsreports.kpi.status import judged

__all__ = ["Changes", "Verdict", "changes", "compare", "in_force", "judged", "key_of", "measure"]
