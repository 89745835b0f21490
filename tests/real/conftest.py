"""The real line over real data: commands as a person types them, in a workspace of its own.

The data is not in this repository. It is looked for beside it, in ``../shared/data``, or where
``QMSREPORTS_REAL_DATA`` says; without it these tests are left out, and say so.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

WORKSPACE = Path(__file__).parent / "workspace"
SOURCES = ("crm_maven", "incident_sample", "nps_retail", "production_log")
LEFT_OUT = (
    "left out, since the real data sets are not on this machine: put them into ../shared/data beside the repository "
    "or name their folder in QMSREPORTS_REAL_DATA"
)


@dataclass
class Line:
    """One workspace and its stores; commands run in this process, so that the audit's library is imported once."""

    workspace: Path
    var: Path
    data: Path

    def run(self, *arguments: str, expect: int = 0) -> tuple[str, str]:
        """Run a command; returns what it printed and what it said on the side."""
        from typer.testing import CliRunner

        from qmsreports.cli import app
        from qmsreports.errors import UserError

        settings = {
            "VAR": self.var,
            "CATALOG": self.workspace / "catalog",
            "EXPECTATIONS": self.workspace / "expectations",
            **{f"CONNECTION_{source.upper()}": self.data / source for source in SOURCES},
        }
        environment = {name: None for name in os.environ if name.startswith("QMSREPORTS_")}
        environment |= {f"QMSREPORTS_{name}": str(value) for name, value in settings.items()}
        done = CliRunner().invoke(app, list(arguments), env=environment)
        code = int(done.exception.exit_code) if isinstance(done.exception, UserError) else done.exit_code
        assert code == expect, (arguments, done.exception, done.stderr)
        return done.stdout, f"{done.stderr}{done.exception or ''}"

    def json(self, *arguments: str, expect: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", expect=expect)[0])

    def register(self, query: str) -> list[tuple[Any, ...]]:
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(self.var / "register.db")) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="session")
def data() -> Path:
    """Folder of the real data sets."""
    folder = Path(os.environ.get("QMSREPORTS_REAL_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not all((folder / source).is_dir() for source in SOURCES):
        pytest.skip(LEFT_OUT)
    return folder


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory, data: Path) -> tuple[Line, list[dict[str, Any]]]:
    """The workspace after one ingest, and its reconciliation. Read it, never change it."""
    line = Line(WORKSPACE, tmp_path_factory.mktemp("real"), data)
    return line, line.json("run", "ingest")


@pytest.fixture(scope="session")
def measured(ingested: tuple[Line, list[dict[str, Any]]]) -> Iterator[list[dict[str, Any]]]:
    """Every value of every KPI as the register holds it."""
    line, _ = ingested
    line.run("catalog", "apply", "--by", "quality.manager", "--quiet")
    line.run("catalog", "approve", "--all", "--by", "managing.director", "--quiet")
    for period in ("2012-03", "2017-12"):  # each covers 36 months
        line.run("run", "measure", "--period", period)
    yield line.json("kpi", "values")


@pytest.fixture
def changed(tmp_path: Path, data: Path) -> Callable[..., Line]:
    """Make a workspace in which one source is declared otherwise, each text replaced by another."""

    def make(source: str, *replacements: tuple[str, str]) -> Line:
        line = Line(tmp_path / "workspace", tmp_path / "var", data)
        shutil.copytree(WORKSPACE, line.workspace)
        path = line.workspace / "catalog" / "sources" / source / "source.yaml"
        text = path.read_text()
        for found, put in replacements:
            assert found in text
            text = text.replace(found, put)
        path.write_text(text)
        return line

    return make
