"""Databases: numbers without decimals, spans of time, cursors and types that are none of the usual."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from small_source import World, make_source

from qmsreports.sources.columns import column_array

Sql = Callable[[str], None]


@pytest.fixture
def world(tmp_path: Path, postgresql_url: str) -> World:
    return World(tmp_path, make_source(), postgresql_url)


# --- numbers without decimals ---
@pytest.mark.parametrize("beside", ["text", "json"], ids=["as one stream", "row by row"])
def test_a_key_of_a_type_without_decimals_is_a_whole_number(world: World, sql: Sql, beside: str) -> None:
    sql(f"CREATE TABLE customer (no numeric(18,0) PRIMARY KEY, share numeric(5,1), other {beside})")
    sql("INSERT INTO customer VALUES (7, 1.0, NULL), (123456789012345678, 2.5, NULL)")
    world.source = make_source({"table": "customer", "key": ["no"], "deletions": "keys"})
    assert world.landed() == {"customer": 2, "customer__keys": 2}
    rows = world.rows("customer")
    assert [(str(row["no"]), row["share"]) for row in rows] == [("7", 1.0), ("123456789012345678", 2.5)]
    assert [str(row["no"]) for row in world.rows("customer__keys")] == ["7", "123456789012345678"]
    assert world.landed() == {}


def test_a_column_that_was_landed_with_decimals_stays_as_it_is(world: World, sql: Sql) -> None:
    sql("CREATE TABLE customer (no numeric PRIMARY KEY)")
    sql("INSERT INTO customer VALUES (7)")
    world.source = make_source({"table": "customer", "key": ["no"], "deletions": "keys"})
    assert world.landed() == {"customer": 1, "customer__keys": 1}
    sql("ALTER TABLE customer ALTER no TYPE numeric(10,0)")
    sql("INSERT INTO customer VALUES (8)")
    assert world.landed() == {"customer": 2, "customer__keys": 2}
    assert {type(row["no"]) for row in world.rows("customer")} == {float}


def test_sqlite_promises_whole_numbers_in_the_same_way(tmp_path: Path) -> None:
    world = World(tmp_path, make_source({"table": "customer", "key": ["no"]}))
    world.sql("CREATE TABLE customer (no DECIMAL(10, 0), plant NUMERIC(4), price DECIMAL(10, 2))")
    world.insert("customer", (7, 12, 5))
    assert world.landed() == {"customer": 1}
    assert [str(value) for value in world.rows("customer")[0].values()] == ["7", "12", "5.0"]


@pytest.mark.parametrize(
    ("values", "kind", "landed"),
    [
        ([Decimal(7), None, 8], "integer", [7, None, 8]),
        ([Decimal("7.0")], "", [7.0]),
        ([Decimal(10**30)], "integer", [str(10**30)]),
        ([Decimal(10**17)], "number", [str(10**17)]),
    ],
    ids=["whole", "with decimals", "too large", "more digits than a number holds"],
)
def test_decimals_that_are_whole(values: list[Any], kind: str, landed: list[Any]) -> None:
    found = column_array(values, kind)[0].to_pylist()
    assert [(type(value), value) for value in found] == [(type(value), value) for value in landed]


# --- spans of time ---
@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(hours=8, minutes=5), "08:05:00"),
        (timedelta(days=1, hours=2, minutes=30), "26:30:00"),
        (timedelta(hours=-1), "-01:00:00"),
        (timedelta(seconds=1, microseconds=500), "00:00:01.000500"),
    ],
)
def test_a_span_is_written_in_hours(span: timedelta, text: str) -> None:
    assert column_array([span])[0].to_pylist() == [text]


def test_an_interval_keeps_its_months(world: World, sql: Sql) -> None:
    sql("CREATE TABLE contract (no int PRIMARY KEY, notice interval)")
    sql("INSERT INTO contract VALUES (1, '3 months'), (2, '1 day 02:03:04')")
    world.source = make_source({"table": "contract", "key": ["no"]})
    assert world.landed() == {"contract": 2}
    assert [row["notice"] for row in world.rows("contract")] == ["3 mons", "1 day 02:03:04"]


# --- cursors with values that are no point in time ---
@pytest.mark.parametrize("beside", ["text", "json"], ids=["as one stream", "row by row"])
def test_infinity_in_a_cursor_does_not_stop_what_comes_after_it(world: World, sql: Sql, beside: str) -> None:
    sql(f"CREATE TABLE price (no int PRIMARY KEY, changed timestamptz, other {beside})")
    sql("INSERT INTO price VALUES (1, '2026-10-01 08:00+00', NULL)")
    world.source = make_source({"table": "price", "key": ["no"], "cursor": "changed"})
    assert world.landed() == {"price": 1}
    sql("INSERT INTO price VALUES (2, 'infinity', NULL), (3, '2026-10-02 08:00+00', NULL)")
    world.landed()
    assert {row["no"] for row in world.rows("price")} == {1, 2, 3}
    sql("INSERT INTO price VALUES (4, '2026-10-03 08:00+00', NULL)")
    assert world.landed() == {"price": 1}
    assert world.landed() == {}


# --- types ---
def test_types_that_sqlalchemy_does_not_know_are_read_without_a_word(world: World, sql: Sql) -> None:
    sql("CREATE TYPE place AS (x int, y int)")
    sql("CREATE TABLE letter (no int PRIMARY KEY, content place)")
    sql("INSERT INTO letter VALUES (1, '(3,4)')")
    world.source = make_source({"table": "letter", "key": ["no"]})
    assert world.landed() == {"letter": 1}  # a warning would be an error here
    assert world.rows("letter")[0]["content"] == "(3,4)"
