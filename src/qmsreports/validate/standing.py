"""What a table is held to on a day on which nothing new came: a dead feed is silent, so silence itself is judged."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from qmsreports.catalog.table import Table
from qmsreports.records import RuleResult, StagedTable
from qmsreports.validate import judging
from qmsreports.validate.evidence import Evidence, Lookup
from qmsreports.validate.suite import load_suite
from qmsreports.validate.vocabulary import NEWEST


def standing(
    source: str, table: Table, *, suite: Path, out: Path, as_of: datetime, lookup: Lookup
) -> tuple[RuleResult, ...]:
    """Judge the age of what is published by the suite's rules on it; none where nothing is published.

    Great Expectations is not needed for it and not imported. Raises :class:`~qmsreports.errors.UserError` for a wrong
    suite and :class:`~qmsreports.errors.CouldNotRun` where the lake cannot be read.
    """
    rules = [rule for rule in load_suite(suite, table).rules if rule.type == NEWEST]
    if not rules or not lookup(table.table):
        return ()
    nothing = StagedTable(source, table.table, "", 0, "", 0, 0, 0, 0, ())
    evidence = Evidence(nothing, table, as_of=as_of, lookup=lookup, spill=out / "spill")
    found = []
    with evidence.current():
        for rule in rules:
            success, observed = judging.newest(evidence, rule.columns[0], float(rule.kwargs["days"]))
            found.append(
                RuleResult(
                    rule=rule.label,
                    column=", ".join(rule.columns),
                    severity=rule.severity,
                    on_failure=rule.on_failure,
                    why=rule.why,
                    owner=rule.owner,
                    success=success,
                    broken=False,
                    rows_checked=0,
                    rows_failed=0,
                    sample=(observed,),
                )
            )
    return tuple(found)
