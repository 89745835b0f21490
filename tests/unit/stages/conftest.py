"""A shop after its first day, for what is decided about rows in quarantine."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.stages.shop import ORDERS, RULES, SMALL, SOURCE, Shop, there


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop after its first day: three orders, of which one has too many pieces."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(SMALL, folder / "catalog")
    (folder / "catalog" / "sources" / "shop" / "source.yaml").write_text(SOURCE)
    (folder / "catalog" / "sources" / "shop" / "orders.sql").write_text(ORDERS)
    (folder / "expectations").mkdir()
    (folder / "expectations" / "orders.json").write_text(json.dumps({"name": "orders", "expectations": RULES}))
    with pytest.MonkeyPatch.context() as patch:
        made = there(folder, patch)
        with closing(sqlite3.connect(made.database)) as connection, connection:
            connection.execute("CREATE TABLE ord (no TEXT PRIMARY KEY, due TEXT, pieces, changed TEXT)")
        for number, pieces in (("1", 1.0), ("2", 2.0), ("3", 90.0)):
            made.order(number, pieces, f"2026-03-01 0{number}:00:00")
        made.ingest()
    assert made.entries() == [(1, "3", "open")]
    return folder


@pytest.fixture
def shop(opened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shutil.copytree(opened, tmp_path, dirs_exist_ok=True)
    return there(tmp_path, monkeypatch, day=1)
