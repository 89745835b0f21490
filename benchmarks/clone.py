"""From a fresh clone to the pack, as a newcomer types it; then the same once more with nothing new."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.table import Row
from benchmarks.timing import ROOT, Cost, measured
from benchmarks.workspace import bare

_DAG = re.compile(r"^ *([0-9.]+) s  line: (\w+) done in ([0-9.]+) s", re.MULTILINE)


def run(*, work: Path, again: int) -> list[Row]:
    """Clone, ``make setup``, ``make review``, and ``make review`` another ``again`` times.

    What pip and uv have in their caches is warm, everything else is cold: no compiled module, no demo company.
    """
    clone = work / "clone"
    began = measured(["git", "clone", "--quiet", str(ROOT), str(clone)])
    env = {**bare(), "PYTHON": sys.executable}
    setup, first = _make(clone, "setup", env), _make(clone, "review", env)
    later = [_make(clone, "review", env) for _ in range(again)]
    total = began.wall + setup.wall + first.wall
    used = began.cpu + setup.cpu + first.cpu
    parts = {name: float(seconds) for _, name, seconds in _DAG.findall(first.said["text"])}
    rest = first.wall - sum(parts.values())
    where = ", ".join([*(f"{name} {seconds:.0f} s" for name, seconds in parts.items()), f"all else {rest:.0f} s"])
    latest = {name: float(seconds) for _, name, seconds in _DAG.findall(later[-1].said["text"])}
    again_where = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in latest.items())
    return [
        Row(
            "fresh clone to pack, wall",
            [total],
            "s",
            aim=180,
            note=f"clone and make setup {began.wall + setup.wall:.0f} s",
        ),
        Row("fresh clone to pack, CPU", [used], "s", note=f"of it make setup {setup.cpu:.0f} s"),
        Row("first make review, wall", [first.wall], "s", note=where),
        Row("the pipeline in it, wall", [sum(parts.values())], "s", aim=60, note="its three DAGs"),
        Row("first make review, CPU", [first.cpu], "s", note=f"largest process {first.peak:.0f} MB"),
        Row("next make review, wall", [cost.wall for cost in later], "s", aim=25, note=f"nothing new; {again_where}"),
        Row("next make review, CPU", [cost.cpu for cost in later], "s"),
    ]


def _make(clone: Path, target: str, env: dict[str, str]) -> Cost:
    listed = [f"{name}={value}" for name, value in env.items()]
    return measured(["env", "-i", *listed, "make", "-C", str(clone), target])


def revision() -> str:
    """Return the commit that a clone gets."""
    found = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()
