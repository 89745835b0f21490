"""What a new result means for the record: results are appended, never changed, and only when something is new."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from qmsreports.records import KpiResult

Verdict = Literal["insert", "supersede", "candidate", "unchanged"]
Key = tuple[str, str, tuple[tuple[str, str], ...]]
_NOISE = 1e-9
"""Relative difference below which two computations of the same sum count as equal."""


@dataclass(frozen=True, slots=True)
class Changes:
    """New results by what is to be done with them.

    ``insert``: the first of its period and slice. ``supersede``: replaces a row that was not final, or says something
    new of the same numbers. ``candidates``: numbers of a settled period that would be restated; kept aside until a
    person records the restatement. ``unchanged``: nothing is written.
    """

    insert: tuple[KpiResult, ...] = ()
    supersede: tuple[KpiResult, ...] = ()
    candidates: tuple[KpiResult, ...] = ()
    unchanged: tuple[KpiResult, ...] = ()


def key_of(result: KpiResult) -> Key:
    """Return what makes two results versions of the same number: KPI, period and slice."""
    return (result.kpi, str(result.period), tuple(sorted(result.slice.items())))


def compare(earlier: KpiResult | None, new: KpiResult) -> tuple[Verdict, str]:
    """Return what to do with a new result, given the newest stored one, and why in a few words.

    A settled number does not change by itself: if the rows behind it changed, the new number is a candidate for a
    restatement. A result that was provisional, had no valid feed or now has none is replaced, and so is one that was
    computed before one of its tables was ever published: it said nothing of the period, only that nobody had looked.
    Both are expected with their intervals. One that is told no longer is withdrawn, also from a settled number: the
    number stays, and nobody goes on to judge a change of it by an interval that does not hold.
    """
    if earlier is None:
        return "insert", "first value"
    numbers = _numbers_differ(earlier, new)
    if "not_valid" in (earlier.status, new.status) and (numbers or earlier.status != new.status):
        return "supersede", "feed not valid" if new.status == "not_valid" else "feed valid again"
    if numbers:
        redefined = (earlier.version, earlier.fingerprint) != (new.version, new.fingerprint)
        if earlier.provisional:
            return "supersede", "definition changed" if redefined else "late data within the settling time"
        if appeared := _appeared(earlier, new):
            return "supersede", f"first rows of {', '.join(appeared)}"
        return "candidate", "definition changed" if redefined else "late data"
    if earlier.provisional and not new.provisional:
        return "supersede", "settled"
    if (earlier.status, earlier.provisional, earlier.unit) != (new.status, new.provisional, new.unit):
        return "supersede", "status changed"
    if not (_equal(earlier.low, new.low) and _equal(earlier.high, new.high)):
        had, has = ((one.low, one.high) != (None, None) for one in (earlier, new))
        return "supersede", "interval changed" if had and has else "interval added" if has else "interval withdrawn"
    if not (_equal(earlier.target, new.target) and _equal(earlier.near, new.near)):
        return "supersede", "target changed"
    return "unchanged", ""


def changes(latest: Mapping[Key, KpiResult], new: Iterable[KpiResult]) -> Changes:
    """Split new results by what is to be done with them; ``latest`` holds the newest stored row of each key."""
    found: dict[Verdict, list[KpiResult]] = {"insert": [], "supersede": [], "candidate": [], "unchanged": []}
    for result in new:
        found[compare(latest.get(key_of(result)), result)[0]].append(result)
    return Changes(
        insert=tuple(found["insert"]),
        supersede=tuple(found["supersede"]),
        candidates=tuple(found["candidate"]),
        unchanged=tuple(found["unchanged"]),
    )


def _numbers_differ(earlier: KpiResult, new: KpiResult) -> bool:
    same = (
        _equal(earlier.value, new.value)
        and _equal(earlier.numerator, new.numerator)
        and _equal(earlier.denominator, new.denominator)
        and earlier.n == new.n
    )
    return not same or earlier.version != new.version


def _appeared(earlier: KpiResult, new: KpiResult) -> list[str]:
    """Tables that the same definition reads now and that did not exist when the earlier result was computed."""
    if earlier.fingerprint != new.fingerprint:
        return []
    return sorted(set(new.table_versions) - set(earlier.table_versions))


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_NOISE, abs_tol=_NOISE)
