"""Cursor values that lie ahead of the load that brought them: they say nothing about which version of a row is newer.

A day that somebody mistyped (2062 for 2026), infinity, or 9999-12-31 for "no end": once it is mended, the mended
version has the lower cursor. A database and a web interface tell what holds at the moment, so that the version landed
last is the current one then. Of files that is not so: they may be delivered late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FIRST = 946_684_800  # seconds to the year 2000: a load with a lower id bears no time
_DAYS = 2  # zones lie up to 26 hours apart
_LIMIT = f"make_timestamp(CAST(CAST(_load AS DOUBLE) * 1e6 AS BIGINT)) + INTERVAL {_DAYS} DAY"


def cursors_ahead(connection: DuckDBPyConnection, landed: str, cursor: str, *, scan: str = "", files: str = "") -> str:
    """Return the condition that the cursor of a landed row lies ahead of its load; empty where none does.

    ``landed`` and ``cursor`` are view and column as SQL writes them. Texts are compared by their day, in either of the
    forms 2026-01-31... and 20260131...; what is no day (n/a, infinity) lies ahead of all days. Numbers tell no day.

    ``scan`` reads the files as they are, where the view gives the cursor just so, and ``files`` has the load of each:
    a file whose largest cursor is no later than its load is then not read, which twenty million rows would show.
    """
    kinds = connection.execute(f"SELECT typeof({cursor}) FROM {landed} LIMIT 1").fetchone()
    kind = str(kinds[0]) if kinds else ""
    condition = _ahead_of_load(cursor, kind)
    if not condition:
        return ""
    rows = f"{landed} WHERE {condition}"
    if scan and _tells_time(kind):
        limits = f"SELECT file_index, {_LIMIT} AS _until FROM {files} WHERE CAST(_load AS DOUBLE) > {_FIRST}"
        rows = f"(SELECT {cursor}, file_index FROM {scan}) JOIN ({limits}) USING (file_index) WHERE {cursor} > _until"
    return condition if connection.execute(f"SELECT 1 FROM {rows} LIMIT 1").fetchone() else ""


def _tells_time(kind: str) -> bool:
    return kind == "DATE" or kind.startswith("TIMESTAMP")


def _ahead_of_load(cursor: str, kind: str) -> str:
    if kind == "VARCHAR":
        beyond = f"left(replace(left({cursor}, 10), '-', ''), 8) > strftime({_LIMIT}, '%Y%m%d')"
    elif _tells_time(kind):
        beyond = f"CAST({cursor} AS TIMESTAMP) > {_LIMIT}"
    else:
        return ""
    return f"(CAST(_load AS DOUBLE) > {_FIRST} AND coalesce({beyond}, false))"
