"""Writing what a system holds: SQLite databases, CSV files, a workbook. Same content, same bytes."""

from __future__ import annotations

import io
import re
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.object_]
_STILL = (2026, 11, 2, 6, 0, 0)  # no clock: the bytes of a workbook must not depend on when it was written


@dataclass(frozen=True, slots=True)
class TableRows:
    """A table as the source system holds it: its SQL column declarations and its rows, column by column."""

    name: str
    columns: tuple[str, ...]  # "so_no TEXT", in order; the first word is the name
    key: tuple[str, ...]
    values: Mapping[str, Sequence[Any]]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.split()[0] for column in self.columns)

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.values[self.names[0]])


def write_sqlite(path: Path, tables: Sequence[TableRows]) -> None:
    """Write a new database. Nothing else reads it yet, so journal and syncing are off."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE"):
            connection.execute(f"PRAGMA {pragma}")
        for table in tables:
            single = table.key[0] if len(table.key) == 1 else ""
            body = [f"{column} PRIMARY KEY" if column.split()[0] == single else column for column in table.columns]
            if not single:
                body.append(f"PRIMARY KEY ({', '.join(table.key)})")
            connection.execute(f"CREATE TABLE {table.name} ({', '.join(body)})")
            places = ", ".join("?" * len(table.columns))
            connection.execute("BEGIN")
            rows = zip(*(table.values[name] for name in table.names), strict=True)
            connection.executemany(f"INSERT INTO {table.name} VALUES ({places})", rows)
            connection.execute("COMMIT")


def dates(values: NDArray[np.datetime64]) -> Column:
    """Return ``YYYY-MM-DD`` texts, None where there is no date."""
    return _texts(np.datetime_as_string(values.astype("datetime64[D]")), np.isnat(values))


def instants(values: NDArray[np.datetime64]) -> Column:
    """Return ``YYYY-MM-DD HH:MM:SS`` texts, None where there is no instant."""
    texts = np.ascontiguousarray(np.datetime_as_string(values.astype("datetime64[s]"), unit="s"))
    if len(texts):
        width = texts.dtype.itemsize // 4
        if width > 10:  # all-NaT columns are shorter
            texts.view("U1").reshape(len(texts), width)[:, 10] = " "
    return _texts(texts, np.isnat(values))


def _texts(texts: NDArray[np.str_], missing: NDArray[np.bool_]) -> Column:
    result = texts.astype(object)
    result[missing] = None
    return result


def known(values: NDArray[Any], where: NDArray[np.bool_]) -> Column:
    """Return the values as Python objects, None where they are not known."""
    result = values.astype(object)
    result[~where] = None
    return result


def listed(values: Column | NDArray[Any], rows: NDArray[Any]) -> list[Any]:
    """Return the values of these rows as plain Python objects."""
    return list(values[rows].tolist())


def write_csv(path: Path, header: str, lines: Sequence[str]) -> None:
    """Write one export file as the line's software does: UTF-8, Windows line ends."""
    path.write_bytes("\r\n".join([header, *lines, ""]).encode())


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """Write sheets of rows (the first one is the header) as an Excel workbook with fixed dates inside."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for row in rows:
            sheet.append(list(row))
    book.properties.creator = "Quality management"
    raw = io.BytesIO()
    book.save(raw)
    stamp = b"%04d-%02d-%02dT%02d:%02d:%02dZ" % _STILL
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            entry = zipfile.ZipInfo(name, _STILL)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, content)
