"""What stands beside an objective in depth: input measures before it, and the reasons that a table gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pack_fixture import PLANS, objective
from pack_fixture_review import facts
from pack_workspace import BUILT, OCTOBER, ROOT, TEMPLATES, filled

from qmsreports.catalog.load import load_catalog
from qmsreports.pack.assemble import assemble
from qmsreports.pack.collect import collect
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Reason, Reasons
from qmsreports.pack.seal import catalog_fingerprints
from qmsreports.pack.view import show
from qmsreports.pack.view.reading import drivers, reasons
from qmsreports.pack.web import render_html

BY_KPI = {plan.kpi: plan for plan in PLANS}


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def one(kpi: str, **changed: Any) -> Objective:
    return objective(BY_KPI[kpi]).model_copy(update=changed)


def pack_of(*objectives: Objective) -> PackModel:
    return assemble(facts(list(objectives)))


def complaint(number: int, reason: str, on: date) -> dict[str, Any]:
    fields = {"complaint_id": f"K{number}", "site": "linz", "channel": "email", "reason": reason, "received_on": on}
    return {**fields, "answer_due_on": on, "justified": number % 2 == 0}


def test_reasons_are_the_rows_of_the_period_beside_the_year_before(tmp_path: Path) -> None:
    made = filled(tmp_path)
    now, before, old = date(2026, 10, 9), date(2026, 4, 9), date(2025, 9, 30)
    rows = [complaint(n, "late", now) for n in range(3)] + [complaint(10, "quality", now)]
    rows += [complaint(20 + n, "quality", before) for n in range(24)] + [complaint(50, "late", old)]
    made.rows("complaints", rows)
    made.series("complaints_per_1000_orders", [2.0] * 24)
    pack = collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack
    found = pack.objective("complaints_per_1000_orders").reasons
    assert found is not None
    assert (found.table, found.column, found.unit, found.total) == ("Complaints", "reason", "rows", 4)
    assert (found.kind, found.measured) == ("counted", 2)  # measured before two more came in
    assert found.reasons == (
        Reason(title="Late", amount=3, before=0),  # the one of 2025 is older than twelve months
        Reason(title="Quality", amount=1, before=2),  # 24 in twelve months
    )
    assert pack.objective("nps").reasons is None


def test_an_instant_belongs_to_the_day_at_the_organisation(tmp_path: Path) -> None:
    made = filled(tmp_path)
    ticket = {"channel": "email", "category": "invoice", "status": "open"}
    late = {**ticket, "opened_at": datetime(2026, 10, 1, tzinfo=UTC)}
    due = [datetime(2026, 10, 31, 22, 30, tzinfo=UTC), datetime(2026, 10, 31, 23, 30, tzinfo=UTC)]  # the second: 1 Nov
    done = {"due_at": datetime(2026, 10, 5, tzinfo=UTC), "resolved_at": datetime(2026, 10, 5, tzinfo=UTC)}
    tickets = [{**late, "due_at": due[0]}, {**late, "due_at": due[1]}, {**late, **done}]
    made.rows("tickets", [{**row, "ticket_id": f"T{n}"} for n, row in enumerate(tickets)])
    made.series("resolved_within_target", [90.0] * 24)
    pack = collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack
    found = pack.objective("resolved_within_target").reasons
    assert found is not None
    assert (found.kind, found.total) == ("missed", 1)  # still open, and due in October at the organisation


def test_many_reasons_become_a_few_and_the_others(tmp_path: Path) -> None:
    made = filled(tmp_path)
    rows = [{"nonconformity_id": f"N{n}", "site": "linz", "origin": "internal", "grade": "minor"} for n in range(12)]
    made.rows(
        "nonconformities",
        [
            {**row, "process": f"p{n:02d}", "description": "x", "detected_on": date(2026, 10, 2)}
            for n, row in enumerate(rows)
        ],
    )
    made.series("nonconformities", [12.0] * 24)
    pack = collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack
    found = pack.objective("nonconformities").reasons
    assert found is not None
    assert [reason.title for reason in found.reasons] == [*(f"P{n:02d}" for n in range(7)), "5 others"]
    assert sum(reason.amount for reason in found.reasons) == 12


def test_shares_add_up_and_no_cause_is_claimed() -> None:
    parts = (Reason(title="Late", amount=6, before=2.5), Reason(title="Quality", amount=3, before=1))
    found = Reasons(table="Complaints", column="reason", unit="rows", total=9, reasons=parts)
    shown = reasons(one("nps", reasons=found), pack_of(one("nps")))
    assert shown is not None
    assert [
        (row["amount"], plain(row["share"]), plain(row["upto"]), row["before"], row["bar"]) for row in shown["rows"]
    ] == [
        ("6", "67 %", "67 %", "2.5", 100),
        ("3", "33 %", "100 %", "1.0", 50),
    ]
    assert plain(shown["text"]) == (
        "9 rows in October 2026, most of them late (67 %). It tells where to look, not why."
    )


def told(objective_: Objective, *amounts: tuple[str, float], **changed: Any) -> dict[str, Any]:
    parts = tuple(Reason(title=name, amount=amount, before=0, others=name == "rest") for name, amount in amounts)
    fields = {"table": "Tickets", "column": "category", "unit": "rows", "total": sum(part.amount for part in parts)}
    found = Reasons(**{**fields, "reasons": parts, **changed})
    shown = reasons(objective_.model_copy(update={"reasons": found}), pack_of(one("nps")))
    assert shown is not None
    return {"title": plain(shown["title"]), "text": plain(shown["text"])}


def test_the_heading_says_which_rows_and_how_many() -> None:
    rows = [("Invoice", 20.0), ("Setup", 5.0)]
    score = one("nps")
    assert told(score, *rows, kind="missed")["title"] == "Missed tickets by category, 25 rows"
    assert told(score, *rows, kind="counted")["title"] == f"{score.title} by category, 25 rows"
    assert told(score, *rows)["title"] == "Tickets by category, 25 rows"
    summed = told(score, *rows, kind="counted", unit="pieces", summed=True)
    assert summed["title"] == f"{score.title} by category, 25 pieces"
    assert told(score, ("Invoice", 1.0))["title"] == "Tickets by category, 1 row"


def test_what_is_equally_frequent_is_named_together_or_not_at_all() -> None:
    score = one("nps")
    text = told(score, ("A", 4.0), ("B", 3.0), ("C", 3.0), ("D", 1.0))["text"]
    assert text.startswith("11 rows in October 2026, most of them a (36 %) and b and c (27 % each). It tells")
    text = told(score, *((name, 2.0) for name in "ABCDEF"))["text"]
    assert text == "12 rows in October 2026, spread over many: no few of them make up most of it."
    assert "spread over many" in told(score, ("A", 3.0), ("B", 2.0), ("rest", 9.0))["text"]
    later = told(score, ("A", 4.0), kind="counted", measured=3.0)["text"]
    assert later.endswith("When it was measured the objective counted 3; rows have changed since.")
    assert "measured" not in told(score, ("A", 4.0), kind="counted", measured=4.0)["text"]


def test_input_measures_come_in_their_tree_each_once() -> None:
    top = one("otif", drivers=("on_time_delivery", "first_pass_yield", "not_in_this_pack"))
    delivery = one("on_time_delivery", drivers=("supplier_on_time", "first_pass_yield", "otif"))
    pack = pack_of(top, delivery, one("first_pass_yield"), one("supplier_on_time", drivers=("nps",)), one("nps"))
    rows = [(row["level"], row["link"]) for row in drivers(pack.objective("otif"), pack)]
    assert rows == [
        (1, "kpi-on_time_delivery"),
        (2, "kpi-supplier_on_time"),
        (2, "kpi-first_pass_yield"),
    ]


@pytest.mark.parametrize("kpi", ["nps", "oee"])
def test_without_a_declaration_nothing_is_shown(kpi: str) -> None:
    pack = pack_of(one(kpi))
    assert drivers(pack.objective(kpi), pack) == []
    assert reasons(pack.objective(kpi), pack) is None


def test_the_page_shows_both() -> None:
    found = Reasons(
        table="Complaints", column="reason", unit="rows", total=1, reasons=(Reason(title="<b>", amount=1, before=0),)
    )
    html = render_html(show(pack_of(one("otif", drivers=("nps",), reasons=found), one("nps"))), {}, templates=TEMPLATES)
    assert "What comes before it" in html
    assert "Complaints by reason" in html
    assert "&lt;b&gt;" in html


def test_a_seal_knows_what_is_shown_beside_the_numbers() -> None:
    catalog = load_catalog(ROOT / "catalog")
    otif = catalog.kpis["otif"]
    less = replace(catalog, kpis={**catalog.kpis, "otif": otif.model_copy(update={"drivers": ()})})
    then, now = catalog_fingerprints(catalog), catalog_fingerprints(less)
    assert {name for name in then if then[name] != now[name]} == {"page/reading"}  # no number: no approval is lost
    without = catalog_fingerprints(replace(catalog, customers=None))
    assert set(then) - set(without) == {"page/customers"}
