"""Loads, conformed loads, audits and the quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from qmsreports.errors import Finding
from qmsreports.records import JUDGED_LATE, UNJUDGED, Audit, LandResult, Published, RuleResult, StagedTable
from qmsreports.register import quarantine
from qmsreports.register.models import ConformedLoad, FeedRecord, Load, Notice, Run, Validation


def record_loads(session: Session, result: LandResult, *, run_id: str, at: datetime) -> None:
    """Store the loads of one visit to a source; a load already known (a retry) is left as it is."""
    for table in result.tables:
        if not table.load_id:
            continue
        known = session.scalar(
            select(Load.id).where(
                Load.source == table.source, Load.table_name == table.table, Load.load_id == table.load_id
            )
        )
        if known is None:
            session.add(
                Load(
                    run_id=run_id,
                    source=table.source,
                    table_name=table.table,
                    load_id=table.load_id,
                    rows=table.rows,
                    at=at,
                )
            )


def newest_load(session: Session, source: str) -> float:
    """Return the number of the newest load that is recorded for a source, 0 where none is."""
    known = select(Load.load_id).where(Load.source == source).distinct()
    return max((float(load) for load in session.scalars(known)), default=0)


def record_notices(
    session: Session, findings: Iterable[Finding], *, run_id: str, stage: str, at: datetime, source: str = ""
) -> None:
    """Store warnings of a run; the same sentence of the same run (a retry) is stored once."""
    known = set(session.scalars(select(Notice.text).where(Notice.run_id == run_id, Notice.stage == stage)))
    for text in dict.fromkeys(str(finding) for finding in findings):
        if text not in known:
            session.add(Notice(run_id=run_id, stage=stage, source=source, text=text, at=at))


def notices(session: Session, run_id: str) -> Sequence[str]:
    """Return the sentences of one run, in the order in which they came up."""
    return session.scalars(select(Notice.text).where(Notice.run_id == run_id).order_by(Notice.id)).all()


def touched_by_version(session: Session, table: str, *, after: int, until: int) -> dict[int, dict[str, list[str]]]:
    """Return the touched months of each version ``(after, until]`` that a publication is known to have made."""
    query = select(FeedRecord).where(
        FeedRecord.table_name == table,
        FeedRecord.status == "published",
        FeedRecord.lake_version > after,
        FeedRecord.lake_version <= until,
        FeedRecord.inserted + FeedRecord.updated + FeedRecord.deleted > 0,
    )
    return {row.lake_version: dict(row.touched) for row in session.scalars(query) if row.lake_version is not None}


def done_loads(session: Session, source: str, table: str) -> frozenset[str]:
    """Return the loads that have reached this canonical table, by the mapping that it was published with last.

    What was conformed by an earlier mapping is not what the table holds, also where that mapping is put back.
    """
    recorded, newest = _recorded(session, source, table), newest_inputs(session, source, table)
    if not newest:  # a landed table, which is audited and not published
        return recorded
    marks = set(map(_mark, newest))
    return frozenset(load_id for load_id in recorded if _mark(load_id) in marks)


def _recorded(session: Session, source: str, table: str) -> frozenset[str]:
    query = select(ConformedLoad.load_id).where(ConformedLoad.source == source, ConformedLoad.table_name == table)
    return frozenset(session.scalars(query))


def _mark(load_id: str) -> str:
    """Return the fingerprint of the mapping that stands in the id of a load."""
    return load_id.partition("@")[2]


def newest_inputs(session: Session, source: str, table: str) -> frozenset[str]:
    """Return what a table was made of when it was published last; rows that a person let in are no input."""
    query = select(FeedRecord.load_ids).where(
        FeedRecord.source == source, FeedRecord.table_name == table, FeedRecord.status == "published"
    )
    published = session.scalars(query.order_by(FeedRecord.id.desc()))
    return next((frozenset(load_ids) for load_ids in published if load_ids), frozenset())


def publishers(session: Session) -> list[tuple[str, str]]:
    """Return every source and canonical table of which something was published once."""
    query = select(FeedRecord.source, FeedRecord.table_name).where(FeedRecord.status == "published").distinct()
    return sorted((source, table) for source, table in session.execute(query))


def published_versions(session: Session, tables: Iterable[str]) -> dict[str, tuple[int, datetime]]:
    """Return by canonical table the lake version of its newest publication and when that was."""
    newest = select(func.max(FeedRecord.id)).where(
        FeedRecord.table_name.in_(list(tables)), FeedRecord.lake_version.is_not(None)
    )
    query = select(FeedRecord).where(FeedRecord.id.in_(newest.group_by(FeedRecord.table_name)))
    return {
        row.table_name: (row.lake_version, row.at) for row in session.scalars(query) if row.lake_version is not None
    }


def record_rules(
    session: Session, rules: Iterable[RuleResult], *, run_id: str, at: datetime, source: str, table: str
) -> None:
    """Store the outcome of rules on one table in one run."""
    for rule in rules:
        session.add(
            Validation(
                run_id=run_id,
                source=source,
                table_name=table,
                rule=rule.rule,
                column_name=rule.column,
                severity=rule.severity,
                on_failure=rule.on_failure,
                why=rule.why,
                owner=rule.owner,
                success=rule.success,
                broken=rule.broken,
                rows_checked=rule.rows_checked,
                rows_failed=rule.rows_failed,
                sample=list(rule.sample),
                at=at,
            )
        )


def unjudged_links(session: Session, source: str, table: str) -> set[tuple[str, str]]:
    """Return the rules (name, columns) that looked into a table without rows when rows were published, and not since.

    They are judged when the same rule is said to be judged late, or when the loads of then are published once more.
    """
    query = select(Validation).where(Validation.source == source, Validation.table_name == table)
    query = query.where(Validation.rows_checked == 0, Validation.success.is_(True)).order_by(Validation.id)
    found = {(row.rule, row.column_name): row for row in session.scalars(query) if _begins(row, UNJUDGED)}
    if not found:
        return set()
    published = list(
        session.scalars(
            select(FeedRecord)
            .where(FeedRecord.source == source, FeedRecord.table_name == table, FeedRecord.status == "published")
            .order_by(FeedRecord.id)
        )
    )
    due = set()
    for (rule, columns), row in found.items():
        own = next((record for record in published if record.run_id == row.run_id), None)
        since = [record for record in published if own is not None and record.id > own.id]
        later = select(Validation).where(Validation.source == source, Validation.table_name == table)
        later = later.where(Validation.rule == rule, Validation.column_name == columns, Validation.id > row.id)
        if (
            own is not None
            and not any(set(own.load_ids) <= set(record.load_ids) for record in since)
            and not any(_begins(one, JUDGED_LATE) for one in session.scalars(later))
        ):
            due.add((rule, columns))
    return due


def _begins(row: Validation, said: str) -> bool:
    return bool(row.sample) and row.sample[0].startswith(said)


def rows_of_loads(session: Session, source: str, load_ids: Iterable[str]) -> int:
    """Return how many rows these loads (``<landed table>/<load>@<mark>``) brought of their landed tables."""
    named = [load.partition("@")[0].rpartition("/") for load in load_ids]
    return sum(
        session.scalar(
            select(func.coalesce(func.sum(Load.rows), 0)).where(
                Load.source == source, Load.table_name == table, Load.load_id == load
            )
        )
        or 0
        for table, _, load in named
    )


def record_landed(session: Session, staged: StagedTable, audit: Audit, *, run_id: str, at: datetime) -> None:
    """Store the audit of a feed as landed and, where it passed, that its loads need not be audited again."""
    record_rules(session, audit.rules, run_id=run_id, at=at, source=audit.source, table=audit.table)
    if audit.status == "passed":
        _done(session, staged)


def _done(session: Session, staged: StagedTable) -> None:
    known = _recorded(session, staged.source, staged.table)
    session.add_all(
        ConformedLoad(source=staged.source, table_name=staged.table, load_id=load_id)
        for load_id in staged.load_ids
        if load_id not in known
    )


def record_outcome(
    session: Session,
    *,
    run_id: str,
    at: datetime,
    staged: StagedTable,
    audit: Audit,
    published: Published | None,
) -> FeedRecord:
    """Store audit, quarantine, reconciliation and, when published, the loads that are done now, in one transaction."""
    record_rules(session, audit.rules, run_id=run_id, at=at, source=staged.source, table=staged.table)
    done = published is not None
    if done:
        quarantine.keep(session, audit, run_id=run_id, at=at)
        _done(session, staged)
    record = FeedRecord(
        run_id=run_id,
        source=staged.source,
        table_name=staged.table,
        status="published" if done else audit.status,
        rows_in=staged.rows_in,
        refreshed=staged.refreshed,
        conformed=audit.rows if done else 0,
        quarantined=len(audit.quarantined) if done else 0,
        duplicates=staged.duplicates,
        deleted_at_source=staged.deleted_at_source,
        deleted_with_parent=staged.deleted_with_parent,
        inserted=published.inserted if published else 0,
        updated=published.updated if published else 0,
        deleted=published.deleted if published else 0,
        lake_version=published.version if published else None,
        load_ids=list(staged.load_ids),
        touched={column: list(months) for column, months in published.touched.items()} if published else {},
        message=audit.message,
        at=at,
    )
    session.add(record)
    return record


def record_stopped(
    session: Session, *, run_id: str, at: datetime, source: str, table: str, status: str, message: str
) -> FeedRecord:
    """Store that a table of a source did not come through: ``failed`` (unreadable) or ``unchanged`` (nothing new)."""
    record = FeedRecord(
        run_id=run_id,
        source=source,
        table_name=table,
        status=status,
        rows_in=0,
        refreshed=0,
        conformed=0,
        quarantined=0,
        duplicates=0,
        deleted_at_source=0,
        inserted=0,
        updated=0,
        deleted=0,
        lake_version=None,
        load_ids=[],
        touched={},
        message=message,
        at=at,
    )
    session.add(record)
    return record


def published_in(session: Session, run_id: str, source: str, table: str) -> FeedRecord | None:
    """Return the record with which a run published a table, ``None`` where it did not."""
    query = select(FeedRecord).where(
        FeedRecord.run_id == run_id,
        FeedRecord.source == source,
        FeedRecord.table_name == table,
        FeedRecord.status == "published",
    )
    return session.scalars(query.order_by(FeedRecord.id.desc()).limit(1)).first()


def read_at(session: Session, as_of: datetime) -> datetime | None:
    """Return when the sources were last read, ``None`` where they never were.

    A visit that brought nothing new leaves no record of a feed, but one of its run.
    """
    brought = session.scalar(select(func.max(FeedRecord.at)).where(FeedRecord.at <= as_of))
    visited = session.scalar(
        select(func.max(Run.started_at)).where(
            Run.kind == "ingest", Run.status.in_(("done", "findings")), Run.started_at <= as_of
        )
    )
    return max((moment for moment in (brought, visited) if moment is not None), default=None)


def latest_outcomes(session: Session, until: datetime | None = None) -> Sequence[FeedRecord]:
    """Newest record of every (source, canonical table): the state of the feeds now, or as it was at an instant."""
    newest = select(func.max(FeedRecord.id)).group_by(FeedRecord.source, FeedRecord.table_name)
    if until is not None:
        newest = newest.where(FeedRecord.at <= until)
    query = select(FeedRecord).where(FeedRecord.id.in_(newest))
    return session.scalars(query.order_by(FeedRecord.source, FeedRecord.table_name)).all()
