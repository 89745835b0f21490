"""Landed rows that no mapping has seen yet, for the audit of a feed as it was received.

They are the rows that a mapping would read next: of new loads, in the current version of each key, texts read as the
feed declares. A version that was mended at the source before anybody mapped it is therefore no reason to stop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Column, ColumnType, Table
from qmsreports.conform.feed import read_feed
from qmsreports.conform.history import History
from qmsreports.conform.macros import create_macros
from qmsreports.conform.reading import copied, reading, unwritable
from qmsreports.lake import quoted
from qmsreports.landing import landed_name
from qmsreports.records import LANDED, StagedTable, Tell, silent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MARK = "landed"
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_KNOWN: dict[str, ColumnType] = {
    "VARCHAR": "text",
    "DOUBLE": "number",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "instant",
}


def as_landed(
    source: Source,
    feed: str,
    *,
    landing: str | Path,
    staging: Path,
    done: frozenset[str],
    tell: Tell = silent,
) -> tuple[StagedTable, Table] | None:
    """Leave the new rows of a landed table in staging, and say which columns they have; ``None`` when there are none.

    ``done`` holds the ids of loads that were audited before, as earlier calls returned them in ``load_ids``. The table
    declares the feed's key, cursor and needed columns under their landed names, of the types in which they came:
    numbers of any kind as numbers, instants without a zone as if in UTC, everything else as text.

    Raises :class:`~qmsreports.errors.UserError` where the source no longer delivers a needed column and
    :class:`~qmsreports.errors.CouldNotRun` where landing or staging cannot be read or written.
    """
    declared, load_ids = read_feed(source, feed, landing, done, _MARK)
    if not declared.new:
        return None
    tell(f"{source.source}: {feed} as landed", 0)
    folder = staging / source.source
    path = folder / f"{feed}.landed.parquet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    with reading(folder, str(landing)) as connection:
        create_macros(connection, source, source.time_zone)
        counts = History(connection, source, declared, {}).select()
        columns = _columns(connection, tuple(dict.fromkeys((*declared.declared.key, *_wanted(source, feed)))))
        read = ", ".join(f"{sql} AS {quoted(column.name)}" for column, sql in columns)
        rows = copied(connection, f"SELECT {read} FROM _driving WHERE NOT _gone", path)
    staged = StagedTable(
        source=source.source,
        table=LANDED + feed,
        path=str(path),
        rows=rows,
        rejects="",
        rejected=0,
        rows_in=counts.rows_in,
        refreshed=counts.refreshed,
        duplicates=counts.duplicates,
        deleted_at_source=counts.deleted,
        load_ids=tuple(load_ids),
    )
    table = Table(
        table=feed,
        title=feed,
        meaning="As landed.",
        key=declared.declared.key,
        columns=tuple(column for column, _ in columns),
    )
    return staged, table


def declared_columns(source: Source, feed: str) -> Table:
    """Return a landed table as its source declares it, before any row of it was seen: all columns as texts."""
    declared = source.feed(feed)
    assert declared is not None
    names = dict.fromkeys((*map(landed_name, declared.key), *_wanted(source, feed)))
    columns = tuple(Column(name=name, type="text", meaning="As landed.", nullable=True) for name in names)
    return Table(
        table=feed, title=feed, meaning="As landed.", key=tuple(map(landed_name, declared.key)), columns=columns
    )


def _wanted(source: Source, feed: str) -> tuple[str, ...]:
    declared = source.feed(feed)
    assert declared is not None
    cursor = (declared.ordered_by,) if declared.ordered_by else ()
    return tuple(landed_name(name) for name in (*cursor, *declared.needs))


def _columns(connection: DuckDBPyConnection, names: tuple[str, ...]) -> list[tuple[Column, str]]:
    """Return each column with the SQL that reads it in one of the types that rules know."""
    kinds = {str(name): str(kind) for name, kind, *_ in connection.execute("DESCRIBE _driving").fetchall()}
    found = []
    for name in names:
        kind, sql = kinds[name], quoted(name)
        if kind in _WHOLE:
            known: ColumnType = "integer"
            sql = f"CAST({sql} AS BIGINT)"
        elif kind in ("HUGEINT", "UBIGINT", "FLOAT") or kind.startswith("DECIMAL"):
            known, sql = "number", f"CAST({sql} AS DOUBLE)"
        elif kind.startswith("TIMESTAMP") and kind not in _KNOWN:
            known, sql = "instant", f"(CAST({sql} AS TIMESTAMP) AT TIME ZONE 'UTC')"
        elif kind in _KNOWN:
            known = _KNOWN[kind]
        else:
            known, sql = "text", f"CAST({sql} AS VARCHAR)"
        found.append((Column(name=name, type=known, meaning="As landed.", nullable=True), sql))
    return found
