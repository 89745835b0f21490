"""Codes that nobody declared: the rule of the suite decides, by its severity; without a rule the mapping refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qmsreports import stages
from tests.unit.stages.small_shop import MORNING, Premises, orders_of, source
from tests.unit.stages.small_shop import rule as any_rule

SOURCE = source("table: ord, key: [no], needs: [plant, state]")
ORDERS = orders_of(site="plant", status="state", due_on="'2026-03-09'", pieces="1")
NUMBERED = any_rule("expect_column_values_to_not_be_null", "warning", "keep", column="order_id")


def rule(column: str, codes: list[str], severity: str, on_failure: str, **more: Any) -> dict[str, Any]:
    return any_rule("expect_column_values_to_be_in_set", severity, on_failure, column=column, value_set=codes, **more)


SITES = ["linz", "lyon"]
STATES = ["open", "done", "cancelled"]


@dataclass
class Shop(Premises):
    """A workspace with four orders: one of an unknown plant, one in an unknown state."""

    day: int = 0

    def ingest(self, *rules: dict[str, Any]) -> stages.FeedReport:
        self.suite("orders", NUMBERED, *rules)
        self.day += 1
        at = MORNING + timedelta(days=self.day)
        (report,) = stages.ingest(["shop"], run_id=f"run {self.day}", at=at, settings=self.settings)
        return report

    def codes(self) -> dict[str, tuple[str, str]]:
        return self.orders("site", "status")

    def waiting(self) -> list[tuple[str, str]]:
        return [(row.row_key, row.rule) for row in stages.list_quarantined(settings=self.settings)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop.found(tmp_path, monkeypatch)
    made.declare(SOURCE, ORDERS)
    made.sql("CREATE TABLE ord (no TEXT PRIMARY KEY, plant TEXT, state TEXT)")
    rows = "('1', 'linz', 'open'), ('2', 'XXX', 'open'), ('3', 'lyon', 'lost'), ('4', 'lyon', 'done')"
    made.sql(f"INSERT INTO ord VALUES {rows}")
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
