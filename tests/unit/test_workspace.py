"""A workspace reads its catalog once for as long as nobody edits it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qmsreports.errors import CouldNotRun, UserError
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parent / "catalog" / "small"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var=tmp_path / "var", catalog=Path(shutil.copytree(SMALL, tmp_path / "catalog")))


def test_an_unchanged_catalog_is_read_once(settings: Settings) -> None:
    assert Workspace(settings).catalog is Workspace(settings).catalog


def test_an_edit_is_seen_at_once(settings: Settings) -> None:
    before = Workspace(settings).catalog
    path = settings.catalog / "kpis" / "on_time.yaml"
    path.write_text(path.read_text().replace("title: On time", "title: In time"))
    assert (before.kpis["on_time"].title, Workspace(settings).catalog.kpis["on_time"].title) == ("On time", "In time")


def test_a_mapping_that_goes_missing_is_seen_at_once(settings: Settings) -> None:
    assert Workspace(settings).catalog
    (settings.catalog / "sources" / "shop" / "orders.sql").unlink()
    with pytest.raises(UserError, match="orders"):
        _ = Workspace(settings).catalog


def test_a_mistake_is_told_each_time(settings: Settings) -> None:
    (settings.catalog / "kpis" / "on_time.yaml").write_text("kpi: on_time\n")
    for _ in range(2):
        with pytest.raises(UserError, match="title"):
            _ = Workspace(settings).catalog


def test_outside_a_workspace_nothing_is_made(tmp_path: Path) -> None:
    elsewhere = Workspace(Settings(var=tmp_path / "var", catalog=tmp_path / "catalog"))
    with pytest.raises(CouldNotRun, match="there is no catalog here; run in a workspace or set QMSREPORTS_CATALOG"):
        _ = elsewhere.register
    assert list(tmp_path.iterdir()) == []
