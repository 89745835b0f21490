"""The feeds behind a number: how they came in, and which of their rules did not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from qmsreports.records import LANDED

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.register.models import FeedRecord, Validation


def feeds_behind(
    session: Session, catalog: Catalog, tables: Iterable[str], versions: Mapping[str, int]
) -> tuple[dict[str, Any], ...]:
    """Newest publication of each table up to the version that was read: loads, counts and failed rules.

    ``failed_rules`` and ``failed_landed_rules`` are sentences, the latter of the newest audits as landed up to then.
    """
    from sqlalchemy import select

    from qmsreports.register.models import FeedRecord

    found = []
    for table in sorted(tables):
        version = versions.get(table)
        query = select(FeedRecord).where(FeedRecord.table_name == table, FeedRecord.status == "published")
        if version is not None:
            query = query.where(FeedRecord.lake_version <= version)
        for feed in session.scalars(query.order_by(FeedRecord.id.desc()).limit(1)):
            found.append(
                {
                    "source": feed.source,
                    "table": table,
                    "published_at": feed.at.isoformat(),
                    "rows_in": feed.rows_in,
                    "conformed": feed.conformed,
                    "quarantined": feed.quarantined,
                    "duplicates": feed.duplicates,
                    "loads": list(feed.load_ids),
                    "failed_rules": list(_sentences(_failed(session, feed.run_id, feed.source, table))),
                    "failed_landed_rules": list(_landed(session, catalog, feed)),
                }
            )
    return tuple(found)


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


def _landed(session: Session, catalog: Catalog, feed: FeedRecord) -> Iterator[str]:
    """Yield what the newest audit of each landed table behind a feed found; loads that passed are not audited again."""
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
        if newest is not None:
            for sentence in _sentences(_failed(session, newest, feed.source, LANDED + landed)):
                yield f"{landed}: {sentence}"


def _sentences(rules: Iterable[Validation]) -> Iterator[str]:
    """Say rules as people wrote why they exist; a rule's own name is a word of the engine that checks it."""
    for rule in rules:
        of = f"column {rule.column_name}: " if rule.column_name and "," not in rule.column_name else ""
        of = f"columns {rule.column_name}: " if rule.column_name and not of else of
        count = f"{rule.rows_failed:,} of {rule.rows_checked:,} rows"
        yield f"{rule.why} ({of}{'could not be checked' if rule.broken else count})"
