"""qms_registers.xlsx: the registers that the quality department keeps by hand, as they stood on the day of reading."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from qmsreports.demo import register_texts as words
from qmsreports.demo import review_texts as reviews
from qmsreports.demo.audits import audit_rows
from qmsreports.demo.causes import FAILURE, LYON, RESOURCES_UNTIL, within
from qmsreports.demo.clock import month_days
from qmsreports.demo.company import FIRST_MONTH, SITES, Plan
from qmsreports.demo.dirt import Dirt
from qmsreports.demo.names import PEOPLE
from qmsreports.demo.nonconformities import nonconformity_rows
from qmsreports.demo.sheets import Row, day, in_turn, later, owner, seen, title

HEADERS = {
    "Audits": "Audit no | Site | Kind | Scope | Planned | Done | Lead",
    "Findings": "Finding no | Audit no | Grade | Clause | Description | Raised | Due | Closed",
    "Nonconformities": "NC no | Site | Detected | Closed | Origin | Grade | Process | Description | Cost EUR",
    "Corrective actions": "CA no | NC no | Site | Title | Owner | Opened | Original due | Due | Closed | Checked | "
    "Effective",
    "Risks": "Risk no | Kind | Title | Site | Owner | Identified | Likelihood | Severity | Treatment | Due | Done | "
    "Effective | Reviewed",
    "Context": "No | Kind | Title | Noticed | Effect | Owner",
    "Resources": "No | Site | Kind | Title | Month | Planned | Actual | Unit",
    "Ideas": "No | Site | Title | Raised | By | Status | Decided | Benefit EUR",
    "Costs": "No | Site | Booked | Category | Amount EUR",
    "Review actions": "Action no | Review | Title | Owner | Decided | Original due | Due | Done | Progress | Evidence",
    "Considered inputs": "No | Clause | Period | Statement | By | On",
}


def sheets(plan: Plan, sales: dict[tuple[int, int], float], dirt: Dirt) -> dict[str, list[Row]]:
    """Return all sheets with their header rows; ``sales`` are net sales by (month number, site)."""
    today = day(plan.cutoff)
    audits, findings = audit_rows(plan, today)
    nonconformities, actions = nonconformity_rows(plan, today, dirt)
    content = {
        "Audits": audits,
        "Findings": findings,
        "Nonconformities": nonconformities,
        "Corrective actions": actions,
        "Risks": _risks(plan, today),
        "Context": _context(today),
        "Resources": _resources(plan),
        "Ideas": _ideas(plan, today),
        "Costs": _costs(plan, sales),
        "Review actions": _review_actions(plan, today),
        "Considered inputs": [
            [f"C-{number:03d}", *row[:4], date.fromisoformat(row[4])]
            for number, row in enumerate(reviews.CONSIDERED, 1)
            if date.fromisoformat(row[4]) <= today
        ],
    }
    return {name: [[part.strip() for part in header.split("|")], *content[name]] for name, header in HEADERS.items()}


def closed_months(plan: Plan) -> list[int]:
    """Months that were over at the cutoff, from the first one on."""
    now = int(plan.cutoff.astype("datetime64[M]").astype(np.int64))
    return [month for month in plan.from_month("2023-11") if month < now]


def _risks(plan: Plan, today: date) -> list[Row]:
    rows: list[Row] = []
    for number, (kind, text, site, likelihood, severity, treatment) in enumerate(words.RISKS, 1):
        rng = plan.stream("risks", number)
        where = [name.capitalize() for name in SITES].index(site) if site else int(rng.integers(3))
        identified = date(2023, 9, 4) + timedelta(days=int(rng.integers(0, 930)))
        due = later(identified, int(rng.integers(120, 420)))
        done = due + timedelta(days=int(rng.integers(-40, 30))) if rng.random() < 0.72 else None
        effective = "yes" if rng.random() < 0.8 else "no"
        # every risk is looked at twice a year, in the month that its number gives
        reviewed = [date(year, month, 12) for year in range(2023, 2031) for month in (number % 6 + 1, number % 6 + 7)]
        last = max((when for when in reviewed if identified <= when <= today), default=None)
        if identified <= today:
            finished = seen(done, today)
            judged = effective if finished and finished + timedelta(days=60) <= today else None
            rows.append(
                [f"R-{number:03d}", kind, text, site or None, owner(rng, where), identified, likelihood, severity,
                 treatment, due, finished, judged, last]
            )  # fmt: skip
    return rows


def _context(today: date) -> list[Row]:
    people = [name for group in PEOPLE.values() for name in group]
    return [
        [
            f"K-{number:03d}",
            kind.replace("_", " "),
            text,
            date.fromisoformat(noticed),
            effect,
            people[number % len(people)],
        ]
        for number, (kind, text, noticed, effect) in enumerate(words.CONTEXT, 1)
        if date.fromisoformat(noticed) <= today
    ]


def _resources(plan: Plan) -> list[Row]:
    """Staffing and training by site and month, test equipment by quarter; nobody reported after July 2026."""
    rows: list[Row] = []
    staff = {
        "linz": (("Production", 86), ("Support desk", 4)),
        "lyon": (("Production", 58),),
        "porto": (("Production", 41),),
    }
    for month in closed_months(plan):
        rng = plan.stream("resources", month)
        first = day(month_days(month)[0])
        if first > day(RESOURCES_UNTIL):
            continue
        for name in SITES:
            for team, planned in staff[name]:
                short = team == "Support desk" and first >= date(2026, 7, 1)
                usual = 0.4 + 0.3 * planned / 20 * (1 + 0.7 * plan.noise(f"staff {team}", month).item())
                actual = planned - (2 if short else round(usual + 0.4 * rng.random()))
                rows.append([name.capitalize(), "Staffing", team, first, planned, actual, "FTE"])
            hours = 120 + 40 * (name == "linz")
            held = round(hours * (0.94 + 0.045 * plan.noise("training", month).item() + rng.uniform(-0.02, 0.02)))
            rows.append([name.capitalize(), "Training", "Hours of training", first, hours, held, "hours"])
            if month % 3 == 2:
                rows.append([name.capitalize(), "Equipment", "Test benches ready", first, 100,
                             round(rng.uniform(94, 99.5), 1), "%"])  # fmt: skip
    return [[f"RES-{number:04d}", *row] for number, row in enumerate(rows, 1)]


def _ideas(plan: Plan, today: date) -> list[Row]:
    rows: list[Row] = []
    for number, text in enumerate(words.IDEAS, 1):
        rng = plan.stream("ideas", number)
        raised = date(2023, 11, 6) + timedelta(days=27 * (number - 1) + int(rng.integers(0, 14)))
        site = int(rng.integers(3))
        decided = later(raised, int(rng.integers(12, 45)))
        fate = ("Done", "Done", "Accepted", "Rejected")[int(rng.integers(4))]
        benefit = round(float(rng.lognormal(8.3, 0.7)), -2)
        who = owner(rng, site)
        if raised <= today:
            known = decided <= today
            fresh = (today - decided).days < 120 and fate == "Done"
            status = ("Accepted" if fresh else fate) if known else "New"
            worth = benefit if known and fate != "Rejected" else None
            rows.append([f"I-{number:03d}", title(site), text, raised, who, status, seen(decided, today), worth])
    return rows


def _costs(plan: Plan, sales: dict[tuple[int, int], float]) -> list[Row]:
    """Net sales as invoiced, and what quality costs, booked on the last day of each month."""
    rows: list[Row] = []
    shares = {"Internal failure": 0.0128, "External failure": 0.0091, "Appraisal": 0.0165, "Prevention": 0.0062}
    for month in closed_months(plan):
        rng = plan.stream("costs", month)
        last = month_days(month)[-1]
        for site in range(len(SITES)):
            net = round(sales.get((month, site), 0.0), 2)
            for category, share in shares.items():
                factor = 1 + 0.12 * plan.noise(f"cost {category} {site}", month).item() + 0.02 * rng.standard_normal()
                if site == LYON and within(np.array([last]), FAILURE)[0] and category == "Internal failure":
                    factor *= 2.3
                rows.append([title(site), day(last), category, round(net * share * factor, 2)])
            rows.append([title(site), day(last), "Net sales", net])
    return [[f"CO-{number:05d}", *row] for number, row in enumerate(rows, 1)]


def _review_actions(plan: Plan, today: date) -> list[Row]:
    """Actions decided in the monthly reviews; those of the last half-year are told in words."""
    rows: list[Row] = []
    people = [name for group in PEOPLE.values() for name in group]
    told = int(np.datetime64("2026-04", "M").astype(np.int64))
    for month in range(FIRST_MONTH, told):
        rng = plan.stream("review actions", month)
        held = later(day(month_days(month + 1)[0]), 8)
        for number in range(1 + int(rng.random() < 0.55)):
            due = later(held, int(rng.integers(20, 80)))
            done = later(due, int(rng.integers(-14, 1)) if rng.random() < 0.83 else int(rng.integers(3, 28)))
            text = in_turn(reviews.REVIEW_ACTIONS, 2 * month + number)
            who = people[int(rng.integers(len(people)))]
            now_due = later(due, 20) if done > due and today >= due else due
            progress, evidence = ("Done", f"Minutes of {done:%B %Y}") if done <= today else ("On track", None)
            if held <= today:
                review = str(np.datetime64(month, "M"))
                rows.append([review, text, who, held, due, now_due, seen(done, today), progress, evidence])
    for review, text, who, decided, original, due_now, finished, progress, evidence in reviews.LATE_ACTIONS:
        first, end = date.fromisoformat(original), date.fromisoformat(finished) if finished else None
        if date.fromisoformat(decided) <= today:
            over = seen(end, today)
            shown = progress if over or end is None else "On track"
            held, due = date.fromisoformat(decided), date.fromisoformat(due_now)
            rows.append([review, text, who, held, first, due, over, shown, evidence if over else None])
    return [[f"A-{number}", *row] for number, row in enumerate(rows, 101)]
