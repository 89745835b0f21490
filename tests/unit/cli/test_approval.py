"""An approved pack says on every page who approved it; the draft that was approved stays as it was."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from qmsreports.pack import approve, signature, store
from qmsreports.pack.brand import brand_of
from qmsreports.pack.verify import signature_findings
from qmsreports.records import PackFile

OCTOBER = ("monthly", "--period", "2026-10")
BY = ("--by", "M. Huber")
SAID = "Approved by M. Huber on 3\N{NO-BREAK SPACE}Nov\N{NO-BREAK SPACE}2026"


def plain(text: str) -> str:
    return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())


def test_the_approved_print_is_what_is_verified_and_delivered(desk: Any, tmp_path: Path) -> None:
    draft = Path(desk.json("pack", "build", *OCTOBER)["folder"])
    before = {path.name: path.read_bytes() for path in draft.iterdir()}
    found = desk.json("pack", "approve", *OCTOBER, *BY)
    folder = Path(found["folder"])
    assert (folder.name, found["edition"], found["status"]) == ("monthly-2026-10-e1-approved", 1, "approved")
    assert {path.name: path.read_bytes() for path in draft.iterdir()} == before
    print_ = PdfReader(folder / "monthly-2026-10-e1.pdf")
    for page in print_.pages:
        assert plain(SAID) in plain(page.extract_text())
        assert "Draft, awaiting approval" not in plain(page.extract_text())
    assert plain(SAID) in plain((folder / "monthly-2026-10-e1.html").read_text())
    assert (folder / "kpi_values.csv").read_bytes() == before["kpi_values.csv"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["approval"]["by"] == "M. Huber"
    assert manifest["approval"]["files"] == {
        name: hashlib.sha256(content).hexdigest() for name, content in before.items()
    }
    assert "7 files match their seal and rebuild alike" in desk.type("pack", "verify", *OCTOBER)
    assert desk.json("pack", "build", *OCTOBER)["folder"] == str(folder)  # the same inputs: nothing new to approve
    (target,) = desk.json("pack", "deliver", *OCTOBER)["delivered_to"]
    delivered = {path.name: path.read_bytes() for path in Path(target).iterdir()}
    assert delivered == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert desk.type("pack", "deliver", *OCTOBER) == target
    assert [action for _, action, _ in desk.journal()] == ["approve pack", "deliver pack"]
    assert desk.type("pack", "approve", *OCTOBER, *BY, expect=1) == (
        "pack monthly 2026-10 edition 1 is approved; nothing to do"
    )


@pytest.mark.parametrize("approved", [True, False])
def test_a_touched_file_of_print_or_draft_is_found(desk: Any, approved: bool) -> None:
    draft = desk.made.build()
    found = desk.json("pack", "approve", *OCTOBER, *BY)
    touched = (Path(found["folder"]) if approved else draft.folder) / "model.json"
    touched.write_text(touched.read_text().replace("M. Huber", "Somebody") + " ")
    line = desk.type("pack", "verify", *OCTOBER, expect=1)
    assert line == f"{touched}: the file was changed after it was sealed; restore it from a delivered copy"
    if approved:
        assert desk.type("pack", "deliver", *OCTOBER, expect=1) == line


def test_what_an_interrupted_approval_left_is_written_anew(desk: Any) -> None:
    draft = desk.made.build()
    left = draft.folder.with_name(f"{draft.folder.name}-approved")
    left.mkdir()
    (left / "half.pdf").write_bytes(b"%")
    found = desk.json("pack", "approve", *OCTOBER, *BY)
    assert sorted(path.name for path in left.iterdir()) == sorted(file["path"] for file in found["files"])
    assert desk.type("pack", "verify", *OCTOBER).startswith("pack monthly 2026-10 edition 1: 7 files match")


def test_the_same_approval_gives_the_same_bytes_and_another_maker_is_refused(desk: Any, tmp_path: Path) -> None:
    draft = desk.made.build()
    templates = tmp_path / "templates"
    shutil.copytree(Path(__file__).parents[3] / "report_templates", templates)

    brand = brand_of(desk.made.catalog)

    def once() -> approve.ApprovedFiles:
        return approve.approved(
            draft.folder, draft.files, draft.manifest, by="M. Huber", at=desk.at, templates=templates, brand=brand
        )

    first = once()
    assert first.files == once().files
    sealed = first.write()
    assert store.touched(first.folder, sealed) == []
    assert all(isinstance(file, PackFile) for file in sealed)
    (templates / "pack.css").write_text("body { color: red }")
    refused = r"cannot be approved as it is: code, tools, templates or look changed since"
    with pytest.raises(approve.UserError, match=refused):
        once()


def test_a_signed_approval_is_verified_with_the_certificate_of_the_record(
    desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.unit.pack.signing_certificate import SECRET, certificate

    monkeypatch.setenv("QMSREPORTS_SIGNING_CERTIFICATE", str(certificate(tmp_path / "approval.p12")))
    monkeypatch.setenv("QMSREPORTS_SIGNING_PASSPHRASE", "wrong")
    desk.made.build()
    assert "the passphrase is another one" in desk.type("pack", "approve", *OCTOBER, *BY, expect=3)
    assert desk.json("pack", "list")[0]["status"] == "draft"
    monkeypatch.setenv("QMSREPORTS_SIGNING_PASSPHRASE", SECRET)
    found = desk.json("pack", "approve", *OCTOBER, *BY)
    folder = Path(found["folder"])
    signed = json.loads((folder / "manifest.json").read_text())["approval"]["signature"]
    assert signed["subject"] == "Common Name: Arvella Pumps"
    print_ = folder / signed["file"]
    content = print_.read_bytes()
    assert signature.check(content, signed["certificate"], at=desk.at) == ""
    assert hashlib.sha256(signature.before(content)).hexdigest() == signed["unsigned"]
    monkeypatch.delenv("QMSREPORTS_SIGNING_CERTIFICATE")  # the certificate is in the file, the key is not needed
    assert "7 files match their seal and rebuild alike" in desk.type("pack", "verify", *OCTOBER)

    # somebody who may write files and the register, but has not the key, puts the unsigned print there
    print_.write_bytes(signature.before(content))
    (finding,) = signature_findings(folder, json.loads((folder / "manifest.json").read_text()))
    assert str(finding).startswith(f"{print_}: the signed file has 0 signatures instead of one; restore it")
    assert SECRET not in (folder / "manifest.json").read_text()
