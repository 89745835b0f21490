"""Conditions on the time between two columns, against the wall clock: calendar days, plain and working time."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import OFFICE, Row, by_place, cases, in_month, instants, kpi, run
from kpi_hours import VIENNA, clock, month_end, tickets, worked

from qmsreports.analysis.intervals import percentile_ranks
from qmsreports.errors import UserError

PERIODS = ["2026-03", "2026-04", "2026-10"]
POPULATION = {"table": "cases", "period_by": "opened_at"}
few = settings(max_examples=6, deadline=None)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "at_most": operator.le,
    "at_least": operator.ge,
    "above": operator.gt,
    "below": operator.lt,
}
SPAN = {"from": "opened_at", "to": "closed_at"}


def worked_at_most(length: str, word: str = "at_most") -> dict[str, Any]:
    return {"working_time": {**SPAN, "calendar": "desk"}, word: length}


def local_days(begun: datetime, ended: datetime) -> int:
    return (ended.astimezone(VIENNA).date() - begun.astimezone(VIENNA).date()).days


def of_month(rows: list[Row], period: str) -> list[Row]:
    return [row for row in rows if row["opened_at"].astimezone(VIENNA).date().isoformat()[:7] == period]


def by_the_minute(rows: list[Row]) -> list[Row]:
    """The same cases with both instants on a full minute, so that a limit can be exactly the length of one."""
    return [{**row, **{name: row[name] and row[name].replace(second=0) for name in SPAN.values()}} for row in rows]


LENGTHS: dict[str, tuple[Callable[[datetime, datetime], int], str, int]] = {
    "working_time": (lambda begun, ended: worked(ended) - worked(begun), "minutes", 60),
    "elapsed": (lambda begun, ended: clock(ended) - clock(begun), "minutes", 60),
    "calendar_days": (lambda begun, ended: local_days(begun, ended) * 86400, "days", 86400),
}


@settings(max_examples=15, deadline=None)
@given(tickets(longest=3 * 86400).map(by_the_minute), st.sampled_from(sorted(COMPARE)), st.data())
def test_every_length_counts_as_the_wall_clock_does(rows: list[Row], word: str, data: st.DataObject) -> None:
    """One scan asks for all three at once; an end before its beginning has a length below zero, none no length."""
    ended = [row for row in rows if row["closed_at"] is not None]
    nothing = dict.fromkeys(SPAN.values(), month_end("2026-03"))
    chosen = data.draw(st.sampled_from(ended)) if ended else nothing
    kpis, limits = [], {}
    for name, (length, unit, size) in LENGTHS.items():
        limits[name] = length(chosen["opened_at"], chosen["closed_at"])
        calendar = {"calendar": "desk"} if name == "working_time" else {}
        condition = {name: {**SPAN, **calendar}, word: f"{limits[name] // size} {unit}"}
        kpis.append(kpi({"kind": "count", "where": [condition]}, name=name, population=POPULATION))
    measured = run(kpis, rows, PERIODS)
    for name, (length, _, _) in LENGTHS.items():
        for period in PERIODS:
            found = [length(row["opened_at"], row["closed_at"]) for row in of_month(ended, period)]
            expected = sum(COMPARE[word](entry, limits[name]) for entry in found)
            assert by_place(measured, name)[period, ""].value == expected, (name, period)


@few
@given(cases(), st.integers(-3, 20))
def test_days_between_dates_in_the_parts_of_a_ratio(rows: list[Row], days: int) -> None:
    """Delivered at most two days late: early is late by less than nothing."""
    late = {"from": "due_on", "to": "closed_on"}
    kpis = [
        kpi(
            {
                "kind": "ratio",
                "numerator": {"count": "rows", "where": [{word: late, "at_most": f"{days} days"}]},
                "denominator": {"count": "rows"},
            },
            name=word,
            unit="percent",
            population={"table": "cases", "period_by": "due_on"},
            slices=["site"],
        )
        for word in ("calendar_days", "elapsed")
    ]
    measured = run(kpis, rows, ["2026-01", "2026-02"])
    for word in ("calendar_days", "elapsed"):
        for period in ("2026-01", "2026-02"):
            due = [row for row in rows if in_month(row["due_on"], period)]
            met = [row for row in due if row["closed_on"] and (row["closed_on"] - row["due_on"]).days <= days]
            result = by_place(measured, word)[period, ""]
            assert (result.numerator, result.denominator) == (len(met), len(due))


@few
@given(tickets(longest=86400))
def test_a_level_a_percentile_and_a_choice_ask_for_lengths_too(rows: list[Row]) -> None:
    quick = worked_at_most("3 hours")
    scored = [{**row, "score": number % 11, "customer": "ab"[number % 2]} for number, row in enumerate(rows)]
    kpis = [
        kpi(
            {"kind": "level", "from": "opened_at", "to": "due_on", "where": [quick]},
            name="open",
            population={"table": "cases"},
        ),
        kpi(
            {"kind": "duration", "of": {"elapsed": SPAN}, "unfinished": "leave_out", "where": [quick]},
            name="median",
            unit="hours",
            population=POPULATION,
        ),
        kpi(
            {"kind": "score", "type": "ces", "field": "score", "one_per": {"key": "customer"}, "where": [quick]},
            name="easy",
            unit="score",
            population=POPULATION,
        ),
    ]
    measured = run(kpis, scored, PERIODS, ranks=percentile_ranks)

    def fits(row: Row) -> bool:
        return row["closed_at"] is not None and worked(row["closed_at"]) - worked(row["opened_at"]) <= 3 * 3600

    for period in PERIODS:
        begun = [row for row in scored if row["opened_at"] < month_end(period) and fits(row)]
        assert by_place(measured, "open")[period, ""].value == len(begun)
        part = [row for row in of_month(scored, period) if fits(row)]
        assert by_place(measured, "median")[period, ""].n == sum(row["closed_at"] >= row["opened_at"] for row in part)
        latest = {}
        for row in sorted(
            (row for row in part if 1 <= row["score"] <= 7), key=lambda row: (row["opened_at"], scored.index(row))
        ):
            latest[row["customer"]] = row["score"]
        value = by_place(measured, "easy")[period, ""].value
        assert value == (pytest.approx(sum(latest.values()) / len(latest)) if latest else None)


@few
@given(st.lists(st.tuples(instants(), st.sampled_from([0, 123456, 999999])), max_size=12))
def test_a_limit_is_met_to_the_microsecond(starts: list[tuple[datetime, int]]) -> None:
    """What ends exactly at the limit is at most that long, one microsecond later it is not."""
    rows = []
    for begun, micro in starts:
        opened = begun + timedelta(microseconds=micro)
        for more in (0, 1):
            rows.append({"opened_at": opened, "closed_at": opened + timedelta(seconds=14400, microseconds=more)})
    condition = {"elapsed": SPAN, "at_most": "4 hours"}
    entry = kpi({"kind": "count", "where": [condition]}, population=POPULATION)
    periods = [f"2026-{month:02}" for month in range(3, 12)]
    measured = by_place(run(entry, rows, periods))
    assert sum(measured[period, ""].value or 0 for period in periods) == len(starts)


def test_two_calendars_with_slots_of_their_own_in_one_scan() -> None:
    """Friday 15:00 to Monday 10:00 in Vienna: the desk's quarter hours and Sunday night, the office's hours."""
    rows = [
        {
            "opened_at": datetime(2026, 3, 6, 14, tzinfo=UTC),
            "closed_at": datetime(2026, 3, 9, 9, tzinfo=UTC),
        }
    ]
    hours = OFFICE.working_time(rows[0]["opened_at"], rows[0]["closed_at"]).total_seconds() / 3600
    assert hours == 3
    found = {}
    for name, length in (("desk", "7 hours"), ("desk", "6.99 hours"), ("office", "3 hours"), ("office", "2.99 hours")):
        found[name, length] = {"working_time": {**SPAN, "calendar": name}, "at_most": length}
    kpis = [
        kpi({"kind": "count", "where": [condition]}, name=f"k{number}", population=POPULATION)
        for number, condition in enumerate(found.values())
    ]
    measured = run(kpis, rows, ["2026-03"])
    values = [by_place(measured, entry.kpi)["2026-03", ""].value for entry in kpis]
    assert values == [1, 0, 1, 0]


REFUSED = [
    ({"elapsed": SPAN, "at_most": "4 ours"}, '"ours" is no unit of time; did you mean "hours"?'),
    ({"elapsed": SPAN, "at_most": 4}, "needs a length of time; write it as 2 days, 4 hours or 30 minutes"),
    ({"elapsed": SPAN, "known": True}, '"known" makes no sense for a length of time'),
    ({"elapsed": SPAN, "field": "site", "at_most": "1 day"}, "exactly one of: field, calendar_days, elapsed"),
    ({"at_most": "1 day"}, "exactly one of: field, calendar_days, elapsed"),
    ({"working_time": {**SPAN, "calendar": "desk"}, "at_most": "2 days"}, "a length in days; write it in minutes or"),
    ({"working_time": {**SPAN, "calendar": "dusk"}, "at_most": "2 hours"}, 'no calendar "dusk"; did you mean "desk"?'),
    ({"calendar_days": SPAN, "below": "2 hours"}, "a length in hours; write it in days"),
    ({"elapsed": {"from": "due_on", "to": "closed_on"}, "below": "2 hours"}, "a length in hours; write it in days"),
    ({"elapsed": {"from": "due_on", "to": "closed_at"}, "below": "2 days"}, "use two of a kind"),
    ({"calendar_days": {"from": "opend_at", "to": "closed_on"}, "below": "2 days"}, 'did you mean "opened_at"?'),
    ({"working_time": {**SPAN, "from": "due_on", "calendar": "desk"}, "below": "2 hours"}, "needs instant"),
]


@pytest.mark.parametrize(("condition", "words"), REFUSED, ids=lambda value: str(value)[:50])
def test_a_length_that_makes_no_sense_is_refused(condition: dict[str, Any], words: str) -> None:
    with pytest.raises((UserError, ValueError)) as refused:
        run(kpi({"kind": "count", "where": [condition]}, population=POPULATION), [], ["2026-03"])
    assert words in str(refused.value)


def test_one_is_one_hour_and_a_date_may_meet_an_instant_by_its_day() -> None:
    noon = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # the fifth in Vienna
    rows = [{"due_on": date(2026, 3, 3), "opened_at": noon, "closed_at": noon + timedelta(hours=1)}]
    for condition in (
        {"calendar_days": {"from": "due_on", "to": "opened_at"}, "at_most": "2 days"},
        {"calendar_days": {"from": "due_on", "to": "opened_at"}, "above": "1 day"},
        {"elapsed": SPAN, "at_least": "1 hour"},
    ):
        entry = kpi({"kind": "count", "where": [condition]}, population=POPULATION)
        assert by_place(run(entry, rows, ["2026-03"]))["2026-03", ""].value == 1, condition
