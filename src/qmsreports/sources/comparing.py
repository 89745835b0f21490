"""What a feed delivers now beside what its last load brought: columns that came, went or hold another kind of value.

Landing stops at what a mapping needs and no longer finds; ``source check`` tells it before, and tells all of it. CSV
files and web interfaces deliver text alone, so kinds are told from the values themselves, too: numbers, days, text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qmsreports import landing as zone
from qmsreports.catalog.source import LandedFeed
from qmsreports.sources.columns import as_text
from qmsreports.sources.feed import FeedState, drift, needed
from qmsreports.sources.retyped import ENOUGH, is_day, is_number, retyped

_ORIGIN = frozenset({"_file", "_line", zone.DOUBTFUL})
_COMPARED = 5_000  # rows of the last load that are looked into
_FEW = 3  # values that tell nothing of what a column holds


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was; ``outcome`` is ok | warning | failed, ``place`` the node to change."""

    outcome: str
    what: str
    todo: str = ""
    place: tuple[str | int, ...] = ()


def other_columns(before: FeedState, columns: Iterable[str]) -> Iterator[Difference]:
    """Yield which columns came and which went since the last load."""
    for said in drift(before, (name for name in columns if name not in _ORIGIN)):
        yield Difference("warning", said.what, "what the mappings need is told apart; the rest is theirs to use or not")


def other_kinds(
    feed: LandedFeed,
    before: FeedState,
    declared: Mapping[str, str],
    now: Mapping[str, Sequence[str | None]],
    then: Mapping[str, Sequence[str | None]],
) -> Iterator[Difference]:
    """Yield the needed columns that were of another kind at the last load.

    ``declared`` are the kinds that a database declares, ``now`` and ``then`` values by landed name: as read now, and as
    the last load brought them. ``failed`` is what landing would stop at, ``warning`` what a mapping may stumble over.

    >>> feed = LandedFeed(table="orders", key=("no",), needs=("pieces",))
    >>> was, is_ = {"pieces": ["5", "6", "7"]}, {"pieces": ["five", "six"]}
    >>> [one.what for one in other_kinds(feed, FeedState(), {}, is_, was)]
    ['column "pieces" held numbers at the last load and holds none now']
    """
    told = set()
    for problem in retyped(feed, before, declared):
        told.add(problem.column)
        yield Difference("failed", problem.what, problem.todo, problem.place)
    for place, column in needed(feed):
        name = zone.landed_name(column)
        if column in told or column in feed.kinds:
            continue
        told.add(column)
        found, known = _known(feed, now.get(name, ())), _known(feed, then.get(name, ()))
        held = _held(known) if len(known) >= _FEW else None
        if held is None or not found or any(map(_READS[held], found)):
            continue
        stops = before.kinds.get(name) not in (None, "text") and len(found) >= ENOUGH
        yield Difference(
            "failed" if stops else "warning",
            f'column "{column}" held {held} at the last load and holds none now',
            "mend it at the source, or change the mappings that read it",
            place,
        )


def last_values(landing: Path | str, source: str, feed: LandedFeed) -> dict[str, list[str | None]]:
    """Return values of the needed columns out of the newest load of a feed, empty where nothing was landed."""
    from qmsreports.lake import literal, open_duckdb, quoted

    files = zone.completed(landing, source, feed.table)
    newest = [file.path for file in files if file.load_id == files[-1].load_id]
    if not newest:
        return {}
    wanted = {zone.landed_name(column) for _, column in needed(feed)}
    with open_duckdb(str(landing)) as connection:
        read = f"read_parquet([{', '.join(map(literal, newest))}], union_by_name = true)"
        there = [str(row[0]) for row in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()]
        names = [name for name in there if name in wanted]
        if not names:
            return {}
        texts = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in names)
        rows = connection.execute(f"SELECT {texts} FROM {read} LIMIT {_COMPARED}").fetchall()
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def values_of(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> dict[str, list[str | None]]:
    """Return the values of rows by column, as texts."""
    found: dict[str, list[str | None]] = {name: [] for name in columns}
    for row in rows:
        for name, value in zip(columns, row, strict=False):
            found[name].append(as_text(value))
    return found


def _known(feed: LandedFeed, values: Sequence[str | None]) -> list[str]:
    return [value for value in values if value is not None and value.strip() and value.strip() not in feed.nulls]


def _held(known: Sequence[str]) -> str | None:
    return next((kind for kind, reads in _READS.items() if all(map(reads, known))), None)


_READS = {"numbers": is_number, "days": is_day}
