"""A chart before it is painted: shapes and texts at fixed places, in points from the lower left corner.

Laying out and painting are two steps so that what matters (nothing overlaps, nothing is cut) can be computed and
tested without a renderer.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """Width in points."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Height in points."""
        return self.top - self.bottom

    def overlaps(self, other: Box, gap: float = 0.0) -> bool:
        """Whether the two come closer than ``gap`` to one another."""
        return (
            self.left < other.right + gap
            and other.left < self.right + gap
            and self.bottom < other.top + gap
            and other.bottom < self.top + gap
        )

    def holds(self, other: Box, slack: float = 0.01) -> bool:
        """Whether the other lies inside."""
        return (
            other.left >= self.left - slack
            and other.right <= self.right + slack
            and other.bottom >= self.bottom - slack
            and other.top <= self.top + slack
        )


@dataclass(frozen=True, slots=True)
class Area:
    """A filled rectangle without an edge."""

    box: Box
    colour: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """One or several connected lines of the same pen; ``dash`` in points on, points off."""

    lines: tuple[tuple[tuple[float, float], ...], ...]
    colour: str
    width: float
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """Points of one shape: ``dot``, ``up``, ``down`` or ``diamond``. ``size`` is the diameter in points."""

    at: tuple[tuple[float, float], ...]
    shape: str
    size: float
    fill: str
    edge: str
    edge_width: float


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text; ``x`` and ``baseline`` place its left end, ``box`` is the room it takes."""

    text: str
    x: float
    baseline: float
    size: float
    colour: str
    bold: bool
    box: Box


Shape = Area | Stroke | Marks | Label


@dataclass(slots=True)
class Drawing:
    """Everything on one chart, painted in this order."""

    width: float
    height: float
    shapes: list[Shape] = field(default_factory=list)

    @property
    def labels(self) -> list[Label]:
        """All texts."""
        return [shape for shape in self.shapes if isinstance(shape, Label)]

    @property
    def marks(self) -> list[Marks]:
        """All points."""
        return [shape for shape in self.shapes if isinstance(shape, Marks)]

    @property
    def frame(self) -> Box:
        """The whole sheet."""
        return Box(0.0, 0.0, self.width, self.height)

    def add(self, *shapes: Shape | None) -> None:
        """Add shapes on top; None is skipped."""
        self.shapes.extend(shape for shape in shapes if shape is not None)
