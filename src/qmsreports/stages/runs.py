"""The record of runs, and the gate at the end of an ingest."""

from __future__ import annotations

from dataclasses import dataclass
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


def fail_step(run_id: str, error: BaseException | str, *, settings: Settings | None = None) -> None:
    """Note why a step of a run failed; the run goes on, and how it ended is said by :func:`end_run`."""
    from qmsreports.register import journal

    with Workspace(settings) as workspace, workspace.register.write() as session:
        journal.note_failure(session, run_id=run_id, message=one_line(error))


def note_failure(run_id: str, error: BaseException | str, *, settings: Settings | None = None) -> None:
    """Note why a step failed, as far as the register answers: where it does not, that hides nothing else."""
    try:
        fail_step(run_id, error, settings=settings)
    except UserError:
        import logging

        logging.getLogger("qmsreports").warning("the register could not be told why this task failed")


def close_run(
    run_id: str, *, failed: list[str], verdicts: frozenset[str], at: datetime, settings: Settings | None = None
) -> None:
    """Note how a run of several steps ended, by the names of the steps that failed.

    Where nothing but ``verdicts`` failed (steps that judge the data) the run has findings. A step that was killed could
    not say why; its name is said in its place.
    """
    from qmsreports.register import journal
    from qmsreports.register.models import Run

    with Workspace(settings) as workspace, workspace.register.write() as session:
        run = session.get(Run, run_id)
        said = run.message if run is not None and run.finished_at is None else ""
        message = (said or f"{', '.join(sorted(set(failed)))} failed without a word; see the log") if failed else ""
        status = "done" if not failed else "findings" if set(failed) <= verdicts else "failed"
        journal.finish_run(session, run_id=run_id, status=status, message=message, at=at)


def one_line(error: BaseException | str) -> str:
    """Return what went wrong as one line, every finding in it."""
    if isinstance(error, UserError):
        return "; ".join(map(str, error.findings))
    return " ".join(str(error).split()) or type(error).__name__


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run as it is on record. ``outcome``: done | findings | failed | not ended (it is at work, or was killed)."""

    run: str
    line: str
    period: str
    started: datetime
    ended: datetime | None
    outcome: str
    error: str


def list_runs(settings: Settings | None = None) -> list[RunReport]:
    """Return all runs on record, oldest first."""
    from qmsreports.register import journal

    with Workspace(settings) as workspace, workspace.register.read() as session:
        return [
            RunReport(
                run=row.run_id,
                line=row.kind,
                period=row.period,
                started=row.started_at,
                ended=row.finished_at,
                outcome="not ended" if row.finished_at is None else row.status,
                error=row.message,
            )
            for row in journal.all_runs(session)
        ]


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
