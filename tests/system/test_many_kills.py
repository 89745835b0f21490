"""Killed again and again at random instants, the line ends where one undisturbed run ends.

A small company with a system of each kind (``tests/system/works``), every stage from the first read to the pack, real
processes that die of SIGKILL. To spend the time on the line and not on imports, each run is a child of one process that
has imported everything. A workspace lives through several kills before a run may end; half of them begin with the month
before ingested, measured and packed, and in every third the help desk breaks off in the middle of a page besides.

An instant is drawn over the whole line: a step that it tells, then a moment until the next step. How many kills:
``QMSREPORTS_KILLS``; which draw: ``QMSREPORTS_KILLS_SEED``, which is printed.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.system.conftest import ROOT, Line
from tests.system.works.killed import Runner, state
from tests.system.works.systems import FIRST, SECOND, HelpDesk, help_desk, write_systems

pytestmark = pytest.mark.system

KILLS = int(os.environ.get("QMSREPORTS_KILLS", "200"))
SEED = int(os.environ.get("QMSREPORTS_KILLS_SEED") or random.SystemRandom().randrange(10**6))
IN_A_ROW = 8
"""Kills that one workspace has to live through before it is allowed to finish."""
WORKS = ROOT / "tests" / "system" / "works"
AT = {FIRST: datetime(2026, 9, 2, 6, tzinfo=UTC), SECOND: datetime(2026, 10, 2, 6, tzinfo=UTC)}


def new_workspace(folder: Path, systems: Path, desk: HelpDesk) -> Line:
    """A workspace with approved definitions and nothing read."""
    catalog = folder / "catalog"
    shutil.copytree(WORKS / "catalog", catalog)
    for table in ("considered_inputs", "review_actions"):  # registers that a pack reads
        shutil.copy(ROOT / "catalog" / "tables" / f"{table}.yaml", catalog / "tables")
    line = Line(folder / "var", at=AT[FIRST].isoformat())
    line.folder.mkdir()
    line.extra = {
        "QMSREPORTS_CATALOG": str(catalog),
        "QMSREPORTS_EXPECTATIONS": str(WORKS / "expectations"),
        "QMSREPORTS_CONNECTION_ERP": f"sqlite:///{systems / 'erp.db'}",
        "QMSREPORTS_CONNECTION_DESK": desk.web.url(),
        "QMSREPORTS_CONNECTION_SHOP_FLOOR": str(systems / "shop_floor"),
    }
    line.run("catalog", "apply", "--by", "quality.manager", "--quiet")
    line.run("catalog", "approve", "--all", "--by", "managing.director", "--quiet")
    return line


def test_kills_at_random_instants_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    print(f"\nQMSREPORTS_KILLS_SEED={SEED}")  # noqa: T201
    chance = random.Random(SEED)
    systems = tmp_path / "systems"
    hit: Counter[str] = Counter()
    with help_desk() as desk:
        begun = new_workspace(tmp_path, systems, desk)
        for month, wanted in ((FIRST, KILLS - KILLS // 2), (SECOND, KILLS // 2)):
            write_systems(systems, month)
            desk.month = month
            runner = Runner(f"2026-{month:02}", AT[month])
            undisturbed = begun.copy(tmp_path / f"undisturbed {month}")
            steps = runner.whole(undisturbed, "once")
            expected = state(undisturbed)
            assert all(expected["landed"][source] for source in ("desk", "erp", "shop_floor"))
            assert expected["register"]["results"] and expected["register"]["quarantine"]
            assert len(expected["packs"]) == (1 if month == FIRST else 2)
            kill_again_and_again(begun, runner, steps, expected, (wanted, chance, desk, hit))
            begun = undisturbed
        assert desk.broken >= KILLS // 60, "the line of the help desk did not break"
    assert sum(hit.values()) == KILLS
    told = {step.split(":")[0].split(" ")[0] for step in hit}
    assert KILLS < 100 or told >= {"desk", "erp", "shop_floor", "kpi", "pack"}, sorted(hit)


def kill_again_and_again(
    begun: Line,
    runner: Runner,
    steps: list[tuple[str, float]],
    expected: dict[str, object],
    asked: tuple[int, random.Random, HelpDesk, Counter[str]],
) -> None:
    """Kill ``asked`` many runs in copies of a workspace; each copy must end in the expected state."""
    wanted, chance, desk, hit = asked
    number = {step: nth for nth, (step, _) in enumerate(steps)}
    killed, workspaces, since = 0, 0, time.monotonic()
    while killed < wanted:
        workspaces += 1
        line = begun.copy(begun.folder.parent / f"killed {runner.period} {workspaces}")
        desk.breaks = 1 if workspaces % 3 == 0 else 0
        for nth in sorted(chance.randrange(len(steps)) for _ in range(min(IN_A_ROW, wanted - killed))):
            step = runner.killed(line, f"run {nth}", number, nth, chance.uniform(0, 1) * steps[nth][1])
            if not step:  # it was faster than the kill, and is through
                break
            killed += 1
            hit[step] += 1
        runner.whole(line, "last")
        where = f"QMSREPORTS_KILLS_SEED={SEED}: {runner.period}, workspace {workspaces}"
        for part, found in state(line).items():
            assert found == expected[part], f"{where}: {part}"
        shutil.rmtree(line.folder)
        each = (time.monotonic() - since) / killed if killed else 0
        print(f"{killed} kills of {runner.period} in {workspaces} workspaces, {each:.1f} s each", flush=True)  # noqa: T201
