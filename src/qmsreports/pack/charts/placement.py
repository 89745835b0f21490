"""Where texts go so that none touches another: labels at the right edge, and the names of breaks above the plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def spread(wanted: Sequence[float], height: float, bottom: float, top: float) -> list[float]:
    """Return middles for labels of one height, moved apart as little as possible (least squares) within the room.

    The order of ``wanted`` (ascending) is kept. Neighbours that would touch are joined into a block that stands
    around the average of what its members want; blocks that then touch are joined again. The caller makes sure that
    all labels fit: ``len(wanted) * height <= top - bottom``.
    """
    low, high = bottom + height / 2, top - height / 2
    blocks: list[tuple[float, int]] = []  # sum of (wanted - offset in block), members
    for each in wanted:
        blocks.append((each, 1))
        while len(blocks) > 1 and _first(blocks[-2]) + blocks[-2][1] * height > _first(blocks[-1]):
            total, count = blocks.pop()
            before, members = blocks.pop()
            blocks.append((before + total - count * members * height, members + count))
    placed = [_first(block) + index * height for block in blocks for index in range(block[1])]
    for index, each in enumerate(placed):  # push up from the floor, then down from the ceiling
        placed[index] = max(each, low + index * height)
    for index, each in enumerate(reversed(placed)):
        placed[-1 - index] = min(each, high - index * height)
    return placed


def _first(block: tuple[float, int]) -> float:
    return block[0] / block[1]


@dataclass(frozen=True, slots=True)
class Flag:
    """The name of a break: from ``left``, ``room`` wide at most, in a row counted from the plot upwards."""

    index: int
    left: float
    room: float
    row: int


def flag_rows(
    places: Sequence[float], widths: Sequence[float], right: float, *, gap: float, least: float, rows: int
) -> list[Flag]:
    """Return where the names of breaks stand: each right of its line, in the lowest free row.

    A name too long for the room up to ``right`` moves left over its own line, as far as the line of the break before;
    what is still too long is cut to ``room``. A name that would keep less than ``least`` is left out, as is one that
    finds no row. Placed from the right, so that no line crosses a name: the lines of higher rows lie left of every
    name below them.
    """
    found: list[Flag] = []
    ends = [right + gap] * rows  # left end of the leftmost name in each row
    order = sorted(range(len(places)), key=lambda i: -places[i])
    for position, index in enumerate(order):
        before = places[order[position + 1]] + gap if position + 1 < len(order) else 0.0
        flag = _lowest(index, places[index] + gap / 2, widths[index], before, [end - gap for end in ends], least)
        if flag is None:
            continue
        found.append(flag)
        ends[flag.row] = flag.left
        for lower in range(flag.row):  # no later name may reach across this line
            ends[lower] = min(ends[lower], places[index])
    return sorted(found, key=lambda flag: flag.index)


def _lowest(index: int, left: float, width: float, before: float, ends: Sequence[float], least: float) -> Flag | None:
    """Take the lowest row with room right of the line; else the one with most room, moved left and cut as needed."""
    for row, end in enumerate(ends):
        if end - left >= width:
            return Flag(index, left, width, row)
    row = max(range(len(ends)), key=lambda each: (ends[each], -each))
    start = max(before, min(left, ends[row] - width))
    room = ends[row] - start
    return Flag(index, start, min(width, room), row) if room >= min(width, least) else None
