"""A pack like the demo's in each language: no English word of ours is left in page and workbook.

Told apart by comparison: a word that stands in the English pack and in another one has to be a word of that language,
as its messages and the translations of the shipped catalog have it. What people write here are made-up words.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pack_workspace import BUILT, MEASURED, OCTOBER, ROOT, TEMPLATES, Row, Workspace

from qmsreports.catalog.canonical import plain
from qmsreports.catalog.fingerprint import translated
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.language import LANGUAGES
from qmsreports.language.messages import load, read
from qmsreports.pack.collect import collect
from qmsreports.pack.model import PackModel
from qmsreports.pack.render import render
from qmsreports.records import KpiResult
from qmsreports.register.results import add_result

OTHERS = [code for code in LANGUAGES if code != "en"]
WORD = re.compile(r"[^\W\d_]{3,}")
KEY = re.compile(r"\bsql of \w+|\b[a-z]+(?:_[a-z0-9]+)+\b|\b[0-9a-f]{12,64}\b|\bmonthly-2026-10-e1\b")
FILES = re.compile(r"\b(?:model|definitions|kpi_values)\.(?:json|yaml|csv)\b")
NAMES = {"arvella", "pumps", "linz", "lyon", "porto", "crm", "iso", "sql", "duckdb", "sha", "eur", "europe", "vienna"}
NAMES |= {"qmsreports", "html", "xlsx", "json", "csv", "pdf", "kpi", "ppm", "nps", "oee", "csat", "otif"}
NAMES |= {"making", "data", "count"}  # "Making Data Count" is what its rules are called
NAMES |= {"zorbat", "kluk", "vrem", "delay"}
DAY = date(2026, 10, 5)


def part(made: Workspace, kpi: str, **slice_: str) -> None:
    """Record what one part of a KPI was in October."""
    result = KpiResult(
        kpi=kpi,
        version=1,
        period=OCTOBER,
        slice=slice_,
        unit=made.catalog.kpis[kpi].unit,
        value=50.0,
        numerator=50.0,
        denominator=100.0,
        n=100,
        low=None,
        high=None,
        target=None,
        near=None,
        status="no_target",
        provisional=False,
        fingerprint="f" * 64,
        sql=f"sql of {kpi}",
        table_versions={"order_lines": 3, "survey_answers": 2},
    )
    with made.register.write() as session:
        add_result(session, result, run_id="r1", supersedes=0, why="first", at=MEASURED)


def registers() -> Iterator[tuple[str, list[Row]]]:
    yield "audits", [audit(number, kind) for number, kind in enumerate(("internal", "supplier", "certification"))]
    yield "nonconformities", [nonconformity(number, origin) for number, origin in enumerate(ORIGINS)]
    yield "corrective_actions", [corrective(1, date(2026, 9, 1)), corrective(2, date(2026, 12, 1))]
    yield "risks", [risk(1, None, None), risk(2, DAY, None), risk(3, DAY, True), risk(4, DAY, False)]
    yield "context_changes", [context(kind) for kind in ("external", "internal", "interested_party", "climate")]
    yield "improvement_ideas", [idea("new"), idea("accepted")]
    resource = {"resource_id": "R1", "site": "linz", "kind": "staffing", "title": "Zorbat", "unit": "hours"}
    yield "resources", [{**resource, "measured_on": DAY, "planned": 10.0, "actual": 9.0}]
    reasons = ("late", "damaged", "quality", "wrong_item", "invoice", "other")
    yield "complaints", [complaint(number, reason) for number, reason in enumerate(reasons)]
    yield "receipts", [receipt("castings"), receipt("motors")]


ORIGINS = ("internal", "customer", "supplier", "audit")


def audit(number: int, kind: str) -> Row:
    said = {"audit_id": f"AU-{number}", "site": "linz", "kind": kind, "scope": "Zorbat", "lead": "Kluk Vrem"}
    return {**said, "planned_on": date(2026, 10, 7), "done_on": date(2026, 10, 8)}


def nonconformity(number: int, origin: str) -> Row:
    grade = "major" if number else "minor"
    said = {"nonconformity_id": f"NC-{number}", "site": "linz", "origin": origin, "grade": grade, "process": "Zorbat"}
    return {**said, "detected_on": DAY, "description": "Kluk zorbat", "cost": 10.0}


def corrective(number: int, due: date) -> Row:
    said = {"corrective_action_id": f"CA-{number}", "site": "linz", "title": "Kluk", "owner": "quality.manager"}
    return {**said, "opened_on": date(2026, 8, 1), "original_due_on": due, "due_on": due}


def risk(number: int, done: date | None, effective: bool | None) -> Row:
    kind = "risk" if number % 2 else "opportunity"
    said = {"risk_id": f"RI-{number}", "kind": kind, "title": "Vrem", "owner": "supply.manager", "done_on": done}
    dates = {"identified_on": DAY, "due_on": date(2026, 10, number)}
    return {**said, **dates, "likelihood": 4, "severity": 4, "treatment": "Kluk", "effective": effective}


def context(kind: str) -> Row:
    return {
        "change_id": f"CC-{len(kind)}",
        "kind": kind,
        "title": "Zorbat",
        "noticed_on": DAY,
        "effect": "Kluk",
        "owner": "a.b",
    }


def idea(status: str) -> Row:
    return {
        "idea_id": f"I-{len(status)}",
        "site": "linz",
        "title": "Vrem",
        "raised_on": DAY,
        "raised_by": "a.b",
        "status": status,
    }


def complaint(number: int, reason: str) -> Row:
    said = {"complaint_id": f"K{number}", "site": "linz", "channel": "email", "reason": reason, "customer_id": "C1"}
    return {**said, "received_on": DAY, "answer_due_on": date(2026, 10, 19)}


def receipt(material: str) -> Row:
    said = {
        "receipt_id": f"R-{len(material)}",
        "supplier": "Zorbat",
        "site": "linz",
        "material": material,
        "received_on": DAY,
    }
    return {**said, "committed_on": DAY, "quantity_received": 10.0, "quantity_rejected": 2.0}


def customers(made: Workspace) -> None:
    """Put what the customer page shows into the lake: a customer who was lost, and comments with names to mask."""
    july, end = date(2026, 7, 1), date(2026, 10, 31)
    seen = {"customer_id": "C1", "site": "linz", "segment": "distributor", "active": True, "bad_experience": True}
    counts = {"late_lines": 1, "breached_cases": 1, "justified_complaints": 1, "promises_12_months": 1}
    kept = {"detractor": True, "repeat_customer": True, "every_promise_kept": False, "reordered_within_90_days": False}
    months = [(july, end), (date(2026, 10, 1), date(2027, 1, 31))]
    made.rows(
        "customer_months",
        [
            {**seen, **counts, **kept, "customer_month_id": f"C1/{month:%m}", "month_on": month, "watched_until": until}
            for month, until in months
        ],
    )
    asked = {
        "site": "linz",
        "survey": "relationship",
        "answered_on": DAY,
        "recommend_score": 2,
        "segment": "key_account",
    }
    text = "delay zorbat@kluk.example https://kluk.example 4711 0815 Vrem Zorbat"
    made.rows(
        "survey_answers",
        [
            {**asked, "answer_id": f"S{number}", "customer_id": f"C{number}", "channel": channel, "comment": text}
            for number, channel in enumerate(("phone", "in_person"))
        ],
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace.at(tmp_path_factory.mktemp("languages"))
    for table, rows in registers():
        made.rows(table, rows)
        made.feed("qms_registers", table, len(rows))
    customers(made)
    for table in ("order_lines", "ticket_status_changes", "survey_answers"):
        made.feed("crm", table, 90, refreshed=14, conformed=100, duplicates=1, quarantined=3)
    rules = ("to_be_in_set", "to_not_be_null", "to_be_between", "to_be_unique", "to_match_regex", "to_exist_in_table")
    for rule in (*rules, "to_be_no_later_than_run"):
        said = {"why": "Zorbat.", "owner": "sales.operations", "column_name": "line_id"}
        made.rule("crm", "order_lines", f"expect_column_values_{rule}", **said)
    pair = "expect_column_pair_values_a_to_be_greater_than_b"
    made.rule("crm", "ticket_status_changes", pair, why="Kluk.", owner="service.manager", column_name="due_at, sent_at")
    made.rule("crm", "landed/zorbat", "readable_letters", why="Kluk.", owner="service.manager", column_name="item_no")
    made.series("otif", [88.0 + (index % 3) for index in range(24)], target=95.0)
    made.series("nps", [40.0 + (index % 4) for index in range(24)], target=38.0)
    made.series("complaints_per_1000_orders", [9.0 + (index % 4) for index in range(24)], target=8.0)
    made.series("answered_within_promise", [80.0 + (index % 4) for index in range(24)], target=75.0)
    made.series("reorder_rate", [80.0 + (index % 4) for index in range(24)], target=75.0)
    made.series("csat", [80.0 + (index % 4) for index in range(24)], target=75.0)
    for channel in ("phone", "email", "chat", "social", "in_person"):
        part(made, "csat", channel=channel)
    for segment in ("key_account", "standard", "distributor", "(none)"):
        part(made, "nps", segment=segment)
    for survey in ("relationship", "delivery", "support"):
        part(made, "csat", survey=survey)
    for truth in ("true", "false"):
        part(made, "reorder_rate", bad_experience=truth)
    return made


def told(made: Workspace, language: str) -> PackModel:
    declared = made.catalog.reviews["monthly"].model_copy(update={"language": language})
    return collect(made.register, made.lake, made.catalog, declared, OCTOBER, as_of=BUILT).pack


def texts(pack: PackModel) -> Iterator[str]:
    """Every text of page and workbook, without code."""
    files = {Path(name).suffix: content for name, content in render(pack, templates=TEMPLATES).items()}
    page = html.unescape(files[".html"].decode())
    yield from re.findall(r'(?:aria-label|placeholder|alt)="([^"]*)"', page)
    yield from re.split(r"(?s)<[^>]+>", re.sub(r"(?s)<(script|style|pre|code)\b.*?</\1>", " ", page))
    book = openpyxl.load_workbook(io.BytesIO(files[".xlsx"]))
    for sheet in book:
        yield sheet.title
        yield from (cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str))


def written(catalog: Catalog, pack: PackModel) -> list[str]:
    """What an organisation wrote in its catalog and did not translate, longest first, and the text of its rules."""
    found = [entry.agreed.record for targets in catalog.targets.files.values() for entry in targets.targets]
    found += [entry.agreed.record for kpi in catalog.kpis.values() for entry in kpi.limits.rebase]
    found += [version.rule for one in pack.objectives for version in one.definitions]
    return sorted({text for text in found if len(text) > 3}, key=len, reverse=True)


def words(pack: PackModel, catalog: Catalog) -> set[str]:
    theirs = written(catalog, pack)
    found: set[str] = set()
    for text in texts(pack):
        said = text
        for one in theirs:
            said = said.replace(one, " ")
        found |= {word.lower() for word in WORD.findall(FILES.sub(" ", KEY.sub(" ", said)))}
    return found - NAMES - {name.lower() for name in catalog.kpis} - set(catalog.sources)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from strings(one)


@cache
def known(language: str) -> frozenset[str]:
    """Every word of a language that its messages, its calendar and the shipped catalog have."""
    catalog = load_catalog(ROOT / "catalog")
    said = [
        form for message in read(language).values() for form in (message if isinstance(message, tuple) else [message])
    ]
    said += [*load(language).months, *load(language).short_months]
    kinds = (catalog.kpis, catalog.clause_maps, catalog.reviews, catalog.tables, catalog.sources)
    said += catalog.organisation.translations.get(language, {}).values()  # type: ignore[call-overload]
    models = [model for kind in kinds for model in kind.values()]
    for model in [*models, catalog.customers]:
        said += [text for one in translated(plain(model)) for text in strings(one.get(language, {}))]
    return frozenset(word.lower() for text in said for word in WORD.findall(re.sub(r"\{\w+\}", " ", text)))


@pytest.fixture(scope="module")
def english(made: Workspace) -> set[str]:
    return words(told(made, "en"), made.catalog)


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_word_of_ours_is_left(made: Workspace, english: set[str], language: str) -> None:
    found = words(told(made, language), made.catalog)
    assert len(found) > 500
    left = sorted((found & english) - known(language))
    assert not left, " ".join(left)


def test_made_up_words_and_not_the_messages_decide(english: set[str]) -> None:
    """The words that once were left in English are words of the English pack, so they would be found."""
    assert {"phone", "key", "account", "internal", "amendment", "manager", "outside", "list", "landed"} <= english
    assert {"immediate", "answer", "promises", "yes", "reason", "overdue", "checked", "open", "minor"} <= english
    assert "status" in english
