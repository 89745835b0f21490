"""Fiscal periods, also in weeks, are measured from the rows of their days, stored and analysed under their names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from test_measure_changed import START, Line, cases, made, order, orders
from test_measure_longer import QUARTERLY, _values, _write

from qmsreports import stages
from qmsreports.errors import UserError
from qmsreports.kpi.asked import asked
from qmsreports.pack.collect import collect
from qmsreports.period import Period
from qmsreports.register.models import Analysis, ReviewEvent
from qmsreports.stages.change import values
from qmsreports.stages.impact import plan_catalog
from qmsreports.stages.left_behind import left_behind
from qmsreports.workspace import Workspace

RETAIL = """
fiscal_year:
  begins: february
  named_by: begins
  weeks: {pattern: 4-5-4, ends_on: saturday, ends: nearest}
"""
JULY = "fiscal_year: {begins: july, named_by: ends}\n"
Q4_OF_2025 = (date(2025, 11, 2), date(2026, 2, 1))
"""Fourth quarter of the retail year 2025, which began on 2 February 2025: its 40th to 52nd week."""


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return made(tmp_path)


def _declare(line: Line, year: str, period: str) -> None:
    organisation = line.settings.catalog / "organisation.yaml"
    organisation.write_text(organisation.read_text() + year)
    _write(line, "reviews/quarterly.yaml", QUARTERLY.replace("period: quarter", f"period: {period}"))


def _kept(rows: Mapping[str, dict[str, Any]], first: date, after: date) -> tuple[int, int]:
    due = [row for row in rows.values() if row["urgent"] and first <= row["due_on"] < after]
    return sum(row["done_on"] is not None and row["done_on"] <= row["due_on"] for row in due), len(due)


def test_a_quarter_of_weeks_has_the_rows_of_its_days(line: Line) -> None:
    _declare(line, RETAIL, "fiscal_quarter")
    draw = Random(7)
    edges = {
        f"edge {day}": {**order(draw, "x"), "order_id": f"edge {day}", "due_on": day, "urgent": True}
        for first in Q4_OF_2025
        for day in (first - timedelta(days=1), first)
    }
    rows, matters = orders(draw) | edges, cases(draw)
    line.publish("orders", rows)
    line.publish("cases", matters)
    line.measure(START)
    quarter = _values(line, "on_time")["FY2025-Q4", ""]
    assert (quarter.numerator, quarter.denominator) == _kept(rows, *Q4_OF_2025)
    assert quarter.period_start == Q4_OF_2025[0]
    assert _values(line, "on_time")["2025-11", ""].denominator == _kept(rows, date(2025, 11, 1), date(2025, 12, 1))[1]
    doubled = _values(line, "doubled")["FY2025-Q4", ""].value
    assert doubled == pytest.approx(2 * (quarter.value or 0))
    told = stages.explain("on_time", "FY2025-Q4", at=START, settings=line.settings)
    assert told.recomputed == pytest.approx(quarter.value)
    assert "WEEK_MONTH" in told.sql
    counts = {row["meaning"]: row["rows"] for row in told.rows}
    assert counts["counted"] == quarter.denominator


def test_months_of_weeks_make_up_their_quarter(line: Line) -> None:
    _declare(line, RETAIL, "fiscal_month")
    line.publish("orders", orders(Random(7)))
    line.measure(START, "FY2025-P12")
    found = _values(line, "on_time")
    line.measure(START, "FY2025-Q4")
    months = [found[f"FY2025-P{number}", ""] for number in (10, 11, 12)]
    assert [row.period_start for row in months] == [date(2025, 11, 2), date(2025, 11, 30), date(2026, 1, 4)]
    whole = _values(line, "on_time")["FY2025-Q4", ""]
    assert sum(row.denominator or 0 for row in months) == whole.denominator
    assert sum(row.numerator or 0 for row in months) == whole.numerator


def test_only_the_weeks_that_changed_are_computed_again(line: Line) -> None:
    """A late row of 10 November lies in the fourth quarter: a candidate there, and nothing elsewhere."""
    _declare(line, RETAIL, "fiscal_quarter")
    rows = orders(Random(7))
    line.publish("orders", rows)
    line.measure(START)
    assert line.measure(START + timedelta(hours=1)).candidates == 0
    late = {**order(Random(1), "late"), "due_on": date(2025, 11, 10), "done_on": None, "urgent": True, "site": "linz"}
    line.publish("orders", {**rows, "late": late})
    assert line.measure(START + timedelta(hours=2)).candidates == 2 * 3


def test_quarters_of_a_year_from_july_are_calendar_quarters_under_other_names(line: Line) -> None:
    _declare(line, JULY, "fiscal_quarter")
    rows = orders(Random(7))
    line.publish("orders", rows)
    line.measure(START)
    stages.analyse("2026-03", run_id="r", at=START, settings=line.settings)
    found = _values(line, "on_time")
    third = found["FY2026-Q3", ""]
    assert (third.numerator, third.denominator) == _kept(rows, date(2026, 1, 1), date(2026, 4, 1))
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        (said,) = [
            row.result["finding"]["alt"]
            for row in session.query(Analysis)
            if (row.kpi, row.slice_key, row.period) == ("on_time", "", "FY2026-Q3")
        ]
    assert "quarter of FY2026" in said


def test_what_was_measured_in_a_year_that_is_withdrawn_stays_readable(line: Line) -> None:
    _declare(line, RETAIL, "fiscal_month")
    rows = orders(Random(7))
    line.publish("orders", rows)
    line.measure(START, "FY2025-P12")
    line.measure(START)
    with Workspace(line.settings) as workspace:
        before = {row.id: change for row, change in values(workspace)}
    _write(line, "reviews/quarterly.yaml", QUARTERLY)
    organisation = line.settings.catalog / "organisation.yaml"
    plain = organisation.read_text().partition("fiscal_year:")[0]
    organisation.write_text(plain)
    _, (impact, *_) = plan_catalog(settings=line.settings)
    assert (impact.effect, impact.periods, impact.ended[-1]) == ("numbers", (), "FY2026-P01")
    assert impact.sentences() == [
        "values on record in FY2025-P08 to FY2026-P01 stay, and none of these periods is measured any more"
    ]
    organisation.write_text(plain + JULY)  # its months are calendar months
    _, (exchanged, *_) = plan_catalog(settings=line.settings)
    assert (exchanged.periods, exchanged.ended) == ((), impact.ended)
    _write(line, "organisation.yaml", plain)
    assert line.measure(START + timedelta(hours=1)).candidates == 0

    with Workspace(line.settings) as workspace:
        kept = values(workspace)
        assert {row.id: change for row, change in kept if row.id in before} == before
        assert len(values(workspace, kpi="on_time", period="FY2025-P12")) == 3
        assert left_behind(workspace, [row for row, _ in kept])[1] == ()
    told = stages.explain("on_time", "FY2025-P12", at=START, settings=line.settings)
    kept_of, due = _kept(rows, date(2026, 1, 4), Q4_OF_2025[1])
    assert told.published is not None
    assert told.recomputed == told.published["value"] == pytest.approx(100 * kept_of / due)
    with pytest.raises(UserError, match="is of a fiscal year, and none is declared"):
        stages.explain("on_time", "FY2020-P01", at=START, settings=line.settings)
    with pytest.raises(UserError, match="is of a fiscal year, and none is declared"):
        line.measure(START + timedelta(hours=2), "FY2025-P12")


def test_values_of_years_that_were_cut_otherwise_have_no_difference(line: Line) -> None:
    """With 5-4-4 weeks the twelfth month begins on the same day, and the eleventh a week later than it was measured."""
    _declare(line, RETAIL, "fiscal_month")
    line.publish("orders", orders(Random(7)))
    line.measure(START, "FY2025-P12")
    organisation = line.settings.catalog / "organisation.yaml"
    organisation.write_text(organisation.read_text().replace("4-5-4", "5-4-4"))
    _write(line, "organisation.yaml", organisation.read_text())
    with Workspace(line.settings) as workspace:
        assert workspace.catalog.period("FY2025-P12").start == date(2026, 1, 4)
        assert workspace.catalog.period("FY2025-P11").start == date(2025, 12, 7)
        (row, change), *_ = values(workspace, kpi="on_time", period="FY2025-P12")
        assert workspace.catalog.recorded("FY2025-P11", date(2025, 11, 30)).end == date(2026, 1, 4)
    assert row.value is not None
    assert change.change is None


def test_what_a_review_of_a_withdrawn_year_left_is_read_by_the_reviews_after_it(line: Line) -> None:
    _declare(line, RETAIL, "fiscal_month")
    line.publish("orders", orders(Random(7)))
    line.publish("cases", cases(Random(7)))
    line.measure(START, "FY2025-P12")
    line.measure(START)
    of: dict[str, Any] = {"review": "quarterly", "period": "FY2025-P12", "at": START, "settings": line.settings}
    stages.consider("9.3.2-c1", text="Nothing to report.", by="Anna Quast", **of)
    stages.add_action("Ask again", owner="Bert Ost", due="2026-06-01", by="Anna Quast", reason="Why not.", **of)
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        for period, kind in (("FY2025-P11", "held"), ("2025-Q3", "held"), ("FY2025-P12", "planned")):
            told = {"kind": kind, "day": date(2026, 4, 2), "detail": {}, "who": "Anna Quast", "at": START}
            session.add(ReviewEvent(review="quarterly", period=period, **told))
    _write(line, "reviews/quarterly.yaml", QUARTERLY)
    _write(line, "organisation.yaml", (line.settings.catalog / "organisation.yaml").read_text().split("fiscal_year")[0])
    line.measure(START + timedelta(hours=1))
    with Workspace(line.settings) as workspace:
        quarterly = workspace.catalog.reviews["quarterly"]
        read = (workspace.register, workspace.lake, workspace.catalog, quarterly, Period.parse("2026-Q1"))
        found = collect(*read, as_of=START + timedelta(hours=2))
    head = found.pack.header
    assert (head.last_period, head.last_start, head.last_end) == ("FY2025-P11", date(2025, 11, 30), date(2026, 1, 3))
    assert [action.action for action in found.pack.actions] == ["R-1"]
    (statement,) = {row.statement for book in found.pack.ledgers for row in book.rows} - {""}
    assert statement == "Nothing to report."
    shown = stages.show_review("quarterly", "FY2025-P12", settings=line.settings)
    assert (shown["state"], shown["planned_for"]) == ("planned", date(2026, 4, 2))
    with pytest.raises(UserError, match="is of a fiscal year, and none is declared"):
        stages.show_review("quarterly", "FY2025-P10", settings=line.settings)


def test_every_month_of_weeks_is_due_once_and_its_year_comes_with_the_month_in_which_it_ends(line: Line) -> None:
    """July 2026 ends on 1 August and August on the 29th; the year 2026 ends on 30 January 2027."""
    _declare(line, RETAIL, "fiscal_month")
    _write(line, "reviews/yearly.yaml", QUARTERLY.replace("quarterly", "yearly").replace("quarter", "fiscal_year"))
    months = [Period.parse("2026-02").shift(count) for count in range(12)]
    due = [one for month in months for one in stages.due_reviews(str(month), settings=line.settings)]
    assert [one["of"] for one in due if one["review"] == "quarterly"] == [f"FY2026-P{n:02}" for n in range(1, 13)]
    august = stages.due_reviews("2026-08", settings=line.settings)
    assert [one["of"] for one in august] == ["2026-08", "FY2026-P06", "FY2026-P07"]
    assert [one["of"] for one in due if one["review"] == "yearly"] == ["FY2026"]
    with Workspace(line.settings) as workspace:
        catalog = workspace.catalog
    asked_of = [month for month in months if "FY2026" in [str(one.last) for one in asked(catalog, month, START)]]
    assert asked_of == [Period.parse("2027-01")]
