"""From the register back to files: the definitions as they are recorded, in the words and order of their authors.

A file that says what the register says is not touched by a single character. Where the register is newer, only what
differs is written; the comments around it stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from qmsreports.catalog.approval import DefinitionRecords
from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.canonical import plain
from qmsreports.catalog.clause_map import ClauseMap
from qmsreports.catalog.document import Location
from qmsreports.catalog.fingerprint import entries
from qmsreports.catalog.history import History
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.mapped import KIND as MAPPING
from qmsreports.catalog.model import Model
from qmsreports.catalog.organised import KIND as ORGANISATION
from qmsreports.catalog.organised import stored_organisation
from qmsreports.catalog.restore import stored, stored_version
from qmsreports.catalog.retirement import KIND, stored_retirement
from qmsreports.catalog.review import Review
from qmsreports.catalog.rewrite import new_text, rewritten
from qmsreports.catalog.target import KpiTargets
from qmsreports.errors import Finding
from qmsreports.records import RegisteredDefinition

_FOLDERS = {
    "kpi": "kpis",
    KIND: "kpis",
    "targets": "targets",
    "calendar": "calendars",
    "clause_map": "clauses",
    "review": "reviews",
    ORGANISATION: "organisation",
}


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file as the register has it. ``path`` is relative to the catalog; ``changed`` against the file there."""

    path: str
    content: bytes
    changed: bool


def exported(catalog: Catalog, records: DefinitionRecords, *, proposed: bool = False) -> tuple[ExportedFile, ...]:
    """Return the file of every definition that the register holds, sorted by path.

    Approved definitions, or with ``proposed`` the newest ones whether they wait or not. A KPI of which nothing is
    approved has no file then.
    """
    history = History(records.definitions(), catalog.organisation.approvals)
    found: list[ExportedFile] = []
    for kind, model in _models(history, proposed):
        name = _name(kind, model)
        path = f"{_FOLDERS[kind]}/{name}.yaml" if kind != ORGANISATION else f"{ORGANISATION}.yaml"
        before = _written(catalog, kind, name)
        if before is None:
            found.append(ExportedFile(path, new_text(plain(model)).encode(), True))
            continue
        content = (catalog.folder / path).read_bytes()
        mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
        text = content.removeprefix(mark).decode()
        fresh = mark + rewritten(text, plain(before), plain(model)).encode()
        found.append(ExportedFile(path, fresh, fresh != content))
    return tuple(sorted(found, key=lambda file: file.path))


def unapplied(catalog: Catalog, records: DefinitionRecords) -> tuple[Finding, ...]:
    """Return the files whose content the register has never seen: writing over them would lose somebody's work."""
    known = {
        (row.entry.kind, row.entry.name, row.entry.version if row.entry.kind == "kpi" else 0, row.entry.wording)
        for row in records.definitions()
    }
    findings: dict[str, Finding] = {}
    for entry in entries(catalog):
        version = entry.version if entry.kind == "kpi" else 0
        if entry.kind == MAPPING or (entry.kind, entry.name, version, entry.wording) in known:
            continue
        location: Location = ("versions", entry.version - 1) if entry.kind == "kpi" else ()
        if entry.kind == KIND:
            location = ("retired",)
        where = catalog.line_of(_FOLDERS[entry.kind], entry.name, *location)
        todo = "run catalog apply first, or export to another folder: --out DIR"
        findings.setdefault(f"{entry.kind} {entry.name}", Finding(where, "was edited and never applied", todo))
    return tuple(findings.values())


def _models(history: History, proposed: bool) -> Iterator[tuple[str, BaseModel]]:
    names = dict.fromkeys((row.entry.kind, row.entry.name) for row in history.definitions)
    for kind, name in names:
        if kind == "kpi":
            kpi = _kpi(history, name, proposed)
            if kpi is not None:
                yield kind, kpi
        elif kind in (KIND, MAPPING):
            continue  # stands in the file of its KPI; is no file of definitions
        elif kind == "calendar":
            yield kind, _calendar(history, name, proposed)
        elif kind == ORGANISATION:
            row = _row(history, kind, name, None, proposed)
            if row is not None:
                yield kind, stored_organisation(row.entry)
        else:
            row = _row(history, kind, name, None, proposed)
            if row is not None:
                yield kind, stored(row.entry, _MODELS[kind])


_MODELS: Mapping[str, type[Model]] = {
    "targets": KpiTargets,
    "calendar": Calendar,
    "clause_map": ClauseMap,
    "review": Review,
}


def _row(history: History, kind: str, name: str, version: int | None, proposed: bool) -> RegisteredDefinition | None:
    rows = history.of(kind, name, version)
    return (rows[-1] if rows else None) if proposed else history.newest_approved(kind, name, version)


def _kpi(history: History, name: str, proposed: bool) -> Kpi | None:
    """Return a KPI with its versions; what its versions share is taken from the newest row."""
    numbers = sorted({row.entry.version for row in history.of("kpi", name)})
    rows = [row for number in numbers if (row := _row(history, "kpi", name, number, proposed)) is not None]
    if not rows:
        return None
    newest = max(rows, key=lambda row: row.id)
    versions = tuple(stored_version(row.entry).version for row in rows)
    ended = _row(history, KIND, name, None, proposed)
    retired = stored_retirement(ended.entry) if ended is not None else None
    return stored_version(newest.entry).kpi.model_copy(update={"versions": versions, "retired": retired})


def _calendar(history: History, name: str, proposed: bool) -> Calendar:
    """Return a calendar; the approved one is what the newest approved KPI that counts by it was approved with."""
    newest = stored(history.of("calendar", name)[-1].entry, Calendar)
    if proposed:
        return newest
    rows = [row for row in history.definitions if row.entry.kind == "kpi" and history.counts(row.entry)]
    for row in reversed(rows):
        used = stored_version(row.entry).calendars
        if name in used:
            return used[name]
    return newest


def _written(catalog: Catalog, kind: str, name: str) -> BaseModel | None:
    models: Mapping[str, Mapping[str, BaseModel]] = {
        "kpi": catalog.kpis,
        "targets": catalog.targets.files,
        "calendar": catalog.calendars,
        "clause_map": catalog.clause_maps,
        "review": catalog.reviews,
        ORGANISATION: {ORGANISATION: catalog.organisation},
    }
    return models[kind].get(name)


def _name(kind: str, model: BaseModel) -> str:
    if kind == ORGANISATION:
        return kind
    field = {"kpi": "kpi", "targets": "kpi", "calendar": "calendar", "clause_map": "clauses", "review": "review"}[kind]
    return str(getattr(model, field))
