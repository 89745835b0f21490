"""Assurance: whether the process, left as it is, will meet its target."""

from __future__ import annotations

from qmsreports.analysis.xmr import Limits

MINIMUM_POINTS = 12
"""Under this many points limits are on trial and promise nothing."""


def assurance_of(limits: Limits | None, target: float | None, better: str) -> str:
    """Return pass, fail, hit_or_miss or none for the latest segment's limits.

    Higher is better: a target below the lower limit will be met consistently (pass), one above the upper limit will
    not (fail), anything else, a target on a limit included, is hit or miss. Lower is better: mirrored.
    """
    if limits is None or target is None or better == "neither" or limits.used < MINIMUM_POINTS:
        return "none"
    if limits.lower is None or limits.upper is None:
        return "none"
    if limits.compare(target, limits.upper) > 0:
        return "fail" if better == "higher" else "pass"
    if limits.compare(target, limits.lower) < 0:
        return "pass" if better == "higher" else "fail"
    return "hit_or_miss"
