"""Periods are half-open, in the organisation's zone, and follow each other without gap or overlap."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qmsreports.errors import ExitCode, UserError
from qmsreports.period import Period

kinds = st.sampled_from(["month", "quarter", "half", "year"])
days = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 10, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_period_is_read_and_written_back(text: str, first: date, last: date) -> None:
    period = Period.parse(text)
    assert (period.start, period.last_day, str(period)) == (first, last, text)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-10", "2026-Q5", "October 2026", "", "2026-10-01"])
def test_anything_else_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UserError) as caught:
        Period.parse(text)
    assert caught.value.exit_code == ExitCode.USAGE
    assert str(caught.value) == f'"{text}" is no period; write a month as 2026-10, a quarter as 2026-Q3, a year as 2026'


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2026-10", 31 * 24 + 1),  # the clock goes back on 25 October
        ("2026-03", 31 * 24 - 1),  # and forward on 29 March
        ("2026-06", 30 * 24),
    ],
)
def test_a_month_has_as_many_hours_as_its_clock_says(text: str, hours: int) -> None:
    start, end = Period.parse(text).utc_bounds("Europe/Vienna")
    assert end - start == timedelta(hours=hours)
    assert str(start) == {"2026-10": "2026-09-30", "2026-03": "2026-02-28", "2026-06": "2026-05-31"}[text] + (
        " 23:00:00+00:00" if text == "2026-03" else " 22:00:00+00:00"
    )


@given(days, kinds)
def test_every_day_lies_in_exactly_one_period(day: date, kind: str) -> None:
    period = Period.containing(day, kind)
    assert period.start <= day < period.end
    assert period.shift(1).start == period.end
    assert period.shift(-1).end == period.start
    assert Period.parse(str(period)) == period


@given(days, kinds, st.integers(min_value=1, max_value=60))
def test_going_back_gives_neighbours_that_end_here(day: date, kind: str, count: int) -> None:
    period = Period.containing(day, kind)
    series = period.back(count)
    assert len(series) == count
    assert series[-1] == period
    assert all(before.end == after.start for before, after in pairwise(series))


def test_the_last_closed_month_ends_before_today() -> None:
    assert str(Period.last_closed(date(2026, 11, 1))) == "2026-10"
    assert str(Period.last_closed(date(2026, 10, 31))) == "2026-09"
    assert str(Period.last_closed(date(2026, 1, 15), "year")) == "2025"
