"""Reads the whole catalog folder into frozen models, or says everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from qmsreports.catalog.brand import BrandFile
from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.clause_map import ClauseMap
from qmsreports.catalog.customer_page import CustomerPage
from qmsreports.catalog.document import Document, read_document
from qmsreports.catalog.invalid import findings_of
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.review import Review
from qmsreports.catalog.salvage import Rest, rest_of
from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.catalog.target import KpiTargets, Targets
from qmsreports.errors import CouldNotRun, Finding, UserError
from qmsreports.fiscal import FiscalYear
from qmsreports.organisation import Organisation
from qmsreports.period import Period

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything people adjust, read and checked. Names are the keys; ``folder`` is where it was read from."""

    folder: Path
    organisation: Organisation
    tables: Mapping[str, Table]
    sources: Mapping[str, Source]
    kpis: Mapping[str, Kpi]
    targets: Targets
    calendars: Mapping[str, Calendar]
    clause_maps: Mapping[str, ClauseMap]
    reviews: Mapping[str, Review]
    customers: CustomerPage | None = None
    brand: BrandFile | None = None
    warnings: tuple[Finding, ...] = ()
    documents: Mapping[tuple[str, str], Document] = field(default_factory=dict, repr=False)
    earlier_years: tuple[FiscalYear, ...] = ()
    """Fiscal years that the organisation had before its own, the newest first: what is on record may be of one."""

    def period(self, text: str) -> Period:
        """Read a period of the calendar or of the organisation's fiscal year; :class:`UserError` (exit 2) for none."""
        return Period.parse(text, self.organisation.fiscal)

    @property
    def years(self) -> tuple[FiscalYear, ...]:
        """The fiscal years that it has and had, the newest first."""
        own = self.organisation.fiscal
        return self.earlier_years if own is None else (own, *self.earlier_years)

    def recorded(self, text: str, start: date | None = None) -> Period:
        """Read the period of something on record, also one of a fiscal year that is the organisation's no more.

        ``start`` is its first day where that is on record, see :meth:`Period.recorded`.
        """
        return Period.recorded(text, self.years, start)

    def line_of(self, kind: str, name: str, *location: str | int) -> str:
        """Return ``file:line`` of a node: ``line_of("kpis", "nps", "versions", 0, "population", "table")``.

        ``kind`` is the folder's name (``organisation`` for the organisation); the nearest node above is taken where
        the named one is not written in the file; empty where there is no such file.
        """
        document = self.documents.get((kind, name))
        return document.where(location) if document else ""


def load_catalog(folder: Path, *, check: bool = True) -> Catalog:
    """Read ``folder`` (``catalog/``) and check it.

    Raises :class:`UserError` with all findings, sorted by file and line; :class:`CouldNotRun` when there is no catalog.
    ``check=False`` reads the shape only and leaves out what needs several files, for drafts and tests.
    """
    if not folder.is_dir():
        raise CouldNotRun(
            Finding(str(folder), "there is no catalog here", "run in a workspace or set QMSREPORTS_CATALOG")
        )
    reader = _Reader(folder)
    organisation = reader.one("organisation", "organisation", "organisation.yaml", Organisation)
    tables = reader.all("tables", "table", Table)
    catalog = Catalog(
        folder=folder,
        organisation=organisation or Organisation(name="?", time_zone="UTC"),
        tables=tables,
        sources=reader.sources(),
        kpis=reader.all("kpis", "kpi", Kpi),
        targets=Targets(reader.all("targets", "kpi", KpiTargets)),
        calendars=reader.all("calendars", "calendar", Calendar),
        clause_maps=reader.all("clauses", "clauses", ClauseMap),
        reviews=reader.all("reviews", "review", Review),
        customers=reader.maybe("customers", "customers.yaml", CustomerPage),
        brand=reader.maybe("brand", "brand.yaml", BrandFile),
        documents=reader.documents,
    )
    findings = list(reader.findings)
    if check:
        from qmsreports.catalog.check import check_catalog
        from qmsreports.catalog.unread import unread as not_read

        findings += not_read(folder, reader.root)
        unread = frozenset(reader.unread)
        findings += check_catalog(catalog, unread=unread)
        if reader.rests:
            judged = check_catalog(_with_rests(catalog, reader.rests), unread=unread)
            findings += [finding for finding in judged if any(rest.is_sure(finding) for rest in reader.rests.values())]
    errors = sorted({finding for finding in findings if not finding.warning}, key=_by_place)
    if errors:
        raise UserError(*errors)
    return replace(catalog, warnings=tuple(sorted({finding for finding in findings}, key=_by_place)))


def _with_rests(catalog: Catalog, rests: Mapping[tuple[str, str], Rest]) -> Catalog:
    """Return the catalog with what is left of the files that have an error of their own."""
    of_kind: dict[str, dict[str, Any]] = {}
    for (kind, name), rest in rests.items():
        model = rest.model
        if isinstance(model, Source):
            model = model.model_copy(update={"folder": (catalog.folder / "sources" / name).absolute()})
        of_kind.setdefault(kind, {})[name] = model
    changed: dict[str, Any] = {}
    for kind, entries in of_kind.items():
        where = "clause_maps" if kind == "clauses" else kind
        if kind in ("organisation", "customers", "brand"):
            changed[where] = entries[kind]
        elif kind == "targets":
            changed[where] = Targets({**catalog.targets.files, **entries})
        else:
            changed[where] = {**getattr(catalog, where), **entries}
    return replace(catalog, **changed)


def _by_place(finding: Finding) -> tuple[str, int, str]:
    file, _, line = finding.where.rpartition(":")
    return (file, int(line), finding.what) if line.isdigit() else (finding.where, 0, finding.what)


class _Reader:
    """Reads files one by one and gathers what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder.resolve().name
        self.findings: list[Finding] = []
        self.documents: dict[tuple[str, str], Document] = {}
        self.unread: set[tuple[str, str]] = set()
        self.rests: dict[tuple[str, str], Rest] = {}

    def one(self, kind: str, name: str, relative: str, model: type[_Model]) -> _Model | None:
        """Read one file into its model; ``None`` (and findings) when that does not work."""
        path = self.folder / relative
        printed = f"{self.root}/{relative}"
        if not path.is_file():
            self.findings.append(Finding(printed, "the file is missing", "write it; the starter workspace has one"))
            return None
        try:
            document = read_document(path, printed)
        except UserError as error:
            self.findings += error.findings
            self.unread.add((kind, name))
            return None
        self.documents[kind, name] = document
        try:
            return model.model_validate(document.data)
        except ValidationError as error:
            found = findings_of(error, model, document)
            self.findings += found
            self.unread.add((kind, name))
            rest = rest_of(model, document, found)
            if rest is not None:
                self.rests[kind, name] = rest
            return None

    def maybe(self, name: str, relative: str, model: type[_Model]) -> _Model | None:
        """Read a file that an organisation need not have."""
        return self.one(name, name, relative, model) if (self.folder / relative).is_file() else None

    def all(self, kind: str, named: str, model: type[_Model]) -> dict[str, _Model]:
        """Read ``<kind>/*.yaml``; the name inside must be the file's own."""
        found: dict[str, _Model] = {}
        for path in sorted((self.folder / kind).glob("*.yaml")):
            entry = self.one(kind, path.stem, f"{kind}/{path.name}", model)
            if entry is not None and self._named(kind, path.stem, named, entry):
                found[path.stem] = entry
        return found

    def sources(self) -> dict[str, Source]:
        """Read ``sources/<name>/source.yaml`` and remember the folder that holds the SQL."""
        found: dict[str, Source] = {}
        for path in sorted((self.folder / "sources").glob("*/source.yaml")):
            name = path.parent.name
            entry = self.one("sources", name, f"sources/{name}/source.yaml", Source)
            if entry is not None and self._named("sources", name, "source", entry):
                found[name] = entry.model_copy(update={"folder": path.parent.absolute()})
        return found

    def _named(self, kind: str, name: str, named: str, entry: Any) -> bool:
        written = getattr(entry, named)
        if written == name:
            return True
        document = self.documents[kind, name]
        self.findings.append(
            Finding(
                document.where((named,)),
                f'"{written}" is not the name of its file',
                f'write "{named}: {name}" or rename',
            )
        )
        self.unread |= {(kind, written), (kind, name)}
        return False
