"""Variation: what a signal means, given which direction is better."""

from __future__ import annotations

from collections.abc import Sequence

from qmsreports.analysis.rules import is_high
from qmsreports.records import SpcPoint

BETTER = ("higher", "lower", "neither")


def kind_of(signal: str, better: str) -> str:
    """Return common_cause, improvement, concern, neutral_high or neutral_low for one point's signal.

    A trend is judged by its direction, so a rise that is still below the mean is an improvement where higher is better.
    """
    if signal == "none":
        return "common_cause"
    high = is_high(signal)
    if better == "neither":
        return "neutral_high" if high else "neutral_low"
    return "improvement" if high == (better == "higher") else "concern"


def variation_of(points: Sequence[SpcPoint]) -> str:
    """Return the variation of a series: the kind of its latest point that has a value, and which way it points."""
    for point in reversed(points):
        if point.value is not None:
            if point.kind in ("improvement", "concern"):
                return f"{point.kind}_{'high' if is_high(point.signal) else 'low'}"
            return point.kind
    return "common_cause"
