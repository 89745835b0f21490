"""In which month an instant lies: that of the organisation's clock, to the microsecond."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import CASES, LATER, by_place, catalog, kpi, run

from qmsreports.fiscal import FiscalYear
from qmsreports.kpi.clock import covered, days_of, month_number, offsets, open_time
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.execute import DuckDb
from qmsreports.kpi.interpret import plan_of
from qmsreports.kpi.measurement import measure
from qmsreports.kpi.plan import Rolling
from qmsreports.kpi.selection import plan_in
from qmsreports.kpi.words import rule_of
from qmsreports.lake import open_duckdb
from qmsreports.organisation import FiscalYearRule
from qmsreports.period import Period

POPULATION = {"table": "cases", "period_by": "opened_at"}
MOMENTS = st.integers(-20 * 365 * 86400, 69 * 365 * 86400).map(  # 1950 to 2038
    lambda seconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
COUNT = kpi({"kind": "count"}, population={"table": "cases", "period_by": "opened_at"})


def counts(instants: list[datetime], periods: list[str], zone: str = "Europe/Vienna") -> list[float | None]:
    rows = [{"opened_at": instant} for instant in instants]
    return [result.value for result in by_place(run(COUNT, rows, periods, zone=zone)).values()]


def test_october_2026_in_vienna_has_745_hours() -> None:
    """From 30 September 22:00 UTC (summer time) to 31 October 23:00 UTC (winter time), the end excluded."""
    first, end = datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC)
    instant = timedelta(microseconds=1)
    assert counts([first - instant, first, end - instant, end], ["2026-09", "2026-10", "2026-11"]) == [1, 2, 1]
    every_hour = [first + timedelta(hours=hour) for hour in range(-24, 745 + 24)]
    assert counts(every_hour, ["2026-10"]) == [745]


def test_march_2026_in_vienna_has_743_hours() -> None:
    first = datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert counts([first + timedelta(hours=hour) for hour in range(-24, 900)], ["2026-03"]) == [743]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(MOMENTS, min_size=1, max_size=8),
    st.sampled_from(["Europe/Vienna", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_months_follow_the_wall_clock_of_every_zone(instants: list[datetime], zone: str) -> None:
    months = sorted({moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m") for moment in instants if moment.year >= 1990})
    if not months:
        return
    expected = [
        sum(moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m") == month for moment in instants) for month in months
    ]
    entry = kpi({"kind": "count"}, population=POPULATION, effective_from=date(1980, 1, 1))
    rows = [{"opened_at": instant} for instant in instants]
    results = by_place(run(entry, rows, months, zone=zone, as_of=datetime(2045, 1, 1, tzinfo=UTC)))
    assert [result.value for result in results.values()] == expected


@settings(max_examples=10, deadline=None)
@given(st.lists(st.datetimes(datetime(2026, 1, 1), datetime(2026, 4, 30)), max_size=10), st.integers(-12, 14))  # noqa: DTZ001
def test_the_zone_in_which_an_instant_is_written_changes_nothing(moments: list[datetime], hours: int) -> None:
    elsewhere = [moment.astimezone(timezone(timedelta(hours=hours))) for moment in moments]
    months = ["2026-03", "2026-04", "2026-10"]
    assert counts(moments, months) == counts(elsewhere, months)


def test_a_condition_compares_an_instant_with_a_day_of_the_organisation() -> None:
    """Until 31 January means until midnight in Vienna, 23:00 UTC."""
    entry = kpi(
        {"kind": "count", "where": [{"field": "closed_at", "at_most": datetime(2026, 1, 31, tzinfo=UTC).date()}]},
        population={"table": "cases", "period_by": "opened_at"},
    )
    begun = datetime(2026, 1, 5, tzinfo=UTC)
    edge = datetime(2026, 1, 31, 23, tzinfo=UTC)
    rows = [{"opened_at": begun, "closed_at": edge - timedelta(seconds=1)}, {"opened_at": begun, "closed_at": edge}]
    assert by_place(run(entry, rows, ["2026-01"]))["2026-01", ""].value == 1


def test_changes_of_the_offset_are_found_to_the_second() -> None:
    changes = {datetime.fromtimestamp(second, UTC): offset for second, offset in offsets("Europe/Vienna", 2026)}
    assert changes[datetime(2026, 3, 29, 1, tzinfo=UTC)] == 7200
    assert changes[datetime(2026, 10, 25, 1, tzinfo=UTC)] == 3600
    assert len([moment for moment in changes if moment.year == 2026]) == 2


@pytest.mark.parametrize("zone", ["Africa/Cairo", "Africa/Casablanca", "America/Argentina/San_Luis", "Asia/Gaza"])
def test_no_change_is_missed_where_clocks_were_changed_for_weeks_only(zone: str) -> None:
    """Clocks that went back for Ramadan, or for one season: every day says what the changes say."""
    changes, place = offsets(zone, 2040), ZoneInfo(zone)
    begins = [second for second, _ in changes]
    for second in range(0, 71 * 365 * 86400, 86400):
        said = datetime.fromtimestamp(second, place).utcoffset()
        assert said == timedelta(seconds=changes[bisect_right(begins, second) - 1][1]), second


@pytest.mark.parametrize(
    ("period", "window", "first", "last"),
    [
        ("2026-10", None, "2026-10", "2026-10"),
        ("2026-Q3", None, "2026-07", "2026-09"),
        ("2026", None, "2026-01", "2026-12"),
        ("2026-10", Rolling(12, "month"), "2025-11", "2026-10"),
        ("2026-10", Rolling(2, "quarter"), "2026-05", "2026-10"),
        ("2026-Q2", Rolling(12, "month"), "2025-07", "2026-06"),
        ("2026-10", Rolling(0, "year"), "2026-01", "2026-10"),
        ("2026-H2", Rolling(0, "year"), "2026-01", "2026-12"),
    ],
)
def test_months_that_a_window_covers(period: str, window: Rolling | None, first: str, last: str) -> None:
    months = covered(Period.parse(period), window)
    assert (months[0], months[-1]) == (month_number(Period.parse(first).start), month_number(Period.parse(last).start))


JULY = FiscalYear(first_month=7)
RETAIL = FiscalYear(first_month=2, named_by="begins", weeks="4-5-4", ends_on=5, rule="nearest")


@pytest.mark.parametrize(
    ("period", "window", "first", "last"),
    [
        ("2026-10", "year", "2026-07", "2026-10"),
        ("2026-06", "year", "2025-07", "2026-06"),
        ("2026-10", "calendar_year", "2026-01", "2026-10"),
        ("2026-02", "half", "2026-01", "2026-02"),  # the second half of FY2026, from January on
        ("2026-06", "calendar_half", "2026-01", "2026-06"),
        ("2026-09", "quarter", "2026-07", "2026-09"),
        ("2026-11", "quarter", "2026-10", "2026-11"),
        ("FY2027-Q2", "year", "2026-07", "2026-12"),
        ("FY2027-Q3", "calendar_year", "2027-01", "2027-03"),
        ("2026-Q3", "year", "2026-07", "2026-09"),
        ("2026", "year", "2026-01", "2026-12"),  # never less than the period
        ("FY2027-H1", "quarter", "2026-07", "2026-12"),
    ],
)
def test_to_date_is_of_the_fiscal_year_that_is_declared(period: str, window: str, first: str, last: str) -> None:
    months = covered(Period.parse(period, JULY), to_date(window, JULY))
    assert (months[0], months[-1]) == (month_number(Period.parse(first).start), month_number(Period.parse(last).start))


@pytest.mark.parametrize("window", ["year", "half", "quarter"])
def test_without_a_fiscal_year_it_is_of_the_calendar(window: str) -> None:
    begins = {"year": "2026-01", "half": "2026-07", "quarter": "2026-10"}
    for asked in (window, f"calendar_{window}"):
        months = covered(Period.parse("2026-11"), to_date(asked, None))
        assert (months[0], months[-1]) == (24313 + int(begins[window][5:]) - 1, 24323)


def test_months_of_weeks_count_by_their_own_year_and_calendar_months_from_the_month_in_which_it_begins() -> None:
    """The retail year 2025 began on Sunday, 2 February 2025; its months are 4, 5 and 4 weeks of each quarter."""
    seventh = Period.parse("FY2025-P07", RETAIL)
    for window, day in (("year", date(2025, 2, 2)), ("half", date(2025, 8, 3)), ("quarter", date(2025, 8, 3))):
        for asked in (window, f"calendar_{window}"):
            first, after = days_of(seventh, covered(seventh, to_date(asked, RETAIL)))
            assert (first, after) == (day, date(2025, 8, 31))
    march = Period.parse("2026-03", RETAIL)
    assert days_of(march, covered(march, to_date("year", RETAIL))) == (date(2026, 2, 1), date(2026, 4, 1))
    january = Period.parse("2026-01", RETAIL)
    assert days_of(january, covered(january, to_date("year", RETAIL))) == (date(2025, 2, 1), date(2026, 2, 1))


def test_the_rows_of_the_fiscal_year_so_far_are_counted_and_the_rule_says_so() -> None:
    entry = kpi(
        {"kind": "sum", "of": "minutes"},
        unit="minutes",
        population={"table": "cases", "period_by": "opened_on"},
        window={"to_date": "year"},
    )
    plain = catalog(entry)
    own = FiscalYearRule(begins="july", named_by="ends")
    fiscal = replace(plain, organisation=plain.organisation.model_copy(update={"fiscal_year": own}))
    rows = [
        {"case_id": month, "opened_on": date(2026, month, 15), "minutes": float(10**at)}
        for at, month in enumerate((1, 6, 7, 8))
    ]
    told = {}
    for name, one in (("calendar", plain), ("fiscal", fiscal)):
        measured = measure(
            one,
            versions={"number": [1]},
            periods=[Period.parse("2026-08")],
            lake=RowsInMemory({"cases": rows, "orders": [], "changes": []}),
            as_of=LATER,
        )
        rule = rule_of(plan_in(one, entry, entry.versions[0]))[0]
        told[name] = (measured.results[0].value, rule.partition(" lies in ")[2])
    assert told == {
        "calendar": (1111.0, "the year up to the end of the period"),
        "fiscal": (1100.0, "the fiscal year up to the end of the period"),
    }


def to_date(window: str, fiscal: FiscalYear | None) -> Rolling | None:
    """The window as a plan has it."""
    entry = kpi({"kind": "count"}, population={"table": "cases", "period_by": "opened_on"}, window={"to_date": window})
    return plan_of(entry, entry.versions[0], tables={"cases": CASES}, fiscal=fiscal).window


def test_open_time_is_laid_out_in_the_longest_slots_that_fit_its_edges() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    hours = open_time(
        "desk", [(start.replace(hour=8, minute=20), start.replace(hour=9))], start, start.replace(hour=12)
    )
    assert hours.length == 1200
    assert hours.at(start.replace(hour=8, minute=30)) == 600
    assert hours.at(start.replace(hour=11)) == 2400
    assert hours.at(start - timedelta(hours=1)) is None


@pytest.mark.parametrize(
    "zone", ["Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
)
def test_a_day_begins_at_its_local_midnight_since_1970(zone: str) -> None:
    """Of every day the first microsecond and the one before it: clock changes of long ago are found another way."""
    place = ZoneInfo(zone)
    begins = [datetime(1970, 1, 3, tzinfo=place) + timedelta(days=day) for day in range(58 * 365)]
    instants = sorted(
        begin.astimezone(UTC) - before for begin in begins for before in (timedelta(), timedelta(microseconds=1))
    )
    with open_duckdb() as connection:
        engine = DuckDb(connection)
        engine.prepare(zone=zone, until=2027)
        connection.execute("CREATE TABLE rows AS SELECT unnest($1::TIMESTAMPTZ[]) AS change", [instants])
        found = engine.select("SELECT LOCAL_DAY(change) FROM rows ORDER BY change")
        nothing = engine.select("SELECT LOCAL_DAY(CAST(NULL AS TIMESTAMPTZ))")
    assert [day for (day,) in found] == [moment.astimezone(place).date() for moment in instants]
    assert nothing == [(None,)]
