"""Order lines and a ninth as many tickets, made by hashing the row number: a size gives the same rows everywhere."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.kpi50.definitions import MEMBERS, PERIODS, ZONE
from qmsreports.lake import open_duckdb
from qmsreports.period import Period

_SYSTEM = "'' AS _source, '' AS _load, '' AS _row"
_TICKETS = 10  # one row of ten is a ticket


def make(folder: Path, rows: int) -> None:
    """Write both Delta tables, one commit per month; what is there already is kept."""
    from deltalake import write_deltalake

    done = folder / "complete"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with open_duckdb() as connection:
        for number, period in enumerate(PERIODS):
            share = range(rows * number // len(PERIODS), rows * (number + 1) // len(PERIODS))
            print(f"\rmaking rows of {period}", file=sys.stderr, end="", flush=True)
            for table, text in (("order_lines", _lines(share, period)), ("tickets", _tickets(share, period))):
                write_deltalake(folder / table, connection.sql(text).arrow(), mode="append", partition_by=["_month"])
    print("\r" + " " * 40 + "\r", file=sys.stderr, end="")
    done.touch()


def _chance(number: int, of: int) -> str:
    """Return a number below ``of``, drawn from bits of one hash of the row that overlap with no other draw's much."""
    return f"((h >> {number * 4 % 48}) % {of})::INTEGER"


def _member(name: str, number: int) -> str:
    members = MEMBERS[name]
    return f"{members}[1 + {_chance(number, len(members))}] AS {name}"


def _lines(share: range, period: Period) -> str:
    length = (period.end - period.start).days
    return f"""
    WITH drawn AS (
        SELECT i, (hash(i) >> 1)::BIGINT AS h, (hash(i + 1000000007) >> 1)::BIGINT AS g
        FROM range({share.start}, {share.stop}) t(i) WHERE i % {_TICKETS} > 0
    ), dated AS (
        SELECT i, h, g, DATE '{period.start}' + (g % {length})::INTEGER AS ordered_on,
            1 + ((g >> 8) % 50)::INTEGER AS pieces, ((g >> 20) % 100)::INTEGER AS fate
        FROM drawn
    ), promised AS (SELECT *, ordered_on + (5 + (g >> 30) % 20)::INTEGER AS promised_on FROM dated)
    SELECT 'L' || i AS order_line_id, {_member("site", 0)}, {_member("product_family", 1)}, {_member("channel", 2)},
        {_member("segment", 3)},
        CASE WHEN fate < 2 THEN 'cancelled' WHEN fate < 94 THEN 'delivered' ELSE 'open' END AS status,
        ordered_on, promised_on,
        CASE WHEN fate BETWEEN 2 AND 93 THEN promised_on + ((g >> 40) % 12 - 9)::INTEGER END AS delivered_on,
        pieces::DOUBLE AS quantity_ordered,
        CASE WHEN fate BETWEEN 2 AND 93 THEN (pieces - ((g >> 50) % 20 = 0)::INTEGER)::DOUBLE END AS quantity_delivered,
        (1000 + (h >> 24) % 100000) / 128.0 AS net_value, {_SYSTEM}, '{period}' AS _month
    FROM promised"""


def _tickets(share: range, period: Period) -> str:
    first, end = (int(moment.timestamp()) for moment in period.utc_bounds(ZONE))
    return f"""
    WITH drawn AS (
        SELECT i, (hash(i) >> 1)::BIGINT AS h, (hash(i + 1000000007) >> 1)::BIGINT AS g,
            to_timestamp({first} + (hash(i + 7) % {end - first})::BIGINT) AS opened_at
        FROM range({share.start}, {share.stop}) t(i) WHERE i % {_TICKETS} = 0
    )
    SELECT 'T' || i AS ticket_id, {_member("site", 0)}, {_member("category", 1)}, {_member("channel", 2)},
        {_member("priority", 3)}, opened_at,
        CASE WHEN g % 20 > 0 THEN opened_at + to_seconds(((g >> 8) % 200000)::BIGINT) END AS first_reply_at,
        CASE WHEN (g >> 5) % 10 > 0 THEN opened_at + to_seconds(((g >> 25) % 2000000)::BIGINT) END AS resolved_at,
        opened_at + INTERVAL 5 DAY AS due_at, ((g >> 45) % 10 = 0)::BIGINT AS reopened,
        ((g >> 50) % 4)::BIGINT AS reassigned, {_SYSTEM}, '{period}' AS _month
    FROM drawn"""
