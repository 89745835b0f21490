"""The shift files: one CSV a working day with what each machine did in the early and the late shift."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qmsreports.demo.chance import even, mark
from qmsreports.demo.clock import month_days, utc_of, works
from qmsreports.demo.company import COUNTRY, SITES, WORKS, Plan
from qmsreports.demo.dirt import Dirt
from qmsreports.demo.store import write_csv
from qmsreports.demo.workorders import machine_names

HEADER = "plant;machine;shift_date;shift;planned_busy_min;run_min;min_per_item;produced;good"
_BUSY = 450  # planned busy minutes of a shift
_CYCLES = (2.4, 3.1, 4.5, 1.8, 6.25, 3.75)  # planned minutes per item, by machine
_AVAILABILITY, _EFFECTIVENESS, _SCRAP = 0.862, 0.848, 0.036
_QUIET_MONTHS = (7, 11)  # August and December (January is 0): the late shift runs on every second day only
EXPORTED_TWICE = "2026-05-12"
EMPTY_FILE = "2025-02-11"
HEADER_ONLY = "2025-12-29"  # works holidays: the export ran all the same
REPEATED_LINE, BAD_PLANT = 1, 2
_KINDS = {REPEATED_LINE: "shift_line_repeated", BAD_PLANT: "shift_line_plant_xxx"}


@dataclass(frozen=True, slots=True)
class _Machine:
    """A machine as the files name it."""

    site: int
    name: str
    cycle: float  # planned minutes per item


def write(plan: Plan, folder: Path, dirt: Dirt) -> int:
    """Write the files that existed at the cutoff; return the number of rows in them."""
    folder.mkdir()
    machines = [
        _Machine(site, name, _CYCLES[number % len(_CYCLES)])
        for site in range(len(SITES))
        for number, name in enumerate(machine_names(site, plan.scale))
    ]
    total = 0
    for month in plan.from_month("2023-11"):
        for day, lines in _month(plan, month, machines).items():
            exported = utc_of(np.array([np.datetime64(f"{day}T23:40:00")]))[0]
            if exported <= plan.cutoff:
                total += _write_day(folder, day, lines, dirt)
    return total


def _write_day(folder: Path, day: str, lines: list[tuple[str, int]], dirt: Dirt) -> int:
    name = f"machine_shifts_{day}.csv"
    if day == EMPTY_FILE:
        (folder / name).write_bytes(b"")
        dirt.found("shift_file_empty", [name])
        return 0
    texts = [line for line, code in lines for _ in range(1 + (code == REPEATED_LINE))]
    write_csv(folder / name, HEADER, texts)
    for code, kind in _KINDS.items():
        dirt.found(kind, [[name, line] for line, hit in lines if hit == code])
    if day == HEADER_ONLY:
        dirt.found("shift_file_header_only", [name])
    if day == EXPORTED_TWICE:
        again = f"machine_shifts_{day}_export2.csv"
        write_csv(folder / again, HEADER, texts)
        dirt.found("shift_file_exported_twice", [again])
        return 2 * len(texts)
    return len(texts)


def _month(plan: Plan, month: int, machines: list[_Machine]) -> dict[str, list[tuple[str, int]]]:
    """Return the lines of each day's file, each with its dirt code."""
    rng = plan.stream("shifts", month)
    days = month_days(month)
    open_days = np.array([np.is_busday(days, busdaycal=works(country)) for country in COUNTRY])
    site = np.array([machine.site for machine in machines])
    runs = np.repeat(open_days[site].T[:, :, None], 2, axis=2)  # day x machine x shift
    if month % 12 in _QUIET_MONTHS:
        runs[1::2, :, 1] = False
    day, machine, shift = np.nonzero(runs)
    where, size = site[machine], len(day)
    cycle = np.array([entry.cycle for entry in machines])[machine]
    swing = (
        0.006 * plan.noise("oee", month) + np.array([0.005 * plan.noise(f"oee {n}", month) for n in range(3)])[where]
    )
    run = np.round(_BUSY * np.clip(_AVAILABILITY + swing + 0.16 * (even(rng, where) - 0.5), 0.4, 1))
    made = np.floor(run * (_EFFECTIVENESS + 0.14 * (even(rng, where) - 0.5)) / cycle)
    good = np.clip(made - np.floor(made * _SCRAP * 2 * even(rng, where) + rng.random(size)), 0, made)
    code = mark(rng, size, {REPEATED_LINE: 0.0012, BAD_PLANT: 0.0008})
    texts = [str(value) for value in days]
    lines: dict[str, list[tuple[str, int]]] = {texts[d]: [] for d in np.flatnonzero(open_days.any(axis=0))}
    if HEADER_ONLY in texts:
        lines[HEADER_ONLY] = []
    columns = (day, machine, shift, run.astype(int), made.astype(int), good.astype(int), code)
    for d, m, s, minutes, produced, fine, hit in zip(*(column.tolist() for column in columns), strict=True):
        entry, text = machines[m], texts[d]
        plant = "XXX" if hit == BAD_PLANT else WORKS[entry.site]
        each = f"{entry.cycle:.2f}".replace(".", ",")
        german = f"{text[8:]}.{text[5:7]}.{text[:4]}"
        line = f"{plant};{entry.name};{german};{'FS'[s]};{_BUSY};{minutes};{each};{produced};{fine}"
        lines[text].append((line, hit))
    return lines
