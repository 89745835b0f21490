"""Whether the rows of the register are those that the program wrote: tables against the digests of the audit log.

What is said of a row names its table and key: changed, removed, or added by another hand. The audit log itself is
compared by :func:`qmsreports.register.journal.verify`; only together do the two prove something.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, inspect, select
from sqlalchemy.orm import Session

from qmsreports.errors import Finding
from qmsreports.register.models import JournalEntry, RowDigests
from qmsreports.register.row_digests import BYTES, Key, all_rows, column_names, digest, spans_of
from qmsreports.register.written import ACTION, TAKEN_OVER, covered_tables, sealed

_CHANGED = "changed after it was written", "changed after they were written"
_REMOVED = "removed", "removed"
_ADDED = "not written by qmsreports", "not written by qmsreports"
_REMEDY = "somebody wrote into the database: compare with a backup"
_NAMED, _SHORT = 12, 20

Known = Mapping[Key, tuple[bytes, tuple[str, ...]]]
"""Of every row its newest digest and the columns that it covers, by key."""


def compare(session: Session) -> Iterator[Finding]:
    """Yield a finding per table and kind of intrusion, which names the rows; none where all is as it was written."""
    if not inspect(session.connection()).has_table(RowDigests.__tablename__):
        return
    entries = session.scalars(select(JournalEntry).where(JournalEntry.action == ACTION).order_by(JournalEntry.id)).all()
    again = max((place for place, entry in enumerate(entries) if entry.subject == TAKEN_OVER), default=0)
    if again:  # what was digested before went with the schema that was set back
        what = "took over what was on record anew: the schema had been set back"
        yield Finding(
            f"journal entry {entries[again].id}", what, "an edit of before is not found: compare with a backup"
        )
    known: dict[str, dict[Key, tuple[bytes, tuple[str, ...]]]] = {}
    yield from _digests(session, entries[again:], known)
    for table in covered_tables():
        yield from _table(session, table, known.get(table.name, {}))


def changed_rows(session: Session, tables: Collection[str]) -> Iterator[Finding]:
    """Yield what :func:`compare` says of these tables; whether the digests are those of the log is not looked at."""
    for table in covered_tables():
        if table.name in tables:
            yield from _table(session, table, _newest(session, table))


def _table(session: Session, table: Table, known: Known) -> Iterator[Finding]:
    left = dict(known)
    columns = column_names(table)
    places: dict[tuple[str, ...], list[int] | None] = {columns: None}
    changed, added = [], []
    for key, values in all_rows(session, table, columns):
        expected = left.pop(key, None)
        if expected is None:
            added.append(key)
            continue
        written, covers = expected
        if covers not in places:  # a column came later
            places[covers] = [columns.index(name) for name in covers if name in columns]
        chosen = places[covers]
        if digest(values if chosen is None else [values[place] for place in chosen]) != written:
            changed.append(key)
    for keys, said in ((changed, _CHANGED), (list(left), _REMOVED), (added, _ADDED)):
        if keys:
            rows, verb = ("row", "was") if len(keys) == 1 else ("rows", "were")
            yield Finding(f"{table.name} {rows} {_names(keys)}", f"{verb} {said[len(keys) > 1]}", _REMEDY)


def _names(keys: Sequence[Key]) -> str:
    """Return the keys in words: ``1-100, 117``, ``r1``, ``crm order_lines 17``; of many the first and how many more."""
    keys = sorted(keys)
    if all(len(key) == 1 and isinstance(key[0], int) for key in keys):
        names = [
            str(first) if first == last else f"{first}-{last}" for first, last in spans_of([key[0] for key in keys])
        ]
    else:
        names = [" ".join(map(str, key)) for key in keys]
    shown = _NAMED if len(names[0]) < _SHORT else _NAMED // 4
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _digests(
    session: Session, entries: Sequence[JournalEntry], known: dict[str, dict[Key, tuple[bytes, tuple[str, ...]]]]
) -> Iterator[Finding]:
    """Collect the newest digest of every row; yield digests that are not those the audit log has."""
    logged = {(entry.id, table): said.get("sha256") for entry in entries for table, said in dict(entry.detail).items()}
    unknown: list[Key] = []
    for row in session.scalars(select(RowDigests).order_by(RowDigests.entry)):
        where, of = f"row_digests row {row.id}", (row.entry, row.table_name)
        if of not in logged:
            unknown.append((row.id,))
        elif logged.pop(of) != sealed(row.columns, row.keys, row.digests):
            yield Finding(where, f"was {_CHANGED[0]}", _REMEDY)
        known.setdefault(row.table_name, {}).update(_single(row))
    if unknown:
        what = "journal has no entry of them: it was removed, or they were not written by qmsreports"
        yield Finding(f"row_digests {'row' if len(unknown) == 1 else 'rows'} {_names(unknown)}", what, _REMEDY)
    for entry, table in logged:
        yield Finding("row_digests", f"of journal entry {entry}, table {table}, were removed", _REMEDY)


def _newest(session: Session, table: Table) -> Known:
    found: dict[Key, tuple[bytes, tuple[str, ...]]] = {}
    query = select(RowDigests).where(RowDigests.table_name == table.name).order_by(RowDigests.entry)
    for row in session.scalars(query):
        found.update(_single(row))
    return found


def _single(row: RowDigests) -> Iterator[tuple[Key, tuple[bytes, tuple[str, ...]]]]:
    columns = tuple(row.columns)
    for start, key in zip(range(0, len(row.digests), BYTES), _keys(row.keys), strict=False):
        yield key, (row.digests[start : start + BYTES], columns)


def _keys(written: Sequence[Any]) -> Iterator[Key]:
    for one in written:
        if not isinstance(one, list):  # somebody wrote into it, which is said already
            continue
        if len(one) == 2 and all(isinstance(part, int) for part in one):
            yield from ((number,) for number in range(one[0], one[1] + 1))
        else:
            yield tuple(one)
