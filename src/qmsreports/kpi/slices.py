"""Slices in which nothing was counted: statements group the rows that are there, so no row says that there are none.

A site without a nonconformity in September had none, which is a value and good news, and as much a point of its series
as any other. But only from the first period on in which the site had one: before, it may not have existed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from qmsreports.kpi.figures import Figure, Slice, ordered
from qmsreports.kpi.selection import Task
from qmsreports.period import Period

Known = Mapping[str, Mapping[Period, set[Slice]]]
"""Slices that have a value on record, by KPI and period."""


def every_slice(
    task: Task, computed: Mapping[str, Mapping[Slice, Figure]], known: Mapping[Period, set[Slice]], nothing: Figure
) -> dict[str, dict[Slice, Figure]]:
    """Return by period what was computed and what has to stand beside it; ``nothing`` is the figure of no row.

    Where no row is a value (a count, a sum), every slice has one from its first period on. Elsewhere a slice that is on
    record for a period and has no row any more has no value: what stands there is of rows that are gone.
    """
    recorded = {period: {ordered(task.plan, cut) for cut in cuts} for period, cuts in known.items()}
    found: dict[str, dict[Slice, Figure]] = {}
    first = _first(task, computed, recorded) if nothing.value is not None else {}
    for period in task.periods:
        name = str(period)
        own = dict(computed.get(name, {}))
        zeros = {cut for (cut, kind), start in first.items() if kind == period.kind and start <= period.start}
        for cut in zeros | recorded.get(period, set()):
            if cut and tuple(name for name, _ in cut) in task.plan.cuts:
                own.setdefault(cut, nothing if nothing.value is not None else Figure())
        found[name] = own
    return found


def _first(
    task: Task, computed: Mapping[str, Mapping[Slice, Figure]], recorded: Mapping[Period, set[Slice]]
) -> dict[tuple[Slice, str], date]:
    """Return when each slice first had a value, by kind of period: that of a quarter says nothing of its months."""
    found: dict[tuple[Slice, str], date] = {}
    here = {period: set(computed.get(str(period), {})) for period in task.periods}
    for there in (recorded, here):
        for period, cuts in there.items():
            for cut in cuts:
                found[cut, period.kind] = min(found.get((cut, period.kind), period.start), period.start)
    return found
