"""What ``dags/run_line.py`` runs beside the start of Airflow: the seeding that the line needs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from qmsreports import stages

FILE = Path(__file__).parents[2] / "dags" / "run_line.py"


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The line without Airflow and without DAGs."""
    spec = importlib.util.spec_from_file_location("line_under_test", FILE)
    assert spec is not None
    assert spec.loader is not None
    line = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(line)
    monkeypatch.setenv("QMSREPORTS_VAR", str(tmp_path / "var"))
    monkeypatch.setattr(line, "_prepare", lambda home: None)
    monkeypatch.setattr(stages, "pack_summary", lambda period: [f"the pack of {period}"])
    return line


def asked(monkeypatch: pytest.MonkeyPatch, *first: str) -> None:
    monkeypatch.setattr(sys, "argv", ["run_line.py", "--period", "2026-10", *first])


def test_it_runs_while_airflow_starts_and_is_done_before_the_first_dag(
    line: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    starting, seeded = tmp_path / "starting", tmp_path / "seeded"
    ran: list[tuple[str, bool]] = []
    monkeypatch.setattr(line, "_prepare", lambda home: starting.touch())
    monkeypatch.setattr(line, "_run", lambda dag, period, tell: ran.append((dag, seeded.exists())) or "done")
    asked(monkeypatch, "--first", f"until [ -e {starting} ]; do sleep 0.02; done; echo seeded; touch {seeded}")
    assert line.main() == 0
    assert ran == [("ingest", True), ("measure", True), ("management_review", True)]
    printed = capfd.readouterr()
    assert printed.out == "seeded\nthe pack of 2026-10\n"
    assert "Airflow starts" in printed.err


def test_one_that_fails_ends_the_line_with_its_exit_code(
    line: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(line, "_run", lambda *_: pytest.fail("a DAG ran"))
    asked(monkeypatch, "--first", "echo 'the disk is full' >&2; exit 3")
    assert line.main() == 3
    assert capfd.readouterr() == ("", "the disk is full\n")


def test_without_one_the_line_runs_at_once(line: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(line, "_run", lambda dag, period, tell: ran.append(dag) or "done")
    asked(monkeypatch)
    assert line.main() == 0
    assert ran == ["ingest", "measure", "management_review"]
