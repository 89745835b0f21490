"""A small catalog, whole and right, that tests read, edit and break."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from qmsreports.catalog import document, load
from qmsreports.catalog.load import Catalog, load_catalog

SMALL = Path(__file__).parent / "small"


@pytest.fixture(scope="session")
def small() -> Catalog:
    """The small catalog as read; nothing in it can be changed."""
    return load_catalog(SMALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the small catalog's files to edit."""
    return Path(shutil.copytree(SMALL, tmp_path / "catalog"))


@pytest.fixture(scope="session")
def shipped() -> Catalog:
    """The catalog that the product ships."""
    return load_catalog(Path(__file__).parents[3] / "catalog")


@pytest.fixture(autouse=True)
def _unchanged_files_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of tests edit one file of the same thirteen."""

    def read(path: Path, name: str) -> document.Document:
        return _parsed(path.read_bytes(), name)

    monkeypatch.setattr(load, "read_document", read)


@cache
def _parsed(content: bytes, name: str) -> document.Document:
    return document.parse_bytes(content, name)
