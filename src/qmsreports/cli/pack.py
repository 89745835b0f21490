"""``qmsreports pack``: build, verify, list, approve and deliver packs; ``qmsreports audit``: check the journal."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from qmsreports.cli.output import as_findings, print_json, print_table, progress
from qmsreports.cli.recorded import recorded
from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError

app = typer.Typer(help="Management-review packs.", no_args_is_help=True)
audit_app = typer.Typer(help="The audit log.", no_args_is_help=True)

REVIEW = Annotated[str, typer.Argument(help="Review of the catalog.")]
PERIOD = Annotated[str | None, typer.Option(help="2026-10, 2026-Q3, 2026 or FY2027-Q1; default the last closed one.")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
EDITION = Annotated[int | None, typer.Option(min=1, help="Number of the edition; default the newest.")]
APPROVED_EDITION = Annotated[
    int | None, typer.Option(min=1, help="Number of the edition; default the newest approved.")
]


_LOOK = 1.0
"""Seconds between two looks at what a preview is made of."""


class Form(StrEnum):
    """What a pack may hold besides what it always has."""

    PPTX = "pptx"


WITH = Annotated[list[Form] | None, typer.Option("--with", help="A form besides print, page and workbook.")]


@app.command()
def build(review: REVIEW = "monthly", period: PERIOD = None, forms: WITH = None, as_json: JSON = False) -> None:
    """Write the draft pack from what is measured; the same inputs give the same edition and the same bytes."""
    from qmsreports import stages
    from qmsreports.cli.clock import new_run_id, now

    at = now()
    month = stages.asked_period(period, at, review)
    run_id = new_run_id(at)
    stages.check_review(review, month)
    with progress("build") as tell, recorded(run_id, "review", month):
        also = [form.value for form in forms or ()]
        built = stages.build_pack(review, month, run_id=run_id, at=at, also=also, tell=tell)
    if as_json:
        print_json(built.as_dict())
        return
    for line in stages.pack_summary(month, review):
        typer.echo(line)


@app.command()
def preview(
    review: REVIEW = "monthly",
    period: PERIOD = None,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Go on, and write it again whenever something of it changes; end with Ctrl-C."),
    ] = False,
    as_json: JSON = False,
) -> None:
    """Write print and page as they would be now, to <var>/previews; no edition is made and nothing is recorded."""
    from qmsreports import stages
    from qmsreports.cli.clock import now
    from qmsreports.pack.press import Press

    month = stages.asked_period(period, now(), review)
    stages.check_review(review)
    if watch:
        _watch(review, month, as_json)
        return
    with progress("preview") as tell, Press() as press:
        made = stages.preview_pack(review, month, at=now(), press=press, tell=tell)
    if as_json:
        print_json(made.as_dict())
        return
    for line in (*made.files, *made.headline):
        typer.echo(line)


def _watch(review: str, period: str, as_json: bool) -> None:
    """Say each preview in a line until Ctrl-C; the first one that cannot be made ends it, a later one is told."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    made = 0
    try:
        for one in stages.previews(review, period, now=now, pause=lambda: time.sleep(_LOOK)):
            if isinstance(one, UserError):
                if not made:
                    raise one
                for finding in one.findings:
                    typer.echo(str(finding), err=True)
                continue
            made += 1
            if as_json:
                print_json(one.as_dict())
                continue
            if made > 1:
                typer.echo(f"{now().astimezone():%H:%M:%S} written again")
                continue
            for line in (*one.files, *one.headline, "watching; Ctrl-C ends it"):
                typer.echo(line)
    except KeyboardInterrupt:
        return


@app.command()
def verify(review: REVIEW = "monthly", period: PERIOD = None, edition: EDITION = None, as_json: JSON = False) -> None:
    """Check files against their seal and rebuild the pack to the same bytes. Exit code 1 when one was changed."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    month = stages.asked_period(period, now(), review, recorded=True)
    findings = stages.verify_pack(review, month, edition=edition or 0)
    broken = [finding for finding in findings if not finding.warning]
    found = stages.newest_pack(review, month, edition=edition or 0)
    if as_json:
        sealed = {"pack": found.pack, "period": found.period, "edition": found.edition, "files": len(found.files)}
        print_json({**sealed, "sound": not broken, "findings": as_findings(findings)})
        raise typer.Exit(ExitCode.FINDINGS if broken else ExitCode.OK)
    if broken:
        raise UserError(*broken)
    for finding in findings:
        typer.echo(f"notice: {finding}", err=True)
    alike = "match their seal" if findings else "match their seal and rebuild alike"
    typer.echo(f"pack {review} {month} edition {found.edition}: {len(found.files)} files {alike}")


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="Pack as monthly-2026-10-e1; without -e1 its newest edition.")],
    after: Annotated[str, typer.Argument(help="The pack to compare it with.")],
    as_json: JSON = False,
) -> None:
    """Tell what changed between two packs and why. Exit code 1 when a value differs and no record says why."""
    from qmsreports import stages
    from qmsreports.pack.diff import lines

    found = stages.diff_packs(before, after)
    if as_json:
        print_json(found.as_dict())
    else:
        for line in lines(found):
            typer.echo(line)
    if found.unexplained:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command("list")
def list_packs(as_json: JSON = False) -> None:
    """List all packs, oldest first: who approved each, and to whom it went."""
    from qmsreports.register import packs
    from qmsreports.workspace import Workspace

    with Workspace() as workspace, workspace.register.read() as session:
        went = packs.deliveries(session)
        found: list[dict[str, Any]] = [
            {
                "pack": pack.review,
                "period": pack.period,
                "edition": pack.edition,
                "status": pack.status,
                "built_at": pack.built_at,
                "approved_by": pack.approved_by,
                "approved_at": pack.approved_at,
                "replaces": pack.manifest.get("predecessor") or "",
                "reason": pack.manifest.get("reason") or "",
                "delivered": [{"to": one.recipient, "at": one.at} for one in went.get(pack.id, ())],
            }
            for pack in packs.all_packs(session)
        ]
    if as_json:
        print_json(found)
        return
    plain = ("pack", "period", "edition", "status")
    print_table(
        (*plain, "approved by", "on", "delivered to"),
        [
            (
                *(one[name] for name in plain),
                one["approved_by"],
                f"{one['approved_at']:%Y-%m-%d}" if one["approved_at"] else "",
                ", ".join(to["to"] for to in one["delivered"]),
            )
            for one in found
        ],
    )


@app.command()
def approve(
    by: Annotated[str, typer.Option(help="Who approves, by name.")],
    review: REVIEW = "monthly",
    period: PERIOD = None,
    edition: EDITION = None,
    as_json: JSON = False,
) -> None:
    """Approve the newest draft: exactly these bytes, in this name; a print that says so is written beside it."""
    from qmsreports import stages
    from qmsreports.cli.clock import new_run_id, now

    if not by.strip():
        raise UserError(Finding("", "nobody is named", "say who it is: --by"), exit_code=ExitCode.USAGE)
    at = now()
    run_id = new_run_id(at)
    month = stages.asked_period(period, at, review, recorded=True)
    stages.check_review(review)
    with recorded(run_id, "release", month):
        found = stages.draft_for_release(review, month, edition=edition or 0)
        approved = stages.release(found.pack_id, approver=by, run_id=run_id, at=at)
    if as_json:
        print_json({**approved.as_dict(), "approved_by": by, "approved_at": at})
        return
    typer.echo(f"pack {approved.pack} {approved.period} edition {approved.edition}: approved by {by}")
    for file in approved.files:
        if file.path.endswith((".pdf", ".html")):
            typer.echo(f"{approved.folder}/{file.path}")


@app.command()
def deliver(
    review: REVIEW = "monthly", period: PERIOD = None, edition: APPROVED_EDITION = None, as_json: JSON = False
) -> None:
    """Hand the approved pack over: to folder, store and addresses of its review, to each once."""
    from qmsreports import stages
    from qmsreports.cli.clock import new_run_id, now

    at = now()
    month = stages.asked_period(period, at, review, recorded=True)
    stages.check_review(review)
    with recorded(new_run_id(at), "release", month):
        found = stages.newest_pack(review, month, edition=edition or 0, approved=True)
        reached: list[str] = []
        said = {"pack": found.pack, "period": found.period, "edition": found.edition, "delivered_to": reached}
        try:
            stages.deliver(found.pack_id, at=at, told=reached.append if as_json else typer.echo)
        except CouldNotRun as error:
            if as_json:
                print_json({**said, "findings": as_findings(error.findings)})
            raise
    if as_json:
        print_json(said)


@audit_app.command("verify")
def verify_journal(as_json: JSON = False) -> None:
    """Recompute the chain of the audit log and compare it with what packs know of it. Exit code 1 when an entry was
    edited or is missing.
    """
    from qmsreports import stages

    found = stages.verify_journal()
    if as_json:
        said = {"entries": found.entries, "newest": found.newest, "sound": not found.findings}
        print_json({**said, "findings": as_findings(found.findings)})
        raise typer.Exit(ExitCode.FINDINGS if found.findings else ExitCode.OK)
    for finding in found.findings:
        typer.echo(str(finding), err=True)
    if found.findings:
        raise typer.Exit(ExitCode.FINDINGS)
    typer.echo(f"{found.entries} entries, chain unbroken, newest hash {found.newest}")
