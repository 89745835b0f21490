"""Each rule by itself, at its edges, and both rule sets against a second implementation."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xmr_oracle import signals as oracle_signals
from xmr_oracle import wheeler as oracle_wheeler

from qmsreports.analysis import analyse_series
from qmsreports.analysis.rules import RULE_SETS, rule_set, run, three_of_four, trend, two_of_three
from qmsreports.analysis.xmr import Limits
from qmsreports.errors import ExitCode, UserError


def around(mean: float = 0.0, spread: float = 1.0) -> Limits:
    return Limits(mean, mean - 2.66 * spread, mean + 2.66 * spread, spread, 1e-12, 20)


def signals_of(values: list[float], **options: object) -> list[str]:
    points = [(date(2020, 1, 1) + timedelta(days=i), value) for i, value in enumerate(values)]
    return [point.signal for point in analyse_series(points, **options).points]  # type: ignore[arg-type]


def test_seven_rising_points_are_a_trend_and_six_are_not() -> None:
    assert trend([1, 2, 3, 4, 5, 6], around()) == [0] * 6
    assert trend([1, 2, 3, 4, 5, 6, 7], around()) == [1] * 7
    assert trend([9, 8, 7, 6, 5, 4, 3, 2, 3], around()) == [-1] * 8 + [0]


def test_a_tie_breaks_a_trend() -> None:
    assert trend([1, 2, 3, 3, 4, 5, 6, 7], around()) == [0] * 8
    assert trend([1, 2, 3, 4, 5, 6, 7, 7, 8], around()) == [1] * 7 + [0, 0]


def test_the_peak_between_two_trends_counts_as_falling() -> None:
    values = [1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1]
    assert trend(values, around()) == [1] * 6 + [-1] * 7


def test_the_last_point_of_a_rise_stays_a_rise_when_another_begins_behind_it() -> None:
    values = [11, 12, 13, 14, 15, 16, 17, 1, 2, 3, 4, 5, 6, 7]
    assert trend(values, around()) == [1] * 14


def test_a_run_is_seven_on_one_side_and_a_point_on_the_mean_ends_it() -> None:
    assert run([1] * 6, around()) == [0] * 6
    assert run([-1] + [1] * 8 + [-1], around()) == [0] + [1] * 8 + [0]
    assert run([1, 1, 1, 0, 1, 1, 1, 1], around()) == [0] * 8
    assert run([-1] * 7, around()) == [-1] * 7


def test_two_of_three_marks_only_the_points_near_the_limit() -> None:
    # between 1.7733 and 2.66
    assert two_of_three([0.5, 2, 1, 2, 0.5], around()) == [0, 1, 0, 1, 0]
    assert two_of_three([-2, -2, -0.1], around()) == [-1, -1, 0]


def test_two_of_three_needs_all_three_on_one_side() -> None:
    assert two_of_three([2, -1, 2], around()) == [0, 0, 0]
    assert two_of_three([2, 0, 2], around()) == [0, 0, 0]
    assert two_of_three([2, 2], around()) == [0, 0]  # no third point
    assert two_of_three([1.7, 2, 1.7], around()) == [0, 0, 0]
    # NHSRplotthedots issue 143: neighbours near opposite limits. Ranges 13 x 2, 6.5, 11 (dropped): spread 32.5 / 14.
    assert signals_of([1, -1] * 7 + [5.5, -5.5])[-2:] == ["none", "none"]


def test_a_point_beyond_the_limit_is_no_near_point_but_completes_the_window() -> None:
    assert two_of_three([3, 2, 2], around()) == [0, 1, 1]
    assert two_of_three([3, 2, 1], around()) == [0, 0, 0]


def test_the_limit_itself_is_inside_and_still_near() -> None:
    assert two_of_three([2.66, 2.66, 1], around()) == [1, 1, 0]
    # 9 10 11 10 repeated: mean 10, every range 1, so the upper limit is 12.66
    quiet = [9, 10, 11, 10] * 3
    fixed = {"fix_after": 12}
    # mean of the first twelve is 10, ranges all 1: limits 7.34 and 12.66
    assert signals_of([*quiet, 12.66], **fixed)[-1] == "none"
    assert signals_of([*quiet, 12.661], **fixed)[-1] == "above_limit"
    assert signals_of([*quiet, 7.34], **fixed)[-1] == "none"
    assert signals_of([*quiet, 7.339], **fixed)[-1] == "below_limit"


def test_precedence_limit_trend_two_of_three_run() -> None:
    quiet = [9, 10, 11, 10] * 3
    # a steady climb: near the limit twice, then beyond it, all of it a trend
    climb = signals_of([*quiet, 10.5, 11, 11.5, 12, 12.5, 13, 13.5], fix_after=12)
    assert climb[-7:] == ["trend_up"] * 5 + ["above_limit"] * 2
    # seven above the mean, two of them near the limit (above 11.773)
    above = signals_of([*quiet, 10.5, 10.6, 10.5, 12, 11, 12, 10.5], fix_after=12)
    assert above[-7:] == ["run_high"] * 3 + ["two_of_three_high", "run_high", "two_of_three_high", "run_high"]


def test_wheeler_three_of_four_near_a_limit() -> None:
    assert three_of_four([1.4, 1.4, -1, 1.4], around()) == [1, 1, 0, 1]
    assert three_of_four([1.4, 1.3, 1.3, 1.4], around()) == [0, 0, 0, 0]
    assert three_of_four([-1.4, -3, -1.4], around()) == [-1, -1, -1]
    assert three_of_four([1.4, -1.4, 1.4, -1.4], around()) == [0] * 4


def test_wheeler_asks_for_eight_on_one_side_and_knows_no_trend() -> None:
    quiet = [9, 10, 11, 10] * 3
    options: dict[str, object] = {"rules": "wheeler", "fix_after": 12}
    assert set(signals_of([*quiet, *[10.5] * 7, 9.5], **options)) == {"none"}
    assert signals_of([*quiet, 9.5, *[10.5] * 8], **options)[-8:] == ["run_high"] * 8
    slow_rise = [9.8, 9.9, 10.0, 10.1, 10.2, 10.3, 10.4]
    assert set(signals_of([*quiet, *slow_rise], **options)) == {"none"}
    assert signals_of([*quiet, *slow_rise], fix_after=12)[-7:] == ["trend_up"] * 7


def test_wheeler_does_not_screen() -> None:
    points = [(date(2020, 1, day), float(value)) for day, value in enumerate([1, 2, 1, 2, 1, 9, 8], start=1)]
    mean = 24 / 7
    assert analyse_series(points, rules="wheeler").points[0].upper == pytest.approx(mean + 2.66 * 13 / 6)
    assert analyse_series(points).points[0].upper == pytest.approx(mean + 2.66)
    assert analyse_series(points, screening=False).points[0].upper == pytest.approx(mean + 2.66 * 13 / 6)


def test_an_unknown_rule_set_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match='did you mean "wheeler"') as caught:
        rule_set("weeler")
    assert caught.value.exit_code == ExitCode.USAGE
    assert {each.version for each in RULE_SETS.values()} == {1}


SERIES = st.lists(st.integers(-8, 8), min_size=0, max_size=40)
CLIMBING = st.lists(st.sampled_from([1, 1, 1, 1, -1, 0]), max_size=40).map(
    lambda steps: [sum(steps[: i + 1]) for i in range(len(steps))]
)


@given(SERIES | CLIMBING)
def test_making_data_count_agrees_with_brute_force(values: list[int]) -> None:
    assert signals_of([float(v) for v in values]) == oracle_signals([Fraction(v) for v in values])


@given(SERIES | CLIMBING, st.integers(2, 20))
def test_fixed_limits_agree_with_brute_force(values: list[int], fixed: int) -> None:
    found = signals_of([float(v) for v in values], fix_after=fixed)
    assert found == oracle_signals([Fraction(v) for v in values], fixed)


@given(SERIES)
def test_wheeler_agrees_with_brute_force(values: list[int]) -> None:
    if len(values) > 1:
        assert signals_of([float(v) for v in values], rules="wheeler") == oracle_wheeler([Fraction(v) for v in values])


@given(SERIES | CLIMBING, st.integers(-1000, 1000), st.sampled_from([0.001, 0.25, 3.0, 1e6]))
def test_shifting_and_scaling_a_series_changes_no_signal(values: list[int], shift: int, scale: float) -> None:
    moved = [scale * (value + shift) for value in values]
    assert signals_of(moved) == signals_of([float(v) for v in values])


@given(SERIES | CLIMBING)
def test_turning_a_series_upside_down_swaps_high_and_low(values: list[int]) -> None:
    opposite = {"above": "below", "below": "above", "up": "down", "down": "up", "high": "low", "low": "high"}
    straight = signals_of([float(v) for v in values])
    turned = ["_".join(opposite.get(word, word) for word in signal.split("_")) for signal in straight]
    assert signals_of([float(-v) for v in values]) == turned
