"""Means whose definition asks for the bootstrap: from exactly the rows that are counted, whole and slices."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from kpi_fixture import LATER, MONTHS, Row, by_place, cases, catalog, in_month, kpi
from kpi_fixture import run as plain
from kpi_hours import VIENNA, tickets, worked

from qmsreports.catalog.fingerprint import kpi_fingerprint
from qmsreports.errors import UserError
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.measurement import measure
from qmsreports.kpi.selection import select
from qmsreports.kpi.words import rule_of
from qmsreports.period import Period
from qmsreports.records import Measured

MEAN = {"kind": "mean", "of": "minutes", "where": [{"field": "urgent", "is_not": True}]}


def told(values: Any) -> tuple[float, float] | None:
    """Stands in for the interval: from two values on, smallest and largest of those that it was given, and how many."""
    return (min(values) * 1000 + len(values), max(values)) if len(values) > 1 else None


def run(entry: Any, rows: list[Row], periods: list[str]) -> Measured:
    numbered = [{"case_id": index, **row} for index, row in enumerate(rows)]
    return measure(
        catalog(entry),
        versions={entry.kpi: [1]},
        periods=[Period.parse(period) for period in periods],
        lake=RowsInMemory({"cases": numbered, "orders": [], "changes": []}),
        as_of=LATER,
        resample=told,
    )


@settings(max_examples=8, deadline=None)
@given(cases())
def test_the_values_are_those_of_the_rows_that_count(rows: list[Row]) -> None:
    population = {"table": "cases", "period_by": "opened_on"}
    entry = kpi(MEAN, unit="minutes", population=population, slices=["site"], interval="bootstrap")
    measured = by_place(run(entry, rows, MONTHS))
    for period in MONTHS:
        for site in ("", "linz", "lyon"):
            own = [row for row in rows if in_month(row["opened_on"], period) and row["urgent"] is False]
            values = [
                row["minutes"] for row in own if row["minutes"] is not None and row["site"] == (site or row["site"])
            ]
            result = measured.get((period, f"site={site}" if site else ""))
            found = (
                {name: result.parts.get(name) for name in ("low", "high")} if result else {"low": None, "high": None}
            )
            low, high = told(values) or (None, None)
            assert found == {"low": low, "high": high}, (period, site)


@settings(max_examples=8, deadline=None)
@given(tickets())
def test_lengths_are_in_the_unit_of_the_kpi(rows: list[Row]) -> None:
    span = {"from": "opened_at", "to": "closed_at", "calendar": "desk"}
    duration = {"kind": "duration", "of": {"working_time": span}, "show": "mean", "unfinished": "leave_out"}
    population = {"table": "cases", "period_by": "opened_at"}
    entry = kpi(duration, unit="hours", population=population, interval="bootstrap")
    measured = by_place(run(entry, rows, ["2026-04"]))
    own = [row for row in rows if row["closed_at"] and row["opened_at"].astimezone(VIENNA).month == 4]
    lengths = [(worked(row["closed_at"]) - worked(row["opened_at"])) / 3600 for row in own]
    lengths = [length for length in lengths if length >= 0]  # an end a moment early while closed: no time at all
    low, high = told(lengths) or (None, None)
    parts = measured["2026-04", ""].parts
    assert (parts.get("low"), parts.get("high")) == (
        pytest.approx(low) if low is not None else None,
        pytest.approx(high) if high is not None else None,
    )


def test_it_is_asked_for_by_the_definition_alone_and_said_in_its_rule() -> None:
    population = {"table": "cases", "period_by": "opened_on"}
    student = kpi(MEAN, unit="minutes", population=population)
    entry = kpi(MEAN, unit="minutes", population=population, interval="bootstrap")
    rows = [{"opened_on": date(2026, 1, day), "minutes": float(day), "urgent": False} for day in range(1, 9)]
    assert "low" not in by_place(run(student, rows, ["2026-01"]))["2026-01", ""].parts
    assert "low" not in by_place(plain(entry, rows, ["2026-01"]))["2026-01", ""].parts
    rules = [
        rule_of(select(catalog(one), {"number": [1]}, [Period.parse("2026-01")])[0].plan) for one in (student, entry)
    ]
    assert rules[1] == (*rules[0], "95 % interval = bootstrap of the mean (BCa) of 5 to 300 rows")
    prints = {kpi_fingerprint(one, one.versions[0], {}) for one in (student, entry)}
    assert len(prints) == 2  # the interval is printed beside the value: another one needs approval


def test_other_kinds_have_none() -> None:
    entry = kpi({"kind": "count"}, population={"table": "cases", "period_by": "opened_on"}, interval="bootstrap")
    with pytest.raises(UserError, match="the bootstrap is for means of rows; remove interval"):
        run(entry, [], ["2026-01"])
