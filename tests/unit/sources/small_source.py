"""A small source that the tests of this folder change as its users would, and a landing zone to look into."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from qmsreports import landing, sources
from qmsreports.catalog.source import Source
from qmsreports.records import LandResult


def make_source(*tables: dict[str, Any], kind: str = "sql", name: str = "shop", folder: Path | None = None) -> Source:
    content = {"source": name, "title": "Shop", "kind": kind, "tables": tables, "conform": {}}
    return Source.model_validate(content | ({"folder": folder} if folder else {}))


ORDERS = {"table": "orders", "key": ["no"], "cursor": "changed", "needs": ["no", "quantity"]}


@dataclass
class World:
    """One source, its landing zone and its working folder."""

    folder: Path
    source: Source = field(default_factory=lambda: make_source(ORDERS))
    connection: str = ""
    said: list[tuple[str, int]] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "shop.db"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def sql(self, *statements: str) -> None:
        """Change the source; ``orders`` is made with the first call."""
        connection = sqlite3.connect(self.database)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    def insert(self, table: str, *rows: tuple[Any, ...]) -> None:
        connection = sqlite3.connect(self.database)
        for row in rows:
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        connection.commit()
        connection.close()

    def land(self, source: Source | None = None, **options: Any) -> LandResult:
        return sources.land(
            source or self.source,
            connection=self.connection or f"sqlite:///{self.database}",
            landing=self.landing,
            state=self.state,
            tell=lambda what, rows: self.said.append((what, rows)),
            **options,
        )

    def landed(self, result: LandResult | None = None) -> dict[str, int]:
        """Rows per landed table of a new visit."""
        return {table.table: table.rows for table in (result or self.land()).tables if table.rows}

    def tables(self, table: str = "orders", source: str = "shop") -> list[pa.Table]:
        """Landed files of a table, load by load, each with its own schema."""
        return [pq.read_table(file.path) for file in landing.completed(self.landing, source, table)]

    def rows(self, table: str = "orders", source: str = "shop") -> list[dict[str, Any]]:
        """All landed rows of a table in the order they were landed."""
        return [row for part in self.tables(table, source) for row in part.to_pylist()]

    def one_failure(self, result: LandResult | None = None) -> str:
        """The line of the only failure of a visit, the test's own folder written as ``<folder>``."""
        (failure,) = (result or self.land()).failures
        return str(failure.finding).replace(str(self.folder), "<folder>")


def current(rows: list[dict[str, Any]], *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The version of each key that was landed last."""
    return {tuple(row[column] for column in key): row for row in rows}


def all_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


Landing = Callable[..., LandResult]
