"""The workbook itself: typed cells, frozen heads, fixed widths, and no text that a spreadsheet would run.

The same model gives the same bytes, so the workbook is sealed and rebuilt like every other file of the pack.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from textwrap import wrap
from typing import Any

from qmsreports.pack.appendix.cells import Cell, Measure, Sheet
from qmsreports.pack.appendix.sheets import sheets
from qmsreports.pack.model import PackModel
from qmsreports.pack.office import fixed, readable

_LONGEST = 32_767  # characters a cell may hold
_DAY, _INSTANT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
_FORMATS = {
    "percent": "0.0%",
    "points": "0",
    "per_1000": "#,##0.0",
    "ppm": "#,##0",
    "hours": "#,##0.0",
    "minutes": "#,##0",
    "days": "#,##0.0",
    "count": "#,##0",
    "score": "0.00",
    "ratio": "0.000",
    "decimal": "#,##0.0",
}
_HEAD = "1F2A33"
_FONT = "Calibri"  # that of the cells below; a head without a name is set in another one
_BUTTON = 3  # characters that the button of the filter takes
_NOT_IN_TITLE = re.compile(r"[\[\]:*?/\\]")


def render_workbook(pack: PackModel) -> bytes:
    """Return the workbook of a pack."""
    title = f"{pack.header.title} {pack.header.period}"
    return workbook_of(sheets(pack), title=title, creator=pack.header.organisation, at=pack.header.data_read_at)


def workbook_of(found: Iterable[Sheet], *, title: str, creator: str, at: datetime) -> bytes:
    """Return any sheets as a workbook; its bytes depend on nothing but what is given."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.title = readable(title)
    book.properties.creator = readable(creator)
    titles: set[str] = set()
    for one in found:
        _Writer(book.create_sheet(_title(one.title, titles)), one).write()
    out = io.BytesIO()
    book.save(out)
    return fixed(out.getvalue(), at)


class _Writer:
    """Writes one sheet; styles are set once for each kind of cell and shared."""

    def __init__(self, sheet: Any, said: Sheet) -> None:
        self._sheet, self._said = sheet, said
        self._styles: dict[str, Any] = {}

    def write(self) -> None:
        from openpyxl.styles import Alignment, Font, PatternFill
        from openpyxl.utils import get_column_letter

        self._sheet.freeze_panes = "A2"
        self._sheet.page_setup.orientation = "landscape"
        self._sheet.page_setup.fitToHeight = 0
        self._sheet.sheet_properties.pageSetUpPr.fitToPage = True
        widths = [max(width, _room(title)) for width, title in zip(self._said.widths, self._said.head, strict=True)]
        for number, width in enumerate(widths, start=1):
            self._sheet.column_dimensions[get_column_letter(number)].width = width
        lines = max(
            len(wrap(title, int(width) - _BUTTON)) for title, width in zip(self._said.head, widths, strict=True)
        )
        self._sheet.row_dimensions[1].height = 15 * max(1, lines)  # points; not every program fits it by itself
        head = [self._text(title) for title in self._said.head]
        for cell in head:
            cell.font = Font(name=_FONT, bold=True, color="FFFFFF")
            cell.fill = PatternFill("solid", fgColor=_HEAD)
            cell.alignment = Alignment(wrap_text=True, vertical="center")
        self._sheet.append(head)
        rows = 1
        for row in self._said.rows:
            rows += 1
            self._sheet.append([self._cell(value) for value in row])
        self._sheet.auto_filter.ref = f"A1:{get_column_letter(len(head))}{rows}"
        self._sheet.print_title_rows = "1:1"

    def _cell(self, value: Cell) -> Any:
        if isinstance(value, Measure):
            return self._measure(value)
        if isinstance(value, str):
            return self._text(value) if value else None
        if isinstance(value, date):
            return self._styled(value, _INSTANT if hasattr(value, "hour") else _DAY)
        return _finite(value)

    def _text(self, value: str) -> Any:
        """Return a text that stays one. Said twice: its type is text, and it is marked as quoted, so that it remains
        text where somebody edits the cell.
        """
        text = readable(value).replace("\N{NO-BREAK SPACE}", " ")[:_LONGEST]
        cell = self._styled(text, "@" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else "General")
        cell.data_type = "s"
        return cell

    def _measure(self, value: Measure) -> Any:
        if value.value is None or not math.isfinite(value.value):
            return None
        number = float(f"{value.value / 100:.15g}") if value.unit == "percent" else value.value
        return self._styled(number, _FORMATS.get(value.unit, "#,##0"))

    def _styled(self, value: Any, number_format: str) -> Any:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment

        cell: Any = WriteOnlyCell(self._sheet, value)
        if number_format == "General":
            return cell
        if number_format not in self._styles:
            cell.number_format = number_format
            if number_format == "@":
                cell.quotePrefix = True
            if number_format in (_DAY, _INSTANT):  # at a side it would touch the text or the number beside it
                cell.alignment = Alignment(horizontal="center")
            self._styles[number_format] = cell._style
        cell._style = self._styles[number_format]
        return cell


def _room(title: str) -> int:
    """Return how wide a column is in which no word of its head is cut, in any language."""
    return max(map(len, title.split()), default=0) + _BUTTON


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _title(text: str, taken: set[str]) -> str:
    """Return a title a sheet may have: 31 characters without brackets and slashes, and once in a book."""
    plain = _NOT_IN_TITLE.sub(" ", readable(text)).strip().strip("'")[:31].strip() or "Sheet"
    title, number = plain, 1
    while title.lower() in taken:
        number += 1
        title = f"{plain[:27]} {number}"
    taken.add(title.lower())
    return title
