"""The XmR rules written a second time, by brute force over windows and in exact fractions, to judge the product."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

F = Fraction


def limits(values: list[Fraction], screening: bool = True) -> tuple[Fraction, Fraction]:
    mean = sum(values, F(0)) / len(values)
    gaps = [abs(values[i + 1] - values[i]) for i in range(len(values) - 1)]
    if not gaps:
        return mean, F(0)
    average = sum(gaps, F(0)) / len(gaps)
    if screening:
        gaps = [gap for gap in gaps if not gap > F("3.267") * average]
        average = sum(gaps, F(0)) / len(gaps)
    return mean, average


def signals(values: list[Fraction], fixed: int | None = None, screening: bool = True) -> list[str]:
    """making_data_count: look at every window of a rule's length and mark its members."""
    if not values:
        return []
    mean, spread = limits(values[:fixed], screening)
    high, low, up, down = set(), set(), set(), set()
    near_high, near_low = set(), set()
    for seven in _windows(len(values), 7):
        held = [values[i] for i in seven]
        _mark(high, seven, min(held) > mean)
        _mark(low, seven, max(held) < mean)
        _mark(up, seven, all(a < b for a, b in pairwise(held)))
        _mark(down, seven, all(a > b for a, b in pairwise(held)))
    reach, close = F("2.66") * spread, F("2.66") * 2 / 3 * spread
    for three in _windows(len(values), 3):
        for pair in combinations(three, 2):
            above = all(values[i] > mean for i in three) and all(close < values[i] - mean <= reach for i in pair)
            below = all(values[i] < mean for i in three) and all(close < mean - values[i] <= reach for i in pair)
            _mark(near_high, pair, above)
            _mark(near_low, pair, below)
    peaks = {i for i in up & down if values[i] > values[i - 1]}  # the end of a rise and the start of a fall
    order = [
        ("above_limit", {i for i, value in enumerate(values) if value - mean > reach}),
        ("below_limit", {i for i, value in enumerate(values) if mean - value > reach}),
        ("trend_up", up - peaks),
        ("trend_down", down),
        ("two_of_three_high", near_high),
        ("two_of_three_low", near_low),
        ("run_high", high),
        ("run_low", low),
    ]
    return _first(order, len(values))


def wheeler(values: list[Fraction]) -> list[str]:
    mean, spread = limits(values, screening=False)
    high, low, near_high, near_low = set(), set(), set(), set()
    for eight in _windows(len(values), 8):
        _mark(high, eight, min(values[i] for i in eight) > mean)
        _mark(low, eight, max(values[i] for i in eight) < mean)
    for three in combinations(range(len(values)), 3):
        if three[2] - three[0] <= 3:
            _mark(near_high, three, all(values[i] - mean > F("1.33") * spread for i in three))
            _mark(near_low, three, all(mean - values[i] > F("1.33") * spread for i in three))
    order = [
        ("above_limit", {i for i, value in enumerate(values) if value - mean > F("2.66") * spread}),
        ("below_limit", {i for i, value in enumerate(values) if mean - value > F("2.66") * spread}),
        ("two_of_three_high", near_high),
        ("two_of_three_low", near_low),
        ("run_high", high),
        ("run_low", low),
    ]
    return _first(order, len(values))


def _windows(n: int, length: int) -> list[tuple[int, ...]]:
    return [tuple(range(start, start + length)) for start in range(n - length + 1)]


def _mark(marked: set[int], members: tuple[int, ...], when: bool) -> None:
    if when:
        marked.update(members)


def _first(order: list[tuple[str, set[int]]], n: int) -> list[str]:
    return [next((name for name, marked in order if i in marked), "none") for i in range(n)]
