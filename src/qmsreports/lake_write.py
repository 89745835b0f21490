"""One Parquet file of a canonical table, written by DuckDB, and its entry in the Delta log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

if TYPE_CHECKING:
    from deltalake.transaction import AddAction
    from duckdb import DuckDBPyConnection

_READ = {
    "date": re.compile(r"(\d{4}-\d\d-\d\d)()"),
    "instant": re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)\+00"),
    "integer": re.compile(r"(-?\d+)()"),
}
"""How DuckDB writes the ends of a column; years before the first or after 9999 look otherwise and are left out."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file of one month that no commit names yet."""

    table: str
    month: str
    name: str
    size: int
    said: Mapping[str, Any]

    @property
    def path(self) -> str:
        """Where it lies below its table."""
        return f"_month={self.month}/{self.name}"

    def action(self) -> AddAction:
        """Return the entry for the log, with what readers leave files aside by."""
        from deltalake.transaction import AddAction

        return AddAction(
            path=self.path,
            size=self.size,
            partition_values={"_month": self.month},
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=json.dumps(self.said),
        )

    def remove(self) -> None:
        """Remove it; what cannot be removed takes room and nothing else."""
        place = f"{self.table}/{self.path}"
        with suppress(OSError):
            if _is_local(place):
                Path(_local(place)).unlink()
            else:
                import fsspec

                filesystem, found = fsspec.core.url_to_fs(place)
                filesystem.rm_file(found)


def write_file(
    connection: DuckDBPyConnection, rows: str, table: str, month: str, kinds: Mapping[str, str]
) -> NewFile | None:
    """Write the rows of a SELECT (without ``_month``) as the file of one month; ``None`` where there are none.

    ``table`` is the folder or address of the table, ``kinds`` the declared types of its columns. What a failure leaves
    of the file is removed.
    """
    new = NewFile(table, month, f"part-{uuid4().hex}.parquet", 0, {})
    target = f"{table}/{new.path}"
    if _is_local(target):
        target = _local(target)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    quoted = "'" + target.replace("'", "''") + "'"
    try:
        found = connection.execute(f"COPY ({rows}) TO {quoted} (FORMAT parquet, RETURN_STATS)").fetchone()
    except BaseException:
        new.remove()
        raise
    assert found is not None
    _, count, size, _, columns, *_ = found
    if not count:
        new.remove()
        return None
    bare = {str(name)[1:-1].replace('""', '"'): of for name, of in columns.items()}
    return replace(new, size=int(size), said=statistics_of(int(count), bare, kinds))


def statistics_of(rows: int, columns: Mapping[str, Mapping[str, str]], kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return what the Delta log says of a file: rows, empty values, smallest and largest date, instant and integer.

    Only what DuckDB says is exact. Texts are left out: nothing is looked up by them, and the log need not repeat names.

    >>> ends = {"min": "2026-10-05", "min_is_exact": "true", "max": "2026-10-06", "max_is_exact": "true"}
    >>> statistics_of(2, {"due_on": {"null_count": "1"} | ends}, {"due_on": "date"})["maxValues"]
    {'due_on': '2026-10-06'}
    """
    ends: dict[str, dict[str, Any]] = {"min": {}, "max": {}}
    for name, said in columns.items():
        least, most = (_value(said, end, kinds.get(name, "")) for end in ends)
        if least is not None and most is not None:
            ends["min"][name], ends["max"][name] = least, most
    empty = {name: int(said["null_count"]) for name, said in columns.items() if "null_count" in said}
    return {"numRecords": rows, "minValues": ends["min"], "maxValues": ends["max"], "nullCount": empty}


def _value(said: Mapping[str, str], end: str, kind: str) -> str | int | None:
    if kind not in _READ or said.get(f"{end}_is_exact") != "true":
        return None
    found = _READ[kind].fullmatch(said.get(end, ""))
    if found is None:
        return None
    if kind == "integer":
        return int(found[1])
    return f"{found[1]}T{found[2]}Z" if kind == "instant" else found[1]


def _is_local(place: str) -> bool:
    return "://" not in place or place.startswith("file://")


def _local(place: str) -> str:
    return unquote(place.removeprefix("file://")) if place.startswith("file://") else place
