"""A source with a web interface as its owner would declare it, and the landing zone it is read into."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from qmsreports import landing, sources
from qmsreports.catalog.source import Source
from qmsreports.records import LandResult
from qmsreports.sources.feed import FeedState, Unreadable
from qmsreports.sources.rest import RestFeeds


def rest_source(*tables: dict[str, Any], zone: str = "UTC", **api: Any) -> Source:
    content = {"source": "desk", "title": "Desk", "kind": "rest", "time_zone": zone, "conform": {}}
    return Source.model_validate(content | {"tables": tables, "api": api})


@dataclass
class Desk:
    """One source, read again and again: what each visit finds new, without the landing zone."""

    folder: Path
    source: Source
    connection: str
    states: dict[str, Any] = field(default_factory=dict)
    warned: list[str] = field(default_factory=list)
    landed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def new(self, table: str = "cases") -> list[dict[str, Any]]:
        """Rows of a table that a visit would land; its state is kept as the landing zone keeps it."""
        feed = self.source.feed(table)
        assert feed is not None
        opened = RestFeeds(self.source, self.connection)
        try:
            reading = opened.read(feed, FeedState.from_json(self.states.get(table)))
            found: dict[str, list[dict[str, Any]]] = {}
            for _ in range(2):  # a package that is written again gets the same rows
                found = {}
                for name, batch in reading.parts():
                    found.setdefault(name, []).extend(batch.to_pylist())
            self.landed = found
            self.warned = [f"{warning.what}; {warning.todo}" for warning in reading.warnings]
            if reading.fresh:
                self.states[table] = json.loads(json.dumps(reading.state.to_json()))
        finally:
            opened.close()
        return found.get(table, [])

    def said(self, table: str = "cases") -> str:
        """What is said of a table that cannot be read."""
        try:
            found = self.new(table)
        except Unreadable as problem:
            return f"{problem.what}; {problem.todo}"
        raise AssertionError(f"it was read: {found}")


@dataclass
class LandedDesk:
    """One source with its landing zone."""

    folder: Path
    source: Source
    connection: str

    def land(self, **options: Any) -> LandResult:
        return sources.land(
            self.source,
            connection=self.connection,
            landing=self.folder / "landing",
            state=self.folder / "state",
            **options,
        )

    def rows(self, table: str = "cases") -> list[dict[str, Any]]:
        files = landing.completed(self.folder / "landing", "desk", table)
        return [row for file in files for row in pq.read_table(file.path).to_pylist()]


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["no"]) for row in rows]
