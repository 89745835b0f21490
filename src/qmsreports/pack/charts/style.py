"""What charts look like and the few words they carry: data, for an organisation's colours and other languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Palette:
    """One colour per meaning; concern is carried in text by a darker tone, which has a contrast of 4.9 on white."""

    ink: str = "#1F2A33"
    quiet: str = "#5B6770"  # tick labels and limit labels: 5.8 on white
    line: str = "#8A97A1"  # the line that joins the points
    hairline: str = "#C9D1D7"
    band: str = "#E8EDEE"
    band_trial: str = "#F3F5F6"
    limit: str = "#97A3AC"
    prior: str = "#AEB9C1"
    target: str = "#8A1538"
    common_cause: str = "#768692"
    improvement: str = "#005EB8"
    concern: str = "#ED8B00"
    concern_text: str = "#A85400"
    neutral: str = "#5B3A8C"
    paper: str = "#FFFFFF"

    def of(self, kind: str) -> str:
        """Return the colour of a point's mark."""
        return {"improvement": self.improvement, "concern": self.concern, "common_cause": self.common_cause}.get(
            kind, self.neutral
        )

    def text_of(self, kind: str) -> str:
        """Return the colour of words about a point of this kind."""
        if kind == "common_cause":
            return self.ink
        return self.concern_text if kind == "concern" else self.of(kind)


_UNITS: Mapping[str, str] = MappingProxyType(
    {"percent": "%", "per_1000": "per 1,000", "count": "", "score": "", "ratio": "", "": ""}
)


@dataclass(frozen=True, slots=True)
class ChartWords:
    """Every word and separator a chart can print."""

    target: str = "target"
    mean: str = "mean"
    upper: str = "upper"
    lower: str = "lower"
    trial: str = "trial"
    prior: str = "year before"
    total: str = "total"
    no_data: str = "No data"
    months: tuple[str, ...] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    quarter: str = "Q"
    decimal: str = "."
    thousands: str = ","
    units: Mapping[str, str] = field(default_factory=lambda: _UNITS)
    millions: str = "millions"
    billions: str = "billions"
    trillions: str = "trillions"
    short: tuple[str, str, str] = ("m", "bn", "tn")  # of millions, billions and trillions, behind a number

    def unit(self, unit: str) -> str:
        """Return how a unit is named above the axis; a unit without an entry names itself."""
        return self.units.get(unit, unit)


PALETTE = Palette()
WORDS = ChartWords()
