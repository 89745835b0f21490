"""Rules on what a KPI version counts: declared columns, suitable types, comparisons that make sense, fitting units."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from qmsreports.catalog import columns
from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.condition import ORDERED, Condition, FieldRef
from qmsreports.catalog.document import Location
from qmsreports.catalog.kpi import RATE_SCALE, UNITS, Kpi, KpiVersion
from qmsreports.catalog.measure import (
    Count,
    DurationMeasure,
    Level,
    Mean,
    Measure,
    Percentile,
    Product,
    Ratio,
    Score,
)
from qmsreports.catalog.span import length_of, units_of
from qmsreports.catalog.table import Column, Table
from qmsreports.errors import Finding, did_you_mean

_SCORES = {"nps": ("points",), "csat": ("percent",), "ces": ("score", "percent")}
_TIMES = ("minutes", "hours", "days")
_SPAN_WORDS = {
    "calendar_days": "a number of calendar days",
    "elapsed": "the time between these columns",
    "working_time": "working time",
}


def _versions(scope: Scope) -> Iterator[tuple[Kpi, Location, KpiVersion]]:
    for kpi in scope.catalog.kpis.values():
        for index, version in enumerate(kpi.versions):
            yield kpi, ("versions", index), version


def tables_are_declared(scope: Scope) -> Iterator[Finding]:
    """Find populations of tables that are not declared."""
    known = scope.names("tables")
    for kpi, place, version in _versions(scope):
        for use in columns.populations(version):
            if use.population.table not in known:
                what = f'table "{use.population.table}" is not declared'
                todo = did_you_mean(use.population.table, known)
                yield scope.finding("kpis", kpi.kpi, (*place, *use.location, "table"), what, todo)


def populations_have_their_date(scope: Scope) -> Iterator[Finding]:
    """Find populations without the date that puts a row into a period; only a level looks at all rows."""
    for kpi, place, version in _versions(scope):
        level = isinstance(version.measure, Level)
        for use in columns.populations(version):
            where = (*place, *use.location)
            if level and use.population.period_by is not None:
                what = "a level counts what is open at the period's end and takes no period_by"
                yield scope.finding("kpis", kpi.kpi, (*where, "period_by"), what, "remove it")
            if not level and use.population.period_by is None:
                what = "the population has no period_by"
                yield scope.finding("kpis", kpi.kpi, where, what, "name the date by which a row belongs to a period")


def columns_are_declared(scope: Scope) -> Iterator[Finding]:
    """Find columns that are not declared, or whose type cannot do what is asked."""
    for kpi, place, version in _versions(scope):
        for use in columns.columns(version):
            table = scope.table(use.table)
            if table is None:
                continue
            column = table.column(use.column)
            where = (*place, *use.location)
            if column is None:
                yield scope.finding("kpis", kpi.kpi, where, *_unknown(table, use.column))
            elif column.type not in columns.ROLES[use.role][0]:
                what = f'column "{use.column}" is {columns.TYPE_WORDS[column.type]}, not {columns.ROLES[use.role][1]}'
                fitting = [other.name for other in table.columns if other.type in columns.ROLES[use.role][0]]
                todo = did_you_mean(use.column, fitting)
                yield scope.finding("kpis", kpi.kpi, where, what, todo or f"table {table.table} has no such column")


def _unknown(table: Table, name: str) -> tuple[str, str]:
    return f'table {table.table} has no column "{name}"', did_you_mean(name, table.names)


def spans_have_ends_of_one_type(scope: Scope) -> Iterator[Finding]:
    """Find durations and levels between a date and an instant."""
    for kpi, place, version in _versions(scope):
        ends = [use for use in columns.columns(version) if use.location[-1] in ("from", "to") and use.role == "moment"]
        table = scope.table(ends[0].table) if len(ends) == 2 else None
        if table is None:
            continue
        types = [column.type for use in ends if (column := table.column(use.column)) is not None]
        if len(types) == 2 and types[0] != types[1] and set(types) == {"date", "instant"}:
            words = [columns.TYPE_WORDS[type_] for type_ in types]
            what = f'"{ends[0].column}" is {words[0]} and "{ends[1].column}" is {words[1]}'
            yield scope.finding("kpis", kpi.kpi, (*place, *ends[1].location), what, "measure between two of one type")


def conditions_make_sense(scope: Scope) -> Iterator[Finding]:
    """Find conditions on unknown columns, with values of another type or with an unsuitable operator."""
    for kpi, place, version in _versions(scope):
        for use in columns.conditions(version):
            table = scope.table(use.table)
            if table is not None:
                for location, what, todo in condition_misfits(use.condition, table):
                    yield scope.finding("kpis", kpi.kpi, (*place, *use.location, *location), what, todo)


def condition_misfits(condition: Condition, table: Table) -> Iterator[tuple[Location, str, str]]:
    """Yield what is wrong with a condition on rows of a table: where in the condition, what, and what to do."""
    if condition.field is None:
        yield from _length_misfits(condition, table)
        return
    column = table.column(condition.field)
    operator, right = condition.operator, condition.right
    if column is None:
        yield ("field",), *_unknown(table, condition.field)
    if isinstance(right, FieldRef):
        other = table.column(right.field)
        if other is None:
            yield (operator, "field"), *_unknown(table, right.field)
        elif column is not None and _family(column) != _family(other):
            words = [columns.TYPE_WORDS[either.type] for either in (column, other)]
            what = f'"{column.name}" is {words[0]} and "{other.name}" is {words[1]}: they cannot be compared'
            yield (operator, "field"), what, "compare columns of one type"
        return
    if column is None or operator == "known":
        return
    if operator in ORDERED and column.type in ("text", "boolean"):
        yield (operator,), f'"{operator}" makes no sense for the {column.type} column "{column.name}"', "write is or in"
        return
    for index, value in enumerate(right if isinstance(right, tuple) else (right,)):
        misfit = _value(value, column)
        if misfit is not None:
            yield ((operator, index) if isinstance(right, tuple) else (operator,)), *misfit


def _length_misfits(condition: Condition, table: Table) -> Iterator[tuple[Location, str, str]]:
    """Yield what is wrong with a condition on the time between two columns."""
    span, kind = condition.span, condition.span_kind
    assert span is not None  # the model takes a field or a length
    assert kind is not None
    role = "instant" if kind == "working_time" else "moment"
    ends = [(("from",), span.start), (("to",), span.to)]
    found = [table.column(name) for _, name in ends]
    for (place, name), column in zip(ends, found, strict=True):
        if column is None:
            yield (kind, *place), *_unknown(table, name)
        elif column.type not in columns.ROLES[role][0]:
            what = f'column "{name}" is {columns.TYPE_WORDS[column.type]}, not {columns.ROLES[role][1]}'
            fitting = [other.name for other in table.columns if other.type in columns.ROLES[role][0]]
            yield (kind, *place), what, did_you_mean(name, fitting) or f"table {table.table} has no such column"
    types = {column.type for column in found if column is not None}
    if kind == "elapsed" and types == {"date", "instant"}:
        what = f'of "{span.start}" and "{span.to}" one is a date and one an instant: no time elapses between them'
        yield (kind, "to"), what, "measure between two of one type, or write calendar_days"
    unit = length_of(str(condition.right))[1]
    possible = units_of(kind, dates="date" in types)
    if unit not in possible:
        what = f"{_SPAN_WORDS[kind]} cannot be in {unit}"
        yield (condition.operator,), what, f"write {' or '.join(possible)}"


def _family(column: Column) -> str:
    return "number" if column.type in ("integer", "number") else column.type


def _value(value: object, column: Column) -> tuple[str, str] | None:
    """Return what is wrong with a value beside a column, ``None`` when it fits."""
    kinds = {"text": (str,), "integer": (int, float), "number": (int, float), "date": (date,), "boolean": (bool,)}
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower()
    if column.type == "instant":
        what = f'the instant column "{column.name}" cannot be compared with {shown}'
        return what, "compare it with another instant or ask whether it is known"
    fits = isinstance(value, kinds[column.type]) and (column.type == "boolean" or not isinstance(value, bool))
    if not fits:
        what = f'column "{column.name}" is {columns.TYPE_WORDS[column.type]} and cannot be compared with {shown}'
        if column.type == "text":
            return what, f'write it in quotes: "{value}"'
        if column.type == "date":
            return what, "write a date without quotes, such as 2026-01-31"
        return what, "write true or false" if column.type == "boolean" else "write a number without quotes"
    if column.values and value not in column.values:
        return f'column "{column.name}" has no value {shown}', did_you_mean(str(value), column.values)
    return None


def unit_fits_the_measure(scope: Scope) -> Iterator[Finding]:
    """Find units that the kind of measure cannot give."""
    currency = scope.catalog.organisation.currency
    for kpi, place, version in _versions(scope):
        if kpi.unit not in UNITS and kpi.unit != currency:
            if place[-1] == 0:
                what = f"unit {kpi.unit} is not the organisation's currency, {currency}"
                yield scope.finding("kpis", kpi.kpi, ("unit",), what, f"write {currency}")
            continue
        possible = _possible_units(version.measure, kpi.unit)
        if possible and kpi.unit not in possible:
            what = f"{_article(version.measure)} cannot be in {kpi.unit}"
            todo = f"write unit: {' or '.join(possible)}"
            yield scope.finding("kpis", kpi.kpi, (*place, "measure", "kind"), what, todo)
        measure = version.measure
        scale = RATE_SCALE.get(kpi.unit)
        if isinstance(measure, Ratio) and measure.per is not None and scale is not None and measure.per != scale:
            what = f"per {measure.per:g} does not give {kpi.unit}"
            yield scope.finding(
                "kpis", kpi.kpi, (*place, "measure", "per"), what, f"write per: {scale:g} or leave it out"
            )


def bootstrap_is_of_means(scope: Scope) -> Iterator[Finding]:
    """Find intervals by bootstrap of what is no mean of rows."""
    for kpi, place, version in _versions(scope):
        measure = version.measure
        mean = isinstance(measure, Mean) or (isinstance(measure, DurationMeasure) and measure.show == "mean")
        if version.interval == "bootstrap" and not mean:
            what = f"{_article(measure)} has an interval of its own kind, the bootstrap is for means"
            yield scope.finding("kpis", kpi.kpi, (*place, "interval"), what, "remove it")


def _possible_units(measure: Measure, unit: str) -> tuple[str, ...]:
    """Units a measure can be in; empty for any."""
    if isinstance(measure, Score):
        return _SCORES[measure.type]
    if isinstance(measure, Count | Level):
        return ("count",)
    if isinstance(measure, Product):
        return ("percent", "ratio")
    if isinstance(measure, DurationMeasure) or (isinstance(measure, Percentile) and not isinstance(measure.of, str)):
        return _TIMES
    if isinstance(measure, Ratio) and unit in ("count", "points"):
        return ("percent", "per_1000", "ppm", "ratio")
    return ()


def _article(measure: Measure) -> str:
    return f"a score of type {measure.type}" if isinstance(measure, Score) else f"a {measure.kind}"


RULES: tuple[Rule, ...] = (
    tables_are_declared,
    populations_have_their_date,
    columns_are_declared,
    spans_have_ends_of_one_type,
    conditions_make_sense,
    unit_fits_the_measure,
    bootstrap_is_of_means,
)
