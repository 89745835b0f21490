"""The customer page: scores side by side, bad experiences and what became of them, comments by theme and masked."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pack_fixture import PLANS, objective
from pack_fixture_review import facts, review
from pack_workspace import BUILT, OCTOBER, TEMPLATES, filled

from qmsreports.catalog.customer_page import Theme
from qmsreports.pack.appendix import records as workbook
from qmsreports.pack.assemble import assemble
from qmsreports.pack.collect import collect
from qmsreports.pack.collect.customers import customers as read_customers
from qmsreports.pack.customers import Customers, Experiences, Family, Lost
from qmsreports.pack.model import PackModel
from qmsreports.pack.view import show
from qmsreports.pack.view.customers import customers
from qmsreports.pack.web import render_html
from qmsreports.period import Period

NBSP = "\u00a0"
ON = date(2026, 10, 5)
WATCHED = {7: date(2026, 10, 31), 10: date(2027, 1, 31)}  # last day of the third month after


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


def month(customer: str, day: date, **changed: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "customer_month_id": f"{customer}/{day:%Y-%m}",
        "customer_id": customer,
        "site": "linz",
        "segment": "standard",
        "month_on": day,
        "active": True,
        "repeat_customer": True,
        "late_lines": 0,
        "breached_cases": 0,
        "justified_complaints": 0,
        "detractor": False,
        "bad_experience": True,
        "promises_12_months": 1,
        "every_promise_kept": False,
        "watched_until": WATCHED[day.month],
        "reordered_within_90_days": False,
    }
    return {**fields, **changed}


def answer(number: int, customer: str, comment: str | None, score: int, on: date = ON) -> dict[str, Any]:
    return {
        "answer_id": f"S-{number}",
        "customer_id": customer,
        "site": "linz",
        "survey": "relationship",
        "channel": "email",
        "answered_on": on,
        "recommend_score": score,
        "comment": comment,
        "segment": "key_account",
    }


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> PackModel:
    made = filled(tmp_path_factory.mktemp("customers"))
    october_, july = date(2026, 10, 1), date(2026, 7, 1)
    made.rows(
        "customer_months",
        [
            month("C1", october_, late_lines=2, detractor=True),
            month("C2", october_, breached_cases=1),
            month("C3", october_, bad_experience=False),
            month("C4", october_, active=False),  # a former customer
            month("C1", july, late_lines=1),  # did not come back
            month("C5", july, justified_complaints=1, reordered_within_90_days=True),
            month("C6", july, bad_experience=False),
        ],
    )
    made.rows("customers", [{"customer_id": "C1", "name": "Brix & Co", "site": "linz", "active": True}])
    line = {"order_line_id": "L1", "order_id": "O1", "customer_id": "C1", "site": "linz", "channel": "email"}
    made.rows("order_lines", [{**line, "ordered_on": date(2026, 6, 30), "status": "delivered", "product": "P"}])
    complaint = {"complaint_id": "K1", "customer_id": "C1", "site": "linz", "channel": "email", "reason": "late"}
    made.rows("complaints", [{**complaint, "received_on": date(2026, 7, 2), "answer_due_on": date(2026, 7, 9)}])
    said = "The delivery was late, Xaver Brand of Brix & Co told me on +43 660 1234567."
    common = "the delivery was late"
    made.rows(
        "survey_answers",
        [
            answer(1, "C1", said, 2),
            answer(2, "C2", "The bot did not help", 9),
            answer(3, "C3", "Nothing to say", 10),
            answer(4, "C4", "  ", 5),
            answer(5, "C5", None, 5),
            *(answer(10 + n, f"D{n}", f"The {common}", 8, date(2026, 8, 1)) for n in range(3)),
        ],
    )
    return collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack


def test_customers_with_a_bad_experience_are_counted_by_what_happened(october: PackModel) -> None:
    assert october.customers is not None
    seen = october.customers.experiences
    assert seen is not None
    assert (seen.month, seen.active, seen.bad, seen.repeated) == ("2026-10", 3, 2, 1)
    assert dict(seen.causes) == {"late_delivery": 1, "case_not_solved": 1, "advises_against": 1}


def test_what_became_of_those_whose_ninety_days_are_over(october: PackModel) -> None:
    assert october.customers is not None
    seen = october.customers.experiences
    assert seen is not None
    assert (seen.earlier_month, seen.earlier, seen.came_back) == ("2026-07", 2, 1)
    (lost,) = seen.lost
    assert (lost.customer, lost.site, lost.happened) == ("C1", "Linz", ("late_delivery",))  # the number, not the name
    assert (lost.last_order, lost.open_complaints) == (date(2026, 6, 30), 1)


def test_comments_are_counted_by_theme_and_quoted_masked(october: PackModel) -> None:
    assert october.customers is not None
    said = october.customers.said
    assert said is not None
    assert (said.comments, said.answers, said.elsewhere) == (3, 5, 1)
    themes = {theme.title: theme for theme in said.themes}
    late = themes["Delivery and promises"]
    assert (late.comments, late.unhappy) == (1, 1)
    assert late.quotes[0].text == "The delivery was late, [name] of [customer] told me on [number]."
    assert themes["People, bots and being understood"].comments == 1
    everything = october.model_dump_json()
    for secret in ("Xaver", "Brand", "Brix", "1234567"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SPÄT geliefert", True),
        ("es war zu spat", True),
        ("la livraison a eu du retard", True),
        ("translate it", False),  # "late" inside a word
        ("day early", True),
        ("day, early", True),
        ("", False),
    ],
)
def test_a_theme_is_found_by_words_not_by_letters(text: str, found: bool) -> None:
    theme = Theme(theme="t", title="T", words={"en": ("late", "day early"), "de": ("spät",), "fr": ("retard*",)})
    assert theme.about(text) is found


def page(**changed: Any) -> PackModel:
    by_kpi = {plan.kpi: plan for plan in PLANS}
    shown = [objective(by_kpi[kpi]) for kpi in ("nps", "csat", "survey_response_rate", "first_response_p90")]
    fields: dict[str, Any] = {
        "clause": "9.3.2-c1",
        "voices": ("nps", "csat"),
        "response_rate": "survey_response_rate",
        "by": ("site", "channel"),
        "expectations": (Family(title="An immediate answer", kpis=("first_response_p90",)),),
    }
    return assemble(facts(shown, customers=Customers(**{**fields, **changed})))


def test_scores_stand_side_by_side_with_their_parts() -> None:
    shown = customers(page())
    assert shown is not None
    voices = shown["voices"]
    assert [head["title"] for head in voices["heads"]] == ["Net promoter score", "Satisfied customers"]
    assert [group["title"] for group in voices["groups"]] == ["By site"]  # no score is cut by channel here
    assert [row["title"] for row in voices["groups"][0]["rows"]] == ["Linz", "Lyon", "Porto"]
    assert voices["groups"][0]["rows"][0]["cells"][1]["value"] == "\u2013"  # satisfaction is not cut by site
    assert voices["all"]["rate"].endswith(" of 8,031") or " of " in voices["all"]["rate"]


def test_a_score_of_a_few_answers_is_not_shown() -> None:
    pack = page()
    nps = pack.objective("nps")
    few = nps.points[-1].model_copy(update={"n": 4})
    pack = pack.model_copy(update={"objectives": (nps.model_copy(update={"points": (few,)}), *pack.objectives[1:])})
    shown = customers(pack)
    assert shown is not None
    cell = shown["voices"]["all"]["cells"][0]
    assert (cell["value"], plain(cell["n"])) == ("\u2013", "n 4, too few")


def test_both_forms_show_the_page_where_its_clause_stands() -> None:
    seen = Experiences(month="2026-10", active=10, bad=2, causes=(("late_delivery", 2),), repeated=0)
    view = show(page(experiences=seen))
    placed = [section["clause"] for section in view["sections"] if section["customers"]]
    assert placed == ["9.3.2-c1"]
    html = render_html(view, {}, templates=TEMPLATES)
    assert "What customers expect, and whether they get it" in html
    assert "2 of 10\u00a0active customers (20.0\u00a0%) had a bad experience: 2 a late delivery" in html


def test_without_a_declaration_there_is_no_page(tmp_path: Path) -> None:
    from dataclasses import replace

    made = filled(tmp_path)
    made.catalog = replace(made.catalog, customers=None)
    found = collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT)
    assert found.pack.customers is None
    assert customers(review(2)) is None


def seen(**changed: Any) -> dict[str, Any]:
    fields = {"month": "2026-10", "active": 100, "bad": 7, "causes": (("late_delivery", 7),), "repeated": 1}
    gone = {"earlier_month": "2026-07", "earlier": 20, "came_back": 5}
    shown = customers(page(experiences=Experiences.model_validate({**fields, **gone}), **changed))
    assert shown is not None
    return dict(shown["experiences"])


def test_care_is_asked_for_where_there_is_something_to_compare() -> None:
    alone = plain(seen()["after"])
    assert alone.startswith("Of the 20 of July 2026 5 ordered again within 90 days")
    assert "compare" not in alone


def test_who_did_not_come_back_is_named_ten_times_and_counted_beyond() -> None:
    lost = tuple(Lost(customer=f"C-{n:02}", site="linz", segment="", happened=()) for n in range(15))
    shown = seen()
    assert (shown["lost"], plain(shown["more"])[:2]) == ([], "15")
    many = Experiences(month="2026-10", active=100, bad=7, causes=(), repeated=1, earlier=20, came_back=5, lost=lost)
    pack = page(experiences=many)
    found = customers(pack)
    assert found is not None
    assert [row["customer"] for row in found["experiences"]["lost"]] == [f"C-{n:02}" for n in range(10)]
    assert plain(found["experiences"]["more"]).startswith("5 ")
    assert len(list(workbook.lost_customers(pack).rows)) == 15


def test_a_longer_period_does_not_pass_its_last_month_for_itself(tmp_path: Path) -> None:
    made = filled(tmp_path)
    made.rows("customer_months", [month("C1", date(2026, 10, 1), late_lines=2)])
    objectives = [objective(plan) for plan in PLANS if plan.kpi == "nps"]
    tables = [made.catalog.tables[name] for name in ("customer_months", "customers", "order_lines", "complaints")]
    for period, there in ((OCTOBER, True), (Period.parse("2026-Q4"), False), (Period.parse("2026"), False)):
        with made.lake.connect([*tables, made.catalog.tables["survey_answers"]]) as connection:
            found = read_customers(connection, made.catalog, period, objectives)
        assert found is not None
        assert (found.experiences is not None) is there
