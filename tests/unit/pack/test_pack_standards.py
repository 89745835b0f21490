"""One pack against several standards: what each asks for rests on its own evidence, and never on an empty table."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from pack_workspace import BUILT, OCTOBER, ROOT, Workspace, filled

from qmsreports.catalog.clause_map import ActionPlan, Evidence
from qmsreports.catalog.load import load_catalog
from qmsreports.errors import UserError
from qmsreports.pack.assemble import uncovered
from qmsreports.pack.collect import collect
from qmsreports.pack.model import Ledger, LedgerRow, PackModel, StandardName
from qmsreports.settings import Settings
from qmsreports.stages.closing import close_review

STANDARDS = (
    "iso9001-2015",
    "iso9001-2026",
    "iatf16949-2016",
    "as9100d-2016",
    "iso13485-2016",
    "iso14001-2015",
    "iso45001-2018",
)


def collected(made: Workspace) -> PackModel:
    review = made.catalog.reviews["monthly"].model_copy(update={"standards": STANDARDS})
    return collect(made.register, made.lake, made.catalog, review, OCTOBER, as_of=BUILT).pack


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, LedgerRow]]:
    made = filled(tmp_path_factory.mktemp("standards"))
    made.series("oee", [70.0 + index % 3 for index in range(24)], target=75.0)
    made.series("cost_of_poor_quality", [None] * 23 + [2.5], target=3.0)
    risk = {"kind": "risk", "title": "One foundry only", "owner": "a.b", "identified_on": date(2026, 10, 2)}
    made.rows("risks", [{"risk_id": "R-1", "likelihood": 2, "severity": 4, **risk}])
    pack = collected(made)
    assert [ledger.standard.unverified for ledger in pack.ledgers] == [False] + [True] * 6
    return {
        name: {row.clause: row for row in ledger.rows} for name, ledger in zip(STANDARDS, pack.ledgers, strict=True)
    }


def test_a_standard_that_builds_on_another_lists_what_it_adds(ledgers: dict[str, dict[str, LedgerRow]]) -> None:
    added = ledgers["iatf16949-2016"]
    assert [clause.rpartition("-")[2] for clause in added] == list("abcdefghijk")
    assert added["9.3.2.1-c"].state == "data"  # by the KPI that the map names: oee
    assert added["9.3.2.1-c"].evidence == (("1\u00a0objective", "kpi-oee"),)
    assert added["9.3.2.1-f"].state == "data"  # by what feeds 9.1.2: nps and otif
    assert added["9.3.2.1-h"].state == "missing"  # warranty: nothing declared, so a person has to state it
    assert list(ledgers["as9100d-2016"]) == ["9.3.2-c8"]
    assert ledgers["as9100d-2016"]["9.3.2-c8"].state == "data"  # otif


def test_one_value_is_no_trend(ledgers: dict[str, dict[str, LedgerRow]]) -> None:
    assert ledgers["iatf16949-2016"]["9.3.2.1-a"].state == "missing"  # cost of poor quality has one month


def test_quality_data_prove_nothing_about_the_environment(ledgers: dict[str, dict[str, LedgerRow]]) -> None:
    environment, safety = ledgers["iso14001-2015"], ledgers["iso45001-2018"]
    assert environment["9.3-a"].state == safety["9.3-a"].state == "data"  # the actions are shared
    for clause in ("9.3-c", "9.3-d1", "9.3-d2", "9.3-d4"):
        assert environment[clause].state == safety[clause].state == "missing"
    assert environment["9.3-b4"].state == safety["9.3-b3"].state == "missing"  # the risks on record are of quality


def test_a_statement_on_an_equal_input_holds_for_both(ledgers: dict[str, dict[str, LedgerRow]]) -> None:
    row = ledgers["iso13485-2016"]["5.6.2-j"]  # equals 9.3.2-b, which M. Huber considered
    assert (row.state, row.considered_by, row.considered_on) == ("considered", "M. Huber", date(2026, 11, 2))


def test_a_table_with_too_few_rows_covers_nothing(tmp_path: Path) -> None:
    made = filled(tmp_path)
    clauses = made.catalog.clause_maps["iso9001-2015"]
    audits = next(item for item in clauses.items if item.clause == "9.3.2-c6")
    more = audits.model_copy(update={"evidence": Evidence(tables=("audits",), at_least=2)})
    items = tuple(more if item is audits else item for item in clauses.items)
    maps = {**made.catalog.clause_maps, "iso9001-2015": clauses.model_copy(update={"items": items})}
    object.__setattr__(made, "catalog", _with(made, maps))
    rows = {row.clause: row for row in collected(made).ledgers[0].rows}
    assert rows["9.3.2-c6"].state == "missing"  # one audit, two are asked for


@pytest.mark.parametrize(("standards", "count"), [(1, 6), (2, 7), (7, 45)])
def test_page_one_counts_the_inputs_that_closing_refuses(tmp_path: Path, standards: int, count: int) -> None:
    made = filled(tmp_path)
    catalog = tmp_path / "catalog"
    shutil.copytree(ROOT / "catalog", catalog)
    declared = catalog / "reviews" / "monthly.yaml"
    named = ", ".join(STANDARDS[:standards])
    declared.write_text(re.sub(r"(?m)^standards: .*$", f"standards: [{named}]", declared.read_text()))
    with pytest.raises(UserError) as refused:
        close_review(
            "monthly",
            "2026-10",
            conclusions={},
            by="A. Berger",
            at=BUILT,
            settings=Settings(var=tmp_path, catalog=catalog, templates=ROOT / "report_templates"),
        )
    refusals = [str(finding) for finding in refused.value.findings if "neither data nor a statement" in str(finding)]
    review = made.catalog.reviews["monthly"].model_copy(update={"standards": STANDARDS[:standards]})
    pack = collect(made.register, made.lake, made.catalog, review, OCTOBER, as_of=BUILT).pack
    (asked,) = [item for item in pack.decisions if item.kind == "missing_input"]
    assert asked.title.startswith(f"{len(refusals)}\u00a0required inputs")
    assert len(refusals) == count
    assert [re.search("--clause (.+?) ", text)[1] for text in refusals[:3]] == list(asked.clauses)  # type: ignore[index]


def test_an_input_of_a_later_standard_says_whose_it_is(ledgers: dict[str, dict[str, LedgerRow]]) -> None:
    assert ledgers["iatf16949-2016"]["9.3.2.1-h"].covers == "iatf16949-2016/9.3.2.1-h"
    assert ledgers["iso13485-2016"]["5.6.2-j"].covers == "9.3.2-b"
    books = [
        Ledger(standard=StandardName(standard="A", edition="1", title=title, unverified=False), rows=rows)
        for title, rows in (
            ("First:1", (_missing("a", "a"),)),
            ("Second:2", (_missing("b", "a"), _missing("c", "x/c"))),
        )
    ]
    assert [(row.number, row.covers) for row in uncovered(books)] == [("a", "a"), ("Second:2 c", "x/c")]


def _missing(clause: str, covers: str) -> LedgerRow:
    return LedgerRow(clause=clause, number=clause, label="Label", state="missing", covers=covers)


@pytest.mark.parametrize(
    ("repair", "state"),
    [([20.0] * 24, "data"), ([20.0] * 23 + [None], "missing"), ([], "missing")],
)
def test_evidence_that_needs_all_its_kpis_is_not_proven_by_one(
    tmp_path: Path, repair: list[float | None], state: str
) -> None:
    made = filled(tmp_path)
    made.series("downtime_share", [5.0 + index % 3 for index in range(24)], target=8.0)
    if repair:
        made.series("repair_time", repair)
    row = next(row for row in collected(made).ledgers[2].rows if row.clause == "9.3.2.1-g")
    assert row.state == state


def test_evidence_leads_to_where_it_stands(tmp_path: Path) -> None:
    made = filled(tmp_path)
    made.series("csat", [90.0] * 24, table_versions={"survey_answers": 1})
    made.series("ces", [5.0] * 24, table_versions={"survey_answers": 1})
    made.series("resolved_within_target", [90.0] * 24, table_versions={"tickets": 1})
    customer = {"customer_id": "C", "site": "linz", "reason": "late", "channel": "email"}
    complaint = {**customer, "complaint_id": "K1", "received_on": date(2026, 10, 9), "answer_due_on": date(2026, 10, 9)}
    made.rows("complaints", [complaint])
    answer = {"answer_id": "S1", "invitation_id": "I1", "answered_on": date(2026, 10, 9), **customer}
    names = {column.name for column in made.catalog.tables["survey_answers"].columns}
    made.rows("survey_answers", [{name: value for name, value in answer.items() if name in names}])
    rows = {row.clause: row for row in collected(made).ledgers[0].rows}
    assert rows["9.3.2-c1"].evidence == (
        ("3\u00a0objectives (Customers)", "clause-9-3-2-c1"),
        ("1\u00a0objective (Processes and products)", "kpi-resolved_within_target"),
        ("Complaints, 1\u00a0row", "register-complaints"),
        ("Survey answers, 1\u00a0row", "kpi-csat"),  # no register: the first objective that reads it
    )


@pytest.mark.parametrize("review", ["monthly", "quarterly", "annual"])
def test_shipped_reviews_show_the_registers_that_are_evidence(review: str) -> None:
    catalog = load_catalog(ROOT / "catalog")
    declared = catalog.reviews[review]
    shown = {name for section in declared.sections for name in section.tables}
    evidence = {
        name for standard in STANDARDS for item in catalog.clause_maps[standard].items for name in item.evidence.tables
    }
    assert evidence - shown == {"survey_answers"}  # shown by the objectives that read it
    assert "costs" in shown


def _with(made: Workspace, maps: object) -> object:
    from dataclasses import replace

    return replace(made.catalog, clause_maps=maps)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kpi", "feeds", "asked"),
    [("otif", ("9.1.2",), True), ("oee", ("9.3.2-c3",), False), ("warranty", (), True)],
)
def test_an_action_plan_is_asked_for_by_clause_or_by_name(kpi: str, feeds: tuple[str, ...], asked: bool) -> None:
    assert ActionPlan(feeds=("9.1.2",), kpis=("warranty",)).about(kpi, feeds) is asked
