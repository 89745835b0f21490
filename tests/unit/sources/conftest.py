"""A shop with three orders; dlt is imported once, outside of what the tests look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_source import World
from sqlalchemy import create_engine
from web_system import WebSystem

from qmsreports.sources.rest import feeds


@pytest.fixture
def empty(tmp_path: Path) -> World:
    """A database with a table of orders that has no rows."""
    world = World(tmp_path)
    world.sql("CREATE TABLE orders (no TEXT PRIMARY KEY, quantity INTEGER, price REAL, changed TEXT)")
    return world


@pytest.fixture
def shop(empty: World) -> World:
    """Three orders, the last two changed in the same second."""
    empty.insert(
        "orders",
        ("A1", 5, 10.5, "2026-10-01 08:00:00"),
        ("A2", 6, 0.1, "2026-10-02 09:30:00"),
        ("A3", 7, None, "2026-10-02 09:30:00"),
    )
    return empty


@pytest.fixture
def web() -> Iterator[WebSystem]:
    """A system with a web interface that answers what the test says."""
    with WebSystem().running() as system:
        yield system


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited for a busy system, without waiting."""
    seconds: list[float] = []
    monkeypatch.setattr(feeds, "pause", seconds.append)
    return seconds


@pytest.fixture
def sql(postgresql_url: str) -> Iterator[Callable[[str], None]]:
    """Run a statement in an empty database as its owner."""
    engine = create_engine(postgresql_url)

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    run("DROP SCHEMA public CASCADE")
    run("CREATE SCHEMA public")
    try:
        yield run
    finally:
        engine.dispose()
