"""Kept texts: what making gives, made once, and never trusted with what is sealed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pack_fixture_review import review

from qmsreports.errors import CouldNotRun
from qmsreports.pack import drawings
from qmsreports.pack.attachments import attachments, values
from qmsreports.pack.drawings import draw
from qmsreports.pack.kept import Kept
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Comment
from qmsreports.pack.view import show
from qmsreports.pack.web import render_html

TEMPLATES = Path(__file__).parents[3] / "report_templates"


class Made:
    """Makes texts and remembers which were really made."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, keep: Kept, what: str = "On time") -> str:
        def make() -> str:
            self.done.append(what)
            return f"drawn: {what}"

        return keep(what, make)


@pytest.fixture
def text() -> Made:
    return Made()


def test_a_text_is_made_once_for_all_builds(tmp_path: Path, text: Made) -> None:
    assert [text(Kept(tmp_path, "1")) for _ in range(3)] == ["drawn: On time"] * 3
    assert text.done == ["On time"]


def test_another_origin_or_maker_is_made(tmp_path: Path, text: Made) -> None:
    text(Kept(tmp_path, "1"))
    assert text(Kept(tmp_path, "1"), "Late") == "drawn: Late"
    assert text(Kept(tmp_path, "2")) == "drawn: On time"
    assert text.done == ["On time", "Late", "On time"]


@pytest.mark.parametrize("harm", ["cut short", "emptied", "touched", "no text"])
def test_a_broken_text_is_made_again_and_mended(tmp_path: Path, text: Made, harm: str) -> None:
    first = text(Kept(tmp_path, "1"))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut short": whole[:-10],
            "emptied": b"",
            "touched": whole.replace(b"On time", b"Of time"),
            "no text": hashlib.sha256(b"\xff").hexdigest().encode() + b"\n\xff",
        }[harm]
    )
    assert text(Kept(tmp_path, "1")) == first
    assert path.read_bytes() == whole
    assert len(text.done) == 2


def test_what_cannot_be_kept_is_made_all_the_same(tmp_path: Path, text: Made) -> None:
    (tmp_path / "file").write_text("no folder")
    keeper = Kept(tmp_path / "file", "1")
    assert text(keeper) == text(keeper)
    keeper.tidy()
    assert len(text.done) == 2


def test_what_was_used_longest_ago_goes_first(tmp_path: Path, text: Made) -> None:
    keeper = Kept(tmp_path, "1", most=2)
    for age, what in ((300, "a"), (200, "b"), (100, "c")):
        before = set(tmp_path.iterdir())
        text(keeper, what)
        (new,) = set(tmp_path.iterdir()) - before
        os.utime(new, (1_700_000_000 - age, 1_700_000_000 - age))
    text(keeper, "a")  # used again, so it is the newest now
    keeper.tidy()
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / ".now.txt.17-1").write_bytes(b"half")  # another build is at work
    (tmp_path / ".old.txt.18-1").write_bytes(b"half")  # a killed one never ends it
    os.utime(tmp_path / ".old.txt.18-1", (1_700_000_000, 1_700_000_000))
    keeper.tidy()
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".txt"} == {".now.txt.17-1"}
    text.done.clear()
    for what in ("a", "c", "b"):
        text(keeper, what)
    assert text.done == ["b"]


def test_a_comment_draws_no_chart_again_and_a_value_those_of_its_objective(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = review(6)
    first, *others = pack.objectives
    keep, drawn = Kept(tmp_path, "1"), []

    def noted(function: Callable[..., str]) -> Callable[..., str]:
        def draws(*args: object, **how: object) -> str:
            drawn.append(how["alt"])
            return function(*args, **how)

        return draws

    for name in ("process_chart", "sparkline", "small_multiples"):
        monkeypatch.setattr(drawings, name, noted(getattr(drawings, name)))
    charts = draw(pack, keep=keep)
    assert draw(pack) == charts and len(drawn) == 2 * len(charts)
    drawn.clear()
    said = Comment(author="E. Novak", on=date(2026, 11, 4), cause="The carrier changed its hub.")
    commented = first.model_copy(update={"comment": said})
    assert draw(pack.model_copy(update={"objectives": (commented, *others)}), keep=keep) == charts
    assert drawn == []
    last = first.points[-1].model_copy(update={"value": (first.points[-1].value or 0) + 1})
    moved = first.model_copy(update={"points": (*first.points[:-1], last)})
    changed = draw(pack.model_copy(update={"objectives": (moved, *others)}), keep=keep)
    of_first = [key for key in charts if key.split("-")[1] == first.kpi]
    assert {key for key in charts if changed[key] != charts[key]} == set(of_first)
    assert len(drawn) == len(of_first)


def test_a_template_is_compiled_once_for_all_builds_and_again_where_it_says_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jinja2

    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    pack, compiled = review(6), []
    view, charts, whole = show(pack), draw(pack), jinja2.Environment.compile

    def noted(self: jinja2.Environment, source: str, name: str, *rest: object) -> object:
        compiled.append(name)
        return whole(self, source, name, *rest)  # type: ignore[call-overload]

    monkeypatch.setattr(jinja2.Environment, "compile", noted)

    def page() -> str:
        return render_html(view, charts, templates=templates, keep=Kept(tmp_path / "kept", "1"))

    first = page()
    assert len(compiled) == len(set(compiled)) > 5
    compiled.clear()
    assert page() == first
    assert compiled == []
    assert render_html(view, charts, templates=TEMPLATES) == first  # kept or new, the page is the same
    compiled.clear()
    board = templates / "board.html.j2"
    board.write_text(board.read_text(encoding="utf-8").rstrip("\n") + "<!-- ours -->", encoding="utf-8")
    assert page().replace("<!-- ours -->", "") == first
    assert compiled == ["board.html.j2"]
    board.write_text("{% if %}", encoding="utf-8")
    with pytest.raises(CouldNotRun, match=r"board\.html\.j2:1.*the web template is wrong"):
        page()


def test_definitions_and_values_are_written_once_and_are_what_writing_them_gives(tmp_path: Path) -> None:
    pack, keep = review(6), Kept(tmp_path, "1")
    assert attachments(pack, keep) == attachments(pack, keep) == attachments(pack)
    assert len(list(tmp_path.iterdir())) == 7  # the definitions, and the values of each of the six
    first, *others = pack.objectives

    def changed(**what: object) -> tuple[PackModel, set[Path]]:
        before = set(tmp_path.iterdir())
        other = pack.model_copy(update={"objectives": (first.model_copy(update=what), *others)})
        assert attachments(other, keep) == attachments(other) != attachments(pack)
        return other, set(tmp_path.iterdir()) - before

    changed(title="Another")
    said = Comment(author="E. Novak", on=date(2026, 11, 4), cause="The carrier changed its hub.")
    assert changed(comment=said)[1] == set()  # only the model tells it
    last = first.points[-1].model_copy(update={"value": 123.25})
    other, new = changed(points=(*first.points[:-1], last))
    assert len(new) == 1
    assert ",123.25," in values(other, keep) and ",123.25," not in values(pack, keep)
