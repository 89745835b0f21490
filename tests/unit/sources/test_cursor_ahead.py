"""A cursor value that is yet to come, by the clock of the database, hides no change that comes before it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_source import World, make_source

from qmsreports.sources.sqlite import Sqlite

Sql = Callable[[str], None]
NOW = datetime.now(UTC)


def order(no: int, hours: float) -> str:
    """Row of an order that was changed so many hours from now."""
    return f"({no}, '{NOW + timedelta(hours=hours):%Y-%m-%d %H:%M:%S}')"


@pytest.mark.parametrize("type_", ["timestamp", "timestamptz", "date", "text"])
def test_a_value_of_the_far_future_hides_no_change(tmp_path: Path, postgresql_url: str, sql: Sql, type_: str) -> None:
    world = World(tmp_path, make_source({"table": "o", "key": ["no"], "cursor": "changed"}), postgresql_url)
    sql(f"CREATE TABLE o (no int, changed {type_})")
    sql(f"INSERT INTO o VALUES {order(1, -96)}, {order(2, 24 * 2000)}")
    first = world.land()
    assert world.landed(first) == {"o": 2}
    (said,) = map(str, first.warnings)
    assert '"changed" of 1 row lies in the future, up to' in said and "mend it at the source" in said
    assert world.landed() == {}
    sql(f"INSERT INTO o VALUES {order(3, -48)}")
    assert world.landed() == {"o": 1}
    assert [row["no"] for row in world.rows("o")] == [1, 2, 3]
    sql(f"UPDATE o SET changed = '{NOW - timedelta(hours=24):%Y-%m-%d}' WHERE no = 2")
    assert world.landed() == {"o": 1}
    assert world.landed() == {}


def test_local_times_of_a_zone_that_was_declared_wrongly_are_read_all_the_same(
    tmp_path: Path, postgresql_url: str, sql: Sql
) -> None:
    """Written in a zone two hours ahead, declared as UTC: whatever was changed lately seems to be yet to come."""
    world = World(tmp_path, make_source({"table": "o", "key": ["no"], "cursor": "changed"}), postgresql_url)
    sql("CREATE TABLE o (no int, changed timestamp)")
    sql(f"INSERT INTO o VALUES {order(1, 1.5)}")
    first = world.land()
    assert (world.landed(first), first.warnings, first.failures) == ({"o": 1}, (), ())
    assert world.landed() == {}
    sql(f"INSERT INTO o VALUES {order(2, 1.6)}, {order(3, -1)}")
    assert world.landed() == {"o": 2}
    assert world.landed() == {}


FORMS = {"text": "%Y-%m-%d %H:%M:%S", "with a zone": "%Y-%m-%dT%H:%M:%S+00:00", "date": "%Y-%m-%d", "digits": "%Y%m%d"}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_sqlite_has_the_clock_of_this_machine(tmp_path: Path, form: str) -> None:
    """2062 for 2026: what changed two days ago is seen all the same, and the mended value as well."""
    world = World(tmp_path, make_source({"table": "o", "key": ["no"], "cursor": "changed"}))
    world.sql("CREATE TABLE o (no INTEGER, changed TEXT)")
    world.insert("o", (1, f"{NOW - timedelta(hours=96):{form}}"), (2, f"{NOW.replace(year=2062, day=1):{form}}"))
    first = world.land()
    assert world.landed(first) == {"o": 2}
    (said,) = map(str, first.warnings)
    day = f"{NOW.replace(year=2062, day=1):{form}}"[:10]
    assert f'"changed" of 1 row lies in the future, up to {day}' in said
    assert world.landed() == {}
    world.insert("o", (3, f"{NOW - timedelta(hours=48):{form}}"))
    assert world.landed() == {"o": 1}
    world.sql(f"UPDATE o SET changed = '{NOW - timedelta(hours=24):{form}}' WHERE no = 2")
    assert world.landed() == {"o": 1}
    last = world.land()
    assert (world.landed(last), last.warnings) == ({}, ())


def test_a_boundary_that_an_earlier_release_put_into_the_future_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, make_source({"table": "o", "key": ["no"], "cursor": "changed"}))
    world.sql("CREATE TABLE o (no INTEGER, changed TEXT)")
    world.insert("o", (1, "2026-01-05 08:00:00"), (2, "2062-01-05 08:00:00"))
    with monkeypatch.context() as earlier:
        earlier.setattr(Sqlite, "clock", lambda _: None)
        assert world.landed() == {"o": 2}
        world.insert("o", (3, "2026-01-06 08:00:00"))
        assert world.landed() == {}  # hidden until 2062
    world.landed()
    assert {row["no"] for row in world.rows("o")} == {1, 2, 3}
    assert world.landed() == {}
    world.insert("o", (4, "2026-01-07 08:00:00"))
    assert world.landed() == {"o": 1}
