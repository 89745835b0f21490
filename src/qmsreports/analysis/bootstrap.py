"""The interval of a mean whose values are few or lean to one side: from the values themselves, not from a bell curve.

Student's t is right on average and wrong on both sides where a few values are far larger than the rest: the interval of
a mean of waiting times may begin below zero. The bootstrap draws the sample again and again from itself and looks where
the means fall; BCa (Efron 1987) corrects the two places it takes for bias and for skewness.

The same values always give the same interval: they are put in order first, and what is drawn follows from a fixed seed
and the number of values alone, by the raw stream of a generator that NumPy keeps unchanged between releases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from qmsreports.analysis import quantiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2999
FEWEST = 5
"""Fewer values have too few different samples for an interval that could be believed."""
MOST = 300
"""From so many values on the mean is near enough to a bell curve for Student's t."""
_SEED = 20260101
_LEVEL = 0.95


def mean_interval(values: Sequence[float], level: float = _LEVEL) -> tuple[float, float] | None:
    """Return the BCa bootstrap interval of the mean of these values; None outside :data:`FEWEST` to :data:`MOST`.

    Seven waits of 1, 1, 2, 2, 3, 4 and 30 hours: mean 6.1, interval 1.9 to 18.3 (Student's t: -3.6 to 15.9).
    """
    import numpy as np

    if not FEWEST <= len(values) <= MOST:
        return None
    sample = np.sort(np.asarray(values, dtype=np.float64))
    mean = float(sample.mean())
    if sample[0] == sample[-1]:
        return mean, mean
    means = np.sort(_times_drawn(len(sample)) @ sample / len(sample))
    rounding = 1e-12 * max(abs(float(sample[0])), abs(float(sample[-1])))
    below, up_to = (int(np.searchsorted(means, mean + shift)) for shift in (-rounding, rounding))
    shift = quantiles.normal(min(max((below + up_to) / (2 * RESAMPLES), 1 / RESAMPLES), 1 - 1 / RESAMPLES))
    apart = sample - mean
    lean = float((apart**3).sum() / (6 * (apart**2).sum() ** 1.5))
    ends = (_share(shift, lean, quantiles.normal(tail)) for tail in ((1 - level) / 2, (1 + level) / 2))
    low, high = (float(np.quantile(means, share)) for share in ends)
    return low, high


def _share(shift: float, lean: float, z: float) -> float:
    """Return at which share of the means the interval ends, where one of a bell curve ends at ``z``."""
    moved = shift + (shift + z) / (1 - lean * (shift + z))
    return 0.5 * math.erfc(-moved / math.sqrt(2))


@lru_cache(maxsize=16)
def _times_drawn(n: int) -> NDArray[np.float64]:
    """Return how often each of ``n`` values is drawn in each resample, ``RESAMPLES`` x ``n``."""
    import numpy as np

    raw = np.random.PCG64(_SEED).random_raw(RESAMPLES * n)
    drawn = ((raw >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(np.int64).reshape(RESAMPLES, n)
    places = drawn + n * np.arange(RESAMPLES)[:, None]
    return np.bincount(places.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n).astype(np.float64)
