"""The record of runs, and the gate at the end of an ingest."""

from __future__ import annotations

from datetime import datetime

from qmsreports.errors import Finding, UserError
from qmsreports.settings import Settings
from qmsreports.stages.outcome import feed_reports, reasons
from qmsreports.workspace import Workspace


def begin_run(run_id: str, *, kind: str, period: str, at: datetime, settings: Settings | None = None) -> None:
    """Note that a run has begun."""
    from qmsreports.register import journal

    with Workspace(settings) as workspace, workspace.register.write() as session:
        journal.start_run(session, run_id=run_id, kind=kind, period=period, at=at)


def end_run(run_id: str, *, status: str, message: str, at: datetime, settings: Settings | None = None) -> None:
    """Note how a run ended: ``done``, ``findings`` or ``failed``."""
    from qmsreports.register import journal

    with Workspace(settings) as workspace, workspace.register.write() as session:
        journal.finish_run(session, run_id=run_id, status=status, message=message, at=at)


def notices(run_id: str, *, settings: Settings | None = None) -> list[str]:
    """Return what a run noticed and that stopped nothing."""
    from qmsreports.register import feeds

    with Workspace(settings) as workspace, workspace.register.read() as session:
        return list(feeds.notices(session, run_id))


def gate(source: str, *, run_id: str, settings: Settings | None = None) -> None:
    """Raise :class:`UserError` with one line for each reason why a table of this source may not be measured.

    A table without any outcome is one of them: an earlier step ended before it could record one.
    """
    reports = [report for report in feed_reports(run_id, settings=settings) if report.source == source]
    findings = [Finding("", line) for line in reasons(reports)]
    with Workspace(settings) as workspace:
        without = set(workspace.source(source).conform) - {report.table for report in reports}
    findings += [
        Finding(
            f"source {source}, table {table}",
            "no outcome is recorded",
            "an earlier step of this run ended early; its log says why",
        )
        for table in sorted(without)
    ]
    if findings:
        raise UserError(*findings)
