"""Registers from the lake: rows in a table, counts in a sentence, and what is not shown said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qmsreports.lake import quoted
from qmsreports.language import say, spoken
from qmsreports.organisation import Organisation
from qmsreports.pack import figures
from qmsreports.pack.collect.register_queries import REGISTERS, Register
from qmsreports.pack.model import RegisterColumn, RegisterTable
from qmsreports.period import Period

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.catalog.table import Table

_MOST = 1000  # rows of one register in a pack; the rest is counted
_WORDS = {"role": figures.role, "code": figures.value, "unit": figures.unit_word}
"""Kinds of column whose texts are codes, and who says them in words."""

_COLUMNS = 6  # columns of a register that nobody described

Cell = str | int | float | bool | None


def register(connection: DuckDBPyConnection, table: Table, period: Period, organisation: Organisation) -> RegisterTable:
    """Return one register at the end of a period; a table that nobody described shows its newest rows."""
    described = REGISTERS.get(table.table)
    if described is None:
        return _undescribed(connection, table, period)
    counts = _counts(connection, described, period)
    head = ", ".join(column.sql for column in described.columns)
    group = f" GROUP BY {described.group}" if described.group else ""
    found = _run(
        connection,
        f"SELECT {head} FROM {quoted(table.table)} WHERE {described.rows}{group} "
        f"ORDER BY {described.order} LIMIT {_MOST}",
        period,
    )
    newest = _run(connection, f"SELECT {described.newest} FROM {quoted(table.table)}", period)[0][0]
    kinds = [column.kind for column in described.columns]
    return RegisterTable(
        table=table.table,
        title=say(f"register.{table.table}.title"),
        summary=_summary(table.table, counts, period),
        columns=tuple(
            RegisterColumn(
                title=say(f"head.{column.head}"),
                kind="text" if column.kind in _WORDS or column.kind == "site" else column.kind,
                width=column.width,
            )
            for column in described.columns
        ),
        rows=tuple(
            tuple(_cell(value, kind, organisation) for value, kind in zip(row, kinds, strict=True)) for row in found
        ),
        total=int(counts["total"]),
        order=say(f"register.{table.table}.order"),
        as_of=_day(newest),
    )


def _counts(connection: DuckDBPyConnection, described: Register, period: Period) -> dict[str, int]:
    sql = described.counts.replace("{rows}", described.rows)
    cursor = connection.execute(sql, _parameters(sql, period))
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone() or (0,) * len(names)
    return {name: int(value or 0) for name, value in zip(names, row, strict=True)}


def _summary(table: str, counts: Mapping[str, int], period: Period) -> str:
    words = {name: figures.count(value) for name, value in counts.items()}
    periods = {f"{case}_period": figures.period(str(period), case) for case in ("in", "for")}
    return say(f"register.{table}.summary", **periods, **words)


def _undescribed(connection: DuckDBPyConnection, table: Table, period: Period) -> RegisterTable:
    day = event_column(table)
    where = f"CAST({quoted(day)} AS DATE) < $end" if day else "true"
    order = ", ".join([f"{quoted(day)} DESC"] * bool(day) + [quoted(name) for name in table.key])
    columns = table.columns[:_COLUMNS]
    head = ", ".join(quoted(column.name) for column in columns)
    source = f"FROM {quoted(table.table)} WHERE {where}"
    found = _run(connection, f"SELECT {head} {source} ORDER BY {order} LIMIT {_MOST}", period)
    total = int(_run(connection, f"SELECT count(*) {source}", period)[0][0])
    kinds = [
        {"date": "date", "instant": "date", "integer": "integer", "number": "number"}.get(column.type, "text")
        for column in columns
    ]
    return RegisterTable(
        table=table.table,
        title=table.told("title", spoken().code),
        summary=say("register.rows_until", n=total, until_end=figures.period(str(period), "until_end")),
        columns=tuple(
            RegisterColumn(title=column.name.replace("_", " ").capitalize(), kind=kind)
            for column, kind in zip(columns, kinds, strict=True)
        ),
        rows=tuple(tuple(_cell(value, kind, None) for value, kind in zip(row, kinds, strict=True)) for row in found),
        total=total,
        order=say("register.order.newest_first") if day else say("register.order.by_key"),
    )


def event_column(table: Table) -> str:
    """Return the column that dates a row: the partition's, else the first day or instant; empty where there is none."""
    if table.partition:
        return table.partition
    return next((column.name for column in table.columns if column.type in ("date", "instant")), "")


def _run(connection: DuckDBPyConnection, sql: str, period: Period) -> list[tuple[Any, ...]]:
    return connection.execute(sql, _parameters(sql, period)).fetchall()


def _parameters(sql: str, period: Period) -> dict[str, date]:
    """Return the parameters that a query names; DuckDB refuses any other."""
    values = {"start": period.start, "end": period.end, "year": year_before(period.end)}
    return {name: value for name, value in values.items() if re.search(rf"\${name}\b", sql)}


def year_before(end: date) -> date:
    """Return the first day of the twelve months that end before ``end``."""
    return end.replace(year=end.year - 1)


def _cell(value: Any, kind: str, organisation: Organisation | None) -> Cell:
    if value is None:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, Decimal | float):
        return round(float(value), 4)
    if isinstance(value, bool | int):
        return value
    text = str(value)
    if kind == "site" and organisation is not None:
        return organisation.site_title(text)
    return _WORDS[kind](text) if kind in _WORDS else text


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
