"""The landing zone: what sources delivered, as received, and which of it counts.

::

    <landing>/<source>/<table>/<load id>.<file id>.parquet    rows as received; one load may bring several files
    <landing>/<source>/_visits/<load id>.<file id>.parquet    what the visit knew at its end: rows, columns, cursors
    <landing>/<source>/_dlt_loads/<source>__<load id>.jsonl   the completion record, written last

Append-only. A load counts once its completion record exists and is whole; everything else is the work of a visit that
was interrupted and is ignored. Load ids are seconds since 1970 with decimals; loads are ordered by that number.

What readers may rely on:

- Names of tables and columns are those of :func:`landed_name`; every file of a table carries its own columns and types.
  A column keeps its type until a value arrives that does not fit; from then on it is text, or a wider number. Read
  several files with ``read_parquet([...], union_by_name=true)``: DuckDB then takes the type that holds all of them.
  A mapping that calculates with a column therefore writes ``try_cast(quantity as double)``.
- Rows of files carry ``_file`` (name of the file) and ``_line`` (line or sheet row, counted from 1), and where the
  decimal sign is a comma ``_doubtful``: names of the cells like 12.500, which are 12500 or 12.5.
- ``<table>__keys`` holds, per load, all keys the source had when that load ended. A landed row whose key is absent from
  the newest list was deleted at the source, unless the row itself was landed by a later load than the list.
- A table that was empty at its first visit is landed once with no rows, so that its columns are known.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.records import LandedFile

VISITS = "_visits"
"""Table that each load brings along: one row per landed table, with what the next visit must know."""

KEYS = "__keys"
"""Suffix of the table with all keys of a table."""

DOUBTFUL = "_doubtful"
"""Column of a CSV file's rows: names, with blanks between, of the cells that read as a number in two ways."""

_RECORDS = "_dlt_loads"
_SCHEMAS = "_dlt_version"
_LOAD_ID = re.compile(r"[0-9]+(\.[0-9]+)?")
_WORD_BREAK = re.compile(r"([^_\W])([A-Z][a-z]+)")
_CASE_BREAK = re.compile(r"([a-z0-9])([A-Z])")


@dataclass(frozen=True, slots=True)
class Load:
    """One completed load; ``at`` is when it was completed."""

    load_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LandedRows:
    """The newest load that brought rows of a landed table, and how many."""

    table: str
    load: Load
    rows: int


@dataclass(frozen=True, slots=True)
class Visit:
    """What a load noted about itself: rows per landed table, and per feed the state from which the next visit goes on.

    ``after`` is the load before it, empty for the first.
    """

    load: Load
    after: str
    rows: Mapping[str, int]
    states: Mapping[str, Mapping[str, Any]]


def landed_name(name: str) -> str:
    """Return the name under which a table or column is landed: lower snake case of plain letters and digits.

    >>> [landed_name(name) for name in ("Cost EUR", "writeDate", "Größe (mm)", "2nd reply", "_file")]
    ['cost_eur', 'write_date', 'groesse_mm', '_2nd_reply', '_file']
    """
    lead = "_" if name.startswith("_") else ""
    for letter, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue"), ("ß", "ss")):
        name = name.replace(letter, letters)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _CASE_BREAK.sub(r"\1_\2", _WORD_BREAK.sub(r"\1_\2", plain)).lower()
    plain = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", plain)).strip("_")
    return ("_" if plain[:1].isdigit() else lead) + plain


def completed(landing: str | Path, source: str, landed_table: str) -> tuple[LandedFile, ...]:
    """Return the Parquet files of a landed table, ordered by load; only those of completed loads.

    Paths are absolute for a local landing zone and URLs otherwise. Empty when nothing was ever landed.
    """
    place = _Place(landing, source)
    known = {load.load_id for load in _loads(place)}
    base = landed_table.removesuffix(KEYS)  # the suffix itself is not a name to be tidied
    folder = landed_name(base) + landed_table[len(base) :]
    found = [(load_id, path) for load_id, path in place.files(folder) if load_id in known]
    found.sort(key=lambda entry: (float(entry[0]), entry[1]))
    return tuple(LandedFile(load_id, place.printed(path)) for load_id, path in found)


def loads(landing: str | Path, source: str) -> tuple[Load, ...]:
    """Return the completed loads of a source, oldest first."""
    return _loads(_Place(landing, source))


def latest_loads(landing: str | Path, source: str) -> dict[str, LandedRows]:
    """Return, per landed table, the newest load that brought rows of it: how fresh each table is."""
    found: dict[str, LandedRows] = {}
    for visit in _visits(_Place(landing, source), states=False):
        for table, rows in visit.rows.items():
            if rows and table not in found:
                found[table] = LandedRows(table, visit.load, rows)
    return found


def last_visit(landing: str | Path, source: str) -> Visit | None:
    """Return what the newest completed load noted, ``None`` when there is none to go on from.

    A load whose predecessor is gone (somebody emptied the landing zone while a visit was under way) is no ground to go
    on from: the next visit must read everything again.
    """
    place = _Place(landing, source)
    known = {load.load_id for load in _loads(place)}
    visit = next(_visits(place), None)
    if visit is None or (visit.after and visit.after not in known):
        return None
    return visit


def visit_of(landing: str | Path, source: str, load_id: str) -> Visit | None:
    """Return what one completed load noted about itself."""
    return next(
        (visit for visit in _visits(_Place(landing, source), states=False) if visit.load.load_id == load_id), None
    )


def remove_unfinished(landing: str | Path, source: str) -> int:
    """Remove what loads that never came to their end left behind, and return how many files; the visit holds the lock.

    No reader of ours sees such files, but they take the room that was missing when the disk was full, and whoever looks
    at the landing zone with a tool of their own would trip over a file that is cut short.
    """
    place = _Place(landing, source)
    try:
        folders = [str(entry["name"]) for entry in place.fs.ls(place.folder, detail=True) if entry["type"] != "file"]
    except OSError:  # there is nothing yet, or nothing that we may see: the next visit says so itself
        return 0
    whole = {load.load_id for load in _loads(place)}
    left = [
        path
        for folder in folders
        for load_id, path in place.files(folder.rstrip("/").rsplit("/", 1)[-1])
        if load_id not in whole
    ]
    for path in left:
        with suppress(OSError):
            place.fs.rm_file(path)
    return len(left)


def remove_cut_short(landing: str | Path, source: str) -> int:
    """Remove dlt's records of its schema that a kill left empty or half written, and return how many.

    dlt reads the newest of them before every load and breaks on one that is no JSON, this time and each time after; one
    that is missing it writes again. They hold no row, and no reader of ours looks at them.
    """
    place = _Place(landing, source)
    broken = [str(entry["name"]) for entry in place.list(_SCHEMAS) if not _is_json(place.fs.cat_file(entry["name"]))]
    for path in broken:
        with suppress(OSError):
            place.fs.rm_file(path)
    return len(broken)


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True


class _Place:
    """The folder of one source, local or behind any fsspec URL. Listings are never cached: other processes write."""

    def __init__(self, landing: str | Path, source: str) -> None:
        from fsspec.core import url_to_fs

        self.fs, root = url_to_fs(str(landing), use_listings_cache=False)
        self.local = "file" in (self.fs.protocol if isinstance(self.fs.protocol, tuple) else (self.fs.protocol,))
        self.folder = f"{root.rstrip('/')}/{source}"

    def list(self, table: str) -> list[dict[str, Any]]:
        """Entries of a table's folder; none where it does not exist."""
        try:
            return [entry for entry in self.fs.ls(f"{self.folder}/{table}", detail=True) if entry["type"] == "file"]
        except FileNotFoundError:
            return []
        except OSError as error:
            what = f"cannot be read ({error.strerror or type(error).__name__})"
            raise CouldNotRun(
                Finding(f"landing zone {self.folder}", what, "check QMSREPORTS_LANDING and permissions")
            ) from None

    def files(self, table: str) -> Iterator[tuple[str, str]]:
        """Load id and path of each Parquet file of a table."""
        for entry in self.list(table):
            name = str(entry["name"]).rsplit("/", 1)[-1]
            load_id, _, suffix = name.removesuffix(".parquet").rpartition(".")
            if name.endswith(".parquet") and suffix and _LOAD_ID.fullmatch(load_id):
                yield load_id, str(entry["name"])

    def printed(self, path: str) -> str:
        """Path as readers take it."""
        return str(Path(path).absolute()) if self.local else str(self.fs.unstrip_protocol(path))


def _loads(place: _Place) -> tuple[Load, ...]:
    found = []
    for entry in place.list(_RECORDS):
        stamp = next((entry[key] for key in ("mtime", "ETag", "LastModified", "created") if entry.get(key)), None)
        known = (place.fs.protocol, entry["name"], entry["size"], stamp)
        if known not in _records and (load := _record(place.fs.cat_file(entry["name"]))):
            _records[known] = load
        if known in _records:
            found.append(_records[known])
    return tuple(sorted(found, key=lambda load: float(load.load_id)))


_records: dict[Any, Load] = {}  # whole records never change, and every table asks for all of them


def _record(content: bytes) -> Load | None:
    """Read a completion record; ``None`` for one that is cut short, as a full disk or a kill leaves it behind."""
    try:
        record = json.loads(content)
        if record["status"] != 0 or not _LOAD_ID.fullmatch(record["load_id"]):
            return None
        return Load(record["load_id"], datetime.fromisoformat(record["inserted_at"]).astimezone(UTC))
    except (ValueError, KeyError, TypeError):
        return None


def _visits(place: _Place, *, states: bool = True) -> Iterator[Visit]:
    """Read the notes of the completed loads, newest first; a load without notes is passed over."""
    import pyarrow.parquet as pq

    notes = dict(place.files(VISITS))
    columns = ["landed", "rows", "after", *(["state"] if states else [])]
    for load in reversed(_loads(place)):
        if load.load_id not in notes:
            continue
        with place.fs.open(notes[load.load_id], "rb") as file:
            rows = pq.ParquetFile(file).read(columns=columns).to_pylist()  # read_table would import pandas
        yield Visit(
            load,
            after=rows[0]["after"] if rows else "",
            rows={row["landed"]: row["rows"] for row in rows},
            states={row["landed"]: json.loads(row["state"]) for row in rows if row.get("state")},
        )
