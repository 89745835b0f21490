"""The KPI stage on DuckDB and on Spark, over the same files.

    python -m benchmarks.kpi_engines --rows 5000000

Computes 36 months of the KPIs in ``kpi_scan_definitions`` over the rows of ``kpi_scan_rows``, each engine in a process
of its own. ``QMSREPORTS_SPARK`` says which Spark. Prints seconds until the engine stands, seconds of computing, CPU
seconds of the process and all that it started, and whether every number is the same; exit code 1 when one is not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.kpi_scan import by_engine, compared
from benchmarks.kpi_scan_definitions import SETS
from benchmarks.kpi_scan_rows import make

ENGINES = ("duckdb", "spark")


def run_once(engine: str, folder: Path) -> dict[str, Any]:
    """Start the engine, compute every set once, stop it."""
    began = time.perf_counter()
    session = _start() if engine == "spark" else None
    ready = time.perf_counter()
    numbers = {f"{label}|{key}": value for label in SETS for key, value in by_engine(folder, label, engine).items()}
    done = time.perf_counter()
    if session is not None:
        session.stop()
        _end_java()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(entry.ru_utime + entry.ru_stime for entry in used)
    return {"start": ready - began, "compute": done - ready, "cpu": cpu, "numbers": numbers}


def _start() -> Any:
    from qmsreports.kpi.spark import session

    with session.session(os.environ.get("QMSREPORTS_SPARK", "")) as opened:
        opened.sql("SELECT 1").collect()
        return opened


def _end_java() -> None:
    """Wait for the Java process, so that its CPU time is counted; a Connect server is another machine's."""
    from pyspark import SparkContext

    gateway = getattr(SparkContext, "_gateway", None)
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000, help="order lines; a tenth as many tickets")
    parser.add_argument("--seed", type=int, default=9001)
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where the rows are kept")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    folder = asked.folder / f"kpi_scan_{asked.rows}_{asked.seed}"
    if asked.engine:
        json.dump(run_once(asked.engine, folder), sys.stdout)
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    make(folder, asked.rows, asked.seed)
    found = {}
    print(f"{asked.rows:,} order lines, {asked.rows // 10:,} tickets, 36 months, {sum(map(len, SETS.values()))} KPIs")
    print(f"{'':10}{'start s':>10}{'compute s':>12}{'CPU s':>10}")
    for engine in ENGINES:
        command = [sys.executable, "-m", "benchmarks.kpi_engines", "--engine", engine, "--rows", str(asked.rows)]
        command += ["--seed", str(asked.seed), "--folder", str(asked.folder)]
        found[engine] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        figures = found[engine]
        print(f"{engine:10}{figures['start']:10.1f}{figures['compute']:12.1f}{figures['cpu']:10.1f}", flush=True)
    good, sentence = compared(found["duckdb"]["numbers"], found["spark"]["numbers"])
    print(sentence)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
