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
from qmsreports.kpi.within import counted_tables
from qmsreports.lake import NO_MONTH, Lake

_NEXT = 3
"""Months after it that a month is compared with."""
_SHARE = 4
"""A month belongs to the record when it holds at least a quarter of what these usually do."""
_ENOUGH = 20
"""Rows that these must usually have: fewer vary so much by chance that a quarter of them says nothing."""


def first_days(lake: Lake, tables: Iterable[Table], versions: Mapping[str, int]) -> dict[str, date]:
    """Return by table the day on which its record begins: what is declared, or the first day of its first month.

    ``date.max`` for one that holds nothing, ``date.min`` for one that is not kept by months: nobody can tell of it.
    """
    found: dict[str, date] = {}
    for table in tables:
        if table.recorded_from is not None:
            found[table.table] = table.recorded_from
            continue
        rows = lake.rows_by_month(table.table, versions.get(table.table))
        month = first_month(rows)
        otherwise = date.min if rows else date.max
        found[table.table] = date.fromisoformat(f"{month}-01") if month else otherwise
    return found


def first_month(rows: Mapping[str, int]) -> str | None:
    """Return the first month that is no leftover, None where no row lies in a month.

    Rows by month: 2023-09 30, 2023-10 160, then 900 in each. 30 and 160 are under a quarter of 900, so it is 2023-11.
    """
    months = sorted(month for month, count in rows.items() if month != NO_MONTH and count)
    for place, month in enumerate(months):
        usual = median([rows[later] for later in months[place + 1 : place + 1 + _NEXT]] or [0])
        if usual < _ENOUGH or rows[month] * _SHARE >= usual:
            return month
    return None


def begun(plan: Plan, begins: Mapping[str, date]) -> date:
    """Return the first day of which all that a KPI counts tells; ``date.min`` where nothing is known."""
    return max((begins.get(table, date.min) for table in counted_tables(plan)), default=date.min)
