"""``qmsreports init``: a new workspace from the starter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or an empty folder.")],
    name: Annotated[str, typer.Option(help="The organisation, as the pack prints it.")] = "Our company",
    time_zone: Annotated[str, typer.Option(help="Where its days begin and end, as Europe/Vienna.")] = "UTC",
    site: Annotated[list[str] | None, typer.Option(help="Code of a site; say it once for each. Default main.")] = None,
) -> None:
    """Write a new workspace: catalog, expectations, templates, DAGs, and a README that says how to go on."""
    from qmsreports import starter

    files = starter.make(folder, starter.Company(name, time_zone, tuple(site or ("main",))))
    typer.echo(f"{len(files)} files in {folder}")
    typer.echo(f"next: cd {folder} && qmsreports doctor; README.md says how to go on")
