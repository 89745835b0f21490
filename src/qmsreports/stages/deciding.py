"""What a review decides, and how what was entered by mistake is taken back, whatever it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from qmsreports.errors import Finding, UserError, did_you_mean
from qmsreports.persons import known_as
from qmsreports.settings import Settings
from qmsreports.stages.meeting import clause_of, day_of, day_on, enter, kpi_of, local_day, opened, person, usage, words
from qmsreports.stages.plausible import follows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def decide(
    clause: str,
    *,
    review: str,
    period: str,
    kind: str,
    text: str,
    reason: str,
    owner: str,
    due: str,
    action: str,
    by: str,
    at: datetime,
    on: str = "",
    kpi: str = "",
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Record a decision and open the action that follows; without owner or due date the review cannot be closed.

    ``on`` is the day of the decision, by default the one on which the review was held, today before that. With
    ``kpi`` the action stands for a missed objective, as one that was proposed for it does. The same
    decision again adds nothing; with another owner, due date or action it is refused, because the decision on record
    would stay as it is.
    """
    from qmsreports.register import actions, reviews
    from qmsreports.register.models import ReviewDecision

    if kind not in reviews.KINDS:
        raise usage(f'there is no kind of decision "{kind}"', did_you_mean(kind, reviews.KINDS))
    with opened(review, period, settings) as (workspace, declared, of):
        month = str(of)
        key = clause_of(workspace, declared, clause, inputs=False)
        fields = {"clause": key, "kind": kind, "text": words(text, "text"), "reason": words(reason, "reason")}
        day = day_on(on, of, local_day(workspace, at), f"review {review} {of}", "nothing can have been decided on")
        until = day_of(due) if due else None
        opens: dict[str, Any] = {
            "title": action.strip() or fields["text"],
            "owner": owner.strip() or None,
            "due": until,
        }
        if kpi:
            opens["kpi"] = kpi_of(workspace, declared, kpi)
        who = person(by)
        with workspace.register.write() as session:
            reviews.alone(session)
            held = reviews.life(session, review, month).held
            if held is not None and not on:  # decided there, typed in later
                day = held.day
            known = reviews.decisions(session, review, month)
            row = next((one for one in known if all(getattr(one, name) == fields[name] for name in fields)), None)
            recorded = row is None
            if row is None:
                reviews.refuse_when_closed(session, review, month)
                row = ReviewDecision(
                    number=reviews.next_decision(session),
                    review=review,
                    period=month,
                    action=actions.next_number(session),
                    decided_by=who,
                    decided_on=day,
                    at=at,
                    **fields,
                )
                if until is not None:
                    follows(f"action of the decision of {day}", "cannot be due on", until, day, "--due")
                session.add(row)
                actions.record(session, row.action, review, month, opens, day=day, who=who, at=at)
                detail = {**fields, "action": row.action, **opens}
                enter(session, who, "decide", f"{row.number} {review} {month}", detail, at)
            else:
                asked = {name: value for name, value in opens.items() if name != "title" or action.strip()}
                asked |= {"day": day} if on else {}
                if differs := another(session, row.action, asked):
                    reviews.refuse_when_closed(session, review, month)
                    where = f"decision {row.number}"
                    raise UserError(Finding(where, differs, todo_of(review, month, row.number)))
            stands = actions.standing(session)[row.action]
            return {
                "decision": row.number,
                "review": review,
                "period": month,
                **fields,
                "action": row.action,
                "owner": stands.owner,
                "due": stands.due,
                "kpi": stands.kpi,
                "by": row.decided_by,
                "on": row.decided_on,
                "recorded": recorded,
            }


def todo_of(review: str, month: str, number: str) -> str:
    """Return what to do about a decision that is on record with something else."""
    withdraw = f"qmsreports review withdraw {number} --review {review} --period {month} --reason ... --by ..."
    return f"change its action with qmsreports action update, or take it back first: {withdraw}"


_NAMES = {"title": "action", "owner": "owner", "due": "due date", "day": "day", "kpi": "KPI"}
_NOTHING = {"title": "none", "owner": "nobody", "due": "none", "day": "none", "kpi": "none"}


def another(session: Session, number: str, asked: Mapping[str, Any]) -> str:
    """Say what of an action on record is another than is asked: than when it was opened, and than it stands now."""
    from qmsreports.register import actions

    first, now = actions.opening(session, number), actions.standing(session)[number]
    stands = {"title": now.title, "owner": now.owner, "due": now.due, "day": now.decided_on, "kpi": now.kpi}
    differs = [
        f"{_NAMES[name]} {stands[name] or _NOTHING[name]}, not {value}"
        for name, value in asked.items()
        if value is not None and value not in (getattr(first, name), stands[name])
    ]
    return f"is on record with {' and '.join(differs)}; nothing was added" if differs else ""


def withdraw(
    decision: str = "",
    *,
    review: str,
    period: str,
    attendee: str = "",
    comment: str = "",
    considered: str = "",
    reason: str,
    by: str,
    at: datetime,
    again: bool = True,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Take back, while the review is open, a decision with the action it opened, somebody's attendance, the comment on
    a KPI or the statement that an input was considered.

    The rows stay on record with who took them back and why; they count no longer. ``again`` false: what was taken back
    before by the same person for the same reason is not taken back once more (``recorded`` is false).
    """
    from qmsreports.register import reviews

    named = {"decision": decision, "person": attendee, "comment": comment, "considered": considered}
    given = {name: text for name, text in named.items() if text}
    if len(given) != 1:
        raise usage("say what is taken back", "name a decision as D-2, or --person, --comment or --considered")
    why, who = words(reason, "reason"), person(by)
    with opened(review, period, settings) as (workspace, declared, of):
        month, day = str(of), local_day(workspace, at)
        if considered:
            given = {"considered": clause_of(workspace, declared, considered, inputs=True)}
        ((kind, what),) = given.items()
        back = {"review": review, "period": month, **given, "reason": why, "by": who, "on": day}
        with workspace.register.write() as session:
            reviews.alone(session)
            known = reviews.life(session, review, month).withdrawn
            if not again and any({**given, "reason": why}.items() <= one.detail.items() for one in known):
                return {**back, "recorded": False}
            reviews.refuse_when_closed(session, review, month)
            row = _standing(session, review, month, kind, what)
            said = {**given, "reason": why, **({"row": str(row)} if row else {})}
            reviews.step(session, review, month, reviews.WITHDRAWN, day=day, detail=said, who=who, at=at)
            enter(session, who, "review withdraw", f"{what} {review} {month}", said, at)
            if decision:
                _drop_action(session, review, month, decision, because=why, day=day, who=who, at=at)
    return {**back, "recorded": True}


def _standing(session: Session, review: str, month: str, kind: str, what: str) -> int:
    """Return the row of a comment or statement that is taken back, 0 for what has a number or name of its own;
    :class:`UserError` for what is not on record.
    """
    from qmsreports.register import reviews

    if kind == "decision":
        known = {row.number: 0 for row in reviews.decisions(session, review, month)}
        lacking = f'review {review} {month} has no decision "{what}" that stands'
    elif kind == "person":
        known = {one.person: 0 for one in reviews.life(session, review, month).attendance}
        lacking = f'"{what}" is not on record as present at review {review} {month}'
    elif kind == "comment":
        known = {kpi: row.id for kpi, row in reviews.comments(session, review, month).items()}
        lacking = f'review {review} {month} has no comment on "{what}" that stands'
    else:
        known = {row.clause: row.id for row in reviews.considered(session, review) if row.period == month}
        lacking = f'review {review} {month} has no statement on input "{what}" that stands'
    found = {known_as(name) if kind == "person" else name: row for name, row in known.items()}
    wanted = known_as(what) if kind == "person" else what
    if wanted not in found:
        raise usage(lacking, did_you_mean(what, known) or "see: qmsreports review show")
    return found[wanted]


def _drop_action(
    session: Session, review: str, month: str, decision: str, *, because: str, day: date, who: str, at: datetime
) -> None:
    """Drop the action that a decision opened, unless it is dropped already."""
    from sqlalchemy import select

    from qmsreports.register import actions
    from qmsreports.register.models import ReviewDecision

    number = session.scalars(select(ReviewDecision.action).where(ReviewDecision.number == decision)).one()
    if not actions.standing(session)[number].dropped:
        reason = f"{decision} was withdrawn: {because}"
        actions.record(session, number, review, month, {}, day=day, who=who, at=at, reason=reason, dropped=True)
        enter(session, who, "update action", number, {"reason": reason, "dropped": True}, at)
