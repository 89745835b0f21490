"""``qmsreports quality``: how the feeds came in, which rules failed, what is in quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qmsreports.cli.output import print_json, print_table
from qmsreports.cli.review import BY

app = typer.Typer(help="Data quality: feeds, rules, quarantine.", no_args_is_help=True)
quarantine_app = typer.Typer(help="Rows that were kept out of the canonical tables.", no_args_is_help=True)
app.add_typer(quarantine_app, name="quarantine")

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NUMBER = Annotated[int, typer.Argument(help="Number of the row in quarantine.")]
WHY = Annotated[str, typer.Option(help="Why, in a sentence.")]


@app.command()
def report(
    html: Annotated[Path | None, typer.Option(help="Write the whole report to this HTML file.")] = None,
    as_json: JSON = False,
) -> None:
    """Show the newest outcome of every feed, with the rules that failed; or write it all as one HTML file."""
    if html is not None:
        from qmsreports import stages
        from qmsreports.cli.clock import now

        typer.echo(str(stages.write_quality(at=now(), out=html)))
        return
    from qmsreports import stages
    from qmsreports.cli.clock import now
    from qmsreports.register import feeds
    from qmsreports.workspace import Workspace

    with Workspace() as workspace, workspace.register.read() as session:
        outcomes = feeds.latest_outcomes(session)
        failed = stages.failing_rules(session, at=now())
    if as_json:
        print_json({"feeds": [_plain(row) for row in outcomes], "failed_rules": [_plain(row) for row in failed]})
        return
    print_table(
        (
            *("source", "table", "status", "rows in", "refreshed", "conformed", "quarantined", "duplicates"),
            *("deleted", "at"),
        ),
        [
            (
                row.source,
                row.table_name,
                row.status,
                row.rows_in,
                row.refreshed,
                row.conformed,
                row.quarantined,
                row.duplicates,
                row.deleted_at_source,
                f"{row.at:%Y-%m-%d %H:%M} UTC",
            )
            for row in outcomes
        ],
    )
    for row in outcomes:
        if row.message:
            typer.echo(f"source {row.source}, table {row.table_name}: {row.message}")
    for rule in failed:
        typer.echo(
            f"source {rule.source}, table {rule.table_name}: {rule.rows_failed:,} of {rule.rows_checked:,} rows break "
            f'"{rule.rule}" ({rule.severity}, {rule.on_failure}): {rule.why}'
        )


@app.command()
def propose(
    table: Annotated[str, typer.Argument(help="Canonical table, or a feed as landed: landed/crm/account.")],
    out: Annotated[Path | None, typer.Option(help="File to write; default the table's own suite.")] = None,
    owner: Annotated[str, typer.Option(help="Who mends rows, until the suite says better.")] = "data.owner",
    force: Annotated[bool, typer.Option("--force", help="Write over a suite that is there.")] = False,
) -> None:
    """Write a draft suite from what always held in the history of a table."""
    from qmsreports import stages

    typer.echo(str(stages.propose_suite(table, owner=owner, out=out, force=force)))


@quarantine_app.command("list")
def list_quarantine(
    table: Annotated[str, typer.Option(help="Only this canonical table.")] = "",
    source: Annotated[str, typer.Option(help="Only this source.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Settled ones, too.")] = False,
    as_json: JSON = False,
) -> None:
    """List the rows that wait in quarantine, oldest first."""
    from qmsreports import stages

    rows = stages.list_quarantined(source, table, states=() if everything else ("open",))
    if as_json:
        print_json([_plain(row) for row in rows])
        return
    print_table(
        ("id", "source", "table", "key", "status", "since", "reason"),
        [
            (row.id, row.source, row.table_name, row.row_key, row.status, f"{row.first_seen:%Y-%m-%d}", row.reason)
            for row in rows
        ],
    )


@quarantine_app.command()
def show(number: NUMBER, as_json: JSON = False) -> None:
    """Show one row: what it holds, why it was kept out, what happened to it."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    found = stages.show_quarantined(number, at=now())
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['id']} {found['source']}, {found['table']}, key {found['key'] or 'none'}: {found['status']}")
    typer.echo(f"{found['reason']} ({found['rule']}, load {found['load']})")
    if found["why"]:
        typer.echo(f"{found['why']} Owner: {found['owner']}.")
    typer.echo(f"first seen {found['first_seen'][:10]}, {found['days']} days")
    value = "value as the mapping gave it" if found["rule"] == "mapping" else "value"  # its times may have no zone yet
    print_table(("column", value), [(name, value) for name, value in found["row"].items() if name[0] != "_"])
    for event in found["events"]:
        typer.echo(f"{event['at'][:16]} {event['event']} by {event['who']}: {event['why']}")


@quarantine_app.command()
def readmit(number: NUMBER, by: BY, why: WHY, as_json: JSON = False) -> None:
    """Let a row in at the next ingest although it breaks a rule."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    _tell(stages.readmit(number, by=by, why=why, at=now()), "enters at the next ingest", as_json)


@quarantine_app.command()
def reject(number: NUMBER, by: BY, why: WHY, as_json: JSON = False) -> None:
    """Close an entry: the row stays out."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    _tell(stages.reject(number, by=by, why=why, at=now()), "stays out", as_json)


def _tell(found: dict[str, Any], done: str, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    line = f"{found['table']}, key {found['key'] or 'none'}: {done}"
    typer.echo(line if found["recorded"] else f"{line}: on record already, nothing added")


def _plain(row: object) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}
