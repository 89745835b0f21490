"""Killed again and again at random instants, the line ends where one undisturbed run ends.

How many kills: ``QMSREPORTS_KILLS`` (``make test-kills`` sets 200). To spend the time on the line and not on imports,
each run is a child of one process that has imported everything; it is killed with SIGKILL like any other. For the same
reason workspaces take turns: each reads one part of the company's systems, and one in every round reads them all.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import Line

pytestmark = pytest.mark.system

KILLS = int(os.environ.get("QMSREPORTS_KILLS", "20"))
IN_A_ROW = 5
"""Kills that one workspace has to live through before it is allowed to finish."""
PARTS: tuple[tuple[str, ...], ...] = (
    ("helpdesk",),
    ("production_files", "qms_registers"),
    ("crm",),
    ("mes",),
    (),  # all of them
)
AT = datetime(2024, 2, 5, 6, tzinfo=UTC)
IMPORTED = [
    "great_expectations",
    "dlt",
    "dlt.sources.sql_database",
    "duckdb",
    "deltalake",
    "pandas",
    "pyarrow.parquet",
    "openpyxl",
    "sqlglot",
    "qmsreports.stages",
    "qmsreports.sources",
    "qmsreports.conform",
    "qmsreports.validate.checker",
    "qmsreports.register.store",
]
CONTENT = {
    "feeds": "source, table_name, SUM(rows_in), SUM(conformed), SUM(quarantined), SUM(duplicates)",
    "loads": "source, table_name, SUM(rows)",
    "quarantine": "source, table_name, row_key, rule, reason, status, COUNT(*)",
}
"""What the register must say in the end, whatever happened in between; ``refreshed`` may be more after a kill."""
GROUPS = {"feeds": "1, 2", "loads": "1, 2", "quarantine": "1, 2, 3, 4, 5, 6"}


def ingest(environment: dict[str, str], sources: tuple[str, ...], run: str) -> None:
    """One run in a process of its own."""
    os.environ.update(environment)
    from qmsreports import stages

    stages.ingest(sources, run_id=run, at=AT)


Start = Callable[[Line, tuple[str, ...], str], ForkServerProcess]


@pytest.fixture(scope="module")
def process() -> Start:
    context: ForkServerContext = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)

    def start(line: Line, sources: tuple[str, ...], run: str) -> ForkServerProcess:
        environment = {name: value for name, value in line.environment.items() if name.startswith("QMSREPORTS_")}
        started = context.Process(target=ingest, args=(environment, sources, run))
        started.start()
        return started

    return start


def register(line: Line) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: line.register(
            f"SELECT {columns} FROM {table} {'WHERE status = ' + repr('published') if table == 'feeds' else ''} "
            f"GROUP BY {GROUPS[table]} ORDER BY {GROUPS[table]}"
        )
        for table, columns in CONTENT.items()
    }


def test_kills_at_random_instants_lose_nothing_and_count_nothing_twice(process: Start, tmp_path: Path) -> None:
    company = Line(tmp_path / "company")
    company.folder.mkdir()
    company.run("demo", "--through", "2024-01", "--quiet")

    def workspace(name: str) -> Line:
        line = Line(tmp_path / name)
        line.folder.mkdir()
        shutil.copytree(company.demo, line.demo)
        return line

    def undisturbed(sources: tuple[str, ...]) -> tuple[float, Any]:
        line = workspace(f"undisturbed {' '.join(sources) or 'all'}")
        began = time.monotonic()
        alone = process(line, sources, "once")
        alone.join()
        took = time.monotonic() - began
        assert alone.exitcode == 0
        return took, (line.tables(), register(line))

    process(workspace("warm"), ("production_files",), "warm").join()
    parts: dict[tuple[str, ...], tuple[float, Any]] = {}
    chance = random.Random(200)
    killed, workspaces = 0, 0
    while killed < KILLS:
        sources = PARTS[workspaces % len(PARTS)]
        if sources not in parts:
            parts[sources] = undisturbed(sources)
            assert parts[sources][1][0], sources
        took, expected = parts[sources]
        workspaces += 1
        line = workspace(f"line{workspaces}")
        where = f"workspace {workspaces}, {' '.join(sources) or 'all sources'}"
        left, attempts = min(IN_A_ROW, KILLS - killed), 0
        while left and attempts < 3 * IN_A_ROW:
            attempts += 1
            child = process(line, sources, f"run {attempts}")
            child.join(chance.uniform(0.02, 1) * took)
            child.kill()
            child.join()
            if child.exitcode == 0:  # it was faster than the kill
                break
            assert child.exitcode == -9, where
            killed, left = killed + 1, left - 1
        last = process(line, sources, "last")
        last.join()
        assert last.exitcode == 0, where
        assert line.tables() == expected[0], f"{where}, {attempts} runs"
        assert register(line) == expected[1], f"{where}, {attempts} runs"
        shutil.rmtree(line.folder)
        print(f"{killed} kills in {workspaces} workspaces: {where} agrees", flush=True)  # noqa: T201
