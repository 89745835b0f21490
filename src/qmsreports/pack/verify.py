"""Checking a pack: the files against their seal, the forms against the model, the model against the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from qmsreports.catalog.fingerprint import wording_fingerprints
from qmsreports.errors import Finding
from qmsreports.pack import seal, signature, store
from qmsreports.pack.assemble import as_edition
from qmsreports.pack.brand import Brand, brand_of
from qmsreports.pack.collect import collect
from qmsreports.pack.explained import CODE, Place, explained, is_copied, places
from qmsreports.pack.model import PackModel
from qmsreports.pack.render import render
from qmsreports.period import Period
from qmsreports.records import PackFile

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.review import Review
    from qmsreports.lake import Lake
    from qmsreports.register.store import Register

_MODEL = "model.json"


def verify(
    register: Register,
    lake: Lake,
    catalog: Catalog,
    review: Review,
    period: Period,
    *,
    folder: Path,
    files: Sequence[PackFile],
    manifest: Mapping[str, Any],
    templates: Path,
    as_of: datetime,
) -> list[Finding]:
    """Return what does not hold; an empty list means that every byte and every number can be made again.

    First every file against its seal. Then, with the same code and templates, the files are rendered again from the
    sealed model and compared byte by byte. Last, whatever made the files, the model is collected again from register
    and lake as they were when it was built, at the pinned table versions, and compared place by place: what an edited
    catalog or other code explains is a notice; a value that no edit of a title explains is a changed record.
    """
    findings = store.touched(folder, tuple(files))
    if findings:
        return findings
    try:
        pack = PackModel.model_validate_json((folder / _MODEL).read_bytes())
    except ValidationError as error:
        return [
            Finding(str(folder / _MODEL), f"this version cannot read the model ({error.error_count()} differences)")
        ]
    findings += _approved(pack, folder, manifest) + signature_findings(folder, manifest)
    brand = brand_of(catalog)
    findings += _made_again(pack, folder, manifest, templates, brand)
    return findings + _collected(pack, register, lake, catalog, review, period, manifest=manifest, as_of=as_of)


def _made_again(
    pack: PackModel, folder: Path, manifest: Mapping[str, Any], templates: Path, brand: Brand
) -> list[Finding]:
    """Render the sealed model and compare; with another maker other bytes are no fraud, and only that is said."""
    other = _other_maker(manifest, templates, brand)
    if other:
        why = f"sealed files are intact, but not made again: {other}"
        return [Finding(str(folder), why, "", warning=True)]
    found = _rendered(pack, folder, manifest, templates, brand)
    if found and _other_code(manifest):
        return [Finding(str(folder), "sealed files are intact, but the code changed since and makes others", "", True)]
    return found


def _other_code(manifest: Mapping[str, Any]) -> bool:
    """Tell whether the pack was made by other sources than these; with the same ones every byte has to come again."""
    made_by = manifest.get("code", {})
    return "sources" in made_by and made_by["sources"] != seal.code()["sources"]


def _other_maker(manifest: Mapping[str, Any], templates: Path, brand: Brand) -> str:
    """Return what of code, tools and templates is not as it was; with another maker other bytes are no fraud."""
    if manifest.get("templates") != seal.templates_hash(templates):
        return "the templates were changed since"
    look = seal.differing(manifest.get("brand", {}), brand.files)
    if look:
        return f"the look was changed since ({', '.join(look)})"
    now, then = seal.tools(), manifest.get("tools", {})
    differing = [f"{name} {then.get(name)} became {now[name]}" for name in now if then.get(name) != now[name]]
    return ", ".join(differing)


def _approved(pack: PackModel, folder: Path, manifest: Mapping[str, Any]) -> list[Finding]:
    """Compare what the print says of its approval with the record of it."""
    approval = manifest.get("approval")
    by = approval["by"] if approval else ""
    if (pack.header.status, pack.header.approved_by) == ("approved" if approval else "draft", by):
        return []
    return [Finding(str(folder / _MODEL), f"says {pack.header.status} {pack.header.approved_by}, the record does not")]


def signature_findings(folder: Path, manifest: Mapping[str, Any]) -> list[Finding]:
    """Check that the PDF is the print followed by a signature with the certificate of the record."""
    approval = manifest.get("approval", {})
    signed = approval.get("signature")
    if not signed:
        return []
    path = folder / signed["file"]
    content = path.read_bytes()
    wrong = signature.check(content, signed["certificate"], at=datetime.fromisoformat(approval["at"]))
    if not wrong and seal.sha256(signature.before(content)) != signed["unsigned"]:
        wrong = "is another print with a signature of its own"
    return [Finding(str(path), f"the signed file {wrong}", "restore it from a delivered copy")] if wrong else []


def _rendered(
    pack: PackModel, folder: Path, manifest: Mapping[str, Any], templates: Path, brand: Brand
) -> list[Finding]:
    sealed = {entry["path"]: entry["sha256"] for entry in manifest.get("files", ())}
    signed = manifest.get("approval", {}).get("signature")
    if signed:  # what is made again has no signature; signature_findings looks whether it is what was signed
        sealed[signed["file"]] = signed["unsigned"]
    return [
        Finding(str(folder / name), "the file is not what its model gives when it is rendered again", "build again")
        for name, content in render(pack, templates=templates, brand=brand).items()
        if sealed.get(name) != seal.sha256(content)
    ]


def _collected(
    pack: PackModel,
    register: Register,
    lake: Lake,
    catalog: Catalog,
    review: Review,
    period: Period,
    *,
    manifest: Mapping[str, Any],
    as_of: datetime,
) -> list[Finding]:
    import duckdb  # late: whoever only looks at the files needs no engine

    head = pack.header
    spoken = review.model_copy(update={"language": head.language})  # whatever was chosen since
    where = f"pack {head.name}"
    try:
        again = collect(register, lake, catalog, spoken, period, as_of=as_of, pinned=manifest.get("tables", {})).pack
    except duckdb.IOException as error:  # a file of a pinned version is gone
        lost = str(error).splitlines()[0].removeprefix("IO Error: ")
        what = f"the sealed files are intact, but what they were made from is not all there ({lost})"
        return [Finding(where, what, "restore that file of the lake from a backup, then verify again")]
    again = as_edition(again, head.edition, head.predecessor, head.reason)
    asked = ("status", "approved_by", "approved_on", "forms")  # said by commands, not by what was read
    kept = {name: getattr(head, name) for name in asked}
    again = again.model_copy(update={"header": again.header.model_copy(update=kept)})
    edits = _edits(manifest, catalog)
    other = [CODE] if _other_code(manifest) else []
    found = places(pack.model_dump(mode="json"), again.model_dump(mode="json"))
    changed = [place for place in found if not explained(place, [*edits, *other])]
    if changed:
        return [
            Finding(
                where,
                f"collected again as of {as_of:%Y-%m-%d %H:%M} UTC, these parts differ: {_parts(changed)}",
                "find out who changed the register or the lake",
            )
        ]
    if not found:
        return []
    parts = ", ".join(sorted({place.path[0] for place in found}))
    why = f"the catalog was edited since ({', '.join(edits[:4])})" if edits else "the code changed since"
    if edits and "wording" not in manifest:
        why = "the catalog may have been edited since (the pack is older than the record of its wording)"
    said_now = f"the files are intact, but {why}, so these parts would read differently: {parts}"
    return [Finding(where, said_now, warning=True)]


def _edits(manifest: Mapping[str, Any], catalog: Catalog) -> list[str]:
    """Return the names of definitions and wordings that are not as they were sealed.

    A pack that was sealed before wordings were recorded says nothing of them: each may have been edited.
    """
    counted = seal.differing(manifest.get("catalog", {}), seal.catalog_fingerprints(catalog))
    worded = seal.differing(manifest.get("wording", {}), wording_fingerprints(catalog))
    return [*counted, *(f"wording/{name}" for name in worded)]


def _parts(changed: Sequence[Place]) -> str:
    """Return the parts that differ, each with its first place; records before what follows from them."""
    first: dict[str, list[Place]] = {}
    for place in sorted(changed, key=lambda place: (not is_copied(place), place.path[0])):
        first.setdefault(place.path[0], []).append(place)
    return ", ".join(
        f"{part} ({str(found[0]) or 'whole'}{f', and {len(found) - 1} more' if len(found) > 1 else ''})"
        for part, found in first.items()
    )
