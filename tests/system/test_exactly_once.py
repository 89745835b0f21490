"""Whatever interrupts it and in whatever pieces data comes: the canonical tables are those of one clean load."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.conftest import Line, move_on

pytestmark = pytest.mark.system

BALANCE = """
SELECT source, table_name, SUM(rows_in), SUM(refreshed), SUM(conformed), SUM(quarantined), SUM(duplicates),
    SUM(deleted_at_source)
FROM feeds WHERE status = 'published' GROUP BY source, table_name ORDER BY source, table_name
"""


def test_rows_in_are_conformed_quarantined_duplicates_or_deleted(undisturbed: Line) -> None:
    rows = undisturbed.register(BALANCE)
    assert len(rows) == len(undisturbed.register("SELECT DISTINCT source, table_name FROM feeds")) > 25
    for source, table, rows_in, refreshed, *out in rows:
        assert rows_in + refreshed == sum(out), (source, table)
        assert rows_in > 0


def test_a_second_run_reads_nothing_and_changes_nothing(undisturbed: Line) -> None:
    before = undisturbed.tables()
    report = undisturbed.json("run", "ingest")
    assert {entry["status"] for entry in report} == {"unchanged"}
    assert sum(entry["rows_in"] for entry in report) == 0
    assert undisturbed.tables() == before


def test_two_months_one_after_the_other_give_what_one_load_gives(
    new_line: Callable[..., Line], companies: dict[str, Path], undisturbed: Line
) -> None:
    line = new_line("2026-09")
    first = {(r["source"], r["table"]): r["rows_in"] for r in line.json("run", "ingest")}
    move_on(line, companies["2026-10"])
    second = {(r["source"], r["table"]): r["rows_in"] for r in line.json("run", "ingest")}
    for key in (
        ("crm", "order_lines"),
        ("helpdesk", "tickets"),
        ("mes", "operations"),
        ("production_files", "machine_shifts"),
    ):
        assert 0 < second[key] < first[key] / 5, key  # only what is new was read
    assert line.tables() == undisturbed.tables()


@pytest.mark.parametrize("seed", range(2))  # with real imports in between; many more are in test_many_kills
def test_a_kill_at_any_instant_loses_nothing_and_counts_nothing_twice(
    new_line: Callable[..., Line], undisturbed: Line, seed: int
) -> None:
    line = new_line()
    chance = random.Random(seed)
    for _ in range(3):
        process = line.start("run", "ingest")
        time.sleep(chance.uniform(0.5, 12))
        process.send_signal(signal.SIGKILL)
        process.wait()
    line.run("run", "ingest")
    assert line.tables() == undisturbed.tables()
    assert (
        line.register("SELECT source, table_name, load_id, COUNT(*) FROM loads GROUP BY 1, 2, 3 HAVING COUNT(*) > 1")
        == []
    )
    after = {row[:2]: row[2:] for row in line.register(BALANCE)}
    for key, counts in after.items():
        rows_in, refreshed, *out = counts
        assert rows_in + refreshed == sum(out), key
