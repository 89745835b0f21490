"""What passed the audit into the canonical table; what did not, out of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from qmsreports.catalog.table import Table
from qmsreports.lake import DUCKDB_TYPES, Lake, literal, open_duckdb, quoted
from qmsreports.records import Audit, Published, StagedTable, Tell, silent


def publish(
    staged: StagedTable,
    audit: Audit,
    table: Table,
    *,
    lake: Lake,
    tell: Tell = silent,
    zone: str,
    replaces: tuple[str, ...] = (),
) -> Published:
    """Merge the rows that passed; take out the keys that were refused, quarantined or deleted at the source.

    A refused version takes the whole row out, also where an earlier version had passed: the table then says the same
    whichever way the loads were cut. ``zone`` is the organisation's, in which the touched months of instants are told.
    ``replaces`` are the sources whose keys this one may take over; any other source's key is
    :class:`~qmsreports.errors.UserError`. Rerunning it changes nothing. Raises :class:`ValueError` for an audit that
    did not pass: callers must not publish.
    """
    if audit.status != "passed":
        raise ValueError(f"{staged.source}: {staged.table} is {audit.status}, which must not be published")
    tell(f"{staged.source}: {staged.table}", audit.rows)
    gone = "" if staged.complete else _gone(staged, audit, table)
    return lake.merge(
        table, audit.path, source=staged.source, zone=zone, gone=gone, complete=staged.complete, replaces=replaces
    )


def keys_present(path: str, table: Table, keys: Iterable[str]) -> frozenset[str]:
    """Return those of the keys (columns joined by ``|``) that stand in a file of canonical rows."""
    wanted = sorted(set(keys))
    if not wanted:
        return frozenset()
    with open_duckdb() as connection:
        joined = f"concat_ws('|', {', '.join(f'CAST({quoted(name)} AS VARCHAR)' for name in table.key)})"
        found = connection.execute(
            f"SELECT key FROM (SELECT {joined} AS key FROM read_parquet({literal(path)})) SEMI JOIN "
            "(SELECT unnest(?) AS key) USING (key)",
            [wanted],
        ).fetchall()
    return frozenset(key for (key,) in found)


def _gone(staged: StagedTable, audit: Audit, table: Table) -> str:
    """Write the keys to take out into one file; empty when there are none."""
    keys = ", ".join(quoted(name) for name in table.key)
    parts = []
    if staged.deleted_keys:
        parts.append(f"SELECT {keys} FROM read_parquet({literal(staged.deleted_keys)})")
    if staged.rejects:
        read = ", ".join(
            f"TRY_CAST({quoted(name)} AS {DUCKDB_TYPES[column.type]}) AS {quoted(name)}"
            for name in table.key
            if (column := table.column(name)) is not None
        )
        parts.append(f"SELECT {read} FROM read_parquet({literal(staged.rejects)})")
    if audit.path != staged.path:
        parts.append(f"SELECT {keys} FROM read_parquet({literal(staged.path)})")
    if not parts:
        return ""
    target = Path(staged.path).with_suffix(".out.parquet")
    with open_duckdb() as connection:
        row = connection.execute(
            f"""COPY (SELECT DISTINCT * FROM ({" UNION ALL ".join(parts)})
            ANTI JOIN read_parquet({literal(audit.path)}) USING ({keys})) TO {literal(str(target))} (FORMAT parquet)"""
        ).fetchone()
    return str(target) if row is not None and row[0] else ""
