"""Registers of this folder are made as the product makes them, revision by revision."""

from __future__ import annotations

import pytest

from qmsreports.register.store import Register
from tests.once import migrated_step_by_step


@pytest.fixture(autouse=True)
def _migrated_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Register, "migrate", migrated_step_by_step)
