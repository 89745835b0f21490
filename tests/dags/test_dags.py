"""The DAGs say who owns them and what to do when they are red, and wait for what they should wait for."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from qmsreports import starter
from qmsreports.starter import Company

DAGS = Path(__file__).parents[2] / "dags"
NAMES = ("ingest", "measure", "management_review", "release_review")


def test_there_are_exactly_these(dags: dict[str, Any]) -> None:
    assert sorted(dags) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_has_owner_tags_triage_notes_and_retries(dags: dict[str, Any], name: str) -> None:
    dag = dags[name]
    assert "qmsreports" in dag.tags
    assert "**Triage**" in dag.doc_md
    assert dag.max_active_runs == 1
    assert not dag.catchup
    for task in dag.tasks:
        assert task.owner == "quality.data"
        assert f"`{task.task_id.rpartition('.')[2]}`" in dag.doc_md or name in {"release_review"}
        once = {"feed.gate", "report", "approve", "release"}  # a verdict or an answer is not better the second time
        assert task.retries == (0 if task.task_id in once else 2), task.task_id
        assert {rule.exception: rule.action.name for rule in task.retry_policy.rules} == {
            "qmsreports.errors.CouldNotRun": "RETRY",  # a disk, a server, another run
            "qmsreports.errors.UserError": "FAIL",  # what a person has to mend
        }


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_serialised(dags: dict[str, Any], name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from airflow.serialization.serialized_objects import DagSerialization

        assert DagSerialization.to_dict(dags[name])


def test_ingest_has_one_chain_per_source(dags: dict[str, Any]) -> None:
    dag = dags["ingest"]
    assert {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks} == {
        "begin": [],
        "feed.land": ["begin"],
        "feed.conform": ["feed.land"],
        "feed.validate": ["feed.conform"],
        "feed.publish": ["feed.validate"],
        "feed.gate": ["feed.publish"],
        "report": ["feed.gate"],
        "end": ["report"],
    }
    assert dag.get_task("report").is_teardown
    sources = {path.parent.name for path in (DAGS.parent / "catalog" / "sources").glob("*/source.yaml")}
    group = dag.task_group.get_child_by_label("feed")
    assert set(group._expand_input.value["source"]) == sources


def test_measure_waits_for_every_canonical_table(dags: dict[str, Any]) -> None:
    tables = {path.stem for path in (DAGS.parent / "catalog" / "tables").glob("*.yaml")}
    condition = dags["measure"].timetable.asset_condition
    assert {asset.name for asset in condition.objects} == tables


def test_the_review_of_a_month_runs_when_the_month_is_over(dags: dict[str, Any]) -> None:
    timetable = dags["management_review"].timetable
    assert type(timetable).__name__ == "CronPartitionTimetable"
    assert timetable.key_format == "%Y-%m"
    assert timetable.run_offset == -1


def test_schedules_are_meant_in_the_zone_of_the_organisation(airflow_home: Path, tmp_path: Path) -> None:
    starter.make(tmp_path / "usa", Company("Usa", "America/Chicago", ("a",)))
    asked = """
import importlib, json, sys
sys.path.insert(0, "dags")
found = {}
for name in sys.argv[1:]:
    dag = getattr(importlib.import_module(name), name)()
    found[name] = [dag.timezone.name, str(getattr(dag.timetable, "timezone", getattr(dag.timetable, "_timezone", "")))]
print(json.dumps(found))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", asked, *NAMES],
        cwd=tmp_path / "usa",
        env={"PATH": "", "AIRFLOW_HOME": str(airflow_home), "AIRFLOW__CORE__UNIT_TEST_MODE": "False"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert {name: zone for name, (zone, _) in found.items()} == dict.fromkeys(NAMES, "America/Chicago")
    assert "America/Chicago" in found["management_review"][1]


def test_a_person_is_asked_between_draft_and_delivery(dags: dict[str, Any]) -> None:
    dag = dags["release_review"]
    assert "ApprovalOperator" in {kind.__name__ for kind in type(dag.get_task("approve")).__mro__}
    assert "approve" in dag.get_task("release").upstream_task_ids
    assert "release" in dag.get_task("deliver").upstream_task_ids


def test_dag_files_import_nothing_heavy() -> None:
    heavy = {"pandas", "duckdb", "great_expectations", "dlt", "sqlalchemy", "pyarrow", "matplotlib", "sqlglot"}
    for path in DAGS.glob("*.py"):
        tree = ast.parse(path.read_text())
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {
            (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else node.names[0].name.split(".")[0]
            for node in top
        }
        assert not names & heavy, path


def test_dags_call_the_stages_and_nothing_else_of_the_product() -> None:
    for path in (*(DAGS / f"{name}.py" for name in NAMES), DAGS / "common.py"):
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("qmsreports"):
                found |= {f"{node.module}.{name.name}" for name in node.names}
            elif isinstance(node, ast.Import):
                found |= {name.name for name in node.names if name.name.startswith("qmsreports")}
        assert found == {"qmsreports.stages"}, path.name


@pytest.mark.filterwarnings("ignore")  # Airflow's own dependencies
def test_a_connection_that_airflow_looks_up_is_given_on_in_its_parts(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import common
    from qmsreports import settings

    assert dags
    monkeypatch.setenv("AIRFLOW_CONN_KEPT_CRM", "postgres://reader:p%40ssword@db:5433/live?sslmode=require")
    assert json.loads(common._connection("kept_crm") or "") == {
        "conn_type": "postgres", "host": "db", "login": "reader", "password": "p@ssword", "schema": "live",
        "port": 5433, "extra": '{"sslmode": "require"}',
    }  # fmt: skip
    assert common._connection("nowhere") is None
    assert set(settings._ASKED) == {"Airflow"}
