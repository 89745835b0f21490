"""Counts, over a whole delivery, the rows that break each rule; the verdict is somebody else's.

Rules that differ only in severity or tolerance are checked once. Rows are read in bounded batches; a share is therefore
never judged here, because five bad rows of one batch may be nothing in the delivery.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from qmsreports.records import UNJUDGED, StagedTable, Tell
from qmsreports.validate.evidence import Evidence
from qmsreports.validate.frames import BATCH_ROWS, batches, rows_at
from qmsreports.validate.narrowed import narrowed
from qmsreports.validate.suite import Rule, Suite

if TYPE_CHECKING:
    import pandas as pd

    from qmsreports.validate.checker import Checker, Outcome


@dataclass(slots=True)
class Tally:
    """What a check found so far. ``failed`` are positions in the staged file, ascending."""

    checked: int = 0
    failed: array[int] = field(default_factory=lambda: array("q"))  # of millions of rows, too
    success: bool = True
    observed: str = ""
    broken: str = ""
    unjudged: bool = False

    def add(self, outcome: Outcome) -> None:
        """Add what a batch brought."""
        self.checked += outcome.checked
        self.failed.extend(outcome.failed)
        self.success = self.success and outcome.success
        self.observed = outcome.observed or self.observed
        self.broken = self.broken or outcome.broken


def examine(
    suite: Suite, staged: StagedTable, evidence: Evidence, *, tell: Tell, batch_rows: int = BATCH_ROWS
) -> dict[str, Tally]:
    """Return a tally for every check of the suite; the evidence must be current.

    Great Expectations is imported here, once per process, and only because there is something to check.
    """
    from qmsreports.validate.checker import Checker

    checks: dict[str, Rule] = {rule.check: rule for rule in suite.rules}
    tallies = {check: Tally() for check in checks}
    for check, rule in checks.items():
        if "other_table" in rule.kwargs and not evidence.has_rows(str(rule.kwargs["other_table"])):
            tallies[check].unjudged = True
            tallies[check].observed = f"{UNJUDGED}{rule.kwargs['other_table']} has no rows yet"
    checker = Checker({check: rule for check, rule in checks.items() if not tallies[check].unjudged})
    together = [check for check in checker.checks if _in_batches(checks[check], staged.rows > batch_rows)]
    columns = _columns([checks[check] for check in together], evidence)
    for frame in batches(staged.path, columns, batch_rows):
        alive = [check for check in together if not tallies[check].broken]
        for check, outcome in checker.run(frame, alive).items():
            tallies[check].add(outcome)
        tell(f"{staged.source}: audit {staged.table}", int(frame.index[-1]) + 1)
    for check in checker.checks:
        if check not in together or (not staged.rows and checks[check].kind.scope == "delivery"):
            tallies[check].add(_apart(checker, check, staged, evidence))
    checker.release()
    return tallies


def _in_batches(rule: Rule, several: bool) -> bool:
    """Whether a rule may be checked on batches: always when it looks at single rows, else when there is but one."""
    return rule.kind.scope == "row" or not several


def _columns(rules: list[Rule], evidence: Evidence) -> list[str]:
    """Columns that the rules look at, those in row conditions included, and never none."""
    named = {column for rule in rules for column in (*rule.columns, *rule.condition)}
    names = evidence.table.names
    return [name for name in names if name in named] or [names[0]]


def _apart(checker: Checker, check: str, staged: StagedTable, evidence: Evidence) -> Outcome:
    """Check what needs the whole delivery, on no more rows and columns than it takes.

    For repeats DuckDB first narrows millions of rows to those whose values occur elsewhere; only these are framed.
    """
    rule = checker.checks[check]
    columns = _columns([rule], evidence)
    repeated = evidence.repeated(rule.columns) if rule.kind.scope == "unique" else []
    if len(repeated) > BATCH_ROWS:  # the library would say the same of each, from one frame of them all
        from qmsreports.validate.checker import Outcome

        return Outcome(staged.rows, failed=tuple(repeated), success=False)
    if rule.kind.scope == "whole" and staged.rows:
        frame = _whole(narrowed(rule, columns[0], staged, evidence), columns, staged)
    else:
        frame = rows_at(staged.path, columns, repeated)
    return replace(checker.run(frame, [check])[check], checked=staged.rows)


def _whole(path: str, columns: list[str], staged: StagedTable) -> pd.DataFrame:
    """Return a column in one frame, an empty one where narrowing left no value."""
    frame = next(batches(path, columns, staged.rows), None)
    return rows_at(path, columns, []) if frame is None else frame
