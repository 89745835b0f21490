"""The page in a real browser: nobody is shut out, nothing comes from outside, and everything on it does what it says.

axe-core examines it in Debian's Chromium; ``make browser`` installs both.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qmsreports.pack.render import render
from tests.system.browser import Browser, chromium

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
EXAMINE = """axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.map((rule) =>
  `${rule.id} (${rule.impact}): ${rule.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`))"""
OPEN = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of a rich review, and of one with the worst text there is."""
    sys.path.insert(0, str(ROOT / "tests" / "unit" / "pack"))  # the modules there know each other by name alone
    from pack_fixture_review import review
    from pack_hostile import hostile

    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name, pack in (("rich", review()), ("hostile", hostile(review(8)))):
        files = render(pack, templates=ROOT / "report_templates")
        (content,) = (content for path, content in files.items() if path.endswith(".html"))
        found[name] = folder / f"{name}.html"
        found[name].write_bytes(content)
    return found


def examined(browser: Browser) -> list[str]:
    assert AXE.is_file(), "axe-core is missing; run: make browser"
    browser.run(f"{AXE.read_text(encoding='utf-8')}; 0")
    found = browser.run(EXAMINE)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [("rich", 1280, False), ("rich", 1280, True), ("rich", 360, False), ("rich", 1920, True), ("hostile", 1280, False)],
)
def test_axe_finds_nothing(browser: Browser, pages: dict[str, Path], name: str, width: int, dark: bool) -> None:
    browser.open(pages[name], width=width, dark=dark)
    assert examined(browser) == []
    if name == "rich":  # in the other one objectives share their names, which no organisation would do
        browser.run(OPEN)
        assert examined(browser) == []
    assert browser.logged == []  # no error, no refused script, no request


def test_the_examiner_sees_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text("<!doctype html><title>Wrong</title><main><h1>Wrong</h1><img src='data:,'><input></main>")
    browser.open(page)
    found = " ".join(examined(browser))
    assert all(rule in found for rule in ("html-has-lang", "image-alt", "label"))


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_is_wider_than_the_screen(browser: Browser, pages: dict[str, Path], width: int) -> None:
    for page in pages.values():
        browser.open(page, width=width)
        browser.run(OPEN)
        assert browser.run("document.documentElement.scrollWidth") <= width


def test_on_a_phone_every_column_is_in_sight(browser: Browser, pages: dict[str, Path]) -> None:
    wider = """Array.from(document.querySelectorAll('.scroll')).filter((part) => part.querySelector('thead')
               && part.scrollWidth > part.clientWidth + 1).map((part) => part.getAttribute('aria-label'))"""
    for page in pages.values():
        browser.open(page, width=360)
        browser.run(OPEN)
        assert browser.run(wider) == []
    browser.open(pages["rich"], width=360)
    cells = "Array.from(document.querySelector('.board [data-kpi]').cells).slice(1)"
    assert browser.run(f"{cells}.map((cell) => cell.dataset.head)") == browser.run(
        "Array.from(document.querySelectorAll('.board thead th'), (head) => head.textContent.trim()).slice(1)"
    )
    right = f"Math.max(...{cells}.map((cell) => cell.getBoundingClientRect().right))"
    assert 200 < browser.run(right) <= 360
    browser.open(pages["rich"], width=768)
    assert browser.run(f"({wider}).filter((name) => /Scoreboard|Rows per feed/.test(name))") == []


def test_on_a_phone_no_caption_is_a_column_of_letters(browser: Browser, pages: dict[str, Path]) -> None:
    """A caption of a table whose rows are blocks is as narrow as a letter, unless it is one as well."""
    browser.open(pages["rich"], width=360)
    browser.run(OPEN)
    widths = browser.run(
        """Array.from(document.querySelectorAll('caption'), (one) => one.getBoundingClientRect().width)
        .filter((width) => width > 1)"""  # those for ears alone are a point wide
    )
    assert len(widths) > 10
    assert min(widths) > 150


def shown(browser: Browser) -> Any:
    rows = "document.querySelectorAll('table.board [data-kpi]:not([hidden])')"
    return browser.run(f"Array.from({rows}, (row) => row.dataset.kpi)")


def test_an_objective_is_found_opened_and_followed(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["rich"])
    everything = shown(browser)
    assert len(everything) == 22
    browser.run("""(() => { const box = document.getElementById("search"); box.value = "first pass";
                   box.dispatchEvent(new Event("input")); })()""")
    assert shown(browser) == ["first_pass_yield"]
    assert browser.run("document.getElementById('found').textContent") == "1 of 22 objectives"
    browser.run("document.querySelector('table.board a[href=\"#kpi-first_pass_yield\"]').click()")
    browser.run("new Promise((done) => setTimeout(done, 0))")  # the page follows its address a turn later
    assert browser.run("document.getElementById('kpi-first_pass_yield').closest('details').open") is True
    browser.run("""(() => { const box = document.getElementById("search"); box.focus();
                   box.dispatchEvent(new KeyboardEvent("keydown", {key: "Escape", bubbles: true})); })()""")
    assert shown(browser) == everything
    browser.run("""(() => { const choice = document.getElementById("show"); choice.value = "exception";
                   choice.dispatchEvent(new Event("change")); })()""")
    assert 0 < len(shown(browser)) < 22


def test_every_link_leads_somewhere(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["rich"])
    dead = """Array.from(document.querySelectorAll("a[href^='#']"), (link) => link.getAttribute("href").slice(1))
              .filter((name) => !document.getElementById(decodeURIComponent(name)))"""
    assert browser.run(dead) == []


def test_all_is_reached_with_the_keyboard_and_focus_is_seen(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["rich"])
    lost = """Array.from(document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']"))
              .filter((part) => part.checkVisibility() && part.tabIndex < 0).length"""
    assert browser.run(lost) == 0
    browser.run("document.getElementById('search').focus()")
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_dark_is_dark_and_can_be_switched(browser: Browser, pages: dict[str, Path]) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    browser.open(pages["rich"], dark=True)
    assert browser.run(paper) == "rgb(20, 27, 33)"
    browser.run("document.getElementById('theme').click()")
    assert browser.run(paper) == "rgb(255, 255, 255)"
    assert browser.run("document.getElementById('theme').getAttribute('aria-pressed')") == "false"


def test_on_paper_every_objective_is_open_and_it_is_light(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["rich"], dark=True)
    closed = "document.querySelectorAll('details.kpi:not([open])').length"
    before = browser.run(closed)
    assert before > 0
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(closed) == 0
    browser.media("print")
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert browser.run("getComputedStyle(document.querySelector('.bar')).display") == "none"
    browser.media("")
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(closed) == before


def test_on_paper_no_table_is_wider_than_the_sheet(browser: Browser, pages: dict[str, Path]) -> None:
    """A browser makes all of a page smaller where one table does not fit between the margins of A4: 178 mm."""
    wider = """Array.from(document.querySelectorAll('.scroll')).filter((part) => part.querySelector('thead')
               && part.scrollWidth > part.clientWidth + 1).map((part) => part.getAttribute('aria-label'))"""
    browser.open(pages["rich"], width=672)
    browser.media("print")
    assert browser.run("matchMedia('print').matches") is True
    assert browser.run(wider) == []
    browser.media("")
