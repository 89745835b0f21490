"""``qmsreports doctor``: can this machine and this workspace do the work, and if not, what to mend."""

from __future__ import annotations

from typing import Annotated

import typer

from qmsreports.cli.output import print_json, printable
from qmsreports.errors import ExitCode


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at Python, settings, folders, register, catalog, sources, Airflow and print. Exit code 1 with a problem.

    Nothing is written and no source is read.
    """
    from dataclasses import asdict

    from qmsreports.cli.clock import now
    from qmsreports.stages.doctor import examine

    found = []
    for looked in examine(at=now()):
        found.append(looked)
        if not as_json:
            todo = f"; {looked.todo}" if looked.todo else ""
            typer.echo(f"{looked.outcome:<8} {looked.check:<13} {printable(looked.what + todo)}")
    if as_json:
        print_json([asdict(looked) for looked in found])
    problems = sum(looked.outcome == "problem" for looked in found)
    warnings = sum(looked.outcome == "warning" for looked in found)
    if not as_json:
        typer.echo(f"{_count(problems, 'problem')}, {_count(warnings, 'warning')}")
    if problems:
        raise typer.Exit(ExitCode.FINDINGS)


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
