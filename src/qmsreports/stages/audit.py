"""The audit log against itself, against what packs know of it, and the rows of the register against the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qmsreports.errors import Finding
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.register.journal import Head


@dataclass(frozen=True, slots=True)
class AuditReport:
    """How many entries the audit log has, the hash of the newest, and what does not hold."""

    entries: int
    newest: str
    findings: tuple[Finding, ...]


def verify_journal(*, settings: Settings | None = None) -> AuditReport:
    """Recompute the chain of the audit log, compare every row of the register with its digest there, and look whether
    the log still holds what packs knew of it when they were sealed.

    The manifests are read in the register and where the packs lie: a register that was set back as a whole, with its
    packs, does not match the folders.
    """
    from qmsreports.register import journal, untouched

    with Workspace(settings) as workspace, workspace.register.read() as session:
        sealed = heads_of(_manifests(workspace, session))
        now = journal.head(session)
        findings = [
            *journal.verify(session),
            *untouched.compare(session),
            *journal.against(session, sealed),
            *_without_entry(session),
        ]
    return AuditReport(now.entries, now.hash, tuple(findings))


def _without_entry(session: Session) -> Iterator[Finding]:
    """Yield the approvals and deliveries that the register has and the audit log has not; both are written at once."""
    from sqlalchemy import select

    from qmsreports.register import packs
    from qmsreports.register.models import Delivery, JournalEntry

    acts = select(JournalEntry).where(JournalEntry.action.in_(("approve pack", "deliver pack")))
    known = {(row.action, row.subject, row.detail.get("to", "")) for row in session.scalars(acts)}
    names = {row.id: f"{row.review} {row.period} edition {row.edition}" for row in packs.all_packs(session)}
    wanted = [("approve pack", names[row.id], "") for row in packs.all_packs(session) if row.status == "approved"]
    wanted += [
        ("deliver pack", names[row.pack_id], row.recipient)
        for row in session.scalars(select(Delivery).order_by(Delivery.id))
    ]
    for action, subject, to in wanted:
        if (action, subject, to) not in known:
            what = f'has no entry "{action} {subject}{" to " if to else ""}{to}", which the register has'
            yield Finding("journal", what, "an entry was removed: compare with a backup")


def heads_of(manifests: Iterable[Mapping[str, Any]]) -> dict[Head, str]:
    """Return how far the audit log went by these manifests, each head once with a pack that knows it."""
    from qmsreports.register.journal import Head

    found: dict[Head, str] = {}
    for manifest in manifests:
        said = manifest.get("journal") or {}
        if {"entries", "hash"} <= said.keys():
            found.setdefault(Head(int(said["entries"]), str(said["hash"])), str(manifest.get("pack", "")))
    return found


def _manifests(workspace: Workspace, session: Session) -> Iterator[Mapping[str, Any]]:
    from qmsreports.pack.store import read_manifest
    from qmsreports.register import packs

    for row in packs.all_packs(session):
        yield row.manifest
        yield packs.files_that_count(row)[2]
    if workspace.packs.is_dir():
        yield from (read_manifest(folder) for folder in sorted(workspace.packs.iterdir()) if folder.is_dir())
