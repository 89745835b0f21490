"""A draft suite from history: what always held, with room, explained by the numbers that were seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from audit_fixture import ORDERS, order, write_rows, write_suite

from qmsreports.validate import load_suite
from qmsreports.validate.propose import propose

BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"


def history() -> list[dict[str, Any]]:
    """One order a day for 280 days, on 14 of them one more; the plant was closed for five days in between."""
    first = date(2026, 1, 1)
    rows = []
    for number in range(300):
        day = first + timedelta(days=number % 285)
        if 100 <= number % 285 < 105:
            continue
        rows.append(
            order(
                f"A{number}",
                customer_id=f"C{number % 3}",
                ordered_on=day,
                delivered_on=day + timedelta(days=number % 4) if number % 2 else None,
                seen_at=None,
                quantity=float(number % 21),
                score=-(number % 9),
            )
        )
    return rows


@pytest.fixture
def draft(tmp_path: Path) -> Iterator[Any]:
    def make(rows: list[dict[str, Any]]) -> str:
        with duckdb.connect() as connection:
            file = write_rows(tmp_path / "orders.parquet", rows)
            connection.execute(f"CREATE VIEW orders AS FROM read_parquet('{file}')")
            return propose(connection, ORDERS, owner="sales.operations")

    yield make


def rules(tmp_path: Path, text: str) -> dict[tuple[str, str, str], Any]:
    file = write_suite(tmp_path / "orders.json")
    file.write_text(text, encoding="utf-8")
    return {(rule.type, ", ".join(rule.columns), rule.on_failure): rule for rule in load_suite(file, ORDERS).rules}


def test_a_draft_is_a_suite_and_always_the_same(draft: Any, tmp_path: Path) -> None:
    text = draft(history())
    assert draft(list(reversed(history()))) == text
    found = rules(tmp_path, text)
    assert {rule.owner for rule in found.values()} == {"sales.operations"}
    assert text.startswith('{\n  "name": "orders",\n  "expectations": [\n    {\n      "type": "')


def test_bounds_leave_room_and_say_what_was_seen(draft: Any, tmp_path: Path) -> None:
    found = rules(tmp_path, draft(history()))
    quantity = found[BETWEEN, "quantity", "keep"]
    assert quantity.kwargs == {"column": "quantity", "min_value": 0, "max_value": 50}  # twice 20, rounded up
    assert quantity.why == "295 values lie between 0 and 20; twice as far out is a typing error or news."
    score = found[BETWEEN, "score", "keep"]
    assert (score.kwargs["min_value"], score.kwargs["max_value"]) == (-20, 0)  # twice -8 is -16
    ordered = found[BETWEEN, "ordered_on", "quarantine"]
    assert f"{ordered.kwargs['min_value']:%Y-%m-%d}" == "2025-01-01"
    customers = found[IN_SET, "customer_id", "keep"]
    assert customers.kwargs["value_set"] == ["C0", "C1", "C2"]
    silence = found["expect_column_newest_to_be_recent", "ordered_on", "keep"]
    assert silence.kwargs["days"] == 12  # the five closed days are a step of six from day to day
    few = "expect_column_volume_to_match_history"  # seven rows a week are too few for a band
    assert (few, "ordered_on", "keep") not in found
    assert ("expect_column_values_to_not_be_null", "delivered_on", "keep") not in found


def test_volume_is_banded_by_what_weeks_had(draft: Any, tmp_path: Path) -> None:
    rows = [
        row | {"order_id": f"{row['order_id']}-{copy}"}
        for row in history()
        for copy in range(3 if row["ordered_on"] < date(2026, 5, 1) else 2)
    ]
    week = rules(tmp_path, draft(rows))["expect_column_volume_to_match_history", "ordered_on", "keep"]
    counted: dict[int, int] = {}
    newest = max(row["ordered_on"] for row in rows)
    for row in rows:
        counted[(newest - row["ordered_on"]).days // 7] = counted.get((newest - row["ordered_on"]).days // 7, 0) + 1
    whole = sorted(counted[number] for number in range(40))  # 285 days are 40 whole weeks
    assert (whole[0], whole[20], whole[-1]) == (12, 14, 42)
    assert (week.kwargs["at_least"], week.kwargs["at_most"]) == (0.42, 6.0)  # 12/14/2 cut, 2*42/14
    assert week.why.startswith("In 40 weeks there were 12 to 42 rows, usually 14")


def test_a_table_without_history_gets_what_its_declaration_asks_for(draft: Any, tmp_path: Path) -> None:
    found = rules(tmp_path, draft([]))
    assert {kind for kind, _, _ in found} == {
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_be_unique",
        IN_SET,
        "expect_table_rejects_to_be_few",
        "expect_table_not_to_shrink",
    }
    assert found[IN_SET, "status", "quarantine"].kwargs["value_set"] == ["open", "delivered"]
