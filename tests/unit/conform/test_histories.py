"""However a history is cut into loads, shuffled, repeated and interrupted, the canonical table comes out the same.

The oracle is a few lines of plain Python over all versions ever made: the newest of each item that has an order.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from landed_fixture import Line, item, make_source, order

Version = tuple[str, int]  # key and the value of the cursor

ITEMS = st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(1, 5))
ORDERS = st.tuples(st.sampled_from(["A", "B", "C"]), st.integers(1, 3))
LOADS = st.lists(st.tuples(st.lists(ITEMS, max_size=5), st.lists(ORDERS, max_size=2)), min_size=1, max_size=4)


def item_version(version: Version) -> dict[str, Any]:
    """The row is a function of key and cursor; every third version is refused, every fifth quarantined."""
    key, number = version
    return item(
        key, qty=-1.0 if number == 5 else float(number), state="??" if number == 3 else "OP", modified=str(number)
    )


def order_version(version: Version) -> dict[str, Any]:
    key, number = version
    return order(key, f"2026-0{number}-10", plant="LYO" if number == 2 else "LNZ", modified=str(number))


def expected(items: set[Version], orders: set[Version]) -> list[tuple[Any, ...]]:
    newest, parents = (
        dict(sorted(items)),
        dict(sorted(orders)),
    )  # the last of equal keys is the one with the newest cursor
    return [
        (f"{key}/1", "lyon" if parents[key] == 2 else "linz", date(2026, parents[key], 10), float(number))
        for key, number in sorted(newest.items())
        if key in parents and number not in {3, 5}
    ]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(loads=LOADS, runs=st.lists(st.sampled_from(["run", "killed", "none"]), min_size=4, max_size=4))
def test_every_history_gives_the_same_table(loads: list[tuple[list[Version], list[Version]]], runs: list[str]) -> None:
    with TemporaryDirectory() as name:
        line = Line(Path(name), make_source(Path(name) / "catalog"), verdict=lambda row: row["quantity"] > 0)
        line.land("1", so_item=[item_version(("A", 1))], sales_order=[order_version(("A", 1))])
        counted: Counter[str] = Counter()
        for number, (items, orders) in enumerate(loads, start=2):
            tables = {"so_item": [item_version(v) for v in items], "sales_order": [order_version(v) for v in orders]}
            line.land(str(number), **{table: rows for table, rows in tables.items() if rows})
            if runs[number - 2] == "none":
                continue
            done = set(line.done)
            staged = line.stage()
            if staged is None:
                continue
            line.publish(staged)
            if runs[number - 2] == "killed":
                line.done = done
            else:
                counted["in"] += staged.rows_in
        if (staged := line.stage()) is not None:
            line.publish(staged)
            counted["in"] += staged.rows_in
        all_items = {("A", 1), *(v for items, _ in loads for v in items)}
        all_orders = {("A", 1), *(v for _, orders in loads for v in orders)}
        got = [(row["order_line_id"], row["site"], row["ordered_on"], row["quantity"]) for row in line.rows()]
        assert got == expected(all_items, all_orders)
        assert counted["in"] == 1 + sum(len(items) for items, _ in loads), "each landed row is counted in one run"


VISITS = st.lists(
    st.tuples(st.lists(ITEMS, max_size=4), st.sets(st.sampled_from(["A", "B", "C"]), max_size=2)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([([("A", 2)], {"A"}), ([("A", 1)], set())], ["run"] * 4)  # back again, beside an old version that comes late
@example([([("A", 1)], set()), ([], set()), ([], {"A"}), ([], set())], ["run", "run", "killed", "run"])  # gone, unsaid
@example([([("A", 1)], set()), ([], {"A"}), ([], set()), ([], {"A"})], ["run", "run", "killed", "run"])  # back, unsaid
@given(visits=VISITS, runs=st.lists(st.sampled_from(["run", "killed", "none"]), min_size=4, max_size=4))
def test_items_that_vanish_and_come_back_leave_what_the_source_has_in_the_end(
    visits: list[tuple[list[Version], set[str]]], runs: list[str]
) -> None:
    """Each visit lands versions, old ones among them, and the keys that the source has; ``gone`` are those it has not.

    In the end the table holds the newest landed version of each key of the last list, whatever was run in between.
    """
    with TemporaryDirectory() as name:
        line = Line(Path(name), make_source(Path(name) / "catalog"), verdict=lambda row: row["quantity"] > 0)
        landed: set[Version] = {("Z", 1)}
        orders = [order_version((key, 1)) for key in "ABCZ"]
        for number, (items, gone) in enumerate(visits, start=1):
            landed |= set(items)
            present = sorted({key for key, _ in landed} - gone)
            tables = {"so_item": [item_version(version) for version in items]} if items else {}
            first = {"so_item": [*tables.get("so_item", []), item_version(("Z", 1))], "sales_order": orders}
            listed = [{"so_no": key, "pos": 1} for key in present]
            line.land(str(number), so_item__keys=listed, **(first if number == 1 else tables))
            if runs[number - 1] == "none":
                continue
            done = set(line.done)
            if (staged := line.stage()) is not None:
                line.publish(staged)
                line.done = done if runs[number - 1] == "killed" else line.done
        if (staged := line.stage()) is not None:
            line.publish(staged)
        left = {version for version in landed if version[0] in present}
        got = [(row["order_line_id"], row["quantity"]) for row in line.rows()]
        newest = dict(sorted(left))
        assert got == [(f"{key}/1", float(number)) for key, number in sorted(newest.items()) if number not in {3, 5}]


def test_local_time_that_runs_back_in_autumn_keeps_the_version_landed_last(tmp_path: Path) -> None:
    """02:50 summer time, then 02:10 winter time, twenty minutes later: the cursor runs back, the load does not."""
    tables = [
        {"table": "so_item", "key": ["so_no", "pos"], "cursor": "modified", "overlap_minutes": 120},
        {"table": "sales_order", "key": ["so_no"], "cursor": "modified"},
    ]
    line = Line(tmp_path, make_source(tmp_path / "catalog", tables=tables, time_zone="Europe/Vienna"))
    line.land("1", so_item=[item("A", qty=1.0, modified="2026-10-25 02:50:00")], sales_order=[order("A")])
    line.run()
    line.land("2", so_item=[item("A", qty=2.0, modified="2026-10-25 02:10:00")])
    line.run()
    assert [row["quantity"] for row in line.rows()] == [2.0]
    line.land("3", so_item=[item("A", qty=3.0, modified="2026-10-20 09:00:00")])  # an old version delivered late
    line.run()
    assert [row["quantity"] for row in line.rows()] == [2.0]


SIBLINGS_SQL = """
SELECT d.so_no || '/' || d.pos AS order_line_id, code('site', o.plant) AS site, to_date(o.ordered) AS ordered_on,
    CAST(NULL AS DATE) AS delivered_on, s.pieces AS quantity, 'open' AS status, o.so_no IS NULL AS _deleted
FROM _driving d
LEFT JOIN sales_order o ON o.so_no = d.so_no
LEFT JOIN (SELECT so_no, sum(qty) AS pieces FROM so_item GROUP BY so_no) s ON s.so_no = d.so_no
"""
LINES = st.tuples(st.tuples(st.sampled_from(["A", "B"]), st.integers(1, 2)), st.integers(1, 4))
FAMILIES = st.lists(
    st.tuples(st.lists(LINES, max_size=3), st.lists(ORDERS, max_size=2), st.sets(st.sampled_from("ABC"), max_size=2)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([([(("A", 1), 1)], [], set()), ([], [("A", 1)], set())], ["run"] * 4)  # the parent comes after its child
@example([([(("A", 1), 1)], [("A", 1)], set()), ([(("A", 2), 3)], [], {"A"}), ([], [], set())], ["run"] * 4)
@given(visits=FAMILIES, runs=st.lists(st.sampled_from(["run", "killed", "none"]), min_size=4, max_size=4))
def test_rows_that_read_their_siblings_and_leave_with_their_parent_end_alike(
    visits: list[tuple[list[tuple[tuple[str, int], int]], list[Version], set[str]]], runs: list[str]
) -> None:
    """Lines are compared with those of their own order, and go and come with it; parents may come later than children.

    In the end each line holds the pieces of all newest lines of its order, if the last list of orders names that one.
    """
    tables = [
        {"table": "so_item", "key": ["so_no", "pos"], "cursor": "modified"},
        {"table": "sales_order", "key": ["so_no"], "cursor": "modified", "deletions": "keys"},
    ]
    joins = {"order_lines": {"from": "so_item", "joins": {"so_item": ["so_no"], "sales_order": ["so_no"]}}}
    with TemporaryDirectory() as name:
        line = Line(Path(name), make_source(Path(name) / "catalog", SIBLINGS_SQL, tables=tables, conform=joins))
        lines: dict[tuple[str, int], int] = {("Z", 1): 1}
        parents: dict[str, int] = {"Z": 1}
        present: set[str] = set()
        for number, (items, orders, gone) in enumerate(visits, start=1):
            if number == 1:
                items, orders = [(("Z", 1), 1), *items], [("Z", 1), *orders]
            lines |= {key: max(version, lines.get(key, 0)) for key, version in sorted(items, key=lambda one: one[1])}
            parents |= {
                key: max(version, parents.get(key, 0)) for key, version in sorted(orders, key=lambda one: one[1])
            }
            present = parents.keys() - gone
            brought = {
                "so_item": [item(so_no, pos, qty=float(n), modified=str(n)) for (so_no, pos), n in items],
                "sales_order": [order_version(version) for version in orders],
            }
            listed = [{"so_no": key} for key in sorted(present)]
            line.land(str(number), sales_order__keys=listed, **{table: rows for table, rows in brought.items() if rows})
            if runs[number - 1] == "none":
                continue
            done = set(line.done)
            if (staged := line.stage()) is not None:
                line.publish(staged)
                line.done = done if runs[number - 1] == "killed" else line.done
        if (staged := line.stage()) is not None:
            line.publish(staged)
        pieces = Counter[str]()
        for (so_no, _), version in lines.items():
            pieces[so_no] += version
        got = [(row["order_line_id"], row["ordered_on"].month, row["quantity"]) for row in line.rows()]
        assert got == [
            (f"{so_no}/{pos}", parents[so_no], float(pieces[so_no])) for so_no, pos in sorted(lines) if so_no in present
        ]


@pytest.mark.parametrize("mistyped", ["2062-10-01 08:00:00", "9999-12-31", "infinity", "n/a"])
def test_a_cursor_ahead_of_its_load_does_not_outlive_its_mending(line: Line, mistyped: str) -> None:
    """Loads of 2026-10-01, 02, 03 and 04 at 00:00 UTC, as the database was then."""
    line.land("1790812800", so_item=[item("A", qty=1.0, modified="2026-09-30 10:00:00")], sales_order=[order("A")])
    line.run()
    line.land("1790899200", so_item=[item("A", qty=2.0, modified=mistyped)])
    line.run()
    assert [row["quantity"] for row in line.rows()] == [2.0]
    line.land("1790985600", so_item=[item("A", qty=3.0, modified="2026-10-01 09:00:00")])
    line.run()
    assert [row["quantity"] for row in line.rows()] == [3.0]
    line.land("1791072000", so_item=[item("A", qty=4.0, modified="2026-10-03 09:00:00")])
    line.run()
    assert [row["quantity"] for row in line.rows()] == [4.0]
