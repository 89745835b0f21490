"""One side of the benchmark, run once in this process: ``python -m benchmarks.kpi50.sides SIDE FOLDER``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import timing

Numbers = dict[str, float | None]
LAST = "2026-10"


def product(folder: Path, *, engine: str = "duckdb", month: bool = False) -> dict[str, Any]:
    """What the measure stage calls; with ``month`` for what rows that changed in the last month can have moved."""
    import deltalake  # noqa: F401
    import duckdb  # noqa: F401
    import pyarrow  # noqa: F401
    import sqlglot.dialects.duckdb  # noqa: F401

    from benchmarks.kpi50.definitions import AS_OF, KPIS, PERIODS, TABLES, catalog
    from qmsreports.kpi import measure
    from qmsreports.kpi.affected import affected
    from qmsreports.kpi.engine import engine_of
    from qmsreports.kpi.selection import select
    from qmsreports.lake import Lake

    own = catalog(folder)
    versions = {kpi.kpi: (1,) for kpi in KPIS}
    opener = engine_of(engine, spark=os.environ.get("QMSREPORTS_SPARK", ""))

    def work() -> dict[str, Any]:
        only = None
        if month:
            touched = {name: {c.name: {LAST} for c in table.columns} for name, table in TABLES.items()}
            only = affected(select(own, versions, PERIODS), touched)
        lake = Lake(str(folder))
        measured = measure(own, versions=versions, periods=PERIODS, lake=lake, as_of=AS_OF, engine=opener, only=only)
        return {"results": measured.results}

    said = timing.cost_of(work)
    results = said.pop("results")
    numbers = {
        key(result.kpi, str(result.period), "=".join(next(iter(result.slice.items()), ()))): result.value
        for result in results
    }
    return {
        **said,
        "numbers": {name: value for name, value in numbers.items() if value is not None},
        "values": len(results),
        "kpis": len(KPIS),
        **({"periods": [LAST]} if month else {}),
    }


def key(kpi: str, period: str, cut: str) -> str:
    """Return the name of one number."""
    return f"{kpi}|{period}|{cut}"


def spark(folder: Path) -> dict[str, Any]:
    """The product on Spark; its start is told apart."""
    from qmsreports.kpi.spark import session

    began = time.perf_counter()
    with session.session(os.environ.get("QMSREPORTS_SPARK", "")) as opened:
        opened.sql("SELECT 1").collect()
        return {"start": time.perf_counter() - began, **product(folder, engine="spark")}


def hand(folder: Path) -> dict[str, Any]:
    """The queries written for exactly these numbers."""
    import deltalake
    import duckdb
    import numpy  # noqa: F401

    from benchmarks.kpi50.by_hand import queries
    from benchmarks.kpi50.definitions import PERIODS, TABLES

    asked = {str(period) for period in PERIODS}

    def work() -> dict[str, Any]:
        numbers: Numbers = {}
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; SET memory_limit = '1GB'")
            for table in TABLES:
                files = deltalake.DeltaTable(str(folder / table)).file_uris()
                connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({files})")
            for names, slices, query in queries(connection):
                for period, *rest in connection.execute(query).fetchall():
                    cut = "".join(f"{s}={v}" for s, v in zip(slices, rest, strict=False) if v is not None)
                    for name, value in zip(names, rest[len(slices) :], strict=True):
                        if value is not None and period in asked:
                            numbers[key(name, period, cut)] = float(value)
        return {"numbers": numbers}

    return timing.cost_of(work)


def in_pandas(folder: Path) -> dict[str, Any]:
    """The same in pandas."""
    import deltalake  # noqa: F401
    import numpy  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from benchmarks.kpi50.by_pandas import numbers

    return timing.cost_of(lambda: {"numbers": numbers(folder)})


def main() -> None:
    """Run one side once and print its cost and numbers as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=["make", "product", "month", "hand", "pandas", "spark"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=0)
    asked = parser.parse_args()
    if asked.side == "make":
        from benchmarks.kpi50.rows import make

        make(asked.folder, asked.rows)
        said: dict[str, Any] = {"rows": asked.rows}
    elif asked.side in ("product", "month"):
        said = product(asked.folder, month=asked.side == "month")
    else:
        said = {"hand": hand, "pandas": in_pandas, "spark": spark}[asked.side](asked.folder)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
