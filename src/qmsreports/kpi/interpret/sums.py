"""Readers of the kinds that are sums over rows: count, sum, mean, ratio, product and the scores."""

from __future__ import annotations

from qmsreports.catalog.measure import Count, Mean, Part, Product, Ratio, Score, Sum
from qmsreports.catalog.table import Table
from qmsreports.kpi.interpret.conditions import Location
from qmsreports.kpi.interpret.context import Context, Rows, rows_of
from qmsreports.kpi.plan import Additive, Body, Chosen, ColumnRef, Quotient, Tally, Test

_SAMPLED = frozenset({"pieces", "units"})
"""Units of which a sum is a sample size; minutes and euros are none."""
_VALID = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
_SCORE_UNITS = {"nps": ("points",), "csat": ("percent",), "ces": ("score", "percent")}


def read_amount(measure: Count | Sum | Mean, rows: Rows) -> Additive | None:
    """Read count, sum and mean. A mean keeps the sum of squares too, for its interval."""
    if isinstance(measure, Count):
        tally = Tally("numerator", rows.table, rows.clock, "rows", None, rows.tests)
        return Additive((tally,), (Quotient("value", ("numerator",)),), "numerator", 1.0)
    of = rows.columns.get(measure.of, ("measure", "of"), ("number", "integer"), f"a {measure.kind}")
    if of is None:
        return None
    total = Tally("numerator", rows.table, rows.clock, "sum", of, rows.tests)
    known = Tally("n", rows.table, rows.clock, "known", of, rows.tests)
    if isinstance(measure, Sum):
        return Additive((total, known), (Quotient("value", ("numerator",)),), "n", 1.0)
    squares = Tally("sum_squares", rows.table, rows.clock, "squares", of, rows.tests)
    return Additive((total, known, squares), (Quotient("value", ("numerator",), over="n"),), "n", 1.0)


def read_rates(context: Context, measure: Ratio | Product, rows: Rows) -> Additive | None:
    """Read a ratio, or a product of ratios. ``n`` counts what the first denominator is made of."""
    tallies: list[Tally] = []
    quotients: list[Quotient] = []
    for quotient, numerator, denominator, place in _pairs(measure):
        above = _part(context, quotient.plus[0], numerator, rows, (*place, "numerator"))
        below = _part(context, quotient.over or "", denominator, rows, (*place, "denominator"))
        if above is not None and below is not None:
            tallies += [above, below]
            quotients.append(quotient)
    if len({quotient.name for quotient in quotients}) < len(quotients):
        context.refuse(("measure", "factors"), "two factors have the same name", "rename one")
    if context.findings:
        return None
    base = tallies[1]
    n = base.name
    if not _is_sample(context, base):
        n = "n"
        tallies.append(Tally(n, base.table, base.clock, "known", base.of, base.where))
    at_most = measure.each_factor_at_most if isinstance(measure, Product) else None
    return Additive(tuple(tallies), tuple(quotients), n, context.kpi.scale(context.version), at_most)


def _pairs(measure: Ratio | Product) -> list[tuple[Quotient, Part, Part, Location]]:
    if isinstance(measure, Ratio):
        quotient = Quotient("value", ("numerator",), over="denominator")
        return [(quotient, measure.numerator, measure.denominator, ("measure",))]
    return [
        (
            Quotient(factor.name, (f"{factor.name}_numerator",), over=f"{factor.name}_denominator"),
            factor.numerator,
            factor.denominator,
            ("measure", "factors", index),
        )
        for index, factor in enumerate(measure.factors)
    ]


def _part(context: Context, name: str, part: Part, rows: Rows, location: Location) -> Tally | None:
    """Read a part: over the version's own rows, or with a ``population`` of its own over that one's only."""
    if part.population is not None:
        own = rows_of(context, part.population, (*location, "population"))
        if own is None:
            return None
        rows = own
    of = None
    if part.sum is not None:
        of = rows.columns.get(part.sum, (*location, "sum"), ("number", "integer"), "a sum")
        if of is None:
            return None
    where = rows.tests + rows.columns.tests(part.where, (*location, "where"))
    return Tally(name, rows.table, rows.clock, "rows" if of is None else "sum", of, where)


def _is_sample(context: Context, tally: Tally) -> bool:
    if tally.of is None:
        return True
    column = context.tables[tally.table].column(tally.of.name)
    return column is not None and column.unit in _SAMPLED


def read_score(context: Context, measure: Score, rows: Rows) -> Body | None:
    """Read nps, csat and ces; answers outside the scale of the question are no answers."""
    answer = rows.columns.get(measure.field, ("measure", "field"), ("integer", "number"), "a score")
    key = None
    if measure.one_per is not None:
        key = rows.columns.get(measure.one_per.key, ("measure", "one_per", "key"))
    if context.kpi.unit not in _SCORE_UNITS[measure.type]:
        units = " or ".join(_SCORE_UNITS[measure.type])
        context.refuse(("measure", "type"), f"{measure.type} in {context.kpi.unit}", f"write unit: {units}")
    if answer is None or context.findings:
        return None
    valid = rows.tests + _between(answer, *_VALID[measure.type])
    scale = 1.0 if context.kpi.unit == "score" else 100.0
    if measure.one_per is None or key is None:
        tallies, quotient = _boxes(measure, rows, answer, rows.tests, valid, context.kpi.unit)
        return Additive(tallies, (quotient,), "n", scale)
    # what is chosen first is tested before it is chosen, so the boxes look at nothing but the answer
    tallies, quotient = _boxes(measure, rows, answer, (), (), context.kpi.unit)
    order = (rows.clock, *_key(rows.columns.table))
    keep = measure.one_per.keep
    return Chosen(rows.table, rows.clock, key, keep, order, answer, valid, tallies, (quotient,), scale)


def _boxes(
    measure: Score, rows: Rows, answer: ColumnRef, tests: tuple[Test, ...], valid: tuple[Test, ...], unit: str
) -> tuple[tuple[Tally, ...], Quotient]:
    def rated(name: str, low: int, high: int) -> Tally:
        return Tally(name, rows.table, rows.clock, "rows", None, tests + _between(answer, low, high))

    n = Tally("n", rows.table, rows.clock, "rows", None, valid)
    share = Quotient("value", ("numerator",), over="n")
    if measure.type == "nps":
        boxes = (rated("promoters", 9, 10), rated("detractors", 0, 6), n)
        return boxes, Quotient("value", ("promoters",), ("detractors",), "n")
    if measure.type == "csat":
        return (rated("numerator", 4, 5), n), share
    if unit == "percent":
        return (rated("numerator", 5, 7), n), share
    total = Tally("numerator", rows.table, rows.clock, "sum", answer, valid)
    squares = Tally("sum_squares", rows.table, rows.clock, "squares", answer, valid)
    return (total, n, squares), share


def _between(column: ColumnRef, low: int, high: int) -> tuple[Test, ...]:
    return (Test(column, "at_least", (low,)), Test(column, "at_most", (high,)))


def _key(table: Table) -> tuple[ColumnRef, ...]:
    columns = (table.column(name) for name in table.key)
    return tuple(ColumnRef(column.name, column.type) for column in columns if column is not None)
