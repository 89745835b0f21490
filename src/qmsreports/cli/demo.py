"""``qmsreports demo``: the invented company whose systems the tutorial reads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qmsreports.cli.output import print_json, print_table, progress

_AUTHOR, _APPROVER = "quality.manager", "managing.director"


def demo(
    folder: Annotated[Path | None, typer.Option(help="Where to build it; default <var>/demo.")] = None,
    scale: Annotated[int, typer.Option(min=1, help="Multiply rows; not those of the QMS workbook.")] = 1,
    seed: Annotated[int, typer.Option(help="Another seed gives another company.")] = 9001,
    through: Annotated[str, typer.Option(help="Last month of its history.")] = "2026-10",
    approve: Annotated[
        bool, typer.Option("--approve", help="Have the catalog approved as well, on a register that has no definition.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print one line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make the source systems of the demo company: CRM, help desk, MES, shift files and the QMS registers.

    With --approve its quality manager proposes and its managing director approves the catalog, unless somebody ever
    proposed anything: a register that is in use is left alone.
    """
    from qmsreports import demo as company
    from qmsreports.period import Period
    from qmsreports.settings import Settings

    target = (folder or Settings().var / "demo").absolute()
    with progress("demo") as tell:
        report = company.build(target, seed=seed, scale=scale, through=Period.parse(through), tell=tell)
    rows = sorted(report.rows.items())
    approved = _approve() if approve else 0
    if as_json:
        print_json({"folder": str(report.folder), "rows": report.rows, **({"approved": approved} if approve else {})})
        return
    if not quiet:
        print_table(("table", "rows"), rows)
    typer.echo(f"{sum(report.rows.values()):,} rows in {target}")
    if scale > 1 and not quiet:
        typer.echo("the QMS workbook is as at scale 1: people keep its registers, and more orders make no more audits")
    if approved:
        typer.echo(f"{approved} definitions approved by {_APPROVER}")
    elif approve:
        typer.echo("the register has definitions already: nothing was proposed or approved")


def _approve() -> int:
    """Propose and approve the catalog on a register without a definition; return how many were approved."""
    from qmsreports.catalog import approval
    from qmsreports.cli.clock import now
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.workspace import Workspace

    with Workspace() as workspace:
        records = CatalogRecords(workspace.register)
        if records.definitions():
            return 0
        approval.apply(workspace.written, records, by=_AUTHOR, at=now())
        return len(approval.approve(records, workspace.written.organisation, by=_APPROVER, at=now()))
