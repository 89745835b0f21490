"""Nonconformities and the corrective actions that follow from them."""

from __future__ import annotations

from datetime import date

import numpy as np

from qmsreports.demo import register_texts as words
from qmsreports.demo.causes import FAILURE, LYON, within
from qmsreports.demo.chance import Turns, whole
from qmsreports.demo.clock import month_days
from qmsreports.demo.company import SITE_SHARE, Plan
from qmsreports.demo.dirt import Dirt
from qmsreports.demo.sheets import Row, day, in_turn, later, owner, seen, title

_A_MONTH = 5.2
_POROUS_A_MONTH = 3
SEEN_TWICE = "NC-2026-014"
BAD_SITE = "NC-2025-031"


def nonconformity_rows(plan: Plan, today: date, dirt: Dirt) -> tuple[list[Row], list[Row]]:
    """Return the sheets Nonconformities and Corrective actions; three of four cases lead to an action."""
    cases: list[Row] = []
    actions: list[Row] = []
    counter: dict[int, int] = {}
    follows, late = Turns(0.76), Turns(0.17)
    for month in plan.from_month("2023-11"):
        rng = plan.stream("nonconformities", month)
        for detected, porous in _detected(rng, plan, month):
            counter[detected.year] = counter.get(detected.year, 0) + 1
            key = f"NC-{detected.year}-{counter[detected.year]:03d}"
            case, action = _case(rng, key, detected, porous, follows, late, today)
            if detected < today:
                cases += _soiled(case, dirt)
                actions += [action] if action else []
    return cases, actions


def _detected(rng: np.random.Generator, plan: Plan, month: int) -> list[tuple[date, bool]]:
    """Return the days on which something was found in a month, and whether it was the porous castings."""
    days = month_days(month)
    usual = whole(rng, _A_MONTH + 1.0 * plan.noise("nonconformities", month).item())
    porous = _POROUS_A_MONTH if within(days[:1], FAILURE)[0] else 0
    spread = (np.arange(usual + porous) + rng.random(usual + porous)) / (usual + porous) * 27
    order = rng.permutation(usual + porous)
    found = [(later(day(days[int(n)])), order[number] < porous) for number, n in enumerate(spread)]
    return sorted(found)


def _case(
    rng: np.random.Generator, key: str, detected: date, porous: bool, follows: Turns, late: Turns, today: date
) -> tuple[Row, Row | None]:
    """Return the row of a case as known on the day of reading, and of its corrective action where there is one."""
    site = LYON if porous else int(rng.choice(3, p=SITE_SHARE))
    process, origin, text, what = (
        words.POROUS if porous else in_turn(words.NONCONFORMITIES, int(key[3:7]) + int(key[-3:]))
    )
    grade = "Major" if porous or rng.random() < 0.14 else "Minor"
    cost = round(float(rng.lognormal(6.3, 0.8)) * (2.5 if porous else 1), 2)
    opened = later(detected, 2)
    original = later(opened, 30)
    acted = follows()
    delayed = acted and late()
    finished = later(original, int(rng.integers(4, 30)) if delayed else -int(rng.integers(0, 12)))
    closed = later(finished, 3) if acted else later(detected, int(rng.integers(3, 20)))
    who = owner(rng, site)
    effective = "yes" if rng.random() < 0.86 else "no"
    known = closed <= today
    case = [key, title(site), detected, seen(closed, today), origin, grade, process, text, cost if known else None]
    if not acted or opened > today:
        return case, None
    due = later(original, 20) if delayed and today >= later(original, -2) else original
    checked = seen(later(finished, 25), today)
    done = seen(finished, today)
    number = f"CA{key[2:]}"
    action = [number, key, title(site), what, who, opened, original, due, done, checked, effective if checked else None]
    return case, action


def _soiled(case: Row, dirt: Dirt) -> list[Row]:
    """Return the row, twice or with an unknown site where the register has it so."""
    if case[0] == BAD_SITE:
        dirt.found("nonconformity_site_xxx", [BAD_SITE])
        return [[case[0], "XXX", *case[2:]]]
    if case[0] == SEEN_TWICE:
        dirt.found("nonconformity_twice", [SEEN_TWICE])
        return [case, list(case)]
    return [case]
