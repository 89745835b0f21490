"""Actions between reviews: opened, moved with a reason, done with evidence, checked for their effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qmsreports.errors import Finding, UserError, did_you_mean
from qmsreports.period import Period
from qmsreports.settings import Settings
from qmsreports.stages.deciding import another
from qmsreports.stages.meeting import day_of, day_on, enter, local_day, opened, person, usage, words
from qmsreports.stages.plausible import follows, not_to_come
from qmsreports.stages.proposing import proposed
from qmsreports.stages.review import known_review
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from qmsreports.pack.model import Action
    from qmsreports.register.actions import Standing


def add_action(
    title: str,
    *,
    review: str,
    period: str,
    owner: str,
    due: str,
    by: str,
    at: datetime,
    reason: str = "",
    kpi: str = "",
    on: str = "",
    changes: Mapping[str, Any] | None = None,
    drop: bool = False,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Open an action that no single decision stands for; the same one again adds nothing, unless it was dropped.

    With ``kpi`` it stands for an objective: what is left empty is taken from what the pack proposes for it. ``on`` is
    the day on which it was agreed, by default today; ``changes`` is what is known of it already, recorded together. A
    closed review takes no new action.
    """
    from qmsreports.register import actions, reviews

    with opened(review, period, settings) as (workspace, _, of):
        month, today = str(of), local_day(workspace, at)
        day = day_on(on, of, today, f"review {review} {of}", "no action can have been agreed on")
    asked = {"title": title.strip(), "owner": owner.strip(), "due": day_of(due) if due else None}
    if kpi:
        title, owner, due = proposed(
            kpi, review=review, period=month, given=(title, owner, due), at=at, settings=settings
        )
    said: dict[str, Any] = {"title": words(title, "title"), "owner": words(owner, "owner"), "due": day_of(due)}
    said |= {"kpi": kpi} if kpi else {}
    with opened(review, period, settings) as (workspace, _, _):
        who = person(by)
        with workspace.register.write() as session:
            reviews.alone(session)
            known = [
                one
                for one in actions.standing(session).values()
                if (one.review, one.period, one.title) == (review, month, said["title"])
            ]
            same = next((one for one in known if drop or not one.dropped), None)
            number = same.number if same else actions.next_number(session)
            if same is None:
                _refuse_when_closed(session, review, of)
                follows(f'action "{said["title"]}"', "cannot be due on", said["due"], day, "--due")
                actions.record(session, number, review, month, said, day=day, who=who, at=at, reason=reason)
                enter(session, who, "add action", f"{number} {review} {month}", {**said, "reason": reason}, at)
            else:
                given = {name: value for name, value in asked.items() if value} | ({"day": day} if on else {})
                todo = f"change it: qmsreports action update {number} --by ..."
                if differs := another(session, number, given):
                    raise UserError(Finding(f"action {number}", differs, todo))
            recorded = same is None
            if drop or any(value not in (None, "") for value in (changes or {}).values()):
                recorded |= _change(
                    session, number, changes or {}, by=who, at=at, reason=reason, today=today, drop=drop
                )
            found = _row(actions.standing(session)[number], today)
    return {**found, "recorded": recorded}


def _refuse_when_closed(session: Session, review: str, of: Period) -> None:
    from qmsreports.register import reviews

    closed = reviews.life(session, review, str(of)).closed
    if closed is not None:
        what = f"was closed on {closed.day:%Y-%m-%d} by {closed.who}; a new action belongs to the next review"
        todo = f"run: qmsreports action add --review {review} --period {of.shift(1)} ..."
        raise UserError(Finding(f"review {review} {of}", what, todo))


def update_action(
    number: str,
    changes: Mapping[str, Any],
    *,
    by: str,
    at: datetime,
    reason: str = "",
    drop: bool = False,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Add to an action what is new. ``changes``: owner, due, progress, evidence, done_on, effective, effect.

    Moving a due date and dropping need a reason; the original due date stays whatever is said.
    """
    from qmsreports.register import actions, reviews

    with Workspace(settings) as workspace:
        day, who = local_day(workspace, at), person(by)
        with workspace.register.write() as session:
            reviews.alone(session)
            known = actions.standing(session)
            if number not in known:
                raise _unknown(workspace, number, known, day)
            recorded = _change(session, number, changes, by=who, at=at, reason=reason, drop=drop, today=day)
            found = _row(actions.standing(session)[number], day)
    return {**found, "recorded": recorded}


def _change(
    session: Session,
    number: str,
    changes: Mapping[str, Any],
    *,
    by: str,
    at: datetime,
    reason: str,
    today: date,
    drop: bool = False,
) -> bool:
    """Record what is new of an action; tell whether anything was."""
    from qmsreports.register import actions, reviews

    before = actions.standing(session)[number]
    said = {name: value for name, value in changes.items() if value not in (None, "")}
    new = {name: value for name, value in said.items() if getattr(before, name) != value}
    held = reviews.life(session, before.review, before.period).held
    agreed = min(before.decided_on, held.day) if held else before.decided_on
    _check(before, said, new, reason=reason, drop=drop, today=today, agreed=agreed)
    if not new and (not drop or before.dropped):
        return False
    actions.record(
        session, number, before.review, before.period, new, day=today, who=by, at=at, reason=reason, dropped=drop
    )
    detail = {**new, "reason": reason, **({"dropped": True} if drop else {})}
    enter(session, by, "update action", number, detail, at)
    return True


def _unknown(workspace: Workspace, number: str, known: Mapping[str, Standing], today: date) -> UserError:
    """Return what is wrong with the number: nobody has it, or the register workbook keeps it."""
    if number in {item.action for item in _workbook(workspace, today)}:
        return usage(
            f"action {number} is kept in the register workbook", "change it there and run: qmsreports run ingest"
        )
    return usage(f'there is no action "{number}"', did_you_mean(number, known) or "none is recorded yet")


def _check(
    before: Standing,
    said: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    reason: str,
    drop: bool,
    today: date,
    agreed: date,
) -> None:
    """Refuse what cannot be: ``said`` is all that is given, ``new`` what differs, ``agreed`` the day it was decided."""
    where = f"action {before.number}"
    if not said and not drop:
        raise usage("nothing is said about the action", "say --progress, --due, --owner, --evidence, --done or --drop")
    if before.dropped and new:
        raise UserError(Finding(where, f"was dropped on {before.dropped_on}", "add a new action"))
    if drop and not reason.strip():
        raise usage("dropping an action needs a reason", "say --reason")
    if "due" in new:
        follows(where, "cannot be due on", new["due"], agreed, "--due")
        if before.due is not None and not reason.strip():
            raise usage(f"moving the due date of {before.number} needs a reason", "say --reason")
    if "done_on" in new:
        not_to_come(where, "cannot have been done on", new["done_on"], today, "--done")
        follows(where, "cannot have been done on", new["done_on"], agreed, "--done")
    if new.get("effective") is not None and said.get("done_on", before.done_on) is None:
        raise UserError(Finding(where, "is not done yet", "say --done first, then whether it was effective"))


def list_actions(
    *, at: datetime, only_open: bool = False, review: str = "", settings: Settings | None = None
) -> list[dict[str, Any]]:
    """Return the actions of the register and of the register workbook as they stand today, each once."""
    from qmsreports.pack.collect.actions import together
    from qmsreports.register import actions

    with Workspace(settings) as workspace:
        if review:
            known_review(workspace, review)
        today = local_day(workspace, at)
        with workspace.register.read() as session:
            known = actions.standing(session, as_of=at)
        own = [one for one in known.values() if review in ("", one.review)]
        rows = [
            _row(known[item.action], today) if item.action in known else _workbook_row(item)
            for item, _ in together(_workbook(workspace, today), own, today)
        ]
    return [row for row in rows if not only_open or row["open"]]


def _workbook(workspace: Workspace, today: date) -> list[Action]:
    from qmsreports.pack.collect.actions import workbook_actions

    table = workspace.catalog.tables.get("review_actions")
    if table is None:
        return []
    with workspace.lake.connect([table]) as connection:
        return workbook_actions(connection, Period.containing(today), today)


def _row(one: Standing, today: date) -> dict[str, Any]:
    from qmsreports.pack.collect.actions import action_state

    state, days = action_state(one.original_due, one.due, one.done_on, today)
    said = asdict(one)
    return {
        "action": said.pop("number"),
        **{name: value for name, value in said.items() if name not in ("dropped", "dropped_on", "moves")},
        "state": "dropped" if one.dropped else state,
        "overdue_days": 0 if one.dropped else days,
        "open": one.is_open,
        "kept_in": "register",
    }


def _workbook_row(item: Action) -> dict[str, Any]:
    return {
        "action": item.action,
        "review": "",
        "kpi": "",
        "period": item.review,
        "decided_on": item.decided_on,
        "title": item.title,
        "owner": item.owner,
        "original_due": item.original_due,
        "due": item.due,
        "progress": item.progress,
        "evidence": item.evidence,
        "done_on": item.done_on,
        "effective": None,
        "effect": "",
        "reason": "",
        "state": item.state,
        "overdue_days": item.overdue_days,
        "open": item.done_on is None,
        "kept_in": "workbook",
    }
