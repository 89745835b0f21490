"""Reading landed rows and writing staged ones, with the failures of disk and memory in one line for a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.lake import literal, open_duckdb, said_by_duckdb

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY = "640MB"  # what is read and written passes beside it: 1.4 GB in all for 20 million order lines


class reading:  # noqa: N801 - reads as what it does: with reading(folder, landing)
    """A DuckDB connection whose failures on disk or memory become one line for a person. ``folder`` is for spilling."""

    def __init__(self, folder: Path, landing: str) -> None:
        self.folder = folder
        self.landing = landing

    def __enter__(self) -> DuckDBPyConnection:
        self.connection = open_duckdb(self.landing, memory=_MEMORY, spill=self.folder / ".spill")
        return self.connection

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        import duckdb

        self.connection.close()
        if isinstance(error, duckdb.IOException):
            raise unwritable(self.folder, error) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise CouldNotRun(
                Finding(str(self.folder), "not enough room to sort the rows", "free some disk")
            ) from error


def unwritable(folder: Path, error: Exception) -> CouldNotRun:
    """Say that staged rows cannot be written or landed ones not read."""
    said = said_by_duckdb(error)
    return CouldNotRun(
        Finding(
            str(folder),
            f"staged rows cannot be written or landed rows not read: {said}",
            "free some disk or mend the permissions, then run again; nothing is lost",
        )
    )


def copied(connection: DuckDBPyConnection, select: str, path: Path) -> int:
    """Write the rows of a SELECT into a Parquet file; return how many there are."""
    row = connection.execute(f"COPY ({select}) TO {literal(str(path))} (FORMAT parquet)").fetchone()
    assert row is not None
    return int(row[0])
