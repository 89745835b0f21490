"""A suite is checked before any row is looked at; every mistake names its line and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from audit_fixture import ORDERS, rule, write_suite

from qmsreports.errors import UserError
from qmsreports.validate import load_suite

NOT_NULL = "expect_column_values_to_not_be_null"
LINK = "expect_column_values_to_exist_in_table"


def findings(path: Path) -> list[str]:
    """Messages about a suite, without the folder that it lies in."""
    with pytest.raises(UserError) as caught:
        load_suite(path, ORDERS)
    return [str(finding).replace(f"{path.parent}/", "") for finding in caught.value.findings]


def complaint(tmp_path: Path, *rules: Any) -> str:
    (found,) = findings(write_suite(tmp_path / "orders.json", *rules))
    return found


def test_a_sound_suite_is_read_in_order(tmp_path: Path) -> None:
    suite = load_suite(
        write_suite(
            tmp_path / "orders.json",
            rule(NOT_NULL, column="order_id"),
            rule(
                LINK,
                "critical",
                "stop",
                column="customer_id",
                other_table="customers",
                other_column="customer_id",
                mostly=0.75,
                meta_from_rows=20,
            ),
        ),
        ORDERS,
    )
    first, second = suite.rules
    assert (first.label, first.columns, first.tolerance, first.where) == (
        NOT_NULL,
        ("order_id",),
        0.0,
        f"{tmp_path}/orders.json:4",
    )
    assert (second.tolerance, second.from_rows) == (0.25, 20)
    assert "mostly" not in second.kwargs
    assert suite.links == ("customers",)


def test_no_suite_is_an_error(tmp_path: Path) -> None:
    assert findings(tmp_path / "orders.json") == [
        "orders.json: the canonical table orders has no suite; every canonical table needs one: "
        "copy the suite of a similar table and name its columns"
    ]


def test_a_broken_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    path.write_text('{"name": "orders",\n "expectations": [\n  {"type": }\n]}')
    assert findings(path) == ["orders.json:3: not JSON: Expecting value; mend the text near here"]
    path.write_text('{"name": "orders",\n "expectations": [{"type": "a",\n "kwargs": {},\n "type": "b"}]}')
    assert findings(path) == ['orders.json:4: "type" is written twice; keep one of the two']
    path.write_bytes(b'{"name":\n "\xff"}')
    assert findings(path) == ["orders.json:2: the file is not UTF-8 text; save it as UTF-8"]
    path.write_text("[]")
    assert findings(path) == ['orders.json:1: a suite must be a JSON object; begin with {"name": ...']


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    path.write_text(
        """{
 "name": "order",
 "owner": "me",
 "expectations": [
  {"type": "expect_column_values_to_be_in_sett", "kwargs": {"column": "status"}, "severity": "critical"},

  {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "ordered"}, "severity": "fatal",
   "meta": {"why": "Because.", "owner": "it.data", "on_failure": "stop"}}
 ]
}"""
    )
    assert findings(path) == [
        'orders.json:1: unknown field "owner"; known: expectations, name',
        'orders.json:1: "name" is \'order\'; write "orders", the table',
        'orders.json:5: unknown expectation type "expect_column_values_to_be_in_sett"; '
        'did you mean "expect_column_values_to_be_in_set"?',
        'orders.json:5: "why" is missing in meta; '
        "say in a sentence why the rule exists; it is printed beside every failure",
        'orders.json:5: "owner" is missing in meta; name the role that mends such rows, for example sales.operations',
        "orders.json:5: on_failure is missing; write stop or quarantine",
        'orders.json:7: unknown severity "fatal"; write critical, warning or info',
        'orders.json:7: orders declares no column "ordered"; did you mean "ordered_on"?',
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (rule(NOT_NULL), '"column" is missing; name a column of orders'),
        (rule(NOT_NULL, column="order_id", colum="x"), 'unknown argument "colum"; did you mean "column"?'),
        (
            rule("expect_column_values_to_be_in_set", column="status"),
            'argument "value_set" is missing; expect_column_values_to_be_in_set needs it',
        ),
        (
            rule("expect_column_values_to_be_in_set", column="status", value_set=["open", "deliverd"]),
            'unknown value of status "deliverd"; did you mean "delivered"?',
        ),
        (
            rule("expect_column_values_to_be_between", column="ordered_on", min_value="01.01.2015"),
            "\"min_value\" is '01.01.2015'; write a day such as 2015-01-01",
        ),
        (
            rule(NOT_NULL, "warning", "stop", column="order_id"),
            'on_failure "stop" does not go with severity warning; write quarantine or keep',
        ),
        (
            rule(NOT_NULL, "critical", "stop", column="order_id", mostly=95),
            '"mostly" is 95; write a share above 0 and up to 1, such as 0.95',
        ),
        (
            rule(NOT_NULL, column="order_id", mostly=0.9),
            '"mostly" does not go with on_failure quarantine; every row that breaks such a rule is kept out',
        ),
        (
            rule(NOT_NULL, "critical", "stop", column="order_id", meta_from_rows=5),
            '"from_rows" needs a tolerance; give the rule a "mostly" below 1',
        ),
        (
            rule(NOT_NULL, column="order_id", meta_reason="No {orderid}."),
            '"reason" names no column "orderid"; did you mean "order_id"?',
        ),
        (
            rule(NOT_NULL, column="order_id", row_condition="status == 'open'"),
            '"row_condition" is "status == \'open\'"; write an object of type comparison, nullity, and, or',
        ),
        (
            rule(NOT_NULL, column="order_id", row_condition={"type": "nullity", "column": {"name": "state"}}),
            '"row_condition" names no column "state"; did you mean "status"?',
        ),
    ],
)
def test_each_mistake_says_what_to_do(tmp_path: Path, entry: Any, said: str) -> None:
    assert complaint(tmp_path, entry) == f"orders.json:4: {said}"


def test_two_rules_that_nobody_can_tell_apart_are_refused(tmp_path: Path) -> None:
    assert complaint(tmp_path, rule(NOT_NULL, column="order_id"), rule(NOT_NULL, column="order_id")).endswith(
        f"{NOT_NULL} on order_id is there twice, first in orders.json:4; "
        'delete one, or tell them apart by "name" in meta'
    )
