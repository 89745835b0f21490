"""Which columns a KPI version names, where in the file, and what each must be able to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qmsreports.catalog.condition import Condition
from qmsreports.catalog.document import Location
from qmsreports.catalog.kpi import KpiVersion
from qmsreports.catalog.measure import (
    Count,
    Duration,
    DurationMeasure,
    Level,
    Mean,
    Part,
    Percentile,
    Population,
    Product,
    Ratio,
    Score,
    Sum,
)
from qmsreports.catalog.span import CalendarDays, Elapsed, WorkingTime

ROLES = {
    "moment": (("date", "instant"), "a date or an instant"),
    "instant": (("instant",), "an instant"),
    "amount": (("number", "integer"), "a number"),
    "any": (("text", "integer", "number", "date", "instant", "boolean"), "a column"),
}
"""What a role accepts, and its name in messages."""
TYPE_WORDS = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "date": "a date",
    "instant": "an instant",
    "boolean": "true or false",
}


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column named at a location of the version (relative to it), in a role of :data:`ROLES`."""

    location: Location
    table: str
    column: str
    role: str


@dataclass(frozen=True, slots=True)
class ConditionUse:
    """A condition on the rows of a table at a location of the version."""

    location: Location
    table: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class SpanUse:
    """A length of time between columns of a table, at a location of the version."""

    location: Location
    table: str
    span: WorkingTime | Elapsed | CalendarDays


@dataclass(frozen=True, slots=True)
class PopulationUse:
    """A population at a location of the version."""

    location: Location
    population: Population


def populations(version: KpiVersion) -> Iterator[PopulationUse]:
    """Yield the main population, then those of parts."""
    if version.population is not None:
        yield PopulationUse(("population",), version.population)
    for location, part in parts(version):
        if part.population is not None:
            yield PopulationUse((*location, "population"), part.population)


def parts(version: KpiVersion) -> Iterator[tuple[Location, Part]]:
    """Yield numerators and denominators with their locations."""
    measure = version.measure
    if isinstance(measure, Ratio):
        yield ("measure", "numerator"), measure.numerator
        yield ("measure", "denominator"), measure.denominator
    elif isinstance(measure, Product):
        for index, factor in enumerate(measure.factors):
            yield ("measure", "factors", index, "numerator"), factor.numerator
            yield ("measure", "factors", index, "denominator"), factor.denominator


def columns(version: KpiVersion) -> Iterator[ColumnUse]:
    """Yield every column outside conditions."""
    for use in populations(version):
        if use.population.period_by is not None:
            yield ColumnUse((*use.location, "period_by"), use.population.table, use.population.period_by, "moment")
    for location, part in parts(version):
        if part.sum is not None:
            yield ColumnUse((*location, "sum"), _table_of(part, version), part.sum, "amount")
    if version.population is not None:
        yield from _measured(version, version.population.table)


def conditions(version: KpiVersion) -> Iterator[ConditionUse]:
    """Yield every condition with the table whose rows it judges."""
    for use in populations(version):
        yield from _where((*use.location, "where"), use.population.table, use.population.where)
    for location, part in parts(version):
        yield from _where((*location, "where"), _table_of(part, version), part.where)
    own = getattr(version.measure, "where", ())
    if version.population is not None:
        yield from _where(("measure", "where"), version.population.table, own)


def calendars(version: KpiVersion) -> Iterator[tuple[Location, str]]:
    """Yield every calendar that is counted by, the measure's own first."""
    measure = version.measure
    own = getattr(measure, "of", None)
    if isinstance(own, Duration) and own.working_time is not None:
        yield from _named(("measure", "of", "working_time", "calendar"), own.working_time)
    for use in conditions(version):
        if use.condition.working_time is not None:
            yield from _named((*use.location, "working_time", "calendar"), use.condition.working_time)


def _named(location: Location, span: WorkingTime) -> Iterator[tuple[Location, str]]:
    if isinstance(span.calendar, str):
        yield location, span.calendar
        return
    for value, name in span.calendar.of.items():
        yield (*location, "of", value), name
    for index, name in enumerate(span.calendar.among):
        yield (*location, "among", index), name
    if span.calendar.otherwise is not None:
        yield (*location, "otherwise"), span.calendar.otherwise


def spans(version: KpiVersion) -> Iterator[SpanUse]:
    """Yield every length of time with the table whose rows have it, the measure's own first."""
    own = getattr(version.measure, "of", None)
    if isinstance(own, Duration) and version.population is not None:
        kind = "working_time" if own.working_time is not None else "elapsed"
        yield SpanUse(("measure", "of", kind), version.population.table, own.span)
    for use in conditions(version):
        if use.condition.span is not None and use.condition.span_kind is not None:
            yield SpanUse((*use.location, use.condition.span_kind), use.table, use.condition.span)


def _where(location: Location, table: str, where: tuple[Condition, ...]) -> Iterator[ConditionUse]:
    for index, condition in enumerate(where):
        yield ConditionUse((*location, index), table, condition)


def _table_of(part: Part, version: KpiVersion) -> str:
    population = part.population or version.population
    return population.table if population is not None else ""


def _measured(version: KpiVersion, table: str) -> Iterator[ColumnUse]:
    measure = version.measure
    if isinstance(measure, Sum | Mean):
        yield ColumnUse(("measure", "of"), table, measure.of, "amount")
    elif isinstance(measure, Percentile | DurationMeasure):
        yield from _length(measure.of, table)
    elif isinstance(measure, Score):
        yield ColumnUse(("measure", "field"), table, measure.field, "amount")
        if measure.one_per is not None:
            yield ColumnUse(("measure", "one_per", "key"), table, measure.one_per.key, "any")
    elif isinstance(measure, Level):
        yield ColumnUse(("measure", "from"), table, measure.start, "moment")
        yield ColumnUse(("measure", "to"), table, measure.to, "moment")
    else:
        assert isinstance(measure, Count | Ratio | Product) or version.population is None


def _length(of: str | Duration, table: str) -> Iterator[ColumnUse]:
    if isinstance(of, str):
        yield ColumnUse(("measure", "of"), table, of, "amount")
        return
    working = isinstance(of.span, WorkingTime)
    place: Location = ("measure", "of", "working_time" if working else "elapsed")
    role = "instant" if working else "moment"
    yield ColumnUse((*place, "from"), table, of.start, role)
    yield ColumnUse((*place, "to"), table, of.to, role)
