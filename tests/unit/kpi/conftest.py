"""Closes the database that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kpi_fixture import database


@pytest.fixture(scope="session", autouse=True)
def _shared_database() -> Iterator[None]:
    yield
    database().close()
    database.cache_clear()
