"""Conditions in words as SQL over a canonical table."""

from __future__ import annotations

from datetime import date

from qmsreports.catalog.condition import Condition, FieldRef
from qmsreports.catalog.table import Table
from qmsreports.lake import literal, quoted

_SIGNS = {"is": "=", "is_not": "<>", "at_most": "<=", "at_least": ">=", "above": ">", "below": "<"}


def day_of(table: Table, name: str, zone: str) -> str:
    """Return the day of a date, or of an instant in the organisation's time zone."""
    column = table.column(name)
    if column is not None and column.type == "instant":
        return f"CAST({quoted(name)} AT TIME ZONE {literal(zone)} AS DATE)"
    return quoted(name)


def sql_of(condition: Condition, table: Table, zone: str) -> str:
    """Return a condition in words as SQL; texts are quoted, names too.

    As where KPIs are counted, an instant is compared with a day by its own day at the organisation.
    """
    assert condition.field is not None  # neither evidence nor reasons have conditions on lengths of time
    left, right = quoted(condition.field), condition.right
    if condition.operator == "known":
        return f"{left} IS {'NOT ' if right else ''}NULL"
    if isinstance(right, FieldRef):
        mixed = {_type(table, condition.field), _type(table, right.field)} == {"date", "instant"}
        sides = (day_of(table, condition.field, zone), day_of(table, right.field, zone))
        return f" {_SIGNS[condition.operator]} ".join(sides if mixed else (left, quoted(right.field)))
    left = day_of(table, condition.field, zone)
    if condition.operator in ("in", "not_in"):
        listed = ", ".join(_value(one) for one in right) if isinstance(right, tuple) else _value(right)
        return f"{left} {'NOT IN' if condition.operator == 'not_in' else 'IN'} ({listed})"
    return f"{left} {_SIGNS[condition.operator]} {_value(right)}"


def _type(table: Table, name: str) -> str:
    column = table.column(name)
    return column.type if column is not None else ""


def _value(right: object) -> str:
    if isinstance(right, bool):
        return "true" if right else "false"
    if isinstance(right, int | float):
        return repr(right)
    if isinstance(right, date):
        return f"DATE {literal(right.isoformat())}"
    return literal(str(right))
