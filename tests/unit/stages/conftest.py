"""A shop after its first day, for what is decided about rows in quarantine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.stages.shop import ORDERS, RULES, SOURCE, Shop


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop after its first day: three orders, of which one has too many pieces."""
    folder = tmp_path_factory.mktemp("shop")
    with pytest.MonkeyPatch.context() as patch:
        made = Shop.found(folder, patch)
        made.declare(SOURCE, ORDERS)
        made.suite("orders", *RULES)
        made.sql("CREATE TABLE ord (no TEXT PRIMARY KEY, due TEXT, pieces, changed TEXT)")
        for number, pieces in (("1", 1.0), ("2", 2.0), ("3", 90.0)):
            made.order(number, pieces, f"2026-03-01 0{number}:00:00")
        made.ingest()
    assert made.entries() == [(1, "3", "open")]
    return folder


@pytest.fixture
def shop(opened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shutil.copytree(opened, tmp_path, dirs_exist_ok=True)
    made = Shop.there(tmp_path, monkeypatch)
    made.day = 1
    return made
