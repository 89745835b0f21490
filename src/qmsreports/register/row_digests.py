"""SHA-256 of single rows as they lie in the database, the same on SQLite and on PostgreSQL.

A row counts as the JSON array of its columns in the order of the model: floats as their shortest text, instants in UTC
to the microsecond, JSON with sorted keys. The values are read raw, for a digest of what the types make of them would
cost three times as much: 20,000 results are digested in a quarter of a second.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Select,
    String,
    Table,
    Text,
    and_,
    cast,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

Key = tuple[Any, ...]
"""Values of the primary key of a row."""

BYTES = 32
"""Length of one digest."""

_AT_ONCE = 200
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def column_names(table: Table) -> tuple[str, ...]:
    """Return the columns that a digest covers: all that the model has."""
    return tuple(column.name for column in table.columns)


def all_rows(session: Session, table: Table, columns: Sequence[str]) -> Iterator[tuple[Key, list[Any]]]:
    """Yield key and canonical values of every row; values in the order of ``columns``."""
    yield from _read(session, table, columns, _raw(session, table, columns))


def rows_of(
    session: Session, table: Table, keys: Sequence[Key], columns: Sequence[str]
) -> Iterator[tuple[Key, list[Any]]]:
    """Yield key and canonical values of the rows with these keys; values in the order of ``columns``."""
    query, primary = _raw(session, table, columns), list(table.primary_key)
    if len(primary) == 1:
        spans = spans_of([key[0] for key in keys]) if all(isinstance(key[0], int) for key in keys) else None
        if spans is not None and len(spans) * 20 < len(keys):
            for first, last in spans:
                yield from _read(session, table, columns, query.where(primary[0].between(first, last)))
            return
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        if len(primary) == 1:
            wanted: ColumnElement[bool] = primary[0].in_([key[0] for key in some])
        else:
            wanted = or_(
                *(and_(*(column == value for column, value in zip(primary, key, strict=True))) for key in some)
            )
        yield from _read(session, table, columns, query.where(wanted))


def digest(values: Sequence[Any]) -> bytes:
    """Return the SHA-256 of canonical values: 32 bytes."""
    return hashlib.sha256(_encode(values).encode()).digest()


def spans_of(numbers: Sequence[int]) -> list[list[int]]:
    """Return ascending numbers as first and last of each unbroken run: ``[1, 2, 3, 7]`` as ``[[1, 3], [7, 7]]``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return spans


def _raw(session: Session, table: Table, columns: Sequence[str]) -> Select[Any]:
    """Select columns as the driver gives them; JSON as text on either database."""
    server = session.get_bind().dialect.name == "postgresql"
    chosen: list[ColumnElement[Any]] = [
        cast(column, Text) if server and isinstance(column.type, JSON) else type_coerce(column, String)
        for column in (table.columns[name] for name in columns)
    ]
    return select(*chosen)


def _read(
    session: Session, table: Table, columns: Sequence[str], query: Select[Any]
) -> Iterator[tuple[Key, list[Any]]]:
    server = session.get_bind().dialect.name == "postgresql"
    mend = [
        (place, turn)
        for place, name in enumerate(columns)
        if (turn := _canonical(table.columns[name].type, server=server)) is not None
    ]
    key = [columns.index(column.name) for column in table.primary_key]
    for some in session.connection().execute(query).partitions(_ROWS_AT_ONCE):
        for row in some:
            values = list(row)
            for place, turn in mend:
                if values[place] is not None:
                    values[place] = turn(values[place])
            yield tuple([values[place] for place in key]), values


def _canonical(kind: Any, *, server: bool) -> Callable[[Any], Any] | None:
    """Return what makes a raw value the same on every database; ``None`` where it is so already.

    SQLite has no type for days, instants (which stand there in UTC) and truth: what it holds is the canonical form.
    """
    kind = kind.impl if isinstance(kind, TypeDecorator) else kind
    if isinstance(kind, JSON):
        return _json
    if not server:
        return None
    if isinstance(kind, DateTime):
        return _instant
    if isinstance(kind, Date):
        return str
    return int if isinstance(kind, Boolean) else None


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _json(text: str) -> str:
    return _sorted(text) if len(text) <= _KEPT else _sorted.__wrapped__(text)


@lru_cache(maxsize=4096)  # slices and table versions repeat on thousands of rows
def _sorted(text: str) -> str:
    try:
        return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    except ValueError:  # no JSON any more: somebody wrote into it
        return text


_KEPT = 1000
_ROWS_AT_ONCE = 2000
