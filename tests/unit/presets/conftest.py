"""A system on loopback that behaves as its vendor documents; waiting costs no time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qmsreports.sources.rest import feeds
from tests.unit.sources.web_system import WebSystem


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
