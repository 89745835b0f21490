"""Over a real Delta table: what is pinned is what is read, and it is written beside the number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from kpi_fixture import CASES, LATER, catalog, database, kpi

from qmsreports.catalog.table import Table
from qmsreports.kpi import measure
from qmsreports.kpi.begins import first_days
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.explain import explain
from qmsreports.kpi.selection import select
from qmsreports.lake import Lake
from qmsreports.lake_months import first_month, rows_before
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


def publish(lake: Lake, folder: Path, *days: date, month: str = "strftime(opened_on, '%Y-%m')") -> None:
    rows = [{"case_id": number, "site": "linz", "opened_on": day} for number, day in enumerate(days)]
    path = folder / "rows.parquet"
    with RowsInMemory({"cases": rows}).fill(database().cursor(), [PARTITIONED]) as connection:
        connection.execute(
            "COPY (SELECT *, 'crm' AS _source, 'l' AS _load, md5(case_id::VARCHAR || opened_on) AS _row, "
            f"{month} AS _month FROM cases) TO '{path}' (FORMAT parquet)"
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


def test_a_month_before_the_record_begins_has_no_data_and_an_empty_one_after_it_counts_nothing(
    lake: Lake, tmp_path: Path
) -> None:
    publish(lake, tmp_path, date(2026, 1, 5), date(2026, 3, 1))
    periods = [Period.parse(month) for month in ("2025-11", "2025-12", "2026-01", "2026-02", "2026-03")]
    entries = catalog(COUNT)
    found = measure(entries, versions={"number": [1]}, periods=periods, lake=lake, as_of=LATER)
    wholes = [(str(one.period), one.value, one.status) for one in found.results if not one.slice]
    assert wholes == [
        ("2025-11", None, "no_data"),
        ("2025-12", None, "no_data"),
        ("2026-01", 1, "no_target"),
        ("2026-02", 0, "no_target"),
        ("2026-03", 1, "no_target"),
    ]


def test_leftovers_of_the_time_before_are_no_month_and_a_declared_day_stands_above_what_is_found() -> None:
    busy = {f"2024-{month:02}": 900 for month in range(1, 13)}
    leftovers = {"0000-00": 7, "2023-08": 4, "2023-09": 30, "2023-10": 569, "2023-11": 880, "2023-12": 910}
    assert first_month(leftovers | busy) == "2023-11"
    assert first_month({"2023-10": 600} | busy) == "2023-10"  # two thirds are a month
    assert first_month({f"2024-{month:02}": 10 * 2**month for month in range(1, 12)}) == "2024-04"  # growth
    assert first_month({"2023-01": 1, "2023-03": 5, "2023-04": 6, "2023-05": 4}) == "2023-01"  # few are no measure
    assert (first_month({"2023-01": 3}), first_month({"0000-00": 3}), first_month({})) == ("2023-01", None, None)


def test_rows_before_the_record_are_those_of_months_that_were_over() -> None:
    rows = {"0000-00": 7, "2023-09": 12, "2023-10": 569, "2023-11": 880}
    assert rows_before(rows, date(2023, 11, 1)) == 581
    assert rows_before(rows, date(2023, 11, 30)) == 581
    assert rows_before(rows, date(2023, 9, 1)) == 0


def test_the_explanation_of_leftovers_shows_the_rows_and_why_they_make_no_value(lake: Lake, tmp_path: Path) -> None:
    """Two rows of December before months of 30: their number is no value of December, as on record."""
    days = [date(2025, 12, 30), date(2025, 12, 31)]
    days += [date(2026, month, 1 + number % 28) for month in (1, 2, 3, 4) for number in range(30)]
    publish(lake, tmp_path, *days)
    entries, december = catalog(COUNT), Period.parse("2025-12")
    found = explain(entries, "number", december, approved=[1], lake=lake, as_of=LATER)
    assert (found.figure.value, found.figure.n) == (None, 2)
    assert "No value: the record of what is counted begins on 2026-01-01, after this period." in found.text()
    on_record = measure(entries, versions={"number": [1]}, periods=[december], lake=lake, as_of=LATER)
    assert [(one.value, one.n) for one in on_record.results if not one.slice] == [(None, 2)]
    january = explain(entries, "number", Period.parse("2026-01"), approved=[1], lake=lake, as_of=LATER)
    assert (january.figure.value, "No value" in january.text()) == (30, False)


def test_the_record_begins_where_it_is_declared_to(lake: Lake, tmp_path: Path) -> None:
    publish(lake, tmp_path, date(2026, 1, 5))
    declared = PARTITIONED.model_copy(update={"recorded_from": date(2020, 3, 1)})
    entries = catalog(COUNT, TWO_TABLES)
    plans = [task.plan for task in select(entries, {"number": [1], "rate": [1]}, [Period.parse("2026-01")])]
    found = first_days(lake, plans, entries.tables, {})
    assert found == {("cases", "opened_on"): date(2026, 1, 1), ("orders", "ordered_on"): date.max}
    entries = catalog(COUNT)
    entries = replace(entries, tables={**entries.tables, "cases": declared})
    period = Period.parse("2025-11")
    found = measure(entries, versions={"number": [1]}, periods=[period], lake=lake, as_of=LATER)
    assert [(one.value, one.status) for one in found.results] == [(0, "no_target")]


def test_of_a_table_that_is_not_kept_by_months_the_first_day_is_what_the_log_says(lake: Lake, tmp_path: Path) -> None:
    publish(lake, tmp_path, date(2026, 2, 17), date(2026, 4, 2), month="'0000-00'")
    entries = catalog(COUNT)
    plans = [task.plan for task in select(entries, {"number": [1]}, [Period.parse("2026-01")])]
    assert first_days(lake, plans, entries.tables, {}) == {("cases", "opened_on"): date(2026, 2, 1)}


def test_a_slice_counts_nothing_from_its_first_month_on_and_has_no_value_where_its_rows_are_gone(
    lake: Lake, tmp_path: Path
) -> None:
    sites = [("linz", date(2026, 1, 5)), ("porto", date(2026, 2, 3)), ("linz", date(2026, 4, 1))]
    rows = [{"case_id": at, "site": site, "opened_on": day} for at, (site, day) in enumerate(sites)]
    periods = [Period.parse(f"2026-0{month}") for month in range(1, 5)]
    share = kpi(
        {"kind": "ratio", "numerator": {"count": "rows"}, "denominator": {"count": "rows"}},
        name="share",
        population={"table": "cases", "period_by": "opened_on"},
        slices=["site"],
    )
    lyon = (("site", "lyon"),)
    known = {name: {periods[1]: {lyon}} for name in ("number", "share")}
    found = measure(
        catalog(COUNT, share),
        versions={"number": [1], "share": [1]},
        periods=periods,
        lake=RowsInMemory({"cases": rows}),
        as_of=LATER,
        known=known,
    )
    values = {(one.kpi, one.slice.get("site"), str(one.period)[-2:]): one.value for one in found.results if one.slice}
    counts = {(site, month): value for (name, site, month), value in values.items() if name == "number"}
    assert counts == {
        **{("linz", month): value for month, value in zip(("01", "02", "03", "04"), (1, 0, 0, 1), strict=True)},
        **{("lyon", month): 0 for month in ("02", "03", "04")},
        **{("porto", month): value for month, value in zip(("02", "03", "04"), (1, 0, 0), strict=True)},
    }
    shares = {(site, month): value for (name, site, month), value in values.items() if name == "share"}
    assert shares == {("linz", "01"): 1, ("linz", "04"): 1, ("porto", "02"): 1, ("lyon", "02"): None}


def test_nothing_is_counted_of_a_table_that_was_never_published(lake: Lake) -> None:
    result = whole(measured(lake), "number")
    assert (result.value, result.n, result.status) == (None, 0, "no_data")


def test_measuring_twice_gives_the_same_results(lake: Lake, tmp_path: Path) -> None:
    publish(lake, tmp_path, *(date(2026, 1, day) for day in range(1, 20)))
    assert measured(lake) == measured(lake)
