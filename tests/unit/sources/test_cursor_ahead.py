"""A cursor value that is yet to come, by the clock of the database, hides no change that comes before it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_source import World, make_source

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
