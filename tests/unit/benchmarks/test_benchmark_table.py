"""What a benchmark prints and keeps, on fixed figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kpi_stage import compare
from benchmarks.table import Row, markdown, plain, write_between

START = Row("start", [0.31, 0.25, 0.28], "s", [0.02, 0.02, 0.025], aim=0.3, note="a | b")
SLOW = Row("stage", [16.0], "s", [10.0], aim=1.5, aim_is_ratio=True)
MEMORY = Row("memory", [1234.5], "MB")


def test_the_median_counts_and_the_spread_is_shown() -> None:
    assert START.cells() == ("start", "0.28 s (0.25 to 0.31)", "0.02 s (0.02 to 0.03)", "14.00", "0.3 s", "a | b")
    assert MEMORY.cells() == ("memory", "1,234 MB", "", "", "", "")


def test_an_aim_bounds_the_figure_or_the_ratio() -> None:
    assert not START.missed
    assert SLOW.missed
    assert SLOW.cells()[3:5] == ("1.60", "1.5 times (missed)")
    assert not MEMORY.missed


def test_the_table_for_a_terminal_is_aligned() -> None:
    assert plain([SLOW, MEMORY]).splitlines() == [
        "what    measured  reference  ratio  aim                 note",
        "stage   16.0 s    10.0 s     1.60   1.5 times (missed)",
        "memory  1,234 MB",
    ]


def test_the_table_for_a_page_keeps_its_columns() -> None:
    assert markdown([START]).splitlines() == [
        "| what | measured | reference | ratio | aim | note |",
        "| --- | --- | --- | --- | --- | --- |",
        "| start | 0.28 s (0.25 to 0.31) | 0.02 s (0.02 to 0.03) | 14.00 | 0.3 s | a \\| b |",
    ]


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Speed\n\n<!-- bench:kpi -->\nold\n<!-- /bench:kpi -->\n\nAfter.\n")
    write_between(page, "kpi", "new\n")
    write_between(page, "pack", "more")
    assert page.read_text() == (
        "# Speed\n\n<!-- bench:kpi -->\nnew\n<!-- /bench:kpi -->\n\nAfter.\n\n"
        "<!-- bench:pack -->\nmore\n<!-- /bench:pack -->\n"
    )


def test_a_number_that_differs_stops_the_benchmark() -> None:
    product = {"nps|2026-10|": 50.0, "nps|2026-10|site=linz": 40.0, "backlog|2026-10|": 0.0, "csat|2026-10|": None}
    hand = {"nps|2026-10|": 50.0 + 1e-9, "nps|2026-10|site=linz": 40.0, "nps|2023-01|": 1.0, "nps|2026-10|x=y": 1.0}
    slices = {"nps": ["site"], "backlog": [], "csat": []}
    assert compare(product, hand, slices) == "3 numbers, all the same"
    assert compare({**product, "nps|2026-10|segment=a": 9.0}, hand, slices) == "3 numbers, all the same"
    with pytest.raises(RuntimeError, match="1 of 3 numbers differ, of nps"):
        compare(product, {**hand, "nps|2026-10|": 50.1}, slices)
    with pytest.raises(RuntimeError, match="of csat"):
        compare(product, {**hand, "csat|2026-10|": 90.0}, slices)
