"""Durations in which cases that are not finished count as "at least that long": the Kaplan-Meier estimate.

Leaving open cases out makes slow work look fast: the slow ones are the ones still open. The estimator takes the cases
that were still open at a length as the ones at risk there, whether they ended later or were cut off by the period's
end. Survival after a length is the product of ``1 - ended / at risk`` over all lengths up to it. The median is the
first length at which it is 0.5 or less; there is none ("not reached") where it never falls so far.

Five cases of 1, 2, 3+, 4, 5+ hours (+ still open): survival 0.8 after 1 h, 0.6 after 2 h, 0.3 after 4 h; the median
is 4 h. Leaving the open ones out would give 2 h.

The 95 % interval is Brookmeyer and Crowley's (1982): from the first length at which the lower band of the curve is as
low as the share asks to the first at which the upper band is. The bands are Greenwood's on the scale ln(-ln survival),
which keeps them between 0 and 1. Where the upper band never falls so far the interval has no upper end, and the same
holds for the lower one. Once every case has ended there is no band any more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from sqlglot import exp

from qmsreports.kpi import sql
from qmsreports.kpi.plan import Plan, Spread

_ROUNDING = 1e-12
_Z = NormalDist().inv_cdf(0.975)
_LOST = "lost so far"  # -ln of what is left: the blank keeps it apart from the slices
_SPREAD = "spread so far"  # Greenwood's sum: the variance of ln survival


def survival(
    plan: Plan, body: Spread, cases: exp.Select, lengths: exp.Select, also: Sequence[Spread] = ()
) -> exp.Select:
    """Return the statement of a censored percentile over the cases and their lengths, and of others of the same.

    ``also`` differ from ``body`` in share and unit only; each adds its interval and its value as last columns.
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
    ).from_(sql.relation("lengths"), copy=False)
    steps = steps.where(exp.GTE(this=amount.copy(), expression=sql.literal(0)), copy=False)
    steps.set("group", sql.grouping([sql.name("period"), amount], slices, plan))

    at_risk = exp.select(
        *(sql.name(name) for name in keys),
        amount.copy(),
        sql.name("cases"),
        sql.name("ended"),
        sql.alias(_running(_light(sql.name("cases")), keys, "CURRENT ROW", "UNBOUNDED", "FOLLOWING"), "at_risk"),
    ).from_(sql.relation("steps"), copy=False)
    curve = exp.select(
        *(sql.name(name) for name in keys),
        amount.copy(),
        sql.name("cases"),
        sql.name("ended"),
        sql.alias(_left(keys), "survival"),
        sql.alias(exp.Neg(this=_logs(keys)), _LOST, quoted=True),
        sql.alias(_running(_greenwood(), keys, "UNBOUNDED", "CURRENT ROW", "PRECEDING"), _SPREAD, quoted=True),
    ).from_(sql.relation("at_risk"), copy=False)

    values = [
        sql.alias(column, title, quoted=" " in title)
        for one, name in zip((body, *also), value_names(also), strict=True)
        for title, column in (
            (f"low end of {name}", _in_unit(_first(_band(one, exp.Add)), one)),
            (f"high end of {name}", _in_unit(_first(_band(one, exp.Sub)), one)),
            (name, _in_unit(_first(_few(one)), one)),
        )
    ]
    outer = exp.select(
        *(sql.name(name) for name in keys),
        sql.alias(exp.Sum(this=sql.name("cases")), "n"),
        sql.alias(exp.Sum(this=sql.name("ended")), "finished"),
        *values,
    ).from_(sql.relation("curve"), copy=False)
    outer.set("group", exp.Group(expressions=[sql.name(name) for name in keys]))
    parts = {"cases": cases, "lengths": lengths, "steps": steps, "at_risk": at_risk, "curve": curve}
    return sql.defined(outer, parts)


def value_names(also: Sequence[Spread]) -> tuple[str, ...]:
    """Return the names of the value columns: ``value``, ``value 2`` and so on."""
    return ("value", *(f"value {number}" for number in range(2, len(also) + 2)))


def _first(reached: exp.Expr) -> exp.Expr:
    """Return the first length of which this holds."""
    return exp.Filter(this=exp.Min(this=sql.name("amount")), expression=exp.Where(this=reached))


def _in_unit(length: exp.Expr, body: Spread) -> exp.Expr:
    return length if body.divisor == 1.0 else exp.Div(this=length, expression=sql.literal(body.divisor))


def _few(body: Spread) -> exp.Expr:
    """Tell where as few are left as the share says."""
    assert body.share is not None  # a mean of censored lengths is refused earlier
    return exp.LTE(this=sql.name("survival"), expression=sql.literal(1 - body.share + _ROUNDING))


def _band(body: Spread, side: type[exp.Add | exp.Sub]) -> exp.Expr:
    """Tell where a band of the curve is as low as the share says: ``ln(-ln S) +- z sqrt(Greenwood) / -ln S``.

    Both logarithms turn the order round: the lower band is the one to which is added.
    """
    assert body.share is not None
    lost = exp.Nullif(this=sql.name(_LOST), expression=sql.literal(0.0))
    error = exp.Div(this=exp.Sqrt(this=sql.name(_SPREAD)), expression=lost)
    band = side(this=exp.Ln(this=lost.copy()), expression=exp.Mul(this=sql.literal(_Z), expression=error))
    low = sql.literal(math.log(-math.log(1 - body.share)) - _ROUNDING)
    some_left = exp.GT(this=sql.name("survival"), expression=sql.literal(0.0))
    return exp.and_(some_left, exp.GTE(this=band, expression=low), copy=False)


def _greenwood() -> exp.Expr:
    """Return what one length adds to the variance: ``ended / (at risk x (at risk - ended))``."""
    left = exp.Nullif(this=exp.Sub(this=sql.name("at_risk"), expression=sql.name("ended")), expression=sql.literal(0.0))
    lost = exp.Mul(this=sql.literal(1.0), expression=sql.name("ended"))
    return exp.Div(this=lost, expression=exp.paren(exp.Mul(this=sql.name("at_risk"), expression=left)))


def _light(count: exp.Expr) -> exp.Expr:
    """Return a count as a double: exact up to 2^53, and a running sum of it costs a third less than of 128 bits."""
    return exp.cast(count, "double")


def _left(keys: list[str]) -> exp.Expr:
    """Return the running product of ``1 - ended / at risk``; a logarithm of zero is kept out, for all are gone then."""
    everyone = exp.EQ(this=sql.name("ended"), expression=sql.name("at_risk"))
    return exp.Case(ifs=[exp.If(this=everyone, true=sql.literal(0.0))], default=exp.Exp(this=_logs(keys)))


def _logs(keys: list[str]) -> exp.Expr:
    share = exp.Sub(
        this=sql.literal(1.0),
        expression=exp.Div(
            this=exp.Mul(this=sql.literal(1.0), expression=sql.name("ended")), expression=sql.name("at_risk")
        ),
    )
    logs = exp.Ln(this=exp.Nullif(this=exp.paren(share), expression=sql.literal(0.0)))
    return _running(logs, keys, "UNBOUNDED", "CURRENT ROW", "PRECEDING")


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
