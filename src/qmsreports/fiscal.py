"""How an organisation cuts time into years: from any month on, in calendar months or in whole weeks.

A year of months begins on the first day of a month. A year of weeks (4-4-5 and its kin) begins the day after a weekday
near the end of the month before: each quarter has 13 whole weeks, so that every period has the same number of weekends.
52 weeks are a day or two short of a year, so now and then one has a 53rd week, which lengthens one of its months.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

PATTERNS = ("4-4-5", "4-5-4", "5-4-4")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class FiscalYear:
    """The rule by which years begin, are named and are divided into twelve months.

    ``first_month`` 1 to 12; ``named_by`` says whether FY2027 is the year that ``ends`` in 2027 or that ``begins`` then.
    ``weeks`` is empty, or a pattern of :data:`PATTERNS`: weeks of the three months of a quarter. Then the year ends on
    the weekday ``ends_on`` (0 Monday) that is the ``last`` in the month before ``first_month``, or the ``nearest`` to
    its last day; ``long_month`` (1 to 12) is the month that takes the 53rd week. ``prefix`` is empty for the calendar
    year alone, whose periods are written without one.
    """

    first_month: int = 1
    named_by: str = "ends"
    weeks: str = ""
    ends_on: int = 5
    rule: str = "last"
    long_month: int = 12
    prefix: str = "FY"

    def first_day(self, month: int) -> date:
        """Return the first day of a month, counted from the year 0: ``12 x year + 0`` is the first one of a year."""
        year, index = divmod(month, 12)
        if self.weeks:
            return _week_months(self, year)[index]
        months = self._calendar_year(year) * 12 + self.first_month - 1 + index
        return date(months // 12, months % 12 + 1, 1)

    def month_of(self, day: date) -> int:
        """Return the number of the month in which a day lies, as :meth:`first_day` counts them."""
        if not self.weeks:
            return day.year * 12 + day.month - self.first_month + 12 * (0 if self._named_by_begin else 1)
        year = day.year + 2  # of the years that may hold the day none is later, by whichever end it is named
        while (months := _week_months(self, year))[0] > day:
            year -= 1
        return year * 12 + bisect_right(months, day) - 1

    def weeks_of(self, year: int) -> int:
        """Return how many weeks a year of weeks has: 52 or 53."""
        return (_begin(self, year + 1) - _begin(self, year)) // _WEEK

    @property
    def _named_by_begin(self) -> bool:
        """Whether the name is the calendar year of the first day; a year that begins in January has but one name."""
        return self.named_by == "begins" or self.first_month == 1

    def _calendar_year(self, year: int) -> int:
        return year if self._named_by_begin else year - 1


CALENDAR = FiscalYear(prefix="")
"""The calendar year: its periods are written 2026-10, 2026-Q3, 2026-H2 and 2026."""


ANY_YEAR = FiscalYear(weeks=PATTERNS[0])
"""A fiscal year that knows every name of a fiscal period: which name follows which is the same in all of them."""


@lru_cache(maxsize=512)
def _week_months(rule: FiscalYear, year: int) -> tuple[date, ...]:
    """Return the first days of the twelve months of a year of weeks."""
    lengths = [int(weeks) for weeks in rule.weeks.split("-")] * 4
    lengths[rule.long_month - 1] += rule.weeks_of(year) - 52
    begin = _begin(rule, year)
    return tuple(begin + weeks * _WEEK for weeks in (0, *accumulate(lengths[:-1])))


@lru_cache(maxsize=512)
def _begin(rule: FiscalYear, year: int) -> date:
    """Return the first day of a year of weeks: the day after the weekday that ends the year before."""
    months = rule._calendar_year(year) * 12 + rule.first_month - 2
    end = date(months // 12, months % 12 + 1, monthrange(months // 12, months % 12 + 1)[1])
    back = (end.weekday() - rule.ends_on) % 7
    if rule.rule == "nearest" and back > 3:
        back -= 7
    return end - timedelta(days=back - 1)
