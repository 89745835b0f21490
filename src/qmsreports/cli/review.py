"""``qmsreports review``: what the review must cover, what was said, decided and concluded, and its life."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from qmsreports.cli.output import print_json, print_table, refusals

app = typer.Typer(help="Management reviews.", no_args_is_help=True)

REVIEW = Annotated[str, typer.Argument(help="Review of the catalog.")]
OF_REVIEW = Annotated[str, typer.Option("--review", help="Review of the catalog.")]
PERIOD = Annotated[str | None, typer.Option(help="2026-10, 2026-Q3, 2026 or FY2027-Q1; default the last closed one.")]
BY = Annotated[str, typer.Option(help="Who says so, by name.")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Said = dict[str, Any]


@app.callback()
def review() -> None:
    """Prepare, hold and close the management review; everything said is recorded and never changed."""


def _record(review: str, period: str | None, as_json: bool, line: str, do: Callable[..., Said]) -> None:
    """Run one recording stage at this instant and say in one line, or as JSON, what is on record now."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    at = now()
    with refusals(as_json):
        said = do(stages, stages.asked_period(period, at, review, recorded=True), at)
    if as_json:
        print_json(said)
    else:
        typer.echo(line.format(**said) + ("" if said["recorded"] else ": on record already, nothing added"))
        for notice in said.get("notices", ()):
            typer.echo(f"notice: {notice}", err=True)


@app.command()
def comment(
    kpi: Annotated[str, typer.Argument(help="KPI of the review.")],
    cause: Annotated[str, typer.Option(help="Why the value is what it is.")],
    action: Annotated[str, typer.Option(help="What is done about it.")],
    effect: Annotated[str, typer.Option(help="What that will change.")],
    by_when: Annotated[str, typer.Option(help="Day as 2026-12-31.")],
    by: BY,
    review: OF_REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Say as the owner of a KPI what happened and what is done; a later comment supersedes."""
    said = {"cause": cause, "action": action, "effect": effect, "by_when": by_when, "by": by}
    _record(
        review,
        period,
        as_json,
        "comment of {by} on {kpi}, {review} {period}",
        lambda stages, month, at: stages.comment(kpi, review=review, period=month, at=at, **said),
    )


@app.command()
def consider(
    clause: Annotated[str, typer.Option(help="Input as 9.3.2-d, or as the ledger says to consider it.")],
    text: Annotated[str, typer.Option(help="What was looked at, in a sentence.")],
    by: BY,
    on: Annotated[str, typer.Option(help="Day on which it was looked at; default today.")] = "",
    review: REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Record that an input was looked at with nothing to report."""
    _record(
        review,
        period,
        as_json,
        "{clause} ({input}) considered by {by}, {review} {period}",
        lambda stages, month, at: stages.consider(clause, review=review, period=month, text=text, by=by, on=on, at=at),
    )


@app.command()
def decide(
    clause: Annotated[str, typer.Option(help="Input the decision is about, as 9.3.2-c3.")],
    kind: Annotated[str, typer.Option(help="improvement, qms_change or resources.")],
    text: Annotated[str, typer.Option(help="What was decided.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    by: BY,
    owner: Annotated[str, typer.Option(help="Who answers for the action.")] = "",
    due: Annotated[str, typer.Option(help="Until when, as 2026-12-31.")] = "",
    action: Annotated[str, typer.Option(help="What has to be done; default the decision itself.")] = "",
    on: Annotated[str, typer.Option(help="Day of the decision; default that of the review.")] = "",
    kpi: Annotated[str, typer.Option(help="KPI of the missed objective that it is about.")] = "",
    review: REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Record a decision and open its action; one that was wrong is taken back with ``review withdraw``."""
    said = {"kind": kind, "text": text, "reason": reason, "owner": owner, "due": due, "action": action, "by": by}
    said |= {"on": on, "kpi": kpi}
    _record(
        review,
        period,
        as_json,
        "{decision} decided, action {action}, {review} {period}",
        lambda stages, month, at: stages.decide(clause, review=review, period=month, at=at, **said),
    )


@app.command()
def withdraw(
    reason: Annotated[str, typer.Option(help="Why it is taken back.")],
    by: BY,
    decision: Annotated[str, typer.Argument(help="Decision as D-2; its action is dropped with it.")] = "",
    person: Annotated[str, typer.Option(help="Who did not take part after all.")] = "",
    comment: Annotated[str, typer.Option(help="KPI whose comment is taken back.")] = "",
    considered: Annotated[str, typer.Option(help="Input whose statement is taken back, as 9.3.2-d.")] = "",
    review: OF_REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Take back a decision, somebody's attendance, the comment on a KPI or the statement that an input was considered.

    While the review is open. What was entered stays on record; what is said afterwards counts.
    """
    said = {"attendee": person, "comment": comment, "considered": considered, "reason": reason, "by": by}
    _record(
        review,
        period,
        as_json,
        "{what} withdrawn from review {review} {period}",
        lambda stages, month, at: _named(stages.withdraw(decision, review=review, period=month, at=at, **said)),
    )


def _named(said: Said) -> Said:
    return {**said, "what": _taken_back(said)}


def _taken_back(said: Mapping[str, Any]) -> str:
    """Say what was taken back: ``D-2``, a name, ``comment on otif`` or ``statement on 9.3.2-d``."""
    if said.get("comment"):
        return f"comment on {said['comment']}"
    if said.get("considered"):
        return f"statement on {said['considered']}"
    return str(said.get("decision") or said.get("person"))


@app.command("open")
def open_review(
    on: Annotated[str, typer.Option(help="Day for which it is planned, as 2026-11-12.")],
    by: BY,
    review: REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Plan a review for a day; a later day supersedes."""
    _record(
        review,
        period,
        as_json,
        "review {review} {period} planned for {planned_for}, state {state}",
        lambda stages, month, at: stages.record_step("planned", review=review, period=month, by=by, on=on, at=at),
    )


@app.command()
def attend(
    person: Annotated[str, typer.Option(help="Who took part.")],
    by: BY,
    stands_in: Annotated[
        str, typer.Option("--for", help="For whom the person stood in, by name or role; several with commas.")
    ] = "",
    role: Annotated[str, typer.Option(help="In which role, as the review names it.")] = "",
    chaired: Annotated[bool, typer.Option("--chaired", help="The person led the meeting.")] = False,
    review: REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Record that a person took part."""
    detail = {"person": person, "for": stands_in, "role": role, "chaired": "yes" if chaired else ""}
    how = [stands_in and f"for {stands_in}", role and f"as {role}", "in the chair" if chaired else ""]
    _record(
        review,
        period,
        as_json,
        "{person} took part in review {review} {period}{how}",
        lambda stages, month, at: {
            **stages.record_step("attended", review=review, period=month, by=by, detail=detail, at=at),
            "person": person.strip(),
            "how": "".join(f", {said.strip()}" for said in how if said),
        },
    )


SUITABILITY = Annotated[str, typer.Option(help="Whether the system still fits the organisation.")]
ADEQUACY = Annotated[str, typer.Option(help="Whether it is enough.")]
EFFECTIVENESS = Annotated[str, typer.Option(help="Whether it reaches what was planned.")]


@app.command()
def hold(
    by: BY,
    on: Annotated[str, typer.Option(help="Day on which it was held; default today.")] = "",
    review: REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Record that the review was held; it needs a pack."""
    _record(
        review,
        period,
        as_json,
        "review {review} {period} held on {held_on}",
        lambda stages, month, at: stages.record_step("held", review=review, period=month, by=by, on=on, at=at),
    )


@app.command()
def conclude(
    by: BY,
    suitability: SUITABILITY = "",
    adequacy: ADEQUACY = "",
    effectiveness: EFFECTIVENESS = "",
    review: REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Record what top management concludes on the system; what is said later supersedes."""
    said = {"suitability": suitability, "adequacy": adequacy, "effectiveness": effectiveness}
    _record(
        review,
        period,
        as_json,
        "conclusions on review {review} {period}",
        lambda stages, month, at: stages.record_step(
            "concluded", review=review, period=month, by=by, detail=said, at=at
        ),
    )


@app.command()
def close(
    by: BY,
    suitability: SUITABILITY = "",
    adequacy: ADEQUACY = "",
    effectiveness: EFFECTIVENESS = "",
    review: REVIEW = "monthly",
    period: PERIOD = None,
    as_json: JSON = False,
) -> None:
    """Close the review and freeze inputs and decisions. Exit code 1 with one line per obstacle."""
    said = {"suitability": suitability, "adequacy": adequacy, "effectiveness": effectiveness}
    _record(
        review,
        period,
        as_json,
        "review {review} {period} closed on {closed_on} by {closed_by}; its actions go on",
        lambda stages, month, at: stages.close_review(review, month, conclusions=said, by=by, at=at),
    )


def _tell_people(found: Said) -> None:
    if found["chair"]:
        typer.echo(f"chair: {found['chair']}")
    for one in found["invited"]:
        called = f"{one['name']} ({one['role']})" if one["name"] else one["role"]
        typer.echo(f"invited: {called}" + (f", present: {one['present']}" if one["present"] else ""))
    for one in found["attendance"]:
        more = [one["role"], f"for {one['stood_in_for']}" if one["stood_in_for"] else ""]
        more.append("in the chair" if one["chaired"] else "")
        typer.echo(", ".join(["present: " + one["person"], *(text for text in more if text)]))


@app.command()
def show(review: REVIEW = "monthly", period: PERIOD = None, as_json: JSON = False) -> None:
    """Show the record of one review: state, attendance, decisions, conclusions."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    found = stages.show_review(review, stages.asked_period(period, now(), review, recorded=True))
    if as_json:
        print_json(found)
        return
    typer.echo(f"review {found['review']} {found['period']}: {found['state']}")
    for name in ("planned_for", "held_on", "closed_on"):
        if found[name]:
            typer.echo(f"{name.replace('_', ' ')} {found[name]}")
    _tell_people(found)
    for one in found["withdrawn"]:
        typer.echo(f"withdrawn: {_taken_back(one)}, by {one['by']} on {one['on']}: {one['reason']}")
    for name, text in found["conclusions"].items():
        if text:
            typer.echo(f"{name}: {text}")
    if found["decisions"]:
        head = ("decision", "clause", "kind", "text", "action", "owner", "due")
        print_table(head, [[row[name] for name in head] for row in found["decisions"]])


@app.command()
def ledger(review: REVIEW = "monthly", period: PERIOD = None, as_json: JSON = False) -> None:
    """Show for every input of every standard: data, considered by whom, or missing."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    at = now()
    rows = stages.ledger(review, stages.asked_period(period, at, review, recorded=True), at=at)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("standard", "edition", "clause", "state", "consider as", "input", "evidence"),
        [
            [
                *(row[name] for name in ("standard", "edition", "clause", "state")),
                "" if row["state"] == "data" else row.get("covers", ""),
                row["label"],
                _evidence(row),
            ]
            for row in rows
        ],
    )


def _evidence(row: Said) -> str:
    if row["evidence"]:
        return "; ".join(row["evidence"])
    if row["state"] == "missing":
        from qmsreports.language import say
        from qmsreports.pack import figures

        last = row["last_considered"]
        return say("coverage.last", in_period=figures.period(last, "in")) if last else say("coverage.never")
    return " ".join(part for part in (row["considered_by"], row["last_considered"]) if part)
