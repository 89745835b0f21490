"""Building a pack: the same inputs give the edition that is there already, other inputs the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.fingerprint import wording_fingerprints
from qmsreports.language import say, speaking
from qmsreports.pack import figures, seal, store
from qmsreports.pack.assemble import as_edition, trust_sentences
from qmsreports.pack.brand import Brand, brand_of
from qmsreports.pack.collect import Collected, collect
from qmsreports.pack.kept import Kept
from qmsreports.pack.model import SLIDES, PackModel, name_of
from qmsreports.pack.render import render
from qmsreports.pack.view import words
from qmsreports.period import Period
from qmsreports.records import BuiltPack, PackFile, Tell, silent
from qmsreports.register import journal
from qmsreports.register.packs import editions

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.review import Review
    from qmsreports.lake import Lake
    from qmsreports.register.models import Pack
    from qmsreports.register.store import Register


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a pack stands on besides its model, and where it goes."""

    catalog: dict[str, str]
    wording: dict[str, str]
    journal: dict[str, Any]
    templates: Path
    brand: Brand
    out: Path
    as_of: datetime
    tell: Tell
    kept: Path | None

    def rendered(self, pack: PackModel) -> dict[str, bytes]:
        """Return the files of the pack, making only what was not made before."""
        if self.kept is None:
            return render(pack, templates=self.templates, brand=self.brand, tell=self.tell)
        keep = Kept(self.kept, repr(seal.code()))
        files = render(pack, templates=self.templates, brand=self.brand, tell=self.tell, keep=keep)
        keep.tidy()
        return files

    def manifest(self, collected: Collected, inputs: str, files: dict[str, bytes] | None = None) -> dict[str, Any]:
        """Return the manifest of a model and its files."""
        return seal.manifest(
            collected.pack,
            inputs=inputs,
            tables=collected.tables,
            restated=collected.restated,
            catalog=self.catalog,
            wording=self.wording,
            journal=self.journal,
            templates=self.templates,
            brand=self.brand,
            as_of=self.as_of,
            files=files or {},
        )


def build(
    register: Register,
    lake: Lake,
    catalog: Catalog,
    review: Review,
    period: Period,
    *,
    templates: Path,
    out: Path,
    as_of: datetime,
    also: Sequence[str] = (),
    tell: Tell = silent,
    kept: Path | None = None,
) -> BuiltPack:
    """Write the pack of a review for a period to a folder of its own under ``out`` and return it, sealed.

    Nothing is recorded here: the caller stores the result in the register. A folder that an interrupted run left
    complete is taken up when its inputs are the same. Nothing that exists is overwritten: a draft whose inputs changed
    is followed by a new edition that names it and why. ``also`` are forms wanted besides those that the review asks
    for; an edition that has more than that is the same one. ``kept`` is a folder for what the next build need not
    make again; it changes no byte.
    """
    tell("pack: collect", 0)
    asked = (*also, *((SLIDES,) if review.slides else ()))
    collected = _with_forms(collect(register, lake, catalog, review, period, as_of=as_of), asked)
    brand = brand_of(catalog)
    inputs = seal.inputs_of(collected.pack, templates, brand)
    with register.read() as session:
        known = list(editions(session, review.review, str(period)))
        newest = known[-1] if known else None
        wanted = collected.pack.header.forms
        if newest is not None and newest.inputs == inputs and _stands(newest, wanted, out):
            return _recorded(newest, period, out)
        before = _Before.of(newest, out) if newest is not None else None
        head = journal.head(session).as_dict()
    definitions = seal.catalog_fingerprints(catalog), wording_fingerprints(catalog)
    ground = _Ground(*definitions, head, templates, brand, out, as_of, tell, kept)
    return _next_edition(collected, inputs, before, ground, period)


@dataclass(frozen=True, slots=True)
class _Before:
    """The edition before: its manifest as the register keeps it, and whether its files are still there."""

    edition: int
    manifest: dict[str, Any]
    there: bool

    @classmethod
    def of(cls, row: Pack, out: Path) -> _Before:
        return cls(row.edition, dict(row.manifest), store.located(row.folder, out).is_dir())


def _with_forms(collected: Collected, also: Sequence[str]) -> Collected:
    head = collected.pack.header
    forms = tuple(sorted({*head.forms, *also}))
    if forms == head.forms:
        return collected
    pack = collected.pack.model_copy(update={"header": head.model_copy(update={"forms": forms})})
    return replace(collected, pack=pack)


def _stands(row: Pack, wanted: Sequence[str], out: Path) -> bool:
    """Tell whether an edition with the same inputs is still what would be made: it has all forms, and a draft could not
    be approved with other tools than it was made with.
    """
    if not set(wanted) <= set(row.manifest.get("forms", ())):
        return False
    there = store.located(row.folder, out).is_dir()
    return there and (row.status != "draft" or row.manifest.get("tools") == seal.tools())


def _recorded(row: Pack, period: Period, out: Path) -> BuiltPack:
    return BuiltPack(
        pack=row.review,
        period=period,
        edition=row.edition,
        status=row.status,
        folder=store.located(row.folder, out),
        files=tuple(PackFile(file.path, file.sha256, file.bytes) for file in row.files),
        inputs=row.inputs,
        headline=tuple(row.headline),
        manifest=dict(row.manifest),
    )


def _next_edition(
    collected: Collected, inputs: str, before: _Before | None, ground: _Ground, period: Period
) -> BuiltPack:
    head = collected.pack.header
    number = before.edition + 1 if before else 1
    while (folder := ground.out / name_of(head.review, head.period, number)).exists():
        left = store.read_manifest(folder)
        if (left.get("inputs"), left.get("forms", [])) == (inputs, list(head.forms)):  # complete, but not recorded
            pack = as_edition(collected.pack, number, left.get("predecessor", ""), left.get("reason", ""))
            return _built(pack, folder, store.files_of(folder), left, period)
        number += 1
    predecessor = name_of(head.review, head.period, before.edition) if before else ""
    with speaking(head.language):
        titles = {one.kpi: one.title for one in collected.pack.objectives}
        titles |= {
            f"{one.kpi}/{part.dimension}={part.key}": f"{one.title} ({part.title})"
            for one in collected.pack.objectives
            for part in one.slices
        }
        titles |= {f"table/{name}": title for name, title in words.tables(collected.pack).items()}
        titles |= {f"standard/{name}": title for name, title in words.standards(collected.pack).items()}
        lost = predecessor if before and not before.there else ""
        reason = seal.changed(before.manifest, ground.manifest(collected, inputs), titles, lost=lost) if before else ""
    pack = as_edition(collected.pack, number, predecessor, reason)
    files = ground.rendered(pack)
    content = ground.manifest(replace(collected, pack=pack), inputs, files)
    ground.tell("pack: write", 0)
    sealed = store.write(folder, {**files, seal.MANIFEST: seal.to_bytes(content)})
    return _built(pack, folder, sealed, content, period)


def _built(
    pack: PackModel, folder: Path, files: tuple[PackFile, ...], content: dict[str, Any], period: Period
) -> BuiltPack:
    return BuiltPack(
        pack=pack.header.review,
        period=period,
        edition=pack.header.edition,
        status="draft",
        folder=folder,
        files=files,
        inputs=content["inputs"],
        headline=headline(pack),
        manifest=content,
    )


def headline(pack: PackModel) -> tuple[str, str, str]:
    """Return the three lines that say what the pack says: the objectives, what to decide first, how far to trust it."""
    with speaking(pack.header.language):
        lines = (_counts(pack), _first(pack), " ".join(trust_sentences(pack)[:2]))
    return tuple(line.replace(figures.NBSP, " ") for line in lines)  # type: ignore[return-value]


def _counts(pack: PackModel) -> str:
    seen = pack.glance
    counts = [
        " ".join((figures.count(count), say(f"tile.{name}", n=count)))
        for name, count in (
            ("met", seen.met),
            ("near", seen.near),
            ("missed", seen.missed),
            ("accepted", seen.accepted),
            ("provisional", seen.provisional),
            ("not_valid", seen.not_valid),
            ("not_reached", seen.not_reached),
            ("no_data", seen.no_data),
            ("no_target", seen.no_target),
        )
        if count
    ]
    return say("headline.counts", n=seen.objectives, counts=", ".join(counts) or say("headline.none_measured"))


def _first(pack: PackModel) -> str:
    if not pack.decisions:
        return say("headline.no_decision")
    title, more = pack.decisions[0].title, len(pack.decisions) - 1
    return say("headline.first_and_more", n=more, title=title) if more else say("headline.first", title=title)
