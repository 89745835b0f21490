"""What ``source check`` says of a source before anything of it is landed, and that it leaves nothing behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_source import ORDERS, World, all_files, make_source
from sqlalchemy import create_engine

from qmsreports.sources import CheckReport, check

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)


def checked(world: World, now: datetime = NOW) -> CheckReport:
    connection = world.connection or f"sqlite:///{world.database}"
    return check(world.source, connection=connection, landing=world.landing, now=lambda: now)


def said(report: CheckReport, check: str) -> list[tuple[str, str]]:
    return [(entry.outcome, entry.what) for entry in report.checks if entry.check == check]


def test_a_source_that_is_as_declared(shop: World) -> None:
    before = all_files(shop.folder)
    report = checked(shop)
    assert not report.failed
    assert said(report, "connect") == [("ok", "the source answers")]
    assert said(report, "read") == [("ok", "4 columns, as declared")]
    assert said(report, "rows") == [("ok", "3 rows at the source; nothing landed so far")]
    assert said(report, "cursor") == [("ok", "changed from 2026-10-01 08:00:00 to 2026-10-02 09:30:00")]
    assert report.samples["orders"][0] == {"no": "A1", "quantity": 5, "price": 10.5, "changed": "2026-10-01 08:00:00"}
    assert all_files(shop.folder) == before


def test_rows_beside_those_landed(shop: World) -> None:
    shop.land()
    shop.insert("orders", ("A1", 6, 10.5, "2026-10-03 08:00:00"), ("A4", 1, None, "2026-10-03 08:00:00"))
    shop.land()
    shop.insert("orders", ("A5", 1, None, "2026-10-04 08:00:00"))
    ((outcome, what),) = said(checked(shop), "rows")
    assert outcome == "ok"
    assert what.startswith("5 rows at the source; 4 landed, the last 2 on ")
    shop.sql("DELETE FROM orders WHERE no IN ('A1', 'A5')")
    (entry,) = [entry for entry in checked(shop).checks if entry.check == "rows"]
    assert (entry.outcome, entry.what[:32]) == ("warning", "3 rows at the source; 4 landed, ")
    assert entry.todo.startswith("rows that are deleted at the source stay: write deletions: keys")


def test_keys_that_repeat_and_cursors_that_are_empty_or_ahead(shop: World) -> None:
    shop.source = make_source({**ORDERS, "key": ["quantity"]})
    shop.insert("orders", ("A4", 7, None, None), ("A5", 8, None, "2026-12-24 08:00:00"))
    report = checked(shop)
    assert said(report, "key") == [("warning", "1 of 5 rows repeat a key (quantity)")]
    assert said(report, "cursor") == [
        ("warning", "1 of 5 rows have no changed"),
        ("failed", "changed lies in the future: 2026-12-24 08:00:00"),
    ]
    assert report.failed


def test_a_moment_at_the_end_of_days_hides_no_change(shop: World) -> None:
    shop.insert("orders", ("A9", 1, None, "9999-12-31 00:00:00"))
    assert said(checked(shop), "cursor") == [("warning", "changed lies in the future: 9999-12-31 00:00:00")]


def test_what_cannot_be_read_is_a_failed_check_of_its_table(shop: World) -> None:
    shop.source = make_source(ORDERS, {"table": "order", "key": ["no"]})
    report = checked(shop)
    assert [(entry.table, entry.outcome) for entry in report.checks if entry.check == "read"] == [
        ("orders", "ok"),
        ("order", "failed"),
    ]
    shop.connection = f"sqlite:///{shop.folder}/none.db"
    (entry,) = checked(shop).checks
    assert (entry.check, entry.outcome) == ("connect", "failed")


def test_files_are_checked_like_tables(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("no;pieces\nA1;5\n", encoding="utf-8")
    feed = {"table": "orders", "files": "*.csv", "separator": ";", "key": ["no"]}
    world = World(tmp_path, make_source(feed, kind="files"), str(tmp_path / "in"))
    report = checked(world)
    assert not report.failed
    assert report.samples["orders"] == [{"no": "A1", "pieces": "5", "_file": "a.csv", "_line": 2}]
    assert said(report, "rows") == [("ok", "nothing landed so far")]


@pytest.mark.parametrize(("apart", "outcome"), [(timedelta(0), "ok"), (timedelta(minutes=-5), "warning")])
def test_account_and_clock_of_a_server(tmp_path: Path, postgresql_url: str, apart: timedelta, outcome: str) -> None:
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.exec_driver_sql('CREATE TABLE "order" (id integer PRIMARY KEY, changed timestamptz)')
        connection.exec_driver_sql("""INSERT INTO "order" VALUES (1, '2026-10-01 08:00+00')""")
        now = connection.exec_driver_sql("SELECT clock_timestamp()").scalar()
    engine.dispose()
    feed = {"table": "order", "key": ["id"], "cursor": "changed"}
    report = checked(World(tmp_path, make_source(feed), postgresql_url), now + apart)
    ((found, what),) = said(report, "clock")
    assert found == outcome
    assert outcome == "ok" or what.endswith("s ahead of ours")
    assert said(report, "permissions") == [("warning", "the account may change this table")]
    ((found, what),) = said(report, "cursor")
    assert what.endswith("in whole seconds; the last second is read again")
