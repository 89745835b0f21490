"""Arvella Pumps, the invented company behind the demo data: sites, products, customers and how it grows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo.chance import Noise, even, pick, stream
from qmsreports.demo.clock import month_number, trading_days
from qmsreports.demo.names import COUNTRIES, customer_names

NAME = "Arvella Pumps"
FIRST_MONTH = int(month_number(np.array("2023-11", "datetime64[M]")).item())
LIVE = np.datetime64("2023-11-01")  # the systems went live; only what was still open then was carried over
SITES = ("linz", "lyon", "porto")
COUNTRY = ("AT", "FR", "PT")
PLANT = np.array(["LNZ", "LYO", "POR"], object)  # codes of the CRM and the help desk
WORKS = np.array(["W1", "W2", "W3"], object)  # codes of the production systems
SITE_SHARE = [0.46, 0.31, 0.23]
# Lyon is the least steady site: its ratios swing most, so that a failure there stands out of real noise, not of none.
SWING = np.array([0.5, 3.0, 0.5])
FAMILIES = ("circulation", "drainage", "dosing", "booster")
FAMILY = np.array(["CIR", "DRA", "DOS", "BOO"], object)
FAMILY_MIX = np.array([[0.44, 0.22, 0.12, 0.22], [0.24, 0.20, 0.40, 0.16], [0.26, 0.46, 0.10, 0.18]])  # by site
ITEMS_PER_FAMILY = 6
UNIT_PRICE = np.array([190.0, 260.0, 540.0, 820.0])
SEGMENTS = ("S", "D", "K")  # standard, distributor, key account
_SEGMENT_SHARE = [0.78, 0.15, 0.07]
_SEGMENT_WEIGHT = np.array([1.0, 3.2, 9.0])


@dataclass(frozen=True, slots=True)
class Plan:
    """What every system needs to know: seed, size, the months to live through and the instant of reading (UTC)."""

    seed: int
    scale: int
    months: tuple[int, ...]  # month numbers, the last one reaching beyond ``cutoff``
    cutoff: np.datetime64  # UTC, whole seconds
    noise: Noise

    def stream(self, name: str, month: int = 0) -> np.random.Generator:
        """Return the generator of one system and month."""
        return stream(self.seed, name, month)

    def from_month(self, text: str) -> tuple[int, ...]:
        """Months from this one on."""
        first = int(month_number(np.array(text, "datetime64[M]")).item())
        return tuple(month for month in self.months if month >= first)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Customers, oldest first. ``created`` and ``left`` are UTC instants; ``left`` is NaT for most."""

    number: NDArray[np.object_]
    name: NDArray[np.object_]
    segment: NDArray[np.int64]
    country: NDArray[np.object_]
    site: NDArray[np.int64]
    since: NDArray[np.datetime64]
    created: NDArray[np.datetime64]
    left: NDArray[np.datetime64]
    weight: NDArray[np.float64]

    def choose(self, uniform: NDArray[np.float64], site: NDArray[np.int64], month: int) -> NDArray[np.int64]:
        """Return an account of each site for each uniform, large ones oftener, only those that exist in the month."""
        first = np.datetime64(month, "M").astype("datetime64[s]")
        result = np.zeros(len(uniform), np.int64)
        known = (self.created < first) & ~(self.left < first)
        for number in range(len(SITES)):
            here = np.flatnonzero(known & (self.site == number))
            rows = site == number
            result[rows] = here[pick(uniform[rows], self.weight[here])]
        return result


def accounts(plan: Plan) -> Accounts:
    """Return all customers up to the last month: those of the go-live, and a few new ones every month."""
    sizes = [round(560 * plan.scale)] + [round(2 * plan.scale)] * len(plan.months)
    parts = [_joining(plan, number, size) for number, size in enumerate(sizes)]
    joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    names = np.empty(len(joined["site"]), object)
    for number, site in enumerate(SITES):
        rows = np.flatnonzero(joined["site"] == number)
        names[rows] = customer_names(site, len(rows), plan.stream(f"names {site}"))
    numbers = np.array([f"A{number:05d}" for number in range(1, len(names) + 1)], object)
    return Accounts(number=numbers, name=names, **joined)


def _joining(plan: Plan, number: int, size: int) -> dict[str, NDArray[np.generic]]:
    """Return customers that joined before the go-live (``number`` 0) or in one of the months."""
    rng = plan.stream("accounts", number)
    site = pick(even(rng, np.zeros(size, np.int64)), SITE_SHARE)
    segment = pick(even(rng, site), _SEGMENT_SHARE)
    country = np.empty(size, object)
    for place, name in enumerate(SITES):
        codes, shares = zip(*COUNTRIES[name], strict=True)
        rows = site == place
        country[rows] = np.array(codes, object)[pick(rng.random(int(rows.sum())), list(shares))]
    if number == 0:
        since = LIVE - rng.integers(40, 4200, size)
        created = np.full(size, np.datetime64("2023-06-12T07:00:00", "s"))  # the day the old customer file was loaded
    else:
        since = np.datetime64(plan.months[number - 1], "M").astype("datetime64[D]") + rng.integers(0, 28, size)
        created = since.astype("datetime64[s]") + rng.integers(7 * 3600, 15 * 3600, size).astype("timedelta64[s]")
    stays = rng.exponential(21 * 365, size).astype(np.int64)
    left = created + (stays * 86400 + rng.integers(0, 30000, size)).astype("timedelta64[s]")
    left[segment == 2] = np.datetime64("NaT", "s")
    return {
        "site": site,
        "segment": segment,
        "country": country,
        "since": since.astype("datetime64[D]"),
        "created": created,
        "left": left,
        "weight": _SEGMENT_WEIGHT[segment] * rng.lognormal(0, 0.55, size),
    }


def days_of(rng: np.random.Generator, days: NDArray[np.datetime64], count: int) -> NDArray[np.datetime64]:
    """Return so many days out of ``days``, busy days oftener."""
    return days[pick(even(rng, np.zeros(count, np.int64)), trading_days(days))]
