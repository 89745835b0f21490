"""The spreadsheet door: what is written comes back, what is wrong is said by cell, nothing is half-written."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from workbook_fixture import AT, Cells, write
from workbook_mistakes import WORKBOOK_MISTAKES, CellMistake

from qmsreports.catalog import files
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.catalog.spreadsheet import read_changes, workbook
from qmsreports.errors import CouldNotRun, UserError

GOLDEN = Path(__file__).parents[2] / "golden" / "workbook_messages.txt"
EDITABLE = (
    "targets/on_time.yaml",
    "targets/reply_time.yaml",
    "targets/doubled.yaml",
    "kpis/on_time.yaml",
    "kpis/reply_time.yaml",
    "kpis/doubled.yaml",
    "calendars/desk.yaml",
)


@pytest.fixture(scope="module")
def exported(small: Catalog) -> bytes:
    return workbook(small, at=AT)


@pytest.fixture
def book(exported: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "targets.xlsx"
    path.write_bytes(exported)
    return path


def golden() -> dict[str, list[str]]:
    sections = GOLDEN.read_text(encoding="utf-8").split("## ")[1:]
    return {section.splitlines()[0]: section.strip().splitlines()[1:] for section in sections}


@pytest.mark.parametrize("mistake", WORKBOOK_MISTAKES, ids=lambda mistake: mistake.name)
def test_what_a_person_is_told(mistake: CellMistake, small: Catalog, book: Path) -> None:
    write(book, mistake.cells, mistake)
    with pytest.raises(UserError) as raised:
        read_changes(book, small)
    assert [str(finding) for finding in raised.value.findings] == golden()[mistake.name]


def test_every_mistake_has_its_words() -> None:
    assert [mistake.name for mistake in WORKBOOK_MISTAKES] == list(golden())


def test_an_untouched_workbook_changes_nothing(small: Catalog, shipped: Catalog, book: Path) -> None:
    assert read_changes(book, small).texts == {}
    book.write_bytes(workbook(shipped, at=AT))
    edited = read_changes(book, shipped)
    assert edited.texts == {}
    assert edited.catalog.targets == shipped.targets


def test_each_kind_of_edit_touches_its_own_lines(folder: Path, book: Path) -> None:
    catalog = load_catalog(folder)
    cells: Cells = {
        "Targets!H3": 96,
        "Targets!A5": "on_time",
        "Targets!E5": "site=lyon",
        "Targets!F5": date(2026, 1, 1),
        "Targets!H5": 93.5,
        "Targets!J5": "Board",
        "Targets!K5": date(2025, 12, 1),
        "Targets!L5": "Review 2025-11",
        "Deviations!H2": "A-2",
        "Owners!C3": "Supply, Linz",
        "Calendars!I3": "09:00-12:00",
        "Own days!D2": "Holy night",
    }
    write(book, cells)
    edited = read_changes(book, catalog)
    lines = {
        path.relative_to(folder).as_posix(): _difference(path.read_text(encoding="utf-8"), text.decode())
        for path, text in edited.texts.items()
    }
    assert lines == {
        "targets/on_time.yaml": [
            "-    meet: 95",
            "+    meet: 96",
            "+  - from: 2026-01-01",
            "+    meet: 93.5",
            "+    slice: {site: lyon}",
            "+    agreed: {by: Board, on: 2025-12-01, record: Review 2025-11}",
            "-  - {from: 2025-03-01, to: 2025-04-30, at_least: 80, because: New plant., action: A-1}",
            "+  - {from: 2025-03-01, to: 2025-04-30, at_least: 80, because: New plant., action: A-2}",
        ],
        "kpis/on_time.yaml": ["-owner: supply.manager", "+owner: Supply, Linz"],
        "calendars/desk.yaml": [
            "-      saturday: closed",
            '+      saturday: ["09:00-12:00"]',
            "-        - {on: 2025-12-24, title: Christmas Eve}",
            "+        - {on: 2025-12-24, title: Holy night}",
        ],
    }
    files.write_together(edited.texts)
    again = load_catalog(folder)
    assert (again.kpis, again.targets, again.calendars) == (
        edited.catalog.kpis,
        edited.catalog.targets,
        edited.catalog.calendars,
    )


def _difference(before: str, after: str) -> list[str]:
    import difflib

    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in found if not line.startswith(("---", "+++", "@@"))]


def test_targets_of_a_kpi_that_had_none(folder: Path, book: Path) -> None:
    new = {"A5": "reply_time", "F5": date(2025, 1, 1), "H5": 4, "I5": 5, "J5": "Board", "K5": date(2024, 12, 1)}
    write(book, {f"Targets!{cell}": value for cell, value in {**new, "L5": "Review 2024-11"}.items()})
    ((path, text),) = read_changes(book, load_catalog(folder)).texts.items()
    assert path == folder / "targets/reply_time.yaml"
    assert text.decode() == (
        "kpi: reply_time\nunit: hours\ntargets:\n"
        "  - {from: 2025-01-01, meet: 4, near: 5, agreed: {by: Board, on: 2024-12-01, record: Review 2024-11}}\n"
    )


def test_sorted_rows_and_further_columns_are_no_change(small: Catalog, book: Path) -> None:
    opened = load_workbook(book)
    page = opened["Targets"]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2, max_row=4)]
    for number, row in enumerate(reversed(rows), 2):
        for column, value in enumerate(row, 1):
            page.cell(number, column).value = value
    page["N1"], page["N2"] = "My notes", "=1+1"
    opened.save(book)
    assert read_changes(book, small).texts == {}


def test_an_old_workbook_does_not_undo_what_others_changed(folder: Path, book: Path) -> None:
    path = folder / "targets/on_time.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("meet: 95", "meet: 94"), encoding="utf-8")
    catalog = load_catalog(folder)
    assert read_changes(book, catalog).texts == {}  # nobody touched the targets in the workbook
    write(book, {"Targets!H2": 91})
    with pytest.raises(UserError) as raised:
        read_changes(book, catalog)
    assert str(raised.value) == (
        "targets.xlsx:Targets!A2: the targets of on_time changed in catalog/targets/on_time.yaml since this workbook "
        "was exported; export it again and repeat the change"
    )


def test_texts_that_would_compute_stay_texts(folder: Path, book: Path) -> None:
    evil = '=HYPERLINK("http://x","y")'
    path = folder / "kpis/on_time.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("owner: supply.manager", f"owner: '{evil}'"), encoding="utf-8"
    )
    catalog = load_catalog(folder)
    book.write_bytes(workbook(catalog, at=AT))
    cell = load_workbook(book)["Owners"]["C3"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (evil, "s", True)
    assert read_changes(book, catalog).texts == {}


def test_cells_have_types_heads_stay_lists_choose(book: Path) -> None:
    opened = load_workbook(book)
    page = opened["Targets"]
    assert page.freeze_panes == "B2"
    assert [page.cell(3, column).data_type for column in (1, 6, 8, 11, 12)] == ["s", "d", "n", "d", "s"]
    rules = {str(rule.sqref).split(":")[0]: rule for rule in page.data_validations.dataValidation}
    assert (rules["A2"].type, rules["A2"].formula1) == ("list", "=Lists!$A$2:$A$4")
    assert (rules["F2"].type, rules["H2"].type) == ("date", "decimal")
    assert all(rule.prompt for rule in rules.values())
    assert [page.column_dimensions[letter].number_format for letter in "AFHL"] == ["@", "yyyy-mm-dd", "General", "@"]
    assert [opened[name].sheet_state for name in ("Lists", "Exported", "Read me")] == ["hidden", "hidden", "visible"]


@pytest.mark.parametrize(
    "content", [b"", b"kpi;meet\n", b"PK\x03\x04 and no more"], ids=["empty", "a csv file", "a damaged archive"]
)
def test_what_is_no_workbook(content: bytes, small: Catalog, book: Path) -> None:
    book.write_bytes(content)
    with pytest.raises(UserError) as raised:
        read_changes(book, small)
    assert str(raised.value) == (
        "targets.xlsx: cannot be read as an .xlsx workbook; save it as .xlsx, without a password"
    )


def test_entities_and_bombs_are_refused(small: Catalog, exported: bytes, book: Path) -> None:
    import zipfile

    with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/more.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    with pytest.raises(UserError, match="cannot be read as an"):
        read_changes(book, small)
    book.write_bytes(exported)
    with zipfile.ZipFile(book, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"\0" * 21_000_000)
    with pytest.raises(UserError, match="is larger than any catalog"):
        read_changes(book, small)


junk = (
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
    | st.datetimes().filter(lambda at: at.year > 1900) | st.times()
    | st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",)), max_size=9)
    | st.sampled_from(["=1", "#N/A", "on_time", "desk", "closed", "09:00-17:00", "site=lyon", "percent", "2025-01-01"])
)  # fmt: skip
places = st.builds(
    "{}!{}{}".format,
    st.sampled_from(["Targets", "Deviations", "Owners", "Calendars", "Own days", "Exported"]),
    st.sampled_from("ABCDEFGHIJKLM"),
    st.integers(1, 7),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(places, junk, min_size=1, max_size=6))
def test_whatever_stands_in_cells_is_read_or_explained(
    exported: bytes, small: Catalog, tmp_path: Path, cells: Cells
) -> None:
    path = tmp_path / "targets.xlsx"
    path.write_bytes(exported)
    write(path, cells)
    try:
        edited = read_changes(path, small)
    except UserError as error:
        assert error.findings
        for finding in error.findings:
            assert finding.where.startswith(("targets.xlsx", "catalog/")), finding
            assert finding.what
            assert "Input should" not in finding.what
    else:
        assert set(edited.texts) <= {small.folder / name for name in EDITABLE}


def test_a_failure_between_two_files_puts_the_first_back(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_bytes(b"old")
    second.mkdir()  # a file cannot take the place of a folder
    (second / "x").touch()
    with pytest.raises(CouldNotRun, match="nothing was changed"):
        files.write_together({first: b"new", second: b"new"})
    assert first.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "b.yaml"]


def _sheets(path: Path, *, renamed: dict[str, str] | None = None, deleted: str = "", added: str = "") -> None:
    opened = load_workbook(path)
    for title, other in (renamed or {}).items():
        opened[title].title = other
    if deleted:
        del opened[deleted]
    if added:
        opened.create_sheet(added)["A1"] = "mine"
    opened.save(path)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"renamed": {"Targets": "targets "}}, 'there is no sheet "Targets"; name "targets " so again'),
        (
            {"renamed": {"Targets": "Ziele"}},
            'there is no sheet "Targets"; give it its name again ("Ziele" is not read)',
        ),
        ({"deleted": "Owners"}, 'there is no sheet "Owners"; export the workbook again and edit that'),
        (
            {"deleted": "Own days", "added": "Notes"},
            'there is no sheet "Own days"; give it its name again ("Notes" is not read)',
        ),
    ],
)
def test_a_sheet_that_was_renamed_or_deleted_is_named(
    change: dict[str, Any], line: str, small: Catalog, book: Path
) -> None:
    write(book, {"Targets!H2": 97})
    _sheets(book, **change)
    with pytest.raises(UserError) as raised:
        read_changes(book, small)
    assert str(raised.value) == f"targets.xlsx: {line}"


def test_what_was_changed_where_nothing_is_read_is_said(small: Catalog, book: Path) -> None:
    assert read_changes(book, small).notices == ()
    write(book, {"Targets!B2": "Punctual", "Targets!C2": "points", "Owners!B3": "Twice"})
    _sheets(book, added="Notes")
    opened = load_workbook(book)
    assert opened["Owners"]["A2"].value == "doubled"
    opened["Owners"].delete_rows(2)
    opened.save(book)
    edited = read_changes(book, small)
    assert edited.texts == {}
    assert [str(notice) for notice in edited.notices] == [
        "targets.xlsx:Notes: this sheet is not read",
        'targets.xlsx:Targets!B2: "Title" is for reading and was not taken; it stays "On time"; '
        "change it in kpis/on_time.yaml",
        'targets.xlsx:Targets!C2: "Unit" is for reading and was not taken; it stays "percent"; '
        "change it in kpis/on_time.yaml",
        'targets.xlsx:Owners!B2: "Title" is for reading and was not taken; it stays "On time"; '
        "change it in kpis/on_time.yaml",
        "targets.xlsx:Owners: no row of doubled is left; its owner stays supply.manager; "
        "name another one to change that",
    ]
    assert all(notice.warning for notice in edited.notices)
