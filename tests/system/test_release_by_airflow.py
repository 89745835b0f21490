"""The DAG that releases a pack, run by Airflow itself: a person is asked, and the answer decides."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import ROOT, Line

pytestmark = pytest.mark.system

_RUN = """
import json, sys
sys.path.insert(0, {dags!r})
from airflow.utils import db
db.initdb()
print("ready", flush=True)
import common, release_review
common.DEFAULT_ARGS.update(retries=0)
run = release_review.release_review().test(run_conf={{"period": "2026-10", "review": "monthly"}})
print(json.dumps({{ti.task_id: str(ti.state) for ti in run.get_task_instances()}} | {{"": str(run.state)}}), flush=True)
"""
HUBER = {"username": "m.huber", "password": "geh@im"}


@dataclass
class Airflow:
    """Airflow's own database and web server over a workspace; a person logs in, or nobody has to."""

    line: Line
    all_admins: bool = False

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.home = self.line.folder / "airflow"
        self.home.mkdir()
        passwords = self.home / "passwords.json"
        passwords.write_text(json.dumps({HUBER["username"]: HUBER["password"]}))
        self.environment = self.line.environment | {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{HUBER['username']}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": str(self.all_admins),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home / 'airflow.db'}",
        }

    def start(self, *words: str, read: bool = False) -> subprocess.Popen[str]:
        with (self.home / f"{words[0].strip('-')}.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, *words],
                env=self.environment,
                cwd=self.home,
                stdout=subprocess.PIPE if read else log,
                stderr=log,
                text=True,
            )

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, json.dumps(body).encode() if body else None, timeout=30) as answer:
            return json.load(answer)

    def answer(self, option: str, remark: str) -> dict[str, Any]:
        """Wait for the question as the browser shows it, answer, and return the question."""
        until = time.monotonic() + 120
        token = ""
        while time.monotonic() < until:
            time.sleep(0.5)
            with suppress(OSError):
                token = token or self.ask(*self.login)["access_token"]
                asked = self.ask("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails", token=token)["hitl_details"]
                if asked:
                    run = urllib.parse.quote(asked[0]["task_instance"]["dag_run_id"])
                    path = f"/api/v2/dags/release_review/dagRuns/{run}/taskInstances/approve/-1/hitlDetails"
                    body = {"chosen_options": [option], "params_input": {"remark": remark}}
                    self.ask("PATCH", path, body, token)
                    return dict(asked[0])
        raise AssertionError("nobody was asked")

    @property
    def login(self) -> tuple[Any, ...]:
        return ("GET", "/auth/token") if self.all_admins else ("POST", "/auth/token", HUBER)


def released(airflow: Airflow, option: str, remark: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """Run the DAG, answer, and return what was asked and how every task ended, under no name the run itself."""
    with airflow.start("-c", _RUN.format(dags=str(ROOT / "dags")), read=True) as run:
        assert run.stdout is not None
        try:
            assert next(row for row in run.stdout if row == "ready\n")
            with airflow.start("-m", "airflow", "api-server", "--port", airflow.url.rpartition(":")[2]) as server:
                try:
                    asked = airflow.answer(option, remark)
                    ended = next(row for row in run.stdout if row.startswith("{"))
                finally:
                    server.terminate()
        finally:
            run.kill()
    return asked, json.loads(ended)


@pytest.fixture
def drafted(tmp_path: Path, reviewed: Line) -> Line:
    """A workspace of its own with a draft of October."""
    line = reviewed.copy(tmp_path / "var")
    line.run("pack", "build", "--period", "2026-10")
    return line


def outcome(line: Line) -> tuple[str, str]:
    """How the newest run of the line ``release`` ended, and why."""
    runs = [run for run in line.json("run", "list") if run["line"] == "release"]
    return runs[-1]["outcome"], runs[-1]["error"]


def test_an_approved_draft_is_released_in_the_name_of_who_said_yes(drafted: Line) -> None:
    asked, ended = released(Airflow(drafted), "Approve")
    assert asked["subject"] == "Management review 2026-10: release the pack?"
    assert "objectives" in asked["body"]
    assert ended.pop("") == "success"
    assert ended == {
        **dict.fromkeys(("begin", "draft", "approve", "release", "deliver", "end"), "success"),
        "rejected": "skipped",
    }
    assert drafted.register("SELECT status, approved_by FROM packs") == [("approved", "m.huber")]
    assert list((drafted.folder / "delivered").rglob("*.pdf")) != []
    assert outcome(drafted) == ("done", "")


def test_a_rejected_draft_stays_one_and_the_run_says_who_said_no(drafted: Line) -> None:
    _, ended = released(Airflow(drafted), "Reject", "page 3 lacks\na comment")
    assert ended.pop("") == "success"  # a person's no is no failure of the pipeline
    assert ended == {
        **dict.fromkeys(("begin", "draft", "approve", "rejected", "end"), "success"),
        **dict.fromkeys(("release", "deliver"), "skipped"),
    }
    assert {one["status"] for one in drafted.json("pack", "list")} == {"draft"}
    assert outcome(drafted) == (
        "findings",
        "pack monthly 2026-10 edition 1 was rejected by m.huber: page 3 lacks a comment; nothing was released",
    )


def test_an_anonymous_yes_releases_nothing(drafted: Line) -> None:
    _, ended = released(Airflow(drafted, all_admins=True), "Approve")
    assert ended["release"] == "failed"
    assert {one["status"] for one in drafted.json("pack", "list")} == {"draft"}
    assert outcome(drafted)[0] == "failed"
