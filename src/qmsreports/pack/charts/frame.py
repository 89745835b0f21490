"""The plot: its box, its axes, and the places of points on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from types import MappingProxyType

from qmsreports.pack.charts.drawing import Box, Drawing, Stroke
from qmsreports.pack.charts.lettering import label, width_of
from qmsreports.pack.charts.scale import Domain, Numbers, day_label, month_place, rhythm_of
from qmsreports.pack.charts.style import ChartWords, Palette


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each point stands from left to right. ``edges[i]`` is halfway between point i - 1 and point i."""

    middles: tuple[float, ...]
    edges: tuple[float, ...]

    @classmethod
    def over(cls, days: Sequence[date], left: float, right: float) -> Columns:
        """Spread the days over the width, by date, with half a step of air at either end."""
        places = [month_place(day) for day in days]
        if len(places) < 2:
            middle = (left + right) / 2
            return cls((middle,) * len(places), (left, right)[: len(places) + 1])
        air = (places[-1] - places[0]) / (len(places) - 1) / 2
        factor = (right - left) / (places[-1] - places[0] + 2 * air)
        middles = tuple(left + (place - places[0] + air) * factor for place in places)
        inner = tuple((a + b) / 2 for a, b in pairwise(middles))
        return cls(middles, (left, *inner, right))

    @property
    def step(self) -> float:
        """Average distance of two points."""
        return (self.edges[-1] - self.edges[0]) / max(1, len(self.middles)) if self.edges else 0.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot's box and its two scales."""

    box: Box
    columns: Columns
    domain: Domain

    @property
    def height_of(self) -> Callable[[float], float]:
        """Function from a value to its height on the sheet."""
        return self.domain.place(self.box.bottom, self.box.top)


def tick_room(values: Sequence[float], numbers: Numbers, size: float) -> float:
    """Return the width that the numbers of the axis need, with their distance from the plot."""
    return max((width_of(numbers.tick(value), size) for value in values), default=0.0) + 0.6 * size


def add_value_axis(
    drawing: Drawing, frame: Frame, values: Sequence[float], numbers: Numbers, size: float, palette: Palette
) -> None:
    """Write the numbers left of the plot; no line, no grid."""
    place = frame.height_of
    for value in values:
        text = numbers.tick(value)
        drawing.add(label(text, frame.box.left - 0.6 * size, place(value), size, palette.quiet, anchor="right"))


def add_time_axis(
    drawing: Drawing,
    frame: Frame,
    days: Sequence[date],
    size: float,
    palette: Palette,
    words: ChartWords,
    names: Mapping[date, str] = MappingProxyType({}),
) -> None:
    """Draw the base line, and name the last period and every so many before it, never cut and never touching."""
    base = frame.box.bottom
    drawing.add(Stroke((((frame.box.left, base), (frame.box.right, base)),), palette.hairline, 0.6))
    if not days:
        return
    shown = _named_days(days, frame, size, words, drawing.width, names)
    ticks = tuple(((x, base), (x, base - 0.35 * size)) for x, _ in shown)
    drawing.add(Stroke(ticks, palette.hairline, 0.6))
    for x, text in shown:
        half = width_of(text, size) / 2
        middle = min(max(x, half), drawing.width - half)
        drawing.add(label(text, middle, base - 1.0 * size, size, palette.quiet, anchor="centre"))


_STEPS = {"month": (1, 2, 3, 6, 12, 24, 36, 60, 120), "quarter": (1, 2, 4, 8, 20, 40), "year": (1, 2, 5, 10, 20, 50)}


def _named_days(
    days: Sequence[date], frame: Frame, size: float, words: ChartWords, sheet: float, names: Mapping[date, str]
) -> list[tuple[float, str]]:
    """Return place and name of the days to write, counted back from the last."""
    rhythm = "day" if names else rhythm_of(days)  # what has names of its own is counted by points
    texts = [names.get(day) or day_label(day, rhythm, words) for day in days]
    room = max(width_of(text, size) for text in texts) + 2.0 * size
    months = {"year": 12, "quarter": 3}.get(rhythm, 1)
    steps = _STEPS.get(rhythm) or range(1, len(days) + 1)
    for step in steps:
        chosen = list(reversed(_counted_back(days, rhythm, step, step * months)))
        places = [frame.columns.middles[i] for i in chosen]
        half = room / 2
        placed = [min(max(x, half - 1.0 * size), sheet - half + 1.0 * size) for x in places]
        if all(b - a >= room for a, b in pairwise(placed)):
            return [(x, texts[i]) for x, i in zip(places, chosen, strict=True)]
    return [(frame.columns.middles[-1], texts[-1])]


def _counted_back(days: Sequence[date], rhythm: str, step: int, months: int) -> list[int]:
    last = len(days) - 1
    if rhythm == "day":
        return list(range(last, -1, -step))
    end = month_place(days[last])
    return [i for i in range(last, -1, -1) if round(end - month_place(days[i])) % months == 0]
