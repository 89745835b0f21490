"""From which day on a table tells what happened: before it, nothing counted is nothing known.

A company that has worked with a system for nine months has no zero complaints in the year before. And a system that
began in November holds leftovers of October, cases that were still open on its first day: 6 tickets in a month that
has 250 as a rule are no month. Both would be points of every chart, bend its limits and make signals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from statistics import median

from qmsreports.catalog.table import Table
from qmsreports.kpi.plan import Plan
from qmsreports.kpi.within import counted_clocks
from qmsreports.lake import NO_MONTH, Lake

_NEXT = 3
"""Months after it that a month is compared with."""
_SHARE = 2 / 3
"""A month belongs to the record when it holds at least two thirds of what these usually do."""
_FIRST = 3
"""Months at the beginning that may be leftovers: behind them a busier month is growth."""
_ENOUGH = 20
"""Rows that these must usually have: fewer vary so much by chance that a third less says nothing."""


Begins = Mapping[tuple[str, str], date]
"""The first day of the record by table and clock."""


def first_days(lake: Lake, plans: Iterable[Plan], tables: Mapping[str, Table], versions: Mapping[str, int]) -> Begins:
    """Return when the record of what these plans count begins: the declared day, or the first one of the first month.

    The first month is found by the rows in each, or for a table that is not kept by months by its clock's first day.
    ``date.max`` for a table that holds nothing, ``date.min`` where nobody can tell.
    """
    clocks: dict[str, set[str]] = {}
    for plan in plans:
        for table, clock in counted_clocks(plan):
            clocks.setdefault(table, set()).add(clock)
    found: dict[tuple[str, str], date] = {}
    for table, names in clocks.items():
        version = versions.get(table)
        if (declared := tables[table].recorded_from) is not None:
            found |= {(table, name): declared for name in names}
            continue
        rows = lake.rows_by_month(table, version)
        if month := first_month(rows):
            found |= {(table, name): date.fromisoformat(f"{month}-01") for name in names}
            continue
        known = lake.least(table, version, names)
        for name in names:
            first = known[name].replace(day=1) if name in known else date.min
            found[table, name] = first if rows else date.max
    return found


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


def begun(plan: Plan, begins: Begins) -> date:
    """Return the first day of which all that a KPI counts tells; ``date.min`` where nothing is known."""
    return max((begins.get(place, date.min) for place in counted_clocks(plan)), default=date.min)
