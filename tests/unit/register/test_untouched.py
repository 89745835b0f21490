"""An edit of any row on record is named, on SQLite and on PostgreSQL alike; the program's own work never is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, and_, create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from qmsreports.errors import CouldNotRun
from qmsreports.period import Period
from qmsreports.records import DefinitionEntry, KpiResult
from qmsreports.register import journal, results, store, untouched
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.models import Base, JournalEntry, Pack, RowDigests, SqlText
from qmsreports.register.models.base import UtcInstant
from qmsreports.register.row_digests import digest
from qmsreports.register.store import Register

NOON = datetime(2026, 11, 2, 12, 0, 0, 250, tzinfo=UTC)
TABLES = [name for name in sorted(Base.metadata.tables) if name not in ("journal", "row_digests")]
MODELS = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}


def _value(table: str, column: Any, number: int) -> Any:
    """A value that differs from row to row, of the type that the column has."""
    if column.foreign_keys or (column.primary_key and column.type.python_type is int):
        return number
    if isinstance(column.type, UtcInstant):
        return NOON + timedelta(seconds=number)
    kind = column.type.python_type
    if kind is bool:
        return number % 2 == 0
    if kind is date:
        return date(2026, 10, number)
    values: dict[type, Any] = {
        str: f"{table} {column.name} ü€ {number}",
        int: 7 + number,
        float: 0.1 * number,
        object: {"b": number, "a": [0.1, None, "ü"]},
    }
    return values[kind]


def _fill(register: Register) -> None:
    """Write three rows into every table, in two transactions."""
    for numbers in ((1, 2), (3,)):
        with register.write() as session:
            for table in Base.metadata.sorted_tables:
                if table.name in TABLES:
                    session.add_all(
                        MODELS[table.name](**{column.name: _value(table.name, column, number) for column in table.c})
                        for number in numbers
                    )
                    session.flush()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Register]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('untouched') / 'register.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    with Register(url) as register:
        register.migrate()
        _fill(register)
        yield register


def _disarm(connection: Connection) -> None:
    """Take the triggers away, as whoever owns the database can."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET session_replication_role = replica"))
        return
    connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        connection.execute(text(f"DROP TRIGGER {name}"))


@contextmanager
def _disarmed(register: Register) -> Iterator[Connection]:
    """A connection without triggers whose transaction is undone."""
    with register.engine.connect() as connection:
        try:
            _disarm(connection)
            yield connection
        finally:
            connection.rollback()
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET session_replication_role = origin"))


def _named(connection: Connection) -> list[str]:
    with Session(connection) as session:
        return [f"{finding.where}: {finding.what}" for finding in untouched.compare(session)]


def _is_row(table: Table, number: int) -> Any:
    return and_(*(column == _value(table.name, column, number) for column in table.primary_key))


def _name(table: Table, number: int) -> str:
    return f"{table.name} row " + " ".join(str(_value(table.name, column, number)) for column in table.primary_key)


def test_what_the_program_wrote_is_as_it_was_written(filled: Register) -> None:
    with filled.read() as session:
        assert list(untouched.compare(session)) == []
        assert journal.verify(session) == []


@pytest.mark.parametrize("name", TABLES)
def test_an_altered_a_removed_and_an_added_row_are_named(filled: Register, name: str) -> None:
    table = Base.metadata.tables[name]
    with _disarmed(filled) as connection:
        for column in table.columns:
            if column.primary_key:
                continue
            undo = connection.begin_nested()
            other = 1 if column.foreign_keys else _value(name, column, 5)
            connection.execute(table.update().where(_is_row(table, 2)).values({column: other}))
            assert _named(connection) == [f"{_name(table, 2)}: was changed after it was written"], column.name
            undo.rollback()
        undo = connection.begin_nested()
        connection.execute(table.delete().where(_is_row(table, 2)))
        assert _named(connection) == [f"{_name(table, 2)}: was removed"]
        undo.rollback()
        connection.execute(table.insert(), {column.name: _value(name, column, 4) for column in table.columns})
        assert _named(connection) == [f"{_name(table, 4)}: was not written by qmsreports"]


def test_a_row_has_one_digest_whatever_database_holds_it(register: Register) -> None:
    """The text of the row is written out by hand: columns in their order, instant in UTC, JSON with sorted keys."""
    moment = datetime(2026, 11, 2, 13, 0, 0, 250, tzinfo=timezone(timedelta(hours=1)))
    with register.write() as session:
        session.add(
            Pack(
                run_id="r", review="monthly", period="2026-10", edition=1, status="draft", inputs="i", folder="/x",
                manifest={"b": 0.1, "a": ["ü"]}, headline=["One."], built_at=moment, approved_at=None,
            )
        )  # fmt: skip
    row = (
        r'[1,"r","monthly","2026-10",1,"draft","i","/x","{\"a\":[\"\\u00fc\"],\"b\":0.1}","[\"One.\"]","",'
        r'"2026-11-02 12:00:00.000250","",null]'
    )
    with register.read() as session:
        kept = session.scalars(select(RowDigests)).one()
        assert (kept.table_name, kept.keys) == ("packs", [[1, 1]])
        assert kept.digests == hashlib.sha256(row.encode()).digest()
        entry = session.scalars(select(JournalEntry)).one()
        assert (entry.id, entry.action, entry.subject, entry.at) == (kept.entry, "write", "packs", moment)
        assert entry.detail["packs"]["rows"] == 1


def test_a_state_that_moves_on_is_digested_anew_and_one_set_back_is_named(register: Register) -> None:
    with register.write() as session:
        journal.start_run(session, run_id="r1", kind="ingest", period="", at=NOON)
        journal.start_run(session, run_id="r2", kind="ingest", period="", at=NOON)
    with register.write() as session:
        journal.finish_run(session, run_id="r1", status="failed", message="no disk", at=NOON + timedelta(hours=1))
    with register.read() as session:
        assert list(untouched.compare(session)) == []
    with _disarmed(register) as connection:
        connection.execute(text("UPDATE runs SET status = 'running', message = '', finished_at = NULL"))
        assert _named(connection) == ["runs row r1: was changed after it was written"]


def test_a_write_that_writes_nothing_and_one_that_fails_leave_no_entry(register: Register) -> None:
    with register.write():
        pass
    with pytest.raises(RuntimeError), register.write() as session:
        session.add(SqlText(sha256="s", engine="duckdb", text="SELECT 1"))
        session.flush()
        raise RuntimeError
    with register.read() as session:
        assert journal.head(session).entries == 0
        assert list(untouched.compare(session)) == []


def _result(number: int) -> KpiResult:
    return KpiResult(
        kpi=f"kpi_{number}", version=1, period=Period.parse("2026-10"), slice={}, unit="percent", value=number / 3,
        numerator=1.0, denominator=3.0, n=3, low=None, high=None, target=None, near=None, status="no_target",
        provisional=False, fingerprint="f", sql="s", table_versions={"order_lines": 3},
    )  # fmt: skip


def test_many_rows_written_at_once_are_named_as_runs_of_numbers(register: Register) -> None:
    with register.write() as session:
        results.add_results(session, [(_result(n), 0, "first") for n in range(1, 2501)], run_id="r", at=NOON)
    with register.read() as session:
        assert journal.head(session).entries == 1
        assert list(untouched.compare(session)) == []
    with _disarmed(register) as connection:
        connection.execute(text("UPDATE results SET value = 50 WHERE id IN (7, 8, 9, 2400)"))
        connection.execute(text("DELETE FROM results WHERE id % 100 = 1"))
        named = ", ".join(str(number) for number in range(1, 1200, 100))
        assert _named(connection) == [
            "results rows 7-9, 2400: were changed after they were written",
            f"results rows {named} and 13 more: were removed",
        ]


def test_digests_that_were_edited_or_removed_are_named(register: Register) -> None:
    with register.write() as session:
        session.add(SqlText(sha256="s", engine="duckdb", text="SELECT 1"))
    forged = digest(["s", "duckdb", "SELECT 2"])
    with _disarmed(register) as connection:
        connection.execute(text("UPDATE sql_texts SET text = 'SELECT 2'"))
        connection.execute(text("UPDATE row_digests SET digests = :forged"), {"forged": forged})
        assert _named(connection) == ["row_digests row 1: was changed after it was written"]
        connection.execute(text("DELETE FROM row_digests"))
        assert _named(connection) == [
            "row_digests: of journal entry 1, table sql_texts, were removed",
            "sql_texts row s: was not written by qmsreports",
        ]


def test_digests_without_their_entry_are_named_and_rows_still_compared(register: Register) -> None:
    for number in range(2):
        with register.write() as session:
            session.add(SqlText(sha256=f"s{number}", engine="duckdb", text="SELECT 1"))
    with _disarmed(register) as connection:
        connection.execute(text("DELETE FROM journal WHERE id = 2"))
        connection.execute(text("UPDATE sql_texts SET engine = 'spark' WHERE sha256 = 's1'"))
        what = "journal has no entry of them: it was removed, or they were not written by qmsreports"
        assert _named(connection) == [
            f"row_digests row 2: {what}",
            "sql_texts row s1: was changed after it was written",
        ]


def _alembic(register: Register) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.attributes["engine"] = register.engine
    return config


def test_a_register_of_before_is_taken_over_by_one_entry(unmigrated: Register) -> None:
    command.upgrade(_alembic(unmigrated), "0010")
    with unmigrated.engine.begin() as connection:  # by the columns of then
        there = inspect(connection)
        for table in Base.metadata.sorted_tables:
            if table.name in TABLES:
                held = {column["name"] for column in there.get_columns(table.name)}
                columns = [column for column in table.c if column.name in held]
                rows = [{column.name: _value(table.name, column, at) for column in columns} for at in (1, 2, 3)]
                of_then = sqlalchemy.table(table.name, *(sqlalchemy.column(each.name, each.type) for each in columns))
                connection.execute(of_then.insert(), rows)
    unmigrated.migrate()
    with unmigrated.read() as session:
        entries = session.scalars(select(JournalEntry)).all()
        assert [(entry.action, entry.subject) for entry in entries] == [("write", "everything on record")]
        assert {table: said["rows"] for table, said in entries[0].detail.items()} == dict.fromkeys(TABLES, 3)
        assert [*untouched.compare(session), *journal.verify(session)] == []
    with _disarmed(unmigrated) as connection:
        connection.execute(text("UPDATE feeds SET quarantined = 0 WHERE id = 2"))
        assert _named(connection) == ["feeds row 2: was changed after it was written"]


def test_a_register_that_was_set_back_and_forth_says_from_where_on_edits_are_found(register: Register) -> None:
    with register.write() as session:
        session.add(SqlText(sha256="s", engine="duckdb", text="SELECT 1"))
    command.downgrade(_alembic(register), "0010")
    register.migrate()
    with register.read() as session:
        said = [f"{finding.where}: {finding.what}" for finding in untouched.compare(session)]
        assert said == ["journal entry 2: took over what was on record anew: the schema had been set back"]


@pytest.mark.parametrize("name", ["catalog_versions", "feeds", "validations", "loads", "notices", "conformed_loads"])
def test_the_database_refuses_to_change_what_never_changes(filled: Register, name: str) -> None:
    column = list(Base.metadata.tables[name].columns)[1].name
    for statement in (f"UPDATE {name} SET {column} = 'x'", f"DELETE FROM {name}"):
        with pytest.raises(DBAPIError, match=f"{name} is append-only"), filled.write() as session:
            session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM runs",
        "UPDATE runs SET started_at = finished_at",
        "DELETE FROM quarantine",
        "UPDATE quarantine SET first_seen = settled_at",
        "UPDATE quarantine SET row_key = 'x'",
    ],
)
def test_a_run_and_a_row_in_quarantine_may_only_move_on(filled: Register, statement: str) -> None:
    with pytest.raises(DBAPIError, match="is append-only"), filled.write() as session:
        session.execute(text(statement))


def test_a_definition_that_somebody_wrote_into_is_not_read(register: Register) -> None:
    records = CatalogRecords(register)
    records.propose([DefinitionEntry("targets", "otif", 1, None, "f", "w", "meet: 94")], by="anna", at=NOON)
    records.approve(records.definitions(), by="bert", at=NOON)
    with register.engine.begin() as connection:
        _disarm(connection)
        connection.execute(text("UPDATE catalog_versions SET text = 'meet: 80'"))
    with pytest.raises(CouldNotRun, match="catalog_versions row 1: was changed after it was written"):
        records.definitions()
