"""The charts of a pack: each drawn once, under the key by which both forms place it.

``half-`` is the process-behaviour chart of a card and of the page, ``wide-`` the one of an exception in print, ``low-``
the flat one of page one, ``spark-`` the line of the scoreboard, ``multiples-<kpi>-<dimension>`` the parts on one scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from qmsreports.language import say, spoken
from qmsreports.language.messages import load
from qmsreports.pack import figures
from qmsreports.pack.charts import ChartBreak, ChartSeries, ChartWords, process_chart, small_multiples, sparkline
from qmsreports.pack.charts.style import PALETTE, Palette
from qmsreports.pack.charts.svg import Painter, paint
from qmsreports.pack.glyphs import printable
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Point, Slice
from qmsreports.pack.view.board import chart_text, shown_parts, spark_text

_WIDTH = 178.0  # mm, the text width of the page
_HALF = 86.0
_SPARK = 24
_PANEL = 31.0


def draw(pack: PackModel, palette: Palette = PALETTE, painter: Painter = paint) -> dict[str, str]:
    """Return every chart of the pack as SVG text; an objective without any value has none."""
    charts: dict[str, str] = {}
    for objective in pack.objectives:
        if any(point.value is not None for point in objective.points):
            charts.update(_objective(objective, pack, {"palette": palette, "painter": painter}))
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


def _objective(objective: Objective, pack: PackModel, hand: dict[str, Any]) -> dict[str, str]:
    kpi, shown = objective.kpi, pack.header.shown
    series = _series(objective, objective, shown, prior=True)
    alt = printable(chart_text(objective, shown))
    words = chart_words(spoken().code)
    look: dict[str, Any] = {"alt": alt, "words": words, **hand}
    charts = {
        f"half-{kpi}": process_chart(series, width_mm=_HALF, height_mm=44, **look),
        f"spark-{kpi}": sparkline(
            _series(objective, objective, _SPARK),
            width_mm=40,
            height_mm=8,
            alt=printable(spark_text(objective)),
            words=words,
            **hand,
        ),
    }
    if objective.exception:
        charts[f"wide-{kpi}"] = process_chart(series, width_mm=_WIDTH, height_mm=47, **look)
    if kpi in pack.highlights:
        charts[f"low-{kpi}"] = process_chart(series, width_mm=_HALF, height_mm=34, **look)
    return charts | _parts(objective, shown, hand)


def _parts(objective: Objective, shown: int, hand: dict[str, Any]) -> dict[str, str]:
    """Draw the parts of each dimension on one scale, the whole pale behind them."""
    whole = _series(objective, objective, shown)
    charts = {}
    for dimension, pieces in shown_parts(objective).items():
        name = figures.dimension(dimension)
        charts[f"multiples-{objective.kpi}-{dimension}"] = small_multiples(
            [(printable(piece.title), _series(objective, piece, shown)) for piece in pieces],
            width_mm=_WIDTH,
            panel_height_mm=_PANEL,
            total=whole,
            alt=printable(say("chart.parts", objective=objective.title, dimension=name)),
            words=chart_words(spoken().code),
            **hand,
        )
    return charts


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
