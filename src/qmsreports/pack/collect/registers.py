"""Registers from the lake: rows in a table, counts in a sentence, and what is not shown said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from qmsreports.lake import quoted
from qmsreports.language import say, spoken
from qmsreports.organisation import Organisation
from qmsreports.pack import figures
from qmsreports.pack.collect.register_queries import REGISTERS, Register
from qmsreports.pack.register_table import RegisterColumn, RegisterTable
from qmsreports.period import Period

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.catalog.table import Table

_MOST = 1000  # rows of one register in a pack; the rest is counted
_WORDS = {"role": figures.role, "code": figures.value, "unit": figures.unit_word}
"""Kinds of column whose texts are codes, and who says them in words."""

_COLUMNS = 6  # columns of a register that nobody described

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Within:
    """A part of the organisation whose rows alone are counted: a column and its value, such as one site.

    A table without the column may have it by way of another one: a finding belongs to the site of its audit.
    """

    column: str
    value: str

    def tells(self, table: Table) -> bool:
        """Tell whether the rows of a table can be told apart by this column."""
        return table.column(self.column) is not None or table.table in _BY_WAY_OF

    def before(self, table: str) -> str:
        """Return what stands before a query, so that it sees this part of the table only."""
        where = f"{quoted(self.column)} = $part"
        if table in _BY_WAY_OF:
            key, other = _BY_WAY_OF[table]
            where = f"{quoted(key)} IN (SELECT {quoted(key)} FROM {quoted(other)} WHERE {where})"
        return f"WITH {quoted(table)} AS (SELECT * FROM {quoted(table)} WHERE {where}) "


_BY_WAY_OF = {"audit_findings": ("audit_id", "audits")}
"""Tables whose rows belong to a site by way of another table, and the key of that one."""


def register(
    connection: DuckDBPyConnection,
    table: Table,
    period: Period,
    organisation: Organisation,
    within: Within | None = None,
) -> RegisterTable:
    """Return one register at the end of a period; a table that nobody described shows its newest rows.

    ``within`` counts and shows the rows of a part of the organisation alone.
    """
    described = REGISTERS.get(table.table)
    if described is None:
        return _undescribed(connection, table, period, within)
    counts = _counts(connection, described, period, within)
    head = ", ".join(column.sql for column in described.columns)
    group = f" GROUP BY {described.group}" if described.group else ""
    found = _run(
        connection,
        f"{_before(table.table, within)}SELECT {head} FROM {quoted(table.table)} WHERE {described.rows}{group} "
        f"ORDER BY {described.order} LIMIT {_MOST}",
        period,
        within,
    )
    dated = f"{_before(table.table, within)}SELECT {described.newest} FROM {quoted(table.table)}"
    newest = _run(connection, dated, period, within)[0][0]
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


def _before(table: str, within: Within | None) -> str:
    return within.before(table) if within else ""


def _counts(
    connection: DuckDBPyConnection, described: Register, period: Period, within: Within | None
) -> dict[str, int]:
    sql = _before(described.table, within) + described.counts.replace("{rows}", described.rows)
    cursor = connection.execute(sql, _parameters(sql, period, within))
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone() or (0,) * len(names)
    return {name: int(value or 0) for name, value in zip(names, row, strict=True)}


def _summary(table: str, counts: Mapping[str, int], period: Period) -> str:
    words = {name: figures.count(value) for name, value in counts.items()}
    periods = {f"{case}_period": figures.period(str(period), case) for case in ("in", "for")}
    return say(f"register.{table}.summary", **periods, **words)


def _undescribed(connection: DuckDBPyConnection, table: Table, period: Period, within: Within | None) -> RegisterTable:
    day = event_column(table)
    where = f"CAST({quoted(day)} AS DATE) < $end" if day else "true"
    order = ", ".join([f"{quoted(day)} DESC"] * bool(day) + [quoted(name) for name in table.key])
    columns = table.columns[:_COLUMNS]
    head = ", ".join(quoted(column.name) for column in columns)
    source = f"FROM {quoted(table.table)} WHERE {where}"
    before = _before(table.table, within)
    found = _run(connection, f"{before}SELECT {head} {source} ORDER BY {order} LIMIT {_MOST}", period, within)
    total = int(_run(connection, f"{before}SELECT count(*) {source}", period, within)[0][0])
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


def _run(
    connection: DuckDBPyConnection, sql: str, period: Period, within: Within | None = None
) -> list[tuple[Any, ...]]:
    return connection.execute(sql, _parameters(sql, period, within)).fetchall()


def _parameters(sql: str, period: Period, within: Within | None) -> dict[str, date | str]:
    """Return the parameters that a query names; DuckDB refuses any other."""
    values: dict[str, date | str] = {"start": period.start, "end": period.end, "year": year_before(period.end)}
    if within is not None:
        values["part"] = within.value
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
