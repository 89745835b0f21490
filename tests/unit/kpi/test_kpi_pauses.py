"""Lengths less the time in which a case waited for the customer, second by second in plain Python beside the SQL."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import Row, by_place, catalog, instants, kpi, run
from kpi_hours import VIENNA, clock, month_end, worked

from qmsreports.errors import UserError
from qmsreports.kpi.affected import affected
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.explain import explain
from qmsreports.kpi.selection import select
from qmsreports.period import Period

PERIODS = ["2026-03", "2026-04", "2026-10"]
POPULATION = {"table": "cases", "period_by": "opened_at"}
PAUSE = {"table": "changes", "by": "case_id", "at": "changed_at", "status": "status", "in": ["waiting", "parked"]}
SPAN = {"from": "opened_at", "to": "closed_at", "pause": PAUSE}
WORKING = {"working_time": {**SPAN, "calendar": "desk"}}
QUARTER = timedelta(minutes=15)
few = settings(max_examples=8, deadline=None)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """Cases on full quarters of an hour, and changes of status before, within and after them; some of one instant."""
    cases, changes = [], []
    for number in range(draw(st.integers(1, 6))):
        begun = draw(instants()).replace(minute=0, second=0)
        quarters = draw(st.none() | st.integers(-4, 300))
        ended = None if quarters is None else begun + quarters * QUARTER
        cases.append({"case_id": number // 2, "opened_at": begun, "closed_at": ended, "channel": "ab"[number % 2]})
        for _ in range(draw(st.integers(0, 5))):
            at = begun + draw(st.integers(-20, 350)) * QUARTER
            status = draw(st.sampled_from(["waiting", "parked", "open", None]))
            changes.append({"case_id": number // 2, "changed_at": at, "status": status})
    changes += [{"case_id": None, "changed_at": cases[0]["opened_at"], "status": "waiting"}, {"status": "waiting"}]
    return cases, [{"change_id": number, **change} for number, change in enumerate(changes)]


def states(case: Row, changes: list[Row]) -> list[tuple[datetime, int, str | None]]:
    """The changes of a case in order, the higher number last where two are of one instant."""
    own = [change for change in changes if change.get("case_id") == case["case_id"]]
    return sorted((change["changed_at"], change["change_id"], change["status"]) for change in own)


def counted(case: Row, changes: list[Row], until: datetime, count: Callable[[datetime], int]) -> int:
    """Seconds from the beginning until then, quarter by quarter, without those in which the case waits."""
    if until < case["opened_at"]:
        return count(until) - count(case["opened_at"])
    own = states(case, changes)
    moments = [moment for moment, _, _ in own]
    total, moment = 0, case["opened_at"]
    while moment < until:
        place = bisect_right(moments, moment)
        if not place or own[place - 1][2] not in PAUSE["in"]:
            total += count(moment + QUARTER) - count(moment)
        moment += QUARTER
    return total


def of_month(cases: list[Row], period: str) -> list[Row]:
    return [case for case in cases if case["opened_at"].astimezone(VIENNA).date().isoformat()[:7] == period]


def mean_of(name: str, of: dict[str, Any], unfinished: str, **more: Any) -> Any:
    measure = {"kind": "duration", "of": of, "show": "mean", "unfinished": unfinished}
    return kpi(measure, name=name, unit="hours", population=POPULATION, **more)


@few
@given(histories())
def test_what_was_waited_is_taken_off(history: tuple[list[Row], list[Row]]) -> None:
    """Working and plain time, finished cases and those cut off at the end of the period, over both clock changes."""
    cases, changes = history
    asked = {
        "worked": (WORKING, worked, "leave_out"),
        "worked_so_far": (WORKING, worked, "count_until_period_end"),
        "elapsed": ({"elapsed": SPAN}, clock, "leave_out"),
        "elapsed_so_far": ({"elapsed": SPAN}, clock, "count_until_period_end"),
    }
    kpis = [mean_of(name, of, unfinished, slices=["channel"]) for name, (of, _, unfinished) in asked.items()]
    measured = run(kpis, cases, PERIODS, changes=changes)
    for name, (_, count, unfinished) in asked.items():
        for period in PERIODS:
            for channel in ("", "a", "b"):
                lengths = []
                for case in of_month(cases, period):
                    ended, end = case["closed_at"], month_end(period)
                    if unfinished == "count_until_period_end" and (ended is None or ended >= end):
                        ended = end
                    if ended is not None and case["channel"] in (channel or "ab"):
                        lengths.append(counted(case, changes, ended, count) / 3600)
                lengths = [length for length in lengths if length >= 0]
                result = by_place(measured, name).get((period, f"channel={channel}" if channel else ""))
                found = (result.n, result.value) if result is not None else (0, None)
                expected = sum(lengths) / len(lengths) if lengths else None
                assert found == (len(lengths), pytest.approx(expected) if lengths else None), (name, period, channel)


@few
@given(histories(), st.data())
def test_a_condition_takes_pauses_off_too(history: tuple[list[Row], list[Row]], data: st.DataObject) -> None:
    """At most as long as one of them was: that one is within the limit, and with below it is not."""
    cases, changes = history
    ended = [case for case in cases if case["closed_at"] is not None and case["closed_at"] >= case["opened_at"]]
    found = [counted(case, changes, case["closed_at"], worked) for case in ended]
    limit = data.draw(st.sampled_from(found)) if found else 900
    kpis = [
        kpi(
            {"kind": "count", "where": [{**WORKING, word: f"{limit // 60} minutes"}]},
            name=word,
            population=POPULATION,
            window={"to_date": "year"},
        )
        for word in ("at_most", "above")
    ]
    measured = run(kpis, cases, ["2026-12"], changes=changes)
    early = sum(case["closed_at"] is not None and case["closed_at"] < case["opened_at"] for case in cases)
    values = {word: by_place(measured, word)["2026-12", ""].value for word in ("at_most", "above")}
    assert values["above"] == sum(length > limit for length in found)
    assert values["at_most"] == sum(length <= limit for length in found) + early


def test_the_nights_of_both_clock_changes() -> None:
    """The desk of the fixture is open from 01:00 to 04:00 on Sundays: two hours in spring, four in autumn.

    Waiting from midnight to 02:30 local time in spring covers one hour of them (02:30 does not exist), in autumn until
    the first 02:30 one and a half.
    """
    for day, midnight, resumed, left in (
        ("2026-03", datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC), 1.0),
        ("2026-10", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), 2.5),
    ):
        cases = [{"case_id": 1, "opened_at": midnight, "closed_at": midnight + timedelta(hours=8)}]
        changes = [
            {"change_id": 1, "case_id": 1, "changed_at": midnight - timedelta(hours=1), "status": "waiting"},
            {"change_id": 2, "case_id": 1, "changed_at": resumed, "status": "open"},
        ]
        result = by_place(run(mean_of("m", WORKING, "leave_out"), cases, [day], changes=changes), "m")[day, ""]
        assert result.value == left, day


def test_a_pause_before_the_calendar_begins_takes_nothing_off() -> None:
    """The desk has hours from 2020 on: what waited in 2019 and went on then is no shorter, what waits still is."""
    begun = datetime(2020, 3, 2, 8, tzinfo=UTC)  # a Monday, nine o'clock
    case = {"case_id": 1, "opened_at": begun, "closed_at": begun + timedelta(hours=2)}
    early = {"change_id": 1, "case_id": 1, "changed_at": datetime(2019, 5, 1, tzinfo=UTC), "status": "waiting"}
    later = {"change_id": 2, "case_id": 1, "changed_at": datetime(2019, 6, 1, tzinfo=UTC), "status": "open"}
    future = {"change_id": 3, "case_id": 1, "changed_at": datetime(2150, 1, 1, tzinfo=UTC), "status": "waiting"}
    for changes, hours in (([early, later, future], 2.0), ([early], 0.0), ([early, future], 0.0)):
        entry = mean_of("m", WORKING, "leave_out")
        assert by_place(run(entry, [case], ["2020-03"], changes=changes), "m")["2020-03", ""].value == hours


def test_a_change_of_the_history_asks_for_every_period_again() -> None:
    entry = mean_of("m", WORKING, "leave_out")
    tasks = select(catalog(entry), {"m": [1]}, [Period.parse(period) for period in PERIODS])
    assert tasks[0].plan.tables == ("cases", "changes")
    assert affected(tasks, {"changes": {"changed_at": {"2026-10"}}})["m"] == set(tasks[0].periods)
    assert affected(tasks, {"orders": {"ordered_on": {"2026-10"}}})["m"] == set()


def test_the_rule_says_what_does_not_count_and_the_rows_add_up() -> None:
    entry = mean_of("m", WORKING, "leave_out")
    begun = datetime(2026, 3, 2, 8, tzinfo=UTC)
    cases = [{"case_id": 1, "opened_at": begun, "closed_at": begun + timedelta(hours=2)}, {"case_id": 2}]
    told = explain(
        catalog(entry),
        "m",
        Period.parse("2026-03"),
        approved=[1],
        lake=RowsInMemory({"cases": cases, "changes": []}),
        as_of=datetime(2026, 11, 1, tzinfo=UTC),
    )
    assert any("less the time in which status of changes is waiting or parked" in line for line in told.rule)
    assert told.figure.value == 2


REFUSED = [
    ({"table": "change"}, 'there is no table "change"; did you mean "changes"?'),
    ({"at": "changed_on"}, 'has no column "changed_on"; did you mean "changed_at"?'),
    ({"at": "status"}, '"status" is of type text; a pause needs instant'),
    ({"status": "changed_at"}, '"changed_at" is of type instant; a pause needs text'),
    ({"by": "change_id"}, 'table cases has no column "change_id"'),
    ({"by": "site"}, '"site" is of type text in cases and integer in changes'),
    ({"in": ["a\x00b"]}, "a state cannot be a text with control characters"),
]


@pytest.mark.parametrize(("change", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_pause_that_cannot_be_read_is_refused(change: dict[str, Any], words: str) -> None:
    span = {**SPAN, "calendar": "desk", "pause": {**PAUSE, **change}}
    with pytest.raises(UserError, match=words.replace("?", r"\?")):
        run(mean_of("m", {"working_time": span}, "leave_out"), [], ["2026-03"])


def test_days_have_no_pauses() -> None:
    entry = mean_of("m", {"elapsed": {"from": "opened_on", "to": "closed_on", "pause": PAUSE}}, "leave_out")
    entry = entry.model_copy(update={"unit": "days"})
    with pytest.raises(UserError, match="a pause in days; measure between instants"):
        run(entry, [{"opened_on": date(2026, 3, 1)}], ["2026-03"])
