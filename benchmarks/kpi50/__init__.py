"""Forty-nine KPIs, 36 months and 24 slices over tens of millions of rows: the product, and what else could be run.

Beside the product: the queries that somebody who knows DuckDB would write for exactly these numbers, the same in
pandas, and the product on Spark over fewer rows. Each side runs in a process of its own; imports are done before the
clock starts; numbers are compared before speed is.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

from benchmarks import timing
from benchmarks.table import Row

SIDES = "benchmarks.kpi50.sides"
SPARK_ROWS = 1_000_000


def run(*, work: Path, rows: int, runs: int, spark: bool | None = None) -> list[Row]:
    """Measure product and queries by turns, pandas once; ``RuntimeError`` when a number differs.

    ``spark`` says whether Spark is measured; None: where it is installed (``make spark``) and there is a Java.
    """
    folder = _made(work, rows)
    sides = ("product", "hand", "month")
    product, hand, month = timing.by_turns(runs, *(lambda side=side: _side(side, folder) for side in sides))
    pandas = [_side("pandas", folder)]
    verdict = _same(product[0], hand[0], "by hand")
    _same(product[0], pandas[0], "in pandas")
    _same(product[0], month[0], "of one month")
    said = product[0].said
    size = f"{rows / 1e6:g} M rows, {said['kpis']} KPIs x 36 months x 24 slices; {verdict}"
    by_hand, whole = "reference: SQL by hand", "reference: all 36 months"
    changed = f"rows of the last month changed, {month[0].said['values']:,} values; {whole}"
    found = [
        Row("49 KPIs, wall", _of(product, "wall"), "s", _of(hand, "wall"), 1.3, True, f"{size}; {by_hand}"),
        Row("49 KPIs, CPU", _of(product, "cpu"), "s", _of(hand, "cpu"), 1.3, True, by_hand),
        Row("49 KPIs, peak memory", _of(product, "peak"), "MB", _of(hand, "peak"), 3000, note=by_hand),
        Row("49 KPIs, wall", _of(product, "wall"), "s", _of(pandas, "wall"), 0.333, True, "reference: pandas, one run"),
        Row("49 KPIs, CPU", _of(product, "cpu"), "s", _of(pandas, "cpu"), note="reference: pandas, on one processor"),
        Row("one changed month, wall", _of(month, "wall"), "s", _of(product, "wall"), 0.1, True, changed),
        Row("one changed month, CPU", _of(month, "cpu"), "s", _of(product, "cpu"), 0.1, True, whole),
    ]
    there = spark if spark is not None else bool(find_spec("pyspark") and shutil.which("java"))
    return [*found, *_on_spark(work, min(rows, SPARK_ROWS))] if there else found


def _on_spark(work: Path, rows: int) -> list[Row]:
    folder = _made(work, rows)
    duckdb, spark = _side("product", folder), _side("spark", folder)
    _same(duckdb, spark, "on Spark")
    note = f"{rows / 1e6:g} M rows, Spark on this machine, its start of {spark.said['start']:.0f} s not counted"
    return [Row("49 KPIs on Spark, wall", [spark.wall], "s", [duckdb.wall], note=f"{note}; reference: DuckDB")]


def _made(work: Path, rows: int) -> Path:
    folder = work / f"kpi50_{rows}"
    timing.child(SIDES, "make", str(folder), "--rows", str(rows))
    return folder


def _side(side: str, folder: Path) -> timing.Cost:
    return timing.child(SIDES, side, str(folder))


def _of(costs: list[timing.Cost], what: str) -> list[float]:
    return [getattr(cost, what) for cost in costs]


def _same(one: timing.Cost, other: timing.Cost, where: str) -> str:
    """Compare two sides' numbers to 1e-9; what only one of them asked for (months, members of no row) aside."""
    ours, theirs = one.said["numbers"], other.said["numbers"]
    asked = other.said.get("periods")
    keys = {key for key in ours.keys() | theirs.keys() if asked is None or key.split("|")[1] in asked}
    wrong = sorted(key for key in keys if not _close(ours.get(key), theirs.get(key)))
    if wrong:
        shown = "\n".join(f"{key}: {ours.get(key)} and {where} {theirs.get(key)}" for key in wrong[:20])
        raise RuntimeError(f"{len(wrong):,} of {len(keys):,} numbers differ {where}, such as\n{shown}")
    return f"{len(keys):,} numbers, all the same"


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1)
