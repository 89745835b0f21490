"""A KPI ends on a day, on record: proposed, approved by somebody else, and withdrawn in the same way."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from test_catalog_approval import AT, Records, changes

from qmsreports.catalog.approval import apply, approve, plan
from qmsreports.catalog.approved import approved_view
from qmsreports.catalog.export import exported, unapplied
from qmsreports.catalog.load import Catalog, load_catalog

ENDS = """\
retired:
  from: 2026-10-01   # with the old desk
  because: The desk was closed.
  agreed: {by: Management, on: 2026-09-20, record: Review 2026-08}
"""


@pytest.fixture
def approved(small: Catalog) -> Records:
    records = Records()
    apply(small, records, by="anna", at=AT)
    approve(records, small.organisation, by="bert", at=AT)
    return records


@pytest.fixture
def ended(folder: Path) -> Catalog:
    path = folder / "kpis/reply_time.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("versions:", f"{ENDS}versions:", 1), encoding="utf-8")
    return load_catalog(folder)


def test_a_retirement_is_planned_by_itself_with_day_and_reason(ended: Catalog, approved: Records) -> None:
    """No version of the KPI changes: what was approved of them stays approved."""
    (change,) = plan(ended, approved).changes
    assert change.sentence == "retirement of reply_time: from 2026-10-01: The desk was closed; needs approval"
    assert change.where == "catalog/kpis/reply_time.yaml:8"
    assert changes(ended, approved) == [("retirement", "reply_time", 1, "retired")]


def test_it_ends_the_kpi_when_another_person_approved_it(ended: Catalog, approved: Records) -> None:
    assert approved_view(ended, approved).catalog.kpis["reply_time"].retired is None
    apply(ended, approved, by="anna", at=AT)
    view = approved_view(ended, approved)
    assert view.catalog.kpis["reply_time"].retired is None
    assert view.waiting == ("retirement of reply_time does not count as written: 1 person must approve it",)
    approve(approved, ended.organisation, by="bert", at=AT, names=["reply_time"])
    counted = approved_view(ended, approved).catalog.kpis["reply_time"]
    assert counted.retired is not None
    assert counted.retired.start == date(2026, 10, 1)
    assert (counted.in_force(date(2026, 9, 30)), counted.in_force(date(2026, 10, 1))) == (counted.versions[0], None)
    assert counted.effective_to(1) == date(2026, 10, 1)
    row = approved.rows[-1]
    assert (row.entry.kind, row.entry.effective_from, row.entry.why) == (
        "retirement",
        date(2026, 10, 1),
        "The desk was closed.",
    )
    assert (row.proposed_by, [by for by, _ in row.approvals]) == ("anna", ["bert"])


def test_another_reason_needs_approval_as_another_day_does(ended: Catalog, approved: Records, folder: Path) -> None:
    apply(ended, approved, by="anna", at=AT)
    approve(approved, ended.organisation, by="bert", at=AT)
    path = folder / "kpis/reply_time.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("was closed", "is closed"), encoding="utf-8")
    assert changes(load_catalog(folder), approved) == [("retirement", "reply_time", 2, "retired")]
    path.write_text(text.replace("from: 2026-10-01", "from: 2026-12-01"), encoding="utf-8")
    later = load_catalog(folder)
    assert changes(later, approved) == [("retirement", "reply_time", 2, "retired")]
    kept = approved_view(later, approved).catalog.kpis["reply_time"].retired
    assert kept is not None
    assert kept.start == date(2026, 10, 1)  # until the other day is approved


def test_taken_out_of_the_file_it_is_withdrawn_by_approval(ended: Catalog, approved: Records, small: Catalog) -> None:
    apply(ended, approved, by="anna", at=AT)
    approve(approved, ended.organisation, by="bert", at=AT)
    (change,) = plan(small, approved).changes
    assert change.sentence == "retirement of reply_time: withdrawn; needs approval"
    assert approved_view(small, approved).catalog.kpis["reply_time"].retired is not None
    apply(small, approved, by="anna", at=AT)
    approve(approved, small.organisation, by="bert", at=AT)
    assert approved_view(small, approved).catalog.kpis["reply_time"].retired is None
    assert changes(small, approved) == []


def test_an_export_holds_it_and_keeps_comments(ended: Catalog, approved: Records, folder: Path) -> None:
    assert [finding.where for finding in unapplied(ended, approved)] == ["catalog/kpis/reply_time.yaml:8"]
    apply(ended, approved, by="anna", at=AT)
    approve(approved, ended.organisation, by="bert", at=AT)
    assert unapplied(ended, approved) == ()
    assert not any(file.changed for file in exported(ended, approved))
    path = folder / "kpis/reply_time.yaml"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace(ENDS, ""), encoding="utf-8")
    (file,) = (file for file in exported(load_catalog(folder), approved) if file.changed)
    assert "because: The desk was closed." in file.content.decode()
    path.write_bytes(file.content)
    assert changes(load_catalog(folder), approved) == []


def test_who_removes_the_file_is_told_how_to_end_a_kpi_on_record(approved: Records, folder: Path) -> None:
    (folder / "kpis/doubled.yaml").unlink()
    (change,) = plan(load_catalog(folder, check=False), approved).changes  # the review still names it
    assert change.sentence == (
        "KPI doubled: no file any more; to end it on record, put the file back and write "
        "retired: {from: ..., because: ..., agreed: {...}}"
    )
