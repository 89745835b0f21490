"""The KPI stage once more, on generated rows and fifteen plain KPIs: what :mod:`benchmarks.kpi_scan` measures, as rows.

Order lines and tickets are drawn independently there, so groups are as many as chance makes them; the demo company's
rows, multiplied, have fewer.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks import timing
from benchmarks.table import Row

SEED = "9001"


def run(*, work: Path, rows: int, runs: int) -> list[Row]:
    """Measure every set of KPIs by turns; ``RuntimeError`` when a number differs."""
    folder = work / f"kpi_scan_{rows}_{SEED}"
    folder.mkdir(parents=True, exist_ok=True)
    code = "import sys; from pathlib import Path; from benchmarks.kpi_scan_rows import make; "
    timing.run(
        [sys.executable, "-c", f"{code}make(Path(sys.argv[1]), {rows}, {SEED}); print('{{}}')", str(folder)],
        cwd=timing.ROOT,
    )
    from benchmarks.kpi_scan import compared
    from benchmarks.kpi_scan_definitions import SETS

    found = []
    for label, kpis in SETS.items():
        engine, hand = timing.by_turns(
            runs,
            *(lambda side=side: _side(side, label, rows, work) for side in ("engine", "hand")),  # noqa: B023
        )
        good, verdict = compared(engine[0].said["numbers"], hand[0].said["numbers"])
        if not good:
            raise RuntimeError(f"{label}: {verdict}")
        size = f"{rows / 1e6:.1f} M order lines, {rows / 1e7:.1f} M tickets, {len(kpis)} KPIs; {verdict}"
        found += [
            Row(f"{label}, wall", [c.wall for c in engine], "s", [c.wall for c in hand], 1.5, True, size),
            Row(f"{label}, CPU", [c.cpu for c in engine], "s", [c.cpu for c in hand], 1.5, True),
            Row(f"{label}, peak memory", [c.peak for c in engine], "MB", [c.peak for c in hand], 2000),
        ]
    return found


def _side(side: str, label: str, rows: int, work: Path) -> timing.Cost:
    return timing.child(
        "benchmarks.kpi_scan",
        "--side",
        side,
        "--label",
        label,
        "--rows",
        str(rows),
        "--seed",
        SEED,
        "--folder",
        str(work),
    )
