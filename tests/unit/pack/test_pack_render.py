"""The print is set while the page is written; what is told of a failure does not depend on which is faster."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pack_fixture_review import review

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.language import spoken
from qmsreports.pack import render as rendering

LONG = 30.0
"""Seconds after which one that waits for the other has waited in vain."""


@pytest.fixture(autouse=True)
def without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "draw", lambda *_: {})
    monkeypatch.setattr(rendering, "show", lambda _: {})
    monkeypatch.setattr(rendering, "attachments", lambda *_: ())
    monkeypatch.setattr(rendering, "render_workbook", lambda _: b"workbook")


def test_print_and_page_are_made_at_the_same_time_and_in_one_language(monkeypatch: pytest.MonkeyPatch) -> None:
    printing, paging = Event(), Event()

    def paper(*_: Any, **__: Any) -> bytes:
        printing.set()
        assert paging.wait(LONG)
        return f"print in {spoken().code}".encode()

    def page(*_: Any, **__: Any) -> str:
        paging.set()
        assert printing.wait(LONG)
        return f"page in {spoken().code}"

    monkeypatch.setattr(rendering, "render_pdf", paper)
    monkeypatch.setattr(rendering, "render_html", page)
    pack = review()
    pack = pack.model_copy(update={"header": pack.header.model_copy(update={"language": "de"})})
    files = rendering.render(pack, templates=Path())
    assert sorted(files.values()) == [b"page in de", b"print in de", b"workbook"]


@pytest.mark.parametrize("page_fails", [True, False])
def test_of_two_that_fail_the_print_is_told_of(monkeypatch: pytest.MonkeyPatch, page_fails: bool) -> None:
    failed = Event()

    def paper(*_: Any, **__: Any) -> bytes:
        assert failed.wait(LONG)
        raise CouldNotRun(Finding("pack.typ", "the print template is missing", "check QMSREPORTS_TEMPLATES"))

    def page(*_: Any, **__: Any) -> str:
        failed.set()
        if page_fails:
            raise CouldNotRun(Finding("pack.html.j2", "the web template is wrong", "mend it"))
        return ""

    monkeypatch.setattr(rendering, "render_pdf", paper)
    monkeypatch.setattr(rendering, "render_html", page)
    with pytest.raises(CouldNotRun, match="the print template is missing"):
        rendering.render(review(), templates=Path())


def test_a_page_that_fails_alone_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def page(*_: Any, **__: Any) -> str:
        raise CouldNotRun(Finding("pack.html.j2", "the web template is wrong", "mend it"))

    monkeypatch.setattr(rendering, "render_pdf", lambda *_, **__: b"print")
    monkeypatch.setattr(rendering, "render_html", page)
    with pytest.raises(CouldNotRun, match="the web template is wrong"):
        rendering.render(review(), templates=Path())
