"""Nothing overlaps, nothing is cut: for few and many points, tiny and huge values, long names, small sheets."""

from __future__ import annotations

from itertools import combinations

import pytest
from chart_samples import series, wave
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsreports.pack.charts.drawing import Box, Drawing, Label, Stroke
from qmsreports.pack.charts.lettering import drawable, shortened, width_of
from qmsreports.pack.charts.multiples import draw_multiples
from qmsreports.pack.charts.process import draw_process
from qmsreports.pack.charts.spark import draw_spark

SIZES = [(178.0, 58.0), (86.0, 44.0), (86.0, 34.0), (60.0, 30.0)]
REASONS = [
    "new carrier, agreed at MR-2026-01",
    "definition 2",
    "a reason that runs on " * 6,
    "x",
    "Übergabe \U0001f69a",
]


def boxes_of_marks(drawing: Drawing) -> list[Box]:
    return [
        Box(x - marks.size / 2, y - marks.size / 2, x + marks.size / 2, y + marks.size / 2)
        for marks in drawing.marks
        for x, y in marks.at
    ]


def assert_tidy(drawing: Drawing) -> None:
    for label in drawing.labels:
        assert drawing.frame.holds(label.box), f"{label.text!r} is cut"
        assert label.text == label.text.strip() != ""
    for one, other in combinations(drawing.labels, 2):
        assert not one.box.overlaps(other.box), f"{one.text!r} touches {other.text!r}"
    for box in boxes_of_marks(drawing):
        assert drawing.frame.holds(box, slack=0.5), "a mark is cut"
        for label in drawing.labels:
            assert not label.box.overlaps(box), f"{label.text!r} touches a mark"
    for label in drawing.labels:
        for stroke in (shape for shape in drawing.shapes if isinstance(shape, Stroke)):
            for line in stroke.lines:
                assert not crosses(line, label), f"a line crosses {label.text!r}"


def crosses(line: tuple[tuple[float, float], ...], label: Label) -> bool:
    """Whether a vertical line (of a break) runs through a text."""
    (x, bottom), (other, top) = line[0], line[-1]
    box = label.box
    return x == other and box.left < x < box.right and bottom < box.bottom and top > box.bottom + 0.3


@settings(max_examples=120, deadline=None)
@given(
    count=st.integers(1, 60),
    centre=st.sampled_from([0.0, 0.0004, 0.7, 41.0, 95.0, 1150.0, 4e6, 5e7, 3.2e12, -300.0]),
    relative=st.sampled_from([0.0, 1e-6, 0.01, 0.3]),
    unit=st.sampled_from(["percent", "ppm", "EUR", "points", "count", "a unit with a long name"]),
    away=st.sampled_from([None, 0.0, 0.001, 1.0, 3.0]),
    cuts=st.lists(st.integers(1, 59), max_size=6, unique=True),
    gaps=st.sets(st.integers(0, 59), max_size=8),
    size=st.sampled_from(SIZES),
    prior=st.booleans(),
)
def test_process_charts_are_tidy(count, centre, relative, unit, away, cuts, gaps, size, prior) -> None:  # type: ignore[no-untyped-def]
    height = abs(centre) * relative if centre else relative
    values = [None if i in gaps else value for i, value in enumerate(wave(count, centre, height))]
    drawn = series(
        values,
        cuts=sorted(cut for cut in cuts if cut < count),
        spread=2 * height,
        unit=unit,
        target=None if away is None else centre + away * (height or 1.0),
        names=REASONS + REASONS,
        prior=wave(count, centre, height) if prior else (),
    )
    assert_tidy(draw_process(drawn, *size))


@pytest.mark.parametrize("size", SIZES)
def test_lines_at_one_height_keep_their_labels_apart(size: tuple[float, float]) -> None:
    # target 95, upper 95.04, mean 95, lower 94.96, value 95: five labels for one place
    drawing = draw_process(series([95.0] * 24, spread=0.04, target=95.0), *size)
    assert_tidy(drawing)
    texts = [label.text.split()[0] for label in drawing.labels]
    assert {"target", "mean", "upper", "lower", "Oct"} <= set(texts)


def test_labels_give_way_in_order_where_the_plot_is_too_low() -> None:
    drawing = draw_process(series([95.0] * 24, spread=0.04, target=95.0, prior=[94.0] * 24), 86.0, 14.0)
    assert_tidy(drawing)
    words = {label.text.split()[0] for label in drawing.labels}
    assert "Oct" in words
    assert "year" not in words


def test_a_label_that_moved_is_led_to_its_line() -> None:
    drawing = draw_process(series(wave(24), spread=2.0, target=97.0), 178.0, 58.0)
    upper = next(label for label in drawing.labels if label.text.startswith("upper"))
    target = next(label for label in drawing.labels if label.text.startswith("target"))
    assert abs(upper.baseline - target.baseline) >= 1.15 * upper.size
    leaders = [s for s in drawing.shapes if isinstance(s, Stroke) and s.lines[0][0][1] != s.lines[0][-1][1]]
    assert leaders


def test_all_reasons_of_breaks_are_told_where_there_is_room() -> None:
    drawing = draw_process(series(wave(36), cuts=[10, 20, 28], names=["definition 2", "new desk", "rebased"]), 178, 58)
    assert_tidy(drawing)
    assert {"definition 2", "new desk", "rebased"} <= {label.text for label in drawing.labels}


def test_a_long_reason_near_the_end_moves_left_instead_of_being_cut() -> None:
    reason = "new carrier for all sites, agreed at the review of March 2026"
    drawing = draw_process(series(wave(36), cuts=[33], names=[reason]), 178.0, 58.0)
    assert_tidy(drawing)
    assert reason in {label.text for label in drawing.labels}


def test_two_breaks_in_one_place_share_a_line() -> None:
    drawn = series(wave(24), cuts=[12], names=["definition 2"])
    again = type(drawn)(drawn.points, drawn.segments, drawn.unit, [*drawn.breaks, *drawn.breaks[:1]])
    texts = {label.text for label in draw_process(again, 178.0, 58.0).labels}
    assert "definition 2; definition 2" in texts


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 12])
@pytest.mark.parametrize("width", [178.0, 86.0])
def test_small_multiples_are_tidy(count: int, width: float) -> None:
    names = ["Linz", "a name of ninety characters " * 4, "\u05e9\u05dc\u05d5\u05dd", "\U0001f600"] * 3
    panels = [(names[i], series(wave(36, 95 + i), target=96.0)) for i in range(count)]
    assert_tidy(draw_multiples(panels, width, 32.0, total=series(wave(36, 97.0), target=96.0)))


@pytest.mark.parametrize("centre", [0.0004, 95.0, 1150.0, 3.2e12, -41.0])
@pytest.mark.parametrize("count", [1, 2, 24, 60])
def test_sparklines_are_tidy(centre: float, count: int) -> None:
    kinds = ["improvement"] * count
    drawn = series(wave(count, centre, abs(centre) / 50), spread=abs(centre) / 20, unit="EUR", kinds=kinds)
    drawing = draw_spark(drawn, 34.0, 7.0)
    assert_tidy(drawing)
    assert len(drawing.labels) == (2 if count > 1 else 1)


def test_months_on_the_axis_never_touch_and_end_with_the_last() -> None:
    for count in range(1, 61):
        drawing = draw_process(series(wave(count)), 86.0, 44.0)
        named = [label for label in drawing.labels if label.baseline < 10]
        assert (
            named[-1].text
            == ["Nov", "Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct"][(count - 1) % 12]
            + f" {23 + (count + 9) // 12}"
        )
        assert len(named) <= 7


def test_the_measured_width_is_the_painted_width() -> None:
    from matplotlib.textpath import TextPath

    from qmsreports.pack.charts.lettering import font

    for text in ("upper 94.6", "target 95", "Oct 26", "\u22121,234,567"):
        outline = TextPath((0, 0), text, size=7.5, prop=font(7.5)).get_extents()
        assert width_of(text, 7.5) == pytest.approx(outline.width, abs=0.9)  # side bearings of first and last letter


def test_shortening() -> None:
    assert shortened("carrier", 100, 7.5) == "carrier"
    cut = shortened("new carrier, agreed at the review", 50, 7.5)
    assert cut.endswith("\u2026")
    assert width_of(cut, 7.5) <= 50
    assert shortened("carrier", 5, 7.5) == ""


def test_what_no_font_can_draw_is_told() -> None:
    assert drawable("a\x00\x1b[31m \n b \U000e0041 \u13a0\u13a1") == "a[31m b [U+13A0 U+13A1]"
    assert drawable("\u6f22 \uc11c\uc6b8 \U0001f9ff") == "\u6f22 \uc11c\uc6b8 \U0001f9ff"
    assert drawable("\u03a9 \u05e9 \u0645") == "\u03a9 \u05e9 \u0645"


def test_a_letter_of_another_script_is_an_outline_and_no_box(caplog: pytest.LogCaptureFixture) -> None:
    """The box that stands for a missing letter is glyph 0 of a font; matplotlib would warn, which fails a test."""
    assert width_of("\u6f22", 10, bold=True) > 4
    assert not caplog.records
    widths = {text: width_of(text, 10) for text in ("\u6f22", "\uc11c", "\u0e01", "\u0939", "\U0001f9ff")}
    assert all(4 < width < 16 for width in widths.values()), widths
    assert width_of("\u6f22\u6f22", 10) == pytest.approx(2 * widths["\u6f22"], rel=0.1)
