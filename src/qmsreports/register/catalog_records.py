"""Definitions as they were proposed, and who approved them: both only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from qmsreports.errors import CouldNotRun
from qmsreports.records import DefinitionEntry, RegisteredDefinition
from qmsreports.register import journal
from qmsreports.register.models import Approval, CatalogVersion
from qmsreports.register.store import Register
from qmsreports.register.untouched import changed_rows


class CatalogRecords:
    """The register's side of the life of a definition; each call is one transaction with its line in the audit log."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def definitions(self, kind: str = "") -> tuple[RegisteredDefinition, ...]:
        """Return everything that was ever proposed, or of one kind, oldest first.

        :class:`CouldNotRun` where a definition or an approval is not as it was recorded: nothing is explained, approved
        or measured by what somebody wrote into the database.
        """
        rows = select(CatalogVersion).order_by(CatalogVersion.id)
        with self._register.read() as session:
            touched = list(changed_rows(session, (CatalogVersion.__tablename__, Approval.__tablename__)))
            if touched:
                raise CouldNotRun(*touched)
            approvals: dict[int, list[tuple[str, datetime]]] = {}
            for approval in session.scalars(select(Approval).order_by(Approval.id)):
                approvals.setdefault(approval.catalog_version_id, []).append(
                    (approval.approved_by, approval.approved_at)
                )
            return tuple(
                RegisteredDefinition(
                    id=row.id,
                    entry=_entry(row),
                    proposed_by=row.proposed_by,
                    proposed_at=row.proposed_at,
                    approvals=tuple(approvals.get(row.id, ())),
                )
                for row in session.scalars(rows.where(CatalogVersion.kind == kind) if kind else rows)
            )

    def propose(self, entries: Sequence[DefinitionEntry], *, by: str, at: datetime) -> None:
        """Add definitions; one whose newest row is the same, wording included, is left as it is.

        What an earlier row said may be said again: going back is a proposal like any other.
        """
        with self._register.write() as session:
            for entry in entries:
                newest = select(CatalogVersion).where(
                    CatalogVersion.kind == entry.kind, CatalogVersion.name == entry.name
                )
                if entry.kind == "kpi":
                    newest = newest.where(CatalogVersion.version == entry.version)
                row = session.scalars(newest.order_by(CatalogVersion.id.desc()).limit(1)).first()
                if row is not None and (row.fingerprint, row.wording) == (entry.fingerprint, entry.wording):
                    continue
                session.add(
                    CatalogVersion(
                        kind=entry.kind,
                        name=entry.name,
                        version=entry.version,
                        effective_from=entry.effective_from,
                        fingerprint=entry.fingerprint,
                        wording=entry.wording,
                        text=entry.text,
                        why=entry.why,
                        proposed_by=by,
                        proposed_at=at,
                    )
                )
                detail = {"fingerprint": entry.fingerprint, "wording": entry.wording, "why": entry.why}
                journal.record(session, who=by, action="propose", subject=_subject(entry), detail=detail, at=at)

    def approve(self, definitions: Sequence[RegisteredDefinition], *, by: str, at: datetime, note: str = "") -> None:
        """Add one person's approval of each of these definitions; whether they may is decided before."""
        with self._register.write() as session:
            for definition in definitions:
                session.add(
                    Approval(catalog_version_id=definition.id, approved_by=by, approved_at=at, note=note),
                )
                detail = {"fingerprint": definition.entry.fingerprint, "note": note}
                subject = _subject(definition.entry)
                journal.record(session, who=by, action="approve", subject=subject, detail=detail, at=at)


def _entry(row: CatalogVersion) -> DefinitionEntry:
    return DefinitionEntry(
        kind=row.kind,
        name=row.name,
        version=row.version,
        effective_from=row.effective_from,
        fingerprint=row.fingerprint,
        wording=row.wording,
        text=row.text,
        why=row.why,
    )


def _subject(entry: DefinitionEntry) -> str:
    return f"{entry.kind} {entry.name} version {entry.version}"
