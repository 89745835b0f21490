"""Texts that mean nothing, days in the source's own order, and rows compared with rows of their own table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from landed_fixture import Line, item, make_source, order

from qmsreports.errors import UserError

ITEMS = {"table": "so_item", "key": ["so_no", "pos"], "cursor": "modified"}
ORDERS = {"table": "sales_order", "key": ["so_no"], "cursor": "modified"}
DELETED = {"deletions": "keys"}


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path, make_source(tmp_path / "catalog"))


def declare(line: Line, items: dict[str, Any] | None = None, orders: dict[str, Any] | None = None) -> None:
    line.source = make_source(
        line.folder / "catalog", tables=[{**ITEMS, **(items or {})}, {**ORDERS, **(orders or {})}]
    )


def test_a_declared_order_of_day_and_month_is_the_only_one(line: Line) -> None:
    declare(line, {"dates": {"Delivered": "%d/%m/%Y"}})
    line.land(
        "1",
        so_item=[item("A", 1, delivered="3/4/2026"), item("A", 2, delivered="25/12/2026"), item("A", 3)],
        sales_order=[order("A")],
    )
    line.run()
    assert [row["delivered_on"] for row in line.rows()] == [date(2026, 4, 3), date(2026, 12, 25), None]


def test_a_day_in_another_order_is_refused_by_name(line: Line) -> None:
    declare(line, {"dates": {"delivered": "%m/%d/%Y"}})
    line.land("1", so_item=[item("A", delivered="25/12/2026")], sales_order=[order("A")])
    staged = line.stage()
    assert staged is not None
    assert line.rejects(staged) == ['delivered_on "25/12/2026" is no date']


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%d.%m.%Y %H:%M"])
def test_a_year_of_two_digits_is_no_year_of_the_first_century(line: Line, form: str) -> None:
    declare(line, {"dates": {"delivered": form}})
    written = "03.11.26" + (" 08:00" if "%H" in form else "")
    line.land("1", so_item=[item("A", delivered=written)], sales_order=[order("A")])
    staged = line.stage()
    assert staged is not None
    assert line.rejects(staged) == [f'delivered_on "{written}" is no date']


def test_versions_are_ordered_by_what_a_declared_cursor_means(line: Line) -> None:
    versions = [item("A", qty=1.0, modified="9/3/2026 10:00"), item("A", qty=2.0, modified="10/3/2026 10:00")]
    line.land("1", so_item=list(reversed(versions)), sales_order=[order("A")])
    declare(line)
    line.run()
    assert [row["quantity"] for row in line.rows()] == [1.0]  # as text, 9 comes after 10
    declare(line, {"dates": {"modified": "%d/%m/%Y %H:%M"}})
    line.run()
    assert [row["quantity"] for row in line.rows()] == [2.0]


def test_texts_that_mean_nothing_are_empty(line: Line) -> None:
    declare(line, {"nulls": ["?", "NA"]}, {"nulls": ["?"]})
    line.land(
        "1",
        so_item=[item("A", 1, delivered=" ? "), item("A", 2, delivered="NA"), item("A", 3, delivered="?", state="?")],
        sales_order=[order("A")],
    )
    staged = line.stage()
    assert staged is not None
    assert line.rejects(staged) == ["status is empty"]
    line.publish(staged)
    assert [row["delivered_on"] for row in line.rows()] == [None, None]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("written", ["1970-01-01", EPOCH.date(), EPOCH.replace(tzinfo=None), EPOCH])
def test_a_day_that_means_unset_is_empty_in_typed_columns_too(line: Line, written: object) -> None:
    declare(line, {"nulls": ["?", "1970-01-01"]})
    line.land("1", so_item=[item("A", 1, delivered=written)], sales_order=[order("A")])
    line.run()
    assert [row["delivered_on"] for row in line.rows()] == [None]


def test_declaring_it_later_conforms_everything_again(line: Line) -> None:
    declare(line)
    line.land("1", so_item=[item("A", 1, delivered="?"), item("A", 2)], sales_order=[order("A")])
    line.run()
    assert len(line.rows()) == 1
    assert line.stage() is None
    declare(line, {"nulls": ["?"]})
    line.run()
    assert len(line.rows()) == 2


def test_the_list_of_keys_is_read_like_the_rows(line: Line) -> None:
    feed = {"dates": {"so_no": "%d/%m/%Y"}, **DELETED}
    declare(line, feed, {"dates": {"so_no": "%d/%m/%Y"}})
    days = ["1/3/2026", "2/3/2026"]
    line.land("1", so_item=[item(day) for day in days], sales_order=[order(day) for day in days])
    line.run()
    assert len(line.rows()) == 2
    line.land("2", so_item__keys=[{"so_no": "2/3/2026", "pos": 1}])
    line.run()
    assert [row["order_line_id"] for row in line.rows()] == ["2026-03-02/1"]


OWN = """
SELECT
    i.so_no || '/' || i.pos             AS order_line_id,
    'linz'                              AS site,
    DATE '2026-03-02'                   AS ordered_on,
    NULL                                AS delivered_on,
    (SELECT count(*) FROM so_item o WHERE o.so_no = i.so_no)   AS quantity,
    'open'                              AS status
FROM _driving i
"""
JOINED = {"order_lines": {"from": "so_item", "joins": {"so_item": ["so_no"]}}}


def test_a_table_joined_with_itself_sees_all_of_its_rows(line: Line) -> None:
    line.source = make_source(line.folder / "catalog", OWN, tables=[ITEMS], conform=JOINED)
    line.land("1", so_item=[item("A", 1), item("A", 2), item("B", 1)])
    line.run()
    assert [row["quantity"] for row in line.rows()] == [2.0, 2.0, 1.0]
    line.land("2", so_item=[item("A", 3)])
    staged = line.stage()
    assert staged is not None
    assert (staged.rows_in, staged.refreshed, staged.rows) == (1, 2, 3)  # A/1 and A/2 have a new neighbour
    assert len(set(staged.load_ids)) == len(staged.load_ids) == 1
    line.publish(staged)
    assert [row["quantity"] for row in line.rows()] == [3.0, 3.0, 3.0, 1.0]
    assert line.stage() is None


def test_a_table_joined_with_itself_starts_from_the_rows_to_conform(line: Line) -> None:
    line.source = make_source(
        line.folder / "catalog", OWN.replace("_driving i", "so_item i"), tables=[ITEMS], conform=JOINED
    )
    line.land("1", so_item=[item("A")])
    with pytest.raises(UserError) as caught:
        line.stage()
    assert str(caught.value).endswith(
        "order_lines.sql:9: so_item is joined with itself, so its name means all of its rows; "
        "start the outermost SELECT FROM _driving, the rows to conform"
    )
