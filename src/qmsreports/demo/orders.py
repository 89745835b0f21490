"""The life of customer orders: entry, promise, delay, delivery. A month of entries is lived through to its end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo.causes import CARRIER_FROM
from qmsreports.demo.chance import Noise, even, long_tail, mark, pick, whole
from qmsreports.demo.clock import ORDER_SEASON, at_hours, growth, month_days, month_number, office, utc_of
from qmsreports.demo.company import FAMILY_MIX, ITEMS_PER_FAMILY, SITE_SHARE, UNIT_PRICE, Accounts, Plan, days_of

Life = dict[str, NDArray[Any]]

VIA = np.array(["TEL", "MAIL", "CHAT", "SOC", "VISIT"], object)
ORDERS_A_MONTH = 430
_CHANNEL_SHARE = [0.26, 0.47, 0.09, 0.04, 0.14]
_LINES = [0.36, 0.30, 0.18, 0.10, 0.06]  # one to five lines an order
_LEAD = np.array([6, 7, 13, 10])  # usual working days from entry to promise, by product family
_ON_TIME_BEFORE, _ON_TIME_AFTER = 0.880, 0.928
_IN_FULL = 0.976
NAT = np.datetime64("NaT", "s")
NO_DAY = np.datetime64("NaT", "D")
DAY = np.timedelta64(1, "D")

# dirt of lines, one code at most per line
BACKWARDS, FAR_FUTURE, ZERO_DATE, NEGATIVE, LATE_ENTRY = 1, 2, 3, 4, 5
# dirt of orders
NO_PLANT, FAX, ENTERED_LATE = 1, 2, 3


def month_of_orders(plan: Plan, customers: Accounts, month: int) -> tuple[Life, Life]:
    """Return the orders entered in a month and their lines; ``order`` in a line is the order's place in the month."""
    rng = plan.stream("orders", month)
    wanted = ORDERS_A_MONTH * plan.scale * ORDER_SEASON[month % 12] * growth(month, 0.04)
    size = whole(rng, wanted * (1 + 0.02 * plan.noise("orders", month).item()))
    site = pick(even(rng, np.zeros(size, np.int64)), SITE_SHARE)
    ordered = np.sort(days_of(rng, month_days(month), size))
    entered = utc_of(at_hours(ordered, rng.random(size), "office"))
    dirt = mark(rng, size, {NO_PLANT: 0.001, FAX: 0.001, ENTERED_LATE: 0.002})
    late = rng.integers(20, 50, size) * np.timedelta64(86400, "s")
    orders: Life = {
        "site": site,
        "account": customers.choose(rng.random(size), site, month),
        "channel": pick(even(rng, site), _CHANNEL_SHARE),
        "ordered": ordered,
        "entered": np.where(dirt == ENTERED_LATE, entered + late, entered),
        "dirt": dirt,
    }
    lines = 1 + pick(even(rng, site), _LINES)
    return orders, _lines(rng, plan.noise, orders, np.repeat(np.arange(size), lines))


def _lines(rng: np.random.Generator, noise: Noise, orders: Life, order: NDArray[np.int64]) -> Life:
    size = len(order)
    site, ordered = orders["site"][order], orders["ordered"][order]
    family = np.zeros(size, np.int64)
    for number, mix in enumerate(FAMILY_MIX):
        rows = site == number
        family[rows] = pick(even(rng, np.zeros(int(rows.sum()), np.int64)), mix)
    item = pick(rng.random(size), [0.32, 0.22, 0.16, 0.13, 0.10, 0.07])
    quantity = np.maximum(np.round(rng.lognormal(1.25, 0.85, size)), 1).astype(np.int64)
    price = UNIT_PRICE[family] * (0.8 + 0.16 * item) * rng.uniform(0.86, 1.0, size)
    first = np.flatnonzero(np.r_[True, order[1:] != order[:-1]]) if size else np.zeros(0, np.int64)
    life: Life = {
        "order": order,
        "position": (np.arange(size) - np.repeat(first, np.diff(np.r_[first, size])) + 1) * 10,
        "site": site,
        "account": orders["account"][order],
        "entered": orders["entered"][order],
        "ordered": ordered,
        "family": family,
        "item": item % ITEMS_PER_FAMILY,
        "quantity": quantity,
        "net": np.round(quantity * price, 2),
    }
    _promise(rng, life)
    _deliver(rng, noise, life)
    return life


def _promise(rng: np.random.Generator, life: Life) -> None:
    """Wished and promised dates; about three lines in a hundred get a new promise, told before the old one passes."""
    size = len(life["order"])
    calendar = office("AT")
    lead = np.maximum(_LEAD[life["family"]] + rng.integers(-3, 5, size), 3)
    first = np.busday_offset(life["ordered"], lead, roll="forward", busdaycal=calendar)
    wish = np.busday_offset(first, -np.where(rng.random(size) < 0.3, rng.integers(1, 4, size), 0), busdaycal=calendar)
    moved = rng.random(size) < 0.032
    delay = np.where(moved, rng.integers(2, 9, size), 0)
    told = np.busday_offset(first, -rng.integers(1, 3, size), busdaycal=calendar)
    life["wished"], life["first"], life["moved"] = np.maximum(wish, life["ordered"] + DAY), first, moved
    life["promised"] = np.busday_offset(first, delay, busdaycal=calendar)
    life["noticed"] = np.where(moved, np.maximum(told, life["ordered"] + DAY), NO_DAY)


def _deliver(rng: np.random.Generator, noise: Noise, life: Life) -> None:
    """Delivered, late, short or cancelled; ``known``, ``told`` and ``stopped`` are when the system learned of it."""
    size = len(life["order"])
    calendar = office("AT")
    promised = life["promised"]
    month = month_number(promised)
    group = month * 3 + life["site"]
    chance = np.where(promised >= CARRIER_FROM, _ON_TIME_AFTER, _ON_TIME_BEFORE)
    chance = chance + 0.0044 * noise("on time", month)
    for number in range(3):
        rows = life["site"] == number
        chance[rows] += 0.0025 * noise(f"on time {number}", month[rows])
    late = even(rng, group) >= chance
    behind = 1 + np.minimum(long_tail(rng.random(size), 2.2, 0.62), 35).astype(np.int64)
    ahead = pick(rng.random(size), [0.46, 0.24, 0.15, 0.09, 0.06])
    day = np.busday_offset(promised, np.where(late, behind, -ahead), busdaycal=calendar)
    day = np.maximum(day, np.busday_offset(life["ordered"], 1, roll="forward", busdaycal=calendar))
    short = (even(rng, group) >= _IN_FULL + 0.002 * noise("in full", month)) & (life["quantity"] > 1)
    part = np.maximum(np.floor(life["quantity"] * rng.uniform(0.4, 0.9, size)), 1).astype(np.int64)
    cancelled = even(rng, group) < 0.017
    stopped = life["ordered"] + ((promised - life["ordered"]).astype(np.int64) * rng.uniform(0.1, 0.7, size)).astype(
        "timedelta64[D]"
    )
    told_late = late & ~life["moved"] & (rng.random(size) < 0.52)
    warned = np.busday_offset(promised, -rng.integers(1, 3, size), busdaycal=calendar)
    noticed = np.where(told_late, np.maximum(warned, life["ordered"] + DAY), life["noticed"])
    evening = (rng.integers(14 * 3600, 17 * 3600, size)).astype("timedelta64[s]")
    life["dirt"] = mark(
        rng, size, {BACKWARDS: 0.0006, FAR_FUTURE: 0.0003, ZERO_DATE: 0.0004, NEGATIVE: 0.0004, LATE_ENTRY: 0.0014}
    )
    entry = utc_of(day.astype("datetime64[s]") + evening)
    entry = entry + np.where(life["dirt"] == LATE_ENTRY, rng.integers(21, 45, size), 0) * np.timedelta64(86400, "s")
    morning = (rng.integers(8 * 3600, 11 * 3600, size)).astype("timedelta64[s]")
    life["delivered"] = np.where(cancelled, NO_DAY, day)
    life["delivered_quantity"] = np.where(short, part, life["quantity"])
    life["noticed"] = np.where(cancelled, NO_DAY, noticed)
    life["told"] = np.fmax(utc_of(life["noticed"].astype("datetime64[s]") + morning), life["entered"])
    life["known"] = np.where(cancelled, NAT, np.maximum(entry, life["entered"]))
    life["stopped"] = np.where(cancelled, np.maximum(utc_of(stopped.astype("M8[s]") + morning), life["entered"]), NAT)
