"""Rules on how a KPI is read: the reasons shown beside it and the measures that come before it."""

from __future__ import annotations

from collections.abc import Iterator

from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.check_measure import condition_misfits
from qmsreports.catalog.document import Location
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.pareto import Pareto, own_rows
from qmsreports.catalog.table import Table
from qmsreports.errors import Finding, did_you_mean


def reasons_are_columns(scope: Scope) -> Iterator[Finding]:
    """Find reasons from tables and columns that are not declared, or by conditions that make no sense."""
    for name, kpi in scope.catalog.kpis.items():
        if kpi.pareto is None:
            continue
        if kpi.pareto.table is None:
            yield from _own_rows(scope, name, kpi, kpi.pareto)
            continue
        table = scope.table(kpi.pareto.table)
        if table is not None:
            yield from _columns(scope, name, kpi.pareto, table)
        elif kpi.pareto.table not in scope.names("tables"):
            what = f'table "{kpi.pareto.table}" is not declared'
            todo = did_you_mean(kpi.pareto.table, scope.names("tables"))
            yield scope.finding("kpis", name, ("pareto", "table"), what, todo)


def _own_rows(scope: Scope, name: str, kpi: Kpi, pareto: Pareto) -> Iterator[Finding]:
    """Find versions whose own rows have no such column, and a newest one whose rows do not add up to what it counts."""
    for version in kpi.versions:
        told = own_rows(kpi, version)
        table = scope.table(told.table) if told else None
        if told is None and version is kpi.versions[-1]:
            what = f"the rows of version {version.version} do not add up to what it counts by themselves"
            todo = "name the table whose rows give the reasons, or remove pareto"
            yield scope.finding("kpis", name, ("pareto",), what, todo)
        elif table is not None and table.column(pareto.column) is None:
            what = f'table {table.table} has no column "{pareto.column}"'
            yield scope.finding("kpis", name, ("pareto", "column"), what, did_you_mean(pareto.column, table.names))


def _columns(scope: Scope, name: str, pareto: Pareto, table: Table) -> Iterator[Finding]:
    wanted = {"column": None, "period_by": ("date", "instant"), "sum": ("number", "integer")}
    for field, types in wanted.items():
        written = getattr(pareto, field)
        column = table.column(written) if written else None
        place: Location = ("pareto", field)
        if written and column is None:
            what = f'table {table.table} has no column "{written}"'
            todo = did_you_mean(written, [column.name for column in table.columns])
            yield scope.finding("kpis", name, place, what, todo)
        elif column is not None and types is not None and column.type not in types:
            what = f'column "{written}" of {table.table} is {column.type}'
            yield scope.finding("kpis", name, place, what, f"name a column of type {' or '.join(types)}")
    if not pareto.period_by and not table.partition:
        what = f"table {table.table} has no partition that dates its rows"
        yield scope.finding("kpis", name, ("pareto",), what, 'add "period_by"')
    for index, condition in enumerate(pareto.where):
        for below, what, todo in condition_misfits(condition, table):
            yield scope.finding("kpis", name, ("pareto", "where", index, *below), what, todo)


def drivers_are_a_tree(scope: Scope) -> Iterator[Finding]:
    """Find input measures that do not exist, and a measure that would drive itself."""
    kpis, known = scope.catalog.kpis, scope.names("kpis")
    for name, kpi in kpis.items():
        for index, driver in enumerate(kpi.drivers):
            place: Location = ("drivers", index)
            if driver not in known:
                yield scope.finding("kpis", name, place, f'KPI "{driver}" is not known', did_you_mean(driver, known))
            elif name in _all_below(scope, driver):
                yield scope.finding("kpis", name, place, f"{driver} is driven by {name} itself", "remove one of them")


def _all_below(scope: Scope, start: str) -> set[str]:
    """Return a KPI and everything that drives it, at any depth."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found and name in scope.catalog.kpis:
            found.add(name)
            waiting += scope.catalog.kpis[name].drivers
    return found


RULES: tuple[Rule, ...] = (reasons_are_columns, drivers_are_a_tree)
