"""Every run is on record, how it ended and why; on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from qmsreports import stages
from qmsreports.cli import app
from qmsreports.errors import CouldNotRun, Finding, UserError
from qmsreports.register.store import Register
from qmsreports.settings import Settings

ROOT = Path(__file__).parents[3]
SIX = datetime(2026, 11, 2, 6, tzinfo=UTC)
SEVEN = datetime(2026, 11, 2, 7, tzinfo=UTC)
FULL = CouldNotRun(Finding("/srv/lake", "No space left on device", "free some disk"))
LATE = UserError(Finding("source crm, table orders", "is stopped"), Finding("source crm, table tickets", "is stopped"))


@pytest.fixture
def settings(register: Register, monkeypatch: pytest.MonkeyPatch) -> Settings:
    url = register.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("QMSREPORTS_REGISTER", url)
    return Settings()


def listed() -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["run", "list", "--json"])
    assert done.exit_code == 0, done.output
    return list(json.loads(done.stdout))


def row(run: str, outcome: str, error: str = "", *, ended: str | None = "2026-11-02T07:00:00+00:00") -> dict[str, Any]:
    fixed = {"run": run, "line": "ingest", "period": "", "started": "2026-11-02T06:00:00+00:00"}
    return {**fixed, "ended": ended, "outcome": outcome, "error": error}


def begun(run: str) -> str:
    stages.begin_run(run, kind="ingest", period="", at=SIX)
    return run


def closed(run: str, *failed: str) -> None:
    stages.close_run(run, failed=list(failed), verdicts=frozenset({"gate"}), at=SEVEN)


def test_how_runs_of_several_steps_ended(settings: Settings) -> None:
    assert listed() == []
    closed(begun("ingest__1"))
    stages.fail_step(begun("ingest__2"), LATE)
    closed("ingest__2", "gate", "gate")
    stages.fail_step(begun("ingest__3"), FULL)
    stages.fail_step("ingest__3", FULL)  # another step, for the same reason
    closed("ingest__3", "publish", "gate")
    closed(begun("ingest__4"), "land")  # killed: it could not say why
    begun("ingest__5")
    stopped = "source crm, table orders: is stopped; source crm, table tickets: is stopped"
    assert listed() == [
        row("ingest__1", "done"),
        row("ingest__2", "findings", stopped),
        row("ingest__3", "failed", "/srv/lake: No space left on device; free some disk"),
        row("ingest__4", "failed", "land failed without a word; see the log"),
        row("ingest__5", "not ended", ended=None),
    ]


def test_a_cleared_step_settles_the_old_reason(settings: Settings) -> None:
    stages.fail_step(begun("ingest__1"), FULL)
    closed("ingest__1", "publish")
    stages.fail_step("ingest__1", LATE)  # cleared without `begin`: the disk is free now, the data are not better
    assert listed() == [row("ingest__1", "not ended", stages.one_line(LATE), ended=None)]
    closed("ingest__1", "gate")
    assert listed() == [row("ingest__1", "findings", stages.one_line(LATE))]
    closed("ingest__1")
    assert listed() == [row("ingest__1", "done")]


def test_an_error_of_ours_is_one_line_and_an_unknown_run_is_none(settings: Settings) -> None:
    stages.fail_step(begun("ingest__1"), ValueError("first\n  second"))
    stages.fail_step("ingest__9", FULL)
    closed("ingest__1", "conform")
    assert listed() == [row("ingest__1", "failed", "first second")]
    assert stages.one_line(KeyboardInterrupt()) == "KeyboardInterrupt"


def test_commands_leave_a_row_also_where_they_fail(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "VAR": tmp_path / "var",
        "CATALOG": ROOT / "catalog",
        "EXPECTATIONS": ROOT / "expectations",
    }.items():
        monkeypatch.setenv(f"QMSREPORTS_{name}", str(value))
    for words in (["pack", "approve", "--by", "M. Huber"], ["pack", "deliver"]):
        assert isinstance(CliRunner().invoke(app, [*words, "--period", "2026-10"]).exception, UserError), words
    assert CliRunner().invoke(app, ["pack", "approve", "monthli", "--by", "M. Huber"]).exit_code != 0  # never begun
    for words in (["run", "measure"], ["run", "review"], ["pack", "build"], ["pack", "deliver"]):
        wrong = CliRunner().invoke(app, [*words, "--period", "2026-13"]).exception
        assert isinstance(wrong, UserError) and "is no period" in str(wrong), words  # never begun
    assert CliRunner().invoke(app, ["run", "ingest", "crm"]).exit_code == 1  # nobody has set its connection
    found = sorted((one["line"], one["period"], one["outcome"]) for one in listed())
    assert found == [("ingest", "", "findings"), *[("release", "2026-10", "failed")] * 2]
    for one in listed():
        assert one["ended"] is not None
        assert one["error"]
        assert "\n" not in one["error"]
    table = CliRunner().invoke(app, ["run", "list"]).stdout.splitlines()
    assert table[0].split() == ["run", "line", "period", "started", "ended", "outcome", "error"]
    assert len(table) == 4


_HELD = """
import signal
from qmsreports.cli.recorded import recorded
with recorded("killed", "measure", "2026-10"):
    print("begun", flush=True)
    signal.pause()
"""


@pytest.mark.system
def test_a_killed_run_has_not_ended(settings: Settings) -> None:
    with subprocess.Popen([sys.executable, "-c", _HELD], stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGKILL)
    (one,) = listed()
    assert (one["run"], one["line"], one["period"]) == ("killed", "measure", "2026-10")
    assert (one["ended"], one["outcome"], one["error"]) == (None, "not ended", "")
