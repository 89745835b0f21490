"""Which two values of many enclose a percentile: places in the order of the values, without putting them in order.

The two ranks of ``n`` values lie at shares of them, ``(rank - 1) / (n - 1)``, and a share of the values costs no more
than the percentile itself. The shares of fewer values lie further apart, so those of ``n`` may be used for up to half
as many again: the interval then holds 95 % and more, and is at most a quarter wider than it need be. One statement
finds them for all periods and slices.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Ranks = Callable[[int, float], tuple[int, int] | None]
"""Gives the ranks of the two of ``n`` ordered values that enclose the percentile of a share; None for too few."""
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Step:
    """From ``n`` values on the percentile lies between the values at these shares."""

    n: int
    low: float
    high: float


def steps(sizes: Iterable[int], share: float, ranks: Ranks) -> tuple[Step, ...]:
    """Return the shares for values of these sizes, a step where they have grown by half."""
    found: list[Step] = []
    for n in sorted(set(sizes)):
        if n > 1 and (not found or n > _GROWTH * found[-1].n) and (pair := ranks(n, share)) is not None:
            low, high = pair
            found.append(Step(n, (low - 1) / (n - 1), (high - 1) / (n - 1)))
    return tuple(found)


def shares(entries: Sequence[Step]) -> list[float]:
    """Return every share that is asked for, in the order in which :func:`between` reads them."""
    return [share for entry in entries for share in (entry.low, entry.high)]


def between(entries: Sequence[Step], n: int, values: Sequence[float]) -> tuple[float, float] | None:
    """Return the two of the values at :func:`shares` that enclose the percentile of ``n``; None for too few."""
    place = bisect_right([entry.n for entry in entries], n) - 1
    return None if place < 0 else (float(values[2 * place]), float(values[2 * place + 1]))
