"""Rows of Excel sheets: cells keep their values, and a column of nothing but dates is a column of dates.

The first row that is not empty is the header. Columns of the key are text, so that 1001 and "1001" are one key.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from qmsreports.catalog.source import LandedFeed
from qmsreports.errors import did_you_mean
from qmsreports.landing import landed_name
from qmsreports.sources.blocks import Block, File
from qmsreports.sources.columns import UNKNOWN, as_text
from qmsreports.sources.feed import Unreadable, columns_of, digest, needed
from qmsreports.sources.streams import reached
from qmsreports.sources.uncomputed import uncomputed_cells


class Sheets:
    """One sheet of each workbook of a feed; a workbook is opened once for all feeds that read it."""

    def __init__(self, fs: Any, feed: LandedFeed, workbooks: dict[str, Any]) -> None:
        self._fs = fs
        self._feed = feed
        self.reading = feed.sheet or ""
        self._workbooks = workbooks
        self._key = {landed_name(column) for column in feed.key}
        self._read: dict[str, Block | None] = {}

    def content(self, file: File) -> str:
        """Return the hash of the sheet's header and rows."""
        block = self._sheet(file)
        if block is None:
            return digest(())
        values = (f"{type(value).__name__} {as_text(value)}" for row in block.rows for value in row)
        return digest([*block.columns, *values])

    def kind(self, column: str) -> str:
        """Kind a column starts from."""
        return "text" if column in self._key else UNKNOWN

    def blocks(self, file: File) -> Iterator[Block]:
        """Yield all rows of the sheet."""
        block = self._sheet(file)
        if block is not None:
            yield block

    def _sheet(self, file: File) -> Block | None:
        if file.path not in self._read:
            self._read[file.path] = self._rows(file)
        return self._read[file.path]

    def _rows(self, file: File) -> Block | None:
        workbook = self._workbook(file)
        name = self._feed.sheet or workbook.sheetnames[0]
        if name not in workbook.sheetnames:
            raise Unreadable(
                f'there is no sheet "{name}" in {file.shown}; {did_you_mean(name, workbook.sheetnames)}',
                "mend it in the workbook or change this line",
                place=("sheet",),
            )
        sheet = workbook[name]
        sheet.reset_dimensions()  # some programs write a wrong size, and only that part would be read
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = [
                (line, list(row)) for line, row in enumerate(sheet.iter_rows(values_only=True), 1) if _holds_any(row)
            ]
        if not rows:
            return None
        line, header = rows[0]
        width = max(len(row) for _, row in rows)
        filled = [place for place in range(width) if any(_holds_any(row[place : place + 1]) for _, row in rows)]
        names = [(as_text(_at(header, place)) or "").strip() or f"column_{place + 1}" for place in filled]
        columns = columns_of(self._feed, names, where=f"{file.shown}:{name}!{line}")
        self._refuse_uncomputed(file, sheet, dict(zip(columns, filled, strict=True)), rows[1:])
        return Block(tuple(columns), [[*(_at(row, place) for place in filled), line] for line, row in rows[1:]])

    def _refuse_uncomputed(self, file: File, sheet: Any, places: dict[str, int], rows: list[tuple[int, Any]]) -> None:
        """Stop at an empty cell of a needed column that is a formula without a result."""
        from openpyxl.utils import get_column_letter

        needs = {landed_name(column) for _, column in needed(self._feed)}
        letters = {get_column_letter(places[name] + 1): places[name] for name in places if name in needs}
        empty = {(line, letter) for line, row in rows for letter, place in letters.items() if _at(row, place) is None}
        for line, columns in uncomputed_cells(sheet).items() if empty else ():
            for letter in columns:
                if (line, letter) in empty:
                    raise Unreadable(
                        "the cell holds a formula, and the file does not hold what it comes to",
                        "open the workbook in Excel and save it, or let the program that writes it write values",
                        where=f"{file.shown}:{sheet.title}!{letter}{line}",
                    )

    def _workbook(self, file: File) -> Any:
        if file.path not in self._workbooks:
            import openpyxl

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    opened = openpyxl.load_workbook(reached(self._fs, file), read_only=True, data_only=True)
                except Unreadable:
                    raise
                except Exception as error:  # a damaged workbook fails in many ways, all of them its own
                    raise Unreadable(
                        f"the file is no readable Excel workbook ({type(error).__name__})",
                        "open it in Excel and save it as .xlsx without a password",
                        where=file.shown,
                        shared=True,
                    ) from None
            self._workbooks[file.path] = opened
        return self._workbooks[file.path]


def _at(row: list[Any], place: int) -> Any:
    value = row[place] if place < len(row) else None
    return None if value == "" else value


def _holds_any(values: Any) -> bool:
    return any(value not in (None, "") for value in values)
