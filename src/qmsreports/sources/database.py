"""Reads any database that SQLAlchemy knows, streaming, with the same rules as for SQLite.

dlt's own table readers are not used: with dlt 1.31 its pyarrow backend stops at a PostgreSQL ``numeric`` of more than
nine decimals, and connectorx does not know Unix sockets. Values come from the driver and become Arrow columns in
:mod:`qmsreports.sources.columns`, so a value that does not fit its column never stops a table; PostgreSQL tables of
plain types come as one stream (:mod:`qmsreports.sources.copied`), under the same rules.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote, unquote

from qmsreports.catalog.source import CHANGED
from qmsreports.errors import did_you_mean
from qmsreports.sources.alike import taken_for_one
from qmsreports.sources.boundary import from_boundary
from qmsreports.sources.columns import UNKNOWN, column_array
from qmsreports.sources.copied import Copied, copied_tables
from qmsreports.sources.cursor import Among, Since
from qmsreports.sources.engine import FORM, connected, engine_of, told_again
from qmsreports.sources.feed import Unreadable
from qmsreports.sources.hiding import hidden_rows
from qmsreports.sources.missed import among_keys
from qmsreports.sources.rights import may_change
from qmsreports.sources.session import Session, session_statements

CHUNK = 20_000
"""Rows read at a time: 20,000 rows of 15 columns are about 20 MB as Python values."""

_CLOCKS = {
    "postgresql": "SELECT clock_timestamp()",
    "mysql": "SELECT utc_timestamp(6)",
    "mariadb": "SELECT utc_timestamp(6)",
    "mssql": "SELECT sysutcdatetime()",
    "oracle": "SELECT sys_extract_utc(systimestamp) FROM dual",
}

_SECRET = re.compile(r"[?&][^=&]*(?:pass|pwd|secret|token)[^=&]*=([^&]+)", re.IGNORECASE)
"""What stands for a password among the options of a connection."""

_TODO = {
    "permission denied": "let the account read it (GRANT SELECT), then run again",
    "denied to user": "let the account read it (GRANT SELECT), then run again",
    "statement timeout": "raise statement_timeout in source.yaml, or name a cursor with an index",
    "max_statement_time exceeded": "raise statement_timeout in source.yaml, or name a cursor with an index",
    "maximum statement execution time": "raise statement_timeout in source.yaml, or name a cursor with an index",
}
"""What to do about some of what drivers say, by words in it."""


class Database(Protocol):
    """What reading needs of a database. ``kinds`` are widened in place where values demand it."""

    def within(self, schema: str) -> Database:
        """Return the same database, its tables looked up in a schema; :class:`Unreadable` where there is none."""

    def tables(self) -> list[str]:
        """Names of tables and views."""

    def hidden(self, table: str, *, views: bool = True) -> str:
        """Why an account may see no row of a table that has some; empty where nothing is known to hide them.

        With ``views``, what may hide rows of the tables below a view counts as well.
        """

    def written(self, *names: str) -> str:
        """Return names of columns as they are written in this database's SQL, with commas between."""

    def place(self, table: str) -> str:
        """Return a table as it is written in this database's SQL."""

    def ask(self, query: str) -> tuple[Any, ...]:
        """Return the first row of a query written in SQL that every database knows."""

    def clock(self) -> datetime | None:
        """Return the time at the server, in UTC; ``None`` where that cannot be asked."""

    def may_change(self, table: str) -> bool:
        """Whether the account is known to be allowed to change rows of a table."""

    def columns(self, table: str) -> Mapping[str, str]:
        """Columns of a table and the kind each is declared with."""

    def is_empty(self, table: str) -> bool:
        """Whether the table has no row at all."""

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        since: Since | Among | None,
        kinds: dict[str, str],
        changed: Sequence[str] = (),
    ) -> Iterator[Any]:
        """Yield Arrow tables of at most :data:`CHUNK` rows; ``changed`` are the columns that make up ``_changed``."""

    def key_ranges(self, table: str, key: Sequence[str], kinds: dict[str, str]) -> Iterator[Any]:
        """Yield all keys in ranges of :data:`CHUNK`."""

    def close(self) -> None:
        """Give the connection back."""


def open_database(connection: str, session: Session | None = None) -> Database:
    """Open a connection URL, for reading only; :class:`Unreadable` when nothing answers there.

    The URL is never repeated in a message.
    """
    session = session or Session()
    if connection.startswith("sqlite:"):
        from qmsreports.sources.sqlite import Sqlite

        path = unquote(connection.partition(":///")[2].partition("?")[0])
        if not path:
            raise Unreadable("the connection names no database file", FORM)
        if session.settings:
            raise Unreadable("SQLite knows no session settings", "leave session out of source.yaml")
        return Sqlite(path)
    return SqlAlchemyDatabase(connection, session)


def without_secrets(text: str, connection: str) -> str:
    """Return the text as one line with the passwords of a connection, however they are written, replaced by ``***``."""
    user_part = connection.partition("://")[2].rpartition("@")[0]
    given = [user_part.partition(":")[2], *_SECRET.findall(connection)]
    written = {form for said in given for form in (said, unquote(said), quote(unquote(said), safe=""))}
    for secret in sorted(written, key=len, reverse=True):
        text = text.replace(secret, "***") if secret else text
    return " ".join(text.split())


def arrow_table(rows: Sequence[Sequence[Any]], columns: Sequence[str], kinds: dict[str, str]) -> Any:
    """Return rows of driver values as an Arrow table; an empty one has its columns all the same."""
    import pyarrow as pa

    arrays = []
    values_of = list(zip(*rows, strict=True)) or [()] * len(columns)
    for name, values in zip(columns, values_of, strict=True):
        array, kinds[name] = column_array(values, kinds.get(name, UNKNOWN))
        arrays.append(array)
    return pa.table(arrays, names=list(columns))


class SqlAlchemyDatabase:
    """A database behind a SQLAlchemy URL: one connection, rows streamed by a server-side cursor where there is one."""

    def __init__(self, connection: str, session: Session) -> None:
        import sqlalchemy as sa

        self._sa = sa
        self._secret = connection
        self._schema: str | None = None
        self._engine = engine_of(connection)
        try:
            self._connection = connected(self._engine)
        except sa.exc.SQLAlchemyError as error:
            raise Unreadable(
                f"the database does not answer ({self._plain(error)})", "check the connection and the server"
            ) from None
        try:
            with self._guarded():
                statements = session_statements(self._kind(), session)
                for statement, values in statements:
                    self._connection.execute(sa.text(statement), values)
                self._connection.commit()
            told_again(self._engine, statements)
        except Unreadable as problem:
            self.close()
            problem.what = problem.what.replace("reading stopped", "a setting of the session is refused")
            problem.todo = "check session in source.yaml"
            raise

    def within(self, schema: str) -> SqlAlchemyDatabase:
        """Return the same connection, its tables looked up in a schema."""
        with self._guarded():
            names = self._sa.inspect(self._connection).get_schema_names()
        if schema not in names:
            raise Unreadable(
                f'there is no schema "{schema}"; {did_you_mean(schema, names)}',
                "mend it at the source or change this line",
                place=("schema",),
            )
        other = copy(self)
        other._schema = schema
        return other

    def hidden(self, table: str, *, views: bool = True) -> str:
        """Whether PostgreSQL's row-level security hides rows from this account."""
        if self._engine.dialect.name != "postgresql":
            return ""
        with self._guarded():
            return hidden_rows(self._connection, self.place(table), views=views)

    def written(self, *names: str) -> str:
        """Names as they are written here, with commas between."""
        return ", ".join(map(self._engine.dialect.identifier_preparer.quote, names))

    def ask(self, query: str) -> tuple[Any, ...]:
        """First row of a query."""
        with self._guarded():
            return tuple(self._connection.exec_driver_sql(query.replace("%", "%%")).first() or ())

    def clock(self) -> datetime | None:
        """Time at the server in UTC."""
        if (query := _CLOCKS.get(self._engine.dialect.name)) is None:
            return None
        now: datetime = self.ask(query)[0]
        return now.replace(tzinfo=UTC) if now.tzinfo is None else now.astimezone(UTC)

    def may_change(self, table: str) -> bool:
        """Whether the account may change rows, as far as this kind of database tells."""
        with self._guarded():
            return may_change(self._connection, self._kind(), place=self.place(table), schema=self._schema, table=table)

    def place(self, table: str) -> str:
        """Return a table as it is written here, with its schema."""
        return ".".join(self.written(name) for name in (self._schema, table) if name)

    def _kind(self) -> str:
        """Return what answers: a MariaDB is one whatever the connection calls it, and has words of its own."""
        dialect = self._engine.dialect
        return "mariadb" if getattr(dialect, "is_mariadb", False) else str(dialect.name)

    def _table(self, table: str) -> Any:
        return self._sa.table(table, schema=self._schema)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
        self._engine.dispose()

    def tables(self) -> list[str]:
        """Names of tables and views."""
        with self._guarded():
            inspector = self._sa.inspect(self._connection)
            found = [*inspector.get_table_names(self._schema), *inspector.get_view_names(self._schema)]
            with suppress(NotImplementedError):
                found += inspector.get_materialized_view_names(self._schema)
            if self._engine.dialect.name == "postgresql":
                found += inspector.get_foreign_table_names(self._schema)
            return found

    def columns(self, table: str) -> dict[str, str]:
        """Columns of a table and the kind each is declared with."""
        return {name: self._declared(type_) for name, type_ in self._types(table).items()}

    def _types(self, table: str) -> dict[str, Any]:
        with self._guarded(), warnings.catch_warnings():
            warnings.simplefilter("ignore", self._sa.exc.SAWarning)  # of types that it does not know: values tell them
            found = self._sa.inspect(self._connection).get_columns(table, self._schema)
        return {column["name"]: column["type"] for column in found}

    def is_empty(self, table: str) -> bool:
        """Whether the table has no row at all."""
        sa = self._sa
        query = sa.select(sa.literal_column("1")).select_from(self._table(table)).limit(1)
        return next(self._partitions(query), None) is None

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        since: Since | Among | None,
        kinds: dict[str, str],
        changed: Sequence[str] = (),
    ) -> Iterator[Any]:
        """Yield Arrow tables of at most :data:`CHUNK` rows, or of a block of the stream."""
        sa = self._sa
        plan = self._copyable(table)
        column = {name: sa.column(name) for name in columns}
        if changed:
            column[CHANGED] = sa.func.coalesce(*(sa.column(name) for name in changed)).label(CHANGED)
        query = sa.select(*column.values()).select_from(self._table(table))
        if isinstance(since, Among):
            query = query.where(among_keys(sa, self._types(table), since))
        elif since is not None and since.value is not None:
            type_ = self._types(table)[changed[0] if changed else since.column]
            query = query.where(from_boundary(column[since.column], since, type_, kind=self._kind()))
        if plan is not None:
            yield from self._copied(query, columns, plan, kinds)
            return
        for rows in self._partitions(query):
            yield arrow_table(rows, columns, kinds)

    def key_ranges(self, table: str, key: Sequence[str], kinds: dict[str, str]) -> Iterator[Any]:
        """Yield all keys in ranges of :data:`CHUNK`, each read with the index of the key."""
        sa = self._sa
        names = [sa.column(name) for name in key]
        whole = sa.and_(*(name.is_not(None) for name in names))
        with self._guarded():
            alike = taken_for_one(self._connection, table, self._schema, key)
        names += [sa.cast(sa.column(name), sa.LargeBinary).label(f"_bytes_{nth}") for nth, name in enumerate(alike)]
        query = sa.select(*names).distinct().select_from(self._table(table)).where(whole).order_by(*names).limit(CHUNK)
        beyond = sa.true()
        while True:
            rows = [row for part in self._partitions(query.where(beyond)) for row in part]
            if rows:
                yield arrow_table([row[: len(key)] for row in rows], key, kinds)
            if len(rows) < CHUNK:
                return
            last = rows[-1]
            beyond = sa.or_(
                *(
                    sa.and_(*(names[i] == last[i] for i in range(depth)), names[depth] > last[depth])
                    for depth in range(len(names))
                )
            )

    def _copyable(self, table: str) -> Copied | None:
        """How to read a PostgreSQL table as one stream; ``None`` for other databases and where a type is not plain."""
        if (self._engine.dialect.name, self._engine.driver) != ("postgresql", "psycopg"):
            return None
        sa = self._sa
        types = self._types(table)
        plain = (sa.Boolean, sa.Integer, sa.Numeric, sa.Float, sa.Date, sa.String, sa.Uuid, sa.DateTime)
        if not all(isinstance(type_, plain) for type_ in types.values()):
            return None
        decimals = {name for name, type_ in types.items() if isinstance(type_, sa.Numeric) and type_.asdecimal}
        kinds = {name: self._declared(type_) for name, type_ in types.items()}
        return Copied(kinds, frozenset(name for name in decimals if kinds[name] == "number"))

    def _copied(self, query: Any, columns: Sequence[str], plan: Copied, kinds: dict[str, str]) -> Iterator[Any]:
        from psycopg import Error, pq

        literal = query.compile(self._engine, compile_kwargs={"literal_binds": True})
        raw: Any = self._connection.connection.dbapi_connection
        try:
            with self._guarded():
                yield from copied_tables(raw, str(literal).replace("%%", "%"), columns, plan, kinds)
        except Error as error:
            if raw.closed:
                self._connection.invalidate()
                self._connection.rollback()
            raise self._stopped(error) from None
        finally:  # a statement that was left early has failed for the server
            if raw.info.transaction_status == pq.TransactionStatus.INERROR:
                self._connection.rollback()

    def _partitions(self, query: Any) -> Iterator[Any]:
        streaming = {"stream_results": True, "max_row_buffer": CHUNK}
        with self._guarded(), self._connection.execute(query, execution_options=streaming) as result:
            yield from result.partitions(CHUNK)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what the driver says into a line for people."""
        try:
            yield
        except self._sa.exc.SQLAlchemyError as error:
            with suppress(self._sa.exc.SQLAlchemyError):
                self._connection.rollback()
            raise self._stopped(error) from None
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"reading stopped (a text is not {error.encoding})",
                "say at the end of the connection how texts are encoded, for PostgreSQL as client_encoding=latin1",
            ) from None

    def _stopped(self, error: Exception) -> Unreadable:
        said = self._plain(error)
        todo = next((todo for words, todo in _TODO.items() if words in said.lower()), "")
        return Unreadable(f"reading stopped ({said})", todo or "check the database, then run again")

    def _declared(self, type_: Any) -> str:
        sa = self._sa
        if isinstance(type_, sa.DateTime):
            return "instant" if type_.timezone else "timestamp"
        if isinstance(type_, sa.Numeric) and type_.scale == 0:
            return "integer"  # as ERP systems keep their numbers: a key 1001 must not become 1001.0
        kinds = (
            (sa.Boolean, "boolean"),
            (sa.Integer, "integer"),
            ((sa.Numeric, sa.Float), "number"),
            (sa.Date, "date"),
            ((sa.String, sa.Uuid), "text"),
        )
        return next((kind for known, kind in kinds if isinstance(type_, known)), UNKNOWN)

    def _plain(self, error: Exception) -> str:
        original = str(getattr(error, "orig", None) or error) or type(error).__name__
        return without_secrets(original.split("(Background on this error")[0].strip().split("\n")[0], self._secret)
