"""The review itself: what people say, decide and conclude, recorded with who and when, until it is closed.

Every function can be repeated: what is on record already adds nothing (``recorded`` is false then). What is decided has
its own module, :mod:`qmsreports.stages.deciding`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean
from qmsreports.period import Period
from qmsreports.persons import known_as, tidy
from qmsreports.settings import Settings
from qmsreports.stages.attendance import invited
from qmsreports.stages.plausible import begun, not_to_come
from qmsreports.stages.review import kept_period, known_review
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


def is_nobody(name: str) -> bool:
    """Tell whether a name stands for no person: what is done in it was done by nobody in particular."""
    return known_as(name) in NOBODY


def person(name: str) -> str:
    """Return who it was; a record by nobody is evidence of nothing."""
    plain = tidy(name)
    if is_nobody(name):
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
def opened(review: str, period: str, settings: Settings | None) -> Iterator[tuple[Workspace, Review, Period]]:
    """Open the workspace of a declared review; a period that it does not look back on is refused (exit 2)."""
    with Workspace(settings) as workspace:
        declared = known_review(workspace, review)
        yield workspace, declared, kept_period(workspace, declared, period)


def local_day(workspace: Workspace, at: datetime) -> date:
    """Return the day at the organisation."""
    return at.astimezone(ZoneInfo(workspace.catalog.organisation.time_zone)).date()


def enter(session: Session, who: str, action: str, subject: str, detail: Mapping[str, Any], at: datetime) -> None:
    """Write an entry of the audit log; dates become text."""
    from qmsreports.register import journal

    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in detail.items()}
    journal.record(session, who=who, action=action, subject=subject, detail=plain, at=at)


def clause_of(workspace: Workspace, review: Review, text: str, *, inputs: bool) -> str:
    """Return a clause as the catalog names it; ``9.3.2 d`` is read too. ``inputs``: only what the review must cover.

    Editions give one number to different items: a plain number is meant as the leading edition has it, and one that
    only another edition has is refused with the key under which its item is covered.
    """
    maps = [workspace.catalog.clause_maps[name] for name in review.standards if name in workspace.catalog.clause_maps]
    keys: set[str] = set()
    elsewhere: dict[str, tuple[str, str]] = {}
    for clauses in maps:
        for item in clauses.items:
            if not inputs or item.side == "input":
                keys |= clauses.feed_keys(item)
                if clauses.follows:
                    edition = f"{clauses.standard}:{clauses.edition}"
                    elsewhere.setdefault(item.clause, (edition, clauses.covers(item)))
    plain = "-".join(text.split())
    if plain not in keys:
        what = "input" if inputs else "clause"
        if plain in elsewhere:
            edition, covers = elsewhere[plain]
            raise usage(f'"{text}" is the number of {edition} for this {what}', f"write {covers}")
        raise usage(
            f'review {review.review} has no {what} "{text}"', did_you_mean(plain, [k for k in keys if "/" not in k])
        )
    return plain


def kpi_of(workspace: Workspace, review: Review, kpi: str) -> str:
    """Return a KPI that the review shows; :class:`UserError` (exit 2) with a suggestion for any other."""
    shown = [name for name in review.scoreboard if name in workspace.catalog.kpis] or workspace.catalog.kpis
    if kpi not in shown:
        raise usage(f'review {review.review} has no KPI "{kpi}"', did_you_mean(kpi, shown))
    return kpi


def _label(workspace: Workspace, review: Review, key: str) -> str:
    """Return what the input of a key is called in the first of the review's editions that has it."""
    maps = [workspace.catalog.clause_maps[name] for name in review.standards if name in workspace.catalog.clause_maps]
    return next(item.label for clauses in maps for item in clauses.items if key in clauses.feed_keys(item))


def day_on(text: str, period: Period, today: date, where: str, what: str) -> date:
    """Return the day of something that is over, by default today: not to come, and not before the period begins."""
    day = day_of(text) if text else today
    not_to_come(where, what, day, today, "--on")
    begun(where, what, day, period, "--on")
    return day


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
    again: bool = True,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Record what the owner of a KPI says of a period; it supersedes what was said before.

    ``again`` false: a comment that was taken back is not recorded once more.
    """
    from qmsreports.register import reviews
    from qmsreports.register.models import Comment

    with opened(review, period, settings) as (workspace, declared, of):
        month = str(of)
        kpi_of(workspace, declared, kpi)
        said = {
            "cause": words(cause, "cause"),
            "action": words(action, "action"),
            "effect": words(effect, "effect"),
            "by_when": (until := day_of(by_when)),
        }
        begun(f"comment on {kpi}", "nothing can be done by", until, of, "--by-when")
        today = local_day(workspace, at)
        begun(f"comment on {kpi}", "nothing can be said on", today, of, "--period")
        row = Comment(review=review, period=month, kpi=kpi, author=person(by), at=at, **said)
        with workspace.register.write() as session:
            recorded = reviews.add_comment(session, row, again=again) is not None
            if recorded:
                enter(session, row.author, "comment", f"{kpi} {review} {month}", said, at)
    return {"review": review, "period": month, "kpi": kpi, **said, "by": row.author, "at": at, "recorded": recorded}


def consider(
    clause: str,
    *,
    review: str,
    period: str,
    text: str,
    by: str,
    at: datetime,
    on: str = "",
    again: bool = True,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Record that an input was looked at and there is nothing to report, ``on`` a day, by default today.

    ``again`` false: a statement that was taken back is not recorded once more.
    """
    from qmsreports.register import reviews
    from qmsreports.register.models import ConsideredInput

    with opened(review, period, settings) as (workspace, declared, of):
        month = str(of)
        key = clause_of(workspace, declared, clause, inputs=True)
        label = _label(workspace, declared, key)
        day = day_on(on, of, local_day(workspace, at), f"input {key}", "cannot have been considered on")
        row = ConsideredInput(
            review=review,
            period=month,
            clause=key,
            text=words(text, "text"),
            considered_by=person(by),
            considered_on=day,
            at=at,
        )
        with workspace.register.write() as session:
            recorded = reviews.add_considered(session, row, again=again) is not None
            if recorded:
                subject = f"{key} {review} {month}"
                enter(session, row.considered_by, "consider input", subject, {"text": row.text}, at)
    return {
        "review": review,
        "period": month,
        "clause": key,
        "input": label,
        "text": row.text,
        "by": row.considered_by,
        "on": row.considered_on,
        "recorded": recorded,
    }


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of a review: ``kind``, the day it is about (by default today) and what only it has."""

    kind: str
    on: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


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
    step = Step(kind, on, detail or {})
    recorded = record_steps([step], review=review, period=period, by=by, at=at, settings=settings)
    return {**show_review(review, period, settings=settings), "recorded": recorded}


def record_steps(
    steps: Iterable[Step], *, review: str, period: str, by: str, at: datetime, settings: Settings | None = None
) -> bool:
    """Record several steps together, or none of them; tell whether any was new."""
    with opened(review, period, settings) as (workspace, _, of), workspace.register.write() as session:
        return any([_take(session, workspace, step, review=review, of=of, by=by, at=at) for step in steps])


def _take(
    session: Session, workspace: Workspace, step: Step, *, review: str, of: Period, by: str, at: datetime
) -> bool:
    """Record one step; tell whether it was new."""
    from qmsreports.register import packs, reviews

    month, where = str(of), f"review {review} {of}"
    today, said, who = local_day(workspace, at), details(step.detail), person(by)
    day = day_of(step.on) if step.on else today
    if step.kind == "attended":
        _attends(where, said)
    if step.kind in ("attended", "concluded"):
        begun(where, f"nobody can have {step.kind} on", today, of, "--period")
    reviews.alone(session)
    if reviews.said_already(session, review, month, step.kind, day, said):
        return False
    reviews.refuse_when_closed(session, review, month)
    life = reviews.life(session, review, month)
    if step.kind == "held":
        day = day_on(step.on, of, today, where, "cannot have been held on")
        if not packs.editions(session, review, month):
            todo = f"run: qmsreports pack build {review} --period {month}"
            raise UserError(Finding(where, "is not prepared: there is no pack", todo))
    elif step.kind == "planned":
        begun(where, "cannot be planned for", day, of, "--on")
        if life.held is not None:
            raise UserError(Finding(where, f"was held on {life.held.day}", "nothing to plan"))
    event = reviews.step(session, review, month, step.kind, day=day, detail=said, who=who, at=at)
    if event is not None:
        enter(session, who, f"review {step.kind}", f"{review} {month}", {"day": day, **said}, at)
    return event is not None


def _attends(where: str, said: Mapping[str, str]) -> None:
    name = known_as(said.get("person", ""))
    if not name:
        raise usage("nobody is named who took part", "say --person with a name")
    if name == known_as(said.get("for", "")):
        what = f"{said['person']} cannot stand in for {said['person']}"
        raise UserError(Finding(where, what, "leave --for out, or name who could not come"))


def show_review(review: str, period: str, *, settings: Settings | None = None) -> dict[str, Any]:
    """Return the record of one review: its state, who attended, what was decided and concluded."""
    from qmsreports.register import actions, packs, reviews

    with opened(review, period, settings) as (workspace, declared, of), workspace.register.read() as session:
        month = str(of)
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
            "chair": declared.chair,
            "invited": invited(declared, life.attendance),
            "attendance": [asdict(one) for one in life.attendance],
            "withdrawn": [{**one.detail, "by": one.who, "on": local_day(workspace, one.at)} for one in life.withdrawn],
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
