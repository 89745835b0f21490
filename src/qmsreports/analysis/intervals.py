"""95 % intervals around single KPI values: how far chance alone could have moved the number.

Every method is named and standard. An interval is only given where its assumption can hold; ``(None, None)`` is an
honest answer (a ratio of two sums of money has no Wilson interval).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from qmsreports.analysis import quantiles

Interval = tuple[float | None, float | None]
NONE: Interval = (None, None)
LEVEL = 0.95
FEWEST_ROWS = 10
"""Rows from which on the logarithm of a ratio of amounts is near enough to a bell curve."""

SCALE: Mapping[str, float] = MappingProxyType({"percent": 100.0, "per_1000": 1000.0, "ppm": 1_000_000.0})


def wilson(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson score interval of a share, as fractions.

    960 of 1200: 0.776 to 0.822; 18 of 20: 0.699 to 0.972; 20 of 20: 0.839 to 1.
    """
    z = _z(level)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)  # exact at the ends, whatever the rounding
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def adjusted_wald_nps(promoters: float, detractors: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Adjusted-Wald interval of a net promoter score, in points from -100 to 100.

    Three answers are added, three quarters of one to either end (Bonett and Price; Sauro), so the centre is drawn
    towards zero. Of 100 answers 60 promoters and 15 detractors: 43.7 +- 14.3, so 29.4 to 58.0. That of a single answer
    would end short of the score itself, at 98.5 of 100; it is drawn out to the score, which is no less possible.
    """
    size = n + 3
    p, d = (promoters + 0.75) / size, (detractors + 0.75) / size
    half = _z(level) * math.sqrt((p + d - (p - d) ** 2) / size)
    score = 100 * (promoters - detractors) / n
    return min(score, max(-100.0, 100 * (p - d - half))), max(score, min(100.0, 100 * (p - d + half)))


def mean_t(mean: float, deviation: float, n: int, level: float = LEVEL) -> Interval:
    """Student's t interval of a mean from the sample's standard deviation (divisor n - 1).

    Mean 5, deviation 2, n 5: 5 +- 2.776 x 2 / sqrt(5) = 2.52 to 7.48. None for fewer than two values.
    """
    if n < 2:
        return NONE
    half = quantiles.student_t((1 + level) / 2, n - 1) * deviation / math.sqrt(n)
    return mean - half, mean + half


def percentile_ranks(n: int, share: float, level: float = LEVEL) -> tuple[int, int] | None:
    """Return the 1-based ranks of the two ordered values that enclose a percentile; no shape is assumed.

    The number of values below the percentile is binomial(n, share). Each rank leaves at most half of ``1 - level`` on
    its side, so the interval holds at least ``level``; None where the sample is too small for two such ranks.

    Median of 10 values: ranks 2 and 9 (97.9 %); 90th percentile of 20: None, of 100: ranks 84 and 96.
    """
    tail = (1 - level) / 2
    low = _largest(n, lambda rank: quantiles.binomial_at_most(rank - 1, n, share) <= tail)
    high = _smallest(n, lambda rank: 1 - quantiles.binomial_at_most(rank - 1, n, share) <= tail)
    return None if low is None or high is None else (low, high)


def percentile_interval(values: Sequence[float], share: float, level: float = LEVEL) -> Interval:
    """Distribution-free interval of a percentile of these values, see :func:`percentile_ranks`."""
    ranks = percentile_ranks(len(values), share, level)
    if ranks is None:
        return NONE
    ordered = sorted(values)
    return ordered[ranks[0] - 1], ordered[ranks[1] - 1]


def poisson_rate(events: int, exposure: float, level: float = LEVEL) -> tuple[float, float]:
    """Exact (Garwood) interval of a rate, as events per unit of exposure.

    10 events in 1: 4.80 to 18.39. No event in n: 0 to 3.69 / n two-sided; the rule of three is the one-sided bound.
    """
    tail = (1 - level) / 2
    low = quantiles.chi_square(tail, 2 * events) / 2 if events else 0.0
    return low / exposure, quantiles.chi_square(1 - tail, 2 * events + 2) / 2 / exposure


def product_of_ratios(value: float, log_variance: float, rows: float, level: float = LEVEL) -> Interval:
    """Interval of a product of ratios in its own unit: Student's t on the logarithm (delta method).

    ``log_variance`` is the variance of the logarithm of the product and ``rows`` the rows of the factor that has the
    fewest; see :mod:`qmsreports.kpi.moments`, which finds both. 60 % with 0.0004 and 31 rows: t(0.975, 30) = 2.0423,
    exp(2.0423 x 0.02) = 1.0417, so 57.6 % to 62.5 %. None for a product of 0 and for fewer than
    :data:`FEWEST_ROWS` rows: three bookings of cost are no sample that a bell curve says anything of.
    """
    if rows < FEWEST_ROWS or value <= 0:
        return NONE
    apart = math.exp(quantiles.student_t((1 + level) / 2, rows - 1) * math.sqrt(log_variance))
    return value / apart, value * apart


def result_interval(
    kind: str,
    numerator: float | None,
    denominator: float | None,
    n: int,
    parts: Mapping[str, float] | None = None,
    *,
    unit: str = "",
    value: float | None = None,
    level: float = LEVEL,
) -> Interval:
    """Return the interval of one KPI result in the KPI's unit, or ``(None, None)`` where none can be justified.

    ``kind`` and ``unit`` as in the definition:

    - ``ratio`` in percent and ``csat``: Wilson, where numerator and denominator are counts (whole, 0 <= a <= b, and
      ``n`` is the denominator: 500 of 960 minutes in two shifts are a sample of 2, not of 960);
    - ``ratio`` per_1000 or ppm: exact Poisson rate, where the numerator counts events;
    - ``nps``: adjusted Wald, from ``parts`` ``promoters`` and ``detractors`` of ``n`` answers;
    - ``mean``, ``duration`` and ``ces``: t interval, from ``parts`` ``deviation`` (n - 1) or ``sum_squares``; where the
      definition asks for the bootstrap ``parts`` ``low`` and ``high``, see :mod:`qmsreports.analysis.bootstrap`;
    - ``percentile``: ``parts`` ``low`` and ``high``, the values at :func:`percentile_ranks`; of durations with
      unfinished cases those of Brookmeyer and Crowley, see :mod:`qmsreports.kpi.survival`: without an upper end where
      the curve's upper band does not fall so far;
    - ``product`` and ``ratio`` of amounts: delta method on the logarithm, from ``value`` and ``parts``
      ``log variance`` and ``fewest rows``.

    A ``formula`` has that of :mod:`qmsreports.analysis.propagation`, which needs the intervals of what it reads.
    Counts of pieces (ppm) are taken as independent; where pieces fail by the batch, chance moves them further.
    """
    parts = parts or {}
    if kind == "nps":
        return _nps(parts, n, level)
    if kind in ("mean", "duration", "ces") and "low" not in parts:
        return _mean(numerator, denominator, n, parts, level)
    if kind in ("mean", "percentile", "duration"):
        return parts.get("low"), parts.get("high")
    if kind in ("product", "ratio") and value is not None and "log variance" in parts:
        return product_of_ratios(value, parts["log variance"], parts["fewest rows"], level)
    if kind in ("ratio", "csat") and numerator is not None and denominator:
        return _ratio(numerator, denominator, n, "percent" if kind == "csat" else unit, level)
    return NONE


def _nps(parts: Mapping[str, float], n: int, level: float) -> Interval:
    if n < 1 or "promoters" not in parts or "detractors" not in parts:
        return NONE
    return adjusted_wald_nps(parts["promoters"], parts["detractors"], n, level)


def _mean(
    numerator: float | None, denominator: float | None, n: int, parts: Mapping[str, float], level: float
) -> Interval:
    if numerator is None or not denominator or n < 2:
        return NONE
    mean = numerator / denominator
    deviation = parts.get("deviation")
    if deviation is None and "sum_squares" in parts:
        deviation = math.sqrt(max(0.0, parts["sum_squares"] - n * mean * mean) / (n - 1))
    return NONE if deviation is None else mean_t(mean, deviation, n, level)


def _ratio(numerator: float, denominator: float, n: int, unit: str, level: float) -> Interval:
    counted = numerator >= 0 and float(numerator).is_integer()
    scale = SCALE.get(unit)
    if not counted or scale is None or denominator < 0:
        return NONE
    if unit != "percent":
        low, high = poisson_rate(int(numerator), denominator, level)
    elif denominator == n and numerator <= denominator:
        low, high = wilson(numerator, denominator, level)
    else:
        return NONE
    return scale * low, scale * high


def _z(level: float) -> float:
    return quantiles.normal((1 + level) / 2)


def _largest(n: int, holds: Callable[[int], bool]) -> int | None:
    """Largest rank 1..n for which a condition that holds from rank 1 up to some rank still holds."""
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low or None


def _smallest(n: int, holds: Callable[[int], bool]) -> int | None:
    """Smallest rank 1..n from which a condition holds that holds up to rank n."""
    low, high = 1, n + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low if low <= n else None
