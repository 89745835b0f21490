"""Every operator on every type it fits, against Python's own comparison; an empty value meets no comparison."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from kpi_fixture import by_place, kpi, run

DAYS = [date(2026, 1, day) for day in (9, 10, 11)]
INSTANTS = [datetime(2026, 1, day, 12, tzinfo=UTC) for day in (9, 10, 11)]
COLUMNS: dict[str, tuple[list[Any], Any, str]] = {  # values of the rows, the literal, a column to compare with
    "bad": ([3, 4, 5], 4, "score"),
    "minutes": ([3.5, 4.0, 4.5], 4, "pieces"),
    "due_on": (DAYS, DAYS[1], "closed_on"),
    "opened_at": (INSTANTS, DAYS[1], "closed_at"),
    "site": (["linz", "lyon", "porto"], "lyon", "channel"),
    "urgent": ([True, False, True], True, ""),
}
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "at_most": operator.le,
    "at_least": operator.ge,
    "above": operator.gt,
    "below": operator.lt,
}
EQUAL: dict[str, Callable[[Any, Any], bool]] = {"is": operator.eq, "is_not": operator.ne}


def counted(condition: dict[str, Any], rows: list[dict[str, Any]]) -> float | None:
    entry = kpi({"kind": "count", "where": [condition]}, population={"table": "cases", "period_by": "opened_on"})
    numbered = [{"opened_on": date(2026, 1, 5), **row} for row in rows]
    return by_place(run(entry, numbered, ["2026-01"]))["2026-01", ""].value


def as_compared(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value  # noon UTC is the same day in Vienna


@pytest.mark.parametrize("name", COLUMNS)
def test_comparison_with_a_value(name: str) -> None:
    values, right, _ = COLUMNS[name]
    rows = [{name: value} for value in [*values, None]]
    for word, compare in (EQUAL if name in ("site", "urgent") else EQUAL | ORDER).items():
        expected = sum(compare(as_compared(value), right) for value in values)
        assert counted({"field": name, word: right}, rows) == expected, word


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "urgent"])
def test_comparison_with_another_column(name: str) -> None:
    values, _, other = COLUMNS[name]
    pairs = [(left, right) for left in values for right in values]
    rows = [{name: left, other: right} for left, right in pairs] + [{name: values[0]}, {other: values[0]}]
    for word, compare in (EQUAL if name == "site" else EQUAL | ORDER).items():
        assert counted({"field": name, word: {"field": other}}, rows) == sum(compare(*pair) for pair in pairs), word


@pytest.mark.parametrize("name", COLUMNS)
def test_lists_and_knowledge(name: str) -> None:
    values, right, _ = COLUMNS[name]
    rows = [{name: value} for value in [*values, None]]
    matches = sum(as_compared(value) == right for value in values)
    several = [right] if name == "urgent" else [right, as_compared(values[0])]
    found = sum(as_compared(value) in several for value in values)
    assert counted({"field": name, "in": [right]}, rows) == matches
    assert counted({"field": name, "in": several}, rows) == found
    assert counted({"field": name, "not_in": several}, rows) == len(values) - found
    assert counted({"field": name, "known": True}, rows) == len(values)
    assert counted({"field": name, "known": False}, rows) == 1


def test_an_instant_is_compared_with_a_date_column_by_its_day_in_the_organisations_zone() -> None:
    late = datetime(2026, 1, 10, 23, 30, tzinfo=UTC)  # half past midnight of the eleventh in Vienna
    rows = [{"opened_at": late, "due_on": day} for day in DAYS]
    assert counted({"field": "opened_at", "at_most": {"field": "due_on"}}, rows) == 1
    assert counted({"field": "due_on", "below": {"field": "opened_at"}}, rows) == 2
