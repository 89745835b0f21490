"""From the rows of a workbook to a checked catalog and the new texts of its files.

The checks are those of the files: the same models, the same rules between files. Only where a finding points at is
another: the cell of a value instead of its line.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.canonical import plain
from qmsreports.catalog.document import Document, Location
from qmsreports.catalog.invalid import findings_of
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.model import Model
from qmsreports.catalog.rewrite import new_text, rewritten
from qmsreports.catalog.spreadsheet.layout import TARGETS, base_of
from qmsreports.catalog.spreadsheet.not_taken import not_taken
from qmsreports.catalog.spreadsheet.parts import Key, calendar_part, owner_part, parts, targets_part
from qmsreports.catalog.spreadsheet.read import Workbook, read_workbook
from qmsreports.catalog.spreadsheet.sections import Draft, drafts
from qmsreports.catalog.target import KpiTargets, Targets
from qmsreports.errors import Finding, UserError

_ENTRY = re.compile(r'^"\w+" entry \d+: ')
_FOLDERS = {"targets": "targets", "owner": "kpis", "calendar": "calendars"}
_MODELS: Mapping[str, type[Model]] = {"targets": KpiTargets, "owner": Kpi, "calendar": Calendar}


@dataclass(frozen=True, slots=True)
class Edited:
    """A catalog as a workbook wants it: checked, with the new text of each file that changes.

    ``notices`` are warnings of what was changed in the workbook where nothing is read.
    """

    catalog: Catalog
    texts: Mapping[Path, bytes]
    notices: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class SheetDocument(Document):
    """A file of the catalog whose values stand in cells; a value that stands in none keeps its line."""

    cells: Mapping[Location, str] = field(default_factory=dict)

    def where(self, location: Location = ()) -> str:
        """Return the cell of a node, or of the nearest node above it, else its line in the file."""
        for length in range(len(location), -1, -1):
            cell = self.cells.get(tuple(location[:length]))
            if cell is not None:
                return cell
        return Document.where(self, location)


def read_changes(path: Path, catalog: Catalog) -> Edited:
    """Return what a workbook changes in a catalog; :class:`UserError` with every finding, by cell, when it is wrong.

    A part that the workbook leaves as it was exported stays as it is today; one that both changed is refused.
    """
    book = read_workbook(path)
    wanted, misplaced = drafts(book, catalog)
    unread = (*book.refused, *misplaced)
    findings: list[Finding] = []
    current = dict(parts(catalog))
    models: dict[Key, Model] = {}
    documents: dict[Key, SheetDocument] = {}
    for key, draft in wanted.items():
        document = _document(catalog, key, draft)
        model, problems = _read(key, document)
        if model is not None and base_of(_part(key[0], model)) in _settled(key, current, book):
            continue
        stale = model is not None and _changed_since(key, current, book)
        findings += [_stale(key, document)] if stale else problems
        if model is not None:
            models[key], documents[key] = model, document
    edited = _edited(catalog, models, documents)
    findings += _between(edited)
    said = {finding.where for finding in unread}  # what a cell lacks that could not be read is no finding of its own
    columns = _columns(book)
    findings = [*unread, *(_of_cell(finding, columns) for finding in findings if finding.where not in said)]
    if findings:
        raise UserError(*sorted(set(findings), key=_by_place))
    return Edited(edited, _texts(catalog, edited, models), tuple(not_taken(book, catalog)))


def _columns(book: Workbook) -> dict[str, tuple[str, str]]:
    """Return the field and the heading of every cell in a row."""
    rows = (row for rows in book.sheets.values() for row in rows)
    return {row.cell(key): (key, row.headings[key]) for row in rows for key in row.letters}


def _of_cell(finding: Finding, columns: Mapping[str, tuple[str, str]]) -> Finding:
    """Say what files say of fields and entries in the words of the sheet: its headings and rows."""
    if finding.where not in columns:
        return finding
    key, heading = columns[finding.where]
    if finding.what == f'field "{key}" is missing':
        return replace(finding, what=f'"{heading}" is empty', todo="fill it in")
    if finding.what == 'field "targets" is missing':
        return replace(finding, what="the KPI has no targets", todo=f"add a row to sheet {TARGETS.title}")
    return replace(finding, what=_ENTRY.sub("the row ", finding.what))


def _settled(key: Key, current: Mapping[Key, Any], book: Workbook) -> set[str]:
    """Return the hashes of contents that ask for no change: what stands there, and what was exported."""
    return {base_of(current[key]) if key in current else "", book.base.get(key, "")}


def _changed_since(key: Key, current: Mapping[Key, Any], book: Workbook) -> bool:
    if not book.base:
        return False
    return book.base.get(key) != (base_of(current[key]) if key in current else None)


def _stale(key: Key, document: SheetDocument) -> Finding:
    kind, name = key
    words = {"targets": f"targets of {name}", "owner": f"owner of {name}", "calendar": f"calendar {name}"}[kind]
    where = next(iter(document.cells.values()), document.name)
    what = f"the {words} changed in {document.name} since this workbook was exported"
    return Finding(where, what, "export it again and repeat the change")


def _document(catalog: Catalog, key: Key, draft: Draft) -> SheetDocument:
    kind, name = key
    written = catalog.documents.get((_FOLDERS[kind], name))
    data = copy.deepcopy(written.data) if written is not None else {}
    for field_name, content in draft.content.items():
        if content is None:
            data.pop(field_name, None)
        else:
            data[field_name] = content
    printed = f"{catalog.folder.resolve().name}/{_FOLDERS[kind]}/{name}.yaml"
    return SheetDocument(
        written.name if written is not None else printed,
        data,
        written.lines if written is not None else {},
        draft.cells,
    )


def _read(key: Key, document: SheetDocument) -> tuple[Model | None, list[Finding]]:
    model = _MODELS[key[0]]
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        return None, findings_of(error, model, document)


def _part(kind: str, model: Model) -> Any:
    if isinstance(model, KpiTargets):
        return targets_part(model)
    if isinstance(model, Calendar):
        return calendar_part(model)
    assert isinstance(model, Kpi), kind
    return owner_part(model)


def _edited(catalog: Catalog, models: Mapping[Key, Model], documents: Mapping[Key, SheetDocument]) -> Catalog:
    kpis = {name: model for (kind, name), model in models.items() if kind == "owner" and isinstance(model, Kpi)}
    targets = {name: model for (_, name), model in models.items() if isinstance(model, KpiTargets)}
    calendars = {name: model for (_, name), model in models.items() if isinstance(model, Calendar)}
    return replace(
        catalog,
        kpis={**catalog.kpis, **kpis},
        targets=Targets({**catalog.targets.files, **targets}),
        calendars={**catalog.calendars, **calendars},
        documents={
            **catalog.documents,
            **{(_FOLDERS[kind], name): document for (kind, name), document in documents.items()},
        },
    )


def _between(catalog: Catalog) -> list[Finding]:
    from qmsreports.catalog.check import check_catalog

    return [finding for finding in check_catalog(catalog) if not finding.warning]


def _texts(catalog: Catalog, edited: Catalog, models: Mapping[Key, Model]) -> dict[Path, bytes]:
    texts: dict[Path, bytes] = {}
    for kind, name in models:
        before, after = _model(catalog, kind, name), _model(edited, kind, name)
        assert after is not None
        path = catalog.folder / _FOLDERS[kind] / f"{name}.yaml"
        if before is None:
            texts[path] = new_text(plain(after)).encode()
            continue
        content = path.read_bytes()
        mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
        text = content.removeprefix(mark).decode()
        texts[path] = mark + rewritten(text, plain(before), plain(after)).encode()
    return texts


def _model(catalog: Catalog, kind: str, name: str) -> Model | None:
    models: Mapping[str, Mapping[str, Model]] = {
        "targets": catalog.targets.files,
        "owner": catalog.kpis,
        "calendar": catalog.calendars,
    }
    return models[kind].get(name)


def _by_place(finding: Finding) -> tuple[str, int, str, str]:
    """Sort by sheet, then row, then column: ``targets.xlsx:Targets!D7``."""
    sheet, _, cell = finding.where.rpartition("!")
    letters = cell.rstrip("0123456789")
    digits = cell.removeprefix(letters)
    return (sheet, int(digits) if digits else 0, f"{len(letters)}{letters}", finding.what)
