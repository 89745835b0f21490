"""The life of a definition: planned, proposed, approved by somebody else, and only then counted by.

The files of the catalog are the language in which people write; the register is the record. What was approved is read
back from there when a file was edited since, so that an unapproved edit changes no number.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from qmsreports.catalog.document import Location
from qmsreports.catalog.fingerprint import entries, judging
from qmsreports.catalog.history import NEED_APPROVAL, History
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.mapped import KIND as MAPPING
from qmsreports.catalog.mapped import place
from qmsreports.catalog.organised import KIND as ORGANISATION
from qmsreports.catalog.organised import differences, stored_organisation
from qmsreports.catalog.restore import judged_differently, same_definition, stored_targets
from qmsreports.catalog.retirement import KIND, retirement_entry, sentence
from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean
from qmsreports.organisation import Organisation
from qmsreports.persons import known_as, tidy
from qmsreports.records import DefinitionEntry, RegisteredDefinition

_END = "; to end it on record, put the file back and write retired: {from: ..., because: ..., agreed: {...}}"
_FOLDERS = {
    "kpi": "kpis",
    "targets": "targets",
    KIND: "kpis",
    "calendar": "calendars",
    "clause_map": "clauses",
    "review": "reviews",
    ORGANISATION: "organisation",
    MAPPING: "sources",
}
_WORDS = {
    "kpi": "KPI",
    "targets": "targets of",
    KIND: "retirement of",
    "calendar": "calendar",
    "clause_map": "clause map",
    "review": "review",
    MAPPING: "mapping of",
}


class DefinitionRecords(Protocol):
    """What is needed of the register."""

    def definitions(self) -> Sequence[RegisteredDefinition]:
        """Return everything that was ever proposed, oldest first."""

    def propose(self, entries: Sequence[DefinitionEntry], *, by: str, at: datetime) -> None:
        """Add definitions as proposed."""

    def approve(self, definitions: Sequence[RegisteredDefinition], *, by: str, at: datetime, note: str = "") -> None:
        """Add one person's approval of each."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the files and the register.

    ``change``: new | numbers | wording | calendar | retired. ``sentence`` says it for people, ``where`` is the file.
    """

    kind: str
    name: str
    version: int
    change: str
    sentence: str
    where: str
    entry: DefinitionEntry | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying would do. ``refused`` are edits that must not be; ``waiting`` what was applied and not approved."""

    changes: tuple[Change, ...]
    refused: tuple[Finding, ...]
    waiting: tuple[RegisteredDefinition, ...]


def plan(catalog: Catalog, records: DefinitionRecords, unfit: Collection[tuple[str, int]] = ()) -> Plan:
    """Return what ``apply`` would propose, what it would refuse, and what waits for approval.

    ``unfit`` names approved versions, by KPI and number, that cannot be computed: only these may be edited.
    """
    history = History(records.definitions(), catalog.organisation.approvals)
    changes: list[Change] = []
    refused: list[Finding] = []
    for entry in entries(catalog):
        step = _kpi_step(entry, history, catalog, unfit) if entry.kind == "kpi" else _file_step(entry, history)
        if isinstance(step, Finding):
            refused.append(step)
        elif step is not None:
            changes.append(replace(step, where=_where(catalog, step)))
    changes += _withdrawn(catalog, history)
    changes += _retired(catalog, history)
    refused += _removed_versions(catalog, history)
    return Plan(tuple(changes), tuple(refused), history.waiting())


def without_file(catalog: Catalog, records: DefinitionRecords) -> tuple[Finding, ...]:
    """Return a warning for each KPI that was approved and whose file is gone: nothing measures it any more."""
    history = History(records.definitions(), catalog.organisation.approvals)
    gone = (change.name for change in _retired(catalog, history) if change.kind == "kpi")
    return tuple(
        Finding("", f"KPI {name}: no file any more, it is not measured", _END.removeprefix("; "), warning=True)
        for name in gone
    )


def unapproved(catalog: Catalog, records: DefinitionRecords) -> tuple[Finding, ...]:
    """Return a warning where the organisation's file says what was not approved: no stage counts by it yet."""
    standing = History(records.definitions(), catalog.organisation.approvals).organisation
    said = differences(standing, catalog.organisation) if standing is not None else ()
    return tuple(
        Finding(
            catalog.line_of(ORGANISATION, ORGANISATION, one.split(" ", 1)[0]),
            f"{one}, and is not approved; what was approved counts",
            "catalog apply and catalog approve organisation, or put it back",
            warning=True,
        )
        for one in said
    )


def apply(
    catalog: Catalog,
    records: DefinitionRecords,
    *,
    by: str,
    at: datetime,
    unfit: Collection[tuple[str, int]] = (),
) -> tuple[Change, ...]:
    """Write what is new or changed to the register as proposed by ``by``; returns it.

    :class:`UserError` and nothing written when an approved version was edited. Applying twice changes nothing.
    """
    by = _person(by)
    planned = plan(catalog, records, unfit)
    if planned.refused:
        raise UserError(*planned.refused)
    proposals = [change.entry for change in planned.changes if change.entry is not None]
    if proposals:
        records.propose(proposals, by=by, at=at)
    return planned.changes


def approve(
    records: DefinitionRecords,
    organisation: Organisation,
    *,
    by: str,
    at: datetime,
    names: Sequence[str] = (),
    note: str = "",
) -> tuple[RegisteredDefinition, ...]:
    """Approve what waits, all of it or the named KPIs with their targets; returns what ``by`` approved now.

    Nobody approves what they proposed. Without names, what ``by`` proposed or has approved already is left out;
    :class:`UserError` when that leaves nothing though something waits, or when a named one cannot be approved.
    """
    by = _person(by)
    history = History(records.definitions(), organisation.approvals)
    waiting = history.waiting()
    known = {row.entry.name for row in waiting}
    findings = [
        Finding("", f'nothing of "{name}" waits for approval', did_you_mean(name, known) if known else "apply it first")
        for name in names
        if name not in known
    ]
    chosen: list[RegisteredDefinition] = []
    for row in waiting:
        if names and row.entry.name not in names:
            continue
        obstacle = _obstacle(row, history.author(row), by)
        if obstacle is None:
            chosen.append(row)
        elif names or all(_obstacle(other, history.author(other), by) for other in waiting):
            findings.append(obstacle)
    if findings:
        raise UserError(*findings)
    if chosen:
        records.approve(chosen, by=by, at=at, note=note)
    return tuple(chosen)


def title_of(entry: DefinitionEntry) -> str:
    """Return the words for one definition: ``KPI nps version 2``, ``targets of nps``."""
    if entry.kind == ORGANISATION:
        return ORGANISATION
    words = f"{_WORDS[entry.kind]} {entry.name}"
    return f"{words} version {entry.version}" if entry.kind == "kpi" else words


def _person(by: str) -> str:
    """Return the name as it is recorded."""
    name = tidy(by)
    if not name:
        raise UserError(Finding("", "nobody is named", "say who it is: --by"), exit_code=ExitCode.USAGE)
    return name


def _obstacle(row: RegisteredDefinition, author: str, by: str) -> Finding | None:
    who = known_as(by)
    if known_as(author) == who:
        what = f"{title_of(row.entry)} was proposed by {author}"
        return Finding("", what, "another person has to approve it")
    if who in {known_as(name) for name, _ in row.approvals}:
        return Finding(
            "", f"{title_of(row.entry)} has the approval of {by} already", "one more person has to approve it"
        )
    return None


def _kpi_step(
    entry: DefinitionEntry, history: History, catalog: Catalog, unfit: Collection[tuple[str, int]]
) -> Change | Finding | None:
    rows = history.of("kpi", entry.name, entry.version)
    newest_row = rows[-1].entry if rows else None
    if newest_row is not None and _is_as_written(newest_row, entry):
        return None
    title = title_of(entry)
    if newest_row is not None and newest_row.fingerprint == entry.fingerprint:
        judged = judged_differently(newest_row, entry)
        what = f"{', '.join(judged)}; no number changes" if judged else "other wording, same numbers"
        return _change(entry, "wording", f"{title}: {what}; the approval holds")
    if not rows:
        begins = f"in force from {entry.effective_from}"
        return _change(entry, "new", f"{title}: new, {begins}; needs approval")
    approved = history.newest_approved("kpi", entry.name, entry.version)
    if history.counts(entry):
        return _change(entry, "numbers", f"{title}: as it was approved; the proposal after it is withdrawn")
    if approved is None:
        return _change(entry, "numbers", f"{title}: another proposal replaces the one that waits; needs approval")
    if same_definition(approved.entry, entry):
        return _change(entry, "calendar", f"{title}: its calendar changed; needs approval")
    if (entry.name, entry.version) in unfit:
        return _change(entry, "numbers", f"{title}: mended, as approved it cannot be computed; needs approval")
    newest = max(version.version for version in catalog.kpis[entry.name].versions)
    index = entry.version - 1
    where = catalog.line_of("kpis", entry.name, "versions", index)
    what = f"version {entry.version} was approved and what it counts was edited"
    return Finding(where, what, f"put it back as it was and add version {newest + 1}")


def _file_step(entry: DefinitionEntry, history: History) -> Change | None:
    rows = history.of(entry.kind, entry.name)
    newest = rows[-1].entry if rows else None
    title = title_of(entry)
    if newest is not None and _is_as_written(newest, entry):
        return None
    if newest is not None and newest.fingerprint == entry.fingerprint:
        numbered = replace(entry, version=newest.version)
        return _change(numbered, "wording", f"{title}: other wording, same content")
    numbered = replace(entry, version=max((row.entry.version for row in rows), default=0) + 1)
    needs = "; needs approval" if entry.kind in NEED_APPROVAL and not history.counts(entry) else ""
    if entry.kind == KIND:
        return _change(numbered, "retired", f"{title}: {sentence(entry)}{needs}")
    if newest is None:
        return _change(numbered, "new", f"{title}: new{needs}")
    if entry.kind == ORGANISATION:
        standing = history.organisation or stored_organisation(newest)
        said = "; ".join(differences(standing, stored_organisation(entry)))
        return _change(numbered, "numbers", f"{title}: {said or 'as it was approved'}{needs}")
    told = entry.kind == "targets" and judging(stored_targets(newest)) == judging(stored_targets(entry))
    what = "who agreed to them, or why a deviation was accepted, is told otherwise" if told else "changed"
    at_once = ", counts from the next ingest on" if entry.kind == MAPPING else ""
    return _change(numbered, "numbers", f"{title}: {what}{at_once}{needs}")


def _is_as_written(row: DefinitionEntry, entry: DefinitionEntry) -> bool:
    return (row.fingerprint, row.wording) == (entry.fingerprint, entry.wording)


def _change(entry: DefinitionEntry, change: str, sentence: str) -> Change:
    return Change(entry.kind, entry.name, entry.version, change, sentence, "", entry)


def _where(catalog: Catalog, change: Change) -> str:
    if change.kind == MAPPING:
        return place(catalog, change.name)
    location: Location = ("versions", change.version - 1) if change.kind == "kpi" else ()
    if change.kind == KIND:
        location = ("retired",)
    return catalog.line_of(_FOLDERS[change.kind], change.name, *location)


def _withdrawn(catalog: Catalog, history: History) -> list[Change]:
    """Retirements that the register knows and whose KPI's file no longer holds any."""
    found = []
    for name, kpi in catalog.kpis.items():
        step = _file_step(retirement_entry(kpi), history) if kpi.retired is None and history.of(KIND, name) else None
        if step is not None:
            found.append(replace(step, where=catalog.line_of("kpis", name)))
    return found


def _retired(catalog: Catalog, history: History) -> list[Change]:
    """KPIs and targets that counted and whose file is gone."""
    present = {("kpi", name) for name in catalog.kpis} | {("targets", name) for name in catalog.targets.files}
    gone = {
        (row.entry.kind, row.entry.name): row.entry
        for row in history.definitions
        if row.entry.kind in ("kpi", "targets")
        and (row.entry.kind, row.entry.name) not in present
        and history.counts(row.entry)
    }
    return [
        Change(
            entry.kind,
            entry.name,
            entry.version,
            "retired",
            f"{_WORDS[entry.kind]} {entry.name}: no file any more{_END if entry.kind == 'kpi' else ''}",
            "",
            None,
        )
        for entry in gone.values()
    ]


def _removed_versions(catalog: Catalog, history: History) -> list[Finding]:
    """Approved versions that a file no longer holds although it still holds their KPI."""
    findings: dict[tuple[str, int], Finding] = {}
    for row in history.definitions:
        kpi = catalog.kpis.get(row.entry.name) if row.entry.kind == "kpi" else None
        if kpi is not None and kpi.version(row.entry.version) is None and history.counts(row.entry):
            what = f"version {row.entry.version} was approved and is no longer in the file"
            where = catalog.line_of("kpis", kpi.kpi, "versions")
            findings[kpi.kpi, row.entry.version] = Finding(where, what, "put it back; old versions stay")
    return list(findings.values())
