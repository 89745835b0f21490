"""The process-behaviour chart: points, mean, limits, target, and where a signal or a new definition begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from qmsreports.pack.charts.drawing import Area, Box, Drawing, Stroke
from qmsreports.pack.charts.edge import EdgeLabel, add_edge_labels, edge_room
from qmsreports.pack.charts.frame import Columns, Frame, add_time_axis, add_value_axis, tick_room
from qmsreports.pack.charts.lettering import label, shortened, width_of
from qmsreports.pack.charts.placement import Flag, flag_rows
from qmsreports.pack.charts.points import add_points
from qmsreports.pack.charts.scale import (
    Bounds,
    Domain,
    Numbers,
    clipped,
    day_label,
    numbers_for,
    possible_range,
    rhythm_of,
    ticks,
)
from qmsreports.pack.charts.series import ChartSeries, Stretch
from qmsreports.pack.charts.style import PALETTE, POINTS_PER_MM, WORDS, ChartWords, Palette
from qmsreports.pack.charts.svg import paint

_LINE = 1.25  # height of a line of text as a multiple of its size
_FLAG_ROWS = 3


@dataclass(frozen=True, slots=True)
class Look:
    """Sizes and colours of one chart, in points."""

    text: float
    palette: Palette
    words: ChartWords

    @classmethod
    def of(cls, width: float, palette: Palette, words: ChartWords) -> Look:
        """Take smaller text for charts narrower than about 100 mm."""
        return cls(7.5 if width >= 280 else 6.5, palette, words)


def process_chart(
    series: ChartSeries,
    *,
    width_mm: float = 170.0,
    height_mm: float = 60.0,
    alt: str = "",
    palette: Palette = PALETTE,
    words: ChartWords = WORDS,
) -> str:
    """Return the chart as SVG text. The finding is the chart's title and stands outside; ``alt`` names the image.

    Limits are a quiet band per segment, clipped to what is possible; a signal is told by colour and by shape (triangle
    up: improvement, down: concern, diamond: a change where no direction is better); a hollow mark is provisional; a
    month without data is a gap. About 20 ms and 20 KB for three years of months.
    """
    return paint(draw_process(series, width_mm, height_mm, palette, words), alt)


def draw_process(
    series: ChartSeries, width_mm: float, height_mm: float, palette: Palette = PALETTE, words: ChartWords = WORDS
) -> Drawing:
    """Lay the chart out; see :func:`process_chart`."""
    drawing = Drawing(width_mm * POINTS_PER_MM, height_mm * POINTS_PER_MM)
    look = Look.of(drawing.width, palette, words)
    known = [point for point in series.points if point.value is not None]
    if not known:
        centre = (drawing.width / 2, drawing.height / 2)
        drawing.add(label(words.no_data, *centre, look.text, palette.quiet, anchor="centre"))
        return drawing
    bounds = bounds_of(series)
    domain = Domain.around(values_of(series, bounds), bounds)
    step, values = ticks(domain, max(2, min(6, int(drawing.height / (4.2 * look.text)))), series.unit)
    numbers = numbers_for(domain, step, words, series.unit)
    caption = numbers.caption(series.unit)
    edge = _edge_labels(series, bounds, numbers, look)
    left = tick_room(values, numbers, look.text)
    right = drawing.width - edge_room(edge, look.text)
    columns = Columns.over([point.start for point in series.points], left, right)
    flags = _flags(series, columns, drawing.width, look)
    caption_row = _caption_row(caption, flags, look) if caption else -1
    head = max(_rows(flags), caption_row + 1) * _LINE * look.text + 0.7 * look.text
    frame = Frame(Box(left, 1.75 * look.text, right, drawing.height - head), columns, domain)

    add_stretches(drawing, series, frame, bounds, palette)
    _add_breaks(drawing, frame, flags, look)
    add_target(drawing, series, frame, palette, 1.1)
    _add_prior(drawing, series, frame, palette)
    add_points(drawing, series, frame, palette)
    add_value_axis(drawing, frame, values, numbers, look.text, palette)
    add_time_axis(drawing, frame, [point.start for point in series.points], look.text, palette, words, series.names)
    add_edge_labels(drawing, frame, edge, look.text, palette)
    if caption:
        drawing.add(label(caption, 0.0, _row_middle(caption_row, frame, look), look.text, palette.quiet))
    return drawing


def bounds_of(series: ChartSeries) -> Bounds:
    """Return the range that values of this series can take."""
    if series.possible is not None:
        return series.possible
    return possible_range(series.unit, [point.value for point in series.points if point.value is not None])


def values_of(series: ChartSeries, bounds: Bounds) -> list[float]:
    """Return everything that the axis has to hold: values, targets, means and clipped limits."""
    found = [value for point in series.points for value in (point.value, point.target) if value is not None]
    found += [value for value in series.prior if value is not None]
    for segment in series.segments:
        limits = (segment.mean, segment.lower, segment.upper)
        found += [clipped(value, bounds) for value in limits if value is not None]
    return found


def _span(segment: Stretch, series: ChartSeries, columns: Columns) -> tuple[float, float] | None:
    inside = [i for i, point in enumerate(series.points) if segment.start <= point.start <= segment.end]
    return (columns.edges[inside[0]], columns.edges[inside[-1] + 1]) if inside else None


def add_stretches(
    drawing: Drawing, series: ChartSeries, frame: Frame, bounds: Bounds, palette: Palette, *, lines: bool = True
) -> None:
    """Draw the band of each segment and, with ``lines``, its limits and mean; trial limits are paler and dotted."""
    place = frame.height_of
    strokes: list[Stroke] = []
    for segment in series.segments:
        span = _span(segment, series, frame.columns)
        if span is None or segment.mean is None:
            continue
        if segment.lower is not None and segment.upper is not None:
            low, high = (place(clipped(value, bounds)) for value in (segment.lower, segment.upper))
            colour = palette.band_trial if segment.trial else palette.band
            drawing.add(Area(Box(span[0], low, span[1], high), colour))
            limits = tuple(((span[0], y), (span[1], y)) for y in (low, high))
            strokes.append(Stroke(limits, palette.limit, 0.6, (0.9, 1.6) if segment.trial else (2.2, 1.3)))
        mean = place(segment.mean)
        strokes.append(Stroke((((span[0], mean), (span[1], mean)),), palette.ink, 0.7))
    if lines:
        drawing.add(*strokes)


def add_target(drawing: Drawing, series: ChartSeries, frame: Frame, palette: Palette, width: float) -> None:
    """Draw the target of each period: one line while it stays, a step where it changes, none where there is none."""
    place, edges = frame.height_of, frame.columns.edges
    lines: list[tuple[tuple[float, float], ...]] = []
    line: list[tuple[float, float]] = []
    for target, group in groupby(range(len(series.points)), key=lambda i: series.points[i].target):
        members = list(group)
        if target is None:
            if line:
                lines.append(tuple(line))
            line = []
            continue
        line += [(edges[members[0]], place(target)), (edges[members[-1] + 1], place(target))]
    if line:
        lines.append(tuple(line))
    if lines:
        drawing.add(Stroke(tuple(lines), palette.target, width))


def _add_prior(drawing: Drawing, series: ChartSeries, frame: Frame, palette: Palette) -> None:
    place = frame.height_of
    dots = [
        None if value is None else (x, place(value))
        for x, value in zip(frame.columns.middles, series.prior, strict=False)
    ]
    lines = tuple(tuple(dot for dot in group if dot) for known, group in groupby(dots, key=bool) if known)
    lines = tuple(line for line in lines if len(line) > 1)
    if lines:
        drawing.add(Stroke(lines, palette.prior, 0.9))


def _edge_labels(series: ChartSeries, bounds: Bounds, numbers: Numbers, look: Look) -> list[EdgeLabel]:
    """Say at the right edge what the lines are, in their colours; the latest value in bold."""
    words, palette = look.words, look.palette
    found: list[EdgeLabel] = []
    last = series.points[-1]
    if last.target is not None:
        found.append(EdgeLabel(last.target, words.target, numbers.exact(last.target), palette.target, rank=1))
    segment = series.segments[-1] if series.segments else None
    if segment is not None and segment.mean is not None:
        found.append(EdgeLabel(segment.mean, words.mean, numbers.reading(segment.mean), palette.ink, rank=2))
        trial = f" ({words.trial})" if segment.trial else ""
        limits = ((words.upper, segment.upper), (words.lower, segment.lower))
        for name, limit in limits if segment.upper != segment.lower else ():  # limits of no width are the mean
            if limit is not None:
                value = clipped(limit, bounds)
                found.append(EdgeLabel(value, name, numbers.reading(value) + trial, palette.quiet, rank=3))
    if last.value is not None:
        name = series.names.get(last.start) or day_label(
            last.start, rhythm_of([point.start for point in series.points]), words
        )
        colour = palette.text_of(last.kind)
        found.append(EdgeLabel(last.value, name, numbers.reading(last.value), colour, bold=True, rank=0))
    if series.prior and series.prior[-1] is not None:
        found.append(EdgeLabel(series.prior[-1], words.prior, numbers.reading(series.prior[-1]), palette.quiet, rank=4))
    return found


@dataclass(frozen=True, slots=True)
class _Named:
    """A break as it is drawn; without text where its name found no room."""

    x: float
    text: str = ""
    left: float = 0.0
    row: int = -1


def _flags(series: ChartSeries, columns: Columns, right: float, look: Look) -> list[_Named]:
    """Return the breaks from left to right, with the places of their names."""
    named: dict[float, str] = {}
    for each in sorted(series.breaks, key=lambda one: one.on):
        index = next((i for i, point in enumerate(series.points) if point.start >= each.on), None)
        if index:  # a break before the first point is no break
            x = columns.edges[index]
            named[x] = f"{named[x]}; {each.label}" if x in named else each.label
    places = list(named)
    texts = [shortened(text, right, look.text) for text in named.values()]
    widths = [width_of(text, look.text) for text in texts]
    placed: dict[int, Flag] = {
        flag.index: flag
        for flag in flag_rows(places, widths, right, gap=0.8 * look.text, least=4.0 * look.text, rows=_FLAG_ROWS)
    }
    found = []
    for index, x in enumerate(places):
        flag = placed.get(index)
        text = shortened(texts[index], flag.room + 0.01, look.text) if flag else ""
        found.append(_Named(x, text, flag.left, flag.row) if flag and text else _Named(x))
    return found


def _caption_row(caption: str, flags: Sequence[_Named], look: Look) -> int:
    """Return the row of the unit: beside the names of breaks where there is room, else above them."""
    end = width_of(caption, look.text) + 0.8 * look.text
    return _rows(flags) if any(min(flag.x, flag.left if flag.text else flag.x) < end for flag in flags) else 0


def _rows(flags: Sequence[_Named]) -> int:
    return max((flag.row for flag in flags), default=-1) + 1


def _row_middle(row: int, frame: Frame, look: Look) -> float:
    return frame.box.top + (0.5 + row) * _LINE * look.text + 0.7 * look.text


def _add_breaks(drawing: Drawing, frame: Frame, flags: Sequence[_Named], look: Look) -> None:
    for flag in flags:
        top = frame.box.top
        if flag.text:
            middle = _row_middle(flag.row, frame, look)
            drawing.add(label(flag.text, flag.left, middle, look.text, look.palette.ink))
            top = middle + (0.4 if flag.left > flag.x else -0.62) * look.text  # a name over its line rests on it
        line = ((flag.x, frame.box.bottom), (flag.x, top))
        drawing.add(Stroke((line,), look.palette.quiet, 0.7, (0.6, 1.2)))
