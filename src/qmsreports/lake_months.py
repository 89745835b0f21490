"""With which month the record of a table begins, and how many rows lie before it.

A system that began in November holds leftovers of October, cases that were still open on its first day: 6 tickets in a
month that has 250 as a rule are no month. They would be points of every chart, bend its limits and make signals.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from statistics import median

from qmsreports.lake import NO_MONTH

_NEXT = 3
"""Months after it that a month is compared with."""
_SHARE = 2 / 3
"""A month belongs to the record when it holds at least two thirds of what these usually do."""
_FIRST = 3
"""Months at the beginning that may be leftovers: behind them a busier month is growth."""
_ENOUGH = 20
"""Rows that these must usually have: fewer vary so much by chance that a third less says nothing."""


def first_month(rows: Mapping[str, int]) -> str | None:
    """Return the first month that is no leftover, None where no row lies in a month.

    Rows by month: 2023-09 12, 2023-10 569, then 900 in each. 12 and 569 are under two thirds of 900, so it is 2023-11.
    One month too many left out costs a point; one month of leftovers would be a false low point for three years.
    """
    months = sorted(month for month, count in rows.items() if month != NO_MONTH and count)
    for place, month in enumerate(months[: _FIRST + 1]):
        after = [rows[later] for later in months[place + 1 : place + 1 + _NEXT]]
        if place == _FIRST or len(after) < _NEXT:  # growth, or a record too short to tell what is usual
            return month
        if median(after) < _ENOUGH or rows[month] >= _SHARE * median(after):
            return month
    return None


def rows_before(rows: Mapping[str, int], first: date) -> int:
    """Return how many rows lie in months that were over before a day: 2023-09 12 and 2023-10 569 before 2023-11-03."""
    return sum(count for month, count in rows.items() if month != NO_MONTH and month < f"{first:%Y-%m}")
