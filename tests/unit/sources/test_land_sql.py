"""Databases: what is landed at first, what the next visit reads, and what SQLite's loose types become."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from small_source import ORDERS, World, all_files, current, make_source

from qmsreports import landing

KEYS = {**ORDERS, "deletions": "keys"}


def test_everything_lands_at_first_with_the_types_it_has(shop: World) -> None:
    result = shop.land()
    (loaded,) = result.tables
    assert (loaded.source, loaded.table, loaded.rows) == ("shop", "orders", 3)
    assert not result.failures
    assert not result.warnings
    (table,) = shop.tables()
    assert table.schema.types == [pa.string(), pa.int64(), pa.float64(), pa.string()]
    assert table.to_pylist() == [
        {"no": "A1", "quantity": 5, "price": 10.5, "changed": "2026-10-01 08:00:00"},
        {"no": "A2", "quantity": 6, "price": 0.1, "changed": "2026-10-02 09:30:00"},
        {"no": "A3", "quantity": 7, "price": None, "changed": "2026-10-02 09:30:00"},
    ]


def test_all_tables_of_a_visit_are_one_load(shop: World) -> None:
    shop.sql("CREATE TABLE customers (no TEXT PRIMARY KEY, changed TEXT)")
    shop.insert("customers", ("C1", "2026-10-01 08:00:00"))
    shop.source = make_source(ORDERS, {"table": "customers", "key": ["no"], "cursor": "changed"})
    result = shop.land()
    assert {table.table: table.rows for table in result.tables} == {"orders": 3, "customers": 1}
    assert len({table.load_id for table in result.tables}) == 1
    assert [load.load_id for load in landing.loads(shop.landing, "shop")] == [result.tables[0].load_id]


def test_a_visit_without_news_writes_nothing(shop: World) -> None:
    shop.land()
    before = all_files(shop.folder)
    result = shop.land()
    assert [(table.table, table.load_id, table.rows) for table in result.tables] == [("orders", "", 0)]
    assert all_files(shop.folder) == before


def test_only_new_and_changed_rows_are_read_again(shop: World) -> None:
    shop.land()
    shop.insert("orders", ("A4", 1, 1.0, "2026-10-03 00:00:00"), ("A1", 99, 10.5, "2026-10-03 00:00:01"))
    assert shop.landed() == {"orders": 2}
    assert [row["no"] for row in shop.rows()] == ["A1", "A2", "A3", "A4", "A1"]


def test_a_second_change_within_the_same_second_is_not_lost(shop: World) -> None:
    shop.land()
    shop.insert("orders", ("A3", 8, None, "2026-10-02 09:30:00"), ("A9", 1, None, "2026-10-02 09:30:00"))
    assert shop.landed() == {"orders": 2}
    assert shop.landed() == {}
    assert [(row["no"], row["quantity"]) for row in shop.rows()[3:]] == [("A3", 8), ("A9", 1)]


def test_a_server_whose_clock_is_ahead_of_ours_is_believed(shop: World) -> None:
    ours = datetime(2026, 10, 2, 8, 0, tzinfo=UTC)  # the rows are from half past nine
    assert shop.landed(shop.land(at=ours)) == {"orders": 3}
    shop.insert("orders", ("A4", 1, None, "2026-10-02 11:45:00"))
    assert shop.landed(shop.land(at=ours)) == {"orders": 1}
    shop.insert("orders", ("A5", 1, None, "2026-10-02 11:45:00"), ("A6", 1, None, "2026-10-02 11:45:01"))
    assert shop.landed(shop.land(at=ours)) == {"orders": 2}
    assert shop.landed(shop.land(at=ours)) == {}


def test_rows_without_a_cursor_land_once_and_again_when_they_change(shop: World) -> None:
    shop.insert("orders", ("N1", 1, None, None), ("N2", 2, None, None))
    assert shop.landed() == {"orders": 5}
    assert shop.landed() == {}
    shop.insert("orders", ("N2", 3, None, None))
    assert shop.landed() == {"orders": 1}
    assert shop.landed() == {}
    assert current(shop.rows(), "no")["N2",]["quantity"] == 3


@pytest.mark.parametrize("odd", ["9999-12-31 00:00:00", "n/a", "", "31.12.2026", 20261231])
def test_a_cursor_that_is_no_point_in_time_hides_no_later_change(shop: World, odd: object) -> None:
    shop.insert("orders", ("A0", 1, None, odd))
    assert shop.landed() == {"orders": 4}
    assert shop.landed() == {}
    shop.insert("orders", ("A1", 50, None, "2026-10-04 00:00:00"), ("A0", 2, None, odd))
    assert shop.landed() == {"orders": 2}
    assert shop.landed() == {}
    assert {no: row["quantity"] for (no,), row in current(shop.rows(), "no").items()} == {
        "A0": 2,
        "A1": 50,
        "A2": 6,
        "A3": 7,
    }


def test_the_hour_that_autumn_repeats_is_read_again(shop: World) -> None:
    shop.source = make_source({**ORDERS, "overlap_minutes": 120})
    shop.insert("orders", ("B1", 1, None, "2026-10-25 02:50:00"))  # summer time
    assert shop.landed() == {"orders": 4}
    shop.insert("orders", ("B2", 2, None, "2026-10-25 02:10:00"))  # twenty minutes later, winter time
    assert shop.landed() == {"orders": 1}
    assert shop.landed() == {}
    assert [row["no"] for row in shop.rows()].count("B1") == 1


def test_numbers_and_days_are_cursors_too(shop: World) -> None:
    shop.sql("CREATE TABLE log (id INTEGER PRIMARY KEY, day TEXT)")
    shop.insert("log", (1, "2026-10-01"), (2, "2026-10-02"))

    def world(cursor: str) -> World:
        source = make_source({"table": "log", "key": ["id"], "cursor": cursor})
        return World(shop.folder / cursor, source, f"sqlite:///{shop.database}")

    for cursor in ("id", "day"):
        assert world(cursor).landed() == {"log": 2}
        assert world(cursor).landed() == {}
    shop.insert("log", (3, "2026-10-02"))
    assert [world(cursor).landed() for cursor in ("id", "day")] == [{"log": 1}, {"log": 1}]


def test_a_value_of_the_wrong_type_lands_as_received(shop: World) -> None:
    shop.land()
    shop.insert("orders", ("A4", "five", 2.5, "2026-10-05 00:00:00"), ("A5", 8, "2,5", "2026-10-05 00:00:00"))
    assert shop.landed() == {"orders": 2}
    shop.insert("orders", ("A6", 9, 1.5, "2026-10-06 00:00:00"))
    assert shop.landed() == {"orders": 1}
    assert [table.schema.field("quantity").type for table in shop.tables()] == [pa.int64(), pa.string(), pa.string()]
    files = [file.path for file in landing.completed(shop.landing, "shop", "orders")]
    found = duckdb.execute(
        """SELECT no, quantity, try_cast(quantity AS DOUBLE), price
        FROM read_parquet($1, union_by_name = true) ORDER BY no""",
        [files],
    ).fetchall()
    assert found == [
        ("A1", "5", 5.0, "10.5"),
        ("A2", "6", 6.0, "0.1"),
        ("A3", "7", 7.0, None),
        ("A4", "five", None, "2.5"),
        ("A5", "8", 8.0, "2,5"),
        ("A6", "9", 9.0, "1.5"),
    ]


def test_a_fraction_in_a_column_of_integers_is_not_cut(shop: World) -> None:
    shop.insert("orders", ("A4", 2.5, None, "2026-10-05 00:00:00"))
    shop.land()
    assert [row["quantity"] for row in shop.rows()] == [5.0, 6.0, 7.0, 2.5]


def test_what_sqlite_allows_survives(tmp_path: Path) -> None:
    world = World(tmp_path, make_source({"table": "odd", "key": ["id"]}))
    world.sql(
        "CREATE TABLE odd (id INTEGER PRIMARY KEY, amount NUMERIC, day DATE, flag BOOLEAN, big INTEGER, free, raw BLOB)"
    )
    world.insert("odd", (1, 1, "2026-10-01", 1, 2**62, "é", b"\xff\x00"), (2, 0.1, None, 0, -1, 7, b"text"))
    connection = sqlite3.connect(world.database)
    connection.execute("UPDATE odd SET free = CAST(x'4dfc6c6c6572' AS TEXT) WHERE id = 2")  # Müller in Latin-1
    connection.commit()
    connection.close()
    world.land()
    (table,) = world.tables("odd")
    assert table.to_pylist() == [
        {"id": 1, "amount": 1.0, "day": "2026-10-01", "flag": 1, "big": 2**62, "free": "é", "raw": "ff00"},
        {"id": 2, "amount": 0.1, "day": None, "flag": 0, "big": -1, "free": "M\\xfcller", "raw": "text"},
    ]


def test_a_table_without_rows_lands_once_so_that_its_columns_are_known(empty: World) -> None:
    result = empty.land()
    assert [(table.table, table.rows, table.load_id) for table in result.tables] == [("orders", 0, "")]
    (table,) = empty.tables()
    assert table.num_rows == 0
    assert table.schema.types == [pa.string(), pa.int64(), pa.float64(), pa.string()]
    before = all_files(empty.folder)
    empty.land()
    assert all_files(empty.folder) == before
    empty.insert("orders", ("A1", 1, 1.0, "2026-10-01 00:00:00"))
    assert empty.landed() == {"orders": 1}


def test_a_table_without_a_cursor_lands_again_only_when_something_in_it_changed(shop: World) -> None:
    shop.source = make_source({"table": "orders", "key": ["no"]})
    assert shop.landed() == {"orders": 3}
    assert shop.landed() == {}
    shop.sql("DELETE FROM orders WHERE no = 'A1'")
    shop.insert("orders", ("A1", 5, 10.5, "2026-10-01 08:00:00"))  # the same row in another place
    assert shop.landed() == {}
    shop.sql("UPDATE orders SET quantity = 6 WHERE no = 'A1'")
    assert shop.landed() == {"orders": 3}


def test_views_and_names_of_any_spelling_are_read(shop: World) -> None:
    shop.sql('CREATE VIEW open_orders AS SELECT no AS "Order No", quantity, changed AS "writeDate" FROM orders')
    shop.source = make_source(
        {"table": "open_orders", "key": ["Order No"], "cursor": "write_date", "needs": ["quantity"]}
    )
    assert shop.landed() == {"open_orders": 3}
    assert shop.tables("open_orders")[0].column_names == ["order_no", "quantity", "write_date"]
    assert shop.landed() == {}


def test_new_columns_are_landed_and_said(shop: World) -> None:
    shop.land()
    shop.sql(
        "ALTER TABLE orders ADD COLUMN colour TEXT",
        "UPDATE orders SET colour = 'red', changed = '2026-10-09' WHERE no = 'A1'",
    )
    result = shop.land()
    assert [str(warning) for warning in result.warnings] == [
        "source shop, table orders: other columns than before (new: colour); the mappings do not use them"
    ]
    assert shop.rows()[3]["colour"] == "red"
    shop.insert("orders", ("A1", 5, 10.5, "2026-10-10 00:00:00", "blue"))
    assert not shop.land().warnings


def test_only_the_named_tables_are_read(shop: World) -> None:
    shop.sql("CREATE TABLE customers (no TEXT PRIMARY KEY, changed TEXT)")
    shop.source = make_source(ORDERS, {"table": "customers", "key": ["no"], "cursor": "changed"})
    shop.insert("customers", ("C1", "2026-10-01 08:00:00"))
    assert shop.landed(shop.land(only=("customers",))) == {"customers": 1}
    assert shop.landed(shop.land(only=("orders",))) == {"orders": 3}
    assert shop.landed() == {}


# --- keys ------------------------------------------------------------------------------------------------------------
def test_the_list_of_keys_lands_with_the_rows_and_when_a_row_vanishes(shop: World) -> None:
    shop.source = make_source(KEYS)
    assert shop.landed() == {"orders": 3, "orders__keys": 3}
    assert shop.landed() == {}
    shop.sql("DELETE FROM orders WHERE no = 'A2'")
    assert shop.landed() == {"orders__keys": 2}
    assert shop.tables("orders__keys")[-1].to_pylist() == [{"no": "A1"}, {"no": "A3"}]
    shop.insert("orders", ("A1", 6, None, "2026-10-05 00:00:00"))
    assert shop.landed() == {"orders": 1}


def test_keys_of_a_large_table_are_compared_when_it_is_time(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every twelve hours: a row that vanishes meanwhile is found by the first visit after that, and only then."""
    from qmsreports.sources.sqlite import Sqlite

    compared = []
    ranges = Sqlite.key_ranges
    monkeypatch.setattr(Sqlite, "key_ranges", lambda *given: compared.append(1) or ranges(*given))
    shop.source = make_source({**KEYS, "keys_every_hours": 12})
    morning = datetime(2026, 10, 5, 6, tzinfo=UTC)
    assert shop.landed(shop.land(at=morning)) == {"orders": 3, "orders__keys": 3}
    shop.sql("DELETE FROM orders WHERE no = 'A2'")
    compared.clear()
    assert shop.landed(shop.land(at=morning + timedelta(hours=4))) == {}
    shop.insert("orders", ("A4", 6, None, "2026-10-05 09:00:00"))
    assert shop.landed(shop.land(at=morning + timedelta(hours=8))) == {"orders": 1}
    assert not compared
    assert shop.landed(shop.land(at=morning + timedelta(hours=12))) == {"orders__keys": 3}
    assert [row["no"] for row in shop.tables("orders__keys")[-1].to_pylist()] == ["A1", "A3", "A4"]
    assert shop.landed(shop.land(at=morning + timedelta(hours=24))) == {}  # it was time, and nothing was gone
    assert compared
    compared.clear()
    assert shop.landed(shop.land(at=morning + timedelta(hours=30))) == {}
    assert not compared


def test_keys_of_several_columns_are_read_range_by_range(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qmsreports.sources.sqlite.CHUNK", 2)
    shop.sql("CREATE TABLE lines (no TEXT, position INTEGER, changed TEXT)")
    rows = [("A", 1), ("A", 2), ("A", 3), ("B", 1), ("B", 2), (None, 1), ("C", 1), ("C", 1)]
    shop.insert("lines", *((no, position, "2026-10-01") for no, position in rows))
    shop.source = make_source({"table": "lines", "key": ["no", "position"], "cursor": "changed", "deletions": "keys"})
    assert shop.landed() == {"lines": 8, "lines__keys": 6}
    assert [tuple(row.values()) for row in shop.rows("lines__keys")] == sorted({row for row in rows if row[0]})


# --- a typed database ------------------------------------------------------------------------------------------------
def test_a_typed_database_is_read_with_its_types(tmp_path: Path, postgresql_url: str) -> None:
    from sqlalchemy import create_engine

    engine = create_engine(postgresql_url)

    def sql(statement: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    sql("DROP SCHEMA public CASCADE")
    sql("CREATE SCHEMA public")
    sql(
        """CREATE TABLE cases (id integer PRIMARY KEY, "writeDate" timestamptz, day date, amount numeric, done boolean,
        note text, more jsonb, exact numeric)"""
    )
    sql(
        """INSERT INTO cases VALUES
        (1, '2026-10-25 02:30:00+02', '2026-10-25', 1.5, true, 'x', '{"a": 1}', 12345678901234567890.123),
        (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, '9999-12-31', NULL, 0.123456789012, false, '', NULL, NULL)"""
    )
    feed = {"table": "cases", "key": ["id"], "cursor": "write_date", "deletions": "keys"}
    world = World(tmp_path, make_source(feed), postgresql_url)
    assert world.landed() == {"cases": 3, "cases__keys": 3}
    assert world.landed() == {}
    (table,) = world.tables("cases")
    instant = pa.timestamp("us", "UTC")
    kinds = [pa.int64(), instant, pa.date32(), pa.float64(), pa.bool_(), pa.string(), pa.string(), pa.string()]
    assert table.schema.types == kinds
    first = table.to_pylist()[0]
    assert first["write_date"].isoformat() == "2026-10-25T00:30:00+00:00"
    assert (first["day"], first["amount"], first["more"]) == (date(2026, 10, 25), 1.5, '{"a": 1}')
    assert first["exact"] == "12345678901234567890.123"
    assert table.to_pylist()[2]["amount"] == 0.123456789012
    sql("UPDATE cases SET done = false, \"writeDate\" = '2026-10-25 02:30:00.000001+02' WHERE id = 1")
    sql("DELETE FROM cases WHERE id = 2")
    assert world.landed() == {"cases": 1, "cases__keys": 2}
    sql("DELETE FROM cases")
    assert world.one_failure().startswith('source shop, table cases: table "cases" is suddenly empty')
    engine.dispose()
