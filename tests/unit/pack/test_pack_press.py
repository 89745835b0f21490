"""A press that is kept sets again only what differs, and which press it is changes no byte."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pack_fixture_review import review
from pypdfium2 import PdfDocument

from qmsreports.pack.attachments import attachments
from qmsreports.pack.brand import PLAIN, Brand
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Comment
from qmsreports.pack.paper import render_pdf
from qmsreports.pack.press import Press
from qmsreports.pack.preview import as_preview
from qmsreports.pack.view import show

TEMPLATES = Path(__file__).parents[3] / "report_templates"
SAID = "The carrier changed its hub."


@pytest.fixture(scope="module")
def pack() -> PackModel:
    return review(8, 12)


def commented(pack: PackModel) -> PackModel:
    comment = Comment(author="E. Novak", on=date(2026, 11, 3), cause=SAID)
    assert any(one.exception for one in pack.objectives)  # only these are shown with what their owner says
    told = (one.model_copy(update={"comment": comment}) if one.exception else one for one in pack.objectives)
    return pack.model_copy(update={"objectives": tuple(told)})


def printed(pack: PackModel, press: Press | None = None, **how: Any) -> bytes:
    how = {"templates": TEMPLATES, "brand": PLAIN} | how
    stamp = pack.header.data_read_at
    return render_pdf(show(pack), {}, attachments=attachments(pack), stamp=stamp, press=press, **how)


def text_of(content: bytes) -> str:
    with closing(PdfDocument(content)) as document:
        found = []
        for page in document:
            with closing(page), closing(page.get_textpage()) as text:
                found.append(text.get_text_bounded())
    return " ".join(" ".join(found).split())


def test_print_after_print_is_what_a_press_of_its_own_gives(pack: PackModel, tmp_path: Path) -> None:
    other = commented(pack)
    templates = tmp_path / "own"
    shutil.copytree(TEMPLATES, templates)
    look = templates / "look.typ"
    look.write_text(look.read_text().replace("x: 16mm", "x: 19mm"))
    brand = Brand(accent="#0B5563", files={"brand.yaml": "a" * 64})
    fewer = review(2, 12)
    wanted = [
        (pack, {}),
        (other, {}),
        (pack, {"templates": templates}),
        (fewer, {}),
        (pack, {"brand": brand}),
        (other, {"brand": brand}),
        (pack, {}),
    ]
    alone = [printed(one, **how) for one, how in wanted]
    with Press() as press:
        assert [printed(one, press, **how) for one, how in wanted] == alone
    assert len(set(alone)) == 6  # the first and the last are the same, and no other
    assert SAID not in text_of(alone[0])
    assert SAID in text_of(alone[1])


def test_an_attachment_that_is_gone_is_not_in_the_next_print(pack: PackModel) -> None:
    with Press() as press:
        printed(pack, press)
        view, stamp = show(pack), pack.header.data_read_at
        bare = render_pdf(view, {}, templates=TEMPLATES, attachments=(), stamp=stamp, press=press)
        assert bare == render_pdf(view, {}, templates=TEMPLATES, attachments=(), stamp=stamp)


def test_templates_that_ask_for_inputs_of_the_command_line_get_them(pack: PackModel, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(TEMPLATES, older)
    for name, now, before in (
        ("data.typ", 'json("/input/pack.json")', "json(bytes(sys.inputs.pack))"),
        ("data.typ", 'json("/input/charts.json")', "json(bytes(sys.inputs.charts))"),
        (
            "pack.typ",
            'read("/input/attached/" + file.name, encoding: none)',
            'bytes(sys.inputs.at("attached " + file.name))',
        ),
    ):
        path = older / name
        assert now in path.read_text()
        path.write_text(path.read_text().replace(now, before))
    assert printed(pack, templates=older) == printed(pack)


def test_a_press_leaves_nothing_behind(pack: PackModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Press() as press:
        printed(pack, press)
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
    printed(pack)
    assert not list(tmp_path.iterdir())


def test_each_page_of_a_preview_says_that_it_is_one(pack: PackModel) -> None:
    content = printed(as_preview(pack))
    with closing(PdfDocument(content)) as document:
        for page in document:
            with closing(page), closing(page.get_textpage()) as text:
                said = text.get_text_bounded()
            assert "Preview, not on record" in said
            assert "Edition" not in said
            assert "Draft" not in said
