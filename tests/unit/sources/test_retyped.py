"""Columns that a mapping needs and that became of another kind at the source: their table stops, and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_source import World, current, make_source
from sqlalchemy import create_engine

from qmsreports.catalog.document import read_document
from qmsreports.catalog.source import Source

DECLARATION = """\
source: shop
title: Shop
kind: sql
tables:
  - table: orders
    key: [no]
    cursor: changed
    needs:
      - quantity
      - price
  - table: customers
    key: [no]
    cursor: changed
conform: {}
"""
WHERE = "catalog/sources/shop/source.yaml:9: source shop, table orders: "


def declare(world: World, text: str) -> None:
    folder = world.folder / "catalog" / "sources" / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.yaml").write_text(text)
    world.source = Source.model_validate(
        {**read_document(folder / "source.yaml", "source.yaml").data, "folder": folder}
    )


@pytest.fixture
def declared(shop: World) -> World:
    """The shop, landed once, with a second table and a declaration in a file."""
    declare(shop, DECLARATION)
    shop.sql("CREATE TABLE customers (no TEXT PRIMARY KEY, changed TEXT)")
    shop.insert("customers", ("C1", "2026-10-01 08:00:00"))
    assert shop.landed() == {"orders": 3, "customers": 1}
    shop.insert("customers", ("C2", "2026-10-05 08:00:00"))
    return shop


def made_again(columns: str) -> tuple[str, ...]:
    """Statements that give orders other columns and keep the rows: SQLite cannot change a type."""
    return (
        "ALTER TABLE orders RENAME TO before",
        f"CREATE TABLE orders ({columns})",
        "INSERT INTO orders SELECT * FROM before",
        "DROP TABLE before",
    )


def many(world: World, quantity: Callable[[int], object], rows: int = 20) -> None:
    world.insert("orders", *((f"B{n:02}", quantity(n), 1.0, "2026-10-09 08:00:00") for n in range(rows)))


def test_a_number_declared_as_text_stops_its_table_alone(declared: World) -> None:
    declared.sql(*made_again("no TEXT PRIMARY KEY, quantity TEXT, price REAL, changed TEXT"))
    result = declared.land()
    line = declared.one_failure(result)
    assert line.startswith(WHERE + 'column "quantity" was integer and is text now (last good load 20')
    assert line.endswith(
        " UTC); mend it at the source, or change the mappings and write kinds: {quantity: text} for this table"
    )
    assert declared.landed(result) == {"customers": 1}


def test_it_stops_until_the_declaration_says_what_it_is_now(declared: World) -> None:
    declared.sql(*made_again("no TEXT PRIMARY KEY, quantity TEXT, price REAL, changed TEXT"))
    declared.insert("orders", ("A4", "8 pcs", 1.5, "2026-10-05 08:00:00"))
    for _ in range(2):
        assert 'column "quantity" was integer and is text now' in declared.one_failure()
    declare(declared, DECLARATION.replace("    needs:", "    kinds: {quantity: text}\n    needs:", 1))
    assert not declared.land().failures
    assert current(declared.rows(), "no")[("A4",)]["quantity"] == "8 pcs"
    declare(declared, DECLARATION)  # it was loaded so: nothing has to be said any more
    declared.insert("orders", ("A5", "9 pcs", 1.5, "2026-10-06 08:00:00"))
    assert not declared.land().failures


def test_values_that_all_became_text_where_the_database_keeps_no_types(declared: World) -> None:
    many(declared, lambda n: f"{n} pcs")
    line = declared.one_failure()
    assert line.startswith(WHERE + 'column "quantity" was integer and is text now (last good load 20')
    assert len(declared.rows()) == 3
    declare(declared, DECLARATION.replace("    needs:", "    kinds: {quantity: text}\n    needs:", 1))
    assert declared.landed() == {"orders": 20}


@pytest.mark.parametrize(
    ("quantity", "rows"),
    [
        (lambda n: "n/a" if n else 5, 20),  # one number among them
        (lambda n: "n/a", 19),  # too few to tell from dirt
        (lambda n: None, 20),
        (lambda n: n + 0.5, 20),
    ],
    ids=["one number", "few", "nothing", "decimals"],
)
def test_dirt_empty_values_and_decimals_are_no_other_kind(
    declared: World, quantity: Callable[[int], object], rows: int
) -> None:
    many(declared, quantity, rows)
    assert not declared.land().failures
    assert sum(row["no"].startswith("B") for row in declared.rows()) == rows


def test_a_wider_number_a_column_not_needed_and_one_without_a_type(declared: World) -> None:
    declared.sql(
        *made_again("no TEXT PRIMARY KEY, quantity NUMERIC, price, changed TEXT"),
        "ALTER TABLE orders ADD COLUMN size INTEGER",
    )
    assert not declared.land().failures
    declared.sql(*made_again("no TEXT PRIMARY KEY, quantity NUMERIC, price, changed TEXT, size TEXT"))
    assert not declared.land().failures


def test_files_of_text_have_no_kinds_to_change(tmp_path: Path) -> None:
    table = {"table": "orders", "key": ["no"], "needs": ["quantity"], "files": "*.csv"}
    world = World(tmp_path, make_source(table, kind="files"), str(tmp_path / "in"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("no,quantity\n1,5\n")
    assert world.landed() == {"orders": 1}
    (tmp_path / "in" / "b.csv").write_text("no,quantity\n" + "".join(f"{n},x{n}\n" for n in range(2, 40)))
    assert world.landed() == {"orders": 38}


def delivered(world: World, name: str, quantity: pa.Array, due: pa.Array) -> None:
    numbers = pa.array([f"{name}{n}" for n in range(len(quantity))])
    pq.write_table(pa.table({"no": numbers, "quantity": quantity, "due": due}), world.folder / f"{name}.parquet")


@pytest.mark.parametrize(
    ("quantity", "due", "told"),
    [
        (pa.array(["9 pcs"] * 20), pa.array([date(2026, 10, 2)] * 20), 'column "quantity" was integer and is text now'),
        (pa.array([9] * 20), pa.array(["next week"] * 20), 'column "due" was date and is text now'),
        (pa.array(["9"] * 20), pa.array(["2026-10-02"] * 20), ""),  # text that reads as before
        (pa.array([9.5] * 20), pa.array([1_790_000_000] * 20, pa.timestamp("s")), ""),
        (pa.array(["?"] * 20), pa.array(["?"] * 20), ""),  # declared to mean "not known"
        (pa.array(["9 pcs"] * 19), pa.array([None] * 19, pa.date32()), ""),
    ],
    ids=["number", "day", "readable", "wider", "not known", "few"],
)
def test_files_that_hold_values(tmp_path: Path, quantity: pa.Array, due: pa.Array, told: str) -> None:
    table = {"table": "orders", "key": ["no"], "needs": ["quantity", "due"], "nulls": ["?"]}
    files = {"files": "*.parquet", "format": "parquet"}
    world = World(tmp_path, make_source(table | files, kind="files"), str(tmp_path))
    delivered(world, "a", pa.array([5]), pa.array([date(2026, 10, 1)]))
    assert world.landed() == {"orders": 1}
    delivered(world, "b", quantity, due)
    result = world.land()
    if told:
        assert f"source shop, table orders: {told} (last good load 20" in world.one_failure(result)
        assert len(world.rows()) == 1
    else:
        assert world.landed(result) == {"orders": len(quantity)}


# --- PostgreSQL ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER quantity TYPE text", 'column "quantity" was integer and is text now'),
        ("ALTER due TYPE text", 'column "due" was date and is text now'),
        ("ALTER due TYPE integer USING 20261001", 'column "due" was date and is integer now'),
        ("ALTER code TYPE integer USING code::integer", 'column "code" was text and is integer now'),
        ("ALTER code TYPE varchar(40)", ""),
        ("ALTER quantity TYPE numeric(12, 3)", ""),
        ("ALTER due TYPE timestamp", ""),
        ("ALTER note TYPE integer USING 1", ""),
    ],
)
def test_types_that_postgresql_declares(tmp_path: Path, postgresql_url: str, change: str, told: str) -> None:
    engine = create_engine(postgresql_url)
    world = World(
        tmp_path,
        make_source({"table": "orders", "key": ["no"], "cursor": "no", "needs": ["quantity", "due", "code"]}),
        postgresql_url,
    )
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
            connection.exec_driver_sql("CREATE TABLE orders (no int, quantity int, due date, code text, note text)")
            connection.exec_driver_sql("INSERT INTO orders VALUES (1, 5, '2026-10-01', '12', 'x')")
        assert world.landed() == {"orders": 1}
        with engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE orders {change}")
            connection.exec_driver_sql("INSERT INTO orders (no) VALUES (2)")
        result = world.land()
    finally:
        engine.dispose()
    if told:
        assert f"source shop, table orders: {told} (last good load 20" in world.one_failure(result)
    else:
        assert not result.failures
