"""Charts of the presentation: where their lines break, and the numbers along their axes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pack_fixture_review import review
from pptx import Presentation
from slides_fixture import TEMPLATES, charts, texts

from qmsreports.pack import slides
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective


@pytest.fixture(scope="module")
def made() -> PackModel:
    return review()


@pytest.fixture(scope="module")
def content(made: PackModel) -> bytes:
    return slides.render_slides(made, templates=TEMPLATES)


@pytest.fixture(scope="module")
def deck(content: bytes) -> Any:
    return Presentation(io.BytesIO(content))


def test_limits_break_where_they_begin_anew(made: PackModel, deck: Any) -> None:
    objective = next(one for one in made.objectives if one.kpi == "on_time_delivery")
    points = objective.points[-made.header.shown :]
    start = objective.segments[-1].start
    (shape,) = [shape for slide, shape in charts(deck) if objective.title in slide.shapes.title.text_frame.text]
    lines = {series.name: list(series.values) for series in shape.chart.plots[0].series}
    before = [point.mean if point.start < start else None for point in points]
    after = [point.mean if point.start >= start else None for point in points]
    assert lines["Mean"] == before
    assert lines["Mean, since Oct 25"] == after
    legend = shape.chart.legend._element.xml
    assert legend.count("<c:legendEntry>") == sum(", since " in name for name in lines)


def test_the_note_under_a_chart_says_where_its_lines_break_and_why(made: PackModel, deck: Any) -> None:
    objective = next(one for one in made.objectives if one.kpi == "on_time_delivery")
    reason = objective.segments[-1].reason
    assert reason
    noted = 0
    for slide, _ in charts(deck):
        (one,) = [one for one in made.objectives if slide.shapes.title.text_frame.text.startswith(f"{one.title}:")]
        breaks = [shape.text_frame.text for shape in slide.shapes if shape.name == "Breaks"]
        shown = one.points[-made.header.shown :]
        begun = {segment.start for segment in one.segments[1:]} & {point.start for point in shown[1:]}
        assert bool(breaks) == bool(begun), one.kpi
        noted += bool(breaks)
        if one.kpi == "on_time_delivery":
            assert f"Oct 25, {reason}" in breaks[0]
    assert noted


def alone(pack: PackModel, one: Objective) -> PackModel:
    """The pack with one exception, in the place of the objective it was made from."""
    others = (known.model_copy(update={"exception": ()}) for known in pack.objectives)
    return pack.model_copy(update={"objectives": tuple(one if one.kpi == known.kpi else known for known in others)})


def test_lines_break_at_another_definition_that_has_too_few_values_for_limits(made: PackModel) -> None:
    objective = next(one for one in made.objectives if one.exception)
    later = objective.points[-3].start
    points = tuple(
        point.model_copy(update={"version": 1 + (point.start >= later), "mean": None, "upper": None, "lower": None})
        for point in objective.points
    )
    one = objective.model_copy(update={"points": points, "segments": objective.segments[:1]})
    pack = alone(made, one)
    deck = Presentation(io.BytesIO(slides.render_slides(pack, templates=TEMPLATES)))
    ((slide, shape),) = charts(deck)
    assert "Aug 26, definition version 2" in texts(slide)
    values = next(series for series in shape.chart.plots[0].series if series.name == "Value")
    number = [point.start for point in points[-made.header.shown :]].index(later)
    assert "<a:noFill/>" in values.points[number].format.line._ln.xml  # not joined to the point before


@pytest.mark.parametrize("size", [1e-6, 1e-4, 0.01, 1, 1e6, 1e10])
def test_numbers_along_the_axis_differ_whatever_their_size(made: PackModel, size: float) -> None:
    objective = next(one for one in made.objectives if one.exception)
    names = ("value", "low", "high", "target", "near", "mean", "lower", "upper")
    points = tuple(
        point.model_copy(update={name: known * size for name in names if (known := getattr(point, name)) is not None})
        for point in objective.points
    )
    one = objective.model_copy(update={"points": points, "unit": "EUR", "possible": None})
    pack = alone(made, one)
    ((_, shape),) = charts(Presentation(io.BytesIO(slides.render_slides(pack, templates=TEMPLATES))))
    axis = shape.chart.value_axis
    decimals = len(axis.tick_labels.number_format.partition(".")[2])
    count = round((axis.maximum_scale - axis.minimum_scale) / axis.major_unit)
    labels = [f"{axis.minimum_scale + number * axis.major_unit:.{decimals}f}" for number in range(count + 1)]
    assert len(labels) > 2
    assert len(set(labels)) == len(labels)
