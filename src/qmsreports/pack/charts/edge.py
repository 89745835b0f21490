"""Labels at the right edge: what each line is, beside its end, moved apart where they would touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qmsreports.pack.charts.drawing import Drawing, Stroke
from qmsreports.pack.charts.frame import Frame
from qmsreports.pack.charts.lettering import label, width_of
from qmsreports.pack.charts.placement import spread
from qmsreports.pack.charts.style import Palette

_GAP = 1.3  # from the plot to the text, as a multiple of the text size: room for a leader
_LINE = 1.16


@dataclass(frozen=True, slots=True)
class EdgeLabel:
    """A name and a number at a value's height; labels of higher ``rank`` give way first when the plot is too low."""

    value: float
    name: str
    number: str
    colour: str
    bold: bool = False
    rank: int = 0

    @property
    def text(self) -> str:
        """The label as written."""
        return f"{self.name} {self.number}"


def edge_room(labels: Sequence[EdgeLabel], size: float) -> float:
    """Return the width that the labels take right of the plot."""
    if not labels:
        return 0.5 * size
    return max(width_of(each.text, size, bold=each.bold) for each in labels) + _GAP * size + 0.5


def add_edge_labels(drawing: Drawing, frame: Frame, labels: Sequence[EdgeLabel], size: float, palette: Palette) -> None:
    """Write the labels, with a thin leader to each that had to move."""
    height = _LINE * size
    bottom = frame.box.bottom - 0.2 * size
    top = frame.box.top + 0.5 * size
    room = int((top - bottom) / height + 1e-9)
    kept = sorted(sorted(labels, key=lambda each: each.rank)[:room], key=lambda each: (each.value, each.rank))
    place = frame.height_of
    wanted = [place(each.value) for each in kept]
    for each, at, middle in zip(kept, wanted, spread(wanted, height, bottom, top), strict=True):
        edge = frame.box.right
        if abs(middle - at) > 0.6:
            drawing.add(Stroke((((edge + 1.0, at), (edge + (_GAP - 0.25) * size, middle)),), palette.hairline, 0.6))
        drawing.add(label(each.text, edge + _GAP * size, middle, size, each.colour, bold=each.bold))
