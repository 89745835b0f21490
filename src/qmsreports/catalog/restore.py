"""Definitions read back from the text under which the register stored them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.document import parse_document
from qmsreports.catalog.fingerprint import definition_of
from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.model import Model
from qmsreports.catalog.target import KpiTargets
from qmsreports.errors import CouldNotRun, Finding, UserError
from qmsreports.records import DefinitionEntry

_Stored = TypeVar("_Stored", bound=Model)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One KPI version as it was approved, with the unit and the calendars it was approved with."""

    kpi: Kpi
    calendars: Mapping[str, Calendar]

    @property
    def version(self) -> KpiVersion:
        """The only version that this KPI holds."""
        return self.kpi.versions[0]


def stored_version(entry: DefinitionEntry) -> StoredVersion:
    """Return a KPI version from its stored text; :class:`CouldNotRun` when this release cannot read it."""
    data = _data(entry)
    try:
        kpi = Kpi.model_validate({**data["kpi"], "versions": [data["version"]]})
        calendars = [Calendar.model_validate(calendar) for calendar in data.get("calendars", ())]
    except (ValidationError, KeyError, TypeError) as error:
        raise _unreadable(entry) from error
    return StoredVersion(kpi, {calendar.calendar: calendar for calendar in calendars})


def stored_targets(entry: DefinitionEntry) -> KpiTargets:
    """Return targets from their stored text; :class:`CouldNotRun` when this release cannot read them."""
    return stored(entry, KpiTargets)


def stored(entry: DefinitionEntry, model: type[_Stored]) -> _Stored:
    """Return a definition of one file from its stored text; :class:`CouldNotRun` when this release cannot read it."""
    try:
        return model.model_validate(_data(entry))
    except ValidationError as error:
        raise _unreadable(entry) from error


def same_definition(stored: DefinitionEntry, entry: DefinitionEntry) -> bool:
    """Tell whether two texts of a KPI version count the same, whatever their calendars say."""
    before, after = stored_version(stored), stored_version(entry)
    return definition_of(before.kpi, before.version) == definition_of(after.kpi, after.version)


def judged_differently(stored: DefinitionEntry, entry: DefinitionEntry) -> tuple[str, ...]:
    """Return in words what two texts of a KPI version say otherwise of how its number is judged, cut and settled.

    These fields change no number and need no approval, see docs/adr/0008; but they are more than wording.
    """
    before, after = stored_version(stored), stored_version(entry)
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("better", before.kpi.better, after.kpi.better),
        ("slices", ", ".join(before.kpi.slices) or "none", ", ".join(after.kpi.slices) or "none"),
        ("combinations", _joined(before.kpi.combinations), _joined(after.kpi.combinations)),
        ("settles_after", f"{before.version.settles_after.days} days", f"{after.version.settles_after.days} days"),
        ("small_sample", before.version.small_sample, after.version.small_sample),
    )
    return tuple(f"{name} is {now}, was {then}" for name, then, now in pairs if then != now)


def _joined(combinations: Sequence[Sequence[str]]) -> str:
    return ", ".join(" and ".join(names) for names in combinations) or "none"


def _data(entry: DefinitionEntry) -> dict[str, Any]:
    try:
        data: dict[str, Any] = parse_document(entry.text, f"register: {entry.kind} {entry.name}").data
    except UserError as error:
        raise _unreadable(entry) from error
    return data


def _unreadable(entry: DefinitionEntry) -> CouldNotRun:
    where = f"register: {entry.kind} {entry.name} version {entry.version}"
    return CouldNotRun(Finding(where, "the approved text cannot be read by this release", "see the changelog"))
