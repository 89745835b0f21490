"""Reading a pack together: register, lake and catalog in, one model out. Nothing is written, no clock is read.

Everything is read as it was at ``as_of``, and the lake at pinned versions, so the same call finds the same again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from qmsreports.errors import Finding, UserError
from qmsreports.language import speaking, spoken
from qmsreports.pack import figures
from qmsreports.pack.annex import agenda_of, annexes_of
from qmsreports.pack.assemble import Facts, assemble
from qmsreports.pack.collect import behind, feeds, series
from qmsreports.pack.collect.actions import earlier_actions, only_recorded
from qmsreports.pack.collect.annexes import with_own_rows
from qmsreports.pack.collect.coverage import Coverage, statements
from qmsreports.pack.collect.customers import customers
from qmsreports.pack.collect.definitions import definition_changes, retirements
from qmsreports.pack.collect.ground_rules import ground_rules
from qmsreports.pack.collect.judged import Last, judged_anew
from qmsreports.pack.collect.measured import Measured, read
from qmsreports.pack.collect.outline import outline
from qmsreports.pack.collect.reasons import with_reasons
from qmsreports.pack.collect.recorded import Recorded
from qmsreports.pack.model import FormKind, Header, PackModel, StandardName
from qmsreports.pack.objective import Objective
from qmsreports.pack.view.words import clause
from qmsreports.period import Period
from qmsreports.register import results, reviews
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.models import Pack

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.clause_map import ClauseMap
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.review import Review
    from qmsreports.lake import Lake
    from qmsreports.register.store import Register


@dataclass(frozen=True, slots=True)
class Collected:
    """The model, the versions of the canonical tables that its registers were read from, and the marks of restated
    values for the manifest.
    """

    pack: PackModel
    tables: Mapping[str, int]
    restated: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def collect(
    register: Register,
    lake: Lake,
    catalog: Catalog,
    review: Review,
    period: Period,
    *,
    as_of: datetime,
    pinned: Mapping[str, int] | None = None,
) -> Collected:
    """Return everything one review says of one period; ``pinned`` table versions replace the newest ones.

    :class:`UserError` where the review reports against a standard that the catalog does not have.
    """
    with speaking(review.language or catalog.organisation.language):
        return _collected(register, lake, catalog, review, period, as_of, pinned)


def _collected(
    register: Register,
    lake: Lake,
    catalog: Catalog,
    review: Review,
    period: Period,
    as_of: datetime,
    pinned: Mapping[str, int] | None,
) -> Collected:
    maps = [_clause_map(catalog, review, name) for name in review.standards]
    at = dict(pinned) if pinned is not None else lake.versions(catalog.tables)
    with register.read() as session, lake.connect(catalog.tables.values(), at) as connection:
        last = _last(session, catalog, review, period, as_of)
        built = last.built if last else None
        found = feeds.with_lost(feeds.intake(session, built, as_of), at)
        read_at = found.read_at or as_of
        zone = catalog.organisation.time_zone
        read_on = read_at.astimezone(ZoneInfo(zone)).date()
        on = min(period.last_day, read_on)
        recorded = Recorded(session, review.review, period, as_of, zone, on, catalog.years)
        measured = read(session, catalog.kpis, period, as_of, read_on)
        made_of = {table.table: table.derived_from for table in catalog.tables.values() if table.derived_from}
        stopped = found.stopped(made_of)
        objectives = recorded.commented(
            [
                series.objective(catalog.kpis[name], catalog, measured, stopped)
                for name in _order(catalog, review)
                if (name, "") in measured.results and not catalog.kpis[name].is_retired(period.end)
            ]
        )
        objectives = with_reasons(connection, catalog, period, objectives)
        plan = outline(review, maps[0], objectives, catalog)
        said = (*statements(connection, catalog, period), *recorded.statements())
        decided = recorded.actions()
        also = {"review_actions": only_recorded(connection, period, decided)}
        ended = _ended(catalog, measured, period)
        coverage = Coverage(
            connection, catalog, period, objectives, said, plan.anchors, also=also, ended=ended, titles=plan.titles
        )
        ledgers = [coverage.ledger(clauses) for clauses in maps]
        newest = feeds.newest_events(connection, catalog, sorted({table for _, table in found.state}), read_at.date())
        before = last.period if last else period.shift(-1)
        actions, older = earlier_actions(connection, period, before, decided, on)
        shown = measured.periods[-review.points_shown :]
        tables = behind.tables_of(measured, period, {name: at[name] for name in plan.tables if name in at})
        facts = Facts(
            header=_header(catalog, review, period, last, read_at, maps, objectives).model_copy(
                update={"period_over": str(period) not in measured.unfinished}
            ),
            objectives=objectives,
            actions=actions,
            sections=plan.sections(connection, ledgers[0], period),
            ledgers=ledgers,
            quality=feeds.source_quality(found, catalog, newest),
            failed_rules=feeds.failed_rules(session, found),
            definition_changes=(
                *definition_changes(objectives, catalog.targets, shown[0].start, period.last_day),
                *(judged_anew(session, measured, catalog, objectives, last, as_of) if last else ()),
                *retirements([catalog.kpis[name] for name in _order(catalog, review)], shown[0].start, period.last_day),
                *ground_rules(CatalogRecords(register).definitions(), catalog, shown[0].start, as_of, read_on),
            ),
            restatements=behind.restatements(session, measured, catalog, built, last.period, as_of) if last else (),
            form=[
                FormKind(clause=item.clause, label=item.told("label", spoken().code)) for item in maps[0].side("output")
            ],
            sql=behind.sql_of(session, objectives),
            tables=tables,
            early=behind.early_rows(
                lake,
                catalog,
                {one.table: at[one.table] for one in tables if one.kpis and one.table in at},
                measured.periods[0].start,
            ),
            quarantine_since=feeds.waiting(session, as_of),
            candidates=results.waiting(session, [str(each) for each in shown], as_of),
            older_actions=older,
            decided=recorded.decided(),
            minutes=recorded.minutes(_titles(maps, objectives)),
            agenda=agenda_of(review),
            annexes=with_own_rows(
                session,
                connection,
                catalog,
                period,
                annexes_of(review, objectives),
                objectives,
                plan.tables,
                as_of=as_of,
            ),
            unmeasured=_unmeasured(catalog, review, period, objectives),
            customers=customers(connection, catalog, period, objectives),
            planned=recorded.planned(),
            required=_required(maps, objectives),
            then=behind.seen_at(session, last, as_of) if last else {},
            made_of=made_of,
        )
    marks = behind.marks(measured, objectives)
    return Collected(assemble(facts), {name: at[name] for name in sorted(at)}, marks)


def _titles(maps: Sequence[ClauseMap], objectives: Sequence[Objective]) -> dict[str, str]:
    """Return what KPIs and clauses are called, by the keys under which somebody comments on them or covers them."""
    names = {clauses.clauses: f"{clauses.standard}:{clauses.edition}" for clauses in maps}
    keys = {key for clauses in maps for item in clauses.items for key in (item.clause, clauses.covers(item))}
    return {**{key: clause(key, names) for key in keys}, **{one.kpi: one.title for one in objectives}}


def _clause_map(catalog: Catalog, review: Review, name: str) -> ClauseMap:
    try:
        return catalog.clause_maps[name]
    except KeyError:
        where = catalog.line_of("reviews", review.review, "standards")
        raise UserError(
            Finding(where, f'there is no clause map "{name}"', f"write catalog/clauses/{name}.yaml or remove it here")
        ) from None


def _required(maps: Sequence[ClauseMap], objectives: Sequence[Objective]) -> dict[str, tuple[str, ...]]:
    """Return for each KPI the clauses that ask for an action when it misses its target."""
    asked = [
        (f"{clauses.told('title', spoken().code)}, {item.clause}", item.action_plan)
        for clauses in maps
        for item in clauses.items
        if item.action_plan is not None
    ]
    return {one.kpi: tuple(name for name, plan in asked if plan.about(one.kpi, one.feeds)) for one in objectives}


def _order(catalog: Catalog, review: Review) -> list[str]:
    """Return the KPIs of the review: those its scoreboard names, in that order, or all."""
    return [name for name in review.scoreboard if name in catalog.kpis] or sorted(catalog.kpis)


def _unmeasured(catalog: Catalog, review: Review, period: Period, objectives: Sequence[Objective]) -> tuple[str, ...]:
    """Return the titles of what the review names and nothing was measured of: never left out without a word."""
    found = {one.kpi for one in objectives}
    named = [catalog.kpis[name] for name in review.scoreboard if name in catalog.kpis and name not in found]
    return tuple(kpi.told("title", spoken().code) for kpi in named if not kpi.is_retired(period.end))


def _ended(catalog: Catalog, measured: Measured, period: Period) -> dict[str, str]:
    """Return the last earlier period with a value of each KPI that is retired: what it was evidence for, it was."""
    found: dict[str, str] = {}
    for name, kpi in catalog.kpis.items():
        rows = measured.results.get((name, ""), ()) if kpi.is_retired(period.end) else ()
        valued = [row.period for row in rows if row.value is not None and row.period != str(period)]
        if valued:
            found[name] = max(valued)
    return found


def _last(session: Session, catalog: Catalog, review: Review, period: Period, as_of: datetime) -> Last | None:
    """Return the review before: the newest earlier period that was held, closed, or whose pack was approved.

    A draft that nobody approved is no review. ``None`` for the first one. Compared is with the pack that was approved,
    or where none was with the newest one there was.
    """
    packs = session.scalars(select(Pack).where(Pack.review == review.review, Pack.built_at <= as_of)).all()
    approved = [pack for pack in packs if pack.approved_at is not None and pack.approved_at <= as_of]
    done = {pack.period for pack in approved} | reviews.taken_place(session, review.review, as_of=as_of)
    earlier = [one for one in map(catalog.recorded, done) if one.start < period.start]
    if not earlier:
        return None
    newest = max(earlier)
    own = [[pack.built_at for pack in some if pack.period == str(newest)] for some in (approved, packs)]
    return Last(newest, max(own[0] or own[1], default=None))


def _header(
    catalog: Catalog,
    review: Review,
    period: Period,
    last: Last | None,
    read_at: datetime,
    maps: Sequence[ClauseMap],
    objectives: Sequence[Objective],
) -> Header:
    organisation = catalog.organisation
    rules = sorted({one.rules for one in objectives if one.rules})
    return Header(
        organisation=organisation.name,
        scope=organisation.scope_in(spoken().code),
        title=review.told("title", spoken().code),
        review=review.review,
        period=str(period),
        period_start=period.start,
        period_end=period.last_day,
        last_period=str(last.period) if last else "",
        last_start=last.period.start if last else None,
        last_end=last.period.last_day if last else None,
        counted_from=last.built.astimezone(ZoneInfo(organisation.time_zone)).date() if last and last.built else None,
        edition=1,
        classification=figures.known(f"classification.{figures.slug(review.confidentiality)}", review.confidentiality),
        chair=figures.written_role(review.chair),
        participants=tuple(one.told_as(figures.written_role(one.role)) for one in review.participants),
        audience=tuple(map(figures.written_role, review.audience)),
        data_read_at=read_at,
        time_zone=organisation.time_zone,
        standards=tuple(
            StandardName(
                standard=clauses.standard,
                edition=clauses.edition,
                title=clauses.told("title", spoken().code),
                unverified=any(item.verify for item in clauses.items),
                key=clauses.clauses,
            )
            for clauses in maps
        ),
        rules=", ".join(rules),
        code_version=version("qmsreports"),
        shown=review.points_shown,
        language=review.language or organisation.language,
        currency=organisation.currency,
    )
