"""Which files of a table can hold the rows that are asked for: by what the Delta log says of each file's columns.

The log holds the smallest and the largest value of every column and how many are empty, so whole files are left aside
without opening them, whatever column is asked for. The months of the partition would tell only of one column, and
rows that were closed late lie in the month in which they began. What the log does not say counts as "may be there".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

_ROUNDED = timedelta(milliseconds=1)  # some writers cut instants in the log to milliseconds


@dataclass(frozen=True, slots=True)
class Asked:
    """Rows whose date or instant ``column`` lies in ``[first, after)``, an end that is None being open.

    With ``empty`` rows without a value count as well.
    """

    column: str
    first: date | datetime | None = None
    after: date | datetime | None = None
    empty: bool = False


Within = Sequence[Sequence[Asked]]
"""A row is asked for when everything in one of these is true of it."""


def files_of(delta: DeltaTable) -> list[str]:
    """Return the Parquet files of a table as readers take them: local ones by their names, which the log escapes."""
    return [uri if "://" in uri and not uri.startswith("file:") else unquote(uri) for uri in delta.file_uris()]


def told_by(delta: DeltaTable) -> pa.Table:
    """Return what the log of a version says of its files: a row each, ``path``, ``num_records``, ``min.opened_at``."""
    import pyarrow as pa

    return pa.RecordBatchReader.from_stream(delta.get_add_actions(flatten=True)).read_all()  # pa.table imports pandas


def files_within(delta: DeltaTable, told: pa.Table, within: Within) -> list[str]:
    """Return the table's files that may hold a row that is asked for."""
    uris = files_of(delta)
    columns = {entry.column for entries in within for entry in entries}
    known = _by_path(told, [f"{kind}.{name}" for name in columns for kind in ("null_count", "min", "max")])
    base = _base(delta)
    return [uri for uri in uris if may_hold(known.get(_below(uri, base), {}), within)]


def alike(delta: DeltaTable, told: pa.Table, uris: Iterable[str], columns: Iterable[str]) -> bool:
    """Tell whether each of these files has all of these columns, as far as the log says so.

    It counts the empty values of the columns that a file has and is silent of those that it has not. It may also be
    silent of columns that are there, such as all behind the 32nd: then nobody knows without opening the files.
    """
    wanted = [f"null_count.{name}" for name in columns]
    if all(name in told.column_names and not told[name].null_count for name in wanted):
        return True  # all files of the version have
    known, base = _by_path(told, wanted), _base(delta)
    return all(known.get(_below(uri, base), {}).get(name) is not None for uri in uris for name in wanted)


def least(told: pa.Table, columns: Iterable[str]) -> dict[str, date]:
    """Return the first day in each of these columns as the log says, where it says so; an instant by its UTC day."""
    found: dict[str, date] = {}
    for column in columns:
        name = f"min.{column}"
        known = [value for value in _values(told[name]) if value is not None] if name in told.column_names else []
        if known:
            first = min(known)
            found[column] = first.date() if isinstance(first, datetime) else first
    return found


def rows_by_month(told: pa.Table) -> dict[str, int]:
    """Return how many rows lie in each month of the partition, as the log says; the month of none is ``0000-00``."""
    found: dict[str, int] = {}
    counts = told["num_records"].to_pylist()
    months = (
        told["partition._month"].to_pylist() if "partition._month" in told.column_names else ["0000-00"] * len(counts)
    )
    for month, rows in zip(months, counts, strict=True):
        found[str(month)] = found.get(str(month), 0) + int(rows or 0)
    return found


def _by_path(told: pa.Table, columns: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what the log says of each file's rows and of these columns, as far as it has them."""
    wanted = ["path", "num_records", *columns]
    found = {name: _values(told[name]) for name in wanted if name in told.column_names}
    rows = (dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True))
    return {str(row["path"]): row for row in rows}


def _base(delta: DeltaTable) -> str:
    place = delta.table_uri.rstrip("/")
    return unquote(place.removeprefix("file://")) if place.startswith("file:") else place


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column of the log. Instants by their microseconds: told by pyarrow they cost an import of
    pandas, cast by it one of its functions, and both take longer than one changed month.
    """
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    per = {"s": 1_000_000, "ms": 1000, "us": 1}[column.type.unit]
    micros = [
        None if entry is None else entry * per
        for chunk in column.chunks
        for entry in chunk.view(pa.int64()).to_pylist()
    ]
    zone = UTC if column.type.tz else None
    start = datetime(1970, 1, 1, tzinfo=zone)
    return [None if entry is None else start + timedelta(microseconds=entry) for entry in micros]


def may_hold(file: Mapping[str, Any], within: Within) -> bool:
    """Tell whether a file may hold a row that is asked for, by its entry in the log (``min.delivered_on`` ...)."""
    return any(_all(file, entries) for entries in within)


def _all(file: Mapping[str, Any], entries: Iterable[Asked]) -> bool:
    return all(_one(file, entry) for entry in entries)


def _one(file: Mapping[str, Any], asked: Asked) -> bool:
    empty, rows = file.get(f"null_count.{asked.column}"), file.get("num_records")
    least, most = file.get(f"min.{asked.column}"), file.get(f"max.{asked.column}")
    if empty is None or rows is None:
        return True
    if asked.empty and empty:
        return True
    if empty == rows:
        return False
    if least is None or most is None:
        return True
    if isinstance(most, datetime):
        least, most = least - _ROUNDED, most + _ROUNDED
    return not ((asked.first is not None and most < asked.first) or (asked.after is not None and least >= asked.after))


def _below(uri: str, base: str) -> str:
    return uri.removeprefix("file://").removeprefix(base).lstrip("/")
