"""What is left aside, rows or whole files, never counted: some periods alone come out as they do among all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import CASES, LATER, Row, cases, catalog, database, kpi, on_record, run

from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.table import Table
from qmsreports.kpi import measure
from qmsreports.kpi.compute import statement_text
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.selection import select
from qmsreports.kpi.within import files, inside, reaches
from qmsreports.lake import Lake
from qmsreports.lake_files import Asked, may_hold
from qmsreports.period import Period
from qmsreports.records import Measured

PERIODS = [f"2026-0{month}" for month in range(1, 6)]
OPENED = {"table": "cases", "period_by": "opened_on"}
MOMENT = {"table": "cases", "period_by": "opened_at"}
PARTITIONED: Table = CASES.model_copy(update={"partition": "opened_on"})
Numbers = dict[tuple[str, str, str], object]


def kpis() -> list[Kpi]:
    late = {"count": "rows", "where": [{"field": "closed_on", "above": {"field": "due_on"}}]}
    due = {"count": "rows", "population": {"table": "cases", "period_by": "due_on"}}
    nps = {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer"}}
    days = {"elapsed": {"from": "opened_on", "to": "closed_on"}}
    hours = {"elapsed": {"from": "opened_at", "to": "closed_at"}}
    worked = {"working_time": {"from": "opened_at", "to": "closed_at", "calendar": "desk"}}
    rolling = {"last": 3, "of": "month"}
    level = {"kind": "level", "from": "opened_on", "to": "closed_on"}
    return [
        kpi({"kind": "count"}, name="counted", population=OPENED, slices=["site"]),
        kpi({"kind": "ratio", "numerator": late, "denominator": due}, name="two", unit="percent", population=OPENED),
        kpi({"kind": "mean", "of": "minutes"}, name="rolling", unit="minutes", population=OPENED, window=rolling),
        kpi(
            {"kind": "sum", "of": "pieces"},
            name="year",
            population={**OPENED, "period_by": "closed_on"},
            window={"to_date": "year"},
        ),
        kpi(nps, name="score", unit="points", population=OPENED, window=rolling),
        kpi(level, name="level", population={"table": "cases"}, slices=["site"]),
        kpi({**level, "from": "opened_at", "to": "closed_at"}, name="moments", population={"table": "cases"}),
        kpi(
            {"kind": "duration", "of": days, "unfinished": "count_until_period_end"},
            name="length",
            unit="days",
            population=OPENED,
        ),
        kpi({"kind": "duration", "of": hours, "unfinished": "censor"}, name="left", unit="hours", population=MOMENT),
        kpi(
            {"kind": "percentile", "p": 90, "of": worked, "unfinished": "count_until_period_end"},
            name="worked",
            unit="hours",
            population=MOMENT,
            slices=["site"],
        ),
        kpi({"kind": "percentile", "of": "minutes", "p": 80}, name="spread", unit="minutes", population=OPENED),
        kpi({"kind": "formula", "value": {"add": [{"kpi": "counted"}, {"kpi": "level"}]}}, name="both"),
    ]


def numbers(measured: Measured, among: Iterable[str] = PERIODS) -> Numbers:
    wanted = set(among)
    return {
        (result.kpi, str(result.period), str(result.slice)): (
            pytest.approx(result.value, rel=1e-9, abs=1e-9) if result.value is not None else None,
            result.n,
        )
        for result in measured.results
        if str(result.period) in wanted
    }


def plain(measured: Measured) -> Numbers:
    return {(one.kpi, str(one.period), str(one.slice)): (one.value, one.n) for one in measured.results}


def with_moments() -> st.SearchStrategy[list[Row]]:
    """Rows of ``cases`` whose instants come from their days, at any second, so that month ends matter."""

    def moments(rows: list[Row], seconds: int) -> list[Row]:
        for place, row in enumerate(rows):
            for name in ("opened", "closed"):
                day = row[f"{name}_on"]
                at = timedelta(seconds=(seconds * (place + 1)) % 86_400)
                row[f"{name}_at"] = day and datetime(day.year, day.month, day.day, tzinfo=UTC) + at
        return rows

    return st.builds(moments, cases(12), st.integers(0, 86_399))


@settings(max_examples=8, deadline=None)
@given(with_moments(), st.sets(st.sampled_from(PERIODS), min_size=1, max_size=2))
def test_some_periods_alone_are_as_among_all(rows: list[Row], some: set[str]) -> None:
    asked = sorted(some)
    among_all = run(kpis(), rows, PERIODS)
    assert plain(run(kpis(), rows, asked, known=on_record(among_all))) == numbers(among_all, asked)


def publish(folder: Path, rows: Sequence[Row]) -> Lake:
    """Rows as a table of the lake, a file a month in which they were opened."""
    lake, path = Lake(str(folder / "lake")), folder / "rows.parquet"
    numbered = [{"case_id": number, **row} for number, row in enumerate(rows)]
    with RowsInMemory({"cases": numbered}).fill(database().cursor(), [PARTITIONED]) as connection:
        connection.execute(
            "COPY (SELECT *, 'crm' AS _source, 'l' AS _load, md5(case_id::VARCHAR) AS _row, "
            f"coalesce(strftime(opened_on, '%Y-%m'), '0000-00') AS _month FROM cases) TO '{path}' (FORMAT parquet)"
        )
    lake.merge(PARTITIONED, str(path), source="crm", zone="Europe/Vienna", complete=True)
    return lake


def day(month: int, number: int = 10) -> date:
    return date(2026, month, number)


LATE = [
    {"opened_on": day(1), "closed_on": day(4), "due_on": day(2), "pieces": 1.0, "minutes": 5.0, "site": "linz"},
    {"opened_on": day(1), "closed_on": None, "due_on": day(1), "pieces": 2.0, "minutes": 6.0, "site": "lyon"},
    {"opened_on": day(2), "closed_on": day(2), "due_on": None, "pieces": 4.0, "minutes": 7.0, "site": "linz"},
    {"opened_on": day(3), "closed_on": day(5, 31), "due_on": day(4), "pieces": 8.0, "minutes": 8.0, "site": None},
    {"opened_on": None, "closed_on": day(4), "due_on": day(4), "pieces": 16.0, "minutes": 9.0, "site": "linz"},
    {"opened_on": day(4, 30), "closed_on": day(5), "due_on": day(5), "pieces": 32.0, "minutes": 1.0, "site": "linz"},
    {"opened_on": day(5, 1), "closed_on": None, "due_on": day(5), "pieces": 64.0, "minutes": 2.0, "site": "lyon"},
]


def with_instants(rows: Sequence[Row]) -> list[Row]:
    """The last hour of the day in Vienna, which is the day before in UTC at no time and the month end at some."""

    def at(found: date | None) -> datetime | None:
        return found and datetime(found.year, found.month, found.day, 21, 30, tzinfo=UTC)

    return [{**row, "opened_at": at(row["opened_on"]), "closed_at": at(row["closed_on"])} for row in rows]


@pytest.mark.parametrize("period", PERIODS)
def test_files_that_are_not_read_would_not_have_counted(tmp_path: Path, period: str) -> None:
    """Rows closed months after they began lie in another file than their clock says, some dates are empty."""
    rows = with_instants(LATE)
    lake = publish(tmp_path, rows)
    entries = kpis()
    among_all = run(entries, rows, PERIODS)
    alone = measure(
        catalog(*entries),
        versions={entry.kpi: [1] for entry in entries},
        periods=[Period.parse(period)],
        lake=lake,
        as_of=LATER,
        known=on_record(among_all),
    )
    assert plain(alone) == numbers(among_all, [period])


@pytest.mark.parametrize("period", PERIODS)
def test_levels_are_scanned_apart_where_all_else_needs_few_files(tmp_path: Path, period: str) -> None:
    rows = with_instants(LATE)
    entries = [entry for entry in kpis() if entry.kpi in ("counted", "level", "moments")]
    among_all = run(entries, rows, PERIODS)
    alone = measure(
        catalog(*entries),
        versions={entry.kpi: [1] for entry in entries},
        periods=[Period.parse(period)],
        lake=publish(tmp_path, rows),
        as_of=LATER,
        known=on_record(among_all),
    )
    assert plain(alone) == numbers(among_all, [period])
    scans = [text for text in alone.sql.values() if "one scan for" in text]
    apart = period > "2026-02"
    assert len(scans) == (2 if apart else 1), "one over few files, and one over all of them for the level"
    narrow = [f"_month IN ('{period}')" in scan or f"_month = '{period}'" in scan for scan in scans]
    assert narrow.count(True) == (1 if apart else 0), scans


def test_only_the_files_of_the_period_are_read(tmp_path: Path) -> None:
    lake = publish(tmp_path, with_instants(LATE))

    def read(name: str, period: str) -> int:
        entry = next(entry for entry in kpis() if entry.kpi == name)
        (task,) = select(catalog(entry), {name: [1]}, [Period.parse(period)])
        found = files(reaches(task.periods, task.plan, "Europe/Vienna"))
        return len(Lake(lake.url, within=found).uris("cases"))

    assert len(lake.uris("cases")) == 6, "January to May and one without a date"
    assert read("counted", "2026-02") == 1
    assert read("rolling", "2026-04") == 3
    assert read("year", "2026-05") == 5, "closed this year, whenever they were opened"
    assert read("level", "2026-02") == 2, "everything begun by then, for the slices in which all is over"
    assert read("moments", "2026-02") == 1, "January's, with a case that is open; the one of February is over by then"
    assert read("counted", "2025-12") == 0


def test_the_stored_statement_names_no_period() -> None:
    for entry in kpis():
        for task in select(catalog(*kpis()), {entry.kpi: [1]}, [Period.parse("2026-02")]):
            if entry.kpi != "both":
                assert "2026-" not in statement_text(task.plan)


def test_one_clock_gets_one_pair_of_bounds() -> None:
    entries = [entry for entry in kpis() if entry.kpi in ("counted", "rolling")]
    tasks = select(catalog(*entries), {entry.kpi: [1] for entry in entries}, [Period.parse("2026-04")])
    condition = inside(reach for task in tasks for reach in reaches(task.periods, task.plan, "Europe/Vienna"))
    assert condition is not None
    assert condition.sql() == "opened_on >= CAST('2026-02-01' AS DATE) AND opened_on < CAST('2026-05-01' AS DATE)"


@pytest.mark.parametrize(
    ("entry", "there"),
    [
        ({}, True),
        ({"num_records": 5, "null_count.a": 0}, True),
        ({"num_records": 5, "null_count.a": 5}, False),
        ({"num_records": 5, "null_count.a": 0, "min.a": day(1), "max.a": day(2, 1)}, True),
        ({"num_records": 5, "null_count.a": 0, "min.a": day(1), "max.a": day(1, 31)}, False),
        ({"num_records": 5, "null_count.a": 0, "min.a": day(3, 1), "max.a": day(4)}, False),
        ({"num_records": 5, "null_count.a": 0, "min.a": day(1), "max.a": day(4)}, True),
        ({"num_records": 5, "null_count.a": 1, "min.a": day(3), "max.a": day(4)}, False),
    ],
)
def test_a_file_is_left_aside_only_where_the_log_says_so(entry: dict[str, object], there: bool) -> None:
    assert may_hold(entry, [[Asked("a", day(2, 1), day(3, 1))]]) is there


def test_an_empty_value_may_be_asked_for_and_instants_may_be_rounded() -> None:
    entry: dict[str, object] = {"num_records": 5, "null_count.a": 1, "min.a": day(1), "max.a": day(1)}
    assert may_hold(entry, [[Asked("a", day(2, 1), None, empty=True)]])
    assert not may_hold(entry, [])
    moment = datetime(2026, 1, 31, 23, tzinfo=UTC)
    cut = {"num_records": 1, "null_count.a": 0, "min.a": moment, "max.a": moment}
    assert may_hold(cut, [[Asked("a", moment + timedelta(microseconds=900))]])
    assert not may_hold(cut, [[Asked("a", moment + timedelta(milliseconds=2))]])
