"""Fiscal years tile time like calendar years do, and the published calendars of well-known companies come out."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qmsreports.errors import ExitCode, UserError
from qmsreports.fiscal import CALENDAR, PATTERNS, FiscalYear
from qmsreports.organisation import Organisation
from qmsreports.period import Period

RETAIL = FiscalYear(2, "begins", "4-5-4", ends_on=5, rule="nearest")
"""The 4-5-4 calendar of the National Retail Federation: the year ends on the Saturday nearest to 31 January."""
CUPERTINO = FiscalYear(10, "ends", "4-4-5", ends_on=5, rule="last", long_month=3)
"""A year that ends on the last Saturday of September, its 53rd week in the first quarter, as Apple reports."""

days = st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31))
names = st.sampled_from(["begins", "ends"])
month_years = st.builds(FiscalYear, st.integers(1, 12), names)
week_years = st.builds(
    FiscalYear,
    st.integers(1, 12),
    names,
    st.sampled_from(PATTERNS),
    st.integers(0, 6),
    st.sampled_from(["last", "nearest"]),
    st.integers(1, 12),
)
years = st.one_of(st.just(CALENDAR), month_years, week_years)
kinds = st.sampled_from(["month", "quarter", "half", "year"])


@given(days, kinds, years)
def test_periods_tile_time_and_contain_their_days(day: date, kind: str, of: FiscalYear) -> None:
    period = Period.containing(day, kind, of)
    assert period.start <= day <= period.last_day < period.end
    assert period.shift(1).start == period.end
    assert period.shift(-1).end == period.start
    assert Period.containing(period.start, kind, of) == period == Period.containing(period.last_day, kind, of)
    assert Period.parse(str(period), of) == period


@given(days, kinds, years, st.integers(-60, 60))
def test_going_there_and_back_is_staying(day: date, kind: str, of: FiscalYear, count: int) -> None:
    period = Period.containing(day, kind, of)
    assert period.shift(count).shift(-count) == period
    series = period.back(abs(count) + 1)
    assert (series[0], series[-1], len(series)) == (period.shift(-abs(count)), period, abs(count) + 1)
    assert all(before.end == after.start for before, after in pairwise(series))


@given(days, years, st.sampled_from([("quarter", 3), ("half", 6), ("year", 12)]))
def test_a_longer_period_is_its_months(day: date, of: FiscalYear, kind: tuple[str, int]) -> None:
    period = Period.containing(day, kind[0], of)
    months = period.months
    assert len(months) == kind[1]
    assert (months[0].start, months[-1].end) == (period.start, period.end)
    assert all(before.end == after.start for before, after in pairwise(months))
    assert all(Period.containing(month.last_day, kind[0], of) == period for month in months)


@given(st.integers(1995, 2085), week_years)
def test_a_year_of_weeks_has_52_or_53_and_begins_near_its_month(year: int, of: FiscalYear) -> None:
    period = Period.parse(f"FY{year}", of)
    weeks = (period.end - period.start).days / 7
    assert weeks == of.weeks_of(year) in (52, 53)
    assert period.last_day.weekday() == of.ends_on
    lengths = [(month.end - month.start).days // 7 for month in period.months]
    pattern = [int(length) for length in of.weeks.split("-")] * 4
    extra = [own - usual for own, usual in zip(lengths, pattern, strict=True)]
    assert extra == [1 if weeks == 53 and place == of.long_month else 0 for place in range(1, 13)]
    first = min(
        (date(period.start.year + around, of.first_month, 1) for around in (-1, 0, 1)),
        key=lambda begin: abs((begin - period.start).days),
    )
    off = (first - period.start).days
    assert -3 <= off <= 3 if of.rule == "nearest" else 0 <= off <= 6


@pytest.mark.parametrize(
    ("text", "first", "last", "rule"),
    [
        ("FY2027", date(2026, 10, 1), date(2027, 9, 30), FiscalYear(10, "ends")),  # United States government
        ("FY2027-Q1", date(2026, 10, 1), date(2026, 12, 31), FiscalYear(10, "ends")),
        ("FY2026", date(2026, 4, 1), date(2027, 3, 31), FiscalYear(4, "begins")),  # Japan
        ("FY2027-H2", date(2027, 1, 1), date(2027, 6, 30), FiscalYear(7, "ends")),
        ("FY2026", date(2026, 1, 1), date(2026, 12, 31), FiscalYear(1, "ends")),
    ],
)
def test_years_of_months_are_named_as_they_are_declared(text: str, first: date, last: date, rule: FiscalYear) -> None:
    period = Period.parse(text, rule)
    assert (period.start, period.last_day, str(period)) == (first, last, text)


def test_the_retail_calendar_of_2024_comes_out() -> None:
    """nrf.com/resources/4-5-4-calendar: 2024 has 52 weeks, from 4 February 2024 to 1 February 2025."""
    year = Period.parse("FY2024", RETAIL)
    assert [f"{month.start:%d %b}" for month in year.months] == [
        *("04 Feb", "03 Mar", "07 Apr", "05 May", "02 Jun", "07 Jul"),
        *("04 Aug", "01 Sep", "06 Oct", "03 Nov", "01 Dec", "05 Jan"),
    ]
    assert year.last_day == date(2025, 2, 1)
    assert str(Period.containing(date(2024, 10, 6), "month", RETAIL)) == "FY2024-P09"
    assert [number for number in range(2010, 2030) if RETAIL.weeks_of(number) == 53] == [2012, 2017, 2023, 2028]
    january = Period.parse("FY2023-P12", RETAIL)  # the 53rd week of 2023 makes January five weeks long
    assert (january.start, january.last_day) == (date(2023, 12, 31), date(2024, 2, 3))


def test_a_year_that_ends_on_the_last_saturday_of_september() -> None:
    """Annual reports: 24 Sep 2022 (52 weeks), 30 Sep 2023 (53 weeks, first quarter of 14), 28 Sep 2024 (52 weeks)."""
    ends = [Period.parse(f"FY{year}", CUPERTINO).last_day for year in (2022, 2023, 2024)]
    assert ends == [date(2022, 9, 24), date(2023, 9, 30), date(2024, 9, 28)]
    first, second = Period.parse("FY2023-Q1", CUPERTINO), Period.parse("FY2023-Q2", CUPERTINO)
    assert [(quarter.end - quarter.start).days // 7 for quarter in (first, second)] == [14, 13]
    assert first.last_day == date(2022, 12, 31)


@pytest.mark.parametrize(
    ("text", "fiscal", "message"),
    [
        (
            "FY2027-Q1",
            None,
            '"FY2027-Q1" is of a fiscal year, and none is declared; '
            "add fiscal_year to catalog/organisation.yaml and have it approved",
        ),
        (
            "FY2027-P01",
            FiscalYear(7),
            '"FY2027-P01" is no period; the months of this fiscal year are calendar months: write 2026-10',
        ),
        (
            "FY27",
            FiscalYear(7),
            '"FY27" is no period; write a month as 2026-10, a quarter as 2026-Q3, a year as 2026, '
            "a quarter of the fiscal year as FY2027-Q1",
        ),
    ],
)
def test_a_fiscal_period_that_is_none_is_refused(text: str, fiscal: FiscalYear | None, message: str) -> None:
    with pytest.raises(UserError) as caught:
        Period.parse(text, fiscal)
    assert (str(caught.value), caught.value.exit_code) == (message, ExitCode.USAGE)


def test_a_name_on_record_is_read_by_the_year_under_which_it_began_that_day() -> None:
    july, months = FiscalYear(7), date(2023, 12, 31)
    assert Period.recorded("FY2023-P12", [july, CUPERTINO, RETAIL], months).of == RETAIL
    assert Period.recorded("FY2024-Q1", [CUPERTINO, july], date(2023, 7, 1)).of == july
    assert Period.recorded("FY2024-Q1", [CUPERTINO, july]).of == CUPERTINO
    assert Period.recorded("FY2024-P01", [july, CUPERTINO]).of == CUPERTINO  # only months of weeks are written so
    assert Period.recorded("2024-01", [july]) == Period.parse("2024-01")
    assert str(Period.recorded("FY2024-P02", [], date(2024, 2, 4)).shift(-1)) == "FY2024-P01"  # of a year nobody knows
    for years, message in (([], "none is declared"), ([july], "are calendar months")):
        with pytest.raises(UserError, match=message):
            Period.recorded("FY2024-P02", years)


def test_an_organisation_declares_its_year() -> None:
    def fiscal(**rule: object) -> FiscalYear | None:
        return Organisation.model_validate({"name": "Example", "time_zone": "UTC", "fiscal_year": rule}).fiscal

    assert fiscal(begins="july", named_by="ends") == FiscalYear(7, "ends")
    weeks = {"pattern": "4-5-4", "ends_on": "saturday", "ends": "nearest"}
    assert fiscal(begins="february", named_by="begins", weeks=weeks) == RETAIL
    assert Organisation(name="Example", time_zone="UTC").fiscal is None
    with pytest.raises(ValidationError, match="4-4-5"):
        fiscal(begins="july", named_by="ends", weeks=weeks | {"pattern": "4-4-4"})
