"""SQL sources on a real MariaDB 10.11: its types, zero dates, zones, sessions, schemas, and what a visit may not do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qmsreports.landing import KEYS
from qmsreports.sources import check
from tests.system.real.mariadb import MariaDb, mariadb
from tests.system.real.servers import memory_folder
from tests.unit.sources.small_source import World, make_source

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def server() -> Iterator[MariaDb]:
    with memory_folder() as folder, mariadb(folder) as running:
        yield running


@pytest.fixture(params=["mysql+pymysql", "mariadb+pymysql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, server: MariaDb) -> World:
    """A source that starts with an empty database ``shop``, under either name of the dialect."""
    server.run("DROP DATABASE shop", "CREATE DATABASE shop CHARACTER SET utf8mb4")
    return World(tmp_path, make_source(), server.url(request.param))


def test_values_land_as_they_are(world: World, server: MariaDb) -> None:
    server.run(
        "SET sql_mode = ''",
        """CREATE TABLE shop.item (no BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(40), kind ENUM('a', 'b'), price
        DECIMAL(12, 2), exact DECIMAL(30, 20), share DOUBLE, on_sale TINYINT(1), day DATE, local DATETIME(6),
        moment TIMESTAMP NULL, at TIME, note JSON, raw VARBINARY(4), year YEAR)""",
        """INSERT INTO shop.item VALUES
        (1, 'Pumpe "Ö" 😀\n100 %', 'a', 12.50, 0.12345678901234567890, 0.1, 1, '2026-10-25',
         '2026-10-25 02:30:00.000001', '2026-10-25 02:30:00', '08:15:00', '{"a": 1}', x'ff00', 2026),
        (18446744073709551615, '', 'b', -0.01, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
    )
    world.source = make_source({"table": "item", "key": ["no"]})
    assert world.landed() == {"item": 2}
    first, second = world.rows("item")
    assert first == {
        "no": "1", "name": 'Pumpe "Ö" 😀\n100 %', "kind": "a", "price": 12.5, "exact": "0.12345678901234567890",
        "share": 0.1, "on_sale": 1, "day": date(2026, 10, 25),
        "local": datetime(2026, 10, 25, 2, 30, 0, 1),  # noqa: DTZ001 - the column has no zone
        "moment": datetime(2026, 10, 25, 2, 30),  # noqa: DTZ001 - in the zone of the session
        "at": "08:15:00", "note": '{"a": 1}', "raw": "ff00", "year": 2026,
    }  # fmt: skip
    assert (second["no"], second["name"], second["price"]) == ("18446744073709551615", "", -0.01)
    assert {name for name, value in second.items() if value is None} == {
        *("exact", "share", "day", "local", "moment", "at", "note", "raw", "year"),
    }


def test_a_day_that_no_calendar_has_is_landed_and_its_cursor_hides_nothing(world: World, server: MariaDb) -> None:
    server.run(
        "SET sql_mode = ''",
        "CREATE TABLE shop.old (no INT PRIMARY KEY, due DATE, changed DATETIME)",
        "INSERT INTO shop.old VALUES (1, '0000-00-00', '0000-00-00'), (2, '2026-10-01', '2026-10-01 08:00:00')",
    )
    world.source = make_source({"table": "old", "key": ["no"], "cursor": "changed"})
    assert world.landed() == {"old": 2}
    assert [row["due"] for row in world.rows("old")] == ["0000-00-00", "2026-10-01"]
    assert world.landed() == {}
    server.run("INSERT INTO shop.old VALUES (3, '2026-10-02', '2026-10-02 08:00:00')")
    assert world.landed() == {"old": 1}


def test_the_same_second_again_and_a_cursor_that_is_empty(world: World, server: MariaDb) -> None:
    server.run(
        "CREATE TABLE shop.task (no INT PRIMARY KEY, changed DATETIME NULL, created DATETIME)",
        "INSERT INTO shop.task VALUES (1, NULL, '2026-10-01 08:00:00')",
        "INSERT INTO shop.task VALUES (2, '2026-10-02 08:00:00', '2026-10-01 08:00:00')",
    )
    world.source = make_source({"table": "task", "key": ["no"], "cursor": "changed", "cursor_else": "created"})
    assert world.landed() == {"task": 2}
    assert world.landed() == {}
    server.run("INSERT INTO shop.task VALUES (3, NULL, '2026-10-02 08:00:00')")
    assert world.landed() == {"task": 1}


def test_the_zone_of_the_session_is_declared(world: World, server: MariaDb) -> None:
    server.run(
        "CREATE TABLE shop.seen (no INT PRIMARY KEY, at TIMESTAMP)",
        "INSERT INTO shop.seen VALUES (1, '2026-10-25 02:30')",
    )
    world.source = make_source({"table": "seen", "key": ["no"]}).model_copy(update={"session": {"time_zone": "+00:00"}})
    assert world.landed() == {"seen": 1}
    assert world.rows("seen")[0]["at"].isoformat() == "2026-10-25T00:30:00"
    world.source = make_source({"table": "seen", "key": ["no"]}).model_copy(update={"session": {"time_zoen": "+00:00"}})
    assert "check session in source.yaml" in world.one_failure()


def test_views_schemas_and_keys_that_vanish(world: World, server: MariaDb) -> None:
    server.run(
        "DROP DATABASE IF EXISTS archive", "CREATE DATABASE archive",
        "GRANT SELECT ON archive.* TO reader@'127.0.0.1'",
        "CREATE TABLE archive.`order` (`no` INT PRIMARY KEY, `by` VARCHAR(10))",
        "INSERT INTO archive.`order` VALUES (1, 'a'), (2, 'b')",
        "CREATE VIEW shop.kept AS SELECT * FROM archive.`order` WHERE `no` > 1",
    )  # fmt: skip
    feeds: list[dict[str, Any]] = [
        {"table": "order", "schema": "archive", "key": ["no"], "deletions": "keys"},
        {"table": "kept", "key": ["no"]},
    ]
    world.source = make_source(*feeds)
    assert not world.land().failures
    assert world.rows("order") == [{"no": 1, "by": "a"}, {"no": 2, "by": "b"}]
    assert world.rows("kept") == [{"no": 2, "by": "b"}]
    server.run("DELETE FROM archive.`order` WHERE `no` = 1")
    assert not world.land().failures
    assert world.tables("order" + KEYS)[-1].to_pylist() == [{"no": 2}]
    world.source = make_source({"table": "order", "schema": "archvie", "key": ["no"]})
    assert 'there is no schema "archvie"; did you mean "archive"?' in world.one_failure()


def test_a_visit_may_read_alone_and_not_for_ever(world: World, server: MariaDb) -> None:
    server.run(
        "CREATE TABLE shop.counter (n INT)",
        """CREATE FUNCTION shop.bump() RETURNS INT SQL SECURITY DEFINER MODIFIES SQL DATA
        BEGIN INSERT INTO shop.counter VALUES (1); RETURN 1; END""",
        "CREATE VIEW shop.counted AS SELECT shop.bump() AS no",
        "CREATE VIEW shop.slow AS SELECT 1 AS no, sleep(30) AS waited",
        "CREATE TABLE shop.quick (no INT)", "INSERT INTO shop.quick VALUES (1)",
    )  # fmt: skip
    world.source = make_source({"table": "counted", "key": ["no"]})
    assert "READ ONLY transaction" in world.one_failure()
    assert server.run("SELECT count(*) FROM shop.counter") == [(0,)]
    feeds = ({"table": name, "key": ["no"]} for name in ("slow", "quick"))
    world.source = make_source(*feeds).model_copy(update={"statement_timeout": 1})
    result = world.land()
    assert {table.table: table.rows for table in result.tables} == {"quick": 1}
    assert "raise statement_timeout in source.yaml" in str(result.failures[0].finding)


def test_what_is_refused_says_no_password(world: World, server: MariaDb) -> None:
    world.source = make_source({"table": "quick", "key": ["no"]})
    world.connection = world.connection.replace("geheim-77", "geheim-78")
    said = world.one_failure()
    assert "Access denied" in said and "geheim" not in said


def test_the_clock_of_the_server_is_read_in_utc(world: World, server: MariaDb, tmp_path: Path) -> None:
    server.run("CREATE TABLE shop.quick (no INT)", "INSERT INTO shop.quick VALUES (1)")
    source = make_source({"table": "quick", "key": ["no"]})
    report = check(source, connection=world.connection, landing=tmp_path / "landing", now=lambda: datetime.now(UTC))
    assert not report.failed
    assert [entry.outcome for entry in report.checks if entry.check == "clock"] == ["ok"]


@pytest.mark.parametrize(
    "granted", ["UPDATE ON shop.*", "INSERT ON shop.quick", "UPDATE (name) ON shop.quick", "DELETE ON *.*", ""]
)
def test_an_account_that_may_change_rows_is_told(world: World, server: MariaDb, tmp_path: Path, granted: str) -> None:
    server.run("CREATE TABLE shop.quick (no INT, name TEXT)", "CREATE TABLE shop.other (no INT)")
    server.run("INSERT INTO shop.quick VALUES (1, 'x')", "INSERT INTO shop.other VALUES (1)")
    if granted:
        server.run(f"GRANT {granted} TO reader@'127.0.0.1'")
    try:
        source = make_source({"table": "quick", "key": ["no"]}, {"table": "other", "key": ["no"]})
        report = check(source, connection=world.connection, landing=tmp_path / "landing", now=lambda: datetime.now(UTC))
    finally:
        if granted:
            server.run(f"REVOKE {granted} FROM reader@'127.0.0.1'")
    told = {entry.table for entry in report.checks if entry.check == "permissions"}
    assert told == (set() if not granted else {"quick", "other"} if "*" in granted else {"quick"})


def test_more_rows_than_one_part(world: World, server: MariaDb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qmsreports.sources.database.CHUNK", 700)
    server.run(
        "CREATE TABLE shop.many (no INT PRIMARY KEY, name VARCHAR(20))",
        "INSERT INTO shop.many VALUES " + ", ".join(f"({no}, 'row {no}')" for no in range(1, 5001)),
    )
    world.source = make_source({"table": "many", "key": ["no"], "deletions": "keys"})
    assert world.landed()["many"] == 5000
    assert sum(row["no"] for row in world.rows("many")) == 5000 * 5001 // 2


def test_bits_are_numbers_and_times_as_mariadb_writes_them(world: World, server: MariaDb) -> None:
    server.run(
        "CREATE TABLE shop.flag (no INT PRIMARY KEY, done BIT(1), mask BIT(8), late TIME)",
        "INSERT INTO shop.flag VALUES (1, b'1', b'10100101', '-01:30:00'), (2, b'0', NULL, '120:00:00')",
    )
    world.source = make_source({"table": "flag", "key": ["no"]})
    assert world.landed() == {"flag": 2}
    assert [(row["done"], row["mask"], row["late"]) for row in world.rows("flag")] == [
        (1, 165, "-01:30:00"),
        (0, None, "120:00:00"),
    ]


def test_keys_that_differ_in_case_alone_are_all_listed(world: World, server: MariaDb) -> None:
    server.run(
        "CREATE TABLE shop.part (code VARCHAR(10), plant INT)",  # nothing keeps the key unique
        """INSERT INTO shop.part SELECT concat(if(seq % 2, 'k', 'K'), lpad(seq div 2, 6, '0')), 1
        FROM shop.seq_1_to_45000""",
    )
    world.source = make_source({"table": "part", "key": ["code", "plant"], "deletions": "keys"})
    assert world.landed() == {"part": 45000, "part__keys": 45000}
