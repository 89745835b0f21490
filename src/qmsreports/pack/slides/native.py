"""A process-behaviour chart that PowerPoint itself draws, with its numbers in a sheet behind it.

Five lines: values, mean, both limits, target; they break where limits begin anew, and a period without data is a gap.
What is special has series of its own without a line, so that the legend explains it: a signal by colour and by shape, a
provisional value by a hollow mark, as in print.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.charts.scale import Bounds, Domain, clipped, possible_range, ticks
from qmsreports.pack.charts.style import PALETTE
from qmsreports.pack.objective import Point, Segment
from qmsreports.pack.slides.deck import Place, Slide, describe, rgb, scale_of

_DECIMALS = {"percent": "0.0", "score": "0.00", "ratio": "0.000", "per_1000": "0.0", "hours": "0.0", "days": "0.0"}
_LABELS = 12  # periods named below the axis
_TICKS = 8
VALUES, MEAN, UPPER, LOWER, TARGET = "value", "mean", "upper", "lower", "target"
BETTER, WORSE, OTHER, PROVISIONAL = "better", "worse", "other", "provisional"


def add_chart(
    slide: Slide,
    place: Place,
    points: Sequence[Point],
    segments: Sequence[Segment],
    unit: str,
    bounds: Bounds | None,
    *,
    alt: str,
) -> None:
    """Draw the points into a place; ``alt`` says what the chart shows, ``bounds`` what values can be where the unit
    does not say it.
    """
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Pt

    bounds = bounds or possible_range(unit, [point.value for point in points if point.value is not None])
    lines = {
        VALUES: [point.value for point in points],
        MEAN: [point.mean for point in points],
        UPPER: [None if point.upper is None else clipped(point.upper, bounds) for point in points],
        LOWER: [None if point.lower is None else clipped(point.lower, bounds) for point in points],
        TARGET: [point.target for point in points],
        BETTER: [point.value if point.kind == "improvement" else None for point in points],
        WORSE: [point.value if point.kind == "concern" else None for point in points],
        OTHER: [point.value if point.kind.startswith("neutral") else None for point in points],
        PROVISIONAL: [point.value if point.provisional else None for point in points],
    }
    breaks = [number for number, _ in _breaks(points, segments)]
    moved = [number for number in range(1, len(points)) if points[number].target != points[number - 1].target]
    shown: list[_Piece] = []
    for name, numbers in lines.items():
        cuts = {MEAN: breaks, UPPER: breaks, LOWER: breaks, TARGET: moved}.get(name, [])
        shown += _pieces(name, numbers, cuts, points)
    kind: Any = CategoryChartData
    known = [number for piece in shown for number in piece.numbers if number is not None]
    domain = Domain.around(known, bounds)
    step, _ = ticks(domain, _TICKS)
    data = kind(number_format=_format(step / 10, unit))
    data.categories = [figures.short_period(point.period).replace(figures.NBSP, " ") for point in points]
    for piece in shown:
        data.add_series(piece.label, piece.numbers)
    frame = slide.made.shapes.add_chart(XL_CHART_TYPE.LINE_MARKERS, *slide.box(place), data)
    frame.name = say("label.chart")
    describe(frame, alt)
    frame.chart.font.size = Pt(round(11 * scale_of(slide.width), 1))
    _axes(frame.chart, domain, bounds, unit, len(points))
    for number, (series, piece) in enumerate(zip(frame.chart.plots[0].series, shown, strict=True)):
        if piece.line in _MARKS:
            _mark(series, piece.line)
            continue
        _line(series, piece.line, breaks if piece.line == VALUES else ())
        if piece.later:
            _unlisted(frame.chart.legend._element, number)


def broken_at(points: Sequence[Point], segments: Sequence[Segment]) -> str:
    """Return where the lines break and why, for the note under the chart: ``Oct 25, new carrier; Jan 26, definition
    version 2``; empty where they do not.
    """
    said = []
    for number, reason in _breaks(points, segments):
        period = figures.short_period(points[number].period).replace(figures.NBSP, " ")
        said.append(", ".join((period, reason)))
    return say("list.semicolon").join(said)


def _breaks(points: Sequence[Point], segments: Sequence[Segment]) -> list[tuple[int, str]]:
    """Return the points before which lines break, and why: limits begin anew, or another definition counts.

    A definition that came where there are too few values for limits makes no segment; its values are no less apart.
    """
    because = {segment.start: segment.reason or say("limits.new") for segment in segments[1:]}
    found = []
    for number, (before, point) in enumerate(pairwise(points), start=1):
        if point.start in because:
            found.append((number, because[point.start]))
        elif point.version != before.version:
            found.append((number, say("definition.version_break", version=point.version)))
    return found


def _format(step: float, unit: str) -> str:
    """Return the number format in which numbers a step apart differ: ``0.0000`` for a step of 0.0002 or 0.0005."""
    usual = _DECIMALS.get(unit, "#,##0")
    decimals = max(0, -math.floor(math.log10(step))) if step > 0 else 0
    least = len(usual.partition(".")[2])
    return usual if decimals <= least else f"#,##0.{'0' * decimals}"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a line as a series of its own; a ``later`` one is not the first of its line."""

    line: str
    label: str
    numbers: list[float | None]
    later: bool


def _pieces(
    name: str, numbers: Sequence[float | None], cuts: Sequence[int], points: Sequence[Point]
) -> Iterator[_Piece]:
    """Yield the stretches of a line, each a series of its own with gaps elsewhere; stretches without a value are none.

    The first keeps the name of the line; the others say from when they hold.
    """
    listed = False
    for first, last in pairwise([0, *cuts, len(numbers)]):
        if all(number is None for number in numbers[first:last]):
            continue
        here = [number if first <= place < last else None for place, number in enumerate(numbers)]
        label = say(f"chart.line.{name}")
        if listed:
            since = figures.short_period(points[first].period).replace(figures.NBSP, " ")
            label = say("chart.line_since", line=label, period=since)
        yield _Piece(name, label, here, listed)
        listed = True


def _unlisted(legend: Any, number: int) -> None:
    """Leave a series out of the legend: a later stretch of a line that is named there already."""
    from pptx.oxml.ns import qn

    entry = legend.makeelement(qn("c:legendEntry"), {})
    entry.append(entry.makeelement(qn("c:idx"), {"val": str(number)}))
    entry.append(entry.makeelement(qn("c:delete"), {"val": "1"}))
    before = legend.findall(qn("c:legendEntry")) or [legend.find(qn("c:legendPos"))]
    before[-1].addnext(entry)


def _axes(chart: Any, domain: Domain, bounds: Bounds, unit: str, count: int) -> None:
    from pptx.enum.chart import XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION

    chart.has_title = False
    chart.has_legend = True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    chart.font.color.rgb = rgb(PALETTE.quiet)
    values = chart.value_axis
    step, places = ticks(domain, _TICKS)
    low = places[0] if places[0] <= domain.low else clipped(places[0] - step, bounds)
    high = places[-1] if places[-1] >= domain.high else clipped(places[-1] + step, bounds)
    values.minimum_scale, values.maximum_scale, values.major_unit = low, high, step
    values.major_gridlines.format.line.color.rgb = rgb(PALETTE.band)
    values.format.line.fill.background()
    values.tick_labels.number_format = _format(step, unit)
    values.tick_labels.number_format_is_linked = False
    name = figures.unit_name(unit)
    values.has_title = bool(name)
    if name:
        values.axis_title.text_frame.text = name
        values.axis_title.text_frame.paragraphs[0].font.bold = False
    periods = chart.category_axis
    periods.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    periods.format.line.color.rgb = rgb(PALETTE.hairline)
    step = max(1, -(-count // _LABELS))
    _every(periods._element, step)


def _every(axis: Any, step: int) -> None:
    """Name every so manieth period, so that no label is turned; python-pptx has no word for it."""
    from pptx.oxml.ns import qn

    skip = axis.makeelement(qn("c:tickLblSkip"), {"val": str(step)})
    before = axis.find(qn("c:noMultiLvlLbl"))
    if before is None:
        axis.append(skip)
    else:
        before.addprevious(skip)


_LINES = {
    VALUES: (PALETTE.line, 1.75),
    MEAN: (PALETTE.limit, 1.25),
    UPPER: (PALETTE.limit, 1.0),
    LOWER: (PALETTE.limit, 1.0),
    TARGET: (PALETTE.target, 1.5),
}
_MARKS = {
    BETTER: ("TRIANGLE", PALETTE.improvement),
    WORSE: ("DIAMOND", PALETTE.concern),
    OTHER: ("SQUARE", PALETTE.neutral),
    PROVISIONAL: ("CIRCLE", PALETTE.common_cause),
}


def _line(series: Any, name: str, breaks: Sequence[int]) -> None:
    """Set one of the five lines; a point at a break is not joined to the one before."""
    from pptx.enum.chart import XL_MARKER_STYLE
    from pptx.enum.dml import MSO_LINE
    from pptx.util import Pt

    colour, width = _LINES[name]
    series.smooth = False
    series.format.line.color.rgb = rgb(colour)
    series.format.line.width = Pt(width)
    if name in (UPPER, LOWER, TARGET):
        series.format.line.dash_style = MSO_LINE.DASH if name == TARGET else MSO_LINE.ROUND_DOT
    series.marker.style = XL_MARKER_STYLE.CIRCLE if name == VALUES else XL_MARKER_STYLE.NONE
    if name == VALUES:
        series.marker.size = 6
        _filled(series.marker.format, PALETTE.common_cause, PALETTE.common_cause)
    for number in breaks:
        series.points[number].format.line.fill.background()


def _mark(series: Any, name: str) -> None:
    """Set marks without a line over the points they belong to."""
    from pptx.enum.chart import XL_MARKER_STYLE

    shape, colour = _MARKS[name]
    series.smooth = False
    series.format.line.fill.background()
    series.marker.style, series.marker.size = getattr(XL_MARKER_STYLE, shape), 9
    _filled(series.marker.format, PALETTE.paper if name == PROVISIONAL else colour, colour)


def _filled(form: Any, inside: str, edge: str) -> None:

    form.fill.solid()
    form.fill.fore_color.rgb = rgb(inside)
    form.line.color.rgb = rgb(edge)
