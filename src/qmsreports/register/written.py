"""What a transaction wrote is part of the audit log: its rows are digested before it commits.

Each write transaction of :class:`~qmsreports.register.store.Register` appends one entry ``write`` to the audit log. It
names for every table how many rows were written and the SHA-256 over their keys and digests; the digests themselves
stand in ``row_digests``. A row that changes its state (a run that ends, a pack that is approved, a row in quarantine
that is settled) is digested anew: its newest digest counts. ``register.untouched`` compares them with the tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, event, insert, inspect
from sqlalchemy.orm import Session

from qmsreports.register import journal
from qmsreports.register.models import Base, JournalEntry, RowDigests
from qmsreports.register.models.base import UtcInstant
from qmsreports.register.row_digests import Key, all_rows, column_names, digest, rows_of, spans_of

ACTION = "write"
"""Action of the entries of the audit log that cover rows."""

TAKEN_OVER = "everything on record"
"""Subject of the entry that covers what a register held before its rows were digested."""

_PROGRAM = "qmsreports"
_KEPT_IN = "qms_written"


def covered_tables() -> tuple[Table, ...]:
    """Return the tables whose rows are digested: all but the audit log, which is chained, and the digests."""
    own = {JournalEntry.__tablename__, RowDigests.__tablename__}
    return tuple(table for name, table in sorted(Base.metadata.tables.items()) if name not in own)


class Written:
    """The keys of the rows that one session writes, by table."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keys: dict[str, set[Key]] = {}
        session.info[_KEPT_IN] = self
        event.listen(session, "after_flush", self._flushed)

    def note(self, table: str, keys: Iterable[Key]) -> None:
        """Note rows that no unit of work knows, of an insert of many."""
        self._keys.setdefault(table, set()).update(keys)

    def _flushed(self, session: Session, _: object) -> None:
        changed = [row for row in session.dirty if session.is_modified(row)]
        for row in (*session.new, *changed):
            mapper = inspect(row).mapper
            self.note(mapper.local_table.name, [tuple(mapper.primary_key_from_instance(row))])

    def record(self) -> None:
        """Digest what was written and append the entry that covers it; nothing where nothing was written."""
        self._session.flush()
        rows = {table: sorted(self._keys[table.name]) for table in covered_tables() if self._keys.get(table.name)}
        if rows and inspect(self._session.connection()).has_table(RowDigests.__tablename__):
            cover(self._session, rows, subject=", ".join(table.name for table in rows))


def insert_many(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of a table numbered by ``id`` at once, and note which they are.

    Into the table itself, a twentieth of the time of one by one: by way of the model SQLAlchemy takes four times as
    long. What the session has still to write is written first, as it is then.
    """
    session.flush()
    table = Base.metadata.tables[model.__tablename__]
    numbers = session.scalars(insert(table).returning(table.c.id), rows).all()
    if (written := session.info.get(_KEPT_IN)) is not None:
        written.note(model.__tablename__, [(number,) for number in numbers])


def cover(
    session: Session,
    rows: Mapping[Table, Sequence[Key]],
    *,
    subject: str,
    columns: Callable[[Table], Sequence[str]] = column_names,
) -> None:
    """Digest these rows and append the entry of the audit log that covers them."""
    detail: dict[str, Any] = {}
    kept: list[dict[str, Any]] = []
    moments: set[str] = set()
    for table, wanted in rows.items():
        named = list(columns(table))
        instants = [place for place, name in enumerate(named) if isinstance(table.columns[name].type, UtcInstant)]
        found: dict[Key, bytes] = {}
        for key, values in rows_of(session, table, wanted, named):
            found[key] = digest(values)
            moments.update([values[place] for place in instants if values[place]])
        keys, digests = _written_keys(sorted(found)), b"".join(found[key] for key in sorted(found))
        kept.append({"table_name": table.name, "columns": named, "keys": keys, "digests": digests})
        detail[table.name] = {"rows": len(found), "sha256": sealed(named, keys, digests)}
    at = datetime.fromisoformat(max(moments, default="1970-01-01")).replace(tzinfo=UTC)  # of its rows: no clock here
    entry = journal.record(session, who=_PROGRAM, action=ACTION, subject=subject, detail=detail, at=at)
    session.add_all(RowDigests(entry=entry.id, **one) for one in kept)
    session.flush()


def sealed(columns: Sequence[str], keys: Sequence[Any], digests: bytes) -> str:
    """Return the SHA-256 that the audit log has of the digests of one table: over columns, keys and digests."""
    head = json.dumps([list(columns), list(keys)], separators=(",", ":"))
    return hashlib.sha256(head.encode() + digests).hexdigest()


def _written_keys(keys: Sequence[Key]) -> list[Any]:
    """Return ascending keys as they are stored: numbers as first and last of each run, others as they are."""
    if keys and all(len(key) == 1 and isinstance(key[0], int) for key in keys):
        return list(spans_of([key[0] for key in keys]))
    return [list(key) for key in keys]


def take_over(session: Session) -> None:
    """Cover everything that a register holds; for the migration that brought the digests.

    Tables and columns that later migrations bring are not there yet and are left out.
    """
    there = inspect(session.connection())
    held = {
        table: {column["name"] for column in there.get_columns(table.name)}
        for table in covered_tables()
        if there.has_table(table.name)
    }
    rows = {table: [key for key, _ in all_rows(session, table, table.primary_key.columns.keys())] for table in held}
    rows = {table: sorted(keys) for table, keys in rows.items() if keys}
    if rows:
        cover(
            session,
            rows,
            subject=TAKEN_OVER,
            columns=lambda table: [name for name in column_names(table) if name in held[table]],
        )
