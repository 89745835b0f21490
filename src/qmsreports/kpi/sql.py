"""Building blocks of every statement, and the only place where names and values become SQL.

Names come from checked plans; values become SQLGlot literals; text for people becomes line comments. The result is
kept as evidence, so it is printed to be read.

Functions and relations that the engine provides beside the canonical tables:

``LOCAL_DAY(instant)``      day of an instant in the organisation's time zone
``WEEK_MONTH(day)``         number of the month of whole weeks in which a day lies, see :mod:`qmsreports.kpi.weeks`
``EPOCH_SECONDS(instant)``  seconds since 1970 in UTC, with fractions
``TIME_SLOT_...(instant)``  number of the stretch of time in which ``open_time_<calendar>`` holds the instant
``windows``                 one row per period and month that its value covers, with the period's end
``ranks``                   per ``n``: ranks ``low`` and ``high`` of the values that enclose a percentile
``open_time_<calendar>``    per slot: ``worked`` seconds before it, ``open`` 1 or 0, ``starts`` in seconds since 1970
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256

from sqlglot import exp

from qmsreports.kpi.plan import Aggregate, ColumnRef, Plan, Quotient, Span, Tally, Test, Value

_COMPARE: dict[str, type[exp.Binary]] = {
    "is": exp.EQ,
    "is_not": exp.NEQ,
    "at_most": exp.LTE,
    "at_least": exp.GTE,
    "above": exp.GT,
    "below": exp.LT,
}

WIDTH = 110
"""Columns of a line of SQL before it is broken."""
_FILTER = re.compile(r"FILTER\(WHERE\s*\n\s+")


def name(word: str, table: str = "") -> exp.Column:
    """Return a column; what is a keyword or holds a blank is quoted when it is printed."""
    return exp.Column(this=identifier(word), table=identifier(table) if table else None)


def identifier(word: str) -> exp.Identifier:
    """Return a checked name; the blank in names of our own keeps them apart from declared ones, and needs quotes."""
    return exp.Identifier(this=word, quoted=not (word.isascii() and word.isidentifier()))


def alias(expression: exp.Expr, word: str, *, table: bool = False, quoted: bool | None = None) -> exp.Expr:
    """Return an expression under a name, or a relation (``table``); the expression itself is taken, not a copy."""
    return exp.alias_(expression, word, table=table, quoted=quoted, copy=False)


def relation(word: str) -> exp.Table:
    """Return a table or an earlier part of the statement by its checked name; no text is parsed for it."""
    return exp.Table(this=identifier(word))


def call(function: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of a function that every engine knows under this name."""
    return exp.Anonymous(this=function, expressions=list(arguments))


def literal(value: Value) -> exp.Expr:
    """Return a literal; never anything else, whatever the text holds."""
    if isinstance(value, bool):
        return exp.true() if value else exp.false()
    if isinstance(value, int | float):
        return exp.Literal.number(value) if value >= 0 else exp.Neg(this=exp.Literal.number(-value))
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "date")
    return exp.Literal.string(value)


def day(column: ColumnRef, table: str = "") -> exp.Expr:
    """Return the day in the organisation's zone of a date or instant column."""
    reference = name(column.name, table)
    return call("LOCAL_DAY", reference) if column.type == "instant" else reference


def month(column: ColumnRef, table: str = "") -> exp.Expr:
    """Return the number of the month in which a date or instant lies: 12 x year + month, October 2026 is 24322."""
    if column.weeks:
        return call("WEEK_MONTH", day(column, table))
    year = exp.Mul(this=call("YEAR", day(column, table)), expression=literal(12))
    return exp.Add(this=year, expression=call("MONTH", day(column, table)))


def predicate(test: Test, table: str = "") -> exp.Expr:
    """Return one condition. Instants are compared with dates and with each other's days by the organisation's day."""
    left, right = test.left, test.right
    if isinstance(left, Span):
        assert not isinstance(right, ColumnRef)  # a length is compared with one
        return _COMPARE[test.operator](this=name(left.column, table), expression=literal(right[0]))
    if test.operator == "known":
        empty = exp.Is(this=name(left.name, table), expression=exp.null())
        return exp.Not(this=empty) if right == (True,) else empty
    if isinstance(right, ColumnRef):
        mixed = {left.type, right.type} == {"date", "instant"}
        sides = (day(left, table), day(right, table)) if mixed else (name(left.name, table), name(right.name, table))
        return _COMPARE[test.operator](this=sides[0], expression=sides[1])
    side = day(left, table)
    if test.operator in ("in", "not_in") and len(right) > 1:
        found = exp.In(this=side, expressions=[literal(value) for value in right])
        return exp.Not(this=found) if test.operator == "not_in" else found
    comparison = {"in": exp.EQ, "not_in": exp.NEQ}.get(test.operator) or _COMPARE[test.operator]
    return comparison(this=side, expression=literal(right[0]))


def all_of(tests: Iterable[Test], table: str = "") -> exp.Expr | None:
    """Return the conjunction of conditions, ``None`` when there is none."""
    parts = [predicate(test, table) for test in dict.fromkeys(tests)]
    return exp.and_(*parts, copy=False) if parts else None


def aggregate(kind: Aggregate, of: ColumnRef | None, where: exp.Expr | None, table: str = "") -> exp.Expr:
    """Return an aggregate over the rows that meet a condition."""
    column = name(of.name, table) if of is not None else exp.Star()
    inner: exp.Expr
    if kind in ("rows", "known"):
        inner = exp.Count(this=column)
    else:
        inner = exp.Sum(this=exp.Mul(this=column, expression=column.copy()) if kind == "squares" else column)
    return exp.Filter(this=inner, expression=exp.Where(this=where)) if where is not None else inner


def tally(entry: Tally, *, quick: bool = False) -> exp.Expr:
    """Return the aggregate of a tally over the rows of its table.

    ``quick`` is for a scan that counts for many: rows that meet a condition are counted by ``COUNT_IF``, which takes an
    engine a sixteenth less for a whole scan of 13 parts. For reading, they are counted by ``FILTER`` as all else is.
    """
    where = all_of(entry.where)
    if quick and entry.aggregate == "rows" and where is not None:
        return exp.CountIf(this=where)
    return aggregate(entry.aggregate, entry.of, where)


def about(entry: Tally, column: ColumnRef, other: ColumnRef) -> Tally:
    """Return a tally that looks at ``other`` where it looked at ``column``."""
    where = tuple(replace(test, left=other) if test.left == column else test for test in entry.where)
    return replace(entry, of=other if entry.of == column else entry.of, where=where)


def total(column: exp.Expr) -> exp.Expr:
    """Return the sum of a column of sums; nothing added up is zero."""
    return exp.Coalesce(this=exp.Sum(this=column), expressions=[literal(0)])


def quotients(entries: Sequence[Quotient], scale: float) -> exp.Expr:
    """Return ``scale x numerator / denominator`` over named columns; without a denominator's worth there is no value.

    The scale is multiplied first: 100 x 467 / 500 is exactly 93.4, which 467 / 500 x 100 need not be.
    """
    product: exp.Expr | None = None if scale == 1.0 and entries[0].over is None else literal(scale)
    for entry in entries:
        above = _signed(entry)
        value = above if product is None else exp.Mul(this=product, expression=above)
        if entry.over is not None:
            below = exp.Nullif(this=name(entry.over), expression=literal(0))
            value = exp.Div(this=value, expression=below)
        product = value
    assert product is not None  # a plan has at least one quotient
    return product


def _signed(entry: Quotient) -> exp.Expr:
    value: exp.Expr = name(entry.plus[0])
    for plus in entry.plus[1:]:
        value = exp.Add(this=value, expression=name(plus))
    for minus in entry.minus:
        value = exp.Sub(this=value, expression=name(minus))
    return exp.paren(value, copy=False) if len(entry.plus) + len(entry.minus) > 1 else value


def grouping(first: Sequence[exp.Expr], slices: Sequence[exp.Expr], plan: Plan) -> exp.Group:
    """Group by ``first`` alone, and by ``first`` with each slice: the whole and its slices in one pass.

    ``slices`` are the columns of the plan's slices, in its order; its combinations are groups as well.
    """
    if not slices:
        return exp.Group(expressions=[column.copy() for column in first])
    sets: list[exp.Expr] = [_set(first)]
    columns = dict(zip(plan.slices, slices, strict=True))
    sets += [_set([*first, *(columns[name] for name in cut)]) for cut in plan.cuts]
    return exp.Group(grouping_sets=[exp.GroupingSets(expressions=sets)])


def _set(columns: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Tuple(expressions=[column.copy() for column in columns])


def which_slice(slices: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Return the columns that tell which slice a row is of: bits as ``GROUPING`` sets them, named ``sliced``."""
    if not slices:
        return []
    return [alias(exp.Anonymous(this="GROUPING", expressions=[entry.copy() for entry in slices]), "sliced")]


def defined(outer: exp.Select, parts: Mapping[str, exp.Expr]) -> exp.Select:
    """Return a statement with these relations defined behind those that it has; no text is parsed for their names."""
    entries = [exp.CTE(this=inner, alias=exp.TableAlias(this=identifier(name))) for name, inner in parts.items()]
    present = outer.args.get("with_")
    outer.set("with_", exp.With(expressions=[*(present.expressions if present is not None else ()), *entries]))
    return outer


def preceded(outer: exp.Select, name: str, inner: exp.Select) -> exp.Select:
    """Return a statement with a relation of this name defined before all others of its."""
    entry = exp.CTE(this=inner, alias=exp.TableAlias(this=identifier(name)))
    present = outer.args.get("with_")
    outer.set("with_", exp.With(expressions=[entry, *(present.expressions if present is not None else ())]))
    return outer


def text_of(statement: exp.Expr, *, dialect: str = "duckdb", header: Iterable[str] = ()) -> str:
    """Return readable SQL; each header line becomes a comment that no text can break out of.

    The statement is used up: writing may change it, and a copy of every tree would cost as much as writing it.
    """
    if dialect == "spark":
        from qmsreports.kpi.spark import dialect as spark

        body = spark.text(statement)
    else:
        body = statement.sql(dialect=dialect, pretty=True, max_text_width=WIDTH, copy=False)
    body = _FILTER.sub("FILTER (WHERE ", body)  # a literal holds no line break, so only the layout is touched
    comments = [f"-- {plain(line)}" for line in header]
    if dialect == "spark":
        comments = [spark.comment(line) for line in comments]
    return "".join(f"{line}\n" for line in comments) + body + "\n"


def plain(line: str) -> str:
    """Return a text on one line without control characters."""
    words = "".join(character if character.isprintable() else " " for character in line)
    return " ".join(words.split())


def fingerprint(text: str) -> str:
    """Return the SHA-256 under which a statement is stored."""
    return sha256(text.encode()).hexdigest()
