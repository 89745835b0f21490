"""What ``source check`` says of a source before anything of it is landed, and that it leaves nothing behind."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_world import LandedDesk, rest_source
from small_source import ORDERS, World, all_files, make_source
from sqlalchemy import create_engine
from web_system import Asked, WebSystem

from qmsreports.sources import CheckReport, check
from qmsreports.sources.sqlite import Sqlite

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
        ("warning", "changed lies in the future: 2026-12-24 08:00:00"),
    ]
    assert not report.failed


def test_a_cursor_that_is_yet_to_come_fails_where_the_database_does_not_tell_the_time(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sqlite, "clock", lambda _: None)  # as databases that we do not know
    shop.insert("orders", ("A5", 8, None, "2026-12-24 08:00:00"))
    assert said(checked(shop), "cursor") == [("failed", "changed lies in the future: 2026-12-24 08:00:00")]


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
    assert said(report, "rows") == [("ok", "1 rows at the source; nothing landed so far")]


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


@pytest.mark.parametrize("granted", ["SELECT", "SELECT, UPDATE (changed)", "SELECT, TRUNCATE"])
def test_an_account_that_may_change_a_column_or_empty_a_table(
    tmp_path: Path, postgresql_url: str, granted: str
) -> None:
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.exec_driver_sql(
            "DO $$ BEGIN CREATE ROLE looker LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.exec_driver_sql("CREATE TABLE orders (id integer PRIMARY KEY, changed timestamptz)")
        connection.exec_driver_sql("INSERT INTO orders VALUES (1, '2026-10-01 08:00+00')")
        connection.exec_driver_sql("GRANT USAGE ON SCHEMA public TO looker")
        connection.exec_driver_sql(f"GRANT {granted} ON orders TO looker")
    engine.dispose()
    url = postgresql_url.replace("postgres:@", "looker:@")
    report = checked(World(tmp_path, make_source({"table": "orders", "key": ["id"]}), url), datetime.now(UTC))
    assert not report.failed
    assert bool(said(report, "permissions")) == (granted != "SELECT")


# --- beside the last load --------------------------------------------------------------------------------------------
FILES = {"table": "orders", "files": "*.csv", "key": ["no"], "needs": ["no", "pieces"]}
ROWS = "".join(f"A{number},{number}\n" for number in range(1, 6))


def columns(report: CheckReport) -> list[tuple[str, str]]:
    return said(report, "columns")


def test_a_database_that_is_as_at_the_last_load_and_one_that_is_not(shop: World) -> None:
    """A new column is told; of two that mappings need and that are gone both are named, and what came instead."""
    shop.land()
    assert columns(checked(shop)) == [("ok", "as at the last load")]
    shop.sql("ALTER TABLE orders ADD COLUMN colour TEXT")
    ((outcome, what),) = columns(checked(shop))
    assert (outcome, what) == ("warning", "other columns than before (new: colour)")
    for old, new in (("quantity", "pieces"), ("changed", "altered")):
        shop.sql(f"ALTER TABLE orders RENAME COLUMN {old} TO {new}")
    report = checked(shop)
    assert report.failed
    ((_, what),) = said(report, "read")
    assert what.startswith('there is no cursor column "changed"') and what.endswith('; nor "quantity"')
    ((_, what),) = columns(report)
    assert what == "other columns than before (new: altered, colour, pieces; gone: changed, quantity)"


def test_a_cursor_that_is_yet_to_come_hides_nothing_where_the_server_tells_the_time(
    tmp_path: Path, postgresql_url: str
) -> None:
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.exec_driver_sql("CREATE TABLE item (id integer PRIMARY KEY, changed timestamp)")
        connection.exec_driver_sql("INSERT INTO item VALUES (1, '2026-01-05'), (2, '2062-01-05')")
    engine.dispose()
    report = checked(
        World(tmp_path, make_source({"table": "item", "key": ["id"], "cursor": "changed"}), postgresql_url)
    )
    (found,) = [entry for entry in report.checks if entry.check == "cursor"]
    assert (found.outcome, found.what) == ("warning", "changed lies in the future: 2062-01-05")
    assert found.todo == "mend it at the source: such rows are read again at every visit"


def test_each_retyped_column_of_a_database_is_named(tmp_path: Path, postgresql_url: str) -> None:
    engine = create_engine(postgresql_url)
    feed = {"table": "item", "key": ["id"], "needs": ["pieces", "due", "note"]}
    world = World(tmp_path, make_source(feed), postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.exec_driver_sql("CREATE TABLE item (id integer PRIMARY KEY, pieces integer, due date, note text)")
        connection.exec_driver_sql("INSERT INTO item VALUES (1, 5, '2026-10-01', 'x')")
    world.land()
    assert columns(checked(world)) == [("ok", "as at the last load")]
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE item ALTER pieces TYPE text, ALTER due TYPE text")
    engine.dispose()
    report = checked(world)
    assert columns(report) == [
        ("failed", 'column "pieces" was integer and is text now'),
        ("failed", 'column "due" was date and is text now'),
    ]
    assert report.failed


def files_of(tmp_path: Path) -> World:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("no,pieces\n" + ROWS, encoding="utf-8")
    return World(tmp_path, make_source(FILES, kind="files"), str(tmp_path / "in"))


def test_rows_and_columns_of_files_beside_the_last_load(tmp_path: Path) -> None:
    """Five rows landed; a copy of that file counts once, a file of two rows more makes seven, its pieces are words."""
    world = files_of(tmp_path)
    world.land()
    (tmp_path / "in" / "again.csv").write_text("no,pieces\n" + ROWS, encoding="utf-8")
    later = tmp_path / "in" / "b.csv"
    later.write_text("no,pieces,colour\nA6,six,red\nA7,seven,blue\n", encoding="utf-8")
    for number, name in enumerate(("a.csv", "again.csv", "b.csv")):
        os.utime(tmp_path / "in" / name, (NOW.timestamp() + number, NOW.timestamp() + number))
    report = checked(world)
    ((outcome, what),) = said(report, "rows")
    assert (outcome, what[:36]) == ("ok", "7 rows at the source; 5 landed, the ")
    assert columns(report) == [
        ("warning", "other columns than before (new: colour)"),
        ("warning", 'column "pieces" held numbers at the last load and holds none now'),
    ]
    (entry,) = [entry for entry in report.checks if entry.check == "columns" and "held" in entry.what]
    assert entry.todo == "mend it at the source, or change the mappings that read it"


def test_a_column_that_the_newest_file_lacks_is_named_though_older_files_have_it(tmp_path: Path) -> None:
    world = files_of(tmp_path)
    world.land()
    later = tmp_path / "in" / "b.csv"
    later.write_text("no,stock\nA6,6\n", encoding="utf-8")
    os.utime(tmp_path / "in" / "a.csv", (0, 0))
    report = checked(world)
    assert report.failed
    assert any('there is no column "pieces"' in entry.what for entry in report.checks if entry.outcome == "failed")
    assert columns(report) == [("warning", "other columns than before (new: stock; gone: pieces)")]


def test_a_file_of_time_to_come_tells_that_a_clock_is_wrong(tmp_path: Path) -> None:
    world = files_of(tmp_path)
    ahead = NOW.timestamp() + 3600
    os.utime(tmp_path / "in" / "a.csv", (ahead, ahead))
    assert said(checked(world), "clock") == [("warning", "in/a.csv was written to 3,600 s after our time")]
    os.utime(tmp_path / "in" / "a.csv", (NOW.timestamp(), NOW.timestamp()))
    assert said(checked(world), "clock") == []


def test_a_web_interface_beside_the_last_load_and_its_clock_beside_ours(tmp_path: Path, web: WebSystem) -> None:
    """Three cases landed, one is deleted, the time of the others is in seconds now; its clock is three minutes slow."""
    rows: list[dict[str, Any]] = [{"no": no, "opened": f"2026-10-0{no}T08:00:00Z", "state": "x"} for no in (1, 2, 3)]
    web.route("GET", "/cases")(lambda _asked: rows)
    feed = {"table": "cases", "key": ["no"], "needs": ["opened", "state"], "request": {"path": "cases"}}
    made = LandedDesk(tmp_path, rest_source(feed), web.url())
    made.land()
    web.now = NOW - timedelta(minutes=3)

    def looked() -> CheckReport:
        return check(made.source, connection=made.connection, landing=tmp_path / "landing", now=lambda: NOW)

    report = looked()
    assert columns(report) == [("ok", "as at the last load")]
    ((outcome, what),) = said(report, "clock")
    assert outcome == "warning" and re.fullmatch(r"the server's clock is 1[78]\d s behind ours", what)
    assert said(report, "rows")[0][1].startswith("3 rows at the source; 3 landed, ")
    rows[:] = [{"no": no, "opened": 1790841600 + no, "state": "x", "colour": "red"} for no in (1, 2)]
    report = looked()
    assert columns(report) == [
        ("warning", "other columns than before (new: colour)"),
        ("warning", 'column "opened" held days at the last load and holds none now'),
    ]
    ((outcome, what),) = said(report, "rows")
    assert (outcome, what[:32]) == ("warning", "2 rows at the source; 3 landed, ")
    for row in rows:
        row["phase"] = row.pop("state")
        row["began"] = row.pop("opened")
    report = looked()
    assert report.failed
    assert columns(report) == [
        ("warning", "other columns than before (new: began, colour, phase; gone: opened, state)")
    ]


# --- web interfaces --------------------------------------------------------------------------------------------------
def test_of_a_large_web_interface_the_first_rows_are_asked_for(
    tmp_path: Path, web: WebSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qmsreports.sources.rest.feeds.TRIED", 25)
    monkeypatch.setattr("qmsreports.sources.rest.feeds.TRIED_OF_PARENTS", 4)

    @web.route("GET", "/cases")
    def cases(asked: Asked) -> Any:
        first = int(asked.query["offset"])
        return {"cases": [{"no": no} for no in range(first, min(first + 10, 1000))], "total": 1000}

    @web.route("GET", r"/cases/(\d+)/notes")
    def notes(_: Asked, no: str) -> Any:
        return [{"id": f"{no}-1"}] if int(no) % 2 else []

    page = {"kind": "offset", "size": 10, "total": "total"}
    parent = {"table": "cases", "columns": {"case_no": "no"}}
    asked = {"path": "cases", "parameters": {"offset": "{offset}"}, "rows": "cases", "page": page}
    source = rest_source(
        {"table": "cases", "key": ["no"], "deletions": "keys", "request": {**asked, "columns": {"no": "no"}}},
        {"table": "notes", "key": ["id"],
         "request": {"path": "cases/{case_no}/notes", "parent": parent, "columns": {"id": "id"}}},
    )  # fmt: skip
    desk = LandedDesk(tmp_path, source, web.url())
    report = check(source, connection=desk.connection, landing=tmp_path / "landing", now=lambda: NOW)
    assert not report.failed
    assert said(report, "rows") == [
        ("ok", "more than 25 rows at the source, of which the first were read; nothing landed so far"),
        ("ok", "more than 2 rows at the source, of which the first were read; nothing landed so far"),
    ]
    paths = [entry.path for entry in web.asked]
    assert len([path for path in paths if "/notes" in path]) == 4
    assert len(paths) < 120, "no list of keys and no second pass"
    source = rest_source({"table": "cases", "key": ["no"], "request": {**asked, "columns": {"no": "no"}}})
    assert LandedDesk(tmp_path, source, web.url()).land().tables[0].rows == 1000, "a visit reads all"
