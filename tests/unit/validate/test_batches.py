"""A delivery checked in small batches gives what one look at all rows gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from audit_fixture import AS_OF, ORDERS, order, rule, write_suite

from qmsreports.records import StagedTable, silent
from qmsreports.validate import load_suite
from qmsreports.validate.evidence import Evidence
from qmsreports.validate.examine import Tally, examine

UNIQUE = "expect_column_values_to_be_unique"
COMPOUND = "expect_compound_columns_to_be_unique"


def tallies(staged: StagedTable, folder: Path, batch_rows: int) -> list[Tally]:
    suite = load_suite(
        write_suite(
            folder / "orders.json",
            rule(UNIQUE, column="order_id"),
            rule(COMPOUND, column_list=["customer_id", "score"]),
            rule("expect_column_values_to_be_between", column="quantity", min_value=0),
            rule("expect_column_mean_to_be_between", "warning", "keep", column="quantity", min_value=2, max_value=3),
            rule("expect_column_newest_to_be_recent", "warning", "keep", column="ordered_on", days=60),
            rule("expect_table_row_count_to_be_between", "info", "keep", min_value=10),
        ),
        ORDERS,
    )
    evidence = Evidence(staged, ORDERS, as_of=AS_OF, lookup=lambda _name: (), spill=folder / "spill")
    with evidence.current():
        found = examine(suite, staged, evidence, tell=silent, batch_rows=batch_rows)
    return [found[one.check] for one in suite.rules]


@pytest.mark.parametrize("batch_rows", [3, 7, 1000])
def test_rows_that_repeat_far_apart_are_found(
    staged: Callable[..., StagedTable], tmp_path: Path, batch_rows: int
) -> None:
    rows = [order(f"A{number}", score=number, quantity=float(number % 5)) for number in range(20)]
    rows[17]["order_id"] = "A0"  # repeats the first row, several batches later
    rows[4]["order_id"] = rows[5]["order_id"] = None  # empty values do not repeat
    rows[12]["score"] = 2  # the same customer and score as the third row
    rows[19]["quantity"] = -1.0
    unique, compound, between, mean, recent, count = tallies(staged(rows), tmp_path, batch_rows)
    assert unique.failed.tolist() == [0, 17]
    assert compound.failed.tolist() == [2, 12]
    assert between.failed.tolist() == [19]
    # four times 0 + 1 + 2 + 3 + 4 is 40, less the 4 that became -1: 35 / 20 = 1.75
    assert (mean.success, mean.observed) == (False, "1.75")
    assert (recent.success, recent.observed) == (True, "newest ordered on is 2026-10-01, 35 days old")
    assert (count.success, count.observed) == (True, "20")
    assert not any(tally.broken for tally in (unique, compound, between, mean, recent, count))


def test_values_looked_at_are_counted_over_all_batches(staged: Callable[..., StagedTable], tmp_path: Path) -> None:
    rows = [order(f"A{number}", quantity=None if number < 8 else 1.0) for number in range(10)]
    between = tallies(staged(rows), tmp_path, 4)[2]
    assert (between.checked, between.failed.tolist()) == (2, [])  # eight are empty


def test_a_share_is_one_of_the_rows_that_a_rule_looks_at_whatever_batch_they_are_in(
    staged: Callable[..., StagedTable], tmp_path: Path
) -> None:
    # Sixteen rows: six delivered, two of them without a day; four of the others have no day either.
    rows = [order(f"A{number}", status="delivered" if number % 4 < 2 else "open") for number in range(12)]
    rows += [order(f"B{number}", status="open", delivered_on=None) for number in range(4)]
    rows[8]["delivered_on"] = rows[9]["delivered_on"] = None
    suite = load_suite(
        write_suite(
            tmp_path / "orders.json",
            rule(
                "expect_column_values_to_not_be_null",
                column="delivered_on",
                row_condition={
                    "type": "comparison",
                    "column": {"name": "status"},
                    "operator": "==",
                    "parameter": "delivered",
                },
            ),
            rule(
                "expect_column_pair_values_a_to_be_greater_than_b",
                column_A="delivered_on",
                column_B="ordered_on",
                ignore_row_if="either_value_is_missing",
            ),
        ),
        ORDERS,
    )
    orders = staged(rows)
    for batch_rows in (4, 1000):
        evidence = Evidence(orders, ORDERS, as_of=AS_OF, lookup=lambda _name: (), spill=tmp_path / "spill")
        with evidence.current():
            found = examine(suite, orders, evidence, tell=silent, batch_rows=batch_rows)
        filled, ordered = (found[one.check] for one in suite.rules)
        assert (filled.checked, filled.failed.tolist()) == (6, [8, 9])
        assert (ordered.checked, ordered.failed.tolist()) == (10, [])


def test_more_repeated_rows_than_a_batch_are_told_without_a_frame_of_them_all(
    staged: Callable[..., StagedTable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [order(f"A{number % 3}", score=number) for number in range(9)]
    few = tallies(staged(rows), tmp_path, 4)[0]
    monkeypatch.setattr("qmsreports.validate.examine.BATCH_ROWS", 4)
    many = tallies(staged(rows), tmp_path, 4)[0]
    assert (many.checked, many.failed, many.success) == (few.checked, few.failed, few.success)
    assert many.failed.tolist() == list(range(9))


def test_no_frame_stays_in_memory_once_it_was_checked(tmp_path: Path) -> None:
    import gc
    import weakref

    import pandas as pd

    from qmsreports.validate.checker import Checker

    (found,) = load_suite(write_suite(tmp_path / "orders.json", rule(UNIQUE, column="order_id")), ORDERS).rules
    checker = Checker({found.check: found})
    frame = pd.DataFrame({"order_id": ["A1", "A2", "A1"]})
    held = weakref.ref(frame)
    assert checker.run(frame, [found.check])[found.check].failed == (0, 2)
    checker.release()
    del frame
    gc.collect()
    assert held() is None


WHOLE = {
    "expect_column_unique_value_count_to_be_between": ({"min_value": 4}, False, "3"),
    "expect_column_proportion_of_unique_values_to_be_between": ({"max_value": 0.2}, True, "0.1875"),  # 3 of 16 known
    "expect_column_proportion_of_non_null_values_to_be_between": ({"min_value": 0.9}, False, "0.8"),  # 16 of 20
    "expect_column_distinct_values_to_be_in_set": ({"value_set": ["C0"]}, False, 'customer id is "C0", "C1", "C2"'),
    "expect_column_distinct_values_to_contain_set": ({"value_set": ["C1"]}, True, ""),
    "expect_column_distinct_values_to_equal_set": ({"value_set": ["C0", "C1", "C2"]}, True, ""),
    "expect_column_most_common_value_to_be_in_set": ({"value_set": ["C1", "C2"]}, False, "['C0']"),
}


@pytest.mark.parametrize("type_", WHOLE)
def test_a_column_that_is_narrowed_comes_out_as_a_look_at_all_of_it(
    staged: Callable[..., StagedTable], tmp_path: Path, type_: str
) -> None:
    """Of twenty rows four are empty, six are C0 and five each C1 and C2."""
    names = [None] * 4 + ["C0"] * 6 + ["C1"] * 5 + ["C2"] * 5
    delivery = staged([order(f"A{number}", customer_id=name) for number, name in enumerate(names)])
    kwargs, holds, seen = WHOLE[type_]
    path = write_suite(tmp_path / "orders.json", rule(type_, "warning", "keep", column="customer_id", **kwargs))
    suite = load_suite(path, ORDERS)
    evidence = Evidence(delivery, ORDERS, as_of=AS_OF, lookup=lambda _name: (), spill=tmp_path / "spill")
    for batch_rows in (5, 1000):
        with evidence.current():
            (found,) = examine(suite, delivery, evidence, tell=silent, batch_rows=batch_rows).values()
        assert (found.success, found.observed, found.broken) == (holds, seen, ""), batch_rows


def test_of_many_values_an_observation_lists_the_first(staged: Callable[..., StagedTable], tmp_path: Path) -> None:
    delivery = staged([order(f"A{number:02}") for number in range(50)])
    type_ = "expect_column_most_common_value_to_be_in_set"  # each value is there once, so it is any of them
    path = write_suite(tmp_path / "orders.json", rule(type_, "warning", "keep", column="order_id", value_set=["A00"]))
    evidence = Evidence(delivery, ORDERS, as_of=AS_OF, lookup=lambda _name: (), spill=tmp_path / "spill")
    with evidence.current():
        (found,) = examine(load_suite(path, ORDERS), delivery, evidence, tell=silent, batch_rows=10).values()
    assert not found.success
    assert found.observed.startswith("['A00', 'A01', ") and found.observed.endswith("'A19', and 30 more]")
