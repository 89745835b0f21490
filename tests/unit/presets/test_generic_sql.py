"""The preset for any database: two tables into customers and order lines, values worked out by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from preset_line import PresetLine
from sqlalchemy import create_engine

CUSTOMER = (
    "CREATE TABLE customer (customer_no text, name text, country text, active boolean, created_at timestamp, "
    "changed_at timestamp)"
)
LINE = (
    "CREATE TABLE order_line (order_no text, line_no integer, customer_no text, plant text, item text, family text, "
    "channel text, ordered date, wished date, first_promise date, promise date, delivered date, quantity numeric, "
    "quantity_delivered numeric, net_value numeric(12, 2), state text, created_at timestamp, changed_at timestamp)"
)
ROWS = (
    "INSERT INTO customer VALUES ('C1', 'Nordwerk', 'AT', true, '2026-01-31 23:30:00', NULL)",
    """INSERT INTO order_line VALUES
    ('O1', 1, 'C1', 'HQ', 'P-1', 'Pumps', 'MAIL', '2026-09-01', '2026-09-08', '2026-09-10', '2026-09-12', '2026-09-11',
     5, 5, 62.50, 'DONE', '2026-09-01 08:00:00', '2026-09-11 09:00:00'),
    ('O1', 2, 'C1', 'HQ', 'P-2', 'Pumps', 'PHONE', '2026-09-01', '1970-01-01', '2026-09-20', '2026-09-20', '1970-01-01',
     2.5, 0, 10, 'OPEN', '2026-09-01 08:00:00', NULL),
    ('O2', 1, 'C1', 'HQ', 'P-1', 'Pumps', 'FAX', '2026-09-02', NULL, NULL, NULL, NULL,
     1, NULL, 1, 'OPEN', '2026-09-02 08:00:00', NULL)""",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Callable[..., None]]]:
    """An empty database and a way to change it."""
    if request.param == "sqlite":
        file = tmp_path / "erp.db"

        def change(*statements: str) -> None:
            with closing(sqlite3.connect(file)) as connection, connection:
                for statement in statements:
                    connection.execute(statement)

        yield f"sqlite:///{file}", change
        return
    url = request.getfixturevalue("postgresql_url")
    engine = create_engine(url)

    def run(*statements: str) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    yield url, run
    engine.dispose()


def test_orders_of_a_database(tmp_path: Path, database: tuple[str, Callable[..., None]]) -> None:
    url, change = database
    change(CUSTOMER, LINE, *ROWS)
    line = PresetLine(tmp_path, "generic_sql", url, {"family: {}": "family: {Pumps: circulation}"})
    assert line.run() == {"customers": [], "order_lines": ['channel "FAX" is not among the codes of the source']}
    (customer,) = line.rows("customers")
    assert (customer["customer_id"], customer["customer_since"], customer["active"]) == ("C1", date(2026, 1, 31), True)
    late, open_ = line.rows("order_lines")
    assert (late["order_line_id"], late["site"], late["product_family"]) == ("O1/1", "linz", "circulation")
    assert (late["trouble_on"], late["told_first"], late["net_value"]) == (date(2026, 9, 10), False, 62.5)
    assert (open_["requested_on"], open_["delivered_on"], open_["quantity_ordered"]) == (None, None, 2.5)

    change(
        "UPDATE order_line SET channel = 'CHAT', changed_at = '2026-09-12 08:00:00' WHERE order_no = 'O2'",
        "DELETE FROM order_line WHERE line_no = 2",
    )
    assert line.run() == {"order_lines": []}
    assert [row["order_line_id"] for row in line.rows("order_lines")] == ["O1/1", "O2/1"]
    assert line.run() == {}
