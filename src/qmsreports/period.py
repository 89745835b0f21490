"""Reporting periods: half-open ``[start, end)`` in the organisation's time zone.

A month of local days is not a month of UTC days: October 2026 in Vienna starts at 2026-09-30 22:00 UTC and is one
hour longer than 31 days. Every comparison of an instant with a period goes through :meth:`Period.utc_bounds`.

A period is of the calendar year (``2026-10``, ``2026-Q3``, ``2026-H2``, ``2026``) or of the organisation's fiscal year
(``FY2027-Q1``, ``FY2027-H1``, ``FY2027``, and ``FY2027-P09`` where its months are made of weeks), which may begin in
any month, see :mod:`qmsreports.fiscal`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from qmsreports.errors import ExitCode, Finding, UserError
from qmsreports.fiscal import ANY_YEAR, CALENDAR, FiscalYear

LENGTH = {"month": 1, "quarter": 3, "half": 6, "year": 12}
"""Months of each kind of period."""
_PATTERNS = (
    ("month", re.compile(r"()(\d{4})-(0[1-9]|1[0-2])")),
    ("month", re.compile(r"(FY)(\d{4})-P(0[1-9]|1[0-2])")),
    ("quarter", re.compile(r"(FY)?(\d{4})-Q([1-4])")),
    ("half", re.compile(r"(FY)?(\d{4})-H([12])")),
    ("year", re.compile(r"(FY)?(\d{4})()")),
)
_FISCAL = FiscalYear().prefix
_LETTER = {"month": "P", "quarter": "Q", "half": "H"}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A month, quarter, half-year or year of a calendar or fiscal year. Orders by its first day."""

    start: date
    kind: str = "month"
    of: FiscalYear = CALENDAR

    @classmethod
    def parse(cls, text: str, fiscal: FiscalYear | None = None) -> Period:
        """Read ``2026-10``, ``2026-Q3``, ``2026-H2``, ``2026`` or, with the organisation's fiscal year, ``FY2027-Q1``.

        :class:`UserError` (exit 2) for anything else.
        """
        for kind, pattern in _PATTERNS:
            match = pattern.fullmatch(text.strip())
            if match is None or not 1000 <= int(match.group(2)) <= 9000:
                continue
            year = _declared(text, kind, fiscal) if match.group(1) else CALENDAR
            number = int(match.group(3) or 1) - 1
            return cls(year.first_day(int(match.group(2)) * 12 + number * LENGTH[kind]), kind, year)
        todo = "write a month as 2026-10, a quarter as 2026-Q3, a year as 2026"
        if fiscal is not None and fiscal.prefix:
            todo += f", a quarter of the fiscal year as {fiscal.prefix}2027-Q1"
        raise UserError(Finding("", f'"{text}" is no period', todo), exit_code=ExitCode.USAGE)

    @classmethod
    def recorded(cls, text: str, years: Sequence[FiscalYear], start: date | None = None) -> Period:
        """Return the period that something on record is of, whatever the organisation's fiscal year is by now.

        ``years`` are the fiscal years it has and had, the newest first, ``start`` the first day where it is on record.
        Of the years that know the name the first one that has it begin on that day counts, else the first of all. A
        name that none of them knows has days that nobody can tell any more: those of some year of weeks stand for them
        where ``start`` shows that it was measured, else :class:`UserError` (exit 2).
        """
        knowing = [year for year in years if year.weeks or not _PATTERNS[1][1].fullmatch(text.strip())]
        if not text.strip().startswith(_FISCAL) or (not knowing and start is None):
            return cls.parse(text, years[0] if years else None)
        read = [cls.parse(text, year) for year in knowing or [ANY_YEAR]]
        return next((period for period in read if period.start == start), read[0])

    @classmethod
    def containing(cls, day: date, kind: str = "month", of: FiscalYear = CALENDAR) -> Period:
        """Return the period of this kind in which the day lies; a month is of the calendar unless made of weeks."""
        if kind == "month" and not of.weeks:
            of = CALENDAR
        return cls(of.first_day(of.month_of(day) // LENGTH[kind] * LENGTH[kind]), kind, of)

    @classmethod
    def last_closed(cls, day: date, kind: str = "month", of: FiscalYear = CALENDAR) -> Period:
        """Return the newest period that ended on or before this day."""
        return cls.containing(day, kind, of).shift(-1)

    @property
    def first_month(self) -> int:
        """Number of its first month, as :class:`FiscalYear` counts months."""
        return self.of.month_of(self.start)

    @property
    def end(self) -> date:
        """First day after the period."""
        if not self.of.weeks:  # it is asked for so often that the way by the fiscal year's number shows
            months = self.start.year * 12 + self.start.month - 1 + LENGTH[self.kind]
            return date(months // 12, months % 12 + 1, 1)
        return self.of.first_day(self.first_month + LENGTH[self.kind])

    @property
    def last_day(self) -> date:
        """Last day of the period."""
        return self.end - timedelta(days=1)

    @property
    def months(self) -> tuple[Period, ...]:
        """The months it is made of: calendar months, or those of the fiscal year where that is made of weeks."""
        of = self.of if self.of.weeks else CALENDAR
        first = of.month_of(self.start)
        return tuple(Period(of.first_day(first + place), "month", of) for place in range(LENGTH[self.kind]))

    def shift(self, count: int) -> Period:
        """Return the period ``count`` periods later (earlier when negative)."""
        return replace(self, start=self.of.first_day(self.first_month + count * LENGTH[self.kind]))

    def back(self, count: int) -> tuple[Period, ...]:
        """Return the last ``count`` periods up to this one, oldest first."""
        return tuple(self.shift(offset) for offset in range(1 - count, 1))

    def utc_bounds(self, zone: str) -> tuple[datetime, datetime]:
        """Return the instants ``[start, end)`` of the period in UTC.

        ``2026-10`` in Europe/Vienna: 2026-09-30 22:00 to 2026-10-31 23:00, 745 hours.
        """
        tz = ZoneInfo(zone)
        return (
            datetime.combine(self.start, time.min, tz).astimezone(UTC),
            datetime.combine(self.end, time.min, tz).astimezone(UTC),
        )

    def __str__(self) -> str:
        year, month = divmod(self.first_month, 12)
        number = month // LENGTH[self.kind] + 1
        if self.kind == "year":
            return f"{self.of.prefix}{year:04}"
        if self.kind == "month":
            return f"{self.of.prefix}{year:04}-{'P' if self.of.prefix else ''}{number:02}"
        return f"{self.of.prefix}{year:04}-{_LETTER[self.kind]}{number}"


def _declared(text: str, kind: str, fiscal: FiscalYear | None) -> FiscalYear:
    """Return the fiscal year that a period of it needs; :class:`UserError` where the organisation has none such."""
    if fiscal is None:
        what = f'"{text}" is of a fiscal year, and none is declared'
        todo = "add fiscal_year to catalog/organisation.yaml and have it approved"
    elif kind == "month" and not fiscal.weeks:
        what, todo = f'"{text}" is no period', "the months of this fiscal year are calendar months: write 2026-10"
    else:
        return fiscal
    raise UserError(Finding("", what, todo), exit_code=ExitCode.USAGE)
