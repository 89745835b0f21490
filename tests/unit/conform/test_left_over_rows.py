"""What is left over from a row that was deleted for good leaves with it; what never had one waits in quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from landed_fixture import ITEM_SQL, Line, item, make_source, order
from pydantic import ValidationError

PARENT = {"table": "sales_order", "key": ["so_no"], "cursor": "modified", "deletions": "keys"}
ITEM = {"table": "so_item", "key": ["so_no", "pos"], "cursor": "modified", "needs": ["qty"]}
CONFORM = {"order_lines": {"from": "so_item", "joins": {"sales_order": ["so_no"]}, "leaves_with": "sales_order"}}


def made(folder: Path, **parent: Any) -> Line:
    return Line(folder, make_source(folder, ITEM_SQL, tables=[ITEM, PARENT | parent], conform=CONFORM))


def counts(line: Line) -> tuple[int, int, int, int, int]:
    """Rows in, looked at again, staged, deleted at the source, those of them that left with their order; published."""
    staged = line.stage()
    assert staged is not None
    line.publish(staged)
    told = staged.rows_in, staged.refreshed, staged.rows, staged.deleted_at_source, staged.deleted_with_parent
    assert staged.rejected == len(line.rejects(staged))
    return told


def numbers(line: Line) -> list[str]:
    return [row["order_line_id"] for row in line.rows()]


def test_lines_left_over_from_a_deleted_order_leave_with_it_and_come_back_with_it(tmp_path: Path) -> None:
    line = made(tmp_path)
    orders = [order("A"), order("B")]
    line.land("1", so_item=[item("A"), item("B"), item("B", 2)], sales_order=orders, sales_order__keys=keys("A", "B"))
    assert counts(line) == (3, 0, 3, 0, 0)
    line.land("2", sales_order__keys=keys("A"))
    assert counts(line) == (0, 2, 0, 2, 2)
    assert numbers(line) == ["A/1"]
    line.land("3", sales_order=[order("B", modified="3")], sales_order__keys=keys("A", "B"))
    assert counts(line) == (0, 2, 2, 0, 0)
    assert numbers(line) == ["A/1", "B/1", "B/2"]


def test_a_line_that_comes_when_its_order_is_deleted_already_leaves_with_it(tmp_path: Path) -> None:
    line = made(tmp_path)
    line.land("1", so_item=[item("A")], sales_order=[order("A"), order("B")], sales_order__keys=keys("A"))
    line.run()
    line.land("2", so_item=[item("B", modified="2")])
    assert counts(line) == (1, 0, 0, 1, 1)


def test_a_line_of_an_order_that_was_never_seen_waits(tmp_path: Path) -> None:
    line = made(tmp_path)
    line.land("1", so_item=[item("A"), item("C")], sales_order=[order("A")], sales_order__keys=keys("A"))
    staged = line.stage()
    assert staged is not None and (staged.rows, staged.deleted_with_parent) == (1, 0)
    assert line.rejects(staged) == ["order C is not in sales_order"]


def test_of_numbered_orders_a_missing_number_below_the_highest_was_deleted_and_one_above_may_come(
    tmp_path: Path,
) -> None:
    """Orders 7 and 9 are there. 8 was given out and is gone; 12 was not seen yet, and no line is without a number."""
    line = made(tmp_path, numbered=True)
    items = [item(number) for number in ("7", "8", "12", "none")]
    line.land("1", so_item=items, sales_order=[order("7"), order("9")], sales_order__keys=keys("7", "9"))
    staged = line.stage()
    assert staged is not None
    assert (staged.rows, staged.deleted_at_source, staged.deleted_with_parent) == (1, 1, 1)
    assert line.rejects(staged) == ["order 12 is not in sales_order", "order none is not in sales_order"]


def test_a_line_that_waited_leaves_when_its_number_turns_out_to_be_given_out(tmp_path: Path) -> None:
    """12 may still come while 9 is the highest; when 13 is there and 12 is not, it was deleted in between."""
    line = made(tmp_path, numbered=True)
    items = [item("7"), item("12"), item("20")]
    line.land("1", so_item=items, sales_order=[order("7"), order("9")], sales_order__keys=keys("7", "9"))
    staged = line.stage()
    assert staged is not None and staged.rejected == 2
    line.publish(staged)
    line.land("2", sales_order=[order("13", modified="2")], sales_order__keys=keys("7", "9", "13"))
    assert counts(line) == (0, 1, 0, 1, 1)
    line.land("3", sales_order=[order("12", modified="3")], sales_order__keys=keys("7", "9", "12", "13"))
    assert counts(line) == (0, 1, 1, 0, 0)  # committed late: it was not deleted after all
    assert numbers(line) == ["12/1", "7/1"]


@pytest.mark.parametrize(
    ("conform", "parent", "said"),
    [
        ({"leaves_with": "sales_orders"}, {}, 'leaves with "sales_orders", which is not among its joins'),
        ({"leaves_with": "so_item"}, {}, 'leaves with "so_item", which is not among its joins'),
        ({}, {"deletions": "none"}, r"write deletions: keys at sales_order and join it on \[so_no\]"),
        ({}, {"key": ["plant", "so_no"]}, r"join it on \[plant, so_no\]"),
        ({}, {"key": ["plant", "so_no"], "numbered": True}, "leaves with sales_order"),
        ({"leaves_with": ""}, {"key": ["plant", "so_no"], "numbered": True}, "numbered is for a key of one column"),
    ],
)
def test_what_cannot_be_told_is_refused(
    tmp_path: Path, conform: dict[str, Any], parent: dict[str, Any], said: str
) -> None:
    changed = {"order_lines": CONFORM["order_lines"] | conform}
    with pytest.raises(ValidationError, match=said):
        make_source(tmp_path, tables=[ITEM, PARENT | parent], conform=changed)


def test_a_mapping_that_leaves_with_nothing_keeps_its_fingerprint(tmp_path: Path) -> None:
    """Or every row of every table would be conformed once more for a feature that it does not use."""
    line = Line(tmp_path, make_source(tmp_path))
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    staged = line.stage()
    assert staged is not None
    assert {load.rpartition("@")[2] for load in staged.load_ids} == {"a4b168ff"}


def keys(*numbers: str) -> list[dict[str, Any]]:
    return [{"so_no": number} for number in numbers]
