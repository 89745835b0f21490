"""The points of a series and the line that joins them."""

from __future__ import annotations

from itertools import groupby

from qmsreports.pack.charts.drawing import Drawing, Marks, Stroke
from qmsreports.pack.charts.frame import Frame
from qmsreports.pack.charts.series import ChartSeries
from qmsreports.pack.charts.style import Palette

Place = tuple[float, float]
_CROWDED = 4.0  # points between two values


def shape_of(kind: str) -> str:
    """Return the shape that tells a kind without its colour."""
    return {"common_cause": "dot", "improvement": "up", "concern": "down"}.get(kind, "diamond")


def joined(series: ChartSeries, frame: Frame) -> tuple[tuple[Place, ...], ...]:
    """Return the line through the points, broken where a value is missing and where a segment ends."""
    place = frame.height_of
    starts = {segment.start for segment in series.segments}
    pieces: list[list[Place]] = [[]]
    for x, point in zip(frame.columns.middles, series.points, strict=True):
        if point.value is None or point.start in starts:
            pieces.append([])
        if point.value is not None:
            pieces[-1].append((x, place(point.value)))
    return tuple(tuple(piece) for piece in pieces if len(piece) > 1)


def add_points(drawing: Drawing, series: ChartSeries, frame: Frame, palette: Palette, scale: float = 1.0) -> None:
    """Draw the line, then the marks: common cause first, signals on top; hollow where the value is provisional.

    Where points stand so close that their marks would hide the line, only those that say something have one: signals,
    provisional values, the latest value, and a value without a neighbour, which no line would show.
    """
    lines = joined(series, frame)
    if lines:
        drawing.add(Stroke(lines, palette.line, 0.9 * scale))
    place = frame.height_of
    size = scale * min(4.4, max(2.4, 0.5 * frame.columns.step))
    told = _told(series, lines, frame) if frame.columns.step < _CROWDED else None
    dots = [
        ((point.kind != "common_cause", point.kind, point.provisional), (x, place(point.value)))
        for x, point in zip(frame.columns.middles, series.points, strict=True)
        if point.value is not None and (told is None or x in told)
    ]
    for (signal, kind, hollow), group in groupby(sorted(dots, key=lambda dot: dot[0]), key=lambda dot: dot[0]):
        colour = palette.of(kind)
        drawing.add(
            Marks(
                tuple(at for _, at in group),
                shape_of(kind),
                size * (1.45 if signal and shape_of(kind) != "diamond" else 1.15 if signal else 1.0),
                palette.paper if hollow else colour,
                colour if hollow else palette.paper,
                0.9 * scale if hollow else 0.35 * scale,
            )
        )


def _told(series: ChartSeries, lines: tuple[tuple[Place, ...], ...], frame: Frame) -> set[float]:
    """Return the places across of the points that need a mark."""
    on_line = {x for line in lines for x, _ in line}
    known = [
        (x, point) for x, point in zip(frame.columns.middles, series.points, strict=True) if point.value is not None
    ]
    return {
        x
        for index, (x, point) in enumerate(known, start=1)
        if point.kind != "common_cause" or point.provisional or index == len(known) or x not in on_line
    }
