"""Mean, average moving range and limits, against published numbers and hand arithmetic."""

from __future__ import annotations

import pytest

from qmsreports.analysis.xmr import average_moving_range, limits


def test_nist_flow_rate_example() -> None:
    # NIST/SEMATECH Engineering Statistics Handbook 6.3.2.2, ten batches of flow rate. Published: mean 50.81,
    # average moving range 1.8778, limits 45.8159 and 55.8041 (with 3/1.128 = 2.6596 where we use 2.66: 0.001 apart).
    # Ranges 2.0 2.3 1.4 3.5 3.4 1.4 0.2 1.2 1.5, sum 16.9, / 9 = 1.87778; none above 3.267 x 1.87778 = 6.13.
    found = limits([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1], screening=True)
    assert found is not None
    assert found.mean == pytest.approx(50.81)
    assert found.spread == pytest.approx(16.9 / 9)
    assert found.lower == pytest.approx(45.8159, abs=0.0015)
    assert found.upper == pytest.approx(55.8041, abs=0.0015)


def test_sas_jet_engine_example() -> None:
    # SAS/QC sample library SHWIR1, diameters of 20 jet engines; its listing gives the first ranges 1.7 4.3 5.3 1.3.
    # By hand: sum of values 1607.8, / 20 = 80.39. Ranges 1.7 4.3 5.3 1.3 3.1 9.7 9.7 8.5 1.8 6.3 9.8 2.1 3.0 7.0 4.1
    # 12.8 4.8 2.6 3.3 sum to 101.2, / 19 = 5.32632; screen 3.267 x 5.326 = 17.4 drops none; 2.66 x 5.32632 = 14.168.
    diameters = [78.4, 80.1, 84.4, 79.1, 80.4, 83.5, 73.8, 83.5, 75.0, 76.8]
    diameters += [70.5, 80.3, 82.4, 79.4, 86.4, 90.5, 77.7, 82.5, 79.9, 83.2]
    found = limits(diameters, screening=True)
    assert found is not None
    assert found.mean == pytest.approx(80.39)
    assert found.lower == pytest.approx(80.39 - 14.168, abs=1e-6)
    assert found.upper == pytest.approx(80.39 + 14.168, abs=1e-6)


def test_an_extreme_moving_range_is_dropped_once() -> None:
    # ranges 1 1 1 1 8 1: average 13/6 = 2.17, screen 7.08; 8 goes, the average of the rest is 1
    values = [1, 2, 1, 2, 1, 9, 8]
    assert average_moving_range(values, screening=True) == 1
    assert average_moving_range(values, screening=False) == pytest.approx(13 / 6)
    # twelve ranges of 1, then 5, then 40: average 57/14 = 4.07, screen 13.3 drops 40 alone;
    # a second pass (average 17/13 = 1.31, screen 4.27) would drop 5 as well and is not made
    values = [0, 1] * 6 + [0, 5, 45]
    assert average_moving_range(values, screening=True) == pytest.approx(17 / 13)


def test_a_moving_range_on_the_screen_stays() -> None:
    # one range r among k of 1: r = 3.267 (r + k) / (k + 1) has no short decimal solution, so take the screen itself
    # from below: with k = 9 and r = 4.36 the screen is 3.267 x 13.36 / 10 = 4.3647 and 4.36 stays; 4.37 goes (4.3680)
    assert average_moving_range([0, 1] * 5 + [5.36], screening=True) == pytest.approx(13.36 / 10)
    assert average_moving_range([0, 1] * 5 + [5.37], screening=True) == pytest.approx(1)


@pytest.mark.parametrize("value", [0.0, 0.1, 93.4, 1e12, 1e-4, -7.3])
def test_equal_values_have_limits_of_no_width_and_nothing_lies_outside(value: float) -> None:
    found = limits([value] * 49, screening=True)
    assert found is not None
    assert found.spread == 0
    assert found.lower == found.upper == found.mean == pytest.approx(value)
    assert found.side(value) == 0
    assert not found.beyond(value, 2.66)


def test_none_and_one_value() -> None:
    assert limits([], screening=True) is None
    single = limits([4.0], screening=True)
    assert single is not None
    assert (single.mean, single.lower, single.upper) == (4.0, None, None)
