"""Run the DAGs ``ingest``, ``measure`` and ``management_review`` here and now, in this process, one after the other.

The same DAG files and the same tasks as under a scheduler, without one: for a first look, for tests and for CI.
Airflow's own metadata goes to ``<var>/airflow``. With ``--first`` a shell command that the line needs, such as the
seeding of the demo company, runs beside the start of Airflow, on the other processor.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from qmsreports.records import Tell

HERE = Path(__file__).resolve().parent
_GOES_ON = "ingest stopped what the lines above name; the line goes on without it, and the pack says so on page one"


def main() -> int:
    """Run the line; exit code 0 when every DAG succeeded, 1 when one did not.

    Feeds that were stopped or could not be read make ``ingest`` red and end nothing: their KPIs are not valid, and the
    pack comes out and says so. Any other failure ends the line. A command of ``--first`` that fails ends it before a
    DAG runs, with the exit code of the command.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--period", required=True, help="month to report, as 2026-10")
    parser.add_argument("--first", metavar="COMMAND", help="shell command to run beside the start of Airflow")
    asked = parser.parse_args()
    period: str = asked.period
    from qmsreports.cli.output import progress
    from qmsreports.settings import Settings

    settings = Settings()
    with ExitStack() as shown:
        first = _First(asked.first, lambda: shown.enter_context(progress("line")))
        try:
            _prepare(settings.var.absolute() / "airflow")
        finally:
            first.wait()
        if first.code:
            return first.code
        tell = first.tell
        findings = False
        for dag_id in ("ingest", "measure", "management_review"):
            started = time.monotonic()
            outcome = _run(dag_id, period, tell)
            if outcome == "findings" and dag_id == "ingest":
                findings = True
                sys.stderr.write(f"{_GOES_ON}\n")
            elif outcome != "done":
                sys.stderr.write(f"{dag_id} did not succeed; the lines above say what to mend\n")
                return 1
            tell(f"{dag_id} done in {time.monotonic() - started:.1f} s", 0)
    from qmsreports import stages

    for line in stages.pack_summary(period):
        sys.stdout.write(line + "\n")
    return 1 if findings else 0


class _First:
    """A command that runs while Airflow starts. What it shows has the terminal for itself: the line shows its own
    progress from its end on.
    """

    def __init__(self, command: str | None, show: Callable[[], Tell]) -> None:
        self.code = 0
        self._show = show
        self._command = subprocess.Popen(command, shell=True) if command else None
        self._ended = threading.Thread(target=self._follow, daemon=True)
        self._ended.start()

    def _follow(self) -> None:
        if self._command is not None:
            self.code = self._command.wait()
        if not self.code:
            self.tell = self._show()
            self.tell("Airflow starts", 0)

    def wait(self) -> None:
        """Return when the command ended and, where it did well, the progress is shown."""
        self._ended.join()


def _prepare(home: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(HERE),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="CRITICAL",  # failures are told by _tell_failure
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home / 'airflow.db'}",
        GX_ANALYTICS_ENABLED="false",
    )
    sys.path.insert(0, str(HERE))
    from airflow.utils import db

    logging.getLogger("alembic").setLevel(logging.WARNING)
    if not (home / "ready").exists():
        db.initdb()
        (home / "ready").touch()
    _newest_api_only()


def _newest_api_only() -> None:
    """Let Airflow make its execution API in the version that its task runner here speaks.

    It comes in every version since 3.0, for workers of earlier releases, and each is made anew from the newest: with
    nine of them 4 s before the first task, and nobody here asks for the other eight. An Airflow that keeps them
    elsewhere, or whose task runner speaks another version than the newest, makes all of them as ever.
    """
    try:
        from airflow.api_fastapi.execution_api import versions
        from airflow.api_fastapi.execution_api.routes import execution_api_router
        from airflow.sdk.api.datamodels._generated import API_VERSION
        from cadwyn import HeadVersion, Version, VersionBundle
        from cadwyn.route_generation import _DELETED_ROUTE_TAG

        if str(versions.bundle.versions[0].value) != API_VERSION:
            return
        older = [route for route in execution_api_router.routes if _DELETED_ROUTE_TAG in getattr(route, "tags", ())]
        newest = VersionBundle(HeadVersion(), Version(API_VERSION))
    except (ImportError, AttributeError):
        return
    for route in older:  # of earlier versions only
        execution_api_router.routes.remove(route)
    versions.bundle = newest


def _run(dag_id: str, period: str, tell: object) -> str:
    """Run one DAG; returns ``done``, or ``findings`` where only the gate of a feed is red, or ``failed``."""
    import importlib

    import common
    from qmsreports import stages
    from qmsreports.errors import UserError

    common.LISTENERS[:] = [tell]
    # Somebody waits: what a scheduler would try again later is told at once.
    common.DEFAULT_ARGS.update(retries=0, on_failure_callback=[common.note_failure, _tell_failure])
    dag = importlib.import_module(dag_id)
    run = getattr(dag, dag_id)().test(run_conf={"period": period} if dag_id != "ingest" else None)
    if str(run.state) == "success":
        return "done"
    outcomes = {}
    with suppress(UserError):  # a register that does not answer is told already
        outcomes = {one.run: one.outcome for one in stages.list_runs()}
    return "findings" if outcomes.get(f"{dag_id}__{run.run_id}") == "findings" else "failed"


_told: list[str] = []


def _tell_failure(context: Any) -> None:
    """Write what failed to standard error: a person's mistake in its lines, an error of our own with its traceback."""
    import traceback

    from qmsreports.errors import UserError

    error = context.get("exception")
    if isinstance(error, UserError):
        for line in map(str, error.findings):
            if not any(line.startswith(earlier) for earlier in _told):  # the gate repeats what stopped a step
                sys.stderr.write(f"{line}\n")
                _told.append(line)
    elif isinstance(error, BaseException):
        traceback.print_exception(error)


if __name__ == "__main__":
    sys.exit(main())
