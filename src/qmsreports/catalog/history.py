"""What the register holds of every definition, and what of it counts: content by content, with who approved it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from qmsreports.catalog.fingerprint import word_for_word
from qmsreports.catalog.mapped import KIND as MAPPING
from qmsreports.catalog.organised import KIND as ORGANISATION
from qmsreports.catalog.organised import stored_organisation
from qmsreports.catalog.retirement import KIND as RETIREMENT
from qmsreports.fiscal import FiscalYear
from qmsreports.organisation import Organisation
from qmsreports.persons import known_as
from qmsreports.records import DefinitionEntry, RegisteredDefinition

NEED_APPROVAL = ("kpi", "targets", RETIREMENT, ORGANISATION, MAPPING)
"""Kinds that change a number or a status; the others are recorded. A calendar is approved with the KPIs that use it.
A mapping takes effect at once, approved or not; see docs/adr/0008.
"""


@dataclass(slots=True)
class _Spell:
    """Rows of one definition that follow each other with one fingerprint: one content, from proposal to the next one.

    Whoever proposed the first of them wrote what counts; those of the later ones changed its wording. So many people as
    are ``missing`` must still approve it.
    """

    rows: list[RegisteredDefinition]
    missing: int = 0

    @property
    def author(self) -> str:
        return known_as(self.rows[0].proposed_by)

    @property
    def approved_at(self) -> list[datetime]:
        """When each person but the author approved it first, in the order of time."""
        first: dict[str, datetime] = {}
        for row in self.rows:
            for by, at in row.approvals:
                who = known_as(by)
                if who != self.author:
                    first[who] = min(at, first.get(who, at))
        return sorted(first.values())


class History:
    """What the register holds, looked up by definition.

    An approval holds until another content of the same definition is approved: whoever goes back to an earlier content
    asks for approval again. How many people must approve says the approved organisation, and where none is on record
    ``approvals``, the number that the file names. Another organisation needs the approval that was asked for before it:
    whoever lowers the number from two to one needs two. What had as many as were asked for then stays approved when
    more are asked for later.
    """

    def __init__(self, definitions: Iterable[RegisteredDefinition], approvals: int) -> None:
        self.definitions = tuple(map(word_for_word, definitions))
        self._spells: dict[tuple[str, str, int], list[_Spell]] = {}
        for row in self.definitions:
            spells = self._spells.setdefault(_identity(row.entry), [])
            if spells and spells[-1].rows[-1].entry.fingerprint == row.entry.fingerprint:
                spells[-1].rows.append(row)
            else:
                spells.append(_Spell([row]))
        self._asked: list[tuple[datetime, int]] = []  # from when on, and how many
        self.organisation = self._standing()
        self._needed = approvals if self.organisation is None else self.organisation.approvals
        for (kind, *_), spells in self._spells.items():
            for spell in spells if kind != ORGANISATION else ():
                given = spell.approved_at
                enough = any(number >= self._asked_at(at) for number, at in enumerate(given, 1))
                spell.missing = 0 if enough else max(self._needed - len(given), 0)

    def _standing(self) -> Organisation | None:
        """Return the newest organisation that has the approvals asked for by the one before it, the first by itself."""
        standing: Organisation | None = None
        for spell in self._spells.get((ORGANISATION, ORGANISATION, 0), ()):
            proposed = stored_organisation(spell.rows[-1].entry)
            needed, given = (standing or proposed).approvals, spell.approved_at
            spell.missing = max(needed - len(given), 0)
            if not spell.missing:
                standing = proposed
                self._asked.append((given[needed - 1], proposed.approvals))
        return standing

    @property
    def fiscal_years(self) -> tuple[FiscalYear, ...]:
        """The fiscal years of every organisation on record, the approved ones before others and the newest first.

        What was measured before an organisation was approved was measured by its file, so one that was but proposed
        may be what a period on record is of.
        """
        spells = self._spells.get((ORGANISATION, ORGANISATION, 0), ())
        ordered = sorted(reversed(spells), key=lambda spell: spell.missing > 0)
        found = (stored_organisation(spell.rows[-1].entry).fiscal for spell in ordered)
        return tuple(dict.fromkeys(year for year in found if year is not None))

    def _asked_at(self, at: datetime) -> int:
        """Return how many were asked for at an instant; at the one at which that changed, as many as before."""
        before = [asked for since, asked in self._asked if since < at]
        return before[-1] if before else self._asked[0][1] if self._asked else self._needed

    def of(self, kind: str, name: str, version: int | None = None) -> list[RegisteredDefinition]:
        """Return the rows of one definition, oldest first."""
        return [
            row
            for row in self.definitions
            if row.entry.kind == kind and row.entry.name == name and version in (None, row.entry.version)
        ]

    def missing(self, entry: DefinitionEntry) -> int:
        """Return how many more people must approve this fingerprint; 0 when it counts."""
        if entry.kind not in NEED_APPROVAL:
            return 0
        spell = self._spell(entry)
        return self._needed if spell is None else spell.missing

    def counts(self, entry: DefinitionEntry) -> bool:
        """Tell whether exactly this fingerprint was proposed and approved, and none after it."""
        return self._spell(entry) is not None and not self.missing(entry)

    def newest_approved(self, kind: str, name: str, version: int | None = None) -> RegisteredDefinition | None:
        """Return the newest row that counts."""
        rows = [row for row in self.of(kind, name, version) if self.counts(row.entry)]
        return rows[-1] if rows else None

    def contents(self, kind: str, name: str, *, approved: bool) -> list[RegisteredDefinition]:
        """Return the row of each content of one definition that was proposed first, oldest first, with the approvals
        of all its rows; with ``approved`` only what got as many as were asked for.
        """
        return [
            replace(spell.rows[0], approvals=tuple(each for row in spell.rows for each in row.approvals))
            for spell in self._spells.get((kind, name, 0), ())
            if not (approved and spell.missing)
        ]

    def author(self, row: RegisteredDefinition) -> str:
        """Return who proposed the content of a row, whoever worded it since."""
        spells = self._spells[_identity(row.entry)]
        return next(spell for spell in spells if row in spell.rows).rows[0].proposed_by

    def waiting(self) -> tuple[RegisteredDefinition, ...]:
        """Return the newest row of each definition where it still needs an approval."""
        newest = (spells[-1].rows[-1] for spells in self._spells.values())
        return tuple(row for row in newest if self.missing(row.entry))

    def _spell(self, entry: DefinitionEntry) -> _Spell | None:
        """Return where this content was approved or else proposed, unless another one was approved after it."""
        found: _Spell | None = None
        for spell in reversed(self._spells.get(_identity(entry), [])):
            same = spell.rows[0].entry.fingerprint == entry.fingerprint
            if not spell.missing:
                return spell if same else found
            if same and found is None:
                found = spell
        return found


def _identity(entry: DefinitionEntry) -> tuple[str, str, int]:
    return (entry.kind, entry.name, entry.version if entry.kind == "kpi" else 0)
