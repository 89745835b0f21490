"""The presentation: charts that PowerPoint draws itself, the words of the pack, alike each time."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pack_fixture_review import review
from pack_hostile import hostile
from pptx import Presentation
from pptx.enum.text import PP_ALIGN
from pptx.util import Emu
from slides_fixture import TEMPLATES, charts, plain, texts

from qmsreports.errors import CouldNotRun
from qmsreports.pack import slides
from qmsreports.pack.annex import AgendaItem
from qmsreports.pack.minutes import AgreedAction, Attendance, Minutes, Resolution
from qmsreports.pack.model import PackModel
from qmsreports.pack.slides.deck import Deck, Line, Place, text_height, whole


@pytest.fixture(scope="module")
def made() -> PackModel:
    return review()


@pytest.fixture(scope="module")
def content(made: PackModel) -> bytes:
    return slides.render_slides(made, templates=TEMPLATES)


@pytest.fixture(scope="module")
def deck(content: bytes) -> Any:
    return Presentation(io.BytesIO(content))


def test_page_one_is_the_first_slide(made: PackModel, deck: Any) -> None:
    first = texts(deck.slides[0])
    assert "Management review, October 2026" in first
    assert "Draft, awaiting approval" in first
    assert f"{made.glance.met} met" in first
    second = texts(deck.slides[1])
    for decision in made.decisions[:3]:
        assert plain(decision.title) in plain(second)


def test_every_decision_and_action_is_told(made: PackModel, deck: Any) -> None:
    everything = plain(" ".join(texts(slide) for slide in deck.slides))
    for decision in made.decisions:
        assert plain(decision.title) in everything
        assert plain(decision.asks) in everything
    for action in made.actions:
        assert plain(action.title) in everything


def test_each_exception_has_a_slide_with_its_finding_as_title(made: PackModel, deck: Any) -> None:
    exceptions = [objective for objective in made.objectives if objective.exception]
    titles = [plain(slide.shapes.title.text_frame.text) for slide in deck.slides if slide.shapes.title]
    for objective in exceptions:
        assert plain(f"{objective.title}: {objective.finding}") in titles
    assert sum(1 for _ in charts(deck)) == len(exceptions)


def test_charts_are_native_and_hold_the_numbers(made: PackModel, deck: Any) -> None:
    slide, shape = next(charts(deck))
    objective = next(one for one in made.objectives if one.title in slide.shapes.title.text_frame.text)
    points = objective.points[-made.header.shown :]
    plot = shape.chart.plots[0]
    lines = {series.name: list(series.values) for series in plot.series}
    assert lines["Value"] == [point.value for point in points]
    assert lines["Target"] == [point.target for point in points]
    assert lines["Mean"] == [point.mean for point in points]
    assert list(plot.categories)[-1] == "Oct 26"
    sheet = openpyxl.load_workbook(io.BytesIO(shape.chart.part.chart_workbook.xlsx_part.blob)).active
    assert sheet is not None
    assert [cell.value for cell in sheet["B"]][1:] == [point.value for point in points]  # what a person edits


def test_signals_are_marked_by_colour_and_shape_and_named(made: PackModel, deck: Any) -> None:
    marks = {series.name: series for _, shape in charts(deck) for series in shape.chart.plots[0].series}
    assert {"Signal: better", "Signal: worse"} <= marks.keys()
    styles = {name: str(marks[name].marker.style) for name in ("Signal: better", "Signal: worse")}
    assert len(set(styles.values())) == 2
    for slide, shape in charts(deck):
        objective = next(one for one in made.objectives if one.title in slide.shapes.title.text_frame.text)
        for series in shape.chart.plots[0].series:
            if series.name == "Signal: worse":
                points = objective.points[-made.header.shown :]
                assert list(series.values) == [one.value if one.kind == "concern" else None for one in points]


def test_what_is_seen_is_told_to_who_cannot_see_it(deck: Any) -> None:
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text.strip()
        for shape in slide.shapes:
            if shape.has_chart or shape.has_table:
                assert shape._element.nvGraphicFramePr.cNvPr.get("descr")
            assert not shape.is_placeholder or shape.text_frame.text  # nothing says "click to add text"


def test_nothing_lies_outside_its_slide(deck: Any) -> None:
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0 and shape.top >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height


def test_the_same_pack_gives_the_same_bytes(made: PackModel, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    later = time.gmtime(time.time() + 86_400)  # zip and the workbooks behind the charts ask for the time of day
    monkeypatch.setattr(time, "localtime", lambda *_: later)
    assert slides.render_slides(made, templates=TEMPLATES) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len({entry.date_time for entry in archive.infolist()}) == 1


def test_the_worst_text_and_no_data_at_all_are_set(made: PackModel) -> None:
    deck = Presentation(io.BytesIO(slides.render_slides(hostile(review(6)), templates=TEMPLATES)))
    assert any("שלום" in texts(slide) for slide in deck.slides)
    gaps = [
        objective.model_copy(
            update={
                "points": tuple(point.model_copy(update={"value": None}) for point in objective.points),
                "exception": ("not_valid",),
            }
        )
        for objective in made.objectives
    ]
    empty = made.model_copy(update={"objectives": tuple(gaps), "decisions": (), "actions": (), "highlights": ()})
    deck = Presentation(io.BytesIO(slides.render_slides(empty, templates=TEMPLATES)))
    assert sum(1 for _ in charts(deck)) == 0
    assert "Nothing needs a decision" in texts(deck.slides[1])


def test_the_presentation_of_the_organisation_is_used(made: PackModel, tmp_path: Path) -> None:
    own = Presentation()
    own.slide_width, own.slide_height = Emu(9_144_000), Emu(5_143_500)
    own.slides.add_slide(own.slide_layouts[1]).shapes.title.text = "A slide of theirs"
    own.save(str(tmp_path / "pack.pptx"))
    deck = Presentation(io.BytesIO(slides.render_slides(made, templates=tmp_path)))
    assert (deck.slide_width, deck.slide_height) == (9_144_000, 5_143_500)
    assert len(list(deck.slide_layouts)) == len(list(own.slide_layouts))
    assert all("A slide of theirs" not in texts(slide) for slide in deck.slides)
    assert "Management review" in texts(deck.slides[0])
    longest = max((slide.shapes.title for slide in deck.slides), key=lambda title: len(title.text_frame.text))
    assert longest.text_frame.paragraphs[0].font.size.pt <= 20  # theirs is 44, made for a word or two
    assert longest.text_frame.paragraphs[0].alignment is None  # the rest stays as they have it


def test_a_template_that_is_none_is_one_line(made: PackModel, tmp_path: Path) -> None:
    (tmp_path / "pack.pptx").write_text("no presentation")
    with pytest.raises(CouldNotRun, match=r"pack\.pptx: the template of the presentation cannot be used"):
        slides.render_slides(made, templates=tmp_path)


def test_the_agenda_comes_behind_page_one(made: PackModel) -> None:
    items = tuple(AgendaItem(title=f"Item {number}", clauses=("9.3.2-a",), minutes=5) for number in range(12))
    deck = Presentation(
        io.BytesIO(slides.render_slides(made.model_copy(update={"agenda": items}), templates=TEMPLATES))
    )
    first, second = texts(deck.slides[1]), texts(deck.slides[2])
    assert first.startswith("Agenda (1 of 2)")
    assert "60 minutes in all." in first
    assert "Item 9" in first
    assert "Item 11" in second


def test_nothing_is_cut_and_what_finds_no_room_goes_on(made: PackModel) -> None:
    words = " ".join(f"word{number}" for number in range(700))
    name = "Ninety characters of a name that somebody typed into a field without any thought for table"
    objectives = tuple(
        one.model_copy(update={"title": f"{number} {name}", "finding": f"{one.finding}, {name}"})
        for number, one in enumerate(made.objectives)
    )
    decisions = tuple(one.model_copy(update={"evidence": f"{one.kind} {words}"}) for one in made.decisions)
    changes = tuple(one.model_copy(update={"text": f"{number} {words}"}) for number, one in enumerate(made.changes))
    actions = tuple(one.model_copy(update={"title": f"{one.action} {name} {name}"}) for one in made.actions)
    update = {"objectives": objectives, "decisions": decisions, "changes": changes, "actions": actions}
    deck = Presentation(io.BytesIO(slides.render_slides(made.model_copy(update=update), templates=TEMPLATES)))
    everything = plain(" ".join(texts(slide) for slide in deck.slides))
    assert "\N{HORIZONTAL ELLIPSIS}" not in everything
    for one in objectives:
        assert one.title in everything
        assert not one.exception or f"{one.title}: {plain(one.finding)}" in everything
    for decision in decisions:
        assert plain(decision.evidence) in everything
    for action in actions:
        assert action.title in everything
    for number, _ in enumerate(changes):
        assert f"{number} word0 " in everything
    assert everything.count("word699") >= len(decisions) + len(changes)


def test_a_review_that_was_held_tells_its_decisions_actions_and_conclusions(made: PackModel) -> None:
    on, by = date(2026, 11, 12), "K. Huber"
    resolutions = (
        Resolution(
            number="D-1", clause="9.3.2-c3", kind="improvement", text="Second carrier", reason="Late since May",
            owner="supply.manager", due=date(2027, 1, 31), decided_by=by, decided_on=on, action="A-9",
        ),
        Resolution(
            number="D-2", clause="9.3.2-d", kind="resources", text="One more planner", action="",
            decided_by=by, decided_on=on,
        ),
    )  # fmt: skip
    action = AgreedAction(number="A-10", title="Ask the customer", owner="sales.manager", agreed_by=by, agreed_on=on)
    minutes = Minutes(
        held_on=on,
        closed_on=on,
        closed_by=by,
        resolutions=resolutions,
        actions=(action,),
        suitability="It suits us.",
        adequacy="It is enough.",
        effectiveness="It works but for deliveries.",
    )
    held = made.model_copy(update={"minutes": minutes})
    deck = Presentation(io.BytesIO(slides.render_slides(held, templates=TEMPLATES)))
    titles = [plain(slide.shapes.title.text_frame.text) for slide in deck.slides]
    assert "What this review has to decide" not in titles  # the form that was filled in
    said = plain(" ".join(texts(slide) for slide in deck.slides))
    for text in ("Second carrier (Late since May)", "One more planner", "A-9", "Ask the customer", "31 Jan 2027"):
        assert text in said
    for text in ("It suits us.", "It is enough.", "It works but for deliveries."):
        assert text in said
    decided = texts(deck.slides[titles.index("Decisions and actions")])
    assert "D-2" in decided
    assert titles.index("Decisions and actions") < titles.index("Conclusion on suitability, adequacy and effectiveness")


def test_the_first_slide_says_who_leads_and_who_is_there_for_whom(made: PackModel) -> None:
    attendance = (
        Attendance(person="K. Huber", role="Managing director", chaired=True),
        Attendance(person="E. Novak", stood_in_for="Supply manager"),
    )
    chaired = made.header.model_copy(update={"chair": "Managing director", "participants": ("Sales manager",)})
    update = {"header": chaired, "minutes": Minutes(held_on=date(2026, 11, 12), attendance=attendance)}
    held = Presentation(io.BytesIO(slides.render_slides(made.model_copy(update=update), templates=TEMPLATES)))
    said = texts(held.slides[0])
    assert "Chair: Managing director." in said
    assert "K. Huber (Managing director; in the chair)" in said
    assert "E. Novak (for Supply manager)" in said
    assert "Sales manager" not in said  # who was invited is not who came
    update["minutes"] = None
    planned = Presentation(io.BytesIO(slides.render_slides(made.model_copy(update=update), templates=TEMPLATES)))
    assert "Sales manager" in texts(planned.slides[0])


def test_slides_follow_the_meeting(made: PackModel, deck: Any) -> None:
    titles = [plain(slide.shapes.title.text_frame.text) for slide in deck.slides]
    exception = next(one for one in made.objectives if one.exception)
    wanted = [
        "Management review",
        "What needs a decision",
        "Scoreboard",
        "What changed",
        exception.title,
        "What you decided last time",
        "What this review has to decide",
        "Coverage of",
    ]
    places = [next(at for at, title in enumerate(titles) if title.startswith(text)) for text in wanted]
    assert places == sorted(places)


def test_the_scoreboard_has_every_objective_and_the_coverage_every_input(made: PackModel, deck: Any) -> None:
    told: dict[str, list[list[str]]] = {"Scoreboard": [], "Coverage of": []}
    for slide in deck.slides:
        for name, rows in told.items():
            if slide.shapes.title.text_frame.text.startswith(name):
                (table,) = [shape.table for shape in slide.shapes if shape.has_table]
                found = [[cell.text for cell in row.cells] for row in table.rows][1:]
                assert 0 < len(found) <= 12
                assert any(found[-1][1:])  # no heading without a row below it
                rows += found
    measured = [row[0] for row in told["Scoreboard"] if any(row[1:])]
    assert sorted(measured) == sorted(one.title for one in made.objectives)
    inputs = [row for ledger in made.ledgers for row in ledger.rows]
    assert [row[0] for row in told["Coverage of"]] == [row.number for row in inputs]


def test_figures_of_the_scoreboard_stand_one_below_the_other_with_their_units(made: PackModel) -> None:
    counted, shared = made.objectives[:2]
    values = {"count": 34.0, "percent": 89.84}
    two = tuple(
        one.model_copy(
            update={
                "unit": unit,
                "points": (*one.points[:-1], one.points[-1].model_copy(update={"value": values[unit]})),
            }
        )
        for one, unit in ((counted, "count"), (shared, "percent"))
    )
    changed = made.model_copy(update={"objectives": (*two, *made.objectives[2:])})
    deck = Presentation(io.BytesIO(slides.render_slides(changed, templates=TEMPLATES)))
    cells = {
        row.cells[0].text: row.cells[1]
        for slide in deck.slides
        if slide.shapes.title.text_frame.text.startswith("Scoreboard")
        for shape in slide.shapes
        if shape.has_table
        for row in shape.table.rows
    }
    assert cells[counted.title].text == "34"  # it was "34 number"
    assert cells[shared.title].text.replace("\u00a0", " ") == "89.8 %"
    assert cells[counted.title].text_frame.paragraphs[0].alignment == PP_ALIGN.RIGHT


def boxes(slide: Any) -> list[tuple[str, int, int, int, int]]:
    shapes = [shape for shape in slide.shapes if not shape.is_placeholder and shape.name != "Logo"]
    return [(one.name, one.left, one.top, one.left + one.width, one.top + one.height) for one in shapes]


def test_no_two_parts_of_a_slide_overlap_also_on_a_small_presentation(made: PackModel, tmp_path: Path) -> None:
    own = Presentation()
    own.slide_width, own.slide_height = Emu(9_144_000), Emu(5_143_500)
    own.save(str(tmp_path / "pack.pptx"))
    for pack, templates in ((hostile(review(6)), TEMPLATES), (made, tmp_path)):
        deck = Presentation(io.BytesIO(slides.render_slides(pack, templates=templates)))
        for slide in deck.slides:
            found = boxes(slide)
            for at, (name, left, top, right, bottom) in enumerate(found):
                for other, west, north, east, south in found[at + 1 :]:
                    apart = right <= west or east <= left or bottom <= north or south <= top
                    assert apart, (texts(slide)[:80], name, other)


def test_text_that_would_leave_its_place_is_set_smaller() -> None:
    """40 letters of 14 points are 314 points long: two lines where 200 points less the margins are left."""
    box = 214 * 12_700  # 14.4 points of it are margins
    assert text_height([Line("x" * 39, 14)], box, 1.0) == int((7.2 + 2 * 14 * 1.22 + 14 / 3) * 12_700)
    deck = Deck(Presentation(), own=False)
    slide = deck.slide("Title")
    slide.text(Place(0.1, 0.1, 0.3, 0.2), [Line("word " * 60, 18)], name="Long")
    slide.text(Place(0.1, 0.5, 0.3, 0.2), [Line("word", 18)], name="Short")
    written = [shape for shape in slide.made.shapes if not shape.is_placeholder]
    sizes = {shape.name: shape.text_frame.paragraphs[0].runs[0].font.size.pt for shape in written}
    assert sizes["Short"] == 18
    assert 9 <= sizes["Long"] < 18


def test_a_word_that_no_line_holds_and_wide_letters_take_the_lines_they_need() -> None:
    """Where a line holds 25 letters of 14 points: "36", then 60 letters over three lines; 20 that are as wide as high
    are as long as 36 others.
    """
    room = int((25.1 * 0.56 * 14 + 14.4) * 12_700)

    def lines(text: str) -> float:
        return (text_height([Line(text, 14)], room, 1.0) / 12_700 - 7.2 - 14 / 3) / (14 * 1.22)

    assert [round(lines(text)) for text in ("", "x" * 24, "36 " + "x" * 60, "交" * 20)] == [1, 1, 4, 2]
    assert round(lines("eleven words " * 2 + "and a word")) == 2  # 25 letters and 10
    assert round(lines("fourteenletter " * 3)) == 3  # 44 letters, but no line holds two of the words


def test_a_number_stays_with_its_unit() -> None:
    deck = Deck(Presentation(), own=False)
    slide = deck.slide("Scoreboard (1\u00a0of\u00a02)")
    slide.text(Place(0.1, 0.1, 0.3, 0.2), [Line(whole("at least\n 94\u00a0%: missed"), 14)], name="Said")
    assert [shape.text_frame.text for shape in slide.made.shapes if shape.has_text_frame] == [
        "Scoreboard (1\u00a0of\u00a02)",
        "at least 94\u00a0%: missed",
    ]
