"""The signature: appended to the print, checked with the certificate of the record, lost with any changed byte."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pack_fixture_review import review
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, PdfObject
from signing_certificate import AT, SECRET, certificate

from qmsreports.errors import CouldNotRun
from qmsreports.pack import signature
from qmsreports.pack.attachments import attachments
from qmsreports.pack.drawings import draw
from qmsreports.pack.paper import render_pdf
from qmsreports.pack.view import show

TEMPLATES = Path(__file__).parents[3] / "report_templates"


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("key") / "approval.p12")


@pytest.fixture(scope="module")
def key(key_file: Path) -> signature.SigningKey:
    return signature.load(key_file, SECRET, at=AT)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    pack = review(2, 12)
    stamp = pack.header.data_read_at
    return render_pdf(show(pack), draw(pack), templates=TEMPLATES, attachments=attachments(pack), stamp=stamp)


@pytest.fixture(scope="module")
def signed(pdf: bytes, key: signature.SigningKey) -> bytes:
    return signature.sign(pdf, key, by="M. Huber", at=AT, pack="monthly-2026-10-e1")


def test_the_print_stands_in_front_of_its_signature(pdf: bytes, signed: bytes) -> None:
    assert signed.startswith(pdf)
    assert signature.before(signed) == pdf
    assert signature.before(pdf) == pdf


def test_the_same_approval_is_signed_alike(pdf: bytes, signed: bytes, key: signature.SigningKey) -> None:
    assert signature.sign(pdf, key, by="M. Huber", at=AT, pack="monthly-2026-10-e1") == signed


def test_a_signature_is_pades_and_names_who_when_and_what(signed: bytes) -> None:
    field = PdfReader(io.BytesIO(signed)).trailer["/Root"]["/AcroForm"]["/Fields"][0]
    value = field["/V"]
    assert value["/SubFilter"] == "/ETSI.CAdES.detached"
    assert (value["/Name"], value["/Reason"]) == ("M. Huber", "Approval of monthly-2026-10-e1")
    assert value["/M"] == "D:20261103080000Z"


def test_it_holds_also_after_the_certificate_has_run_out(signed: bytes, key: signature.SigningKey) -> None:
    """Nothing here reads the clock: the certificate has to be valid when the approval was given."""
    assert signature.check(signed, key.fingerprint, at=AT) == ""


def test_what_was_changed_or_added_is_found(pdf: bytes, signed: bytes, key: signature.SigningKey) -> None:
    other = bytearray(signed)
    other[len(pdf) // 2] ^= 1
    assert signature.check(bytes(other), key.fingerprint, at=AT) == "was changed after it was signed"
    assert signature.check(signed + b" ", key.fingerprint, at=AT) == "was added to after it was signed"
    assert signature.check(pdf, key.fingerprint, at=AT) == "has 0 signatures instead of one"
    assert signature.check(b"%PDF-1.7", key.fingerprint, at=AT) == "has a signature that cannot be read"


def test_another_certificate_is_found(pdf: bytes, key: signature.SigningKey, tmp_path: Path) -> None:
    other = signature.load(certificate(tmp_path / "other.p12", name="Somebody"), SECRET, at=AT)
    forged = signature.sign(pdf, other, by="M. Huber", at=AT, pack="monthly-2026-10-e1")
    wrong = "is signed with another certificate than the record names"
    assert signature.check(forged, key.fingerprint, at=AT) == wrong


def pages(reader: PdfReader) -> Iterator[DictionaryObject]:
    yield from reader.pages


def test_the_file_stays_pdf_a_and_pdf_ua(pdf: bytes, signed: bytes) -> None:
    """What the two standards ask of a signature that is not seen, and everything else as Typst made it."""
    before, after = PdfReader(io.BytesIO(pdf)), PdfReader(io.BytesIO(signed))
    old, new = before.trailer["/Root"], after.trailer["/Root"]
    assert new["/Metadata"].get_data() == old["/Metadata"].get_data()
    assert b"pdfuaid:part" in new["/Metadata"].get_data()
    assert dict(after.metadata or {}) == dict(before.metadata or {})
    for entry in ("/StructTreeRoot", "/OutputIntents", "/AF", "/MarkInfo", "/Lang", "/Names"):
        assert _as_written(new.raw_get(entry)) == _as_written(old.raw_get(entry))
    (page,) = [page for page in pages(after) if "/Sig" in [note.get_object().get("/FT") for note in _notes(page)]]
    (field,) = [note.get_object() for note in _notes(page) if note.get_object().get("/FT") == "/Sig"]
    assert page["/Tabs"] == "/S"
    assert field["/F"] & 0b100  # printable, as PDF/A asks
    assert not field["/F"] & 0b10  # and not hidden
    box = [float(edge) for edge in field["/Rect"]]
    assert box[0] == box[2] < float(page["/MediaBox"][0])  # no size and outside the page: needs no tag
    assert field["/TU"] == "Approval of monthly-2026-10-e1 by M. Huber"
    assert "/NeedAppearances" not in new["/AcroForm"]


def _as_written(found: PdfObject) -> str:
    """Return the entry as it stands in the file, references by their numbers."""
    return re.sub(r"IndirectObject\((\d+), 0, \d+\)", r"\1 R", repr(found))


def _notes(page: DictionaryObject) -> ArrayObject:
    return page.get("/Annots", ArrayObject())


def test_a_key_that_cannot_be_used_is_one_line(key_file: Path, tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="the passphrase is another one; set QMSREPORTS_SIGNING_CERTIFICATE") as wrong:
        signature.load(key_file, "guessed", at=AT)
    assert "guessed" not in str(wrong.value)
    with pytest.raises(CouldNotRun, match="cannot be read"):
        signature.load(tmp_path / "none.p12", "", at=AT)
    (tmp_path / "text.p12").write_text("text")
    with pytest.raises(CouldNotRun, match=r"is no PKCS#12 file"):
        signature.load(tmp_path / "text.p12", "", at=AT)
    with pytest.raises(CouldNotRun, match="is valid from 2026-10-04 to 2027-10-04 only"):
        signature.load(key_file, SECRET, at=AT + timedelta(days=400))


def test_a_key_shows_no_secret(key: signature.SigningKey) -> None:
    assert SECRET not in repr(key)
    assert "signing" not in repr(key)
