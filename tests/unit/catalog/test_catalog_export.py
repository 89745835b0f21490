"""Register to files: identical when both say the same, and otherwise only what differs is written."""

from __future__ import annotations

import difflib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qmsreports.catalog.approval import apply, approve
from qmsreports.catalog.approved import approved_view
from qmsreports.catalog.export import exported, unapplied
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.cli import app
from qmsreports.errors import UserError
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.store import Register

AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
COMMENTED = """\
# Who must be on time.
kpi: on_time
unit: percent   # of orders
targets:
  - {from: 2024-01-01, meet: 90, near: 85, agreed: {by: Board, on: 2023-12-01, record: "Review 2023-11"}}

  # since the new warehouse
  - from: 2025-01-01
    agreed: {by: Board, on: 2024-12-01, record: Review 2024-11}   # unanimous
    near: 93
    meet: 95
"""
THIRD = """
  - version: 3   # under discussion
    effective_from: 2026-01-01
    why: All orders again.
    population: {table: orders, period_by: due_on}
    measure: {kind: ratio, numerator: {count: rows}, denominator: {count: rows}}
"""


@pytest.fixture
def records(tmp_path: Path) -> CatalogRecords:
    register = Register(f"sqlite:///{tmp_path / 'var' / 'register.db'}")
    register.migrate()
    return CatalogRecords(register)


def register_all(catalog: Catalog, records: CatalogRecords, *, by: str = "anna") -> None:
    apply(catalog, records, by=by, at=AT)
    approve(records, catalog.organisation, by="bert", at=AT)


def difference(before: str, after: str) -> list[str]:
    found = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in found if not line.startswith(("---", "+++", "@@"))]


def content(catalog: Catalog, records: CatalogRecords, path: str, *, proposed: bool = False) -> str:
    return next(file.content.decode() for file in exported(catalog, records, proposed=proposed) if file.path == path)


def test_what_was_applied_comes_out_byte_for_byte(shipped: Catalog, records: CatalogRecords) -> None:
    register_all(shipped, records)
    files = exported(shipped, records)
    assert {file.path for file in files} == {
        path.relative_to(shipped.folder).as_posix()
        for path in shipped.folder.rglob("*.yaml")
        if path.parent.name in ("kpis", "targets", "calendars", "clauses", "reviews")
        or path.name == "organisation.yaml"
    }
    assert not any(file.changed for file in files)
    for file in files:
        assert file.content == (shipped.folder / file.path).read_bytes()


def test_without_the_files_the_same_definitions_come_out(small: Catalog, records: CatalogRecords, folder: Path) -> None:
    register_all(small, records)
    for name in ("kpis", "targets", "calendars", "clauses", "reviews"):
        shutil.rmtree(folder / name)
    bare = load_catalog(folder, check=False)
    for file in exported(bare, records):
        path = folder / file.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(file.content)
    again = load_catalog(folder)
    assert (again.kpis, again.targets, again.calendars) == (small.kpis, small.targets, small.calendars)
    assert (again.clause_maps, again.reviews) == (small.clause_maps, small.reviews)
    assert approved_view(again, records).waiting == ()


def test_an_edit_made_elsewhere_touches_its_own_nodes(records: CatalogRecords, folder: Path) -> None:
    path = folder / "targets/on_time.yaml"
    path.write_text(COMMENTED, encoding="utf-8")
    here = load_catalog(folder)
    register_all(here, records)
    elsewhere = folder.parent / "elsewhere" / "catalog"
    shutil.copytree(folder, elsewhere)
    other = elsewhere / "targets/on_time.yaml"
    other.write_text(
        COMMENTED.replace("meet: 95", "meet: 96").replace("record: Review 2024-11", "record: Review 2024-12")
        + "  - {from: 2026-01-01, meet: 97, near: 95, agreed: {by: Board, on: 2025-12-01, record: Review 2025-11}}\n",
        encoding="utf-8",
    )
    register_all(load_catalog(elsewhere), records)
    assert difference(COMMENTED, content(here, records, "targets/on_time.yaml")) == [
        "-    agreed: {by: Board, on: 2024-12-01, record: Review 2024-11}   # unanimous",
        "+    agreed: {by: Board, on: 2024-12-01, record: Review 2024-12}   # unanimous",
        "-    meet: 95",
        "+    meet: 96",
        "+  - from: 2026-01-01",
        "+    meet: 97",
        "+    near: 95",
        "+    agreed: {by: Board, on: 2025-12-01, record: Review 2025-11}",
    ]
    assert [file.path for file in exported(here, records) if file.changed] == ["targets/on_time.yaml"]


def test_what_waits_comes_out_only_when_asked_for(records: CatalogRecords, folder: Path) -> None:
    here = load_catalog(folder)
    register_all(here, records)
    path = folder / "kpis/on_time.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.rstrip() + THIRD, encoding="utf-8")
    waiting = load_catalog(folder)
    apply(waiting, records, by="anna", at=AT)
    assert content(waiting, records, "kpis/on_time.yaml") == text
    assert content(waiting, records, "kpis/on_time.yaml", proposed=True) == path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    proposed = content(load_catalog(folder), records, "kpis/on_time.yaml", proposed=True)
    assert proposed == text.rstrip() + THIRD.replace("   # under discussion", "")


def test_hours_that_nobody_approved_stay_out(records: CatalogRecords, folder: Path) -> None:
    here = load_catalog(folder)
    register_all(here, records)
    path = folder / "calendars/desk.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('friday: ["09:00-12:30"]', 'friday: ["09:00-16:00"]'), encoding="utf-8")
    edited = load_catalog(folder)
    apply(edited, records, by="anna", at=AT)
    assert content(edited, records, "calendars/desk.yaml") == text
    assert "16:00" in content(edited, records, "calendars/desk.yaml", proposed=True)
    approve(records, edited.organisation, by="bert", at=AT)
    assert "16:00" in content(edited, records, "calendars/desk.yaml")


def test_edits_that_were_never_applied_are_not_written_over(
    records: CatalogRecords, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QMSREPORTS_VAR", str(folder.parent / "var"))
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(folder))
    register_all(load_catalog(folder), records)
    assert CliRunner().invoke(app, ["catalog", "export"]).output == "catalog: every file says what the register says\n"
    path = folder / "kpis/on_time.yaml"
    original = path.read_text(encoding="utf-8")
    path.write_text(original.replace("title: On time", "title: In time"), encoding="utf-8")
    assert len(unapplied(load_catalog(folder), records)) == 1
    result = CliRunner().invoke(app, ["catalog", "export"])
    assert isinstance(result.exception, UserError)
    assert str(result.exception) == (
        "catalog/kpis/on_time.yaml:10: was edited and never applied; run catalog apply first, or export to another "
        "folder: --out DIR"
    )
    out = folder.parent / "out"
    result = CliRunner().invoke(app, ["catalog", "export", "--out", str(out), "--quiet"])
    assert result.output == "9 files written\n"
    assert (out / "kpis/on_time.yaml").read_text(encoding="utf-8") == original
    assert "title: In time" in path.read_text(encoding="utf-8")


def test_a_workbook_goes_with_no_other_option() -> None:
    result = CliRunner().invoke(app, ["catalog", "export", "--xlsx", "t.xlsx", "--proposed"])
    assert str(result.exception) == "--xlsx goes with no other option; run it alone"
