"""The register keeps proposals and approvals, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from qmsreports.catalog.approval import apply, approve
from qmsreports.catalog.approved import approved_view
from qmsreports.catalog.load import Catalog
from qmsreports.register import journal
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.store import Register

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
LATER = datetime(2026, 11, 3, 9, tzinfo=UTC)


def test_proposed_approved_and_read_back(small: Catalog, register: Register) -> None:
    records = CatalogRecords(register)
    apply(small, records, by="anna", at=AT)
    assert not approved_view(small, records)
    approve(records, small.organisation, by="bert", at=LATER, note="Seen in the review of October.")
    assert dict(approved_view(small, records)) == {"doubled": {1}, "on_time": {1, 2}, "reply_time": {1}}
    rows = {(row.entry.kind, row.entry.name, row.entry.version): row for row in records.definitions()}
    second = rows["kpi", "on_time", 2]
    assert (second.proposed_by, second.proposed_at, second.approvals) == ("anna", AT, (("bert", LATER),))
    assert second.entry.effective_from == small.kpis["on_time"].versions[1].effective_from
    assert second.entry.why == "Urgent orders only."
    assert rows["review", "monthly", 1].approvals == ()


def test_each_step_is_in_the_audit_log(small: Catalog, register: Register) -> None:
    records = CatalogRecords(register)
    apply(small, records, by="anna", at=AT)
    approve(records, small.organisation, by="bert", at=LATER, names=["on_time"])
    with register.read() as session:
        assert journal.verify(session) == []
        lines = [
            (entry.who, entry.action, entry.subject)
            for entry in session.query(journal.JournalEntry).order_by(journal.JournalEntry.id)
        ]
    assert ("anna", "propose", "kpi on_time version 2") in lines
    assert lines[-4:] == [
        ("bert", "approve", "kpi on_time version 1"),
        ("bert", "approve", "kpi on_time version 2"),
        ("bert", "approve", "targets on_time version 1"),
        ("qmsreports", "write", "approvals"),
    ]


def test_proposing_the_same_again_adds_nothing(small: Catalog, register: Register) -> None:
    records = CatalogRecords(register)
    apply(small, records, by="anna", at=AT)
    before = records.definitions()
    records.propose([row.entry for row in before], by="cleo", at=LATER)
    assert records.definitions() == before


def test_what_an_edited_file_counted_is_restored_from_the_register(small: Catalog, register: Register) -> None:
    records = CatalogRecords(register)
    apply(small, records, by="anna", at=AT)
    approve(records, small.organisation, by="bert", at=LATER)
    kpi = small.kpis["on_time"]
    broken = kpi.versions[1].model_copy(update={"population": kpi.versions[0].population})
    edited = replace(
        small, kpis={**small.kpis, "on_time": kpi.model_copy(update={"versions": (kpi.versions[0], broken)})}
    )
    assert approved_view(edited, records).catalog.kpis["on_time"] == kpi
