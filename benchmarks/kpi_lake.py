"""A lake of any size: the demo company's canonical tables, each row many times under other keys.

Months, slices and values stay as they are, so the KPIs keep their meaning; keys and references get the number of the
copy, and ends of durations move by up to a minute, so that as many different lengths occur as there would be.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

DONE = "rows.json"


def make(lake: Path, catalog: Path, target: Path, rows: int) -> dict[str, int]:
    """Write the tables that KPIs read from ``lake`` to ``target``, about ``rows`` rows together; kept when there."""
    from qmsreports.catalog.load import load_catalog
    from qmsreports.lake import Lake

    done = target / DONE
    if done.is_file():
        found: dict[str, int] = json.loads(done.read_text())
        return found
    shutil.rmtree(target, ignore_errors=True)
    loaded = load_catalog(catalog)
    read = {table for kpi in loaded.kpis.values() for table in _tables_of(loaded, kpi)}
    tables = {name: table for name, table in loaded.tables.items() if name in read}
    source = Lake(str(lake))
    with source.connect(tables.values(), memory="1GB") as connection:
        sizes = {name: connection.sql(f'SELECT count(*) FROM "{name}"').fetchall()[0][0] for name in tables}
        copies = max(1, round(rows / sum(sizes.values())))
        for name, table in tables.items():
            if source.exists(name):
                print(f"\rmaking {name:30}", end="", file=sys.stderr, flush=True)
                _multiply(connection, source, table, target / name, copies)
    print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    written = {name: size * copies for name, size in sizes.items()}
    done.write_text(json.dumps(written))
    return written


def _tables_of(catalog: Any, kpi: Any) -> set[str]:
    from qmsreports.kpi.selection import plan_in

    return {table for version in kpi.versions for table in plan_in(catalog, kpi, version).tables}


def _multiply(connection: Any, source: Any, table: Any, target: Path, copies: int) -> None:
    from deltalake import write_deltalake

    from qmsreports.lake import scan_of

    columns = ", ".join(
        f"{_copied(column, table)} AS {column.name}" if _copied(column, table) != column.name else column.name
        for column in table.columns
    )
    reader = connection.sql(
        f"""SELECT {columns}, _source, _load, _row, _month
        FROM {scan_of(source.uris(table.table))}, range({copies}) copies(i) ORDER BY _month"""
    ).arrow()
    write_deltalake(str(target), reader, partition_by=["_month"], target_file_size=64 * 2**20)


def _copied(column: Any, table: Any) -> str:
    """Return the SQL of a column in copy ``i``."""
    if column.name in table.key or column.name.endswith("_id"):
        return f"{column.name} || '-' || i"
    if column.type == "instant" and column.name != table.partition:
        return f"{column.name} + to_seconds((hash({column.name}, i) % 60)::BIGINT)"
    return str(column.name)
