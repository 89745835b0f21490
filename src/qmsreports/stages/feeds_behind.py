"""The feeds behind a number: how they came in, and which of their rules did not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qmsreports.records import DERIVED, LANDED

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.register.models import FeedRecord, Validation

FAILED = frozenset(("failed", "stopped", "broken"))
"""Outcomes of a feed after which the values of its tables are not valid."""


def feeds_behind(
    session: Session, catalog: Catalog, tables: Iterable[str], versions: Mapping[str, int]
) -> tuple[dict[str, Any], ...]:
    """Newest publication of each table by each of its sources up to the version that was read.

    Loads, counts and failed rules of each; of a derived table what it was ``made_of``, and the publications of those
    tables as well. Where a person let in rows after the last loads, both publications are told.
    ``failed_rules`` and ``failed_landed_rules`` are sentences, the latter of the newest audits as landed up to then.
    """
    waiting = [(table, versions.get(table)) for table in sorted(tables)]
    found: dict[int, dict[str, Any]] = {}
    while waiting:
        table, version = waiting.pop(0)
        read = list(_publications(session, table, version))
        declared = catalog.tables.get(table)
        for feed in read:
            if feed.id not in found:
                found[feed.id] = _told(session, catalog, feed)
        if declared is not None and declared.derived_from:
            made = {name: number for feed in read for name, number in found[feed.id]["made_of"].items()}
            waiting += [(name, made.get(name)) for name in declared.derived_from]
    return tuple(found.values())


def failures_behind(
    session: Session, catalog: Catalog, tables: Iterable[str], until: datetime
) -> tuple[dict[str, Any], ...]:
    """Return the feeds of these tables, and of those that derived ones are made of, that had failed at an instant.

    The failed rules are those of the run in which it failed, none where the source could not be read.
    """
    from qmsreports.register import feeds

    names = set(tables)
    names |= {other for name in names if name in catalog.tables for other in catalog.tables[name].derived_from}
    return tuple(
        {
            "source": feed.source,
            "table": feed.table_name,
            "status": feed.status,
            "at": feed.at.isoformat(),
            "message": feed.message,
            "failed_rules": list(_sentences(_failed(session, feed.run_id, feed.source, feed.table_name))),
            "failed_landed_rules": list(_landed(session, catalog, feed, own=True)),
        }
        for feed in feeds.latest_outcomes(session, until)
        if feed.table_name in names and feed.status in FAILED
    )


def _publications(session: Session, table: str, version: int | None) -> Iterator[FeedRecord]:
    """Yield the newest publication by each source, and before one of readmitted rows the newest one of loads."""
    from sqlalchemy import select

    from qmsreports.register.models import FeedRecord

    query = select(FeedRecord).where(FeedRecord.table_name == table, FeedRecord.status == "published")
    if version is not None:
        query = query.where(FeedRecord.lake_version <= version)
    newest: dict[str, list[FeedRecord]] = {}
    for feed in session.scalars(query.order_by(FeedRecord.id.desc())):
        known = newest.setdefault(feed.source, [])
        if not known or (feed.load_ids and not any(one.load_ids for one in known)):
            known.append(feed)
    for _, told in sorted(newest.items()):
        yield from told


def _told(session: Session, catalog: Catalog, feed: FeedRecord) -> dict[str, Any]:
    from qmsreports.conform.derive import made_of

    derived = feed.source == DERIVED
    return {
        "source": feed.source,
        "table": feed.table_name,
        "published_at": feed.at.isoformat(),
        "rows_in": feed.rows_in,
        "refreshed": feed.refreshed,
        "conformed": feed.conformed,
        "quarantined": feed.quarantined,
        "duplicates": feed.duplicates,
        "deleted_at_source": feed.deleted_at_source,
        "deleted_with_parent": feed.deleted_with_parent,
        "loads": list(feed.load_ids),
        "landed": [] if derived else list(_loads(session, feed)),
        "made_of": made_of(feed.load_ids) if derived else {},
        "failed_rules": list(_sentences(_failed(session, feed.run_id, feed.source, feed.table_name))),
        "failed_landed_rules": list(_landed(session, catalog, feed)),
    }


def _loads(session: Session, feed: FeedRecord) -> Iterator[dict[str, Any]]:
    """Yield what a source delivered for a publication: table, load, rows and when they were landed."""
    from sqlalchemy import select

    from qmsreports.register.models import Load

    for named in feed.load_ids:
        landed, _, load = named.partition("@")[0].partition("/")
        query = select(Load).where(Load.source == feed.source, Load.table_name == landed, Load.load_id == load)
        known = session.scalars(query.order_by(Load.id.desc()).limit(1)).first()
        rows, at = (known.rows, known.at.isoformat()) if known is not None else (None, None)
        yield {"table": landed, "load": load, "rows": rows, "landed_at": at}


def _failed(session: Session, run_id: str, source: str, table: str) -> Iterable[Validation]:
    from sqlalchemy import select

    from qmsreports.register.models import Validation

    query = select(Validation).where(
        Validation.run_id == run_id,
        Validation.table_name == table,
        Validation.source == source,
        Validation.success.is_(False),
    )
    return session.scalars(query.order_by(Validation.id))


def _landed(session: Session, catalog: Catalog, feed: FeedRecord, *, own: bool = False) -> Iterator[str]:
    """Yield what the newest audit of each landed table behind a feed found; loads that passed are not audited again.

    With ``own`` only what the run of the feed itself found.
    """
    from sqlalchemy import or_, select

    from qmsreports.register.models import Validation

    source = catalog.sources.get(feed.source)
    mapping = source.conform.get(feed.table_name) if source else None
    for landed in dict.fromkeys((mapping.driving, *mapping.joins)) if mapping else ():
        newest = session.scalar(
            select(Validation.run_id)
            .where(Validation.source == feed.source, Validation.table_name == LANDED + landed)
            .where(or_(Validation.at <= feed.at, Validation.run_id == feed.run_id))
            .order_by(Validation.id.desc())
            .limit(1)
        )
        if newest is not None and not (own and newest != feed.run_id):
            for sentence in _sentences(_failed(session, newest, feed.source, LANDED + landed)):
                yield f"{landed}: {sentence}"


def _sentences(rules: Iterable[Validation]) -> Iterator[str]:
    """Say rules as people wrote why they exist; a rule's own name is a word of the engine that checks it."""
    for rule in rules:
        of = f"column {rule.column_name}: " if rule.column_name and "," not in rule.column_name else ""
        of = f"columns {rule.column_name}: " if rule.column_name and not of else of
        count = f"{rule.rows_failed:,} of {rule.rows_checked:,} rows"
        yield f"{rule.why} ({of}{'could not be checked' if rule.broken else count})"
