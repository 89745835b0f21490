"""The bootstrap interval of a mean beside SciPy's, and beside every sample that can be drawn at all."""

from __future__ import annotations

import itertools
from statistics import fmean, stdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from qmsreports.analysis.bootstrap import FEWEST, MOST, mean_interval
from qmsreports.analysis.intervals import mean_t, result_interval

WAITS = [1.0, 1, 2, 2, 3, 4, 30]


@pytest.mark.parametrize(
    "values",
    [
        WAITS,
        [0.0, 0, 0, 0, 1, 0, 0, 2, 5, 0],
        [float(value) for value in np.random.default_rng(1).lognormal(size=60)],
        [float(value) for value in np.random.default_rng(2).exponential(8, size=250)],
        [float(value) for value in np.random.default_rng(3).normal(100, 5, size=40)],
    ],
    ids=["waits", "mostly none", "lognormal", "exponential", "normal"],
)
def test_it_is_the_bca_interval_of_scipy(values: list[float]) -> None:
    """SciPy draws other samples: what is left between the two is chance, some hundredths of the width."""
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20000, method="BCa", rng=np.random.default_rng(5))
    low, high = mean_interval(values) or (0.0, 0.0)
    width = high - low
    assert low == pytest.approx(theirs.confidence_interval.low, abs=0.05 * width)
    assert high == pytest.approx(theirs.confidence_interval.high, abs=0.05 * width)


def test_few_values_beside_every_sample_that_can_be_drawn() -> None:
    """Of five values 3125 samples: their means, all equally likely, and Efron's two shares of them by hand."""
    values = [1.0, 2.0, 4.0, 7.0, 16.0]
    means = sorted(fmean(drawn) for drawn in itertools.product(values, repeat=5))
    mean = 6.0
    normal = stats.norm
    below = sum(value < mean - 1e-9 for value in means) + sum(value < mean + 1e-9 for value in means)
    shift = normal.ppf(below / (2 * len(means)))
    # deviations -5, -4, -2, 1, 10: their cubes add up to -125 - 64 - 8 + 1 + 1000 = 804, their squares to 146
    lean = 804 / (6 * 146**1.5)
    shares = [normal.cdf(shift + (shift + z) / (1 - lean * (shift + z))) for z in (-1.959964, 1.959964)]
    low, high = mean_interval(values) or (0.0, 0.0)
    assert low == pytest.approx(np.quantile(means, shares[0]), abs=0.4)
    assert high == pytest.approx(np.quantile(means, shares[1]), abs=0.6)


def test_waits_cannot_be_shorter_than_the_shortest() -> None:
    """Student's t begins below zero, which no wait does."""
    low, high = mean_interval(WAITS) or (0.0, 0.0)
    assert min(WAITS) <= low < fmean(WAITS) < high <= max(WAITS)
    assert (mean_t(fmean(WAITS), stdev(WAITS), len(WAITS))[0] or 0) < 0
    assert (round(low, 1), round(high, 1)) == (1.9, 18.3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-50, 500).map(float), min_size=FEWEST, max_size=30), st.randoms(use_true_random=False))
def test_the_same_values_give_the_same_interval_in_any_order(values: list[float], chance) -> None:  # type: ignore[no-untyped-def]
    found = mean_interval(values)
    turned = list(values)
    chance.shuffle(turned)
    assert mean_interval(turned) == found
    assert found is not None
    assert min(values) - 1e-9 <= found[0] <= found[1] <= max(values) + 1e-9


def test_too_few_and_too_many_have_none_and_equal_values_a_point() -> None:
    assert mean_interval([1.0] * (FEWEST - 1)) is None
    assert mean_interval([float(value) for value in range(MOST + 1)]) is None
    assert mean_interval([2.5] * FEWEST) == (2.5, 2.5)


def test_what_the_engine_found_is_the_interval_of_a_mean() -> None:
    parts = {"sum_squares": 100.0, "low": 1.0, "high": 9.0}
    assert result_interval("mean", 30.0, 10.0, 10, parts, unit="minutes") == (1.0, 9.0)
    assert result_interval("duration", 30.0, 10.0, 10, parts, unit="hours") == (1.0, 9.0)
