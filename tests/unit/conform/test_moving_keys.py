"""A canonical key that is no name of the landed row: it moves, or two rows share it, and nothing may stand twice."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlglot
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from landed_fixture import Line, make_source, order
from sqlglot import exp

from qmsreports.conform.moving import MovingKey, moving_key

DRAFTS_SQL = """
SELECT coalesce(i.no, 'draft ' || i.id) AS order_line_id, 'linz' AS site, CAST('2026-03-02' AS DATE) AS ordered_on,
    NULL AS delivered_on, i.qty AS quantity, 'open' AS status
FROM so_item i
"""
JOINED_SQL = """
SELECT o.plant || '/' || i.id AS order_line_id, 'linz' AS site, CAST('2026-03-02' AS DATE) AS ordered_on,
    NULL AS delivered_on, i.qty AS quantity, 'open' AS status
FROM so_item i JOIN sales_order o ON o.so_no = i.so_no
"""
TABLES = [
    {"table": "so_item", "key": ["id"], "cursor": "modified", "deletions": "keys"},
    {"table": "sales_order", "key": ["so_no"], "cursor": "modified"},
]


def drafts(folder: Path, sql: str = DRAFTS_SQL) -> Line:
    joins = {"sales_order": ["so_no"]} if "sales_order" in sql else {}
    conform = {"order_lines": {"from": "so_item", "joins": joins}}
    return Line(folder, make_source(folder / "catalog", sql, tables=TABLES, conform=conform))


def draft(number: int, name: str | None, qty: float, modified: int) -> dict[str, Any]:
    return {"id": str(number), "no": name, "qty": qty, "modified": modified, "so_no": "A"}


def standing(line: Line) -> dict[str, float]:
    return {row["order_line_id"]: row["quantity"] for row in line.rows()}


def test_a_draft_that_gets_its_number_stands_once(tmp_path: Path) -> None:
    line = drafts(tmp_path)
    line.land("1", so_item=[draft(1, None, 1.0, 1), draft(2, "O-2", 2.0, 1)])
    line.run()
    assert standing(line) == {"draft 1": 1.0, "O-2": 2.0}
    line.land("2", so_item=[draft(1, "O-1", 1.5, 2)])
    staged = line.stage()
    assert staged is not None
    assert (staged.again, staged.complete, staged.rows, staged.duplicates) == (True, True, 2, 1)
    line.publish(staged)
    assert standing(line) == {"O-1": 1.5, "O-2": 2.0}


def test_what_moved_nowhere_is_conformed_alone(tmp_path: Path) -> None:
    line = drafts(tmp_path)
    line.land("1", so_item=[draft(1, None, 1.0, 1), draft(2, "O-2", 2.0, 1)])
    line.run()
    line.land("2", so_item=[draft(2, "O-2", 3.0, 2), draft(3, "O-3", 3.0, 2)])
    staged = line.stage()
    assert staged is not None
    assert (staged.again, staged.complete, staged.rows) == (False, False, 2)


def test_two_rows_that_share_a_key_are_told_in_whichever_load_they_come(tmp_path: Path) -> None:
    """The one landed last stands, the other waits in quarantine by name, and is back when the last one is deleted."""
    line = drafts(tmp_path)
    line.land("1", so_item=[draft(1, "O-1", 1.0, 1)], so_item__keys=[{"id": "1"}])
    line.run()
    line.land("2", so_item=[draft(2, "O-1", 2.0, 2)], so_item__keys=[{"id": "1"}, {"id": "2"}])
    staged = line.stage()
    assert staged is not None
    assert line.rejects(staged) == ["another row of so_item gives the same order_line_id"]
    line.publish(staged)
    assert standing(line) == {"O-1": 2.0}
    line.land("3", so_item__keys=[{"id": "1"}])
    line.run()
    assert standing(line) == {"O-1": 1.0}


def test_a_key_made_of_a_joined_row_moves_with_that_row(tmp_path: Path) -> None:
    line = drafts(tmp_path, JOINED_SQL)
    line.land("1", so_item=[draft(1, None, 1.0, 1)], sales_order=[order("A", plant="S1")])
    line.run()
    line.land("2", sales_order=[order("A", plant="S2", modified="2")])
    line.run()
    assert standing(line) == {"S2/1": 1.0}


def test_a_row_that_came_and_went_after_the_copy_of_the_landing_zone_that_was_put_back_is_gone(tmp_path: Path) -> None:
    """The copy does not know the second row; nothing that is read after it says that the row was there."""
    line = drafts(tmp_path)
    line.land("1", so_item=[draft(1, "O-1", 1.0, 1)], so_item__keys=[{"id": "1"}])
    line.run()
    line.land("2", so_item=[draft(2, "O-2", 2.0, 2)], so_item__keys=[{"id": "1"}, {"id": "2"}])
    line.run()
    for file in (tmp_path / "landing").rglob("*2.*"):
        file.unlink()
    assert [file.name for file in (tmp_path / "landing").rglob("*2.*")] == []
    line.land("3", so_item=[draft(3, "O-3", 3.0, 3)], so_item__keys=[{"id": "1"}, {"id": "3"}])
    staged = line.stage()
    assert staged is not None and staged.again
    assert {one.partition("@")[0] for one in staged.load_ids} >= {"so_item/2", "so_item__keys/2"}
    line.publish(staged)
    assert standing(line) == {"O-1": 1.0, "O-3": 3.0}
    assert line.stage() is None  # once


def test_older_loads_that_somebody_removed_take_no_row_along(tmp_path: Path) -> None:
    line = drafts(tmp_path)
    line.land("1", so_item=[draft(1, "O-1", 1.0, 1)])
    line.run()
    line.land("2", so_item=[draft(2, "O-2", 2.0, 2)])
    line.run()
    for file in (tmp_path / "landing").rglob("*1.*"):
        file.unlink()
    line.land("3", so_item=[draft(3, "O-3", 3.0, 3)])
    line.run()
    assert standing(line) == {"O-1": 1.0, "O-2": 2.0, "O-3": 3.0}


NAMES = st.sampled_from([None, "X", "Y", "Z"])
LOADS = st.lists(
    st.tuples(
        st.dictionaries(st.integers(1, 3), NAMES, max_size=3), st.sets(st.integers(1, 3), max_size=2), st.booleans()
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([({1: None}, set(), True), ({1: "X"}, set(), True)])
@example([({1: "X"}, set(), True), ({2: "X"}, set(), True), ({}, {2}, True)])
@example([({1: "X", 2: "Y"}, set(), True), ({1: "Y", 2: "X"}, set(), True)])
@given(loads=LOADS)
def test_every_history_of_moving_keys_ends_as_the_source_is(
    loads: list[tuple[dict[int, str | None], set[int], bool]],
) -> None:
    """Of the rows that the source has in the end, the one landed last of each key stands."""
    with TemporaryDirectory() as name:
        line = drafts(Path(name))
        now: dict[int, tuple[int, str | None]] = {}
        for number, (versions, gone, runs) in enumerate(loads, start=1):
            versions = versions or ({9: "W"} if number == 1 else {})
            now |= {row: (number, named) for row, named in versions.items()}
            present = {row: version for row, version in now.items() if row not in gone}
            rows = [draft(row, named, float(10 * number + row), number) for row, named in sorted(versions.items())]
            listed = [{"id": str(row)} for row in present] or [{"id": "none"}]
            line.land(str(number), so_item__keys=listed, **({"so_item": rows} if rows else {}))
            if runs:
                line.run()
        line.run()
        expected: dict[str, float] = {}
        for row, (number, named) in sorted(present.items(), key=lambda one: (one[1][0], one[0])):
            expected[named or f"draft {row}"] = float(10 * number + row)
        assert standing(line) == expected


@pytest.mark.parametrize(
    ("select", "moves"),
    [
        ("SELECT d.id AS k FROM _driving d", None),
        ("SELECT id AS k FROM t", None),
        ("SELECT 'rt-' || d.id AS k FROM _driving d LEFT JOIN o ON o.id = d.id", None),
        ("SELECT CAST(d.id AS VARCHAR) AS k FROM _driving d", None),
        ("SELECT CAST(d.id AS INTEGER) AS k FROM _driving d", MovingKey("d", ("CAST(d.id AS INT)",))),  # '7' and '07'
        ("SELECT upper(d.id) AS k FROM _driving d", MovingKey("d", ("UPPER(d.id)",))),
        ("SELECT d.no AS k FROM _driving d", MovingKey("d", ("d.no",))),
        ("SELECT no AS k FROM t", MovingKey("t", ("no",))),
        ("SELECT no AS k FROM t JOIN o USING (id)", MovingKey()),  # whose column that is only the rows tell
        ("SELECT lower(no) AS no, no AS k FROM t", MovingKey()),
        ("SELECT o.name || '/' || d.id AS k FROM _driving d JOIN o USING (id)", MovingKey()),
        ("SELECT (SELECT max(id) FROM t) AS k FROM t", MovingKey()),
        ("WITH t AS (SELECT id, _at FROM _driving) SELECT t.id AS k FROM t", MovingKey()),
    ],
)
def test_a_select_tells_where_its_key_comes_from(select: str, moves: MovingKey | None) -> None:
    tree = sqlglot.parse_one(select, read="duckdb")
    assert isinstance(tree, exp.Select)
    assert moving_key(tree, tree.args["from_"].this.alias_or_name, ["k"], ["id"]) == moves


@pytest.mark.parametrize(
    ("made", "told_apart"), [("no || '/' || line", True), ("no || line", False), ("concat_ws('/', no, line)", False)]
)
def test_columns_side_by_side_are_told_apart_by_a_sign_between_them(made: str, told_apart: bool) -> None:
    tree = sqlglot.parse_one(f"SELECT {made} AS k FROM t", read="duckdb")
    assert isinstance(tree, exp.Select)
    assert (moving_key(tree, "t", ["k"], ["no", "line"]) is None) == told_apart
