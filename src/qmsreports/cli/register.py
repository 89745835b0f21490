"""``qmsreports register``: the record, as far as people keep parts of it in a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qmsreports.cli.output import as_findings, print_json, refusals
from qmsreports.cli.review import BY, JSON, OF_REVIEW, PERIOD
from qmsreports.errors import UserError

app = typer.Typer(help="The record of reviews.", no_args_is_help=True)


@app.callback()
def register() -> None:
    """Read the record of reviews in from a workbook, and write it as one."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Workbook with any of the sheets that `register columns` names.")],
    by: BY,
    as_json: JSON = False,
) -> None:
    """Record what a workbook says of reviews. Exit code 1 with one line per row that cannot be recorded."""
    from qmsreports.cli.clock import now
    from qmsreports.stages.workbook import import_workbook

    with refusals(as_json):
        found = import_workbook(file, by=by, at=now())
    findings = found.pop("findings")
    if as_json:
        print_json({**found, "findings": as_findings(findings)})
    else:
        for name, count in found.items():
            if name in ("decisions", "actions") or (isinstance(count, dict) and count["rows"]):
                typer.echo(f"{count['rows']} {name}, {count['new']} of them new")
    if findings:
        raise UserError(*findings)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Workbook to write; it must not be there yet.")],
    review: OF_REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Write the record of one review as a workbook to fill in and import; of a new review, its empty sheets."""
    from qmsreports import stages
    from qmsreports.cli.clock import now
    from qmsreports.stages.workbook_export import export_workbook

    at = now()
    with refusals(as_json):
        of = stages.asked_period(period, at, review, recorded=True)
        found = export_workbook(file, review=review, period=of, at=at)
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['file']}: review {found['review']} {found['period']}")


@app.command()
def columns() -> None:
    """Show the sheets and columns that an import reads."""
    from qmsreports.stages.workbook_sheets import SHEETS

    for title, heads in SHEETS.items():
        typer.echo(f"{title}: {' | '.join(heads)}")
