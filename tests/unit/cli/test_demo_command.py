"""``qmsreports demo``: what it says of itself, and that it approves nothing in a register that is in use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qmsreports import demo
from qmsreports.cli import app
from qmsreports.demo import DemoReport

SMALL = Path(__file__).parents[1] / "catalog" / "small"
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a workspace with a small catalog; the company itself is not built."""
    monkeypatch.setenv("QMSREPORTS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(SMALL))
    monkeypatch.setattr(demo, "build", lambda folder, **_: DemoReport(folder, {"crm/so": 3}, folder / "planted.json"))

    def command(*words: str) -> str:
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        return done.stdout

    return command


def test_the_catalog_is_approved_on_an_empty_register_and_only_there(run: Run) -> None:
    assert run("demo", "--quiet", "--approve").splitlines()[1:] == ["7 definitions approved by managing.director"]
    assert run("catalog", "plan") == "the register has everything as it is written\n"
    said = "the register has definitions already: nothing was proposed or approved"
    assert run("demo", "--quiet", "--approve").splitlines()[1:] == [said]
    assert json.loads(run("demo", "--approve", "--json"))["approved"] == 0


def test_what_somebody_proposed_goes_on_waiting(run: Run) -> None:
    run("catalog", "apply", "--by", "anna", "--quiet")
    waiting = run("catalog", "plan")
    assert "waits for approval: KPI on_time version 1, proposed by anna" in waiting
    run("demo", "--approve", "--quiet")
    assert run("catalog", "plan") == waiting


def test_without_being_asked_it_touches_no_register(run: Run, tmp_path: Path) -> None:
    run("demo", "--quiet")
    assert not (tmp_path / "var" / "register.db").exists()


def test_a_larger_company_says_what_does_not_grow(run: Run) -> None:
    said = "the QMS workbook is as at scale 1: people keep its registers, and more orders make no more audits"
    assert run("demo", "--scale", "20").splitlines()[-1] == said
    assert said not in run("demo")


def test_one_of_a_kind_is_told_as_one(run: Run) -> None:
    said = "3 KPIs, 2 tables, 1 source, 2 clause maps: no finding; 1 example comes out as written\n"
    assert run("catalog", "check") == said
