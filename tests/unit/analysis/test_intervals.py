"""Intervals against the published worked numbers, exact binomial sums and SciPy as a second opinion."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qmsreports.analysis import intervals, quantiles, result_interval


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(960, 1200, 77.6, 82.2), (18, 20, 69.9, 97.2), (20, 20, 83.9, 100.0), (0, 20, 0.0, 16.1)],
)
def test_wilson(successes: int, n: int, low: float, high: float) -> None:
    found = result_interval("ratio", successes, n, n, unit="percent")
    assert found == (pytest.approx(low, abs=0.05), pytest.approx(high, abs=0.05))
    assert result_interval("csat", successes, n, n) == found


@given(st.integers(1, 3000), st.data())
def test_wilson_mirrors_and_holds_the_share(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    low, high = intervals.wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    other_low, other_high = intervals.wilson(n - successes, n)
    assert (1 - other_high, 1 - other_low) == (pytest.approx(low, abs=1e-12), pytest.approx(high, abs=1e-12))


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "centre", "half"), [(60, 25, 15, 43.7, 14.3), (12, 5, 3, 39.1, 30.7)]
)
def test_adjusted_wald(promoters: int, passives: int, detractors: int, centre: float, half: float) -> None:
    n = promoters + passives + detractors
    low, high = result_interval(
        "nps", promoters - detractors, n, n, {"promoters": promoters, "detractors": detractors}, unit="points"
    )
    assert low is not None
    assert high is not None
    assert ((low + high) / 2, (high - low) / 2) == (pytest.approx(centre, abs=0.05), pytest.approx(half, abs=0.05))


def test_minutes_are_no_sample_of_cases() -> None:
    """500 of 960 minutes in two shifts: as if 960 cases had been looked at it would be 48.9 to 55.2."""
    assert result_interval("ratio", 500, 960, 2, unit="percent") == (None, None)
    found = result_interval("ratio", 500, 960, 2, {"log variance": 0.0004, "fewest rows": 31}, unit="percent", value=60)
    assert found == intervals.product_of_ratios(60, 0.0004, 31)


def test_the_net_promoter_score_stays_within_its_scale() -> None:
    assert intervals.adjusted_wald_nps(2, 0, 2)[1] == 100
    assert intervals.adjusted_wald_nps(0, 2, 2)[0] == -100
    assert result_interval("nps", 0, 0, 0, {"promoters": 0, "detractors": 0}) == (None, None)
    assert result_interval("nps", 1, 2, 2) == (None, None)  # without the parts there is no interval


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_a_net_promoter_score_lies_in_its_interval(promoters: int, passives: int, detractors: int) -> None:
    n = max(1, promoters + passives + detractors)
    low, high = intervals.adjusted_wald_nps(promoters, detractors, n)
    assert -100 <= low <= 100 * (promoters - detractors) / n <= high <= 100


def test_the_interval_of_one_promoter_reaches_the_score() -> None:
    """4 answers with 1.75 and 0.75 at the ends: 25 +- 1.96 x 100 x root(0.5625 / 4) = 25 +- 73.5, short of 100."""
    assert intervals.adjusted_wald_nps(1, 0, 1) == (pytest.approx(25 - 73.498, abs=1e-3), 100)
    assert intervals.adjusted_wald_nps(0, 1, 1) == (-100, pytest.approx(73.498 - 25, abs=1e-3))


def test_mean() -> None:
    # n 5, mean 5, deviation 2: t(0.975, 4) = 2.776 (tables), 2.776 x 2 / 2.23607 = 2.483
    assert intervals.mean_t(5, 2, 5) == (pytest.approx(2.517, abs=1e-3), pytest.approx(7.483, abs=1e-3))
    # values 3 5 7: sum 15, squares 83, variance (83 - 75) / 2 = 4, t(0.975, 2) = 4.3027, half 4.3027 x 2 / 1.732
    found = result_interval("mean", 15, 3, 3, {"sum_squares": 83})
    assert found == (pytest.approx(0.032, abs=1e-3), pytest.approx(9.968, abs=1e-3))
    assert result_interval("ces", 15, 3, 3, {"deviation": 2}) == found
    assert result_interval("mean", 15, 3, 3) == (None, None)
    assert result_interval("mean", 5, 1, 1, {"deviation": 0}) == (None, None)


def test_percentile_ranks_by_hand() -> None:
    # median of 10, binomial(10, 1/2): at most 1 below has 11/1024 = 1.07 %, at most 2 has 5.5 %: ranks 2 and 9
    assert intervals.percentile_ranks(10, 0.5) == (2, 9)
    # all 5 below the median with 1/32 = 3.1 % > 2.5 %: no interval; with 6 values 1/64 = 1.6 %: the extremes
    assert intervals.percentile_ranks(5, 0.5) is None
    assert intervals.percentile_ranks(6, 0.5) == (1, 6)
    assert intervals.percentile_interval([60, 10, 50, 20, 40, 30], 0.5) == (10, 60)
    assert intervals.percentile_interval([1, 2, 3], 0.9) == (None, None)
    # p90 of 20 values: all 20 below it in 12 % of samples
    assert intervals.percentile_ranks(20, 0.9) is None


@pytest.mark.parametrize(("n", "share"), [(37, 0.5), (100, 0.9), (64, 0.9), (400, 0.95), (50, 0.1)])
def test_percentile_ranks_are_the_tightest_that_cover(n: int, share: float) -> None:
    chance = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]  # k values below
    ranks = intervals.percentile_ranks(n, share)
    assert ranks is not None
    low, high = ranks
    assert sum(chance[:low]) <= 0.025 < sum(chance[: low + 1])
    assert sum(chance[high:]) <= 0.025 < sum(chance[high - 1 :])


def test_poisson_rate() -> None:
    # Garwood's table: 0 events 0 to 3.689, 10 events 4.795 to 18.390
    assert intervals.poisson_rate(0, 1) == (0, pytest.approx(3.689, abs=1e-3))
    assert intervals.poisson_rate(10, 1) == (pytest.approx(4.795, abs=1e-3), pytest.approx(18.390, abs=1e-3))
    # 10 complaints on 4000 orders are 2.5 per 1,000: 1.199 to 4.598
    found = result_interval("ratio", 10, 4000, 4000, unit="per_1000")
    assert found == (pytest.approx(1.199, abs=1e-3), pytest.approx(4.598, abs=1e-3))
    low, high = result_interval("ratio", 31, 100_000, 50, unit="ppm")
    assert (low, high) == (pytest.approx(210.6, abs=0.1), pytest.approx(440.0, abs=0.1))


@pytest.mark.parametrize(
    ("kind", "numerator", "denominator", "unit"),
    [
        ("ratio", 312.5, 4000.0, "percent"),  # money over money
        ("ratio", 31, 40.5, "percent"),
        ("ratio", 41, 40, "percent"),  # no share
        ("ratio", 3, 0, "percent"),  # no exposure
        ("ratio", None, None, "percent"),
        ("ratio", 3, 4, "EUR"),
        ("count", 3, None, "count"),
        ("level", 3, None, "count"),
        ("product", 0.7, 1, "percent"),
        ("percentile", 4.2, None, "hours"),
    ],
)
def test_no_interval_where_none_can_be_justified(
    kind: str, numerator: float | None, denominator: float | None, unit: str
) -> None:
    assert result_interval(kind, numerator, denominator, 4, unit=unit) == (None, None)


def test_a_percentile_hands_on_the_values_at_its_ranks() -> None:
    assert result_interval("percentile", 4.2, None, 99, {"low": 3.9, "high": 5.0}, unit="hours") == (3.9, 5.0)
    assert result_interval("duration", 4.2, None, 99, {"low": 3.9, "high": 5.0}, unit="hours") == (3.9, 5.0)


PROBABILITIES = (0.005, 0.025, 0.1, 0.5, 0.9, 0.975, 0.995)


def test_quantiles_agree_with_scipy() -> None:
    for p, freedom in itertools.product(PROBABILITIES, (1, 2, 5, 30, 200, 5000)):
        assert quantiles.student_t(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=1e-9, abs=1e-9)
        assert quantiles.chi_square(p, freedom) == pytest.approx(stats.chi2.ppf(p, freedom), rel=1e-9)
    for p, a, b in itertools.product(PROBABILITIES, (0.5, 1, 3, 40, 2000), (0.5, 2, 900)):
        assert quantiles.beta(p, a, b) == pytest.approx(stats.beta.ppf(p, a, b), abs=1e-9)


def test_quantiles_agree_with_printed_tables() -> None:
    assert quantiles.normal(0.975) == pytest.approx(1.959964, abs=1e-6)
    assert quantiles.student_t(0.975, 4) == pytest.approx(2.776, abs=5e-4)
    assert quantiles.student_t(0.025, 4) == pytest.approx(-2.776, abs=5e-4)
    assert quantiles.chi_square(0.95, 1) == pytest.approx(3.841, abs=5e-4)
    assert quantiles.chi_square(0.0, 4) == 0
    # binomial(4, 1/2): at most 1 success in 5 of 16
    assert quantiles.binomial_at_most(1, 4, 0.5) == pytest.approx(5 / 16)
    assert (quantiles.binomial_at_most(-1, 4, 0.5), quantiles.binomial_at_most(4, 4, 0.5)) == (0, 1)
