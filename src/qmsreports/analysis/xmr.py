"""Limits of an XmR chart (individual values and moving ranges).

The spread is taken from the differences between neighbours, not from the standard deviation, so that a shift in the
series does not widen the very limits that should reveal it. 2.66 is 3 / d2 and 3.267 is D4, both for subgroups of two
(Shewhart's constants as tabulated by NIST, Engineering Statistics Handbook, 6.3.2).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

LIMIT = 2.66
"""Natural process limits lie this many average moving ranges from the mean."""

NEAR = 2 * LIMIT / 3
"""Two thirds of the way to a limit: the zone of the two-of-three rule begins beyond it.

It is 1.7733 and goes on, two thirds of 2.66 as it is; tables round it to 1.773.
"""

SCREEN = 3.267
"""A moving range above this many average moving ranges is an outlier and is dropped once before the limits."""

_ROUNDING = 16 * sys.float_info.epsilon


@dataclass(frozen=True, slots=True)
class Limits:
    """Mean and limits of one segment, in the unit of the values and never clipped.

    ``lower`` and ``upper`` are None where there is no moving range, so where fewer than two values exist; ``rounding``
    is what floating-point arithmetic may have added: smaller differences are no differences.
    """

    mean: float
    lower: float | None
    upper: float | None
    spread: float
    rounding: float
    used: int  # values that the limits were computed from

    def side(self, value: float) -> int:
        """Return 1 above the mean, -1 below it, 0 on it."""
        return self.compare(value, self.mean)

    def compare(self, value: float, line: float) -> int:
        """Return 1, -1 or 0 for a value above, below or on a line."""
        if abs(value - line) <= self.rounding:
            return 0
        return 1 if value > line else -1

    def beyond(self, value: float, ranges: float) -> bool:
        """Whether the value lies strictly further from the mean than so many average moving ranges."""
        return abs(value - self.mean) - ranges * self.spread > self.rounding


def average_moving_range(values: Sequence[float], *, screening: bool) -> float | None:
    """Return the average moving range; with ``screening``, the average of those not above 3.267 times it.

    The screen is applied once, not until nothing changes. None for fewer than two values.

    ``1, 2, 1, 2, 1, 9, 8``: ranges 1 1 1 1 8 1, average 13/6; 8 is above 3.267 x 13/6 = 7.08, so the result is 1.
    """
    ranges = [abs(right - left) for left, right in pairwise(values)]
    if not ranges:
        return None
    average = fmean(ranges)
    if not screening:
        return average
    kept = [size for size in ranges if size <= SCREEN * average]  # never empty: the smallest is at most the average
    return fmean(kept)


def limits(values: Sequence[float], *, screening: bool) -> Limits | None:
    """Return mean and limits of these values, oldest first; None when there are none.

    ``49.6 47.6 49.9 51.3 47.8 51.2 52.6 52.4 53.6 52.1`` (NIST): mean 50.81, limits 45.82 to 55.80.
    """
    if not values:
        return None
    mean = fmean(values)
    spread = average_moving_range(values, screening=screening)
    rounding = _ROUNDING * max(abs(value) for value in values)
    if spread is None:
        return Limits(mean, None, None, 0.0, rounding, len(values))
    return Limits(mean, mean - LIMIT * spread, mean + LIMIT * spread, spread, rounding, len(values))
