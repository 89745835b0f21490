from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qmsreports import demo
from qmsreports.period import Period


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole company, as read on 2026-11-02."""
    return demo.build(tmp_path_factory.mktemp("demo") / "company").folder


@pytest.fixture(scope="session")
def a_month_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same company, as read on 2026-10-02."""
    return demo.build(tmp_path_factory.mktemp("demo") / "before", through=Period.parse("2026-09")).folder


@pytest.fixture(scope="session")
def planted(company: Path) -> dict[str, Any]:
    return json.loads((company / "planted.json").read_text(encoding="utf-8"))
