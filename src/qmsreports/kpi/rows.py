"""Statements of the kinds that need every row: percentiles, durations and scores with one answer per customer.

Each value is computed from the rows of its own window and slice, never from other values. A row lies in every window
that covers its month, so a rolling percentile over twelve months reads each row twelve times.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from qmsreports.kpi import lengths, sql
from qmsreports.kpi.hours import HOURS, hours_of, seconds, with_slots
from qmsreports.kpi.lengths import ENTRY as ONE_ROW
from qmsreports.kpi.plan import ByRow, Chosen, ColumnRef, Plan, Span, Spread
from qmsreports.kpi.rollup import WINDOWS
from qmsreports.kpi.survival import survival, value_names
from qmsreports.kpi.within import Reach, condition

RANKS = "ranks"
_STRETCHES = "stretches of time"
_CUT_IN = "cut_in"


def rows_statement(plan: Plan, also: Sequence[Spread] = (), within: Reach | None = None) -> exp.Select:
    """Return the statement of a plan whose body is a spread or a choice.

    ``also`` are percentiles of the same rows in other shares or units; each adds its :func:`own_columns` as last ones.
    With ``within`` only rows are read that it reaches; without, the statement is the same for every period.
    """
    if isinstance(plan.body, Chosen):
        return _chosen(plan, plan.body, within)
    assert isinstance(plan.body, Spread)  # the caller asks for no other kind
    if plan.body.unfinished == "censor":
        return survival(plan, plan.body, _cases(plan, plan.body, (), within), _lengths(plan, plan.body), also)
    return _spread(plan, plan.body, also, within)


def parts_of(plan: Plan) -> tuple[str, ...]:
    """Return the names of the parts that the statement returns, in order, before the value."""
    if isinstance(plan.body, Chosen):
        return tuple(tally.name for tally in plan.body.tallies)
    assert isinstance(plan.body, Spread)
    if plan.body.unfinished == "censor":
        return ("n", "finished", "low", "high")
    return ("n",) if plan.body.share is not None else ("numerator", "n", "sum_squares")


def own_columns(plan: Plan) -> int:
    """Return how many of a row's last columns are of one percentile alone: its value, with ``censor`` its interval."""
    return 3 if isinstance(plan.body, Spread) and plan.body.unfinished == "censor" else 1


def ranked(plan: Plan) -> bool:
    """Tell whether a value has an interval by ranks: percentiles and medians, but for those of unfinished cases."""
    return isinstance(plan.body, Spread) and plan.body.share is not None and plan.body.unfinished != "censor"


def ranks_statement(plan: Plan, within: Reach | None = None) -> exp.Select:
    """Return the statement that looks up the two values at the ``ranks`` of each ``n``: period, slices, low, high."""
    body = plan.body
    assert isinstance(body, Spread)  # the caller asks ranked() first
    slices, amount = [sql.name(name) for name in plan.slices], sql.name("amount")
    amounts = sql.alias(sql.call("LIST_SORT", sql.call("LIST", amount)), "amounts")
    columns = [sql.name("period"), *(entry.copy() for entry in slices), *sql.which_slice(slices)]
    ordered = exp.select(*columns, sql.alias(exp.Count(this=exp.Star()), "n"), amounts)
    ordered = ordered.from_(sql.relation("lengths" if isinstance(body.of, Span) else "amounts"), copy=False)
    if isinstance(body.of, Span):
        ordered = ordered.where(_not_negative(), copy=False)
    ordered.set("group", sql.grouping([sql.name("period")], slices, plan))
    keys = ["period", *plan.slices, *(("sliced",) if plan.slices else ())]
    ends = [
        sql.alias(_in_unit(sql.call("LIST_EXTRACT", sql.name("amounts"), sql.name(end, RANKS)), body.divisor), end)
        for end in ("low", "high")
    ]
    same = exp.EQ(this=sql.name("n", RANKS), expression=sql.name("n", "ordered"))
    outer = (
        exp.select(*(sql.name(name) for name in keys), *ends)
        .from_(sql.relation("ordered"), copy=False)
        .join(sql.relation(RANKS), on=same, copy=False)
    )
    if isinstance(body.of, Span):
        parts = {"cases": _cases(plan, body, (), within), "lengths": _lengths(plan, body)}
    else:
        parts = {"amounts": _amounts(plan, body, body.of, within)}
    return sql.defined(outer, {**parts, "ordered": ordered})


def shares_statement(plan: Plan, shares: Sequence[float], within: Reach | None = None) -> exp.Select:
    """Return the statement of the values at these shares: period, slices, then one list of them, lengths in seconds."""
    body = plan.body
    assert isinstance(body, Spread)  # the caller asks ranked() first
    at = exp.Array(expressions=[sql.literal(share) for share in shares])
    values = sql.alias(sql.call("QUANTILE_CONT", sql.name("amount"), at), "at_shares")
    return _over_rows(plan, body, [values], within)


def values_statement(plan: Plan, body: Spread, within: Reach | None = None) -> exp.Select:
    """Return the statement of the values behind each mean: period, slices, then a list of them, lengths in seconds."""
    return _over_rows(plan, body, [sql.alias(sql.call("LIST", sql.name("amount")), "amounts")], within)


# --- spreads ----------------------------------------------------------------------------------------------------------
def _spread(plan: Plan, body: Spread, also: Sequence[Spread], within: Reach | None) -> exp.Select:
    amount = sql.name("amount")
    statistic: list[exp.Expr]
    if body.share is None:
        total = _in_unit(exp.Sum(this=amount), body.divisor)
        squares = exp.Sum(this=exp.Mul(this=amount.copy(), expression=amount.copy()))
        statistic = [
            sql.alias(total, "numerator"),
            sql.alias(exp.Count(this=exp.Star()), "n"),
            sql.alias(_in_unit(squares, body.divisor**2), "sum_squares"),
            sql.alias(_in_unit(exp.Avg(this=amount.copy()), body.divisor), "value"),
        ]
    else:
        statistic = [sql.alias(exp.Count(this=exp.Star()), "n")]
        for one, name in zip((body, *also), value_names(also), strict=True):
            quantile = sql.call("QUANTILE_CONT", amount.copy(), sql.literal(one.share or 0.0))
            statistic.append(sql.alias(_in_unit(quantile, one.divisor), name))
    return _over_rows(plan, body, statistic, within)


def _over_rows(plan: Plan, body: Spread, statistic: list[exp.Expr], within: Reach | None) -> exp.Select:
    slices = [sql.name(name) for name in plan.slices]
    outer = exp.select(
        sql.name("period"), *(entry.copy() for entry in slices), *sql.which_slice(slices), *statistic
    ).from_(sql.relation("lengths" if isinstance(body.of, Span) else "amounts"), copy=False)
    outer.set("group", sql.grouping([sql.name("period")], slices, plan))
    if isinstance(body.of, Span):
        outer = outer.where(_not_negative(), copy=False)
        return sql.defined(outer, {"cases": _cases(plan, body, (), within), "lengths": _lengths(plan, body)})
    return sql.defined(outer, {"amounts": _amounts(plan, body, body.of, within)})


def _in_unit(value: exp.Expr, divisor: float) -> exp.Expr:
    """Divide at the very end, so that 14400 seconds are exactly 4 hours."""
    return value if divisor == 1.0 else exp.Div(this=value, expression=sql.literal(divisor))


def _not_negative() -> exp.Expr:
    """Leave out an end before its beginning: a mistake of the source, which validation tells of; it has no length."""
    return exp.GTE(this=sql.name("amount"), expression=sql.literal(0))


def _amounts(plan: Plan, body: Spread, of: ColumnRef, within: Reach | None) -> exp.Select:
    known = exp.Not(this=exp.Is(this=sql.name(of.name, ONE_ROW), expression=exp.null()))
    columns: list[exp.Expr] = [sql.name("period", WINDOWS), *(sql.name(name, ONE_ROW) for name in plan.slices)]
    columns.append(sql.alias(sql.name(of.name, ONE_ROW), "amount"))
    return (
        _of_table(body, columns, within)
        .join(sql.relation(WINDOWS), on=_in_window(body), copy=False)
        .where(known, copy=False)
    )


def _in_window(body: Spread | Chosen) -> exp.Expr:
    return exp.EQ(this=sql.name("month", WINDOWS), expression=sql.month(body.clock, ONE_ROW))


def _of_table(body: Spread | Chosen, columns: list[exp.Expr], within: Reach | None) -> exp.Select:
    selected = exp.select(*columns).from_(lengths.source(body.table, body.where, ONE_ROW), copy=False)
    if within is not None:
        selected = selected.where(condition(within, ONE_ROW), copy=False)
    tests = sql.all_of(body.where, ONE_ROW)
    return selected.where(tests, copy=False) if tests is not None else selected


def carried(name: str) -> str:
    """Return what a declared column is called where it is carried along; the blank keeps it apart from the others."""
    return f"row {name}"


def lengths_statement(plan: Plan, body: Spread, extra: Sequence[str]) -> exp.Select:
    """Return the cases of a duration with their lengths (``amount``, in seconds) and these columns of their rows."""
    return sql.preceded(_lengths(plan, body, extra), "cases", _cases(plan, body, extra))


def _cases(plan: Plan, body: Spread, extra: Sequence[str] = (), within: Reach | None = None) -> exp.Select:
    """Return month, slices, begin and end of every case in seconds: of the clock, or of the calendar's open time."""
    assert isinstance(body.of, Span)
    span = body.of
    columns = [sql.alias(sql.month(body.clock, ONE_ROW), "month")]
    columns += [sql.name(name, ONE_ROW) for name in plan.slices]
    columns.append(sql.alias(lengths.end_of(span, span.start, "began_in"), "began"))
    columns.append(sql.alias(lengths.end_of(span, span.to, "ended_in"), "ended"))
    columns.append(sql.alias(sql.name(span.to.name, ONE_ROW), "ended_at"))
    if span.pause is not None:
        columns.append(sql.alias(sql.name(span.start.name, ONE_ROW), "began_at"))
        columns.append(sql.alias(sql.name(span.pause.by.name, ONE_ROW), lengths.STRETCH[0], quoted=True))
    if isinstance(span.calendar, ByRow) and (span.pause is not None or body.unfinished != "leave_out"):
        columns.append(sql.alias(hours_of(span.calendar, ONE_ROW), HOURS, quoted=True))
    columns += [sql.alias(sql.name(name, ONE_ROW), carried(name), quoted=True) for name in extra]
    return lengths.with_ends(_of_table(body, columns, within), span)


def _lengths(plan: Plan, body: Spread, extra: Sequence[str] = ()) -> exp.Select:
    """Return the length of every case in every window, by what unfinished cases count as."""
    assert isinstance(body.of, Span)
    ends = sql.name("ends_at" if body.of.to.type == "instant" else "ends_on", WINDOWS)
    in_time = exp.LT(this=sql.name("ended_at", "cases"), expression=ends)
    end: exp.Expr = sql.name("ended", "cases")
    if body.unfinished != "leave_out":
        end = exp.Case(ifs=[exp.If(this=in_time, true=end)], default=_cut(body.of, ends))
    amount = exp.Sub(this=end, expression=sql.name("began", "cases"))
    columns: list[exp.Expr] = [sql.name("period", WINDOWS), *(sql.name(name, "cases") for name in plan.slices)]
    if body.of.pause is None:
        columns.append(sql.alias(amount, "amount"))
    else:
        columns += _stretch(body, in_time, ends, end)
    if body.unfinished == "censor":
        finished = exp.Coalesce(this=in_time.copy(), expressions=[exp.false()])
        columns.append(sql.alias(finished, "finished"))
    columns += [sql.name(carried(name), "cases") for name in extra]
    month = exp.EQ(this=sql.name("month", WINDOWS), expression=sql.name("month", "cases"))
    counted = (
        exp.select(*columns).from_(sql.relation("cases"), copy=False).join(sql.relation(WINDOWS), on=month, copy=False)
    )
    if isinstance(body.of.calendar, ByRow) and body.unfinished != "leave_out":
        counted = with_slots(counted, ends, body.of.calendar, _CUT_IN, carried_by="cases")
    return _less_pauses(plan, body, counted, extra) if body.of.pause is not None else counted


def _cut(span: Span, ends: exp.Expr) -> exp.Expr:
    """Return the seconds up to the end of the period: of the clock, of the one calendar, or of that of each row."""
    if isinstance(span.calendar, str):
        return sql.name("ends_worked", WINDOWS)
    return seconds(ends, span.calendar, _CUT_IN)


def _stretch(body: Spread, in_time: exp.Expr, ends: exp.Expr, end: exp.Expr) -> list[exp.Expr]:
    """Return the ends of what may be paused: as instants, and in the seconds that are counted."""
    until_at: exp.Expr = sql.name("ended_at", "cases")
    if body.unfinished != "leave_out":
        until_at = exp.Case(ifs=[exp.If(this=in_time.copy(), true=until_at)], default=ends.copy())
    assert isinstance(body.of, Span)
    columns = [sql.name(lengths.STRETCH[0], "cases"), sql.name("began_at", "cases"), until_at]
    if isinstance(body.of.calendar, ByRow):
        columns.append(sql.name(HOURS, "cases"))
    names = lengths.stretch(body.of)
    found = [sql.alias(column, name, quoted=True) for column, name in zip(columns, names, strict=True)]
    return [*found, sql.name("began", "cases"), sql.alias(end.copy(), "until")]


def _less_pauses(plan: Plan, body: Spread, counted: exp.Select, extra: Sequence[str]) -> exp.Select:
    """Take off each stretch what was waited in it: stretches that several windows share are looked at once."""
    assert isinstance(body.of, Span)
    stretch = lengths.stretch(body.of)
    names = [*stretch, "began", "until"]
    each = (
        exp.select(*(sql.name(name) for name in names))
        .from_(sql.identifier(_STRETCHES), copy=False)
        .distinct(copy=False)
    )
    columns: list[exp.Expr] = [sql.name(name, "counted") for name in ("period", *plan.slices)]
    length = exp.Sub(this=sql.name("until", "counted"), expression=sql.name("began", "counted"))
    rows = exp.select().from_(sql.alias(exp.Table(this=sql.identifier(_STRETCHES)), "counted", table=True), copy=False)
    own = [sql.name(name, "counted") for name in stretch]
    rows, waited = lengths.less_waits(
        rows, body.of, lengths.waits(body.of, each.subquery("stretches", copy=False)), own
    )
    columns.append(sql.alias(exp.Sub(this=length, expression=waited), "amount"))
    if body.unfinished == "censor":
        columns.append(sql.name("finished", "counted"))
    columns += [sql.name(carried(name), "counted") for name in extra]
    return sql.preceded(rows.select(*columns, copy=False), _STRETCHES, counted)


# --- scores with one answer of each --------------------------------------------------------------------------------
def _chosen(plan: Plan, body: Chosen, within: Reach | None) -> exp.Select:
    """Choose within the window and, for a slice, within the slice: the latest answer that fell into both."""
    order = sql.call("ROW", *(sql.name(column.name, ONE_ROW) for column in body.order))
    choose = "ARG_MAX" if body.keep == "latest" else "ARG_MIN"
    slices = [sql.name(name, ONE_ROW) for name in plan.slices]
    period, key = sql.name("period", WINDOWS), sql.name(body.key.name, ONE_ROW)
    columns: list[exp.Expr] = [period, *(entry.copy() for entry in slices), *sql.which_slice(slices)]
    columns.append(sql.alias(sql.call(choose, sql.name(body.answer.name, ONE_ROW), order), "answer"))
    known = exp.Not(this=exp.Is(this=key.copy(), expression=exp.null()))
    chosen = (
        _of_table(body, columns, within)
        .join(sql.relation(WINDOWS), on=_in_window(body), copy=False)
        .where(known, copy=False)
    )
    chosen.set("group", sql.grouping([period, key], slices, plan))
    answer = ColumnRef("answer", body.answer.type)
    parts = [sql.alias(sql.tally(sql.about(tally, body.answer, answer)), tally.name) for tally in body.tallies]
    keys = ["period", *plan.slices, *(("sliced",) if plan.slices else ())]
    boxes = exp.select(*(sql.name(name) for name in keys), *parts).from_(sql.relation("chosen"), copy=False)
    boxes.set("group", exp.Group(expressions=[sql.name(name) for name in keys]))
    names = [*keys, *(tally.name for tally in body.tallies)]
    value = sql.alias(sql.quotients(body.quotients, body.scale), "value")
    outer = exp.select(*(sql.name(name) for name in names), value).from_(sql.relation("boxes"), copy=False)
    return sql.defined(outer, {"chosen": chosen, "boxes": boxes})
