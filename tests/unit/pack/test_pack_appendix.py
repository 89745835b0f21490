"""The workbook: numbers are numbers, days are days, nothing runs, and the same pack gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from pack_fixture_review import review
from pack_hostile import hostile

from qmsreports.pack.appendix import render_workbook
from qmsreports.pack.customers import Customers, Experiences, Lost, Quote, Said, ThemeSaid
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Reason, Reasons
from qmsreports.pack.office import fixed
from qmsreports.pack.register_table import RegisterColumn, RegisterTable

FORMULAS = ("=1+1", "+1", "-2+3", "@SUM(1)", '=HYPERLINK("x")', "#N/A")


def read(content: bytes) -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: sheet for sheet in book.worksheets}


def rows(sheet: Worksheet) -> list[dict[str, Any]]:
    head = [cell.value for cell in sheet[1]]
    return [dict(zip(head, row, strict=True)) for row in sheet.iter_rows(min_row=2)]


@pytest.fixture(scope="module")
def made() -> PackModel:
    return review(8)


@pytest.fixture(scope="module")
def content(made: PackModel) -> bytes:
    return render_workbook(made)


@pytest.fixture(scope="module")
def book(content: bytes) -> dict[str, Worksheet]:
    return read(content)


def test_it_has_a_sheet_for_each_part(book: dict[str, Worksheet]) -> None:
    assert list(book)[:5] == ["Review", "Objectives", "Values", "Parts", "Decisions needed"]
    assert {"Actions", "Inputs", "Feeds", "Failed rules", "Definitions"} <= set(book)


def test_percent_are_percent_and_counts_are_numbers(made: PackModel, book: dict[str, Worksheet]) -> None:
    found = {row["KPI"].value: row for row in rows(book["Objectives"])}
    assert found.keys() == {objective.kpi for objective in made.objectives}
    for objective in made.objectives:
        cell, value = found[objective.kpi]["Value"], objective.latest.value
        if value is None:
            assert cell.value is None
        elif objective.unit == "percent":
            assert cell.value == pytest.approx(value / 100)
            assert cell.number_format == "0.0%"
        else:
            assert cell.value == pytest.approx(value)
        assert found[objective.kpi]["n"].value == objective.latest.n
        assert isinstance(found[objective.kpi]["Provisional"].value, bool)


def test_numbers_of_registers_are_shown_as_the_pack_prints_them(made: PackModel) -> None:
    """Money in whole units, shares with a decimal, integers with their thousands; the cell keeps the whole number."""
    columns = tuple(RegisterColumn(title=kind, kind=kind) for kind in ("text", "integer", "number", "money"))
    table = RegisterTable(
        table="costs", title="Costs", summary="", columns=columns, rows=(("scrap", 43637, 97.7778, 36317.81),), total=1
    )
    section = made.sections[0].model_copy(update={"registers": (table,)})
    sheet = read(render_workbook(made.model_copy(update={"sections": (section,)})))["Costs"]
    assert [(cell.value, cell.number_format) for cell in sheet[2]] == [
        ("scrap", "General"),
        (43637, "#,##0"),
        (97.7778, "#,##0.0"),
        (36317.81, "#,##0"),
    ]


def test_every_period_is_there_with_a_real_day(made: PackModel, book: dict[str, Worksheet]) -> None:
    found = rows(book["Values"])
    assert len(found) == sum(len(objective.points) for objective in made.objectives)
    first = found[0]["First day"]
    assert first.is_date
    assert first.value.date() == made.objectives[0].points[0].start
    due = [row["Due"] for row in rows(book["Actions"]) if row["Due"].value is not None]
    assert due
    assert all(cell.is_date for cell in due)


def test_heads_stay_in_sight_and_columns_have_a_width(book: dict[str, Worksheet]) -> None:
    for sheet in book.values():
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref
        letters = [cell.column_letter for cell in sheet[1]]
        assert all(5 <= sheet.column_dimensions[letter].width <= 120 for letter in letters)


def test_no_word_of_a_head_and_no_usual_text_of_a_register_is_cut(made: PackModel) -> None:
    finding = "Survey results of the second quarter were not passed to the sites"
    columns = (RegisterColumn(title="Feststellung"), RegisterColumn(title="Ursprünglich fällig", kind="integer"))
    table = RegisterTable(table="audits", title="Audits", summary="", columns=columns, rows=((finding, 1),), total=1)
    section = made.sections[0].model_copy(update={"registers": (table,)})
    sheet = read(render_workbook(made.model_copy(update={"sections": (section,)})))["Audits"]
    assert sheet.column_dimensions["A"].width >= len(finding)
    assert sheet.column_dimensions["B"].width >= len("Ursprünglich") + 3  # the button of the filter
    assert sheet.row_dimensions[1].height == 30  # two lines


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_never_runs(made: PackModel, text: str) -> None:
    actions = [action.model_copy(update={"title": text, "progress": text}) for action in made.actions]
    sheet = read(render_workbook(review(2).model_copy(update={"actions": tuple(actions)})))["Actions"]
    cells = [row["Title"] for row in rows(sheet)]
    assert {(cell.value, cell.data_type) for cell in cells} == {(text, "s")}
    assert all(cell.quotePrefix for cell in cells) == (text[0] in "=+-@")


def test_the_worst_text_can_be_read_again() -> None:
    found = read(render_workbook(hostile(review(3))))
    cells = [cell for sheet in found.values() for line in sheet.iter_rows() for cell in line]
    assert all(cell.data_type != "f" for cell in cells)
    assert any("שלום" in str(cell.value) for cell in cells)
    assert any("\U0001f600" in str(cell.value) for cell in cells)


def test_the_same_pack_gives_the_same_bytes(made: PackModel, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2031, 1, 2, 3, 4, 5, tzinfo=tz)

    import datetime as clock

    monkeypatch.setattr(clock, "datetime", Tomorrow)
    assert render_workbook(made) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        times = {entry.date_time for entry in archive.infolist()}
        core = archive.read("docProps/core.xml").decode()
    at = made.header.data_read_at.astimezone(UTC)
    assert times == {(at.year, at.month, at.day, at.hour, at.minute, at.second // 2 * 2)}
    assert core.count(f"{at:%Y-%m-%dT%H:%M:%SZ}") == 2


def test_an_archive_takes_any_stamp() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    with zipfile.ZipFile(io.BytesIO(fixed(out.getvalue(), datetime(1970, 1, 1, tzinfo=UTC)))) as archive:
        assert archive.infolist()[0].date_time[0] == 1980
        assert archive.read("a.txt") == b"a"


def test_numbers_that_are_none_are_empty_and_days_of_registers_are_days(made: PackModel) -> None:
    first = made.objectives[0]
    latest = first.latest.model_copy(update={"value": float("inf"), "target": float("nan")})
    changed = first.model_copy(update={"points": (*first.points[:-1], latest)})
    found = read(render_workbook(made.model_copy(update={"objectives": (changed, *made.objectives[1:])})))
    row = rows(found["Objectives"])[0]
    assert (row["Value"].value, row["Target"].value) == (None, None)
    raised = [row["Raised"].value for row in rows(found["Audit findings"]) if row["Raised"].value is not None]
    assert raised
    assert all(isinstance(day, date) for day in raised)


def test_reasons_customers_comments_and_proposals_have_sheets(made: PackModel) -> None:
    lost = Lost(customer="C-7", site="linz", segment="key_account", happened=("late",), last_order=date(2026, 6, 3))
    seen = Experiences(month="2026-10", active=100, bad=7, causes=(("late", 5),), repeated=1, lost=(lost,))
    quote = Quote(text="=SUM(A1) and late", recommend=2, channel="in_person")
    theme = ThemeSaid(title="Delivery", comments=9, unhappy=4, quotes=(quote,))
    said = Said(comments=12, answers=40, themes=(theme,), elsewhere=3)
    parts = (Reason(title="late", amount=6, before=3.5),)
    asked = Reasons(table="complaints", column="reason", unit="rows", total=9.0, reasons=parts)
    proposed = review().proposals
    first = made.objectives[0].model_copy(update={"reasons": asked})
    pack = made.model_copy(
        update={
            "objectives": (first, *made.objectives[1:]),
            "customers": Customers(clause="9.3.2-c1", experiences=seen, said=said),
            "proposals": proposed,
        }
    )
    found = read(render_workbook(pack))
    (row,) = rows(found["Customers not back"])
    assert (row["Customer"].value, row["Segment"].value) == ("C-7", "key account")
    assert row["Last order"].is_date
    (row,) = rows(found["Comments"])
    assert (row["Quoted"].value, row["Quoted"].data_type, row["Would recommend"].value) == (quote.text, "s", 2)
    (row,) = rows(found["Reasons"])
    assert (row["Reason"].value, row["In this period"].value, row["Total"].value) == ("late", 6, 9)
    assert [row["KPI"].value for row in rows(found["Proposed actions"])] == [one.kpi for one in proposed]
