"""Audits staged rows before anything reaches a canonical table: what passes, what is kept out and why, what stops.

Publishing is write, audit, publish. A gross failure stops the whole table; single bad rows go to quarantine with a
sentence each; a check that cannot run is said to be our fault and not the data's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from qmsreports.catalog.table import Table
from qmsreports.records import LANDED, Audit, Readmitted, RuleResult, StagedTable, Tell, silent
from qmsreports.validate.evidence import DayOff, Evidence, Lookup
from qmsreports.validate.examine import Tally, examine
from qmsreports.validate.landed_numbers import with_numbers
from qmsreports.validate.quarantine import let_in, mapping_refused, reasons_at, set_aside
from qmsreports.validate.suite import Rule, Suite, load_suite

_SAMPLE = 3
MOST_KEPT_OUT = 100_000
"""Rows of one delivery that go to quarantine at most: more than that nobody looks at, and no memory need hold."""


def audit(
    staged: StagedTable,
    table: Table,
    *,
    suite: Path,
    out: Path,
    as_of: datetime,
    lookup: Lookup,
    readmitted: Collection[Readmitted] = (),
    day_off: DayOff = lambda _day: False,
    tables: Mapping[str, Table] | None = None,
    tell: Tell = silent,
) -> Audit:
    """Check staged rows against the suite of their table and set aside those that may not be published.

    ``out`` is a folder for the file of passed rows; where every row passes, the staged file itself is the answer.
    ``as_of`` is the (aware) instant of the run; ``lookup`` names the Parquet files of a canonical table's rows.
    ``readmitted`` are rows that a person lets in although they break rules: counted as failing, but neither kept out
    nor a reason to stop the table. ``day_off`` knows the holidays, on which few rows are no loss. ``tables`` are all
    canonical tables by name, against which rules that look into another one are checked.
    Where it passed, ``rows + quarantined by rules == staged.rows``; rows that the mapping refused are quarantined too.
    Raises :class:`~qmsreports.errors.UserError` with ``file:line`` when the suite itself is wrong, and
    :class:`~qmsreports.errors.CouldNotRun` when the passed rows cannot be written.
    """
    rules = load_suite(suite, table, tables=tables)
    if not (staged.rows or staged.rejected or staged.deleted_keys or staged.complete):
        return Audit(staged.source, staged.table, "passed", staged.path, 0, (), ())
    tell(f"{staged.source}: audit {staged.table}", 0)
    evidence = Evidence(staged, table, as_of=as_of, lookup=lookup, spill=out / "spill", day_off=day_off)
    with evidence.current():
        tallies = examine(rules, staged, evidence, tell=tell)
    few = _places_kept_out(rules, tallies) + staged.rejected <= MOST_KEPT_OUT
    kept_out = _kept_out(rules, tallies) if few else {}
    entering = let_in(kept_out, staged, table, readmitted)
    kept_out = {position: broken for position, broken in kept_out.items() if position not in entering}
    judged = [(rule, _judge(rule, tallies[rule.check], entering)) for rule in rules.rules]
    results = _with_samples(judged, tallies, staged, table)
    status, message = _status(judged, tallies, staged)
    if status == "passed" and not few:
        status, message = "stopped", _too_many(rules, tallies, staged)
    if status != "passed":
        return Audit(staged.source, staged.table, status, "", 0, (), results, message)
    refused = mapping_refused(staged, table)
    path, rows, quarantined = set_aside(kept_out, staged, table, out)
    if rows + len(quarantined) != staged.rows:
        raise AssertionError(
            f"{staged.source}, {staged.table}: {rows} passed and {len(quarantined)} quarantined of {staged.rows} rows"
        )
    return Audit(
        staged.source,
        staged.table,
        "passed",
        path,
        rows,
        (*refused, *quarantined),
        results,
        "; ".join(filter(None, (_unjudged(rules, tallies), _entering(len(entering))))),
    )


def audit_landed(
    staged: StagedTable, table: Table, *, suite: Path, out: Path, as_of: datetime, tell: Tell = silent
) -> Audit:
    """Check the rows of a feed as they were received, before any mapping reads them.

    It passes or it stops: no row is set aside here, for what a row lacks is told when it has its canonical shape. Rows
    within the tolerance of a critical rule, and rows that break a warning, go on and are counted in ``rules``.
    Raises :class:`~qmsreports.errors.UserError` with ``file:line`` when the suite itself is wrong.
    """
    rules = load_suite(suite, table, as_landed=True)
    table = with_numbers(rules, staged, table)
    evidence = Evidence(staged, table, as_of=as_of, lookup=lambda _table: (), spill=out / "spill")
    with evidence.current():
        tallies = examine(rules, staged, evidence, tell=tell)
    judged = [(rule, _judge(rule, tallies[rule.check], ())) for rule in rules.rules]
    results = _with_samples(judged, tallies, staged, table)
    status, message = _status(judged, tallies, staged)
    passed = status == "passed"
    return Audit(
        staged.source, staged.table, status, staged.path if passed else "", staged.rows * passed, (), results, message
    )


def _judge(rule: Rule, tally: Tally, entering: Collection[int]) -> RuleResult:
    """Apply the rule's tolerance to what was counted over the whole delivery; rows let in by a person do not weigh."""
    failed = len(tally.failed)
    success = tally.success
    if rule.kind.scope in ("row", "unique"):
        weighed = failed - sum(position in entering for position in tally.failed) if entering else failed
        gross = weighed > rule.tolerance * tally.checked if rule.tolerance else weighed > 0
        success = not gross or weighed < rule.from_rows
    return RuleResult(
        rule=rule.label,
        column=", ".join(rule.columns),
        severity=rule.severity,
        on_failure=rule.on_failure,
        why=rule.why,
        owner=rule.owner,
        success=success and not tally.broken,
        broken=bool(tally.broken),
        rows_checked=tally.checked,
        rows_failed=failed,
        sample=(tally.observed,) if tally.observed else (),
    )


def _with_samples(
    judged: list[tuple[Rule, RuleResult]], tallies: Mapping[str, Tally], staged: StagedTable, table: Table
) -> tuple[RuleResult, ...]:
    """Give every rule with failing rows a few of them in words, all read from the file at once."""
    wanted = {
        position: [rule for rule, _result in judged if position in tallies[rule.check].failed[:_SAMPLE]]
        for rule, _result in judged
        for position in tallies[rule.check].failed[:_SAMPLE]
    }
    said = reasons_at(wanted, staged, table)
    return tuple(
        replace(result, sample=tuple(said[position, rule.check] for position in tallies[rule.check].failed[:_SAMPLE]))
        if tallies[rule.check].failed
        else result
        for rule, result in judged
    )


def _kept_out(suite: Suite, tallies: Mapping[str, Tally]) -> dict[int, list[Rule]]:
    """Rows that may not be published, with the rules they break in the order of the suite.

    Rows within the tolerance of a critical rule go the way that a second rule with the same check says, and are kept
    out where there is none: they are only too few to stop the table.
    """
    told = {rule.check for rule in suite.rules if rule.on_failure != "stop"}
    kept_out: dict[int, list[Rule]] = {}
    for rule in suite.rules:
        if _sets_aside(rule, told):
            for position in tallies[rule.check].failed:
                kept_out.setdefault(position, []).append(rule)
    return kept_out


def _sets_aside(rule: Rule, told: Collection[str]) -> bool:
    return rule.on_failure == "quarantine" or (rule.on_failure == "stop" and rule.check not in told)


def _places_kept_out(suite: Suite, tallies: Mapping[str, Tally]) -> int:
    """Count the rows that may not be published, without an object for each of them."""
    import numpy as np

    told = {rule.check for rule in suite.rules if rule.on_failure != "stop"}
    failed = [tallies[check].failed for check in {rule.check for rule in suite.rules if _sets_aside(rule, told)}]
    return len(np.unique(np.concatenate([np.asarray(places, np.int64) for places in failed]))) if failed else 0


def _too_many(suite: Suite, tallies: Mapping[str, Tally], staged: StagedTable) -> str:
    told = {rule.check for rule in suite.rules if rule.on_failure != "stop"}
    setting = [rule for rule in suite.rules if _sets_aside(rule, told)]
    out = _places_kept_out(suite, tallies) + staged.rejected
    most = max(setting, key=lambda rule: len(tallies[rule.check].failed), default=None)
    if most is None or len(tallies[most.check].failed) < staged.rejected:
        cause = f"the mapping refused {staged.rejected:,} of them"
    else:
        cause = f"{len(tallies[most.check].failed):,} of them by {most.identity} ({most.where})"
    return (
        f"source {staged.source}, table {staged.table}: nothing is published, {out:,} of "
        f"{staged.rows + staged.rejected:,} rows would be kept out, {cause}; over {MOST_KEPT_OUT:,} are no single bad "
        f"rows: mend the source, the mapping or the rule, then run again"
    )


def _status(
    judged: list[tuple[Rule, RuleResult]], tallies: Mapping[str, Tally], staged: StagedTable
) -> tuple[str, str]:
    landed = staged.table.startswith(LANDED)
    place = f"source {staged.source}, {'landed ' if landed else ''}table {staged.table.removeprefix(LANDED)}"
    broken = [(rule, tallies[rule.check].broken) for rule, result in judged if result.broken]
    if broken:
        rule, complaint = broken[0]
        return "broken", (
            f"{rule.where}: the rule {rule.identity} could not be checked ({complaint}); the rows of {place} are not "
            f"to blame: mend the rule, then run again{_more(len(broken))}"
        )
    stopped = [(rule, result) for rule, result in judged if rule.on_failure == "stop" and not result.success]
    if stopped:
        rule, result = stopped[0]
        return "stopped", (
            f"{place}: nothing is {'mapped' if landed else 'published'}, {_extent(rule, result)}: {rule.identity} "
            f"({rule.where}); {rule.owner} mends it at the source, then run again{_more(len(stopped))}"
        )
    return "passed", ""


def _extent(rule: Rule, result: RuleResult) -> str:
    if not result.rows_failed:
        return result.sample[0] if result.sample else "the delivery as a whole fails"
    share = 100 * result.rows_failed / max(result.rows_checked, 1)
    allowed = f", {100 * rule.tolerance:.3g} % are tolerated" if rule.tolerance else ""
    return f"{result.rows_failed} of {result.rows_checked} rows ({share:.3g} %) fail{allowed}"


def _more(count: int) -> str:
    return f" ({count - 1} more of the kind)" if count > 1 else ""


def _unjudged(rules: Suite, tallies: Mapping[str, Tally]) -> str:
    """Say which links could not be judged because the other table has no rows yet: a pass would be a claim."""
    missing = sorted({str(rule.kwargs["other_table"]) for rule in rules.rules if tallies[rule.check].unjudged})
    return f"links to {', '.join(missing)} were not checked: no rows are published there yet" if missing else ""


def _entering(rows: int) -> str:
    if not rows:
        return ""
    said = "1 row enters" if rows == 1 else f"{rows} rows enter"
    return f"{said} on the word of a person although rules are broken"
