"""Conditions of a definition, checked against the declaration of the table they are about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType

from qmsreports.catalog.condition import ORDERED, Condition, FieldRef
from qmsreports.catalog.span import SECONDS, CalendarDays, Elapsed, SpanKind, WorkingTime, length_of, units_of
from qmsreports.catalog.span import Pause as WrittenPause
from qmsreports.catalog.table import ColumnType, Table
from qmsreports.errors import Finding, did_you_mean
from qmsreports.kpi.plan import ByRow, ColumnRef, Pause, Span, Test, Value

Location = tuple[str | int, ...]
Where = Callable[[Location], str]
"""Gives the ``file:line`` of a node of the definition."""

_FAMILY: dict[ColumnType, str] = {
    "text": "text",
    "integer": "number",
    "number": "number",
    "date": "day",
    "instant": "day",
    "boolean": "boolean",
}
_WORD = {"text": "a text", "number": "a number", "day": "a date", "boolean": "true or false"}
_BIGGEST = 2**63


class Columns:
    """Looks columns up in one declared table and gathers what is wrong."""

    def __init__(
        self,
        table: Table,
        where: Where,
        findings: list[Finding],
        calendars: frozenset[str] = frozenset(),
        tables: Mapping[str, Table] = MappingProxyType({}),
    ) -> None:
        self.table = table
        self.tables = tables
        self.calendars = calendars
        self.where = where
        self.findings = findings

    def refuse(self, location: Location, what: str, todo: str = "") -> None:
        """Note something that is wrong at a node."""
        self.findings.append(Finding(self.where(location), what, todo))

    def get(self, name: str, location: Location, types: Iterable[ColumnType] = (), use: str = "") -> ColumnRef | None:
        """Return a declared column of one of ``types``; ``None`` and a finding otherwise."""
        column = self.table.column(name)
        if column is None:
            todo = did_you_mean(name, self.table.names)
            self.refuse(location, f'table {self.table.table} has no column "{name}"', todo)
            return None
        allowed = tuple(types)
        if allowed and column.type not in allowed:
            self.refuse(location, f'"{name}" is of type {column.type}', f"{use} needs {' or '.join(allowed)}")
            return None
        return ColumnRef(column.name, column.type)

    def tests(self, conditions: tuple[Condition, ...], location: Location) -> tuple[Test, ...]:
        """Return the conditions as tests; those that are wrong are left out and noted."""
        tests = (self._test(condition, (*location, index)) for index, condition in enumerate(conditions))
        return tuple(test for test in tests if test is not None)

    def may_be_read(self, location: Location) -> bool:
        """Tell whether the engine has no relation of its own under the table's name; a finding where it has."""
        taken = self.table.table == "windows" or self.table.table.startswith("open_time_")
        if taken:
            what = f'a table that KPIs read cannot be called "{self.table.table}"'
            self.refuse(location, what, "the engine uses this name; rename the table")
        return not taken

    def _pause(self, written: WrittenPause, location: Location) -> Pause | None:
        """Return a pause, from a declared history that shares a column with this table."""
        table = self.tables.get(written.table)
        if table is None:
            todo = did_you_mean(written.table, self.tables)
            self.refuse((*location, "table"), f'there is no table "{written.table}"', todo)
            return None
        history = Columns(table, self.where, self.findings)
        if not history.may_be_read((*location, "table")):
            return None
        at = history.get(written.at, (*location, "at"), ("instant",), "a pause")
        status = history.get(written.status, (*location, "status"), ("text",), "a pause")
        by = history.get(written.by, (*location, "by"))
        own = self.get(written.by, (*location, "by"))
        if at is None or status is None or by is None or own is None:
            return None
        if own.type != by.type:
            what = f'"{by.name}" is of type {own.type} in {self.table.table} and {by.type} in {table.table}'
            self.refuse((*location, "by"), what, "use two of a kind")
            return None
        wrong = [value for value in written.in_ if not _fits(value, "text")]
        if wrong:
            self.refuse((*location, "in"), f"a state cannot be {_shown(wrong[0])}", "write it plainly")
            return None
        keys = (table.column(name) for name in table.key)
        order = tuple(ColumnRef(column.name, column.type) for column in keys if column is not None)
        return Pause(table.table, by, at, status, written.in_, order)

    def span(self, written: WorkingTime | Elapsed | CalendarDays, kind: SpanKind, location: Location) -> Span | None:
        """Return a length of time between two columns; ``None`` and a finding where it cannot be measured."""
        types: tuple[ColumnType, ...] = ("instant",) if kind == "working_time" else ("date", "instant")
        start = self.get(written.start, (*location, "from"), types, "a duration")
        to = self.get(written.to, (*location, "to"), types, "a duration")
        calendar = self._calendar(written, (*location, "calendar")) if isinstance(written, WorkingTime) else None
        if start is None or to is None:
            return None
        if kind == "elapsed" and start.type != to.type:
            what = f'"{start.name}" is a {start.type} and "{to.name}" a {to.type}'
            self.refuse(location, what, "use two of a kind")
            return None
        paused = written.pause if not isinstance(written, CalendarDays) else None
        pause = self._pause(paused, (*location, "pause")) if paused is not None else None
        if pause is not None and start.type != "instant":
            self.refuse((*location, "pause"), "a pause in days", "measure between instants")
        return Span(start, to, calendar, kind == "calendar_days", pause)

    def _calendar(self, written: WorkingTime, location: Location) -> str | ByRow | None:
        """Return whose hours count: known calendars only, and those of a row by a declared column of text."""
        for name in written.calendars:
            if name not in self.calendars:
                todo = did_you_mean(name, self.calendars)
                self.refuse(location, f'there is no calendar "{name}"', todo)
        if isinstance(written.calendar, str):
            return written.calendar
        by = self.get(written.calendar.by, (*location, "by"), ("text",), "a calendar by row")
        wrong = [value for value, _ in written.calendar.pairs() if not _fits(value, "text")]
        if wrong:
            self.refuse((*location, "of"), f"a value cannot be {_shown(wrong[0])}", "write it plainly")
        return ByRow(by, written.calendar.pairs(), written.calendar.otherwise) if by is not None else None

    def _length_test(self, condition: Condition, location: Location) -> Test | None:
        written, kind, operator = condition.span, condition.span_kind, condition.operator
        assert written is not None  # the caller looked
        assert kind is not None
        span = self.span(written, kind, (*location, kind))
        amount, unit = length_of(str(condition.right))
        if span is None:
            return None
        units = units_of(kind, dates="date" in (span.start.type, span.to.type))
        if unit not in units:
            self.refuse((*location, operator), f"a length in {unit}", f"write it in {' or '.join(units)}")
            return None
        return Test(span, operator, (amount * SECONDS[unit],))

    def _test(self, condition: Condition, location: Location) -> Test | None:
        if condition.field is None:
            return self._length_test(condition, location)
        left = self.get(condition.field, (*location, "field"))
        if left is None:
            return None
        operator, right, at = condition.operator, condition.right, (*location, condition.operator)
        if operator == "known":
            return Test(left, operator, (bool(right),))
        family = _FAMILY[left.type]
        if operator in ORDERED and family not in ("number", "day"):
            self.refuse(at, f'"{left.name}" is of type {left.type} and has no order', "use is, is_not, in or not_in")
            return None
        if isinstance(right, FieldRef):
            other = self.get(right.field, at)
            if other is not None and _FAMILY[other.type] != family:
                self.refuse(at, f'"{left.name}" ({left.type}) cannot be compared with "{other.name}" ({other.type})')
                return None
            return Test(left, operator, other) if other is not None else None
        values = right if isinstance(right, tuple) else (right,)
        wrong = [value for value in values if not _fits(value, family)]
        if wrong:
            self.refuse(
                at, f'"{left.name}" is of type {left.type}', f"compare it with {_WORD[family]}, not {_shown(wrong[0])}"
            )
            return None
        return Test(left, operator, tuple(values))


def _fits(value: Value, family: str) -> bool:
    if isinstance(value, bool):
        return family == "boolean"
    if isinstance(value, int | float):
        return family == "number" and abs(value) < _BIGGEST
    if isinstance(value, date):
        return family == "day"
    return family == "text" and value.isprintable()


def _shown(value: Value) -> str:
    if isinstance(value, str):
        return f'the text "{value[:40]}"' if value.isprintable() else "a text with control characters"
    return str(value).lower() if isinstance(value, bool) else str(value)[:40]
