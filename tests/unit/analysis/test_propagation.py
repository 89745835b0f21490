"""Intervals of formulas: worked numbers, and how often they hold, of independent parts and of others."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from scipy import stats

from qmsreports.analysis.propagation import Part, dependent, propagated

ONE, TWO = frozenset({"receipts"}), frozenset({"inspections"})


def less(at: Mapping[str, float]) -> float:
    return at["a"] - at["b"]


def test_independent_parts_are_added_as_squares() -> None:
    """Newcombe's difference of 56 of 70 and 48 of 80 (1998, method 10): 0.2 with 0.0524 to 0.3339, from the two Wilson
    intervals 0.6921 to 0.8768 and 0.4905 to 0.7003 of the two shares.
    """
    first, second = (stats.binomtest(k, n).proportion_ci(method="wilson") for k, n in ((56, 70), (48, 80)))
    parts = {"a": Part(0.8, first.low, first.high, ONE), "b": Part(0.6, second.low, second.high, TWO)}
    assert propagated(less, parts) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_parts_of_the_same_rows_are_added_plainly() -> None:
    parts = {"a": Part(50, 40, 62, ONE), "b": Part(30, 24, 36, TWO)}
    # down: root of 10^2 + 6^2 = 11.66; up: root of 12^2 + 6^2 = 13.42
    assert propagated(less, parts) == (pytest.approx(8.338, abs=1e-3), pytest.approx(33.416, abs=1e-3))
    assert propagated(less, {**parts, "b": Part(30, 24, 36, ONE | TWO)}) == (4, 38)


def test_what_falls_with_its_part_is_turned_round() -> None:
    assert propagated(lambda at: 100 - at["a"], {"a": Part(90, 85, 93, ONE)}) == (7, 15)


def test_sources_join_over_several_steps() -> None:
    sources = {"a": {"x"}, "b": {"y"}, "c": {"x", "z"}, "d": {"z", "w"}}
    assert sorted(sorted(group) for group in dependent(sources)) == [["a", "c", "d"], ["b"]]


def test_where_an_end_has_no_value_there_is_no_interval() -> None:
    def share(at: Mapping[str, float]) -> float | None:
        return at["a"] / at["b"] if at["b"] else None

    parts = {"a": Part(5, 4, 6, ONE), "b": Part(1, 0, 2, TWO)}
    assert propagated(share, parts) == (None, None)
    assert propagated(lambda _at: 1.0, {}) == (None, None)


@pytest.mark.parametrize(("together", "at_least"), [(0.0, 0.93), (-1.0, 0.93), (1.0, 0.98)])
def test_it_holds_the_true_value_at_least_as_often_as_it_says(together: float, at_least: float) -> None:
    """The ratio of two means, 2000 times: independent, against each other (as bad as it gets), and with each other."""
    draw = np.random.default_rng(11)
    held, times, n, z = 0, 2000, 50, 1.96
    for _ in range(times):
        first = draw.normal(0, 1, n)
        second = together * first + math.sqrt(1 - together**2) * draw.normal(0, 1, n)
        a, b = 20 + 4 * first, 10 + 2 * second
        parts = {
            name: Part(float(x.mean()), *(float(x.mean() + s * z * x.std(ddof=1) / math.sqrt(n)) for s in (-1, 1)), of)
            for name, x, of in (("a", a, ONE), ("b", b, ONE if together else TWO))
        }
        low, high = propagated(lambda at: at["a"] / at["b"], parts)
        assert low is not None
        assert high is not None
        held += low <= 2.0 <= high
    assert held / times >= at_least
    if not together:
        assert held / times <= 0.97
