"""Changes of what all numbers rest on: the organisation's days, sites and years, and the mappings of its sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from qmsreports.catalog.history import History
from qmsreports.catalog.mapped import KIND as MAPPING
from qmsreports.catalog.mapped import mapping_entries
from qmsreports.catalog.organised import KIND as ORGANISATION
from qmsreports.catalog.organised import differing, stored_organisation
from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.model import DefinitionChange

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.records import RegisteredDefinition


def ground_rules(
    definitions: Sequence[RegisteredDefinition], catalog: Catalog, first: date, as_of: datetime, read_on: date
) -> tuple[DefinitionChange, ...]:
    """Return what changed from the first day on and was on record at ``as_of``.

    The organisation counts from its approval on, a mapping from the day on which it was put on record, approved or not;
    one that the file says and nobody put on record is told as of the day on which the sources were read. The first of
    each is no change.
    """
    known = [
        replace(row, approvals=tuple((who, at) for who, at in row.approvals if at <= as_of))
        for row in definitions
        if row.entry.kind in (ORGANISATION, MAPPING) and row.proposed_at <= as_of
    ]
    history = History(known, catalog.organisation.approvals)
    zone = ZoneInfo(catalog.organisation.time_zone)
    found = [
        *_organisation(history, zone),
        *_mappings(history, catalog, zone),
        *_never_proposed(history, catalog, read_on),
    ]
    return tuple(sorted((one for one in found if first <= one.effective_from), key=lambda one: one.effective_from))


def _organisation(history: History, zone: ZoneInfo) -> Iterator[DefinitionChange]:
    for old, new in pairwise(history.contents(ORGANISATION, ORGANISATION, approved=True)):
        changed = differing(stored_organisation(old.entry), stored_organisation(new.entry))
        if changed:
            yield DefinitionChange(
                kpi="",
                title=say("definition.organisation"),
                kind="definition",
                effective_from=max(at for _, at in new.approvals).astimezone(zone).date(),
                before="; ".join(f"{name} {then}" for name, then, _ in changed),
                after="; ".join(f"{name} {now}" for name, _, now in changed),
                why=new.entry.why,
                approved=_approved(new, zone),
            )


def _mappings(history: History, catalog: Catalog, zone: ZoneInfo) -> Iterator[DefinitionChange]:
    for name in sorted({row.entry.name for row in history.definitions if row.entry.kind == MAPPING}):
        for number, (_, new) in enumerate(pairwise(history.contents(MAPPING, name, approved=False)), 1):
            yield DefinitionChange(
                kpi="",
                title=say("definition.mapping", name=_title(name, catalog)),
                kind="definition",
                effective_from=new.proposed_at.astimezone(zone).date(),
                before=say("definition.version", version=number),
                after=say("definition.version", version=number + 1),
                why=new.entry.why,
                approved=_approved(new, zone),
            )


def _never_proposed(history: History, catalog: Catalog, read_on: date) -> Iterator[DefinitionChange]:
    for entry in mapping_entries(catalog):
        rows = history.contents(MAPPING, entry.name, approved=False)
        if rows and rows[-1].entry.fingerprint != entry.fingerprint:
            yield DefinitionChange(
                kpi="",
                title=say("definition.mapping", name=_title(entry.name, catalog)),
                kind="definition",
                effective_from=read_on,
                before=say("definition.version", version=len(rows)),
                after=say("definition.never_proposed"),
                why="",
            )


def _title(name: str, catalog: Catalog) -> str:
    """Return source and table as the pack calls them; of those that the catalog has no more, their names."""
    source, _, table = name.partition(".")
    declared, made = catalog.sources.get(source), catalog.tables.get(table)
    words = (
        declared.told("title", spoken().code) if declared else "",
        made.told("title", spoken().code) if made else "",
    )
    return ", ".join(word for word in words if word) or name


def _approved(row: RegisteredDefinition, zone: ZoneInfo) -> str:
    days = ((who, figures.day(at.astimezone(zone).date())) for who, at in row.approvals)
    return figures.listed(tuple(dict.fromkeys(say("definition.approved_by", who=who, day=day) for who, day in days)))
