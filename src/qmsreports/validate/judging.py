"""Verdicts on a delivery as a whole, from its evidence alone: age, volume, mix, and sums held against another source.

They are plain functions of the evidence, so that a table of which nothing new came can be judged without the library.
Each returns whether the rule holds and what was seen, in words.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qmsreports.validate.evidence import Evidence

Verdict = tuple[bool, str]

_YEAR = 52
"""Weeks after which the same weekdays and nearly the same days of the year come again."""
_Z = 3.0902323061678132
"""Standard normal quantile of 0.999: chance alone breaks the rule on a mix once in a thousand looks."""
_SHOWN = 5
"""Lost days that a verdict names."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def newest(now: Evidence, column: str, days: float) -> Verdict:
    """Whether the newest value of a column, new and published rows together, is at most ``days`` old."""
    found = now.newest(column)
    if found is None:
        return False, f"no {_words(column)} up to {now.as_of:%Y-%m-%d}"
    age = (now.as_of - found) / timedelta(days=1)
    return age <= days, f"newest {_words(column)} is {found:%Y-%m-%d}, {max(age, 0):.0f} days old"


# --- volume ----------------------------------------------------------------------------------------------------------
def volume(
    now: Evidence,
    column: str,
    weeks: int,
    at_least: float,
    at_most: float,
    *,
    season: bool = False,
    loss: float | None = None,
) -> Verdict:
    """Whether the last seven days lie between ``at_least`` and ``at_most`` times the median of the ``weeks`` before.

    The median keeps a single strange week from moving the band. With ``season`` it is multiplied by what the same weeks
    were a year ago to the weeks before them: the usual 100 times 40/80 expects 50 in August when last August was half
    as busy as the weeks before it. Holds while history is shorter than half of ``weeks``. Where most weeks have no
    row, no share of the median means anything: the fullest of them takes its place, for ``at_most`` alone.
    A part of the rows that is lost, and ``loss`` is the share from which on, is looked for by :func:`lost`.
    """
    days = now.daily(column, _YEAR + 1 + weeks if season else weeks)
    *before, last = [sum(week) for week in days] or [0]
    before = _since_first(before)
    recent = before[-weeks:]
    if len(recent) < weeks / 2:
        return True, f"{last} rows in the last week, {len(recent)} weeks of history"
    usual = statistics.median(recent)
    if not usual:
        most = max(recent)
        return not most or last <= most * at_most, f"{last} rows in the last week, usually none, {most} at most"
    factor = _season(before, weeks) if season else 1.0
    expected = usual * factor
    said = f"{last} rows in the last week, usually {usual:g}"
    if factor != 1:
        said += f", {expected:.3g} at this time of the year"
    if not expected * at_least <= last <= expected * at_most:
        return False, said
    missing = "" if loss is None else lost(days, _open_days(now, column, len(days)), weeks, loss)
    return not missing, missing or said


def lost(days: Sequence[Sequence[int]], open_days: Sequence[Sequence[bool]], weeks: int, share: float) -> str:
    """Say how much less came on the working days of the last week than usual; nothing where that is nothing unusual.

    Rows of each day by week, oldest first, and which days count: no public holiday, nor the newest, which may go on.
    A week is held against the medians of its weekdays in the ``weeks`` before: 70 of 5 times 20 are 0.7 of usual. It
    fails below all of three: ``1 - share``; four robust standard deviations (1.4826 times the median deviation) of the
    earlier weeks' own shares, so that what varies anyway raises no alarm; and four of chance, 1 - 4 / sqrt(expected):
    0.6 of 100 rows. A year ago's share of usual is allowed for where there is one.
    """
    end = len(days) - 1
    begun = next((week for week, rows in enumerate(days) if any(rows)), end) + 1  # the first one is seldom whole
    recent = _usual(days, open_days, range(max(begun, end - weeks), end))
    if len(recent.weeks) < weeks / 2 or not recent.expected(end):
        return ""
    ago = end - _YEAR
    year = _usual(days, open_days, range(max(begun, ago - 1 - weeks), ago - 1))
    known = len(year.weeks) >= weeks / 2
    then = [year.share(week) for week in range(ago - 1, ago + 2) if year.expected(week)] if known else []
    season = min(max(statistics.median(then), 0.25), 4.0) if then else 1.0
    shares = [recent.share(week) for week in recent.weeks if recent.expected(week)]
    middle = statistics.median(shares)
    spread = 1.4826 * statistics.median(abs(one - middle) for one in shares)
    expected = recent.expected(end) * season
    found = recent.share(end) / season
    if found >= min(1 - share, 1 - 4 * spread, 1 - 4 / math.sqrt(expected)):
        return ""
    rows = round(found * expected)
    return f"{rows} rows on the working days of the last week, {expected:.3g} expected: {100 * (1 - found):.0f} % less"


@dataclass(frozen=True, slots=True)
class _Usual:
    """What the weekdays of some ``weeks`` usually had; ``medians`` of each of the seven days."""

    days: Sequence[Sequence[int]]
    open_days: Sequence[Sequence[bool]]
    weeks: range
    medians: Sequence[float]

    def expected(self, week: int) -> float:
        """Return what the open days of a week would have together."""
        return sum(usual for usual, open_ in zip(self.medians, self.open_days[week], strict=True) if open_)

    def share(self, week: int) -> float:
        """Return what they had, as a share of it."""
        rows = sum(count for count, open_ in zip(self.days[week], self.open_days[week], strict=True) if open_)
        return rows / self.expected(week)


def _usual(days: Sequence[Sequence[int]], open_days: Sequence[Sequence[bool]], weeks: range) -> _Usual:
    same = [[days[week][day] for week in weeks if open_days[week][day]] for day in range(7)]
    return _Usual(days, open_days, weeks, [statistics.median(rows or [0]) for rows in same])


def _open_days(now: Evidence, column: str, weeks: int) -> list[list[bool]]:
    """Return of each day, by week, whether it is one that can be held against others of its weekday."""
    last = now.last_days(column)
    found = [[not now.day_off(day - timedelta(weeks=back)) for day in last] for back in range(weeks - 1, -1, -1)]
    if found:
        found[-1][-1] = False
    return found


def _season(before: Sequence[int], weeks: int) -> float:
    """Return the three weeks around this one a year ago over the median of the weeks before them; 1 without a year."""
    if len(before) < _YEAR + 1 + weeks / 2:
        return 1.0
    then = statistics.median(before[-_YEAR - 1 : -_YEAR + 2])
    usual = statistics.median(before[-_YEAR - 1 - weeks : -_YEAR - 1])
    return min(max(then / usual, 0.25), 4.0) if usual else 1.0


def weekdays(now: Evidence, column: str, weeks: int, at_least: float, at_most: float, from_rows: int) -> Verdict:
    """Whether each of the six days before the newest one, which may still go on, is like the same weekdays of the
    ``weeks`` before.

    A day fails when it lies outside ``at_least`` and ``at_most`` times the median of its weekday, that median is at
    least ``from_rows``, and no such weekday of the history was further out; on a day off few rows are no loss, and an
    earlier one is no measure. A Tuesday of 3 rows fails where Tuesdays have 40 and the quietest one had 20, and passes
    where one had 0.
    """
    *before, last = now.daily(column, weeks) or [()]
    before = before[next((at for at, week in enumerate(before) if any(week)), len(before)) :]
    if len(before) < weeks / 2:
        return True, f"{len(before)} weeks of history"
    strange = []
    for place, (day, count) in enumerate(zip(now.last_days(column)[:-1], last[:-1], strict=True)):
        dates = (day - timedelta(weeks=back) for back in range(len(before), 0, -1))
        same = [week[place] for week, date in zip(before, dates, strict=True) if not now.day_off(date)]
        if not same:
            continue
        usual = statistics.median(same)
        low, high = min(usual * at_least, min(same)), max(usual * at_most, max(same))
        strayed = count > high or (count < low and not now.day_off(day))
        if usual >= from_rows and strayed:
            strange.append(f"{count} rows on {_WEEKDAYS[day.weekday()]} {day:%Y-%m-%d}, usually {usual:g}")
    return not strange, "; ".join(strange) or f"{sum(last)} rows in the last week, each day as usual"


def _since_first(counts: Sequence[int]) -> list[int]:
    """Weeks before the first row are no history."""
    first = next((at for at, count in enumerate(counts) if count), len(counts))
    return list(counts[first:])


# --- mix of categories -----------------------------------------------------------------------------------------------
def categories(now: Evidence, column: str, by: str, days: int, stretches: int, at_most: float) -> Verdict:
    """Whether the mix of a column in the last ``days`` is that of the ``stretches`` before.

    The measure is the population stability index, sum of (p - q) ln(p / q) over the categories, p the share now and q
    the share in history, each count raised by one half so that a new or vanished category has a share. It breaks the
    rule when it is above all of three: ``at_most`` (the effect: 0.1 is a moderate shift, 0.25 a large one); what chance
    alone gives once in a thousand (chi-square quantile of k - 1 degrees times 1/n + 1/m); and the second greatest that
    one of the earlier stretches had against the others, so that what comes and goes here anyway raises no alarm.

    >>> round(stability({"a": 60, "b": 60, "c": 80}, {"a": 500, "b": 300, "c": 200}), 3)
    0.239
    """
    counted = now.mix(column, by, days, stretches)
    *before, last = counted or [{}]
    before = before[next((at for at, window in enumerate(before) if window), len(before)) :]
    if len(before) < max(stretches / 2, 2) or not last:
        return True, f"{len(before)} stretches of {days} days of history"
    found = stability(last, _together(before))
    seen = sorted(
        (stability(each, _together([*before[:at], *before[at + 1 :]])) for at, each in enumerate(before)), reverse=True
    )
    limit = max(at_most, _by_chance(last, _together(before)), seen[1])
    said = f"{_words(column)} shifted by {found:.3f}, {limit:.3f} at most is usual"
    return found <= limit, said if found <= limit else f"{said}: {_most_moved(last, _together(before))}"


def stability(now: Mapping[str, int], before: Mapping[str, int]) -> float:
    """Return the population stability index of two tables of counts."""
    shares = _shares(now, before)
    return sum((p - q) * math.log(p / q) for p, q in shares.values())


def _shares(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    names = sorted({*now, *before})
    whole, whole_before = (sum(counts.values()) + len(names) / 2 for counts in (now, before))
    return {name: ((now.get(name, 0) + 0.5) / whole, (before.get(name, 0) + 0.5) / whole_before) for name in names}


def _by_chance(now: Mapping[str, int], before: Mapping[str, int]) -> float:
    """Return the index that chance alone exceeds once in a thousand; the quantile after Wilson and Hilferty."""
    degrees = max(len({*now, *before}) - 1, 1)
    part = 2 / (9 * degrees)
    quantile = degrees * (1 - part + _Z * math.sqrt(part)) ** 3
    return quantile * (1 / max(sum(now.values()), 1) + 1 / max(sum(before.values()), 1))


def _together(windows: Sequence[Mapping[str, int]]) -> dict[str, int]:
    names = sorted({name for window in windows for name in window})
    return {name: sum(window.get(name, 0) for window in windows) for name in names}


def _most_moved(now: Mapping[str, int], before: Mapping[str, int]) -> str:
    shares = _shares(now, before)
    apart = {name: round(abs(p - q), 9) for name, (p, q) in shares.items()}
    moved = sorted(shares, key=lambda name: (-apart[name], name))[:2]
    said = [(name, *(100 * share for share in shares[name])) for name in moved]
    return ", ".join(f"{name} {share:.3g} % now, {earlier:.3g} % before" for name, share, earlier in said)


# --- sums of two sources ---------------------------------------------------------------------------------------------
def totals(
    now: Evidence,
    column: str,
    by: str,
    other: tuple[str, str, str],
    *,
    days: int,
    at_least: float,
    at_most: float,
    from_rows: int,
    where: Mapping[str, Sequence[str]],
    other_where: Mapping[str, Sequence[str]],
) -> Verdict:
    """Whether the sum of ``column`` lies between ``at_least`` and ``at_most`` times the other table's sum.

    ``other`` is its name, the column it adds up and the column of its days. Both are added up over the same ``days``,
    which end on the older of the two newest days: a source that is late is the rule on age's business. Holds while one
    side has fewer than ``from_rows`` rows there. 980 delivered of 1,000 ordered hold with ``at_least`` 0.97.
    """
    found = now.totals(column, by, other, days=days, where=where, other_where=other_where)
    if found is None or min(found.rows, found.other_rows) < from_rows:
        return True, f"fewer than {from_rows} rows to compare"
    said = (
        f"{found.total:,.10g} {_words(column)} against {found.other_total:,.10g} {_words(other[1])} of "
        f"{_words(other[0])}, {found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}"
    )
    return found.other_total * at_least <= found.total <= found.other_total * at_most, said


def days_covered(
    now: Evidence, column: str, other: tuple[str, str], *, days: int, from_rows: int, where: Mapping[str, Sequence[str]]
) -> Verdict:
    """Whether each of the last ``days`` on which another table has at least ``from_rows`` rows has a row here.

    ``other`` is its name and the column of its days; ``where`` tells which of its rows count. A lost day is lost in a
    sum of months, and a day of 40 operations without one shift is not. Days that are off in any calendar are passed
    over: one site works while another rests.
    """
    found = now.rows_by_day(column, *other, days=days, other_where=where)
    if found is None:
        return True, "no days to compare"
    own, others = found
    busy = sorted(day for day, rows in others.items() if rows >= from_rows and not now.day_off(day))
    lost = [day for day in busy if day not in own]
    told = ", ".join(f"{day:%Y-%m-%d} ({others[day]} rows of {_words(other[0])})" for day in lost[:_SHOWN])
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    said = f"no row on {told}{more}" if lost else f"a row on each of {len(busy)} days"
    return not lost, said


def _words(column: str) -> str:
    return column.replace("_", " ")
