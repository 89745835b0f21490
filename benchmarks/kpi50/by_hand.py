"""The same numbers by queries that somebody who knows DuckDB well would write for exactly these KPIs.

One grouping of each table by all months, slices and states with what KPIs share counted once, rolled up from it; months
of instants by comparison with the bounds; working time by a table of quarter hours. The percentiles of one duration
are asked for together.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from benchmarks.kpi50.definitions import CLOCKS, LINES, PERIODS, TICKETS, ZONE
from benchmarks.kpi_scan_definitions import DESK

Query = tuple[list[str], list[str], str]
"""KPIs, slices and text; rows are period, slices, values."""
_FIRST, _LAST = (period.start.year * 12 + period.start.month for period in (PERIODS[0], PERIODS[-1]))
_SUMS = {  # what all twelve KPIs of a clock are made of
    "n": "count(*)",
    "value": "sum(net_value)",
    "pieces": "sum(quantity_ordered)",
    "in_time": "count(*) FILTER (WHERE delivered_on <= promised_on)",
    "late": "count(*) FILTER (WHERE delivered_on > promised_on)",
    "otif": "count(*) FILTER (WHERE delivered_on <= promised_on AND quantity_delivered >= quantity_ordered)",
    "short": "count(*) FILTER (WHERE quantity_delivered < quantity_ordered)",
    "waiting": "count(*) FILTER (WHERE delivered_on IS NULL)",
    "large": "count(*) FILTER (WHERE net_value > 500)",
    "shipped": "sum(quantity_delivered)",
}
_POPULATIONS = {"promised": "status <> 'cancelled'", "delivered": "status = 'delivered'", "ordered": "true"}
_VALUES = {
    "lines": "sum(n)",
    "value": "sum(value)",
    "pieces": "sum(pieces)",
    "mean_pieces": "sum(pieces) / sum(n)",
    "mean_value": "sum(value) / sum(n)",
    **{
        name: f"100.0 * sum({part}) / sum(n)"
        for name, part in (("on_time", "in_time"), *((word, word) for word in ("late", "otif", "short", "waiting")))
    },
    "large": "100.0 * sum(large) / sum(n)",
    "filled": "100.0 * sum(shipped) / sum(pieces)",
}


def queries(connection: Any) -> Iterator[Query]:
    """Yield the queries, each after what it reads was laid out."""
    yield from _lines(connection)
    yield from _tickets(connection)
    yield from _percentiles(connection)


def _sets(slices: list[str]) -> str:
    return "GROUP BY GROUPING SETS ((1), " + ", ".join(f"(1, {place})" for place in range(2, len(slices) + 2)) + ")"


def _period(month: str) -> str:
    return f"(({month} - 1) // 12) || '-' || lpad((({month} - 1) % 12 + 1)::VARCHAR, 2, '0')"


def _lines(connection: Any) -> Iterator[Query]:
    months = ", ".join(f"year({clock}_on) * 12 + month({clock}_on) AS {clock}" for clock in CLOCKS)
    counted = ", ".join(f"{text} AS {name}" for name, text in _SUMS.items())
    own = ", ".join(LINES)
    connection.execute(
        f"CREATE TEMP TABLE lines AS SELECT {months}, {own}, status, {counted} FROM order_lines GROUP BY ALL"
    )
    for clock in CLOCKS:
        yield (
            [f"{clock}_{name}" for name in _VALUES],
            LINES,
            f"""SELECT {_period(clock)}, {own}, {", ".join(_VALUES.values())} FROM lines
            WHERE {clock} BETWEEN {_FIRST} AND {_LAST} AND {_POPULATIONS[clock]} {_sets(LINES)}""",
        )


def _month(column: str) -> str:
    """Newest first: most rows are decided after a few comparisons, and each only looks at what is left."""
    starts = [(period.utc_bounds(ZONE)[0].isoformat(), str(period)) for period in reversed(PERIODS)]
    cases = " ".join(f"WHEN {column} >= TIMESTAMPTZ '{start}' THEN '{name}'" for start, name in starts)
    after = PERIODS[-1].utc_bounds(ZONE)[1].isoformat()
    return f"CASE WHEN {column} >= TIMESTAMPTZ '{after}' THEN '9999-99' {cases} END"


def _tickets(connection: Any) -> Iterator[Query]:
    connection.execute(
        f"""CREATE TEMP TABLE cases AS SELECT {_month("opened_at")} AS opened, {_month("resolved_at")} AS resolved,
            {_month("due_at")} AS due, {", ".join(TICKETS)}, count(*) AS n,
            count(*) FILTER (WHERE resolved_at <= due_at) AS in_time, count(*) FILTER (WHERE reopened >= 1) AS again,
            count(first_reply_at) AS answered, sum(reassigned) AS handed
        FROM tickets GROUP BY ALL"""
    )
    urgent = "100.0 * coalesce(sum(n) FILTER (WHERE priority IN ('high', 'highest')), 0) / sum(n)"
    own = ", ".join(TICKETS)
    yield (
        ["opened", "urgent", "answered", "handovers"],
        TICKETS,
        f"""SELECT opened, {own}, sum(n), {urgent}, 100.0 * sum(answered) / sum(n), sum(handed) / sum(n)
        FROM cases {_sets(TICKETS)}""",
    )
    yield (
        ["resolved", "reopened"],
        TICKETS,
        f"SELECT resolved, {own}, sum(n), 100.0 * sum(again) / sum(n) FROM cases "
        f"WHERE resolved <> '9999-99' {_sets(TICKETS)}",
    )
    yield (
        ["due_in_time"],
        TICKETS,
        f"SELECT due, {own}, 100.0 * sum(in_time) / sum(n) FROM cases WHERE due <> '9999-99' {_sets(TICKETS)}",
    )
    months = ", ".join(f"('{period}')" for period in PERIODS)
    for name, begun in (("backlog", "opened"), ("overdue", "due")):
        yield (
            [name],
            TICKETS,
            f"""SELECT period, {own}, coalesce(sum(n) FILTER (WHERE resolved > period OR resolved IS NULL), 0)
            FROM cases JOIN (VALUES {months}) months(period) ON {begun} <= period {_sets(TICKETS)}""",
        )


def _percentiles(connection: Any) -> Iterator[Query]:
    first, worked, is_open = lay_out_quarters()
    connection.execute(
        "CREATE TEMP TABLE quarters AS SELECT unnest($1::BIGINT[]) AS q, unnest($2) AS w, unnest($3) AS o",
        [list(range(first, first + len(worked))), worked.tolist(), is_open.tolist()],
    )
    ends = ", ".join(f"('{period}', TIMESTAMPTZ '{period.utc_bounds(ZONE)[1].isoformat()}')" for period in PERIODS)
    own = ", ".join(TICKETS)
    length = "CASE WHEN first_reply_at < ends THEN ended ELSE at_end END - began"
    yield (
        ["reply_median", "reply_p90"],
        TICKETS,
        f"""WITH waits AS (
            SELECT {_month("opened_at")} AS period, {own}, first_reply_at,
                a.w + a.o * (epoch(opened_at) - a.q * 900) AS began,
                b.w + b.o * (epoch(first_reply_at) - b.q * 900) AS ended
            FROM tickets LEFT JOIN quarters a ON a.q = epoch_us(opened_at) // 900000000
            LEFT JOIN quarters b ON b.q = epoch_us(first_reply_at) // 900000000),
        months AS (SELECT period, ends, w AS at_end FROM (VALUES {ends}) v(period, ends)
            JOIN quarters ON q = epoch(ends)::BIGINT // 900),
        lengths AS (SELECT period, {own}, {length} AS length FROM waits JOIN months USING (period))
        SELECT period, {own}, quantile_cont(length, 0.5) / 3600.0, quantile_cont(length, 0.9) / 3600.0
        FROM lengths {_sets(TICKETS)}""",
    )
    yield (
        ["resolve_median", "resolve_p90"],
        TICKETS,
        f"""WITH lengths AS (
            SELECT {_month("opened_at")} AS period, {own}, epoch(resolved_at) - epoch(opened_at) AS length
            FROM tickets WHERE resolved_at IS NOT NULL)
        SELECT period, {own}, quantile_cont(length, 0.5) / 3600.0, quantile_cont(length, 0.9) / 3600.0
        FROM lengths {_sets(TICKETS)}""",
    )


def lay_out_quarters() -> tuple[int, Any, Any]:
    """Return the number of the first quarter of an hour, and for each the seconds open before it and whether open."""
    import numpy as np

    first, after = 1696111200 // 900, 1798758000 // 900  # October 2023 to the end of 2026
    is_open = np.zeros(after - first, dtype="int64")
    for start, end in DESK.open_intervals(date(2023, 10, 1), date(2027, 1, 1)):
        begins, ends = (int(moment.timestamp()) // 900 - first for moment in (start, end))
        is_open[max(begins, 0) : ends] = 1
    return first, 900 * (np.cumsum(is_open) - is_open), is_open
