"""A rule that no row could satisfy is a mistake of the suite: it is said with its line, and no row is blamed for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from audit_fixture import ORDERS, order, rule, write_suite

from qmsreports.catalog.table import Column, Table
from qmsreports.errors import UserError
from qmsreports.records import Audit
from qmsreports.validate import load_suite

IN_SET = "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"
NOT_NULL = "expect_column_values_to_not_be_null"
LINK = "expect_column_values_to_exist_in_table"
RECONCILE = "expect_column_total_to_reconcile"

CUSTOMERS = Table(
    table="customers",
    title="Customers",
    meaning="Customers as the tests need them.",
    key=("customer_id",),
    columns=(
        Column(name="customer_id", type="text", meaning="Number."),
        Column(name="number", type="integer", meaning="Number as a number."),
        Column(name="since", type="date", meaning="Day of the first order."),
        Column(name="kind", type="text", values=("dealer", "user"), meaning="Kind."),
        Column(name="worth", type="number", meaning="Worth."),
    ),
)


def keep(kind: str, **arguments: Any) -> dict[str, Any]:
    return rule(kind, "warning", "keep", **arguments)


def reconciled(**changed: Any) -> dict[str, Any]:
    arguments = {
        "column": "quantity",
        "by": "ordered_on",
        "other_table": "customers",
        "other_column": "worth",
        "other_by": "since",
        "days": 30,
        "at_least": 0.9,
        "at_most": 1.1,
    }
    return keep(RECONCILE, **(arguments | changed))


def said(tmp_path: Path, entry: dict[str, Any]) -> list[str]:
    """Complaints about one rule, without the file."""
    path = write_suite(tmp_path / "orders.json", entry)
    with pytest.raises(UserError) as caught:
        load_suite(path, ORDERS, tables={"customers": CUSTOMERS, "orders": ORDERS})
    return [str(finding).removeprefix(f"{path}:4: ") for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (
            rule(IN_SET, column="score", value_set=["7", 8]),
            'score holds numbers, "7" is none; write it without quotation marks',
        ),
        (
            rule(IN_SET, column="customer_id", value_set=["C1", 2]),
            "customer_id holds texts, 2 is none; put it in quotation marks",
        ),
        (
            rule(IN_SET, column="urgent", value_set=["yes"]),
            'urgent holds yes or no, "yes" is neither; write true or false',
        ),
        (
            rule(IN_SET, column="ordered_on", value_set=["1.10.2026"]),
            'ordered_on holds days, "1.10.2026" is none; write a day such as 2015-01-01',
        ),
        (
            rule(
                "expect_column_pair_values_to_be_in_set",
                column_A="score",
                column_B="status",
                value_pairs_set=[["7", "open"]],
            ),
            'score holds numbers, "7" is none; write it without quotation marks',
        ),
        (
            rule(BETWEEN, column="customer_id", min_value=1),
            '"min_value" is 1, and customer_id holds texts; name a column of numbers',
        ),
        (
            rule(BETWEEN, column="quantity", min_value=10, max_value=1),
            '"min_value" 10 is above "max_value" 1; no value lies between them: exchange the two',
        ),
        (
            rule("expect_column_values_to_match_regex", column="customer_id", regex="C("),
            "\"regex\" holds 'C(', which is no regular expression (missing ), unterminated subpattern at position 1); "
            "mend the pattern",
        ),
        (rule("expect_column_values_to_match_regex", column="customer_id", regex=5), '"regex" is 5; write a text'),
        (
            keep("expect_column_newest_to_be_recent", column="quantity", days=3),
            '"column" is quantity, a column of type number; name a column of days or instants',
        ),
        (
            keep("expect_column_newest_to_be_recent", column="ordered_on", days=0),
            '"days" is 0; write a number of days above 0, 36,525 at most',
        ),
        (
            keep("expect_column_volume_to_match_history", column="ordered_on", weeks=0, at_least=0.5, at_most=2),
            '"weeks" is 0; write a whole number from 1 to 1,000',
        ),
        (
            keep("expect_column_volume_to_match_history", column="ordered_on", weeks=8, at_least=2, at_most=0.5),
            '"at_least" 2 is above "at_most" 0.5; no value lies between them: exchange the two',
        ),
        (
            rule("expect_table_not_to_shrink", "critical", "stop", share=20, from_rows=10),
            '"share" is 20; write a share from 0 to 1, such as 0.2',
        ),
        (
            rule("expect_column_mean_to_be_between", column="quantity", min_value=1),
            "on_failure quarantine does not go with a rule on the delivery as a whole; "
            "write keep, or severity critical and stop: there is no row to set aside",
        ),
        (
            keep("expect_column_mean_to_be_between", column="status", min_value=1),
            '"column" is status, a column of type text; name a column of numbers',
        ),
        (
            rule(
                NOT_NULL, column="order_id", row_condition={"type": "comparison", "column": "status", "operator": "=="}
            ),
            '"column" of "row_condition" is \'status\'; write {"name": "status"}',
        ),
        (
            rule(
                NOT_NULL,
                column="order_id",
                row_condition={
                    "type": "comparison",
                    "column": {"name": "status"},
                    "operator": "=",
                    "parameter": "open",
                },
            ),
            '"operator" of "row_condition" is \'=\'; write one of == != < <= > >= IN NOT_IN',
        ),
        (
            rule(
                NOT_NULL,
                column="order_id",
                row_condition={
                    "type": "comparison",
                    "column": {"name": "ordered_on"},
                    "operator": "==",
                    "parameter": "2026-10-01",
                },
            ),
            '"row_condition" asks for == on ordered_on; compare days by <, <=, > and >=',
        ),
        (
            rule(NOT_NULL, column="order_id", row_condition={"type": "and", "conditions": []}),
            '"row_condition" of type and has no conditions; write "conditions": [{...}, {...}]',
        ),
        (
            rule(NOT_NULL, column="order_id", meta_reason="Ordered on {ordered_on:%Y}."),
            '"reason" gives ordered_on a format; write {ordered_on}: values are said as people write them',
        ),
        (
            rule(LINK, column="customer_id", other_table="customers", other_column="customer"),
            'customers declares no column "customer"; did you mean "customer_id"?',
        ),
        (
            rule(LINK, column="customer_id", other_table="customers", other_column="number"),
            "customer_id is of type text and number of customers of type integer; name columns of one type",
        ),
        (reconciled(other_by="kind"), '"other_by" is kind, a column of type text; name a column of days or instants'),
        (reconciled(other_column="kind"), '"other_column" is kind, a column of type text; name a column of numbers'),
        (
            reconciled(where={"status": ["deliverd"]}),
            '"where": unknown value of status "deliverd"; did you mean "delivered"?',
        ),
        (reconciled(other_where={"kin": ["user"]}), '"other_where" names no column "kin"; did you mean "kind"?'),
        (
            reconciled(where={"status": "open"}),
            '"where" is {\'status\': \'open\'}; write the values that count by column: {"status": ["delivered"]}',
        ),
    ],
)
def test_what_no_row_could_satisfy_is_a_mistake_of_the_suite(
    tmp_path: Path, entry: dict[str, Any], complaint: str
) -> None:
    assert said(tmp_path, entry) == [complaint]


def test_what_is_no_number_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write_suite(tmp_path / "orders.json", rule(BETWEEN, column="quantity", min_value=float("nan")))
    with pytest.raises(UserError, match=r"orders.json:8: not JSON: NaN is no number; write a number"):
        load_suite(path, ORDERS)


def test_sets_of_days_instants_and_marks_mean_what_they_say(audited: Callable[..., Audit]) -> None:
    rows = [order("A"), order("B", urgent=None)]
    result = audited(
        rows,
        rule(IN_SET, column="ordered_on", value_set=["2026-10-01"]),
        rule(IN_SET, column="seen_at", value_set=["2026-10-09T10:30:00+02:00"]),
        rule(IN_SET, column="urgent", value_set=[False]),
        rule(IN_SET, column="score", value_set=[7]),
        rule(
            "expect_column_pair_values_to_be_in_set",
            column_A="ordered_on",
            column_B="status",
            value_pairs_set=[["2026-10-01", "delivered"]],
        ),
    )
    assert [found.rows_failed for found in result.rules] == [0, 0, 0, 0, 0]
    (other,) = audited(rows, rule(IN_SET, column="ordered_on", value_set=["2026-10-02"])).rules
    assert other.sample[0] == "A: Ordered on is 2026-10-01, none of 2026-10-02."


def test_a_condition_on_days_picks_the_rows_of_those_days(audited: Callable[..., Audit]) -> None:
    from datetime import date

    condition = {
        "type": "comparison",
        "column": {"name": "ordered_on"},
        "operator": ">=",
        "parameter": "2026-10-02",
    }
    late = [
        order(number, ordered_on=date(2026, 10, day), quantity=-1.0) for number, day in (("A", 1), ("B", 2), ("C", 3))
    ]
    result = audited(late, rule(BETWEEN, column="quantity", min_value=0, row_condition=condition))
    assert [row.key for row in result.quarantined] == ["B", "C"]


def test_a_feed_as_landed_may_hold_numbers_as_texts(tmp_path: Path) -> None:
    feed = Table(
        table="stop",
        title="Stop",
        meaning="As landed.",
        key=("id",),
        columns=(
            Column(name="id", type="text", meaning="Number."),
            Column(name="planned", type="text", meaning="0 or 1."),
        ),
    )
    path = write_suite(tmp_path / "stop.json", keep(IN_SET, column="planned", value_set=[0, 1]), name="stop")
    assert load_suite(path, feed, as_landed=True).rules[0].kwargs["value_set"] == [0, 1]
