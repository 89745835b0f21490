"""Excel registers: cells keep their values, a sheet lands when it changed, rows that vanish are found."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from small_source import World, all_files, make_source

FEED = {"table": "audits", "sheet": "Audits", "format": "excel", "key": ["Audit no"], "needs": ["Planned"]}
ROWS: list[list[Any]] = [
    ["Audit no", "Site", "Planned", "Score (max 10)", "Done"],
    ["AU-1", "Linz", datetime.fromisoformat("2026-01-15"), 8, None],
    [1002, "Lyon", datetime.fromisoformat("2026-02-16"), 7.5, None],
]


class Workbook(World):
    """A workbook as the source."""

    @property
    def file(self) -> Path:
        return self.folder / "registers.xlsx"

    def write(self, rows: list[list[Any]] = ROWS, **sheets: list[list[Any]]) -> None:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for name, content in {"Audits": rows, **sheets}.items():
            sheet = book.create_sheet(name)
            for row in content:
                sheet.append(row)
        book.save(self.file)


@pytest.fixture
def book(tmp_path: Path) -> Workbook:
    world = Workbook(tmp_path, make_source(FEED, kind="files"), str(tmp_path / "registers.xlsx"))
    world.write()
    return world


def test_cells_land_with_their_values_and_their_row(book: Workbook) -> None:
    assert book.landed() == {"audits": 2}
    (table,) = book.tables("audits")
    assert table.to_pylist() == [
        {
            "audit_no": no,
            "site": site,
            "planned": planned,
            "score_max_10": score,
            "done": None,
            "_file": "registers.xlsx",
            "_line": line,
        }
        for no, site, planned, score, line in [
            ("AU-1", "Linz", date(2026, 1, 15), 8.0, 2),
            ("1002", "Lyon", date(2026, 2, 16), 7.5, 3),
        ]
    ]


def test_a_formula_without_a_result_stops_where_a_mapping_needs_it(book: Workbook) -> None:
    header, first, _ = ROWS
    book.write([header, first, ["AU-2", "=B2", "=DATE(2026,2,16)", 7.5, None]])
    assert book.one_failure() == (
        "registers.xlsx:Audits!C3: source shop, table audits: the cell holds a formula, and the file does not hold "
        "what it comes to (never landed so far); open the workbook in Excel and save it, or let the program that "
        "writes it write values"
    )
    book.write([header, first, ["AU-2", "=B2", None, 7.5, None]])  # nothing needs the site
    assert book.landed() == {"audits": 2}


def test_a_formula_that_comes_to_nothing_is_empty(book: Workbook) -> None:
    book.write([*ROWS[:2], ["AU-2", "Linz", '=IF(D3>9,TODAY(),"")', 7.5, None]])
    with zipfile.ZipFile(book.file) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    name = "xl/worksheets/sheet1.xml"
    assert b'<c r="C3"><f>' in parts[name]
    parts[name] = parts[name].replace(b'<c r="C3">', b'<c r="C3" t="str">')  # as Excel writes a result of no text
    with zipfile.ZipFile(book.file, "w") as packed:
        for part, content in parts.items():
            packed.writestr(part, content)
    assert book.landed() == {"audits": 2}
    assert [row["planned"] for row in book.rows("audits")] == [date(2026, 1, 15), None]


def test_a_workbook_that_was_only_saved_again_lands_nothing(book: Workbook) -> None:
    book.land()
    before = all_files(book.folder)
    assert book.landed() == {}
    assert all_files(book.folder) == before
    book.write()
    assert book.landed() == {}


def test_a_changed_sheet_lands_as_a_whole_and_the_others_do_not(book: Workbook) -> None:
    risks = {**FEED, "table": "risks", "sheet": "Risks", "key": ["No"], "needs": []}
    book.source = make_source(FEED, risks, kind="files")
    book.write(Risks=[["No", "Title"], ["R1", "x"]])
    assert book.landed() == {"audits": 2, "risks": 1}
    book.write(Risks=[["No", "Title"], ["R1", "x"], ["R2", "y"]])
    assert book.landed() == {"risks": 2}
    assert [row["no"] for row in book.rows("risks")] == ["R1", "R1", "R2"]


def test_a_word_among_dates_makes_the_column_text_that_reads_the_same(book: Workbook) -> None:
    book.write([*ROWS, ["AU-3", "Porto", "spring?", None, datetime.fromisoformat("2026-05-04 10:30")]])
    book.land()
    assert [row["planned"] for row in book.rows("audits")] == ["2026-01-15", "2026-02-16", "spring?"]
    assert book.tables("audits")[0].schema.field("done").type == pa.timestamp("us")  # local: no zone is added


def test_a_column_that_lost_its_values_keeps_its_type(book: Workbook) -> None:
    book.write([ROWS[0], [*ROWS[1][:4], datetime.fromisoformat("2026-01-20")]])
    book.land()
    book.write()
    book.land()
    assert [table.schema.field("done").type for table in book.tables("audits")] == [pa.date32(), pa.date32()]


def test_rows_that_vanish_are_found_by_their_keys(book: Workbook) -> None:
    book.source = make_source({**FEED, "deletions": "keys"}, kind="files")
    assert book.landed() == {"audits": 2, "audits__keys": 2}
    book.write(ROWS[:2])
    assert book.landed() == {"audits": 1, "audits__keys": 1}
    assert book.rows("audits__keys")[-1] == {"audit_no": "AU-1"}


def test_titles_above_blank_rows_between_and_columns_without_a_name(book: Workbook) -> None:
    book.write(
        [[None], [None, *ROWS[0][:3]], [], [None, *ROWS[1][:3], None, "x"], [None, "", None], [None, *ROWS[2][:3]]]
    )
    assert book.landed() == {"audits": 2}
    rows = book.rows("audits")
    assert [(row["audit_no"], row["column_6"], row["_line"]) for row in rows] == [("AU-1", "x", 4), ("1002", None, 6)]


def test_a_folder_of_workbooks_each_with_the_sheet(book: Workbook, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    book.file.rename(tmp_path / "in" / "linz.xlsx")
    book.write([ROWS[0], ["AU-9", "Lyon", datetime.fromisoformat("2026-03-01"), 1, None]])
    book.file.rename(tmp_path / "in" / "lyon.xlsx")
    (tmp_path / "in" / "~$lyon.xlsx").write_bytes(b"lock file of Excel")
    book.source, book.connection = make_source({**FEED, "files": "*.xlsx"}, kind="files"), str(tmp_path / "in")
    assert book.landed() == {"audits": 3}
    assert {row["_file"] for row in book.rows("audits")} == {"linz.xlsx", "lyon.xlsx"}
    assert book.landed() == {}


# --- what is refused -------------------------------------------------------------------------------------------------
def told(book: Workbook) -> str:
    line = book.one_failure().replace("source shop: ", "")
    return line.replace("source shop, table audits: ", "").replace(" (never landed so far)", "")


def test_a_missing_sheet(book: Workbook) -> None:
    book.source = make_source({**FEED, "sheet": "Audit"}, kind="files")
    assert told(book) == (
        'there is no sheet "Audit" in registers.xlsx; did you mean "Audits"?; '
        "mend it in the workbook or change this line"
    )


def test_a_renamed_column(book: Workbook) -> None:
    book.write([["Audit no", "Site", "Plan", "Score"], *ROWS[1:]])
    assert told(book).startswith('registers.xlsx:Audits!1: there is no column "Planned"; did you mean')


def test_a_missing_workbook(book: Workbook) -> None:
    book.file.unlink()
    assert told(book) == "<folder>/registers.xlsx does not exist; check the connection"


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04 damaged"])
def test_a_damaged_workbook(book: Workbook, content: bytes) -> None:
    book.file.write_bytes(content)
    assert told(book) == (
        "registers.xlsx: the file is no readable Excel workbook (BadZipFile); "
        "open it in Excel and save it as .xlsx without a password"
    )


def test_a_sheet_that_is_suddenly_empty(book: Workbook) -> None:
    book.land()
    for rows in (ROWS[:1], []):
        book.write(rows)
        assert book.one_failure().startswith(
            "registers.xlsx: source shop, table audits: the file is suddenly empty (2 rows before) (last good load 20"
        )


def test_an_empty_sheet_is_said(book: Workbook) -> None:
    book.write(ROWS[:1])
    result = book.land()
    assert not result.failures
    assert [str(warning) for warning in result.warnings] == [
        "registers.xlsx: the file has a header and no row; nothing is landed; deliver it again if it should have rows"
    ]
    (table,) = book.tables("audits")
    assert table.num_rows == 0
    assert "planned" in table.column_names
