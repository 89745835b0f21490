"""Rows in quarantine: shown, readmitted or rejected by a person, and settled by what the source says next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qmsreports.errors import Finding, UserError, did_you_mean
from qmsreports.lake import quoted
from qmsreports.records import Audit, Readmitted, StagedTable
from qmsreports.settings import Settings
from qmsreports.stages.late_links import rows_with_found_links
from qmsreports.stages.meeting import enter, person, usage, words
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.register.models import Quarantine, Validation


# --- on the way to the canonical tables ------------------------------------------------------------------------------
def with_readmitted(
    workspace: Workspace, source: str, table: str, staged: StagedTable | None, *, run_id: str
) -> StagedTable | None:
    """Return the batch of a table with the rows that wait to enter on a person's word, those that are to leave on one,
    and those that led nowhere and lead to a row now; ``None`` where nothing waits.
    """
    from qmsreports import conform as conforming
    from qmsreports.register import quarantine

    with workspace.register.read() as session:
        rows = [dict(entry.row) for entry in quarantine.entries(session, source, table, states=("readmitted",))]
        rejected = quarantine.taken_back(session, source, table)
        rows += [dict(entry.row) for entry in _published(workspace, source, table, rejected)]
    rows += rows_with_found_links(workspace, source, table)
    return conforming.readmit(
        staged, rows, workspace.catalog.tables[table], source=source, staging=workspace.staging / run_id
    )


def _published(workspace: Workspace, source: str, table: str, entries: Sequence[Quarantine]) -> Sequence[Quarantine]:
    """Return those of the entries whose row is published in the very version that they keep."""
    declared = workspace.catalog.tables.get(table)
    if not entries or declared is None or not workspace.lake.exists(table):
        return ()
    with workspace.lake.connect([declared]) as connection:
        found = connection.execute(
            f"SELECT _row FROM {quoted(table)} WHERE _source = ? AND _row IN (SELECT unnest(?))",
            [source, [str(entry.row.get("_row")) for entry in entries]],
        ).fetchall()
    there = {content for (content,) in found}
    return [entry for entry in entries if entry.row.get("_row") in there]


def readmitted_rows(workspace: Workspace, staged: StagedTable) -> tuple[Readmitted, ...]:
    """Return what people let into this table although it breaks rules."""
    from qmsreports.register import quarantine

    with workspace.register.read() as session:
        return quarantine.readmitted(session, staged.source, staged.table)


def settle_quarantine(
    session: Session, workspace: Workspace, staged: StagedTable, audit: Audit, *, run_id: str, at: datetime
) -> None:
    """Settle the entries of a table that was published: rows that passed, came anew or are gone at the source."""
    from qmsreports import conform as conforming
    from qmsreports.register import quarantine

    waiting = quarantine.keys(quarantine.entries(session, staged.source, staged.table, states=quarantine.UNSETTLED))
    table = workspace.catalog.tables[staged.table]
    passed = conforming.keys_present(audit.path, table, waiting)
    gone = conforming.keys_present(staged.deleted_keys, table, waiting) if staged.deleted_keys else frozenset()
    quarantine.settle(session, audit, passed=passed, gone=gone, complete=staged.complete, run_id=run_id, at=at)


# --- decided by a person ---------------------------------------------------------------------------------------------
def list_quarantined(
    source: str = "", table: str = "", *, states: Collection[str] = ("open",), settings: Settings | None = None
) -> Sequence[Quarantine]:
    """Return the entries of a source and a table, oldest first, in any of these states; of all where none is named.

    :class:`UserError` for a name that neither the catalog nor any entry knows: an empty list would read as "all well".
    """
    from qmsreports.register import quarantine

    with Workspace(settings) as workspace, workspace.register.read() as session:
        known = {"source": workspace.catalog.sources, "canonical table": workspace.catalog.tables}
        found = quarantine.entries(session, source, table, states=states)
        for what, name in (("source", source), ("canonical table", table)):
            if name and name not in known[what] and not (found or _has_entries(session, what, name)):
                raise usage(f'there is no {what} "{name}"', did_you_mean(name, known[what]))
        return found


def _has_entries(session: Session, what: str, name: str) -> bool:
    """Whether rows of a source or table that is declared no more were kept out once."""
    from qmsreports.register import quarantine

    return bool(quarantine.entries(session, name) if what == "source" else quarantine.entries(session, table=name))


def show_quarantined(number: int, *, at: datetime, settings: Settings | None = None) -> dict[str, Any]:
    """Return an entry with its row, what its rule is for, and everything that happened to it."""
    with Workspace(settings) as workspace, workspace.register.read() as session:
        return _shown(session, _entry(session, number), at)


def readmit(number: int, *, by: str, why: str, at: datetime, settings: Settings | None = None) -> dict[str, Any]:
    """Let a row in at the next ingest although it breaks rules; said again by anybody, nothing is added.

    It holds for the row as it is: a later version is judged anew. A rejected row may be readmitted, too.
    :class:`UserError` for a row that no word can let in: one that the mapping could not read, one without a key, one
    whose key another row has, one that is gone or replaced at the source.
    """
    return _decide(number, "readmitted", by=by, why=why, at=at, settings=settings)


def reject(number: int, *, by: str, why: str, at: datetime, settings: Settings | None = None) -> dict[str, Any]:
    """Close an entry: the row stays out, however often it comes again unchanged, until a person readmits it.

    A row that was readmitted stays out after all; one that is in by such a word leaves at the next ingest.
    :class:`UserError` where the source changed it since: that version was judged by the rules.
    """
    return _decide(number, "rejected", by=by, why=why, at=at, settings=settings)


_FROM: Mapping[str, tuple[str, ...]] = {
    "readmitted": ("open", "rejected"),
    "rejected": ("open", "readmitted", "entered"),
}
"""States in which a person may decide so, or otherwise than before."""
_DONE: Mapping[str, tuple[str, ...]] = {"readmitted": ("readmitted", "entered"), "rejected": ("rejected",)}


def _decide(number: int, event: str, *, by: str, why: str, at: datetime, settings: Settings | None) -> dict[str, Any]:
    from qmsreports.register import quarantine

    who, reason = person(by), words(why, "why")
    with Workspace(settings) as workspace, workspace.register.write() as session:
        entry = _entry(session, number)
        if entry.status in _DONE[event]:
            return {**_shown(session, entry, at), "recorded": False}
        if entry.status not in _FROM[event]:
            what = f"is {entry.status} since {entry.settled_at:%Y-%m-%d} by {entry.settled_by}: {entry.settled_why}"
            raise UserError(Finding(f"quarantine {number}", what, "only a row that is out can be decided on"))
        if entry.status == "entered" and not _published(workspace, entry.source, entry.table_name, [entry]):
            what = "the row is not published as it was let in: the source changed it or has it no more"
            raise UserError(Finding(f"quarantine {number}", what, "mend it at the source"))
        later = quarantine.later_entry(session, entry)
        if entry.status != "open" and later is not None:
            what = f"a later version of the row was kept out, too, as {later}"
            raise UserError(Finding(f"quarantine {number}", what, "decide on that one"))
        if event == "readmitted":
            _refuse_unfit(workspace, entry)
        quarantine.turn(session, entry, event, who=who, why=reason, at=at)
        detail = {"table": entry.table_name, "key": entry.row_key, "rule": entry.rule, "why": reason}
        enter(session, who, f"{event} row", f"quarantine {number}", detail, at)
        session.flush()
        return {**_shown(session, entry, at), "recorded": True}


def _refuse_unfit(workspace: Workspace, entry: Quarantine) -> None:
    from qmsreports.validate import load_suite
    from qmsreports.validate.quarantine import MAPPING

    where = f"quarantine {entry.id}"
    if entry.rule == MAPPING:
        todo = "mend the row at the source, or the mapping; it then enters by itself"
        raise UserError(Finding(where, "the mapping could not read this row, so there is nothing to publish", todo))
    if not entry.row_key:
        raise UserError(Finding(where, "the row has no key and could never be found again", "mend it at the source"))
    table = workspace.catalog.tables.get(entry.table_name)
    if table is None:
        raise UserError(Finding(where, f"there is no table {entry.table_name} any more", "reject the row"))
    suite = load_suite(workspace.settings.expectations / f"{table.table}.json", table)
    for rule in suite.rules:
        if (
            entry.rule in (rule.identity, rule.label)
            and rule.kind.scope == "unique"
            and set(rule.columns) <= set(table.key)
        ):
            todo = "mend it at the source: a table has one row for each key"
            raise UserError(Finding(where, f"another row has the key {entry.row_key}", todo))


def _entry(session: Session, number: int) -> Quarantine:
    from qmsreports.register.models import Quarantine

    entry = session.get(Quarantine, number)
    if entry is None:
        raise usage(f"there is no row {number} in quarantine", "see: qmsreports quality quarantine list --all")
    return entry


def _rule_of(session: Session, entry: Quarantine) -> Validation | None:
    """Return the newest outcome of the rule that keeps a row out.

    A row kept by an earlier version names its rule without columns; where rules of several columns have that name, none
    of them is claimed to be it.
    """
    from sqlalchemy import select

    from qmsreports.register.models import Validation

    query = select(Validation).where(
        Validation.source == entry.source,
        Validation.table_name == entry.table_name,
        Validation.on_failure == "quarantine",
    )
    newest = query.order_by(Validation.id.desc()).limit(1)
    label, _, columns = entry.rule.rpartition(" on ")
    if label:
        found = session.scalars(newest.where(Validation.rule == label, Validation.column_name == columns)).first()
        if found is not None:
            return found
    named = newest.where(Validation.rule == entry.rule)
    found = session.scalars(named).first()
    if found is None or session.scalars(named.where(Validation.column_name != found.column_name)).first() is not None:
        return None
    return found


def _iso(moment: datetime) -> str:
    """Return an instant in UTC with its offset, whichever database it came from."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def _shown(session: Session, entry: Quarantine, at: datetime) -> dict[str, Any]:
    from qmsreports.register import quarantine

    rule = _rule_of(session, entry)
    ended = entry.settled_at or at
    return {
        "id": entry.id,
        "source": entry.source,
        "table": entry.table_name,
        "key": entry.row_key,
        "status": entry.status,
        "reason": entry.reason,
        "rule": entry.rule,
        "why": rule.why if rule else "",
        "owner": rule.owner if rule else "",
        "load": entry.load_id,
        "run": entry.run_id,
        "first_seen": _iso(entry.first_seen),
        "days": max((ended - entry.first_seen).days, 0),
        "row": dict(entry.row),
        "events": [
            {"event": one.event, "who": one.who, "why": one.why, "run": one.run_id, "at": _iso(one.at)}
            for one in quarantine.events(session, entry.id)
        ],
    }
