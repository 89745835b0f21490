"""Working time is counted in open hours of the desk's own time zone, holidays and clock changes included."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qmsreports.catalog.calendar import WEEKDAYS, Calendar
from qmsreports.errors import UserError

VIENNA = ZoneInfo("Europe/Vienna")


def calendar(
    weekdays: str | list[str] = "closed",
    weekend: str | list[str] = "closed",
    zone: str = "Europe/Vienna",
    **rule: Any,
) -> Calendar:
    hours = {day: weekend if day in ("saturday", "sunday") else weekdays for day in WEEKDAYS}
    return Calendar.model_validate(
        {
            "calendar": "desk",
            "title": "Desk",
            "time_zone": zone,
            "rules": [{"from": date(2020, 1, 1), "weekly": hours, **rule}],
        }
    )


def vienna(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA, fold=fold)


NINE_TO_FIVE = calendar(["09:00-17:00"])


def test_friday_five_plus_eight_hours_is_monday_five() -> None:
    due = NINE_TO_FIVE.due(vienna("2026-03-06 17:00"), timedelta(hours=8))
    assert due == vienna("2026-03-09 17:00")
    assert NINE_TO_FIVE.working_time(vienna("2026-03-06 17:00"), due) == timedelta(hours=8)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-09 10:00", "2026-03-09 11:30", 1.5),
        ("2026-03-09 16:00", "2026-03-10 10:00", 2),  # an hour on each day
        ("2026-03-07 10:00", "2026-03-08 10:00", 0),  # Saturday to Sunday
        ("2026-03-06 16:00", "2026-03-09 10:00", 2),  # over a weekend
        ("2026-03-09 06:00", "2026-03-09 20:00", 8),  # before opening to after closing
        ("2026-03-09 11:00", "2026-03-09 11:00", 0),
        ("2026-03-09 12:00", "2026-03-09 11:00", 0),  # an end before its start is no negative time
        ("2026-03-27 09:00", "2026-03-30 17:00", 16),  # the clock change lies in a closed night
    ],
)
def test_working_time(start: str, end: str, hours: float) -> None:
    assert NINE_TO_FIVE.working_time(vienna(start), vienna(end)) == timedelta(hours=hours)


def test_opening_hours_move_with_the_clock_change() -> None:
    """09:00 in Vienna is 08:00 UTC on Friday 27 March 2026 and 07:00 UTC on Monday the 30th."""
    intervals = NINE_TO_FIVE.open_intervals(date(2026, 3, 27), date(2026, 3, 31))
    assert intervals == [
        (datetime(2026, 3, 27, 8, tzinfo=UTC), datetime(2026, 3, 27, 16, tzinfo=UTC)),
        (datetime(2026, 3, 30, 7, tzinfo=UTC), datetime(2026, 3, 30, 15, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("span", "day", "hours"),
    [
        ("00:00-24:00", date(2026, 3, 29), 23),  # spring: an hour is skipped
        ("00:00-24:00", date(2026, 10, 25), 25),  # autumn: an hour comes twice
        ("00:00-24:00", date(2026, 10, 26), 24),
        ("01:00-04:00", date(2026, 3, 29), 2),
        ("01:00-04:00", date(2026, 10, 25), 4),
        ("02:00-03:00", date(2026, 3, 29), 0),  # this hour does not exist
        ("02:15-02:45", date(2026, 3, 29), 0),
        ("01:30-02:30", date(2026, 3, 29), 0.5),  # until the change
        ("02:30-04:00", date(2026, 3, 29), 1),  # from the change on
        ("02:30-04:00", date(2026, 10, 25), 2.5),  # from its first occurrence
    ],
)
def test_nights_of_clock_changes(span: str, day: date, hours: float) -> None:
    intervals = calendar([span], [span]).open_intervals(day, day + timedelta(days=1))
    assert sum((end - start for start, end in intervals), timedelta()) == timedelta(hours=hours)


def test_austrian_holidays_are_closed() -> None:
    """26 October is the national day, a Monday in 2026."""
    closed = calendar(["09:00-17:00"], holidays={"country": "AT"})
    assert closed.working_time(vienna("2026-10-26 00:00"), vienna("2026-10-27 00:00")) == timedelta()
    assert closed.working_time(vienna("2026-10-27 00:00"), vienna("2026-10-28 00:00")) == timedelta(hours=8)


def test_own_days_win_over_holidays_and_weekdays() -> None:
    own = [
        {"on": date(2026, 10, 26), "title": "Open day", "hours": ["10:00-12:00"]},
        {"on": date(2026, 12, 24), "title": "Christmas Eve"},
    ]
    desk = calendar(["09:00-17:00"], holidays={"country": "AT", "own": own})
    assert desk.open_intervals(date(2026, 10, 26), date(2026, 10, 27)) == [
        (datetime(2026, 10, 26, 9, tzinfo=UTC), datetime(2026, 10, 26, 11, tzinfo=UTC))
    ]
    assert desk.open_intervals(date(2026, 12, 24), date(2026, 12, 25)) == []


def test_a_region_has_its_own_holidays() -> None:
    """15 August is a holiday in Saarland and not in Berlin; it was a Friday in 2025."""
    friday = (vienna("2025-08-15 00:00"), vienna("2025-08-16 00:00"))
    hours = {
        region: calendar(["09:00-17:00"], holidays={"country": "DE", "region": region}).working_time(*friday)
        for region in ("SL", "BE")
    }
    assert hours == {"SL": timedelta(), "BE": timedelta(hours=8)}


def test_lunch_is_closed() -> None:
    desk = calendar(["13:00-17:00", "09:00-12:30"])
    assert desk.working_time(vienna("2026-03-09 12:00"), vienna("2026-03-09 13:15")) == timedelta(minutes=45)


def test_rules_change_by_date() -> None:
    before = calendar(["09:00-17:00"]).rules[0]
    after = calendar(["08:00-20:00"]).rules[0].model_copy(update={"start": date(2026, 3, 10)})
    desk = NINE_TO_FIVE.model_copy(update={"rules": (before, after)})
    hours = [desk.working_time(vienna(f"2026-03-{day} 00:00"), vienna(f"2026-03-{day} 23:59")) for day in ("09", "10")]
    assert hours == [timedelta(hours=8), timedelta(hours=12)]


def test_a_gap_is_said_and_not_counted_as_closed() -> None:
    ended = calendar(["09:00-17:00"], to=date(2026, 3, 9))
    with pytest.raises(UserError, match="calendar desk: no rule is in force on 2026-03-10"):
        ended.open_intervals(date(2026, 3, 9), date(2026, 3, 11))
    with pytest.raises(UserError, match="no rule is in force on 2019-12-31"):
        NINE_TO_FIVE.working_time(vienna("2019-12-31 10:00"), vienna("2020-01-02 10:00"))


def test_a_calendar_that_never_opens_again_has_no_due_time() -> None:
    with pytest.raises(UserError, match="closed for ten years"):
        calendar().due(vienna("2026-03-09 10:00"), timedelta(hours=1))


minutes = st.integers(0, 60 * 24 * 9)


@settings(max_examples=40)
@given(
    weeks=st.sampled_from([date(2026, 3, 25), date(2026, 10, 21), date(2026, 12, 21)]),
    first=minutes,
    second=minutes,
    zone=st.sampled_from(["Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_working_time_is_what_a_stopwatch_counts(weeks: date, first: int, second: int, zone: str) -> None:
    """Oracle: look at the wall clock at every minute between, and count the minutes at which the desk is open."""
    spans = {"weekday": [(60, 150), (540, 750), (780, 1020)], "weekend": [(90, 240)]}
    desk = calendar(["01:00-02:30", "09:00-12:30", "13:00-17:00"], ["01:30-04:00"], zone)
    origin = datetime.combine(weeks, datetime.min.time(), UTC)
    start, end = sorted((origin + timedelta(minutes=first), origin + timedelta(minutes=second)))
    counted = 0
    for step in range(int((end - start).total_seconds() // 60)):
        wall = (start + timedelta(minutes=step)).astimezone(ZoneInfo(zone))
        minute = wall.hour * 60 + wall.minute
        today = spans["weekend" if wall.weekday() > 4 else "weekday"]
        counted += any(opens <= minute < closes for opens, closes in today)
    assert desk.working_time(start, end) == timedelta(minutes=counted)
