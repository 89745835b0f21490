"""Running what is measured in processes of its own, and reading what they cost.

The benchmark's own process imports nothing heavy: a child's peak memory would begin with its parent's.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of CPU with all children, and the largest resident memory in MB."""

    wall: float
    cpu: float
    peak: float
    said: dict[str, Any] = field(default_factory=dict)


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Cost:
    """Run a command to its end. ``said`` holds the JSON of its last line, where that is JSON; it must succeed."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, env={**os.environ, **(env or {})}, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        out, err = child.communicate()
        wall = time.perf_counter() - began
    return _cost(command, child.returncode, wall, out.decode(), err.decode())


def measured(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Cost:
    """Run a command and read CPU and peak memory of it and everything it starts."""
    code = (
        "import json, resource, subprocess, sys, time; began = time.perf_counter();"
        "done = subprocess.run(sys.argv[1:], stdout=sys.stderr); wall = time.perf_counter() - began;"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(json.dumps([done.returncode, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))"
    )
    child = subprocess.run(
        [sys.executable, "-S", "-c", code, *command],
        env={**os.environ, **(env or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    status, wall, cpu, peak = json.loads(child.stdout)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with {status}:\n{child.stderr[-2000:]}")
    return Cost(wall, cpu, peak, {"text": child.stderr})


def _cost(command: Sequence[str], status: int, wall: float, out: str, err: str) -> Cost:
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with {status}:\n{err[-2000:]}")
    said = json.loads(out.splitlines()[-1])
    return Cost(said.pop("wall", wall), said.pop("cpu", 0.0), said.pop("peak", 0.0), said)


def child(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> Cost:
    """Run ``python -m module arguments``, which prints what :func:`cost_of` returned."""
    return run([sys.executable, "-m", module, *arguments], env=env, cwd=ROOT)


def cost_of(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do some work in this process and return its cost; imports are to be done before."""
    wall, cpu = time.perf_counter(), time.process_time()
    said = work()
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": _peak(),
        **said,
    }


def _peak() -> float:
    """Highest resident memory of this process in MB; ``ru_maxrss`` would begin with what its parent had."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def by_turns(runs: int, *sides: Callable[[], Cost]) -> list[list[Cost]]:
    """Run every side ``runs`` times, by turns, so that a busy minute hits both."""
    found: list[list[Cost]] = [[] for _ in sides]
    for _ in range(runs):
        for costs, side in zip(found, sides, strict=True):
            costs.append(side())
    return found
