"""Cells of an exported workbook, written as a person would."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from workbook_mistakes import CellMistake

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
Cells = dict[str, Any]


def write(path: Path, cells: Cells, mistake: CellMistake | None = None) -> None:
    opened = load_workbook(path)
    for name, value in cells.items():
        sheet, _, cell = name.partition("!")
        opened[sheet][cell] = value
    if mistake is not None:
        for name, shown_as in mistake.formats.items():
            sheet, _, cell = name.partition("!")
            opened[sheet][cell].number_format = shown_as
        for sheet, row in mistake.rows:
            opened[sheet].delete_rows(row)
    opened.save(path)
