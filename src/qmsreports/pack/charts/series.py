"""What a chart needs to know. Anything with these attributes can be drawn; nothing is computed from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol


class Dot(Protocol):
    """One point: limits are unclipped, ``value`` is None where there is no data, ``target`` the one of this period."""

    @property
    def start(self) -> date: ...  # noqa: D102
    @property
    def value(self) -> float | None: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def target(self) -> float | None: ...  # noqa: D102
    @property
    def provisional(self) -> bool: ...  # noqa: D102


class Stretch(Protocol):
    """Points between two breaks, first and last date included, with their own mean and limits."""

    @property
    def start(self) -> date: ...  # noqa: D102
    @property
    def end(self) -> date: ...  # noqa: D102
    @property
    def mean(self) -> float | None: ...  # noqa: D102
    @property
    def lower(self) -> float | None: ...  # noqa: D102
    @property
    def upper(self) -> float | None: ...  # noqa: D102
    @property
    def trial(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A :class:`Dot` for whoever has none of their own."""

    start: date
    value: float | None
    kind: str = "common_cause"
    target: float | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class ChartBreak:
    """Where the line begins anew: on the first point on or after ``on``. A ``label`` is cut where room is short."""

    on: date
    label: str


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """A series to draw, dates ascending.

    ``prior``: one value per point, of the same period a year earlier; empty for none. ``possible``: the range that
    values can take, None on an open side; left out, it follows from the unit. ``names``: what the period of each point
    is called on the axis, where its date does not say: ``Q3 FY26``. ``note``: what has to be known of the latest value
    and stands beside it where parts are drawn side by side: ``n 4``.
    """

    points: Sequence[Dot]
    segments: Sequence[Stretch] = ()
    unit: str = ""
    breaks: Sequence[ChartBreak] = ()
    prior: Sequence[float | None] = ()
    possible: tuple[float | None, float | None] | None = field(default=None)
    names: Mapping[date, str] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        if self.prior and len(self.prior) != len(self.points):
            raise ValueError(f"{len(self.prior)} values of the year before for {len(self.points)} points")
