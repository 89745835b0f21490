"""### Measure

Computes every approved KPI from the canonical tables and lets the statistics tell signal from noise. Runs whenever a
canonical table changed.

**Triage**

| red task | what it means | what to do |
|---|---|---|
| `begin`, `end` | the register cannot be written; it is retried | read the one line in the log: disk, server or permission |
| `measure` | a definition cannot be computed | `qmsreports catalog check` names file and line |
| `analyse` | our own fault | the traceback names the place |

Results are append-only and a rerun without new data writes nothing. Values of settled periods are never replaced:
what late data would change is kept as a restatement candidate.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import Asset, Param, dag, task

from common import BEGINNING, DEFAULT_ARGS, TAGS, begin, canonical, end, period, run_at, run_id, tell
from qmsreports import stages

RESULTS = Asset(name="kpi_results", uri="qmsreports://register/results")


@dag(
    dag_id="measure",
    schedule=reduce(or_, [canonical(table) for table in stages.table_names()]),
    start_date=BEGINNING,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=[*TAGS, "kpi"],
    params={"period": Param(None, type=["null", "string"], description="Month as 2026-10; empty: the last closed one")},
    doc_md=__doc__,
)
def measure() -> None:
    """Build the two steps."""

    @task(task_id="measure")
    def compute() -> dict[str, Any]:
        """Compute the KPIs and append what is new to the register."""
        return stages.measure(period(), run_id=run_id(), at=run_at(), tell=tell).as_dict()

    @task(outlets=[RESULTS])
    def analyse() -> int:
        """Tell signal from noise in every series."""
        return stages.analyse(period(), run_id=run_id(), at=run_at(), tell=tell)

    begin("measure") >> compute() >> analyse() >> end().as_teardown()


measure()
