"""From a table's cube to the values of one KPI: windows, slices and the quotient, in a few milliseconds.

:func:`rollup` is what runs against the cubes of the month's one scan per table. :func:`statement` is the same with the
scan of this KPI alone in front: it stands for itself, does not change when a neighbour does, and is the text that is
stored beside the result. Both give the same numbers (tested for every shipped definition).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from qmsreports.kpi import sql
from qmsreports.kpi.plan import Additive, ColumnRef, Level, Plan, Quotient, Tally
from qmsreports.kpi.scan import cube_of, month_of, scan, scanned, tally_of
from qmsreports.kpi.shared import question

WINDOWS = "windows"


def rollup(plan: Plan) -> exp.Select:
    """Return the statement over the cubes of a plan whose body is a sum or a level."""
    if isinstance(plan.body, Level):
        return _level(plan, plan.body)
    assert isinstance(plan.body, Additive)  # the caller asks scanned() first
    return _sums(plan, plan.body)


def rollup_of(plans: Sequence[Plan]) -> exp.Select:
    """Return one statement for plans of sums that share clock, slices and window: a cube is read once for all of them.

    Where their slices differ, each plan is given with those of all. A row holds period and slices, then for each plan
    its parts and its value. What several plans count is added up once.
    """
    first = plans[0]
    (table, clock) = sources(first)[0]
    asked: dict[object, str] = {}
    names = {
        plan.label: {
            tally.name: asked.setdefault(question(tally), tally_of(plan, tally.name))
            for tally in (plan.body.tallies if isinstance(plan.body, Additive) else ())
        }
        for plan in plans
    }
    totals = [sql.alias(sql.total(sql.name(column, "counted")), column, quoted=True) for column in asked.values()]
    month = sql.name(month_of(clock), "counted")
    sums = grouped(first, _cube(table), exp.EQ(this=sql.name("month", WINDOWS), expression=month), totals)
    columns: list[exp.Expr] = [
        sql.name(key) for key in ("period", *first.slices, *(("sliced",) if first.slices else ()))
    ]
    for plan in plans:
        assert isinstance(plan.body, Additive)  # sources() knows no other
        columns += [sql.name(column) for column in names[plan.label].values()]
        value = sql.quotients([_renamed(entry, names[plan.label]) for entry in plan.body.quotients], plan.body.scale)
        columns.append(sql.alias(value, tally_of(plan, "value"), quoted=True))
    return sql.preceded(exp.select(*columns, copy=False).from_(sql.relation("sums"), copy=False), "sums", sums)


def sources(plan: Plan) -> tuple[tuple[str, ColumnRef], ...]:
    """Return the tables and clocks that a sum is made of; none for other bodies."""
    if not isinstance(plan.body, Additive):
        return ()
    return tuple(dict.fromkeys((tally.table, tally.clock) for tally in plan.body.tallies))


def _renamed(entry: Quotient, names: Mapping[str, str]) -> Quotient:
    plus, minus = (tuple(names[part] for part in parts) for parts in (entry.plus, entry.minus))
    return replace(entry, plus=plus, minus=minus, over=names[entry.over] if entry.over is not None else None)


def statement(plan: Plan) -> exp.Select:
    """Return the self-contained statement: the scan of this plan alone, and its roll-up."""
    outer = rollup(plan)
    for table in reversed(scanned(plan)):
        outer = sql.preceded(outer, cube_of(table), scan(table, [plan]).statement())
    return outer


def parts_of(plan: Plan) -> tuple[str, ...]:
    """Return the names of the parts that a roll-up returns."""
    return tuple(tally.name for tally in plan.body.tallies) if isinstance(plan.body, Additive) else ()


def _sums(plan: Plan, body: Additive) -> exp.Select:
    read = sources(plan)
    if len(read) == 1:
        table, clock = read[0]
        source = _cube(table)
        month = sql.name(month_of(clock), "counted")
        names = {tally.name: tally_of(plan, tally.name) for tally in body.tallies}
    else:
        source = _stacked(plan, body)
        month = sql.name("month", "counted")
        names = {tally.name: tally.name for tally in body.tallies}
    totals = [sql.alias(sql.total(sql.name(names[tally.name], "counted")), tally.name) for tally in body.tallies]
    sums = grouped(plan, source, exp.EQ(this=sql.name("month", WINDOWS), expression=month), totals)
    value = sql.quotients(body.quotients, body.scale)
    return _valued(plan, sums, [tally.name for tally in body.tallies], value)


def _cube(table: str) -> exp.Expr:
    return sql.alias(exp.Table(this=sql.identifier(cube_of(table))), "counted", table=True)


def _stacked(plan: Plan, body: Additive) -> exp.Expr:
    """Return the parts of different tables or clocks one below the other, each with zeros for the others' parts."""
    layers: list[exp.Select] = []
    for table, clock in dict.fromkeys((tally.table, tally.clock) for tally in body.tallies):
        columns = [sql.alias(sql.name(month_of(clock)), "month"), *(sql.name(name) for name in plan.slices)]
        columns += [sql.alias(_own(plan, tally, (table, clock)), tally.name) for tally in body.tallies]
        layers.append(exp.select(*columns).from_(exp.Table(this=sql.identifier(cube_of(table))), copy=False))
    stacked: exp.Query = layers[0]
    for layer in layers[1:]:
        stacked = exp.union(stacked, layer, distinct=False, copy=False)
    return stacked.subquery("counted", copy=False)


def _own(plan: Plan, tally: Tally, source: tuple[str, object]) -> exp.Expr:
    return sql.name(tally_of(plan, tally.name)) if (tally.table, tally.clock) == source else sql.literal(0)


def _level(plan: Plan, body: Level) -> exp.Select:
    """Count what was begun by the last month of the period and not ended in it or before.

    The cube holds (month begun, month ended, rows), so a level costs no more than a count: with 20 M rows and 36
    periods the cube has at most 36 x 36 rows per slice, however long cases stay open.
    """
    last = sql.name("month", WINDOWS)
    ended = sql.name(month_of(body.to), "counted")
    begun = exp.LTE(this=sql.name(month_of(body.start), "counted"), expression=last)
    unended = exp.or_(
        exp.Is(this=ended, expression=exp.null()), exp.GT(this=ended.copy(), expression=last.copy()), copy=False
    )
    rows = exp.Sum(this=sql.name(tally_of(plan, "rows"), "counted"))
    still = exp.Coalesce(this=exp.Filter(this=rows, expression=exp.Where(this=unended)), expressions=[sql.literal(0)])
    return grouped(plan, _cube(body.table), begun, [sql.alias(still, "value")])


def grouped(plan: Plan, source: exp.Expr, on: exp.Expr, columns: list[exp.Expr]) -> exp.Select:
    """Return these columns of months, called ``counted``, by period, whole and slices; ``on`` joins the windows."""
    period = sql.name("period", WINDOWS)
    slices = [sql.name(name, "counted") for name in plan.slices]
    selected = [period, *(entry.copy() for entry in slices), *sql.which_slice(slices), *columns]
    grouped = exp.select(*selected, copy=False).from_(source, copy=False)
    grouped = grouped.join(sql.relation(WINDOWS), on=on, copy=False)
    grouped.set("group", sql.grouping([period], slices, plan))
    return grouped


def _valued(plan: Plan, sums: exp.Select, parts: list[str], value: exp.Expr) -> exp.Select:
    names = ["period", *plan.slices, *(("sliced",) if plan.slices else ()), *parts]
    columns = [*(sql.name(name) for name in names), sql.alias(value, "value")]
    outer = exp.select(*columns, copy=False).from_(sql.relation("sums"), copy=False)
    return sql.preceded(outer, "sums", sums)
