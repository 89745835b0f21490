"""A full disk, a kill, two runs at once: nothing half-written counts; the next run ends where a clean one ends."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import Line

pytestmark = pytest.mark.system

OCTOBER = ("--period", "2026-10")
BALANCE = """
SELECT table_name, SUM(rows_in), SUM(conformed), SUM(quarantined), SUM(duplicates)
FROM feeds WHERE status = 'published' AND source = 'production_files' GROUP BY table_name
"""
CONTENT = {
    "results": "kpi, version, period, slice_key, value, numerator, denominator, n, low, high, target, status, "
    "provisional, fingerprint, sql, table_versions, parts, supersedes, why, computed_at",
    "sql_texts": "sha256, text",
    "analyses": "kpi, period, slice_key, result",
    "restatement_candidates": "kpi, period, slice_key, value",
}
"""Everything that a measurement writes but the id of its run and the hash of what was analysed."""
FRACTION = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")


@contextmanager
def refusing_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[], None]]:
    """Let a folder lie on a disk of this size, without its content; what is yielded gives the disk room.

    Only root can mount. For anybody else the folder may not be written, which is refused in the same places.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid():
        folder.chmod(0o555)
        try:
            yield lambda: folder.chmod(0o755)
        finally:
            folder.chmod(0o755)
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("root without the right to mount: no disk can be made small here")
    try:
        yield lambda: subprocess.run(["mount", "-o", "remount,size=500m", str(folder)], check=True) and None
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def one_line(line: Line, *arguments: str, of: str) -> str:
    """Run a command that must end with 3 and say one line, which names the place and the way out."""
    done = line.run(*arguments, expect=3)
    (text,) = [text for text in done.stderr.splitlines() if " s  " not in text[:12]]
    assert of in text
    assert "room" in text or "space" in text or "free some disk" in text or os.geteuid()
    return text


def content(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with closing(sqlite3.connect(database)) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}").fetchall()
            for table, columns in CONTENT.items()
        }


def same(mine: tuple[Any, ...], yours: tuple[Any, ...]) -> bool:
    """Whether two rows tell the same; a sum of fractions may end in another last digit, threads add in any order."""
    here, there = repr(mine), repr(yours)
    if FRACTION.sub("", here) != FRACTION.sub("", there):
        return False
    pairs = zip(FRACTION.findall(here), FRACTION.findall(there), strict=True)
    return all(math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9) for one, other in pairs)


def differences(one: Path, other: Path) -> list[str]:
    """Rows in which two registers part, told so that a person sees in which column."""
    found = []
    here, there = content(one), content(other)
    for table, columns in CONTENT.items():
        if len(here[table]) != len(there[table]):
            found.append(f"{table}: {len(here[table])} rows here, {len(there[table])} there")
        for mine, yours in zip(here[table], there[table], strict=False):
            if not same(mine, yours):
                parts = zip(columns.split(", "), mine, yours, strict=True)
                found.append(f"{table} {mine[:4]}: " + str([part for part in parts if part[1] != part[2]])[:2000])
    return found[:10]


def files(pack: Path) -> dict[str, Any]:
    """Files by their hashes, the manifest by what it says, but not how long the audit log was: it grows by each run."""
    found: dict[str, Any] = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in pack.iterdir()}
    manifest = json.loads((pack / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest.pop("journal")) == {"entries", "hash"}
    return {**found, "manifest.json": manifest}


# --- full disks ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("part", "kilobytes"), [("landing", 60), ("staging", 60), ("lake", 200)])
def test_a_full_disk_while_ingesting(
    new_line: Callable[..., Line], undisturbed: Line, part: str, kilobytes: int
) -> None:
    line = new_line()
    with refusing_disk(line.folder / part, kilobytes) as give_room:
        one_line(line, "run", "ingest", "production_files", of=str(line.folder / part))
        (outcome,) = line.register("SELECT status, rows_in, conformed FROM feeds")
        assert outcome == ("failed", 0, 0)  # its KPIs may not be shown with the value of before
        give_room()
        line.run("run", "ingest", "production_files")
        assert line.tables() == {"machine_shifts": undisturbed.tables()["machine_shifts"]}
        assert line.register(BALANCE) == undisturbed.register(BALANCE)
        assert not list((line.folder / "staging").iterdir())


# --- the measurement -------------------------------------------------------------------------------------------------
def test_a_measurement_on_a_full_disk_and_killed_comes_to_what_one_clean_run_comes_to(
    approved: Line, measured: Line, tmp_path: Path
) -> None:
    line = approved.copy(tmp_path / "var")
    disk, kept = line.folder / "disk", line.folder / "register.db"
    register = disk / "register.db"
    with refusing_disk(disk, kept.stat().st_size // 1024 + 1500) as give_room:
        if not os.geteuid():
            shutil.copy2(kept, register)
        line.extra["QMSREPORTS_REGISTER"] = f"sqlite:///{register}"
        one_line(line, "run", "measure", *OCTOBER, of=f"register sqlite:///{register}: ")
        give_room()
        if os.geteuid():
            shutil.copy2(kept, register)
        assert content(register)["results"] == []
        line.kill("run", "measure", *OCTOBER, when="register: results", after=0.4)
        assert content(register)["results"] == []  # all or nothing
        line.kill("run", "measure", *OCTOBER, when="analyse ")
        line.run("run", "measure", *OCTOBER)
        assert differences(register, measured.folder / "register.db") == []


# --- the pack --------------------------------------------------------------------------------------------------------
def test_a_pack_on_a_full_disk_and_killed_has_the_bytes_of_one_clean_run(
    measured: Line, reviewed: Line, tmp_path: Path
) -> None:
    line = measured.copy(tmp_path / "var")
    with refusing_disk(line.folder / "packs", 200) as give_room:
        one_line(
            line, "pack", "build", *OCTOBER, of=f"{line.folder}/packs/monthly-2026-10-e1: the pack cannot be written"
        )
        assert not [path for path in (line.folder / "packs").iterdir() if not path.name.startswith(".")]
        assert line.json("pack", "list") == []
        give_room()
        line.kill("pack", "build", *OCTOBER, when="pack: charts", after=0.5)
        line.kill("pack", "build", *OCTOBER, when="pack: write")
        line.run("pack", "build", *OCTOBER)
        assert [pack["edition"] for pack in line.json("pack", "list")] == [1]
        assert [path.name for path in (line.folder / "packs").iterdir()] == ["monthly-2026-10-e1"]
        made, clean = (of.folder / "packs" / "monthly-2026-10-e1" for of in (line, reviewed))
        assert files(made) == files(clean)


# --- two at once -----------------------------------------------------------------------------------------------------
def test_a_second_ingest_of_the_same_source_leaves_with_a_clear_line(
    new_line: Callable[..., Line], undisturbed: Line
) -> None:
    line = new_line()
    lock = line.folder / "ingest" / "production_files.lock"
    with line.start("run", "ingest", "production_files") as first:
        deadline = time.monotonic() + 120
        while not (lock.is_file() and lock.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        first.send_signal(signal.SIGSTOP)  # hold it, however fast it is
        told = one_line_of_second(line, f"another run is reading this source (process {first.pid})")
        first.send_signal(signal.SIGCONT)
    assert first.returncode == 0
    assert told.startswith("source production_files: ")
    assert told.endswith("; wait until it has ended, then run again")
    assert line.tables() == {"machine_shifts": undisturbed.tables()["machine_shifts"]}
    assert line.register(BALANCE) == undisturbed.register(BALANCE)
    assert line.register("SELECT COUNT(*) FROM feeds WHERE status = 'failed'") == [(0,)]


def one_line_of_second(line: Line, of: str) -> str:
    done = line.run("run", "ingest", "production_files", expect=3)
    (text,) = [text for text in done.stderr.splitlines() if " s  " not in text[:12]]
    assert of in text
    return text
