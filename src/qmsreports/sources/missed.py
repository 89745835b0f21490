"""Rows that stand at the source and that no cursor ever brought: found by their keys.

A transaction that commits late writes a row whose point in time lies before what was read meanwhile; every later visit
reads from there on, and the row would stay unseen for ever. Where the keys at the source are compared, such a key is
one that was never landed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qmsreports import landing as zone
from qmsreports.catalog.source import LandedFeed
from qmsreports.landing import landed_name
from qmsreports.sources.cursor import Among
from qmsreports.sources.feed import Warned

Key = tuple[Any, ...]

_AT_ONCE = 400_000  # keys compared with the landed ones at a time
_ASKED = 500  # keys that one statement names
_NAMED = 3  # keys that a message repeats


class LandedKeys:
    """The keys that the completed loads of one source brought."""

    def __init__(self, landing: str, source: str) -> None:
        self._landing = landing
        self._source = source

    def missed(self, feed: LandedFeed) -> Missed:
        """Return what compares the keys of one feed."""
        return Missed(feed, self._landing, self._source)


class Missed:
    """Keys of one feed at the source, beside those that were landed. Keys are compared as text, as conform does."""

    def __init__(self, feed: LandedFeed, landing: str, source: str) -> None:
        self._names = [landed_name(column) for column in feed.key]
        self._landing, self._source, self._table = landing, source, feed.table
        self._came: list[Any] = []
        self._listed: list[Any] = []
        self._connection: Any = None
        self._missing: list[Key] = []
        self.late: list[Key] = []
        self.listed_count = 0
        self.landed_count = 0

    def came(self, batch: Any) -> None:
        """Take in rows that this visit lands."""
        self._came.append(batch.select(self._names))

    def listed(self, batch: Any) -> None:
        """Take in keys that stand at the source; a key is listed once."""
        if self._listed and self._listed[0].schema != batch.schema:
            self._compare()
        self._listed.append(batch)
        self.listed_count += batch.num_rows
        if sum(part.num_rows for part in self._listed) >= _AT_ONCE:
            self._compare()

    def keys(self) -> list[Key]:
        """Return the listed keys that were never landed, when all are listed."""
        self._compare()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        return list(self._missing)

    @staticmethod
    def parts(keys: Sequence[Key]) -> Iterator[tuple[Key, ...]]:
        """Yield keys in parts that one statement can name."""
        for start in range(0, len(keys), _ASKED):
            yield tuple(keys[start : start + _ASKED])

    def fetched(self, batch: Any) -> None:
        """Note rows that were fetched by their keys."""
        self.late += zip(*(batch.column(name).to_pylist() for name in self._names), strict=True)

    def _compare(self) -> None:
        if not self._listed:
            return
        import pyarrow as pa

        connection = self._open()
        connection.register("listed", pa.concat_tables(self._listed))
        self._listed = []
        same = " AND ".join(f'CAST(l."{name}" AS VARCHAR) = k."{name}"' for name in self._names)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE missing AS SELECT l.* FROM listed l WHERE NOT EXISTS"
            f" (FROM landed k WHERE {same})"
        )
        self._missing += connection.execute("FROM missing").fetchall()
        connection.unregister("listed")

    def _open(self) -> Any:
        """Open a database of its own with the landed keys as text, those of this visit among them."""
        if self._connection is not None:
            return self._connection
        from qmsreports.lake import literal, open_duckdb

        texts = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in self._names)
        files = zone.completed(self._landing, self._source, self._table)
        connection = open_duckdb(self._landing)
        parts = []
        if files:
            listed = ", ".join(literal(file.path) for file in files)
            parts.append(f"SELECT {texts} FROM read_parquet([{listed}], union_by_name = true)")
        for index, batch in enumerate(self._came):
            connection.register(f"came_{index}", batch)
            parts.append(f"SELECT {texts} FROM came_{index}")
        empty = ", ".join(f'CAST(NULL AS VARCHAR) AS "{name}"' for name in self._names)
        parts.append(f"SELECT {empty} WHERE false")
        connection.execute(f"CREATE TEMP TABLE landed AS SELECT DISTINCT * FROM ({' UNION ALL '.join(parts)})")
        ((self.landed_count,),) = connection.execute("SELECT count(*) FROM landed").fetchall()
        self._connection = connection
        return connection


def among_keys(sa: Any, types: Mapping[str, Any], among: Among) -> Any:
    """Return SQLAlchemy's condition for rows with one of some keys; ``types`` are the columns' own.

    A key that was read as text although its column is none (a uuid, a number of many digits) is compared as text.
    """
    columns = []
    for place, name in enumerate(among.columns):
        type_ = types.get(name)
        as_text = any(isinstance(key[place], str) for key in among.keys) and not isinstance(type_, sa.String)
        columns.append(sa.cast(sa.column(name), sa.String(255)) if as_text else sa.column(name, type_))
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in among.keys])
    return sa.or_(*(sa.and_(*(c == v for c, v in zip(columns, key, strict=True))) for key in among.keys))


def named(keys: Sequence[Key]) -> str:
    """Return some keys as messages show them.

    >>> named([("A1", 2), ("A2", 1)])
    'A1/2, A2/1'
    >>> named([(number,) for number in range(5)])
    '0, 1, 2 and 2 more'
    """
    more = f" and {len(keys) - _NAMED:,} more" if len(keys) > _NAMED else ""
    return ", ".join("/".join(map(str, key)) for key in keys[:_NAMED]) + more


def fetched(feed: LandedFeed, missed: Missed, unread: Sequence[Key]) -> Iterator[Warned]:
    """Say which rows were fetched by their keys, and which keys gave no row."""
    if late := missed.late:
        one = len(late) == 1
        rows, it, its, are = ("1 row was", "it", "its key was", "it is") if one else (
            f"{len(late):,} rows were", "them", "their keys were", "they are")  # fmt: skip
        yield Warned(
            f"{rows} older than the last {feed.cursor} read, so that the cursor did not see {it}; {its} compared, "
            f"and {are} landed now ({named(late)})",
            "a change of a known row that comes as late has no new key: cover the delay with overlap_minutes",
        )
    if unread:
        yield Warned(
            f"{_keys(len(unread))} at the source and never landed, and no row is read for them ({named(unread)})",
            "look at these rows at the source; they may have been deleted meanwhile",
        )


def never_landed(feed: LandedFeed, missed: Missed) -> Iterator[Warned]:
    """Say which keys were listed and never landed, where rows cannot be asked for by their keys."""
    if keys := missed.keys():
        yield Warned(
            f"{_keys(len(keys))} at the source and never landed, because {feed.cursor} of the row is older than the "
            f"last one read ({named(keys)})",
            "cover the delay with overlap_minutes; change the rows at the source, so that they are read",
        )


def _keys(count: int) -> str:
    return "1 key is" if count == 1 else f"{count:,} keys are"
