"""Columns that a mapping needs and whose kind changed at the source since the last good load.

An integer that became a decimal and a day that became a moment are read as before. Anything else (a number that became
text, a date that became a number) would be refused row by row, or read as something else without a word; so it stops
the table. CSV files and web interfaces deliver text alone: nothing can be retyped there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from qmsreports.catalog.source import LandedFeed
from qmsreports.landing import landed_name
from qmsreports.sources.columns import UNKNOWN
from qmsreports.sources.feed import FeedState, Unreadable, needed

_NUMBERS = frozenset({"integer", "number"})
_DAYS = frozenset({"date", "timestamp"})
ENOUGH = 20
"""How many values, none of which is what it was, tell another kind from some dirt."""


class Retyped(Unreadable):
    """A needed column that is of another kind than before."""

    def __init__(self, column: str, what: str, todo: str, *, place: tuple[str | int, ...]) -> None:
        super().__init__(what, todo, place=place)
        self.column = column


def declared_kinds(feed: LandedFeed, declared: Mapping[str, str]) -> dict[str, str]:
    """Return the kinds a source declares for the columns that are needed, by landed name."""
    names = {landed_name(column) for _, column in needed(feed)}
    return {name: kind for name, kind in declared.items() if name in names and kind != UNKNOWN}


def refuse_retyped(feed: LandedFeed, before: FeedState, declared: Mapping[str, str]) -> None:
    """Stop at a needed column that is declared with another kind than at the last good load."""
    for problem in retyped(feed, before, declared):
        raise problem


def retyped(feed: LandedFeed, before: FeedState, declared: Mapping[str, str]) -> Iterator[Retyped]:
    """Yield each needed column that is declared with another kind than at the last good load.

    ``declared`` are the kinds of today, by landed name. Where the declaration of the source says the kind (``kinds``),
    the column is held to that; text takes anything.
    """
    said = {landed_name(column): (("kinds", column), kind) for column, kind in feed.kinds.items()}
    for place, column in needed(feed):
        name = landed_name(column)
        where, then = said.get(name, (place, before.declared.get(name) or _not_text(before.kinds.get(name))))
        now = declared.get(name, UNKNOWN)
        if name in said and then == "text":
            continue
        if UNKNOWN not in (then, now) and not _alike(then, now):
            yield _retyped(column, then, now, where)


class Values:
    """Watches columns of numbers and days while they are read, where any value may stand anywhere (SQLite, Excel)."""

    def __init__(self, feed: LandedFeed, before: FeedState) -> None:
        said = {landed_name(column) for column in (*feed.kinds, *feed.dates)}
        self._columns = {
            name: (place, column)
            for place, column in needed(feed)
            if before.kinds.get(name := landed_name(column)) in _NUMBERS | _DAYS and name not in said
        }
        self._then = before.kinds
        self._nulls = frozenset(feed.nulls)
        self._texts: Counter[str] = Counter()

    def noted(self, batch: Any) -> Any:
        """Take a batch in and give it on."""
        for name in list(self._columns):
            values = batch.column(name).drop_null()
            reads = is_number if self._then[name] in _NUMBERS else is_day
            known = [value for value in values.to_pylist() if value not in self._nulls] if _is_text(values) else []
            if len(values) and (not _is_text(values) or any(map(reads, known))):
                del self._columns[name]
            else:
                self._texts[name] += len(known)
        return batch

    def refuse_retyped(self) -> None:
        """Stop where enough values were read and not one of them is a number any more."""
        for name, (place, column) in self._columns.items():
            if self._texts[name] >= ENOUGH:
                raise _retyped(column, self._then[name], "text", place)


def _retyped(column: str, then: str, now: str, place: tuple[str | int, ...]) -> Retyped:
    return Retyped(
        column,
        f'column "{column}" was {then} and is {now} now',
        f"mend it at the source, or change the mappings and write kinds: {{{column}: {now}}} for this table",
        place=place,
    )


def _alike(then: str, now: str) -> bool:
    return then == now or any({then, now} <= family for family in (_NUMBERS, _DAYS))


def _not_text(kind: str | None) -> str:
    """Return a kind that was found from values; text says nothing, any odd value makes it."""
    return UNKNOWN if kind in (None, "text") else str(kind)


def _is_text(values: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(values.type))


def is_number(text: str) -> bool:
    """Whether a text reads as a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def is_day(text: str) -> bool:
    """Whether a text begins with a day as ISO 8601 writes it."""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True
