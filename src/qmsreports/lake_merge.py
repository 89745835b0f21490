"""What one merge into a canonical table compares and commits; :meth:`qmsreports.lake.Lake.merge` says why it is so."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.catalog.table import Column, Table
from qmsreports.errors import Finding, UserError
from qmsreports.lake import DUCKDB_TYPES, NO_MONTH, SYSTEM_COLUMNS, literal, month_of, nulls, quoted, scan_of
from qmsreports.lake_files import files_of
from qmsreports.lake_write import NewFile, write_file
from qmsreports.records import Published

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable
    from deltalake import Schema as DeltaSchema
    from duckdb import DuckDBPyConnection

DELTA_TYPES = {
    "text": "string",
    "integer": "long",
    "number": "double",
    "date": "date",
    "instant": "timestamp",
    "boolean": "boolean",
}
FILE_BYTES = 4 * 2**20  # delta-rs keeps the open file of every month in memory: 36 months times this,
DICTIONARY_BYTES = 2**17  # and of every column in them the dictionary, a megabyte unless told otherwise
BATCH = 20_000  # rows handed over at a time; DuckDB's million are 400 MB of order lines, and several are on their way
PROPERTIES = {  # delta-rs drops log entries after 30 days unless told otherwise, and with them the pinned versions
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}


@dataclass(frozen=True, slots=True)
class Merge:
    """One comparison of new rows with a table at one version, and the commit that follows from it."""

    connection: DuckDBPyConnection
    table: Table
    delta: DeltaTable | None
    rows: str
    gone: str
    source: str
    zone: str
    complete: bool
    replaces: tuple[str, ...] = ()

    @property
    def _keys(self) -> str:
        return ", ".join(quoted(name) for name in self.table.key)

    @property
    def _dates(self) -> list[Column]:
        return [column for column in self.table.columns if column.type in {"date", "instant"}]

    def compare(self) -> None:
        """Make ``change``: one row per key with its fate, old and new month of the row and of every date."""
        months = "".join(f", {month_of(column, self.zone)} AS {_month_name(column)}" for column in self._dates)
        marks = f"{self._keys}, _row, _month, _source{months}"
        self._run(f"CREATE VIEW incoming AS SELECT * FROM {scan_of([self.rows])}")
        self._run(f"CREATE VIEW present AS {self._present()}")
        old = f"SELECT {marks} FROM present SEMI JOIN incoming USING ({self._keys})"
        going = ""
        if self.complete:
            going = "present"
        elif self.gone:
            going = f"(SELECT p.* FROM present p SEMI JOIN {scan_of([self.gone])} USING ({self._keys}))"
        if going:  # only this source's own rows
            old += f""" UNION ALL SELECT {marks} FROM {going} ANTI JOIN incoming USING ({self._keys})
            WHERE _source = {literal(self.source)}"""
        self._run(f"CREATE TEMP TABLE old AS {old}")
        self._refuse_keys_of_others()
        both = "".join(
            f", {side}.{_month_name(column)} AS {_month_name(column, age)}"
            for column in self._dates
            for side, age in (("o", "old"), ("n", "new"))
        )
        same = "o._row = n._row AND o._month = n._month AND o._source = n._source"
        fate = f"""CASE WHEN o._row IS NULL THEN 'inserted' WHEN n._row IS NULL THEN 'deleted'
            WHEN {same} THEN 'unchanged' ELSE 'updated' END"""
        change = f"""SELECT {self._keys}, o._month AS old_month, n._month AS new_month, {fate} AS fate{both}
            FROM old o FULL JOIN (SELECT {marks} FROM incoming) n USING ({self._keys})"""
        (known,) = self._run("SELECT count(*) FROM old").fetchone() or (0,)
        kind = "TEMP TABLE" if known else "VIEW"  # all of a first load is new: no need to keep that for each row
        self._run(f"CREATE {kind} change AS {change}")

    def _refuse_keys_of_others(self) -> None:
        """Refuse a key that a row of another source has: ticket 17 of two help desks is not one ticket.

        The later one would hide the earlier at each run in turn, and every count would be short by one. Only where this
        source is declared to take the other's place, its row replaces the other's.
        """
        allowed = ", ".join(literal(name) for name in (self.source, *self.replaces))
        key = f"concat_ws('|', {', '.join(f'CAST({quoted(name)} AS VARCHAR)' for name in self.table.key)})"
        found = self._run(
            f"""SELECT _source, count(*), min({key}) FROM old WHERE _source NOT IN ({allowed})
            GROUP BY _source ORDER BY _source"""
        ).fetchall()
        if not found:
            return
        name = self.table.table
        raise UserError(
            *(
                Finding(
                    f"source {self.source}, table {name}",
                    f"nothing is published, {count} of its keys are keys of {other}"
                    f" already, {' and '.join(self.table.key)} {shown} among them",
                    f"make them differ in {name}.sql ('{self.source}-' || …) and wherever they are referred to; or, if "
                    f"{self.source} takes the place of {other}, write replaces: [{other}] under conform/{name} in its "
                    "source.yaml",
                )
                for other, count, shown in found
            )
        )

    def outcome(self) -> Published:
        """Count fates and gather the months whose rows changed, before and after, of each date column."""
        counts = dict(self._run("SELECT fate, count(*) FROM change GROUP BY fate").fetchall())
        touched: dict[str, tuple[str, ...]] = {}
        for column in self._dates:
            old, new = _month_name(column, "old"), _month_name(column, "new")
            months = self._run(
                f"""SELECT DISTINCT unnest([{old}, {new}]) AS month FROM change
                WHERE fate <> 'unchanged' ORDER BY month"""
            ).fetchall()
            if found := tuple(month for (month,) in months if month is not None and month != NO_MONTH):
                touched[column.name] = found
        return Published(
            source=self.source,
            table=self.table.table,
            version=-1,
            inserted=counts.get("inserted", 0),
            updated=counts.get("updated", 0),
            unchanged=counts.get("unchanged", 0),
            deleted=counts.get("deleted", 0),
            touched=touched,
        )

    def write(self, path: str) -> None:
        """Commit the changed months; raises delta-rs' CommitFailedError when the table moved on since compared.

        Of a first load every month is open at once, and rows come in any order: that is left to delta-rs.
        """
        from deltalake import CommitProperties, WriterProperties, write_deltalake

        written = WriterProperties(compression="SNAPPY", dictionary_page_size_limit=DICTIONARY_BYTES)
        commit = CommitProperties(custom_metadata={"source": self.source}, max_commit_retries=0)
        columns = ", ".join(quoted(name) for name in (*self.table.names, *SYSTEM_COLUMNS))
        if self.delta is None:
            rows = self.connection.sql(f"SELECT {columns} FROM incoming").arrow(BATCH)
            write_deltalake(
                path,
                rows,
                partition_by=["_month"],
                configuration=PROPERTIES,
                name=self.table.table,
                description=self.table.meaning,
                commit_properties=commit,
                target_file_size=FILE_BYTES,
                writer_properties=written,
            )
            return
        self._write_months(path, commit)

    def _write_months(self, path: str, commit: CommitProperties) -> None:
        """Write each changed month into one file and commit them all together.

        DuckDB writes them, month by month: it keeps a row group or two in memory, where delta-rs keeps the open file
        of every month, and takes what stays from the files of that month alone. Files that no commit names are no part
        of the table; where the commit fails they are removed.
        """
        assert self.delta is not None
        arriving = Path(self.rows).with_suffix(".months")
        months = [
            str(month)
            for (month,) in self._run(
                """SELECT DISTINCT unnest([old_month, new_month]) AS month FROM change WHERE fate <> 'unchanged'
                ORDER BY month"""
            ).fetchall()
            if month is not None
        ]
        written: list[NewFile] = []
        try:
            shutil.rmtree(arriving, ignore_errors=True)
            self._sort_by_month(arriving)
            for month in months:
                if (file := self._write_month(path, month, arriving)) is not None:
                    written.append(file)
            self.delta.create_write_transaction(
                [file.action() for file in written],
                mode="overwrite",
                schema=self._schema(self.delta),
                partition_by=["_month"],
                partition_filters=[("_month", "in", months)],
                commit_properties=commit,
            )
        except BaseException:
            for file in written:
                file.remove()
            raise
        finally:
            shutil.rmtree(arriving, ignore_errors=True)

    def _sort_by_month(self, folder: Path) -> None:
        """Put the rows that are new or changed into a folder a month. Small row groups, because they are read once."""
        columns = ", ".join(quoted(name) for name in (*self.table.names, *SYSTEM_COLUMNS))
        self._run(f"SET partitioned_write_flush_threshold = {BATCH}")
        self._run(
            f"""COPY (SELECT {columns} FROM incoming
            SEMI JOIN (SELECT {self._keys} FROM change WHERE fate <> 'unchanged') USING ({self._keys}))
            TO {literal(str(folder))} (FORMAT parquet, PARTITION_BY (_month))"""
        )

    def _write_month(self, path: str, month: str, arriving: Path) -> NewFile | None:
        """Write one month as it is to be; nothing where no row is left in it."""
        changed = f"SELECT {self._keys} FROM change WHERE fate <> 'unchanged' AND old_month = {literal(month)}"
        rows = f"""SELECT * EXCLUDE (_month) FROM (SELECT * FROM present WHERE _month = {literal(month)})
            ANTI JOIN ({changed}) USING ({self._keys})"""
        if new := sorted(str(file) for file in (arriving / f"_month={month}").glob("*.parquet")):
            rows += f" UNION ALL BY NAME SELECT * EXCLUDE (_month) FROM {scan_of(new)}"
        kinds = {column.name: column.type for column in self.table.columns}
        return write_file(self.connection, rows, path, month, kinds)

    def _schema(self, delta: DeltaTable) -> DeltaSchema:
        """Return what lies there and what is declared since: a column that is no longer declared stays."""
        from deltalake import Field
        from deltalake import Schema as DeltaSchema
        from deltalake.schema import PrimitiveType

        there = delta.schema()
        known = {field.name for field in there.fields}
        new = [
            Field(column.name, PrimitiveType(DELTA_TYPES[column.type]))
            for column in self.table.columns
            if column.name not in known
        ]
        return DeltaSchema([*there.fields, *new]) if new else there

    def _present(self) -> str:
        """Rows of the table now, as a SELECT; an empty one of the right types where there is no table or no file."""
        kinds = {column.name: DUCKDB_TYPES[column.type] for column in self.table.columns} | SYSTEM_COLUMNS
        uris = files_of(self.delta) if self.delta is not None else []
        if not uris:
            return f"SELECT {nulls(kinds)} WHERE false"
        there = {name: kind for name, kind, *_ in self._run(f"DESCRIBE SELECT * FROM {scan_of(uris)}").fetchall()}
        self._same_types(there, kinds)
        missing = ", ".join(
            f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in kinds.items() if name not in there
        )
        return f"SELECT *{', ' + missing if missing else ''} FROM {scan_of(uris)}"

    def _same_types(self, there: Mapping[str, str], declared: Mapping[str, str]) -> None:
        findings = [
            Finding(
                f"catalog/tables/{self.table.table}.yaml",
                f"{name} is declared as {kind} and lies in the lake as {there[name]}",
                "give the column of the other type another name; what was published keeps the old one",
            )
            for name, kind in declared.items()
            if there.get(name, kind) != kind
        ]
        if findings:
            raise UserError(*findings)

    def _run(self, sql: str) -> DuckDBPyConnection:
        return self.connection.execute(sql)


def _month_name(column: Column, age: str = "") -> str:
    return quoted(f"{age} month of {column.name}")
