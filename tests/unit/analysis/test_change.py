"""Differences between two periods, against published examples and scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsreports.analysis.change import Sample, difference, newcombe, square_and_add, welch
from qmsreports.analysis.intervals import wilson


def test_newcombe_as_published() -> None:
    """Newcombe, Statistics in Medicine 17 (1998) 873-890, table II: method 10 of contrasts (a), (b), (f) and (g)."""
    for after, before, low, high in [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((0, 10), (0, 10), -0.2775, 0.2775),
    ]:
        assert newcombe(before, after) == pytest.approx((low, high), abs=6e-5)


def test_welch_is_scipys() -> None:
    from scipy import stats

    before, after = [1.0, 2.0, 4.0, 8.0, 9.0], [3.0, 3.5, 9.0, 12.0, 14.0, 15.0, 30.0]

    def side(values: list[float]) -> Sample:
        total = sum(values)
        squares = sum(value * value for value in values)
        return Sample(total / len(values), total, len(values), len(values), {"sum_squares": squares})

    expected = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    change, interval = difference("mean", side(before), side(after), unit="minutes")
    assert change == pytest.approx(sum(after) / 7 - sum(before) / 5)
    assert interval == pytest.approx((expected.low, expected.high))
    assert welch((1, 0, 5), (1, 0, 5)) == welch((1, 2, 1), (1, 2, 5)) == (None, None)


def test_a_share_changes_by_percentage_points() -> None:
    before, after = Sample(60.0, 48, 80, 80), Sample(80.0, 56, 70, 70)
    change, interval = difference("ratio", before, after, unit="percent")
    assert change == 20
    assert interval == pytest.approx((5.24, 33.39), abs=6e-3)


def test_net_promoter_scores_by_hand() -> None:
    """60 and 15 of 100, then 50 and 20 of 100, each with three answers added."""
    first, second = ((60.75, 15.75), (50.75, 20.75))
    parts = [{"promoters": 60, "detractors": 15}, {"promoters": 50, "detractors": 20}]
    variance = sum(((p + d) / 103 - ((p - d) / 103) ** 2) / 103 for p, d in (first, second))
    centre = (second[0] - second[1]) / 1.03 - (first[0] - first[1]) / 1.03
    half = 100 * 1.959964 * math.sqrt(variance)
    change, interval = difference("nps", Sample(45, n=100, parts=parts[0]), Sample(30, n=100, parts=parts[1]))
    assert change == -15
    assert interval == pytest.approx((centre - half, centre + half), abs=1e-4)


def test_a_difference_from_one_end_of_the_scale_to_the_other_lies_in_its_interval() -> None:
    """Two detractors, then two promoters: centre 80, root of twice 0.54 / 5 is 0.4648, so 80 +- 91.1, short of 200."""
    ends = [{"promoters": 0, "detractors": 2}, {"promoters": 2, "detractors": 0}]
    before, after = Sample(-100, n=2, parts=ends[0]), Sample(100, n=2, parts=ends[1])
    assert difference("nps", before, after) == (200, (pytest.approx(80 - 91.09, abs=0.01), 200))
    assert difference("nps", after, before) == (-200, (-200, pytest.approx(91.09 - 80, abs=0.01)))


def test_two_intervals_are_put_together_where_no_other_way_is_known() -> None:
    """A median of 8 (4 to 11), then 23 (13 to 40): 15, less the root of 10^2 + 3^2, and more that of 17^2 + 4^2."""
    before, after = Sample(8.0, n=21, low=4.0, high=11.0), Sample(23.0, n=21, low=13.0, high=40.0)
    for kind in ("percentile", "duration", "product", "formula"):
        change, interval = difference(kind, before, after, unit="days")
        assert (change, *interval) == pytest.approx((15, 15 - math.sqrt(109), 15 + math.sqrt(305)))
    assert difference("percentile", before, Sample(23.0, n=21, low=13.0)) == (15, (None, None)), "no upper end"


def test_put_together_from_wilsons_intervals_it_is_newcombes() -> None:
    sides = [Sample(k / n, low=wilson(k, n)[0], high=wilson(k, n)[1]) for k, n in ((48, 80), (56, 70))]
    assert square_and_add(*sides) == pytest.approx((0.0524, 0.3339), abs=6e-5)


def test_minutes_are_no_sample_of_cases() -> None:
    """The intervals of both shares are taken: 10 down to the root of 3^2 + 5^2, up to that of 4^2 + 2^2."""
    before, after = Sample(40.0, 384, 960, 2, low=38.0, high=45.0), Sample(50.0, 480, 960, 2, low=47.0, high=54.0)
    change, interval = difference("ratio", before, after, unit="percent")
    assert (change, *interval) == pytest.approx((10, 10 - math.sqrt(34), 10 + math.sqrt(20)))


def test_what_has_no_interval_still_has_a_difference() -> None:
    before, after = Sample(5.0, 10, 2, 2), Sample(8.0, 16, 2, 2)
    assert difference("ratio", before, after, unit="ratio") == (3, (None, None))
    assert difference("level", before, after) == (3, (None, None))
    assert difference("ratio", Sample(50.0, 0.5, 1, 1), after, unit="percent")[1] == (None, None)
    assert difference("ratio", Sample(None), after, unit="percent") == (None, (None, None))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_the_difference_lies_in_its_interval_and_turning_it_round_mirrors_it(
    n: int, m: int, data: st.DataObject
) -> None:
    before = (data.draw(st.integers(0, n)), n)
    after = (data.draw(st.integers(0, m)), m)
    low, high = newcombe(before, after)
    assert -1 - 1e-9 <= low <= after[0] / m - before[0] / n + 1e-9 and after[0] / m - before[0] / n <= high + 1e-9
    assert newcombe(after, before) == pytest.approx((-high, -low))
