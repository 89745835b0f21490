"""Recorded values beside those of the period before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.kpi import KpiVersion
    from qmsreports.catalog.load import Catalog
    from qmsreports.period import Period
    from qmsreports.register.models import Result


@dataclass(frozen=True, slots=True)
class Change:
    """Difference to the period before in the KPI's unit, and its 95 % interval; None where there is none.

    ``would_be_restated`` tells that what came later would make another value of it, ``restated_to`` which one.
    ``not_reached`` tells that there is no value because too many cases are still open, ``restated`` that a person
    replaced the value that was published first.
    """

    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    would_be_restated: bool = False
    restated_to: float | None = None
    not_reached: bool = False
    restated: bool = False


def values(
    workspace: Workspace, *, kpi: str | None = None, period: str | None = None, as_of: datetime | None = None
) -> list[tuple[Result, Change]]:
    """Return the recorded values with their change, as they are or were believed at ``as_of``.

    There is no change where one of the two values is missing, or where the definition changed in between: a difference
    of two definitions says nothing of the process.
    """
    from qmsreports.register import results
    from qmsreports.register.restated import restated

    wanted = [workspace.catalog.recorded(period)] if period else []
    read = [*wanted, *(entry.shift(-1) for entry in wanted)]
    with workspace.register.read() as session:
        rows = results.latest_results(session, kpis=[kpi] if kpi else [], periods=read, as_of=as_of)
        waiting = results.candidates_of(session, {row.id for row in rows}, as_of)
        names, periods = {row.kpi for row in rows}, {row.period for row in rows}
        replaced = {one.row for one in restated(session, kpis=names, periods=periods, as_of=as_of).values()}
    known = {(row.kpi, row.period_start, row.period, row.slice_key): row for row in rows}
    dated = {(row.period, row.period_start) for row in rows}
    earlier = {one: workspace.catalog.recorded(*one).shift(-1) for one in dated}
    found = []
    for row in rows:
        if not wanted or row.period == str(wanted[0]):
            change = change_of(workspace.catalog, _before(row, known, earlier), row)
            change = replace(change, would_be_restated=row.id in waiting, restated_to=waiting.get(row.id))
            change = replace(change, restated=row.id in replaced)
            found.append((row, replace(change, not_reached=_not_reached(workspace.catalog, row))))
    return found


def _not_reached(catalog: Catalog, row: Result) -> bool:
    kpi = catalog.kpis.get(row.kpi)
    version = kpi.version(row.version) if kpi is not None else None
    return version is not None and version.not_reached(row.value, row.n, row.status)


def _before(
    row: Result,
    known: dict[tuple[str, date, str, str], Result],
    earlier: dict[tuple[str, date], Period],
) -> Result | None:
    """Return the value of the period that ends where this one begins; a fiscal year may have been cut otherwise."""
    before = earlier[row.period, row.period_start]
    return known.get((row.kpi, before.start, str(before), row.slice_key))


def change_of(catalog: Catalog, before: Result | None, after: Result) -> Change:
    """Return the difference of two recorded values of a KPI; none where their definitions are not the same.

    It has no interval where the two values share rows: those of a window, and of a formula that reads one.
    """
    from qmsreports.analysis.change import Sample, difference

    kpi = catalog.kpis.get(after.kpi)
    version = kpi.version(after.version) if kpi is not None else None
    if version is None or before is None or (before.fingerprint, before.unit) != (after.fingerprint, after.unit):
        return Change()
    measure = version.measure
    kind = getattr(measure, "type", None) or measure.kind
    sides = [
        Sample(row.value, row.numerator, row.denominator, row.n, dict(row.parts), row.low, row.high)
        for row in (before, after)
    ]
    change, (low, high) = difference(kind, sides[0], sides[1], unit=after.unit)
    return Change(change) if _share_rows(catalog, version, before, after) else Change(change, low, high)


def _share_rows(catalog: Catalog, version: KpiVersion, before: Result, after: Result) -> bool:
    """Tell whether two values of a version are made of the same rows in part, or of other definitions by a formula."""
    from qmsreports.kpi.selection import read_by

    read = [one for name in read_by(catalog, [version]) for one in catalog.kpis[name].versions]
    return (
        version.window is not None
        or any(one.window is not None for one in read)
        or any(before.period_start < one.effective_from <= after.period_start for one in read)
    )
