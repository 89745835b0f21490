"""Judges links that could not be judged when their rows came, because the table that they lead to had no rows yet.

Sources are read side by side: the first delivery of one may come before another has published anything. Its links are
judged afterwards, once, against what is published on both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from qmsreports.catalog.table import Table
from qmsreports.lake import quoted
from qmsreports.records import JUDGED_LATE, RuleResult
from qmsreports.validate.suite import Rule

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SHOWN = 3


def judge_late(
    connection: DuckDBPyConnection, rules: Sequence[Rule], table: Table, source: str, *, let_in: Collection[str] = ()
) -> tuple[RuleResult, ...]:
    """Judge rules on links by the published rows of a source; both tables stand as views in ``connection``.

    A rule whose other table is still without rows is left out. ``let_in`` are keys (columns joined by ``|``) that a
    person let in although they lead nowhere.
    """
    return tuple(
        _judged(connection, rule, table, source, sorted(let_in))
        for rule in rules
        if _one(connection, f"SELECT count(*) > 0 FROM {quoted(str(rule.kwargs['other_table']))}", [])[0]
    )


def values_there(connection: DuckDBPyConnection, rule: Rule, values: Iterable[object]) -> frozenset[str]:
    """Return, as texts, those of the values that the other table of a rule on links has; it stands as a view."""
    other, known = quoted(str(rule.kwargs["other_table"])), quoted(str(rule.kwargs["other_column"]))
    wanted = sorted({str(value) for value in values if value is not None})
    rows = connection.execute(
        f"SELECT named FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS named) "
        f"WHERE named IN (SELECT CAST({known} AS VARCHAR) FROM {other})",
        [wanted],
    ).fetchall()
    return frozenset(named for (named,) in rows)


def _judged(connection: DuckDBPyConnection, rule: Rule, table: Table, source: str, let_in: Sequence[str]) -> RuleResult:
    column, other = quoted(rule.columns[0]), str(rule.kwargs["other_table"])
    key = f"concat_ws('|', {', '.join(f'CAST({quoted(name)} AS VARCHAR)' for name in table.key)})"
    known = quoted(str(rule.kwargs["other_column"]))
    checked, failed, some = _one(
        connection,
        f"""WITH own AS (SELECT {key} AS key, {column} AS named FROM {quoted(table.table)}
            WHERE _source = ? AND {column} IS NOT NULL),
        astray AS (FROM own WHERE named NOT IN (SELECT {known} FROM {quoted(other)} WHERE {known} IS NOT NULL)
            AND key NOT IN (SELECT unnest(CAST(? AS VARCHAR[]))))
        SELECT (SELECT count(*) FROM own), (SELECT count(*) FROM astray),
            (SELECT list(key) FROM (SELECT key FROM astray ORDER BY key LIMIT {_SHOWN}))""",
        [source, list(let_in)],
    )
    said = f"{JUDGED_LATE}{failed:,} of {checked:,} published rows name none of {other.replace('_', ' ')}"
    return RuleResult(
        rule=rule.label,
        column=", ".join(rule.columns),
        severity=rule.severity,
        on_failure=rule.on_failure,
        why=rule.why,
        owner=rule.owner,
        success=failed <= rule.tolerance * checked or failed < rule.from_rows,
        broken=False,
        rows_checked=checked,
        rows_failed=failed,
        sample=(said, *(some or ())),
    )


def _one(connection: DuckDBPyConnection, sql: str, parameters: list[object]) -> tuple[int, int, list[str]]:
    row = connection.execute(sql, parameters).fetchone()
    assert row is not None
    return row
