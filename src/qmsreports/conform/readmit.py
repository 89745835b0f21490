"""Rows that a person lets in, back on their way: from the quarantine's record into the batch that waits for the audit.

The source has nothing new to say about such a row, so no landing file brings it again; its entry in the quarantine
holds it whole. What the source says in this very batch wins over the entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.table import Column, Table
from qmsreports.lake import SYSTEM_COLUMNS, literal, open_duckdb, quoted
from qmsreports.records import StagedTable

if TYPE_CHECKING:
    import pyarrow as pa


def readmit(
    staged: StagedTable | None,
    rows: Sequence[Mapping[str, Any]],
    table: Table,
    *,
    source: str,
    staging: Path,
) -> StagedTable | None:
    """Return the batch with these rows in it; a batch of their own where nothing else is new, ``None`` without rows.

    ``rows`` are as the quarantine keeps them: days and instants as ISO text. They count as ``refreshed``, because they
    were counted as landed when they came. A row whose key the batch delivers, refuses or reports as gone is left out,
    and so are all where the batch is everything that the source has.
    """
    if not rows or (staged is not None and staged.complete):
        return staged
    import pyarrow.parquet as pq

    folder = staging / source
    folder.mkdir(parents=True, exist_ok=True)
    alone = folder / f"{table.table}.readmitted.parquet"
    pq.write_table(_typed(rows, table), alone)
    if staged is None:
        return StagedTable(
            source=source,
            table=table.table,
            path=str(alone),
            rows=len(rows),
            rejects="",
            rejected=0,
            rows_in=0,
            refreshed=len(rows),
            duplicates=0,
            load_ids=(),
        )
    target = folder / f"{table.table}.with_readmitted.parquet"
    added = _append(staged, alone, target, table)
    if not added:
        return staged
    return replace(staged, path=str(target), rows=staged.rows + added, refreshed=staged.refreshed + added)


def _append(staged: StagedTable, alone: Path, target: Path, table: Table) -> int:
    keys = ", ".join(quoted(name) for name in table.key)
    texts = ", ".join(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in table.key)
    known = [f"SELECT {texts} FROM read_parquet({literal(file)})" for file in _files(staged)]
    left = " AND ".join(f"CAST(r.{quoted(name)} AS VARCHAR) = k.{quoted(name)}" for name in table.key)
    with open_duckdb() as connection:
        connection.execute(
            f"""CREATE VIEW added AS SELECT r.* FROM read_parquet({literal(str(alone))}) r
            WHERE NOT EXISTS (SELECT {keys} FROM ({" UNION ALL ".join(known)}) k WHERE {left})"""
        )
        (added,) = connection.execute("SELECT count(*) FROM added").fetchone() or (0,)
        if added:
            connection.execute(
                f"""COPY (SELECT * FROM read_parquet({literal(staged.path)}) UNION ALL BY NAME SELECT * FROM added)
                TO {literal(str(target))} (FORMAT parquet)"""
            )
    return int(added)


def _files(staged: StagedTable) -> list[str]:
    return [file for file in (staged.path, staged.rejects, staged.deleted_keys) if file]


def _typed(rows: Sequence[Mapping[str, Any]], table: Table) -> pa.Table:
    """Rows of JSON as canonical columns; a column that the declaration got since is empty."""
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "date": pa.date32(),
        "instant": pa.timestamp("us", "UTC"),
        "boolean": pa.bool_(),
    }
    columns = {
        column.name: pa.array([_value(row.get(column.name), column) for row in rows], kinds[column.type])
        for column in table.columns
    }
    system = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in SYSTEM_COLUMNS}
    return pa.table({**columns, **system})


def _value(value: Any, column: Column) -> Any:
    if value is None or not isinstance(value, str):
        return value
    if column.type == "date":
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if column.type == "instant" else value
