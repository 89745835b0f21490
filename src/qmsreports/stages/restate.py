"""Restating settled values: recorded by a person with a reason, never done by a rerun."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from qmsreports.errors import ExitCode, Finding, UserError
from qmsreports.settings import Settings
from qmsreports.stages.evidence import known_kpi
from qmsreports.stages.intervals import with_intervals
from qmsreports.stages.lake_behind import all_there
from qmsreports.stages.waiting import waiting_for
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.period import Period
    from qmsreports.records import KpiResult


@dataclass(frozen=True, slots=True)
class Restated:
    """One value that was replaced."""

    period: str
    slice_key: str
    before: float | None
    after: float | None


def restate(
    kpi: str,
    first: str,
    last: str,
    *,
    why: str,
    who: str,
    run_id: str,
    at: datetime,
    settings: Settings | None = None,
) -> tuple[Restated, ...]:
    """Replace the settled values of a KPI from ``first`` to ``last`` by what its approved definition gives today.

    The earlier values stay in the register; the new rows name who restated them and why, and the audit log keeps one
    entry. Values that come out the same are left alone; a slice on record that has no row any more is restated to what
    that means, 0 or no value. What a formula reads is computed with it and not recorded.
    :class:`UserError` when no version of the KPI counts there, or a value would be lost because what its formula reads
    does not count there; :class:`CouldNotRun` while a table of the lake is less than what was published.
    """
    from qmsreports import kpi as measuring
    from qmsreports.analysis.bootstrap import mean_interval
    from qmsreports.analysis.intervals import percentile_ranks
    from qmsreports.catalog.approved import approved_view
    from qmsreports.kpi.selection import read_by
    from qmsreports.register import journal, results
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.register.restated import reason

    if not why.strip() or not who.strip():
        raise UserError(
            Finding("", "a restatement needs a reason and a name", "say --why and --by"), exit_code=ExitCode.USAGE
        )
    with Workspace(settings) as workspace:
        written = known_kpi(workspace, kpi)
        periods = _range(workspace.catalog, kpi, first, last, at)
        records = CatalogRecords(workspace.register)
        view = approved_view(workspace.catalog, records)
        if kpi not in view:
            raise UserError(waiting_for(written, view, records.definitions()))
        all_there(workspace, view.catalog.tables)
        reads = read_by(view.catalog, view.catalog.kpis[kpi].versions)
        with workspace.register.read() as session:
            recorded = results.slices_on_record(session, periods)
        measured = measuring.measure(
            view.catalog,
            versions={name: view[name] for name in (kpi, *sorted(reads))},
            periods=periods,
            lake=workspace.lake,
            as_of=at,
            engine=workspace.engine,
            ranks=percentile_ranks,
            resample=mean_interval,
            known=recorded,
        )
        fresh = [result for result in with_intervals(view.catalog, measured.results) if result.kpi == kpi]
        if not fresh:
            what = f"no approved version is in force from {first} to {last}; nothing was written"
            raise UserError(Finding(f"kpi {kpi}", what, "name a later period, or one before it was retired"))
        computed = {(result.kpi, str(result.period)) for result in measured.results}
        restated: list[Restated] = []
        with workspace.register.write() as session:
            before = {
                (row.period, row.slice_key): row for row in results.latest_results(session, kpis=[kpi], periods=periods)
            }
            for result in fresh:
                earlier = before.get((str(result.period), results.slice_key(result.slice)))
                if (
                    earlier is None
                    or measuring.compare(results.as_record(earlier, result.period), result)[0] != "candidate"
                ):
                    continue
                if earlier.value is not None and result.value is None:
                    _refuse_lost(view.catalog, result, computed)
                told = reason(who, why)
                results.add_result(session, result, run_id=run_id, supersedes=earlier.id, why=told, at=at)
                restated.append(Restated(earlier.period, earlier.slice_key, earlier.value, result.value))
            results.store_sql(session, measured.sql, engine=workspace.settings.engine)
            if restated:
                journal.record(
                    session,
                    who=who,
                    action="restate KPI",
                    subject=f"{kpi} {first} to {last}",
                    detail={"why": why, "values": len(restated), "run": run_id},
                    at=at,
                )
    return tuple(restated)


def _range(catalog: Catalog, kpi: str, first: str, last: str, at: datetime) -> list[Period]:
    """Return the periods from ``first`` to ``last``; :class:`UserError` where they are none, or have not begun."""
    start, end = catalog.period(first), catalog.period(last)
    alike = (start.kind, start.of) == (end.kind, end.of)
    if not alike or end < start:
        todo = "name the earlier period first" if alike else "name two months, quarters or years of one calendar"
        raise UserError(Finding("", f"{first} to {last} is no range", todo), exit_code=ExitCode.USAGE)
    today = at.astimezone(ZoneInfo(catalog.organisation.time_zone)).date()
    if end.start > today:
        what = f"{end} has not begun; there is nothing to restate"
        raise UserError(Finding(f"kpi {kpi}", what, f"name periods up to {today:%Y-%m}"), exit_code=ExitCode.USAGE)
    periods = [start]
    while periods[-1] < end:
        periods.append(periods[-1].shift(1))
    return periods


def _refuse_lost(catalog: Catalog, result: KpiResult, computed: Collection[tuple[str, str]]) -> None:
    """Refuse a value that is lost only because a KPI that the formula reads, however far down, does not count there."""
    from qmsreports.kpi.selection import read_by

    version = catalog.kpis[result.kpi].version(result.version)
    reads = read_by(catalog, [version] if version is not None else [])
    missing = sorted(name for name in reads if (name, str(result.period)) not in computed)
    if missing:
        what = f"its value would be lost: no approved version of {', '.join(missing)} is in force; nothing was written"
        raise UserError(Finding(f"kpi {result.kpi}, {result.period}", what, "approve what the formula reads first"))
