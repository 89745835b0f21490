"""The review itself: what people say, decide and conclude, recorded with who and when, until it is closed.

Every function can be repeated: what is on record already adds nothing (``recorded`` is false then).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean
from qmsreports.settings import Settings
from qmsreports.stages.review import known_review, review_period
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.review import Review

NOBODY = frozenset({"", "anonymous", "anonym", "none", "admin"})


def usage(what: str, todo: str = "") -> UserError:
    """Return the error for a value that was given wrongly."""
    return UserError(Finding("", what, todo), exit_code=ExitCode.USAGE)


def day_of(text: str) -> date:
    """Read a date; :class:`UserError` (exit 2) for anything but ``2026-12-31``."""
    try:
        if len(text.strip()) == len("2026-12-31"):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise usage(f'"{text}" is no date', "write it as 2026-12-31")


def person(name: str) -> str:
    """Return who it was; a record by nobody is evidence of nothing."""
    plain = " ".join(name.split())
    if plain.casefold() in NOBODY:
        raise usage(f'"{name}" is nobody in particular', "say --by with the name of a person")
    return plain


def words(text: str, option: str) -> str:
    """Return a text that says something."""
    if not text.strip():
        raise usage(f"--{option} says nothing", "write a sentence")
    return text.strip()


def details(said: Mapping[str, str]) -> dict[str, str]:
    """Return what is said of a step by name; a text that is only blanks is refused."""
    return {name: words(text, name) for name, text in said.items() if text}


@contextmanager
def _opened(review: str, period: str, settings: Settings | None) -> Iterator[tuple[Workspace, Review, str]]:
    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        yield workspace, declared, str(review_period(workspace, declared, period))


def local_day(workspace: Workspace, at: datetime) -> date:
    """Return the day at the organisation."""
    return at.astimezone(ZoneInfo(workspace.catalog.organisation.time_zone)).date()


def enter(session: Session, who: str, action: str, subject: str, detail: Mapping[str, Any], at: datetime) -> None:
    """Write an entry of the audit log; dates become text."""
    from qmsreports.register import journal

    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in detail.items()}
    journal.record(session, who=who, action=action, subject=subject, detail=plain, at=at)


def clause_of(workspace: Workspace, review: Review, text: str, *, inputs: bool) -> str:
    """Return a clause as the catalog names it; ``9.3.2 d`` is read too. ``inputs``: only what the review must cover."""
    maps = [workspace.catalog.clause_maps[name] for name in review.standards if name in workspace.catalog.clause_maps]
    keys = {
        key
        for clauses in maps
        for item in clauses.items
        if not inputs or item.side == "input"
        for key in {*clauses.feed_keys(item), *([] if clauses.follows else [item.clause])}
    }
    plain = "-".join(text.split())
    if plain not in keys:
        what = "input" if inputs else "clause"
        raise usage(
            f'review {review.review} has no {what} "{text}"', did_you_mean(plain, [k for k in keys if "/" not in k])
        )
    return plain


def comment(
    kpi: str,
    *,
    review: str,
    period: str,
    cause: str,
    action: str,
    effect: str,
    by_when: str,
    by: str,
    at: datetime,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Record what the owner of a KPI says of a period; it supersedes what was said before."""
    from qmsreports.register import reviews
    from qmsreports.register.models import Comment

    with _opened(review, period, settings) as (workspace, declared, month):
        shown = [name for name in declared.scoreboard if name in workspace.catalog.kpis] or workspace.catalog.kpis
        if kpi not in shown:
            raise usage(f'review {review} has no KPI "{kpi}"', did_you_mean(kpi, shown))
        said = {
            "cause": words(cause, "cause"),
            "action": words(action, "action"),
            "effect": words(effect, "effect"),
            "by_when": day_of(by_when),
        }
        row = Comment(review=review, period=month, kpi=kpi, author=person(by), at=at, **said)
        with workspace.register.write() as session:
            recorded = reviews.add_comment(session, row) is not None
            if recorded:
                enter(session, row.author, "comment", f"{kpi} {review} {month}", said, at)
    return {"review": review, "period": month, "kpi": kpi, **said, "by": row.author, "at": at, "recorded": recorded}


def consider(
    clause: str, *, review: str, period: str, text: str, by: str, at: datetime, settings: Settings | None = None
) -> dict[str, Any]:
    """Record that an input was looked at and there is nothing to report."""
    from qmsreports.register import reviews
    from qmsreports.register.models import ConsideredInput

    with _opened(review, period, settings) as (workspace, declared, month):
        key = clause_of(workspace, declared, clause, inputs=True)
        on = local_day(workspace, at)
        row = ConsideredInput(
            review=review,
            period=month,
            clause=key,
            text=words(text, "text"),
            considered_by=person(by),
            considered_on=on,
            at=at,
        )
        with workspace.register.write() as session:
            recorded = reviews.add_considered(session, row) is not None
            if recorded:
                subject = f"{key} {review} {month}"
                enter(session, row.considered_by, "consider input", subject, {"text": row.text}, at)
    return {
        "review": review,
        "period": month,
        "clause": key,
        "text": row.text,
        "by": row.considered_by,
        "on": on,
        "recorded": recorded,
    }


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
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Record a decision and open the action that follows; without owner or due date the review cannot be closed.

    ``on`` is the day of the decision, by default today.
    """
    from qmsreports.register import actions, reviews
    from qmsreports.register.models import ReviewDecision

    if kind not in reviews.KINDS:
        raise usage(f'there is no kind of decision "{kind}"', did_you_mean(kind, reviews.KINDS))
    with _opened(review, period, settings) as (workspace, declared, month):
        key = clause_of(workspace, declared, clause, inputs=False)
        fields = {"clause": key, "kind": kind, "text": words(text, "text"), "reason": words(reason, "reason")}
        until = day_of(due) if due else None
        today = local_day(workspace, at)
        day = day_of(on) if on else today
        if day > today:
            raise usage(f"nothing can have been decided on {day}, which is to come", "say the day truly")
        with workspace.register.write() as session:
            reviews.alone(session)
            reviews.refuse_when_closed(session, review, month)
            known = reviews.decisions(session, review, month)
            row = next((one for one in known if all(getattr(one, name) == fields[name] for name in fields)), None)
            recorded = row is None
            if row is None:
                row = ReviewDecision(
                    number=reviews.next_decision(session),
                    review=review,
                    period=month,
                    action=actions.next_number(session),
                    decided_by=person(by),
                    decided_on=day,
                    at=at,
                    **fields,
                )
                session.add(row)
                opened = {"title": action.strip() or fields["text"], "owner": owner.strip() or None, "due": until}
                actions.record(session, row.action, review, month, opened, day=day, who=row.decided_by, at=at)
                detail = {**fields, "action": row.action, **opened}
                enter(session, row.decided_by, "decide", f"{row.number} {review} {month}", detail, at)
            stands = actions.standing(session)[row.action]
            return {
                "decision": row.number,
                "review": review,
                "period": month,
                **fields,
                "action": row.action,
                "owner": stands.owner,
                "due": stands.due,
                "by": row.decided_by,
                "on": row.decided_on,
                "recorded": recorded,
            }


def record_step(
    kind: str,
    *,
    review: str,
    period: str,
    by: str,
    at: datetime,
    on: str = "",
    detail: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Record a step: ``planned`` (for a day to come), ``held`` (needs a pack), ``attended``, ``concluded``."""
    from qmsreports.register import packs, reviews

    with _opened(review, period, settings) as (workspace, _, month):
        today = local_day(workspace, at)
        day = day_of(on) if on else today
        said = details(detail or {})
        where = f"review {review} {month}"
        if kind == "held" and day > today:
            raise UserError(Finding(where, f"cannot have been held on {day}, which is to come", "say --on truly"))
        with workspace.register.write() as session:
            if kind == "held" and not packs.editions(session, review, month):
                todo = f"run: qmsreports pack build {review} --period {month}"
                raise UserError(Finding(where, "is not prepared: there is no pack", todo))
            life = reviews.life(session, review, month)
            if kind == "planned" and life.state == "held":
                raise UserError(Finding(where, f"was held on {life.held.day if life.held else ''}", "nothing to plan"))
            who = person(by)
            event = reviews.step(session, review, month, kind, day=day, detail=said, who=who, at=at)
            if event is not None:
                enter(session, who, f"review {kind}", f"{review} {month}", {"day": day, **said}, at)
    return {**show_review(review, month, settings=settings), "recorded": event is not None}


def show_review(review: str, period: str, *, settings: Settings | None = None) -> dict[str, Any]:
    """Return the record of one review: its state, who attended, what was decided and concluded."""
    from qmsreports.register import actions, packs, reviews

    with _opened(review, period, settings) as (workspace, _, month), workspace.register.read() as session:
        life = reviews.life(session, review, month)
        prepared = bool(packs.editions(session, review, month))
        stands = actions.standing(session)
        return {
            "review": review,
            "period": month,
            "state": life.state
            if life.state in ("held", "closed")
            else "prepared"
            if prepared
            else life.state or "new",
            "planned_for": life.planned.day if life.planned else None,
            "held_on": life.held.day if life.held else None,
            "closed_on": life.closed.day if life.closed else None,
            "closed_by": life.closed.who if life.closed else None,
            "attendance": [asdict(one) for one in life.attendance],
            "conclusions": {name: life.conclusions.get(name, "") for name in reviews.CONCLUSIONS},
            "decisions": [
                {
                    "decision": row.number,
                    "clause": row.clause,
                    "kind": row.kind,
                    "text": row.text,
                    "reason": row.reason,
                    "action": row.action,
                    "owner": stands[row.action].owner,
                    "due": stands[row.action].due,
                    "by": row.decided_by,
                    "on": row.decided_on,
                }
                for row in reviews.decisions(session, review, month)
            ],
        }
