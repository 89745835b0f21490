"""Which definitions can be computed at all: asked before one counts, so that none is found out while measuring."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from qmsreports.catalog import approval
from qmsreports.catalog.approval import DefinitionRecords
from qmsreports.catalog.approved import approved_view
from qmsreports.catalog.check_unit import contradictions
from qmsreports.catalog.fingerprint import kpi_entry, kpi_fingerprint
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.measure import Formula
from qmsreports.catalog.restore import stored_version
from qmsreports.errors import Finding, UserError
from qmsreports.kpi.plan import Composed, Plan, Step
from qmsreports.kpi.selection import Task, in_force, plan_in
from qmsreports.period import Period
from qmsreports.records import DefinitionEntry


def misfits(catalog: Catalog) -> dict[tuple[str, int], tuple[Finding, ...]]:
    """Return what speaks against each version of a catalog that has no plan, with ``file:line``."""
    found: dict[tuple[str, int], tuple[Finding, ...]] = {}
    for name, kpi in sorted(catalog.kpis.items()):
        for version in kpi.versions:
            try:
                plan_in(catalog, kpi, version)
            except UserError as error:
                found[name, version.version] = error.findings
    return found


def against(catalog: Catalog) -> dict[tuple[str, int], tuple[Finding, ...]]:
    """Return what speaks against each version before it counts: it has no plan, or its units contradict each other."""
    found = misfits(catalog)
    for version, findings in contradictions(catalog).items():
        found[version] = (*found.get(version, ()), *findings)
    return found


def of_the_newest(catalog: Catalog) -> tuple[Finding, ...]:
    """Return what speaks against the catalog as it is: a contradiction that a later version ended is past."""
    found = dict(misfits(catalog))
    for (name, number), findings in contradictions(catalog).items():
        kpi = catalog.kpis[name]
        if kpi.retired is None and number == kpi.versions[-1].version:
            found[name, number] = (*found.get((name, number), ()), *findings)
    return tuple(finding for findings in found.values() for finding in findings)


def planned(catalog: Catalog, records: DefinitionRecords) -> tuple[approval.Plan, frozenset[tuple[str, int]]]:
    """Return what applying the catalog would propose and refuse, and the approved versions that cannot be computed.

    Refused is also a proposal that cannot be computed, and a formula that cannot read it.
    """
    unfit = frozenset(misfits(approved_view(catalog, records).catalog))
    plan = approval.plan(catalog, records, unfit)
    own = {(change.name, change.version) for change in plan.changes if change.kind == "kpi" and change.entry}
    names = {name for name, _ in own}
    found = [
        finding
        for (name, number), findings in against(catalog).items()
        if (name, number) in own or names & _reads(catalog.kpis[name])
        for finding in findings
    ]
    return replace(plan, refused=(*plan.refused, *found)), unfit


def refused_as_stored(catalog: Catalog, waiting: Iterable[DefinitionEntry]) -> tuple[Finding, ...]:
    """Return what speaks against definitions as the register holds them, with ``file:line`` where the file says the
    same: by now it may say something else.
    """
    found: list[Finding] = []
    written = against(catalog)
    for entry in waiting:
        if entry.kind != "kpi":
            continue
        kpi = catalog.kpis.get(entry.name)
        version = kpi.version(entry.version) if kpi is not None else None
        as_written = kpi_entry(kpi, version, catalog.calendars) if kpi is not None and version is not None else None
        if as_written is not None and as_written.fingerprint == entry.fingerprint:
            found += written.get((entry.name, entry.version), ())
            continue
        stored = stored_version(entry)
        view = replace(
            catalog,
            kpis={**catalog.kpis, entry.name: stored.kpi},
            calendars={**catalog.calendars, **stored.calendars},
            documents={},
        )
        found += against(view).get((entry.name, entry.version), ())
    return tuple(found)


def computable(catalog: Catalog) -> tuple[Catalog, dict[str, tuple[Finding, ...]]]:
    """Return the catalog without the KPIs that cannot be computed, and what speaks against each of those.

    A formula that reads one of them cannot be computed either.
    """
    found: dict[str, tuple[Finding, ...]] = {}
    for (name, _), findings in misfits(catalog).items():
        found[name] = (*found.get(name, ()), *findings)
    waiting = [(name, kpi) for name, kpi in sorted(catalog.kpis.items()) if name not in found]
    while lost := [(name, reads) for name, kpi in waiting if (reads := sorted(_reads(kpi) & set(found)))]:
        for name, reads in lost:
            where = catalog.line_of("kpis", name) or f"kpi {name}"
            what = f"the formula reads {', '.join(reads)}, which cannot be computed"
            found[name] = (Finding(where, what, "mend what it reads first"),)
        waiting = [(name, kpi) for name, kpi in waiting if name not in found]
    if not found:
        return catalog, found
    return replace(catalog, kpis={name: kpi for name, kpi in catalog.kpis.items() if name not in found}), found


def not_computed(
    catalog: Catalog,
    names: Iterable[str],
    versions: Mapping[str, Collection[int]],
    periods: Mapping[str, Iterable[Period]],
) -> tuple[Task, ...]:
    """Return tasks that stand for KPIs without a plan, with what a result needs of them; they are never computed."""
    tasks: list[Task] = []
    for name in sorted(names):
        kpi = catalog.kpis[name]
        for period in sorted(set(periods.get(name, ()))):
            version = in_force(kpi, versions.get(name, ()), period)
            if version is None:
                continue
            body = Composed(Step("number"), ())
            plan = Plan(name, version.version, kpi.title, kpi.question, kpi.unit, (), (), body, None, ())
            tasks.append(Task(kpi, version, plan, (period,), kpi_fingerprint(kpi, version, catalog.calendars)))
    return tuple(tasks)


def _reads(kpi: Kpi) -> set[str]:
    formulas = (version.measure for version in kpi.versions if isinstance(version.measure, Formula))
    return {name for measure in formulas for name in measure.value.kpis()}
