"""``qmsreports action``: what reviews decided to do, and how far it is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qmsreports.cli.output import print_json, print_table, refusals
from qmsreports.cli.review import BY, JSON, OF_REVIEW, PERIOD

app = typer.Typer(help="Actions of management reviews.", no_args_is_help=True)

REASON = Annotated[str, typer.Option(help="Why.")]


@app.callback()
def action() -> None:
    """Add, move, finish and check actions; the original due date is kept for ever."""


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    due = f", due {found['due']}" if found["due"] else ""
    line = f"{found['action']} {found['title']}: {found['state'].replace('_', ' ')}{due}"
    typer.echo(line if found["recorded"] else f"{line}: on record already, nothing added")


@app.command()
def add(
    by: BY,
    title: Annotated[str, typer.Option(help="What is to be done.")] = "",
    owner: Annotated[str, typer.Option(help="Who answers for it.")] = "",
    due: Annotated[str, typer.Option(help="Until when, as 2026-12-31.")] = "",
    kpi: Annotated[str, typer.Option(help="Missed objective it is for; what is left out is as proposed.")] = "",
    on: Annotated[str, typer.Option(help="Day on which it was agreed; default today.")] = "",
    reason: REASON = "",
    review: OF_REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Open an action of a review that no single decision stands for."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    at = now()
    with refusals(as_json):
        month = period or stages.last_closed_period(at, review)
        added = stages.add_action(
            title, review=review, period=month, owner=owner, due=due, by=by, at=at, reason=reason, kpi=kpi, on=on
        )
    _tell(added, as_json)


@app.command()
def propose(review: OF_REVIEW = "monthly", period: PERIOD = None, as_json: JSON = False) -> None:
    """Show what could be done about missed objectives; nothing is recorded until somebody adds it."""
    from qmsreports import stages
    from qmsreports.cli.clock import now
    from qmsreports.stages.proposing import list_proposals

    at = now()
    rows = list_proposals(review, period or stages.last_closed_period(at, review), at=at)
    if as_json:
        print_json(rows)
        return
    head = ("kpi", "title", "owner", "due", "action", "required by")
    print_table(head, [[_cell(row[name.replace(" ", "_")]) for name in head] for row in rows])


def _cell(value: Any) -> str:
    return "; ".join(value) if isinstance(value, tuple | list) else str(value)


@app.command()
def update(
    number: Annotated[str, typer.Argument(help="Action as R-7.")],
    by: BY,
    owner: Annotated[str, typer.Option(help="Who answers for it from now on.")] = "",
    due: Annotated[str, typer.Option(help="New due day; needs a reason where there was one.")] = "",
    progress: Annotated[str, typer.Option(help="How far it is.")] = "",
    evidence: Annotated[str, typer.Option(help="Where the proof lies.")] = "",
    done: Annotated[str, typer.Option(help="Day on which it was done.")] = "",
    effective: Annotated[bool | None, typer.Option(help="What the check of its effect found.")] = None,
    effect: Annotated[str, typer.Option(help="The effect, in a sentence.")] = "",
    drop: Annotated[bool, typer.Option("--drop", help="Give it up; needs a reason.")] = False,
    reason: REASON = "",
    as_json: JSON = False,
) -> None:
    """Say what is new about an action."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    with refusals(as_json):
        changes = {
            "owner": owner,
            "due": stages.day_of(due) if due else None,
            "progress": progress,
            "evidence": evidence,
            "done_on": stages.day_of(done) if done else None,
            "effective": effective,
            "effect": effect,
        }
        found = stages.update_action(number, changes, by=by, at=now(), reason=reason, drop=drop)
    _tell(found, as_json)


@app.command("list")
def list_actions(
    only_open: Annotated[bool, typer.Option("--open", help="Only what is not done.")] = False,
    review: Annotated[str, typer.Option("--review", help="Only actions of this review; default all.")] = "",
    as_json: JSON = False,
) -> None:
    """List the actions of the register and of the register workbook, each once, as they stand today."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    rows = stages.list_actions(at=now(), only_open=only_open, review=review)
    if as_json:
        print_json(rows)
        return
    head = ("action", "period", "title", "owner", "original due", "due", "state", "kept in")
    print_table(head, [[row[name.replace(" ", "_")] for name in head] for row in rows])
