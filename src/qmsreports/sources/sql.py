"""Feeds of a database: tables read by cursor, whole tables, and key lists that show what was deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from qmsreports.catalog.source import CHANGED, LandedFeed, Source
from qmsreports.errors import did_you_mean
from qmsreports.landing import KEYS, landed_name
from qmsreports.sources.cursor import Among, Cursor, Since
from qmsreports.sources.database import Database, arrow_table, open_database
from qmsreports.sources.feed import (
    EMPTIED,
    FeedState,
    Unreadable,
    Warned,
    columns_of,
    digest,
    drift,
    keys_due,
    row_hash,
)
from qmsreports.sources.missed import LandedKeys, Missed, fetched
from qmsreports.sources.retyped import Values, declared_kinds, refuse_retyped
from qmsreports.sources.session import Session
from qmsreports.sources.sqlite import Sqlite

_MODULUS = 2**64
_SOON = timedelta(minutes=1)  # how far a clock of the database's clients may be ahead of its own


class SqlFeeds:
    """The feeds of one database. Opening it fails for all of them, reading one fails for that one."""

    def __init__(
        self,
        connection: str,
        session: Session | None = None,
        *,
        schemas: bool = False,
        at: datetime | None = None,
        known: LandedKeys | None = None,
        zone: str = "UTC",
    ) -> None:
        self.at = at
        self._known = known
        self._zone = ZoneInfo(zone)
        self.database = open_database(connection, session)
        self._schemas: dict[str, Database] = {}
        try:
            self._tables = {self.database: self.database.tables()}
        except Unreadable:
            self.database.close()
            raise
        if not self._tables[self.database] and not schemas:
            self.database.close()
            raise Unreadable("the database holds no table", "check the connection and what its account may see")

    def clock(self) -> datetime | None:
        """Return the server's time now, ``None`` where there is no server: SQLite's clock is ours."""
        return None if isinstance(self.database, Sqlite) else self.database.clock()

    def close(self) -> None:
        """Give the connection back."""
        self.database.close()

    def read(self, feed: LandedFeed, before: FeedState) -> SqlReading:
        """Look at one table; :class:`Unreadable` when it is not what the declaration says."""
        place = self.place_of(feed)
        now = place.clock() if feed.cursor else None
        until = (now + _SOON).astimezone(self._zone) if now else None
        return SqlReading(place, feed, before, self.at, self._known, until)

    def place_of(self, feed: LandedFeed) -> Database:
        """Return the database, or the schema of it, in which a table lies."""
        place = self.database
        if feed.schema_name is not None:
            if feed.schema_name not in self._schemas:
                self._schemas[feed.schema_name] = place.within(feed.schema_name)
            place = self._schemas[feed.schema_name]
        if place not in self._tables:
            self._tables[place] = place.tables()
        if feed.table not in self._tables[place]:
            raise Unreadable(
                f'there is no table "{feed.table}"; {did_you_mean(feed.table, self._tables[place])}',
                "mend it at the source or change this line",
                place=("table",),
            )
        return place


def open_feeds(
    source: Source, connection: str, at: datetime | None = None, known: LandedKeys | None = None
) -> SqlFeeds:
    """Open a source's database as its declaration says; ``at`` is when the run began, ``known`` what was landed."""
    session = Session(source.session, source.statement_timeout)
    schemas = any(feed.schema_name for feed in source.tables)
    return SqlFeeds(connection, session, schemas=schemas, at=at, known=known, zone=source.time_zone)


class SqlReading:
    """One table, looked at. Only the boundary is read to find out whether there is anything new."""

    def __init__(
        self,
        database: Database,
        feed: LandedFeed,
        before: FeedState,
        at: datetime | None = None,
        known: LandedKeys | None = None,
        until: datetime | None = None,
    ) -> None:
        self._known = known
        self._until = until
        declared = database.columns(feed.table)
        self.feed = feed
        self._names = columns_of(feed, declared)
        self._declared = declared_kinds(feed, {landed: declared[name] for landed, name in self._names.items()})
        refuse_retyped(feed, before, self._declared)
        self._changed: tuple[str, ...] = ()
        if feed.cursor and feed.cursor_else:
            self._changed = tuple(self._names[landed_name(name)] for name in (feed.cursor, feed.cursor_else))
            self._names[CHANGED], declared = CHANGED, {**declared, CHANGED: declared[self._changed[0]]}
        self._database = database
        self._before = before
        self._kinds = {landed: before.kinds.get(landed, declared[name]) for landed, name in self._names.items()}
        self._state = self._next = before
        self._at = at
        self._drift = drift(before, self._names)
        self.warnings: list[Warned] = list(self._drift)
        self.fresh = self._anything_new()

    @property
    def state(self) -> FeedState:
        """What the next visit goes on from; final when ``parts`` is exhausted."""
        return self._state

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield new rows, then the key list where it changed. The keys come last: a row landed here is among them."""
        table = landed_name(self.feed.table)
        self._next = replace(self._before, columns=tuple(self._names))
        values = Values(self.feed, self._before)
        cursor = self._cursor() if self.feed.cursor else None
        missed = (
            self._known.missed(self.feed) if self._known and cursor and self._keys_due and not self._first else None
        )
        self.warnings = list(self._drift)
        for batch in self._whole_table() if cursor is None else self._by_cursor(cursor):
            self._next = replace(self._next, landed=self._next.landed + batch.num_rows)
            if missed:
                missed.came(batch)
            yield table, values.noted(batch)
        if self._first and not self._next.landed:
            yield table, arrow_table([], list(self._names), dict(self._kinds))
        if self._keys_due:
            for batch in self._key_list(missed):
                yield table + KEYS, batch
        if missed and cursor:
            for batch in self._by_key(cursor, missed):
                self._next = replace(self._next, landed=self._next.landed + batch.num_rows)
                yield table, values.noted(batch)
        values.refuse_retyped()
        self._state = replace(self._next, kinds=dict(self._kinds), declared=self._declared)

    @property
    def _first(self) -> bool:
        return not self._before.columns

    @property
    def _keys_due(self) -> bool:
        """Whether the keys are to be compared in this visit: where that is declared, at each or when it is time."""
        return keys_due(self.feed, self._before, self._at)

    def _by_cursor(self, cursor: Cursor) -> Iterator[Any]:
        for batch in self._rows(self._since(cursor)):
            new = cursor.fresh(batch)
            if new.num_rows:
                yield new
        if cursor.unfit is not None:
            raise Unreadable(
                f'cursor column "{self.feed.cursor}" holds no value that can be compared ("{cursor.unfit}")',
                "name a column of dates (2026-01-31...), instants or numbers, or leave the cursor out",
                place=("cursor",),
            )
        if cursor.ahead and self._until:
            self.warnings += _ahead(self.feed, cursor, self._until)
        highest, seen = cursor.stored
        self._next = replace(self._next, cursor=highest, seen=seen)

    def _by_key(self, cursor: Cursor, missed: Missed) -> Iterator[Any]:
        """Read the rows whose keys stand at the source and were never landed, and say so; a row that the next visit
        finds by its cursor, because it was written while this one read, is left to that.
        """
        keys, names, found = missed.keys(), [landed_name(column) for column in self.feed.key], set()
        for some in missed.parts(keys):
            for batch in self._rows(Among(tuple(self._names[name] for name in names), some)):
                found |= set(zip(*(map(str, batch.column(name).to_pylist()) for name in names), strict=True))
                new = cursor.fresh(cursor.reached(batch))
                if new.num_rows:
                    missed.fetched(new)
                    yield new
        highest, seen = cursor.stored
        self._next = replace(self._next, cursor=highest, seen=seen)
        self.warnings += fetched(self.feed, missed, [key for key in keys if tuple(map(str, key)) not in found])

    def _whole_table(self) -> Iterator[Any]:
        if self._first or self._content().value != self._before.content:
            whole = _Whole()
            for batch in self._rows(None):
                yield whole.noted(batch)
            self._next = replace(self._next, content=whole.value)

    def _key_list(self, missed: Missed | None) -> Iterator[Any]:
        if self._first or self._keys().value != self._before.keys:
            keys = _Ordered()
            for batch in self._key_ranges():
                if missed:
                    missed.listed(batch)
                yield keys.noted(batch)
            if not keys.count:
                yield arrow_table([], [landed_name(column) for column in self.feed.key], dict(self._kinds))
            # more keys than rows at the first visit: a row came between, and the next visit compares once more
            late = self._first and keys.count > self._next.landed
            self._next = replace(self._next, keys="" if late else keys.value, key_count=keys.count)
        if self.feed.keys_every_hours and self._at:
            self._next = replace(self._next, keys_at=self._at.isoformat())

    def _anything_new(self) -> bool:
        """Whether there is something to land or to note down; :class:`Unreadable` when a table that had rows has none
        any more. That keys were compared when it was time is noted, or they would be compared again at each visit.
        """
        if self._first:
            self._refuse_hidden()
            return True
        noted = self._keys_due and bool(self.feed.keys_every_hours and self._at)
        keys_changed = (self._keys_due and self._keys().value != self._before.keys) or noted
        if self.feed.cursor is None:
            whole = self._content()
            if not whole.count and self._before.landed:
                self._refuse_emptied()
            return keys_changed or whole.value != self._before.content
        return self._beyond_boundary() or keys_changed

    def _beyond_boundary(self) -> bool:
        """Whether the cursor finds a row that was not landed; the row at the boundary is always read again."""
        cursor, read = self._cursor(), 0
        for batch in self._rows(self._since(cursor)):
            read += batch.num_rows
            if cursor.is_beyond(batch) or cursor.fresh(batch).num_rows:
                return True
        if not read and self._before.landed and self._database.is_empty(self.feed.table):
            self._refuse_emptied()
        return False

    def _cursor(self) -> Cursor:
        return Cursor(
            landed_name(self.feed.ordered_by or ""),
            self._before,
            overlap_minutes=self.feed.overlap_minutes,
            until=self._until,
        )

    def _since(self, cursor: Cursor) -> Since:
        return cursor.since(self._names[cursor.column])

    def _rows(self, since: Since | Among | None) -> Iterator[Any]:
        kinds = {name: self._kinds[landed] for landed, name in self._names.items()}
        for batch in self._database.rows(self.feed.table, list(self._names.values()), since, kinds, self._changed):
            self._kinds = {landed: kinds[name] for landed, name in self._names.items()}
            yield batch.rename_columns(list(self._names))

    def _key_ranges(self) -> Iterator[Any]:
        landed = [landed_name(column) for column in self.feed.key]
        kinds = {self._names[column]: self._kinds[column] for column in landed}
        for batch in self._database.key_ranges(self.feed.table, [self._names[column] for column in landed], kinds):
            yield batch.rename_columns(landed)

    def _content(self) -> _Whole:
        whole = _Whole()
        for batch in self._rows(None):
            whole.noted(batch)
        return whole

    def _keys(self) -> _Ordered:
        keys = _Ordered()
        for batch in self._key_ranges():
            keys.noted(batch)
        if not keys.count and self._before.key_count:
            self._refuse_emptied()
        return keys

    def _hidden(self) -> str:
        """Why no row may be seen; a view that may be empty is believed, since its own conditions may leave none."""
        return self._database.hidden(self.feed.table, views=not self.feed.may_be_empty)

    def _refuse_hidden(self) -> None:
        """Stop where the first visit would land nothing of a table that has rows."""
        if not self._database.is_empty(self.feed.table):
            return
        if why := self._hidden():
            raise Unreadable(
                f'table "{self.feed.table}" shows no row; {why}',
                "name the setting that its policies ask for under session in source.yaml, or let the account see all "
                "rows" + ("; a view that is empty in earnest: may_be_empty: true" if "it reads" in why else ""),
                place=("table",),
            )

    def _refuse_emptied(self) -> None:
        """Stop at a table that had rows and shows none, unless it may be empty and nothing hides its rows."""
        rows = max(self._before.landed, self._before.key_count)
        why = self._hidden()
        if self.feed.may_be_empty and not why:
            return
        raise Unreadable(
            f'table "{self.feed.table}" is suddenly empty ({rows:,} rows landed so far{"; " + why if why else ""})',
            "check the table and the permissions of the account (row-level security hides rows without an error); "
            f"{EMPTIED}",
            place=("table",),
        )


def _ahead(feed: LandedFeed, cursor: Cursor, until: datetime) -> list[Warned]:
    """Say which values of a cursor lie further ahead than a zone that was declared wrongly would put them."""
    latest = str(cursor.furthest)
    if latest[:10].replace("-", "") <= f"{until + timedelta(days=1):%Y%m%d}":
        return []
    rows = "1 row" if cursor.ahead == 1 else f"{cursor.ahead:,} rows"
    what = f'"{feed.cursor}" of {rows} lies in the future, up to {latest[:10]}'
    return [Warned(what, "mend it at the source; until then they are read again at each visit")]


class _Whole:
    """Hash of a whole table, whatever order its rows come in."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def noted(self, batch: Any) -> Any:
        """Take a batch in and give it on."""
        self.count += batch.num_rows
        for row in batch.to_pylist():
            self._sum = (self._sum + int(row_hash(row), 16)) % _MODULUS
        return batch

    @property
    def value(self) -> str:
        """The hash so far."""
        return f"{self.count}-{self._sum:016x}"


class _Ordered:
    """Hash of a list of keys that come in order."""

    def __init__(self) -> None:
        self.count = 0
        self.value = "2"  # lists from before missed rows were looked for are compared once more

    def noted(self, batch: Any) -> Any:
        """Take a range in and give it on."""
        self.count += batch.num_rows
        columns = [map(str, column.to_pylist()) for column in batch.columns]
        self.value = digest([self.value, *("\x1e".join(key) for key in zip(*columns, strict=True))])
        return batch
