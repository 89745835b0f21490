"""Runs the plans of one measurement on one engine: a scan per table, then a small statement per KPI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from types import MappingProxyType
from zoneinfo import ZoneInfo

from qmsreports.catalog.load import Catalog
from qmsreports.kpi import enclosing, figures, lengths, moments, rollup, rows, sql, together
from qmsreports.kpi.clock import OpenTime, WindowRow, open_time, windows
from qmsreports.kpi.enclosing import Ranks
from qmsreports.kpi.engine import Dialect, Engine, Row
from qmsreports.kpi.figures import Figure, Slice
from qmsreports.kpi.plan import Additive, Chosen, Composed, Level, Plan, Span, Spread, mean_of
from qmsreports.kpi.scan import Scan, cube_of, scan, scanned, stacked
from qmsreports.kpi.selection import Task
from qmsreports.kpi.weeks import week_months
from qmsreports.kpi.within import Bounds, Reach, bounds_of, inside, reaches
from qmsreports.records import Tell, silent

Resample = Callable[[Sequence[float]], tuple[float, float] | None]
"""Gives the two ends of the interval of a mean from its values; None where they are too few or too many."""
MOST_RANKED = 200_000
"""Rows of a value up to which all of them are put in order to find the two that enclose its percentile, which costs
five times the value itself; with more rows in one of the values :mod:`qmsreports.kpi.enclosing` finds them."""
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Computed:
    """Figures by plan label, period and slice; the statement of each plan; the scans that ran."""

    figures: Mapping[str, Mapping[str, Mapping[Slice, Figure]]]
    texts: Mapping[str, str]
    scans: tuple[str, ...]


@dataclass
class Computation:
    """One engine and what was laid out on it.

    ``months`` names by table the partitions in which rows of these periods can lie, where those are not all.
    """

    catalog: Catalog
    engine: Engine
    as_of: datetime
    tell: Tell = silent
    ranks: Ranks | None = None
    resample: Resample | None = None
    months: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _prepared: Sequence[Task] = ()
    _hours: dict[str, OpenTime] = field(default_factory=dict)
    _laid: dict[str, OpenTime] = field(default_factory=dict)
    _windows: tuple[WindowRow, ...] = ()

    @property
    def zone(self) -> str:
        """The organisation's time zone."""
        return self.catalog.organisation.time_zone

    def run(self, tasks: Sequence[Task]) -> Computed:
        """Compute every task that reads rows; formulas are left to the caller."""
        tasks = [task for task in tasks if not isinstance(task.plan.body, Composed)]
        found: dict[str, Mapping[str, Mapping[Slice, Figure]]] = {}
        texts: dict[str, str] = {}
        scans: list[str] = []
        for weeks in (False, True):
            if own := [task for task in tasks if task.plan.weeks is weeks]:
                computed = self._run(own)
                found, texts, scans = (
                    found | dict(computed.figures),
                    texts | dict(computed.texts),
                    [*scans, *computed.scans],
                )
        return Computed(found, texts, tuple(scans))

    def _run(self, tasks: Sequence[Task]) -> Computed:
        """Compute tasks that all count in calendar months, or all in months of weeks."""
        self._prepare(tasks)
        groups = _in_windows(together.groups(tasks))
        with ThreadPoolExecutor(1) as beside:  # the engine reads rows meanwhile, and that is not Python
            written = beside.submit(lambda: (_texts(tasks, self.engine.dialect), [self._statement(g) for g in groups]))
            scans = [text for table, own in _by_table(tasks).items() for text in self._scan(table, own)]
            texts, statements = written.result()
        work = list(zip(groups, statements, strict=True))
        found = self._found(work)
        scans += [text for group, text in work if len(group) > 1 and isinstance(group[0].plan.body, Spread)]
        for task in tasks:
            self._resample(task, found[task.plan.label])
            self._vary(task, found[task.plan.label])
        return Computed(found, texts, tuple(scans))

    def _found(self, work: Sequence[tuple[Sequence[Task], str]]) -> dict[str, dict[str, dict[Slice, Figure]]]:
        """Compute what is made of cubes and what is made of rows side by side, where the engine can be opened twice.

        A statement over the cubes is planned for longer than it runs, on one processor, and one over the rows of a
        month not much else. Never two over the rows at once: each may need all the memory there is.
        """
        over_rows = [entry for entry in work if not isinstance(entry[0][0].plan.body, Additive | Level)]
        over_cubes = [entry for entry in work if isinstance(entry[0][0].plan.body, Additive | Level)]
        with self.engine.beside() as other, ThreadPoolExecutor(1) as thread:
            if other is None or not over_rows or not over_cubes:
                return self._figures_of(work)
            of_rows = thread.submit(replace(self, engine=other, _laid={}, _windows=())._figures_of, over_rows)
            return self._figures_of(over_cubes) | of_rows.result()

    def _figures_of(self, work: Iterable[tuple[Sequence[Task], str]]) -> dict[str, dict[str, dict[Slice, Figure]]]:
        found: dict[str, dict[str, dict[Slice, Figure]]] = {}
        for group, text in work:
            self.tell(f"kpi: {', '.join(task.kpi.kpi for task in group)}", 0)
            if len(group) == 1:
                found[group[0].plan.label] = self._figures(group[0], text)
            else:
                found |= self._figures_together(group, text)
        return found

    def alone(self, task: Task) -> dict[str, dict[Slice, Figure]]:
        """Run the stored statement of one task as it stands, without the shared scan: the same numbers, or a fault."""
        self._prepare([task])
        return self._figures(task, statement_text(task.plan, self.engine.dialect), shared=False)

    def _prepare(self, tasks: Sequence[Task]) -> None:
        """Let the engine know clock changes beyond the last day that may occur; hours are laid out when asked for."""
        self._prepared, self._hours = tasks, {}
        until = max(period.end.year for task in tasks for period in task.periods)
        until = max(until, self.as_of.year) + 1
        of = tasks[0].periods[0].of
        self.engine.prepare(zone=self.zone, until=until, weeks=week_months(of, until) if of.weeks else None)

    def ask(self, task: Task, text: str) -> Row:
        """Run a statement that returns one row, with the windows of a task laid out."""
        self._prepare([task])
        self._provide(windows(task.periods, task.plan.window, self.zone))
        (row,) = self.engine.select(text)
        return row

    def _figures(self, task: Task, text: str, *, shared: bool = True) -> dict[str, dict[Slice, Figure]]:
        values: dict[str, dict[Slice, Figure]] = {}
        read = figures.reader(task.plan)
        for row in self._rows(task, text, shared):
            period, cut, figure = read(row)
            values.setdefault(period, {})[cut] = figure
        self._enclose(task, values)
        return values

    def _figures_together(self, tasks: Sequence[Task], text: str) -> dict[str, dict[str, dict[Slice, Figure]]]:
        found: dict[str, dict[str, dict[Slice, Figure]]] = {task.plan.label: {} for task in tasks}
        if isinstance(tasks[0].plan.body, Spread):
            self.lay_out(tasks[0])
        else:
            self._lay_out_windows(tasks[0])
        read = together.reader(tasks)
        for row in self.engine.select(text):
            for task, period, cut, figure in read(row):
                found[task.plan.label].setdefault(period, {})[cut] = figure
        for task in tasks:
            self._enclose(task, found[task.plan.label])
        return found

    def _enclose(self, task: Task, values: dict[str, dict[Slice, Figure]]) -> None:
        """Add the parts ``low`` and ``high`` to percentiles; the windows of the task are laid out already."""
        if self.ranks is None or not isinstance(task.plan.body, Spread) or not rows.ranked(task.plan):
            return
        sizes = sorted({figure.n for found in values.values() for figure in found.values()})
        if not sizes:
            return
        share = task.plan.body.share or 0.0
        if sizes[-1] > MOST_RANKED:
            self._enclose_many(task, task.plan.body, values, enclosing.steps(sizes, share, self.ranks))
            return
        known = ((n, self.ranks(n, share)) for n in sizes if n)
        places = [(n, *pair) for n, pair in known if pair is not None]
        if not places:
            return
        self.engine.ranks(places)
        text = sql.text_of(rows.ranks_statement(task.plan, self._within(task)), dialect=self.engine.dialect)
        place = figures.places(task.plan)
        for row in self.engine.select(text):
            period, cut, (low, high) = place(row)
            figure = values[period][cut]
            parts = {**figure.parts, "low": float(low), "high": float(high)}
            values[period][cut] = replace(figure, parts=parts)

    def _resample(self, task: Task, values: dict[str, dict[Slice, Figure]]) -> None:
        """Add the parts ``low`` and ``high`` to means whose definition asks for the bootstrap."""
        body = mean_of(task.plan.body)
        sizes = [figure.n for found in values.values() for figure in found.values()]
        if self.resample is None or not task.plan.resampled or body is None or max(sizes, default=0) > MOST_RANKED:
            return
        task = replace(task, plan=replace(task.plan, body=body))
        self.lay_out(task)
        statement = rows.values_statement(task.plan, body, self._within(task))
        place = figures.places(task.plan)
        for row in self.engine.select(sql.text_of(statement, dialect=self.engine.dialect)):
            period, cut, (amounts,) = place(row)
            ends = self.resample([float(amount) / body.divisor for amount in amounts])
            if ends is not None:
                figure = values[period][cut]
                values[period][cut] = replace(figure, parts={**figure.parts, "low": ends[0], "high": ends[1]})

    def _vary(self, task: Task, values: dict[str, dict[Slice, Figure]]) -> None:
        """Add to products and ratios of amounts the variance of their logarithm, see :mod:`qmsreports.kpi.moments`."""
        if self.ranks is None or not isinstance(task.plan.body, Additive) or not moments.by_rows(task.plan):
            return
        found: dict[tuple[str, Slice], dict[moments.Source, moments.Moments]] = {}
        within = reaches(task.periods, task.plan, self.zone)
        for of, tallies in moments.by_source(task.plan.body).items():
            self._lay_out_windows(task, self._lay_out_hours([task], of[0]))
            statement = moments.statement(task.plan, of, tallies, within)
            names = moments.columns_of(tallies)
            place = figures.places(task.plan)
            for row in self.engine.select(sql.text_of(statement, dialect=self.engine.dialect)):
                period, cut, own = place(row)
                found.setdefault((period, cut), {})[of] = dict(zip(names, map(float, own), strict=True))
        for (period, cut), known in found.items():
            figure = values.get(period, {}).get(cut)
            if figure is not None and figure.value is not None:
                parts = {**figure.parts, **moments.variance(task.plan.body, known)}
                values[period][cut] = replace(figure, parts=parts)

    def _enclose_many(
        self, task: Task, body: Spread, values: dict[str, dict[Slice, Figure]], steps: Sequence[enclosing.Step]
    ) -> None:
        if not steps:
            return
        statement = rows.shares_statement(task.plan, enclosing.shares(steps), self._within(task))
        place = figures.places(task.plan)
        for row in self.engine.select(sql.text_of(statement, dialect=self.engine.dialect)):
            period, cut, (found,) = place(row)
            figure = values[period][cut]
            ends = enclosing.between(steps, figure.n, found)
            if ends is not None:
                parts = {**figure.parts, "low": ends[0] / body.divisor, "high": ends[1] / body.divisor}
                values[period][cut] = replace(figure, parts=parts)

    def _scan(self, table: str, tasks: Sequence[Task]) -> list[str]:
        """Go over the rows of a table once and provide its cube; returns the statements that did so."""
        self._lay_out_hours(tasks, table)
        cube = cube_of(table)
        self.tell(f"kpi: scan {table}", 0)
        texts, rows = [], 0
        scans = {f"{cube}, part {number}": part for number, part in enumerate(self._parts(table, tasks))}
        for kept, (own, of) in scans.items():
            header = [f"{table}: one scan for " + ", ".join(task.plan.label for task in of)]
            texts.append(sql.text_of(own.counted, dialect=self.engine.dialect, header=header))
            rows += self.engine.keep(kept, texts[-1])
        self.tell(f"kpi: scan {table}", rows)
        view = stacked({kept: own for kept, (own, _) in scans.items()})
        texts.append(sql.text_of(view, dialect=self.engine.dialect, header=[f"{cube}: what was counted, by its use"]))
        self.engine.view(cube, texts[-1])
        return texts

    def _parts(self, table: str, tasks: Sequence[Task]) -> list[tuple[Scan, Sequence[Task]]]:
        """Return one scan for everything, or where only some files are needed one of them and one for the levels.

        Levels look far back, at few columns; all else looks at all columns of a few months.
        """
        months = self.months.get(table, ())
        levels = [task for task in tasks if isinstance(task.plan.body, Level)]
        others = [task for task in tasks if not isinstance(task.plan.body, Level)]
        found = []
        for own, here in ((others, months), (levels, ())) if months and others else ((tasks, ()),):
            within = [reach for task in own for reach in reaches(task.periods, task.plan, self.zone)]
            since = reduce(Bounds.joined, (reach.bounds for reach in within)) if own and own is levels else None
            if own:
                found.append((scan(table, [task.plan for task in own], within, here, since), own))
        return found

    def _rows(self, task: Task, text: str, shared: bool) -> list[Row]:
        if shared and isinstance(task.plan.body, Additive | Level):
            self._lay_out_windows(task)  # what is counted in opening hours was counted by the scan
        else:
            self.lay_out(task)
        return self.engine.select(text)

    def _statement(self, group: Sequence[Task]) -> str:
        """Return the statement of tasks that are computed together, or of one, over the cubes or the rows it reads."""
        first = group[0]
        if len(group) > 1:
            return together.statement(group, self.engine.dialect, self._within(first))
        over_cubes = isinstance(first.plan.body, Additive | Level)
        own = rollup.rollup(first.plan) if over_cubes else rows.rows_statement(first.plan, (), self._within(first))
        return sql.text_of(own, dialect=self.engine.dialect)

    def _within(self, task: Task) -> Reach | None:
        """Return which rows a statement over the rows of one table has to read."""
        return next(iter(reaches(task.periods, task.plan, self.zone)), None)

    def lay_out(self, task: Task) -> None:
        """Provide the windows of a task, and the opening hours that it counts in."""
        self._lay_out_windows(task, self._lay_out_hours([task]))

    def _lay_out_windows(self, task: Task, hours: Mapping[str, OpenTime] = MappingProxyType({})) -> None:
        body = task.plan.body
        window_rows = windows(task.periods, task.plan.window, self.zone, ends_only=isinstance(body, Level))
        if isinstance(body, Spread) and isinstance(body.of, Span) and isinstance(body.of.calendar, str):
            known = hours[body.of.calendar]
            window_rows = tuple(row.worked(known.at(row.ends_at)) for row in window_rows)
        self._provide(window_rows)

    def _provide(self, window_rows: tuple[WindowRow, ...]) -> None:
        """Let the engine know the windows, unless it has just these: most KPIs of a measurement share them."""
        if window_rows != self._windows:
            self.engine.windows(window_rows)
            self._windows = window_rows

    def _lay_out_hours(self, tasks: Sequence[Task], table: str = "") -> dict[str, OpenTime]:
        """Provide the opening hours that these tasks count in; with ``table`` those of the conditions on its rows."""
        found: dict[str, OpenTime] = {}
        for calendar in lengths.by_calendar((task.plan for task in tasks), table):
            found[calendar] = hours = self._open_time(calendar)
            if self._laid.get(calendar) != hours:
                self.engine.open_time(hours)
                self._laid[calendar] = hours
        return found

    def _open_time(self, calendar: str) -> OpenTime:
        """Lay out a calendar from the first begin to the last end that occur in rows that count, as far as they can be
        true, once for all tasks that the engine was prepared for.

        Begins before the calendar's first rule and ends after now have no working time; their rows have no length.
        :class:`UserError` when the calendar has no rule on a day of the periods themselves.
        """
        if calendar in self._hours:
            return self._hours[calendar]
        entry = self.catalog.calendars[calendar]
        tasks = [task for task in self._prepared if calendar in lengths.by_calendar([task.plan])]
        edges = [row for text in self._edges(calendar, tasks) for row in self.engine.select(text)]
        first = min((begin for begin, _ in edges if begin is not None), default=None)
        last = max((end for _, end in edges if end is not None), default=None)
        zone = ZoneInfo(entry.time_zone)
        own = reduce(Bounds.joined, (bounds_of(task.periods, task.plan, self.zone) for task in tasks))
        end = max(own.after_at, min(_moment(last, self.as_of), self.as_of))
        end_day = end.astimezone(zone).date() + _ONE_DAY
        needed = own.first_at.astimezone(zone).date()
        start = max(_moment(first, end).astimezone(zone).date(), min(rule.start for rule in entry.rules))
        start = min(start, needed)
        intervals = entry.open_intervals(start, end_day)
        found = open_time(calendar, intervals, _midnight(start, zone), _midnight(end_day, zone))
        self._hours[calendar] = found
        return found

    def _edges(self, calendar: str, tasks: Sequence[Task]) -> Iterator[str]:
        """Return the statements that find the first begin and the last end in each table."""
        reached = [reach for task in tasks for reach in reaches(task.periods, task.plan, self.zone)]
        for table, spans in sorted(lengths.by_calendar(task.plan for task in tasks)[calendar].items()):
            read = inside(reach for reach in reached if reach.table == table)
            yield sql.text_of(lengths.edges_statement(table, spans, read), dialect=self.engine.dialect)


def _texts(tasks: Iterable[Task], dialect: Dialect) -> dict[str, str]:
    return {task.plan.label: statement_text(task.plan, dialect) for task in tasks}


def statement_text(plan: Plan, dialect: Dialect = "duckdb") -> str:
    """Return the self-contained SQL of a plan, as it is stored beside its results."""
    header = [f"{plan.kpi}, version {plan.version}: {plan.title} ({plan.unit})", plan.question]
    own = rows.rows_statement(plan) if isinstance(plan.body, Spread | Chosen) else rollup.statement(plan)
    return sql.text_of(own, dialect=dialect, header=header)


def _in_windows(groups: Sequence[list[Task]]) -> list[list[Task]]:
    """Return the groups with those one after the other that read the same windows, which are then provided once."""
    found: dict[object, list[list[Task]]] = {}
    for group in groups:
        plan = group[0].plan
        hours = plan.body.of.calendar if isinstance(plan.body, Spread) and isinstance(plan.body.of, Span) else None
        found.setdefault((group[0].periods, plan.window, hours), []).append(group)
    return [group for own in found.values() for group in own]


def _by_table(tasks: Iterable[Task]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = {}
    for task in tasks:
        for table in scanned(task.plan):
            found.setdefault(table, []).append(task)
    return dict(sorted(found.items()))


def _moment(seconds: float | None, otherwise: datetime) -> datetime:
    if seconds is None or abs(seconds) > 1e11:
        return otherwise
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
