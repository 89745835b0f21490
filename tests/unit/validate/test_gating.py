"""The gate: what may not be measured, and why."""

from __future__ import annotations

from qmsreports.catalog.source import LandedFeed, Mapping, Source
from qmsreports.errors import Finding
from qmsreports.records import FeedFailure, FeedOutcome
from qmsreports.validate import gate


def outcome(table: str, status: str, message: str = "", source: str = "crm") -> FeedOutcome:
    return FeedOutcome(source, table, status, 0, 0, 0, 0, 0, None, (), message)


CRM = Source(
    source="crm",
    title="CRM",
    kind="sql",
    tables=tuple(LandedFeed(table=name, key=("id",)) for name in ("sales_order", "so_item", "account")),
    conform={
        "order_lines": Mapping(driving="so_item", joins={"sales_order": ("so_no",)}),
        "customers": Mapping(driving="account"),
    },
)


def test_published_and_unchanged_tables_may_be_measured() -> None:
    assert gate([outcome("customers", "published"), outcome("order_lines", "unchanged")]) == {}


def test_stopped_broken_and_failed_tables_may_not() -> None:
    barred = gate([outcome("a", "stopped", "half of the keys repeat"), outcome("b", "broken"), outcome("c", "failed")])
    assert barred == {
        "a": "crm: half of the keys repeat",
        "b": "crm: a check could not run",
        "c": "crm: the source could not be read",
    }


def test_a_later_run_lifts_the_bar() -> None:
    assert gate([outcome("a", "stopped"), outcome("a", "published")]) == {}
    assert gate([outcome("a", "published"), outcome("a", "stopped", "too old")]) == {"a": "crm: too old"}


def test_one_bad_source_bars_a_table_that_another_feeds_well() -> None:
    assert gate([outcome("a", "published"), outcome("a", "failed", "no route", source="shop")]) == {
        "a": "shop: no route"
    }


def test_a_feed_that_could_not_be_read_bars_all_that_is_made_of_it() -> None:
    failure = FeedFailure("crm", "sales_order", Finding("source crm, table sales_order", "no such table", "ask for it"))
    assert gate([outcome("customers", "published")], [failure], [CRM]) == {
        "order_lines": "source crm, table sales_order: no such table; ask for it"
    }
