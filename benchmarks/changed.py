"""One row in a hundred changed: what landing, auditing, shaping and publishing it costs beside the first load.

A PostgreSQL table of order lines, the shipped suite, a suite of the feed as landed, and the whole line in
a process of its own for each load. The changed rows lie in the last quarter, where work goes on, or all over the table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import timing
from benchmarks.landing_sql import filled
from benchmarks.table import Row

AT = datetime(2026, 11, 5, 6, tzinfo=UTC)
DAYS = 1095
_MAKE = f"""CREATE TABLE big AS SELECT i::bigint AS id, 'O' || i / 3 AS order_no, 'A' || i % 640 AS customer,
    (ARRAY['linz', 'lyon', 'porto'])[1 + i % 3] AS site, 'P' || i % 40 AS item,
    (ARRAY['circulation', 'drainage', 'dosing', 'booster'])[1 + i % 4] AS family,
    (ARRAY['phone', 'email', 'chat', 'social', 'in_person'])[1 + i % 5] AS channel,
    date '2023-11-06' + (i::bigint * {DAYS} / {{rows}})::int AS ordered, 1 + i % 30 AS qty, (i % 9000)::float8 AS net,
    CASE WHEN i % 20 > 0 THEN 'delivered' ELSE 'open' END AS state,
    timestamptz '2023-11-05 00:00Z' + i::float8 * {DAYS} / {{rows}} * interval '1 day' AS modified
    FROM generate_series(1, {{rows}}) i"""
_CHANGE = (
    "UPDATE big SET qty = qty + 1, modified = timestamptz '2026-11-05 05:00Z' + {nth} * interval '1 min' WHERE {{}}"
)
_LOADS = {
    "first": "",
    "last quarter": _CHANGE.format(nth=1).format("id > {rows} * 11 / 12 AND id % 100 < 12"),
    "all over": _CHANGE.format(nth=2).format("id % 100 = 50"),
}
_SOURCE = """
source: shop
title: Shop
kind: sql
time_zone: UTC
tables:
  - table: big
    key: [id]
    cursor: modified
    needs: [order_no, customer, site, item, family, channel, ordered, qty, net, state]
conform:
  order_lines: {from: big}
"""
_SELECT = """
SELECT
    'L' || id AS order_line_id, order_no AS order_id, customer AS customer_id, site, item AS product,
    family AS product_family, channel, ordered AS ordered_on, ordered + 10 AS requested_on,
    ordered + 12 AS first_promised_on, ordered + 12 AS promised_on, NULL AS late_notice_on, NULL AS trouble_on,
    NULL AS told_first, CASE WHEN state = 'delivered' THEN least(ordered + 9, DATE '2026-11-05') END AS delivered_on,
    qty AS quantity_ordered, CASE WHEN state = 'delivered' THEN qty END AS quantity_delivered, net AS net_value,
    state AS status
FROM big
"""
_RULE = {"why": "Nothing can be joined without it.", "owner": "it.data", "on_failure": "stop"}
_LANDED = [
    {
        "type": "expect_column_values_to_not_be_null",
        "kwargs": {"column": column},
        "severity": "critical",
        "meta": _RULE,
    }
    for column in ("id", "modified", "ordered")
]


def run(*, work: Path, rows: int, runs: int) -> list[Row]:
    """Measure the first load and both later ones; the rows that each published are counted."""
    costs: dict[str, list[timing.Cost]] = {name: [] for name in _LOADS}
    for _ in range(runs):
        folder = work / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        _workspace(folder)
        with filled(_MAKE.format(rows=rows)) as url:
            for nth, (name, change) in enumerate(_LOADS.items()):
                if change:
                    _execute(url, change.format(rows=rows))
                cost = timing.child(__name__, url, str(folder), str(nth))
                expected = rows if nth == 0 else rows / 100
                if abs(cost.said["rows"] - expected) > expected / 50:
                    raise RuntimeError(f"{name}: {cost.said['rows']:,} rows published, {expected:,.0f} expected")
                costs[name].append(cost)
        shutil.rmtree(folder)
    first = costs.pop("first")
    size = f"{rows:,} rows in the first load"
    found = [
        Row("first load, wall", _of(first, "wall"), "s", note=f"{size}; {_where(first[0])}"),
        Row("first load, peak memory", _of(first, "peak"), "MB", aim=1500, note=_peaks(first[0])),
    ]
    for name, later in costs.items():
        what = f"1 % changed, {name}"
        found += [
            Row(f"{what}, wall", _of(later, "wall"), "s", _of(first, "wall"), 0.1, True, f"reference: {size}"),
            Row(f"{what}, CPU", _of(later, "cpu"), "s", _of(first, "cpu"), note=_where(later[0])),
            Row(f"{what}, peak memory", _of(later, "peak"), "MB", aim=1500, note=_peaks(later[0])),
        ]
    return found


def _of(costs: list[timing.Cost], what: str) -> list[float]:
    return [getattr(cost, what) for cost in costs]


def _where(cost: timing.Cost) -> str:
    return ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in cost.said["wall_of"].items())


def _peaks(cost: timing.Cost) -> str:
    return "so far after " + ", ".join(f"{stage} {megabytes:,.0f}" for stage, megabytes in cost.said["peak_of"].items())


def _workspace(folder: Path) -> None:
    """Make a workspace with the shipped catalog and suites and one source."""
    shutil.copytree(timing.ROOT / "catalog", folder / "catalog", ignore=shutil.ignore_patterns("sources"))
    shutil.copytree(timing.ROOT / "expectations", folder / "expectations", ignore=shutil.ignore_patterns("landed"))
    source, landed = folder / "catalog" / "sources" / "shop", folder / "expectations" / "landed" / "shop"
    for made in (source, landed):
        made.mkdir(parents=True)
    (source / "source.yaml").write_text(_SOURCE, encoding="utf-8")
    (source / "order_lines.sql").write_text(_SELECT, encoding="utf-8")
    suite = {"name": "big", "expectations": _LANDED}
    (landed / "big.json").write_text(json.dumps(suite), encoding="utf-8")


def _execute(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _load(folder: Path, nth: int) -> dict[str, Any]:
    """Run the four stages of an ingest as a DAG calls them, and say what each took."""
    import resource
    import time

    from qmsreports import stages
    from qmsreports.settings import Settings

    settings = Settings(var=folder / "var", catalog=folder / "catalog", expectations=folder / "expectations")
    how: dict[str, Any] = {"run_id": f"load {nth}", "at": AT + timedelta(hours=nth), "settings": settings}
    spent: dict[str, float] = {}
    peaks: dict[str, float] = {}
    began = time.perf_counter()

    def over(stage: str) -> None:
        spent[stage] = time.perf_counter() - began - sum(spent.values())
        peaks[stage] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    landed = stages.land("shop", **how)
    over("land")
    staged = stages.conform("shop", failures=landed.failures, **how)
    over("conform")
    audited = stages.validate(staged, **how)
    over("validate")
    stages.publish(audited, **how)
    over("publish")
    wrong = [report.message for report in stages.feed_reports(how["run_id"], settings=settings) if not report.sound]
    if wrong:
        raise RuntimeError(wrong[0])
    return {"rows": sum(audit.rows for _, audit in audited), "wall_of": spent, "peak_of": peaks}


def main() -> None:
    """Run one load in this process and print what it cost; importing is another figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("nth", type=int)
    asked = parser.parse_args()
    os.environ["QMSREPORTS_CONNECTION_SHOP"] = asked.url
    import deltalake
    import dlt
    import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

    from qmsreports.validate import checker

    assert deltalake and dlt and checker
    json.dump(timing.cost_of(lambda: _load(asked.folder, asked.nth)), sys.stdout)


if __name__ == "__main__":
    main()
