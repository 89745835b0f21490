"""KPI stage against hand-written DuckDB for the same numbers from the same files.

    python -m benchmarks.kpi_scan --rows 20000000 --runs 5

Makes order lines (three dates, site, family, channel) and a tenth as many tickets as Delta tables, then computes 36
months of the KPIs in ``kpi_scan_definitions`` with the engine and with the queries of ``kpi_scan_by_hand``, by turns
and each in a process of its own. Prints medians of wall and CPU time without start-up and imports, peak memory of the
process, and whether every number is the same; exit code 1 when one is not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.kpi_scan_by_hand import queries
from benchmarks.kpi_scan_definitions import AS_OF, DESK, PERIODS, SETS, TABLES, ZONE
from benchmarks.kpi_scan_rows import make

Numbers = dict[str, float | None]
SIDES = ("engine", "hand")


def by_engine(folder: Path, label: str, engine: str = "duckdb") -> Numbers:
    """What the measure stage calls."""
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.target import Targets
    from qmsreports.kpi import measure
    from qmsreports.kpi.engine import engine_of
    from qmsreports.lake import Lake
    from qmsreports.organisation import Organisation

    kpis = {kpi.kpi: kpi for kpi in SETS[label]}
    catalog = Catalog(
        folder=Path(),
        organisation=Organisation(name="Benchmark", time_zone=ZONE),
        tables=TABLES,
        sources={},
        kpis=kpis,
        targets=Targets({}),
        calendars={"desk": DESK},
        clause_maps={},
        reviews={},
    )
    versions = dict.fromkeys(kpis, (1,))
    opener = engine_of(engine, spark=os.environ.get("QMSREPORTS_SPARK", ""))
    lake = Lake(str(folder))
    measured = measure(catalog, versions=versions, periods=PERIODS, lake=lake, as_of=AS_OF, engine=opener)
    return {
        _key(result.kpi, str(result.period), next(iter(result.slice.items()), None)): result.value
        for result in measured.results
    }


def by_hand(folder: Path, label: str) -> Numbers:
    """The queries written for exactly these numbers."""
    from qmsreports.lake import Lake

    numbers: Numbers = {}
    with Lake(str(folder)).connect(TABLES.values()) as connection:
        for names, slices, query in queries(label, connection):
            for period, *rest in connection.execute(query).fetchall():
                cuts = [(name, value) for name, value in zip(slices, rest, strict=False) if value is not None]
                for name, value in zip(names, rest[len(slices) :], strict=True):
                    numbers[_key(name, period, cuts[0] if cuts else None)] = value
    return numbers


def _key(kpi: str, period: str, cut: tuple[str, str] | None) -> str:
    return f"{kpi}|{period}|{'='.join(cut) if cut else ''}"


def run_once(side: str, label: str, folder: Path) -> dict[str, Any]:
    """Run one side once in this process; imports are done before the clock starts."""
    import deltalake  # noqa: F401

    import qmsreports.kpi
    import qmsreports.lake  # noqa: F401

    wall, cpu = time.perf_counter(), time.process_time()
    numbers = (by_engine if side == "engine" else by_hand)(folder, label)
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": _peak(),
        "numbers": numbers,
    }


def _peak() -> float:
    """Highest resident memory of this process in MB; ``ru_maxrss`` would count what the parent had when it forked."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compared(one: Numbers, other: Numbers) -> tuple[bool, str]:
    """Tell whether two sets of numbers agree to 1e-9, and say so."""
    keys = set(one) | set(other)
    wrong = sorted(key for key in keys if key not in one or key not in other or not _close(one[key], other[key]))
    if wrong:
        return False, f"DIFFERENT: {len(wrong):,} of {len(keys):,} numbers, such as {wrong[:3]}"
    return True, f"{len(keys):,} numbers, all the same"


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1)


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000, help="order lines; a tenth as many tickets")
    parser.add_argument("--seed", type=int, default=9001)
    parser.add_argument("--runs", type=int, default=3, help="runs of each side, by turns")
    parser.add_argument("--folder", type=Path, default=Path("var/bench"), help="where the rows are kept")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--label", choices=list(SETS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    folder = asked.folder / f"kpi_scan_{asked.rows}_{asked.seed}"
    if asked.side:
        json.dump(run_once(asked.side, asked.label, folder), sys.stdout)
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    make(folder, asked.rows, asked.seed)
    print(f"{asked.rows:,} order lines, {asked.rows // 10:,} tickets, 36 months; medians of {asked.runs} runs by turns")
    print(f"\n{'':26}{'engine':>24}{'by hand':>24}{'ratio':>16}")
    print(f"{'':26}" + f"{'wall s':>8}{'CPU s':>8}{'MB':>8}" * 2 + f"{'wall':>8}{'CPU':>8}")
    return 0 if all([_row(label, asked) for label in SETS]) else 1


def _row(label: str, asked: argparse.Namespace) -> bool:
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for _ in range(asked.runs):
        for side, done in runs.items():
            command = [sys.executable, "-m", "benchmarks.kpi_scan", "--side", side, "--label", label]
            command += ["--rows", str(asked.rows), "--seed", str(asked.seed), "--folder", str(asked.folder)]
            done.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    figures = {
        side: [statistics.median(run[name] for run in done) for name in ("wall", "cpu", "peak")]
        for side, done in runs.items()
    }
    cells = "".join(f"{wall:8.2f}{cpu:8.2f}{peak:8.0f}" for wall, cpu, peak in figures.values())
    ratios = "".join(f"{figures['engine'][number] / figures['hand'][number]:8.2f}" for number in (0, 1))
    good, sentence = compared(runs["engine"][0]["numbers"], runs["hand"][0]["numbers"])
    print(f"{label:26}{cells}{ratios}   {sentence}")
    return good


if __name__ == "__main__":
    sys.exit(main())
