"""A landed table as one mapping sees it: its files, its lists of keys, and which of both are new."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from qmsreports.catalog.source import LandedFeed, Source
from qmsreports.errors import Finding, UserError
from qmsreports.lake import quoted
from qmsreports.landing import KEYS, completed, landed_name
from qmsreports.records import LandedFile


@dataclass(frozen=True, slots=True)
class Feed:
    """A landed table as one mapping sees it. ``new`` are the loads that the canonical table does not hold yet."""

    declared: LandedFeed
    files: tuple[LandedFile, ...]
    keys: tuple[LandedFile, ...]  # lists of all keys at the source, by load; none where deletions are not looked for
    new: frozenset[str]
    new_keys: frozenset[str]

    @property
    def name(self) -> str:
        """Name of the landed table."""
        return self.declared.table

    @property
    def all_new(self) -> bool:
        """Whether nothing of this table was conformed before."""
        return all(file.load_id in self.new for file in self.files)

    @property
    def keyless(self) -> str:
        """SQL condition that a row lacks a part of its key."""
        return "(" + " OR ".join(f"{quoted(name)} IS NULL" for name in self.declared.key) + ")"

    @property
    def unchanged(self) -> bool:
        """Whether nothing was landed since."""
        return not self.new and not self.new_keys


def read_feed(
    source: Source, table: str, landing: str | Path, done: frozenset[str], mark: str
) -> tuple[Feed, list[str]]:
    """Return a landed table and the ids, as ``done`` holds them, of its loads that are new.

    An id is ``<landed table>/<load>@<mark>``. ``mark`` is the fingerprint of the mapping, so that editing a mapping
    makes every load new again and the whole table is conformed once more.
    """
    declared = source.feed(table)
    if declared is None:
        raise UserError(
            Finding(f"source {source.source}", f"{table} is mapped but not landed", "declare it under tables")
        )
    declared = declared.model_copy(  # landed under plain names, whatever the source calls its columns
        update={
            "key": tuple(landed_name(name) for name in declared.key),
            "needs": tuple(landed_name(name) for name in declared.needs),
            "dates": {landed_name(name): form for name, form in declared.dates.items()},
            "cursor": landed_name(declared.ordered_by) if declared.ordered_by else None,
        }
    )
    files = completed(landing, source.source, table)
    keys = completed(landing, source.source, table + KEYS) if declared.deletions == "keys" else ()
    new = {file.load_id for file in files if f"{table}/{file.load_id}@{mark}" not in done}
    new_keys = {file.load_id for file in keys if f"{table}{KEYS}/{file.load_id}@{mark}" not in done}
    ids = [f"{table}/{load}@{mark}" for load in sorted(new, key=float)]
    ids += [f"{table}{KEYS}/{load}@{mark}" for load in sorted(new_keys, key=float)]
    return Feed(declared, files, keys, frozenset(new), frozenset(new_keys)), ids


def lost_loads(feeds: Iterable[Feed], done: Collection[str]) -> list[str]:
    """Return the ids of the newest loads that were conformed and are not in the landing zone any more.

    So it is after an older copy of the landing zone was put back: the source is read anew from where that copy ends,
    and a row that came and went since then is named by nothing there. Older loads that somebody removed are not meant.
    """
    there = {
        f"{feed.name}{suffix}/{file.load_id}"
        for feed in feeds
        for suffix, files in (("", feed.files), (KEYS, feed.keys))
        for file in files
    }
    gone = [one for one in done if one.partition("@")[0] not in there]
    kept = [one for one in done if one.partition("@")[0] in there]
    if gone and kept and min(map(_number, gone)) > max(map(_number, kept)):
        return sorted(gone, key=_number)
    return []


def _number(load_id: str) -> float:
    return float(load_id.partition("@")[0].rpartition("/")[2])
