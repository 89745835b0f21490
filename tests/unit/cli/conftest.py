"""A workspace with real stores and the commands typed in it, at a clock of the test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qmsreports.cli import app, clock
from qmsreports.errors import UserError
from qmsreports.register import journal, untouched
from qmsreports.register.models import JournalEntry
from tests.unit.pack.pack_workspace import BUILT, ROOT, Workspace, filled


@dataclass
class Desk:
    """A workspace and the commands typed in it, each a minute after the one before."""

    made: Workspace
    at: datetime = field(default=BUILT + timedelta(hours=1))

    def type(self, *words: str, expect: int = 0) -> str:
        self.at += timedelta(minutes=1)
        done = CliRunner().invoke(app, list(words))
        code = int(done.exception.exit_code) if isinstance(done.exception, UserError) else done.exit_code
        said = "\n".join(map(str, done.exception.findings)) if isinstance(done.exception, UserError) else done.stdout
        assert code == expect, f"{words}: {code}, {said} {done.exception!r}"
        return said.strip()

    def json(self, *words: str) -> Any:
        return json.loads(self.type(*words, "--json"))

    def refused(self, *words: str, expect: int = 1) -> Any:
        """Return what a refused command prints with ``--json``."""
        self.at += timedelta(minutes=1)
        done = CliRunner().invoke(app, [*words, "--json"])
        assert isinstance(done.exception, UserError), done.stdout
        assert int(done.exception.exit_code) == expect
        return json.loads(done.stdout)

    def log(self) -> list[JournalEntry]:
        with self.made.register.read() as session:
            return list(session.query(JournalEntry).order_by(JournalEntry.id))

    def entries(self) -> list[JournalEntry]:
        """Return what people did; the entries that cover the rows of each write are left out."""
        return [row for row in self.log() if row.action != "write"]

    def journal(self) -> list[tuple[str, str, str]]:
        with self.made.register.read() as session:
            assert [*journal.verify(session), *untouched.compare(session)] == []
        return [(row.who, row.action, row.subject) for row in self.entries()]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name, value in {
        "VAR": tmp_path,
        "CATALOG": ROOT / "catalog",
        "TEMPLATES": ROOT / "report_templates",
        "EXPECTATIONS": ROOT / "expectations",
    }.items():
        monkeypatch.setenv(f"QMSREPORTS_{name}", str(value))
    desk = Desk(filled(tmp_path))
    monkeypatch.setattr(clock, "now", lambda: desk.at)
    return desk
