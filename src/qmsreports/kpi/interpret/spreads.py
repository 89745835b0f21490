"""Readers of the kinds that cannot be added up over time or slices: levels, percentiles and durations."""

from __future__ import annotations

from qmsreports.catalog.measure import Duration, DurationMeasure, Percentile, Population
from qmsreports.catalog.measure import Level as LevelMeasure
from qmsreports.catalog.span import SECONDS, SpanKind
from qmsreports.kpi.interpret.context import Context, Rows
from qmsreports.kpi.plan import ColumnRef, Level, Span, Spread


def read_level(context: Context, measure: LevelMeasure, population: Population) -> Level | None:
    """Read a level: it has no clock, because it is taken at the end of every period."""
    columns = context.columns(population, ("population",))
    if columns is None:
        return None
    if population.period_by is not None:
        context.refuse(("population", "period_by"), "a level is taken at the end of a period", "leave period_by out")
    rows = columns.tests(population.where, ("population", "where")) + columns.tests(measure.where, ("measure", "where"))
    start = columns.get(measure.start, ("measure", "from"), ("date", "instant"), "a level")
    to = columns.get(measure.to, ("measure", "to"), ("date", "instant"), "a level")
    return Level(columns.table.table, start, to, rows) if start is not None and to is not None else None


def read_spread(context: Context, measure: Percentile | DurationMeasure, rows: Rows) -> Spread | None:
    """Read a percentile or a duration; of a column its values count, of a span its seconds."""
    share = measure.p / 100.0 if isinstance(measure, Percentile) else {"median": 0.5, "mean": None}[measure.show]
    if isinstance(measure.of, str):
        of: ColumnRef | Span | None
        of = rows.columns.get(measure.of, ("measure", "of"), ("number", "integer"), "a percentile")
        divisor = 1.0
    else:
        kind: SpanKind = "working_time" if measure.of.working_time is not None else "elapsed"
        of = rows.columns.span(measure.of.span, kind, ("measure", "of", kind))
        divisor = _divisor(context, measure.of)
    if share is None and measure.unfinished == "censor":
        todo = "show the median, or count_until_period_end"
        context.refuse(("measure", "unfinished"), "cases that are not finished have no mean", todo)
    if of is None:
        return None
    return Spread(rows.table, rows.clock, of, measure.unfinished, share, divisor, rows.tests)


def _divisor(context: Context, duration: Duration) -> float:
    """Seconds of the KPI's unit. A working day has no fixed length, so working time is not told in days."""
    units = ("minutes", "hours") if duration.working_time is not None else tuple(SECONDS)
    if context.kpi.unit not in units:
        context.refuse(("measure", "of"), f"a duration in {context.kpi.unit}", f"write unit: {' or '.join(units)}")
    return SECONDS.get(context.kpi.unit, 1.0)
