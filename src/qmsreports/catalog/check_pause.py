"""Rules on pauses: the history they are read from is declared, joins the cases, and knows the states that are named."""

from __future__ import annotations

from collections.abc import Iterator

from qmsreports.catalog import columns
from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.document import Location
from qmsreports.catalog.span import CalendarDays, Pause
from qmsreports.catalog.table import Table
from qmsreports.errors import Finding, did_you_mean


def pauses_are_declared(scope: Scope) -> Iterator[Finding]:
    """Find pauses from unknown tables and columns, in states that do not occur, or taken off days."""
    for kpi in scope.catalog.kpis.values():
        for index, version in enumerate(kpi.versions):
            for use in columns.spans(version):
                if isinstance(use.span, CalendarDays) or use.span.pause is None:
                    continue
                place = ("versions", index, *use.location, "pause")
                cases, history = scope.table(use.table), scope.table(use.span.pause.table)
                if history is None:
                    known = scope.names("tables")
                    what = f'table "{use.span.pause.table}" is not declared'
                    todo = did_you_mean(use.span.pause.table, known)
                    yield scope.finding("kpis", kpi.kpi, (*place, "table"), what, todo)
                elif cases is not None:
                    for below, what, todo in _misfits(use.span.pause, cases, history):
                        yield scope.finding("kpis", kpi.kpi, (*place, *below), what, todo)
                    ends = [cases.column(name) for name in (use.span.start, use.span.to)]
                    if any(column is not None and column.type == "date" for column in ends):
                        what = "a pause is taken off the time between two instants, not off days"
                        yield scope.finding("kpis", kpi.kpi, place, what, "measure between instants or remove it")


def _misfits(pause: Pause, cases: Table, history: Table) -> Iterator[tuple[Location, str, str]]:
    """Yield what is wrong with a pause: where in it, what, and what to do."""
    for field, name in (("by", pause.by), ("at", pause.at), ("status", pause.status)):
        if history.column(name) is None:
            yield (field,), f'table {history.table} has no column "{name}"', did_you_mean(name, history.names)
    at, status, by = history.column(pause.at), history.column(pause.status), history.column(pause.by)
    if at is not None and at.type != "instant":
        fitting = [column.name for column in history.columns if column.type == "instant"]
        what = f'column "{at.name}" is {columns.TYPE_WORDS[at.type]}, not an instant'
        yield ("at",), what, did_you_mean(at.name, fitting) or f"table {history.table} has no such column"
    if status is not None and status.type != "text":
        yield (
            ("status",),
            f'column "{status.name}" is {columns.TYPE_WORDS[status.type]}, not a text',
            "name a text column",
        )
    elif status is not None and status.values:
        for index, value in enumerate(pause.in_):
            if value not in status.values:
                what = f'column "{status.name}" has no value "{value}"'
                yield ("in", index), what, did_you_mean(value, status.values)
    own = cases.column(pause.by)
    if own is None and by is not None:
        what = f'table {cases.table} has no column "{pause.by}" to find the rows of a case by'
        yield ("by",), what, did_you_mean(pause.by, cases.names)
    elif own is not None and by is not None and own.type != by.type:
        words = [columns.TYPE_WORDS[column.type] for column in (own, by)]
        yield (
            ("by",),
            f'"{pause.by}" is {words[0]} in {cases.table} and {words[1]} in {history.table}',
            "conform them alike",
        )


RULES: tuple[Rule, ...] = (pauses_are_declared,)
