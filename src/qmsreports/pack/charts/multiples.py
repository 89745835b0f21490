"""Small multiples: the parts of a whole side by side on one scale, the whole behind each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qmsreports.pack.charts.drawing import Box, Drawing, Stroke
from qmsreports.pack.charts.frame import Columns, Frame, add_time_axis, add_value_axis, tick_room
from qmsreports.pack.charts.lettering import label, shortened, width_of
from qmsreports.pack.charts.points import add_points, joined
from qmsreports.pack.charts.process import add_stretches, add_target, bounds_of, values_of
from qmsreports.pack.charts.scale import Bounds, Domain, Numbers, numbers_for, ticks
from qmsreports.pack.charts.series import ChartPoint, ChartSeries
from qmsreports.pack.charts.style import PALETTE, POINTS_PER_MM, WORDS, ChartWords, Palette
from qmsreports.pack.charts.svg import paint

_TEXT = 6.5
_LEAST = 31.5 * POINTS_PER_MM  # narrower panels cannot be read; five stand side by side on a page
_GUTTER = 12.0

Panel = tuple[str, ChartSeries]


def small_multiples(
    panels: Sequence[Panel],
    *,
    width_mm: float = 170.0,
    panel_height_mm: float = 32.0,
    total: ChartSeries | None = None,
    columns: int | None = None,
    alt: str = "",
    palette: Palette = PALETTE,
    words: ChartWords = WORDS,
) -> str:
    """Return one SVG with a panel per part, in the order given, all on the scale that holds every part and the total.

    Each panel has a name, its latest value, its own limits and signals; the total's line runs pale behind. The columns
    are as many as can be read in the width, evenly filled; ``columns=1`` is for narrow screens.
    """
    return paint(draw_multiples(panels, width_mm, panel_height_mm, total, columns, palette, words), alt)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all panels have in common."""

    bounds: Bounds
    domain: Domain
    ticks: Sequence[float]
    numbers: Numbers
    total: ChartSeries | None
    palette: Palette
    words: ChartWords


def draw_multiples(
    panels: Sequence[Panel],
    width_mm: float,
    panel_height_mm: float,
    total: ChartSeries | None = None,
    columns: int | None = None,
    palette: Palette = PALETTE,
    words: ChartWords = WORDS,
) -> Drawing:
    """Lay the panels out; see :func:`small_multiples`."""
    width, height = width_mm * POINTS_PER_MM, panel_height_mm * POINTS_PER_MM
    shared = _shared(panels, total, height, palette, words)
    margin = tick_room(shared.ticks, shared.numbers, _TEXT)
    most = columns or max(1, int((width + _GUTTER) / (_LEAST + _GUTTER)))
    rows = max(1, math.ceil(len(panels) / most))
    across = max(1, math.ceil(len(panels) / rows))
    key = _key(panels, shared)
    head = 1.5 * _TEXT if key else 0.0
    drawing = Drawing(width, rows * height + head)
    panel = (width - margin - (across - 1) * _GUTTER) / across
    for index, (name, series) in enumerate(panels):
        row, column = divmod(index, across)
        left, top = margin + column * (panel + _GUTTER), drawing.height - head - row * height
        box = Box(left, top - height + 2.2 * _TEXT, left + panel, top - 2.1 * _TEXT)
        _add_panel(drawing, name, series, box, shared)
        if column == 0:
            frame = Frame(box, Columns((), ()), shared.domain)
            add_value_axis(drawing, frame, shared.ticks, shared.numbers, _TEXT, palette)
    _add_key(drawing, key)
    return drawing


def _shared(
    panels: Sequence[Panel], total: ChartSeries | None, height: float, palette: Palette, words: ChartWords
) -> _Shared:
    everything = [series for _, series in panels] + ([total] if total else [])
    bounds = _bounds(everything)
    domain = Domain.around([value for series in everything for value in values_of(series, bounds)], bounds)
    unit = panels[0][1].unit if panels else ""
    step, values = ticks(domain, max(2, min(5, int(height / (4.0 * _TEXT)))), unit)
    numbers = numbers_for(domain, step, words, unit)
    return _Shared(bounds, domain, values, numbers, total, palette, words)


def _bounds(everything: Sequence[ChartSeries]) -> Bounds:
    """Return the possible range of all: open on a side where it is open for one."""
    found = [bounds_of(series) for series in everything]
    lows = [low for low, _ in found if low is not None]
    highs = [high for _, high in found if high is not None]
    return (
        min(lows) if lows and len(lows) == len(found) else None,
        max(highs) if highs and len(highs) == len(found) else None,
    )


def _add_panel(drawing: Drawing, name: str, series: ChartSeries, box: Box, shared: _Shared) -> None:
    days = [point.start for point in series.points]
    frame = Frame(box, Columns.over(days, box.left, box.right), shared.domain)
    add_stretches(drawing, series, frame, shared.bounds, shared.palette)
    if shared.total is not None:
        whole = {point.start: point for point in shared.total.points}
        behind = ChartSeries([whole.get(day) or ChartPoint(day, None) for day in days], shared.total.segments)
        lines = joined(behind, frame)
        drawing.add(Stroke(lines, shared.palette.prior, 1.1) if lines else None)
    add_target(drawing, series, frame, shared.palette, 0.8)
    add_points(drawing, series, frame, shared.palette, scale=0.85)
    add_time_axis(drawing, frame, days, _TEXT, shared.palette, shared.words, series.names)
    _add_heading(drawing, name, series, box, shared)


def _add_heading(drawing: Drawing, name: str, series: ChartSeries, box: Box, shared: _Shared) -> None:
    """Write the name at the left and the latest value at the right of a panel's head, before it what has to be known of
    it; the name gives way.
    """
    middle = box.top + 1.15 * _TEXT
    last = series.points[-1] if series.points else None
    text, colour = shared.words.no_data, shared.palette.quiet
    if last is not None and last.value is not None:
        text, colour = shared.numbers.reading(last.value), shared.palette.text_of(last.kind)
    drawing.add(label(text, box.right, middle, _TEXT, colour, bold=True, anchor="right"))
    room = box.width - width_of(text, _TEXT, bold=True) - _TEXT
    if series.note:
        right = box.right - width_of(text, _TEXT, bold=True) - 0.6 * _TEXT
        drawing.add(label(series.note, right, middle, _TEXT, shared.palette.quiet, anchor="right"))
        room -= width_of(series.note, _TEXT) + 0.6 * _TEXT
    name = shortened(name, room, _TEXT, bold=True)
    if name:
        drawing.add(label(name, box.left, middle, _TEXT, shared.palette.ink, bold=True))


_Entry = tuple[str, str, str]  # words, their colour, colour of the line they explain ("" for none)


def _key(panels: Sequence[Panel], shared: _Shared) -> list[_Entry]:
    """Say once, above all panels, what the unit, the pale line and the target are."""
    words, palette = shared.words, shared.palette
    found: list[_Entry] = []
    unit = panels[0][1].unit if panels else ""
    caption = shared.numbers.caption(unit)
    if caption:
        found.append((caption, palette.quiet, ""))
    if shared.total is not None:
        found.append((words.total, palette.quiet, palette.prior))
    targets = {series.points[-1].target for _, series in panels if series.points}
    if len(targets) == 1:
        target = targets.pop()
        if target is not None:
            found.append((f"{words.target} {shared.numbers.exact(target)}", palette.target, palette.target))
    return found


def _add_key(drawing: Drawing, key: Sequence[_Entry]) -> None:
    x, middle = 0.0, drawing.height - 0.75 * _TEXT
    for text, colour, line in key:
        if line:
            drawing.add(Stroke((((x, middle), (x + 1.8 * _TEXT, middle)),), line, 1.1))
            x += 2.3 * _TEXT
        drawing.add(label(text, x, middle, _TEXT, colour))
        x += width_of(text, _TEXT) + 2.0 * _TEXT
