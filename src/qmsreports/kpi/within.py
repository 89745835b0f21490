"""Which rows of the tables can count for the periods that are asked for: bounds for statements and for files.

A row lies in a month by its clock, so only rows whose clock lies in the months that the windows cover are read. A level
is open at its end: rows begun before the end of its last period and not over when its first one ended, also those that
never end. One with slices reads everything begun by then, since a slice in which all is over has the level 0, and is
only known from rows that are over. Rows with an empty clock lie in no period.

Bounds only leave rows out that no window would have counted; every statement still joins the windows. A clock that
several KPIs share gets the widest bounds of all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlglot import exp

from qmsreports.kpi import sql
from qmsreports.kpi.clock import covered, days_of
from qmsreports.kpi.plan import Additive, Chosen, ColumnRef, Level, Plan, Rolling, Spread
from qmsreports.lake_files import Asked, Within
from qmsreports.period import Period

PARTITION = "_month"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Days ``[first, after)`` that the periods and windows need, and the same as UTC instants."""

    first: date
    after: date
    first_at: datetime
    after_at: datetime

    def joined(self, other: Bounds) -> Bounds:
        """Return the bounds from the first of both to the end of both."""
        return Bounds(
            min(self.first, other.first),
            max(self.after, other.after),
            min(self.first_at, other.first_at),
            max(self.after_at, other.after_at),
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """Rows of ``table`` whose ``clock`` lies within the bounds.

    Those of a level are begun (``clock``) before the bounds' end, and with ``to`` not over before their beginning.
    """

    table: str
    clock: ColumnRef
    bounds: Bounds
    level: bool = False
    to: ColumnRef | None = None


def bounds_of(periods: tuple[Period, ...], plan: Plan, zone: str) -> Bounds:
    """Return the days that the windows of these periods cover."""
    return _covered(periods, plan.window, zone)


@lru_cache(maxsize=64)  # most KPIs of a measurement are asked for the same periods
def _covered(periods: tuple[Period, ...], window: Rolling | None, zone: str, *, ends_only: bool = False) -> Bounds:
    """Return the bounds of what windows cover; with ``ends_only`` from the first end of one to the last."""
    days = [days_of(period, covered(period, window)) for period in periods]
    return _bounds(min(after if ends_only else first for first, after in days), max(after for _, after in days), zone)


def reaches(periods: tuple[Period, ...], plan: Plan, zone: str) -> tuple[Reach, ...]:
    """Return what the value of these periods is made of, by table and clock; nothing for a formula."""
    body = plan.body
    if isinstance(body, Level):
        ends = _covered(periods, plan.window, zone, ends_only=True)
        return (Reach(body.table, body.start, ends, level=True, to=None if plan.slices else body.to),)
    own = bounds_of(periods, plan, zone)
    if isinstance(body, Additive):
        return tuple(dict.fromkeys(Reach(tally.table, tally.clock, own) for tally in body.tallies))
    return (Reach(body.table, body.clock, own),) if isinstance(body, Spread | Chosen) else ()


def counted_clocks(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return the tables whose rows are counted, without those that only describe them, and by which column each is;
    none for a formula.
    """
    body = plan.body
    if isinstance(body, Additive):
        return tuple(dict.fromkeys((tally.table, tally.clock.name) for tally in body.tallies))
    if isinstance(body, Level):
        return ((body.table, body.start.name),)
    return ((body.table, body.clock.name),) if isinstance(body, Spread | Chosen) else ()


def joined(entries: Iterable[Reach]) -> tuple[Reach, ...]:
    """Return one reach for each clock of a table, as wide as the widest, in a fixed order."""
    found: dict[tuple[str, str, bool, str], Reach] = {}
    for entry in entries:
        key = (entry.table, entry.clock.name, entry.level, entry.to.name if entry.to is not None else "")
        known = found.get(key)
        found[key] = entry if known is None else replace(known, bounds=known.bounds.joined(entry.bounds))
    return tuple(found[key] for key in sorted(found))


def condition(reach: Reach, table: str = "") -> exp.Expr:
    """Return the condition that a row of this reach meets."""
    before = _compared(exp.LT, reach.clock, reach.bounds.after, reach.bounds.after_at, table)
    if not reach.level:
        return exp.and_(
            _compared(exp.GTE, reach.clock, reach.bounds.first, reach.bounds.first_at, table), before, copy=False
        )
    if reach.to is None:
        return before
    unended = exp.Is(this=sql.name(reach.to.name, table), expression=exp.null())
    over = _compared(exp.GTE, reach.to, reach.bounds.first, reach.bounds.first_at, table)
    return exp.and_(before, exp.or_(unended, over, copy=False), copy=False)


def earlier(clock: ColumnRef, bounds: Bounds) -> exp.Expr:
    """Return the condition that a clock lies before the bounds."""
    return _compared(exp.LT, clock, bounds.first, bounds.first_at, "")


def inside(entries: Iterable[Reach], months: Sequence[str] = ()) -> exp.Expr | None:
    """Return the condition that a row of one of these meets; None when there are none.

    ``months`` are the partitions of the files that may hold such a row: by conditions on several clocks no engine
    leaves a file aside, by its partition every engine does.
    """
    parts = [condition(entry) for entry in joined(entries)]
    if not parts:
        return None
    here = [exp.In(this=sql.name(PARTITION), expressions=[sql.literal(month) for month in months])] if months else []
    return exp.and_(*here, exp.or_(*parts, copy=False), copy=False) if here else exp.or_(*parts, copy=False)


def files(entries: Iterable[Reach]) -> dict[str, Within]:
    """Return by table which rows are asked for, for leaving whole files aside."""
    found: dict[str, list[list[Asked]]] = {}
    for entry in joined(entries):
        first, after = _edges(entry.clock, entry.bounds)
        asked = [Asked(entry.clock.name, None if entry.level else first, after)]
        if entry.to is not None:
            ended, _ = _edges(entry.to, entry.bounds)
            asked.append(Asked(entry.to.name, ended, None, empty=True))
        found.setdefault(entry.table, []).append(asked)
    return dict(found)


def partitions(files_of_table: Iterable[str]) -> tuple[str, ...]:
    """Return the months in whose partitions files lie, by their addresses; nothing where one lies in none."""
    parts = [uri.rpartition(f"/{PARTITION}=")[2].partition("/")[0] for uri in files_of_table if f"/{PARTITION}=" in uri]
    return tuple(sorted(set(parts)))


def instant(moment: datetime) -> exp.Expr:
    """Return a UTC instant as a literal."""
    return exp.cast(exp.Literal.string(moment.isoformat(sep=" ", timespec="seconds")), "timestamptz")


def _compared(how: type[exp.Binary], column: ColumnRef, day: date, moment: datetime, table: str) -> exp.Expr:
    edge = instant(moment) if column.type == "instant" else sql.literal(day)
    return how(this=sql.name(column.name, table), expression=edge)


def _edges(column: ColumnRef, bounds: Bounds) -> tuple[date | datetime, date | datetime]:
    return (bounds.first_at, bounds.after_at) if column.type == "instant" else (bounds.first, bounds.after)


def _bounds(first: date, after: date, zone: str) -> Bounds:
    place = ZoneInfo(zone)
    first_at, after_at = (datetime.combine(day, time.min, place).astimezone(UTC) for day in (first, after))
    return Bounds(first, after, first_at, after_at)
