"""The DAGs from the first source to the pack, in one process as ``make review`` runs them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.system.conftest import ROOT, Line

pytestmark = pytest.mark.system

SOURCES = ("crm", "helpdesk", "mes", "production_files", "qms_registers")
STEPS = ("land", "conform", "validate", "publish", "gate")


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Line:
    line = Line(tmp_path_factory.mktemp("dags") / "var")
    line.folder.mkdir()
    line.run("demo", "--quiet")
    line.run("catalog", "apply", "--by", "quality.manager", "--quiet")
    line.run("catalog", "approve", "--all", "--by", "managing.director", "--quiet")
    return line


def run_dags(line: Line) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "dags" / "run_line.py"), "--period", "2026-10"],
        env={name: value for name, value in line.environment.items() if not name.startswith("AIRFLOW")},
        cwd=line.folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def states(line: Line, dag: str) -> dict[tuple[str, str], str]:
    """State of each task of the newest run: {(step, source): success | failed}."""
    query = """
    SELECT task_id, map_index, state FROM task_instance
    WHERE dag_id = ? AND run_id = (SELECT run_id FROM dag_run WHERE dag_id = ? ORDER BY id DESC LIMIT 1)
    """
    with closing(sqlite3.connect(line.folder / "airflow" / "airflow.db")) as connection:
        rows = connection.execute(query, (dag, dag)).fetchall()
    return {(task.removeprefix("feed."), SOURCES[index] if index >= 0 else ""): state for task, index, state in rows}


def counted(line: Line) -> list[tuple[int, ...]]:
    return [
        line.register(f"SELECT COUNT(*), COALESCE(MAX(id), 0) FROM {table}")[0]
        for table in ("results", "packs", "analyses", "loads", "quarantine")
    ]


def test_a_broken_source_turns_its_gate_red_and_the_line_goes_on_without_it(line: Line) -> None:
    kept = line.demo / "mes.kept"
    (line.demo / "mes.db").rename(kept)
    done = run_dags(line)
    kept.rename(line.demo / "mes.db")
    assert done.returncode == 1, done.stderr
    told = [text for text in done.stderr.splitlines() if " s  line: " not in text]
    assert told == [
        f"source mes: the database file {line.demo}/mes.db does not exist (never landed so far); check the connection "
        "(stops downtimes, inspections, operations, production_orders, receipts)",
        "ingest stopped what the lines above name; the line goes on without it, and the pack says so on page one",
    ]
    assert states(line, "ingest") == {
        (step, source): "failed" if (step, source) == ("gate", "mes") else "success"
        for step in STEPS
        for source in SOURCES
    } | {(step, ""): "success" for step in ("begin", "report", "end")}
    ((outcome, why),) = line.register("SELECT status, message FROM runs WHERE kind = 'ingest'")
    assert outcome == "findings", why
    assert "does not exist (never landed so far)" in (line.folder / "quality" / "data-quality.html").read_text()
    failed = line.register("SELECT DISTINCT source, status FROM feeds WHERE status <> 'published'")
    assert failed == [("mes", "failed")]
    assert {"order_lines", "tickets", "machine_shifts", "audits"} <= set(line.tables())
    *paths, _, _, trusted = done.stdout.splitlines()
    assert [Path(text).suffix for text in paths] == [".pdf", ".html"]
    assert "4 of 5 sources read." in trusted
    assert line.register("SELECT DISTINCT kind, status FROM runs WHERE kind <> 'ingest' ORDER BY kind") == [
        ("measure", "done"),
        ("review", "done"),
    ]


def test_a_register_that_cannot_be_written_ends_the_line(line: Line) -> None:
    """Nothing to go on with: neither feeds nor a pack can be recorded."""
    kept = (line.folder / "register.db").read_bytes()
    (line.folder / "register.db").write_bytes(b"this is no database" * 100)
    done = run_dags(line)
    (line.folder / "register.db").write_bytes(kept)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ingest did not succeed; the lines above say what to mend"
    assert done.stdout == ""


def test_the_line_ends_with_a_pack_and_says_what_is_in_it(line: Line) -> None:
    done = run_dags(line)
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    paths, lines = [Path(text) for text in told[:2]], told[2:]
    assert [path.suffix for path in paths] == [".pdf", ".html"]
    for path in paths:
        assert path.is_file()
        assert path.is_relative_to(line.folder / "packs")
    assert len(lines) == 3
    assert "objectives: " in lines[0]
    assert lines[1].startswith("To decide first: ")
    assert "All 5 sources read." in lines[2]
    assert "every row is accounted for" in lines[2]
    assert set(states(line, "ingest").values()) == {"success"}
    sealed = line.register("SELECT path FROM pack_files WHERE pack_id = (SELECT MAX(id) FROM packs)")
    assert {path for (path,) in sealed} == {path.name for path in paths[0].parent.iterdir()}


def test_a_second_run_adds_nothing(line: Line) -> None:
    before, tables = counted(line), line.tables()
    done = run_dags(line)
    assert done.returncode == 0, done.stderr
    assert counted(line) == before
    assert line.tables() == tables
    assert len(list((line.folder / "packs").iterdir())) == 2  # the one without a source, and the whole one
