"""``qmsreports run``: the stages that the DAGs call, without Airflow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from qmsreports.cli.output import print_json, print_table, progress
from qmsreports.cli.recorded import recorded
from qmsreports.errors import CouldNotRun, ExitCode

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from qmsreports.records import Tell
    from qmsreports.stages import FeedReport

app = typer.Typer(help="Run stages here and now, without Airflow; list what has run.", no_args_is_help=True)

PERIOD = Annotated[str | None, typer.Option(help="2026-10, 2026-Q3, 2026 or FY2027-Q1; default the last closed one.")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def ingest(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources to read; all when none is named.")] = None,
    as_json: JSON = False,
) -> None:
    """Read sources, audit what came, publish what passed. Exit code 1 when a table was stopped or unreadable."""
    from qmsreports import stages
    from qmsreports.cli.clock import new_run_id, now

    at = now()
    run_id = new_run_id(at)
    stages.known_sources(sources or ())
    with progress("ingest") as tell, recorded(run_id, "ingest", "") as findings:
        reports = stages.ingest(sources or (), run_id=run_id, at=at, tell=tell)
        findings += [f"source {report.source}, table {report.table}" for report in reports if not report.sound]
        page = _write_quality(at, tell)
    _print_reports(reports, as_json=as_json)
    if page and not as_json:
        typer.echo(f"data-quality report: {page}")
    _print_notices(run_id)
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command()
def measure(period: PERIOD = None, as_json: JSON = False) -> None:
    """Compute every approved KPI for 36 months up to the period and tell signal from noise."""
    from qmsreports import stages
    from qmsreports.cli.clock import new_run_id, now

    at = now()
    run_id = new_run_id(at)
    month = stages.asked_period(period, at)
    with progress("measure") as tell, recorded(run_id, "measure", month):
        summary = stages.measure(month, run_id=run_id, at=at, tell=tell)
        analysed = stages.analyse(month, run_id=run_id, at=at, tell=tell)
    _print_notices(run_id)
    if as_json:
        print_json({**summary.as_dict(), "analysed": analysed})
        return
    typer.echo(summary.sentence())
    typer.echo(f"{analysed} series analysed anew")


@app.command("review")
def build_review(
    review: Annotated[str, typer.Argument(help="Review of the catalog.")] = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Measure, then build the draft pack of one review."""
    from qmsreports import stages
    from qmsreports.cli.clock import new_run_id, now

    at = now()
    run_id = new_run_id(at)
    month = stages.asked_period(period, at, review)
    stages.check_review(review, month)
    with progress("review") as tell, recorded(run_id, "review", month):
        stages.measure(month, run_id=run_id, at=at, tell=tell)
        stages.analyse(month, run_id=run_id, at=at, tell=tell)
        built = stages.build_pack(review, month, run_id=run_id, at=at, tell=tell)
    if as_json:
        print_json(built.as_dict())
        return
    for line in stages.pack_summary(month, review):
        typer.echo(line)


@app.command("list")
def list_runs(as_json: JSON = False) -> None:
    """List all runs, by Airflow or typed here, oldest first. One that was killed has not ended."""
    from dataclasses import asdict

    from qmsreports import stages

    runs = stages.list_runs()
    if as_json:
        print_json([asdict(run) | {"started": _iso(run.started), "ended": _iso(run.ended)} for run in runs])
        return
    print_table(
        ("run", "line", "period", "started", "ended", "outcome", "error"),
        [(r.run, r.line, r.period, _iso(r.started), _iso(r.ended), r.outcome, r.error) for r in runs],
    )


def _iso(at: datetime | None) -> str | None:
    """Return an instant as scripts read it, in UTC: ``2026-11-02T06:00:00+00:00``."""
    from datetime import UTC

    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def _print_reports(reports: Sequence[FeedReport], *, as_json: bool) -> None:
    """Print the outcome of every table, then one line for each reason, however many tables it stops."""
    if as_json:
        from dataclasses import asdict

        print_json([asdict(report) for report in reports])
        return
    head = ("source", "table", "status", "rows in", "refreshed", "conformed", "quarantined", "duplicates", "deleted")
    print_table(
        head,
        [
            (
                *(r.source, r.table, r.status, r.rows_in, r.refreshed),
                *(r.conformed, r.quarantined, r.duplicates, r.deleted_at_source),
            )
            for r in reports
        ],
    )
    from qmsreports.stages import reasons

    for report in reports:
        where = f"source {report.source}, table {report.table}"
        if report.message and report.sound:
            typer.echo(f"{where}: {report.message}", err=True)
        if left := report.left():
            typer.echo(f"{where}: {left}", err=True)
        if over := report.left_over():
            typer.echo(f"{where}: {over}", err=True)
    for line in reasons(reports):
        typer.echo(line, err=True)


def _write_quality(at: datetime, tell: Tell) -> Path | None:
    """Write the data-quality report; what was ingested stands, also where its page cannot be written."""
    from qmsreports import stages

    try:
        return stages.write_quality(at=at, tell=tell)
    except CouldNotRun as error:
        typer.echo(f"notice: {error}", err=True)
        return None


def _print_notices(run_id: str) -> None:
    from qmsreports import stages

    for text in stages.notices(run_id):
        typer.echo(f"notice: {text}", err=True)
