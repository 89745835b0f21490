"""``qmsreports demo``: the invented company whose systems the tutorial reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qmsreports.cli.output import print_json, print_table, progress


def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to build it; default <var>/demo.")] = None,
    scale: Annotated[int, typer.Option(min=1, help="Multiply the rows of every system.")] = 1,
    seed: Annotated[int, typer.Option(help="Another seed gives another company.")] = 9001,
    through: Annotated[str, typer.Option(help="Last month of its history.")] = "2026-10",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print one line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the source systems of the demo company: CRM, help desk, MES, shift files and the QMS registers."""
    from qmsreports import demo as company
    from qmsreports.period import Period
    from qmsreports.settings import Settings

    target = (folder or Settings().var / "demo").absolute()
    with progress("demo") as tell:
        report = company.build(target, seed=seed, scale=scale, through=Period.parse(through), tell=tell)
    rows = sorted(report.rows.items())
    if as_json:
        print_json({"folder": str(report.folder), "rows": report.rows})
        return
    if not quiet:
        print_table(("table", "rows"), rows)
    typer.echo(f"{sum(report.rows.values()):,} rows in {target}")
