"""PostgreSQL: what row-level security hides, schemas and views, session settings, and the stream of plain types."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from small_source import World, make_source

Sql = Callable[[str], None]


@pytest.fixture
def sql(sql: Sql) -> Sql:
    """Run a statement as its owner in an empty database that has an account which may only read."""
    sql("DROP SCHEMA IF EXISTS crm CASCADE")
    sql("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    sql("GRANT USAGE ON SCHEMA public TO reader")
    return sql


@pytest.fixture
def world(tmp_path: Path, postgresql_url: str, sql: Sql) -> World:
    return World(tmp_path, make_source(), postgresql_url.replace("postgres:@", "reader:@"))


def with_cases(sql: Sql) -> None:
    sql('CREATE TABLE "case" (id integer PRIMARY KEY, org text, changed timestamptz)')
    sql(
        """INSERT INTO "case" VALUES (1, 'north', '2026-10-01 08:00+00'), (2, 'south', '2026-10-02 08:00+00'),
        (3, 'north', '2026-10-03 08:00+00')"""
    )
    sql('ALTER TABLE "case" ENABLE ROW LEVEL SECURITY')
    sql("""CREATE POLICY own ON "case" USING (org = current_setting('app.current_org', true))""")
    sql('GRANT SELECT ON "case" TO reader')


CASE = {"table": "case", "key": ["id"], "cursor": "changed"}


# --- row-level security ----------------------------------------------------------------------------------------------
def test_rows_hidden_at_the_first_visit_are_no_empty_table(world: World, sql: Sql) -> None:
    with_cases(sql)
    world.source = make_source(CASE)
    assert world.one_failure() == (
        'source shop, table case: table "case" shows no row; row-level security hides rows of it from this account '
        "(never landed so far); name the setting that its policies ask for under session in source.yaml, or let the "
        "account see all rows"
    )
    sql('ANALYZE "case"')
    assert "row-level security hides about 3 rows of it from this account" in world.one_failure()


def test_the_setting_of_the_session_shows_the_rows_of_the_organisation(world: World, sql: Sql) -> None:
    with_cases(sql)
    world.source = make_source(CASE).model_copy(update={"session": {"app.current_org": "north"}})
    assert world.landed() == {"case": 2}
    assert [row["id"] for row in world.rows("case")] == [1, 3]
    sql("""INSERT INTO "case" VALUES (4, 'south', '2026-10-04 08:00+00'), (5, 'north', '2026-10-05 08:00+00')""")
    assert world.landed() == {"case": 1}


def test_rows_hidden_below_a_view_and_in_partitions_are_no_empty_table(world: World, sql: Sql) -> None:
    with_cases(sql)
    sql('CREATE VIEW seen WITH (security_invoker = true) AS SELECT * FROM "case"')
    sql("CREATE VIEW through AS SELECT * FROM seen")
    sql("CREATE TABLE parted (id integer, org text, changed timestamptz) PARTITION BY LIST (org)")
    sql("CREATE TABLE parted_north PARTITION OF parted FOR VALUES IN ('north')")
    sql("INSERT INTO parted VALUES (1, 'north', '2026-10-01 08:00+00')")
    sql("ALTER TABLE parted ENABLE ROW LEVEL SECURITY")
    sql("CREATE POLICY own ON parted USING (org = current_setting('app.current_org', true))")
    sql("GRANT SELECT ON seen, through, parted TO reader")
    hides = "row-level security hides rows of case, which it reads, from this account"
    setting = "name the setting that its policies ask for under session in source.yaml, or let the account see all rows"

    def said(table: str, **more: Any) -> list[str]:
        world.source = make_source(CASE | {"table": table} | more)
        return [f"{failure.finding.what}; {failure.finding.todo}" for failure in world.land().failures]

    assert said("parted") == [
        'source shop, table parted: table "parted" shows no row; row-level security hides rows of it from this account '
        f"(never landed so far); {setting}"
    ]
    assert said("seen") == [
        f'source shop, table seen: table "seen" shows no row; {hides} (never landed so far); {setting}; '
        "a view that is empty in earnest: may_be_empty: true"
    ]
    assert said("seen", may_be_empty=True) == []
    # by the rights of its owner, who may see all, the outer view finds no policy in the way: it really is empty
    sql('DELETE FROM "case"')
    assert said("through") == []


def test_dates_and_times_that_python_does_not_know_land_as_they_are_beside_json(world: World, sql: Sql) -> None:
    sql("CREATE TABLE item (id integer PRIMARY KEY, note jsonb, due date, at timestamptz, local timestamp, tod time)")
    sql(
        """INSERT INTO item VALUES (1, '{"a": 1}', 'infinity', '-infinity', 'infinity', '24:00'),
        (2, NULL, '0044-03-15 BC', '2026-10-01 08:00+00', '2026-10-01 08:00', '08:00'),
        (3, '[]', NULL, NULL, NULL, NULL)"""
    )
    sql("GRANT SELECT ON item TO reader")
    world.source = make_source({"table": "item", "key": ["id"]})
    assert world.landed() == {"item": 3}
    first, second, third = world.rows("item")
    assert first == {
        "id": 1, "note": '{"a": 1}', "due": "infinity", "at": "-infinity", "local": "infinity", "tod": "24:00:00",
    }  # fmt: skip
    assert (second["due"], second["local"], second["tod"]) == ("0044-03-15 BC", "2026-10-01 08:00:00", "08:00:00")
    assert datetime.fromisoformat(second["at"]) == datetime(2026, 10, 1, 8, tzinfo=UTC)
    assert (third["note"], third["due"]) == ("[]", None)


@pytest.mark.parametrize("may_be_empty", [False, True])
def test_rows_that_a_policy_hides_later_are_told_apart_from_a_deletion(
    world: World, sql: Sql, may_be_empty: bool
) -> None:
    with_cases(sql)
    seen = make_source(CASE).model_copy(update={"session": {"app.current_org": "north"}})
    assert world.landed(world.land(seen)) == {"case": 2}
    world.source = make_source({**CASE, "may_be_empty": may_be_empty})
    assert "is suddenly empty (2 rows landed so far; row-level security hides rows of it" in world.one_failure()


def test_a_table_that_really_is_empty_lands_empty(world: World, sql: Sql) -> None:
    with_cases(sql)
    sql('TRUNCATE "case"')
    world.source = make_source(CASE)
    assert not world.land().failures


# --- session, schemas, permissions -----------------------------------------------------------------------------------
def test_schemas_views_and_materialised_views(world: World, sql: Sql) -> None:
    sql("CREATE SCHEMA crm")
    sql("CREATE TABLE crm.deal (no text PRIMARY KEY, amount numeric(10, 2))")
    sql("INSERT INTO crm.deal VALUES ('D1', 10.50), ('D2', NULL)")
    sql("CREATE VIEW crm.won AS SELECT * FROM crm.deal WHERE amount IS NOT NULL")
    sql("CREATE MATERIALIZED VIEW crm.kept AS SELECT * FROM crm.deal")
    sql("GRANT USAGE ON SCHEMA crm TO reader")
    sql("GRANT SELECT ON ALL TABLES IN SCHEMA crm TO reader")
    feeds = [{"table": name, "schema": "crm", "key": ["no"]} for name in ("deal", "won", "kept")]
    world.source = make_source(*feeds)
    assert world.landed() == {"deal": 2, "won": 1, "kept": 2}
    assert world.rows("won") == [{"no": "D1", "amount": 10.5}]
    world.source = make_source({"table": "deals", "schema": "crm", "key": ["no"]})
    assert 'there is no table "deals"; did you mean "deal"?' in world.one_failure()
    world.source = make_source({"table": "deal", "schema": "cmr", "key": ["no"]})
    assert 'there is no schema "cmr"; did you mean "crm"?' in world.one_failure()


def test_a_table_the_account_may_not_read(world: World, sql: Sql) -> None:
    sql("CREATE TABLE secret (no text PRIMARY KEY)")
    world.source = make_source({"table": "secret", "key": ["no"]})
    assert world.one_failure() == (
        "source shop, table secret: reading stopped (permission denied for table secret) (never landed so far); "
        "let the account read it (GRANT SELECT), then run again"
    )


def test_a_visit_can_change_nothing(world: World, sql: Sql) -> None:
    sql("CREATE TABLE counter (n integer)")
    sql(
        """CREATE FUNCTION bump() RETURNS integer LANGUAGE sql SECURITY DEFINER AS
        'INSERT INTO counter VALUES (1) RETURNING n'"""
    )
    sql("CREATE TABLE one (no integer PRIMARY KEY)")
    sql("INSERT INTO one VALUES (1)")
    sql("CREATE VIEW counted AS SELECT no, bump() AS n FROM one")
    sql("GRANT SELECT ON counted TO reader")
    world.source = make_source({"table": "counted", "key": ["no"]})
    assert "cannot execute INSERT in a read-only transaction" in world.one_failure()


def test_a_statement_that_takes_too_long_stops_its_table_only(world: World, sql: Sql) -> None:
    sql("CREATE VIEW slow AS SELECT 1 AS no, pg_sleep(30)::text AS waited")
    sql("CREATE TABLE quick (no integer PRIMARY KEY)")
    sql("INSERT INTO quick VALUES (1)")
    sql("GRANT SELECT ON slow, quick TO reader")
    feeds = ({"table": name, "key": ["no"]} for name in ("slow", "quick"))
    # the limit holds for the quick table, too, and a busy machine may take a second for it
    world.source = make_source(*feeds).model_copy(update={"statement_timeout": 3})
    result = world.land()
    assert {table.table: table.rows for table in result.tables} == {"quick": 1}
    (failure,) = result.failures
    assert "canceling statement due to statement timeout" in str(failure.finding)
    assert "raise statement_timeout in source.yaml" in str(failure.finding)


@pytest.mark.parametrize("name", ["app.current_org; DROP TABLE x", "no_such_setting"])
def test_a_setting_that_is_none(world: World, sql: Sql, name: str) -> None:
    with_cases(sql)
    world.source = make_source(CASE).model_copy(update={"session": {name: "1"}})
    assert "check session in source.yaml" in world.one_failure()


def test_a_setting_for_a_database_that_has_none(tmp_path: Path) -> None:
    shop = World(tmp_path)
    shop.sql("CREATE TABLE orders (no TEXT, quantity INTEGER, changed TEXT)")
    shop.source = shop.source.model_copy(update={"session": {"a": "b"}})
    assert "SQLite knows no session settings" in shop.one_failure()


# --- the stream ------------------------------------------------------------------------------------------------------
def test_plain_types_come_through_the_stream_as_they_are(
    world: World, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qmsreports.sources.database.arrow_table", None)  # what reads row by row
    sql(
        """CREATE TABLE plain (no bigint, small smallint, text text, code char(3), share real, amount numeric, paid
        boolean, day date, local timestamp, instant timestamptz, uid uuid)"""
    )
    sql(
        """INSERT INTO plain VALUES
        (9007199254740993, -1, 'a "b", c\nd', 'ab', 0.1, 1234567890.12345, true, '2026-10-25', '2026-10-25 02:30',
         '2026-10-25 02:30:00.000001+02', '0190a2c1-0000-7000-8000-000000000001'),
        (2, NULL, '', NULL, 'NaN', NULL, false, NULL, NULL, NULL, NULL),
        (3, 0, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL)"""
    )
    sql("GRANT SELECT ON plain TO reader")
    world.source = make_source({"table": "plain", "key": ["no"], "cursor": "no"})
    assert world.landed() == {"plain": 3}
    (table,) = world.tables("plain")
    moment, instant = pa.timestamp("us"), pa.timestamp("us", "UTC")
    kinds = [pa.int64(), pa.int64(), pa.string(), pa.string(), pa.float64(), pa.float64(), pa.bool_(), pa.date32()]
    assert table.schema.types == [*kinds, moment, instant, pa.string()]
    first, second, third = table.to_pylist()
    assert list(first.values()) == [
        9007199254740993,
        -1,
        'a "b", c\nd',
        "ab ",
        0.1,
        1234567890.12345,
        True,
        date(2026, 10, 25),
        datetime(2026, 10, 25, 2, 30),  # noqa: DTZ001 - the column has no zone
        datetime(2026, 10, 25, 0, 30, 0, 1, UTC),
        "0190a2c1-0000-7000-8000-000000000001",
    ]
    assert second["share"] != second["share"]
    assert (second["text"], third["text"], second["paid"], third["paid"]) == ("", None, False, None)


def test_a_value_that_does_not_fit_makes_its_column_text_and_no_other(world: World, sql: Sql) -> None:
    sql("CREATE TABLE odd (no integer, day date, amount numeric, paid boolean)")
    sql("INSERT INTO odd VALUES (1, 'infinity', 0.1234567890123456, true), (2, '2026-10-25', 1, NULL)")
    sql("GRANT SELECT ON odd TO reader")
    world.source = make_source({"table": "odd", "key": ["no"], "cursor": "no"})
    assert world.landed() == {"odd": 2}
    assert world.rows("odd") == [
        {"no": 1, "day": "infinity", "amount": "0.1234567890123456", "paid": True},
        {"no": 2, "day": "2026-10-25", "amount": "1", "paid": None},
    ]
    sql("INSERT INTO odd VALUES (3, '2026-10-26', 2, false)")
    assert world.landed() == {"odd": 1}
    assert world.rows("odd")[2]["day"] == "2026-10-26"


def test_a_cursor_of_text_and_one_of_times_go_on_where_they_were(world: World, sql: Sql) -> None:
    sql("CREATE TABLE notes (no integer, written text)")
    sql("INSERT INTO notes VALUES (1, '2026-10-01 08:00:00'), (2, '31.10.2026'), (3, NULL)")
    sql("GRANT SELECT ON notes TO reader")
    world.source = make_source({"table": "notes", "key": ["no"], "cursor": "written"})
    assert world.landed() == {"notes": 3}
    assert world.landed() == {}
    sql("INSERT INTO notes VALUES (4, '2026-10-01 08:00:00'), (5, '2026-09-30 08:00:00'), (6, NULL)")
    assert [row["no"] for row in world.rows("notes")] == [1, 2, 3]
    assert world.landed() == {"notes": 2}
    assert sorted(row["no"] for row in world.rows("notes")) == [1, 2, 3, 4, 6]


def test_a_stream_of_many_blocks_that_is_left_early(world: World, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qmsreports.sources.copied.BLOCK", 20_000)
    sql(
        """CREATE TABLE many AS SELECT n AS no, 'text of row ' || n AS text, timestamp '2026-01-01' + n *
        interval '1 second' AS changed FROM generate_series(1, 5000) n"""
    )
    sql("CREATE TABLE few AS SELECT 1 AS no")
    sql("GRANT SELECT ON many, few TO reader")
    world.source = make_source({"table": "many", "key": ["no"], "cursor": "changed"}, {"table": "few", "key": ["no"]})
    assert world.landed() == {"many": 5000, "few": 1}
    sql("UPDATE many SET changed = changed + interval '1 day'")
    again = world.land()
    assert again.failures == ()
    assert world.landed(again) == {"many": 5000}
    assert sum(row["no"] for row in world.rows("many")) == 2 * 5000 * 5001 // 2


def test_a_stream_that_is_left_between_two_blocks_leaves_a_connection_that_can_go_on(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that reads ahead finds out in the middle of a block that nobody wants the rest."""
    import threading

    import psycopg

    from qmsreports.sources import copied

    monkeypatch.setattr(copied, "BLOCK", 1000)
    with psycopg.connect(postgresql_url.replace("postgresql+psycopg://", "postgresql://")) as raw:
        left = threading.Event()
        blocks = copied._blocks(raw, "SELECT n, repeat('x', 100) FROM generate_series(1, 2000000) n", left)
        assert len(next(blocks)) >= 1000
        left.set()
        assert list(blocks) == []
        assert raw.info.transaction_status == psycopg.pq.TransactionStatus.INERROR  # ended at the server
        raw.rollback()
        assert raw.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_cut_in_the_middle_of_a_table_lands_nothing_of_it_and_the_next_visit_all(
    world: World, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qmsreports.sources import copied

    monkeypatch.setattr(copied, "BLOCK", 100_000)
    parsed, cut = copied._parsed, []

    def cutting(*arguments: Any) -> Any:
        if len(cut) == 3:  # some blocks were read
            sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        cut.append(1)
        return parsed(*arguments)

    monkeypatch.setattr(copied, "_parsed", cutting)
    sql("CREATE TABLE many AS SELECT n AS no, repeat('x', 100) AS text FROM generate_series(1, 200000) n")
    sql("CREATE TABLE few AS SELECT 1 AS no")
    sql("GRANT SELECT ON many, few TO reader")
    world.source = make_source({"table": "few", "key": ["no"]}, {"table": "many", "key": ["no"]})
    told = {failure.table: str(failure.finding) for failure in world.land().failures}
    assert set(told) == {"many"} and world.rows("few") == [{"no": 1}]  # a new connection reads what is left
    assert told["many"].startswith("source shop, table many: reading stopped (") and "\n" not in told["many"]
    assert world.rows("many") == [] and world.landed() == {"many": 200_000}
    assert [row["no"] for row in world.rows("many")] == list(range(1, 200_001))


def test_a_cursor_that_is_empty_for_rows_never_changed(world: World, sql: Sql) -> None:
    sql("CREATE TABLE party (id integer, name text, write_date timestamp, create_date timestamp)")
    sql(
        """INSERT INTO party VALUES (1, 'never changed', NULL, '2026-10-01 08:00'),
        (2, 'changed', '2026-10-02 08:00:00.5', '2026-10-01 08:00')"""
    )
    sql("GRANT SELECT ON party TO reader")
    world.source = make_source({"table": "party", "key": ["id"], "cursor": "write_date", "cursor_else": "create_date"})
    assert world.landed() == {"party": 2}
    assert [row["_changed"].isoformat() for row in world.rows("party")] == [
        "2026-10-01T08:00:00",
        "2026-10-02T08:00:00.500000",
    ]
    assert world.landed() == {}
    sql("INSERT INTO party VALUES (3, 'new', NULL, '2026-10-03 08:00')")
    sql("UPDATE party SET name = 'now', write_date = '2026-10-03 08:00' WHERE id = 1")
    assert world.landed() == {"party": 2}
    world.source = make_source({"table": "party", "key": ["id"], "cursor": "write_date", "cursor_else": "created"})
    assert 'there is no column "created"; did you mean "create_date"?' in world.one_failure()


# --- rows that commit late -------------------------------------------------------------------------------------------
def test_late_rows_are_fetched_by_keys_of_any_type(world: World, sql: Sql) -> None:
    sql("CREATE TABLE visit (id uuid, nth numeric(30), changed timestamptz, note jsonb)")
    sql("CREATE TABLE shift (day date, no integer, changed timestamptz)")
    first = "0c0f4e5e-0000-4000-8000-000000000001"
    sql(f"INSERT INTO visit VALUES ('{first}', 12345678901234567890, '2026-10-02 08:00+00', '{{}}')")
    sql("INSERT INTO shift VALUES ('2026-10-01', 1, '2026-10-02 08:00+00')")
    sql("GRANT SELECT ON visit, shift TO reader")
    keys = {"cursor": "changed", "deletions": "keys"}
    world.source = make_source(
        {"table": "visit", "key": ["id", "nth"], **keys}, {"table": "shift", "key": ["day", "no"], **keys}
    )
    world.land()
    sql(f"INSERT INTO visit VALUES ('{first[:-1]}2', 12345678901234567891, '2026-09-02 08:00+00', '{{}}')")
    sql("INSERT INTO shift VALUES ('2026-09-01', 2, '2026-09-02 08:00+00')")
    assert world.landed() == {"visit": 1, "visit__keys": 2, "shift": 1, "shift__keys": 2}
    assert world.rows("visit")[-1]["id"] == first[:-1] + "2"
    assert world.rows("shift")[-1]["no"] == 2
