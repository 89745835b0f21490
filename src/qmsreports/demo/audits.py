"""The audit programme and its findings: about thirty audits a year over three sites."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from qmsreports.demo import register_texts as words
from qmsreports.demo.chance import Turns
from qmsreports.demo.clock import month_days
from qmsreports.demo.company import SITES, Plan
from qmsreports.demo.names import AUDITORS, CERTIFIER
from qmsreports.demo.sheets import Row, day, in_turn, later, seen, title

# The last audit of these months came so many days late: one or two a year.
_POSTPONED = {"2024-03": 24, "2024-08": 41, "2025-05": 16, "2026-01": 34, "2026-07": 52}


def audit_rows(plan: Plan, today: date) -> tuple[list[Row], list[Row]]:
    """Return the sheets Audits and Findings; the programme is planned some months ahead."""
    audits: list[Row] = []
    findings: list[Row] = []
    counter: dict[int, int] = {}
    late, slipping = Turns(0.14), Turns(0.12)
    first = plan.from_month("2023-11")[0]
    for month in range(first, plan.months[-1] + 3):
        rng = plan.stream("audits", month)
        for audit in _programme(rng, month, slipping):
            year = audit[3].year
            counter[year] = counter.get(year, 0) + 1
            key, done = f"AU-{year}-{counter[year]:02d}", audit[4]
            audits.append([key, *audit[:4], seen(done, today), audit[5]])
            reported = _findings(rng, key, done, audit[1] == "Certification", late)
            if done <= today:
                findings += [[*finding[:-1], seen(finding[-1], today)] for finding in reported]
    return audits, findings


def _programme(rng: np.random.Generator, month: int, slipping: Turns) -> list[Row]:
    """Return site, kind, scope, planned and held day and lead of the audits of a month."""
    start = day(month_days(month)[0])
    name = str(np.datetime64(month, "M"))
    count = 2 if month % 12 in (7, 11) or month % 2 == 0 else 3
    rows: list[Row] = []
    for number in range(count):
        planned = later(start + timedelta(days=3 + 8 * number + int(rng.integers(0, 5))))
        certification = month % 12 == 3 and number == 1
        kind = "Certification" if certification else "Supplier" if rng.random() < 0.2 else "Internal"
        slipped = int(rng.integers(2, 9)) if slipping() else 0  # a few days, for a sick auditor or a busy shift
        delay = _POSTPONED.get(name, slipped) if number == count - 1 else slipped
        lead = CERTIFIER if certification else AUDITORS[int(rng.integers(len(AUDITORS)))]
        scope = "Whole system" if certification else in_turn(words.SCOPES, 3 * month + number)
        site = title((month + number) % len(SITES))
        rows.append([site, kind, scope, planned, later(planned + timedelta(days=delay)), lead])
    return rows


def _findings(rng: np.random.Generator, audit: str, done: date, certification: bool, late: Turns) -> list[Row]:
    """Return what an audit found; observations have no due date and are closed when somebody gets to them."""
    rows: list[Row] = []
    for place in range(1, int(rng.integers(2, 5)) + certification):
        clause, text = in_turn(words.FINDINGS, 3 * int(audit[-2:]) + place)
        grade = ("Major", "Minor", "Minor", "Minor", "Minor", "Minor", "Minor", "Observation")[int(rng.integers(8))]
        due = later(done, 20 if grade == "Major" else 45)
        fixed = grade != "Observation"
        delay = int(rng.integers(3, 25)) if fixed and late() else -int(rng.integers(0, 20))
        rows.append([f"{audit}-F{place}", audit, grade, clause, text, done, due if fixed else None, later(due, delay)])
    return rows
