"""What an explanation says of the feeds behind a number: their loads, the rules that did not hold, and what failed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from test_derive_again import MORNING
from test_derive_again import Line as Derived
from test_derive_again import line as derived
from test_measure_changed import START, cases, made, orders
from test_trail import printed

from qmsreports import stages
from qmsreports.register import feeds
from qmsreports.register.models import FeedRecord, Load, Validation
from qmsreports.stages.feeds_behind import failures_behind
from qmsreports.workspace import Workspace

__all__ = ["derived"]


def _rule(run_id: str, table: str, column: str, why: str, **changed: Any) -> Validation:
    fields: dict[str, Any] = {
        "run_id": run_id,
        "source": "shop",
        "table_name": table,
        "rule": "expect_column_values_to_not_be_null",
        "column_name": column,
        "severity": "warning",
        "on_failure": "keep",
        "why": why,
        "owner": "crm.owner",
        "success": False,
        "broken": False,
        "rows_checked": 1200,
        "rows_failed": 3,
        "sample": [],
        "at": START,
    }
    return Validation(**{**fields, **changed})


def test_failed_rules_are_sentences_and_those_of_the_landed_tables_are_told(tmp_path: Path) -> None:
    line, draw = made(tmp_path), Random(7)
    line.publish("orders", orders(draw))
    line.publish("cases", cases(draw))
    line.measure(START)
    before, after = START - timedelta(days=1), START + timedelta(days=1)
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        session.add_all(
            [
                _rule("ingest", "orders", "site", "An order without a site is counted nowhere."),
                _rule("ingest", "orders", "site", "Held.", success=True),
                _rule("ingest", "cases", "site", "Of a table that the KPI does not read."),
                _rule("first", "landed/ord", "no", "Of an audit that a newer one replaced.", at=before),
                _rule("second", "landed/ord", "no, changed", "A row is told by number and time.", at=before),
                _rule("ingest", "landed/cust", "", "Customers come whole.", broken=True),
                _rule("later", "landed/cust", "no", "After the number was made.", at=after),
                _rule("ingest", "landed/ord", "no", "Of another source.", source="mill"),
            ]
        )
    told = stages.explain("on_time", "2026-03", at=START, settings=line.settings)
    (feed,) = told.feeds
    assert feed["failed_rules"] == ["An order without a site is counted nowhere. (column site: 3 of 1,200 rows)"]
    assert feed["failed_landed_rules"] == [
        "ord: A row is told by number and time. (columns no, changed: 3 of 1,200 rows)",
        "cust: Customers come whole. (could not be checked)",
    ]


def _feed(source: str, table: str, load_ids: list[str], version: int | None = 0, **changed: Any) -> FeedRecord:
    fields: dict[str, Any] = {
        **dict.fromkeys(("rows_in", "conformed"), 7),
        **dict.fromkeys(("refreshed", "quarantined", "duplicates", "inserted", "updated", "deleted"), 0),
        "touched": {},
        "status": "published",
        "at": START,
    }
    named = {"run_id": "by hand", "source": source, "table_name": table, "load_ids": load_ids, "lake_version": version}
    return FeedRecord(**{**fields, **named, **changed})


def test_every_source_of_a_table_is_told_with_its_loads(tmp_path: Path) -> None:
    line = made(tmp_path)
    line.publish("orders", orders(Random(7)), recorded=False)
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        session.add(Load(run_id="r", source="mill", table_name="ord", load_id="17.5", rows=60, at=START))
        session.add_all(
            [
                _feed("mill", "orders", ["ord/16.5@ab"]),
                _feed("mill", "orders", ["ord/17.5@ab", "cust/17.5@ab"]),
                _feed("shop", "orders", ["sale/18.5@cd"]),
                _feed("mill", "orders", [], rows_in=1),  # a row that a person let in
                _feed("shop", "orders", ["sale/19.5@cd"], version=1),  # after what was read
            ]
        )
    line.measure(START)
    told = stages.explain("on_time", "2026-03", at=START, settings=line.settings)
    assert told.table_versions == {"orders": 0}
    assert [(feed["source"], feed["rows_in"], feed["loads"]) for feed in told.feeds] == [
        ("mill", 1, []),
        ("mill", 7, ["ord/17.5@ab", "cust/17.5@ab"]),
        ("shop", 7, ["sale/18.5@cd"]),
    ]
    assert told.feeds[1]["landed"] == [
        {"table": "ord", "load": "17.5", "rows": 60, "landed_at": START.isoformat()},
        {"table": "cust", "load": "17.5", "rows": None, "landed_at": None},
    ]


def test_a_derived_table_leads_to_the_loads_of_what_it_is_made_of(derived: Derived) -> None:
    """The sites are made of the first version of the orders: what came later is not behind the number."""
    with Workspace(derived.settings) as workspace, workspace.register.write() as session:
        session.add_all([_feed("shop", "orders", ["ord/1.5@ab"]), _feed("desk", "cases", ["case/2.5@ab"])])
    derived.measure("first")
    with Workspace(derived.settings) as workspace, workspace.register.write() as session:
        session.add(_feed("shop", "orders", ["ord/9.5@ab"], version=1))
    told = stages.explain("site_cases", "2026-03", at=MORNING, settings=derived.settings)
    assert [(feed["source"], feed["table"]) for feed in told.feeds] == [
        ("derived", "sites"),
        ("shop", "orders"),
        ("desk", "cases"),
    ]
    assert told.feeds[0]["made_of"] == {"orders": 0, "cases": 0}
    assert [feed["landed"][0]["load"] for feed in told.feeds[1:]] == ["1.5", "2.5"]


def test_a_value_that_is_not_valid_names_the_feed_that_failed_and_why(
    derived: Derived, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk could not be read: what is made of its cases is not valid either. That it comes back is a later day."""
    derived.measure("first")
    with Workspace(derived.settings) as workspace, workspace.register.write() as session:
        session.add(_feed("shop", "orders", ["ord/1.5@ab"], at=MORNING))
        stopped = {"run_id": "second", "source": "desk", "table": "cases", "status": "failed"}
        feeds.record_stopped(session, at=MORNING, message="desk: connection refused", **stopped)
    derived.measure("second")
    with Workspace(derived.settings) as workspace, workspace.register.write() as session:
        again = stopped | {"run_id": "third", "status": "unchanged"}
        feeds.record_stopped(session, at=MORNING + timedelta(days=1), message="", **again)
    told = stages.explain("site_cases", "2026-03", at=MORNING + timedelta(days=2), settings=derived.settings)
    assert told.published is not None
    assert (told.published["status"], told.published["value"]) == ("not_valid", None)
    (failure,) = told.failures
    assert (failure["source"], failure["table"], failure["status"]) == ("desk", "cases", "failed")
    assert failure["message"] == "desk: connection refused"
    output = printed(derived, monkeypatch, "site_cases")
    assert "\nPublished: no value count (not_valid), by version 1, " in output
    assert f"\nNot valid, for feed desk/cases failed ({MORNING.isoformat()}): desk: connection refused\n" in output
    assert "Computed again" not in output
    assert "\nFeed derived/sites: 1 rows in" in output
    assert "\n  made of cases 0, orders 0\n" in output
    assert "\n  load ord/1.5\n" in output


def test_a_source_that_could_not_be_read_is_not_blamed_on_rules_of_an_earlier_load(tmp_path: Path) -> None:
    line = made(tmp_path)
    stopped = {"source": "shop", "table": "orders"}
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        session.add(_rule("first", "landed/ord", "no", "Numbers are known."))
        feeds.record_stopped(session, run_id="second", at=START, status="failed", message="gone", **stopped)
        session.flush()
        (unread,) = failures_behind(session, workspace.catalog, ["orders"], START)
        feeds.record_stopped(session, run_id="first", at=START, status="stopped", message="rules", **stopped)
        session.flush()
        (refused,) = failures_behind(session, workspace.catalog, ["orders"], START)
    assert (unread["message"], unread["failed_landed_rules"]) == ("gone", [])
    assert refused["failed_landed_rules"] == ["ord: Numbers are known. (column no: 3 of 1,200 rows)"]
