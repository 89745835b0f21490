"""Feeds are audited as they were landed: what breaks a critical rule there is not mapped, and says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qmsreports import stages
from qmsreports.validate.report_facts import read_quality
from qmsreports.validate.report_page import render_quality
from qmsreports.workspace import Workspace
from tests.unit.stages.small_shop import MORNING, Premises, orders_of, rule, source

SOURCE = source(
    "table: ord, key: [no], cursor: changed, needs: [due, pieces]",
    "table: mark, key: [no], cursor: changed",
    conform="orders: {from: ord, joins: {mark: [no]}}",
)
ORDERS = orders_of("ord o LEFT JOIN mark m ON m.no = o.no", order_id="o.no", due_on="o.due", pieces="o.pieces")
DAYS = rule(
    "expect_column_values_to_match_regex", "critical", "stop", column="due", regex=r"^\d{4}-\d\d-\d\d$", mostly=0.5
)
FEW = rule("expect_column_values_to_be_between", "warning", "keep", column="pieces", max_value=5)


@dataclass
class Shop(Premises):
    """A source of orders and marks, with a suite for orders in canonical shape and suites as landed."""

    runs: int = 0

    def landed_suite(self, name: str, *rules: dict[str, Any]) -> None:
        self.suite(name, *rules, under="landed/shop")

    def order(self, number: str, due: str, pieces: float | str, minute: int) -> None:
        self.sql("REPLACE INTO ord VALUES (?, ?, ?, ?)", number, due, pieces, f"2026-03-01 08:{minute:02}:00")

    def ingest(self) -> stages.FeedReport:
        self.runs += 1
        (report,) = stages.ingest(run_id=f"run {self.runs}", at=self.at, settings=self.settings)
        return report

    @property
    def at(self) -> datetime:
        return MORNING + timedelta(days=self.runs)

    def landed(self) -> list[tuple[str, str, bool, int, int]]:
        with Workspace(self.settings) as workspace:
            quality = read_quality(workspace.register, workspace.lake, workspace.catalog, at=self.at)
        return [
            (feed.table, rule.column, rule.last.success, rule.last.rows_failed, rule.last.rows_checked)
            for feed in quality.sources[0].landed
            for rule in feed.rules
        ]

    def page(self) -> str:
        with Workspace(self.settings) as workspace:
            quality = read_quality(workspace.register, workspace.lake, workspace.catalog, at=self.at)
        return render_quality(quality, templates=self.settings.templates)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop.found(tmp_path, monkeypatch)
    made.declare(SOURCE, ORDERS)
    made.suite("orders", rule("expect_column_values_to_not_be_null", "info", "keep", column="site"))
    made.landed_suite("ord", DAYS, FEW)
    made.sql("CREATE TABLE ord (no TEXT PRIMARY KEY, due TEXT, pieces REAL, changed TEXT)")
    made.sql("CREATE TABLE mark (no TEXT PRIMARY KEY, changed TEXT)")
    made.sql("INSERT INTO mark VALUES ('1', '2026-03-01 08:00:00')")
    return made


def test_a_feed_that_breaks_a_critical_rule_is_not_mapped_until_it_is_mended(shop: Shop) -> None:
    for number in "123":
        shop.order(number, "09.03.2026", 9, minute=int(number))
    report = shop.ingest()
    suite = shop.settings.expectations / "landed" / "shop" / "ord.json"
    assert (report.status, report.message) == (
        "stopped",
        "source shop, landed table ord: nothing is mapped, 3 of 3 rows (100 %) fail, 50 % are tolerated: "
        f"expect_column_values_to_match_regex on due ({suite}:4); shop.owner mends it at the source, then run again",
    )
    assert shop.ingest().status == "stopped"  # nothing new came: what was landed stays as bad as it was
    for number in "12":  # two of three versions are current now: one bad one is within the tolerance
        shop.order(number, "2026-03-09", 9, minute=10 + int(number))
    report = shop.ingest()
    assert report.status == "published"
    assert (report.rows_in, report.conformed, report.quarantined, report.duplicates) == (5, 2, 1, 2)
    assert shop.landed() == [("landed/ord", "due", True, 1, 3), ("landed/ord", "pieces", False, 3, 3)]


def test_the_joined_feed_stops_the_table_as_well(shop: Shop) -> None:
    shop.order("1", "2026-03-09", 1, minute=1)
    shop.landed_suite("mark", rule("expect_column_values_to_be_null", "critical", "stop", column="no"))
    report = shop.ingest()
    assert report.status == "stopped" and "landed table mark: nothing is mapped, 1 of 1 rows" in report.message


def test_rows_are_audited_once_and_only_what_is_new(shop: Shop) -> None:
    shop.order("1", "2026-03-09", 9, minute=1)
    assert shop.ingest().status == "published"
    assert shop.ingest().status == "unchanged"
    shop.order("2", "2026-03-10", 1, minute=2)
    assert shop.ingest().status == "published"
    assert shop.landed() == [("landed/ord", "due", True, 0, 1), ("landed/ord", "pieces", True, 0, 1)]


def test_a_rule_that_cannot_be_checked_stops_the_table_and_blames_the_rule(shop: Shop) -> None:
    shop.order("1", "2026-03-09", 1, minute=1)
    later = "expect_column_pair_values_a_to_be_greater_than_b"
    shop.landed_suite("ord", rule(later, "warning", "keep", column_A="pieces", column_B="due"))
    report = shop.ingest()
    assert report.status == "broken" and "the rows of source shop, landed table ord are not to blame" in report.message


def test_one_text_among_numbers_is_set_aside_by_the_mapping_and_the_others_are_judged(shop: Shop) -> None:
    """SQLite keeps what it is given: the whole column arrives as text, and the rule is not to blame."""
    shop.order("1", "2026-03-09", 9, minute=1)
    shop.order("2", "2026-03-09", 3, minute=1)
    shop.order("3", "2026-03-09", "twelve", minute=1)
    report = shop.ingest()
    assert report.status == "published", report.message
    assert (report.rows_in, report.conformed, report.quarantined) == (3, 2, 1)
    assert ("landed/ord", "pieces", False, 1, 2) in shop.landed()  # nine are too many, "twelve" is not judged


def test_one_text_among_codes_that_are_numbers_does_not_make_the_others_unknown(shop: Shop) -> None:
    dozens = rule(
        "expect_column_values_to_be_in_set", "critical", "stop", column="pieces", value_set=[12, 24], mostly=0.5
    )
    shop.landed_suite("ord", dozens)
    for number, pieces in (("1", 12), ("2", 24), ("3", "twelve")):
        shop.order(number, "2026-03-09", pieces, minute=1)
    assert shop.ingest().status == "published"
    assert shop.landed() == [("landed/ord", "pieces", True, 0, 2)]


def test_a_suite_that_is_wrong_says_where(shop: Shop) -> None:
    shop.order("1", "2026-03-09", 1, minute=1)
    shop.landed_suite(
        "ord",
        rule("expect_column_values_to_not_be_null", "warning", "quarantine", column="due"),
        rule("expect_table_not_to_shrink", "warning", "keep", share=0.5, from_rows=1),
        rule("expect_column_values_to_not_be_null", "info", "keep", column="peices"),
    )
    report = shop.ingest()
    assert report.status == "broken"
    said = [line.partition("ord.json:")[2] for line in report.message.splitlines()]
    assert said == [
        '4: on_failure "quarantine" does not go with severity warning; write keep',
        "16: expect_table_not_to_shrink is no rule for a feed as landed; write it into the suite of a canonical table",
        '29: ord declares no column "peices"; did you mean "pieces"?',
    ]


def test_a_suite_of_a_table_that_is_not_landed_is_named(shop: Shop) -> None:
    shop.order("1", "2026-03-09", 1, minute=1)
    shop.landed_suite("order", FEW)
    shop.ingest()
    (notice,) = stages.notices("run 1", settings=shop.settings)
    assert notice.endswith('order.json: shop lands no table order; these rules check nothing; did you mean "ord"?')


def test_a_rule_that_failed_is_told_until_rows_are_judged_again(shop: Shop) -> None:
    def failing() -> list[tuple[str, str]]:
        with Workspace(shop.settings) as workspace, workspace.register.read() as session:
            told = [(row.table_name, row.column_name) for row in stages.failing_rules(session, at=shop.at)]
        assert all(f'<details id="shop.{table}"' in shop.page() for table, _ in told)
        return told

    shop.suite(
        "orders",
        rule("expect_column_values_to_be_between", "warning", "keep", column="pieces", max_value=5),
        rule("expect_column_newest_to_be_recent", "warning", "keep", column="due_on", days=1000),
    )
    shop.order("1", "2026-03-09", 9, minute=1)
    assert shop.ingest().status == "published"
    both = [("landed/ord", "pieces"), ("orders", "pieces")]
    assert failing() == both
    assert shop.ingest().status == "unchanged"  # a quiet night judges the age of the table and no row
    assert failing() == both
    shop.order("2", "10.03.2026", 1, minute=2)
    assert shop.ingest().status == "stopped"  # as landed: no row of the canonical table was judged
    assert failing() == [("landed/ord", "due"), ("orders", "pieces")]
    shop.order("2", "2026-03-10", 1, minute=3)
    assert shop.ingest().status == "published"
    assert failing() == []


def test_the_report_shows_feeds_as_landed(shop: Shop) -> None:
    shop.order("<b>1", "2026-03-09", 9, minute=1)
    shop.ingest()
    page = shop.page()
    assert '<details id="shop.landed/ord">' in page and "1 of 2 rules do not hold" in page
    assert "as landed: ord" in page  # among the worst offenders
    assert "&lt;b&gt;1: Pieces is 9, above 5." in page and "<b>1" not in page
