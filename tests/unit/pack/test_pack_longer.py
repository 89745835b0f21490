"""Packs of quarters and fiscal years: their names, what is said of an odd period, the agenda and the annexes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pack_fixture_review import header, review
from pack_workspace import BUILT, filled

from qmsreports.catalog.review import Review
from qmsreports.pack import drawings, figures
from qmsreports.pack.annex import AgendaItem, agenda_of, annexes_of
from qmsreports.pack.assemble import period_sentences
from qmsreports.pack.charts import process_chart
from qmsreports.pack.collect import collect
from qmsreports.pack.finding import noun
from qmsreports.pack.model import FormKind
from qmsreports.pack.objective import Point
from qmsreports.pack.view import annexes, front, show
from qmsreports.period import Period
from qmsreports.register import reviews
from qmsreports.register.models import ConsideredInput


@pytest.mark.parametrize(
    ("period", "words", "short", "point"),
    [
        ("2026-10", "October 2026", "Oct 26", "month"),
        ("2026-Q3", "third quarter 2026", "Q3 26", "quarter"),
        ("2026-H2", "second half of 2026", "H2 26", "half-year"),
        ("2026", "2026", "2026", "year"),
        ("FY2027-Q1", "first quarter FY2027", "Q1 FY27", "quarter"),
        ("FY2027-P09", "period 9 of FY2027", "P09 FY27", "period"),
        ("FY2027", "FY2027", "FY2027", "year"),
    ],
)
def test_periods_are_named_in_words(period: str, words: str, short: str, point: str) -> None:
    assert figures.period(period) == words
    assert figures.short_period(period).replace(figures.NBSP, " ") == short
    assert noun(period) == point


def test_a_fiscal_period_says_its_days() -> None:
    shown = front.header(
        header(period="FY2027-Q1", period_start=date(2026, 7, 1), period_end=date(2026, 9, 30), last_period="FY2026-Q4")
    )
    assert (shown["period"], shown["last_period"]) == ("First quarter FY2027", "fourth quarter FY2026")
    assert shown["days"].replace(figures.NBSP, " ") == "1 Jul 2026 to 30 Sep 2026"
    assert shown["data"].replace(figures.NBSP, " ").startswith("Data to 30 Sep 2026, read 3 Nov 2026")
    assert front.header(header())["days"] == ""


def test_a_period_that_is_not_over_claims_no_data_of_its_future() -> None:
    pack = review()
    running = pack.header.model_copy(
        update={"data_read_at": datetime(2026, 10, 20, 6, tzinfo=UTC), "period_over": False}
    )
    assert front.header(running)["data"].startswith("Period not over, read")
    (said,) = period_sentences(pack.model_copy(update={"header": running}))
    assert said.replace(figures.NBSP, " ") == (
        "The period is not over: it ends on 31 Oct 2026, until then its values change."
    )
    assert period_sentences(pack) == ()


def test_what_was_not_measured_is_said() -> None:
    pack = review()
    (said,) = period_sentences(pack.model_copy(update={"unmeasured": ("Offers won",)}))
    assert said == "Not measured for October 2026: Offers won."
    (said,) = period_sentences(pack.model_copy(update={"objectives": ()}))
    assert said.startswith("No objective has a value for October 2026")


def _declared(**changed: object) -> Review:
    said = {"review": "r", "title": "R", "standards": ["s"], "sections": [{"clause": "c", "title": "t"}], **changed}
    return Review.model_validate(said)


def test_the_agenda_is_shown_with_its_minutes() -> None:
    item = {"title": "Customers", "clauses": ["9.3.2-c1"], "minutes": 25, "led_by": "Sales manager"}
    agenda = agenda_of(_declared(agenda=[item, {"title": "Decisions"}]))
    assert agenda[0] == AgendaItem(title="Customers", clauses=("9.3.2-c1",), minutes=25, led_by="Sales manager")
    pack = review().model_copy(update={"agenda": agenda, "header": header(audience=("Board", "Site managers"))})
    shown = annexes.agenda(pack)
    assert shown is not None
    assert shown["lead"].replace(figures.NBSP, " ") == "25 minutes in all. Also for: Board and Site managers."
    assert [row["minutes"] for row in shown["rows"]] == ["25", figures.NONE]
    assert annexes.agenda(review()) is None


def test_an_annex_has_the_values_of_its_site_alone() -> None:
    pack = review()
    asked = _declared(annexes={"slice": "site"})
    found = annexes_of(asked, pack.objectives)
    sliced = [one for one in pack.objectives if any(part.dimension == "site" for part in one.slices)]
    assert sliced
    titles = {part.title for one in sliced for part in one.slices if part.dimension == "site"}
    assert [annex.title for annex in found] == sorted(titles)
    (first, *_) = found
    shown = show(pack.model_copy(update={"annexes": found}))["annexes"][0]
    assert shown["title"] == f"Annex: {first.title}"
    for kpi, row in zip(first.kpis, shown["rows"], strict=True):
        objective = pack.objective(kpi)
        (part,) = [part for part in objective.slices if (part.dimension, part.key) == ("site", first.key)]
        assert row["value"] == figures.number(part.latest.value, objective.unit)
        assert row["whole"] == figures.number(objective.latest.value, objective.unit)
    assert annexes_of(_declared(), pack.objectives) == ()


def test_an_axis_names_fiscal_quarters_and_not_their_first_days() -> None:
    """A quarter from July is no "Q3 26" where the fiscal year calls it the first; the year before is found by name."""
    begins = {"FY2026-Q1": date(2025, 7, 1), "FY2026-Q3": date(2026, 1, 1), "FY2027-Q1": date(2026, 7, 1)}
    series = [Point(period=name, start=day, value=float(day.month)) for name, day in begins.items()]
    some = review(1).objectives[0].model_copy(update={"unit": "count", "segments": ()})
    counted = some.model_copy(update={"points": tuple(series)})
    drawn = drawings._series(counted, counted, 3, prior=True)
    assert [name.replace(figures.NBSP, " ") for name in drawn.names.values()] == ["Q1 FY26", "Q3 FY26", "Q1 FY27"]
    assert list(drawn.prior) == [None, None, 7.0]
    years = tuple(Point(period=str(year), start=date(year, 1, 1), value=1.0) for year in (2024, 2025))
    yearly = some.model_copy(update={"points": years})
    assert list(drawings._series(yearly, yearly, 2, prior=True).prior) == []
    assert process_chart(drawn) != process_chart(replace(drawn, names={}))  # the lettering is outlines


def test_the_charts_reach_back_as_far_as_there_are_values() -> None:
    pack = review()
    longest = max(len(one.points) for one in pack.objectives)
    assert longest > 24
    assert show(pack)["shown_column"].replace(figures.NBSP, " ") == "24 months"
    short = tuple(one.model_copy(update={"points": one.points[-2:]}) for one in pack.objectives)
    assert show(pack.model_copy(update={"objectives": short}))["shown_column"].replace(figures.NBSP, " ") == "2 months"


def test_the_form_writes_its_clauses_as_the_rest_of_the_pack() -> None:
    form = (FormKind(clause="9.3.3-a", label="Opportunities for improvement"),)
    (kind,) = show(review().model_copy(update={"form": form}))["form"]
    assert kind["clause"].replace(figures.NBSP, " ") == "9.3.3 a"


@pytest.mark.parametrize(
    ("said_in", "said_of", "state"),
    [
        ("monthly", "2026-08", "considered"),  # inside the quarter
        ("monthly", "2026-06", "missing"),  # before it
        ("another_quarterly", "2026-Q3", "missing"),  # other people, who looked at something else
        ("quarterly", "2026-Q3", "considered"),
    ],
)
def test_a_quarter_finds_what_the_reviews_of_its_months_considered(
    tmp_path: Path, said_in: str, said_of: str, state: str
) -> None:
    made = filled(tmp_path)
    made.rows("considered_inputs", [])
    said = ConsideredInput(
        review=said_in,
        period=said_of,
        clause="9.3.2-e",
        text="Nothing new.",
        considered_by="A. Berger",
        considered_on=date(2026, 9, 3),
        at=BUILT,
    )
    with made.register.write() as session:
        reviews.add_considered(session, said)
    declared = made.catalog.reviews["quarterly"]
    pack = collect(made.register, made.lake, made.catalog, declared, Period.parse("2026-Q3"), as_of=BUILT).pack
    (row,) = [row for row in pack.ledgers[0].rows if row.clause == "9.3.2-e"]
    assert row.state == state
