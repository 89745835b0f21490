"""Codes that nobody declared: the rule of the suite decides, by its severity; without a rule the mapping refuses."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qmsreports import stages
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parents[1] / "catalog" / "small"
MORNING = datetime(2026, 4, 2, 6, tzinfo=UTC)
SOURCE = """
source: shop
title: Shop
kind: sql
time_zone: Europe/Vienna
tables:
  - {table: ord, key: [no], needs: [plant, state]}
conform:
  orders: {from: ord}
"""
ORDERS = """
SELECT no AS order_id, plant AS site, state AS status, '2026-03-09' AS due_on, NULL AS done_on, 1 AS pieces,
    FALSE AS urgent
FROM ord
"""
NUMBERED = {
    "type": "expect_column_values_to_not_be_null",
    "kwargs": {"column": "order_id"},
    "severity": "warning",
    "meta": {"why": "It tells orders apart.", "owner": "shop.owner", "on_failure": "keep"},
}


def rule(column: str, codes: list[str], severity: str, on_failure: str, **more: Any) -> dict[str, Any]:
    meta = {"why": "Codes have a meaning.", "owner": "shop.owner", "on_failure": on_failure}
    kwargs = {"column": column, "value_set": codes} | more
    return {"type": "expect_column_values_to_be_in_set", "kwargs": kwargs, "severity": severity, "meta": meta}


SITES = ["linz", "lyon"]
STATES = ["open", "done", "cancelled"]


class Shop:
    """A workspace with four orders: one of an unknown plant, one in an unknown state."""

    def __init__(self, folder: Path) -> None:
        catalog = Path(shutil.copytree(SMALL, folder / "catalog"))
        (catalog / "sources" / "shop" / "source.yaml").write_text(SOURCE)
        (catalog / "sources" / "shop" / "orders.sql").write_text(ORDERS)
        (folder / "expectations").mkdir()
        self.database = folder / "shop.db"
        self.settings = Settings(var=folder / "var", catalog=catalog, expectations=folder / "expectations")
        self.day = 0
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("CREATE TABLE ord (no TEXT PRIMARY KEY, plant TEXT, state TEXT)")
            rows = [("1", "linz", "open"), ("2", "XXX", "open"), ("3", "lyon", "lost"), ("4", "lyon", "done")]
            connection.executemany("INSERT INTO ord VALUES (?, ?, ?)", rows)

    def ingest(self, *rules: dict[str, Any]) -> stages.FeedReport:
        suite = {"name": "orders", "expectations": [NUMBERED, *rules]}
        (self.settings.expectations / "orders.json").write_text(json.dumps(suite))
        self.day += 1
        at = MORNING + timedelta(days=self.day)
        (report,) = stages.ingest(["shop"], run_id=f"run {self.day}", at=at, settings=self.settings)
        return report

    def codes(self) -> dict[str, tuple[str, str]]:
        with Workspace(self.settings) as workspace:
            table = workspace.catalog.tables["orders"]
            rows = workspace.lake.read_sql("SELECT order_id, site, status FROM orders", [table]).to_pylist()
        return {row["order_id"]: (row["site"], row["status"]) for row in rows}

    def waiting(self) -> list[tuple[str, str]]:
        return [(row.row_key, row.rule) for row in stages.list_quarantined(settings=self.settings)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(tmp_path)
    monkeypatch.setenv("QMSREPORTS_CONNECTION_SHOP", f"sqlite:///{made.database}")
    return made


def test_a_rule_that_keeps_counts_the_row_under_its_code(shop: Shop) -> None:
    report = shop.ingest(rule("site", SITES, "warning", "keep"), rule("status", STATES, "warning", "keep"))
    assert (report.status, report.conformed, report.quarantined) == ("published", 4, 0)
    assert (shop.codes()["2"], shop.codes()["3"]) == (("XXX", "open"), ("lyon", "lost"))


def test_a_rule_that_quarantines_holds_the_row_until_a_person_lets_it_in(shop: Shop) -> None:
    rules = rule("site", SITES, "warning", "quarantine"), rule("status", STATES, "warning", "keep")
    assert shop.ingest(*rules).quarantined == 1
    assert shop.waiting() == [("2", "expect_column_values_to_be_in_set on site")]
    stages.readmit(1, by="Ada Lam", why="The new plant.", at=MORNING, settings=shop.settings)
    shop.ingest(*rules)
    assert shop.codes()["2"] == ("XXX", "open")


def test_a_rule_that_stops_sees_codes_that_nobody_declared(shop: Shop) -> None:
    rules = rule("site", SITES, "warning", "quarantine"), rule("site", SITES, "critical", "stop", mostly=0.8)
    report = shop.ingest(*rules, rule("status", STATES, "warning", "quarantine"))
    assert report.status == "stopped"  # one plant in four is unknown, one in five may be


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (rule("site", SITES, "critical", "stop", mostly=0.5), rule("status", STATES, "critical", "stop", mostly=0.5)),
        (rule("site", [*SITES, "XXX"], "warning", "keep"),),
    ],
)
def test_a_code_that_no_rule_finds_is_refused_by_the_mapping(shop: Shop, rules: tuple[dict[str, Any], ...]) -> None:
    report = shop.ingest(*rules)
    assert (report.conformed, report.quarantined) == (2, 2)
    assert sorted(shop.waiting()) == [("2", "mapping"), ("3", "mapping")]


def test_a_suite_that_gets_the_rule_lets_in_what_the_mapping_refused(shop: Shop) -> None:
    shop.ingest()
    shop.ingest(rule("site", SITES, "warning", "keep"), rule("status", STATES, "warning", "keep"))
    assert len(shop.codes()) == 4
    assert shop.waiting() == []
