"""What the data-quality report says, read from the register and the lake: per source and table, newest first.

Everything comes from records that stand anyway; the report computes no verdict of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from qmsreports.lake import quoted
from qmsreports.records import DERIVED, LANDED, UNJUDGED
from qmsreports.register import quarantine
from qmsreports.register.models import FeedRecord, Quarantine, Validation

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.lake import Lake
    from qmsreports.register.store import Register

RUNS = 20
"""Runs that the history of a rule shows."""
WEEKS = 26
"""Weeks that the volume of a table shows."""
SHOWN = 8
"""Rows in quarantine that a table shows; the command line lists all."""
STOPPED = ("stopped", "broken", "failed")
_SEVERITY = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Run:
    """Outcome of one rule in one run."""

    at: datetime
    success: bool
    broken: bool
    rows_checked: int
    rows_failed: int
    unjudged: bool = False  # it leads into a table that had no rows yet


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """A rule with its outcomes, oldest first, and what it saw last."""

    source: str
    table: str
    rule: str
    column: str
    severity: str
    on_failure: str
    why: str
    owner: str
    runs: tuple[Run, ...]
    sample: tuple[str, ...]

    @property
    def last(self) -> Run:
        """The newest outcome."""
        return self.runs[-1]


def _failing(rules: Sequence[RuleHistory]) -> tuple[RuleHistory, ...]:
    failing = [rule for rule in rules if not rule.last.success]
    return tuple(sorted(failing, key=lambda rule: (_SEVERITY.get(rule.severity, 3), -rule.last.rows_failed)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row in quarantine. ``row`` are the declared columns that hold something."""

    number: int
    key: str
    since: date
    days: int
    reason: str
    row: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TableQuality:
    """One canonical table as one source feeds it; counts are sums over all publications."""

    source: str
    table: str
    title: str
    status: str
    message: str
    read_at: datetime
    rows_in: int
    refreshed: int
    conformed: int
    quarantined: int
    duplicates: int
    deleted_at_source: int
    newest: date | None
    weekly: tuple[int, ...]  # rows by week of the event, oldest first, the last ends on the newest event
    rules: tuple[RuleHistory, ...]
    waiting: tuple[Waiting, ...]  # the oldest of them
    waits: int
    ages: tuple[int, int, int]  # rows that wait up to 7 days, up to 30, longer
    deleted_with_parent: int = 0  # of those deleted at the source, rows left over from one that is

    @property
    def reconciles(self) -> bool:
        """Whether every row that came is accounted for."""
        left = self.quarantined + self.duplicates + self.deleted_at_source
        return self.rows_in + self.refreshed == self.conformed + left

    @property
    def failed(self) -> tuple[RuleHistory, ...]:
        """Rules whose newest outcome is a failure, the gravest and greatest first."""
        return _failing(self.rules)

    @property
    def unjudged(self) -> int:
        """How many rules had nothing to be checked against when they were applied last."""
        return sum(rule.last.unjudged for rule in self.rules)


@dataclass(frozen=True, slots=True)
class LandedQuality:
    """A landed table of a source, as it was received."""

    source: str
    table: str
    read_at: datetime
    rules: tuple[RuleHistory, ...]

    @property
    def failed(self) -> tuple[RuleHistory, ...]:
        """Rules whose newest outcome is a failure, the gravest and greatest first."""
        return _failing(self.rules)


@dataclass(frozen=True, slots=True)
class SourceQuality:
    """A source, the tables it feeds and, where they have suites, its feeds as landed."""

    source: str
    title: str
    tables: tuple[TableQuality, ...]
    landed: tuple[LandedQuality, ...] = ()


@dataclass(frozen=True, slots=True)
class Quality:
    """The whole report at one instant."""

    organisation: str
    at: datetime
    sources: tuple[SourceQuality, ...]

    @property
    def tables(self) -> tuple[TableQuality, ...]:
        """All tables of all sources."""
        return tuple(table for source in self.sources for table in source.tables)


def read_quality(register: Register, lake: Lake, catalog: Catalog, *, at: datetime) -> Quality:
    """Read the state of all feeds as it was recorded up to ``at``."""
    with register.read() as session:
        states = _states(session, at)
        sums = _sums(session, at)
        rules = _rules(session, at)
        waiting = {key: _waiting(rows, at) for key, rows in _open(session).items()}
    known = [catalog.tables[name] for name in sorted({table for _, table in states}) if name in catalog.tables]
    with lake.connect(known) as connection:
        volumes = {name: found for table in known for name, found in _volumes(connection, table, at).items()}
    tables = [
        TableQuality(
            source=source,
            table=name,
            title=catalog.tables[name].title if name in catalog.tables else name,
            status=state.status,
            message=state.message,
            read_at=state.at,
            **sums.get((source, name), dict.fromkeys(_COUNTS, 0)),
            newest=volumes.get((source, name), (None, ()))[0],
            weekly=volumes.get((source, name), (None, ()))[1],
            rules=rules.get((source, name), ()),
            waiting=waiting.get((source, name), ((), 0, (0, 0, 0)))[0],
            waits=waiting.get((source, name), ((), 0, (0, 0, 0)))[1],
            ages=waiting.get((source, name), ((), 0, (0, 0, 0)))[2],
        )
        for (source, name), state in states.items()
    ]
    names = sorted({table.source for table in tables}, key=lambda name: (name == DERIVED, name))
    return Quality(
        organisation=catalog.organisation.name,
        at=at,
        sources=tuple(
            SourceQuality(
                name,
                _title(name, catalog),
                tuple(table for table in tables if table.source == name),
                _landed(rules, name),
            )
            for name in names
        ),
    )


def _landed(rules: Mapping[tuple[str, str], tuple[RuleHistory, ...]], source: str) -> tuple[LandedQuality, ...]:
    """Return the feeds of a source that were audited as landed, by name."""
    return tuple(
        LandedQuality(source, table, max(rule.last.at for rule in histories), histories)
        for (of, table), histories in sorted(rules.items())
        if of == source and table.startswith(LANDED)
    )


def _title(source: str, catalog: Catalog) -> str:
    if source == DERIVED:
        return "Made of the tables above"
    return catalog.sources[source].title if source in catalog.sources else source


_COUNTS = ("rows_in", "refreshed", "conformed", "quarantined", "duplicates", "deleted_at_source", "deleted_with_parent")


def _states(session: Session, at: datetime) -> dict[tuple[str, str], FeedRecord]:
    """Return the newest record of every feed."""
    newest = (
        select(func.max(FeedRecord.id)).where(FeedRecord.at <= at).group_by(FeedRecord.source, FeedRecord.table_name)
    )
    query = select(FeedRecord).where(FeedRecord.id.in_(newest)).order_by(FeedRecord.source, FeedRecord.table_name)
    return {(row.source, row.table_name): row for row in session.scalars(query)}


def _sums(session: Session, at: datetime) -> dict[tuple[str, str], dict[str, int]]:
    columns = [func.sum(getattr(FeedRecord, name)) for name in _COUNTS]
    query = (
        select(FeedRecord.source, FeedRecord.table_name, *columns)
        .where(FeedRecord.status == "published", FeedRecord.at <= at)
        .group_by(FeedRecord.source, FeedRecord.table_name)
    )
    return {
        (source, table): dict(zip(_COUNTS, map(int, counts), strict=True))
        for source, table, *counts in session.execute(query)
    }


def _rules(session: Session, at: datetime) -> dict[tuple[str, str], tuple[RuleHistory, ...]]:
    found = outcomes_of_rules(session, at)
    return {key: tuple(_history(rows) for rows in histories) for key, histories in found.items()}


def outcomes_of_rules(session: Session, at: datetime) -> dict[tuple[str, str], list[list[Validation]]]:
    """Return, by source and table, the last outcomes (oldest first) of every rule that its last audit applied.

    A rule of an earlier suite is left out. A day on which nothing new came, or on which a feed stopped before its
    mapping, judges no rows and hides nothing: what was found when rows came last still holds.
    """
    same = (
        Validation.source,
        Validation.table_name,
        Validation.rule,
        Validation.column_name,
        Validation.severity,
        Validation.on_failure,
    )
    nth = func.row_number().over(partition_by=same, order_by=Validation.id.desc()).label("nth")
    numbered = select(Validation.id, nth).where(Validation.at <= at).subquery()
    query = (
        select(Validation)
        .join(numbered, numbered.c.id == Validation.id)
        .where(numbered.c.nth <= RUNS)
        .order_by(Validation.id)
    )
    grouped: dict[tuple[str, ...], list[Validation]] = {}
    for row in session.scalars(query):
        key = (row.source, row.table_name, row.rule, row.column_name, row.severity, row.on_failure)
        grouped.setdefault(key, []).append(row)
    audited = _audited(session, at, grouped.values())
    found: dict[tuple[str, str], list[list[Validation]]] = {}
    for (source, table, *_), rows in grouped.items():
        since = audited.get((source, table))
        if since is None or rows[-1].at >= since:  # an older one is not in the suite any more
            found.setdefault((source, table), []).append(rows)
    return found


def _audited(
    session: Session, at: datetime, grouped: Iterable[Sequence[Validation]]
) -> dict[tuple[str, str], datetime]:
    """Return when rows of a table, or of a feed as landed, were judged last."""
    columns = (FeedRecord.run_id, FeedRecord.source, FeedRecord.table_name, FeedRecord.status, FeedRecord.load_ids)
    query = select(*columns).where(FeedRecord.status.in_(("published", *STOPPED)), FeedRecord.at <= at)
    with_rows = {
        (run_id, source, table)
        for run_id, source, table, status, load_ids in session.execute(query)
        if status == "published" or load_ids
    }
    found: dict[tuple[str, str], datetime] = {}
    for rows in grouped:
        for row in rows:
            key = (row.source, row.table_name)
            if row.table_name.startswith(LANDED) or (row.run_id, *key) in with_rows:
                found[key] = max(row.at, found.get(key, row.at))
    return found


def _history(rows: Sequence[Validation]) -> RuleHistory:
    newest = rows[-1]
    return RuleHistory(
        source=newest.source,
        table=newest.table_name,
        rule=newest.rule,
        column=newest.column_name,
        severity=newest.severity,
        on_failure=newest.on_failure,
        why=newest.why,
        owner=newest.owner,
        runs=tuple(map(_run, rows)),
        sample=tuple(newest.sample),
    )


def _run(row: Validation) -> Run:
    unjudged = bool(row.sample) and row.sample[0].startswith(UNJUDGED)
    return Run(row.at, row.success, row.broken, row.rows_checked, row.rows_failed, unjudged)


def _open(session: Session) -> dict[tuple[str, str], list[Quarantine]]:
    found: dict[tuple[str, str], list[Quarantine]] = {}
    for row in quarantine.open_quarantine(session):
        found.setdefault((row.source, row.table_name), []).append(row)
    return found


def _waiting(rows: Sequence[Quarantine], at: datetime) -> tuple[tuple[Waiting, ...], int, tuple[int, int, int]]:
    ages = [max((at - row.first_seen).days, 0) for row in rows]
    counted = (sum(age <= 7 for age in ages), sum(7 < age <= 30 for age in ages), sum(age > 30 for age in ages))
    shown = tuple(
        Waiting(row.id, row.row_key, row.first_seen.date(), age, row.reason, _cells(row.row))
        for row, age in zip(rows[:SHOWN], ages, strict=False)
    )
    return shown, len(rows), counted


def _cells(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in row.items() if not name.startswith("_") and value is not None)


def _volumes(
    connection: DuckDBPyConnection, table: Any, at: datetime
) -> dict[tuple[str, str], tuple[date | None, tuple[int, ...]]]:
    """Return newest event and rows by week of each source of a table; nothing for one without a day of its own."""
    if not table.partition:
        return {}
    day = f"CAST({quoted(table.partition)} AS DATE)"
    rows = connection.execute(
        f"""WITH days AS (SELECT _source, {day} AS day FROM {quoted(table.table)} WHERE {day} <= $today),
        newest AS (SELECT _source, max(day) AS last FROM days GROUP BY _source)
        SELECT _source, last, (last - day) // 7 AS week, count(*) FROM days JOIN newest USING (_source)
        WHERE last - day < $days GROUP BY ALL""",
        {"today": (at + timedelta(hours=14)).date(), "days": 7 * WEEKS},
    ).fetchall()
    found: dict[tuple[str, str], tuple[date | None, tuple[int, ...]]] = {}
    for source in {row[0] for row in rows}:
        mine = {int(week): int(count) for of, _, week, count in rows if of == source}
        last = next(row[1] for row in rows if row[0] == source)
        found[str(source), table.table] = (last, tuple(mine.get(week, 0) for week in range(WEEKS - 1, -1, -1)))
    return found
