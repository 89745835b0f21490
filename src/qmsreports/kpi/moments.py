"""How far chance alone moves a ratio of amounts or a product of ratios: the variance of its logarithm, from its rows.

The factors of a product are made of the same rows (a machine shift has its running, planned and good minutes), so their
errors go together and may not simply be added up. To first order (the delta method; Wolter, Introduction to Variance
Estimation, chapter 6) a row moves the logarithm of the product by ``u = sum of y / Y - x / X`` over the factors, with
``y`` and ``x`` what it adds to numerator and denominator and ``Y`` and ``X`` their sums. The variance is
``n / (n - 1)`` times the sum of squares of ``u`` about their mean: whatever the factors share is in it. The squares
follow from sums of products of two columns each, which add up over months as sums do. Rows of different tables, or put
into the period by different columns, are taken as independent of each other, as are the rows themselves.

One factor, three rows with 9 of 10, 6 of 10 and 9 of 10: ``u`` is 9/24 - 1/3 = 1/24 twice and -1/12, the squares sum
to 1/96, times 3/2 is 1/64: the logarithm of 0.8 has the standard error 0.125.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement

from sqlglot import exp

from qmsreports.kpi import sql
from qmsreports.kpi.lengths import source
from qmsreports.kpi.plan import Additive, ColumnRef, Plan, Tally
from qmsreports.kpi.rollup import WINDOWS, grouped
from qmsreports.kpi.within import Reach, inside

VARIANCE = "log variance"
ROWS = "fewest rows"
"""Parts of a product: the variance of its logarithm, and the rows of the factor that has the fewest. The blank keeps
both apart from the names of factors."""
_MONTH = "month of the row"
_ROUNDING = 1e-12

Source = tuple[str, ColumnRef]
Moments = Mapping[str, float]


def by_rows(plan: Plan) -> bool:
    """Tell whether a value is a product of ratios, or one ratio of amounts: minutes are no sample of cases."""
    body = plan.body
    if not isinstance(body, Additive):
        return False
    return len(body.quotients) > 1 or (body.quotients[0].over == "denominator" and body.n != "denominator")


def by_source(body: Additive) -> dict[Source, list[Tally]]:
    """Return the tallies of the factors by the rows that they count: table and the column that dates them."""
    named = {name for quotient in body.quotients for name in (*quotient.plus, *quotient.minus, quotient.over)}
    found: dict[Source, list[Tally]] = {}
    for tally in body.tallies:
        if tally.name in named:
            found.setdefault((tally.table, tally.clock), []).append(tally)
    return found


def columns_of(tallies: Sequence[Tally]) -> tuple[str, ...]:
    """Return the names of the columns that :func:`statement` gives after period and slices, in order."""
    pairs = combinations_with_replacement((tally.name for tally in tallies), 2)
    return (
        *(_rows(tally) for tally in tallies),
        *(_sum(tally) for tally in tallies),
        *(_times(*pair) for pair in pairs),
    )


def statement(plan: Plan, of: Source, tallies: Sequence[Tally], within: Iterable[Reach] = ()) -> exp.Select:
    """Return the statement of the rows, sums and sums of products of these tallies: period, slices, then those."""
    table, clock = of
    columns: list[exp.Expr] = [sql.alias(sql.month(clock), _MONTH, quoted=True)]
    columns += [sql.name(name) for name in plan.slices]
    named = dict(zip(columns_of(tallies), _aggregates(tallies), strict=True))
    columns += [sql.alias(aggregate, name, quoted=True) for name, aggregate in named.items()]
    inner = exp.select(*columns).from_(source(table, (test for tally in tallies for test in tally.where)), copy=False)
    read = inside(entry for entry in within if (entry.table, entry.clock) == of)
    if read is not None:
        inner = inner.where(read, copy=False)
    inner.set("group", exp.Group(all=True))
    totals = [sql.alias(sql.total(sql.name(name, "counted")), name, quoted=True) for name in named]
    month = exp.EQ(this=sql.name("month", WINDOWS), expression=sql.name(_MONTH, "counted"))
    cube = sql.alias(exp.Table(this=sql.identifier("moments")), "counted", table=True)
    return sql.defined(grouped(plan, cube, month, totals), {"moments": inner})


def variance(body: Additive, moments: Mapping[Source, Moments]) -> dict[str, float]:
    """Return the parts :data:`VARIANCE` and :data:`ROWS` of one value; nothing where no variance can be told.

    That is so where a factor is zero, has fewer than two rows, or is the same in every row: of twenty pieces of which
    none failed nobody knows that none ever fails.
    """
    sums = {
        tally.name: moments.get(of, {}).get(_sum(tally), 0.0) for of, own in by_source(body).items() for tally in own
    }
    if any(total <= 0 for total in sums.values()):
        return {}
    weights: dict[str, float] = {}
    for quotient in body.quotients:
        own = {quotient.plus[0]: 1 / sums[quotient.plus[0]], str(quotient.over): -1 / sums[str(quotient.over)]}
        if not _variance(body, moments, own):
            return {}
        weights |= own
    rows = [moments[of][_rows(tally)] for of, tallies in by_source(body).items() for tally in tallies]
    found = _variance(body, moments, weights)
    return {VARIANCE: found, ROWS: min(rows)} if found else {}


def _variance(body: Additive, moments: Mapping[Source, Moments], weights: Mapping[str, float]) -> float:
    """Return the variance of a weighted sum of tallies; 0 where it is none beside the rounding of its terms."""
    total = largest = 0.0
    for of, tallies in by_source(body).items():
        own = [tally for tally in tallies if tally.name in weights]
        if not own:
            continue
        n = min(moments[of][_rows(tally)] for tally in own)
        if n < 2:
            return 0.0
        squares = mean = 0.0
        for one, other in combinations_with_replacement(own, 2):
            term = weights[one.name] * weights[other.name] * moments[of][_times(one.name, other.name)]
            squares += term if one is other else 2 * term
            largest = max(largest, abs(term))
        mean = sum(weights[tally.name] * moments[of][_sum(tally)] for tally in own)
        total += n / (n - 1) * (squares - mean * mean / n)
    return total if total > _ROUNDING * largest else 0.0


def _aggregates(tallies: Sequence[Tally]) -> list[exp.Expr]:
    values = {tally.name: _value(tally) for tally in tallies}
    rows: list[exp.Expr] = [sql.aggregate("rows", None, sql.all_of(tally.where)) for tally in tallies]
    sums: list[exp.Expr] = [exp.Sum(this=value.copy()) for value in values.values()]
    pairs = combinations_with_replacement(values.values(), 2)
    return [*rows, *sums, *(exp.Sum(this=exp.Mul(this=one.copy(), expression=two.copy())) for one, two in pairs)]


def _value(tally: Tally) -> exp.Expr:
    """Return what one row adds to a tally, as a double."""
    known = sql.literal(1.0) if tally.of is None else exp.cast(sql.name(tally.of.name), "double")
    value = known if tally.of is None else exp.Coalesce(this=known, expressions=[sql.literal(0.0)])
    met = sql.all_of(tally.where)
    return value if met is None else exp.Case(ifs=[exp.If(this=met, true=value)], default=sql.literal(0.0))


def _rows(tally: Tally) -> str:
    return f"rows of {tally.name}"


def _sum(tally: Tally) -> str:
    return f"sum of {tally.name}"


def _times(one: str, other: str) -> str:
    return f"{one} times {other}"
