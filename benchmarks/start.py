"""How long ``qmsreports --help`` takes, beside a Python that does nothing."""

from __future__ import annotations

import sys

from benchmarks.table import Row
from benchmarks.timing import by_turns, measured
from benchmarks.workspace import QMSREPORTS


def run(*, runs: int) -> list[Row]:
    """Measure both by turns, after one run of each that compiles what was not compiled yet."""
    sides = [lambda: measured([QMSREPORTS, "--help"]), lambda: measured([sys.executable, "-c", "pass"])]
    by_turns(1, *sides)
    ours, bare = by_turns(runs, *sides)
    return [
        Row(
            "`qmsreports --help`, wall",
            [cost.wall for cost in ours],
            "s",
            [cost.wall for cost in bare],
            aim=0.3,
            note="reference: python -c pass",
        ),
        Row("`qmsreports --help`, CPU", [cost.cpu for cost in ours], "s", [cost.cpu for cost in bare]),
    ]
