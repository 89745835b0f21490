"""A table made of canonical tables follows each of its inputs, alone or together, and back again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.conform import derive as deriving
from qmsreports.lake import Lake
from qmsreports.records import Audit, StagedTable
from qmsreports.register import feeds, results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parents[1] / "catalog" / "small"
MORNING = datetime(2026, 4, 2, 6, tzinfo=UTC)
SITES = """
table: sites
title: Sites
meaning: Orders and cases of a site.
derived_from: [orders, cases]
key: [site]
columns:
  - {name: site, type: text, meaning: Site.}
  - {name: due_on, type: date, meaning: Day of the last order.}
  - {name: orders, type: integer, meaning: Orders.}
  - {name: cases, type: integer, meaning: Cases.}
"""
SELECT = """
SELECT o.site, max(o.due_on) AS due_on, count(DISTINCT order_id) AS orders, count(DISTINCT case_id) AS cases
FROM orders o LEFT JOIN cases c ON c.site = o.site
GROUP BY o.site
"""
RULE = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "site"},
    "severity": "warning",
    "meta": {"why": "It tells where.", "owner": "shop.owner", "on_failure": "quarantine"},
}
CASES_OF_SITES = """
kpi: site_cases
title: Cases of sites
question: How many cases have the sites?
unit: count
better: lower
owner: supply.manager
feeds: [9.3.2-c3]
versions:
  - version: 1
    effective_from: 2024-01-01
    why: First definition.
    population: {table: sites, period_by: due_on}
    settles_after: {days: 90}
    measure: {kind: sum, of: cases}
"""


@dataclass
class Line:
    """A workspace with one order, a number of cases, and a table of sites that is made of both."""

    settings: Settings

    def publish(self, table: str, rows: list[Mapping[str, Any]]) -> None:
        system = {"_source": "shop", "_load": "1", "_month": "2026-03" if table == "orders" else "0000-00"}
        file = self.settings.var / f"{table}.parquet"
        file.parent.mkdir(exist_ok=True)
        parquet.write_table(pa.Table.from_pylist([{**row, **system, "_row": repr(row)} for row in rows]), file)
        with Workspace(self.settings) as workspace:
            declared = workspace.catalog.tables[table]
            Lake(str(self.settings.lake_url)).merge(
                declared, str(file), source="shop", zone="Europe/Vienna", complete=True
            )

    def orders(self, number: int) -> None:
        due = date(2026, 3, 9)
        same = {"site": "linz", "status": "done", "due_on": due, "done_on": due, "pieces": 1.0, "urgent": True}
        self.publish("orders", [{"order_id": str(order), **same} for order in range(number)])

    def cases(self, number: int) -> None:
        same = {
            "site": "linz",
            "opened_at": MORNING,
            "replied_at": MORNING,
            "closed_on": None,
            "rating": 5,
            "line": "first",
        }
        rows: list[Mapping[str, Any]] = [{"case_id": str(case), **same} for case in range(number)]
        schema = {"closed_on": date(2026, 4, 1)}
        self.publish("cases", [{**row, **schema} for row in rows])

    def measure(self, run: str) -> stages.MeasureSummary:
        return stages.measure("2026-03", run_id=run, at=MORNING, settings=self.settings)

    def value(self) -> float | None:
        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            rows = results.latest_results(session, kpis=["site_cases"], periods=["2026-03"])
            return rows[0].value

    def sites(self) -> list[dict[str, Any]]:
        with Workspace(self.settings) as workspace:
            table = workspace.catalog.tables["sites"]
            return workspace.lake.read_sql("SELECT site, orders, cases FROM sites", [table]).to_pylist()

    def staged(self, run: str) -> list[tuple[StagedTable, Audit]]:
        """Derive and audit without publishing, as a run does that is held up."""
        with Workspace(self.settings) as workspace:
            made = deriving.derive(
                workspace.catalog.tables["sites"],
                sql=self.settings.catalog / "tables" / "sites.sql",
                inputs=workspace.catalog.tables,
                lake=workspace.lake,
                staging=workspace.staging / run,
                done=frozenset(),
                organisation=workspace.catalog.organisation,
            )
        assert made is not None
        return stages.validate([made], run_id=run, at=MORNING, settings=self.settings)

    def state(self) -> tuple[str, str]:
        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            (row,) = (row for row in feeds.latest_outcomes(session) if row.source == "derived")
            return row.status, row.message


@pytest.fixture
def line(tmp_path: Path) -> Line:
    catalog = Path(shutil.copytree(SMALL, tmp_path / "catalog"))
    (catalog / "tables" / "sites.yaml").write_text(SITES)
    (catalog / "tables" / "sites.sql").write_text(SELECT)
    (catalog / "kpis" / "site_cases.yaml").write_text(CASES_OF_SITES)
    suites = tmp_path / "expectations"
    suites.mkdir()
    (suites / "sites.json").write_text(json.dumps({"name": "sites", "expectations": [RULE]}))
    made = Line(Settings(var=tmp_path / "var", catalog=catalog, expectations=suites))
    with Workspace(made.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="author", at=MORNING)
        approval.approve(records, workspace.catalog.organisation, by="board", at=MORNING)
    made.orders(1)
    made.cases(2)
    return made


def test_a_change_of_one_input_alone_reaches_table_and_value(line: Line) -> None:
    line.measure("first")
    assert line.state() == ("published", "")
    assert line.value() == 2.0
    line.cases(5)
    line.measure("cases alone")
    assert line.sites() == [{"site": "linz", "orders": 1, "cases": 5}]
    assert line.value() == 5.0
    assert line.state() == ("published", "")
    line.orders(3)
    line.measure("orders alone")
    assert line.sites() == [{"site": "linz", "orders": 3, "cases": 5}]


def test_a_table_waits_until_every_source_that_is_to_deliver_has_delivered(line: Line, tmp_path: Path) -> None:
    source = line.settings.catalog / "sources" / "shop" / "source.yaml"
    source.write_text(f"{source.read_text()}  cases: {{from: ord}}\n")
    source.with_name("cases.sql").write_text("SELECT 1")
    shutil.move(line.settings.var / "lake" / "cases", tmp_path / "cases")
    line.measure("half of it")
    assert line.value() is None
    shutil.move(tmp_path / "cases", line.settings.var / "lake" / "cases")
    summary = line.measure("all of it")
    assert (line.value(), summary.candidates) == (2.0, 0)


def test_a_slow_run_does_not_bring_an_older_state_of_the_inputs_back(line: Line) -> None:
    slow = line.staged("slow")
    line.cases(5)
    line.measure("fast")
    assert stages.publish(slow, run_id="slow", at=MORNING, settings=line.settings) == []
    assert line.sites()[0]["cases"] == 5
    assert line.state() == ("unchanged", "another run published the same loads first")


def test_a_select_that_is_put_back_counts_again(line: Line) -> None:
    line.measure("first")
    select = line.settings.catalog / "tables" / "sites.sql"
    select.write_text(SELECT.replace("count(DISTINCT case_id)", "count(DISTINCT case_id) * 10"))
    line.measure("edited")
    assert line.value() == 20.0
    select.write_text(SELECT)
    line.measure("put back")
    assert line.value() == 2.0


def test_a_table_that_could_not_be_derived_is_sound_again_when_its_select_is_mended(line: Line) -> None:
    line.measure("first")
    select = line.settings.catalog / "tables" / "sites.sql"
    select.write_text("SELECT site FROM orders, nowhere")
    assert line.measure("broken").not_valid == ("site_cases",)
    select.write_text(SELECT)
    assert line.measure("mended").not_valid == ()
    assert line.value() == 2.0


def test_one_that_is_gone_from_the_lake_is_not_taken_for_one_without_rows(line: Line) -> None:
    line.orders(1)
    line.cases(2)
    line.measure("first")
    assert line.value() == 2
    place = Path(str(line.settings.lake_url)) / "sites"
    kept = place.rename(place.parent / "kept")
    line.measure("gone")
    status, message = line.state()
    assert status == "failed" and message.startswith(f"{place}: the table is gone, but version 0 was published")
    assert line.value() is None
    kept.rename(place)
    line.measure("back")
    assert line.state() == ("unchanged", "") and line.value() == 2
