"""Rows that a number does not count, and the condition that kept each of them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from qmsreports.kpi import sql, words
from qmsreports.kpi.figures import UNNAMED, Slice
from qmsreports.kpi.hours import no_hours
from qmsreports.kpi.lengths import source
from qmsreports.kpi.plan import Additive, ByRow, Chosen, ColumnRef, Level, Plan, Span, Spread, Tally, Test
from qmsreports.kpi.rollup import WINDOWS


@dataclass(frozen=True, slots=True)
class Question:
    """A statement with one row of counts, and what each count means; ``counted`` marks the rows that stay."""

    about: str
    statement: exp.Select
    meanings: tuple[str, ...]


def questions(plan: Plan, cut: Slice = ()) -> tuple[Question, ...]:
    """Return what to ask of each source of rows of a plan; none for a formula.

    Conditions are applied in the order they are written: a row is told under the first one that it does not meet, so
    the counts add up to the rows of the window.
    """
    body = plan.body
    if isinstance(body, Additive):
        return tuple(
            _question(table, clock, words.shared(tallies), tallies, (), cut)
            for (table, clock), tallies in words.sources(body).items()
        )
    if isinstance(body, Level):
        return (_level(body, cut),)
    if isinstance(body, Spread):
        return (_question(body.table, body.clock, body.where, (), _unfit(body), cut),)
    if isinstance(body, Chosen):
        keyless = (f"without {body.key.name}", exp.Is(this=sql.name(body.key.name), expression=exp.null()))
        return (_question(body.table, body.clock, body.where, (), (keyless,), cut),)
    return ()


def _unfit(body: Spread) -> tuple[tuple[str, exp.Expr], ...]:
    """Return why a row that meets all conditions has no length or amount."""
    if not isinstance(body.of, Span):
        return ((f"{body.of.name} not known", exp.Is(this=sql.name(body.of.name), expression=exp.null())),)
    start, to = sql.name(body.of.start.name), sql.name(body.of.to.name)
    found: list[tuple[str, exp.Expr]] = [
        (f"without {body.of.start.name}", exp.Is(this=start, expression=exp.null())),
        (f"{body.of.to.name} before {body.of.start.name}", exp.LT(this=to, expression=start.copy())),
    ]
    if isinstance(body.of.calendar, ByRow) and body.of.calendar.otherwise is None:
        found.append((f"no calendar for its {body.of.calendar.by.name}", no_hours(body.of.calendar)))
    if body.unfinished == "leave_out":
        found.insert(1, (f"without {body.of.to.name}", exp.Is(this=to.copy(), expression=exp.null())))
    return tuple(found)


def _question(
    table: str,
    clock: ColumnRef,
    tests: Sequence[Test],
    tallies: Sequence[Tally],
    unfit: Sequence[tuple[str, exp.Expr]],
    cut: Slice,
) -> Question:
    months = exp.select(sql.name("month")).from_(WINDOWS)
    inside = all_met([exp.In(this=sql.month(clock), query=months.subquery()), *in_slice(cut)])
    asked: list[tuple[str, exp.Expr]] = [
        (f"rows of {table} without {clock.name}, which lie in no period", _empty(clock)),
        (f"rows of {table} in the window", inside),
    ]
    met: list[exp.Expr] = [inside]
    for test in dict.fromkeys(tests):
        asked.append((f"left out: {words.unmet(test)}", all_met([*met, fails(sql.predicate(test))])))
        met.append(sql.predicate(test))
    for what, problem in unfit:
        asked.append((f"left out: {what}", all_met([*met, problem])))
        met.append(fails(problem))
    asked.append(("counted", all_met(met)))
    for tally in tallies:
        own = [test for test in dict.fromkeys(tally.where) if test not in tests]
        if own:
            meaning = " and ".join(words.condition(test) for test in own)
            asked.append(
                (f"of these in {tally.name}: {meaning}", all_met([*met, *(sql.predicate(test) for test in own)]))
            )
    return _asked(table, asked, [*tests, *(test for tally in tallies for test in tally.where)])


def _level(body: Level, cut: Slice) -> Question:
    begun, ended = _before_end(body.start), _before_end(body.to)
    inside = all_met([begun, *in_slice(cut)])
    asked: list[tuple[str, exp.Expr]] = [
        (f"rows of {body.table} without {body.start.name}", _empty(body.start)),
        (f"rows of {body.table} begun by the end of the period", inside),
    ]
    met: list[exp.Expr] = [inside]
    for test in dict.fromkeys(body.where):
        asked.append((f"left out: {words.unmet(test)}", all_met([*met, fails(sql.predicate(test))])))
        met.append(sql.predicate(test))
    asked.append(("left out: ended by then", all_met([*met, ended])))
    asked.append(("counted", all_met([*met, fails(ended)])))
    return _asked(body.table, asked, body.where)


def level_tests(body: Level, cut: Slice) -> list[exp.Expr]:
    """Return what a row meets that a level counts."""
    tests = [sql.predicate(test) for test in dict.fromkeys(body.where)]
    return [_before_end(body.start), *in_slice(cut), *tests, fails(_before_end(body.to))]


def _before_end(column: ColumnRef) -> exp.Expr:
    ends = exp.Max(this=sql.name("ends_at" if column.type == "instant" else "ends_on"))
    return exp.LT(this=sql.name(column.name), expression=exp.select(ends).from_(WINDOWS).subquery())


def in_slice(cut: Slice, own: Mapping[str, str] | None = None) -> list[exp.Expr]:
    """Return the tests of a slice; ``own`` says what its columns are called in the source."""
    tests: list[exp.Expr] = []
    for slicer, value in cut:
        name = (own or {}).get(slicer, slicer)
        column = exp.cast(sql.name(name), "text")
        empty = exp.Is(this=sql.name(name), expression=exp.null())
        tests.append(empty if value == UNNAMED else exp.EQ(this=column, expression=sql.literal(value)))
    return tests


def _empty(column: ColumnRef) -> exp.Expr:
    return exp.Is(this=sql.name(column.name), expression=exp.null())


def fails(test: exp.Expr) -> exp.Expr:
    """Return "is not met": false or, where something is empty, unknown."""
    return exp.Not(this=exp.Is(this=exp.paren(test), expression=exp.true()))


def all_met(tests: Sequence[exp.Expr]) -> exp.Expr:
    """Return the conjunction of these tests."""
    return exp.and_(*tests)


def _asked(table: str, asked: Sequence[tuple[str, exp.Expr]], tests: Sequence[Test]) -> Question:
    counts = [
        exp.alias_(
            exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=test)), f"count {number}", quoted=True
        )
        for number, (_, test) in enumerate(asked)
    ]
    statement = exp.select(*counts).from_(source(table, tests))
    return Question(table, statement, tuple(meaning for meaning, _ in asked))
