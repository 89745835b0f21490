"""### Ingest

Reads every source, audits what came and merges what passed into the canonical tables.
One chain of tasks per source: `land` → `conform` → `validate` → `publish` → `gate`. At the end `report` writes
`quality/data-quality.html` in the workspace's folder: freshness, volumes, reconciliation, every rule with its history,
quarantine.

**Triage**

| red task | what it means | what to do |
|---|---|---|
| `begin`, `end` | the register cannot be written; it is retried | read the one line in the log: disk, server or permission |
| `land` | the landing zone cannot be written, or another run reads this source now; it is retried | read the one line in the log: disk, folder or permission |
| `conform` | our own fault (a mapping that fails stops its table only and turns `gate` red) | the traceback names the place |
| `validate` | our own fault; neither bad data nor a wrong suite makes this red | the traceback names the place |
| `publish` | the lake cannot be written; it is retried | read the one line in the log: disk or permission |
| `report` | the data-quality report cannot be written; the data are not touched by it | read the one line in the log: disk, folder or template |
| `gate` | at least one table was stopped, could not be read or has no outcome; the others are published | the log lists table, rule and reason; `quality/data-quality.html` shows the rows |

Rerunning or clearing any task is safe: a load counts once. KPIs of a stopped table are marked `not_valid` in the next
pack, never shown with last month's value. A second run at the same time waits (`max_active_runs=1`).
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import AssetAlias, dag, task, task_group

from common import BEGINNING, DEFAULT_ARGS, TAGS, begin, canonical, end, run_at, run_id, tell
from qmsreports import stages

PUBLISHED = AssetAlias("canonical_tables")


@dag(
    dag_id="ingest",
    schedule="0 4 * * *",
    start_date=BEGINNING,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=[*TAGS, "data"],
    doc_md=__doc__,
)
def ingest() -> None:
    """Build one chain per source."""

    @task
    def land(source: str) -> dict[str, Any]:
        """Read what is new into the landing zone."""
        result = stages.land(source, run_id=run_id(), at=run_at(), tell=tell)
        return {"source": source, "failures": stages.pack_failures(result.failures)}

    @task
    def conform(landed: dict[str, Any]) -> list[dict[str, Any]]:
        """Bring new rows into canonical shape."""
        failures = stages.unpack_failures(landed["failures"])
        staged = stages.conform(landed["source"], run_id=run_id(), at=run_at(), failures=failures, tell=tell)
        return stages.pack_staged(staged)

    @task
    def validate(staged: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Audit the staged rows with the suites in expectations/."""
        return stages.pack_audited(
            stages.validate(stages.unpack_staged(staged), run_id=run_id(), at=run_at(), tell=tell)
        )

    @task(outlets=[PUBLISHED])
    def publish(audited: list[dict[str, Any]], *, outlet_events: Any = None) -> None:
        """Merge what passed; every canonical table that changed announces itself as an asset."""
        for table in stages.publish(stages.unpack_audited(audited), run_id=run_id(), at=run_at(), tell=tell):
            outlet_events[PUBLISHED].add(canonical(table))

    @task(retries=0, trigger_rule="all_done")
    def gate(source: str) -> None:
        """Turn red when a table of this source may not be measured."""
        stages.clear_old_staging(at=run_at())
        stages.gate(source, run_id=run_id())

    @task_group
    def feed(source: str) -> None:
        """One source from landing zone to canonical tables."""
        publish(validate(conform(land(source)))) >> gate(source)

    @task(retries=0)
    def report() -> str:
        """Write the data-quality report; log and result of the task link to it, where its address is set."""
        address = stages.address_of(stages.write_quality(at=run_at(), tell=tell))
        tell(f"data-quality report: {address}", 0)
        return address

    # A teardown runs whatever came of the feeds, and its success does not hide a red gate.
    begin("ingest") >> feed.expand(source=stages.source_names()) >> report().as_teardown() >> end().as_teardown()


ingest()
