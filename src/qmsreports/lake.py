"""The lake: canonical tables as Delta tables, merged by key and read at pinned versions.

A table lies in ``<lake>/<table>``, partitioned by ``_month``: the month of its partition column in the organisation's
time zone, ``0000-00`` where there is none. DuckDB reads, computes and writes changed months; delta-rs writes a first
load and commits, so memory stays the same however large a table grows. Files of old versions are kept for ever: a pack
pins the versions it read.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.table import Column, Table
from qmsreports.errors import CouldNotRun, Finding
from qmsreports.lake_files import Within, alike, files_of, files_within, least, rows_by_month, told_by
from qmsreports.panics import panics_aside, quotes_the_system
from qmsreports.records import Published

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable
    from duckdb import DuckDBPyConnection

SYSTEM_COLUMNS = {"_source": "VARCHAR", "_load": "VARCHAR", "_row": "VARCHAR", "_month": "VARCHAR"}
"""What conform adds to the declared columns: where a row came from, its content hash and its partition."""

DUCKDB_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "date": "DATE",
    "instant": "TIMESTAMP WITH TIME ZONE",
    "boolean": "BOOLEAN",
}
MEMORY = "1GB"
_MERGE_MEMORY = "500MB"  # delta-rs needs about as much beside
_ATTEMPTS = 6
_PARTITION = "_month"


class Lake:
    """The canonical tables under one folder or object-store URL; with ``within`` only files that may hold such rows."""

    def __init__(self, url: str, *, within: Mapping[str, Within] | None = None) -> None:
        self.url = url.rstrip("/") if "://" in url else str(Path(url).absolute())
        self._within = within or {}
        self._opened: dict[tuple[str, int], _Version] | None = None
        self._found: dict[tuple[str, int], tuple[str, ...]] = {}

    def once(self) -> Lake:
        """Return this lake for one computation: a version is opened once, as is what its log says of the files."""
        found = Lake(self.url, within=self._within)
        found._opened = {} if self._opened is None else self._opened
        return found

    def narrowed(self, *withins: Mapping[str, Within]) -> tuple[Lake, ...]:
        """Return this lake with only the files that may hold such rows, once for each of ``withins``.

        They are for one computation, see :meth:`once`: among them, too, a version is opened once.
        """
        opened: dict[tuple[str, int], _Version] = {} if self._opened is None else self._opened
        found = tuple(Lake(self.url, within=within) for within in withins)
        for one in found:
            one._opened = opened
        return found

    def exists(self, table: str) -> bool:
        """Whether anything was ever published to this table."""
        return self._open(table) is not None

    def version(self, table: str) -> int | None:
        """Return the newest version, ``None`` where nothing was published yet."""
        opened = self._open(table)
        return None if opened is None else opened.delta.version()

    def versions(self, tables: Iterable[str]) -> dict[str, int]:
        """Return the newest version of every table that exists: what a computation pins before it reads."""
        found = {table: self.version(table) for table in tables}
        return {table: version for table, version in found.items() if version is not None}

    def states(self, tables: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return identity and newest version of every table that exists; a table made anew has another identity."""
        opened = {table: self._open(table) for table in tables}
        return {
            table: (str(one.delta.metadata().id), one.delta.version())
            for table, one in opened.items()
            if one is not None
        }

    def uris(self, table: str, version: int | None = None) -> tuple[str, ...]:
        """Return the Parquet files of a version (the newest when ``None``); none for a table that does not exist."""
        opened = self._open(table, version)
        return () if opened is None else self._files(table, opened)

    def rows_by_month(self, table: str, version: int | None = None) -> dict[str, int]:
        """Return the rows in each month of the partition of a version; none for a table that does not exist."""
        opened = self._open(table, version)
        return {} if opened is None else rows_by_month(opened.told)

    def least(self, table: str, version: int | None, columns: Iterable[str]) -> dict[str, date]:
        """Return the first day in each of these columns of a version, where its log says so."""
        opened = self._open(table, version)
        return {} if opened is None else least(opened.told, columns)

    def connect(
        self, tables: Iterable[Table], versions: Mapping[str, int] | None = None, *, memory: str = MEMORY
    ) -> DuckDBPyConnection:
        """Return a DuckDB connection with each table as a view, at its pinned version where one is given.

        A declared table that holds nothing yet is an empty view of the declared types, and a column that an old version
        did not have is null: a query never fails for lack of rows. Instants come out in UTC. The caller closes it.
        """
        connection = open_duckdb(self.url, memory=memory)
        connection.execute("SET parquet_metadata_cache = true")  # a file of the lake never changes
        for table in tables:
            pinned = (versions or {}).get(table.table)
            connection.execute(f"CREATE VIEW {quoted(table.table)} AS {self._select(connection, table, pinned)}")
        return connection

    def read_sql(self, sql: str, tables: Iterable[Table], versions: Mapping[str, int] | None = None) -> pa.Table:
        """Run one query over the tables and return its rows as an Arrow table."""
        with self.connect(tables, versions) as connection:
            return connection.sql(sql).arrow().read_all()

    def merge(
        self,
        table: Table,
        rows: str,
        *,
        source: str,
        zone: str,
        gone: str = "",
        complete: bool = False,
        replaces: tuple[str, ...] = (),
    ) -> Published:
        """Bring a table to what one source says now, in one commit or none.

        ``rows`` is a Parquet file of canonical rows: new keys are inserted, known keys replaced where ``_row`` differs.
        ``gone`` is one of keys that this source no longer has. ``complete`` says that ``rows`` is all there is, so
        every other row of the source goes. Nothing changed: nothing is written and the version stays. Running it again
        therefore changes nothing, and a kill leaves the version before or the version after.

        A key belongs to the source that brought it: a key that a row of another source has is :class:`UserError` and
        nothing is written, unless this source ``replaces`` that one.

        The touched months are written anew (old rows minus changed keys plus new rows) rather than by Delta's MERGE:
        one commit holds inserts, updates, deletes and rows that moved to another month, which a MERGE with the
        partition in its condition would duplicate; the join runs in DuckDB under its memory limit; and it is as fast.

        Two writers of the same table at once: the commit is taken only if the table is still at the version that was
        compared; the loser compares again with what the winner wrote.
        """
        from deltalake.exceptions import CommitFailedError, DeltaError
        from duckdb import IOException

        known = self.exists(table.table)
        for _ in range(_ATTEMPTS):
            try:
                return self._merge_once(table, rows, gone, source, zone, complete, replaces)
            except CommitFailedError:
                continue
            except (DeltaError, IOException, OSError) as error:
                if not known and self.exists(table.table):  # another writer made the table meanwhile
                    known = True
                    continue
                if isinstance(error, IOException) or quotes_the_system(error):
                    raise self._unwritable(table.table, error) from error
                raise
        raise CouldNotRun(
            Finding(
                f"lake table {table.table}",
                f"other writers kept changing it while {source} was being published",
                "run it again; nothing was lost",
            )
        )

    def _merge_once(self, table: Table, rows: str, *how: Any) -> Published:
        from qmsreports.lake_merge import Merge

        opened = self._open(table.table)
        delta = None if opened is None else opened.delta
        with open_duckdb(self.url, memory=_MERGE_MEMORY) as connection:
            merge = Merge(connection, table, delta, rows, *how)
            merge.compare()
            outcome = merge.outcome()
            if delta is not None and not (outcome.inserted or outcome.updated or outcome.deleted):
                return replace(outcome, version=delta.version())
            with panics_aside():
                merge.write(self._path(table.table))
        version = self.version(table.table)
        assert version is not None
        return replace(outcome, version=version)

    def _unwritable(self, table: str, error: Exception) -> CouldNotRun:
        from duckdb import IOException

        text = str(error)
        if isinstance(error, IOException):
            said = said_by_duckdb(error).rsplit('": ', 1)[-1]  # it names the file first
        elif coded := re.search(r'Os { code.*message: "([^"]+)"', text):
            said = coded[1]
        else:
            said = text.rsplit("file: ", 1)[-1].rsplit("error: ", 1)[-1].splitlines()[0]
        return CouldNotRun(
            Finding(
                self._path(table),
                f"cannot be written: {said}",
                "free some disk or mend the permissions, then run again; the table is as it was",
            )
        )

    def _path(self, table: str) -> str:
        return f"{self.url}/{table}"

    def _open(self, table: str, version: int | None = None) -> _Version | None:
        from deltalake import DeltaTable

        if self._opened is not None and version is not None and (table, version) in self._opened:
            return self._opened[table, version]
        path = self._path(table)
        if "://" not in path and not Path(path, "_delta_log").is_dir():
            return None
        if not DeltaTable.is_deltatable(path):
            return None
        opened = _Version(DeltaTable(path, version=version))
        if self._opened is not None:
            self._opened[table, opened.delta.version()] = opened
        return opened

    def _files(self, table: str, opened: _Version) -> tuple[str, ...]:
        key = (table, opened.delta.version())
        if key in self._found:
            return self._found[key]
        within = self._within.get(table)
        found = tuple(files_of(opened.delta) if within is None else files_within(opened.delta, opened.told, within))
        if self._opened is not None:
            self._found[key] = found
        return found

    def _select(self, connection: DuckDBPyConnection, table: Table, version: int | None) -> str:
        wanted = {column.name: DUCKDB_TYPES[column.type] for column in table.columns} | SYSTEM_COLUMNS
        opened = self._open(table.table, version)
        uris = () if opened is None else self._files(table.table, opened)
        if opened is None or not uris:
            return f"SELECT {nulls(wanted)} WHERE false"
        own = [name for name in wanted if name != _PARTITION]  # which is in the name of the file
        if alike(opened.delta, opened.told, uris, own):
            return f"SELECT {', '.join(quoted(name) for name in wanted)} FROM {scan_of(uris, alike=True)}"
        scan = scan_of(uris)
        there = {name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
        columns = (
            quoted(name) if name in there else f"CAST(NULL AS {kind}) AS {quoted(name)}"
            for name, kind in wanted.items()
        )
        return f"SELECT {', '.join(columns)} FROM {scan}"


class _Version:
    """One version of a table; what its log says of the files is read when it is first asked for."""

    def __init__(self, delta: DeltaTable) -> None:
        self.delta = delta

    @cached_property
    def told(self) -> pa.Table:
        """See :func:`qmsreports.lake_files.told_by`."""
        return told_by(self.delta)


NO_MONTH = "0000-00"


def is_declared(connection: DuckDBPyConnection, table: str) -> bool:
    """Tell whether a connection of :meth:`Lake.connect` has a table: an organisation may keep no such register."""
    return bool(
        connection.execute("SELECT 1 FROM duckdb_views() WHERE view_name = $table", {"table": table}).fetchall()
    )


def open_duckdb(url: str = "", *, memory: str = MEMORY, spill: Path | None = None) -> DuckDBPyConnection:
    """Open an in-memory DuckDB that speaks UTC, keeps to ``memory`` and can read ``url`` (fsspec where not local)."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(
        f"SET TimeZone = 'UTC'; SET memory_limit = {literal(memory)}; SET preserve_insertion_order = true"
    )
    spill = spill or Path(
        tempfile.gettempdir(), f"qmsreports-{os.getpid()}"
    )  # made when it is needed, removed at the end
    connection.execute(f"SET temp_directory = {literal(str(spill))}")
    scheme = url.split("://", 1)[0] if "://" in url else ""
    if scheme not in {"", "file"}:
        import fsspec

        connection.register_filesystem(fsspec.filesystem(scheme))
    return connection


def said_by_duckdb(error: Exception) -> str:
    """Return what went wrong on disk in one line; what a writing thread says, DuckDB wraps in JSON."""
    said = str(error).splitlines()[0].removeprefix("IO Error: ")
    if inner := re.search(r'"exception_message":"(.*?[^\\\\])"', said):
        said = inner.group(1).replace('\\"', '"')
    return said


def scan_of(uris: Iterable[str], *, alike: bool = False) -> str:
    """Return the table function that reads these canonical Parquet files, ``_month`` included.

    The columns are those of all files together, for which every file is opened each time the statement is planned; with
    ``alike``, where all have the same ones, those of the first.

    >>> scan_of(["/lake/audits/_month=0000-00/a.parquet"])[:34]
    "read_parquet(['/lake/audits/_month"
    """
    listed = ", ".join(literal(uri.removeprefix("file://")) for uri in uris)
    by_name = "" if alike else ", union_by_name = true"
    return f"read_parquet([{listed}], hive_partitioning = true, hive_types_autocast = false{by_name})"


def month_of(column: Column, zone: str, name: str = "") -> str:
    """Return the SQL of a date's or instant's month, ``2026-10``; an instant lies in the month of ``zone``."""
    value = name or quoted(column.name)
    if column.type == "instant":
        value = f"({value} AT TIME ZONE {literal(zone)})"
    return f"strftime({value}, '%Y-%m')"


def quoted(name: str) -> str:
    """Quote an SQL name."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Quote an SQL text."""
    return "'" + value.replace("'", "''") + "'"


def nulls(kinds: Mapping[str, Any]) -> str:
    """Return the columns of a row without values, each of its DuckDB type."""
    return ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in kinds.items())
