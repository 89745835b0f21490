"""Checks the arguments of a rule against the columns that it names, before any row is looked at.

A rule that can never hold says nothing about rows: ``value_set: ["1", "2"]`` on a column of whole numbers would set
every row aside and put the blame on the source. Such a rule is wrong, and its suite says so with the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from qmsreports.catalog.table import Column, Table
from qmsreports.errors import did_you_mean
from qmsreports.validate.vocabulary import LINK, Kind

Wrong = tuple[str, str]
"""What is wrong, and what to do."""

_NUMBERS = ("integer", "number")
_DAYS = ("date", "instant")
_WHOLE = {"weeks": 1_000, "stretches": 1_000, "from_rows": 10**12}
"""Arguments that are whole numbers from 1 up to a limit."""
_SHARES = ("share", "loss")
_POSITIVE = {"days": 36_525.0}
_OF_NUMBERS = (
    "expect_column_mean_to_be_between",
    "expect_column_median_to_be_between",
    "expect_column_stdev_to_be_between",
    "expect_column_sum_to_be_between",
    "expect_column_total_to_reconcile",
    "expect_multicolumn_sum_to_equal",
)
_OF_DAYS = (
    "expect_column_values_to_be_no_later_than_run",
    "expect_column_newest_to_be_recent",
    "expect_column_volume_to_match_history",
    "expect_column_weekdays_to_match_history",
    "expect_column_days_to_cover_other_table",
)
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN")
_ALIKE = {"integer": "number"}
"""Types whose values can be held against each other go by one name."""


# --- arguments by themselves -----------------------------------------------------------------------------------------
def wrong_arguments(type_: str, kind: Kind, kwargs: Mapping[str, Any], table: Table, *, as_landed: bool) -> list[Wrong]:
    """Return what is wrong with the plain arguments of a rule on ``table``: numbers, patterns, kinds of columns.

    ``as_landed``: columns that are texts may hold anything, a feed is looked at before its values are given types.
    """
    found = [*_numbers(kwargs), *_patterns(kwargs), *_bounds(kwargs)]
    for argument in kind.columns:
        names = kwargs.get(argument)
        for name in names if isinstance(names, list) else [names]:
            column = table.column(name) if isinstance(name, str) else None
            wanted, said = _wanted(type_, argument)
            if column is None or not wanted or column.type in wanted or (as_landed and column.type == "text"):
                continue
            found.append((f'"{argument}" is {name}, a column of type {column.type}', f"name a column of {said}"))
    found += _where("where", kwargs.get("where"), table)
    return found


def _wanted(type_: str, argument: str) -> tuple[tuple[str, ...], str]:
    if argument == "by" or type_ in _OF_DAYS:
        return _DAYS, "days or instants"
    return (_NUMBERS, "numbers") if type_ in _OF_NUMBERS else ((), "")


def _numbers(kwargs: Mapping[str, Any]) -> Iterator[Wrong]:
    for name, most in _WHOLE.items():
        value = kwargs.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            yield f'"{name}" is {value!r}', f"write a whole number from 1 to {most:,}"
    for name, limit in _POSITIVE.items():
        value = kwargs.get(name, 1)
        if not _is_number(value) or not 0 < value <= limit:
            yield f'"{name}" is {value!r}', f"write a number of {name} above 0, {limit:,.0f} at most"
    for name in _SHARES:
        value = kwargs.get(name, 0)
        if not _is_number(value) or not 0 <= value <= 1:
            yield f'"{name}" is {value!r}', "write a share from 0 to 1, such as 0.2"
    for name in ("at_least", "at_most", "slack_minutes"):
        value = kwargs.get(name, 0)
        if not _is_number(value) or value < 0:
            yield f'"{name}" is {value!r}', "write a number, 0 or more"


def _bounds(kwargs: Mapping[str, Any]) -> Iterator[Wrong]:
    for low, high in (("at_least", "at_most"), ("min_value", "max_value")):
        least, most = kwargs.get(low), kwargs.get(high)
        if _is_number(least) and _is_number(most) and least > most:  # type: ignore[operator]
            yield f'"{low}" {least!r} is above "{high}" {most!r}', "no value lies between them: exchange the two"


def _patterns(kwargs: Mapping[str, Any]) -> Iterator[Wrong]:
    for name in ("regex", "regex_list"):
        if name not in kwargs:
            continue
        patterns = kwargs[name] if name == "regex_list" else [kwargs[name]]
        if not isinstance(patterns, list) or not patterns or not all(isinstance(one, str) for one in patterns):
            yield f'"{name}" is {kwargs[name]!r}', f"write {'a list of patterns' if name == 'regex_list' else 'a text'}"
            continue
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                yield f'"{name}" holds {pattern!r}, which is no regular expression ({error})', "mend the pattern"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


# --- values of columns -----------------------------------------------------------------------------------------------
def typed(value: Any, column: Column, *, as_landed: bool) -> tuple[Any, Wrong | None]:
    """Return a value of a suite as a frame holds it, days as their midnight in UTC; or what is wrong with it.

    >>> typed("2026-10-01", Column(name="on", type="date", meaning="Day."), as_landed=False)[0].isoformat()
    '2026-10-01T00:00:00+00:00'
    >>> typed("7", Column(name="score", type="integer", meaning="Score."), as_landed=False)[1]
    ('score holds numbers, "7" is none', 'write it without quotation marks')
    """
    if value is None or (as_landed and column.type == "text"):
        return value, None
    if column.type in _DAYS:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return value, (f"{column.name} holds days, {_said(value)} is none", "write a day such as 2015-01-01")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC), None
    if column.type in _NUMBERS and not _is_number(value):
        return value, (f"{column.name} holds numbers, {_said(value)} is none", "write it without quotation marks")
    if column.type == "boolean" and not isinstance(value, bool):
        return value, (f"{column.name} holds yes or no, {_said(value)} is neither", "write true or false")
    if column.type == "text" and not isinstance(value, str):
        return value, (f"{column.name} holds texts, {_said(value)} is none", "put it in quotation marks")
    return value, None


def _said(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


# --- conditions on rows ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Condition:
    """A row condition as the library takes it, the columns that it names, and what is wrong with it."""

    condition: dict[str, Any] | None = None
    columns: tuple[str, ...] = ()
    wrong: tuple[Wrong, ...] = ()


def read_condition(condition: Any, table: Table, *, as_landed: bool) -> Condition:
    """Read a row condition in the library's own form, such as
    ``{"type": "comparison", "column": {"name": "status"}, "operator": "==", "parameter": "delivered"}``.

    Days are written as their midnight in UTC, as frames hold them: the library finds no row for any other form.
    """
    if condition is None:
        return Condition()
    kind = condition.get("type") if isinstance(condition, dict) else None
    if kind in ("and", "or"):
        parts = condition.get("conditions")
        if not isinstance(parts, list) or not parts:
            return _unread(f'"row_condition" of type {kind} has no conditions', 'write "conditions": [{...}, {...}]')
        read = [read_condition(part, table, as_landed=as_landed) for part in parts]
        return Condition(
            {"type": kind, "conditions": [part.condition for part in read]},
            tuple(name for part in read for name in part.columns),
            tuple(wrong for part in read for wrong in part.wrong),
        )
    if kind not in ("comparison", "nullity"):
        return _unread(f'"row_condition" is {condition!r}', "write an object of type comparison, nullity, and, or")
    named = condition.get("column")
    if not isinstance(named, dict) or not isinstance(named.get("name"), str):
        return _unread(f'"column" of "row_condition" is {named!r}', 'write {"name": "status"}')
    column = table.column(named["name"])
    if column is None:
        what = f'"row_condition" names no column "{named["name"]}"'
        return _unread(what, did_you_mean(named["name"], table.names))
    if kind == "nullity":
        return Condition(dict(condition), (column.name,))
    return _comparison(condition, column, as_landed=as_landed)


def _comparison(condition: Mapping[str, Any], column: Column, *, as_landed: bool) -> Condition:
    operator, compared = condition.get("operator"), condition.get("parameter")
    among = operator in ("IN", "NOT_IN")
    if operator not in _OPERATORS:
        return _unread(f'"operator" of "row_condition" is {operator!r}', f"write one of {' '.join(_OPERATORS)}")
    if among and (not isinstance(compared, list) or not compared):
        return _unread(f'"parameter" of "row_condition" is {compared!r}', "list the values")
    if column.type in _DAYS and operator not in ("<", "<=", ">", ">="):
        return _unread(f'"row_condition" asks for {operator} on {column.name}', "compare days by <, <=, > and >=")
    codes = compared if isinstance(compared, list) else [compared]
    if column.values:
        unknown = [str(code) for code in codes if str(code) not in column.values]
        said = [(f'unknown value of {column.name} "{one}"', did_you_mean(one, column.values)) for one in unknown]
        return Condition(dict(condition), (column.name,), tuple(said))
    read = [typed(code, column, as_landed=as_landed) for code in codes]
    values = [value.isoformat() if isinstance(value, datetime) else value for value, _wrong in read]
    return Condition(
        {**condition, "parameter": values if isinstance(compared, list) else values[0]},
        (column.name,),
        tuple((f'"row_condition": {wrong[0]}', wrong[1]) for _value, wrong in read if wrong is not None),
    )


def _unread(what: str, todo: str) -> Condition:
    return Condition(wrong=((what, todo),))


# --- what another table must have ------------------------------------------------------------------------------------
def wrong_other(type_: str, kwargs: Mapping[str, Any], table: Table, tables: Mapping[str, Table]) -> list[Wrong]:
    """Return what is wrong with the arguments that name columns of another canonical table.

    A table that nobody declares is no mistake here: an organisation may do without it. The rule is then not checked.
    """
    if "other_table" not in kwargs:
        return []
    name = str(kwargs["other_table"])
    other = table if name == table.table else tables.get(name)
    if other is None:
        return []
    found = _where("other_where", kwargs.get("other_where"), other)
    for argument, wanted, said in (
        ("other_column", (), ""),
        ("other_by", _DAYS, "days or instants"),
    ):
        if argument not in kwargs:
            continue
        column = other.column(str(kwargs[argument]))
        if column is None:
            what = f'{name} declares no column "{kwargs[argument]}"'
            found.append((what, did_you_mean(str(kwargs[argument]), other.names)))
        elif wanted and column.type not in wanted:
            found.append((f'"{argument}" is {column.name}, a column of type {column.type}', f"name a column of {said}"))
        elif argument == "other_column":
            found += _unlike(type_, kwargs, column, table)
    return found


def _unlike(type_: str, kwargs: Mapping[str, Any], other: Column, table: Table) -> Iterator[Wrong]:
    """Find columns of two tables that cannot be held against each other."""
    if type_ != LINK:
        if other.type not in _NUMBERS:
            yield f'"other_column" is {other.name}, a column of type {other.type}', "name a column of numbers"
        return
    own = table.column(str(kwargs.get("column")))
    if own is not None and _ALIKE.get(own.type, own.type) != _ALIKE.get(other.type, other.type):
        yield (
            f"{own.name} is of type {own.type} and {other.name} of {kwargs['other_table']} of type {other.type}",
            "name columns of one type",
        )


def _where(argument: str, where: object, table: Table) -> list[Wrong]:
    if where is None:
        return []
    if not isinstance(where, dict) or not all(isinstance(some, list) and some for some in where.values()):
        return [(f'"{argument}" is {where!r}', 'write the values that count by column: {"status": ["delivered"]}')]
    found: list[Wrong] = []
    for name, some in where.items():
        column = table.column(name)
        if column is None:
            found.append((f'"{argument}" names no column "{name}"', did_you_mean(name, table.names)))
        elif column.values:
            unknown = [str(value) for value in some if str(value) not in column.values]
            said = f'"{argument}": unknown value of {name}'
            found += [(f'{said} "{one}"', did_you_mean(one, column.values)) for one in unknown]
    return found
