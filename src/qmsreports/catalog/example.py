"""Rows of an example: a text table whose first line names columns; an empty cell is an unknown value.

Dates read 2026-03-31, instants 2026-03-31 09:30 or with seconds, always UTC; booleans true or false.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from qmsreports.catalog.table import Column, Table
from qmsreports.errors import did_you_mean

Cell = str | int | float | bool | date | datetime | None
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?Z?")
_MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one line of a text table; ``line`` counts from 0, its heading."""

    line: int
    what: str
    todo: str = ""


def read_rows(text: str, table: Table) -> tuple[list[dict[str, Cell]], list[RowProblem]]:
    r"""Return the rows, typed as the table declares, and what is wrong with them; columns not written are absent.

    >>> from qmsreports.catalog.table import Column
    >>> column = Column(name="a", type="integer", meaning="")
    >>> table = Table(table="t", title="", meaning="", key=("a",), columns=(column,))
    >>> read_rows("a\n1\n\n2", table)
    ([{'a': 1}, {'a': 2}], [])
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines()) if line.strip()]
    if not lines:
        return [], [RowProblem(0, "the example has no rows", "write a line of column names and the rows below it")]
    first, heading = lines[0]
    names = [name.strip() for name in heading.split("|")]
    problems = [
        RowProblem(first, f'table {table.table} has no column "{name}"', did_you_mean(name, table.names))
        for name in names
        if table.column(name) is None
    ]
    if len(set(names)) < len(names):
        problems.append(RowProblem(first, "a column is named twice", "name each column once"))
    if len(lines) > _MOST_ROWS:
        problems.append(RowProblem(first, f"the example has more than {_MOST_ROWS} rows", "show the rule with a few"))
    if problems:
        return [], problems
    columns = [column for name in names if (column := table.column(name)) is not None]
    rows: list[dict[str, Cell]] = []
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > len(columns):
            problems.append(
                RowProblem(number, f"{len(cells)} cells under {len(columns)} column names", "give each cell a column")
            )
            continue
        row, bad = _row(cells, columns, number)
        rows.append(row)
        problems += bad
    return rows, problems


def _row(cells: list[str], columns: list[Column], number: int) -> tuple[dict[str, Cell], list[RowProblem]]:
    row: dict[str, Cell] = {column.name: None for column in columns}
    problems: list[RowProblem] = []
    for cell, column in zip(cells, columns, strict=False):
        try:
            row[column.name] = typed(cell, column)
        except ValueError as error:
            problems.append(RowProblem(number, f'"{cell}" in column {column.name} is not {error}'))
    return row, problems


def typed(cell: str, column: Column) -> Cell:
    """Return the value of a cell; :class:`ValueError` with what was expected, ``a date such as 2026-03-31``."""
    if cell == "":
        return None
    if column.type == "text":
        if column.values and cell not in column.values:
            raise ValueError(f"one of its values ({', '.join(column.values)})")
        return cell
    if column.type in ("integer", "number"):
        return _number(cell, whole=column.type == "integer")
    if column.type == "boolean":
        if cell not in ("true", "false"):
            raise ValueError("true or false")
        return cell == "true"
    return _moment(cell, column.type)


def _number(cell: str, *, whole: bool) -> int | float:
    try:
        return int(cell) if whole else float(cell)
    except ValueError:
        raise ValueError("a whole number" if whole else "a number") from None


def _moment(cell: str, kind: str) -> date | datetime:
    day = kind == "date"
    try:
        if day and _DATE.fullmatch(cell):
            return date.fromisoformat(cell)
        if not day and _INSTANT.fullmatch(cell):
            return datetime.fromisoformat(cell.removesuffix("Z")).replace(tzinfo=UTC)
    except ValueError:
        pass
    raise ValueError("a date such as 2026-03-31" if day else "an instant such as 2026-03-31 09:30 (UTC)")
