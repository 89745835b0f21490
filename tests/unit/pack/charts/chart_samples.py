"""Series to draw, with limits made up on the spot: what a chart shows is given, not computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from qmsreports.pack.charts import ChartBreak, ChartPoint, ChartSeries


@dataclass(frozen=True)
class Segment:
    start: date
    end: date
    mean: float | None
    lower: float | None
    upper: float | None
    trial: bool = False


def month(index: int, start: int = 2023 * 12 + 10) -> date:
    return date((start + index) // 12, (start + index) % 12 + 1, 1)


def series(
    values: Sequence[float | None],
    *,
    cuts: Sequence[int] = (),
    spread: float = 2.0,
    unit: str = "percent",
    target: float | None = None,
    targets: Sequence[float | None] = (),
    kinds: Sequence[str] = (),
    provisional: int = 0,
    names: Sequence[str] = (),
    **more: object,
) -> ChartSeries:
    """Months from November 2023 on; a segment per cut, with limits ``spread`` around its mean."""
    count = len(values)
    points = [
        ChartPoint(
            month(i),
            value,
            kinds[i] if kinds else "common_cause",
            targets[i] if targets else target,
            i >= count - provisional,
        )
        for i, value in enumerate(values)
    ]
    segments = []
    bounds = [0, *cuts, count]
    for first, end in pairwise(bounds):
        known = [value for value in values[first:end] if value is not None]
        if known:
            mean = sum(known) / len(known)
            segments.append(Segment(month(first), month(end - 1), mean, mean - spread, mean + spread, len(known) < 12))
    breaks = [ChartBreak(month(cut), name) for cut, name in zip(cuts, names, strict=False)]
    return ChartSeries(points, segments, unit, breaks, **more)  # type: ignore[arg-type]


def wave(count: int, centre: float = 95.0, height: float = 1.0) -> list[float]:
    """A series without a random number in it."""
    return [centre + height * ((i * 7) % 11 - 5) / 5 for i in range(count)]
