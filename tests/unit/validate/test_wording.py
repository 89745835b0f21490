"""Reasons are sentences with the value in them, for people who never saw the rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from audit_fixture import ORDERS, order, rule, write_suite

from qmsreports.validate import load_suite
from qmsreports.validate.wording import said, sentence


@pytest.mark.parametrize(
    ("entry", "values", "reason"),
    [
        (
            rule("expect_column_values_to_be_between", column="score", min_value=0, max_value=10),
            {"score": 11},
            "Score is 11, above 10.",
        ),
        (
            rule("expect_column_values_to_be_between", column="quantity", min_value=0, strict_min=True),
            {"quantity": 0.0},
            "Quantity is 0, not above 0.",
        ),
        (
            rule("expect_column_values_to_be_between", column="seen_at", max_value="2026-01-01T12:30"),
            {"seen_at": datetime(2026, 2, 1, tzinfo=UTC)},
            "Seen at is 2026-02-01 00:00 UTC, above 2026-01-01 12:30 UTC.",
        ),
        (
            rule("expect_column_values_to_be_in_set", column="customer_id", value_set=list("ABCDEFGHIJ")),
            {"customer_id": "Z"},
            'Customer id is "Z", none of A, B, C, D, E, F, G, H and 2 more.',
        ),
        (
            rule("expect_column_pair_values_a_to_be_greater_than_b", column_A="quantity", column_B="score"),
            {"quantity": 3.0, "score": 3},
            "Quantity 3 is not above score 3.",
        ),
        (
            rule("expect_column_pair_values_a_to_be_greater_than_b", column_A="delivered_on", column_B="ordered_on"),
            {"delivered_on": date(2026, 10, 1)},
            "Delivered on 2026-10-01 is no later than ordered on 2026-10-01.",
        ),
        (
            rule("expect_column_values_to_be_null", column="delivered_on"),
            {},
            "Delivered on is 2026-10-09 but should be empty.",
        ),
        (
            rule("expect_column_value_lengths_to_be_between", column="status", max_value=4),
            {},
            'Status is "delivered", against the rule (value lengths to be between).',
        ),
        (
            rule("expect_column_values_to_not_be_null", column="urgent", meta_reason="Is {order_id} urgent: {urgent}?"),
            {"urgent": None},
            'Is "A1" urgent: empty?',
        ),
    ],
)
def test_each_kind_of_rule_has_its_sentence(tmp_path: Path, entry: Any, values: dict[str, Any], reason: str) -> None:
    (found,) = load_suite(write_suite(tmp_path / "orders.json", entry), ORDERS).rules
    assert sentence(found, ORDERS, order("A1", **values)) == reason


def test_values_are_said_as_people_write_them() -> None:
    assert said(float("nan")) == "empty"
    assert said(True) == "yes"
    assert said(1234567.5) == "1234567.5"
    assert said("two\nlines") == '"two lines"'
    assert said("x" * 100) == '"' + "x" * 59 + '…"'
