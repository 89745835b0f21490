"""Days and hours of the company: time zones, holidays, working time, seasons. Everything is vectorised.

Instants are ``datetime64[s]`` without a zone; the names say whether they are UTC or local.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]
Instants = NDArray[np.datetime64]

FIRST_YEAR, LAST_YEAR = 2022, 2031
_HOUR = np.timedelta64(3600, "s")


def _easter(year: int) -> date:
    """Gregorian Easter Sunday (Meeus, Jones, Butcher): 2026 gives 5 April."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * i) // 451
    month, day = divmod(h + i - 7 * m + 114, 31)
    return date(year, month, day + 1)


_FIXED = {
    "AT": ("01-01", "01-06", "05-01", "08-15", "10-26", "11-01", "12-08", "12-25", "12-26"),
    "FR": ("01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"),
    "PT": ("01-01", "04-25", "05-01", "06-10", "08-15", "10-05", "11-01", "12-01", "12-08", "12-25"),
}
_AFTER_EASTER = {"AT": (1, 39, 50, 60), "FR": (1, 39, 50), "PT": (-2, 60)}


@cache
def holidays(country: str) -> Days:
    """Public holidays of AT, FR or PT over all years the company knows."""
    days = [f"{year}-{day}" for year in range(FIRST_YEAR, LAST_YEAR) for day in _FIXED[country]]
    for year in range(FIRST_YEAR, LAST_YEAR):
        days += [str(_easter(year) + timedelta(days=offset)) for offset in _AFTER_EASTER[country]]
    return np.unique(np.array(days, "datetime64[D]"))


@cache
def office(country: str = "AT") -> np.busdaycalendar:
    """Monday to Friday without public holidays."""
    return np.busdaycalendar(holidays=holidays(country))


@cache
def works(country: str) -> np.busdaycalendar:
    """Days on which a works runs: as the office, and closed from 24 December to New Year."""
    closed = [f"{year}-12-{day}" for year in range(FIRST_YEAR, LAST_YEAR) for day in range(24, 32)]
    return np.busdaycalendar(holidays=np.union1d(holidays(country), np.array(closed, "datetime64[D]")))


def _last_sunday(year: int, month: int) -> np.datetime64:
    last = np.datetime64(f"{year}-{month + 1:02d}-01") - np.timedelta64(1, "D")
    return last - np.timedelta64((int(last.astype(np.int64)) + 4) % 7, "D")  # 1970-01-01 was a Thursday


_CHANGES = np.array(
    [
        _last_sunday(year, month).astype("datetime64[s]") + _HOUR  # both changes happen at 01:00 UTC
        for year in range(FIRST_YEAR, LAST_YEAR)
        for month in (3, 10)
    ]
)
_OFFSETS = np.array([1 + (number % 2) for number in range(len(_CHANGES) + 1)]) * _HOUR
# On the wall clock summer time begins at 02:00 and ends at 03:00; the doubled hour is read as its first occurrence.
_WALL_CHANGES = _CHANGES + np.array([1 + (number % 2) for number in range(len(_CHANGES))]) * _HOUR


def vienna_of(utc: Instants) -> Instants:
    """Return Vienna wall-clock time: 2026-07-01 10:00 UTC is 12:00."""
    return np.asarray(utc + _OFFSETS[np.searchsorted(_CHANGES, utc, side="right")])


def utc_of(vienna: Instants) -> Instants:
    """Return UTC of Vienna wall-clock time; the doubled hour in October means its first occurrence."""
    return np.asarray(vienna - _OFFSETS[np.searchsorted(_WALL_CHANGES, vienna, side="right")])


class WorkClock:
    """Working seconds since the first known day; converts both ways, so durations can be added in working time."""

    def __init__(self, opens: float, closes: float, calendar: np.busdaycalendar) -> None:
        """Open from hour ``opens`` to hour ``closes`` on the working days of a calendar."""
        self._day0 = np.datetime64(f"{FIRST_YEAR}-01-01")
        days = np.arange(self._day0, np.datetime64(f"{LAST_YEAR}-01-01"))
        self._opens = int(opens * 3600)
        self._length = np.where(np.is_busday(days, busdaycal=calendar), int((closes - opens) * 3600), 0)
        self._before = np.r_[0, np.cumsum(self._length)]

    def elapsed(self, instant: Instants) -> NDArray[np.int64]:
        """Working seconds until this instant."""
        days = instant.astype("datetime64[D]")
        number = (days - self._day0).astype(np.int64)
        second = (instant - days).astype("timedelta64[s]").astype(np.int64)
        return np.asarray(self._before[number] + np.clip(second - self._opens, 0, self._length[number]))

    def instant(self, elapsed: NDArray[np.int64]) -> Instants:
        """Return the first instant at which this much working time has passed."""
        number = np.maximum(np.searchsorted(self._before, elapsed, side="left") - 1, 0)
        days = (self._day0 + number).astype("datetime64[s]")
        return np.asarray(days + (elapsed - self._before[number] + self._opens).astype("timedelta64[s]"))

    def after(self, instant: Instants, seconds: NDArray[np.floating]) -> Instants:
        """Return the instant that lies this much working time later; Friday 16:00 + 2 h is Monday 09:00."""
        return self.instant(self.elapsed(instant) + np.maximum(seconds, 1).astype(np.int64))


DESK = WorkClock(8, 17, office("AT"))
"""Opening hours of the support desk: Monday to Friday 08:00 to 17:00 in Vienna, without Austrian holidays."""

# Share of a year's average by month, January first: pumps sell in spring, sleep in August and at Christmas.
ORDER_SEASON = np.array([0.96, 1.02, 1.12, 1.16, 1.09, 1.03, 0.96, 0.80, 1.02, 1.03, 1.00, 0.81])
TICKET_SEASON = np.array([1.01, 0.99, 1.02, 1.03, 1.02, 1.00, 0.99, 0.96, 1.00, 1.01, 1.00, 0.97])
_WEEK = np.array([1.12, 1.08, 1.02, 0.98, 0.80, 0.035, 0.015])


def month_number(days: Days) -> NDArray[np.int64]:
    """Months since 1970-01, the number that seeds and noise are looked up by."""
    return np.asarray(days.astype("datetime64[M]").astype(np.int64))


def month_days(month: int) -> Days:
    """Return all days of a month number."""
    first, after = np.array([month, month + 1], "datetime64[M]").astype("datetime64[D]")
    return np.array(first + np.arange(int((after - first).astype(np.int64))))


def growth(month: int, yearly: float) -> float:
    """Growth factor of a month against 2023-11; 4 % a year gives 1.04 in 2024-11."""
    return float((1 + yearly) ** ((month - month_number(np.array("2023-11", "datetime64[M]")).item()) / 12))


def trading_days(days: Days) -> NDArray[np.float64]:
    """Weight of each day for orders and mails: weekdays, hardly weekends, holidays, the turn of the year."""
    weight = _WEEK[(days.astype(np.int64) + 3) % 7]
    weight = np.where(np.isin(days, holidays("AT")), weight * 0.06, weight)
    day = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    month = month_number(days) % 12 + 1
    quiet = ((month == 12) & (day >= 23)) | ((month == 1) & (day <= 6))
    return np.where(quiet, weight * 0.5, weight)


_OFFICE_HOURS = (np.array([7.6, 8.5, 9.5, 11.9, 12.9, 15.5, 17.4]), np.array([0, 0.09, 0.27, 0.60, 0.66, 0.92, 1.0]))
_DESK_HOURS = (np.array([8.02, 9, 10, 12, 13, 16, 16.95]), np.array([0, 0.13, 0.30, 0.60, 0.66, 0.93, 1.0]))
_EVENING = (np.array([17.0, 19.0, 21.0, 23.2]), np.array([0, 0.42, 0.82, 1.0]))
_WEEKEND = (np.array([8.5, 11.0, 18.0, 22.8]), np.array([0, 0.3, 0.78, 1.0]))
HOURS = {"office": _OFFICE_HOURS, "desk": _DESK_HOURS, "evening": _EVENING, "weekend": _WEEKEND}


def at_hours(days: Days, uniform: NDArray[np.float64], kind: str) -> Instants:
    """Return local instants on these days at the hours of ``office``, ``desk``, ``evening`` or ``weekend``."""
    hours, cumulative = HOURS[kind]
    seconds = (np.interp(uniform, cumulative, hours) * 3600).astype(np.int64)
    return np.asarray(days.astype("datetime64[s]") + seconds.astype("timedelta64[s]"))
