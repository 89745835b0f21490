"""The interval of a value that is made of other values, each of which has an interval of its own.

Each part is moved to the ends of its interval while the others stay, and what that moves the value by is put together.
Parts that are made of different rows err independently: their moves are added as squares (Newcombe's square-and-add,
called MOVER by Zou and Donner, 2008), so that asymmetric intervals stay asymmetric. Parts that share rows may err
together, by how much nobody knows from the values alone: their moves are added plainly. No correlation moves a value
further than that, so the interval holds at least its level, and may well be wider than it had to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from qmsreports.analysis.intervals import NONE, Interval


@dataclass(frozen=True, slots=True)
class Part:
    """One value with its interval, in its own unit, and the ``sources`` of its rows."""

    value: float
    low: float
    high: float
    sources: frozenset[str]


def propagated(value: Callable[[Mapping[str, float]], float | None], parts: Mapping[str, Part]) -> Interval:
    """Return the interval of ``value`` of the parts, by name; None where it has no value at one of their ends.

    50 % (40 to 62) of one table less 30 % (24 to 36) of another: 20, down by the root of 10 squared and 6 squared, up
    by that of 12 squared and 6 squared: 8.3 to 33.4. Of the same table: 20 less 16 and more 18, so 4 to 38.
    """
    at = {name: part.value for name, part in parts.items()}
    centre = value(at)
    if centre is None or not parts:
        return NONE
    below = above = 0.0
    for names in dependent({name: part.sources for name, part in parts.items()}):
        down = up = 0.0
        for name in names:
            ends = [value({**at, name: end}) for end in (parts[name].low, parts[name].high)]
            if any(end is None for end in ends):
                return NONE
            moves = [end - centre for end in ends if end is not None]
            down, up = down + max(0.0, -min(moves)), up + max(0.0, *moves)
        below, above = below + down * down, above + up * up
    return centre - math.sqrt(below), centre + math.sqrt(above)


def dependent(sources: Mapping[str, Collection[str]]) -> Sequence[Sequence[str]]:
    """Return the names in groups: those of one are joined by sources that they share, however many steps apart."""
    groups: list[tuple[list[str], set[str]]] = []
    for name, own in sources.items():
        joined = ([name], set(own))
        apart = []
        for group in groups:
            if group[1] & joined[1]:
                joined = (group[0] + joined[0], group[1] | joined[1])
            else:
                apart.append(group)
        groups = [*apart, joined]
    return [names for names, _ in groups]
