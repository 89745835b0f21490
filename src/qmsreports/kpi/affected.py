"""Which periods' values can have changed, given the months in which rows of a table changed.

A row lies in a period by its clock, so a change of the row, whatever it was, can only move periods that cover the month
of its clock before or after. For a level it is every period from the month in which the case began. This may name a
period whose value stays as it is; it never leaves out one whose value moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from qmsreports.kpi.clock import month_number, touching
from qmsreports.kpi.lengths import paused_by
from qmsreports.kpi.plan import Additive, Chosen, Composed, Level, Plan, Spread
from qmsreports.kpi.selection import Task
from qmsreports.period import Period

Touched = Mapping[str, Mapping[str, Collection[str]] | None]
"""By table and date column the months (``2026-10``) with changed rows, before or after; a table with None may have
changed anywhere, one that is missing has not changed."""


def affected(tasks: Sequence[Task], touched: Touched) -> dict[str, set[Period]]:
    """Return by KPI the periods whose values can have changed; a formula's are those of what it reads."""
    found: dict[str, set[Period]] = {}
    for task in tasks:
        own = {period for period in task.periods if _changed(task.plan, period, touched)}
        found.setdefault(task.kpi.kpi, set()).update(own)
    return closed(tasks, found)


def closed(tasks: Sequence[Task], wanted: Mapping[str, Collection[Period]]) -> dict[str, set[Period]]:
    """Return the periods with those added that formulas need: their own where what they read is computed, and back.

    A formula is computed from values of the same run, so what it reads is computed wherever it is.
    """
    found = {task.kpi.kpi: set(wanted.get(task.kpi.kpi, ())) for task in tasks}
    formulas = [(task, task.plan.body.reads) for task in tasks if isinstance(task.plan.body, Composed)]
    for task, reads in formulas:  # those that read other formulas come after them
        for name in reads:
            found[task.kpi.kpi] |= found.get(name, set()).intersection(task.periods)
    for task, reads in reversed(formulas):
        for name in reads:
            found.setdefault(name, set()).update(found[task.kpi.kpi].intersection(task.periods))
    return found


def restricted(tasks: Iterable[Task], only: Mapping[str, Collection[Period]]) -> tuple[Task, ...]:
    """Return the tasks with the wanted periods alone, without those that have none."""
    kept = (
        replace(task, periods=tuple(period for period in task.periods if period in only.get(task.kpi.kpi, ())))
        for task in tasks
    )
    return tuple(task for task in kept if task.periods)


def _changed(plan: Plan, period: Period, touched: Touched) -> bool:
    if any(touched.get(table, {}) is None for table in plan.tables):
        return True
    body = plan.body
    if any(touched.get(table) for table in paused_by(plan)):
        return True  # a pause moves the length of its case, whichever month that is in
    if isinstance(body, Level):
        months = _months(touched, body.table, body.start.name)
        return bool(months) and min(months) <= month_number(period.last_day)
    clocks: set[tuple[str, str]] = set()
    if isinstance(body, Additive):
        clocks = {(tally.table, tally.clock.name) for tally in body.tallies}
    elif isinstance(body, Spread | Chosen):
        clocks = {(body.table, body.clock.name)}
    window = set(touching(period, plan.window))
    return any(not window.isdisjoint(_months(touched, table, clock)) for table, clock in clocks)


def _months(touched: Touched, table: str, column: str) -> set[int]:
    found = (touched.get(table) or {}).get(column, ())
    return {int(month[:4]) * 12 + int(month[5:7]) for month in found}
