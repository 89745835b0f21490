"""What reads the same is computed in one statement.

Percentiles of the same rows: the median and the slowest tenth of one duration cost one of them. Sums of one table by
one clock and window: the cube is grouped once for all of them, by the slices of each. What is stored beside each result
is still its own statement, which gives the same number when it runs alone.
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
    """Put tasks together that differ in share, unit or slices of a percentile only, and sums by the same clock.

    What they read is what they are put together by; by which slices each is cut is told apart in the rows.
    """
    found: dict[object, list[Task]] = {}
    for task in tasks:
        body = task.plan.body
        key: object = task.plan.label
        if isinstance(body, Spread) and body.share is not None:
            key = (replace(body, share=0.5, divisor=1.0), task.plan.window, task.periods)
        elif len(read := sources(task.plan)) == 1:
            key = (read, task.plan.window, task.periods)
        found.setdefault(key, []).append(task)
    return list(found.values())


def statement(tasks: Sequence[Task], dialect: Dialect, within: Reach | None = None) -> str:
    """Return the statement that gives the values of all these tasks, for every slice that one of them has."""
    if isinstance(tasks[0].plan.body, Additive):
        return sql.text_of(rollup_of([_wide(task.plan, tasks) for task in tasks]), dialect=dialect)
    others = [task.plan.body for task in tasks[1:] if isinstance(task.plan.body, Spread)]
    header = ["the same rows for " + ", ".join(task.plan.label for task in tasks)]
    return sql.text_of(rows.rows_statement(_wide(tasks[0].plan, tasks), others, within), dialect=dialect, header=header)


def reader(tasks: Sequence[Task]) -> Callable[[Row], Iterator[tuple[Task, str, Slice, Figure]]]:
    """Return what takes from a row of that statement what it says of each task that has its slice.

    What is the same for every row is found out once: there are as many rows as periods and slices.
    """
    if isinstance(tasks[0].plan.body, Additive):
        return _sums(tasks, figures.places(_wide(tasks[0].plan, tasks)))
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
        own = _own(task.plan, cut)
        if own is not None:
            yield task, period, own, figure


def _sums(
    tasks: Sequence[Task], place: Callable[[Row], tuple[str, Slice, Sequence[Any]]]
) -> Callable[[Row], Iterator[tuple[Task, str, Slice, Figure]]]:
    """Every task reads the same place and its own columns; which tasks have a slice is found out once for each."""
    columns: list[tuple[Task, tuple[str, ...], slice]] = []
    at = 0
    for task in tasks:
        parts = figures.parts_of(task.plan)
        columns.append((task, parts, slice(at, at + len(parts) + 1)))
        at += len(parts) + 1
    known: dict[Slice, list[tuple[Task, Slice, tuple[str, ...], slice]]] = {}

    def read(row: Row) -> Iterator[tuple[Task, str, Slice, Figure]]:
        period, cut, rest = place(row)
        if cut not in known:
            known[cut] = [
                (task, own, parts, here) for task, parts, here in columns if (own := _own(task.plan, cut)) is not None
            ]
        for task, own, parts, here in known[cut]:
            yield task, period, own, figures.of(task.plan, rest[here], parts)

    return read


def _own(plan: Plan, cut: Slice) -> Slice | None:
    """Return a slice as the plan orders its columns; None for one by which it is not cut."""
    own = figures.ordered(plan, cut)
    return own if not own or tuple(name for name, _ in own) in plan.cuts else None


def _wide(plan: Plan, tasks: Iterable[Task]) -> Plan:
    slices = tuple(dict.fromkeys(name for task in tasks for name in task.plan.slices))
    asked = (tuple(sorted(cut, key=slices.index)) for task in tasks for cut in task.plan.combinations)
    return replace(plan, slices=slices, combinations=tuple(dict.fromkeys(asked)))
