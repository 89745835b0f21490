"""The sparkline of the scoreboard: a series in the height of a line of text, with its limits and its scale."""

from __future__ import annotations

from qmsreports.pack.charts.drawing import Box, Drawing, Marks, Stroke
from qmsreports.pack.charts.frame import Columns, Frame
from qmsreports.pack.charts.lettering import label, width_of
from qmsreports.pack.charts.points import joined, shape_of
from qmsreports.pack.charts.process import add_stretches, bounds_of
from qmsreports.pack.charts.scale import Domain, clipped, numbers_for, ticks
from qmsreports.pack.charts.series import ChartSeries
from qmsreports.pack.charts.style import PALETTE, POINTS_PER_MM, WORDS, ChartWords, Palette
from qmsreports.pack.charts.svg import paint

_TEXT = 5.0
_PAD = 2.6  # room for half of a mark


def sparkline(
    series: ChartSeries,
    *,
    width_mm: float = 34.0,
    height_mm: float = 7.0,
    scale: tuple[float, float] | None = None,
    alt: str = "",
    palette: Palette = PALETTE,
    words: ChartWords = WORDS,
) -> str:
    """Return the series as a small SVG: band of the limits, line, signals, and the latest point larger.

    The highest and the lowest value stand at the left, so that the line has a scale. With ``scale`` (low, high) every
    sparkline of a table shares one, which has to hold all their values, and the numbers are left out. The target is
    drawn where it lies near the values.
    """
    return paint(draw_spark(series, width_mm, height_mm, scale, palette, words), alt)


def draw_spark(
    series: ChartSeries,
    width_mm: float,
    height_mm: float,
    scale: tuple[float, float] | None = None,
    palette: Palette = PALETTE,
    words: ChartWords = WORDS,
) -> Drawing:
    """Lay the sparkline out; see :func:`sparkline`."""
    drawing = Drawing(width_mm * POINTS_PER_MM, height_mm * POINTS_PER_MM)
    values = [point.value for point in series.points if point.value is not None]
    if not values:
        centre = (drawing.width / 2, drawing.height / 2)
        drawing.add(label(words.no_data, *centre, _TEXT, palette.quiet, anchor="centre"))
        return drawing
    domain = Domain(*scale) if scale else _domain(series, values)
    left = _PAD
    texts = [] if scale else _extremes(series.unit, values, words)
    if texts:
        left += max(width_of(text, _TEXT) for text in texts) + 1.5
    box = Box(left, _PAD, drawing.width - _PAD, drawing.height - _PAD)
    frame = Frame(box, Columns.over([point.start for point in series.points], box.left, box.right), domain)
    add_stretches(drawing, series, frame, (domain.low, domain.high), palette, lines=False)
    _add_target(drawing, series, frame, palette)
    lines = joined(series, frame)
    if lines:
        drawing.add(Stroke(lines, palette.quiet, 0.7))
    _add_marks(drawing, series, frame, palette)
    for text, middle in zip(texts, _heights(drawing.height, len(texts)), strict=True):
        drawing.add(label(text, left - _PAD, middle, _TEXT, palette.quiet, anchor="right"))
    return drawing


def _domain(series: ChartSeries, values: list[float]) -> Domain:
    bounds = bounds_of(series)
    limits = [limit for each in series.segments for limit in (each.lower, each.upper) if limit is not None]
    return Domain.around(values + [clipped(limit, bounds) for limit in limits], margin=0.0)


def _extremes(unit: str, values: list[float], words: ChartWords) -> list[str]:
    """Return highest and lowest value as text, one number where they are the same."""
    domain = Domain.around(values)
    step, _ = ticks(domain, 4, unit)
    numbers = numbers_for(domain, step, words, unit)
    names = (words.millions, words.billions, words.trillions)
    short = dict(zip(names, words.short, strict=True)).get(numbers.magnitude, "")
    return list(dict.fromkeys(f"{numbers.reading(value)}{short}" for value in (max(values), min(values))))


def _heights(height: float, count: int) -> list[float]:
    if count < 2:
        return [height / 2] * count
    inset = max(0.5 * _TEXT, 0.22 * height)
    return [height - inset, inset]


def _add_target(drawing: Drawing, series: ChartSeries, frame: Frame, palette: Palette) -> None:
    target = series.points[-1].target
    if target is not None and frame.domain.low <= target <= frame.domain.high:
        y = frame.height_of(target)
        drawing.add(Stroke((((frame.box.left, y), (frame.box.right, y)),), palette.target, 0.5))


def _add_marks(drawing: Drawing, series: ChartSeries, frame: Frame, palette: Palette) -> None:
    """Mark signals small, and the latest point of all large (hollow while provisional)."""
    place = frame.height_of
    known = [
        (x, point) for x, point in zip(frame.columns.middles, series.points, strict=True) if point.value is not None
    ]
    for kind in sorted({point.kind for _, point in known[:-1]} - {"common_cause"}):
        at = tuple((x, place(point.value)) for x, point in known[:-1] if point.kind == kind and point.value is not None)
        drawing.add(Marks(at, shape_of(kind), 2.2, palette.of(kind), palette.of(kind), 0.0))
    x, last = known[-1]
    if last.value is not None:
        colour = palette.of(last.kind)
        fill = palette.paper if last.provisional else colour
        size = 3.6 if last.kind == "common_cause" else 4.6
        drawing.add(Marks(((x, place(last.value)),), shape_of(last.kind), size, fill, colour, 0.7))
