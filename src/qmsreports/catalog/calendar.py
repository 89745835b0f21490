"""Working calendars: opening hours by weekday, holidays, changes by date; right over clock changes.

Working time is measured against the open intervals in UTC, so a day of 23 or 25 hours needs no special case later:
the spring night from 01:00 to 04:00 is two hours long, the autumn one four.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator

from qmsreports.catalog.model import Day, Model, Name, Text
from qmsreports.catalog.public_holidays import public_holidays
from qmsreports.errors import Finding, UserError

_ONE_DAY = timedelta(days=1)
_SPAN = re.compile(r"(\d{2}):(\d{2})\s*-\s*(\d{2}):(\d{2})")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def minutes_of(span: str) -> tuple[int, int]:
    """Return the minutes after midnight of ``"09:00-12:30"``: (540, 750). ``24:00`` ends a day.

    :class:`ValueError` in words for people when it is no such span.
    """
    match = _SPAN.fullmatch(span.strip())
    if match is None:
        raise ValueError(f'"{span}" is no interval; write it as "09:00-12:30"')
    from_hour, from_minute, to_hour, to_minute = (int(part) for part in match.groups())
    if from_minute > 59 or to_minute > 59 or from_hour > 23 or to_hour * 60 + to_minute > 24 * 60:
        raise ValueError(f'"{span}" is no time of day; hours go from 00:00 to 24:00')
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if end <= start:
        raise ValueError(
            f'"{span}" ends before it starts; split it at midnight: one ends at 24:00, one starts at 00:00'
        )
    return start, end


def _readable(span: str) -> str:
    minutes_of(span)
    return span


def _apart(spans: tuple[str, ...]) -> tuple[str, ...]:
    ordered = sorted((minutes_of(span), span) for span in spans)
    for (before, earlier), (after, later) in pairwise(ordered):
        if after[0] < before[1]:
            raise ValueError(f'"{earlier}" and "{later}" overlap; join them or move one')
    return spans


Span = Annotated[str, AfterValidator(_readable)]
Hours = Literal["closed"] | Annotated[tuple[Span, ...], Field(min_length=1), AfterValidator(_apart)]


class Week(Model):
    """Opening hours of each weekday; every day is said, a closed one as ``closed``."""

    monday: Hours
    tuesday: Hours
    wednesday: Hours
    thursday: Hours
    friday: Hours
    saturday: Hours
    sunday: Hours

    def spans(self, day: date) -> tuple[tuple[int, int], ...]:
        """Return the open minutes after midnight of a day's weekday."""
        hours: Hours = getattr(self, WEEKDAYS[day.weekday()])
        return () if hours == "closed" else tuple(sorted(minutes_of(span) for span in hours))


class OwnDay(Model):
    """A day that differs from its weekday: closed, or open at other hours."""

    on: Day
    title: Text
    hours: Hours = "closed"


class Holidays(Model):
    """Public holidays of a country (ISO 3166, ``AT``) and region, closed all day; own days win over them."""

    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    region: str | None = None
    own: tuple[OwnDay, ...] = ()

    @field_validator("region", mode="before")
    @classmethod
    def _region_as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def public(self, years: range) -> frozenset[date]:
        """Return the public holidays of these years."""
        if self.country is None:
            return frozenset()
        return public_holidays(self.country, self.region, years)


class CalendarRule(Model):
    """Opening hours from a day on, until the next rule or through the last day ``to``."""

    start: Day = Field(alias="from")
    to: Day | None = None
    why: str = ""
    weekly: Week
    holidays: Holidays = Holidays()


class Calendar(Model):
    """When somebody is there to do the work, as dated rules in one IANA time zone."""

    calendar: Name
    title: Text
    time_zone: str
    rules: tuple[CalendarRule, ...] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f'"{value}" is no IANA time zone; write for example Europe/Vienna') from error
        return value

    def rule_on(self, day: date) -> CalendarRule | None:
        """Return the rule in force on a day; ``None`` where the calendar has a gap."""
        begun = [rule for rule in self.rules if rule.start <= day]
        newest = max(begun, key=lambda rule: rule.start, default=None)
        return newest if newest is not None and (newest.to is None or day <= newest.to) else None

    def first_gap(self, start_day: date, end_day: date) -> date | None:
        """Return the first day of ``[start_day, end_day)`` for which no rule is in force."""
        edges = {
            start_day,
            *(rule.start for rule in self.rules),
            *(rule.to + _ONE_DAY for rule in self.rules if rule.to),
        }
        return next((day for day in sorted(edges) if start_day <= day < end_day and self.rule_on(day) is None), None)

    def open_intervals(self, start_day: date, end_day: date) -> list[tuple[datetime, datetime]]:
        """Return the open intervals of the local days ``[start_day, end_day)`` as UTC instants, in order, apart.

        :class:`UserError` when no rule is in force on one of the days.
        """
        gap = self.first_gap(start_day, end_day)
        if gap is not None:
            raise UserError(
                Finding(
                    f"calendar {self.calendar}",
                    f"no rule is in force on {gap}",
                    f"add a rule with from: {gap} or earlier, or lengthen the one before",
                )
            )
        return list(self._intervals(start_day, end_day))

    def _intervals(self, start_day: date, end_day: date) -> Iterator[tuple[datetime, datetime]]:
        zone = ZoneInfo(self.time_zone)
        years = range(start_day.year, end_day.year + 1)
        closed = {rule.start: rule.holidays.public(years) for rule in self.rules}
        own = {rule.start: {day.on: day for day in rule.holidays.own} for rule in self.rules}
        day = start_day
        while day < end_day:
            rule = self.rule_on(day)
            if rule is not None:
                for start, end in _spans(rule, day, closed[rule.start], own[rule.start]):
                    instants = (_instant(day, start, zone), _instant(day, end, zone))
                    if instants[0] < instants[1]:  # an interval inside the hour that spring skips does not exist
                        yield instants
            day += _ONE_DAY

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """Return how much of ``[start, end)`` lies in opening hours; zero when ``end`` is not after ``start``."""
        if end <= start:
            return timedelta()
        total = timedelta()
        for opens, closes in self.open_intervals(*self._days(start, end)):
            total += max(min(closes, end) - max(opens, start), timedelta())
        return total

    def due(self, start: datetime, working: timedelta) -> datetime:
        """Return the instant at which so much working time has passed since ``start``.

        Friday 17:00 plus 8 hours in a week of Monday to Friday 09:00 to 17:00 is Monday 17:00.
        """
        left = working
        day = start.astimezone(ZoneInfo(self.time_zone)).date()
        for _ in range(3660):
            for opens, closes in self.open_intervals(day, day + _ONE_DAY):
                length = max(closes - max(opens, start), timedelta())
                if length and length >= left:
                    return max(opens, start) + left
                left -= length
            day += _ONE_DAY
        raise UserError(
            Finding(f"calendar {self.calendar}", "is closed for ten years on end", "check its weekly hours")
        )

    def _days(self, start: datetime, end: datetime) -> tuple[date, date]:
        zone = ZoneInfo(self.time_zone)
        return start.astimezone(zone).date(), end.astimezone(zone).date() + _ONE_DAY


def _spans(
    rule: CalendarRule, day: date, public: frozenset[date], own: dict[date, OwnDay]
) -> tuple[tuple[int, int], ...]:
    """Open minutes of a day: an own day wins over a public holiday, that over the weekday."""
    special = own.get(day)
    if special is not None:
        return () if special.hours == "closed" else tuple(sorted(minutes_of(span) for span in special.hours))
    return () if day in public else rule.weekly.spans(day)


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the UTC instant of a local time; one that spring skips is the instant of the change, an autumn one that
    comes twice is its first occurrence.
    """
    local = datetime.combine(day, time.min) + timedelta(minutes=minutes)
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    low, high = local.replace(tzinfo=zone, fold=1).astimezone(UTC), instant  # the change lies between the two readings
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        before = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
        low, high = (middle, high) if before else (low, middle)
    return high.replace(microsecond=0)
