"""What the DAGs share: owner, retries, time zone, the run's id and time.

DAG files are parsed all the time, so nothing heavy is imported here at the top.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.sdk import Asset, ExceptionRetryPolicy, RetryAction, RetryRule, get_current_context, task

from qmsreports import stages

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER = "quality.data"
TAGS = ["qmsreports"]
ZONE = pendulum.timezone(stages.time_zone())
"""The organisation's approved time zone: schedules are meant in it."""
BEGINNING = datetime(2026, 1, 1, tzinfo=ZONE)

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        # What a person has to mend does not mend itself by trying again.
        RetryRule(
            exception="qmsreports.errors.CouldNotRun", action=RetryAction.RETRY, retry_delay=timedelta(minutes=5)
        ),
        RetryRule(exception="qmsreports.errors.UserError", action=RetryAction.FAIL, reason="needs a person"),
    ],
)

REJECTED = "rejected"
VERDICTS = frozenset({"gate", REJECTED})
"""Tasks that judge: of the data, or a person of the draft. Where nothing else failed, the run has findings."""


def note_failure(context: Any) -> None:
    """Keep in the register why a task failed for good; the run's row shows it."""
    error = context.get("exception")
    stages.note_failure(_id_of(context), error if isinstance(error, BaseException) else str(error or "killed"))


DEFAULT_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "on_failure_callback": [note_failure],
    "retries": 2,
    "retry_delay": timedelta(minutes=2),
    "retry_policy": RETRY_POLICY,
}


def canonical(table: str) -> Asset:
    """Return the asset of a canonical table."""
    return Asset(name=table, uri=f"qmsreports://lake/{table}")


def _connection(name: str) -> str | None:
    """Return a connection that Airflow keeps, in its database or its secrets backend, as the JSON of its parts."""
    import json

    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = Connection.get(name)
    except AirflowNotFoundException:
        return None
    parts = ("conn_type", "host", "login", "password", "schema", "port", "extra")
    return json.dumps({part: getattr(found, part) for part in parts})


stages.look_up_connections("Airflow", _connection)


def run_id() -> str:
    """Return the id under which this DAG run is recorded; the same on every retry."""
    return _id_of(get_current_context())


def _id_of(context: Any) -> str:
    return f"{context['dag'].dag_id}__{context['run_id']}"


@task
def begin(line: str) -> None:
    """Put the run on record; until ``end`` says how it ended it has not ended."""
    stages.begin_run(run_id(), kind=line, period="" if line == "ingest" else period(), at=run_at())


@task
def end() -> None:
    """Put on record how the run ended. A teardown: it runs whatever came of the others, and hides none of them."""
    context: Any = get_current_context()
    run = context["run_id"]
    states = context["ti"].get_task_states(dag_id=context["dag"].dag_id, run_ids=[run]).get(run, {})
    mapped = {one.task_id for one in context["dag"].tasks}
    ended = [(_plain(name, mapped), str(state)) for name, state in states.items()]
    failed = [name for name, state in ended if state == "failed" or (name, state) == (REJECTED, "success")]
    stages.close_run(run_id(), failed=failed, verdicts=VERDICTS, at=datetime.now(UTC).replace(microsecond=0))


def _plain(name: str, tasks: set[str]) -> str:
    """Return ``gate`` for ``feed.gate_3``, the third instance of a mapped task in a group."""
    task_id = name if name in tasks else name.rpartition("_")[0]
    return task_id.rpartition(".")[2]


def run_at() -> datetime:
    """Return the instant this DAG run stands for; the same on every retry."""
    context = get_current_context()
    dag_run = context["dag_run"]
    at = dag_run.start_date or dag_run.run_after or datetime.now(UTC)
    return at.astimezone(UTC).replace(microsecond=0)


def period() -> str:
    """Return the reported period: the ``period`` given to the run, else its partition, else the last closed one of the
    ``review`` given to the run, a month without one.
    """
    context = get_current_context()
    given = context["params"] or {}
    asked = given.get("period") or getattr(context["dag_run"], "partition_key", None)
    return stages.asked_period(asked and str(asked), run_at(), str(given.get("review") or ""))


LISTENERS: list[Callable[[str, int], None]] = []
"""Who else follows the progress: the terminal, when the line runs in one process."""


def tell(what: str, rows: int) -> None:
    """Write progress into the task's log."""
    for listener in LISTENERS:
        listener(what, rows)
    import logging

    logging.getLogger("qmsreports").info("%s %s", what, f"({rows:,} rows)" if rows else "")
