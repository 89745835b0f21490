"""Measure speed and memory beside references: ``python -m benchmarks [names] [--quick] [--record DATE]``.

Every figure is a median of several runs with the smallest and the largest; what is compared runs by turns. CPU time is
shown beside the clock, because a busy machine shows in the one and hardly in the other.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    changed,
    clone,
    ingest,
    kpi50,
    kpi_stage,
    landing_sql,
    rendering,
    scan,
    start,
    validation,
    workspace,
)
from benchmarks.table import Row, markdown, plain, write_between
from benchmarks.timing import ROOT

PAGE = ROOT / "docs" / "performance.md"
LIBRARIES = ("duckdb", "deltalake", "apache-airflow", "great-expectations", "dlt", "connectorx", "typst", "matplotlib")


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    runs: int
    rows: int
    many: int
    scale: int = 1


FULL, QUICK = Size(runs=3, rows=20_000_000, many=50_000_000), Size(runs=1, rows=300_000, many=300_000)


def _kpi(work: Path, size: Size) -> list[Row]:
    lake = workspace.ingested(work) / "lake"
    return kpi_stage.run(lake, ROOT / "catalog", work=work, rows=size.rows, runs=size.runs)


BENCHMARKS: dict[str, tuple[str, Callable[[Path, Size], list[Row]]]] = {
    "start": ("Start of the command line", lambda _, size: start.run(runs=max(5, size.runs))),
    "clone": ("Fresh clone to pack", lambda work, size: clone.run(work=work, again=size.runs)),
    "ingest": ("Ingest", lambda work, size: ingest.run(work=work, scale=size.scale, runs=size.runs)),
    "landing": (
        "Landing a large PostgreSQL table",
        lambda work, size: landing_sql.run(work=work, rows=size.rows // 10, runs=size.runs),
    ),
    "changed": (
        "One row in a hundred changed",
        lambda work, size: changed.run(work=work, rows=size.rows, runs=1 if size.rows > 5_000_000 else size.runs),
    ),
    "validation": (
        "Validation of a large delivery",
        lambda work, size: validation.run(work=work / "validation", rows=size.rows // 4, runs=size.runs),
    ),
    "kpi": ("KPI stage", _kpi),
    "kpi50": ("49 KPIs over 50 M rows", lambda work, size: kpi50.run(work=work, rows=size.many, runs=size.runs)),
    "scan": ("KPI stage, generated rows", lambda work, size: scan.run(work=work, rows=size.rows // 4, runs=size.runs)),
    "pack": ("Pack", lambda work, size: rendering.run(workspace.measured(work), runs=size.runs)),
}
NOT_QUICK = ("clone", "ingest")


def main() -> int:
    """Run what is asked for; exit 1 when an aim was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="what to measure; default all")
    parser.add_argument("--quick", action="store_true", help="one run on few rows, about a minute; for trying it out")
    parser.add_argument("--rows", type=int, help="rows of the KPI stage")
    parser.add_argument("--runs", type=int, help="runs of each side")
    parser.add_argument("--scale", type=int, default=1, help="size of the demo company")
    parser.add_argument("--folder", type=Path, help="keep what is made here; default a folder that is removed")
    parser.add_argument("--record", type=date.fromisoformat, metavar="DATE", help="write docs/performance.md")
    asked = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as in the Makefile
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".venv" / "compiled"))
    default = QUICK if asked.quick else FULL
    size = Size(asked.runs or default.runs, asked.rows or default.rows, asked.rows or default.many, asked.scale)
    if asked.quick:
        print("a trial: few rows and one run, so what is fixed weighs most and no aim counts", file=sys.stderr)
    names = asked.names or [name for name in BENCHMARKS if not (asked.quick and name in NOT_QUICK)]
    missed = False
    with tempfile.TemporaryDirectory(prefix="qmsreports-bench-") as folder:
        for name in names:
            work = asked.folder or Path(folder)
            work.mkdir(parents=True, exist_ok=True)
            before = os.getloadavg()[0]
            title, measure = BENCHMARKS[name]
            print(f"{title} ...", file=sys.stderr)
            rows = measure(work.absolute(), size)
            load = f"{before:.1f} to {os.getloadavg()[0]:.1f}"
            print(f"\n{title}, {os.cpu_count()} processors, load {load}\n{plain(rows)}", flush=True)
            missed = missed or (not asked.quick and any(row.missed for row in rows))
            if asked.record:
                write_between(PAGE, name, f"{markdown(rows)}\n\n{_conditions(name, asked.record, load, size)}")
    return int(missed)


def _conditions(name: str, day: date, load: str, size: Size) -> str:
    """Return the sentence that says where, when and how the figures were taken."""
    libraries = ", ".join(f"{library} {version(library)}" for library in LIBRARIES)
    rows = size.many if name == "kpi50" else size.rows
    command = shlex.join(["python", "-m", "benchmarks", name, "--runs", str(size.runs), "--rows", str(rows)])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"*{day}, commit {clone.revision()}, {os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GB, "
        f"Python {platform.python_version()}, {libraries}. Load of the machine before and after: {load}. "
        f"`{command}`*"
    )


if __name__ == "__main__":
    sys.exit(main())
