"""Time as the statements see it: windows of periods, days of a time zone, open hours of a calendar.

Everything here is computed by Python's zoneinfo from the organisation's zone and handed to the engine as numbers, so
every engine gives the same answer and none needs time zone data of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from math import gcd
from zoneinfo import ZoneInfo

from qmsreports.fiscal import CALENDAR, FiscalYear
from qmsreports.kpi.plan import Rolling
from qmsreports.period import Period

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_WEEK = 7 * 86400
_LENGTH = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One month that the value of a period covers; ``ends_worked`` is the calendar's open time up to the end."""

    period: str
    month: int
    ends_on: date
    ends_at: datetime
    ends_worked: float | None = None

    def worked(self, seconds: float | None) -> WindowRow:
        """Return the row with the calendar's open seconds up to its end."""
        return replace(self, ends_worked=seconds)


def month_number(day: date) -> int:
    """Return 12 x year + month: October 2026 is 24322."""
    return day.year * 12 + day.month


def covered(period: Period, window: Rolling | None) -> range:
    """Return the numbers of the months that the value of a period is made of.

    ``{last: 12, of: month}`` of 2026-10: November 2025 to October 2026. ``{to_date: year}``: January to October 2026,
    or with a fiscal year from July on July to October; never less than the period itself. Where months are made of
    weeks, they are numbered by the fiscal year and are all that a window of theirs can be made of; a calendar month
    under such a fiscal year counts from the first day of the calendar month in which that year begins.
    """
    number = _number(period.of)
    last = number(period.last_day)
    if window is None:
        return range(number(period.start), last + 1)
    if window.last == 0:
        of = _year_of(period, window)
        begun = number(Period.containing(period.last_day, window.kind, of).start)
        return range(min(begun, number(period.start)), last + 1)
    return range(last - window.last * _LENGTH[window.kind] + 1, last + 1)


def _year_of(period: Period, window: Rolling) -> FiscalYear:
    """Return the year of which a window counts what is over: that of a fiscal period itself, else the window's own."""
    if period.of.weeks or (period.of != CALENDAR and not window.calendar):
        return period.of
    return replace(window.of, weeks="") if window.of.weeks else window.of


def _number(of: FiscalYear) -> Callable[[date], int]:
    return of.month_of if of.weeks else month_number


def days_of(period: Period, months: range) -> tuple[date, date]:
    """Return the days ``[first, after)`` of months as :func:`covered` numbers them for a period."""
    shift = 0 if period.of.weeks else 1
    of = period.of if period.of.weeks else CALENDAR
    return of.first_day(months[0] - shift), of.first_day(months[-1] + 1 - shift)


@lru_cache(maxsize=4096)  # asked for each KPI and each of its periods
def touching(period: Period, window: Rolling | None) -> range:
    """Return the numbers of the calendar months that share a day with what the value of a period is made of."""
    first, after = days_of(period, covered(period, window))
    return range(month_number(first), month_number(after - _DAY) + 1)


@lru_cache(maxsize=64)  # most KPIs of a measurement are asked for the same periods
def windows(
    periods: tuple[Period, ...], window: Rolling | None, zone: str, *, ends_only: bool = False
) -> tuple[WindowRow, ...]:
    """Return the rows of the ``windows`` relation; with ``ends_only`` the last month of each period alone."""
    rows = []
    for period in periods:
        name, ends_on, ends_at = str(period), period.end, period.utc_bounds(zone)[1]
        months = covered(period, window)
        rows += [WindowRow(name, month, ends_on, ends_at) for month in (months[-1:] if ends_only else months)]
    return tuple(rows)


@lru_cache(maxsize=16)
def offsets(zone: str, until: int) -> tuple[tuple[int, int], ...]:
    """Return ``(second since 1970, offset in seconds)`` of every change of a zone's UTC offset up to a year's end.

    Found by looking at every week and closing in on the second, because zoneinfo does not tell its changes. No zone has
    changed and changed back within a week since 1970: with days instead, all zones up to 2040 give the same changes.
    """
    place = ZoneInfo(zone)

    def offset(second: int) -> timedelta:
        return datetime.fromtimestamp(second, place).utcoffset() or timedelta()

    found = [(0, offset(0))]
    end = int((datetime(until + 1, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
    at, known = datetime.fromtimestamp, found[0][1]
    for start in range(0, end, _WEEK):
        if at(start + _WEEK, place).utcoffset() == known:  # three thousand weeks, of which a hundred end here
            continue
        low, high = start, start + _WEEK
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == found[-1][1] else (low, middle)
        known = offset(high)
        found.append((high, known))
    return tuple((second, int(known.total_seconds())) for second, known in found)


@dataclass(frozen=True)
class OpenTime:
    """Open stretches of a calendar in equal slots; a slot is ``length`` seconds and counted since 1970.

    Stretch ``i`` covers the slots ``[begins[i], ends[i])`` of the known ones ``[first, after)``. No opening or closing
    lies inside a slot, so the open seconds up to any instant ``t`` are ``worked[slot] + open[slot] * (t - starts)``.
    """

    calendar: str
    length: int
    first: int
    after: int
    begins: tuple[int, ...]
    ends: tuple[int, ...]

    def at(self, moment: datetime) -> float | None:
        """Return the open seconds from the first slot up to an instant, ``None`` outside the slots."""
        place = (moment - _EPOCH).total_seconds() / self.length
        if not self.first <= place < self.after:
            return None
        over = bisect_right(self.ends, place)  # stretches that are over by then; the next one may be open
        open_slots: float = self._until[over]
        if over < len(self.begins):
            open_slots += max(0.0, place - self.begins[over])
        return open_slots * self.length

    @cached_property
    def _until(self) -> tuple[int, ...]:
        """Open slots before each stretch, and at last of all."""
        lengths = (end - begin for begin, end in zip(self.begins, self.ends, strict=True))
        return tuple(accumulate(lengths, initial=0))


def open_time(
    calendar: str, intervals: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime
) -> OpenTime:
    """Lay the open intervals of a calendar (UTC, in order, apart) out in slots that cover ``[start, end]``.

    The slot is as long as the edges allow: an hour or a quarter of it for most desks, a minute for odd ones.
    """
    begins = [_seconds(opens) for opens, _ in intervals]
    ends = [_seconds(closes) for _, closes in intervals]
    length = gcd(3600, *begins, *ends)
    return OpenTime(
        calendar=calendar,
        length=length,
        first=_seconds(start) // length,
        after=_seconds(end) // length + 1,
        begins=tuple(begin // length for begin in begins),
        ends=tuple(end // length for end in ends),
    )


def _seconds(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds())
