"""Round ticks, readable numbers and months from 0.0001 to 1e12."""

from __future__ import annotations

import math
from datetime import date

import pytest
from chart_samples import month
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.pack.charts import ChartWords
from qmsreports.pack.charts.frame import Columns
from qmsreports.pack.charts.scale import Domain, clipped, day_label, numbers_for, possible_range, rhythm_of, ticks

WORDS = ChartWords()


@given(st.floats(-1e12, 1e12), st.floats(1e-4, 1e12), st.integers(2, 6))
def test_ticks_are_round_and_inside(low: float, span: float, most: int) -> None:
    if low + span == low or span < abs(low) * 1e-9:
        return
    domain = Domain(low, low + span)
    step, found = ticks(domain, most)
    assert len(found) <= most
    assert f"{step:e}"[0] in "125"
    for value in found:
        assert low - step * 1e-6 <= value <= low + span + step * 1e-6
        assert math.isclose(value / step, round(value / step), abs_tol=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (88.1, 96.2, ["90", "92", "94", "96"]),
        (0.0001, 0.0006, ["0.0002", "0.0004", "0.0006"]),
        (0, 7, ["0", "2", "4", "6"]),
        (-30, 45, ["\u221220", "0", "20", "40"]),
        (0, 1.3e12, ["0.0", "0.5", "1.0"]),
        (9e7, 2.4e8, ["100", "150", "200"]),
        (1000, 9000, ["2,000", "4,000", "6,000", "8,000"]),
        (1e-7, 6e-7, ["0.0000002", "0.0000004", "0.0000006"]),
        (5.51e-4, 5.69e-4, ["0.000555", "0.000560", "0.000565"]),  # each tick another number
        (1e-8, 6e-8, ["2e\u22128", "4e\u22128", "6e\u22128"]),
        (0.95, 0.950009, ["0.950000", "0.950005"]),
    ],
)
def test_numbers_on_the_axis(low: float, high: float, expected: list[str]) -> None:
    domain = Domain(low, high)
    step, values = ticks(domain, 4)
    numbers = numbers_for(domain, step, WORDS)
    assert [numbers.tick(value) for value in values] == expected


def test_a_small_target_is_written_as_it_was_set() -> None:
    numbers = numbers_for(Domain(5.5e-4, 5.7e-4), 5e-6, WORDS)
    assert (numbers.exact(5.5e-4), numbers.reading(5.6543e-4)) == ("0.00055", "0.000565")
    assert numbers.exact(5.64321e-4) == "0.000564"
    assert numbers_for(Domain(9.5e-5, 1.01e-4), 2e-6, WORDS).exact(9.77416e-5) == "0.0000977"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1.1, ["0", "1"]),
        (0, 2.2, ["0", "1", "2"]),
        (0, 5, ["0", "2", "4"]),
        (0.2, 0.8, ["0.2", "0.4", "0.6", "0.8"]),
    ],
)
def test_counts_have_no_step_between_two_cases(low: float, high: float, expected: list[str]) -> None:
    domain = Domain(low, high)
    step, values = ticks(domain, 4, "count")
    numbers = numbers_for(domain, step, WORDS, "count")
    assert [numbers.tick(value) for value in values] == expected


def test_a_whole_count_is_written_without_decimals_and_a_mean_of_counts_with_them() -> None:
    numbers = numbers_for(Domain(0, 2.2), 1.0, WORDS, "count")
    assert (numbers.reading(2.0), numbers.reading(0.4)) == ("2", "0.4")
    assert numbers_for(Domain(0, 2.2), 1.0, WORDS, "hours").reading(2.0) == "2.0"


def test_large_numbers_name_their_magnitude_once() -> None:
    numbers = numbers_for(Domain(0, 6e11), 2e11, WORDS, "EUR")
    assert (numbers.caption("EUR"), numbers.tick(4e11), numbers.exact(4.125e11)) == ("EUR billions", "400", "412.5")
    assert numbers_for(Domain(90, 96), 2, WORDS, "percent").caption("percent") == "%"
    assert numbers_for(Domain(0, 8e6), 2e6, WORDS).tick(4e6) == "4,000,000"


def test_computed_numbers_are_a_little_finer_than_the_axis_and_never_coarser_than_their_unit() -> None:
    assert numbers_for(Domain(88, 96), 2, WORDS).reading(92.84) == "92.8"
    assert numbers_for(Domain(80, 100), 5, WORDS, "percent").reading(92.84) == "92.8"
    assert numbers_for(Domain(0, 0.0006), 0.0002, WORDS).reading(0.00036) == "0.00036"
    assert numbers_for(Domain(0, 2000), 500, WORDS, "ppm").reading(1150.4) == "1,150"
    assert numbers_for(Domain(-1, 1), 0.5, WORDS).reading(-0.0001) == "0.0"


def test_targets_are_written_as_they_were_set() -> None:
    numbers = numbers_for(Domain(80, 100), 5, WORDS, "percent")
    assert [numbers.exact(value) for value in (95.0, 97.25, 0.0)] == ["95", "97.25", "0"]


def test_other_languages_bring_their_own_separators() -> None:
    german = ChartWords(decimal=",", thousands=".", months=("Jan", "Feb", "M\u00e4r", *WORDS.months[3:]))
    assert numbers_for(Domain(1000, 9000), 2000, german).reading(1234.5) == "1.234"
    assert numbers_for(Domain(0, 1), 0.5, german).tick(0.5) == "0,5"
    assert day_label(date(2026, 3, 1), "month", german) == "M\u00e4r 26"


def test_domains_hold_their_values_and_no_impossible_air() -> None:
    domain = Domain.around([99.0, 100.0], (0.0, 100.0))
    assert domain.low < 99
    assert domain.high == 100
    assert Domain.around([0.0, 5.0], (0.0, None)).low == 0
    equal = Domain.around([100.0, 100.0], (0.0, 100.0))
    assert (equal.low, equal.high) == (95.0, 100.0)
    assert Domain.around([0.0, 0.0], (0.0, None)).high > 0
    assert Domain.around([]) == Domain(0.0, 1.0)


def test_possible_ranges_follow_the_unit_unless_the_data_breaks_them() -> None:
    assert possible_range("percent", [93.0]) == (0.0, 100.0)
    assert possible_range("percent", [104.0]) == (0.0, None)  # an OEE above 100 % is kept and shown
    assert possible_range("EUR", [-3.0]) == (None, None)
    assert clipped(101.3, (0.0, 100.0)) == 100
    assert clipped(-4.0, (0.0, None)) == 0


def test_months_are_equally_wide_whatever_their_days() -> None:
    columns = Columns.over([month(i) for i in range(24)], 0.0, 240.0)
    assert columns.middles == pytest.approx([5 + 10 * i for i in range(24)])
    assert columns.edges == pytest.approx([10.0 * i for i in range(25)])
    gap = Columns.over([month(0), month(1), month(4)], 0.0, 60.0)  # a missing quarter leaves its room
    assert gap.middles[2] - gap.middles[1] == pytest.approx(3 * (gap.middles[1] - gap.middles[0]))


@pytest.mark.parametrize(
    ("days", "rhythm", "label"),
    [
        ([date(2026, 1, 1), date(2026, 2, 1)], "month", "Feb 26"),
        ([date(2026, 1, 1), date(2026, 4, 1)], "quarter", "Q2 26"),
        ([date(2025, 1, 1), date(2026, 1, 1)], "year", "2026"),
        ([date(2026, 3, 2), date(2026, 3, 9)], "day", "9 Mar 26"),
        ([date(2026, 2, 1), date(2026, 5, 1)], "month", "May 26"),
        ([date(2026, 2, 1)], "month", "Feb 26"),
    ],
)
def test_rhythms(days: list[date], rhythm: str, label: str) -> None:
    assert rhythm_of(days) == rhythm
    assert day_label(days[-1], rhythm, WORDS) == label
