"""The audit: what passes, what is kept out, what stops, and that nothing is lost on the way."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from audit_fixture import order, passed_ids, rule

from qmsreports.errors import CouldNotRun, UserError
from qmsreports.records import Audit

Audited = Callable[..., Audit]

NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
IN_SET = "expect_column_values_to_be_in_set"
BETWEEN = "expect_column_values_to_be_between"
ORDER = "expect_column_pair_values_a_to_be_greater_than_b"


def test_sound_rows_pass_as_they_were_staged(audited: Audited) -> None:
    result = audited([order("A1"), order("A2")], rule(NOT_NULL, column="order_id"))
    assert (result.status, result.rows, result.quarantined, result.message) == ("passed", 2, (), "")
    assert result.path.endswith("staged.parquet")  # not copied


def test_bad_rows_leave_with_key_rule_and_a_sentence(audited: Audited) -> None:
    result = audited(
        [
            order("A1"),
            order("A2", status="shpped"),
            order("A3", quantity=-4.0),
            order("A4", ordered_on=date(1900, 1, 1)),
        ],
        rule(IN_SET, column="status", value_set=["open", "delivered"]),
        rule(BETWEEN, column="quantity", min_value=0),
        rule(BETWEEN, column="ordered_on", min_value="2015-01-01"),
    )
    assert (result.status, result.rows, passed_ids(result)) == ("passed", 1, ["A1"])
    assert [(row.key, row.rule, row.reason) for row in result.quarantined] == [
        ("A2", f"{IN_SET} on status", 'Status is "shpped", none of open, delivered.'),
        ("A3", f"{BETWEEN} on quantity", "Quantity is -4, below 0."),
        ("A4", f"{BETWEEN} on ordered_on", "Ordered on is 1900-01-01, below 2015-01-01."),
    ]


def test_a_quarantined_row_is_kept_whole_and_ready_for_json(audited: Audited) -> None:
    result = audited([order("A1", quantity=None, status="lost")], rule(IN_SET, column="status", value_set=["open"]))
    (row,) = result.quarantined
    assert row.load_id == "170.1"
    assert row.row == {
        "order_id": "A1",
        "customer_id": "C1",
        "ordered_on": "2026-10-01",
        "delivered_on": "2026-10-09",
        "seen_at": "2026-10-09T08:30:00Z",
        "quantity": None,
        "score": 7,
        "status": "lost",
        "urgent": False,
        "_source": "crm",
        "_load": "170.1",
        "_row": "row of A1",
        "_month": "2026-10",
    }


def test_a_row_that_breaks_several_rules_leaves_once_with_all_reasons(audited: Audited) -> None:
    result = audited(
        [order("A1", status="lost", delivered_on=date(2026, 9, 1))],
        rule(IN_SET, column="status", value_set=["open", "delivered"]),
        rule(
            ORDER,
            column_A="delivered_on",
            column_B="ordered_on",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        ),
    )
    (row,) = result.quarantined
    assert row.rule == f"{IN_SET} on status"
    assert row.reason == (
        'Status is "lost", none of open, delivered. Delivered on 2026-09-01 lies before ordered on 2026-10-01.'
    )


def test_rows_that_only_count_are_published(audited: Audited) -> None:
    result = audited(
        [order("A1", score=None), order("A2", score=11)], rule(BETWEEN, "warning", "keep", column="score", max_value=10)
    )
    assert (result.status, result.rows, result.quarantined) == ("passed", 2, ())
    (found,) = result.rules
    assert (found.success, found.rows_checked, found.rows_failed) == (False, 1, 1)  # the empty score is not judged
    assert found.sample == ("A2: Score is 11, above 10.",)


def test_a_critical_rule_stops_the_table(audited: Audited) -> None:
    result = audited(
        [order("A1"), order("A1"), order("A2")],
        rule(UNIQUE, "critical", "stop", column="order_id"),
    )
    assert (result.status, result.rows, result.path, result.quarantined) == ("stopped", 0, "", ())
    assert result.message.startswith(
        "source crm, table orders: nothing is published, 2 of 3 rows (66.7 %) fail: "
        "expect_column_values_to_be_unique on order_id ("
    )
    assert "orders.json:4); sales.operations mends it at the source, then run again" in result.message


@pytest.mark.parametrize(
    ("bad", "of", "status"),
    [
        (10, 100, "stopped"),  # 10 % of the rows, 5 % are tolerated
        (5, 100, "passed"),  # exactly what is tolerated
        (2, 10, "passed"),  # 20 %, but two rows of ten are no gross failure
    ],
)
def test_a_tolerance_separates_dirt_from_a_gross_failure(audited: Audited, bad: int, of: int, status: str) -> None:
    rows = [order(f"A{number}", status="lost" if number < bad else "open") for number in range(of)]
    result = audited(
        rows,
        rule(IN_SET, column="status", value_set=["open", "delivered"]),
        rule(
            IN_SET, "critical", "stop", column="status", value_set=["open", "delivered"], mostly=0.95, meta_from_rows=3
        ),
    )
    assert result.status == status
    assert len(result.quarantined) == (bad if status == "passed" else 0)
    assert [found.rows_failed for found in result.rules] == [bad, bad]
    assert [found.success for found in result.rules] == [False, status == "passed"]


def test_rows_within_the_tolerance_of_a_critical_rule_are_not_published(audited: Audited) -> None:
    rows = [order(f"A{number}") for number in range(99)] + [order("B1", status="lost")]
    result = audited(rows, rule(IN_SET, "critical", "stop", column="status", value_set=["delivered"], mostly=0.9))
    assert (result.status, result.rows, [row.key for row in result.quarantined]) == ("passed", 99, ["B1"])


def test_a_second_rule_may_keep_the_rows_that_a_critical_one_tolerates(audited: Audited) -> None:
    rows = [order(f"A{number}") for number in range(99)] + [order("B1", status="lost")]
    result = audited(
        rows,
        rule(IN_SET, "warning", "keep", column="status", value_set=["delivered"]),
        rule(IN_SET, "critical", "stop", column="status", value_set=["delivered"], mostly=0.9),
    )
    assert (result.status, result.rows, result.quarantined) == ("passed", 100, ())


def test_rows_that_the_mapping_refused_are_quarantined_too(audited: Audited) -> None:
    refused = [order("A9", ordered_on=None) | {"_reject": 'ordered "31.02.2026" is no date'}]
    result = audited([order("A1")], rule(NOT_NULL, column="order_id"), refused=refused)
    (row,) = result.quarantined
    assert (result.rows, row.key, row.rule, row.reason) == (1, "A9", "mapping", 'ordered "31.02.2026" is no date.')
    assert "_reject" not in row.row


def test_more_rows_than_anybody_looks_at_are_no_single_bad_rows(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qmsreports.validate.auditing.MOST_KEPT_OUT", 3)
    positive = rule(BETWEEN, column="quantity", min_value=0)
    filled = rule(NOT_NULL, column="seen_at")  # one row breaks both rules and counts once
    rows = [order(f"A{number}", quantity=-1.0) for number in range(3)] + [order("B1")]
    rows[0]["seen_at"] = None
    assert len(audited(rows, positive, filled).quarantined) == 3
    refused = [order("R1") | {"_reject": "no such plant"}]
    result = audited(rows, positive, filled, refused=refused)
    assert (result.status, result.rows, result.quarantined) == ("stopped", 0, ())
    assert result.message.startswith("source crm, table orders: nothing is published, 4 of 5 rows would be kept out, ")
    assert "3 of them by expect_column_values_to_be_between on quantity (" in result.message
    assert [found.rows_failed for found in result.rules] == [3, 1]


def test_a_row_without_a_key_is_told_so(audited: Audited) -> None:
    result = audited([order(None), order("A1")], rule(NOT_NULL, column="order_id"))
    (row,) = result.quarantined
    assert (row.key, row.reason) == ("", "Order id is empty.")
    assert result.rules[0].sample == ("no key: Order id is empty.",)


def test_a_broken_check_is_not_blamed_on_the_data(audited: Audited) -> None:
    result = audited(
        [order("A1")],
        rule(NOT_NULL, column="order_id"),
        rule("expect_column_pair_values_a_to_be_greater_than_b", column_A="ordered_on", column_B="customer_id"),
    )
    assert (result.status, result.rows, result.quarantined) == ("broken", 0, ())
    assert [found.broken for found in result.rules] == [False, True]
    assert (
        "orders.json:16: the rule expect_column_pair_values_a_to_be_greater_than_b on ordered_on, customer_id "
        "could not be checked" in result.message
    )
    assert "the rows of source crm, table orders are not to blame: mend the rule, then run again" in result.message


def test_an_argument_that_the_library_refuses_names_its_line(audited: Audited) -> None:
    with pytest.raises(UserError, match=r"orders\.json:4: expect_column_values_to_be_between: .*min_value"):
        audited([order("A1")], rule(BETWEEN, column="quantity", min_value=[1]))


def test_a_condition_limits_a_rule_to_some_rows(audited: Audited) -> None:
    result = audited(
        [order("A1", delivered_on=None), order("A2", delivered_on=None, status="open")],
        rule(
            NOT_NULL,
            column="delivered_on",
            row_condition={
                "type": "comparison",
                "column": {"name": "status"},
                "operator": "==",
                "parameter": "delivered",
            },
            meta_reason="The order {order_id} is delivered but has no day.",
        ),
    )
    assert [(row.key, row.reason) for row in result.quarantined] == [
        ("A1", 'The order "A1" is delivered but has no day.')
    ]


def test_nothing_staged_is_nothing_to_check(audited: Audited) -> None:
    result = audited([], rule(NOT_NULL, column="order_id"))
    assert (result.status, result.rows, result.rules) == ("passed", 0, ())


def test_every_row_is_counted_once(audited: Audited) -> None:
    rows = [order(f"A{number}", score=number % 13, quantity=float(number - 20)) for number in range(200)]
    result = audited(rows, rule(BETWEEN, column="score", max_value=10), rule(BETWEEN, column="quantity", min_value=0))
    # scores 11 and 12 of every 13; quantities below 0 are the first twenty numbers
    bad = {number for number in range(200) if number % 13 > 10 or number < 20}
    assert {row.key for row in result.quarantined} == {f"A{number}" for number in bad}
    assert passed_ids(result) == [f"A{number}" for number in range(200) if number not in bad]
    assert result.rows + len(result.quarantined) == 200


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(
    audited: Audited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: object, _batch: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_batch", full)
    with pytest.raises(CouldNotRun) as caught:
        audited([order("A1"), order("A2", status="lost")], rule(IN_SET, column="status", value_set=["delivered"]))
    assert str(caught.value) == (
        f"{tmp_path}/out: the rows that passed cannot be written (No space left on device); "
        "free some disk or mend the permissions, then run again; nothing is lost"
    )
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_file()]


def test_an_audit_repeated_gives_the_same(audited: Audited) -> None:
    rows = [order("A1"), order("A2", status="lost"), order("A3")]
    rules = [rule(IN_SET, column="status", value_set=["delivered"])]
    first = audited(rows, *rules)
    content = Path(first.path).read_bytes()
    assert audited(rows, *rules) == first
    assert Path(first.path).read_bytes() == content
