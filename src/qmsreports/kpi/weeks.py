"""Months of whole weeks in the statements: the same plan, its clocks read by the organisation's week calendar.

A row lies in a month by the week of its day, which a function of the engine looks up: ``WEEK_MONTH(day)`` is the number
of the month as :class:`qmsreports.fiscal.FiscalYear` counts them. All else of a statement stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from qmsreports.fiscal import FiscalYear
from qmsreports.kpi.plan import Additive, Chosen, ColumnRef, Level, Plan, Spread

_FIRST_YEAR = 1990


@dataclass(frozen=True, slots=True)
class WeekMonths:
    """Number of the month of each week from ``begins`` on; days before and after lie in none."""

    begins: date
    months: tuple[int, ...]


def week_months(of: FiscalYear, until: int) -> WeekMonths:
    """Return the months of all weeks from 1990 to the end of a year, about 50 a year."""
    begins = of.first_day(_FIRST_YEAR * 12)
    count = (of.first_day((until + 2) * 12) - begins).days // 7
    return WeekMonths(begins, tuple(of.month_of(begins + timedelta(weeks=week)) for week in range(count)))


def in_weeks(plan: Plan) -> Plan:
    """Return the plan with every clock read by weeks; a formula reads no clock."""
    body = plan.body
    if isinstance(body, Additive):
        body = replace(body, tallies=tuple(replace(one, clock=_weekly(one.clock)) for one in body.tallies))
    elif isinstance(body, Level):
        body = replace(body, start=_weekly(body.start), to=_weekly(body.to))
    elif isinstance(body, Spread | Chosen):
        body = replace(body, clock=_weekly(body.clock))
    return replace(plan, body=body, weeks=True)


def _weekly(column: ColumnRef) -> ColumnRef:
    return replace(column, weeks=True)
