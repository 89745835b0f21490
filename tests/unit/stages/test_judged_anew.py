"""Rows are judged anew where the same rows, read for the first time today, would fare otherwise."""

from __future__ import annotations

import copy
import json
from typing import Any

from qmsreports.stages import doctor
from qmsreports.workspace import Workspace
from tests.unit.stages.shop import META, RULES, Shop


def write_suite(shop: Shop, *rules: dict[str, Any]) -> None:
    path = shop.settings.expectations / "orders.json"
    path.write_text(json.dumps({"name": "orders", "expectations": list(rules)}))


def at_most(pieces: float) -> dict[str, Any]:
    rule = copy.deepcopy(RULES[0])
    rule["kwargs"]["max_value"] = pieces
    return rule


def test_a_rule_that_became_stricter_sets_published_rows_aside(shop: Shop) -> None:
    write_suite(shop, at_most(1.5))
    report = shop.ingest()
    assert (report.status, report.rows_in, report.refreshed) == ("published", 0, 3)
    assert (report.conformed, report.quarantined) == (1, 2)
    assert shop.pieces() == {"1": 1.0}
    assert shop.entries() == [(1, "3", "open"), (2, "2", "open")]  # the one that waited keeps its age
    assert shop.ingest().status == "unchanged"


def test_a_rule_that_is_gone_lets_in_what_it_kept_out(shop: Shop) -> None:
    write_suite(shop, at_most(100.0))
    shop.ingest()
    assert shop.pieces() == {"1": 1.0, "2": 2.0, "3": 90.0}
    assert shop.entries() == [(1, "3", "mended")]


def test_the_wording_of_a_rule_moves_no_row(shop: Shop) -> None:
    said = copy.deepcopy(RULES)
    said[0]["meta"] = META | {"why": "Ten were ordered once, by mistake.", "owner": "sales"}
    write_suite(shop, *said)
    assert shop.ingest().status == "unchanged"


def test_a_rule_on_all_rows_together_moves_no_row(shop: Shop) -> None:
    mean = {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "pieces", "max_value": 50}}
    write_suite(shop, *RULES, mean | {"severity": "warning", "meta": META | {"on_failure": "keep"}})
    assert shop.ingest().status == "unchanged"


def test_a_row_that_repeats_one_of_an_earlier_load_is_found_and_both_enter_once_they_differ(shop: Shop) -> None:
    once = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "pieces"}, "severity": "warning"}
    write_suite(shop, once | {"meta": META})
    shop.ingest()
    shop.order("4", 2.0, "2026-03-02 01:00:00")
    report = shop.ingest()
    assert (report.rows_in, report.refreshed, report.quarantined) == (1, 3, 2)
    assert shop.pieces() == {"1": 1.0, "3": 90.0}
    shop.order("4", 4.0, "2026-03-03 01:00:00")
    shop.ingest()
    assert shop.pieces() == {"1": 1.0, "2": 2.0, "3": 90.0, "4": 4.0}
    assert {status for _, _, status in shop.entries()} == {"mended"}


def test_rows_of_a_mapping_that_is_gone_are_named(shop: Shop) -> None:
    def said() -> list[str]:
        with Workspace(shop.settings) as workspace:
            found = list(doctor._lake(workspace.written, shop.settings))
        return [one.what for one in found if one.outcome == "warning"]

    assert said() == []
    source = shop.settings.catalog / "sources" / "shop" / "source.yaml"
    source.write_text(source.read_text().replace("source: shop", "source: kiosk"))
    source.parent.rename(source.parent.with_name("kiosk"))
    assert said() == ["orders: what shop brought stays and counts as it was read last; no mapping makes it any more"]
