"""The record of a review: what was said, decided and concluded, and when it was closed to changes.

Nothing is updated: the newest row counts, and the state of a review follows from its events. Saying the same again adds
no row. Once a review is closed, its inputs and decisions are refused; its actions go on (see ``register.actions``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from qmsreports.errors import Finding, UserError
from qmsreports.persons import known_as
from qmsreports.register.models import Comment, ConsideredInput, ReviewDecision, ReviewEvent

KINDS = ("improvement", "qms_change", "resources")
"""Kinds of decision, in the order of the output clause: improvement, change of the system, resources."""

CONCLUSIONS = ("suitability", "adequacy", "effectiveness")
"""What top management has to conclude on about its system."""

WITHDRAWN = "withdrawn"
"""Kind of the step that takes a decision, somebody's attendance, a comment or a statement back."""

COMMENT, CONSIDERED = "comment", "considered"
"""What such a step names of comments (the KPI) and of statements (the clause); ``row`` says up to which one."""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Who took part, for whom he or she stood in, in which role, and whether he or she led the meeting."""

    person: str
    stood_in_for: str = ""
    role: str = ""
    chaired: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """How far a review is. ``held`` and ``closed`` are the events, ``None`` before.

    ``withdrawn`` are decisions, attendance, comments and statements that were entered by mistake: the rows stay, with
    who took them back and why, and count no longer.
    """

    planned: ReviewEvent | None
    held: ReviewEvent | None
    closed: ReviewEvent | None
    attendance: tuple[Attendee, ...]
    conclusions: Mapping[str, str]
    withdrawn: tuple[ReviewEvent, ...] = ()

    @property
    def state(self) -> str:
        """The last step: closed | held | planned, empty before any. Whether it is prepared, the packs tell."""
        if self.closed:
            return "closed"
        if self.held:
            return "held"
        return "planned" if self.planned else ""


def alone(session: Session) -> None:
    """Let one writer at a time number decisions and actions, or close a review while another decides.

    On SQLite the write transaction is alone already.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7190012)"))


def life(session: Session, review: str, period: str, *, as_of: datetime | None = None) -> Life:
    """Return the state of a review as it was known at ``as_of``."""
    query = select(ReviewEvent).where(ReviewEvent.review == review, ReviewEvent.period == period)
    if as_of is not None:
        query = query.where(ReviewEvent.at <= as_of)
    newest: dict[str, ReviewEvent] = {}
    present: dict[str, Attendee] = {}
    said: dict[str, str] = {}
    back: list[ReviewEvent] = []
    for event in session.scalars(query.order_by(ReviewEvent.id)):
        newest[event.kind] = event
        if event.kind == "attended":
            person, said_of = event.detail["person"], event.detail
            chaired = said_of.get("chaired") == "yes"
            present[known_as(person)] = Attendee(person, said_of.get("for", ""), said_of.get("role", ""), chaired)
        elif event.kind == "concluded":
            said.update(event.detail)
        elif event.kind == WITHDRAWN:
            back.append(event)
            present.pop(known_as(event.detail.get("person", "")), None)
    return Life(
        newest.get("planned"), newest.get("held"), newest.get("closed"), tuple(present.values()), said, tuple(back)
    )


def taken_place(session: Session, review: str, *, as_of: datetime) -> set[str]:
    """Return the periods of which a review was held or closed, as it was known at ``as_of``."""
    query = select(ReviewEvent.period).where(
        ReviewEvent.review == review, ReviewEvent.kind.in_(("held", "closed")), ReviewEvent.at <= as_of
    )
    return set(session.scalars(query))


def refuse_when_closed(session: Session, review: str, period: str) -> None:
    """Raise :class:`UserError` once a review is closed: its inputs and decisions stay as they were."""
    closed = life(session, review, period).closed
    if closed is not None:
        raise UserError(
            Finding(
                f"review {review} {period}",
                f"was closed on {closed.day:%Y-%m-%d} by {closed.who}; its inputs and decisions are frozen",
                "record it in the next review; its actions go on: qmsreports action update",
            )
        )


def step(
    session: Session,
    review: str,
    period: str,
    kind: str,
    *,
    day: date,
    detail: Mapping[str, Any],
    who: str,
    at: datetime,
) -> ReviewEvent | None:
    """Record a step of a review; ``None`` where the newest step of this kind (and person) says the same already."""
    alone(session)
    if kind != WITHDRAWN and said_already(session, review, period, kind, day, detail):
        return None
    refuse_when_closed(session, review, period)
    event = ReviewEvent(review=review, period=period, kind=kind, day=day, detail=dict(detail), who=who, at=at)
    session.add(event)
    session.flush()
    return event


def said_already(session: Session, review: str, period: str, kind: str, day: date, detail: Mapping[str, Any]) -> bool:
    """Tell whether the newest step of this kind (and person) says the same."""
    kinds = (kind, WITHDRAWN) if kind == "attended" else (kind,)  # who was taken off the list can be put on it again
    query = select(ReviewEvent).where(
        ReviewEvent.review == review, ReviewEvent.period == period, ReviewEvent.kind.in_(kinds)
    )
    for known in session.scalars(query.order_by(ReviewEvent.id.desc())):
        if kind == "attended" and known_as(known.detail.get("person", "")) != known_as(detail["person"]):
            continue
        same = known.kind == kind and known.detail == dict(detail)
        return same and (known.day == day or kind in ("attended", "concluded"))
    return False


def comments(session: Session, review: str, period: str, *, as_of: datetime | None = None) -> dict[str, Comment]:
    """Return the newest comment of each KPI for a period that was not taken back; none older takes its place."""
    gone = _taken_back(session, review, COMMENT, as_of)
    newest = _newest_comments(session, review, period, as_of)
    return {kpi: row for kpi, row in newest.items() if row.id > gone.get((period, kpi), 0)}


def _newest_comments(session: Session, review: str, period: str, as_of: datetime | None) -> dict[str, Comment]:
    query = select(Comment).where(Comment.review == review, Comment.period == period)
    if as_of is not None:
        query = query.where(Comment.at <= as_of)
    return {row.kpi: row for row in session.scalars(query.order_by(Comment.id))}


def _taken_back(session: Session, review: str, what: str, as_of: datetime | None) -> dict[tuple[str, str], int]:
    """Return by period and KPI or clause up to which row what was said counts no longer."""
    query = select(ReviewEvent).where(ReviewEvent.review == review, ReviewEvent.kind == WITHDRAWN)
    if as_of is not None:
        query = query.where(ReviewEvent.at <= as_of)
    events = [event for event in session.scalars(query.order_by(ReviewEvent.id)) if what in event.detail]
    return {(event.period, event.detail[what]): int(event.detail["row"]) for event in events}


def add_comment(session: Session, comment: Comment, *, again: bool = True) -> Comment | None:
    """Store a comment; ``None`` where the newest one of this KPI and period says the same already.

    One that was taken back may be said ``again``; a file that is read once more does not mean that.
    """
    alone(session)
    known = comments(session, comment.review, comment.period).get(comment.kpi)
    if known is None and not again:
        known = _newest_comments(session, comment.review, comment.period, None).get(comment.kpi)
    fields = ("cause", "action", "effect", "by_when", "author")
    if known is not None and all(getattr(known, field) == getattr(comment, field) for field in fields):
        return None
    refuse_when_closed(session, comment.review, comment.period)
    session.add(comment)
    session.flush()
    return comment


def considered(session: Session, review: str, *, as_of: datetime | None = None) -> Sequence[ConsideredInput]:
    """Return every statement of a review that was not taken back, over all periods, oldest first."""
    gone = _taken_back(session, review, CONSIDERED, as_of)
    rows = _statements(session, review, as_of)
    return [row for row in rows if row.id > gone.get((row.period, row.clause), 0)]


def with_statements(session: Session) -> Sequence[str]:
    """Return the names of the reviews that have stated anything on an input."""
    return session.scalars(select(ConsideredInput.review).distinct()).all()


def _statements(session: Session, review: str, as_of: datetime | None = None) -> Sequence[ConsideredInput]:
    query = select(ConsideredInput).where(ConsideredInput.review == review)
    if as_of is not None:
        query = query.where(ConsideredInput.at <= as_of)
    return session.scalars(query.order_by(ConsideredInput.id)).all()


def add_considered(session: Session, statement: ConsideredInput, *, again: bool = True) -> ConsideredInput | None:
    """Store a statement; ``None`` where the newest one of this input and period says the same already.

    One that was taken back may be said ``again``; a file that is read once more does not mean that.
    """
    alone(session)
    said = considered(session, statement.review) if again else _statements(session, statement.review)
    same = [row for row in said if (row.period, row.clause) == (statement.period, statement.clause)]
    if same and (same[-1].text, same[-1].considered_by) == (statement.text, statement.considered_by):
        return None
    refuse_when_closed(session, statement.review, statement.period)
    session.add(statement)
    session.flush()
    return statement


def decisions(session: Session, review: str, period: str, *, as_of: datetime | None = None) -> Sequence[ReviewDecision]:
    """Return the decisions of one review that stand, oldest first: without those that were taken back."""
    query = select(ReviewDecision).where(ReviewDecision.review == review, ReviewDecision.period == period)
    if as_of is not None:
        query = query.where(ReviewDecision.at <= as_of)
    gone = {event.detail.get("decision") for event in life(session, review, period, as_of=as_of).withdrawn}
    return [row for row in session.scalars(query.order_by(ReviewDecision.id)) if row.number not in gone]


def held_periods(session: Session, review: str, *, as_of: datetime) -> Sequence[str]:
    """Return the periods of which a review was held or closed, as it was known at ``as_of``."""
    query = select(ReviewEvent.period).where(
        ReviewEvent.review == review, ReviewEvent.kind.in_(("held", "closed")), ReviewEvent.at <= as_of
    )
    return session.scalars(query.distinct().order_by(ReviewEvent.period)).all()


def next_decision(session: Session) -> str:
    """Return the number of the next decision; call it after :func:`alone`."""
    newest = session.scalar(select(ReviewDecision.number).order_by(ReviewDecision.id.desc()).limit(1))
    return f"D-{int(newest.removeprefix('D-')) + 1 if newest else 1}"
