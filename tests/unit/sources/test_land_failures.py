"""What a person reads when a database cannot be read; a broken table stops itself alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from small_source import ORDERS, World, all_files, make_source

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


@pytest.fixture
def declared(shop: World) -> World:
    """The shop with a second table and a declaration in a file, so that messages can name lines."""
    folder = shop.folder / "catalog" / "sources" / "shop"
    folder.mkdir(parents=True)
    (folder / "source.yaml").write_text(DECLARATION)
    data = read_document(folder / "source.yaml", "source.yaml").data
    shop.source = Source.model_validate({**data, "folder": folder})
    shop.sql("CREATE TABLE customers (no TEXT PRIMARY KEY, changed TEXT)")
    shop.insert("customers", ("C1", "2026-10-01 08:00:00"))
    return shop


def lines(world: World) -> list[str]:
    return [str(failure.finding).replace(str(world.folder), "<folder>") for failure in world.land().failures]


def test_a_missing_database_is_not_created(declared: World) -> None:
    declared.database.unlink()
    told = "the database file <folder>/shop.db does not exist (never landed so far); check the connection"
    assert lines(declared) == [f"source shop: {told}"] * 2  # one sentence for both tables
    assert not declared.database.exists()
    assert not declared.landing.exists()


def test_a_damaged_database(declared: World) -> None:
    declared.database.write_bytes(b"no database at all" * 100)
    assert lines(declared)[0] == (
        "source shop: the database <folder>/shop.db cannot be read (file is not a database) (never landed so far); "
        "restore it or check the connection"
    )


def test_an_empty_file_and_a_database_without_tables(declared: World) -> None:
    declared.database.write_bytes(b"")
    assert set(lines(declared)) == {
        "source shop: the database file <folder>/shop.db is empty (never landed so far); "
        "restore it or check the connection"
    }
    declared.sql("CREATE TABLE gone (no TEXT)")
    declared.sql("DROP TABLE gone")
    assert set(lines(declared)) == {
        "source shop: the database holds no table (never landed so far); "
        "check the connection and what its account may see"
    }


def test_damage_inside_a_table_stops_that_table_alone(declared: World) -> None:
    declared.sql("CREATE TABLE ballast (x TEXT)")
    declared.insert("orders", *((f"B{number}", 1, 1.0, "2026-10-03 00:00:00") for number in range(20_000)))
    connection = sqlite3.connect(declared.database)
    root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'orders'").fetchone()[0]
    connection.close()
    content = bytearray(declared.database.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    content[(root - 1) * size : root * size] = b"\xff" * size
    declared.database.write_bytes(content)
    result = declared.land()
    assert [failure.table for failure in result.failures] == ["orders"]
    assert "reading stopped (database disk image is malformed)" in str(result.failures[0].finding)
    assert declared.landed(result) == {"customers": 1}


def test_a_missing_table(declared: World) -> None:
    declared.sql("ALTER TABLE orders RENAME TO order_s")
    result = declared.land()
    assert declared.one_failure(result) == (
        'catalog/sources/shop/source.yaml:5: source shop, table orders: there is no table "orders"; did you mean '
        '"order_s"? (never landed so far); mend it at the source or change this line'
    )
    assert declared.landed(result) == {"customers": 1}


def test_a_missing_cursor_column_names_its_line_and_the_last_good_load(declared: World) -> None:
    declared.land()
    declared.sql("ALTER TABLE orders RENAME COLUMN changed TO changed_at")
    (line,) = lines(declared)
    start = 'catalog/sources/shop/source.yaml:7: source shop, table orders: there is no cursor column "changed"; '
    assert line.startswith(start + 'did you mean "changed_at"? (last good load 20')
    assert line.endswith(" UTC); mend it at the source, or change this line and the mappings")


@pytest.mark.parametrize(
    ("column", "place"), [("price", 'source.yaml:10: source shop, table orders: there is no column "price"; ')]
)
def test_a_renamed_column(declared: World, column: str, place: str) -> None:
    declared.sql(f"ALTER TABLE orders RENAME COLUMN {column} TO {column}s")
    assert declared.one_failure() == (
        f'catalog/sources/shop/{place}did you mean "{column}s"? (never landed so far); mend it at the source, '
        "or change this line and the mappings"
    )


def test_a_missing_column_without_a_close_name_lists_what_there_is(declared: World) -> None:
    declared.sql("ALTER TABLE orders DROP COLUMN quantity")
    assert 'there is no column "quantity"; known: changed, no, price' in declared.one_failure()


def test_columns_that_would_share_a_name(shop: World) -> None:
    shop.sql('ALTER TABLE orders ADD COLUMN "Price " REAL')
    assert shop.one_failure() == (
        'source shop, table orders: columns "price" and "Price " would both be landed as "price" '
        "(never landed so far); rename one at the source"
    )


def test_a_cursor_that_cannot_be_compared(declared: World) -> None:
    declared.sql("UPDATE orders SET changed = '31.12.2026'")
    result = declared.land()
    assert declared.one_failure(result) == (
        'catalog/sources/shop/source.yaml:7: source shop, table orders: cursor column "changed" holds no value that '
        'can be compared ("31.12.2026") (never landed so far); name a column of dates (2026-01-31...), instants or '
        "numbers, or leave the cursor out"
    )
    assert declared.landed(result) == {"customers": 1}
    assert declared.rows() == []


@pytest.mark.parametrize("change", [{}, {"cursor": None}, {"deletions": "keys"}])
def test_a_table_that_is_suddenly_empty_keeps_what_was_landed(shop: World, change: dict[str, object]) -> None:
    shop.source = make_source({**ORDERS, **change})
    shop.land()
    shop.sql("DELETE FROM orders")
    before = all_files(shop.landing)
    line = shop.one_failure()
    assert line.startswith('source shop, table orders: table "orders" is suddenly empty (3 rows landed')
    assert line.endswith(
        "check the table and the permissions of the account (row-level security hides rows without an error); "
        "may_be_empty: true in source.yaml if it was emptied in earnest"
    )
    assert all_files(shop.landing) == before


@pytest.mark.parametrize("change", [{}, {"cursor": None}, {"deletions": "keys"}])
def test_a_table_that_may_be_empty_is_believed_and_filled_again(shop: World, change: dict[str, object]) -> None:
    shop.source = make_source({**ORDERS, **change, "may_be_empty": True})
    shop.land()
    shop.sql("DELETE FROM orders")
    assert not shop.land().failures
    if "deletions" in change:
        assert shop.tables("orders__keys")[-1].num_rows == 0
    assert shop.landed() == {}
    shop.insert("orders", ("A9", 6, None, "2026-12-05 00:00:00"))
    assert shop.landed()["orders"] == 1


def test_a_source_that_fails_fails_again_until_it_is_mended(declared: World) -> None:
    declared.land()
    declared.sql("ALTER TABLE orders RENAME TO order_s")
    assert len(lines(declared)) == len(lines(declared)) == 1
    declared.sql("ALTER TABLE order_s RENAME TO orders", "UPDATE orders SET changed = '2026-11-01' WHERE no = 'A1'")
    result = declared.land()
    assert not result.failures
    assert declared.landed(result) == {"orders": 1}


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ("shop.db", "the connection is not a database URL"),
        ("nonsense://user:geheim@host/db", "the connection is not a database URL"),
        ("sqlite://", "the connection names no database file"),
        ("mysql+nodriver://user:geheim@host/db", "the connection is not a database URL"),
    ],
)
def test_a_connection_that_is_none(shop: World, connection: str, told: str) -> None:
    shop.connection = connection
    assert shop.one_failure() == (
        f"source shop: {told} (never landed so far); "
        "write it like sqlite:////folder/file.db or postgresql+psycopg://user:password@host/database"
    )


@pytest.mark.parametrize(
    ("connection", "told"),
    [
        ("postgresql://u:a@geheim@127.0.0.1:1/x", "the host of the connection holds an @"),
        ("postgresql://u:a@geheim:geheim@127.0.0.1:1/x", "the port of the connection is no number"),
        ("postgresql://u:geheim@127.0.0.1:99999/x", "invalid port number"),
        ("mysql://u:geheim@127.0.0.1:1/x?connect_timeout=geheim", "the driver does not take what the connection says"),
        ("mysql://u:geheim@127.0.0.1:1/x?bogus=geheim", "the driver does not take what the connection says"),
        ("mysql://u:geheim@127.0.0.1:1/x", "the database does not answer"),
        ("postgresql+psycopg2://u:geheim@h/x", "is not installed (psycopg2)"),
        ("postgresql://127.0.0.1:1/x?user=u&password=geheim&sslmode=geheim", "the database does not answer"),
    ],
)
def test_a_connection_with_a_mistake_is_one_line_that_repeats_nothing_of_it(
    shop: World, connection: str, told: str
) -> None:
    shop.connection = connection
    said = shop.one_failure()
    assert told in said
    assert "geheim" not in said


@pytest.mark.parametrize("password", ["gehe!m", "gehe%21m", "p%40ss:wörd"])
def test_a_server_that_does_not_answer_and_no_password_anywhere(shop: World, password: str, tmp_path: Path) -> None:
    from urllib.parse import unquote

    shop.connection = f"postgresql+psycopg://reader:{password}@/shop?host={tmp_path}/no-socket"
    result = shop.land()
    line = shop.one_failure(result)
    assert line.startswith("source shop: the database does not answer (")
    assert line.endswith("(never landed so far); check the connection and the server")
    assert "\n" not in line
    told = repr(result) + repr(shop.said) + repr(all_files(tmp_path))
    for secret in {password, unquote(password)}:
        assert secret not in told
