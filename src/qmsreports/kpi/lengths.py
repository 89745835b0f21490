"""Lengths of time as columns: what a statement reads where a condition asks for the time between two columns.

The time worked from ``a`` to ``b`` is ``W(b) - W(a)``, and ``W`` is looked up in the relation of the calendar's open
time. A condition cannot look anything up, so the table is read through a sub-select that adds the length as a column,
named in words: ``opened_at to first_reply_at in support_desk``. Days and plain time come in the same way, because Spark
does not resolve one function of ours inside another in the ``FILTER`` of an aggregate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from qmsreports.kpi import sql
from qmsreports.kpi.hours import HOURS, hours_of, seconds, with_slots
from qmsreports.kpi.plan import Additive, ByRow, Chosen, ColumnRef, Level, Plan, Span, Spread, Test

ENTRY = "entry"


def source(table: str, tests: Iterable[Test], alias: str = "") -> exp.Expr:
    """Return the table as the FROM of a statement that asks these conditions, with the lengths that they compare."""
    spans = measured(tests)
    named = alias or table
    if not spans:
        plain = exp.Table(this=exp.to_identifier(table))
        return sql.alias(plain, alias, table=True) if alias else plain
    inner = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier(ENTRY)))
    for number, span in enumerate(spans, 1):
        began, ended = f"began {number}", f"ended {number}"
        until, since = _end(span, span.to, ended), _end(span, span.start, began)
        length: exp.Expr = exp.Sub(this=until, expression=exp.paren(since))
        if span.pause is not None:
            length = exp.Sub(this=length, expression=_waited(f"waits {number}"))
        inner = inner.select(sql.alias(length, span.column, quoted=True), copy=False)
    inner = inner.from_(sql.alias(exp.Table(this=exp.to_identifier(table)), ENTRY, table=True), copy=False)
    for number, span in enumerate(spans, 1):
        inner = with_ends(inner, span, (f"began {number}", f"ended {number}"))
        if span.pause is not None:
            own = (span.pause.by, span.start, span.to)
            columns: list[exp.Expr] = [sql.name(column.name, ENTRY) for column in own]
            if isinstance(span.calendar, ByRow):
                columns.append(hours_of(span.calendar, ENTRY))
            inner = _beside(inner, span, waits(span, _stretches(table, span)), f"waits {number}", columns)
    return inner.subquery(sql.identifier(named), copy=False)


def with_ends(rows: exp.Select, span: Span, aliases: tuple[str, str] = ("began_in", "ended_in")) -> exp.Select:
    """Join the slots in which both ends of a length lie, to rows of the table that has it."""
    for column, alias in zip((span.start, span.to), aliases, strict=True):
        rows = with_slots(rows, sql.name(column.name, ENTRY), span.calendar, alias, of=ENTRY)
    return rows


def end_of(span: Span, column: ColumnRef, alias: str) -> exp.Expr:
    """Return the seconds up to one end of a length, in the hours joined as ``alias``."""
    return seconds(sql.name(column.name, ENTRY), span.calendar, alias)


# --- pauses -------------------------------------------------------------------------------------------------------
STRETCH = ("pause key", "began at", "until at")
"""Columns that name a stretch of time: whose it is, and its ends as instants."""


def stretch(span: Span) -> tuple[str, ...]:
    """Return the columns that name a stretch of time; its calendar is one where each row has its own."""
    return (*STRETCH, HOURS) if isinstance(span.calendar, ByRow) else STRETCH


def waits(span: Span, stretches: exp.Expr) -> exp.Select:
    """Return the seconds (``waited``) that do not count of each stretch of time.

    ``stretches`` have the columns of :func:`stretch`, and ``began`` and ``until``, its ends in seconds ``W``. ``W``
    never falls, so a pause is cut to a stretch in seconds. A state that holds on, or beyond the known hours, has no end
    of its own; one that began before the known hours began before the stretch.
    """
    pauses = "pauses"
    by_row = isinstance(span.calendar, ByRow)
    paused, resumed = (
        seconds(sql.name(f"{end} at", pauses), span.calendar, f"{end}_in") if by_row else sql.name(end, pauses)
        for end in ("paused", "resumed")
    )
    until, began = sql.name("until", "stretches"), sql.name("began", "stretches")
    last, first = sql.call("LEAST", resumed, until), sql.call("GREATEST", paused, began)  # both pass over what is empty
    length = sql.call("GREATEST", sql.literal(0.0), exp.Sub(this=last, expression=first))
    names = [sql.name(name, "stretches") for name in stretch(span)]
    overlap = exp.and_(
        exp.EQ(this=sql.name(STRETCH[0], pauses), expression=names[0].copy()),
        exp.LT(this=sql.name("paused at", pauses), expression=names[2].copy()),
        exp.or_(
            exp.Is(this=sql.name("resumed at", pauses), expression=exp.null()),
            exp.GT(this=sql.name("resumed at", pauses), expression=names[1].copy()),
            copy=False,
        ),
        copy=False,
    )
    result = exp.select(*names, sql.alias(exp.Sum(this=length), "waited")).from_(stretches, copy=False)
    result = result.join(_pauses(span).subquery(pauses, copy=False), on=overlap, copy=False)
    for end in ("paused", "resumed") if by_row else ():
        moment = sql.name(f"{end} at", pauses)
        result = with_slots(result, moment, span.calendar, f"{end}_in", carried_by="stretches")
    result.set("group", exp.Group(expressions=[name.copy() for name in names]))
    return result


def less_waits(
    lengths: exp.Select, span: Span, waited: exp.Select, columns: Sequence[exp.Expr]
) -> tuple[exp.Select, exp.Expr]:
    """Return rows joined to what was waited in the stretches that ``columns`` name, and those seconds."""
    return _beside(lengths, span, waited, "waits", columns), _waited("waits")


def _pauses(span: Span) -> exp.Select:
    """Return the states that pause: from when until when, as instants and in seconds ``W``.

    A history does not tell whose hours count; where each row has its own calendar, the stretch does, later.
    """
    pause = span.pause
    assert pause is not None  # the caller looked
    calendar = None if isinstance(span.calendar, ByRow) else span.calendar
    at = sql.name(pause.at.name, ENTRY)
    order = [sql.name(column.name, ENTRY) for column in (pause.at, *pause.order)]
    worked = seconds(at, calendar, "changed_in")
    columns: list[exp.Expr] = [
        sql.alias(sql.name(pause.by.name, ENTRY), STRETCH[0], quoted=True),
        sql.alias(at, "paused at", quoted=True),
        sql.alias(_next(at.copy(), pause.by, order), "resumed at", quoted=True),
        sql.alias(worked, "paused"),
        sql.alias(_next(worked.copy(), pause.by, order), "resumed"),
        sql.alias(
            exp.In(this=sql.name(pause.status.name, ENTRY), expressions=[sql.literal(value) for value in pause.values]),
            "waiting",
        ),
    ]
    table = sql.alias(exp.Table(this=exp.to_identifier(pause.table)), ENTRY, table=True)
    states = with_slots(exp.select(*columns).from_(table, copy=False), at, calendar, "changed_in")
    states = states.where(exp.Not(this=exp.Is(this=at.copy(), expression=exp.null())), copy=False)
    names = [sql.name(name) for name in (STRETCH[0], "paused at", "resumed at", "paused", "resumed")]
    return (
        exp.select(*names)
        .from_(states.subquery("states", copy=False), copy=False)
        .where(sql.name("waiting"), copy=False)
    )


def _next(value: exp.Expr, by: ColumnRef, order: Sequence[exp.Expr]) -> exp.Expr:
    """Return a value of the next row of the same case."""
    spec = exp.Order(expressions=[exp.Ordered(this=column.copy()) for column in order])
    return exp.Window(this=sql.call("LEAD", value), partition_by=[sql.name(by.name, ENTRY)], order=spec)


def _stretches(table: str, span: Span) -> exp.Expr:
    """Return the time from begin to end of every row of a table, each once."""
    assert span.pause is not None  # the caller looked
    columns = [
        sql.alias(sql.name(column.name, ENTRY), name, quoted=True)
        for column, name in zip((span.pause.by, span.start, span.to), STRETCH, strict=True)
    ]
    if isinstance(span.calendar, ByRow):
        columns.append(sql.alias(hours_of(span.calendar, ENTRY), HOURS, quoted=True))
    columns.append(sql.alias(end_of(span, span.start, "began_in"), "began"))
    columns.append(sql.alias(end_of(span, span.to, "ended_in"), "until"))
    rows = exp.select(*columns).from_(
        sql.alias(exp.Table(this=exp.to_identifier(table)), ENTRY, table=True), copy=False
    )
    return with_ends(rows, span).distinct(copy=False).subquery("stretches", copy=False)


def _beside(rows: exp.Select, span: Span, waited: exp.Select, alias: str, columns: Sequence[exp.Expr]) -> exp.Select:
    names = stretch(span)
    same = [exp.EQ(this=sql.name(name, alias), expression=column) for name, column in zip(names, columns, strict=True)]
    return rows.join(
        waited.subquery(sql.identifier(alias), copy=False), on=exp.and_(*same, copy=False), join_type="left", copy=False
    )


def _waited(alias: str) -> exp.Expr:
    """Return the seconds that a row was paused; none where it was not."""
    return exp.Coalesce(this=sql.name("waited", alias), expressions=[sql.literal(0.0)])


# --- which hours have to be known -----------------------------------------------------------------------------------
def measured(tests: Iterable[Test]) -> tuple[Span, ...]:
    """Return the lengths that conditions ask for, each once."""
    return tuple(dict.fromkeys(test.left for test in tests if isinstance(test.left, Span)))


def _end(span: Span, column: ColumnRef, alias: str) -> exp.Expr:
    """Return the seconds up to one end of a length; of days up to its midnight in the organisation's zone."""
    if span.whole_days:
        return sql.call("EPOCH_SECONDS", sql.day(column, ENTRY))
    return end_of(span, column, alias)


def by_calendar(plans: Iterable[Plan], table: str = "") -> dict[str, dict[str, tuple[Span, ...]]]:
    """Return the lengths that plans count in opening hours, by calendar and table; of one table where it is named."""
    found: dict[str, dict[str, tuple[Span, ...]]] = {}
    for own, span in (entry for plan in plans for entry in _spans(plan)):
        for calendar in span.calendars if table in ("", own) else ():
            spans = found.setdefault(calendar, {})
            spans[own] = tuple(dict.fromkeys((*spans.get(own, ()), span)))
    return found


def _spans(plan: Plan) -> Iterator[tuple[str, Span]]:
    body = plan.body
    if isinstance(body, Additive):
        for tally in body.tallies:
            yield from ((tally.table, span) for span in measured(tally.where))
    elif isinstance(body, Level | Spread | Chosen):
        yield from ((body.table, span) for span in measured(body.where))
    if isinstance(body, Spread) and isinstance(body.of, Span):
        yield body.table, body.of


def paused_by(plan: Plan) -> frozenset[str]:
    """Return the tables whose rows pause the lengths of a plan."""
    return frozenset(span.pause.table for _, span in _spans(plan) if span.pause is not None)


def edges_statement(table: str, spans: Iterable[Span], read: exp.Expr | None = None) -> exp.Select:
    """Return the statement that finds the first begin and the last end, in seconds, over which hours must be known.

    ``read`` is the condition of the rows that count, see :mod:`qmsreports.kpi.within`.
    """
    first = [exp.Min(this=sql.name(name, ENTRY)) for name in dict.fromkeys(span.start.name for span in spans)]
    last = [exp.Max(this=sql.name(name, ENTRY)) for name in dict.fromkeys(span.to.name for span in spans)]
    begins = [sql.call("EPOCH_SECONDS", entry) for entry in first]
    ends = [sql.call("EPOCH_SECONDS", entry) for entry in last]
    rows = sql.alias(exp.Table(this=exp.to_identifier(table)), ENTRY, table=True)
    found = exp.select(_of("LEAST", begins), _of("GREATEST", ends)).from_(rows, copy=False)
    return found if read is None else found.where(read, copy=False)


def _of(function: str, values: list[exp.Expr]) -> exp.Expr:
    return values[0] if len(values) == 1 else sql.call(function, *values)
