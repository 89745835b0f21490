"""The catalog as it counts: approved definitions only, whatever the files say today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from qmsreports.catalog.approval import DefinitionRecords, title_of
from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.fingerprint import kpi_entry, targets_entry
from qmsreports.catalog.history import History
from qmsreports.catalog.kpi import Kpi, KpiVersion, Retirement
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.measure import Formula
from qmsreports.catalog.organised import as_approved, organisation_entry
from qmsreports.catalog.restore import StoredVersion, stored_targets, stored_version
from qmsreports.catalog.retirement import KIND, retirement_entry, stored_retirement
from qmsreports.catalog.target import KpiTargets, Targets
from qmsreports.organisation import Organisation


@dataclass(frozen=True, eq=False)
class ApprovedView(Mapping[str, frozenset[int]]):
    """Approved version numbers by KPI; empty (and so false) when nothing counts yet.

    ``catalog`` holds exactly these versions and the approved targets: from the file where it is as approved, else as
    the register keeps it. ``waiting`` says in sentences what does not count yet.
    """

    catalog: Catalog
    waiting: tuple[str, ...]

    def __getitem__(self, kpi: str) -> frozenset[int]:
        return frozenset(version.version for version in self.catalog.kpis[kpi].versions)

    def __iter__(self) -> Iterator[str]:
        return iter(self.catalog.kpis)

    def __len__(self) -> int:
        return len(self.catalog.kpis)


def approved_view(catalog: Catalog, records: DefinitionRecords) -> ApprovedView:
    """Return what may be measured and judged by.

    A KPI version counts when exactly its fingerprint has the approvals the organisation asks for. Where a file was
    edited since, the approved text of the register is taken, with the calendars it was approved with.
    """
    history = History(records.definitions(), catalog.organisation.approvals)
    waiting: list[str] = []
    organisation = _organisation(catalog, history, waiting)
    calendars = dict(catalog.calendars)
    candidates: dict[str, dict[int, KpiVersion | StoredVersion]] = {}
    for name, kpi in catalog.kpis.items():
        candidates[name] = _candidates(kpi, catalog.calendars, history, waiting)
    for versions in candidates.values():
        for candidate in versions.values():
            if isinstance(candidate, StoredVersion):
                calendars.update(candidate.calendars)
    kpis: dict[str, Kpi] = {}
    for name, versions in candidates.items():
        ended = _retirement(catalog.kpis[name], history, waiting)
        written = catalog.kpis[name].model_copy(update={"retired": ended})
        approved = _assemble(written, versions, calendars, history, waiting)
        if approved is not None:
            kpis[name] = approved
    view = replace(
        catalog,
        organisation=organisation,
        kpis=_without_orphans(kpis),
        calendars=calendars,
        targets=_targets(catalog, history, waiting),
    )
    return ApprovedView(view, tuple(waiting))


def _organisation(catalog: Catalog, history: History, waiting: list[str]) -> Organisation:
    """Return the organisation with what counts as it was approved; the file's where none was yet."""
    if history.organisation is None:
        return catalog.organisation
    entry = organisation_entry(catalog.organisation)
    if not history.counts(entry):
        waiting.append(_waiting(title_of(entry), history.missing(entry)))
    return as_approved(catalog.organisation, history.organisation)


def _candidates(
    kpi: Kpi, calendars: Mapping[str, Calendar], history: History, waiting: list[str]
) -> dict[int, KpiVersion | StoredVersion]:
    """Return the versions of a KPI that may count: the file's own, or what was approved under that number."""
    found: dict[int, KpiVersion | StoredVersion] = {}
    for version in kpi.versions:
        entry = kpi_entry(kpi, version, calendars)
        if history.counts(entry):
            found[version.version] = version
            continue
        waiting.append(_waiting(title_of(entry), history.missing(entry)))
        stored = history.newest_approved("kpi", kpi.kpi, version.version)
        if stored is not None:
            found[version.version] = stored_version(stored.entry)
    for row in history.of("kpi", kpi.kpi):
        number = row.entry.version
        if number not in found and kpi.version(number) is None and history.counts(row.entry):
            newest = history.newest_approved("kpi", kpi.kpi, number)
            found[number] = stored_version((newest or row).entry)
    return dict(sorted(found.items()))


def _retirement(kpi: Kpi, history: History, waiting: list[str]) -> Retirement | None:
    """Return the retirement that counts: the file's own, or the one that was approved while another one waits."""
    entry = retirement_entry(kpi)
    if history.counts(entry) or not (kpi.retired or history.of(KIND, kpi.kpi)):
        return kpi.retired
    waiting.append(_waiting(title_of(entry), history.missing(entry)))
    stored = history.newest_approved(KIND, kpi.kpi)
    return stored_retirement(stored.entry) if stored is not None else None


def _assemble(
    kpi: Kpi,
    versions: Mapping[int, KpiVersion | StoredVersion],
    calendars: Mapping[str, Calendar],
    history: History,
    waiting: list[str],
) -> Kpi | None:
    """Return the KPI with its approved versions, ``None`` when there is none.

    Versions are weighed again with the calendars of the whole view: two KPIs that were approved with different
    contents of one calendar cannot both be right, and the one that was not approved with it waits.
    """
    stored = [candidate for candidate in versions.values() if isinstance(candidate, StoredVersion)]
    unit = stored[-1].kpi.unit if stored else kpi.unit
    written = kpi.model_copy(update={"unit": unit})
    chosen: list[KpiVersion] = []
    for candidate in versions.values():
        version = candidate.version if isinstance(candidate, StoredVersion) else candidate
        entry = kpi_entry(written, version, calendars)
        if history.counts(entry):
            chosen.append(version)
        else:
            waiting.append(f"{title_of(entry)} was approved with another calendar and waits for approval")
    return written.model_copy(update={"versions": tuple(chosen)}) if chosen else None


def _without_orphans(kpis: dict[str, Kpi]) -> dict[str, Kpi]:
    """Drop formulas that read a KPI which does not count yet, and the formulas that read those."""
    while True:
        orphans = {
            name
            for name, kpi in kpis.items()
            for version in kpi.versions
            if isinstance(version.measure, Formula) and not set(version.measure.value.kpis()) <= set(kpis)
        }
        if not orphans:
            return kpis
        kpis = {name: kpi for name, kpi in kpis.items() if name not in orphans}


def _targets(catalog: Catalog, history: History, waiting: list[str]) -> Targets:
    approved: dict[str, KpiTargets] = {}
    for name, file in catalog.targets.files.items():
        entry = targets_entry(name, file)
        if history.counts(entry):
            approved[name] = file
            continue
        waiting.append(_waiting(title_of(entry), history.missing(entry)))
        stored = history.newest_approved("targets", name)
        if stored is not None:
            approved[name] = stored_targets(stored.entry)
    return Targets(approved)


def _waiting(title: str, missing: int) -> str:
    return f"{title} does not count as written: {'1 person' if missing == 1 else f'{missing} people'} must approve it"
