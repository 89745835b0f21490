"""Runs of the whole line in processes that can be killed at any moment, and the state in which they leave it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from tests.system.conftest import Line

IMPORTED = [
    "great_expectations",
    "dlt",
    "dlt.common.libs.pyarrow",
    "dlt.sources.helpers.requests",
    "dlt.sources.sql_database",
    "duckdb",
    "deltalake",
    "jinja2",
    "matplotlib.figure",
    "openpyxl",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "sqlglot",
    "typst",
    "qmsreports.conform",
    "qmsreports.kpi",
    "qmsreports.pack.build",
    "qmsreports.pack.render",
    "qmsreports.register.store",
    "qmsreports.sources",
    "qmsreports.sources.rest",
    "qmsreports.stages",
    "qmsreports.validate.checker",
]
ENTRIES = {
    "loads": "source, table_name, SUM(rows)",
    "feeds": "source, table_name, SUM(rows_in), SUM(conformed), SUM(quarantined), SUM(duplicates), "
    "SUM(deleted_at_source)",
    "quarantine": "source, table_name, row_key, rule, reason, status, COUNT(*)",
    "results": "kpi, version, period, slice_key, value, numerator, denominator, n, low, high, target, status, "
    "provisional, fingerprint, sql, parts, supersedes, why, computed_at, COUNT(*)",
    "analyses": "kpi, period, slice_key, result, COUNT(*)",
    "restatement_candidates": "kpi, period, slice_key, value, numerator, denominator, n, open, COUNT(*)",
    "packs": "review, period, edition, status, reason, built_at, COUNT(*)",
}
"""What the register must say in the end, whatever happened in between; ``refreshed`` may be more after a kill."""


def walk(environment: dict[str, str], run: str, period: str, at: datetime, told: Connection) -> None:
    """Run every stage, from the first read to the pack, in a process of its own."""
    os.environ.update(environment)
    from qmsreports import stages
    from qmsreports.sources.rest import feeds

    feeds.pause = lambda _seconds: None  # a page that broke off is asked for again at once
    nth: Counter[str] = Counter()

    def tell(what: str, _rows: int) -> None:
        nth[what] += 1
        told.send(f"{what} ({nth[what]})")

    tell("begin", 0)
    stages.ingest(run_id=run, at=at, tell=tell)
    stages.measure(period, run_id=run, at=at, tell=tell)
    stages.analyse(period, run_id=run, at=at, tell=tell)
    stages.build_pack("monthly", period, run_id=run, at=at, tell=tell)


@dataclass
class Runner:
    """Starts runs of one month and kills them."""

    period: str
    at: datetime
    context: ForkServerContext = field(default_factory=lambda: multiprocessing.get_context("forkserver"))

    def __post_init__(self) -> None:
        self.context.set_forkserver_preload(IMPORTED)

    def _started(self, line: Line, run: str) -> tuple[Any, Connection]:
        hear, tell = self.context.Pipe(duplex=False)
        environment = {name: value for name, value in line.environment.items() if name.startswith("QMSREPORTS_")}
        child = self.context.Process(target=walk, args=(environment, run, self.period, self.at, tell))
        child.start()
        tell.close()
        return child, hear

    def whole(self, line: Line, run: str) -> list[tuple[str, float]]:
        """Run to the end; return every step that was told with the seconds until the next."""
        child, hear = self._started(line, run)
        steps = [(step, time.monotonic()) for step in _heard(hear)]
        ends = [begun for _, begun in steps[1:]] + [time.monotonic()]
        child.join()
        assert child.exitcode == 0, run
        return [(step, end - begun) for (step, begun), end in zip(steps, ends, strict=True)]

    def killed(self, line: Line, run: str, steps: dict[str, int], since: int, after: float) -> str:
        """Kill a run so many seconds after it tells step number ``since`` or a later one; return that step.

        Nothing where it ended before.
        """
        child, hear = self._started(line, run)
        at = next((step for step in _heard(hear) if steps.get(step, -1) >= since), "")
        child.join(after)
        child.kill()
        child.join()
        hear.close()
        assert child.exitcode in (0, -9), f"{run} ended with {child.exitcode}"
        return at if child.exitcode else ""


def _heard(hear: Connection) -> Iterator[str]:
    while True:
        try:
            yield hear.recv()
        except EOFError:
            return


# --- what is there in the end ----------------------------------------------------------------------------------------
def state(line: Line) -> dict[str, Any]:
    """Landing zone, lake, register and packs, read without the product's own code and without ids of runs and loads."""
    return {
        "landed": {source.name: _landed(source) for source in sorted((line.folder / "landing").iterdir())},
        "lake": {table.name: _rows(table) for table in sorted((line.folder / "lake").iterdir())},
        "register": {table: _entries(line, table) for table in ENTRIES},
        "packs": {pack.name: _files(pack) for pack in sorted((line.folder / "packs").glob("[!.]*"))},
    }


def _landed(source: Path) -> dict[str, Any]:
    """Landed rows of every table, of complete loads only, and of a list of keys the newest."""
    import pyarrow.parquet as pq

    whole = sorted((path.stem.split("__")[-1] for path in (source / "_dlt_loads").glob("*.jsonl")), key=float)
    found: dict[str, Any] = {}
    for table in sorted(source.iterdir()):
        if table.name.startswith("_"):
            continue
        loads = {load: sorted(table.glob(f"{load}.*.parquet")) for load in whole}
        brought = [files for files in loads.values() if files]
        if table.name.endswith("__keys"):
            brought = brought[-1:]
        found[table.name] = sorted(
            repr(row) for files in brought for path in files for row in pq.read_table(path).to_pylist()
        )
    return found


def _rows(table: Path) -> list[str]:
    from deltalake import DeltaTable

    rows = DeltaTable(str(table)).to_pyarrow_table().to_pylist()
    return sorted(repr({name: value for name, value in row.items() if name != "_load"}) for row in rows)


def _entries(line: Line, table: str) -> list[tuple[Any, ...]]:
    columns = ENTRIES[table]
    named = [column for column in columns.split(", ") if "(" not in column]
    only = "WHERE status = 'published'" if table == "feeds" else ""
    return line.register(f"SELECT {columns} FROM {table} {only} GROUP BY {', '.join(named)} ORDER BY {columns}")


def _files(pack: Path) -> dict[str, Any]:
    """Files by their hashes, the manifest by what it says but how long the audit log was."""
    found: dict[str, Any] = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in pack.iterdir()}
    manifest = json.loads((pack / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest.pop("journal")) == {"entries", "hash"}
    return {**found, "manifest.json": manifest}
