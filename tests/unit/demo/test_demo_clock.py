"""Days and hours: judged by zoneinfo, by the holidays package and by sums on paper."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pandas as pd
import pytest
from demo_fixture import rows_of

from qmsreports.demo.clock import DESK, utc_of, vienna_of
from qmsreports.demo.clock import holidays as known_holidays

VIENNA = ZoneInfo("Europe/Vienna")


def test_vienna_time_agrees_with_zoneinfo_around_every_change() -> None:
    changes = [datetime(year, month, 24, tzinfo=UTC) for year in range(2023, 2030) for month in (3, 10)]
    starts = np.array([change.replace(tzinfo=None) for change in changes], "datetime64[s]")
    utc = (starts[:, None] + np.arange(0, 9 * 86400, 1800).astype("timedelta64[s]")).ravel()
    expected = [instant.replace(tzinfo=UTC).astimezone(VIENNA).replace(tzinfo=None) for instant in utc.tolist()]
    assert vienna_of(utc).tolist() == expected
    local = np.array(expected, "datetime64[s]")
    first_of_two = [instant.replace(tzinfo=VIENNA, fold=0).astimezone(UTC).replace(tzinfo=None) for instant in expected]
    assert utc_of(local).tolist() == first_of_two


@pytest.mark.parametrize("country", ["AT", "FR", "PT"])
def test_public_holidays(country: str) -> None:
    official = holidays.country_holidays(country, years=range(2023, 2030))
    ours = [day for day in known_holidays(country).tolist() if 2023 <= day.year < 2030 and day.weekday() < 6]
    assert ours == sorted(day for day in official if day.weekday() < 6)  # Easter Sunday is one in Portugal


@pytest.mark.parametrize(
    ("opened", "hours", "expected"),
    [
        ("2026-10-02T16:00", 2, "2026-10-05T09:00"),  # Friday 16:00: one hour until closing, one on Monday from 08:00
        ("2026-10-03T11:00", 1, "2026-10-05T09:00"),  # Saturday counts from Monday 08:00
        ("2026-10-05T06:30", 9, "2026-10-05T17:00"),  # a whole day ends with the day
        ("2026-10-23T16:30", 1, "2026-10-27T08:30"),  # the Monday between is Austria's national holiday
    ],
)
def test_working_time_of_the_desk(opened: str, hours: float, expected: str) -> None:
    result = DESK.after(np.array([opened], "datetime64[s]"), np.array([hours * 3600.0]))
    assert result.tolist() == [datetime.fromisoformat(expected)]


@pytest.mark.parametrize("season", ["2026-01", "2026-06"])
def test_the_help_desk_writes_vienna_time(company: Path, season: str) -> None:
    """Calls come in opening hours, in winter and in summer, whatever the hour in UTC."""
    calls = rows_of(company, "helpdesk", "SELECT opened_local FROM ticket WHERE via = 'PHONE'").opened_local
    opened = pd.to_datetime(calls[calls.str.startswith(season)].str[:19])
    assert opened.dt.strftime("%H:%M").min() >= "08:00"
    assert opened.dt.strftime("%H:%M").max() < "17:00"
    assert (opened.dt.day_of_week < 5).all()
    assert len(opened) > 40


def test_nothing_happens_in_the_hour_that_does_not_exist_but_what_was_planted(company: Path) -> None:
    for table, column in (("ticket", "updated_local"), ("message", "sent_local"), ("state_log", "at_local")):
        times = rows_of(company, "helpdesk", f"SELECT {column} AS at FROM {table}")["at"]
        for day in ("2024-03-31", "2025-03-30"):
            assert not times.str.startswith(f"{day} 02:").any()


@pytest.mark.parametrize(("month", "first", "last"), [("2026-01", 5, 21), ("2026-06", 4, 20)])
def test_the_works_write_utc(company: Path, month: str, first: int, last: int) -> None:
    """Linz runs from 06:00 to 22:00: from 05:00 UTC in winter and from 04:00 UTC in summer."""
    steps = rows_of(company, "mes", f"SELECT finished FROM wo_step WHERE plant = 'W1' AND finished LIKE '{month}%'")
    hours = pd.to_datetime(steps.finished).dt.hour
    assert hours.min() == first
    assert hours.max() == last
