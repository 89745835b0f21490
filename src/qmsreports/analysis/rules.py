"""Named rule sets: which pattern of points counts as a signal.

A rule set is part of the evidence: it is printed with the chart, and a change of its behaviour is a new version.
Every rule looks at one segment only; no signal crosses a break.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from qmsreports.analysis.xmr import LIMIT, NEAR, Limits
from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean

Marks = list[int]
"""One number per point: 1 marked as high or rising, -1 as low or falling, 0 not marked."""

Rule = Callable[[Sequence[float], Limits], Marks]

TREND = "trend"
SIGNALS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "limit": ("above_limit", "below_limit"),
        TREND: ("trend_up", "trend_down"),
        "cluster": ("two_of_three_high", "two_of_three_low"),
        "run": ("run_high", "run_low"),
    }
)
"""Name of a signal when marked high and low. The cluster rule keeps its public name under every rule set, although
``wheeler`` asks for three of four."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in order of precedence: a point that several rules mark carries the first one's signal."""

    name: str
    version: int
    title: str
    screening: bool
    rules: tuple[tuple[str, Rule], ...]

    def signals(self, values: Sequence[float], limits: Limits) -> list[str]:
        """Return the signal of each point of one segment, ``none`` for most."""
        found = ["none"] * len(values)
        for family, rule in self.rules:
            for index, mark in enumerate(rule(values, limits)):
                if mark and found[index] == "none":
                    high, low = SIGNALS[family]
                    found[index] = high if mark > 0 else low
        return found


def rule_set(name: str) -> RuleSet:
    """Return the rule set of this name; :class:`UserError` (exit 2) names the close ones."""
    try:
        return RULE_SETS[name]
    except KeyError:
        raise UserError(
            Finding("", f'"{name}" is no rule set', did_you_mean(name, RULE_SETS)), exit_code=ExitCode.USAGE
        ) from None


def is_high(signal: str) -> bool:
    """Whether a signal points upwards: above, rising, near the upper limit, a run above the mean."""
    return signal in {high for high, _ in SIGNALS.values()}


def beyond_limit(values: Sequence[float], limits: Limits) -> Marks:
    """Points strictly outside the limits; a point on a limit is inside."""
    return [limits.side(value) if limits.beyond(value, LIMIT) else 0 for value in values]


def trend(values: Sequence[float], limits: Limits, length: int = 7) -> Marks:
    """All points of ``length`` or more values that each rise, or each fall; a tie ends the trend.

    Marked by direction, wherever the mean lies. A peak that ends a rise and begins a fall counts as falling.
    The reference implementation looks at the next point instead, which turns the last point of a rise into a fall
    when another trend happens to start right behind it; we keep the trend that the point belongs to.
    """
    del limits  # a trend needs no limits
    steps = [(right > left) - (right < left) for left, right in pairwise(values)]
    marks = [0] * len(values)
    for start, end in _stretches(steps):  # steps[start:end] have one sign: values start..end inclusive
        if steps[start] and end - start >= length - 1:
            marks[start : end + 1] = [steps[start]] * (end - start + 1)
    return marks


def run(values: Sequence[float], limits: Limits, length: int = 7) -> Marks:
    """All points of ``length`` or more in a row on one side of the mean; a point on the mean ends the run."""
    sides = [limits.side(value) for value in values]
    marks = [0] * len(values)
    for start, end in _stretches(sides):
        if sides[start] and end - start >= length:
            marks[start:end] = sides[start:end]
    return marks


def two_of_three(values: Sequence[float], limits: Limits) -> Marks:
    """Points beyond two thirds of the way to a limit, yet inside it, when two of three in a row are, all on one side.

    Only the two or three near the limit are marked, not the third that completes the window.
    """
    near = [limits.beyond(value, NEAR) and not limits.beyond(value, LIMIT) for value in values]
    sides = [limits.side(value) for value in values]
    marks = [0] * len(values)
    for start in range(len(values) - 2):
        window = range(start, start + 3)
        if sum(near[i] for i in window) >= 2 and abs(sum(sides[i] for i in window)) == 3:
            for i in window:
                if near[i]:
                    marks[i] = sides[i]
    return marks


def three_of_four(values: Sequence[float], limits: Limits) -> Marks:
    """Points nearer to a limit than to the mean (or beyond it) when three of four in a row are, on the same side."""
    near = [limits.side(value) if limits.beyond(value, LIMIT / 2) else 0 for value in values]
    marks = [0] * len(values)
    for start in range(max(1, len(values) - 3)):
        window = range(start, min(start + 4, len(values)))
        for side in (1, -1):
            if sum(near[i] == side for i in window) >= 3:
                for i in window:
                    if near[i] == side:
                        marks[i] = side
    return marks


def _run_of_eight(values: Sequence[float], limits: Limits) -> Marks:
    return run(values, limits, length=8)


def _stretches(signs: Sequence[int]) -> list[tuple[int, int]]:
    """Return half-open index ranges of equal neighbours."""
    bounds = [0, *(i for i in range(1, len(signs)) if signs[i] != signs[i - 1]), len(signs)]
    return [(start, end) for start, end in pairwise(bounds) if end > start]


MAKING_DATA_COUNT = RuleSet(
    name="making_data_count",
    version=1,
    title="Making Data Count (as NHSRplotthedots 0.2)",
    screening=True,
    rules=(("limit", beyond_limit), (TREND, trend), ("cluster", two_of_three), ("run", run)),
)
WHEELER = RuleSet(
    name="wheeler",
    version=1,
    title="Wheeler (beyond a limit, three of four near a limit, eight on one side)",
    screening=False,
    rules=(("limit", beyond_limit), ("cluster", three_of_four), ("run", _run_of_eight)),
)
RULE_SETS: Mapping[str, RuleSet] = MappingProxyType({each.name: each for each in (MAKING_DATA_COUNT, WHEELER)})
