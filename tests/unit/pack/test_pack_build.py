"""Editions: the same inputs give the pack that is there, nothing is overwritten, and every byte can be made again."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from pack_workspace import BUILT, TEMPLATES, Workspace, filled

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.pack import seal, store
from qmsreports.pack.model import PackModel
from qmsreports.records import BuiltPack

LATER = BUILT + timedelta(days=1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, BuiltPack]:
    made = filled(tmp_path_factory.mktemp("workspace"))
    return made, made.build()


def check(made: Workspace, found: BuiltPack) -> list[Finding]:
    return made.verified(found)


def test_a_pack_is_a_folder_of_sealed_files(built: tuple[Workspace, BuiltPack]) -> None:
    _, found = built
    assert found.folder.name == "monthly-2026-10-e1"
    assert [file.path for file in found.files] == [
        "definitions.yaml",
        "kpi_values.csv",
        "manifest.json",
        "model.json",
        "monthly-2026-10-e1.html",
        "monthly-2026-10-e1.pdf",
        "monthly-2026-10-e1.xlsx",
    ]
    for file in found.files:
        content = (found.folder / file.path).read_bytes()
        assert (file.sha256, file.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    manifest = json.loads((found.folder / "manifest.json").read_text())
    assert manifest == found.manifest
    assert manifest["tables"] == {"audits": 0, "considered_inputs": 0, "review_actions": 0}
    assert manifest["catalog"]["kpi/otif/v1"]
    assert manifest["code_version"]
    assert found.headline[0] == "2 objectives: 1 met, 1 missed."
    assert (
        found.headline[1]
        == "To decide first: On time and in full cannot meet its objective as the process stands; 2 more decisions."
    )


def test_the_same_inputs_give_the_edition_that_is_there(built: tuple[Workspace, BuiltPack]) -> None:
    made, found = built
    made.feed("crm", "order_lines", 0, status="unchanged", at=BUILT + timedelta(hours=2))  # a run without news
    again = made.build(LATER, record=False)
    assert (again.edition, again.folder, again.files) == (1, found.folder, found.files)
    assert [path.name for path in (made.folder / "packs").iterdir()] == ["monthly-2026-10-e1"]


def test_an_untouched_pack_verifies(built: tuple[Workspace, BuiltPack]) -> None:
    assert check(*built) == []


@pytest.mark.parametrize("name", ["model.json", "monthly-2026-10-e1.pdf", "manifest.json"])
def test_a_touched_file_is_named(built: tuple[Workspace, BuiltPack], tmp_path: Path, name: str) -> None:
    made, found = built
    copy = shutil.copytree(found.folder, tmp_path / "copy")
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    changed = BuiltPack(**{**{slot: getattr(found, slot) for slot in found.__slots__}, "folder": copy})
    (finding,) = check(made, changed)
    assert finding.where == str(copy / name)
    assert finding.what == "the file was changed after it was sealed"


def test_a_missing_and_a_foreign_file_are_named(built: tuple[Workspace, BuiltPack], tmp_path: Path) -> None:
    _, found = built
    copy = shutil.copytree(found.folder, tmp_path / "copy")
    (copy / "model.json").unlink()
    (copy / "notes.txt").write_text("mine")
    assert [finding.what for finding in store.touched(copy, found.files)] == [
        "the file is missing",
        "the file is not part of the sealed pack",
    ]


def test_a_seal_that_was_redone_over_another_model_is_found(built: tuple[Workspace, BuiltPack], tmp_path: Path) -> None:
    """Who changes the model and seals it anew still has to explain the PDF and the register."""
    made, found = built
    copy = shutil.copytree(found.folder, tmp_path / "copy")
    model = (copy / "model.json").read_text().replace("Open and late", "Open and fine")
    (copy / "model.json").write_text(model)
    files = store.files_of(copy)
    entries = [{"path": file.path, "sha256": file.sha256} for file in files]
    forged = BuiltPack(
        **{slot: getattr(found, slot) for slot in found.__slots__}
        | {"folder": copy, "files": files, "manifest": {**found.manifest, "files": entries}}
    )
    said = [str(finding) for finding in check(made, forged)]
    assert any("monthly-2026-10-e1.pdf: the file is not what its model gives" in line for line in said)
    assert any("these parts differ: actions" in line for line in said)


def test_changed_inputs_make_a_new_edition_that_names_the_first(tmp_path: Path) -> None:
    made = filled(tmp_path)
    first = made.build()
    made.rows("review_actions", [], source="nobody")  # nothing changes
    made.feed("crm", "order_lines", 10, at=BUILT + timedelta(hours=1))
    second = made.build(LATER)
    assert (second.edition, second.folder.name) == (2, "monthly-2026-10-e2")
    assert second.manifest["predecessor"] == "monthly-2026-10-e1"
    assert second.manifest["reason"] == "newly measured values or newly recorded facts"
    assert store.touched(first.folder, first.files) == []  # the first edition lies there as it was
    model = json.loads((second.folder / "model.json").read_text())
    assert model["changes"][0]["text"].startswith("This edition replaces monthly-2026-10-e1")


def test_a_complete_folder_that_nobody_recorded_is_taken_up(tmp_path: Path) -> None:
    made = filled(tmp_path)
    lost = made.build(record=False)  # killed after the files were in place
    again = made.build(LATER)
    assert (again.edition, again.files) == (1, lost.files)


def test_a_folder_of_other_inputs_is_never_overwritten(tmp_path: Path) -> None:
    made = filled(tmp_path)
    there = tmp_path / "packs" / "monthly-2026-10-e1"
    there.mkdir(parents=True)
    (there / "mine.txt").write_text("mine")
    assert made.build().edition == 2
    assert [path.name for path in there.iterdir()] == ["mine.txt"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        if path.name.endswith(".json"):
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr(store, "_flushed", full)
    with pytest.raises(CouldNotRun, match="cannot be written \\(No space left on device\\); make room"):
        store.write(tmp_path / "packs" / "p", {"a.csv": b"1", "b.json": b"2"})
    assert list((tmp_path / "packs").iterdir()) == []


def test_what_a_killed_write_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".p.part").mkdir()
    (tmp_path / ".p.part" / "half.pdf").write_bytes(b"%")
    store.write(tmp_path / "p", {"a.csv": b"1"})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.csv", "p"]


def test_the_reason_of_an_edition_names_what_is_different() -> None:
    before = {"tables": {"a": 1, "b": 1}, "catalog": {"kpi/nps/v1": "x"}, "code_version": "0.1.0", "templates": "t"}
    assert seal.changed(before, before) == "newly measured values or newly recorded facts"
    after = {"tables": {"a": 2, "b": 1}, "catalog": {"kpi/nps/v1": "y"}, "code_version": "0.2.0", "templates": "u"}
    assert seal.changed(before, after) == (
        "new data in a; changed definitions: kpi/nps/v1; code 0.1.0 became 0.2.0; changed templates"
    )
    assert seal.changed(before | {"code": {"sources": "1"}}, before | {"code": {"sources": "2"}}) == "changed code"
    assert seal.changed(before, before | {"code": {"sources": "2"}, "forms": ["pptx"]}) == "with pptx"


def test_the_reason_of_an_edition_speaks_of_titles_and_not_of_keys() -> None:
    titles = {"nps": "Net promoter score", "table/crm_a": "Tickets"}
    same = {"review": "monthly", "code_version": "1", "templates": "t", "record": {}, "wording": {}}
    before = {**same, "tables": {"crm_a": 1}, "catalog": {"kpi/nps/v1": "x", "review/monthly": "x"}}
    set_up = {**before, "catalog": {"kpi/nps/v1": "x", "review/monthly": "other recipients", "review/annual": "new"}}
    assert seal.changed(before, set_up, titles) == "changed setup of this review"  # which defines nothing
    shown = {**before, "catalog": {**before["catalog"], "page/translations": "t", "page/customers": "c"}}
    assert seal.changed(before, shown, titles) == ("changed definitions: what the customer page shows, translations")
    counted = {"kpi/nps/v1": "y", "kpi/nps/v2": "z", "targets/nps": "t", "review/monthly": "x"}
    assert seal.changed(before, {**before, "tables": {"crm_a": 2}, "catalog": counted}, titles) == (
        "new data in Tickets; changed definitions: Net promoter score, target of Net promoter score"
    )
    told = {"comment/nps": "a", "statement/9.3.2-c": "b"}
    wording = {"wording": {"kpi/nps": "a"}}
    assert seal.changed(before, {**before, **wording, "record": told}, titles).replace("\u00a0", " ") == (
        "changed wording: Net promoter score; new or changed: owner's comment on Net promoter score; "
        "new or changed: statement on 9.3.2 c"
    )


def test_an_edited_catalog_is_named_instead_of_a_fraud(built: tuple[Workspace, BuiltPack]) -> None:
    made, found = built
    kpi = made.catalog.kpis["otif"]
    edited = {**made.catalog.kpis, "otif": kpi.model_copy(update={"unit": "ratio"})}
    changed = made.catalog.__class__(
        **{slot: getattr(made.catalog, slot) for slot in made.catalog.__slots__} | {"kpis": edited}
    )
    (finding,) = check(Workspace(made.folder, changed, made.register, made.lake), found)
    assert finding.warning
    assert "the catalog was edited since (kpi/otif/v1)" in finding.what


def test_the_message_a_pack_is_sent_with_is_no_input_of_it(tmp_path: Path) -> None:
    templates = shutil.copytree(TEMPLATES, tmp_path / "templates")
    before = seal.templates_hash(templates)
    (templates / "mail.txt.j2").write_text("Short.")
    assert seal.templates_hash(templates) == before
    (templates / "pack.css").write_text("")
    assert seal.templates_hash(templates) != before


def test_an_edition_whose_files_are_gone_is_followed_by_one_that_says_so(tmp_path: Path) -> None:
    made = filled(tmp_path)
    shutil.rmtree(made.build().folder)
    second = made.build(LATER)
    assert (second.edition, second.manifest["predecessor"]) == (2, "monthly-2026-10-e1")
    assert second.manifest["reason"] == "the files of monthly-2026-10-e1 are missing"


def test_statements_on_inputs_that_two_editions_number_alike_are_both_on_record(
    built: tuple[Workspace, BuiltPack],
) -> None:
    _, found = built
    pack = PackModel.model_validate_json((found.folder / "model.json").read_bytes())
    said = {"state": "considered", "considered_by": "M. Huber"}
    first, second = pack.ledgers
    rows = [
        (
            ledger,
            next(row for row in ledger.rows if row.clause == "9.3.2-e").model_copy(update={**said, "statement": text}),
        )
        for ledger, text in ((first, "On risks."), (second, "On resources."))
    ]
    ledgers = tuple(ledger.model_copy(update={"rows": (row,)}) for ledger, row in rows)
    record = seal.recorded(pack.model_copy(update={"ledgers": ledgers}))
    assert {"statement/9.3.2-e", "statement/9.3.2-d"} <= set(record)  # "e" of 2026 is what 2015 calls "d"
