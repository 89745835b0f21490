"""Workspaces of their own for tests of the whole line: real files, real processes, the commands a person types."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {
    "CRM": "sqlite:///{demo}/crm.db",
    "HELPDESK": "sqlite:///{demo}/helpdesk.db",
    "MES": "sqlite:///{demo}/mes.db",
    "PRODUCTION_FILES": "{demo}/production",
    "QMS_REGISTERS": "{demo}/qms_registers.xlsx",
}


@dataclass
class Line:
    """A workspace and the commands run in it, all of them in the morning of ``at``: tests outlive the demo's months."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    at: str = "2026-11-23T06:00:00+00:00"

    @property
    def demo(self) -> Path:
        return self.folder / "demo"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("QMSREPORTS_")}
        own = {
            "QMSREPORTS_VAR": str(self.folder),
            "QMSREPORTS_CATALOG": str(ROOT / "catalog"),
            "QMSREPORTS_EXPECTATIONS": str(ROOT / "expectations"),
            "QMSREPORTS_TEMPLATES": str(ROOT / "report_templates"),
            **{f"QMSREPORTS_CONNECTION_{name}": url.format(demo=self.demo) for name, url in SOURCES.items()},
        }
        return kept | own | self.extra

    def command(self, *arguments: str) -> list[str]:
        clock = f"from datetime import datetime as d; clock.now = lambda: d.fromisoformat({self.at!r})"
        code = f"from qmsreports.cli import clock, main; {clock}; main()"
        return [sys.executable, "-c", code, *arguments]

    def run(self, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str, expect: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, *arguments: str, when: str, after: float = 0.0) -> None:
        """Run a command and kill it so many seconds after it tells that it begins with ``when``."""
        with subprocess.Popen(
            self.command(*arguments), env=self.environment, cwd=self.folder, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            told = next((line for line in process.stderr if when in line), None)
            time.sleep(after)
            process.kill()
        assert told is not None, f"{arguments} ended without {when!r}"
        assert process.returncode == -signal.SIGKILL, f"{arguments} ended before it was killed"

    def copy(self, folder: Path) -> Line:
        """Return a workspace of its own with the same content."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Line(folder, dict(self.extra), self.at)

    def tables(self) -> dict[str, set[tuple[str, ...]]]:
        """Key and content hash of every row of every canonical table, read without the product's own code."""
        from deltalake import DeltaTable

        found = {}
        for folder in sorted((self.folder / "lake").iterdir()):
            rows = DeltaTable(str(folder)).to_pyarrow_table(columns=["_source", "_row"]).to_pylist()
            pairs = [(row["_source"], row["_row"]) for row in rows]
            assert len(set(pairs)) == len(pairs) or folder.name in REPEATING, f"{folder.name}: a row is there twice"
            found[folder.name] = set(pairs)
        return found

    def register(self, query: str) -> list[tuple[Any, ...]]:
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(self.folder / "register.db")) as connection:
            return connection.execute(query).fetchall()


REPEATING: frozenset[str] = frozenset()
"""Tables in which two rows may have the same content hash: none, the key is part of it."""


@pytest.fixture(scope="session")
def companies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The demo company as it was in September and as it is in October, built once."""
    built = {}
    for month in ("2026-09", "2026-10"):
        line = Line(tmp_path_factory.mktemp(f"company-{month}"))
        line.run("demo", "--through", month, "--quiet")
        built[month] = line.demo
    return built


@pytest.fixture
def new_line(tmp_path_factory: pytest.TempPathFactory, companies: dict[str, Path]) -> Callable[..., Line]:
    """Make a workspace with the demo company of a month."""

    def make(month: str = "2026-10") -> Line:
        line = Line(tmp_path_factory.mktemp("line"))
        shutil.copytree(companies[month], line.demo)
        return line

    return make


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, companies: dict[str, Path]) -> Line:
    """A workspace that ingested October once, without any disturbance. Read it, never change it."""
    line = Line(tmp_path_factory.mktemp("undisturbed"))
    shutil.copytree(companies["2026-10"], line.demo)
    line.run("run", "ingest")
    return line


def move_on(line: Line, later: Path) -> None:
    """Let the source systems of a workspace move on to a later state."""
    shutil.rmtree(line.demo)
    shutil.copytree(later, line.demo)


@pytest.fixture(scope="session")
def approved(tmp_path_factory: pytest.TempPathFactory, undisturbed: Line) -> Line:
    """A workspace with published tables and approved definitions. Read it, never change it."""
    line = undisturbed.copy(tmp_path_factory.mktemp("approved") / "var")
    line.run("catalog", "apply", "--by", "quality.manager", "--quiet")
    line.run("catalog", "approve", "--all", "--by", "managing.director", "--quiet")
    return line


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, approved: Line) -> Line:
    """A workspace that is measured up to October. Read it, never change it."""
    line = approved.copy(tmp_path_factory.mktemp("measured") / "var")
    line.run("run", "measure", "--period", "2026-10")
    return line


@pytest.fixture(scope="session")
def reviewed(tmp_path_factory: pytest.TempPathFactory, measured: Line) -> Line:
    """A workspace that went the whole way to the pack of October. Read it, never change it."""
    line = measured.copy(tmp_path_factory.mktemp("reviewed") / "var")
    line.run("run", "review", "--period", "2026-10")
    return line
