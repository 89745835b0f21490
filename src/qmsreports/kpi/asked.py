"""Which values the reviews ask for: kinds of period, how many of each, and the KPIs they are shown of.

Every KPI has its monthly series. A quarter, a half-year or a year is measured of those KPIs that a review of that kind
shows, and what their formulas read; what is asked for by name (``--period 2026-H1``) is measured of all.

A longer period is measured only where the record covers it from its first month on: a first year of two months would
be a low point of every count, and would bend the limits of the years that follow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from qmsreports.catalog.load import Catalog
from qmsreports.catalog.review import Review
from qmsreports.fiscal import CALENDAR, FiscalYear
from qmsreports.kpi.affected import closed
from qmsreports.kpi.begins import begun, first_days
from qmsreports.kpi.plan import Composed
from qmsreports.kpi.selection import Task, select
from qmsreports.lake import Lake
from qmsreports.period import Period

HISTORY = {"month": 36, "quarter": 20, "half": 12, "year": 10}
"""Periods of each kind that a series reaches back, as far as there are rows: three years of months, ten of years."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A series up to ``last``, of these KPIs; ``always`` where it does not matter when the record begins."""

    last: Period
    kpis: frozenset[str]

    @property
    def periods(self) -> tuple[Period, ...]:
        """The periods of the series, oldest first."""
        return self.last.back(HISTORY[self.last.kind])


def asked(catalog: Catalog, reported: Period, at: datetime) -> tuple[Asked, ...]:
    """Return the series that a measurement up to ``reported`` makes, months first.

    Quarters end with the newest one that is over when ``reported`` is; half-years and years come with what closes them.
    The reported period itself is measured whether it is over at ``at`` or not.
    """
    fiscal = catalog.organisation.fiscal
    found: dict[Period, frozenset[str]] = {_month(catalog, reported, at): frozenset(catalog.kpis)}
    kinds: dict[tuple[str, FiscalYear], frozenset[str]] = {}
    for review in catalog.reviews.values():
        of = review.year(fiscal)
        if of is not None and not (review.kind == "month" and of == CALENDAR):
            kinds[review.kind, of] = kinds.get((review.kind, of), frozenset()) | shown(catalog, review)
    if not _is_month(reported):
        kinds.setdefault((reported.kind, reported.of), frozenset(catalog.kpis))
    for (kind, of), kpis in sorted(kinds.items()):
        own = (kind, of) == (reported.kind, reported.of)
        last = reported if own else Period.last_closed(reported.end, kind, of)
        closes = last.end == reported.end or (reported.kind == "month" and last.end > reported.start)
        if kind in ("half", "year") and not closes:
            continue  # they come with the month that closes them, or by name: no month pays for what seldom moves
        found[last] = found.get(last, frozenset()) | kpis
    return tuple(Asked(last, kpis) for last, kpis in found.items())


def _month(catalog: Catalog, reported: Period, at: datetime) -> Period:
    """Return the calendar month up to which months are measured: of a running year those that are over."""
    month = Period.last_closed(reported.end)
    if _is_month(reported):
        return month
    today = at.astimezone(ZoneInfo(catalog.organisation.time_zone)).date()
    return min(month, max(Period.last_closed(today), Period.last_closed(reported.start)))


def shown(catalog: Catalog, review: Review) -> frozenset[str]:
    """Return the KPIs that a review shows: those its scoreboard and sections name, or all."""
    if not review.scoreboard:
        return frozenset(catalog.kpis)
    named = {*review.scoreboard, *(kpi for section in review.sections for kpi in section.kpis)}
    return frozenset(named & catalog.kpis.keys())


def wanted(
    catalog: Catalog,
    versions: Mapping[str, Collection[int]],
    series: Sequence[Asked],
    *,
    lake: Lake,
    tables: Mapping[str, int],
) -> dict[str, set[Period]]:
    """Return by KPI the periods to measure, with what formulas read; ``tables`` are the versions that are read."""
    tasks = select(catalog, versions, [period for entry in series for period in entry.periods])
    longer = [entry for entry in series if not _is_month(entry.last)]
    begins = _begins(tasks, catalog, lake, tables) if longer else {}
    found: dict[str, set[Period]] = {}
    for task in tasks:
        first = begins.get(task.kpi.kpi)
        for entry in series:
            if task.kpi.kpi in entry.kpis:
                own = set(entry.periods).intersection(task.periods)
                if entry in longer and first is not None:
                    own = {period for period in own if first < period.months[0].end}
                found.setdefault(task.kpi.kpi, set()).update(own)
    return closed(tasks, found)


def _is_month(period: Period) -> bool:
    return (period.kind, period.of) == ("month", CALENDAR)


def _begins(tasks: Iterable[Task], catalog: Catalog, lake: Lake, versions: Mapping[str, int]) -> dict[str, date]:
    """Return by KPI the day from which on there is a record of all that it is made of."""
    tasks = list(tasks)
    days = first_days(lake, [task.plan for task in tasks], catalog.tables, versions)
    found: dict[str, date] = {}
    for task in tasks:  # formulas come after what they read
        own = begun(task.plan, days)
        if isinstance(task.plan.body, Composed):
            own = max((found[name] for name in task.plan.body.reads if name in found), default=date.min)
        found[task.kpi.kpi] = max(own, found.get(task.kpi.kpi, date.min))
    return found
