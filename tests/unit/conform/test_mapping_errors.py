"""A mapping that is wrong is refused in one line that names file, line and remedy, and never reads anything else."""

from __future__ import annotations

import pytest
from landed_fixture import ITEM_SQL, Line, item, make_source, order

from qmsreports.errors import UserError

CLEAN = ITEM_SQL.strip()


def refused(line: Line, sql: str) -> str:
    line.source = make_source(line.folder / "catalog", sql)
    line.land("1", so_item=[item("A"), item("A", 2, delivered="2026-03-04")], sales_order=[order("A")])
    with pytest.raises(UserError) as caught:
        line.stage()
    (finding,) = caught.value.findings
    assert "\n" not in str(finding)
    return str(finding).removeprefix(str(line.folder / "catalog") + "/")


@pytest.mark.parametrize(
    ("found", "put", "said"),
    [
        (
            "AS quantity",
            "AS quantty",
            'order_lines.sql:6: order_lines has no column quantty; did you mean "quantity"?',
        ),
        (
            "    i.qty                          AS quantity,\n",
            "",
            "order_lines.sql: the SELECT does not give quantity, declared in catalog/tables/order_lines.yaml; "
            "add the column; NULL AS … where this source does not know it and it may be empty",
        ),
        (
            "sales_order o",
            "sales_ordr o",
            'order_lines.sql:10: "sales_ordr" is not landed by shop; did you mean "sales_order"?',
        ),
        (
            "sales_order o ON",
            "so_item_history o ON",
            'order_lines.sql:10: "so_item_history" is not landed by shop; did you mean "so_item"?',
        ),
        (
            "FROM so_item i",
            "FROM sales_order i",
            "order_lines.sql: the outermost SELECT does not start FROM so_item; name the driving table first",
        ),
        (
            "i.qty  ",
            "i.qtty ",
            'order_lines.sql:6: table "i" does not have a column named "qtty"; did you mean "qty"?',
        ),
        (
            "i.qty  ",
            "cast(i.state as integer) ",
            "order_lines.sql:6: Could not convert string 'OP' to INT32 when casting from source column state "
            'in "cast(i.state as integer)"; '
            "return the text as it is, so that conform refuses the row by name, or use try_cast",
        ),
        (
            "i.qty  ",
            "today() ",
            "order_lines.sql:6: today gives another result at each run; use a column of the source instead",
        ),
        (
            "i.qty  ",
            "random() ",
            "order_lines.sql:6: random gives another result at each run; use a column of the source instead",
        ),
        (
            "code('site'",
            "code('sit'",
            'order_lines.sql:3: code: there are no codes "sit"; did you mean "site"?',
        ),
        (
            "code('site', ",
            "lookup('site', ",
            'order_lines.sql:3: Scalar Function with name lookup does not exist in "lookup(\'site\', o.plant)"',
        ),
        (
            "LEFT JOIN sales_order o ON o.so_no = i.so_no",
            "LEFT JOIN sales_order o ON o.so_no = i.so_no WHERE i.pos = 1",
            "order_lines.sql: the outermost SELECT has WHERE, but each row of so_item must give one row; "
            "group and filter in a WITH; refuse a row with a reason in _reject",
        ),
        (
            "LEFT JOIN sales_order o ON o.so_no = i.so_no",
            "LEFT JOIN (SELECT * FROM sales_order UNION ALL SELECT * FROM sales_order) o ON o.so_no = i.so_no",
            "order_lines.sql: the SELECT gives up to 2 rows for one row of so_item (2 in, 4 out); "
            "join on the whole key, or group the joined table first",
        ),
        (
            "LEFT JOIN sales_order o ON o.so_no = i.so_no",
            "JOIN sales_order o ON o.so_no = i.so_no AND i.pos = 1",
            "order_lines.sql: the SELECT gives no row for 1 rows of so_item (2 in, 1 out); "
            "join on the whole key, or group the joined table first",
        ),
        (
            CLEAN,
            "SELECT i.* FROM so_item i",
            "order_lines.sql:1: the outermost SELECT has a *; name the columns",
        ),
        (
            CLEAN,
            CLEAN + "; DROP TABLE so_item",
            "order_lines.sql: a mapping is one SELECT and nothing else; "
            "put it in the form WITH … SELECT … FROM the driving table",
        ),
        (
            CLEAN,
            "COPY so_item TO '/tmp/out.csv'",
            "order_lines.sql: a mapping is one SELECT and nothing else; "
            "put it in the form WITH … SELECT … FROM the driving table",
        ),
        (
            "sales_order o ON",
            "read_csv('/etc/passwd') o ON",
            "order_lines.sql:10: a mapping reads landed tables only, not functions or files; name the landed table",
        ),
        (
            "sales_order o ON",
            "'/etc/passwd' o ON",
            'order_lines.sql:10: "/etc/passwd" is not landed by shop; known: sales_order, so_item',
        ),
        (
            "FROM so_item i",
            "FROM so_item i)",
            "order_lines.sql:9: the SQL cannot be read near",
        ),
        (
            "i.state ",
            "i.state' ",
            "order_lines.sql: the SQL cannot be read; look for a quote or comment that is not closed",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(line: Line, found: str, put: str, said: str) -> None:
    assert found in CLEAN
    message = refused(line, CLEAN.replace(found, put, 1))
    assert message.startswith(said) if said.endswith("near") else message == said


def test_a_landed_table_that_is_not_declared_as_joined_is_refused(line: Line) -> None:
    line.source = make_source(line.folder / "catalog", conform={"order_lines": {"from": "so_item"}})
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    with pytest.raises(
        UserError, match=r"order_lines\.sql:11: sales_order is read but not declared as joined; add it to"
    ):
        line.stage()


def test_a_mapping_without_its_file_is_named(line: Line) -> None:
    (line.folder / "catalog" / "order_lines.sql").unlink()
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    with pytest.raises(
        UserError, match=r"order_lines\.sql: the mapping is missing; write the SELECT that makes order_lines"
    ):
        line.stage()


def test_comments_cte_and_a_closing_semicolon_are_welcome(line: Line) -> None:
    sql = CLEAN.replace("SELECT", "-- a comment; with (brackets\nWITH o2 AS (SELECT * FROM sales_order)\nSELECT", 1)
    line.source = make_source(line.folder / "catalog", sql.replace("JOIN sales_order o", "JOIN o2 o") + "\n;\n")
    line.land("1", so_item=[item("A")], sales_order=[order("A")])
    staged = line.stage()
    assert staged is not None and staged.rows == 1
