"""Nothing on paper overlaps or leaves the page, whatever the names, numbers and counts are.

Charts are outlines and have tests of their own; here boxes stand in their places.
"""

from __future__ import annotations

import io
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pack_fixture import PLANS, objective
from pack_fixture_review import facts, header
from pack_hostile import hostile
from pypdf import PdfReader
from pypdf.generic import ContentStream, TextStringObject
from pypdfium2 import PdfDocument, PdfTextPage

from qmsreports.pack.assemble import assemble
from qmsreports.pack.attachments import attachments
from qmsreports.pack.customers import Customers, Experiences, Family, Lost, Quote, Said, ThemeSaid
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Reason, Reasons
from qmsreports.pack.paper import render_pdf
from qmsreports.pack.view import show

TEMPLATES = Path(__file__).parents[3] / "report_templates"
EDGE = 40  # points on both sides that stay empty
LONG = "Ninety characters of a name that somebody typed into a field without any thought for table"
NAMES = (
    "Überdurchschnittlichkeitskennzahlenzusammensetzungsbewertungsgrundlage der Pumpenfertigung",
    LONG,
    "עמידה בזמני אספקה לפי התחייבות ראשונה",
    "مؤشر رضا العملاء عن الخدمة",
    "Pump \U0001f600 share \U0001f6a2 of delivered",
    "准时交付率 日本語の名前 한국어 이름 ส่งมอบตรงเวลา हिन्दी நேரம் \u13a0 \U0001f9ff",
)


def faults(content: bytes) -> list[str]:
    """Return where texts overlap or reach into the margin, with the page.

    An emoji of several characters is one letter that the reader of the PDF finds once for each.
    """
    found = []
    with closing(PdfDocument(content)) as document:
        for number, page in enumerate(document, start=1):
            with closing(page), closing(page.get_textpage()) as text:

                def said(box: tuple[float, ...], text: PdfTextPage = text) -> str:
                    return repr(text.get_text_bounded(*box)[:30])

                width, height = page.get_size()
                boxes = [text.get_rect(index) for index in range(text.count_rects())]
                for index, box in enumerate(boxes):
                    if box[0] < EDGE or box[2] > width - EDGE or box[1] < EDGE / 2 or box[3] > height - EDGE / 2:
                        found.append(f"page {number}: {said(box)} leaves the page")
                    found += [
                        f"page {number}: {said(box)} overlaps {said(other)}"
                        for other in boxes[index + 1 :]
                        if _overlap(box, other) and not (said(box) == said(other) and "\\u200d" in said(box))
                    ]
    return found


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide > 1.5 and high > 0.35 * min(one[3] - one[1], other[3] - other[1])


def printed(pack: PackModel) -> bytes:
    beside = attachments(pack)
    return render_pdf(show(pack), {}, templates=TEMPLATES, attachments=beside, stamp=pack.header.data_read_at)


def named(index: int) -> str:
    return NAMES[index % len(NAMES)]


def renamed(one: Objective, index: int) -> Objective:
    parts = tuple(
        Reason(title=named(number), amount=amount, before=3.5e6) for number, amount in enumerate((45, 30, 15, 10))
    )
    slices = tuple(piece.model_copy(update={"title": named(number)}) for number, piece in enumerate(one.slices))
    changed: dict[str, Any] = {"title": named(index), "owner": LONG, "slices": slices, "drivers": ("nps", "csat")}
    reasons = Reasons(table=LONG, column="a reason with a long name", unit="rows", total=100, reasons=parts)
    return one.model_copy(update={**changed, "reasons": reasons})


def customers() -> Customers:
    lost = tuple(
        Lost(
            customer=LONG if number % 2 else f"A{number:05d}",
            site=named(number),
            segment="key account",
            happened=(
                "late_delivery",
                "case_not_solved",
                "justified_complaint",
                "advises_against",
            ),
            last_order=date(2026, 7, number + 1),
            open_complaints=number,
        )
        for number in range(6)
    )
    quotes = tuple(
        Quote(text=f"{named(number)} " * 2, recommend=0, satisfied=1, channel="in person") for number in (0, 2)
    )
    themes = tuple(ThemeSaid(title=named(number), comments=9, unhappy=3, quotes=quotes) for number in range(4))
    return Customers(
        clause="9.3.2-c1",
        voices=("nps", "csat", "ces"),
        response_rate="survey_response_rate",
        by=("site",),
        expectations=(Family(title=LONG, kpis=("first_response_p90",)),),
        complaints=("complaints_per_1000_orders",),
        experiences=Experiences(
            month="2026-10", active=9000, bad=120, causes=(("late_delivery", 120),), repeated=5, lost=lost
        ),
        said=Said(comments=400, answers=2000, themes=themes, elsewhere=3),
    )


def with_names() -> PackModel:
    objectives = [renamed(objective(plan), index) for index, plan in enumerate(PLANS)]
    base = facts(
        objectives,
        customers=customers(),
        required={one.kpi: ("IATF 16949:2016, 9.3.3.1",) for one in objectives},
        header=header(organisation=LONG, scope=LONG, title=LONG),
    )
    actions = tuple(one.model_copy(update={"title": named(n), "owner": LONG}) for n, one in enumerate(base.actions))
    sections = tuple(one.model_copy(update={"title": LONG}) for one in base.sections)
    return assemble(replace(base, actions=actions, sections=sections))


_SCALED = ("value", "low", "high", "target", "near", "mean", "lower", "upper")


def times(one: Objective, factor: float, unit: str) -> Objective:
    """The objective with every number multiplied."""

    def of(record: Any) -> Any:
        fields = {name: getattr(record, name, None) for name in _SCALED}
        return record.model_copy(update={name: value * factor for name, value in fields.items() if value is not None})

    points, segments = tuple(map(of, one.points)), tuple(map(of, one.segments))
    slices = tuple(piece.model_copy(update={"points": tuple(map(of, piece.points))}) for piece in one.slices)
    return one.model_copy(update={"points": points, "segments": segments, "slices": slices, "unit": unit})


def with_values() -> PackModel:
    units = ("count", "EUR", "ppm", "score", "ratio", "hours")
    sizes = [10.0 ** (index - 6) for index in range(len(PLANS))]  # 0.0001 to a trillion and beyond both
    made = [times(objective(plan), size, units[n % 6]) for n, (plan, size) in enumerate(zip(PLANS, sizes, strict=True))]
    return assemble(facts(made, customers=customers()))


def with_hostile_text() -> PackModel:
    return hostile(assemble(facts([objective(plan) for plan in PLANS], customers=customers())))


def of_many() -> PackModel:
    plans = [replace(PLANS[n % len(PLANS)], kpi=f"kpi_{n:02d}", title=f"{n} {named(n)}") for n in range(80)]
    return assemble(facts([objective(plan, months=12) for plan in plans]))


def of_long_and_short_series() -> PackModel:
    return assemble(facts([objective(plan, months=60 if n % 2 else 2) for n, plan in enumerate(PLANS[:4])]))


def of_twelve_sites() -> PackModel:
    sites = tuple(("site", f"site_{n:02d}", named(n)) for n in range(12))
    return assemble(facts([objective(replace(plan, slices=sites)) for plan in PLANS[:3]]))


def of_nothing() -> PackModel:
    return assemble(facts([]))


COUNTS = [of_many, of_long_and_short_series, of_twelve_sites, of_nothing]


@pytest.mark.parametrize("made", [with_names, with_values, with_hostile_text, *COUNTS])
def test_nothing_overlaps_or_leaves_the_page(made: Any) -> None:
    assert faults(printed(made())) == []


def test_what_overlaps_or_leaves_the_page_would_be_found(tmp_path: Path) -> None:
    import typst

    source = tmp_path / "x.typ"
    source.write_text(
        "#set page(width: 300pt, height: 200pt, margin: 0pt)\n"
        '#place(dx: 100pt, dy: 50pt, "first text") #place(dx: 110pt, dy: 52pt, "second text")\n'
        '#place(dx: 10pt, dy: 90pt, "in the margin") #place(dx: 100pt, dy: 120pt, "alone")'
    )
    found = faults(typst.compile(str(source)))
    assert len(found) == 2
    assert "overlaps" in found[0]
    assert "'in the margin' leaves the page" in found[1]


def boxes(content: bytes) -> int:
    """Count the letters that are glyph 0 of their font: the empty box that stands for what the font lacks.

    Every font of a print has two bytes for each glyph (Identity-H).
    """
    found = 0
    reader = PdfReader(io.BytesIO(content))
    for page in reader.pages:
        for operands, operator in ContentStream(page["/Contents"].get_object(), reader).operations:
            for text in operands[0] if operator == b"TJ" else operands if operator == b"Tj" else ():
                if isinstance(text, str | bytes):
                    codes = text.original_bytes if isinstance(text, TextStringObject) else bytes(text)
                    found += sum(codes[at : at + 2] == b"\0\0" for at in range(0, len(codes), 2))
    return found


@pytest.mark.parametrize("made", [with_names, with_hostile_text])
def test_no_letter_is_an_empty_box(made: Any) -> None:
    content = printed(made())
    assert boxes(content) == 0
    assert b"\xe2\x96\xa1" not in content


def test_every_script_of_a_name_is_printed_as_text() -> None:
    with closing(PdfDocument(printed(with_names()))) as document:
        text = ""
        for page in document:
            with closing(page), closing(page.get_textpage()) as read:
                text += read.get_text_bounded()
    plain = text.replace("\u200b", "").replace("\ufffe", "").replace("\r\n", " ")
    for word in ("准时交付", "日本", "한국어", "ส่งมอบ", "\U0001f9ff", "நே", "U+13A0"):
        assert word in plain, word
    assert "The fonts of the print lack" in plain


def test_an_empty_box_would_be_found(tmp_path: Path) -> None:
    import typst

    source = tmp_path / "x.typ"
    source.write_text('#set text(font: "DejaVu Sans Mono", fallback: false)\nab \u6f22 c')
    assert boxes(typst.compile(str(source), ignore_system_fonts=True)) == 1


def test_a_table_of_scores_that_goes_on_on_the_next_page_can_be_printed() -> None:
    """PDF/UA refuses a repeated head that holds a link."""
    pack = assemble(facts([objective(plan) for plan in PLANS], customers=customers()))
    view = show(pack)
    (page,) = (item["customers"] for item in view["sections"] if item["customers"])
    group = page["voices"]["groups"][0]
    page["voices"]["groups"] = [{**group, "rows": list(group["rows"]) * 40}]
    made = render_pdf(view, {}, templates=TEMPLATES, attachments=(), stamp=pack.header.data_read_at)
    with closing(PdfDocument(made)) as document:
        texts = []
        for one in document:
            with closing(one), closing(one.get_textpage()) as text:
                texts.append(" ".join(text.get_text_bounded().split()))
    assert sum("What customers say of us" in text for text in texts) == 1
    goes_on = sum(text.count(group["rows"][0]["title"]) > 5 for text in texts)
    assert goes_on > 1
