"""Quarters and years are measured from their rows, where a review asks for them, and leave the months alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from test_measure_changed import START, Line, cases, made, order, orders

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.register import results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.models import Analysis, Result
from qmsreports.workspace import Workspace

QUARTERLY = """
review: quarterly
title: Quarterly review
period: quarter
standards: [std-1, std-2]
scoreboard: [doubled, reply_time]
sections:
  - {clause: 9.3.2-c1, title: Customers, tables: [cases]}
  - {clause: 9.3.2-c3, title: Processes, kpis: [doubled]}
"""
VIENNA = ZoneInfo("Europe/Vienna")
Rows = Mapping[str, dict[str, Any]]


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return made(tmp_path)


def _write(line: Line, file: str, text: str) -> None:
    """Write a file of the catalog and let it be approved."""
    (line.settings.catalog / file).write_text(text)
    with Workspace(line.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.written, records, by="author", at=START)
        approval.approve(records, workspace.written.organisation, by="board", at=START)


def _values(line: Line, kpi: str) -> dict[tuple[str, str], Result]:
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        return {(row.period, row.slice_key): row for row in results.latest_results(session, kpis=[kpi])}


def _on_time(rows: Rows, first: str, last: str, site: str = "") -> tuple[int, int]:
    due = [
        row
        for row in rows.values()
        if row["urgent"] and first <= f"{row['due_on']:%Y-%m}" <= last and site in ("", row["site"])
    ]
    return sum(row["done_on"] is not None and row["done_on"] <= row["due_on"] for row in due), len(due)


def test_a_quarter_is_made_of_its_rows(line: Line) -> None:
    """The ratio has the sums of its parts, the percentile every case of the quarter; neither is made of months."""
    kpi = (line.settings.catalog / "kpis" / "reply_time.yaml").read_text()
    version = kpi.partition("  - version: 1\n")[2]
    plain = version.replace("working_time", "elapsed").replace(", calendar: desk", "").replace("2024-", "2025-")
    _write(line, "kpis/reply_time.yaml", f"{kpi}  - version: 2\n{plain}")
    _write(line, "reviews/quarterly.yaml", QUARTERLY)
    draw = Random(7)
    rows, matters = orders(draw), cases(draw)
    line.publish("orders", rows)
    line.publish("cases", matters)
    line.measure(START)
    found = _values(line, "on_time")
    for quarter, (first, last) in {"2025-Q4": ("2025-10", "2025-12"), "2026-Q1": ("2026-01", "2026-03")}.items():
        for site in ("", "linz", "lyon"):
            row = found[quarter, f"site={site}" if site else ""]
            kept, due = _on_time(rows, first, last, site)
            assert (row.numerator, row.denominator, row.value) == (kept, due, pytest.approx(100 * kept / due))
            assert row.target == (92 if site == "lyon" else 95)
    hours = [
        (case["replied_at"] - case["opened_at"]) / timedelta(hours=1)
        for case in matters.values()
        if case["replied_at"] is not None
        and date(2026, 1, 1) <= case["opened_at"].astimezone(VIENNA).date() < date(2026, 4, 1)
    ]
    reply = _values(line, "reply_time")
    assert reply["2026-Q1", ""].n == len(hours)
    assert reply["2026-Q1", ""].value == pytest.approx(float(np.quantile(hours, 0.9)))
    monthly = [reply[f"2026-0{month}", ""].value or 0.0 for month in (1, 2, 3)]
    assert reply["2026-Q1", ""].value != pytest.approx(sum(monthly) / 3)
    doubled = _values(line, "doubled")["2026-Q1", ""].value
    assert doubled == pytest.approx(2 * (found["2026-Q1", ""].value or 0.0))


def test_only_what_reviews_show_is_measured_and_only_where_the_record_begins(line: Line) -> None:
    """Orders begin in October 2025 and cases in December: the fourth quarter has all of the ones, not of the others."""
    draw = Random(7)
    line.publish("orders", orders(draw) | {"first": {**order(draw, "first"), "due_on": date(2025, 10, 1)}})
    line.publish("cases", cases(draw))
    line.measure(START)
    assert {period for period, _ in _values(line, "on_time") if "Q" in period} == set()
    _write(line, "reviews/quarterly.yaml", QUARTERLY)
    line.measure(START + timedelta(hours=1))
    quarters = {kpi: {p for p, _ in _values(line, kpi) if "Q" in p} for kpi in ("doubled", "on_time", "reply_time")}
    assert quarters == {
        "doubled": {"2025-Q4", "2026-Q1"},
        "on_time": {"2025-Q4", "2026-Q1"},  # what a formula reads is measured with it
        "reply_time": {"2026-Q1"},
    }
    line.measure(START + timedelta(hours=2), "2025")  # by name: of all, also where no review asks
    assert {period for period, _ in _values(line, "on_time") if len(period) == 4} == set()  # 2025 began without rows


def test_a_version_that_begins_inside_a_quarter_counts_from_the_next_one_on(line: Line) -> None:
    """As for months, the version in force on the first day applies to the whole period."""
    version = """  - version: 3
    effective_from: 2026-02-01
    why: All orders again.
    population: {table: orders, period_by: due_on}
    measure:
      kind: ratio
      numerator: {count: rows, where: [{field: done_on, at_most: {field: due_on}}]}
      denominator: {count: rows}
"""
    path = line.settings.catalog / "kpis" / "on_time.yaml"
    _write(line, "kpis/on_time.yaml", path.read_text() + version)
    _write(line, "reviews/quarterly.yaml", QUARTERLY)
    rows = orders(Random(7))
    line.publish("orders", rows)
    line.measure(START)
    found = _values(line, "on_time")
    versions = {period: found[period, ""].version for period in ("2026-01", "2026-02", "2026-Q1")}
    assert versions == {"2026-01": 2, "2026-02": 3, "2026-Q1": 2}
    assert (found["2026-Q1", ""].numerator, found["2026-Q1", ""].denominator) == _on_time(rows, "2026-01", "2026-03")


def test_late_rows_reach_the_quarter_they_lie_in_and_no_other(line: Line) -> None:
    """A settled quarter keeps its value until somebody restates it; what did not change is not touched."""
    _write(line, "reviews/quarterly.yaml", QUARTERLY)
    rows = orders(Random(7))
    line.publish("orders", rows)
    first = line.measure(START)
    again = line.measure(START + timedelta(hours=1))
    assert (again.inserted, again.superseded, again.candidates) == (0, 0, 0)
    assert again.computed == first.computed
    late = {**order(Random(1), "late"), "due_on": date(2025, 11, 5), "done_on": None, "urgent": True, "site": "linz"}
    line.publish("orders", {**rows, "late": late})
    told = line.measure(START + timedelta(hours=2))
    assert told.candidates == 2 * 3  # the month and the quarter: the whole, its site, and the formula over the whole
    settled = _values(line, "on_time")["2025-Q4", ""]
    assert settled.denominator == _on_time(rows, "2025-10", "2025-12")[1]
    at = START + timedelta(hours=3)
    restated = stages.restate(
        "on_time", "2025-Q4", "2025-Q4", why="late entry", who="Quality", run_id="r", at=at, settings=line.settings
    )
    assert {entry.slice_key for entry in restated} == {"", "site=linz"}
    assert _values(line, "on_time")["2025-Q4", ""].denominator == (settled.denominator or 0) + 1


def test_a_running_quarter_is_provisional_and_so_are_its_months(line: Line) -> None:
    _write(line, "reviews/quarterly.yaml", QUARTERLY)
    rows = orders(Random(7))
    line.publish("orders", rows)
    line.measure(START - timedelta(days=20), "2026-Q1")  # 13 March
    found = _values(line, "on_time")
    assert (found["2026-Q1", ""].status, found["2026-Q1", ""].provisional) == ("provisional", True)
    assert ("2026-02", "") in found
    assert ("2026-03", "") not in found


def test_quarters_are_analysed_as_their_own_series_and_named_in_words(line: Line) -> None:
    _write(line, "reviews/quarterly.yaml", QUARTERLY)
    line.publish("orders", orders(Random(7)))
    line.measure(START)
    stages.analyse("2026-03", run_id="r", at=START, settings=line.settings)
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        found = {row.period: row for row in session.query(Analysis) if (row.kpi, row.slice_key) == ("on_time", "")}
    assert set(found) == {"2026-03", "2026-Q1"}
    assert [point["date"] for point in found["2026-Q1"].result["points"]] == ["2025-10-01", "2026-01-01"]
    assert "quarter" in found["2026-Q1"].result["finding"]["alt"]
