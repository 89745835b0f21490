"""Chance that behaves: random draws whose monthly ratios carry common-cause variation only.

Plain independent draws would give sixteen charts of 36 months several false alarms by luck alone, and nobody could tell
a planted cause from an accident. So outcomes are drawn from stratified uniforms (:func:`even`), and the month-to-month
variation is added on purpose by :class:`Noise`, which never puts seven months on one side of its mean.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Six strata with mean 0 and standard deviation 1. None lies near 0, so that a planted cause, which pulls the mean
# of a chart its way, does not leave all other months on one side of it.
_BLOCK = np.array([-1.28, -0.98, -0.63, 0.63, 0.98, 1.28])
_LONGEST_CLIMB = 4  # steps in one direction; six would be a trend signal


def stream(seed: int, name: str, month: int = 0) -> np.random.Generator:
    """Return the generator of one system and month.

    Every month has its own stream, so what happened until September does not depend on whether October is built too.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(name.encode()), month)))


class Noise:
    """Month-to-month variation of one ratio, in standard deviations.

    Each block of six months holds the same six values in another order: at most three neighbours end one block on a
    side and three begin the next, so a run of seven cannot happen, and no value lies beyond 1.3 deviations.
    """

    def __init__(self, seed: int, origin: int, months: int) -> None:
        """``origin`` is the month number of the first value (a block starts there), ``months`` how many there are."""
        self._seed, self._origin, self._blocks = seed, origin, -(-months // len(_BLOCK)) + 2
        self._known: dict[str, Floats] = {}

    def __call__(self, name: str, month: Ints | int) -> Floats:
        """Return the deviation of a named ratio in these months (month numbers as in ``datetime64[M]``)."""
        if name not in self._known:
            self._known[name] = self._draw(stream(self._seed, f"noise {name}"))
        at = np.clip(np.asarray(month) - self._origin + len(_BLOCK), 0, len(self._known[name]) - 1)
        return np.asarray(self._known[name][at])

    def _draw(self, rng: np.random.Generator) -> Floats:
        values = np.zeros(0)
        for _ in range(self._blocks + 1):
            block = rng.permutation(_BLOCK)
            while _longest_climb(np.concatenate([values[-len(_BLOCK) :], block])) > _LONGEST_CLIMB:
                block = rng.permutation(_BLOCK)
            values = np.concatenate([values, block])
        return values


def _longest_climb(values: Floats) -> int:
    """Longest number of steps in one direction."""
    longest = run = 0
    last = 0.0
    for step in np.sign(np.diff(values)):
        run = run + 1 if step == last else 1
        last = step
        longest = max(longest, run)
    return longest


def even(rng: np.random.Generator, group: NDArray[np.integer]) -> Floats:
    """Return uniforms in [0, 1) that are spread evenly within each group.

    Of 200 rows of a group, ``even < 0.07`` holds for 13 to 15, never for 7 or 25.
    """
    size = len(group)
    order = np.lexsort((rng.random(size), group))
    ordered = group[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if size else np.zeros(0, np.int64)
    counts = np.diff(np.r_[first, size])
    place = np.arange(size) - np.repeat(first, counts)
    result = np.empty(size)
    result[order] = (place + rng.random(size)) / np.repeat(counts, counts)
    return result


def spread_counts(rng: np.random.Generator, expected: Floats) -> Ints:
    """Return whole numbers that sum to the expectations' sum within one, dealt over the rows by chance.

    Expectations of 0.3, 0.3, 0.3, 0.3 give for example 0, 1, 0, 0.
    """
    order = rng.permutation(len(expected))
    steps = np.floor(np.cumsum(np.r_[rng.random(), expected[order]]))
    result = np.empty(len(expected), np.int64)
    result[order] = np.diff(steps).astype(np.int64)
    return result


def whole(rng: np.random.Generator, expected: float) -> int:
    """Return the expectation rounded up or down by chance: 2.3 gives 3 in three draws of ten."""
    return int(np.floor(expected + rng.random()))


def long_tail(uniform: Floats, median: Floats | float, shape: float) -> Floats:
    """Return log-logistic durations: half below the median, a tenth beyond ``median * 9**shape``."""
    held = np.clip(uniform, 0.0015, 0.9985)
    return np.asarray(median * (held / (1 - held)) ** shape)


def pick(uniform: Floats, shares: Mapping[str, float] | NDArray[np.float64] | list[float]) -> Ints:
    """Return the index of the share into which each uniform falls."""
    values = np.asarray(list(shares.values()) if isinstance(shares, Mapping) else shares, dtype=np.float64)
    edges = np.cumsum(values / values.sum())
    return np.minimum(np.searchsorted(edges, uniform, side="right"), len(values) - 1)


def mark(rng: np.random.Generator, rows: int, rates: Mapping[int, float]) -> NDArray[np.uint8]:
    """Return one code per row, 0 for most: ``{3: 0.001}`` marks about one row in a thousand with 3."""
    codes = np.zeros(rows, np.uint8)
    places = rng.permutation(rows)
    used = 0
    for code, rate in rates.items():
        count = whole(rng, rate * rows)
        codes[places[used : used + count]] = code
        used += count
    return codes


class Turns:
    """Every so-many-th case by turns: of short lists a stable share, where chance would make charts jump.

    ``Turns(0.25)`` answers False, False, False, True, False ...
    """

    def __init__(self, share: float, start: float = 0.0) -> None:
        """Answer True for ``share`` of the calls; ``start`` brings the first one forward."""
        self._share, self._level = share, start

    def __call__(self) -> bool:
        """Return whether it is this one's turn."""
        self._level += self._share
        due = self._level >= 1
        self._level -= due
        return due
