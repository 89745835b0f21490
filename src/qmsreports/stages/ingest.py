"""From a source system to the canonical tables: land, conform, validate, publish."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qmsreports.errors import CouldNotRun, Finding, UserError
from qmsreports.records import (
    Audit,
    FeedFailure,
    LandedTable,
    LandResult,
    Published,
    RuleResult,
    StagedTable,
    Tell,
    silent,
)
from qmsreports.settings import Settings, connection_of
from qmsreports.stages.codes import judged_codes, linked_first, suite_of
from qmsreports.stages.declared import source_names
from qmsreports.stages.inspect import inspect
from qmsreports.stages.lake_behind import lake_behind
from qmsreports.stages.late_links import audited_anew, looked_at_again
from qmsreports.stages.outcome import FeedReport, feed_reports, told
from qmsreports.stages.quarantine import readmitted_rows, settle_quarantine, with_readmitted
from qmsreports.stages.standing import days_off, held_to
from qmsreports.stages.turn import in_turn, overtaken
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_STAGED_FOR = timedelta(days=7)
"""How long the staged rows of a run that was killed are kept, at least."""


# --- ingest ----------------------------------------------------------------------------------------------------------
def land(
    source: str, *, run_id: str, at: datetime, tell: Tell = silent, settings: Settings | None = None
) -> LandResult:
    """Read what is new at a source into the landing zone.

    A table that cannot be read is a failure in the result, not an exception: the source's other tables land. A landing
    zone that cannot be written is :class:`CouldNotRun`, after the tables that wait for it were recorded as failed.
    """
    from qmsreports import sources
    from qmsreports.register import feeds

    with Workspace(settings) as workspace:
        declaration = workspace.source(source)
        try:
            connection = connection_of(source)
        except CouldNotRun as error:
            failures = tuple(FeedFailure(source, feed.table, error.findings[0]) for feed in declaration.tables)
            result = LandResult(source, (), failures)
        else:
            with told(workspace, [(source, name) for name in declaration.conform], run_id=run_id, at=at):
                result = sources.land(
                    declaration,
                    connection=connection,
                    landing=workspace.settings.landing_url,
                    state=(workspace.settings.var / "dlt").absolute(),
                    at=at,
                    tell=tell,
                )
        missed = _unrecorded(workspace, source)
        with workspace.register.write() as session:
            feeds.record_loads(session, missed, run_id=run_id, at=at)
            feeds.record_loads(session, result, run_id=run_id, at=at)
            feeds.record_notices(session, result.warnings, run_id=run_id, stage="land", source=source, at=at)
            for table, message in _hit_by(workspace, source, result.failures).items():
                feeds.record_stopped(
                    session, run_id=run_id, at=at, source=source, table=table, status="failed", message=message
                )
    return result


def _unrecorded(workspace: Workspace, source: str) -> LandResult:
    """Return the complete loads that a killed run had landed and did not live to record, this visit's among them."""
    from qmsreports import landing
    from qmsreports.register import feeds

    place = workspace.settings.landing_url
    with workspace.register.read() as session:
        newest = feeds.newest_load(session, source)
    since = [load.load_id for load in landing.loads(place, source) if float(load.load_id) > newest]
    visits = [visit for load in since if (visit := landing.visit_of(place, source, load)) is not None]
    return LandResult(
        source,
        tuple(
            LandedTable(source, table, visit.load.load_id, rows)
            for visit in visits
            for table, rows in visit.rows.items()
            if rows
        ),
    )


def conform(
    source: str,
    *,
    run_id: str,
    at: datetime,
    failures: Iterable[FeedFailure] = (),
    tell: Tell = silent,
    settings: Settings | None = None,
) -> list[StagedTable]:
    """Audit new landed rows as they are, bring them into canonical shape and leave them in staging for the audit.

    Tables that hang on a feed that could not be read, or that its suite stops as landed, are left alone. A mapping
    that fails stops its own table only;
    a disk that is full stops them all (:class:`CouldNotRun`).
    """
    from qmsreports import conform as conforming
    from qmsreports.register import feeds

    staged: list[StagedTable] = []
    with Workspace(settings) as workspace:
        declaration = workspace.source(source)
        held = _hit_by(workspace, source, tuple(failures))
        waiting = [name for name in declaration.conform if name not in held]
        with told(workspace, [(source, name) for name in waiting], run_id=run_id, at=at):
            stopped = inspect(workspace, source, run_id=run_id, at=at, tell=tell)
        with workspace.register.write() as session:
            for name, (status, message) in stopped.items():
                if name in waiting:
                    waiting.remove(name)
                    feeds.record_stopped(
                        session, run_id=run_id, at=at, source=source, table=name, status=status, message=message
                    )
        for position, name in enumerate(waiting):
            with workspace.register.read() as session:
                done = feeds.done_loads(session, source, name)
                published = feeds.published_versions(session, [name])
            behind = lake_behind(workspace.lake.url, published, workspace.lake.versions(published))
            status, message = "unchanged", ""
            left = [(source, other) for other in (*(table.table for table in staged), *waiting[position:])]
            try:
                with told(workspace, left, run_id=run_id, at=at):
                    if behind:  # what comes now would be all that the table holds
                        raise UserError(behind[name])
                    again = audited_anew(workspace, source, name, run_id=run_id, at=at)
                    rules, whole = suite_of(workspace, name)
                    table = conforming.stage(
                        declaration,
                        workspace.catalog.tables[name],
                        landing=workspace.settings.landing_url,
                        staging=workspace.staging / run_id,
                        done=frozenset() if again else done,
                        organisation=workspace.catalog.organisation,
                        judged=judged_codes(workspace, name),
                        rules=rules,
                        whole=whole,
                        tell=tell,
                    )
                    if table is not None:
                        table = replace(table, again=again or table.again)
                        table = looked_at_again(workspace, table, declaration.conform[name].driving, done)
                    table = with_readmitted(workspace, source, name, table, run_id=run_id)
            except CouldNotRun:
                raise
            except UserError as error:
                table, status, message = None, "failed", str(error)
            if table is not None:
                staged.append(table)
                continue
            aged: tuple[RuleResult, ...] = ()
            if status == "unchanged":
                with told(workspace, left, run_id=run_id, at=at):
                    status, message, aged = held_to(workspace, source, name, run_id=run_id, at=at)
            with workspace.register.write() as session:
                feeds.record_rules(session, aged, run_id=run_id, at=at, source=source, table=name)
                feeds.record_stopped(
                    session, run_id=run_id, at=at, source=source, table=name, status=status, message=message
                )
    return staged


def validate(
    staged: Iterable[StagedTable],
    *,
    run_id: str,
    at: datetime,
    tell: Tell = silent,
    settings: Settings | None = None,
) -> list[tuple[StagedTable, Audit]]:
    """Audit staged tables with their suites; nothing is published and nothing is recorded yet.

    A table comes after those that its rules look into, and a row that was set aside there is not there for the rows
    that name it. One of a table that is stopped is: it is the table that is to be mended, and its rows come then.
    A suite that is wrong stops its own table only: its audit is ``broken`` and says where.
    """
    waiting = list(staged)
    if not waiting:
        return []
    from qmsreports import validate as auditing

    audits: dict[int, Audit] = {}
    with Workspace(settings) as workspace:
        beside = {(table.table, table.source): table.path for table in waiting}

        def lookup(name: str) -> tuple[str, ...]:
            published = tuple(workspace.lake.uris(name)) if workspace.lake.exists(name) else ()
            return (*published, *(path for (table, _), path in beside.items() if table == name))

        for place, table in linked_first(workspace, waiting):
            try:
                with told(workspace, [(other.source, other.table) for other in waiting], run_id=run_id, at=at):
                    audit = auditing.audit(
                        table,
                        workspace.catalog.tables[table.table],
                        suite=workspace.settings.expectations / f"{table.table}.json",
                        out=workspace.staging / run_id,
                        as_of=at,
                        lookup=lookup,
                        readmitted=readmitted_rows(workspace, table),
                        day_off=days_off(workspace.catalog.calendars.values()),
                        tables=workspace.catalog.tables,
                        tell=tell,
                    )
            except CouldNotRun:
                raise
            except UserError as error:
                audit = Audit(table.source, table.table, "broken", "", 0, (), (), str(error))
            audits[place] = audit
            if audit.status == "passed":
                beside[table.table, table.source] = audit.path
    return [(table, audits[place]) for place, table in enumerate(waiting)]


def publish(
    audited: Iterable[tuple[StagedTable, Audit]],
    *,
    run_id: str,
    at: datetime,
    tell: Tell = silent,
    settings: Settings | None = None,
) -> list[str]:
    """Merge what passed into the canonical tables and record audit, quarantine and reconciliation.

    Returns the canonical tables that changed. The merge comes before the record: a kill between the two repeats the
    merge, which then changes nothing, so a load is never counted twice and never lost. Two runs at once that conformed
    the same loads: the first one counts; the second leaves the table alone, and what it had beside comes next time.
    """
    from qmsreports.register import feeds

    waiting = list(audited)
    changed: list[str] = []
    with Workspace(settings) as workspace:
        for position, (staged, audit) in enumerate(waiting):
            left = [(other.source, other.table) for other, _ in waiting[position:]]
            with (
                told(workspace, left, run_id=run_id, at=at),
                in_turn(workspace.settings.var / "ingest" / f"{staged.source}.{staged.table}.lock"),
            ):
                with workspace.register.read() as session:
                    came_late = overtaken(session, staged)
                if came_late:
                    _leave_alone(workspace, staged, changed, run_id=run_id, at=at)
                    continue
                audit, published = _merge(workspace, staged, audit, tell)
                with workspace.register.write() as session:
                    if published is not None and _is_news(session, published):
                        changed.append(staged.table)
                    feeds.record_outcome(session, run_id=run_id, at=at, staged=staged, audit=audit, published=published)
                    if published is not None:
                        settle_quarantine(session, workspace, staged, audit, run_id=run_id, at=at)
    return changed


def _merge(workspace: Workspace, staged: StagedTable, audit: Audit, tell: Tell) -> tuple[Audit, Published | None]:
    """Merge what passed. What the canonical table itself refuses, such as a key of another source, stops the table."""
    from qmsreports import conform as conforming

    if audit.status != "passed":
        return audit, None
    source = workspace.catalog.sources.get(staged.source)  # none for a derived table
    mapping = source.conform.get(staged.table) if source else None
    try:
        return audit, conforming.publish(
            staged,
            audit,
            workspace.catalog.tables[staged.table],
            lake=workspace.lake,
            tell=tell,
            zone=workspace.catalog.organisation.time_zone,
            replaces=mapping.replaces if mapping else (),
        )
    except CouldNotRun:
        raise
    except UserError as error:
        return replace(audit, status="stopped", message="; ".join(map(str, error.findings))), None


def _is_news(session: Session, published: Published) -> bool:
    """Tell whether the table changed since the last record of it, also where the change itself went unrecorded."""
    from sqlalchemy import func, select

    from qmsreports.register.models import FeedRecord

    if published.inserted or published.updated or published.deleted:
        return True
    last = session.scalar(select(func.max(FeedRecord.lake_version)).where(FeedRecord.table_name == published.table))
    return last is None or published.version > last


def _leave_alone(workspace: Workspace, staged: StagedTable, changed: list[str], *, run_id: str, at: datetime) -> None:
    """Note that these loads were published before; a repeated step of the same run has its record already."""
    from qmsreports.register import feeds

    with workspace.register.write() as session:
        own = feeds.published_in(session, run_id, staged.source, staged.table)
        if own is None:
            feeds.record_stopped(
                session,
                run_id=run_id,
                at=at,
                source=staged.source,
                table=staged.table,
                status="unchanged",
                message="another run published the same loads first",
            )
        elif own.inserted or own.updated or own.deleted:
            changed.append(staged.table)


def ingest(
    names: Iterable[str] = (),
    *,
    run_id: str,
    at: datetime,
    tell: Tell = silent,
    settings: Settings | None = None,
) -> list[FeedReport]:
    """Run land, conform, validate and publish for the named sources (all when none is named), one after the other.

    :class:`~qmsreports.errors.Busy` at once, with nothing done, when another ingest has one of the sources under way.
    """
    from qmsreports.sources.lock import alone

    wanted = list(dict.fromkeys(names)) or source_names(settings)
    with Workspace(settings) as workspace, ExitStack() as turns:
        for name in wanted:
            workspace.source(name)
        if not workspace.catalog.sources:
            raise CouldNotRun(Finding(str(workspace.settings.catalog / "sources"), "no source is declared", "add one"))
        for name in sorted(wanted):
            turns.enter_context(alone(name, workspace.settings.var / "ingest" / f"{name}.lock"))
        try:
            for name in wanted:
                landed = land(name, run_id=run_id, at=at, tell=tell, settings=settings)
                staged = conform(name, run_id=run_id, at=at, failures=landed.failures, tell=tell, settings=settings)
                audited = validate(staged, run_id=run_id, at=at, tell=tell, settings=settings)
                publish(audited, run_id=run_id, at=at, tell=tell, settings=settings)
        finally:
            clear_staging(run_id, at=at, settings=settings)
    return feed_reports(run_id, settings=settings)


def clear_staging(run_id: str, *, at: datetime, settings: Settings | None = None) -> None:
    """Remove the staged files of a run, and of runs that were killed long ago; the landing zone still has every row."""
    with Workspace(settings) as workspace:
        staging = workspace.staging
    shutil.rmtree(staging / run_id, ignore_errors=True)
    clear_old_staging(at=at, settings=settings)


def clear_old_staging(*, at: datetime, settings: Settings | None = None) -> None:
    """Remove what runs of more than a week ago left in staging."""
    with Workspace(settings) as workspace:
        staging = workspace.staging
    for folder in staging.iterdir() if staging.is_dir() else ():
        with suppress(FileNotFoundError):  # another run clears up, too
            if folder.stat().st_mtime < (at - _STAGED_FOR).timestamp():
                shutil.rmtree(folder, ignore_errors=True)


def _hit_by(workspace: Workspace, source: str, failures: tuple[FeedFailure, ...]) -> dict[str, str]:
    """Canonical tables that hang on feeds that could not be read, with the reason."""
    reasons = {failure.table: str(failure.finding) for failure in failures}
    hit: dict[str, str] = {}
    for name, mapping in workspace.source(source).conform.items():
        for feed in (mapping.driving, *mapping.joins):
            if feed in reasons:
                hit.setdefault(name, reasons[feed])
    return hit
