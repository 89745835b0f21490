"""What reads the same is computed in one statement.

Percentiles of the same rows: the median and the slowest tenth of one duration cost one of them. Sums of one table by
one clock, window and set of slices: the cube is grouped once for all of them. What is stored beside each result is
still its own statement, which gives the same number when it runs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from qmsreports.kpi import figures, rows, sql
from qmsreports.kpi.engine import Dialect, Row
from qmsreports.kpi.figures import Figure, Slice
from qmsreports.kpi.plan import Additive, Plan, Spread
from qmsreports.kpi.rollup import rollup_of, sources
from qmsreports.kpi.selection import Task
from qmsreports.kpi.within import Reach

Reader = Callable[[Row], tuple[str, Slice, Figure]]


def groups(tasks: Iterable[Task]) -> list[list[Task]]:
    """Put tasks together that differ in share, unit or slices of a percentile only, and sums by the same clock."""
    found: dict[object, list[Task]] = {}
    for task in tasks:
        body = task.plan.body
        key: object = task.plan.label
        if isinstance(body, Spread) and body.share is not None:
            key = (replace(body, share=0.5, divisor=1.0), task.plan.window, task.periods)
        elif len(read := sources(task.plan)) == 1:
            key = (read, task.plan.cuts, task.plan.window, task.periods)
        found.setdefault(key, []).append(task)
    return list(found.values())


def statement(tasks: Sequence[Task], dialect: Dialect, within: Reach | None = None) -> str:
    """Return the statement that gives the values of all these tasks, for every slice that one of them has."""
    if isinstance(tasks[0].plan.body, Additive):
        return sql.text_of(rollup_of([task.plan for task in tasks]), dialect=dialect)
    others = [task.plan.body for task in tasks[1:] if isinstance(task.plan.body, Spread)]
    header = ["the same rows for " + ", ".join(task.plan.label for task in tasks)]
    return sql.text_of(rows.rows_statement(_wide(tasks[0].plan, tasks), others, within), dialect=dialect, header=header)


def reader(tasks: Sequence[Task]) -> Callable[[Row], Iterator[tuple[Task, str, Slice, Figure]]]:
    """Return what takes from a row of that statement what it says of each task that has its slice.

    What is the same for every row is found out once: there are as many rows as periods and slices.
    """
    if isinstance(tasks[0].plan.body, Additive):
        own = [(task, figures.parts_of(task.plan)) for task in tasks]
        place = figures.places(tasks[0].plan)
        return lambda row: _sums(own, place(row))
    wide = [_wide(task.plan, tasks) for task in tasks]
    each = rows.own_columns(wide[0])
    own_readers = [(task, figures.reader(plan)) for task, plan in zip(tasks, wide, strict=True)]
    return lambda row: _spreads(each, own_readers, row)


def _spreads(each: int, tasks: Sequence[tuple[Task, Reader]], row: Row) -> Iterator[tuple[Task, str, Slice, Figure]]:
    """Every task has its own columns at the end, ``each`` so many, behind the parts that all share."""
    shared = row[: -each * len(tasks)]
    for place, (task, read) in enumerate(tasks):
        at = len(shared) + place * each
        period, cut, figure = read((*shared, *row[at : at + each]))
        own = figures.ordered(task.plan, cut)
        if not own or tuple(name for name, _ in own) in task.plan.cuts:
            yield task, period, own, figure


def _sums(
    tasks: Sequence[tuple[Task, tuple[str, ...]]], row: tuple[str, Slice, Sequence[Any]]
) -> Iterator[tuple[Task, str, Slice, Figure]]:
    """Every task reads the same place and its own columns."""
    period, cut, rest = row
    at = 0
    for task, parts in tasks:
        after = at + len(parts) + 1
        yield task, period, cut, figures.of(task.plan, rest[at:after], parts)
        at = after


def _wide(plan: Plan, tasks: Iterable[Task]) -> Plan:
    slices = tuple(dict.fromkeys(name for task in tasks for name in task.plan.slices))
    asked = (tuple(sorted(cut, key=slices.index)) for task in tasks for cut in task.plan.combinations)
    return replace(plan, slices=slices, combinations=tuple(dict.fromkeys(asked)))
