"""Runs and the hash-chained audit log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from qmsreports.errors import Finding
from qmsreports.register.models import JournalEntry, Run

_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Head:
    """How far the audit log went at some time: its number of entries and the hash of the newest; of none, zeros."""

    entries: int
    hash: str

    def as_dict(self) -> dict[str, Any]:
        """Return it for a manifest."""
        return asdict(self)


def record(
    session: Session, *, who: str, action: str, subject: str, detail: Mapping[str, Any], at: datetime
) -> JournalEntry:
    """Append an entry to the audit log, chained to the one before it.

    On PostgreSQL an advisory lock serialises writers for the transaction; on SQLite the write transaction does.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7190011)"))
    session.flush()
    previous = session.scalar(select(JournalEntry.hash).order_by(JournalEntry.id.desc()).limit(1)) or _FIRST
    entry = JournalEntry(at=at, who=who, action=action, subject=subject, detail=dict(detail), previous=previous)
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()
    return entry


def verify(session: Session) -> list[Finding]:
    """Recompute the whole chain; one finding per entry that was edited or that follows a missing one."""
    findings: list[Finding] = []
    expected = _FIRST
    for entry in session.scalars(select(JournalEntry).order_by(JournalEntry.id)):
        where = f"journal entry {entry.id}"
        if entry.previous != expected:
            findings.append(Finding(where, "does not follow the entry before it", "an entry was removed or reordered"))
        if entry.hash != _hash(entry):
            findings.append(Finding(where, "was changed after it was written", "compare with a backup"))
        expected = entry.hash
    return findings


def head(session: Session) -> Head:
    """Return how far the audit log goes now. Kept elsewhere, it shows whether an end was cut off later."""
    count = session.scalar(select(func.count()).select_from(JournalEntry)) or 0
    newest = session.scalar(select(JournalEntry.hash).order_by(JournalEntry.id.desc()).limit(1))
    return Head(count, newest or _FIRST)


def against(session: Session, sealed: Mapping[Head, str]) -> list[Finding]:
    """Compare the audit log with how far it went when packs were sealed; ``sealed`` says of each head which pack.

    An end that was cut off breaks no chain. But a log that is shorter than a pack knows it, or does not hold its newest
    entry of then, is not the log that was written.
    """
    findings, now = [], head(session).entries
    for known, pack in sealed.items():
        if not known.entries:
            continue
        entry = session.scalar(select(JournalEntry.id).where(JournalEntry.hash == known.hash))
        if entry is not None and _position(session, entry) == known.entries:
            continue
        what = f"had {known.entries} entries when pack {pack} was sealed, the newest {known.hash[:12]}…; "
        cut = f"it has {now}" if now < known.entries else ""
        what += cut or ("that entry is not there" if entry is None else "some are gone")
        findings.append(Finding("journal", what, "an end was cut off or the register replaced: compare with a backup"))
    return findings


def _position(session: Session, entry: int) -> int:
    return session.scalar(select(func.count()).select_from(JournalEntry).where(JournalEntry.id <= entry)) or 0


def start_run(session: Session, *, run_id: str, kind: str, period: str, at: datetime) -> None:
    """Open a run, or take it up again after a retry with the same id."""
    run = session.get(Run, run_id)
    if run is None:
        session.add(Run(run_id=run_id, kind=kind, period=period, started_at=at, finished_at=None, status="running"))
    else:
        run.status, run.finished_at, run.message = "running", None, ""


def finish_run(session: Session, *, run_id: str, status: str, message: str, at: datetime) -> None:
    """Close a run. ``status``: done | findings | failed."""
    run = session.get(Run, run_id)
    if run is not None:
        run.status, run.message, run.finished_at = status, message, at


def note_failure(session: Session, *, run_id: str, message: str) -> None:
    """Keep why a step of a run that is not over failed; where several fail, each reason once.

    A run that had ended is open again: somebody has cleared one of its steps, and its old reasons are settled.
    """
    run = session.get(Run, run_id)
    if run is None:
        return
    if run.finished_at is not None:
        run.status, run.finished_at, run.message = "running", None, ""
    if message not in run.message:  # reasons hold semicolons themselves; what stands there already is said
        run.message = "; ".join(filter(None, (run.message, message)))


def all_runs(session: Session) -> Sequence[Run]:
    """Return every run, in the order in which they were begun."""
    return session.scalars(select(Run).order_by(Run.started_at, Run.run_id)).all()


def _hash(entry: JournalEntry) -> str:
    body = json.dumps(
        {
            "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "who": entry.who,
            "action": entry.action,
            "subject": entry.subject,
            "detail": entry.detail,
        },
        sort_keys=True,
        ensure_ascii=True,
        separators=(",", ":"),
    )
    return hashlib.sha256((entry.previous + body).encode()).hexdigest()
