"""A system on loopback that behaves as its vendor documents; waiting costs no time.

What is read from one takes seconds a test: it belongs to the system tests, with the systems that are real.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qmsreports.sources.rest import feeds
from tests.unit.sources.web_system import WebSystem


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what reads such a system, before tests are chosen by their marks."""
    for item in items:
        if Path(__file__).parent in item.path.parents and "web" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.system)


@pytest.fixture
def web() -> Iterator[WebSystem]:
    with WebSystem().running() as system:
        yield system


@pytest.fixture(autouse=True)
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited for a busy system, without waiting."""
    seconds: list[float] = []
    monkeypatch.setattr(feeds, "pause", seconds.append)
    return seconds
