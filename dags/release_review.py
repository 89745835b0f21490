"""### Release a management-review pack

Asks a person to approve the newest draft of a month, then delivers it. The approver's login is the signature: an
anonymous answer (SimpleAuthManager with "all admins") is refused, because it is evidence of nothing.

**Triage**

| red task | what it means | what to do |
|---|---|---|
| `begin`, `end` | the register cannot be written; it is retried | read the one line in the log: disk, server or permission |
| `approve` | nobody answered within a week | trigger the DAG again |
| `rejected` (green) | a person said no; `qmsreports run list` says who and why | mend what they miss, build the pack anew, trigger the DAG again |
| `release` | the answer was anonymous, or the pack's files no longer match their seal | the log says which |
| `deliver` | a folder, store or mail server does not take it | mend it and clear the task; nobody gets it twice |
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param, dag, task

from common import BEGINNING, DEFAULT_ARGS, TAGS, begin, end, period, run_at, run_id
from qmsreports import stages

ANSWER = "answer"
"""Under which :class:`Approval` leaves who answered, and the remark."""


class Approval(ApprovalOperator):
    """Airflow's question, which after a no leaves nothing to read: who said it and why is kept as well."""

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Keep who answered, and go on as Airflow does."""
        who = event.get("responded_by_user") or {}
        remark = (event.get("params_input") or {}).get("remark")
        said = {"who": str(who.get("name") or who.get("id") or ""), "remark": str(remark or "")}
        context["ti"].xcom_push(key=ANSWER, value=said)
        return super().execute_complete(context, event)


@dag(
    dag_id="release_review",
    schedule=None,
    start_date=BEGINNING,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=[*TAGS, "review"],
    params={
        "period": Param(None, type=["null", "string"], description="Month as 2026-10; empty: the last closed one"),
        "review": Param("monthly", type="string", description="Review of the catalog"),
    },
    doc_md=__doc__,
)
def release_review() -> None:
    """Draft, approval, delivery."""

    @task
    def draft(params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Find the draft and check its seal before anybody is asked."""
        return stages.draft_for_release((params or {})["review"], period()).as_dict()

    approve = Approval(
        task_id="approve",
        subject="Management review {{ ti.xcom_pull(task_ids='draft')['period'] }}: release the pack?",
        body="{{ ti.xcom_pull(task_ids='draft')['headline'] | join('\n\n') }}",
        params={"remark": Param("", type=["null", "string"], description="Of a no: what is missing or wrong")},
        response_timeout=timedelta(days=7),
        retries=0,
    )

    @task(retries=0)
    def release(found: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Record who approved which bytes."""
        responder = answer.get("responded_by_user") or {}
        return stages.release(
            found["pack_id"],
            approver=str(responder.get("name") or responder.get("id") or ""),
            run_id=run_id(),
            at=run_at(),
        ).as_dict()

    @task(trigger_rule="all_skipped")
    def rejected(ti: Any = None) -> None:
        """Put on record that the draft was rejected, by whom and why."""
        found, said = ti.xcom_pull(task_ids="draft"), ti.xcom_pull(task_ids="approve", key=ANSWER)
        pack = f"pack {found['pack']} {found['period']} edition {found['edition']}"
        who = f"{said['who'] or 'somebody without a name'}{': ' if said['remark'] else ''}{said['remark']}"
        stages.fail_step(run_id(), f"{pack} was rejected by {who}; nothing was released")

    @task
    def deliver(released: dict[str, Any]) -> list[str]:
        """Hand the pack to the folder, the store and the addresses that the review names."""
        return stages.deliver(released["pack_id"], at=run_at())

    found = draft()
    begin("release") >> found >> approve
    released = release(found, approve.output)
    [deliver(released), released >> rejected()] >> end().as_teardown()


release_review()
