"""Rows that a source marks as deleted leave the canonical table, and are neither refused nor lost in the counts."""

from __future__ import annotations

from pathlib import Path

from landed_fixture import ITEM_SQL, Line, item, make_source, order

SQL = ITEM_SQL.replace("AS _reject\n", "AS _reject,\n    i.state = 'DEL' OR o.plant = 'GONE' AS _deleted\n")


def line(folder: Path) -> Line:
    source = make_source(folder, SQL)
    feeds = tuple(feed.model_copy(update={"deletions": "none"}) for feed in source.tables)
    return Line(folder, source.model_copy(update={"tables": feeds}))


def test_a_row_marked_as_deleted_never_enters(tmp_path: Path) -> None:
    made = line(tmp_path)
    made.land("1", so_item=[item("A"), item("B", state="DEL", modified="2")], sales_order=[order("A"), order("B")])
    staged = made.stage()
    assert staged is not None
    assert (staged.rows_in, staged.rows, staged.rejected, staged.duplicates, staged.deleted_at_source) == (
        2,
        1,
        0,
        0,
        1,
    )
    made.publish(staged)
    assert [row["order_line_id"] for row in made.rows()] == ["A/1"]


def test_a_row_that_is_marked_later_leaves_and_may_come_back(tmp_path: Path) -> None:
    made = line(tmp_path)
    made.land("1", so_item=[item("A"), item("B")], sales_order=[order("A"), order("B")])
    made.run()
    made.land("2", so_item=[item("B", state="DEL", modified="2")])
    staged = made.stage()
    assert staged is not None
    assert (staged.rows_in, staged.rows, staged.rejected, staged.duplicates, staged.deleted_at_source) == (
        1,
        0,
        0,
        0,
        1,
    )
    published = made.publish(staged)
    assert published.deleted == 1
    assert [row["order_line_id"] for row in made.rows()] == ["A/1"]
    made.land("3", so_item=[item("B", modified="3")])
    made.run()
    assert [row["order_line_id"] for row in made.rows()] == ["A/1", "B/1"]


def test_a_row_leaves_with_the_row_that_it_belongs_to(tmp_path: Path) -> None:
    made = line(tmp_path)
    made.land("1", so_item=[item("A"), item("B")], sales_order=[order("A"), order("B")])
    made.run()
    made.land("2", sales_order=[order("B", plant="GONE", modified="2")])
    staged = made.stage()
    assert staged is not None and (staged.rows_in, staged.refreshed, staged.rows) == (0, 1, 0)
    assert (staged.duplicates, staged.deleted_at_source) == (0, 1)
    made.publish(staged)
    assert [row["order_line_id"] for row in made.rows()] == ["A/1"]


def test_of_a_deleted_row_delivered_twice_one_version_is_a_duplicate(tmp_path: Path) -> None:
    """Three rows came: A, B, and B again as deleted. A stays, the first B is superseded, the second is the deletion."""
    made = line(tmp_path)
    items = [item("A"), item("B"), item("B", state="DEL", modified="2")]
    made.land("1", so_item=items, sales_order=[order("A"), order("B")])
    staged = made.stage()
    assert staged is not None
    assert (staged.rows_in, staged.rows, staged.duplicates, staged.deleted_at_source) == (3, 1, 1, 1)
