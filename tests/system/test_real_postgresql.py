"""SQL sources on a real PostgreSQL 15: everything that is tested on the bundled one, and values beside connectorx."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qmsreports.sources.database import SqlAlchemyDatabase
from tests.system.conftest import ROOT
from tests.system.real.postgresql import Server, postgresql_15
from tests.system.real.servers import memory_folder
from tests.unit.sources.small_source import World, make_source

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with memory_folder() as folder, postgresql_15(folder) as running:
        yield running


def test_what_holds_on_the_bundled_server_holds_on_postgresql_15(server: Server) -> None:
    """Row-level security, session settings, schemas, views, read-only visits, time-outs, the stream, cursors."""
    assert str(server.rows("SHOW server_version")[0][0]).startswith("15.")
    server.run("CREATE DATABASE tested")
    url = f"postgresql+psycopg://postgres:@/tested?host={server.folder}&port={server.port}"
    files = [ROOT / "tests/unit/sources" / name for name in ("test_land_postgresql.py", "test_checking.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        env={**os.environ, "QMSREPORTS_TEST_POSTGRESQL": url},
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert " skipped" not in done.stdout


def plain(value: Any) -> Any:
    """A value as every way of reading has it: moments in UTC, days as days."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def test_the_stream_the_rows_and_connectorx_read_the_same_values(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import connectorx

    server.run("CREATE DATABASE plain")
    server.run(
        """CREATE TABLE item AS SELECT n::bigint AS no, (n % 300 - 150)::smallint AS small, n * 7919 % 100000 AS whole,
        CASE WHEN n % 5 > 0 THEN 'Pumpe ' || n || E' "Ö" \\\\ \\t\\n 100 %' ELSE CASE WHEN n % 2 = 0 THEN '' END END
        AS name,
        (n / 7.0)::double precision AS share, (n / 8.0)::numeric(12, 3) AS amount, n % 3 = 0 AS paid,
        date '1969-12-20' + n AS day, timestamp '2026-10-25 00:00' + n * interval '977.000001 seconds' AS local,
        timestamptz '2026-03-29 00:00+01' + n * interval '13 minutes' AS moment,
        CASE WHEN n % 11 > 0 THEN n END AS sometimes FROM generate_series(1, 30000) n""",
        "CREATE ROLE auditor LOGIN", "GRANT SELECT ON item TO auditor", database="plain",
    )  # fmt: skip
    url = server.url("auditor", "plain")
    ways: dict[str, list[dict[str, Any]]] = {}
    for way in ("stream", "rows"):
        if way == "rows":
            monkeypatch.setattr(SqlAlchemyDatabase, "_copyable", lambda _self, _table: None)
        world = World(tmp_path / way, make_source({"table": "item", "key": ["no"], "cursor": "moment"}), url)
        assert world.landed() == {"item": 30_000}
        ways[way] = sorted(world.rows("item"), key=lambda row: row["no"])
        assert world.landed() == {}
    reference = connectorx.read_sql(url, "SELECT * FROM item ORDER BY no", return_type="arrow").to_pylist()
    for nth, (expected, streamed, by_row) in enumerate(zip(reference, ways["stream"], ways["rows"], strict=True)):
        assert streamed == by_row, nth
        assert {name: plain(value) for name, value in streamed.items()} == {
            name: plain(float(value) if name == "amount" else value) for name, value in expected.items()
        }


def test_a_foreign_table_is_read_like_any_other(server: Server, tmp_path: Path) -> None:
    server.run("DROP DATABASE IF EXISTS abroad", "CREATE DATABASE abroad")
    server.run(
        "CREATE EXTENSION file_fdw",
        "CREATE SERVER elsewhere FOREIGN DATA WRAPPER file_fdw",
        "CREATE FOREIGN TABLE parcel (no int) SERVER elsewhere OPTIONS (program 'echo 7')",
        database="abroad",
    )
    world = World(tmp_path, make_source({"table": "parcel", "key": ["no"]}), server.url("postgres", "abroad"))
    assert world.landed() == {"parcel": 1}
    assert world.rows("parcel") == [{"no": 7}]
