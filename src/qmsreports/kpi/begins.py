"""From which day on a table tells what happened: before it, nothing counted is nothing known.

A company that has worked with a system for nine months has no zero complaints in the year before: they would be points
of every chart, bend its limits and make signals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from qmsreports.catalog.table import Table
from qmsreports.kpi.plan import Plan
from qmsreports.kpi.within import counted_clocks
from qmsreports.lake import Lake
from qmsreports.lake_months import first_month

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


def begun(plan: Plan, begins: Begins) -> date:
    """Return the first day of which all that a KPI counts tells; ``date.min`` where nothing is known."""
    return max((begins.get(place, date.min) for place in counted_clocks(plan)), default=date.min)
