"""What a value means against the target of its period: one word.

Order of the judgements: met > accepted_deviation > near > missed. Before any of them: ``not_valid`` (validation stopped
a feed), ``no_data`` (nothing to divide by), ``provisional`` (late data is still expected), ``no_target``.
"""

from __future__ import annotations

import math
from dataclasses import replace

from qmsreports.catalog.kpi import Better
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.target import AcceptedDeviation, Target
from qmsreports.records import KpiResult

STATUSES = (
    "met",
    "accepted_deviation",
    "near",
    "missed",
    "no_target",
    "no_data",
    "provisional",
    "not_valid",
)
_NOISE = 1e-12
"""Relative difference that only the order of additions makes: 0.1 + 0.2 meets a target of 0.3."""


def status_of(
    value: float | None,
    *,
    better: Better,
    target: Target | None,
    deviation: AcceptedDeviation | None = None,
    provisional: bool = False,
    valid: bool = True,
) -> str:
    """Return the status of a value; nothing is rounded before it is compared, and equality meets a target.

    94.96 against 95 is not met, though both are printed as 95.0. A direction of ``neither`` has no target to meet.
    """
    if not valid:
        return "not_valid"
    if value is None:
        return "no_data"
    if provisional:
        return "provisional"
    if target is None or better == "neither":
        return "no_target"
    if _reaches(value, target.meet, better):
        return "met"
    if deviation is not None and _accepted(value, deviation):
        return "accepted_deviation"
    if target.near is not None and _reaches(value, target.near, better):
        return "near"
    return "missed"


def judged(catalog: Catalog, result: KpiResult) -> KpiResult:
    """Return a settled result with the target, near value and status that ``catalog`` gives it; its numbers stay.

    A result without a value, or of a version that is not in the catalog, is returned as it is.
    """
    kpi = catalog.kpis.get(result.kpi)
    version = kpi.version(result.version) if kpi is not None else None
    if kpi is None or version is None or result.value is None or result.provisional:
        return result
    bounds = catalog.targets.in_force(kpi.kpi, result.period, adds_up=kpi.adds_up(version))
    target, deviation = bounds.target(result.slice), bounds.deviation(result.slice)
    return replace(
        result,
        target=target.meet if target is not None else None,
        near=target.near if target is not None else None,
        status=status_of(result.value, better=kpi.better, target=target, deviation=deviation),
    )


def _reaches(value: float, bound: float, better: Better) -> bool:
    return _same(value, bound) or (value > bound if better == "higher" else value < bound)


def _accepted(value: float, deviation: AcceptedDeviation) -> bool:
    bound = deviation.at_least if deviation.at_least is not None else deviation.at_most
    return deviation.holds(value) or (bound is not None and _same(value, bound))


def _same(value: float, bound: float) -> bool:
    return math.isclose(value, bound, rel_tol=_NOISE, abs_tol=0.0)
