"""KPI stage against one script written by hand, on the product's own KPIs and a lake of millions of rows.

The script is ``benchmarks/by_hand/*.sql``: what somebody who knows DuckDB and these KPIs well would write, with one
pass over each table, groups rolled up from that, and working time looked up once for all KPIs that need it. Both
sides read the same Parquet files on the same number of threads; imports are done before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks import timing
from benchmarks.table import Row

AS_OF = datetime(2026, 11, 2, 6, tzinfo=UTC)
LAST, MONTHS = "2026-10", 36
SCRIPT = ("setup", "sales", "service", "customers", "works", "registers")
HERE = Path(__file__).parent


def run(lake: Path, catalog: Path, *, work: Path, rows: int, runs: int) -> list[Row]:
    """Measure both sides by turns and compare their numbers; ``RuntimeError`` when one differs."""
    big = work / f"lake-{rows}"
    made = timing.child(__name__, "make", str(lake), str(catalog), str(big), str(rows)).said
    sides = ("product", "hand", "month")
    product, hand, month = timing.by_turns(
        runs, *(lambda side=side: timing.child(__name__, side, str(big), str(catalog)) for side in sides)
    )
    verdict = compare(product[0].said["numbers"], hand[0].said["numbers"], product[0].said["slices"])
    print(verdict)
    said = product[0].said
    size = f"{made['rows'] / 1e6:.1f} M rows, {len(said['slices'])} of {said['shipped']} KPIs x {MONTHS} months"
    changed = _changed(month[0], product[0])
    return [
        Row(
            "KPI stage, wall",
            _of(product, "wall"),
            "s",
            _of(hand, "wall"),
            1.5,
            True,
            f"{size}; reference: SQL by hand",
        ),
        Row("KPI stage, CPU", _of(product, "cpu"), "s", _of(hand, "cpu"), 1.5, True, verdict),
        Row("KPI stage, peak memory", _of(product, "peak"), "MB", _of(hand, "peak"), 2000),
        Row(
            "one changed month, wall",
            _of(month, "wall"),
            "s",
            _of(product, "wall"),
            note=changed,
        ),
        Row("one changed month, CPU", _of(month, "cpu"), "s", _of(product, "cpu"), note="reference: all months"),
    ]


def _changed(month: timing.Cost, whole: timing.Cost) -> str:
    """Return what was computed anew; :class:`RuntimeError` where it differs from the same among all months."""
    ours, all_months = month.said["numbers"], whole.said["numbers"]
    wrong = [key for key, value in ours.items() if not _close(value, all_months.get(key))]
    if wrong:
        raise RuntimeError(f"{len(wrong)} numbers of the changed month differ, such as {wrong[:5]}")
    return f"rows of {LAST} changed: {len(ours):,} values; reference: all months"


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(1.0, abs(one))


def _of(costs: list[timing.Cost], what: str) -> list[float]:
    return [getattr(cost, what) for cost in costs]


def compare(product: Mapping[str, float | None], hand: Mapping[str, float], slices: Mapping[str, list[str]]) -> str:
    """Return how many numbers agree to 1e-9; an error names those that do not.

    What one side computes beside the other does not count: slices that only one of them has, which the product pays
    for in its time, and months before the first.
    """
    known = {(key.split("|")[0], _dimension(key)) for key in hand}
    ours = {
        key: value
        for key, value in product.items()
        if value is not None and (not _dimension(key) or (key.split("|")[0], _dimension(key)) in known)
    }
    theirs = {}
    for key, value in hand.items():
        kpi, month, cut = key.split("|")
        if kpi in slices and (not cut or cut.split("=")[0] in slices[kpi]) and f"{kpi}|{month}" in _asked(product):
            theirs[key] = value
    wrong = sorted(
        key
        for key in ours.keys() | theirs.keys()
        if abs(ours.get(key, 0.0) - theirs.get(key, 0.0)) > 1e-9 * max(1.0, abs(ours.get(key, 0.0)))
        or ((key not in ours or key not in theirs) and ours.get(key, 0.0) != theirs.get(key, 0.0))
    )
    if wrong:
        shown = "\n".join(f"{key}: {ours.get(key)} and by hand {theirs.get(key)}" for key in wrong[:40])
        kpis = sorted({key.split("|")[0] for key in wrong})
        raise RuntimeError(f"{len(wrong)} of {len(ours)} numbers differ, of {', '.join(kpis)}, such as\n{shown}")
    return f"{len(ours):,} numbers, all the same"


def _dimension(key: str) -> str:
    """Return the column that a number is cut by: ``site`` of ``nps|2026-10|site=linz``, nothing of the whole."""
    return key.rpartition("|")[2].partition("=")[0]


_known: dict[int, set[str]] = {}


def _asked(product: Mapping[str, float | None]) -> set[str]:
    return _known.setdefault(id(product), {key.rpartition("|")[0] for key in product})


# --- the two sides, each in a process of its own ----------------------------------------------------------------------
def product(lake: Path, catalog: Path, *, month: bool = False) -> dict[str, Any]:
    """What the measure stage calls; with ``month`` for what rows that changed in the last month can have moved."""
    import deltalake  # noqa: F401
    import duckdb  # noqa: F401
    import holidays  # noqa: F401
    import pyarrow  # noqa: F401
    import sqlglot.dialects.duckdb  # noqa: F401

    from qmsreports import kpi
    from qmsreports.catalog.load import load_catalog
    from qmsreports.kpi.affected import affected
    from qmsreports.kpi.selection import select
    from qmsreports.lake import Lake
    from qmsreports.period import Period

    loaded = load_catalog(catalog)
    covered = _covered(loaded.kpis)
    versions = {name: [version.version for version in loaded.kpis[name].versions] for name in covered}
    periods = Period.parse(LAST).back(MONTHS)

    def work() -> dict[str, Any]:
        only = None
        if month:
            touched = {name: {column.name: {LAST} for column in table.columns} for name, table in loaded.tables.items()}
            only = affected(select(loaded, versions, periods), touched)
        measured = kpi.measure(loaded, versions=versions, periods=periods, lake=Lake(str(lake)), as_of=AS_OF, only=only)
        return {"results": measured.results}

    said = timing.cost_of(work)
    said["numbers"] = {
        f"{result.kpi}|{result.period}|{'='.join(next(iter(result.slice.items()), ()))}": result.value
        for result in said.pop("results")
        if len(result.slice) < 2
    }
    said["slices"] = {name: list(loaded.kpis[name].slices) for name in covered}
    said["shipped"] = len(loaded.kpis)
    return said


def _covered(kpis: Iterable[str]) -> list[str]:
    """Return the KPIs that the script computes, too: a KPI that was added since is left to its next edition."""
    words = set(re.findall(r"\w+", "".join(_script())))
    return [name for name in kpis if name in words]


def _script() -> list[str]:
    return [(HERE / "by_hand" / f"{name}.sql").read_text() for name in SCRIPT]


def hand(lake: Path, catalog: Path) -> dict[str, Any]:
    """The script, on views over the files that the product reads."""
    import deltalake
    import duckdb
    import holidays

    from qmsreports.catalog.load import load_catalog

    empty = {name: _empty(table) for name, table in load_catalog(catalog).tables.items()}
    script = _script()

    def work() -> dict[str, Any]:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; SET memory_limit = '1GB'")
            for table, nothing in empty.items():
                rows = nothing
                if (lake / table).is_dir():
                    rows = f"SELECT * FROM read_parquet({deltalake.DeltaTable(str(lake / table)).file_uris()})"
                connection.execute(f"CREATE VIEW {table} AS {rows}")
            connection.execute("CREATE TEMP TABLE holidays (day DATE)")
            days = holidays.country_holidays("AT", years=range(2023, 2028))
            connection.executemany("INSERT INTO holidays VALUES (?)", [[day] for day in days])
            connection.execute(
                "CREATE TEMP TABLE months (period VARCHAR, month BIGINT, ends_on DATE, ends_at TIMESTAMPTZ)"
            )
            connection.executemany("INSERT INTO months VALUES (?, ?, ?, ?)", _months())
            for part in script:
                connection.execute(part)
            return {"answers": connection.execute("SELECT kpi, month, cut, value FROM answers").fetchall()}

    said = timing.cost_of(work)
    said["numbers"] = {
        f"{kpi}|{(month - 1) // 12}-{(month - 1) % 12 + 1:02}|{cut}": value
        for kpi, month, cut, value in said.pop("answers")
        if month is not None and value is not None
    }
    return said


def _empty(table: Any) -> str:
    """Return an empty SELECT of a declared table, for one that nothing was published to."""
    from qmsreports.lake import DUCKDB_TYPES

    columns = (f"CAST(NULL AS {DUCKDB_TYPES[column.type]}) AS {column.name}" for column in table.columns)
    return f"SELECT {', '.join(columns)} WHERE false"


def _months() -> list[tuple[str, int, date, datetime]]:
    from zoneinfo import ZoneInfo

    rows = []
    last = 12 * 2026 + 10
    for month in range(last - MONTHS + 1, last + 1):
        year, number = (month - 1) // 12, (month - 1) % 12 + 1
        after = date(month // 12, month % 12 + 1, 1)
        ends = datetime(after.year, after.month, 1, tzinfo=ZoneInfo("Europe/Vienna")).astimezone(UTC)
        rows.append((f"{year}-{number:02}", month, after, ends))
    return rows


def main() -> None:
    """Run one side once and print its cost and numbers as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=["make", "product", "month", "hand"])
    parser.add_argument("folders", nargs="+")
    asked = parser.parse_args()
    if asked.side == "make":
        from benchmarks import kpi_lake

        lake, catalog, target, rows = asked.folders
        made = kpi_lake.make(Path(lake), Path(catalog), Path(target), int(rows))
        json.dump({"rows": sum(made.values())}, sys.stdout)
        return
    lake, catalog = (Path(folder) for folder in asked.folders)
    said = hand(lake, catalog) if asked.side == "hand" else product(lake, catalog, month=asked.side == "month")
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
