"""From a version's definition to its plan, or to findings that say what does not fit the declared tables.

The catalog's own check says the same earlier and with more advice; here it is the guard that no undeclared name and no
value of a wrong type ever reaches SQL, whichever way a definition came in.
"""

from qmsreports.kpi.interpret.definition import plan_of

__all__ = ["plan_of"]
