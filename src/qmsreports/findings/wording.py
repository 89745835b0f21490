"""Numbers, dates and counts in the words of a finding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import overload

from qmsreports.language import say, spoken
from qmsreports.language.calendar import kind, named

DECIMALS = {
    "percent": 1,
    "points": 0,
    "per_1000": 1,
    "ppm": 0,
    "hours": 1,
    "minutes": 0,
    "days": 1,
    "count": 0,
    "score": 2,
    "ratio": 3,
}
"""Decimals of a number that was measured, by its unit, in sentences and in every table of a pack."""
_WHOLE = 10_000  # from here on no decimals
_NOUNS = {"half": "half-year", "part": "period"}


@dataclass(frozen=True, slots=True)
class PeriodDays(Sequence[date]):
    """First days of the points of a series, which know the periods they begin: ``2026-Q3``, ``FY2027``."""

    days: Sequence[date]
    periods: Mapping[date, str]

    @overload
    def __getitem__(self, place: int) -> date: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[date]: ...
    def __getitem__(self, place: int | slice) -> date | Sequence[date]:
        return self.days[place]

    def __len__(self) -> int:
        return len(self.days)

    def __iter__(self) -> Iterator[date]:
        return iter(self.days)


def quantity(value: float | None, unit: str = "") -> str:
    """Return a number with its unit, to one decimal in percent and otherwise to three or four digits.

    ``quantity(92.84, "percent")`` is ``92.8 %``, ``quantity(95.0, "percent")`` ``95 %``, ``quantity(0.00012)`` itself.
    """
    if value is None:
        return say("series.no_value")
    size = abs(value)
    if unit == "percent":
        decimals = 1
    elif size == 0 or size >= 1000:
        decimals = 0
    else:
        decimals = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return _with_unit(text if text.strip("-0.,") else "0", unit)


def measured(value: float | None, unit: str = "") -> str:
    """Return a number that was measured or computed, as the pack prints it: ``98.0 %`` around which values vary.

    Beside it ``quantity`` is for what a person set, ``95 %``. What they would wipe out keeps two digits (0.004 %).
    """
    if value is None or not unit:
        return quantity(value, unit)
    size = abs(value)
    decimals = DECIMALS.get(unit, 0) if size < _WHOLE else 0
    if 0 < size < 10**-decimals:
        text = f"{value:.{min(8, 1 - math.floor(math.log10(size)))}f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:,.{decimals}f}"
    return _with_unit(text if text.strip("-0.,") else text.removeprefix("-"), unit)


def _with_unit(text: str, unit: str) -> str:
    text = spoken().written(text)
    if not unit:
        return text
    if unit in DECIMALS:
        return say(f"unit.{unit}.quantity", number=text)
    return say("unit.other.quantity", number=text, unit=unit)


def interval_noun(days: Sequence[date]) -> str:
    """Return what lies between two points: ``month``, ``quarter``, ``year``, ``week`` or ``day``, else ``point``."""
    if isinstance(days, PeriodDays):
        what = kind(next(iter(days.periods.values())))
        return _NOUNS.get(what, what)
    gap = min(((later - earlier).days for earlier, later in pairwise(days)), default=30)
    for most, noun in ((1, "day"), (7, "week"), (31, "month"), (92, "quarter"), (366, "year")):
        if gap <= most:
            return noun if gap in (1, 7) or gap > 27 else "point"
    return "point"


def day_name(day: date, days: Sequence[date], case: str = "at") -> str:
    """Return a point's date as a person names it: ``March 2026``, ``the third quarter of 2026``, ``2026``.

    ``case`` says where in a sentence it stands, see :mod:`qmsreports.language.calendar`.
    """
    period = _period(day, days)
    if period:
        return named(period, case)
    return say(f"period.{case}.day", day=_plain_day(day, with_year=True))


def _period(day: date, days: Sequence[date]) -> str:
    """Return the period that a date begins, as the register writes it; empty where it is a day like any other."""
    if isinstance(days, PeriodDays):
        return days.periods[day]
    noun = interval_noun(days)
    if any(each.day != 1 for each in days):
        return ""
    if noun == "year" and day.month == 1:
        return f"{day.year}"
    if noun == "quarter" and all(each.month % 3 == 1 for each in days):
        return f"{day.year}-Q{day.month // 3 + 1}"
    return f"{day.year}-{day.month:02}"


def _plain_day(day: date, *, with_year: bool) -> str:
    number = say("format.first_day") if day.day == 1 else day.day
    facts = {"day": number, "month": spoken().months[day.month - 1], "year": day.year}
    return say("format.whole_day" if with_year else "format.whole_day_of_same_year", **facts)


def span(first: date, last: date, days: Sequence[date], *, ongoing: bool = False) -> str:
    """Return ``March to June 2026``, ``June 2026``, or ``since March 2026`` while it goes on."""
    if first == last:
        return day_name(last, days)
    if ongoing:
        return day_name(first, days, "since")
    return say("series.span", first=_beginning(first, last, days), last=_ending(last, days))


def _beginning(first: date, last: date, days: Sequence[date]) -> str:
    """Return the first of two dates, without the year where both have the same."""
    start, end = _period(first, days), _period(last, days)
    if not start:
        return _plain_day(first, with_year=first.year != last.year)
    year, dash, _ = start.partition("-")
    return named(start, "of_same_year" if dash and end.startswith(f"{year}-") else "to")


def _ending(last: date, days: Sequence[date]) -> str:
    period = _period(last, days)
    return named(period, "to") if period else _plain_day(last, with_year=True)


def count_word(count: int, noun: str = "") -> str:
    """Return ``four months``; in English numbers to twelve in words."""
    words = say("series.number_words").split()
    word = words[count] if count < len(words) else spoken().written(f"{count:,}")
    return say(f"series.count.{noun}", n=count, word=word) if noun else word
