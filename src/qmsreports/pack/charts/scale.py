"""Scales: from values and dates to places, and the round numbers and months that are written beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from qmsreports.pack.charts.style import ChartWords

Bounds = tuple[float | None, float | None]

_POSSIBLE: dict[str, Bounds] = {
    "percent": (0.0, 100.0),
    "points": (-100.0, 100.0),
    "per_1000": (0.0, None),
    "ppm": (0.0, None),
    "hours": (0.0, None),
    "minutes": (0.0, None),
    "days": (0.0, None),
    "count": (0.0, None),
}


def possible_range(unit: str, values: Iterable[float]) -> Bounds:
    """Return the values a unit can take, None where it is open.

    A bound that the data breaks (an OEE of 104 %) is no bound.
    """
    low, high = _POSSIBLE.get(unit, (None, None))
    seen = list(values)
    if low is not None and any(value < low for value in seen):
        low = None
    if high is not None and any(value > high for value in seen):
        high = None
    return low, high


def clipped(value: float, bounds: Bounds) -> float:
    """Return the value moved into the possible range: limits are printed no further than values can go."""
    low, high = bounds
    if low is not None:
        value = max(value, low)
    return value if high is None else min(value, high)


@dataclass(frozen=True, slots=True)
class Domain:
    """The stretch of values that an axis shows."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float], bounds: Bounds = (None, None), margin: float = 0.07) -> Domain:
        """Return a domain that holds all values with a little air, and no air beyond what is possible.

        Equal values get a domain around them; no values at all give 0 to 1.
        """
        seen = [value for value in values if math.isfinite(value)]
        if not seen:
            return cls(0.0, 1.0)
        low, high = min(seen), max(seen)
        size = max(abs(low), abs(high))
        if high - low <= 1e-9 * size or high == low:
            reach = size * 0.05 or 1.0
            low, high = low - reach, high + reach
        else:
            air = (high - low) * margin
            low, high = low - air, high + air
        return cls(clipped(low, bounds) if min(seen) > low else low, clipped(high, bounds))._with_width(bounds)

    def _with_width(self, bounds: Bounds) -> Domain:
        if self.high > self.low:
            return self
        floor, ceiling = bounds  # everything sits on a bound: open the other way
        if ceiling is not None and self.high >= ceiling:
            return Domain(ceiling - (abs(ceiling) * 0.05 or 1.0), ceiling)
        low = self.low if floor is None else floor
        return Domain(low, low + (abs(low) * 0.05 or 1.0))

    def place(self, bottom: float, top: float) -> Callable[[float], float]:
        """Return the function from a value to its height between ``bottom`` and ``top``."""
        factor = (top - bottom) / (self.high - self.low)
        return lambda value: bottom + (value - self.low) * factor


@dataclass(frozen=True, slots=True)
class Numbers:
    """How the numbers of one chart are written: shortened by ``factor`` (named ``magnitude``), with these decimals."""

    words: ChartWords
    factor: float
    magnitude: str
    decimals: int  # of ticks
    finer: int  # of computed numbers
    exponent: bool = False
    counts: bool = False  # a whole number of cases has no decimals, whatever is written beside it

    def caption(self, unit: str) -> str:
        """Return what stands above the axis: ``%``, ``EUR billions``; empty for plain numbers."""
        return " ".join(part for part in (self.words.unit(unit), self.magnitude) if part)

    def tick(self, value: float) -> str:
        """Return a number on the axis."""
        return self._write(value, self.decimals)

    def exact(self, value: float) -> str:
        """Return a number that somebody set, such as a target, in full (up to six digits).

        A small one is no finer than what is computed beside it, so that it does not end in ten decimals.
        """
        scaled = abs(value / self.factor)
        decimals = 6 if scaled == 0 else max(0, 5 - math.floor(math.log10(scaled)))
        if scaled < 1e-3 and not self.exponent:
            decimals = min(decimals, max(6, self.finer))
        return self._write(value, min(decimals, 10), trim=True)

    def reading(self, value: float) -> str:
        """Return a number that was computed, a fifth of a step fine: with ticks at 92 and 94 it is 92.8."""
        return self._write(value, 0 if self.counts and value == round(value) else self.finer)

    def _write(self, value: float, decimals: int, *, trim: bool = False) -> str:
        scaled = value / self.factor
        if self.exponent:
            digits, _, power = f"{scaled:.{min(5, max(0, decimals))}e}".partition("e")
            if trim and "." in digits:
                digits = digits.rstrip("0").rstrip(".")
            text = f"{digits}e{int(power)}"
        else:
            text = f"{scaled:,.{decimals}f}"
        if trim and "." in text and not self.exponent:
            text = text.rstrip("0").rstrip(".")
        if not any(digit in text for digit in "123456789"):
            text = text.removeprefix("-")
        swap = {",": self.words.thousands, ".": self.words.decimal, "-": "\u2212"}
        return "".join(swap.get(character, character) for character in text)


_DECIMALS = {"percent": 1, "per_1000": 1, "hours": 1, "days": 1, "score": 2, "ratio": 3}  # as in the tables of a pack


def numbers_for(domain: Domain, step: float, words: ChartWords, unit: str = "") -> Numbers:
    """Return how to write the numbers of an axis with this step; computed ones as finely as their unit is printed.

    From ten million on numbers are written in millions, billions or trillions and the unit says so; only where a step
    takes more than seven decimals they get an exponent: 0.000098 in the text is 0.000098 beside its chart.
    """
    size = max(abs(domain.low), abs(domain.high))
    factor, magnitude = 1.0, ""
    for limit, divisor, name in ((1e12, 1e12, words.trillions), (1e9, 1e9, words.billions), (1e7, 1e6, words.millions)):
        if size >= limit:
            factor, magnitude = divisor, name
            break
    scaled = step / factor
    if scaled < 1e-7:
        apart = max(0, math.floor(math.log10(size)) - math.floor(math.log10(scaled) + 1e-9))
        return Numbers(words, factor, magnitude, apart, apart + 1, exponent=True)
    decimals = max(0, -math.floor(math.log10(scaled) + 1e-9))
    usual = _DECIMALS.get(unit, 0) if factor == 1.0 and size < 1000 else 0
    finer = max(usual, math.ceil(-math.log10(scaled / 5) - 1e-9))
    return Numbers(words, factor, magnitude, decimals, finer, counts=unit == "count" and factor == 1.0)


def ticks(domain: Domain, most: int, unit: str = "") -> tuple[float, list[float]]:
    """Return a step and its multiples inside the domain: at most ``most``, and at least two where that is possible.

    Steps are 1, 2, 2.5 or 5 times a power of ten; 2.5 only from 25 on, so that it needs no extra decimal. Counts have
    no step under 1 where the axis holds two whole numbers: nothing lies at half a case.
    """
    span = domain.high - domain.low
    if unit == "count" and span < most and len(whole := _whole(domain)) > 1:
        return 1.0, whole
    power = math.floor(math.log10(span / max(1, most)))
    for exponent in (power, power + 1):
        for base in (1.0, 2.0, 2.5, 5.0):
            step = base * 10.0**exponent
            if base == 2.5 and exponent < 1:
                continue
            first, last = math.ceil(domain.low / step - 1e-9), math.floor(domain.high / step + 1e-9)
            if last - first + 1 <= most:
                return step, [index * step for index in range(first, last + 1)]
    raise AssertionError("a power of ten above the span always fits")


def _whole(domain: Domain) -> list[float]:
    """Return the whole numbers inside the domain."""
    return [float(number) for number in range(math.ceil(domain.low - 1e-9), math.floor(domain.high + 1e-9) + 1)]


def month_place(day: date) -> float:
    """Return a date in months, so that months of 28 and 31 days are equally wide."""
    return day.year * 12 + day.month - 1 + (day.day - 1) / 31


def day_label(day: date, rhythm: str, words: ChartWords) -> str:
    """Return a date for the axis: ``Oct 26``, ``Q3 26``, ``2026``, ``9 Mar``."""
    if rhythm == "year":
        return f"{day.year}"
    if rhythm == "quarter":
        return f"{words.quarter}{(day.month + 2) // 3} {day.year % 100:02}"
    if rhythm == "month":
        return f"{words.months[day.month - 1]} {day.year % 100:02}"
    return f"{day.day} {words.months[day.month - 1]} {day.year % 100:02}"


def rhythm_of(days: Sequence[date]) -> str:
    """Return ``year``, ``quarter``, ``month`` or ``day``: what the points of a series stand for."""
    if any(day.day != 1 for day in days):
        return "day"
    steps = {round(month_place(b) - month_place(a)) for a, b in pairwise(days)}
    if steps and all(step % 12 == 0 for step in steps) and days[0].month == 1:
        return "year"
    if steps and all(step % 3 == 0 for step in steps) and days[0].month % 3 == 1:
        return "quarter"
    return "month"
