"""The PDF: archival and accessible, one full first page, whatever the data hold, the same bytes each time."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from contextlib import closing
from dataclasses import replace
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from pack_fixture import PLANS, objective
from pack_fixture_review import facts, review
from pack_hostile import hostile
from pypdf import PdfReader
from pypdfium2 import PdfDocument

from qmsreports.errors import CouldNotRun
from qmsreports.pack.appendix import render_workbook
from qmsreports.pack.assemble import assemble
from qmsreports.pack.attachments import attachments, unarmed
from qmsreports.pack.drawings import draw
from qmsreports.pack.letter import letter
from qmsreports.pack.model import PackModel
from qmsreports.pack.paper import render_pdf
from qmsreports.pack.view import show
from qmsreports.pack.web import render_html

TEMPLATES = Path(__file__).parents[3] / "report_templates"


def printed(pack: PackModel, charts: dict[str, str] | None = None) -> bytes:
    return render_pdf(
        show(pack),
        draw(pack) if charts is None else charts,
        templates=TEMPLATES,
        attachments=attachments(pack),
        stamp=pack.header.data_read_at,
    )


def pages(content: bytes) -> list[str]:
    """Text of every page; marks of possible breaks are left out."""
    with closing(PdfDocument(content)) as document:
        texts = []
        for page in document:
            with closing(page), closing(page.get_textpage()) as text:
                texts.append(text.get_text_bounded().replace("\u200b", "").replace("\ufffe", ""))
    return texts


@pytest.fixture(scope="module")
def whole() -> tuple[PackModel, bytes]:
    pack = review(12)
    return pack, printed(pack)


def test_it_claims_archiving_and_accessibility(whole: tuple[PackModel, bytes]) -> None:
    """Typst refuses to write these claims where they do not hold: alternative texts, tags, fonts, attachments."""
    reader = PdfReader(io.BytesIO(whole[1]))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == "Management review, October 2026, Arvella Pumps"


def test_page_one_is_one_page_that_starts_with_the_decisions(whole: tuple[PackModel, bytes]) -> None:
    first, second, *_ = pages(whole[1])
    for words in (
        "What needs a decision",
        "What changed since September 2026",
        "What you decided last time",
        "All objectives at a glance",
        "How far to trust this pack",
    ):
        assert words in first
    assert "In this pack" in second


def test_every_page_says_state_and_number(whole: tuple[PackModel, bytes]) -> None:
    texts = pages(whole[1])
    for number, text in enumerate(texts, start=1):
        assert "Draft, awaiting approval" in text
        assert f"{number} / {len(texts)}" in text


def test_headings_are_bookmarks_and_no_link_is_dead(whole: tuple[PackModel, bytes]) -> None:
    reader = PdfReader(io.BytesIO(whole[1]))
    names = [item.title for item in reader.outline if not isinstance(item, list)]
    for part in ("Scoreboard", "Inputs of the review", "Coverage of the required inputs", "Data quality"):
        assert part in names
    assert sum(len(page.get("/Annots", [])) for page in reader.pages) > 60


def test_values_model_and_definitions_travel_inside(whole: tuple[PackModel, bytes]) -> None:
    pack, content = whole
    inside = PdfReader(io.BytesIO(content)).attachments
    assert sorted(inside) == ["definitions.yaml", "kpi_values.csv", "model.json"]
    assert PackModel.model_validate_json(inside["model.json"][0]) == pack
    lines = inside["kpi_values.csv"][0].decode().splitlines()
    points = sum(len(one.points) + sum(len(piece.points) for piece in one.slices) for one in pack.objectives)
    assert len(lines) == points + 1
    rows = list(csv.DictReader(lines))
    first = pack.objectives[0]
    for row, point in zip(rows, first.points, strict=False):  # nothing is rounded
        for name, value in (("value", point.value), ("low", point.low), ("upper_limit", point.upper)):
            assert (float(row[name]) if row[name] else None) == value
        assert (row["provisional"] == "true", row["kind"] or "common_cause") == (point.provisional, point.kind)
    assert lines[0].startswith("kpi,version,period,slice,unit,value,numerator,denominator,n,")


@pytest.mark.parametrize(
    ("text", "kept"),
    [("=1+1", "'=1+1"), ("+41", "'+41"), ("-1", "'-1"), ("@x", "'@x"), ("\tx", "'\tx"), ("a=1", "a=1"), ("", "")],
)
def test_no_spreadsheet_runs_a_text_as_a_formula(text: str, kept: str) -> None:
    assert unarmed(text) == kept


def test_the_same_model_gives_the_same_bytes() -> None:
    pack = review(2)
    assert printed(pack) == printed(PackModel.model_validate_json(pack.model_dump_json()))


def test_hostile_text_is_text() -> None:
    texts = pages(printed(hostile(review(7))))
    joined = "\n".join(texts)
    assert "<script>alert('x')</script>" in joined
    assert '#import "@preview/evil:1.0.0"' in joined
    assert "{{ 7 * 7 }}" in joined
    assert "private[U+E000]" in joined
    assert "The fonts of the print lack" in joined
    assert "How far to trust this pack" in texts[0]
    assert "In this pack" in texts[1]


def test_sixty_objectives_keep_page_one_and_go_on_behind_it() -> None:
    """Charts are left out: what is tested is how text is placed, and boxes stand where charts would."""
    first, second, *_ = pages(printed(review(60), charts={}))
    assert "How far to trust this pack" in first
    assert "Further decisions" in second
    assert "8\nProduction files" in first or "Production files: 1" in first


def test_decisions_are_numbered_as_they_are_read() -> None:
    pack = review(60)
    first, second, *_ = pages(printed(pack, charts={}))
    titles = [item.title for item in pack.decisions]
    text = " ".join(f"{first} {second}".replace("\u00a0", " ").split())
    found = sorted((text.find(title.replace("\u00a0", " ")), title) for title in titles)
    there = [(place, title) for place, title in found if place >= 0]
    assert len(there) > 6
    numbers = [int(text[:place].split()[-1]) for place, _ in there]
    assert numbers == list(range(1, len(there) + 1))


def numbered(text: str, titles: list[str]) -> list[tuple[int, str]]:
    """Number and title of the decisions in a text, in the order in which they stand."""
    plain = " ".join(text.replace("\u00a0", " ").split())
    places = sorted((plain.find(title), title) for title in titles)
    return [(int(re.findall(r"\d+", plain[:place])[-1]), title) for place, title in places if place >= 0]


def test_page_one_has_the_same_decisions_on_paper_on_screen_and_in_the_message() -> None:
    pack = review(60)
    titles = [item.title.replace("\u00a0", " ") for item in pack.decisions]
    single = [item.title.replace("\u00a0", " ") for item in pack.decisions if item.kpi]
    expected = [*single[:5], *(title for title in titles if title not in single)]
    assert len(single) > 5
    paper, second, *_ = pages(printed(pack, charts={}))
    on_paper = numbered(paper[: paper.index("What changed")], titles)
    assert on_paper == list(enumerate(expected, start=1))
    more = f"{len(single) - 5} more: Further decisions"
    assert more in paper
    later = numbered(second[second.index("Further decisions") :], titles)
    assert later[: len(single) - 5] == list(enumerate(single[5:], start=len(expected) + 1))
    screen = render_html(show(pack), {}, templates=TEMPLATES)
    parts = {
        name: unescape(re.sub(r"<[^>]+>", " ", re.sub(r'<li [^>]*data-number="(\d+)"[^>]*>', r"\1 ", part)))
        for name, part in re.findall(r'<section aria-labelledby="(\w+)">(.*?)</section>', screen, re.DOTALL)
    }
    assert numbered(parts["decisions"], titles) == on_paper
    assert more in " ".join(parts["decisions"].split()).replace(": F", ": F").replace(" :", ":")
    assert numbered(parts["further"], titles) == list(enumerate(single[5:], start=len(expected) + 1))
    said = letter(pack, templates=TEMPLATES, holds=())
    assert numbered(said.text[: said.text.index("WHAT CHANGED")], titles) == on_paper
    assert more in said.text
    assert more in said.html
    sheet = openpyxl.load_workbook(io.BytesIO(render_workbook(pack)))["Decisions needed"]
    rows = [(int(row[0]), str(row[2]).replace("\u00a0", " ")) for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert rows == list(enumerate([*expected, *single[5:]], start=1))


def test_a_register_stays_together_under_its_heading() -> None:
    pack = review(18)  # where the nonconformities would reach over the foot of a page
    for text in pages(printed(pack, charts={})):
        for section in pack.sections:
            for table in section.registers:
                here = sum(f"{row[0]}" in text for row in table.rows)
                if table.title in text.splitlines():
                    assert here == len(table.rows), table.title


@pytest.mark.parametrize(("kpis", "months"), [(3, 36), (1, 2), (2, 60)])
def test_few_objectives_and_short_or_long_histories(kpis: int, months: int) -> None:
    texts = pages(printed(review(kpis, months)))
    assert "How far to trust this pack" in texts[0]
    assert "Scoreboard" in texts[1]


@pytest.mark.parametrize("kpis", [4, 7, 12])
def test_the_comment_on_an_objective_without_parts_stays_with_its_chart(kpis: int) -> None:
    made = [objective(plan).model_copy(update={"slices": (), "reasons": None}) for plan in PLANS[:kpis]]
    for text in pages(printed(assemble(facts(made)), charts={})):
        _head, *lines = [line for line in text.splitlines() if line.strip()]
        assert "comment missing" not in lines[0], lines[:2]


def test_no_data_at_all_is_said() -> None:
    nothing = replace(
        facts([]), actions=(), quality=(), failed_rules=(), sql=(), tables=(), definition_changes=(), restatements=()
    )
    pack = assemble(nothing)
    texts = pages(printed(pack))
    assert "No objective is defined for this review." in texts[0]
    assert "No action of an earlier review is recorded." in texts[0]
    assert "No objective has been measured for this period." in texts[1]


def test_twelve_sites_break_between_charts_and_not_inside_one() -> None:
    plan = next(plan for plan in PLANS if plan.kpi == "first_pass_yield")
    one = objective(plan)
    sites = tuple(one.slices[1].model_copy(update={"key": f"s{n}", "title": f"Site {n}"}) for n in range(12))
    families = tuple(piece.model_copy(update={"dimension": "product_family"}) for piece in sites)
    many = one.model_copy(update={"slices": (*sites, *families)})
    texts = pages(printed(assemble(facts([many]))))
    joined = "\n".join(texts)
    assert "By site, one scale" in joined
    assert "By product family, one scale" in joined  # its parts carry a signal, so it is shown as well


def test_a_missing_and_a_broken_template_are_named(tmp_path: Path) -> None:
    pack = review(1)
    with pytest.raises(CouldNotRun, match=r"pack.typ: the print template is missing; check QMSREPORTS_TEMPLATES"):
        render_pdf(show(pack), {}, templates=tmp_path, attachments=(), stamp=pack.header.data_read_at)
    broken = shutil.copytree(TEMPLATES, tmp_path / "t")
    (broken / "look.typ").write_text((broken / "look.typ").read_text() + "\n#let x = nowhere\n")
    with pytest.raises(CouldNotRun, match=r"does not compile: unknown variable: nowhere"):
        render_pdf(show(pack), {}, templates=broken, attachments=(), stamp=pack.header.data_read_at)


def test_the_model_reads_back_as_it_was_written() -> None:
    pack = review(3)
    text = next(item.text for item in attachments(pack) if item.name == "model.json")
    assert PackModel.model_validate(json.loads(text)) == pack
