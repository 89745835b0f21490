"""Goods receipts: who delivers what to which site, when, and how much of it is rejected at goods-in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo.causes import FAILED_MATERIAL, FAILED_SUPPLIER, FAILURE, LYON, within
from qmsreports.demo.chance import even, mark, pick, spread_counts, whole
from qmsreports.demo.clock import ORDER_SEASON, growth, month_days, month_number, trading_days, utc_of, works
from qmsreports.demo.company import COUNTRY, SITE_SHARE, SITES, SWING, Plan
from qmsreports.demo.names import SUPPLIERS
from qmsreports.demo.workorders import BAD_PLANT, ENDLESS, LATE_ENTRY, Life

RECEIPTS_A_MONTH = 300
_REJECTED = 1200e-6
_POROUS = 0.031  # share of the failing supplier's castings that is rejected on top
_ON_TIME = 0.962


def receipts(plan: Plan, month: int) -> Life:
    """Return the receipts of a month over all sites, with the sample that goods-in inspects."""
    parts = [_at_site(plan, month, site) for site in range(len(SITES))]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _at_site(plan: Plan, month: int, site: int) -> Life:
    rng = plan.stream(f"goods in {site}", month)
    season = 1 + 0.6 * (ORDER_SEASON[month % 12] - 1)
    size = whole(rng, RECEIPTS_A_MONTH * plan.scale * SITE_SHARE[site] * season * growth(month, 0.03))
    calendar, days = works(COUNTRY[site]), month_days(month)
    weight = np.where(np.is_busday(days, busdaycal=calendar), trading_days(days), 0)
    received = np.sort(days[pick(even(rng, np.zeros(size, np.int64)), weight)])
    pairs = SUPPLIERS[SITES[site]]
    which = pick(even(rng, np.zeros(size, np.int64)), [1.0 + 0.25 * (place < 3) for place in range(len(pairs))])
    quantity = np.maximum(np.round(rng.lognormal(5.1, 0.6, size)), 5).astype(np.int64)
    ontime = _ON_TIME + 0.004 * plan.noise("supplier on time", month) + 0.004 * plan.noise(f"supplier {site}", month)
    late = even(rng, np.zeros(size, np.int64)) >= ontime
    shift = np.where(late, -rng.integers(1, 8, size), rng.integers(0, 4, size))
    dirt = mark(rng, size, {ENDLESS: 0.0006, BAD_PLANT: 0.0008, LATE_ENTRY: 0.0015})
    entered = utc_of(received.astype("datetime64[s]") + rng.integers(7 * 3600, 16 * 3600, size).astype("m8[s]"))
    entered = entered + np.where(dirt == LATE_ENTRY, rng.integers(18, 36, size), 0) * np.timedelta64(86400, "s")
    sample = np.minimum(quantity, 32)
    supplier = np.array([name for name, _ in pairs], object)[which]
    material = np.array([name for _, name in pairs], object)[which]
    failing = (supplier == FAILED_SUPPLIER) & (material == FAILED_MATERIAL) & (site == LYON) & within(received, FAILURE)
    rejected = _rejected(rng, plan, month, site, quantity, failing)
    return {
        "site": np.full(size, site),
        "supplier": supplier,
        "material": material,
        "committed": np.busday_offset(received, shift, roll="forward", busdaycal=calendar),
        "received": received,
        "quantity": quantity,
        "rejected": rejected,
        "entered": entered,
        "sampled": rng.random(size) < 0.45,
        "sample": sample,
        "sample_bad": np.minimum(rejected, rng.binomial(sample, np.minimum(rejected / quantity, 1.0))),
        "dirt": dirt,
    }


def _rejected(
    rng: np.random.Generator,
    plan: Plan,
    month: int,
    site: int,
    quantity: NDArray[np.int64],
    failing: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Rejected units: a stable share of all units, found in few deliveries; more while a supplier fails."""
    number = int(month_number(np.array(np.datetime64(month, "M").astype("datetime64[D]"))).item())
    rate = _REJECTED * (1 + 0.19 * SWING[site] * plan.noise("supplier ppm", number)).item()
    weight = quantity * np.where(rng.random(len(quantity)) < 0.12, 9.0, 0.2)
    expected = weight / max(weight.sum(), 1.0) * rate * quantity.sum()
    result = spread_counts(rng, expected)
    if failing.any():
        share = quantity * failing * rng.uniform(0.4, 1.6, len(quantity))
        result = result + spread_counts(rng, share / share.sum() * _POROUS * (quantity * failing).sum())
    return np.minimum(result, quantity)
