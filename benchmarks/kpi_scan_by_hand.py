"""The benchmark's numbers by queries that somebody who knows DuckDB well would write for exactly these KPIs.

They are the fastest forms that we know, not the first that come to mind: one grouping by all months and slices, rolled
up afterwards; months of instants by comparison with the bounds; working time by a table of quarter hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from benchmarks.kpi_scan_definitions import DESK, PERIODS, SETS, ZONE

Query = tuple[list[str], list[str], str]
"""KPIs, slices and text; rows are period, slices, values."""
_TICKETS = ["site", "channel"]
_SETS = "GROUP BY GROUPING SETS ((1), (1, 2), (1, 3))"


def queries(label: str, connection: Any) -> Iterator[Query]:
    """Yield the queries of one set of KPIs."""
    if label == "sums over order lines":
        yield _sums([kpi.kpi for kpi in SETS[label]])
    elif label == "tickets: level, shares":
        yield from _shares()
    else:
        yield from _percentiles(connection)


def _sums(names: list[str]) -> Query:
    first, last = (period.start.year * 12 + period.start.month for period in (PERIODS[0], PERIODS[-1]))
    values = {
        "promised": tuple(f"100.0 * sum({part}) / sum(due)" for part in ("in_time", "otif", "waiting")),
        "delivered": ("100.0 * sum(done_in_time) / sum(done)", "100.0 * sum(in_full) / sum(done)", "sum(done_value)"),
        "ordered": (
            "sum(orders)",
            "sum(value)",
            "sum(quantity) / sum(quantities)",
            "100.0 * sum(cancelled) / sum(orders)",
        ),
    }
    layers, before = [], 0
    for clock, own in values.items():
        listed = ", ".join([*["NULL"] * before, *own, *["NULL"] * (len(names) - before - len(own))])
        layers.append(
            f"""SELECT {clock} AS month, site, product_family, channel, {listed} FROM cube
            WHERE {clock} BETWEEN {first} AND {last} GROUP BY GROUPING SETS ((1), (1, 2), (1, 3), (1, 4))"""
        )
        before += len(own)
    columns = ", ".join(f"c{number}" for number in range(len(names)))
    return (
        names,
        ["site", "product_family", "channel"],
        f"""WITH cube AS (
            SELECT year(promised_on) * 12 + month(promised_on) AS promised,
                year(delivered_on) * 12 + month(delivered_on) AS delivered,
                year(ordered_on) * 12 + month(ordered_on) AS ordered, site, product_family, channel,
                count(*) FILTER (WHERE status <> 'cancelled') AS due,
                count(*) FILTER (WHERE status <> 'cancelled' AND delivered_on <= promised_on) AS in_time,
                count(*) FILTER (WHERE status <> 'cancelled' AND delivered_on <= promised_on
                                 AND quantity_delivered >= quantity_ordered) AS otif,
                count(*) FILTER (WHERE status = 'open') AS waiting,
                count(*) FILTER (WHERE status = 'delivered') AS done,
                count(*) FILTER (WHERE status = 'delivered' AND delivered_on <= promised_on) AS done_in_time,
                count(*) FILTER (WHERE status = 'delivered' AND quantity_delivered >= quantity_ordered) AS in_full,
                sum(net_value) FILTER (WHERE status = 'delivered') AS done_value,
                count(*) AS orders, sum(net_value) AS value, sum(quantity_ordered) AS quantity,
                count(quantity_ordered) AS quantities, count(*) FILTER (WHERE status = 'cancelled') AS cancelled
            FROM order_lines GROUP BY ALL),
        rolled(month, site, product_family, channel, {columns}) AS ({" UNION ALL ".join(layers)})
        SELECT ((month - 1) // 12) || '-' || lpad(((month - 1) % 12 + 1)::VARCHAR, 2, '0'),
            site, product_family, channel,
            {", ".join(f"max(c{number})" for number in range(len(names)))}
        FROM rolled GROUP BY month, site, product_family, channel""",
    )


def _month(column: str) -> str:
    """Newest first: most rows are decided after a few comparisons, and each only looks at what is left."""
    starts = [(period.utc_bounds(ZONE)[0].isoformat(), str(period)) for period in reversed(PERIODS)]
    cases = " ".join(f"WHEN {column} >= TIMESTAMPTZ '{start}' THEN '{name}'" for start, name in starts)
    return (
        f"CASE WHEN {column} >= TIMESTAMPTZ '{PERIODS[-1].utc_bounds(ZONE)[1].isoformat()}' THEN '9999-99' {cases} END"
    )


def _shares() -> Iterator[Query]:
    """Two clocks and a level from one grouping by opened, resolved and due month."""
    cube = f"""WITH cube AS (
        SELECT {_month("opened_at")} AS opened, {_month("resolved_at")} AS resolved, {_month("due_at")} AS due,
            site, channel, count(*) AS n, count(*) FILTER (WHERE resolved_at <= due_at) AS in_time,
            count(*) FILTER (WHERE reopened >= 1) AS again
        FROM tickets GROUP BY ALL)"""
    months = ", ".join(f"('{period}')" for period in PERIODS)
    yield (
        ["backlog", "due_in_time", "reopened"],
        _TICKETS,
        f"""{cube}, months(period) AS (VALUES {months}), rolled AS (
            SELECT period, site, channel, sum(n) FILTER (WHERE resolved > period OR resolved IS NULL) AS backlog,
                NULL AS in_time, NULL AS again FROM cube JOIN months ON opened <= period {_SETS}
            UNION ALL
            SELECT due, site, channel, NULL, 100.0 * sum(in_time) / sum(n), NULL FROM cube
            WHERE due <> '9999-99' {_SETS}
            UNION ALL
            SELECT resolved, site, channel, NULL, NULL, 100.0 * sum(again) / sum(n) FROM cube
            WHERE resolved <> '9999-99' {_SETS})
        SELECT period, site, channel, max(backlog), max(in_time), max(again) FROM rolled
        GROUP BY period, site, channel""",
    )


def _percentiles(connection: Any) -> Iterator[Query]:
    opens = {int(start.timestamp()) // 900: int(end.timestamp()) // 900 for start, end in _open()}
    rows, worked, until = [], 0, 0
    for quarter in range(1696111200 // 900, 1798758000 // 900):  # October 2023 to the end of 2026
        until = opens.get(quarter, until)
        rows.append((quarter, worked, int(quarter < until)))
        worked += 900 * (quarter < until)
    connection.execute(
        "CREATE TEMP TABLE quarters AS SELECT unnest($1) AS q, unnest($2) AS w, unnest($3) AS o",
        [list(column) for column in zip(*rows, strict=True)],
    )
    ends = ", ".join(f"('{period}', TIMESTAMPTZ '{period.utc_bounds(ZONE)[1].isoformat()}')" for period in PERIODS)
    yield (
        ["reply_p90"],
        _TICKETS,
        f"""WITH cases AS (
            SELECT {_month("opened_at")} AS period, site, channel, first_reply_at,
                a.w + a.o * (epoch(opened_at) - a.q * 900) AS began,
                b.w + b.o * (epoch(first_reply_at) - b.q * 900) AS ended
            FROM tickets LEFT JOIN quarters a ON a.q = epoch_us(opened_at) // 900000000
            LEFT JOIN quarters b ON b.q = epoch_us(first_reply_at) // 900000000),
        months AS (SELECT period, ends, w AS at_end FROM (VALUES {ends}) v(period, ends)
            JOIN quarters ON q = epoch(ends)::BIGINT // 900)
        SELECT period, site, channel,
            quantile_cont(CASE WHEN first_reply_at < ends THEN ended ELSE at_end END - began, 0.9) / 3600.0
        FROM cases JOIN months USING (period) {_SETS}""",
    )
    yield (
        ["resolve_median"],
        _TICKETS,
        f"""SELECT {_month("opened_at")} AS period, site, channel,
            quantile_cont(epoch(resolved_at) - epoch(opened_at), 0.5) / 3600.0
        FROM tickets WHERE resolved_at IS NOT NULL {_SETS}""",
    )


def _open() -> list[tuple[Any, Any]]:
    return DESK.open_intervals(date(2023, 10, 1), date(2027, 1, 1))
