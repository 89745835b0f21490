"""Writes a draft suite from the history of a table: what always held is proposed as a rule, with the numbers behind it.

A draft is a beginning for the person who knows the table. The same rows give the same draft. Every bound leaves room
beyond what was seen, and its sentence says what was seen, so that the reader can judge the room.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.table import Column, Table
from qmsreports.lake import quoted
from qmsreports.validate.vocabulary import AS_LANDED

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FEW = 12
"""Different texts up to which a column looks like a list of codes."""
_ENOUGH = 200
"""Rows from which what was seen says something."""
_WEEKS = 26
_NOT_NULL = "expect_column_values_to_not_be_null"
_IN_SET = "expect_column_values_to_be_in_set"

Entry = dict[str, Any]


def propose(connection: DuckDBPyConnection, table: Table, *, owner: str, as_landed: bool = False) -> str:
    """Return the text of a suite for a table that stands as a view in ``connection``.

    Rules that the declaration asks for come in any case; what history adds needs 200 rows. ``owner`` is who mends rows
    until somebody writes down who really does. ``as_landed`` drafts for a feed as it was received: rules that stop the
    feed or count, none that sets a row aside or asks what was published before.
    """
    (rows,) = _row(connection, f"SELECT count(*) FROM {quoted(table.table)}")
    draft = _Draft(connection, table, owner, int(rows))
    entries = [*draft.keys(), *draft.columns(), *draft.order(), *draft.volume(), *draft.whole()]
    if as_landed:
        entries = [_as_landed(entry) for entry in entries if entry["type"] in AS_LANDED]
    body = ",\n".join(_written(entry) for entry in entries)
    return f'{{\n  "name": {json.dumps(table.table)},\n  "expectations": [\n{body}\n  ]\n}}\n'


def _as_landed(entry: Entry) -> Entry:
    meta = entry["meta"]
    return {**entry, "meta": {**meta, "on_failure": "stop" if meta["on_failure"] == "stop" else "keep"}}


def _written(entry: Entry) -> str:
    """Write one expectation as the shipped suites are written: arguments on one line, reasons below."""
    lines = [f"      {json.dumps(name)}: {json.dumps(entry[name])}" for name in ("type", "kwargs", "severity")]
    meta = ",\n".join(
        f"        {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in entry["meta"].items()
    )
    return "    {\n" + ",\n".join([*lines, f'      "meta": {{\n{meta}\n      }}']) + "\n    }"


class _Draft:
    """The rules of one table, gathered column by column."""

    def __init__(self, connection: DuckDBPyConnection, table: Table, owner: str, rows: int) -> None:
        self.connection = connection
        self.table = table
        self.owner = owner
        self.rows = rows

    # --- what the declaration asks for -------------------------------------------------------------------------------
    def keys(self) -> Iterator[Entry]:
        """Rules on the key: each row has one, and no two the same."""
        for name in self.table.key:
            yield self._rule(
                _NOT_NULL, {"column": name}, "quarantine", f"Without {_words(name)} a row can never be found again."
            )
            yield self._gross(_NOT_NULL, {"column": name, "mostly": 0.95}, "the export has lost the key")
        kind, where = "expect_compound_columns_to_be_unique", Entry(column_list=list(self.table.key))
        if len(self.table.key) == 1:
            kind, where = "expect_column_values_to_be_unique", Entry(column=self.table.key[0])
        yield self._rule(
            kind, where, "quarantine", "Two rows with one key would count twice, or one would hide the other."
        )
        yield self._gross(kind, {**where, "mostly": 0.95}, "the key is the wrong one")

    def columns(self) -> Iterator[Entry]:
        """Rules on each column by itself."""
        for column in self.table.columns:
            if column.name not in self.table.key:
                yield from self._filled(column)
            if column.values:
                values = list(column.values)
                yield self._rule(
                    _IN_SET,
                    {"column": column.name, "value_set": values},
                    "quarantine",
                    f"The declaration knows no other {_words(column.name)}.",
                )
                yield self._gross(
                    _IN_SET, {"column": column.name, "value_set": values, "mostly": 0.8}, "the codes have changed"
                )
            elif self.rows >= _ENOUGH and column.name not in self.table.key:
                yield from self._seen(column)

    def _filled(self, column: Column) -> Iterator[Entry]:
        if not column.nullable:
            yield self._rule(
                _NOT_NULL, {"column": column.name}, "quarantine", f"The declaration asks for {_words(column.name)}."
            )
            return
        (filled,) = self._ask(f"SELECT count({quoted(column.name)}) FROM {{table}}")
        if self.rows >= _ENOUGH and filled == self.rows:
            yield self._rule(
                _NOT_NULL,
                {"column": column.name},
                "keep",
                f"It may be empty, but in {self.rows:,} rows it never was.",
            )

    # --- what history adds -------------------------------------------------------------------------------------------
    def _seen(self, column: Column) -> Iterator[Entry]:
        if column.type == "text":
            yield from self._codes(column)
        elif column.type in ("number", "integer"):
            yield from self._numbers(column)
        elif column.type in ("date", "instant"):
            yield from self._days(column)

    def _codes(self, column: Column) -> Iterator[Entry]:
        name = quoted(column.name)
        found = self.connection.execute(
            f"SELECT {name}, count(*) FROM {quoted(self.table.table)} WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 1 "
            f"LIMIT {_FEW + 1}"
        ).fetchall()
        if 0 < len(found) <= _FEW and min(count for _, count in found) >= 5:
            yield self._rule(
                _IN_SET,
                {"column": column.name, "value_set": [value for value, _ in found]},
                "keep",
                f"{len(found)} different ones were seen in {sum(count for _, count in found):,} rows, "
                "each at least five times; another one is new.",
            )

    def _numbers(self, column: Column) -> Iterator[Entry]:
        name = quoted(column.name)
        count, low, high = self._ask(f"SELECT count({name}), min({name}), max({name}) FROM {{table}}")
        if count < _ENOUGH:
            return
        low, high = low + 0, high + 0  # Parquet keeps the least of positive numbers as -0.0
        bounds: dict[str, Any] = {"max_value": _round_up(2 * high) if high > 0 else 0}
        if low >= 0:
            bounds["min_value"] = 0
        else:
            bounds["min_value"] = -_round_up(-2 * low)
        why = f"{count:,} values lie between {low:.10g} and {high:.10g}; twice as far out is a typing error or news."
        between = "expect_column_values_to_be_between"
        yield self._rule(between, {"column": column.name, **dict(sorted(bounds.items(), reverse=True))}, "keep", why)

    def _days(self, column: Column) -> Iterator[Entry]:
        name = quoted(column.name)
        count, first, future = self._ask(
            f"SELECT count({name}), min(CAST({name} AS DATE)), "
            f"count(*) FILTER ({name} > (SELECT max({quoted(self.table.partition or column.name)}) FROM {{table}})) "
            "FROM {table}"
        )
        if count < _ENOUGH:
            return
        yield self._rule(
            "expect_column_values_to_be_between",
            {"column": column.name, "min_value": f"{first.year - 1}-01-01"},
            "quarantine",
            f"The oldest of {count:,} is of {first}; a year before its own is a placeholder for not known.",
        )
        if not future:
            yield self._rule(
                "expect_column_values_to_be_no_later_than_run",
                {"column": column.name, "slack_minutes": 15} if column.type == "instant" else {"column": column.name},
                "quarantine",
                f"None of {count:,} lay behind the newest event of the table; what has not happened is a typing error.",
            )

    def order(self) -> Iterator[Entry]:
        """Days that never lay before the day of the event."""
        start = self.table.column(self.table.partition) if self.table.partition else None
        if start is None or self.rows < _ENOUGH:
            return
        for column in self.table.columns:
            if column.type != start.type or column.name == start.name:
                continue
            both, before = self._ask(
                f"SELECT count({quoted(column.name)}), count(*) FILTER ({quoted(column.name)} < {quoted(start.name)}) "
                "FROM {table}"
            )
            if both >= _ENOUGH and before == 0:
                yield self._rule(
                    "expect_column_pair_values_a_to_be_greater_than_b",
                    {
                        "column_A": column.name,
                        "column_B": start.name,
                        "or_equal": True,
                        "ignore_row_if": "either_value_is_missing",
                    },
                    "keep",
                    f"In {both:,} rows {_words(column.name)} never lay before {_words(start.name)}.",
                )

    def volume(self) -> Iterator[Entry]:
        """Rows by week and how long the table was ever silent."""
        if not self.table.partition or self.rows < _ENOUGH:
            return
        column = self.table.partition
        day = f"CAST({quoted(column)} AS DATE)"
        days = [
            (found, int(count))
            for found, count in self.connection.execute(
                f"SELECT {day}, count(*) FROM {quoted(self.table.table)} WHERE {day} IS NOT NULL GROUP BY 1 ORDER BY 1"
            ).fetchall()
        ]
        silent = max(((b - a).days for (a, _), (b, _) in pairwise(days)), default=0)
        yield self._rule(
            "expect_column_newest_to_be_recent",
            {"column": column, "days": max(2 * silent, 7)},
            "keep",
            f"The longest silence so far were {silent} days; twice as long means that the export has stopped.",
        )
        weeks = _by_week(days)
        usual = sorted(weeks)[len(weeks) // 2] if weeks else 0
        if len(weeks) < _WEEKS or usual < 10:
            return
        low, high = min(weeks) / usual / 2, 2 * max(weeks) / usual
        bounds = {"weeks": _WEEKS, "at_least": math.floor(low * 100) / 100, "at_most": math.ceil(high * 10) / 10}
        why = (
            f"In {len(weeks)} weeks there were {min(weeks):,} to {max(weeks):,} rows, usually {usual:,}; "
            "half the least and twice the most are allowed."
        )
        yield self._rule(
            "expect_column_volume_to_match_history", {"column": column, **bounds}, "keep", why, severity="info"
        )

    def whole(self) -> Iterator[Entry]:
        """Rules that every table needs: few rows refused, none suddenly gone."""
        few = "Single rows that the mapping cannot read are accidents; many mean that the source has changed."
        gone = "A source that suddenly has far fewer rows has lost a permission or a disk, not its past."
        for kind, share, why in (
            ("expect_table_rejects_to_be_few", 0.05, few),
            ("expect_table_not_to_shrink", 0.2, gone),
        ):
            yield self._rule(kind, {"share": share, "from_rows": 20}, "stop", why, severity="critical")

    # --- how it is written -------------------------------------------------------------------------------------------
    def _rule(self, kind: str, kwargs: dict[str, Any], action: str, why: str, severity: str = "warning") -> Entry:
        meta = {"why": why[:1].upper() + why[1:], "owner": self.owner, "on_failure": action}
        return {"type": kind, "kwargs": kwargs, "severity": severity, "meta": meta}

    def _gross(self, kind: str, kwargs: dict[str, Any], what: str) -> Entry:
        share = round(100 * (1 - kwargs["mostly"]))
        entry = self._rule(kind, kwargs, "stop", f"If more than {share} rows in a hundred fail, {what}.", "critical")
        return {**entry, "meta": {**entry["meta"], "from_rows": 10}}

    def _ask(self, sql: str) -> tuple[Any, ...]:
        return _row(self.connection, sql.replace("{table}", quoted(self.table.table)))


def _by_week(days: Sequence[tuple[date, int]]) -> list[int]:
    """Rows of each whole week of seven days between the first and the newest day; a silent one counts as 0."""
    if not days:
        return []
    newest = days[-1][0]
    counts: dict[int, int] = {}
    for day, count in days:
        week = (newest - day).days // 7
        counts[week] = counts.get(week, 0) + count
    return [counts.get(week, 0) for week in range(((newest - days[0][0]).days + 1) // 7)]


def _round_up(value: float) -> float:
    """Return the least of 1, 2, 5, 10, 20, 50 ... that is no less; a bound that a person can remember.

    >>> [_round_up(value) for value in (0.3, 40, 41, 1000)]
    [0.5, 50, 50, 1000]
    """
    power = 10.0 ** math.floor(math.log10(value))
    bound = next(power * step for step in (1, 2, 5, 10) if power * step >= value * (1 - 1e-12))
    return int(bound) if bound >= 1 else round(bound, 12)


def _row(connection: DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row


def _words(column: str) -> str:
    return column.replace("_", " ")
