"""The annex of a site has the site's own rows, reasons and data quality, and nobody else's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pack_workspace import BUILT, MEASURED, OCTOBER, TEMPLATES, Row, Workspace

from qmsreports.catalog.review import Annexes
from qmsreports.pack.collect import collect
from qmsreports.pack.model import PackModel
from qmsreports.pack.render import render
from qmsreports.pack.view import show
from qmsreports.records import KpiResult
from qmsreports.register.models import Quarantine
from qmsreports.register.results import add_result

DAY = date(2026, 10, 5)
KPI = "complaints_per_1000_orders"


def complaint(number: int, site: str, reason: str) -> Row:
    said = {"complaint_id": f"K{number}", "site": site, "channel": "email", "reason": reason, "customer_id": "C1"}
    return {**said, "received_on": DAY, "answer_due_on": date(2026, 10, 19)}


def nonconformity(number: int, site: str) -> Row:
    said = {"nonconformity_id": f"NC-{number}", "site": site, "origin": "internal", "grade": "minor"}
    return {**said, "process": "Assembly", "detected_on": DAY, "description": f"Leak {number}", "cost": 10.0}


def audit(number: int, site: str) -> Row:
    said = {"audit_id": f"AU-{number}", "site": site, "kind": "internal", "scope": "Assembly", "lead": "E. Novak"}
    return {**said, "planned_on": DAY, "done_on": DAY}


def finding(number: int, audit_id: str) -> Row:
    said = {"finding_id": f"F-{number}", "audit_id": audit_id, "grade": "major", "clause": "8.5"}
    return {**said, "description": f"Label {number}", "raised_on": DAY, "due_on": date(2026, 12, 1)}


def at_site(made: Workspace, site: str, value: float) -> None:
    result = KpiResult(
        kpi=KPI,
        version=1,
        period=OCTOBER,
        slice={"site": site},
        unit=made.catalog.kpis[KPI].unit,
        value=value,
        numerator=value,
        denominator=1000.0,
        n=1000,
        low=None,
        high=None,
        target=8.0,
        near=9.0,
        status="missed" if value > 8 else "met",
        provisional=site == "linz",
        fingerprint="f" * 64,
        sql=f"sql of {KPI}",
        table_versions={"order_lines": 3},
    )
    with made.register.write() as session:
        add_result(session, result, run_id="r1", supersedes=0, why="first", at=MEASURED)


def waiting(made: Workspace, key: str, site: str) -> None:
    with made.register.write() as session:
        session.add(
            Quarantine(
                run_id="r1",
                source="crm",
                table_name="order_lines",
                row_key=key,
                row={"line_id": key, "site": site},
                rule="in_set",
                reason="no",
                load_id="1",
                status="open",
                first_seen=MEASURED,
                settled_at=None,
            )
        )


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> PackModel:
    made = Workspace.at(tmp_path_factory.mktemp("annexes"))
    made.series(KPI, [9.0 + (index % 4) for index in range(24)], target=8.0)
    at_site(made, "linz", 12.0)
    at_site(made, "lyon", 5.0)
    reasons = [("linz", "late"), ("linz", "late"), ("linz", "damaged"), *[("lyon", "invoice")] * 5]
    made.rows("complaints", [complaint(number, *said) for number, said in enumerate(reasons)])
    made.rows("nonconformities", [nonconformity(1, "linz"), nonconformity(2, "lyon"), nonconformity(3, "lyon")])
    made.rows("audits", [audit(1, "linz"), audit(2, "lyon")])
    made.rows("audit_findings", [finding(1, "AU-1"), finding(2, "AU-2"), finding(3, "AU-2")])
    for key, site in (("L1", "linz"), ("L2", "lyon"), ("L3", "lyon")):
        waiting(made, key, site)
    declared = made.catalog.reviews["monthly"].model_copy(update={"annexes": Annexes(slice="site", kpis=(KPI,))})
    return collect(made.register, made.lake, made.catalog, declared, OCTOBER, as_of=BUILT).pack


def test_a_site_has_its_own_rows_in_the_registers(pack: PackModel) -> None:
    linz, lyon = pack.annexes
    assert (linz.key, lyon.key) == ("linz", "lyon")
    own = {table.table: table for table in linz.registers}
    others = {table.table: table for table in lyon.registers}
    assert [row[0] for row in own["nonconformities"].rows] == ["NC-1"]
    assert [row[0] for row in others["nonconformities"].rows] == ["NC-2", "NC-3"]
    assert (own["nonconformities"].total, others["nonconformities"].total) == (1, 2)
    assert [row[0] for row in own["audits"].rows] == ["AU-1"]
    assert [row[0] for row in own["audit_findings"].rows] == ["F-1"]  # a finding belongs to the site of its audit
    assert own["audit_findings"].summary != others["audit_findings"].summary
    whole = {table.table: table for section in pack.sections for table in section.registers}
    assert whole["nonconformities"].total == 3


def test_a_site_has_the_reasons_of_what_it_misses(pack: PackModel) -> None:
    linz, lyon = pack.annexes
    ((kpi, reasons),) = [(one.kpi, one.reasons) for one in linz.reasons]
    assert (kpi, reasons.total) == (KPI, 3)
    assert [(one.title, one.amount) for one in reasons.reasons] == [("Late", 2), ("Damaged", 1)]
    assert lyon.reasons == ()  # it meets its target


def test_a_site_is_told_how_far_its_values_can_be_trusted(pack: PackModel) -> None:
    assert [annex.quarantined for annex in pack.annexes] == [1, 2]
    first = show(pack)["annexes"][0]
    assert first["quality"].replace("\N{NO-BREAK SPACE}", " ") == (
        "Data of Linz: provisional values 1, of few cases 0, without a value 0; rows in quarantine 1."
    )
    anchors = [table["anchor"] for annex in show(pack)["annexes"] for table in annex["registers"]]
    assert len(anchors) == len(set(anchors))


def test_print_and_page_have_them(pack: PackModel) -> None:
    files = {Path(name).suffix: content for name, content in render(pack, templates=TEMPLATES).items()}
    page = files[".html"].decode()
    assert page.count("Data of Linz:") == 1
    assert 'id="annex-site-linz-nonconformities"' in page
    assert files[".pdf"].startswith(b"%PDF")
