"""Rows of the KPI benchmark, made by hashing the row number: a seed gives the same rows everywhere."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.kpi_scan_definitions import PERIODS, ZONE
from qmsreports.lake import open_duckdb
from qmsreports.period import Period

FAMILIES = "['circulation', 'drainage', 'dosing', 'booster']"
CHANNELS = "['phone', 'email', 'chat', 'social', 'in_person']"
SITES = "['linz', 'lyon', 'porto']"
SYSTEM = "'' AS _source, '' AS _load, '' AS _row"


def make(folder: Path, rows: int, seed: int) -> None:
    """Write both Delta tables, one commit per month; what is there already is kept."""
    from deltalake import write_deltalake

    done = folder / "complete"
    if done.exists():
        return
    with open_duckdb() as connection:
        for number, period in enumerate(PERIODS):
            share = range(rows * number // len(PERIODS), rows * (number + 1) // len(PERIODS))
            print(f"making rows of {period}", file=sys.stderr, end="\r", flush=True)
            texts = {"order_lines": _order_lines(share, period, seed), "tickets": _tickets(share, period, seed)}
            for table, text in texts.items():
                write_deltalake(folder / table, connection.sql(text).arrow(), mode="append", partition_by=["_month"])
    done.touch()


def _chance(seed: int, number: int, of: int) -> str:
    return f"(hash(i * 31 + {seed * 1000 + number}) >> 2)::BIGINT % {of}"


def _order_lines(share: range, period: Period, seed: int) -> str:
    def chance(number: int, of: int) -> str:
        return _chance(seed, number, of)

    length = (period.end - period.start).days
    return f"""
    WITH drawn AS (
        SELECT i, DATE '{period.start}' + ({chance(1, length)})::INTEGER AS ordered_on
        FROM range({share.start}, {share.stop}) t(i)
    ), promised AS (SELECT *, ordered_on + (5 + {chance(2, 20)})::INTEGER AS promised_on FROM drawn)
    SELECT 'L' || i AS order_line_id, {SITES}[1 + {chance(3, 3)}] AS site,
        {FAMILIES}[1 + {chance(4, 4)}] AS product_family, {CHANNELS}[1 + {chance(5, 5)}] AS channel,
        CASE WHEN {chance(6, 50)} = 0 THEN 'cancelled' WHEN {chance(7, 100)} < 94 THEN 'delivered'
            ELSE 'open' END AS status,
        ordered_on, promised_on,
        CASE WHEN {chance(7, 100)} < 94 THEN promised_on + ({chance(8, 12)} - 9)::INTEGER END AS delivered_on,
        (1 + {chance(9, 50)})::DOUBLE AS quantity_ordered,
        (1 + {chance(9, 50)} - ({chance(10, 20)} = 0)::INTEGER)::DOUBLE AS quantity_delivered,
        (1000 + {chance(11, 100000)}) / 128.0 AS net_value, {SYSTEM}, '{period}' AS _month
    FROM promised"""


def _tickets(share: range, period: Period, seed: int) -> str:
    def chance(number: int, of: int) -> str:
        return _chance(seed, number, of)

    first, end = (int(moment.timestamp()) for moment in period.utc_bounds(ZONE))
    return f"""
    WITH drawn AS (
        SELECT i, to_timestamp({first} + {chance(21, end - first)}) AS opened_at
        FROM range({share.start // 10}, {share.stop // 10}) t(i)
    )
    SELECT 'T' || i AS ticket_id, {SITES}[1 + {chance(22, 3)}] AS site, {CHANNELS}[1 + {chance(23, 5)}] AS channel,
        opened_at,
        CASE WHEN {chance(24, 20)} > 0 THEN opened_at + to_seconds({chance(25, 200000)}) END AS first_reply_at,
        CASE WHEN {chance(26, 10)} > 0 THEN opened_at + to_seconds({chance(27, 2000000)}) END AS resolved_at,
        opened_at + INTERVAL 5 DAY AS due_at, ({chance(28, 10)} = 0)::BIGINT AS reopened, {SYSTEM}, '{period}' AS _month
    FROM drawn"""
