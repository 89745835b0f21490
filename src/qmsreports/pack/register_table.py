"""Rows of a register as a pack shows them, of the whole organisation or of one site."""

from __future__ import annotations

from datetime import date

from qmsreports.pack.objective import Record


class RegisterColumn(Record):
    """A column of a register table; ``kind`` sets alignment and format."""

    title: str
    kind: str = "text"  # text | key | date | integer | number | money | chip
    width: float = 1.0  # share of the free width


class RegisterTable(Record):
    """Rows of a register, the open or newest first. ``total`` counts all; what is not shown is said.

    Print and page show the first few; the workbook has them all.
    """

    table: str
    title: str
    summary: str
    columns: tuple[RegisterColumn, ...]
    rows: tuple[tuple[str | int | float | bool | None, ...], ...]
    total: int
    order: str = ""  # how the rows were chosen, in words
    as_of: date | None = None  # newest event in the register
