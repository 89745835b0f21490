"""``qmsreports register``: the record, as far as people keep parts of it in a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qmsreports.cli.output import print_json
from qmsreports.cli.review import BY, JSON

app = typer.Typer(help="The record of reviews.", no_args_is_help=True)


@app.callback()
def register() -> None:
    """Read decisions and actions in from a workbook."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Workbook with the sheets Decisions, Actions or both.")],
    by: BY,
    as_json: JSON = False,
) -> None:
    """Record the decisions and actions of a workbook. Exit code 1 with one line per row that cannot be recorded."""
    from qmsreports.cli.clock import now
    from qmsreports.stages.workbook import import_workbook

    found = import_workbook(file, by=by, at=now())
    if as_json:
        print_json(found)
        return
    for name in ("decisions", "actions"):
        typer.echo(f"{found[name]['rows']} {name}, {found[name]['new']} of them new")


@app.command()
def columns() -> None:
    """Show the sheets and columns that an import reads."""
    from qmsreports.stages.workbook import SHEETS

    for title, heads in SHEETS.items():
        typer.echo(f"{title}: {' | '.join(heads)}")
