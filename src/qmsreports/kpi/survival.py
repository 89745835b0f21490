"""Durations in which cases that are not finished count as "at least that long": the Kaplan-Meier estimate.

Leaving open cases out makes slow work look fast: the slow ones are the ones still open. The estimator takes the cases
that were still open at a length as the ones at risk there, whether they ended later or were cut off by the period's
end. Survival after a length is the product of ``1 - ended / at risk`` over all lengths up to it. The median is the
first length at which it is 0.5 or less; there is none ("not reached") where it never falls so far.

Five cases of 1, 2, 3+, 4, 5+ hours (+ still open): survival 0.8 after 1 h, 0.6 after 2 h, 0.3 after 4 h; the median
is 4 h. Leaving the open ones out would give 2 h.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from qmsreports.kpi import sql
from qmsreports.kpi.plan import Plan, Spread

_ROUNDING = 1e-12


def survival(
    plan: Plan, body: Spread, cases: exp.Select, lengths: exp.Select, also: Sequence[Spread] = ()
) -> exp.Select:
    """Return the statement of a censored percentile over the cases and their lengths, and of others of the same.

    ``also`` differ from ``body`` in share and unit only; each adds its value as a last column.
    """
    slices = [sql.name(name) for name in plan.slices]
    keys = ["period", *plan.slices, *(("sliced",) if plan.slices else ())]
    amount = sql.name("amount")
    finished = exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=sql.name("finished")))
    steps = exp.select(
        sql.name("period"),
        *(entry.copy() for entry in slices),
        *sql.which_slice(slices),
        amount,
        sql.alias(exp.Count(this=exp.Star()), "cases"),
        sql.alias(finished, "ended"),
    ).from_(sql.relation("lengths"))
    steps = steps.where(exp.GTE(this=amount.copy(), expression=sql.literal(0)))
    steps.set("group", sql.grouping([sql.name("period"), amount], slices, plan))

    at_risk = exp.select(
        *(sql.name(name) for name in keys),
        amount.copy(),
        sql.name("cases"),
        sql.name("ended"),
        sql.alias(_running(_light(sql.name("cases")), keys, "CURRENT ROW", "UNBOUNDED", "FOLLOWING"), "at_risk"),
    ).from_(sql.relation("steps"))
    curve = exp.select(
        *(sql.name(name) for name in keys),
        amount.copy(),
        sql.name("cases"),
        sql.name("ended"),
        sql.alias(_left(keys), "survival"),
    ).from_(sql.relation("at_risk"))

    values = [sql.alias(_reached(one), name) for one, name in zip((body, *also), value_names(also), strict=True)]
    outer = exp.select(
        *(sql.name(name) for name in keys),
        sql.alias(exp.Sum(this=sql.name("cases")), "n"),
        sql.alias(exp.Sum(this=sql.name("ended")), "finished"),
        *values,
    ).from_(sql.relation("curve"))
    outer.set("group", exp.Group(expressions=[sql.name(name) for name in keys]))
    for name, inner in (
        ("cases", cases),
        ("lengths", lengths),
        ("steps", steps),
        ("at_risk", at_risk),
        ("curve", curve),
    ):
        outer = outer.with_(name, as_=inner)
    return outer


def value_names(also: Sequence[Spread]) -> tuple[str, ...]:
    """Return the names of the value columns: ``value``, ``value 2`` and so on."""
    return ("value", *(f"value {number}" for number in range(2, len(also) + 2)))


def _reached(body: Spread) -> exp.Expr:
    """Return the first length at which as few are left as the share says."""
    assert body.share is not None  # a mean of censored lengths is refused earlier
    few = exp.LTE(this=sql.name("survival"), expression=sql.literal(1 - body.share + _ROUNDING))
    first = exp.Filter(this=exp.Min(this=sql.name("amount")), expression=exp.Where(this=few))
    return first if body.divisor == 1.0 else exp.Div(this=first, expression=sql.literal(body.divisor))


def _light(count: exp.Expr) -> exp.Expr:
    """Return a count as a double: exact up to 2^53, and a running sum of it costs a third less than of 128 bits."""
    return exp.cast(count, "double")


def _left(keys: list[str]) -> exp.Expr:
    """Return the running product of ``1 - ended / at risk``; a logarithm of zero is kept out, for all are gone then."""
    share = exp.Sub(
        this=sql.literal(1.0),
        expression=exp.Div(
            this=exp.Mul(this=sql.literal(1.0), expression=sql.name("ended")), expression=sql.name("at_risk")
        ),
    )
    everyone = exp.EQ(this=sql.name("ended"), expression=sql.name("at_risk"))
    logs = exp.Ln(this=exp.Nullif(this=exp.paren(share), expression=sql.literal(0.0)))
    product = exp.Exp(this=_running(logs, keys, "UNBOUNDED", "CURRENT ROW", "PRECEDING"))
    return exp.Case(ifs=[exp.If(this=everyone, true=sql.literal(0.0))], default=product)


def _running(value: exp.Expr, keys: list[str], start: str, end: str, side: str) -> exp.Expr:
    following = side == "FOLLOWING"
    spec = exp.WindowSpec(
        kind="ROWS",
        start=start,
        start_side=None if following else side,
        end=end,
        end_side=side if following else None,
    )
    order = exp.Order(expressions=[exp.Ordered(this=sql.name("amount"))])
    partition = [sql.name(name) for name in keys]
    return exp.Window(this=exp.Sum(this=value), partition_by=partition, order=order, spec=spec)
