"""Each driving row becomes one canonical row or one refused row with a reason; nothing is lost and nothing is twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from landed_fixture import ITEM_SQL, Line, item, keys_of, make_source, order

from qmsreports.errors import CouldNotRun, UserError


def test_rows_come_out_in_the_declared_shape(line: Line) -> None:
    line.land("1", so_item=[item("A"), item("A", 2, delivered="2026-03-09", state="DL")], sales_order=[order("A")])
    staged = line.stage()
    assert staged is not None
    assert (staged.rows_in, staged.rows, staged.rejected, staged.duplicates, staged.refreshed) == (2, 2, 0, 0, 0)
    rows = pq.read_table(staged.path).to_pylist()
    assert {name: rows[1][name] for name in line.table.names} == {
        "order_line_id": "A/2",
        "site": "linz",
        "ordered_on": date(2026, 3, 2),
        "delivered_on": date(2026, 3, 9),
        "quantity": 5.0,
        "status": "delivered",
    }
    assert [rows[0][name] for name in ("_source", "_load", "_month")] == ["shop", "1", "2026-03"]
    assert rows[0]["_row"] != rows[1]["_row"]


def test_nothing_landed_and_nothing_new_are_none(line: Line) -> None:
    assert line.stage() is None
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    assert line.run() is not None
    assert line.stage() is None


def test_an_incomplete_load_does_not_count(line: Line) -> None:
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    line.land("2", so_item=[item("B")])
    (line.folder / "landing/shop/_dlt_loads/shop__2.jsonl").unlink()
    staged = line.stage()
    assert staged is not None and staged.rows_in == 1


def test_a_later_version_supersedes_and_counts_as_duplicate(line: Line) -> None:
    line.land(
        "1",
        so_item=[item("A", qty=1.0, modified="1"), item("A", qty=2.0, modified="2"), item("A", qty=2.0, modified="2")],
        sales_order=[order("A")],
    )
    staged = line.stage()
    assert staged is not None
    assert (staged.rows_in, staged.rows, staged.duplicates) == (3, 1, 2)
    assert pq.read_table(staged.path).column("quantity").to_pylist() == [2.0]


def test_an_old_version_landed_late_changes_nothing(line: Line) -> None:
    line.land("1", so_item=[item("A", qty=2.0, modified="2")], sales_order=[order("A")])
    line.run()
    line.land("2", so_item=[item("A", qty=1.0, modified="1")])
    staged = line.stage()
    assert staged is not None
    assert (staged.rows_in, staged.rows, staged.duplicates) == (1, 0, 1)
    line.publish(staged)
    assert [row["quantity"] for row in line.rows()] == [2.0]


def test_a_change_of_a_joined_row_refreshes_the_rows_that_join_it(line: Line) -> None:
    line.land("1", so_item=[item("A"), item("A", 2), item("B")], sales_order=[order("A"), order("B")])
    line.run()
    line.land("2", sales_order=[order("A", plant="LYO", modified="2")])
    staged = line.stage()
    assert staged is not None
    assert (staged.rows_in, staged.refreshed, staged.rows) == (0, 2, 2)
    published = line.publish(staged)
    assert (published.updated, published.inserted, published.deleted) == (2, 0, 0)
    assert [row["site"] for row in line.rows()] == ["lyon", "lyon", "linz"]


def test_an_orphan_waits_in_the_refused_rows_until_its_order_comes(line: Line) -> None:
    line.land("1", so_item=[item("A"), item("B")], sales_order=[order("A")])
    staged = line.stage()
    assert staged is not None
    assert line.rejects(staged) == ["order B is not in sales_order"]
    line.publish(staged)
    line.land("2", sales_order=[order("B")])
    staged = line.stage()
    assert staged is not None and (staged.rows_in, staged.refreshed, staged.rows) == (0, 1, 1)
    line.publish(staged)
    assert [row["order_line_id"] for row in line.rows()] == ["A/1", "B/1"]


@pytest.mark.parametrize(
    ("row", "parent", "reason"),
    [
        (item("A", delivered="0000-00-00"), order("A"), 'delivered_on "0000-00-00" is no date'),
        (item("A", delivered="31.12.2026"), order("A"), 'delivered_on "31.12.2026" is no date'),
        (item("A"), order("A", ordered="2026-02-30"), 'ordered_on "2026-02-30" is no date'),
        (item("A"), order("A", ordered="infinity"), 'ordered_on "infinity" is no date'),
        (item("A", qty="viele"), order("A"), 'quantity "viele" is no number'),
        (item("A", qty="nan"), order("A"), 'quantity "nan" is no number'),
        (item("A", qty=" "), order("A"), "quantity is empty"),
        (item("A", state="??"), order("A"), 'status "??" is none of open, delivered'),
        (item("A"), order("A", plant="XXX"), 'site "XXX" is no site of the organisation'),
        (
            item("A", qty="x", state=""),
            order("A", ordered=""),
            'ordered_on is empty; quantity "x" is no number; status is empty',
        ),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(line: Line, row: dict, parent: dict, reason: str) -> None:
    line.land("1", so_item=[row], sales_order=[parent])
    staged = line.stage()
    assert staged is not None and (staged.rows, staged.rejected) == (0, 1)
    assert line.rejects(staged) == [reason]


def test_refused_rows_keep_what_was_given(line: Line) -> None:
    line.land("7", so_item=[item("A", qty="viele", delivered="0000-00-00")], sales_order=[order("A")])
    staged = line.stage()
    assert staged is not None
    (row,) = pq.read_table(staged.rejects).to_pylist()
    assert (row["order_line_id"], row["quantity"], row["delivered_on"], row["_load"]) == (
        "A/1",
        "viele",
        "0000-00-00",
        "7",
    )


def test_implausible_but_readable_dates_are_left_to_the_rules(line: Line) -> None:
    line.land("1", so_item=[item("A", delivered="2062-01-01")], sales_order=[order("A", ordered="0204-03-01")])
    staged = line.stage()
    assert staged is not None and staged.rows == 1
    assert pq.read_table(staged.path).column("_month").to_pylist() == ["0204-03"]


def test_a_whole_number_is_not_rounded(tmp_path: Path) -> None:
    line = Line(tmp_path, make_source(tmp_path / "catalog"))
    columns = [
        column.model_copy(update={"type": "integer"}) if column.name == "quantity" else column
        for column in line.table.columns
    ]
    line.table = line.table.model_copy(update={"columns": tuple(columns)})
    line.land("1", so_item=[item("A", qty=9.5), item("B", qty=9.0)], sales_order=[order("A"), order("B")])
    staged = line.stage()
    assert staged is not None
    assert line.rejects(staged) == ['quantity "9.5" is no whole number']
    assert pq.read_table(staged.path).column("quantity").to_pylist() == [9]


def test_rows_without_a_whole_key_are_each_refused(line: Line) -> None:
    without = [item("A") | {"pos": None} for _ in range(3)]
    line.land("1", so_item=[item("A"), *without], sales_order=[order("A")])
    staged = line.stage()
    assert staged is not None
    assert (staged.rows, staged.rejected, staged.duplicates) == (1, 3, 0)
    assert set(line.rejects(staged)) == {"order_line_id is empty"}
    line.publish(staged)
    line.land("2", so_item=[item("A") | {"pos": None}])
    staged = line.stage()
    assert staged is not None and (staged.rows_in, staged.rejected) == (1, 1)


def test_two_rows_that_give_one_canonical_key_are_told_apart(line: Line) -> None:
    line.land(
        "1",
        so_item=[item("A", 1), item("A/1", 1) | {"so_no": "A", "pos": 1, "modified": "0"}],
        sales_order=[order("A")],
    )
    sql = ITEM_SQL.replace("i.so_no || '/' || i.pos", "i.so_no")
    line.source = make_source(line.folder / "catalog", sql)
    line.land("2", so_item=[item("A", 2)])
    staged = line.stage()
    assert staged is not None
    assert (staged.rows, staged.rejected, staged.duplicates) == (1, 1, 1)
    assert line.rejects(staged) == ["another row of so_item gives the same order_line_id"]


# --- deletions at the source ------------------------------------------------------------------------------------------
def test_a_key_that_vanished_leaves_the_table_and_comes_back_when_it_reappears(line: Line) -> None:
    items = [item("A"), item("A", 2), item("B")]
    line.land("1", so_item=items, so_item__keys=keys_of(items), sales_order=[order("A"), order("B")])
    line.run()
    line.land("2", so_item__keys=keys_of(items[:1]))
    staged = line.stage()
    assert staged is not None and (staged.rows_in, staged.rows, staged.refreshed) == (0, 0, 2)
    assert (staged.duplicates, staged.deleted_at_source) == (0, 2)
    published = line.publish(staged)
    assert published.deleted == 2
    assert published.touched == {"ordered_on": ("2026-03",)}
    assert [row["order_line_id"] for row in line.rows()] == ["A/1"]
    line.land("3", so_item__keys=keys_of(items[:2]))
    staged = line.stage()
    assert staged is not None and (staged.rows, staged.refreshed) == (1, 1)
    line.publish(staged)
    assert [row["order_line_id"] for row in line.rows()] == ["A/1", "A/2"]


def test_a_row_landed_after_the_key_list_lives(line: Line) -> None:
    line.land("1", so_item=[item("A")], so_item__keys=keys_of([item("A")]), sales_order=[order("A")])
    line.land("2", so_item=[item("A", 2)])
    line.run()
    assert [row["order_line_id"] for row in line.rows()] == ["A/1", "A/2"]


def test_rows_deleted_before_they_were_ever_conformed_count_as_deleted(line: Line) -> None:
    items = [item("A"), item("A", 2)]
    line.land("1", so_item=items, sales_order=[order("A")])
    line.land("2", so_item__keys=keys_of(items[:1]))
    staged = line.stage()
    assert staged is not None
    assert (staged.rows_in, staged.rows, staged.duplicates, staged.deleted_at_source) == (2, 1, 0, 1)
    line.publish(staged)
    assert [row["order_line_id"] for row in line.rows()] == ["A/1"]


def test_an_empty_key_list_deletes_nothing_and_says_so(line: Line) -> None:
    import pyarrow as pa

    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    line.run()
    line.land(
        "2", schemas={"so_item__keys": pa.schema([("so_no", pa.string()), ("pos", pa.int64())])}, so_item__keys=[]
    )
    with pytest.raises(UserError, match="source shop, table so_item: the list of keys of load 2 is empty"):
        line.stage()
    assert len(line.rows()) == 1
    feeds = [feed.model_copy(update={"may_be_empty": feed.table == "so_item"}) for feed in line.source.tables]
    line.source = line.source.model_copy(update={"tables": tuple(feeds)})
    line.run()
    assert line.rows() == []


# --- drift ------------------------------------------------------------------------------------------------------------
def test_loads_may_differ_in_columns_and_types(line: Line) -> None:
    line.land("1", so_item=[item("A", qty=5)], sales_order=[order("A")])
    line.land("2", so_item=[item("A", 2, qty="7") | {"colour": "red"}])
    staged = line.stage()
    assert staged is not None
    assert sorted(pq.read_table(staged.path).column("quantity").to_pylist()) == [5.0, 7.0]


def test_a_dropped_column_that_the_mapping_needs_is_named_with_the_last_good_load(line: Line) -> None:
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    line.run()
    row = item("A", 2)
    del row["qty"]
    line.land("2", so_item=[row])
    with pytest.raises(UserError) as caught:
        line.stage()
    assert str(caught.value).startswith(
        "source shop, table so_item: column qty is no longer delivered (last good load 1); mend it at the source"
    )


def test_a_broken_file_in_the_landing_zone_is_named(line: Line) -> None:
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    (line.folder / "landing/shop/so_item/1.abc.parquet").write_bytes(b"no parquet")
    with pytest.raises(UserError, match="source shop, table so_item: a landed file cannot be read"):
        line.stage()


def test_a_joined_table_that_was_never_landed_is_named(line: Line) -> None:
    line.land("1", so_item=[item("A")])
    with pytest.raises(UserError, match="source shop, table sales_order: was never landed"):
        line.stage()


def test_a_staging_folder_that_cannot_be_written_is_named(line: Line) -> None:
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    (line.folder / "staging").write_text("a file where a folder should be")
    with pytest.raises(CouldNotRun, match="staged rows cannot be written"):
        line.stage()


def test_an_edited_mapping_conforms_everything_again(line: Line) -> None:
    line.land("1", so_item=[item("A"), item("B")], sales_order=[order("A"), order("B")])
    line.run()
    line.source = make_source(line.folder / "catalog", ITEM_SQL.replace("'/'", "'-'"))
    staged = line.stage()
    assert staged is not None and staged.rows_in == 2 and staged.complete
    published = line.publish(staged)
    assert (published.inserted, published.deleted) == (2, 2), "rows under the old keys do not stay behind"
    assert [row["order_line_id"] for row in line.rows()] == ["A-1", "B-1"]
