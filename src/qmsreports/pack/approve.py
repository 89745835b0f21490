"""The approved print: the draft again, with who approved it and when on every page, in a folder of its own.

A person approves bytes. So the draft is first made again from its model and must come out alike; then the same model
is set once more with only its status changed. The draft stays where it is, and the manifest of the approved print names
its seals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from qmsreports.errors import Finding, UserError
from qmsreports.pack import seal, store
from qmsreports.pack.brand import PLAIN, Brand
from qmsreports.pack.model import PackModel
from qmsreports.pack.render import render
from qmsreports.pack.signature import SigningKey, sign
from qmsreports.records import PackFile

MODEL = "model.json"


@dataclass(frozen=True, slots=True)
class ApprovedFiles:
    """The approved print before it is written: where it goes, its content by name, its manifest."""

    folder: Path
    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]

    def write(self) -> tuple[PackFile, ...]:
        """Write the folder whole and return its seals. What an interrupted approval left there counts nowhere."""
        store.clear(self.folder)
        return store.write(self.folder, self.files)


def approved(
    draft: Path,
    files: Sequence[PackFile],
    manifest: Mapping[str, Any],
    *,
    by: str,
    at: datetime,
    templates: Path,
    brand: Brand = PLAIN,
    key: SigningKey | None = None,
) -> ApprovedFiles:
    """Return the approved print of a sealed draft, its PDF signed where there is a key.

    The same arguments give the same bytes (with an RSA key; another kind signs with a random number).

    :class:`UserError` where the draft was touched, or where this code, these tools or these templates would set it
    differently: what comes out then is not what was approved.
    """
    broken = store.touched(draft, tuple(files))
    if broken:
        raise UserError(*broken)
    try:
        pack = PackModel.model_validate_json((draft / MODEL).read_bytes())
    except ValidationError as error:
        raise _other(draft, f"this version cannot read its model ({error.error_count()} differences)") from None
    sealed = {file.path: file.sha256 for file in files}
    again = render(pack, templates=templates, brand=brand)
    differing = sorted(name for name, content in again.items() if sealed.get(name) != seal.sha256(content))
    if differing:
        raise _other(draft, f"code, tools, templates or look changed since, {differing[0]} would be another file")
    final = as_approved(pack, by, at)
    content = render(final, templates=templates, brand=brand)
    approval = {"by": by, "at": at.isoformat(), "draft": manifest.get("pack", draft.name), "files": sealed}
    if key is not None:
        content, approval["signature"] = _signed(content, key, by=by, at=at, pack=draft.name)
    entries = [{"path": file.path, "sha256": file.sha256, "bytes": file.bytes} for file in seal.seal(content)]
    whole = {**manifest, "approval": approval, "files": entries}
    folder = draft.with_name(f"{draft.name}-approved")
    return ApprovedFiles(folder, {**content, seal.MANIFEST: seal.to_bytes(whole)}, whole)


def _signed(
    content: Mapping[str, bytes], key: SigningKey, *, by: str, at: datetime, pack: str
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the files with the PDF signed, and what the manifest says of the signature."""
    (name,) = (name for name in content if name.endswith(".pdf"))
    plain = content[name]
    said = {"file": name, "unsigned": seal.sha256(plain), "certificate": key.fingerprint, "subject": key.subject}
    return {**content, name: sign(plain, key, by=by, at=at, pack=pack)}, said


def as_approved(pack: PackModel, by: str, at: datetime) -> PackModel:
    """Return the pack with who approved it, on the day it was at the organisation."""
    on = at.astimezone(ZoneInfo(pack.header.time_zone)).date()
    changed = {"status": "approved", "approved_by": by, "approved_on": on}
    return pack.model_copy(update={"header": pack.header.model_copy(update=changed)})


def _other(draft: Path, why: str) -> UserError:
    return UserError(Finding(str(draft), f"cannot be approved as it is: {why}", "run: qmsreports pack build"))
