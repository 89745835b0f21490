"""The door: reads what all kinds share and hands the measure to the reader of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.measure import (
    Count,
    DurationMeasure,
    Formula,
    Level,
    Mean,
    Percentile,
    Product,
    Ratio,
    Score,
    Sum,
)
from qmsreports.catalog.table import ColumnType, Table
from qmsreports.errors import UserError, did_you_mean
from qmsreports.fiscal import CALENDAR, FiscalYear
from qmsreports.kpi.interpret.conditions import Where
from qmsreports.kpi.interpret.context import Context, Rows, rows_of
from qmsreports.kpi.interpret.formula import read_formula
from qmsreports.kpi.interpret.spreads import read_level, read_spread
from qmsreports.kpi.interpret.sums import read_amount, read_rates, read_score
from qmsreports.kpi.plan import Additive, Body, Plan, Rolling, mean_of

_SLICEABLE: tuple[ColumnType, ...] = ("text", "integer", "boolean")
_RESULT_WORDS = frozenset({"period", "month", "sliced", "value", "n", "numerator", "denominator", "sum_squares"})
_RESULT_WORDS |= {"amount", "began", "ended", "ended_at", "finished", "promoters", "detractors", "at_risk", "survival"}


def plan_of(
    kpi: Kpi,
    version: KpiVersion,
    *,
    tables: Mapping[str, Table],
    calendars: frozenset[str] = frozenset(),
    kpis: Mapping[str, Kpi] | None = None,
    fiscal: FiscalYear | None = None,
    where: Where | None = None,
) -> Plan:
    """Return the plan of one version; :class:`UserError` with every finding when the definition does not fit.

    ``fiscal`` is the organisation's own year, where it has one. ``where`` gives ``file:line`` for a place within the
    version; without it findings name KPI and version.
    """
    words = f"kpi {kpi.kpi} version {version.version}"
    context = Context(
        kpi, version, tables, calendars, kpis or {}, where or (lambda _location: words), fiscal or CALENDAR
    )
    body = _body(context)
    slices = _slices(context, body)
    combinations = _combinations(context, slices)
    window = _window(context)
    resampled = context.version.interval == "bootstrap"
    if resampled and body is not None and mean_of(body) is None:
        context.refuse(("interval",), "the bootstrap is for means of rows", "remove interval")
    if body is None or context.findings:
        raise UserError(*sorted(set(context.findings)))
    return Plan(
        kpi=kpi.kpi,
        version=version.version,
        title=kpi.title,
        question=kpi.question,
        unit=kpi.unit,
        slices=slices,
        combinations=combinations,
        body=body,
        window=window,
        resampled=resampled,
        tables=version.tables,
    )


def _body(context: Context) -> Body | None:
    measure = context.version.measure
    if isinstance(measure, Formula):
        return read_formula(context, measure)
    population = context.version.population
    if population is None:  # the model refuses it; a definition built by hand may still lack it
        context.refuse((), "a population is missing", "add population: {table: ..., period_by: ...}")
        return None
    if isinstance(measure, Level):
        return read_level(context, measure, population)
    rows = rows_of(context, population, ("population",))
    if rows is None:
        return None
    rows = replace(rows, tests=rows.tests + rows.columns.tests(getattr(measure, "where", ()), ("measure", "where")))
    return _of_rows(context, measure, rows)


def _of_rows(
    context: Context, measure: Count | Sum | Mean | Ratio | Percentile | DurationMeasure | Score | Product, rows: Rows
) -> Body | None:
    if isinstance(measure, Count | Sum | Mean):
        return read_amount(measure, rows)
    if isinstance(measure, Ratio | Product):
        return read_rates(context, measure, rows)
    if isinstance(measure, Score):
        return read_score(context, measure, rows)
    return read_spread(context, measure, rows)


def _slices(context: Context, body: Body | None) -> tuple[str, ...]:
    """Slices that every table of the version has; one that the main table lacks is a mistake."""
    names = tuple(dict.fromkeys(context.kpi.slices))
    if context.version.population is None:
        return names
    columns = context.columns(context.version.population, ("population",))
    if columns is None:
        return ()
    taken = _RESULT_WORDS | ({tally.name for tally in body.tallies} if isinstance(body, Additive) else set())
    for name in names:
        columns.get(name, (), _SLICEABLE, "a slice")
        if name in taken:
            context.refuse((), f'a slice cannot be called "{name}"', "results use this word; conform the column again")
    others = [table for name in context.version.counted_tables if (table := context.tables.get(name)) is not None]
    return tuple(name for name in names if all(table.column(name) is not None for table in others))


def _combinations(context: Context, slices: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the combinations of slices that every table has, their columns as slices order them."""
    for combination in context.kpi.combinations:
        for name in combination:
            if name not in context.kpi.slices:
                todo = did_you_mean(name, context.kpi.slices)
                context.refuse((), f'"{name}" is combined and is no slice of {context.kpi.kpi}', todo)
    return tuple(cut for cut in context.kpi.cuts if len(cut) > 1 and set(cut) <= set(slices))


def _window(context: Context) -> Rolling | None:
    window = context.version.window
    if window is None:
        return None
    if isinstance(context.version.measure, Level | Formula):
        kind = context.version.measure.kind
        context.refuse(("window",), f"a {kind} has no window", "leave window out; it would add up what must not be")
    if window.to_date is None:
        return Rolling(window.last or 1, window.of or "month")
    counted = window.to_date.removeprefix("calendar_")
    calendar = counted != window.to_date
    return Rolling(0, counted, CALENDAR if calendar else context.fiscal, calendar)
