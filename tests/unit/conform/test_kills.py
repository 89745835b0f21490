"""Killed at any instant of staging or publishing, a rerun ends with the same table and the same counts."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from landed_fixture import Line, item, make_source, order

ROWS = 10_000
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from landed_fixture import Line, make_source
import deltalake, duckdb, pyarrow.parquet, sqlglot
folder = Path(sys.argv[2])
line = Line(folder, make_source(folder / "catalog"))
print("ready", flush=True)
line.publish(line.stage())
"""


@pytest.mark.parametrize("seconds", [0.1, 0.4, 0.8])
def test_a_kill_loses_nothing_and_doubles_nothing(tmp_path: Path, seconds: float) -> None:
    line = Line(tmp_path, make_source(tmp_path / "catalog"))
    names = [f"A{number}" for number in range(ROWS)]
    line.land("1", so_item=[item(name) for name in names], sales_order=[order(name) for name in names])
    line.land("2", so_item=[item(name, qty=7.0, modified="2") for name in names[:10]])
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()
    staged = line.stage()
    assert staged is not None
    assert (staged.rows_in, staged.rows, staged.duplicates, staged.rejected) == (ROWS + 10, ROWS, 10, 0)
    published = line.publish(staged)
    assert (published.inserted + published.unchanged, published.updated, published.deleted) == (ROWS, 0, 0)
    assert published.version == 0, "one version, whoever wrote it"
    query = "SELECT count(*) AS n, count(DISTINCT order_line_id) AS keys, sum(quantity) AS pieces FROM order_lines"
    assert line.lake.read_sql(query, [line.table]).to_pylist() == [
        {"n": ROWS, "keys": ROWS, "pieces": 5.0 * (ROWS - 10) + 7.0 * 10}
    ]
