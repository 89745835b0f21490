"""An entry names the rule that its row breaks, also where two rules are of one type."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from qmsreports import stages
from qmsreports.workspace import Workspace
from tests.unit.stages.shop import META, RULES, Shop
from tests.unit.stages.small_shop import MORNING

DUE = {
    "type": "expect_column_values_to_be_between",
    "kwargs": {"column": "due_on", "max_value": "2026-12-31"},
    "severity": "warning",
    "meta": {"why": "Nobody plans so far ahead.", "owner": "planning", "on_failure": "quarantine"},
}


@pytest.fixture
def two_rules(shop: Shop) -> Shop:
    """Two rules of one type, on two columns, and an order that breaks the second one."""
    suite = {"name": "orders", "expectations": [*RULES, DUE]}
    (shop.settings.expectations / "orders.json").write_text(json.dumps(suite))
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute("REPLACE INTO ord VALUES ('4', '2099-03-09', 4.0, '2026-03-02 01:00:00')")
    shop.ingest()
    assert shop.entries() == [(1, "3", "open"), (2, "4", "open")]
    return shop


def as_before(shop: Shop) -> None:
    """Name rules without their columns, as entries of earlier versions do."""
    with Workspace(shop.settings) as workspace, workspace.register.write() as session:
        session.execute(text("UPDATE quarantine SET rule = 'expect_column_values_to_be_between'"))


def test_rules_of_one_type_are_told_apart_by_their_column(two_rules: Shop) -> None:
    for number, why, owner in ((1, META["why"], "shop.owner"), (2, "Nobody plans so far ahead.", "planning")):
        shown = stages.show_quarantined(number, at=MORNING, settings=two_rules.settings)
        assert (shown["why"], shown["owner"]) == (why, owner)
    assert shown["rule"] == "expect_column_values_to_be_between on due_on"


def test_a_row_that_breaks_another_rule_of_the_type_is_another_entry(two_rules: Shop) -> None:
    stages.reject(2, by="Ada Lam", why="A typing error.", at=MORNING, settings=two_rules.settings)
    with closing(sqlite3.connect(two_rules.database)) as connection, connection:
        connection.execute("REPLACE INTO ord VALUES ('3', '2099-03-09', 3.0, '2026-03-03 01:00:00')")
    two_rules.ingest()
    assert two_rules.entries() == [(1, "3", "superseded"), (2, "4", "rejected"), (3, "3", "open")]


def test_an_entry_of_an_earlier_version_claims_no_rule_it_may_not_have_broken(two_rules: Shop) -> None:
    as_before(two_rules)
    shown = stages.show_quarantined(2, at=MORNING, settings=two_rules.settings)
    assert (shown["rule"], shown["why"], shown["owner"]) == ("expect_column_values_to_be_between", "", "")
    assert shown["reason"]


def test_entries_of_an_earlier_version_keep_their_age_and_what_was_decided(two_rules: Shop) -> None:
    two_rules.reject(2)
    as_before(two_rules)
    sql = two_rules.settings.catalog / "sources" / "shop" / "orders.sql"
    sql.write_text(sql.read_text() + "-- read anew\n")
    assert two_rules.ingest().quarantined == 2
    assert two_rules.entries() == [(1, "3", "open"), (2, "4", "rejected")]
    shown = stages.show_quarantined(1, at=MORNING, settings=two_rules.settings)
    assert (shown["why"], shown["owner"]) == (META["why"], "shop.owner")
    assert shown["first_seen"].startswith("2026-04-03")  # the first ingest
