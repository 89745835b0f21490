"""What a visit knows about one feed, what it reads of it, and how it says that a feed cannot be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Protocol

from qmsreports.catalog.source import LandedFeed
from qmsreports.errors import did_you_mean
from qmsreports.landing import landed_name


class Unreadable(Exception):  # noqa: N818 - reads as what happened
    """A feed cannot be read. ``place`` is the node of its declaration to change, ``where`` a place in a file.

    ``what`` and ``todo`` become a Finding; they never hold a connection URL. ``shared`` tells that other feeds of the
    source meet the same obstacle, so that it is said once and not once for each. ``columns`` are those that were found
    where a needed one was not.
    """

    columns: tuple[str, ...] = ()

    def __init__(
        self, what: str, todo: str = "", *, place: tuple[str | int, ...] = (), where: str = "", shared: bool = False
    ) -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo
        self.place = place
        self.where = where
        self.shared = shared


@dataclass(frozen=True, slots=True)
class FileMark:
    """A file as it was seen: size in bytes, time of change, hash of its content, and the rows in it."""

    size: int
    changed: float
    content: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class FeedState:
    """What one visit leaves to the next; empty before the first one.

    ``landed`` is the number of rows landed so far over all loads. ``kinds`` are the column kinds of sources that keep
    no types, ``declared`` those a database declares for the columns that mappings need. ``cursor`` is the highest
    comparable cursor value and ``seen`` holds the hashes of the rows at that boundary and of all rows whose cursor
    cannot be compared. ``content`` is the hash of a whole table read without a cursor. ``files`` are the files present,
    ``contents`` the hashes of file contents landed earlier. ``keys`` is the hash of the key list, ``key_count`` its
    length and ``keys_at`` when it was compared last, in ISO form where that is scheduled. ``reading`` is how files were
    declared to be read.
    """

    columns: tuple[str, ...] = ()
    landed: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    cursor: Mapping[str, Any] | None = None
    seen: tuple[str, ...] = ()
    content: str = ""
    files: Mapping[str, FileMark] = field(default_factory=dict)
    contents: tuple[str, ...] = ()
    keys: str = ""
    key_count: int = 0
    keys_at: str = ""
    reading: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the fields that hold something."""
        values = asdict(self) | {"files": {name: list(astuple(mark)) for name, mark in self.files.items()}}
        return {name: value for name, value in values.items() if value not in (None, "", 0, (), {})}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> FeedState:
        """Rebuild; fields that this version does not know are passed over."""
        known = {entry.name for entry in fields(cls)}
        values = {name: value for name, value in (stored or {}).items() if name in known}
        for name in ("columns", "seen", "contents"):
            values[name] = tuple(values.get(name, ()))
        values["files"] = {name: FileMark(*mark) for name, mark in values.get("files", {}).items()}
        return cls(**values)


class Reading(Protocol):
    """One feed, looked at: whether it has something new, and the way to read it.

    ``parts`` yields (landed table, Arrow table with landed column names) and may be called again, which reads again
    from the same state; ``state`` is what to go on from, ``warnings`` are sentences about what was seen on the way, and
    both are final when ``parts`` is exhausted. ``fresh`` is whether there is anything to land or to note down.
    """

    feed: LandedFeed
    warnings: list[Warned]

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield the rows to land."""

    @property
    def fresh(self) -> bool:
        """Whether there is anything to land or to note down."""

    @property
    def state(self) -> FeedState:
        """What the next visit goes on from."""


@dataclass(frozen=True, slots=True)
class Warned:
    """Something worth saying that stops nothing."""

    what: str
    todo: str = ""
    where: str = ""


def columns_of(feed: LandedFeed, found: Iterable[str], *, where: str = "") -> dict[str, str]:
    """Return {name as landed: name at the source}; :class:`Unreadable` when a declared column is not among them.

    Declared and found names are compared as landed, so either spelling may be written in the declaration.
    """
    names: dict[str, str] = {}
    for column in found:
        landed = landed_name(column)
        if landed in names:
            raise Unreadable(
                f'columns "{names[landed]}" and "{column}" would both be landed as "{landed}"',
                "rename one at the source",
                where=where,
            )
        names[landed] = column
    missing = [(place, column) for place, column in needed(feed) if landed_name(column) not in names]
    if missing:
        raise _missing(feed, missing, names, where)
    return names


def _missing(
    feed: LandedFeed, missing: Sequence[tuple[tuple[str | int, ...], str]], names: Mapping[str, str], where: str
) -> Unreadable:
    """Return what to say of needed columns that are not there: of the first one in full, the others by name.

    A column that is declared and there is not what another one was renamed to.
    """
    place, column = missing[0]
    roles = {"cursor": "cursor column", "key": "key column", "dates": "date column"}
    others = [other for other in dict.fromkeys(name for _, name in missing) if other != column]
    also = f"; nor {', '.join(f'{chr(34)}{other}{chr(34)}' for other in others)}" if others else ""
    declared = {landed_name(name) for _, name in needed(feed)}
    free = {name for name in names if name not in declared}
    near = did_you_mean(landed_name(column), free)
    if not near.startswith("did"):
        near = did_you_mean("", names)  # all that is there
    problem = Unreadable(
        f'there is no {roles.get(str(place[0]), "column")} "{column}"; {near}{also}',
        # a file is named by its own header, and it is the declaration that may be changed
        f"mend it at the source, or change {'source.yaml' if where else 'this line'} and the mappings",
        place=place,
        where=where,
    )
    problem.columns = tuple(names)
    return problem


def needed(feed: LandedFeed) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each column that a declaration names, with the node that names it."""
    if feed.cursor is not None:
        yield ("cursor",), feed.cursor
    if feed.cursor_else is not None:
        yield ("cursor_else",), feed.cursor_else
    for index, column in enumerate(feed.key):
        yield ("key", index), column
    for index, column in enumerate(feed.needs):
        yield ("needs", index), column
    for column in feed.dates:
        yield ("dates", column), column


def drift(before: FeedState, columns: Iterable[str]) -> list[Warned]:
    """Return a warning when columns came or went since the last visit; columns that mappings need never get here."""
    now, then = set(columns), set(before.columns)
    if not then or now == then:
        return []
    came, went = sorted(now - then), sorted(then - now)
    parts = [f"new: {', '.join(came)}"] if came else []
    parts += [f"gone: {', '.join(went)}"] if went else []
    return [Warned(f"other columns than before ({'; '.join(parts)})", "the mappings do not use them")]


def keys_due(feed: LandedFeed, before: FeedState, at: datetime | None) -> bool:
    """Whether keys are to be compared in a visit begun ``at``: where that is declared, at each or when it is time."""
    if feed.deletions != "keys":
        return False
    if not (feed.keys_every_hours and before.keys_at and at):
        return True
    return at - datetime.fromisoformat(before.keys_at) >= timedelta(hours=feed.keys_every_hours)


EMPTIED = "may_be_empty: true in source.yaml if it was emptied in earnest"
"""What else to do about a table that had rows and shows none."""


def digest(parts: Iterable[str]) -> str:
    """Return 16 hex digits that stand for these texts."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def row_hash(row: Mapping[str, Any]) -> str:
    """Return 16 hex digits that stand for a row; empty values and the order of columns do not matter."""
    return digest(f"{name}={row[name]}" for name in sorted(row) if row[name] is not None)
