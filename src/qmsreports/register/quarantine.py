"""Rows that were kept out: found, decided on by a person, settled by what the source says next.

Every turn of an entry is an event that the database itself refuses to change; the entry holds only where it stands:

    open -> mended | gone | superseded          what the source says
    open -> rejected                            a person says that the row shall stay out
    rejected -> mended | gone -> rejected       a later version passes or the row is gone; the rejected one comes again
    open -> readmitted -> entered               a person says that it shall enter; the next publication lets it in
    rejected -> readmitted, readmitted -> rejected      a person says otherwise
    entered -> rejected                         a person says that it shall leave; the next publication takes it out
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from qmsreports.records import Audit, Readmitted
from qmsreports.register.models import Quarantine, QuarantineEvent

WAITING = ("open", "readmitted")
"""States of entries that are not settled for good."""

UNSETTLED = (*WAITING, "rejected")
"""States of entries that a later version of the row still changes: it may pass although this one was rejected."""


def open_quarantine(session: Session, source: str = "", table: str = "") -> Sequence[Quarantine]:
    """Rows in quarantine that nobody has settled, oldest first."""
    return entries(session, source, table, states=("open",))


def entries(
    session: Session, source: str = "", table: str = "", *, states: Collection[str] = ()
) -> Sequence[Quarantine]:
    """Return entries in any of these states (all when none is named), oldest first."""
    query = select(Quarantine)
    if states:
        query = query.where(Quarantine.status.in_(sorted(states)))
    if source:
        query = query.where(Quarantine.source == source)
    if table:
        query = query.where(Quarantine.table_name == table)
    return session.scalars(query.order_by(Quarantine.first_seen, Quarantine.id)).all()


def later_entry(session: Session, entry: Quarantine) -> int | None:
    """Return the number of an entry that a later version of the same row has, ``None`` where there is none."""
    same = (Quarantine.source == entry.source, Quarantine.table_name == entry.table_name)
    query = select(Quarantine.id).where(*same, Quarantine.row_key == entry.row_key, Quarantine.id > entry.id)
    return session.scalar(query.order_by(Quarantine.id.desc()).limit(1)) if entry.row_key else None


def events(session: Session, entry: int) -> Sequence[QuarantineEvent]:
    """Return what happened to an entry, oldest first."""
    query = select(QuarantineEvent).where(QuarantineEvent.quarantine_id == entry)
    return session.scalars(query.order_by(QuarantineEvent.id)).all()


def turn(
    session: Session, entry: Quarantine, event: str, *, who: str, why: str, at: datetime, run_id: str = ""
) -> None:
    """Record what happens to an entry, and let it stand there."""
    session.add(QuarantineEvent(quarantine_id=entry.id, event=event, who=who, why=why, run_id=run_id, at=at))
    entry.status = event
    if event != "entered":  # who let it in and why stays with the entry
        entry.settled_at, entry.settled_by, entry.settled_why = at, who, why


def readmitted(session: Session, source: str, table: str) -> tuple[Readmitted, ...]:
    """Return the rows that a person lets in although they break rules, also those that are in: they stay so however
    often the same row is conformed again.
    """
    return tuple(
        Readmitted(row.row_key, str(row.row.get("_row") or ""), row.reason)
        for row in entries(session, source, table, states=("readmitted", "entered"))
    )


def taken_back(session: Session, source: str, table: str) -> Sequence[Quarantine]:
    """Return the entries of rows that were in on a person's word and shall not be any more."""
    entered = select(QuarantineEvent.quarantine_id).where(QuarantineEvent.event == "entered")
    query = select(Quarantine).where(Quarantine.source == source, Quarantine.table_name == table)
    query = query.where(Quarantine.status == "rejected", Quarantine.id.in_(entered))
    return session.scalars(query.order_by(Quarantine.id)).all()


def keep(session: Session, audit: Audit, *, run_id: str, at: datetime) -> None:
    """Store the rows that an audit kept out; one that waits already keeps its age, a rejected one stays rejected, also
    where another version had passed meanwhile.

    Rows kept by an earlier version are held under the name of their rule without its columns; they are found so, too.
    """
    if not audit.quarantined:
        return
    known: dict[tuple[str, str], list[Quarantine]] = {}
    rejected: dict[tuple[str, str, str], Quarantine] = {}
    once = set(session.scalars(select(QuarantineEvent.quarantine_id).where(QuarantineEvent.event == "rejected")))
    for entry in entries(session, audit.source, audit.table, states=("open", "rejected", "mended", "gone")):
        if entry.status == "open":
            known.setdefault((entry.row_key, entry.rule), []).append(entry)
        elif entry.id in once:
            rejected[entry.row_key, entry.rule, _content(entry.row)] = entry
    for row in audit.quarantined:
        same = known.get((row.key, row.rule)) or known.get((row.key, _without_columns(row.rule)))
        if same:  # the same row fails again: its age counts from the first time
            before = same.pop(0)
            before.row, before.reason, before.load_id = dict(row.row), row.reason, row.load_id
            before.rule = row.rule
            continue
        content = _content(row.row)
        out = rejected.get((row.key, row.rule, content)) or rejected.get((row.key, _without_columns(row.rule), content))
        if out is not None:
            if out.status != "rejected":
                turn(session, out, "rejected", who="source", why=_CAME_AGAIN, at=at, run_id=run_id)
            continue
        session.add(
            Quarantine(
                run_id=run_id,
                source=row.source,
                table_name=row.table,
                row_key=row.key,
                row=dict(row.row),
                rule=row.rule,
                reason=row.reason,
                load_id=row.load_id,
                status="open",
                first_seen=at,
                settled_at=None,
            )
        )


def settle(
    session: Session,
    audit: Audit,
    *,
    passed: Collection[str],
    gone: Collection[str] = (),
    complete: bool = False,
    run_id: str = "",
    at: datetime,
) -> int:
    """Settle the entries of a published table by what the source said; returns how many.

    ``passed`` and ``gone`` are keys that were published now and that vanished at the source; ``complete`` says that
    the source delivered all it has, so what was neither published nor kept out again is gone as well.
    """
    refused = {row.key for row in audit.quarantined}
    current = {(row.key, row.rule) for row in audit.quarantined}
    settled = 0
    for entry in entries(session, audit.source, audit.table, states=UNSETTLED):
        if entry.status == "rejected":
            key = entry.row_key
            found = "mended" if key in passed else "gone" if complete or key in gone else ""
            if key and key not in refused and found:
                turn(session, entry, found, who="source", why=_WHY[found], at=at, run_id=run_id)
                settled += 1
            continue
        if entry.status == "open" and (entry.row_key, entry.rule) in current:
            continue
        event = _outcome(entry, passed, refused, gone, complete=complete)
        if event:
            who, why = ("qmsreports" if event == "entered" else "source"), _WHY[event]
            turn(session, entry, event, who=who, why=why, at=at, run_id=run_id)
            settled += 1
    return settled


def _outcome(
    entry: Quarantine, passed: Collection[str], refused: Collection[str], gone: Collection[str], *, complete: bool
) -> str:
    key = entry.row_key
    if key and key in refused:  # "another row has this key" does not mend itself
        return "superseded"
    if key and key in passed:
        return "entered" if entry.status == "readmitted" else "mended"
    return "gone" if complete or (key and key in gone) else ""


_WHY: Mapping[str, str] = {
    "mended": "a later version of the row passed",
    "entered": "published on the word of the person who readmitted it",
    "superseded": "a later version of the row was kept out and stands for itself",
    "gone": "the row is gone at the source",
}


_CAME_AGAIN = "the version that a person rejected came again"


def _without_columns(rule: str) -> str:
    return rule.rpartition(" on ")[0] or rule


def _content(row: Mapping[str, Any]) -> str:
    return repr(sorted((name, value) for name, value in row.items() if not name.startswith("_")))


def keys(rows: Iterable[Quarantine]) -> set[str]:
    """Return the keys of entries that have one."""
    return {row.row_key for row in rows if row.row_key}
