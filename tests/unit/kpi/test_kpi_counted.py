"""The counted rows as a file: read again with the csv module and added up by hand."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from kpi_fixture import LATER, Row, cases, catalog, in_month, kpi

from qmsreports.catalog.kpi import Kpi
from qmsreports.errors import CouldNotRun, UserError
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.explain import Explanation, explain
from qmsreports.period import Period

JAN = date(2026, 1, 10)
OPENED = {"table": "cases", "period_by": "opened_on"}
ON_TIME = {
    "kind": "ratio",
    "numerator": {"count": "rows", "where": [{"field": "closed_on", "at_most": {"field": "due_on"}}]},
    "denominator": {"count": "rows"},
}


def written(
    folder: Path, entry: Kpi, rows: list[Row], *, orders: tuple[Row, ...] = (), cut: tuple[tuple[str, str], ...] = ()
) -> tuple[Explanation, list[dict[str, str]]]:
    explanation = explain(
        catalog(entry),
        "number",
        Period.parse("2026-01"),
        approved=[1],
        lake=RowsInMemory({"cases": [{"case_id": at, **row} for at, row in enumerate(rows)], "orders": list(orders)}),
        as_of=LATER,
        cut=cut,
        rows_to=folder / "rows.csv",
    )
    found = read(folder / "rows.csv")
    assert explanation.files[0].rows == len(found)
    return explanation, found


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=cases())
def test_the_rows_of_a_share_add_up_to_numerator_and_denominator(tmp_path: Path, rows: list[Row]) -> None:
    explanation, found = written(tmp_path, kpi(ON_TIME, unit="percent", population=OPENED), rows)
    due = [at for at, row in enumerate(rows) if in_month(row["opened_on"], "2026-01")]
    good = [
        at for at in due if rows[at]["closed_on"] and rows[at]["due_on"] and rows[at]["closed_on"] <= rows[at]["due_on"]
    ]
    assert [int(row["case_id"]) for row in found if row["in denominator"] == "yes"] == due
    assert [int(row["case_id"]) for row in found if row["in numerator"] == "yes"] == good
    assert explanation.figure.n == explanation.figure.denominator == len(due)


def test_every_declared_column_is_there_with_the_key_first_and_texts_cannot_run_as_formulas(tmp_path: Path) -> None:
    texts = ["=1+1", "+1", "-1", "@sum", "\tx", "\rx", "a=b", "", 'o\'clock, "x"\ny']
    rows = [{"opened_on": JAN, "site": text, "pieces": -5.5, "bad": -1} for text in texts]
    _, found = written(tmp_path, kpi({"kind": "count"}, population=OPENED), rows)
    assert list(found[0])[:3] == ["case_id", "site", "channel"]
    assert list(found[0])[-2:] == ["urgent", "in numerator"]
    safe = ["'=1+1", "'+1", "'-1", "'@sum", "'\tx", "'\rx", "a=b", "", 'o\'clock, "x"\ny']
    assert [row["site"] for row in found] == safe
    assert {(row["pieces"], row["bad"], row["opened_on"]) for row in found} == {("-5.5", "-1", "2026-01-10")}


def test_a_sum_is_added_up_from_the_rows_where_it_is_known(tmp_path: Path) -> None:
    measure = {"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}}
    rows: list[Row] = [
        {"opened_on": JAN, "pieces": 10.0, "bad": 1, "site": "linz"},
        {"opened_on": JAN, "pieces": 30.0, "bad": None, "site": "linz"},
        {"opened_on": JAN, "pieces": None, "bad": None, "site": "linz"},
        {"opened_on": JAN, "pieces": 5.0, "bad": 5, "site": None},
    ]
    entry = kpi(measure, unit="ppm", population=OPENED, slices=["site"])
    explanation, found = written(tmp_path, entry, rows, cut=(("site", "linz"),))
    assert sum(float(row["pieces"]) for row in found if row["in denominator"] == "yes") == 40
    assert [row["case_id"] for row in found if row["in numerator"] == "yes"] == ["0"]
    assert explanation.figure.value == 25_000
    assert [row["case_id"] for row in written(tmp_path, entry, rows, cut=(("site", "(none)"),))[1]] == ["3"]


def test_rows_of_a_second_table_go_into_a_file_beside(tmp_path: Path) -> None:
    measure = {
        "kind": "ratio",
        "numerator": {"count": "rows"},
        "denominator": {"count": "rows", "population": {"table": "orders", "period_by": "ordered_on"}},
    }
    orders = tuple({"order_id": number, "ordered_on": JAN} for number in range(3))
    explanation, found = written(
        tmp_path, kpi(measure, unit="per_1000", population=OPENED), [{"opened_on": JAN}], orders=orders
    )
    assert [row["order_id"] for row in found] == ["0", "1", "2"]
    beside = tmp_path / "rows-cases-by-opened_on.csv"
    assert [(file.path, file.table, file.rows) for file in explanation.files] == [
        (str(tmp_path / "rows.csv"), "orders", 3),
        (str(beside), "cases", 1),
    ]
    assert [row["in numerator"] for row in read(beside)] == ["yes"]


def test_a_duration_shows_what_each_case_contributes(tmp_path: Path) -> None:
    span = {"from": "opened_at", "to": "closed_at", "calendar": "office"}
    measure = {"kind": "duration", "of": {"working_time": span}, "unfinished": "count_until_period_end"}
    entry = kpi(
        measure,
        unit="hours",
        population={"table": "cases", "period_by": "opened_at", "where": [{"field": "urgent", "is": False}]},
    )
    friday = datetime(2026, 1, 9, 15, tzinfo=UTC)  # 16:00 in Vienna, an hour before closing
    rows: list[Row] = [
        {"opened_at": friday, "closed_at": datetime(2026, 1, 12, 9, tzinfo=UTC), "urgent": False},
        {"opened_at": datetime(2026, 1, 30, 14, tzinfo=UTC), "closed_at": None, "urgent": False},
        {"opened_at": friday, "closed_at": datetime(2026, 1, 8, tzinfo=UTC), "urgent": False},
        {"opened_at": friday, "closed_at": friday, "urgent": True},
    ]
    explanation, found = written(tmp_path, entry, rows)
    assert [(row["case_id"], float(row["length in hours"])) for row in found] == [("0", 2), ("1", 2)]
    assert explanation.figure.n == 2
    assert found[0]["opened_at"] == "2026-01-09 15:00:00+00"


def test_of_several_answers_the_one_that_counts_is_written(tmp_path: Path) -> None:
    measure = {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer"}}
    rows: list[Row] = [
        {"opened_on": date(2026, 1, 3), "customer": "a", "score": 9},
        {"opened_on": date(2026, 1, 4), "customer": "a", "score": 3},
        {"opened_on": date(2026, 1, 5), "customer": "a", "score": None},
        {"opened_on": date(2026, 1, 5), "customer": "b", "score": 10},
        {"opened_on": date(2026, 1, 5), "customer": None, "score": 10},
        {"opened_on": date(2026, 2, 5), "customer": "b", "score": 0},
    ]
    explanation, found = written(tmp_path, kpi(measure, unit="points", population=OPENED), rows)
    parts = [(row["case_id"], row["in promoters"], row["in detractors"], row["in n"]) for row in found]
    assert parts == [("1", "no", "yes", "yes"), ("3", "yes", "no", "yes")]
    assert (explanation.figure.n, explanation.figure.value) == (2, 0)


def test_a_level_and_a_percentile_write_the_rows_they_counted(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"opened_on": date(2025, 3, 1), "minutes": 4.0},
        {"opened_on": JAN, "closed_on": JAN, "minutes": 3.0},
        {"opened_on": JAN, "closed_on": date(2026, 2, 1), "minutes": None},
        {"opened_on": date(2026, 2, 1), "minutes": 9.0},
    ]
    level = kpi({"kind": "level", "from": "opened_on", "to": "closed_on"}, population={"table": "cases"})
    assert [row["case_id"] for row in written(tmp_path, level, rows)[1]] == ["0", "2"]
    spread = kpi({"kind": "percentile", "of": "minutes", "p": 90}, unit="minutes", population=OPENED)
    assert [row["case_id"] for row in written(tmp_path, spread, rows)[1]] == ["1"]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    entry = kpi({"kind": "count"}, population=OPENED)
    with pytest.raises(CouldNotRun) as told:
        written(tmp_path / "missing", entry, [])
    assert "cannot be written" in str(told.value)
    both = {"multiply": [{"kpi": "number"}, {"number": 2}]}
    formula = kpi({"kind": "formula", "value": both}, name="twice")
    with pytest.raises(UserError) as refused:
        explain(
            catalog(entry, formula),
            "twice",
            Period.parse("2026-01"),
            approved=[1],
            lake=RowsInMemory({}),
            as_of=LATER,
            rows_to=tmp_path / "rows.csv",
        )
    assert str(refused.value).endswith("counts no rows of its own; ask for the rows of number")
