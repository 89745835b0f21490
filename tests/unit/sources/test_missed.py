"""A row that commits late lies behind the cursor: found by its key, fetched, and named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rest_world import LandedDesk, rest_source
from small_source import ORDERS, World, make_source
from web_system import Asked, WebSystem

from qmsreports.records import LandResult
from qmsreports.sources import checking

KEYS = {**ORDERS, "deletions": "keys"}
LATE = ("B7", 9, 1.0, "2026-09-01 10:00:00")  # the shop was read up to 2026-10-02 09:30


def warned(result: LandResult) -> list[str]:
    return [str(warning).removeprefix("warning: ") for warning in result.warnings]


def numbers(world: World, table: str = "orders") -> list[Any]:
    return [row["no"] for row in world.rows(table)]


def test_a_row_that_commits_late_is_fetched_by_its_key(shop: World) -> None:
    shop.source = make_source(KEYS)
    shop.land()
    shop.insert("orders", LATE)
    shop.sql("DELETE FROM orders WHERE no = 'A1'")  # as many rows as before
    result = shop.land()
    assert shop.landed(result) == {"orders": 1, "orders__keys": 3}
    assert shop.rows("orders")[-1]["quantity"] == 9
    (said,) = warned(result)
    assert "source shop, table orders: 1 row was older than the last changed read" in said
    assert "(B7)" in said
    assert shop.landed() == {}  # once, and not again
    assert numbers(shop).count("B7") == 1


def test_late_rows_of_several_columns_are_fetched_in_parts(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qmsreports.sources.missed._ASKED", 2)
    monkeypatch.setattr("qmsreports.sources.missed._AT_ONCE", 3)
    shop.sql("CREATE TABLE lines (no TEXT, position INTEGER, changed TEXT)")
    shop.insert("lines", *(("A1", place, "2026-10-01") for place in range(4)))
    shop.source = make_source({"table": "lines", "key": ["no", "position"], "cursor": "changed", "deletions": "keys"})
    shop.land()
    late = [("A0", 7), ("A1", 9), ("B", 1), ("B", 2), ("B", 3)]
    shop.insert("lines", *((*key, "2026-09-30") for key in late))
    assert shop.landed() == {"lines": 5, "lines__keys": 9}
    assert [(row["no"], row["position"]) for row in shop.rows("lines")[4:]] == late


def test_a_row_written_while_the_keys_are_listed_is_left_to_the_next_visit(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qmsreports.sources import sqlite

    shop.source = make_source(KEYS)
    shop.land()
    shop.insert("orders", LATE)
    listing, times = sqlite.Sqlite.key_ranges, iter(range(9))

    def meanwhile(self: Any, *args: Any) -> Any:
        if next(times) == 1:  # the first look tells that there is something new, the rows are read, then the keys
            shop.insert("orders", ("C1", 1, 1.0, "2026-11-01 10:00:00"))
        return listing(self, *args)

    monkeypatch.setattr(sqlite.Sqlite, "key_ranges", meanwhile)
    shop.land()
    assert numbers(shop) == ["A1", "A2", "A3", "B7"]
    shop.land()
    assert numbers(shop) == ["A1", "A2", "A3", "B7", "C1"]


def test_a_late_row_of_the_first_visit_is_fetched_by_the_next(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from qmsreports.sources import sqlite

    listing = sqlite.Sqlite.key_ranges

    def meanwhile(self: Any, *args: Any) -> Any:
        shop.insert("orders", LATE)
        return listing(self, *args)

    shop.source = make_source(KEYS)
    with monkeypatch.context() as patched:
        patched.setattr(sqlite.Sqlite, "key_ranges", meanwhile)
        shop.land()
    assert numbers(shop) == ["A1", "A2", "A3"]
    shop.land()
    assert numbers(shop) == ["A1", "A2", "A3", "B7"]
    assert shop.landed() == {}


def test_rows_that_were_lost_before_keys_were_declared_are_fetched(shop: World) -> None:
    shop.land()
    shop.insert("orders", LATE)
    shop.land()
    shop.source = make_source(KEYS)
    assert shop.landed() == {"orders": 1, "orders__keys": 4}


def test_a_declared_overlap_reads_what_comes_late_changes_of_known_rows_too(shop: World) -> None:
    shop.source = make_source({**ORDERS, "overlap_minutes": 60 * 24 * 40})
    shop.land()
    shop.insert("orders", LATE, ("A1", 50, 10.5, "2026-09-30 08:00:00"))
    assert shop.landed() == {"orders": 2}
    assert sorted((row["no"], row["quantity"]) for row in shop.rows("orders")[3:]) == [("A1", 50), ("B7", 9)]


def test_a_web_interface_is_not_asked_by_key_but_says_what_is_missing(tmp_path: Path, web: WebSystem) -> None:
    rows = [{"no": 1, "changed": "2026-10-02T08:00:00Z"}]

    @web.route("GET", "/cases")
    def answer(asked: Asked) -> Any:
        return [row for row in rows if row["changed"] >= asked.query.get("since", "")]

    @web.route("GET", "/keys")
    def keys(_asked: Asked) -> Any:
        return [{"no": row["no"]} for row in rows]

    request = {
        "path": "cases",
        "parameters": {"since": "{since}"},
        "since": {"form": "iso"},
        "key_list": {"path": "keys", "columns": {"no": "no"}},
    }
    case = {"table": "cases", "key": ["no"], "cursor": "changed", "deletions": "keys", "request": request}
    desk = LandedDesk(tmp_path, rest_source(case), web.url())
    assert warned(desk.land()) == []
    rows.append({"no": 7, "changed": "2026-09-01T08:00:00Z"})
    for _ in range(2):  # said as long as it holds
        (said,) = warned(desk.land())
        assert "source desk, table cases: 1 key is at the source and never landed" in said
        assert "(7)" in said
        assert "overlap_minutes" in said


def keys_checked(world: World) -> list[tuple[str, str]]:
    report = checking.check(
        world.source,
        connection=f"sqlite:///{world.database}",
        landing=world.landing,
        now=lambda: datetime(2026, 11, 1, tzinfo=UTC),
    )
    return [(entry.outcome, entry.what) for entry in report.checks if entry.check == "keys"]


def test_check_compares_keys_and_not_only_counts(shop: World) -> None:
    shop.land()
    assert keys_checked(shop) == [("ok", "those at the source are those landed")]
    shop.insert("orders", LATE)
    shop.sql("DELETE FROM orders WHERE no = 'A1'")
    assert keys_checked(shop) == [
        (
            "warning",
            "1 key at the source never landed, older than the last changed read (B7); "
            "1 landed key is at the source no more",
        )
    ]
    shop.sql("DELETE FROM orders WHERE no = 'B7'")
    shop.insert("orders", ("C1", 1, 1.0, "2026-11-01 10:00:00"))
    assert keys_checked(shop) == [("ok", "1 key not landed yet; 1 landed key is at the source no more")]
