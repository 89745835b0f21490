"""The small shop that the tests of this folder land by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from landed_fixture import Line, make_source


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path, make_source(tmp_path / "catalog"))
