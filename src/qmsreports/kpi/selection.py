"""Which version of which KPI counts for which period."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from qmsreports.catalog.fingerprint import kpi_fingerprint
from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.measure import Formula
from qmsreports.errors import Finding, UserError
from qmsreports.kpi.interpret import plan_of
from qmsreports.kpi.interpret.conditions import Location
from qmsreports.kpi.plan import Composed, Plan
from qmsreports.kpi.weeks import in_weeks
from qmsreports.period import Period


@dataclass(frozen=True, slots=True)
class Task:
    """One version of one KPI and the periods for which it is in force."""

    kpi: Kpi
    version: KpiVersion
    plan: Plan
    periods: tuple[Period, ...]
    fingerprint: str


def in_force(kpi: Kpi, approved: Collection[int], period: Period) -> KpiVersion | None:
    """Return the approved version in force at a period's start; ``None`` before the first one and in a period that
    does not end before the KPI is retired.
    """
    if kpi.is_retired(period.end):
        return None
    begun = [
        version for version in kpi.versions if version.version in approved and version.effective_from <= period.start
    ]
    return max(begun, key=lambda version: version.effective_from, default=None)


def select(catalog: Catalog, versions: Mapping[str, Collection[int]], periods: Sequence[Period]) -> tuple[Task, ...]:
    """Return what has to be computed, KPIs that formulas read before the formulas.

    ``versions`` names the versions that count (approved ones). :class:`UserError` with every finding when one of them
    does not fit the declared tables. One measurement asks for the same more than once, so the last answers are kept.
    """
    asked = ({name: frozenset(numbers) for name, numbers in versions.items()}, tuple(sorted(set(periods))))
    for of, kept, selected in _selected:
        if of is catalog and kept == asked:
            return selected
    selected = _select(catalog, versions, asked[1])
    _selected.append((catalog, asked, selected))
    return selected


_Asked = tuple[dict[str, frozenset[int]], tuple[Period, ...]]
_selected: deque[tuple[Catalog, _Asked, tuple[Task, ...]]] = deque(maxlen=4)
"""Of the very same catalog: one that is read anew is planned anew."""


def _select(catalog: Catalog, versions: Mapping[str, Collection[int]], periods: Sequence[Period]) -> tuple[Task, ...]:
    tasks: list[Task] = []
    findings: list[Finding] = []
    for name, kpi in sorted(catalog.kpis.items()):
        chosen: dict[tuple[int, bool], list[Period]] = {}
        for period in periods:
            version = in_force(kpi, versions.get(name, ()), period)
            if version is not None:
                chosen.setdefault((version.version, bool(period.of.weeks)), []).append(period)
        for (number, _), covered in sorted(chosen.items()):
            version = kpi.version(number)
            assert version is not None  # in_force took it from the KPI
            try:
                plan = plan_in(catalog, kpi, version, covered[0])
            except UserError as error:
                findings += error.findings
                continue
            tasks.append(Task(kpi, version, plan, tuple(covered), kpi_fingerprint(kpi, version, catalog.calendars)))
    if findings:
        raise UserError(*sorted(set(findings)))
    return _formulas_last(tasks)


def inputs_of(catalog: Catalog, versions: Iterable[KpiVersion], periods: Sequence[Period]) -> tuple[Task, ...]:
    """Return the tasks of everything that these versions read as formulas, however far down; none for other kinds."""
    reads = read_by(catalog, versions)
    return select(catalog, {name: [entry.version for entry in catalog.kpis[name].versions] for name in reads}, periods)


def read_by(catalog: Catalog, versions: Iterable[KpiVersion]) -> set[str]:
    """Return the names of the KPIs that these versions read as formulas, however far down; none for other kinds."""
    reads: set[str] = set()
    waiting = list(versions)
    while waiting:
        found = {name for name in reads_of(waiting.pop()) if name in catalog.kpis} - reads
        reads |= found
        waiting += [version for name in found for version in catalog.kpis[name].versions]
    return reads


def reads_of(version: KpiVersion) -> tuple[str, ...]:
    """Return the KPIs that a version reads itself as a formula, in the order of the formula."""
    return tuple(dict.fromkeys(version.measure.value.kpis())) if isinstance(version.measure, Formula) else ()


def plan_in(catalog: Catalog, kpi: Kpi, version: KpiVersion, period: Period | None = None) -> Plan:
    """Return the plan of a version of a KPI of this catalog for periods as this one: made of weeks, or of months.

    :class:`UserError` names ``file:line`` of what does not fit.
    """
    index = kpi.versions.index(version) if version in kpi.versions else 0

    def where(location: Location) -> str:
        line = catalog.line_of("kpis", kpi.kpi, "versions", index, *location)
        return line or f"kpi {kpi.kpi} version {version.version}"

    plan = plan_of(
        kpi,
        version,
        tables=catalog.tables,
        calendars=frozenset(catalog.calendars),
        kpis=catalog.kpis,
        fiscal=catalog.organisation.fiscal,
        where=where,
    )
    return in_weeks(plan) if period is not None and period.of.weeks else plan


def _formulas_last(tasks: list[Task]) -> tuple[Task, ...]:
    """Order tasks so that what a formula reads comes before it; circles were refused while planning."""
    done: dict[str, None] = {}
    ordered = [task for task in tasks if not isinstance(task.plan.body, Composed)]
    waiting = [task for task in tasks if isinstance(task.plan.body, Composed)]
    done.update(dict.fromkeys(task.kpi.kpi for task in ordered))
    while waiting:
        open_names = {task.kpi.kpi for task in waiting}
        ready = [
            task
            for task in waiting
            if isinstance(task.plan.body, Composed) and not open_names.intersection(task.plan.body.reads)
        ]
        ordered += ready or waiting
        waiting = [task for task in waiting if task not in ready] if ready else []
    return tuple(ordered)
