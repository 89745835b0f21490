"""Says what is wrong with a row in a sentence that the person who mends it understands.

The value is in the sentence, because "does not match" sends people back to the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from qmsreports.catalog.table import Table
from qmsreports.validate.suite import Rule

Row = Mapping[str, Any]

_LONGEST = 60


def sentence(rule: Rule, table: Table, row: Row) -> str:
    """Return the reason why a row breaks a rule, such as ``Status is "shpped", none of open, delivered.``

    A ``reason`` written in the suite wins; its ``{column}`` places are filled with the row's values.
    """
    if rule.reason:
        return rule.reason.format(**{name: said(row.get(name)) for name in table.names})
    word = _WORDINGS.get(rule.type)
    text = word(rule, row) if word else _otherwise(rule, row)
    return text[:1].upper() + text[1:] + "."


def said(value: Any) -> str:
    """Return a value as people write it: days in ISO form, instants to the minute in UTC, texts in quotes.

    >>> [said(value) for value in (None, "linz", 3.0, datetime(2026, 3, 1, 9, 5))]
    ['empty', '"linz"', '3', '2026-03-01 09:05']
    """
    if value is None or value != value:  # NaN differs from itself
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M UTC" if value.tzinfo else "%Y-%m-%d %H:%M")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, str):
        text = " ".join(value.split())
        return f'"{text}"' if len(text) <= _LONGEST else f'"{text[: _LONGEST - 1]}…"'
    return str(value)


def words(column: str) -> str:
    """Return a column's name as words: ``delivered_on`` is "delivered on"."""
    return column.replace("_", " ")


def _values(rule: Rule, row: Row) -> str:
    return ", ".join(f"{words(column)} is {said(row.get(column))}" for column in rule.columns)


def _otherwise(rule: Rule, row: Row) -> str:
    rest = rule.label.removeprefix("expect_column_").removeprefix("expect_").replace("_", " ")
    return f"{_values(rule, row)}, against the rule ({rest})"


def _one_of(rule: Rule, row: Row) -> str:
    return f"{_values(rule, row)}, none of {_listed(rule.kwargs['value_set'])}"


def _none_of(rule: Rule, row: Row) -> str:
    return f"{_values(rule, row)}, which is not allowed"


def _listed(values: list[Any]) -> str:
    shown = ", ".join(value if isinstance(value, str) else _bound(value) for value in values[:8])
    return shown if len(values) <= 8 else f"{shown} and {len(values) - 8} more"


def _between(rule: Rule, row: Row) -> str:
    low, high = rule.kwargs.get("min_value"), rule.kwargs.get("max_value")
    value = row.get(rule.columns[0])
    if high is None or (low is not None and value is not None and _comparable(value) < _comparable(low)):
        edge = f"{'not above' if rule.kwargs.get('strict_min') else 'below'} {_bound(low)}"
    else:
        edge = f"{'not below' if rule.kwargs.get('strict_max') else 'above'} {_bound(high)}"
    return f"{_values(rule, row)}, {edge}"


def _comparable(value: Any) -> Any:
    """Return days and instants alike as text, so that a day may be compared with the suite's instant."""
    return value.isoformat() if isinstance(value, date) else value


def _bound(value: Any) -> str:
    return said(value.date() if isinstance(value, datetime) and value.time() == time() else value)


def _order(rule: Rule, row: Row) -> str:
    later, earlier = rule.kwargs["column_A"], rule.kwargs["column_B"]
    values = row.get(later), row.get(earlier)
    verb = "lies before" if all(isinstance(value, date) for value in values) else "is below"
    if values[0] == values[1]:
        verb = "is no later than" if verb == "lies before" else "is not above"
    return f"{words(later)} {said(values[0])} {verb} {words(earlier)} {said(values[1])}"


def _unknown(rule: Rule, row: Row) -> str:
    return f"{_values(rule, row)}, which is not among the {words(rule.kwargs['other_table'])}"


_WORDINGS: dict[str, Callable[[Rule, Row], str]] = {
    "expect_column_values_to_not_be_null": lambda rule, _row: f"{words(rule.columns[0])} is empty",
    "expect_column_values_to_be_null": lambda rule, row: f"{_values(rule, row)} but should be empty",
    "expect_column_values_to_be_in_set": _one_of,
    "expect_column_values_to_not_be_in_set": _none_of,
    "expect_column_values_to_not_match_regex": _none_of,
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_unique": lambda rule, row: f"{_values(rule, row)}, which more than one row has",
    "expect_compound_columns_to_be_unique": lambda rule, row: f"{_values(rule, row)}, which more than one row has",
    "expect_column_pair_values_a_to_be_greater_than_b": _order,
    "expect_column_values_to_match_regex": lambda rule, row: f"{_values(rule, row)}, which has not the agreed form",
    "expect_column_values_to_exist_in_table": _unknown,
    "expect_column_values_to_be_no_later_than_run": lambda rule, row: f"{_values(rule, row)}, which has not come yet",
}
