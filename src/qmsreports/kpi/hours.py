"""The opening hours that lengths are counted in: how a statement looks up the open seconds up to an instant.

``W(t)`` is what was open of a calendar up to ``t``; the time worked from ``a`` to ``b`` is ``W(b) - W(a)``. It is
looked up by the slot of time in which ``t`` lies, an equality that the database hashes: 0.45 CPU seconds for both ends
of 5 M tickets, where an ``ASOF JOIN`` on the intervals sorts for 2.1.

Where each row has its own calendar, the hours of all of them are one relation and the calendar is part of the equality,
so that ten sites cost one look-up and not ten.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from qmsreports.kpi import sql
from qmsreports.kpi.plan import ByRow

HOURS = "hours of row"
"""Column with the name of a row's calendar, where it is carried along; the blanks keep it apart from declared ones."""


def calendar_relation(calendar: str) -> str:
    """Return the name of the relation that holds the opening hours of a calendar."""
    return f"open_time_{calendar}"


def slot_function(calendar: str) -> str:
    """Return the name of the function that finds the slot of an instant in that relation."""
    return f"TIME_SLOT_{calendar}".upper()


def seconds(moment: exp.Expr, calendar: str | ByRow | None, alias: str) -> exp.Expr:
    """Return the seconds up to an instant: ``W(t)`` of the hours joined as ``alias``, plain ones without a calendar."""
    plain = sql.call("EPOCH_SECONDS", moment.copy())
    if calendar is None:
        return plain
    inside = exp.paren(exp.Sub(this=plain, expression=sql.name("starts", alias)))
    open_part = exp.Mul(this=sql.name("open", alias), expression=inside)
    return exp.Add(this=sql.name("worked", alias), expression=open_part)


def with_slots(
    rows: exp.Select, moment: exp.Expr, calendar: str | ByRow | None, alias: str, carried_by: str = "", of: str = ""
) -> exp.Select:
    """Join the slots in which an instant of each row lies; one outside the known time, or of no calendar, has none.

    ``of`` is the relation with the column that tells a row's calendar, ``carried_by`` one that carries its name.
    """
    if calendar is None:
        return rows
    if isinstance(calendar, str):
        named = exp.TableAlias(this=sql.identifier(alias))
        hours: exp.Expr = exp.Table(this=exp.to_identifier(calendar_relation(calendar)), alias=named)
        slot = sql.call(slot_function(calendar), moment.copy())
        return rows.join(hours, on=exp.EQ(this=sql.name("slot", alias), expression=slot), join_type="left", copy=False)
    own = sql.name(HOURS, carried_by) if carried_by else hours_of(calendar, of)
    slots = ((name, sql.call(slot_function(name), moment.copy())) for name in calendar.names)
    same = exp.and_(
        exp.EQ(this=sql.name("calendar", alias), expression=own),
        exp.EQ(this=sql.name("slot", alias), expression=_chosen(calendar, dict(slots), carried_by, of)),
        copy=False,
    )
    return rows.join(
        _together(calendar).subquery(sql.identifier(alias), copy=False), on=same, join_type="left", copy=False
    )


def hours_of(calendar: ByRow, table: str) -> exp.Expr:
    """Return the name of a row's calendar, empty where its column names none."""
    return _chosen(calendar, {name: sql.literal(name) for name in calendar.names}, "", table)


def no_hours(calendar: ByRow, table: str = "") -> exp.Expr:
    """Return the condition that a row has no calendar."""
    return exp.Is(this=hours_of(calendar, table), expression=exp.null())


def _chosen(calendar: ByRow, values: dict[str, exp.Expr], carried_by: str, of: str) -> exp.Expr:
    """Return the value of a row's calendar."""
    if carried_by:
        own = sql.name(HOURS, carried_by)
        return _case((exp.EQ(this=own.copy(), expression=sql.literal(name)), value) for name, value in values.items())
    column = sql.name(calendar.by.name, of)
    found: dict[str, list[exp.Expr]] = {}
    for word, name in calendar.of:
        found.setdefault(name, []).append(sql.literal(word))
    tests = ((exp.In(this=column.copy(), expressions=words), values[name]) for name, words in found.items())
    return _case(tests, values[calendar.otherwise] if calendar.otherwise is not None else None)


def _case(choices: Iterable[tuple[exp.Expr, exp.Expr]], otherwise: exp.Expr | None = None) -> exp.Expr:
    ifs = [exp.If(this=test, true=value.copy()) for test, value in choices]
    return exp.Case(ifs=ifs, default=otherwise.copy() if otherwise is not None else None)


def _together(calendar: ByRow) -> exp.Query:
    """Return the hours of all calendars that a row can have, with the name of each."""
    found: exp.Query | None = None
    for name in calendar.names:
        columns = [sql.name(column) for column in ("slot", "starts", "open", "worked")]
        one = exp.select(exp.alias_(sql.literal(name), "calendar"), *columns).from_(
            exp.Table(this=exp.to_identifier(calendar_relation(name))), copy=False
        )
        found = one if found is None else exp.union(found, one, distinct=False, copy=False)
    assert found is not None  # a definition names at least one
    return found
