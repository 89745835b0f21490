"""Results get their 95 % intervals: of rows from what was counted, of formulas from the intervals of what they read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from qmsreports.records import KpiResult

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog

_Place = tuple[str, str, tuple[tuple[str, str], ...]]


def with_intervals(catalog: Catalog, results: Iterable[KpiResult]) -> list[KpiResult]:
    """Return the results of one measurement with their intervals, where one can be justified, in the same order.

    ``catalog`` holds the definitions they were made by. What a formula reads is expected among them.
    """
    found = list(results)
    known: dict[_Place, KpiResult] = {}
    formulas: list[int] = []
    composed = {
        (name, version.version)
        for name, kpi in catalog.kpis.items()
        for version in kpi.versions
        if version.measure.kind == "formula"
    }
    for place, result in enumerate(found):
        if (result.kpi, result.version) in composed:
            formulas.append(place)
            continue
        found[place] = known[_place(result)] = _of_rows(catalog, result)
    while formulas:  # one that reads another waits for it; what nobody computed is waited for by nobody
        names = {found[place].kpi for place in formulas}
        ready = [place for place in formulas if not names & set(_reads(catalog, found[place]))] or formulas
        for place in ready:
            found[place] = known[_place(found[place])] = _of_formula(catalog, found[place], known)
        formulas = [place for place in formulas if place not in set(ready)]
    return found


def _of_rows(catalog: Catalog, result: KpiResult) -> KpiResult:
    from qmsreports.analysis import result_interval

    version = catalog.kpis[result.kpi].version(result.version)
    if version is None or result.value is None:
        return result
    kind = getattr(version.measure, "type", None) or version.measure.kind
    low, high = result_interval(
        kind, result.numerator, result.denominator, result.n, result.parts, unit=result.unit, value=result.value
    )
    return replace(result, low=low, high=high)


def _of_formula(catalog: Catalog, result: KpiResult, known: Mapping[_Place, KpiResult]) -> KpiResult:
    """Return a formula's result with its interval; none where a KPI that it reads has none, or it seeks an extreme.

    The best of several slices is chosen by the very errors that an interval is of, so none of it can be told.
    """
    from qmsreports.analysis.propagation import Part, propagated
    from qmsreports.kpi.figures import Figure, combine, extremes
    from qmsreports.kpi.plan import Composed
    from qmsreports.kpi.selection import plan_in

    kpi = catalog.kpis[result.kpi]
    version = kpi.version(result.version)
    if version is None or result.value is None:
        return result
    body = plan_in(catalog, kpi, version).body
    if not isinstance(body, Composed) or extremes(body.root):
        return result
    parts: dict[str, Part] = {}
    for name in body.reads:
        read = known.get((name, *_place(result)[1:]))
        if read is None or read.value is None or read.low is None or read.high is None:
            return result
        parts[name] = Part(read.value, read.low, read.high, _sources(catalog, read))

    def value(at: Mapping[str, float]) -> float | None:
        return combine(body.root, {name: Figure(one) for name, one in at.items()})

    low, high = propagated(value, parts)
    return replace(result, low=low, high=high)


def _sources(catalog: Catalog, result: KpiResult) -> frozenset[str]:
    """Return the tables that a value is made of, a derived one with those that it is made of."""
    from qmsreports.kpi.selection import read_by

    kpi = catalog.kpis[result.kpi]
    version = kpi.version(result.version)
    versions = [version] if version is not None else []
    reads = read_by(catalog, versions)
    own = [*versions, *(one for name in reads for one in catalog.kpis[name].versions)]
    tables = {table for one in own for table in one.tables}
    made_of = {other for table in tables if table in catalog.tables for other in catalog.tables[table].derived_from}
    return frozenset(tables | made_of)


def _reads(catalog: Catalog, result: KpiResult) -> tuple[str, ...]:
    from qmsreports.kpi.selection import reads_of

    version = catalog.kpis[result.kpi].version(result.version)
    return reads_of(version) if version is not None else ()


def _place(result: KpiResult) -> _Place:
    return (result.kpi, str(result.period), tuple(sorted(result.slice.items())))
