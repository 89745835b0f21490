"""The rows that a number counts, as a file: what an auditor adds up again by hand.

A file has every declared column of one table, the key first, ordered by it. After them stand columns whose names hold
a blank, which no declared name does: ``in numerator`` and the like say yes or no per part of the value, and ``length in
hours`` what a row contributed to a percentile or a duration.

A number beginning with a minus stays a number. A text beginning with ``=``, ``+``, ``-``, ``@``, a tab or a carriage
return gets an apostrophe in front, because a spreadsheet would otherwise run it as a formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from qmsreports.catalog.table import Table
from qmsreports.kpi import rows, sql, words
from qmsreports.kpi.figures import Slice
from qmsreports.kpi.left_out import all_met, in_slice, level_tests
from qmsreports.kpi.lengths import source
from qmsreports.kpi.plan import Additive, Chosen, ColumnRef, Level, Plan, Span, Spread, Tally
from qmsreports.kpi.rollup import WINDOWS

_DANGEROUS = ("=", "+", "-", "@")
_CONTROL = (9, 13)


@dataclass(frozen=True, slots=True)
class Counted:
    """The statement of the counted rows of one table, and the date column that put them into the period."""

    table: str
    clock: str
    statement: exp.Select


def counted(plan: Plan, tables: Mapping[str, Table], cut: Slice = ()) -> tuple[Counted, ...]:
    """Return one statement per table and date column that a plan reads, the one that ``n`` counts first.

    None for a formula: it has no rows of its own. The windows of one period have to be laid out.
    """
    body = plan.body
    if isinstance(body, Additive):
        found = words.sources(body)
        n = next(tally for tally in body.tallies if tally.name == body.n)
        order = sorted(found, key=lambda source: source != (n.table, n.clock))
        return tuple(_sums(tables[table], clock, found[table, clock], cut) for table, clock in order)
    if isinstance(body, Level):
        table = tables[body.table]
        statement = exp.select(*_columns(table)).from_(source(body.table, body.where))
        return (
            Counted(body.table, body.start.name, _ordered(statement.where(all_met(level_tests(body, cut))), table)),
        )
    if isinstance(body, Spread):
        return (_spread(plan, body, tables[body.table], cut),)
    return (_chosen(body, tables[body.table], cut),) if isinstance(body, Chosen) else ()


def file_of(path: Path, entry: Counted, first: bool) -> Path:
    """Return where the rows of a statement go: the file that was named, or one beside it named after the table."""
    return path if first else path.with_name(f"{path.stem}-{entry.table}-by-{entry.clock}{path.suffix}")


def _sums(table: Table, clock: ColumnRef, tallies: Sequence[Tally], cut: Slice) -> Counted:
    parts = {tally.name: _in_tally(tally) for tally in tallies if tally.aggregate != "squares"}
    tests = [test for tally in tallies for test in tally.where]
    statement = exp.select(*_columns(table), *_yes_no(parts)).from_(source(table.table, tests))
    statement = statement.where(_in_window(clock), *in_slice(cut), exp.or_(*(part.copy() for part in parts.values())))
    return Counted(table.table, clock.name, _ordered(statement, table))


def _chosen(body: Chosen, table: Table, cut: Slice) -> Counted:
    """Keep of each key the answer of the window and the slice that counts: the first or last that is not empty."""
    newest = body.keep == "latest"
    order = exp.Order(expressions=[exp.Ordered(this=sql.name(entry.name), desc=newest) for entry in body.order])
    place = exp.Window(this=exp.Anonymous(this="ROW_NUMBER"), partition_by=[sql.name(body.key.name)], order=order)
    inner = exp.select(
        *(sql.name(name) for name in table.names), exp.alias_(place, "place in order", quoted=True)
    ).from_(source(body.table, body.where))
    inner = inner.where(_in_window(body.clock), *in_slice(cut), _known(body.key), _known(body.answer))
    tests = sql.all_of(body.where)
    inner = inner.where(tests) if tests is not None else inner
    parts = {tally.name: _in_tally(tally) for tally in body.tallies if tally.aggregate != "squares"}
    statement = exp.select(*_columns(table), *_yes_no(parts)).from_(inner.subquery("answers"))
    first = exp.EQ(this=sql.name("place in order"), expression=sql.literal(1))
    return Counted(body.table, body.clock.name, _ordered(statement.where(first), table))


def _spread(plan: Plan, body: Spread, table: Table, cut: Slice) -> Counted:
    if not isinstance(body.of, Span):
        statement = exp.select(*_columns(table)).from_(source(body.table, body.where))
        statement = statement.where(_in_window(body.clock), *in_slice(cut), _known(body.of))
        tests = sql.all_of(body.where)
        statement = statement.where(tests) if tests is not None else statement
        return Counted(body.table, body.clock.name, _ordered(statement, table))
    lengths = rows.lengths_statement(plan, body, table.names)
    own = {name: rows.carried(name) for name in table.names}
    amount = sql.name("amount")
    length = exp.Div(this=amount, expression=sql.literal(body.divisor))
    columns: list[exp.Expr] = [*_columns(table, own), exp.alias_(length, f"length in {plan.unit}", quoted=True)]
    if body.unfinished == "censor":
        columns.append(_yes("finished", sql.name("finished")))
    statement = exp.select(*columns).from_(lengths.subquery("lengths"))
    statement = statement.where(exp.GTE(this=amount.copy(), expression=sql.literal(0)), *in_slice(cut, own))
    return Counted(body.table, body.clock.name, _ordered(statement, table, own))


def _columns(table: Table, own: Mapping[str, str] | None = None) -> list[exp.Expr]:
    """Return the declared columns, the key first, texts made safe; ``own`` says what they are called in the source."""
    types = {column.name: column.type for column in table.columns}
    names = [*table.key, *(name for name in table.names if name not in table.key)]
    return [exp.alias_(_cell(sql.name((own or {}).get(name, name)), types[name]), name, quoted=True) for name in names]


def _cell(column: exp.Expr, kind: str) -> exp.Expr:
    if kind != "text":
        return column
    first = sql.call("LEFT", column.copy(), sql.literal(1))
    starts: list[exp.Expr] = [sql.literal(sign) for sign in _DANGEROUS]
    starts += [sql.call("CHR", sql.literal(code)) for code in _CONTROL]
    guarded = exp.DPipe(this=sql.literal("'"), expression=column.copy())
    return exp.Case(ifs=[exp.If(this=exp.In(this=first, expressions=starts), true=guarded)], default=column)


def _yes_no(parts: Mapping[str, exp.Expr]) -> list[exp.Expr]:
    return [_yes(f"in {name}", test) for name, test in parts.items()]


def _yes(name: str, test: exp.Expr) -> exp.Expr:
    case = exp.Case(ifs=[exp.If(this=test.copy(), true=sql.literal("yes"))], default=sql.literal("no"))
    return exp.alias_(case, name, quoted=True)


def _in_tally(tally: Tally) -> exp.Expr:
    tests = [sql.predicate(test) for test in dict.fromkeys(tally.where)]
    if tally.of is not None:
        tests.append(_known(tally.of))
    return exp.and_(*tests) if tests else exp.true()


def _in_window(clock: ColumnRef) -> exp.Expr:
    months = exp.select(sql.name("month")).from_(WINDOWS)
    return exp.In(this=sql.month(clock), query=months.subquery())


def _known(column: ColumnRef) -> exp.Expr:
    return exp.Not(this=exp.Is(this=sql.name(column.name), expression=exp.null()))


def _ordered(statement: exp.Select, table: Table, own: Mapping[str, str] | None = None) -> exp.Select:
    return statement.order_by(*(sql.name((own or {}).get(name, name)) for name in table.key))
