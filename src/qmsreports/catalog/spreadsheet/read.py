"""Reads the workbook into rows; what a cell holds besides a plain value is refused with the cell's name."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from qmsreports.catalog.spreadsheet import layout
from qmsreports.catalog.spreadsheet.layout import Column, Sheet
from qmsreports.errors import CouldNotRun, Finding, UserError, did_you_mean

_MOST_BYTES = 20_000_000
_MOST_ROWS = 5_000
_MOST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One row: values by column, without the empty ones, and the sheet's prefix for messages.

    ``shown`` are the texts of the columns that are for reading only.
    """

    place: str  # targets.xlsx:Targets
    number: int
    letters: Mapping[str, str]
    values: Mapping[str, Any]
    shown: Mapping[str, str] = field(default_factory=dict)

    @property
    def headings(self) -> Mapping[str, str]:
        """What stands above each column."""
        title = self.place.rpartition(":")[2]
        return {
            column.key: column.heading for sheet in layout.SHEETS if sheet.title == title for column in sheet.columns
        }

    def cell(self, key: str) -> str:
        """Return the name of a cell: ``targets.xlsx:Targets!D7``."""
        return f"{self.place}!{self.letters[key]}{self.number}"


@dataclass(frozen=True, slots=True)
class Workbook:
    """Rows by sheet title; a sheet that the file does not hold is missing. ``base`` is what the export noted.

    ``refused`` are findings on single cells, which their rows lack; ``others`` are sheets that are not read.
    """

    name: str
    sheets: Mapping[str, tuple[Row, ...]]
    base: Mapping[tuple[str, str], str]
    refused: tuple[Finding, ...] = ()
    others: tuple[str, ...] = ()


def read_workbook(path: Path) -> Workbook:
    """Read a workbook; :class:`UserError` when it is none or when its sheets are not laid out as they were exported.

    Formulas are refused: their value is what some program computed last, and a definition says the same tomorrow.
    """
    book = _open(path)
    layout_findings: list[Finding] = []
    refused: list[Finding] = []
    sheets: dict[str, tuple[Row, ...]] = {}
    for sheet in layout.SHEETS:
        if sheet.title in book.sheetnames and hasattr(book[sheet.title], "iter_rows"):
            page, place = book[sheet.title], f"{path.name}:{sheet.title}"
            numbers = _columns(page, sheet, place, layout_findings)
            if numbers is not None:
                sheets[sheet.title] = tuple(_rows(page, sheet, place, numbers, refused))
    if not sheets and not layout_findings:
        known = ", ".join(sheet.title for sheet in layout.SHEETS)
        layout_findings.append(Finding(path.name, "has none of the sheets that are read", f"known: {known}"))
    others = tuple(title for title in book.sheetnames if title not in layout.TITLES)
    if sheets and (others or layout.BASE in book.sheetnames):  # else somebody made a workbook of single sheets
        layout_findings += _missing_sheets(path.name, book.sheetnames, others)
    if layout_findings:
        raise UserError(*layout_findings)
    return Workbook(path.name, sheets, _base(book), tuple(refused), others)


def _missing_sheets(name: str, titles: Collection[str], others: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding per sheet that was renamed or deleted: what was edited in it would be lost."""
    for sheet in layout.SHEETS:
        if sheet.title in titles:
            continue
        close = did_you_mean(sheet.title, others) if others else ""
        todo = "export the workbook again and edit that"
        if close.startswith("did you mean"):
            todo = f"name {close.removeprefix('did you mean ').removesuffix('?')} so again"
        elif others:
            unread = ", ".join(f'"{title}"' for title in others)
            todo = f"give it its name again ({unread} {'is' if len(others) == 1 else 'are'} not read)"
        yield Finding(name, f'there is no sheet "{sheet.title}"', todo)


def _open(path: Path) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CouldNotRun(Finding(str(path), f"cannot be read ({error.strerror})", "check the name")) from error
    _refuse_bombs(path.name, content)
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features of the file that nothing here reads
        try:
            return load_workbook(io.BytesIO(content), keep_links=False)
        except Exception as error:  # whatever a damaged file makes the reader raise, the person is told the same
            raise _unreadable(path.name) from error


def _refuse_bombs(name: str, content: bytes) -> None:
    """Refuse what is no workbook, unpacks to more than anyone wrote, or declares entities of its own."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise UserError(Finding(name, "is larger than any catalog", "export it again and edit that"))
            for entry in entries:
                with archive.open(entry) as part:
                    if entry.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in part.read(_MOST_BYTES):
                        raise _unreadable(name)
    except UserError:
        raise
    except Exception as error:  # damaged archives fail in many ways
        raise _unreadable(name) from error


def _unreadable(name: str) -> UserError:
    return UserError(Finding(name, "cannot be read as an .xlsx workbook", "save it as .xlsx, without a password"))


def _rows(page: Any, sheet: Sheet, place: str, numbers: Mapping[str, int], refused: list[Finding]) -> Iterator[Row]:
    from openpyxl.utils import get_column_letter

    letters = {key: get_column_letter(number + 1) for key, number in numbers.items()}
    for row_number, cells in enumerate(page.iter_rows(min_row=2, max_col=_MOST_COLUMNS), 2):
        values: dict[str, Any] = {}
        shown: dict[str, str] = {}
        for column in sheet.columns:
            if column.kind == "shown":
                if column.key in numbers and cells[numbers[column.key]].value is not None:
                    shown[column.key] = str(cells[numbers[column.key]].value).strip()
                continue
            where = f"{place}!{letters[column.key]}{row_number}"
            value = _value(cells[numbers[column.key]], column, where, refused)
            if value is not None:
                values[column.key] = value
        if values:
            yield Row(place, row_number, letters, values, shown)


def _columns(page: Any, sheet: Sheet, place: str, findings: list[Finding]) -> dict[str, int] | None:
    """Return where each column stands; further columns are the person's own and stay unread."""
    if page.max_row > _MOST_ROWS:
        what = f"reaches down to row {page.max_row}"
        findings.append(Finding(place, what, f"delete the rows below row {_MOST_ROWS}, also when they look empty"))
        return None
    cells = next(page.iter_rows(max_row=1, max_col=_MOST_COLUMNS))
    headings = {str(cell.value).strip(): number for number, cell in reversed(list(enumerate(cells))) if cell.value}
    missing = [column for column in sheet.columns if column.heading not in headings and column.kind != "shown"]
    if not missing:
        return {column.key: headings[column.heading] for column in sheet.columns if column.heading in headings}
    known = {column.heading for column in sheet.columns}
    others = [heading for heading in headings if heading not in known]
    for column in missing:
        close = did_you_mean(column.heading, others)
        todo = f'write "{column.heading}" in row 1'
        if close.startswith("did you mean"):
            todo = f"{todo}; {close.removeprefix('did you mean ').removesuffix('?')} is not read"
        findings.append(Finding(f"{place}!A1", f'column "{column.heading}" is missing', todo))
    return None


def _value(cell: Any, column: Column, where: str, findings: list[Finding]) -> Any:
    """Return a cell's value as the column means it, ``None`` where it is empty or was refused."""
    value, kind = cell.value, cell.data_type
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    problem: tuple[str, str] | None = None
    if kind == "f" or not isinstance(value, str | int | float | date | time | bool):
        problem = ("holds a formula", "write the value itself: copy it and paste it as a value")
    elif kind == "e":
        problem = (f"holds the error {value}", "write a value")
    elif column.kind == "number":
        problem = _number_problem(value, str(cell.number_format))
    elif column.kind == "date":
        value, problem = _day(value)
    else:
        value, problem = _text(value)
    if problem is None:
        return value
    findings.append(Finding(where, *problem))
    return None


def _number_problem(value: Any, shown_as: str) -> tuple[str, str] | None:
    if "%" in shown_as and isinstance(value, int | float) and not isinstance(value, bool):
        percent = f"{value * 100:.10g}"
        return f"shows {percent} % and holds {value:g}", f"format the cell as a number and write {percent}"
    return None


def _day(value: Any) -> tuple[Any, tuple[str, str] | None]:
    if isinstance(value, datetime):
        if value.time() != time():
            return None, (f"{value} has a time of day", "write the day alone")
        return value.date(), None
    if isinstance(value, str):
        return value.strip(), None
    if isinstance(value, time):
        return None, (f"{value} is a time of day", "write a day, such as 2026-01-31")
    return value, None


def _text(value: Any) -> tuple[Any, tuple[str, str] | None]:
    if isinstance(value, date | time):
        return None, ("was turned into a date or a time", "format the cell as text and write it again")
    if isinstance(value, bool):
        return str(value).lower(), None
    if isinstance(value, int | float):
        return f"{value:.15g}", None
    return str(value).replace("\r\n", "\n").strip(), None


def _base(book: Any) -> dict[tuple[str, str], str]:
    if layout.BASE not in book.sheetnames or not hasattr(book[layout.BASE], "iter_rows"):
        return {}
    rows = book[layout.BASE].iter_rows(max_row=_MOST_ROWS, max_col=3, values_only=True)
    return {(str(row[0]), str(row[1])): str(row[2]) for row in rows if len(row) == 3 and all(row)}
