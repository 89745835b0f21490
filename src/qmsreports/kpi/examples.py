"""Examples in definitions, run as tests with the compiler that makes the real numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from qmsreports.catalog.example import Cell, read_rows
from qmsreports.catalog.kpi import Example, Kpi, KpiVersion
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.measure import Level as LevelMeasure
from qmsreports.catalog.table import Table
from qmsreports.errors import Finding, UserError
from qmsreports.kpi.measurement import measure_tasks
from qmsreports.kpi.selection import Task, inputs_of, plan_in
from qmsreports.lake import DUCKDB_TYPES, open_duckdb, quoted
from qmsreports.period import Period
from qmsreports.records import KpiResult

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Rows = Sequence[Mapping[str, Cell]]
_LONG_AFTER = timedelta(days=1000)


def run_examples(catalog: Catalog, kpi: Kpi) -> tuple[Finding, ...]:
    """Compute every example of every version; one finding with ``file:line`` for each number that comes out otherwise.

    The whole of the example's month is compared, not its slices. Columns that an example does not write are empty.
    """
    findings: list[Finding] = []
    for index, version in enumerate(kpi.versions):
        for number, example in enumerate(version.examples):
            place = ("versions", index, "examples", number)
            findings += _run(catalog, kpi, version, example, place)
    return tuple(findings)


def _run(
    catalog: Catalog, kpi: Kpi, version: KpiVersion, example: Example, place: tuple[str | int, ...]
) -> list[Finding]:
    where = catalog.line_of("kpis", kpi.kpi, *place) or f"kpi {kpi.kpi} version {version.version}"
    try:
        result = result_of(catalog, kpi, version, example, where)
    except UserError as error:
        return list(error.findings)
    return [
        _mismatch(catalog.line_of("kpis", kpi.kpi, *place, "expect", name) or where, name, expected, result)
        for name, expected in example.expect.items()
        if not _same(expected, _got(result, name))
    ]


def result_of(catalog: Catalog, kpi: Kpi, version: KpiVersion, example: Example, where: str = "") -> KpiResult:
    """Return what the whole of an example's month comes to; :class:`UserError` when its rows cannot be read."""
    return results_of(catalog, kpi, version, example, where)[0]


def results_of(
    catalog: Catalog, kpi: Kpi, version: KpiVersion, example: Example, where: str = ""
) -> tuple[KpiResult, ...]:
    """Return the whole of an example's month, then its slices and combinations of slices."""
    tables = _read(catalog, version, example, where)
    period = _period(catalog, version, example, tables)
    if period is None:
        todo = "write period: 2026-03 under the example"
        raise UserError(Finding(where, "the example's rows do not say which month they are about", todo))
    return _compute(catalog, kpi, version, period, tables)


def _mismatch(where: str, name: str, expected: float | None, result: KpiResult) -> Finding:
    got = _got(result, name)
    return Finding(
        where,
        f"the example expects {name} {_shown(expected)} and the definition gives {_shown(got)}",
        "mend the definition or the example",
    )


def _shown(number: float | None) -> str:
    return "no value" if number is None else f"{number:.10g}"


def _got(result: KpiResult, name: str) -> float | None:
    values = {
        "value": result.value,
        "numerator": result.numerator,
        "denominator": result.denominator,
        "n": float(result.n),
    }
    return values[name]


def _same(expected: float | None, got: float | None) -> bool:
    if expected is None or got is None:
        return expected is got
    return math.isclose(expected, got, rel_tol=1e-9, abs_tol=1e-9)


def _read(catalog: Catalog, version: KpiVersion, example: Example, where: str) -> dict[str, Rows]:
    """Read the text tables; a table that the version reads and the example does not write is empty."""
    main = version.population.table if version.population is not None else ""
    found: dict[str, Rows] = {}
    findings: list[Finding] = []
    for name, text in example.tables(main).items():
        table = catalog.tables.get(name)
        if table is None:
            findings.append(Finding(where, f'there is no table "{name}"'))
            continue
        rows, problems = read_rows(text, table)
        findings += [Finding(where, problem.what, problem.todo) for problem in problems]
        found[name] = rows
    if findings:
        raise UserError(*findings)
    return found


def _period(catalog: Catalog, version: KpiVersion, example: Example, tables: Mapping[str, Rows]) -> Period | None:
    if example.period is not None:
        return Period.parse(example.period)
    population = version.population
    if population is None:
        return None
    measure = version.measure
    column = measure.start if isinstance(measure, LevelMeasure) else population.period_by
    moments = (row.get(column or "") for row in tables.get(population.table, ()))
    first = next((moment for moment in moments if isinstance(moment, date)), None)
    if isinstance(first, datetime):
        first = first.astimezone(ZoneInfo(catalog.organisation.time_zone)).date()
    return Period.containing(first) if first is not None else None


def _compute(
    catalog: Catalog, kpi: Kpi, version: KpiVersion, period: Period, tables: Mapping[str, Rows]
) -> tuple[KpiResult, ...]:
    own = Task(kpi, version, plan_in(catalog, kpi, version, period), (period,), "")
    tasks = [*inputs_of(catalog, [version], [period]), own]
    start, _ = period.utc_bounds(catalog.organisation.time_zone)
    measured = measure_tasks(catalog, tasks, lake=RowsInMemory(tables), as_of=start + _LONG_AFTER)
    own_results = (result for result in measured.results if result.kpi == kpi.kpi)
    return tuple(sorted(own_results, key=lambda result: len(result.slice)))


@dataclass(frozen=True, slots=True)
class RowsInMemory:
    """Rows that stand in for the lake; a table without rows is empty, a column that no row writes is null."""

    rows: Mapping[str, Rows]

    def versions(self, tables: Iterable[str]) -> dict[str, int]:
        """Return nothing: rows in memory have no version."""
        del tables
        return {}

    def connect(self, tables: Iterable[Table], versions: Mapping[str, int] | None = None) -> DuckDBPyConnection:
        """Return a connection with each table as the view that the lake would give."""
        del versions
        return self.fill(open_duckdb(), tables)

    def fill(self, connection: DuckDBPyConnection, tables: Iterable[Table]) -> DuckDBPyConnection:
        """Lay the rows of these tables out on a connection."""
        for table in tables:
            rows = self.rows.get(table.table, ())
            columns = ", ".join(
                f"unnest(${number}::{DUCKDB_TYPES[column.type]}[]) AS {quoted(column.name)}"
                for number, column in enumerate(table.columns, 1)
            )
            connection.execute(
                f"CREATE OR REPLACE TABLE {quoted(table.table)} AS SELECT {columns}",
                [[_utc(row.get(column.name)) for row in rows] for column in table.columns],
            )
        return connection


def _utc(value: Cell) -> Cell:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
