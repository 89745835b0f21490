"""Airflow as it runs at a company: what ingest publishes sets off measure, and a month's review ends with a draft."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from tests.system.conftest import Line
from tests.system.test_release_by_airflow import Airflow

pytestmark = pytest.mark.system

_SECRET = "only for this test " * 4
_HEADER = (
    "number;customer;site;channel;category;priority;opened;first_reply;resolved;closed;due;status;reopened;handed_over"
)
_TICKETS = (  # two of the four are without a solution when the month is over
    "T-1;A1;Headquarters;E-mail;a;Normal;05.{m} 09:12;05.{m} 10:40;06.{m} 15:00;07.{m} 08:00;12.{m} 09:12;Closed;0;0",
    "T-2;A2;Headquarters;Phone;b;High;06.{m} 11:00;06.{m} 11:02;06.{m} 11:30;06.{m} 12:00;08.{m} 11:00;Closed;0;1",
    "T-3;;Headquarters;Chat;product;Low;20.{m} 16:45;21.{m} 09:05;;;27.{m} 16:45;Waiting;0;0",
    "T-4;A4;Headquarters;E-mail;delivery;Normal;22.{m} 07:30;;;;27.{m} 07:30;New;0;0",
)


class Scheduled(Airflow):
    """All of Airflow over a workspace but its triggerer, which only questions to people need; nobody has to log in."""

    def __post_init__(self) -> None:
        super().__post_init__()
        workspace = self.line.folder.parent
        self.environment |= {
            "AIRFLOW__API_AUTH__JWT_SECRET": _SECRET,
            "AIRFLOW__CORE__DAGS_FOLDER": str(workspace / "dags"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
        }
        self.until = time.monotonic() + 840  # a minute or two where nothing else runs

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start everything, each in a session of its own: a service that ends may leave workers behind."""
        subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            timeout=180,
            check=True,
        )
        services = [
            ("api-server", "--host", "127.0.0.1", "--port", self.url.rpartition(":")[2], "--workers", "1"),
            ("scheduler", "--skip-serve-logs"),
            ("dag-processor",),
        ]
        started = []
        try:
            for service, *options in services:
                with (self.home / f"{service}.log").open("w") as log:
                    started.append(
                        subprocess.Popen(
                            [sys.executable, "-m", "airflow", service, *options],
                            env=self.environment,
                            cwd=self.home,
                            stdout=log,
                            stderr=subprocess.STDOUT,
                            start_new_session=True,
                        )
                    )
            yield
        finally:
            for process in started:
                process.terminate()
            until = time.monotonic() + 15
            for process in started:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(until - time.monotonic(), 0))
            _kill_sessions({process.pid for process in started})
            for process in started:
                process.wait(10)

    def when(self, path: str, told: Callable[[Any], Any], method: str = "GET", body: Any = None) -> Any:
        """Ask until the answer tells what is wanted; returns that."""
        seen = ""
        while time.monotonic() < self.until:
            try:
                token = self.ask(*self.login)["access_token"]
                answer = self.ask(method, path, body, token)
            except URLError as error:  # not up yet, or the DAG is not parsed yet
                seen = f"{path}: {error}"
            else:
                found = told(answer)
                if found:
                    return found
                seen = f"{path}: {answer}"
            time.sleep(1)
        logs = "\n".join(path.read_text()[-2000:] for path in sorted(self.home.glob("*.log")))
        raise AssertionError(f"{seen}\n{logs}")

    def unpause(self, dag: str) -> None:
        self.when(f"/api/v2/dags/{dag}", lambda told: not told["is_paused"], "PATCH", {"is_paused": False})

    def trigger(self, dag: str, **conf: str) -> str:
        body = {"logical_date": None, "conf": conf}
        return str(self.when(f"/api/v2/dags/{dag}/dagRuns", lambda told: told["dag_run_id"], "POST", body))

    def ended(self, dag: str, which: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first run of a DAG of this kind when it is over."""

        def over(told: dict[str, Any]) -> dict[str, Any] | None:
            runs = (run for run in told["dag_runs"] if which(run) and run["state"] in ("success", "failed"))
            return next(runs, None)

        return dict(self.when(f"/api/v2/dags/{dag}/dagRuns", over))


def _kill_sessions(sessions: set[int]) -> None:
    """Kill what is left of these sessions: a task runs in a process group of its own, and outlives its scheduler."""
    for entry in Path("/proc").iterdir():
        with suppress(ValueError, ProcessLookupError, PermissionError):
            if os.getsid(int(entry.name)) in sessions:
                os.kill(int(entry.name), signal.SIGKILL)


@pytest.fixture
def workspace(tmp_path: Path) -> tuple[Line, str]:
    """A new workspace with four tickets of the last closed month, which is returned beside it."""
    now = datetime.now(UTC).replace(microsecond=0)
    month = now.replace(day=1, hour=0) - timedelta(days=1)
    folder = tmp_path / "company"
    Line(tmp_path).run("init", str(folder), "--time-zone", "UTC", "--site", "linz")
    (folder / "var").mkdir()
    exports = folder / "exports"
    exports.mkdir()
    rows = [_HEADER, *(ticket.format(m=f"{month:%m.%Y}") for ticket in _TICKETS)]
    file = exports / "tickets.csv"
    file.write_text("".join(f"{row}\n" for row in rows))
    settled = now.timestamp() - 600  # a file of the last minute would be left for the next run
    os.utime(file, (settled, settled))
    folders = {"CATALOG": "catalog", "EXPECTATIONS": "expectations", "TEMPLATES": "report_templates"}
    extra = {f"QMSREPORTS_{name}": str(folder / lies) for name, lies in folders.items()}
    extra["QMSREPORTS_CONNECTION_HELPDESK_EXPORT"] = str(exports)
    line = Line(folder / "var", extra, now.isoformat())
    line.run("source", "add", "generic_csv", "--as", "helpdesk_export")
    line.run("catalog", "apply", "--by", "quality.manager", "--quiet")
    line.run("catalog", "approve", "--all", "--by", "managing.director", "--quiet")
    return line, f"{month:%Y-%m}"


def test_published_tables_set_off_measure_and_the_months_review_ends_with_a_draft(workspace: tuple[Line, str]) -> None:
    line, month = workspace
    airflow = Scheduled(line, all_admins=True)
    with airflow.running():
        airflow.unpause("measure")
        airflow.unpause("ingest")  # the run of this morning is due
        assert airflow.ended("ingest", lambda run: run["run_type"] == "scheduled")["state"] == "success"

        measured = airflow.ended("measure", lambda run: run["run_type"] == "asset_triggered")
        assert measured["state"] == "success"
        assert measured["triggered_by"] == "asset"
        value = f"SELECT value FROM results WHERE kpi = 'ticket_backlog' AND period = '{month}' AND slice_key = ''"
        assert line.register(value) == [(2.0,)]
        assert line.register("SELECT count(*) FROM packs") == [(0,)]

        review = airflow.trigger("management_review", period=month)
        airflow.unpause("management_review")
        assert airflow.ended("management_review", lambda run: run["dag_run_id"] == review)["state"] == "success"
    assert line.register(f"SELECT review, status FROM packs WHERE period = '{month}'") == [("monthly", "draft")]
    done = {run["line"] for run in line.json("run", "list") if run["outcome"] == "done"}
    assert done == {"ingest", "measure", "review"}
