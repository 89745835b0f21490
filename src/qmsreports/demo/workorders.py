"""The life of work orders: planned, run through four steps, inspected, finished. One month of starts at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo.causes import FAILURE, LYON, within
from qmsreports.demo.chance import even, long_tail, mark, pick, spread_counts, whole
from qmsreports.demo.clock import ORDER_SEASON, growth, month_days, month_number, trading_days, utc_of, works
from qmsreports.demo.company import COUNTRY, FAMILY_MIX, SITE_SHARE, SITES, SWING, Plan

Life = dict[str, NDArray[Any]]
NAT = np.datetime64("NaT", "s")

STEPS = ("machining", "assembly", "painting", "testing")
WORK_ORDERS_A_MONTH = 170
_MACHINES = (6, 4, 3)  # per site at scale 1; both shifts run on each
_FAILS = np.array([0.021, 0.024, 0.012, 0.023])  # share not right first time, by step: 2 % over all
_FAILS_POROUS = 0.029  # on top in Lyon while the castings are porous
_SCRAPPED = 0.34  # of what was not right first time; the rest is reworked
FINAL_PPM, PROCESS_PPM = 350e-6, 3200e-6

ENDLESS, BAD_PLANT, LATE_ENTRY, BAD_CODE = 1, 2, 3, 4  # dirt


def machine_names(site: int, scale: int) -> list[str]:
    """Machines of a site: more of them at a larger scale."""
    return [f"{SITES[site][:3].upper()}-M{number:02d}" for number in range(1, _MACHINES[site] * scale + 1)]


def month_of_work(plan: Plan, month: int) -> tuple[Life, list[Life], list[Life]]:
    """Return work orders that start in a month, their steps, and their inspections (in process, final)."""
    rng = plan.stream("work orders", month)
    # less season than sales: stock levels the line out
    season = 1 + 0.6 * (ORDER_SEASON[month % 12] - 1)
    size = whole(rng, WORK_ORDERS_A_MONTH * plan.scale * season * growth(month, 0.03))
    site = np.sort(pick(even(rng, np.zeros(size, np.int64)), SITE_SHARE))
    days = month_days(month)
    parts: dict[str, list[NDArray[np.generic]]] = {name: [] for name in ("start", "due", "done", "created", "family")}
    for number, country in enumerate(COUNTRY):
        calendar, here = works(country), int((site == number).sum())
        weight = np.where(np.is_busday(days, busdaycal=calendar), trading_days(days), 0)
        start = np.sort(days[pick(even(rng, np.zeros(here, np.int64)), weight)])
        due = np.busday_offset(start, rng.integers(4, 9, here), busdaycal=calendar)
        done = np.busday_offset(due, pick(rng.random(here), [0.2, 0.3, 0.36, 0.09, 0.05]) - 2, busdaycal=calendar)
        created = np.busday_offset(start, -rng.integers(6, 15, here), busdaycal=calendar)
        family = pick(even(rng, np.zeros(here, np.int64)), FAMILY_MIX[number])
        for name, values in zip(parts, (start, due, done, created, family), strict=True):
            parts[name].append(values)
    orders: Life = {name: np.concatenate(values) for name, values in parts.items()}
    orders["site"] = site
    orders["item"] = pick(rng.random(size), [0.32, 0.22, 0.16, 0.13, 0.10, 0.07])
    orders["planned"] = (np.maximum(np.round(rng.lognormal(4.75, 0.55, size) / 10), 2) * 10).astype(np.int64)
    orders["cancelled"] = rng.random(size) < 0.008
    orders["dirt"] = mark(rng, size, {BAD_PLANT: 0.0015})
    orders["created"] = _at_work(rng, orders["created"], site)
    orders["begun"] = _at_work(rng, orders["start"], site)
    steps = _run(rng, plan, orders)
    orders["finished"] = steps[-1]["finished"] + np.timedelta64(1500, "s")
    orders["good"] = steps[-1]["entering"] - steps[-1]["scrap"]
    orders["scrap"] = np.sum([step["scrap"] for step in steps], axis=0)
    return orders, steps, _inspect(rng, plan, orders, steps)


def _at_work(rng: np.random.Generator, days: NDArray[np.datetime64], site: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Return a UTC instant within both shifts (06:00 to 22:00 local; Porto lies an hour west)."""
    second = rng.integers(6 * 3600 + 900, 22 * 3600 - 900, len(days)) + np.where(site == 2, 3600, 0)
    return utc_of(days.astype("datetime64[s]") + second.astype("timedelta64[s]"))


def _run(rng: np.random.Generator, plan: Plan, orders: Life) -> list[Life]:
    """Run the orders through the steps; what is scrapped in one does not enter the next."""
    site, size = orders["site"], len(orders["site"])
    span = (orders["done"] - orders["start"]).astype(np.int64)
    entering = orders["planned"].copy()
    machines = np.array([len(machine_names(number, plan.scale)) for number in range(len(SITES))])
    steps: list[Life] = []
    last = np.full(size, NAT)
    for number, name in enumerate(STEPS):
        day = orders["start"] + (span * (number + 1) / len(STEPS)).astype("timedelta64[D]")
        for place, country in enumerate(COUNTRY):
            rows = site == place
            day[rows] = np.busday_offset(day[rows], 0, roll="backward", busdaycal=works(country))
        day = np.maximum(day, orders["start"])
        finished = _at_work(rng, day, site)
        finished = np.fmax(finished, last + rng.integers(1800, 5400, size).astype("timedelta64[s]"))
        last = finished
        month = month_number(day)
        fails = _FAILS[number] * (1 + 0.06 * SWING[site] * plan.noise("yield", month))
        fails = fails + np.where((site == LYON) & within(day, FAILURE), _FAILS_POROUS, 0)
        failed = np.minimum(_dealt(rng, entering * fails, month * 3 + site), entering)
        scrap = np.minimum(spread_counts(rng, failed * _SCRAPPED), failed)
        steps.append(
            {
                "name": np.full(size, name, object),
                "machine": rng.integers(0, machines[site]),
                "finished": finished,
                "entering": entering,
                "failed": failed,
                "scrap": scrap,
                "dirt": mark(rng, size, {LATE_ENTRY: 0.0012}),
            }
        )
        entering = entering - scrap
    return steps


def _dealt(rng: np.random.Generator, expected: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole numbers whose sum is right within one in every group, clustered: a few orders take most of the trouble."""
    weight = expected * rng.gamma(1.2, 1 / 1.2, len(expected))
    result = np.zeros(len(expected), np.int64)
    for value in np.unique(group):
        rows = np.flatnonzero(group == value)
        share = weight[rows] / max(weight[rows].sum(), 1e-9) * expected[rows].sum()
        result[rows] = spread_counts(rng, share)
    return result


def _inspect(rng: np.random.Generator, plan: Plan, orders: Life, steps: list[Life]) -> list[Life]:
    """Return the inspections: a sample in process for two orders of three, every unit at the end."""
    checks: list[Life] = []
    size = len(orders["site"])
    for stage, after, rate in (("PROC", 1, PROCESS_PPM), ("FIN", 3, FINAL_PPM)):
        units = steps[after]["entering"] - steps[after]["scrap"]
        units = np.minimum(units, 20) if stage == "PROC" else units
        done = rng.random(size) < (0.66 if stage == "PROC" else 2.0)
        at = steps[after]["finished"] + rng.integers(120, 900, size).astype("timedelta64[s]")
        month = month_number(at)
        expected = np.where(done, units * rate * (1 + 0.16 * plan.noise(f"inspection {stage}", month)), 0)
        bad = np.zeros(size, np.int64)
        for value in np.unique(month):
            rows = np.flatnonzero(month == value)
            bad[rows] = spread_counts(rng, expected[rows])
        checks.append(
            {
                "done": done,
                "at": at,
                "stage": np.full(size, stage, object),
                "units": units,
                "bad": np.minimum(bad, units),
                "defects": bad + rng.binomial(np.minimum(bad, units), 0.2),
                "code": rng.integers(0, 6, size),
                "dirt": mark(rng, size, {BAD_CODE: 0.0008}),
            }
        )
    return checks


def stops(plan: Plan, month: int) -> Life:
    """Return the stops of all machines in a month: breakdowns, change-overs, planned maintenance."""
    rng = plan.stream("stops", month)
    days = month_days(month)
    site, machine, day = [], [], []
    for number, country in enumerate(COUNTRY):
        open_days = days[np.is_busday(days, busdaycal=works(country))]
        machines = len(machine_names(number, plan.scale))
        size = whole(rng, 0.5 * machines * len(open_days))
        site.append(np.full(size, number))
        machine.append(rng.integers(0, machines, size))
        day.append(np.sort(open_days[rng.integers(0, max(len(open_days), 1), size)]))
    life: Life = {"site": np.concatenate(site), "machine": np.concatenate(machine)}
    size = len(life["site"])
    life["why"] = pick(even(rng, life["site"]), [0.26, 0.25, 0.13, 0.12, 0.09, 0.15])
    minutes = long_tail(rng.random(size), np.array([24.0, 31, 14, 18, 22, 55])[life["why"]], 0.5)
    life["begin"] = _at_work(rng, np.concatenate(day), life["site"])
    life["end"] = life["begin"] + (np.clip(minutes, 3, 400) * 60).astype("timedelta64[s]")
    life["dirt"] = mark(rng, size, {ENDLESS: 0.0015, BAD_CODE: 0.0015})
    return life
