"""The difference between two values of one KPI with its 95 % interval: whether it can be told from chance at all.

Two intervals that overlap do not say that nothing changed; the interval of the difference does. It assumes that the two
values are made of different rows, so values of rolling windows, which share most of theirs, have a difference only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from qmsreports.analysis import quantiles
from qmsreports.analysis.intervals import LEVEL, NONE, Interval, wilson


@dataclass(frozen=True, slots=True)
class Sample:
    """One value as it is recorded: in the KPI's unit, with what it was made of."""

    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    n: int = 0
    parts: Mapping[str, float] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None


def difference(kind: str, before: Sample, after: Sample, *, unit: str = "") -> tuple[float | None, Interval]:
    """Return ``after - before`` in the KPI's unit (percentage points for percent) and its interval.

    ``kind`` and ``unit`` as in the definition:

    - ``ratio`` in percent and ``csat``: Newcombe's hybrid score, where numerator and denominator are counts of ``n``;
    - ``nps``: adjusted Wald;
    - ``mean``, ``duration`` and ``ces``: Welch, from ``parts`` ``deviation`` or ``sum_squares``;
    - what has none of these but an interval on either side (rates of events, percentiles, products, formulas): those
      two put together by :func:`square_and_add`.

    Every other kind has a difference without an interval.
    """
    if before.value is None or after.value is None:
        return None, NONE
    change = after.value - before.value
    shares = kind == "csat" or (kind in ("ratio", "ces") and unit == "percent")
    if shares and (found := _of_shares(before, after)) != NONE:
        return change, found
    if kind == "nps":
        return change, _of_scores(before, after)
    if kind in ("mean", "duration", "ces") and not shares and (found := _of_means(before, after)) != NONE:
        return change, found
    return change, square_and_add(before, after)


def square_and_add(before: Sample, after: Sample) -> Interval:
    """Return the interval of the difference of two independent values from those of both (MOVER, Zou and Donner 2008).

    Newcombe's method for shares is this with Wilson's intervals. 8 (4 to 11) before and 23 (13 to 40) after: 15, down
    by the root of 10 and 3 squared, up by that of 17 and 4 squared: 4.56 to 32.46. None where an end is not known.
    """
    if before.value is None or after.value is None or None in (before.low, before.high, after.low, after.high):
        return NONE
    assert before.low is not None  # for the type checker: all four were just looked at
    assert before.high is not None
    assert after.low is not None
    assert after.high is not None
    change = after.value - before.value
    below = math.hypot(after.value - after.low, before.high - before.value)
    above = math.hypot(after.high - after.value, before.value - before.low)
    return change - below, change + above


def newcombe(before: tuple[float, float], after: tuple[float, float], level: float = LEVEL) -> tuple[float, float]:
    """Return Newcombe's interval (method 10) of the difference of two shares, as fractions.

    48 of 80 before and 56 of 70 after: 0.2 with 0.0524 to 0.3339.
    """
    first, second = before[0] / before[1], after[0] / after[1]
    low_before, high_before = wilson(*before, level)
    low_after, high_after = wilson(*after, level)
    change = second - first
    below = math.hypot(second - low_after, high_before - first)
    above = math.hypot(high_after - second, first - low_before)
    return change - below, change + above


def welch(before: tuple[float, float, int], after: tuple[float, float, int], level: float = LEVEL) -> Interval:
    """Return Welch's interval of the difference of two means, each given as mean, standard deviation and size.

    None for fewer than two values on a side or where neither side varies.
    """
    if before[2] < 2 or after[2] < 2:
        return NONE
    shares = [deviation**2 / size for _, deviation, size in (before, after)]
    if sum(shares) <= 0:
        return NONE
    freedom = sum(shares) ** 2 / sum(
        share**2 / (size - 1) for share, (_, _, size) in zip(shares, (before, after), strict=True)
    )
    half = quantiles.student_t((1 + level) / 2, freedom) * math.sqrt(sum(shares))
    change = after[0] - before[0]
    return change - half, change + half


def _of_shares(before: Sample, after: Sample) -> Interval:
    counts = _counts(before), _counts(after)
    if counts[0] is None or counts[1] is None:
        return NONE
    low, high = newcombe(counts[0], counts[1])
    return 100 * low, 100 * high


def _counts(sample: Sample) -> tuple[float, float] | None:
    above, below = sample.numerator, sample.denominator
    if above is None or not below or not (0 <= above <= below):
        return None
    return (above, below) if float(above).is_integer() and below == sample.n else None


def _of_scores(before: Sample, after: Sample) -> Interval:
    """Return the adjusted-Wald interval: three answers more on each side, as in the interval of one score.

    Between two ends of the scale it would end short of the difference itself: it is drawn out to that.
    """
    centre = variance = change = 0.0
    for sign, sample in ((-1, before), (1, after)):
        if sample.n < 1 or not {"promoters", "detractors"} <= sample.parts.keys():
            return NONE
        size = sample.n + 3
        p, d = (sample.parts["promoters"] + 0.75) / size, (sample.parts["detractors"] + 0.75) / size
        centre += sign * (p - d)
        change += sign * 100 * (sample.parts["promoters"] - sample.parts["detractors"]) / sample.n
        variance += (p + d - (p - d) ** 2) / size
    half = quantiles.normal((1 + LEVEL) / 2) * math.sqrt(variance)
    low, high = max(-200.0, 100 * (centre - half)), min(200.0, 100 * (centre + half))
    return min(change, low), max(change, high)


def _of_means(before: Sample, after: Sample) -> Interval:
    sides = _spread(before), _spread(after)
    return NONE if sides[0] is None or sides[1] is None else welch(sides[0], sides[1])


def _spread(sample: Sample) -> tuple[float, float, int] | None:
    if sample.numerator is None or not sample.denominator or sample.n < 2:
        return None
    mean = sample.numerator / sample.denominator
    deviation = sample.parts.get("deviation")
    if deviation is None:
        if "sum_squares" not in sample.parts:
            return None
        deviation = math.sqrt(max(0.0, sample.parts["sum_squares"] - sample.n * mean * mean) / (sample.n - 1))
    return mean, deviation, sample.n
