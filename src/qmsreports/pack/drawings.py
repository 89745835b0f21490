"""The charts of a pack: each drawn once, under the key by which both forms place it.

``half-`` is the process-behaviour chart of a card and of the page, ``wide-`` the one of an exception in print, ``low-``
the flat one of page one, ``spark-`` the line of the scoreboard, ``multiples-<kpi>-<dimension>`` the parts on one scale.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from qmsreports.language import say, spoken
from qmsreports.language.messages import load
from qmsreports.pack import figures
from qmsreports.pack.charts import ChartBreak, ChartSeries, ChartWords, process_chart, small_multiples, sparkline
from qmsreports.pack.charts.style import PALETTE, Palette
from qmsreports.pack.faces import faces
from qmsreports.pack.glyphs import printable
from qmsreports.pack.kept import Keep, make_anew
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Point, Slice
from qmsreports.pack.view.board import chart_text, shown_parts, spark_text

_WIDTH = 178.0  # mm, the text width of the page
_HALF = 86.0
_SPARK = 24
_PANEL = 31.0


def draw(pack: PackModel, palette: Palette = PALETTE, keep: Keep = make_anew) -> dict[str, str]:
    """Return every chart of the pack as SVG text; an objective without any value has none.

    ``keep`` is asked first: a chart is made from its objective (not from what its owner says of it), its alternative
    text and what it looks like.
    """
    charts: dict[str, str] = {}
    for objective in pack.objectives:
        if any(point.value is not None for point in objective.points):
            charts.update(_Hand(objective, pack, palette, keep).charts())
    return charts


@cache
def chart_words(code: str) -> ChartWords:
    """Return what a chart can print, in a language that is spoken now."""
    language = load(code)

    def word(key: str) -> str:
        return language.say(f"chart.{key}", {})

    return ChartWords(
        target=word("target"),
        mean=word("mean"),
        upper=word("upper"),
        lower=word("lower"),
        trial=word("trial"),
        prior=word("prior"),
        total=word("total"),
        no_data=word("no_data"),
        months=language.short_months,
        quarter=word("quarter"),
        decimal=language.decimal,
        thousands=language.group,
        units={unit: word(f"unit.{unit}") for unit in UNITS} | dict.fromkeys(("count", "score", "ratio", ""), ""),
        millions=word("millions"),
        billions=word("billions"),
        trillions=word("trillions"),
        short=(word("short_millions"), word("short_billions"), word("short_trillions")),
    )


UNITS = ("percent", "points", "per_1000", "ppm", "hours", "minutes", "days")
"""Units that are named above the axis of a chart."""


class _Hand:
    """Draws the charts of one objective."""

    def __init__(self, objective: Objective, pack: PackModel, palette: Palette, keep: Keep) -> None:
        self.objective, self.shown, self.highlights = objective, pack.header.shown, pack.highlights
        self.look: dict[str, Any] = {"palette": palette, "words": chart_words(spoken().code)}
        self.keep = keep
        drawn = objective.model_dump_json(exclude={"comment"})
        fonts = [hashlib.sha256(path.read_bytes()).hexdigest() for face in faces() if face.own for path in face.files]
        look = repr((self.shown, spoken().code, palette, fonts))
        self.made_from = hashlib.sha256(f"{look}\n{drawn}".encode()).hexdigest()

    def charts(self) -> dict[str, str]:
        """Return the charts by their keys."""
        objective, kpi = self.objective, self.objective.kpi
        alt = printable(chart_text(objective, self.shown))

        def process(width: float, height: float) -> str:
            series = _series(objective, objective, self.shown, prior=True)
            return process_chart(series, width_mm=width, height_mm=height, alt=alt, **self.look)

        charts = {
            f"half-{kpi}": self._kept("half", alt, lambda: process(_HALF, 44)),
            f"spark-{kpi}": self._spark(),
        }
        if objective.exception:
            charts[f"wide-{kpi}"] = self._kept("wide", alt, lambda: process(_WIDTH, 47))
        if kpi in self.highlights:
            charts[f"low-{kpi}"] = self._kept("low", alt, lambda: process(_HALF, 34))
        return charts | self._parts()

    def _kept(self, kind: str, alt: str, make: Callable[[], str]) -> str:
        return self.keep("\n".join(("chart", kind, self.made_from, alt)), make)

    def _spark(self) -> str:
        alt = printable(spark_text(self.objective))

        def spark() -> str:
            series = _series(self.objective, self.objective, _SPARK)
            return sparkline(series, width_mm=40, height_mm=8, alt=alt, **self.look)

        return self._kept("spark", alt, spark)

    def _parts(self) -> dict[str, str]:
        """Draw the parts of each dimension on one scale, the whole pale behind them."""
        objective, charts = self.objective, {}
        for dimension, pieces in shown_parts(objective).items():
            name = figures.dimension(dimension)
            alt = printable(say("chart.parts", objective=objective.title, dimension=name))
            make = partial(self._multiples, pieces, alt)
            charts[f"multiples-{objective.kpi}-{dimension}"] = self._kept(f"multiples {dimension}", alt, make)
        return charts

    def _multiples(self, pieces: Sequence[Slice], alt: str) -> str:
        return small_multiples(
            [(printable(piece.title), _series(self.objective, piece, self.shown)) for piece in pieces],
            width_mm=_WIDTH,
            panel_height_mm=_PANEL,
            total=_series(self.objective, self.objective, self.shown),
            alt=alt,
            **self.look,
        )


def _series(objective: Objective, drawn: Objective | Slice, shown: int, *, prior: bool = False) -> ChartSeries:
    """Return the last ``shown`` points of an objective or a part of it with what belongs to them.

    The year before is looked up among all points.
    """
    points, segments = drawn.points, drawn.segments
    last = points[-shown:]
    return ChartSeries(
        points=last,
        segments=[segment for segment in segments if segment.end >= last[0].start],
        unit=objective.unit,
        breaks=[
            ChartBreak(segment.start, printable(segment.reason or say("limits.new")))
            for segment in segments[1:]
            if segment.start >= last[0].start
        ],
        possible=objective.possible,
        prior=_year_before(points, last) if prior else (),
        names={point.start: figures.short_period(point.period) for point in last if _unsaid(point.period)},
        note=say("value.cases", count=figures.count(points[-1].n)) if points[-1].few else "",
    )


def _unsaid(period: str) -> bool:
    """Tell whether a date does not say which period begins on it: of a fiscal year, or a half-year."""
    return period.startswith("FY") or "-H" in period


def _a_year_earlier(period: str) -> str:
    """Return the same period of the year before: ``FY2025-Q3``; nothing for a year, which is beside it already."""
    year, dash, part = period.removeprefix("FY").partition("-")
    return f"{'FY' if period.startswith('FY') else ''}{int(year) - 1:04}-{part}" if dash else ""


def _year_before(points: Sequence[Point], last: Sequence[Point]) -> list[float | None]:
    """Return the value of the same period a year earlier; only where one definition counts both."""
    known = {point.period: point for point in points}
    found = []
    for point in last:
        before = known.get(_a_year_earlier(point.period))
        same = before is not None and before.version == point.version
        found.append(before.value if before is not None and same else None)
    return found if any(value is not None for value in found) else []
