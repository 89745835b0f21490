"""Over a real Delta table: what is pinned is what is read, and it is written beside the number."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from kpi_fixture import CASES, LATER, catalog, database, kpi

from qmsreports.catalog.table import Table
from qmsreports.kpi import measure
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.lake import Lake
from qmsreports.period import Period
from qmsreports.records import KpiResult, Measured

COUNT = kpi({"kind": "count"}, population={"table": "cases", "period_by": "opened_on"}, slices=["site"])
TWO_TABLES = kpi(
    {
        "kind": "ratio",
        "numerator": {"count": "rows"},
        "denominator": {"count": "rows", "population": {"table": "orders", "period_by": "ordered_on"}},
    },
    name="rate",
    unit="per_1000",
    population={"table": "cases", "period_by": "opened_on"},
)
PARTITIONED: Table = CASES.model_copy(update={"partition": "opened_on"})


def publish(lake: Lake, folder: Path, *days: date) -> None:
    rows = [{"case_id": number, "site": "linz", "opened_on": day} for number, day in enumerate(days)]
    path = folder / "rows.parquet"
    with RowsInMemory({"cases": rows}).fill(database().cursor(), [PARTITIONED]) as connection:
        connection.execute(
            "COPY (SELECT *, 'crm' AS _source, 'l' AS _load, md5(case_id::VARCHAR || opened_on) AS _row, "
            f"strftime(opened_on, '%Y-%m') AS _month FROM cases) TO '{path}' (FORMAT parquet)"
        )
    lake.merge(PARTITIONED, str(path), source="crm", zone="Europe/Vienna", complete=True)


def measured(lake: Lake, **more: object) -> Measured:
    entries = catalog(COUNT, TWO_TABLES)
    return measure(
        entries,
        versions={"number": [1], "rate": [1]},
        periods=[Period.parse("2026-01")],
        lake=lake,
        as_of=LATER,
        **more,  # type: ignore[arg-type]
    )


def whole(found: Measured, name: str) -> KpiResult:
    return next(result for result in found.results if result.kpi == name and not result.slice)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_the_newest_version_is_read_unless_one_is_pinned(lake: Lake, tmp_path: Path) -> None:
    january = date(2026, 1, 5)
    publish(lake, tmp_path, january)
    publish(lake, tmp_path, january, january, date(2026, 2, 1))
    now, then = measured(lake), measured(lake, pinned={"cases": 0, "unheard_of": 7})
    assert (whole(now, "number").value, dict(whole(now, "number").table_versions)) == (2, {"cases": 1})
    assert (whole(then, "number").value, dict(whole(then, "number").table_versions)) == (1, {"cases": 0})


def test_a_table_that_was_never_published_is_empty(lake: Lake, tmp_path: Path) -> None:
    publish(lake, tmp_path, date(2026, 1, 5))
    result = whole(measured(lake), "rate")
    assert (result.value, result.numerator, result.denominator, result.status) == (None, 1, 0, "no_data")
    assert dict(result.table_versions) == {"cases": 0}


def test_measuring_twice_gives_the_same_results(lake: Lake, tmp_path: Path) -> None:
    publish(lake, tmp_path, *(date(2026, 1, day) for day in range(1, 20)))
    assert measured(lake) == measured(lake)
