"""Reads SQLite with Python's own driver, read-only.

SQLite keeps no types: a column declared INTEGER may hold "n/a". Measured with dlt 1.31 on 200,000 rows of 15 columns:
its connectorx backend (0.3 s) and its pyarrow backend both stop the table at the first such value ("Invalid column
type Text at index: 1"), and pyarrow also at a REAL in a NUMERIC column. Here (1.7 s) the declared type is only where a
column starts from; a value that does not fit widens the column, and so lands as received.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from qmsreports.catalog.source import CHANGED
from qmsreports.sources.columns import UNKNOWN
from qmsreports.sources.cursor import Among, Since
from qmsreports.sources.database import CHUNK, arrow_table
from qmsreports.sources.feed import Unreadable

_WHOLE = re.compile(r"(NUM|DEC)[A-Z]* *\( *[0-9]+ *(, *0 *)?\)")  # NUMERIC(10, 0)
_POINTS = {"text": "[12][09][0-9][0-9]-[01][0-9]-[0-3][0-9]*", "digits": "[12][09][0-9][0-9][01][0-9][0-3][0-9]*"}


class Sqlite:
    """One SQLite database file, opened read-only: a missing file is not created, and nothing waits for a writer."""

    def __init__(self, path: str) -> None:
        file = Path(path)
        if not file.is_file():
            what = "is a folder" if file.is_dir() else "does not exist"
            raise Unreadable(f"the database file {file} {what}", "check the connection")
        if not file.stat().st_size:
            raise Unreadable(f"the database file {file} is empty", "restore it or check the connection")
        try:
            self._connection = sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)
        except sqlite3.Error as error:
            raise Unreadable(f"the database {file} cannot be opened ({error})", "check the connection") from None
        self._connection.text_factory = _as_received
        try:
            self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            self._connection.close()
            raise Unreadable(
                f"the database {file} cannot be read ({error})", "restore it or check the connection"
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def within(self, schema: str) -> Sqlite:
        """SQLite has one schema, which has no need to be named."""
        raise Unreadable(f'SQLite has no schema "{schema}"', "leave schema out", place=("schema",))

    def hidden(self, table: str, *, views: bool = True) -> str:  # noqa: ARG002 - nothing hides rows here
        """Nothing hides rows."""
        return ""

    def written(self, *names: str) -> str:
        """Names as they are written here, with commas between."""
        return ", ".join(map(_quoted, names))

    def place(self, table: str) -> str:
        """Return a table as it is written here."""
        return _quoted(table)

    def ask(self, query: str) -> tuple[Any, ...]:
        """First row of a query."""
        return next(iter(self._all(query)), ())

    def clock(self) -> datetime:
        """Time of this machine in UTC: SQLite runs in our process and has no other."""
        return datetime.fromisoformat(self.ask("SELECT strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')")[0])

    def may_change(self, table: str) -> bool:  # noqa: ARG002 - the file is opened for reading only
        """Nothing is changed through a file that was opened for reading."""
        return False

    def tables(self) -> list[str]:
        """Names of tables and views."""
        return [row[0] for row in self._all("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]

    def columns(self, table: str) -> dict[str, str]:
        """Columns of a table and the kind each is declared with."""
        return {row[1]: _declared(row[2]) for row in self._all(f"PRAGMA table_info({_quoted(table)})")}

    def is_empty(self, table: str) -> bool:
        """Whether the table has no row at all."""
        return not self._all(f"SELECT 1 FROM {_quoted(table)} LIMIT 1")

    def rows(
        self,
        table: str,
        columns: Sequence[str],
        since: Since | Among | None,
        kinds: dict[str, str],
        changed: Sequence[str] = (),
    ) -> Iterator[Any]:
        """Yield Arrow tables of at most :data:`CHUNK` rows; ``kinds`` is widened in place where values demand it."""
        made = f", coalesce({', '.join(map(_quoted, changed))}) AS {_quoted(CHANGED)}" if changed else ""
        condition, values = _condition(since)
        names = ", ".join(map(_quoted, columns))
        yield from self._chunks(
            f"SELECT {names} FROM (SELECT *{made} FROM {_quoted(table)}){condition}", values, columns, kinds
        )

    def key_ranges(self, table: str, key: Sequence[str], kinds: dict[str, str]) -> Iterator[Any]:
        """Yield all keys in ranges of :data:`CHUNK`, each read with the index of the key."""
        names = ", ".join(map(_quoted, key))
        whole = " AND ".join(f"{_quoted(column)} IS NOT NULL" for column in key)
        last: tuple[Any, ...] = ()
        while True:
            beyond = f" AND ({names}) > ({', '.join('?' * len(key))})" if last else ""
            query = (
                f"SELECT DISTINCT {names} FROM {_quoted(table)} WHERE {whole}{beyond} ORDER BY {names} LIMIT {CHUNK}"
            )
            rows = self._all(query, last)
            if not rows:
                return
            last = rows[-1]
            yield arrow_table(rows, key, kinds)
            if len(rows) < CHUNK:
                return

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _broken(error) from None

    def _chunks(
        self, query: str, values: Sequence[Any], columns: Sequence[str], kinds: dict[str, str]
    ) -> Iterator[Any]:
        try:
            found = self._connection.execute(query, values)
            while rows := found.fetchmany(CHUNK):
                yield arrow_table(rows, columns, kinds)
        except sqlite3.Error as error:
            raise _broken(error) from None


def _condition(since: Since | Among | None) -> tuple[str, list[Any]]:
    """Rows from the boundary on, and those whose cursor cannot be compared with it; or those with one of some keys."""
    if isinstance(since, Among):
        one = f"({', '.join('?' * len(since.columns))})"
        listed = f"({', '.join(map(_quoted, since.columns))}) IN (VALUES {', '.join([one] * len(since.keys))})"
        return f" WHERE {listed}", [value for key in since.keys for value in key]
    if since is None or since.value is None:
        return "", []
    column = _quoted(since.column)
    if since.kind in _POINTS:
        odd = f"typeof({column}) <> 'text' OR {column} < '1900' OR {column} NOT GLOB ?"
        return f" WHERE {column} >= ? OR {column} IS NULL OR {odd}", [since.value, _POINTS[since.kind]]
    return f" WHERE {column} >= ? OR typeof({column}) NOT IN ('integer', 'real')", [since.value]


def _declared(type_: str) -> str:
    """Kind that a declared type promises; truth is 0 or 1, and a date may be a text or a number."""
    name = type_.upper()
    if _WHOLE.search(name):
        return "integer"
    promises = {
        "integer": ("INT", "BOOL"),
        "text": ("CHAR", "CLOB", "TEXT"),
        "number": ("REAL", "FLOA", "DOUB", "NUM", "DEC"),
    }
    return next((kind for kind, words in promises.items() if any(word in name for word in words)), UNKNOWN)


def _as_received(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _broken(error: sqlite3.Error) -> Unreadable:
    return Unreadable(f"reading stopped ({error})", "check the database, then run again")
