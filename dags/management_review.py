"""### Management review

Each month, for the month that closed: measures once more (so that the pack sees all data that has come in), and builds
a draft pack for every review of which the month closes a period (in September also the quarterly one). The drafts wait
for `release_review`.

**Triage**

| red task | what it means | what to do |
|---|---|---|
| `begin`, `end` | the register cannot be written; it is retried | read the one line in the log: disk, server or permission |
| `measure` | a definition cannot be computed | `qmsreports catalog check` names file and line |
| `build` | a template or the disk | the log's one line; drafts are written whole or not at all |

A rerun with the same inputs finds its pack and changes nothing; with other inputs it makes a new edition.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronPartitionTimetable, Param, dag, task

from common import BEGINNING, DEFAULT_ARGS, TAGS, ZONE, begin, end, period, run_at, run_id, tell
from qmsreports import stages


@dag(
    dag_id="management_review",
    schedule=CronPartitionTimetable("0 6 2 * *", timezone=ZONE, run_offset=-1, key_format="%Y-%m"),
    start_date=BEGINNING,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=[*TAGS, "review"],
    params={
        "period": Param(None, type=["null", "string"], description="Month as 2026-10; empty: this run's partition")
    },
    doc_md=__doc__,
)
def management_review() -> None:
    """Build one draft per review."""

    @task(task_id="measure")
    def compute() -> list[dict[str, str]]:
        """Bring the figures up to the newest data; returns the reviews of which the month closes a period."""
        summary = stages.measure(period(), run_id=run_id(), at=run_at(), tell=tell)
        stages.analyse(period(), run_id=run_id(), at=run_at(), tell=tell)
        tell(summary.sentence(), 0)
        return stages.due_reviews(period())

    @task
    def build(review: str, of: str) -> dict[str, Any]:
        """Write the draft pack, sealed."""
        return stages.build_pack(review, of, run_id=run_id(), at=run_at(), tell=tell).as_dict()

    due = compute()
    begin("review") >> due
    build.expand_kwargs(due) >> end().as_teardown()


management_review()
