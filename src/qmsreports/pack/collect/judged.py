"""Targets that were changed after the fact: values that are judged otherwise now than when they were reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import select

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.finding import status_word
from qmsreports.pack.model import JUDGED_ANEW, DefinitionChange
from qmsreports.pack.objective import Objective
from qmsreports.period import Period
from qmsreports.register.models import Approval, CatalogVersion
from qmsreports.register.results import Value, latest_results

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.pack.collect.measured import Measured

_JUDGED = ("met", "accepted_deviation", "near", "missed", "no_target")
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Last:
    """The review before this one: its period, and when the pack it had was built (None where there is no pack)."""

    period: Period
    built: datetime | None


def judged_anew(
    session: Session,
    measured: Measured,
    catalog: Catalog,
    objectives: Sequence[Objective],
    last: Last,
    as_of: datetime,
) -> tuple[DefinitionChange, ...]:
    """Return what changed the target, or the verdict alone, of periods that the last pack had judged already.

    One for each run of periods with the same change. A value that was restated is judged anew for its own sake, and is
    named among the restatements.
    """
    if last.built is None:
        return ()
    names = [one.kpi for one in objectives]
    rows = latest_results(session, kpis=names, periods=measured.periods, as_of=last.built) if names else ()
    then = {(row.kpi, row.period): row for row in rows if not row.slice_key}
    found: list[DefinitionChange] = []
    for one in objectives:
        pairs = [
            (then[one.kpi, row.period], row)
            for row in measured.results.get((one.kpi, ""), ())
            if (one.kpi, row.period) in then and row.period_start <= last.period.start
        ]
        runs = groupby(pairs, key=lambda pair: _change(*pair))
        found += [_told(session, catalog, one, list(run), as_of) for changed, run in runs if changed is not None]
    return tuple(found)


def _change(before: Value, after: Value) -> tuple[object, ...] | None:
    """Return what sets a pair apart from others; None where nothing was judged anew."""
    if before.id == after.id or before.value != after.value or {before.status, after.status} - set(_JUDGED):
        return None
    if (before.target, before.near) != (after.target, after.near):
        return (before.target, before.near, after.target, after.near)
    return ("verdict", before.status, after.status) if before.status != after.status else None


def _told(
    session: Session, catalog: Catalog, one: Objective, run: Sequence[tuple[Value, Value]], as_of: datetime
) -> DefinitionChange:
    (before, after), end = run[0], run[-1][1]
    sides = [_goal(row, one) for row in (before, after)]
    if (before.target, before.near) == (after.target, after.near):
        sides = [status_word(row.status) for row in (before, after)]
    flips = [
        f"{figures.period(new.period)} {status_word(old.status)} {figures.ARROW} {status_word(new.status)}"
        for old, new in run
        if old.status != new.status
    ]
    record = _record(catalog, after)
    span = figures.period(after.period)
    if end is not after:
        span = say("period.span", first=span, last=figures.period(end.period))
    why = say("definition.judged_alike", record=record, span=span)
    if flips:
        why = say("definition.judged_anew", record=record, flips=figures.listed(flips, _NAMED))
    return DefinitionChange(
        kpi=one.kpi,
        title=one.title,
        kind=JUDGED_ANEW,
        effective_from=after.period_start,
        before=sides[0],
        after=sides[1],
        why=why,
        approved=_approved(session, one.kpi, as_of),
    )


def _record(catalog: Catalog, row: Value) -> str:
    """Return where it stands that a value is judged so: the record of its target, or why a deviation was accepted."""
    kpi, period = catalog.kpis[row.kpi], catalog.recorded(row.period, row.period_start)
    version = kpi.version(row.version)
    target = catalog.targets.of(row.kpi, period, adds_up=version is not None and kpi.adds_up(version))
    accepted = catalog.targets.deviation(row.kpi, period) if row.status == "accepted_deviation" else None
    if accepted is not None:
        return f"{accepted.because.rstrip('.')} ({accepted.action})"
    return target.agreed.record if target is not None else say("target.none")


def _goal(row: Value, one: Objective) -> str:
    """Return a target as it stood with a value: ``at least 95 %, near 93 %``."""
    if row.target is None:
        return say("target.none")
    text = say(f"target.{one.better}", target=figures.goal_quantity(row.target, one.unit))
    return text if row.near is None else say("target.and_near", target=text, near=figures.goal(row.near, one.unit))


def _approved(session: Session, kpi: str, as_of: datetime) -> str:
    """Return who approved the newest targets on record."""
    query = (
        select(Approval.approved_by, Approval.approved_at)
        .join(CatalogVersion, Approval.catalog_version_id == CatalogVersion.id)
        .where(CatalogVersion.kind == "targets", CatalogVersion.name == kpi, Approval.approved_at <= as_of)
        .order_by(CatalogVersion.id.desc(), Approval.approved_at)
    )
    newest = session.execute(query).first()
    return say("definition.approved_by", who=newest[0], day=figures.day(newest[1].date())) if newest else ""
