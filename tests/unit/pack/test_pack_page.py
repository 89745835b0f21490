"""The HTML page: one file, nothing from outside, every text escaped, every link alive."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from pack_fixture_review import review
from pack_hostile import hostile

from qmsreports.errors import CouldNotRun
from qmsreports.pack.drawings import draw
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Change
from qmsreports.pack.view import show
from qmsreports.pack.web import highlighted, render_html

TEMPLATES = Path(__file__).parents[3] / "report_templates"
VOID = {"meta", "link", "br", "input", "path", "use", "rect", "circle", "line", "polyline", "img"}


class Tree(HTMLParser):
    """Elements with their attributes, and whether each was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def page(pack: PackModel, charts: dict[str, str] | None = None) -> str:
    return render_html(show(pack), draw(pack) if charts is None else charts, templates=TEMPLATES)


@pytest.fixture(scope="module")
def whole() -> str:
    return page(review(8))


@pytest.fixture(scope="module")
def tree(whole: str) -> Tree:
    return Tree(whole)


def test_it_asks_nothing_of_the_network(whole: str, tree: Tree) -> None:
    policy = next(meta["content"] for meta in tree.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    outside = re.findall(r"(?:src|href|action|data|poster)=\"(?!#|data:)[^\"]*\"|url\((?!data:)[^)]*\)|@import", whole)
    assert outside == ['href="../../quality/data-quality.html"']  # a file beside the packs, read when somebody asks
    assert "http://" not in whole.replace("http://www.w3.org/", "")
    assert "https://" not in whole


def test_the_only_script_is_the_one_the_policy_names(whole: str, tree: Tree) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", whole, re.DOTALL)
    named = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(meta["content"] for meta in tree.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert f"script-src 'sha256-{named}';" in policy
    assert not any(name.startswith("on") for _, attributes in tree.found for name in attributes)


def test_elements_close_ids_are_unique_and_no_link_is_dead(tree: Tree) -> None:
    assert tree.wrong == []
    assert tree.open == []
    ids = Counter(attributes["id"] for _, attributes in tree.found if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    linked = {attributes["href"][1:] for _, attributes in tree.found if attributes.get("href", "").startswith("#")}
    assert linked - set(ids) == set()


def test_headings_step_down_one_at_a_time(tree: Tree) -> None:
    levels = [int(tag[1]) for tag, _ in tree.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_heads_and_captions_and_pictures_have_names(tree: Tree) -> None:
    assert len(tree.all("caption")) == len(tree.all("table"))
    assert all(cell.get("scope") in ("col", "row", "rowgroup") for cell in tree.all("th"))
    pictures = [drawing for drawing in tree.all("svg") if drawing.get("class") != "shapes"]
    assert all(drawing.get("role") == "img" and drawing.get("aria-label") for drawing in pictures)
    for needed in ("header", "nav", "main", "footer"):
        assert len(tree.all(needed)) == 1


def test_every_objective_opens_to_chart_values_definition_and_sql(whole: str) -> None:
    for kpi in ("nps", "on_time_delivery"):
        start = whole.index(f'<details class="kpi" id="kpi-{kpi}"')
        body = whole[start : whole.index('<details class="kpi"', start + 10)] if kpi == "nps" else whole[start:]
        assert "<svg" in body
        assert "Values, newest first" in body
        assert f'href="#def-{kpi}"' in body
        assert 'href="#sql-' in body


def test_hostile_text_stays_text() -> None:
    text = page(hostile(review(4)), charts={})
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert "{{ 7 * 7 }}" in text  # not 49
    assert Tree(text).wrong == []


def test_the_same_model_gives_the_same_page() -> None:
    pack = review(2)
    assert page(pack) == page(PackModel.model_validate_json(pack.model_dump_json()))


def test_sixty_objectives_stay_under_three_megabytes() -> None:
    """One chart of each kind stands for all of its kind, which hardly differ; drawing all would take seconds."""
    few, pack = draw(review(8)), review(60)
    charts = dict(few)
    for objective in pack.objectives:
        charts |= {f"{kind}-{objective.kpi}": few[f"{kind}-nps"] for kind in ("half", "spark")}
        if objective.exception and objective.slices:
            charts[f"multiples-{objective.kpi}-site"] = few["multiples-nps-site"]
    assert len(page(pack, charts)) < 2_400_000


def test_sql_is_marked_and_escaped() -> None:
    marked = str(highlighted("SELECT '<b>' AS x -- a & b\nFROM t"))
    assert marked == (
        '<span class="k">SELECT</span> <span class="s">&#39;&lt;b&gt;&#39;</span> <span class="k">AS</span> x '
        '<span class="c">-- a &amp; b</span>\n<span class="k">FROM</span> t'
    )


def test_a_broken_template_is_named_with_its_line(tmp_path: Path) -> None:
    for path in TEMPLATES.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "front.html.j2").write_text("<p>\n{% if %}\n</p>")
    with pytest.raises(CouldNotRun, match=r"front.html.j2:2: the web template is wrong"):
        render_html(show(review(1)), {}, templates=tmp_path)
    (tmp_path / "front.html.j2").write_text("{{ nowhere }}")
    with pytest.raises(CouldNotRun, match=r"cannot be used: 'nowhere' is undefined"):
        render_html(show(review(1)), {}, templates=tmp_path)


def test_the_change_on_the_month_before_stands_with_its_interval_in_the_detail() -> None:
    pack = review(8)
    changed = Change(value=-1.26, low=-3.0, high=0.48)
    at = next(place for place, one in enumerate(pack.objectives) if one.exception and one.unit == "percent")
    objectives = [
        one.model_copy(update={"change": changed}) if n == at else one for n, one in enumerate(pack.objectives)
    ]
    told = page(pack.model_copy(update={"objectives": tuple(objectives)}), {}).replace("\u00a0", " ")
    assert told.count("\u22121.3 points on the month before (95 %: \u22123.0 to +0.5).") == 1
    assert "on the month before" not in page(pack, {})
