"""A part of a week's rows that did not come: found in a steady feed, passed over where weeks differ anyway."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest

from qmsreports.validate import judging
from qmsreports.validate.evidence import Evidence

CHRISTMAS = {date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1), date(2026, 1, 6)}
FIRST = date(2025, 9, 1)  # a Monday
EVALUATED = date(2026, 2, 1)


class Days:
    """Rows by day, as the evidence of an audit tells them; the run looks at three in the morning after ``last``."""

    def __init__(self, rows: dict[date, int], last: date, off: set[date]) -> None:
        self.rows = {day: count for day, count in rows.items() if day <= last}
        self.as_of = datetime(last.year, last.month, last.day, 3, tzinfo=UTC) + timedelta(days=1)
        self.off = off

    def day_off(self, day: date) -> bool:
        return day in self.off

    def last_days(self, _column: str) -> list[date]:
        newest = max(day for day, count in self.rows.items() if count)
        return [newest - timedelta(days=back) for back in range(6, -1, -1)]

    def daily(self, column: str, weeks: int) -> list[tuple[int, ...]]:
        days = self.last_days(column)
        return [tuple(self.rows.get(day - timedelta(weeks=back), 0) for day in days) for back in range(weeks, -1, -1)]


def office(seed: int, spread: float = 0.0) -> dict[date, int]:
    """Ten months of a hundred rows a working day, none at weekends and at Christmas; chance as Poisson's."""
    chance, rows = random.Random(seed), {}
    for nth in range(300):
        day = FIRST + timedelta(days=nth)
        usual = 0 if day.weekday() > 4 or day in CHRISTMAS else 100 * math.exp(chance.gauss(0, spread))
        rows[day] = max(0, round(chance.gauss(usual, math.sqrt(usual))))
    return rows


def alarms(rows: dict[date, int], lost: float = 0.0, *, nights: int = 60, weeks: int = 13) -> int:
    told = 0
    for night in range(nights):
        last = EVALUATED + timedelta(days=night)
        since = last - timedelta(days=7)
        now = {day: round(count * (1 - lost)) if since < day <= last else count for day, count in rows.items()}
        found = Days(now, last, CHRISTMAS)
        told += not judging.volume(cast(Evidence, found), "on", weeks, 0.3, 3, loss=0.2)[0]
    return told


def test_quiet_nights_raise_no_alarm_and_a_third_lost_is_told() -> None:
    assert [alarms(office(seed)) for seed in range(5)] == [0] * 5
    assert min(alarms(office(seed), 0.35) for seed in range(5)) >= 45  # of 60 nights


def test_where_days_differ_by_half_anyway_a_third_less_is_nothing_unusual() -> None:
    assert max(alarms(office(seed, spread=0.5), 0.3) for seed in range(3)) <= 3


def open_days(weeks: int) -> list[list[bool]]:
    """Every day counts but the newest, which may go on."""
    return [[True] * 7] * (weeks - 1) + [[True] * 6 + [False]]


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ([20] * 7, ""),
        ([16] * 6 + [0], ""),  # 96 of 120: exactly 0.8, and the newest day may go on
        ([13] * 6 + [0], ""),  # 78 of 120: 0.65, and chance alone may give 1 - 4 / sqrt(120) = 0.635
        ([12] * 6 + [20], "72 rows on the working days of the last week, 120 expected: 40 % less"),
    ],
)
def test_a_week_is_held_against_its_weekdays(last: list[int], said: str) -> None:
    days = [[20] * 7] * 9 + [last]
    assert judging.lost(days, open_days(10), 8, 0.2) == said


def test_chance_is_allowed_for_by_the_number_of_rows() -> None:
    """Of 600 expected rows 1 - 4 / sqrt(600) = 0.837 may be chance: 0.8 is the limit. Of 60 it is 0.48."""
    many, few = [[100] * 7] * 9, [[10] * 7] * 9
    assert judging.lost([*many, [79] * 7], open_days(10), 8, 0.2).endswith("21 % less")
    assert judging.lost([*many, [81] * 7], open_days(10), 8, 0.2) == ""
    assert judging.lost([*few, [5] * 7], open_days(10), 8, 0.2) == ""
    assert judging.lost([*few, [4] * 7], open_days(10), 8, 0.2).endswith("60 % less")


def test_a_holiday_is_no_loss_and_no_measure() -> None:
    working = [[True] * 7] * 9 + [[False] + [True] * 5 + [False]]
    assert judging.lost([[100] * 7] * 9 + [[0] + [100] * 6], working, 8, 0.2) == ""
    assert judging.lost([[100] * 7] * 9 + [[0] + [70] * 6], working, 8, 0.2).endswith("30 % less")


def test_a_season_of_a_year_ago_is_expected_again() -> None:
    """Weeks of 700; a year ago three weeks of 350 after weeks of 700. 350 are expected, 210 are 40 % less."""
    days = [[100] * 7] * 66 + [[50] * 7]
    for back in (51, 52, 53):
        days[66 - back] = [50] * 7
    assert judging.lost(days, open_days(67), 8, 0.2) == ""
    days[66] = [30] * 7
    assert judging.lost(days, open_days(67), 8, 0.2).endswith("40 % less")


def test_first_weeks_say_nothing() -> None:
    assert judging.lost([[0] * 7] * 5 + [[100] * 7] * 4 + [[10] * 7], open_days(10), 8, 0.2) == ""


def test_a_lost_thursday_is_found_although_a_holiday_thursday_had_no_row() -> None:
    """Christmas 2025 was a Thursday; on the eighth of January no row came, and that is no holiday."""
    rows = office(1)
    rows[date(2026, 1, 8)] = 0
    found = judging.weekdays(cast(Evidence, Days(rows, date(2026, 1, 12), CHRISTMAS)), "on", 13, 0.2, 4, 5)
    assert not found[0]
    assert found[1].startswith("0 rows on Thursday 2026-01-08, usually ")
