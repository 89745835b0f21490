"""The data-quality statement: what came in since the last review, how it was audited, and how fresh it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from qmsreports.lake import quoted
from qmsreports.language import say, spoken
from qmsreports.pack.collect.registers import event_column
from qmsreports.pack.model import FailedRule, Feed, SourceQuality
from qmsreports.records import DERIVED, LANDED
from qmsreports.register.models import FeedRecord, Quarantine, Validation

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog

STOPPED = ("stopped", "broken", "failed")
_COPIED = ("run_id", "source", "table_name", "lake_version", "at")
_SEVERITY = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Intake:
    """The records of every feed since the last review, and its newest state."""

    records: Mapping[tuple[str, str], Sequence[FeedRecord]]  # that count, oldest first
    state: Mapping[tuple[str, str], FeedRecord]
    read_at: datetime | None

    def stopped(self, made_of: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Return the message of each table whose newest feed did not come in, and of those that are made of them."""
        found = {
            table: record.message or record.status
            for (_, table), record in self.state.items()
            if record.status in STOPPED
        }
        for table, inputs in made_of.items():
            if table not in found and (missing := [name for name in inputs if name in found]):
                found[table] = found[missing[0]]
        return found


def intake(session: Session, since: datetime | None, as_of: datetime) -> Intake:
    """Read the feeds. A run that brought nothing new leaves no trace, so it cannot make another pack.

    Published runs since the last review add up; of a feed that did not come in only the newest attempt counts, because
    each attempt sees the same rows again. A feed that failed and came in again without news is as it was before.
    """
    query = (
        select(FeedRecord)
        .where(FeedRecord.at <= as_of)
        .order_by(FeedRecord.source, FeedRecord.table_name, FeedRecord.id)
    )
    records: dict[tuple[str, str], Sequence[FeedRecord]] = {}
    state: dict[tuple[str, str], FeedRecord] = {}
    for key, rows in groupby(session.scalars(query), key=lambda row: (row.source, row.table_name)):
        seen = list(rows)
        told = [row for row in seen if row.status != "unchanged"]
        if told and seen[-1].status == "unchanged":
            told = _sound(told) or [seen[-1]]
        if not told:
            continue
        state[key] = told[-1]
        counted = [row for row in told if row.status == "published" and (since is None or row.at > since)]
        records[key] = [*counted, *([told[-1]] if told[-1].status in STOPPED else [])]
    read_at = session.scalar(select(func.max(FeedRecord.at)).where(FeedRecord.at <= as_of))
    return Intake(records, state, read_at)


def with_lost(found: Intake, versions: Mapping[str, int]) -> Intake:
    """Return the feeds with those failed whose canonical table is not in the lake any more, or older than published.

    ``versions`` are those of the tables that the pack is made of. The next ingest would record the same; until then no
    pack may say that what is gone had come in.
    """
    state = dict(found.state)
    for key, record in found.state.items():
        there = versions.get(record.table_name)
        if record.status in STOPPED or record.lake_version is None:
            continue
        if there is not None and there >= record.lake_version:
            continue
        stands = "the table is gone" if there is None else f"the table is at version {there}"
        what = f"{stands}, but version {record.lake_version} was published on {record.at:%Y-%m-%d}"
        columns = {name: getattr(record, name) for name in _COPIED}
        state[key] = FeedRecord(**columns, status="failed", message=what)
    return replace(found, state=state)


def _sound(told: Sequence[FeedRecord]) -> list[FeedRecord]:
    """Return the records without the last ones that did not come in."""
    last = next((place for place in range(len(told), 0, -1) if told[place - 1].status not in STOPPED), 0)
    return list(told[:last])


def source_quality(
    found: Intake, catalog: Catalog, newest: Mapping[tuple[str, str], date]
) -> tuple[SourceQuality, ...]:
    """Return every source with its feeds, by name."""
    sources = sorted({source for source, _ in found.state}, key=lambda source: (source == DERIVED, source))
    return tuple(
        SourceQuality(
            source=source,
            title=_title(source, catalog),
            feeds=tuple(
                _feed(found.records[key], found.state[key], catalog, newest.get(key))
                for key in sorted(found.state)
                if key[0] == source
            ),
        )
        for source in sources
    )


def _title(source: str, catalog: Catalog) -> str:
    if source == DERIVED:
        return say("feed.derived")
    return catalog.sources[source].told("title", spoken().code) if source in catalog.sources else source


def _feed(records: Sequence[FeedRecord], state: FeedRecord, catalog: Catalog, newest: date | None) -> Feed:
    table = catalog.tables.get(state.table_name)
    return Feed(
        source=state.source,
        table=state.table_name,
        title=table.told("title", spoken().code) if table else state.table_name,
        status=state.status,
        rows_in=sum(row.rows_in for row in records),
        refreshed=sum(row.refreshed for row in records),
        conformed=sum(row.conformed for row in records),
        quarantined=sum(row.quarantined for row in records),
        duplicates=sum(row.duplicates for row in records),
        deleted_at_source=sum(row.deleted_at_source for row in records),
        deleted_with_parent=sum(row.deleted_with_parent for row in records),
        newest=newest,
        lake_version=state.lake_version,
        message=state.message if state.status in STOPPED else "",
    )


def newest_events(
    connection: DuckDBPyConnection, catalog: Catalog, tables: Sequence[str], read_on: date
) -> dict[tuple[str, str], date]:
    """Return the newest event of each source and table up to the day of reading; a date to come is a plan, not news."""
    found: dict[tuple[str, str], date] = {}
    for name in tables:
        column = event_column(catalog.tables[name])
        if not column:
            continue
        day = f"CAST({quoted(column)} AS DATE)"
        rows = connection.execute(
            f"SELECT _source, max({day}) FROM {quoted(name)} WHERE {day} <= $read GROUP BY _source", {"read": read_on}
        ).fetchall()
        found.update({(source, name): newest for source, newest in rows if newest is not None})
    return found


def failed_rules(session: Session, found: Intake) -> tuple[FailedRule, ...]:
    """Return the rules that did not hold in the runs that count, each once, with the rows of all of them.

    The rules on what a source's feeds were as landed count with any table of the source that came in that run.
    """
    runs = {(row.run_id, row.source, row.table_name) for rows in found.records.values() for row in rows}
    visits = {(run_id, source) for run_id, source, _ in runs}
    query = select(Validation).where(Validation.success.is_(False)).order_by(Validation.id)
    grouped: dict[tuple[str, str, str, str], list[Validation]] = {}
    for row in session.scalars(query):
        landed = row.table_name.startswith(LANDED) and (row.run_id, row.source) in visits
        if landed or (row.run_id, row.source, row.table_name) in runs:
            grouped.setdefault((row.source, row.table_name, row.rule, row.column_name), []).append(row)
    rules = [_rule(rows) for rows in grouped.values()]
    return tuple(
        sorted(
            rules, key=lambda rule: (_SEVERITY.get(rule.severity, 3), rule.source, rule.table, rule.rule, rule.column)
        )
    )


def _said(table: str) -> str:
    return say("quality.as_landed", table=table.removeprefix(LANDED)) if table.startswith(LANDED) else table


def _rule(rows: Sequence[Validation]) -> FailedRule:
    newest = rows[-1]
    samples = dict.fromkeys(text for row in rows for text in row.sample)
    return FailedRule(
        source=newest.source,
        table=_said(newest.table_name),
        rule=newest.rule,
        column=newest.column_name,
        severity=newest.severity,
        on_failure=newest.on_failure,
        why=newest.why,
        owner=newest.owner,
        broken=newest.broken,
        rows_checked=sum(row.rows_checked for row in rows),
        rows_failed=sum(row.rows_failed for row in rows),
        sample=tuple(samples)[:3],
    )


def waiting(session: Session, as_of: datetime) -> tuple[tuple[str, int], ...]:
    """Return the quarantined rows that nobody had settled at ``as_of``, by the month in which each was first seen.

    Months and not days of age: a pack must not change because a night has passed.
    """
    query = select(Quarantine.first_seen).where(
        Quarantine.first_seen <= as_of, or_(Quarantine.settled_at.is_(None), Quarantine.settled_at > as_of)
    )
    return tuple(sorted(Counter(f"{seen:%Y-%m}" for seen in session.scalars(query)).items()))
