"""Runs and the hash-chained audit log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from qmsreports.errors import Finding
from qmsreports.register.models import JournalEntry, Run

_FIRST = "0" * 64


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
