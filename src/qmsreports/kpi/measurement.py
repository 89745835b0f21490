"""From approved definitions and pinned tables to results: what the measure stage calls."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from qmsreports.catalog.load import Catalog
from qmsreports.catalog.target import InForce
from qmsreports.errors import Finding
from qmsreports.kpi import figures, sql
from qmsreports.kpi.affected import restricted
from qmsreports.kpi.begins import Begins, begun, first_days
from qmsreports.kpi.compute import Computation, Resample
from qmsreports.kpi.enclosing import Ranks
from qmsreports.kpi.engine import Opener, Tables
from qmsreports.kpi.execute import duckdb_engine
from qmsreports.kpi.figures import Figure, Slice
from qmsreports.kpi.plan import Additive, Composed, Plan
from qmsreports.kpi.selection import Task, select
from qmsreports.kpi.settling import is_open_to_change, is_provisional
from qmsreports.kpi.slices import Known, every_slice
from qmsreports.kpi.status import status_of
from qmsreports.kpi.within import files, partitions, reaches
from qmsreports.lake import Lake
from qmsreports.period import Period
from qmsreports.records import NOT_COMPUTED, KpiResult, Measured, Tell, silent


def measure(
    catalog: Catalog,
    *,
    versions: Mapping[str, Collection[int]],
    periods: Sequence[Period],
    lake: Tables,
    as_of: datetime,
    pinned: Mapping[str, int] | None = None,
    invalid: Mapping[str, str] | None = None,
    engine: Opener = duckdb_engine,
    ranks: Ranks | None = None,
    resample: Resample | None = None,
    known: Known | None = None,
    only: Mapping[str, Collection[Period]] | None = None,
    tell: Tell = silent,
) -> Measured:
    """Compute every KPI for every period in which an approved version of it is in force.

    ``versions`` names the approved versions of each KPI; ``pinned`` table versions replace the newest ones, to repeat
    an earlier computation; ``invalid`` gives the tables whose feed validation stopped, with the reason: results that
    read them are ``not_valid`` and have no value for every period that the missing load could still change. ``as_of``
    decides what is provisional; ``engine`` computes, see :func:`qmsreports.kpi.engine.engine_of`. With ``ranks``
    percentiles get the parts ``low`` and ``high``, the values at these ranks; with ``resample`` means whose definition
    asks for it, from their values. ``known`` are the slices on record, see :mod:`qmsreports.kpi.slices`. ``only`` names
    the periods of each KPI that are wanted, see :mod:`qmsreports.kpi.affected`; all of ``periods`` when it is None.

    The whole of a KPI has a result in every period, a slice where it has rows, and of a count or a sum from its first
    rows on. Intervals are added by the caller.
    :class:`UserError` when a definition does not fit the declared tables or a calendar has a gap.
    """
    tasks = select(catalog, versions, periods)
    if only is not None:
        tasks = restricted(tasks, only)
    return measure_tasks(
        catalog,
        tasks,
        lake=lake,
        as_of=as_of,
        pinned=pinned,
        invalid=invalid,
        engine=engine,
        ranks=ranks,
        resample=resample,
        known=known,
        tell=tell,
    )


def measure_tasks(
    catalog: Catalog,
    tasks: Sequence[Task],
    *,
    lake: Tables,
    as_of: datetime,
    pinned: Mapping[str, int] | None = None,
    invalid: Mapping[str, str] | None = None,
    engine: Opener = duckdb_engine,
    ranks: Ranks | None = None,
    resample: Resample | None = None,
    known: Known | None = None,
    tell: Tell = silent,
) -> Measured:
    """Compute chosen versions for chosen periods, whether in force there or not: previews, examples, comparisons.

    At most one task of a KPI may cover a period; formulas come after what they read.
    """
    names = sorted({table for task in tasks for table in task.plan.tables})
    at = {table: number for table, number in (pinned or {}).items() if table in names}
    lake = lake.once() if isinstance(lake, Lake) else lake
    at = {**lake.versions(name for name in names if name not in at), **at}
    reading, months = _reading(lake, tasks, catalog.organisation.time_zone, at)
    with engine(reading, [catalog.tables[name] for name in names], at) as opened, _quiet_collector():
        computation = Computation(
            catalog, opened, as_of=as_of, tell=tell, ranks=ranks, resample=resample, months=months
        )
        computed = computation.run(tasks)
    plans = [task.plan for task in tasks]
    begins = first_days(lake, plans, catalog.tables, at) if isinstance(lake, Lake) else {}
    session = _Session(catalog, as_of, at, dict(invalid or {}), begins, dict(known or {}))
    for task in tasks:
        if isinstance(task.plan.body, Composed):
            session.compose(task, task.plan.body)
        else:
            session.add(task, computed.figures[task.plan.label], sql.fingerprint(computed.texts[task.plan.label]))
    texts = {sql.fingerprint(text): text for text in (*computed.texts.values(), *computed.scans)}
    return Measured(tuple(session.results), texts | session.texts, tuple(session.warnings))


def not_valid(
    catalog: Catalog, tasks: Sequence[Task], reasons: Mapping[str, Sequence[Finding]], *, as_of: datetime
) -> Measured:
    """Return results without a value for KPIs that cannot be computed, in those periods that today's data may change.

    ``reasons`` say by KPI what speaks against it; they stand where the SQL of a result stands.
    """
    session = _Session(catalog, as_of, {}, {})
    for task in tasks:
        lines = [f"{task.kpi.kpi}, version {task.version.version}: {task.kpi.title}", NOT_COMPUTED]
        lines += [str(finding) for finding in reasons[task.kpi.kpi]]
        text = "".join(f"-- {sql.plain(line)}\n" for line in lines)
        for period in task.periods:
            if session.refuse(task, period, sql.fingerprint(text)):
                session.texts[sql.fingerprint(text)] = text
    return Measured(tuple(session.results), session.texts)


@contextmanager
def _quiet_collector() -> Iterator[None]:
    """Spare what is there already from the search for circles: with a catalog and its libraries loaded, one search
    costs as much as a scan of a month. What is made meanwhile is still searched.
    """
    if gc.get_freeze_count():  # somebody further out does so
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _reading(
    lake: Tables, tasks: Sequence[Task], zone: str, at: Mapping[str, int]
) -> tuple[Tables, dict[str, tuple[str, ...]]]:
    """Return the lake without the files that hold no row which counts, and by table the months of all but levels.

    A table that is read beside a clock is read whole. Months are named where they leave out files that levels need.
    """
    if not isinstance(lake, Lake):
        return lake, {}
    found = {task.plan.label: reaches(task.periods, task.plan, zone) for task in tasks}
    whole = {
        table for task in tasks for table in set(task.plan.tables) - {reach.table for reach in found[task.plan.label]}
    }
    entries = [reach for own in found.values() for reach in own if reach.table not in whole]
    reading, near = lake.narrowed(files(entries), files(entry for entry in entries if not entry.level))
    months = {}
    for table in {entry.table for entry in entries if entry.level} & {e.table for e in entries if not e.level}:
        own = near.uris(table, at.get(table))
        if 2 * len(own) < len(reading.uris(table, at.get(table))):
            months[table] = partitions(own)
    return reading, {table: own for table, own in months.items() if own}


@dataclass
class _Session:
    """Turns figures into results, in the order of the tasks, and remembers them for the formulas that come last."""

    catalog: Catalog
    as_of: datetime
    table_versions: Mapping[str, int]
    invalid: Mapping[str, str]
    begins: Begins = field(default_factory=dict)
    known: Known = field(default_factory=dict)
    results: list[KpiResult] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    _known: dict[tuple[str, Period], dict[Slice, Figure]] = field(default_factory=dict)
    _reads: dict[tuple[str, Period], tuple[str, tuple[str, ...], bool]] = field(default_factory=dict)

    @cached_property
    def today(self) -> date:
        """The day at the organisation."""
        return self.as_of.astimezone(ZoneInfo(self.catalog.organisation.time_zone)).date()

    def add(self, task: Task, computed: Mapping[str, Mapping[Slice, Figure]], text: str) -> None:
        """Add the results of one version; a period without rows still has its whole.

        A period that was over before the record of what is counted begins has no data: that nothing happened in it is
        more than anybody knows.
        """
        first = begun(task.plan, self.begins)
        nothing = figures.nothing(task.plan)
        filled = every_slice(task, computed, self.known.get(task.kpi.kpi, {}), nothing)
        for period in task.periods:
            found: dict[Slice, Figure] = {(): nothing, **filled[str(period)]}
            if period.end <= first:
                found = {(): replace(found[()], value=None)}
            self._add_period(task, period, found, text, task.plan.tables)
            self._warn(task, period, found[()])

    def compose(self, task: Task, body: Composed) -> None:
        """Add the results of a formula: the whole and those slices for which every KPI that it reads has a value."""
        for period in task.periods:
            inputs = {
                name: {figures.ordered(task.plan, cut): one for cut, one in self._known.get((name, period), {}).items()}
                for name in body.reads
            }
            used = [self._reads[name, period] for name in body.reads if (name, period) in self._reads]
            tables = tuple(dict.fromkeys(table for _, tables, _ in used for table in tables))
            text = _formula_text(task, [text for text, _, _ in used])
            self.texts[sql.fingerprint(text)] = text
            found: dict[Slice, Figure] = {}
            for cut in _common_slices(task.plan, inputs.values()):
                read = {name: figures_of[cut] for name, figures_of in inputs.items() if cut in figures_of}
                n = min((figure.n for figure in read.values()), default=0)
                parts = {name: figure.value for name, figure in read.items() if figure.value is not None}
                for extreme in figures.extremes(body.root):
                    apart = figures.compared(extreme, inputs[extreme.kpi])
                    parts |= {f"{extreme.kpi} {name}": value for name, value in sorted(apart.items())}
                found[cut] = Figure(figures.combine(body.root, read, inputs), None, None, n, parts)
            unsettled = any(provisional for _, _, provisional in used)
            self._add_period(task, period, found, sql.fingerprint(text), tables, unsettled=unsettled)

    def refuse(self, task: Task, period: Period, text: str) -> bool:
        """Add a result that is not valid, unless what is on record for the period stays; tell whether it was added."""
        provisional = is_provisional(task.version, period, self.today)
        if not is_open_to_change(period, self.today, provisional=provisional):
            return False
        bounds = self._in_force(task, period)
        self.results.append(self._result(task, period, {}, Figure(), (text, {}), bounds, provisional, valid=False))
        return True

    def _add_period(
        self,
        task: Task,
        period: Period,
        found: dict[Slice, Figure],
        text: str,
        tables: tuple[str, ...],
        *,
        unsettled: bool = False,
    ) -> None:
        provisional = unsettled or is_provisional(task.version, period, self.today)
        self._known[task.kpi.kpi, period] = found
        self._reads[task.kpi.kpi, period] = (text, tables, provisional)
        valid = not (
            is_open_to_change(period, self.today, provisional=provisional)
            and any(table in self.invalid for table in tables)
        )
        at = {table: self.table_versions[table] for table in tables if table in self.table_versions}
        bounds = self._in_force(task, period)
        for cut, figure in sorted(found.items()):
            shown = figure if valid else Figure()
            self.results.append(self._result(task, period, dict(cut), shown, (text, at), bounds, provisional, valid))

    def _in_force(self, task: Task, period: Period) -> InForce:
        return self.catalog.targets.in_force(task.kpi.kpi, period, adds_up=task.kpi.adds_up(task.version))

    def _result(
        self,
        task: Task,
        period: Period,
        cut: dict[str, str],
        figure: Figure,
        source: tuple[str, Mapping[str, int]],
        bounds: InForce,
        provisional: bool,
        valid: bool,
    ) -> KpiResult:
        text, table_versions = source
        target = bounds.target(cut)
        status = status_of(
            figure.value,
            better=task.kpi.better,
            target=target,
            deviation=bounds.deviation(cut),
            provisional=provisional,
            valid=valid,
        )
        return KpiResult(
            kpi=task.kpi.kpi,
            version=task.version.version,
            period=period,
            slice=cut,
            unit=task.kpi.unit,
            value=figure.value,
            numerator=figure.numerator,
            denominator=figure.denominator,
            n=figure.n,
            low=None,
            high=None,
            target=target.meet if target is not None else None,
            near=target.near if target is not None else None,
            status=status,
            provisional=provisional,
            fingerprint=task.fingerprint,
            sql=text,
            table_versions=table_versions,
            parts=dict(figure.parts),
        )

    def _warn(self, task: Task, period: Period, figure: Figure) -> None:
        body = task.plan.body
        if not isinstance(body, Additive) or body.at_most is None:
            return
        for quotient in body.quotients:
            factor = figure.parts.get(quotient.name)
            if factor is not None and factor > body.at_most:
                self.warnings.append(
                    Finding(
                        f"kpi {task.kpi.kpi}, {period}",
                        f"factor {quotient.name} is {factor:.3f}, above {body.at_most:g}",
                        "it is kept; check the norm it is measured against, such as the planned time per item",
                        warning=True,
                    )
                )


def _common_slices(plan: Plan, inputs: Iterable[Mapping[Slice, Figure]]) -> list[Slice]:
    found: set[Slice] | None = None
    for figures_of in inputs:
        cuts = {cut for cut in figures_of if tuple(name for name, _ in cut) in plan.cuts}
        found = cuts if found is None else found & cuts
    return [(), *sorted(found or ())]


def _formula_text(task: Task, used: Sequence[str]) -> str:
    """Return what stands in for the SQL of a formula: what it reads, by the hashes of their statements."""
    header = [f"{task.kpi.kpi}, version {task.version.version}: {task.kpi.title}", "Computed from the results of:"]
    return "".join(f"-- {sql.plain(line)}\n" for line in [*header, *used])
