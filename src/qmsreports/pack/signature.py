"""The signature of an approved print: PAdES, with the organisation's certificate, appended to the PDF.

The PDF stays what it was, byte for byte, and the signature follows it: so the print can be made again and compared, and
anybody can check the signature with a PDF reader. Nothing is drawn, because each page already says who approved it.
The metadata is left alone as well, and the field lies outside the page: PDF/A and PDF/UA hold as before.
"""

from __future__ import annotations

import hashlib
import io
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qmsreports.errors import CouldNotRun, Finding

FIELD = "Approval"
_SETTING = "QMSREPORTS_SIGNING_CERTIFICATE"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A certificate with its private key; ``fingerprint`` is its SHA-256, ``subject`` whose it is."""

    subject: str
    fingerprint: str
    _signer: Any = field(repr=False)


def load(path: Path, passphrase: str, *, at: datetime) -> SigningKey:
    """Return the key of a PKCS#12 file; :class:`CouldNotRun` where it cannot be read or is not valid at ``at``."""
    from pyhanko.sign.signers import SimpleSigner

    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(path, f"cannot be read ({error.strerror})") from None
    try:
        with _quiet():
            signer = SimpleSigner.load_pkcs12_data(content, [], passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, AttributeError):
        raise _unusable(path, "is no PKCS#12 file with a key, or the passphrase is another one") from None
    certificate = signer.signing_cert
    if not certificate.not_valid_before <= at <= certificate.not_valid_after:
        span = f"{certificate.not_valid_before:%Y-%m-%d} to {certificate.not_valid_after:%Y-%m-%d}"
        raise _unusable(path, f"is valid from {span} only")
    return SigningKey(certificate.subject.human_friendly, hashlib.sha256(certificate.dump()).hexdigest(), signer)


def _unusable(path: Path, why: str) -> CouldNotRun:
    todo = f"set {_SETTING} and QMSREPORTS_SIGNING_PASSPHRASE; nothing was approved"
    return CouldNotRun(Finding(str(path), f"the signing certificate {why}", todo))


def sign(pdf: bytes, key: SigningKey, *, by: str, at: datetime, pack: str) -> bytes:
    """Return the PDF with its signature appended. ``by`` is the approver, whose approval the organisation attests."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    class Appending(IncrementalPdfFileWriter):
        """Appends the signature and nothing else: metadata with another time would contradict what the file says."""

        def _update_meta(self) -> None:
            return

    class AtOnce(signers.PdfSigner):
        """Signs at the time it is told, which is the one in the register."""

        def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
            session = super().init_signing_session(pdf_out, existing_fields_only)
            session.system_time = at.astimezone(UTC)
            return session

    spec = fields.SigFieldSpec(
        FIELD,
        readable_field_name=f"Approval of {pack} by {by}",
        # PDF/A wants it printable, PDF/UA wants an untagged field outside the page
        invis_sig_settings=fields.InvisSigSettings(set_print_flag=True, box_out_of_bounds=True),
    )
    said = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=f"Approval of {pack}",
        name=by,
    )
    with _quiet():
        writer = Appending(io.BytesIO(pdf.rstrip(b"\n") + b"\n"), strict=False)  # an object begins on its own line
        first, _ = writer._document_id
        second = generic.ByteStringObject(hashlib.sha256(pdf + key.fingerprint.encode()).digest()[:16])
        writer._document_id = generic.ArrayObject([first, second])  # by default random, and nothing here is
        _ordered(writer)
        out = AtOnce(said, key._signer, new_field_spec=spec).sign_pdf(writer)
    return bytes(out.getbuffer())


def _ordered(writer: Any) -> None:
    """Say of the first page that its fields are reached in reading order, which PDF/UA asks of a page with a field."""
    from pyhanko.pdf_utils import generic

    page = writer.root["/Pages"]
    while "/Kids" in page:
        page = page["/Kids"][0]
    if "/Tabs" not in page:
        page[generic.pdf_name("/Tabs")] = generic.pdf_name("/S")
        writer.update_container(page)


def check(signed: bytes, fingerprint: str, *, at: datetime) -> str:
    """Return what is wrong with the signature, empty where it holds.

    It holds where it covers the whole file, nothing was changed behind it, and the certificate is the one that the
    record names, which was valid ``at`` the approval. Whether the world trusts that certificate is not asked here.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    with _quiet():
        try:
            found = PdfFileReader(io.BytesIO(signed), strict=False).embedded_signatures
            if len(found) != 1:
                return f"has {len(found)} signatures instead of one"
            certificate = found[0].signer_cert
            if hashlib.sha256(certificate.dump()).hexdigest() != fingerprint:
                return "is signed with another certificate than the record names"
            trust = ValidationContext(trust_roots=[certificate], moment=at, allow_fetching=False)
            status = validate_pdf_signature(found[0], trust)
        except (PdfError, ValueError, KeyError, IndexError):
            return "has a signature that cannot be read"
    if not (status.intact and status.valid):
        return "was changed after it was signed"
    return "" if status.coverage is SignatureCoverageLevel.ENTIRE_FILE else "was added to after it was signed"


def before(signed: bytes) -> bytes:
    """Return the PDF as it was before the signature was appended; the whole file where nothing was appended."""
    end = signed.rfind(b"%%EOF", 0, max(0, signed.rstrip().rfind(b"%%EOF")))
    return signed if end < 0 else signed[: end + len(b"%%EOF")]


class _quiet:  # noqa: N801
    """Keeps pyHanko's log, which tells of every odd byte of a PDF, out of ours."""

    def __enter__(self) -> None:
        self._log = logging.getLogger("pyhanko")
        self._before = self._log.disabled
        self._log.disabled = True

    def __exit__(self, *_: object) -> None:
        self._log.disabled = self._before
