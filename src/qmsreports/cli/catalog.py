"""``qmsreports catalog``: check, plan, apply and approve what people adjust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qmsreports.cli.output import as_findings, print_json, print_table
from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean, how_many

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.workspace import Workspace

app = typer.Typer(
    help="What people adjust: KPIs, targets, calendars, tables, sources, clauses, reviews.", no_args_is_help=True
)

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
QUIET = Annotated[bool, typer.Option("--quiet", help="Print one line.")]
BY = Annotated[str, typer.Option("--by", help="Who does it, by name or role.")]


@app.command()
def check(as_json: JSON = False) -> None:
    """Check every file, mappings and suites included, plan every version and run the examples of every KPI.

    All findings at once; exit code 1 when there is one.
    """
    from qmsreports import stages
    from qmsreports.catalog.untold import missing_translations
    from qmsreports.conform import check_written
    from qmsreports.kpi.examples import run_examples
    from qmsreports.kpi.fitting import of_the_newest
    from qmsreports.workspace import Workspace

    counts: dict[str, int] = {}
    findings: list[Finding] = []
    warnings: tuple[Finding, ...] = ()
    try:
        with Workspace() as workspace:
            catalog = workspace.written
            not_counted = _not_counted(workspace)
            _, wrong, astray = stages.check_suites(catalog, workspace.settings.expectations)
        warnings = (*catalog.warnings, *not_counted, *astray, *missing_translations(catalog))
        findings = list(of_the_newest(catalog))
        findings += [finding for kpi in catalog.kpis.values() for finding in run_examples(catalog, kpi)]
        findings = list(dict.fromkeys(findings))
        findings += check_written(catalog.folder, catalog.sources, catalog.tables)
        findings += wrong
        counts = _counts(catalog)
    except UserError as error:
        if not as_json or error.exit_code is not ExitCode.FINDINGS:
            raise
        findings = list(error.findings)
    if as_json:
        print_json({"findings": as_findings(findings), "warnings": as_findings(warnings), **counts})
        raise typer.Exit(ExitCode.FINDINGS if findings else ExitCode.OK)
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    if findings:
        raise UserError(*findings)
    typer.echo(
        f"{how_many(counts['kpis'], 'KPI')}, {how_many(counts['tables'], 'table')}, "
        f"{how_many(counts['sources'], 'source')}, {how_many(counts['clause_maps'], 'clause map')}: no finding; "
        f"{how_many(counts['examples'], 'example')} {'comes' if counts['examples'] == 1 else 'come'} out as written"
    )


def _not_counted(workspace: Workspace) -> tuple[Finding, ...]:
    """Return a warning for each KPI that the register knows as approved and that is measured no more, and for what of
    the organisation waits for approval.

    The files can be checked where there is no register; none is made, or brought to a newer schema, for that.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from qmsreports.catalog import approval
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.register.store import Register

    if not workspace.has_register:
        return ()
    try:
        with Register(workspace.settings.register_url) as register:
            catalog, records = workspace.written, CatalogRecords(register)
            return (*approval.without_file(catalog, records), *approval.unapproved(catalog, records))
    except (UserError, SQLAlchemyError):
        return ()


def _counts(catalog: Catalog) -> dict[str, int]:
    return {
        "kpis": len(catalog.kpis),
        "tables": len(catalog.tables),
        "sources": len(catalog.sources),
        "clause_maps": len(catalog.clause_maps),
        "examples": sum(len(version.examples) for kpi in catalog.kpis.values() for version in kpi.versions),
    }


@app.command()
def plan(as_json: JSON = False) -> None:
    """Show what apply would propose and what that changes: numbers or wording, periods, statuses, published packs.

    Writes nothing. Exit code 1 when something would be refused.
    """
    from qmsreports.catalog.approval import title_of
    from qmsreports.stages.impact import plan_catalog

    planned, impacts = plan_catalog()
    waiting = [f"{title_of(row.entry)}, proposed by {row.proposed_by}" for row in planned.waiting]
    if as_json:
        changes = [
            {
                "kind": change.kind,
                "name": change.name,
                "version": change.version,
                "change": change.change,
                "sentence": change.sentence,
                "where": change.where,
                **impact.as_dict(),
            }
            for change, impact in zip(planned.changes, impacts, strict=True)
        ]
        print_json({"changes": changes, "refused": [str(finding) for finding in planned.refused], "waiting": waiting})
    else:
        for change, impact in zip(planned.changes, impacts, strict=True):
            typer.echo(f"{change.where}: {change.sentence}" if change.where else change.sentence)
            for line in impact.sentences():
                typer.echo(f"    {line}")
        for line in waiting:
            typer.echo(f"waits for approval: {line}")
        if not planned.changes and not waiting and not planned.refused:
            typer.echo("the register has everything as it is written")
    if planned.refused:
        raise UserError(*planned.refused)


@app.command()
def apply(
    by: BY,
    file: Annotated[Path | None, typer.Argument(help="A workbook that catalog export --xlsx wrote.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen and write nothing.")] = False,
    quiet: QUIET = False,
) -> None:
    """Write new and changed definitions to the register as proposed; those of a workbook to their YAML files first.

    A workbook is checked as the files are, each finding with the name of its cell; with one finding nothing is written.
    """
    from qmsreports.catalog import approval
    from qmsreports.catalog.check_target import agreed_on_a_day_to_come
    from qmsreports.cli.clock import now
    from qmsreports.kpi.fitting import planned
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.workspace import Workspace

    with Workspace() as workspace:
        records = CatalogRecords(workspace.register)
        catalog = workspace.written
        if file is not None:
            catalog = _with_workbook(file, catalog, records, dry_run=dry_run)
        plan, unfit = planned(catalog, records)
        if plan.refused:
            raise UserError(*plan.refused)
        changes = plan.changes if dry_run else approval.apply(catalog, records, by=by, at=now(), unfit=unfit)
    named = {change.name for change in changes if change.kind == "targets"}
    for warning in agreed_on_a_day_to_come(catalog, named, now().date()):
        typer.echo(f"warning: {warning}", err=True)
    if not quiet:
        for change in changes:
            typer.echo(change.sentence)
    proposals = sum(change.entry is not None for change in changes)  # of a file that is gone there is none
    if dry_run:
        typer.echo(f"nothing was written; {_definitions(proposals)} would be proposed by {by}")
    else:
        asking = sum(change.sentence.endswith("needs approval") for change in changes)
        said = f"{_definitions(proposals)} proposed by {by}{_of_them(asking, proposals)}"
        typer.echo(said if proposals else "catalog: nothing new to propose")
    waits = sorted({change.name for change in changes if change.sentence.endswith("needs approval")})
    if waits and not quiet and not dry_run:
        names = waits[0] if len(waits) == 1 else "--all"
        typer.echo(f"another person approves: qmsreports catalog approve {names} --by NAME")


def _definitions(count: int) -> str:
    return "1 definition" if count == 1 else f"{count} definitions"


def _of_them(asking: int, proposals: int) -> str:
    """Say how many wait where others do not: calendars, clause maps and reviews hold as soon as they are written."""
    if asking == proposals:
        return ""
    return f"; {asking} of them need{'s' * (asking == 1)} approval" if asking else "; no approval is needed"


def _with_workbook(file: Path, catalog: Catalog, records: CatalogRecords, *, dry_run: bool) -> Catalog:
    """Write what a workbook changes to the files, unless something speaks against it, and read them again."""
    from qmsreports.catalog.files import write_together
    from qmsreports.catalog.load import load_catalog
    from qmsreports.catalog.spreadsheet import read_changes
    from qmsreports.kpi.fitting import planned

    edited = read_changes(file, catalog)
    plan, _ = planned(edited.catalog, records)
    if plan.refused:
        raise UserError(*plan.refused)
    for notice in edited.notices:
        typer.echo(f"warning: {notice}", err=True)
    for path in edited.texts:
        typer.echo(f"{path}: {'would change' if dry_run else 'changed'}")
    if dry_run:
        return edited.catalog
    write_together(edited.texts)
    return load_catalog(catalog.folder)


@app.command()
def export(
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", help="Write targets, deviations, owners and calendars to a workbook.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Another folder to write all files to; without it, into the catalog.")
    ] = None,
    proposed: Annotated[bool, typer.Option("--proposed", help="Also what waits for approval.")] = False,
    quiet: QUIET = False,
) -> None:
    """Write the definitions of the register back to YAML files, or a workbook to edit with --xlsx.

    Comments and order of the files stay; a file that says what the register says is not touched.
    """
    from qmsreports.catalog.approval import title_of
    from qmsreports.catalog.export import exported, unapplied
    from qmsreports.catalog.files import write_together
    from qmsreports.catalog.history import History
    from qmsreports.cli.clock import now
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.workspace import Workspace

    if xlsx is not None and (out is not None or proposed):
        raise UserError(Finding("", "--xlsx goes with no other option", "run it alone"), exit_code=ExitCode.USAGE)
    with Workspace() as workspace:
        if xlsx is not None:
            from qmsreports.catalog.spreadsheet import workbook

            _refuse_existing(xlsx)
            write_together({xlsx: workbook(workspace.written, at=now())})
            typer.echo(f"{xlsx} written; change it and run: qmsreports catalog apply {xlsx.name} --by NAME")
            return
        catalog, records = workspace.written, CatalogRecords(workspace.register)
        lost = unapplied(catalog, records) if out is None else ()
        if lost:
            raise UserError(*lost)
        files = [file for file in exported(catalog, records, proposed=proposed) if out is not None or file.changed]
        folder = out or catalog.folder
        write_together({folder / file.path: file.content for file in files})
        waiting = () if proposed else History(records.definitions(), catalog.organisation.approvals).waiting()
    for file in files:
        if not quiet:
            typer.echo(folder / file.path)
    if waiting and not quiet:
        left_out = ", ".join(title_of(row.entry) for row in waiting)
        typer.echo(f"left out, because it waits for approval: {left_out}; --proposed writes it, too")
    typer.echo(f"{len(files)} files written" if files else "catalog: every file says what the register says")


def _refuse_existing(path: Path) -> None:
    if path.exists():
        what = "is there already and may hold somebody's changes"
        raise UserError(
            Finding(str(path), what, "name another file or delete this one"), exit_code=ExitCode.COULD_NOT_RUN
        )


@app.command()
def approve(
    by: BY,
    names: Annotated[list[str] | None, typer.Argument(help="KPIs to approve, with their targets.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Approve all that waits.")] = False,
    note: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    quiet: QUIET = False,
) -> None:
    """Approve what waits; nobody approves what they proposed."""
    from qmsreports.catalog import approval
    from qmsreports.catalog.history import History
    from qmsreports.cli.clock import now
    from qmsreports.kpi.fitting import refused_as_stored
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.workspace import Workspace

    if bool(names) == everything:
        typer.echo("name the KPIs to approve, or say --all", err=True)
        raise typer.Exit(ExitCode.USAGE)
    with Workspace() as workspace:
        records = CatalogRecords(workspace.register)
        known = {*workspace.written.kpis, *(row.entry.name for row in records.definitions())}
        unknown = [name for name in names or () if name not in known]
        if unknown:
            findings = [Finding("", f'there is no KPI "{name}"', did_you_mean(name, known)) for name in unknown]
            raise UserError(*findings, exit_code=ExitCode.USAGE)
        waiting = History(records.definitions(), workspace.written.organisation.approvals).waiting()
        chosen = [row.entry for row in waiting if everything or row.entry.name in (names or ())]
        broken = refused_as_stored(workspace.written, chosen)
        if broken:
            raise UserError(*broken)
        approved = approval.approve(
            records,
            workspace.written.organisation,
            by=by,
            at=now(),
            names=names or (),
            note=note,
        )
    if approved and not quiet:
        print_table(("approved",), [(approval.title_of(row.entry),) for row in approved])
    typer.echo(f"{_definitions(len(approved))} approved by {by}" if approved else "catalog: nothing waits for approval")


@app.command()
def schema(out: Annotated[Path, typer.Option("--out", help="The folder to write to.")]) -> None:
    """Write the JSON Schema of every kind of file, for editors that complete and check while typing."""
    from qmsreports.catalog.files import write_together
    from qmsreports.catalog.schema import schema_text, schemas

    files = {out / f"{name}.schema.json": schema_text(made).encode() for name, made in schemas().items()}
    write_together(files)
    typer.echo(f"{len(files)} schemas written to {out}")


@app.command()
def reference(
    examples: Annotated[Path, typer.Option("--examples", help="The catalog of examples.")],
    out: Annotated[Path, typer.Option("--out", help="The page to write.")],
) -> None:
    """Write the reference page of the definition language, each example computed while it is written."""
    from qmsreports.catalog.files import write_together
    from qmsreports.kpi.reference import reference_page

    write_together({out: reference_page(examples).encode()})
    typer.echo(f"{out} written")
