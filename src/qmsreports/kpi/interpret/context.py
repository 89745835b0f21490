"""What the readers of all kinds share: the version being read, the declarations, and the findings so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.measure import Population
from qmsreports.catalog.table import Table
from qmsreports.errors import Finding, did_you_mean
from qmsreports.fiscal import CALENDAR, FiscalYear
from qmsreports.kpi.interpret.conditions import Columns, Location, Where
from qmsreports.kpi.plan import ColumnRef, Test


@dataclass(frozen=True, slots=True)
class Context:
    """One version and what it may name."""

    kpi: Kpi
    version: KpiVersion
    tables: Mapping[str, Table]
    calendars: frozenset[str]
    kpis: Mapping[str, Kpi]
    where: Where
    fiscal: FiscalYear = CALENDAR
    findings: list[Finding] = field(default_factory=list)

    def refuse(self, location: Location, what: str, todo: str = "") -> None:
        """Note something that is wrong at a node of the version."""
        self.findings.append(Finding(self.where(location), what, todo))

    def columns(self, population: Population, location: Location) -> Columns | None:
        """Return the columns of a population's table; ``None`` and a finding where there is no such table."""
        table = self.tables.get(population.table)
        if table is None:
            todo = did_you_mean(population.table, self.tables)
            self.refuse((*location, "table"), f'there is no table "{population.table}"', todo)
            return None
        columns = Columns(table, self.where, self.findings, self.calendars, self.tables)
        return columns if columns.may_be_read((*location, "table")) else None

    def clock(self, columns: Columns, population: Population, location: Location) -> ColumnRef | None:
        """Return the column that puts a row into a period."""
        if population.period_by is None:
            self.refuse(location, "period_by is missing", "name the date or instant that puts a row into a period")
            return None
        return columns.get(population.period_by, (*location, "period_by"), ("date", "instant"), "period_by")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one population: its table's columns, the clock, and the conditions that hold for all of them."""

    columns: Columns
    clock: ColumnRef
    tests: tuple[Test, ...]

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.columns.table.table


def rows_of(context: Context, population: Population, location: Location) -> Rows | None:
    """Read a population that has a clock."""
    columns = context.columns(population, location)
    clock = context.clock(columns, population, location) if columns is not None else None
    if columns is None or clock is None:
        return None
    return Rows(columns, clock, columns.tests(population.where, (*location, "where")))
