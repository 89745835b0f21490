"""Analyse one series as a process-behaviour chart: segments, limits, signals, variation, assurance."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from qmsreports.analysis import xmr
from qmsreports.analysis.assurance import MINIMUM_POINTS, assurance_of
from qmsreports.analysis.rules import RuleSet, rule_set
from qmsreports.analysis.variation import BETTER, kind_of, variation_of
from qmsreports.records import SpcPoint, SpcResult, SpcSegment

Point = tuple[date, float | None]
Target = float | Sequence[float | None] | None

FEWEST_POINTS = 5
"""A segment of fewer values has a mean and no limits: no rule could fire against them, whatever the values.

With ``n`` values the farthest from the mean lies at most ``(n - 1) / n`` of their range off, and the average moving
range is at least ``1 / (n - 1)`` of it: at most ``(n - 1)^2 / n`` moving ranges, 2.25 with four values and 3.2 with
five, where a limit lies at 2.66. Two of three and three of four need their neighbours on one side, which pulls the mean
after them, and a run or a trend needs seven. "No signal" against such limits would be said of everything.
"""


def analyse_series(
    points: Sequence[Point],
    *,
    better: str = "neither",
    target: Target = None,
    rules: str = "making_data_count",
    rebase: Sequence[date] = (),
    version_breaks: Sequence[date] = (),
    fix_after: int | None = None,
    screening: bool = True,
) -> SpcResult:
    """Analyse values in the order of their dates.

    ``points``: dates strictly ascending; a value of None is a gap. A gap takes no part: limits and signals are those of
    the series without it, so the moving range spans it and a run goes on behind it. ``target``: one number, or one
    per point (the target of that period); assurance takes the one of the latest point with a value. ``rebase`` and
    ``version_breaks``: the first point on or after such a date begins a new segment with its own limits; no signal
    crosses. ``fix_after``: limits of a segment come from its first so many values and stay. ``screening=False`` keeps
    extreme moving ranges where the rule set would drop them.

    Raises :class:`ValueError` for a series no caller should build (unsorted, not finite, targets of another length)
    and :class:`~qmsreports.errors.UserError` for an unknown rule set.
    """
    _check(points, better, target, fix_after)
    chosen = rule_set(rules)
    parts = [
        _analyse_segment(part, chosen, better, fix_after, screening and chosen.screening)
        for part in _split(points, (*rebase, *version_breaks))
    ]
    latest, limits = (parts[-1][0], parts[-1][2]) if parts else ((), None)
    return SpcResult(
        rules=chosen.name,
        segments=tuple(segment for _, segment, _ in parts),
        points=tuple(point for analysed, _, _ in parts for point in analysed),
        variation=variation_of(latest),
        assurance=assurance_of(limits, _latest_target(points, target), better),
    )


def _analyse_segment(
    part: Sequence[Point], rules: RuleSet, better: str, fix_after: int | None, screening: bool
) -> tuple[tuple[SpcPoint, ...], SpcSegment, xmr.Limits | None]:
    values = [value for _, value in part if value is not None]
    limits = xmr.limits(values[:fix_after], screening=screening)
    if limits is not None and fix_after is None and len(values) < FEWEST_POINTS:
        limits = replace(limits, lower=None, upper=None)
    mean, lower, upper = (limits.mean, limits.lower, limits.upper) if limits else (None, None, None)
    signals = iter(["none"] * len(values) if limits is None or lower is None else rules.signals(values, limits))
    analysed = []
    for day, value in part:
        signal = "none" if value is None else next(signals)
        analysed.append(SpcPoint(day, value, mean, lower, upper, signal, kind_of(signal, better)))
    trial = limits is None or limits.used < MINIMUM_POINTS
    return tuple(analysed), SpcSegment(part[0][0], part[-1][0], mean, lower, upper, trial), limits


def _split(points: Sequence[Point], breaks: Sequence[date]) -> list[Sequence[Point]]:
    """Cut before the first point on or after each break; one outside the series cuts nothing."""
    days = [day for day, _ in points]
    starts = sorted({bisect_left(days, day) for day in breaks} | {0})
    bounds = [*(start for start in starts if start < len(points)), len(points)]
    return [points[start:end] for start, end in pairwise(bounds)]


def _latest_target(points: Sequence[Point], target: Target) -> float | None:
    if target is None or isinstance(target, int | float):
        return target
    for (_, value), goal in zip(reversed(points), reversed(target), strict=True):
        if value is not None:
            return goal
    return None


def _check(points: Sequence[Point], better: str, target: Target, fix_after: int | None) -> None:
    if better not in BETTER:
        raise ValueError(f"better must be one of {', '.join(BETTER)}, not {better!r}")
    if fix_after is not None and fix_after < 2:
        raise ValueError("limits need at least two values: fix_after must be 2 or more")
    for (earlier, _), (later, _) in pairwise(points):
        if earlier >= later:
            raise ValueError(f"dates must ascend: {later} follows {earlier}")
    if any(value is not None and not math.isfinite(value) for _, value in points):
        raise ValueError("values must be finite numbers; a gap is None")
    if isinstance(target, Sequence) and len(target) != len(points):
        raise ValueError(f"{len(target)} targets for {len(points)} points")
