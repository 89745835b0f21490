"""From the canonical tables to KPI values on record."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from qmsreports.errors import ExitCode, Finding, UserError
from qmsreports.period import Period
from qmsreports.records import KpiResult, Tell, silent
from qmsreports.settings import Settings
from qmsreports.stages.intervals import with_intervals
from qmsreports.stages.judging import judged_anew
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.register.models import Result


@dataclass(frozen=True, slots=True)
class MeasureSummary:
    """What one measurement wrote. ``candidates`` are settled values that today's data would change."""

    period: str
    computed: int
    inserted: int
    superseded: int
    unchanged: int
    candidates: int
    not_valid: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON and XCom."""
        return asdict(self)

    @classmethod
    def again(cls, earlier: Mapping[str, Any]) -> MeasureSummary:
        """Return what the same measurement comes to when it is repeated: every value is there already."""
        same = earlier["computed"] - earlier["candidates"]
        not_valid = tuple(earlier["not_valid"])
        told = {name: value for name, value in earlier.items() if name != "state"}
        return cls(**{**told, "inserted": 0, "superseded": 0, "unchanged": same, "not_valid": not_valid})

    def sentence(self) -> str:
        """Return it in words."""
        text = (
            f"{self.computed:,} values up to {self.period}: {self.inserted:,} new, {self.superseded:,} replaced, "
            f"{self.unchanged:,} as before"
        )
        if self.candidates:
            text += f", {self.candidates:,} settled values would be restated"
        if self.not_valid:
            text += f"; not valid: {', '.join(self.not_valid)}"
        return text


def last_closed_period(at: datetime, review: str = "", *, settings: Settings | None = None) -> str:
    """Return the newest month, or period of a review's kind, that is over at this instant where the organisation is."""
    with Workspace(settings) as workspace:
        organisation = workspace.catalog.organisation
        declared = workspace.catalog.reviews.get(review)
    today = at.astimezone(ZoneInfo(organisation.time_zone)).date()
    of = declared.year(organisation.fiscal) if declared else None
    if declared is None or of is None:
        return str(Period.last_closed(today))
    return str(Period.last_closed(today, declared.kind, of))


def asked_period(
    text: str | None, at: datetime, review: str = "", *, recorded: bool = False, settings: Settings | None = None
) -> str:
    """Return the period that was typed, as it is recorded, or where none was :func:`last_closed_period`.

    :class:`UserError` (exit 2) for what is no period of this organisation, or has not begun where it is, before
    anything is begun; with ``recorded`` for what never was one: to look something up, a fiscal year that it had before
    will do, and so will a period to come.
    """
    if text is None:
        return last_closed_period(at, review, settings=settings)
    if recorded:
        with suppress(UserError):
            return str(Period.parse(text))  # of the calendar: nothing has to be read for it
    with Workspace(settings) as workspace:
        catalog = workspace.catalog
        period = catalog.recorded(text) if recorded else catalog.period(text)
    today = at.astimezone(ZoneInfo(catalog.organisation.time_zone)).date()
    if not recorded and period.start > today:
        what = f"period {period} begins on {period.start}, and today is {today}"
        raise UserError(Finding("", what, "name one that has begun"), exit_code=ExitCode.USAGE)
    return str(period)


def measure(
    period: str, *, run_id: str, at: datetime, tell: Tell = silent, settings: Settings | None = None
) -> MeasureSummary:
    """Compute every approved KPI for 36 months up to ``period`` and append what is new to the register.

    Quarters, half-years and years are computed of the KPIs that reviews of that kind show, see
    :mod:`qmsreports.kpi.asked`; ``period`` itself may be one and is computed of all.
    A value that is there already is not written again. A value that changed replaces the earlier one while its
    period is provisional; afterwards the published value stays and the difference becomes a restatement candidate,
    until the data give the published value again. A feed that failed and came back brings the published value back.
    Only what can have changed since the last measurement is computed, see :mod:`qmsreports.stages.changed`.
    Where nothing changed since the same was measured, the values are in the record and nothing is computed.
    A definition that cannot be computed stops itself and the formulas that read it: not valid, with a notice.
    """
    from qmsreports import kpi
    from qmsreports.analysis.bootstrap import mean_interval
    from qmsreports.analysis.intervals import percentile_ranks
    from qmsreports.catalog.approved import approved_view
    from qmsreports.kpi.asked import asked, wanted
    from qmsreports.kpi.fitting import computable, not_computed
    from qmsreports.kpi.measurement import not_valid
    from qmsreports.register import feeds, results
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.stages.changed import Measuring, to_compute
    from qmsreports.stages.derive import derive, with_derived
    from qmsreports.stages.fingerprint import measurement_inputs, measurement_rules
    from qmsreports.stages.lake_behind import countable, lake_behind

    with Workspace(settings) as workspace:  # before anything is written: a period that is none changes nothing
        reported = Period.parse(period, workspace.catalog.organisation.fiscal)
    derive(run_id=run_id, at=at, tell=tell, settings=settings)
    with Workspace(settings) as workspace:
        versions = approved_view(workspace.catalog, CatalogRecords(workspace.register))
        approved = versions.catalog
        catalog, unfit = computable(approved)
        if not versions:
            todo = "run: qmsreports catalog apply, then qmsreports catalog approve"
            raise UserError(Finding(str(workspace.settings.catalog / "kpis"), "no KPI definition is approved", todo))
        with workspace.register.read() as session:
            invalid = {
                row.table_name: row.message or f"feed {row.source} {row.status}"
                for row in feeds.latest_outcomes(session)
                if row.status in {"failed", "stopped", "broken"}
            }
            published = feeds.published_versions(session, catalog.tables)
        lake = workspace.lake.once()
        tables = lake.states(catalog.tables)
        behind = lake_behind(lake.url, published, _versions(tables))
        invalid = with_derived(catalog, invalid | {table: str(finding) for table, finding in behind.items()})
        series = asked(approved, reported, at)
        periods = [one for entry in series for one in entry.periods]
        inputs = measurement_inputs(
            approved, series=series, tables=tables, invalid=invalid, at=at, engine=workspace.settings.engine
        )
        rules = measurement_rules(approved, engine=workspace.settings.engine)
        sound = {table: state for table, state in tables.items() if table not in behind}
        measuring = Measuring(rules, sound, frozenset(invalid), periods, at)
        with workspace.register.read() as session:
            known = results.finished_measurement(session, inputs)
            only: dict[str, set[Period]] = {}
            if known is None:
                only = wanted(catalog, versions, series, lake=lake, tables=_versions(tables))
                changed = to_compute(session, catalog, versions, measuring, lake=lake)
                if changed is not None:
                    only = {name: found & changed.get(name, set()) for name, found in only.items()}
                only = countable(catalog, versions, only, behind, measuring)
        if known is not None:
            tell("nothing changed since the last measurement", 0)
            return MeasureSummary.again(known)
        with workspace.register.read() as session:
            recorded = results.slices_on_record(session, periods)
        measured = kpi.measure(
            catalog,
            versions=versions,
            periods=periods,
            lake=lake,
            as_of=at,
            pinned=_versions(tables),
            invalid=invalid,
            engine=workspace.engine,
            ranks=percentile_ranks,
            resample=mean_interval,
            known=recorded,
            only=only,
            tell=tell,
        )
        due = {name: [one for entry in series if name in entry.kpis for one in entry.periods] for name in unfit}
        refused = not_valid(approved, not_computed(approved, unfit, versions, due), unfit, as_of=at)
        only |= {result.kpi: only.get(result.kpi, set()) | {result.period} for result in refused.results}
        fresh = with_intervals(approved, (*measured.results, *refused.results))
        tell("register: results", len(fresh))
        with workspace.register.write() as session:
            before = {
                (row.kpi, row.period, row.slice_key): row for row in results.latest_results(session, periods=periods)
            }
            computed = {(name, str(one)) for name, found in only.items() for one in found}
            kept = sum((row.kpi, row.period) not in computed for row in before.values())
            summary = _append(session, catalog, fresh, before, unfit, kept=kept, period=period, run_id=run_id, at=at)
            results.store_sql(session, {**measured.sql, **refused.sql}, engine=workspace.settings.engine)
            notices = (*measured.warnings, *(finding for found in unfit.values() for finding in found))
            feeds.record_notices(session, notices, run_id=run_id, stage="measure", at=at)
            state = {"state": measuring.state()}
            results.record_measurement(
                session, run_id=run_id, period=period, inputs=inputs, summary=summary.as_dict() | state, at=at
            )
    return summary


def _versions(states: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    return {table: version for table, (_, version) in states.items()}


def _append(
    session: Any,
    catalog: Catalog,
    fresh: Sequence[KpiResult],
    before: dict[tuple[str, str, str], Result],
    unfit: Container[str],
    *,
    kept: int,
    period: str,
    run_id: str,
    at: datetime,
) -> MeasureSummary:
    from qmsreports import kpi
    from qmsreports.register import results

    counts = {"insert": 0, "supersede": 0, "unchanged": 0, "candidate": 0}
    waiting = results.with_candidates(session)
    new: list[tuple[KpiResult, int, str]] = []
    for result in fresh:
        earlier = before.get((result.kpi, str(result.period), results.slice_key(result.slice)))
        verdict, why = kpi.compare(results.as_record(earlier, result.period) if earlier else None, result)
        if result.kpi in unfit:
            why = _AT_FAULT
        elif earlier is not None and earlier.why == _AT_FAULT:
            why = "definition can be computed again"
        if verdict == "supersede" and earlier is not None and earlier.status == "not_valid":
            published = results.valid_before(session, earlier)
            settled = results.as_record(published, result.period) if published is not None else None
            if settled is not None and kpi.compare(settled, result)[0] == "candidate":  # a failure settles nothing anew
                verdict = "candidate"
                earlier = results.add_result(session, settled, run_id=run_id, supersedes=earlier.id, why=why, at=at)
                session.flush()
        counts[verdict] += 1
        if verdict == "candidate" and earlier is not None:
            earlier = judged_anew(session, catalog, earlier, result.period, run_id=run_id, at=at)
            results.add_candidate(session, earlier, result, run_id=run_id, at=at)
        elif verdict == "unchanged" and earlier is not None and earlier.id in waiting:
            results.close_candidate(session, earlier, result, run_id=run_id, at=at)
        elif verdict in {"insert", "supersede"}:
            new.append((result, earlier.id if earlier else 0, why))
    results.add_results(session, new, run_id=run_id, at=at)
    invalid = sorted({result.kpi for result in fresh if result.status == "not_valid"})
    return MeasureSummary(
        period,
        len(fresh) + kept,
        counts["insert"],
        counts["supersede"],
        counts["unchanged"] + kept,
        counts["candidate"],
        tuple(invalid),
    )


_AT_FAULT = "definition cannot be computed"
"""Why a result without a value is recorded whose feeds are sound."""
