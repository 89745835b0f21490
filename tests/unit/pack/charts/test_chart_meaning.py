"""A chart shows what it is given: shapes, gaps, breaks, clipped limits, one scale; and its SVG is sound."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from chart_samples import month, series, wave

from qmsreports.pack.charts import (
    ChartPoint,
    ChartSeries,
    Palette,
    process_chart,
    share_outlines,
    small_multiples,
    sparkline,
)
from qmsreports.pack.charts.drawing import Area, Drawing, Stroke
from qmsreports.pack.charts.multiples import draw_multiples
from qmsreports.pack.charts.process import draw_process
from qmsreports.pack.charts.spark import draw_spark

PALETTE = Palette()


def strokes(drawing: Drawing, colour: str) -> list[tuple[tuple[float, float], ...]]:
    return [line for s in drawing.shapes if isinstance(s, Stroke) and s.colour == colour for line in s.lines]


def test_each_kind_has_a_shape_and_a_colour_of_its_own() -> None:
    kinds = ["common_cause", "improvement", "concern", "neutral_high"]
    drawing = draw_process(series([95, 96, 94, 97], kinds=kinds), 178, 58)
    assert {(marks.shape, marks.fill) for marks in drawing.marks} == {
        ("dot", "#768692"),
        ("up", "#005EB8"),
        ("down", "#ED8B00"),
        ("diamond", PALETTE.neutral),
    }


def test_where_points_crowd_only_those_that_say_something_have_a_mark() -> None:
    values: list[float | None] = [90 + number % 3 for number in range(60)]
    values[10] = values[12] = None  # the one between them is on no line
    drawing = draw_process(
        series(values, kinds=["concern" if number == 30 else "common_cause" for number in range(60)]), 86.0, 44.0
    )
    assert sorted(len(mark.at) for mark in drawing.marks) == [1, 2]  # the signal; the lonely point and the latest one


def test_provisional_points_are_hollow() -> None:
    drawing = draw_process(series(wave(24), provisional=2), 178, 58)
    hollow = [marks for marks in drawing.marks if marks.fill == PALETTE.paper]
    assert [len(marks.at) for marks in hollow] == [2]
    assert hollow[0].edge == PALETTE.common_cause


def test_a_month_without_data_is_a_gap_and_a_new_segment_a_new_line() -> None:
    drawing = draw_process(series([95, 96, None, 94, 95, 96, 97, 96], cuts=[5]), 178, 58)
    lines = strokes(drawing, PALETTE.line)
    assert [len(line) for line in lines] == [2, 2, 3]
    assert sum(len(marks.at) for marks in drawing.marks) == 7


def test_limits_are_clipped_to_what_is_possible() -> None:
    drawing = draw_process(series([99.0, 99.5] * 12, spread=3.0), 178, 58)
    assert "upper 100.0" in {label.text for label in drawing.labels}
    free = draw_process(series([99.0, 99.5] * 12, spread=3.0, possible=(None, None)), 178, 58)
    assert "upper 102.2" in {label.text for label in free.labels}  # 99.25 + 3, halves to even


def test_trial_limits_say_so_and_are_paler() -> None:
    drawing = draw_process(series(wave(8)), 178, 58)
    assert any(label.text.endswith("(trial)") for label in drawing.labels)
    assert {shape.colour for shape in drawing.shapes if isinstance(shape, Area)} == {PALETTE.band_trial}


def test_a_target_that_changes_is_a_step_and_one_that_is_not_set_is_no_line() -> None:
    drawing = draw_process(series(wave(6), targets=[None, 94.0, 94.0, 96.0, 96.0, None]), 178, 58)
    (line,) = strokes(drawing, PALETTE.target)
    heights = [y for _, y in line]
    assert heights[0] == heights[1] < heights[2] == heights[3]
    assert not any(label.text.startswith("target") for label in drawing.labels)  # none is in force now
    assert strokes(draw_process(series(wave(6)), 178, 58), PALETTE.target) == []


def test_the_year_before_runs_behind() -> None:
    drawing = draw_process(series(wave(12), prior=[None, *wave(11, 93.0)]), 178, 58)
    assert [len(line) for line in strokes(drawing, PALETTE.prior)] == [11]
    with pytest.raises(ValueError, match="year before"):
        series(wave(12), prior=[1.0])


def test_without_any_value_a_chart_says_so() -> None:
    for drawing in (
        draw_process(series([None] * 5), 86, 34),
        draw_spark(series([None]), 34, 7),
        draw_spark(series([]), 34, 7),
    ):
        assert [label.text for label in drawing.labels] == ["No data"]


def test_limits_of_no_width_are_named_once() -> None:
    texts = [label.text for label in draw_process(series([100.0] * 20, spread=0.0), 178, 58).labels]
    assert not any(text.startswith(("upper", "lower")) for text in texts)
    assert "mean 100.0" in texts


def test_small_multiples_share_one_scale_with_the_total() -> None:
    low, high = series([90.0] * 12, spread=0.5), series([99.0] * 12, spread=0.5)
    total = series([70.0] * 12, spread=0.5)
    drawing = draw_multiples([("low", low), ("high", high)], 178, 32, total=total)
    (left,), (right,) = (
        {round(y, 6) for x, y in marks.at} for marks in sorted(drawing.marks, key=lambda marks: marks.at[0][0])
    )
    behind = {round(y, 6) for line in strokes(drawing, PALETTE.prior) for x, y in line if len(line) > 2}
    assert len(behind) == 1
    # 90, 99 and 70 on one scale: (99 - 90) / (90 - 70) = 0.45
    assert (right - left) / (left - behind.pop()) == pytest.approx(0.45, abs=1e-4)


def test_small_multiples_fill_their_rows_evenly() -> None:
    panels = [(f"site {i}", series(wave(12))) for i in range(6)]
    lefts = {round(label.x) for label in draw_multiples(panels, 178, 32).labels if label.text.startswith("site")}
    assert len(lefts) == 3  # three and three, not five and one
    narrow = draw_multiples(panels, 86, 32, columns=1)
    assert len({round(label.x) for label in narrow.labels if label.text.startswith("site")}) == 1


def test_sparkline_scale_is_its_own_or_shared() -> None:
    drawn = series([93.0, 95.0, 94.0], spread=1.0)
    assert [label.text for label in draw_spark(drawn, 34, 7).labels] == ["95.0", "93.0"]
    shared = draw_spark(drawn, 34, 7, (0.0, 100.0))
    assert shared.labels == []
    assert all(y > 0.85 * shared.height * 0.9 for marks in shared.marks for _, y in marks.at)


def test_the_latest_point_of_a_sparkline_carries_its_shape() -> None:
    drawing = draw_spark(series([93.0, 95.0, 91.0], kinds=["improvement", "common_cause", "concern"]), 34, 7)
    assert [(marks.shape, len(marks.at)) for marks in drawing.marks] == [("up", 1), ("down", 1)]
    assert drawing.marks[1].size > drawing.marks[0].size


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_enough_contrast() -> None:
    for colour in (
        PALETTE.ink,
        PALETTE.quiet,
        PALETTE.target,
        *(PALETTE.text_of(k) for k in ("improvement", "concern", "x")),
    ):
        assert (luminance(PALETTE.paper) + 0.05) / (luminance(colour) + 0.05) >= 4.5, colour


SAMPLES = {
    "process": lambda: process_chart(
        series(wave(36), cuts=[20], names=["definition 2"], target=96), alt='a "name" & <more>'
    ),
    "spark": lambda: sparkline(series(wave(24))),
    "multiples": lambda: small_multiples(
        [("Linz", series(wave(24))), ("\u05e9\u05dc\u05d5\u05dd $x$", series(wave(24)))]
    ),
}


@pytest.mark.parametrize("name", list(SAMPLES))
def test_svg_is_self_contained_and_sound(name: str) -> None:
    text = SAMPLES[name]()
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(ids)
    assert not re.search(r'href="(?!#)|url\(|<script|<style|<image|<text|<metadata|<!--|font-family', text)
    assert text.count("http") == 1  # the namespace
    assert len(text) < 45_000


def test_the_alternative_text_names_the_image() -> None:
    root = ElementTree.fromstring(SAMPLES["process"]())
    assert (root.get("role"), root.get("aria-label")) == ("img", 'a "name" & <more>')
    assert ElementTree.fromstring(SAMPLES["spark"]()).get("role") is None


def test_different_charts_share_no_id() -> None:
    charts = [process_chart(series(wave(12, 90 + i))) for i in range(4)]
    ids = [set(re.findall(r'\bid="([^"]+)"', chart)) for chart in charts]
    assert len(set.union(*ids)) == sum(map(len, ids))


def test_charts_of_one_page_share_their_letters() -> None:
    charts = {name: make() for name, make in SAMPLES.items()}
    hidden, light = share_outlines(charts)
    page = hidden + "".join(light.values()) + light["spark"]
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) == set(ids)
    assert len(page) < 0.8 * sum(map(len, charts.values()))
    resolved = dict(re.findall(r'<path id="([^"]+)"([^>]*)/>', hidden))
    for name, chart in charts.items():  # what each chart draws is what it drew
        own = dict(re.findall(r'<path id="([^"]+)"([^>]*)/>', chart))
        before = [own[each] for each in re.findall(r'href="#([^"]+)"', chart)]
        assert [resolved[each] for each in re.findall(r'href="#([^"]+)"', light[name])] == before
        ElementTree.fromstring(light[name])


PROGRAM = """
import hashlib, json, sys
sys.path.insert(0, {here!r})
import qmsreports.pack.charts
light = "matplotlib" not in sys.modules
from test_chart_meaning import SAMPLES
digests = [hashlib.sha256(SAMPLES[name]().encode()).hexdigest() for name in SAMPLES]
print(json.dumps([light, "matplotlib.pyplot" in sys.modules, digests]))
"""


def test_same_bytes_in_another_process_without_pyplot() -> None:
    import hashlib
    from pathlib import Path

    here = str(Path(__file__).parent)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.format(here=here)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    )
    light, pyplot, digests = json.loads(run.stdout)
    assert light, "importing the charts must not load matplotlib"
    assert not pyplot
    assert digests == [hashlib.sha256(SAMPLES[name]().encode()).hexdigest() for name in SAMPLES]


def test_anything_with_the_attributes_of_a_point_can_be_drawn() -> None:
    points = [ChartPoint(month(i), 10.0 + i) for i in range(3)]
    assert process_chart(ChartSeries(points)).startswith("<svg")
