r"""A statement of this package as Spark SQL, with the same meaning to the last bit that arithmetic allows.

What differs, and what becomes of it:

==========================  ==========================================================================================
DuckDB                      Spark
==========================  ==========================================================================================
``100.0``                   ``100.0D``: without the mark it is a decimal of one digit, and a quotient loses digits
``QUANTILE_CONT(x, 0.9)``   ``PERCENTILE(x, 0.9D)``: exact, and interpolated in the same way; of several shares a list
``ARG_MAX(a, ROW(b, c))``   ``MAX_BY(a, STRUCT(b, c)) FILTER (WHERE NOT a IS NULL)``: Spark would choose empty answers
``LIST_SORT(LIST(x))``      ``SORT_ARRAY(COLLECT_LIST(x))``
``LIST_EXTRACT(xs, 3)``     ``ELEMENT_AT(xs, 3)``
``GROUPING(a, b)``          ``GROUPING(a) * 2 + GROUPING(b)``: Spark's takes one column
a reserved word as a name   quoted with backticks
``${`` in a text            written ``\u0024{``: Spark replaces variables in a statement before it reads it
==========================  ==========================================================================================

``FILTER``, ``GROUPING SETS``, ``GROUP BY ALL``, windows and everything else are the same. Time zones never reach the
engine (see :mod:`qmsreports.kpi.clock`), and working time is an equality of slots, so no ``ASOF JOIN`` is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp, parse
from sqlglot.dialects.spark import Spark as SparkSql
from sqlglot.errors import SqlglotError
from sqlglot.generators.spark import SparkGenerator

_CHOICE = {"ARG_MAX": "MAX_BY", "ARG_MIN": "MIN_BY"}
_RESERVED = """
all and anti any array as at authorization between both by case cast check collate column constraint create cross
current_date current_time current_timestamp current_user distinct else end escape except exists false fetch filter for
foreign from full grant group grouping having in inner insert intersect interval into is join lateral leading left like
localtimestamp minus natural not null offset on only or order outer overlaps primary references right select semi
session_user set setminus some table then time to trailing true union unique unknown user using values when where window
with within
"""


class _Dialect(SparkSql):
    """Spark SQL with every reserved word of its ANSI mode quoted, and no text that it would read a variable in."""

    class Generator(SparkGenerator):
        RESERVED_KEYWORDS: ClassVar[set[str]] = set(_RESERVED.split())

        def literal_sql(self, expression: exp.Literal) -> str:
            """Write a text so that nothing in it is a variable; digits behind a NUL stay digits."""
            if expression.is_string and "\0" in expression.this:
                parts = (self.literal_sql(exp.Literal.string(part))[1:-1] for part in expression.this.split("\0"))
                return "'" + "\\u0000".join(parts) + "'"
            return super().literal_sql(expression).replace("${", "\\u0024{")


def text(statement: exp.Expr) -> str:
    """Return a statement, written for no engine, as readable Spark SQL."""
    from qmsreports.kpi.sql import WIDTH

    return rewritten(statement).sql(dialect=_Dialect, pretty=True, max_text_width=WIDTH, copy=False)


def comment(line: str) -> str:
    """Return a comment line that Spark ends at its end: a backslash there would take the next line into it."""
    safe = line.replace("${", "$ {")
    return f"{safe}." if safe.endswith("\\") else safe


def rewritten(statement: exp.Expr) -> exp.Expr:
    """Return a copy of a statement in which everything that Spark reads differently is replaced."""
    doubles = statement.copy().transform(_double, copy=False)  # apart: what replaces a call is not looked into again
    return doubles.transform(_call, copy=False)


def is_one_select(statement: str) -> bool:
    """Tell whether a text is a single SELECT, as Spark would read it."""
    try:
        parsed = parse(statement, read=SparkSql)
    except SqlglotError:
        return False
    return len(parsed) == 1 and isinstance(parsed[0], exp.Query)


def _double(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Literal) and not node.is_string and not node.this.isdigit():
        return exp.Var(this=f"{node.this}D")
    return node


def _call(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Anonymous):
        rewrite = _REWRITES.get(str(node.this).upper())
        return rewrite(node) if rewrite is not None else node
    return node


def _percentile(node: exp.Anonymous) -> exp.Expr:
    return exp.Anonymous(this="PERCENTILE", expressions=node.expressions)


def _choice(node: exp.Anonymous) -> exp.Expr:
    answer, row = node.expressions
    order = exp.Anonymous(this="STRUCT", expressions=row.expressions)
    chosen = exp.Anonymous(this=_CHOICE[str(node.this).upper()], expressions=[answer, order])
    known = exp.Not(this=exp.Is(this=answer.copy(), expression=exp.null()))
    return exp.Filter(this=chosen, expression=exp.Where(this=known))


def _grouping(node: exp.Anonymous) -> exp.Expr:
    """Return the bits one by one, the first column's the highest."""
    bits: list[exp.Expr] = []
    for position, column in enumerate(reversed(node.expressions)):
        bit: exp.Expr = exp.Anonymous(this="GROUPING", expressions=[column])
        if position:
            bit = exp.Mul(this=bit, expression=exp.Literal.number(2**position))
        bits.insert(0, bit)
    total = bits[0]
    for bit in bits[1:]:
        total = exp.Add(this=total, expression=bit)
    return total


def _renamed(name: str) -> Callable[[exp.Anonymous], exp.Expr]:
    """Return a rewrite that keeps the node, so that what is inside it is rewritten, too."""

    def rename(node: exp.Anonymous) -> exp.Expr:
        node.set("this", name)
        return node

    return rename


_REWRITES: dict[str, Callable[[exp.Anonymous], exp.Expr]] = {
    "QUANTILE_CONT": _percentile,
    "ARG_MAX": _choice,
    "ARG_MIN": _choice,
    "GROUPING": _grouping,
    "LIST": _renamed("COLLECT_LIST"),
    "LIST_SORT": _renamed("SORT_ARRAY"),
    "LIST_EXTRACT": _renamed("ELEMENT_AT"),
}
