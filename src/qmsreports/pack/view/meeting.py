"""The record of the review as it is shown: who took part, what was decided, what was concluded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.minutes import AgreedAction, Attendance, Minutes, Resolution
from qmsreports.pack.model import PackModel
from qmsreports.pack.view import words


def minutes(pack: PackModel) -> dict[str, Any] | None:
    """Return the minutes; ``None`` where the form is still to be filled in."""
    said = pack.minutes
    if said is None:
        return None
    return {
        "lead": _lead(said),
        "present": [_present(one) for one in said.attendance],
        "resolutions": [_resolution(one, words.standards(pack)) for one in said.resolutions],
        "none": say("minutes.none"),
        "actions": [_agreed(one) for one in said.actions],
        "withdrawn": [
            say("minutes.withdrawn", what=one.what, by=one.by, day=figures.day(one.on), reason=one.reason)
            for one in said.withdrawn
        ],
        "conclusions": [
            {"label": say(f"label.conclusion.{label}"), "text": text}
            for label in ("suitability", "adequacy", "effectiveness")
            if (text := getattr(said, label))
        ],
    }


def invited(pack: PackModel) -> str:
    """Return who is to chair and who is invited, as the review declares it; empty where it names nobody."""
    head = pack.header
    said = [say("meeting.chair", chair=head.chair)] if head.chair else []
    if head.participants:
        said.append(say("meeting.invited", people=figures.listed(head.participants)))
    return " ".join(said)


def proposals(pack: PackModel) -> list[dict[str, str]]:
    """Return what is proposed for missed objectives, with the action that stands for it."""
    return [
        {
            "objective": one.objective,
            "link": f"kpi-{one.kpi}",
            "title": one.title,
            "why": one.why,
            "owner": figures.role(one.owner),
            "due": figures.day(one.due),
            "state": one.action or say("proposal.not_recorded"),
            "required": say("proposal.required_by", clauses=figures.listed(one.required_by)) if one.required_by else "",
            "tone": "bad" if one.required_by and not one.action else "",
        }
        for one in pack.proposals
    ]


def _lead(said: Minutes) -> str:
    held = say("minutes.held", day=figures.day(said.held_on)) if said.held_on else say("minutes.not_held")
    closed = say("minutes.not_closed")
    if said.closed_on is not None:
        closed = say("minutes.closed", day=figures.day(said.closed_on), by=said.closed_by)
    return " ".join((held, closed))


def _present(one: Attendance) -> str:
    more = [figures.written_role(one.role)] if one.role else []
    more += [say("minutes.for", absent=figures.written_role(one.stood_in_for))] if one.stood_in_for else []
    more += [say("minutes.in_the_chair")] if one.chaired else []
    return say("minutes.attendee", person=one.person, details="; ".join(more)) if more else one.person


def _agreed(one: AgreedAction) -> dict[str, str]:
    return {
        "number": one.number,
        "title": one.title,
        "reason": one.reason,
        "owner": figures.role(one.owner) if one.owner else say("minutes.no_owner"),
        "due": figures.day(one.due) if one.due else say("minutes.no_date"),
        "by": ", ".join((one.agreed_by, figures.day(one.agreed_on))),
    }


def _resolution(one: Resolution, names: Mapping[str, str]) -> dict[str, str]:
    return {
        "number": one.number,
        "action": one.action,
        "clause": words.clause(one.clause, names),
        "kind": say(f"decision_taken.{one.kind}"),
        "text": one.text,
        "reason": one.reason,
        "owner": figures.role(one.owner) if one.owner else say("minutes.no_owner"),
        "due": figures.day(one.due) if one.due else say("minutes.no_date"),
        "incomplete": "" if one.owner and one.due else "yes",
        "by": ", ".join((one.decided_by, figures.day(one.decided_on))),
    }
