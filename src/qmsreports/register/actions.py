"""Actions of reviews as they stand: every event adds to what was said before, the first due date stays for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from qmsreports.register.models import ActionEvent

FIELDS = ("kpi", "title", "owner", "due", "progress", "evidence", "done_on", "effective", "effect")
"""What an event may say about an action; the newest that is said counts."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One action, derived from its events. ``effective`` is ``None`` until its effect was checked."""

    number: str
    review: str
    period: str
    decided_on: date
    kpi: str = ""
    title: str = ""
    owner: str = ""
    original_due: date | None = None
    due: date | None = None
    progress: str = ""
    evidence: str = ""
    done_on: date | None = None
    effective: bool | None = None
    effect: str = ""
    dropped: bool = False
    dropped_on: date | None = None
    reason: str = ""  # of the newest move, or why it was dropped
    moves: int = 0

    @property
    def is_open(self) -> bool:
        """Whether something is left to do: not dropped, not done, or done without the wanted effect."""
        return not self.dropped and (self.done_on is None or self.effective is False)


def standing(session: Session, *, as_of: datetime | None = None) -> dict[str, Standing]:
    """Return every action as it stood at ``as_of``, by number, oldest first."""
    query = select(ActionEvent)
    if as_of is not None:
        query = query.where(ActionEvent.at <= as_of)
    found: dict[str, Standing] = {}
    for event in session.scalars(query.order_by(ActionEvent.id)):
        before = found.get(event.number) or Standing(event.number, event.review, event.period, event.day)
        found[event.number] = _after(before, event)
    return found


def _after(before: Standing, event: ActionEvent) -> Standing:
    said: dict[str, Any] = {name: getattr(event, name) for name in FIELDS if getattr(event, name) is not None}
    if event.due is not None:
        said["original_due"] = before.original_due or event.due
        said["moves"] = before.moves + (before.due is not None and before.due != event.due)
    if event.effective is False and event.done_on is None:
        said["done_on"] = None  # without its effect it is not done: the action is open again
    if event.dropped:
        said |= {"dropped": True, "dropped_on": event.day}
    if event.reason:
        said["reason"] = event.reason
    return replace(before, **said)


def opening(session: Session, number: str) -> ActionEvent:
    """Return the event that opened an action."""
    query = select(ActionEvent).where(ActionEvent.number == number).order_by(ActionEvent.id).limit(1)
    return session.scalars(query).one()


def next_number(session: Session) -> str:
    """Return the number of the next action; call it while no other writer numbers one."""
    numbers = session.scalars(select(ActionEvent.number).distinct())
    return f"R-{max((int(number.removeprefix('R-')) for number in numbers), default=0) + 1}"


def record(
    session: Session,
    number: str,
    review: str,
    period: str,
    said: Mapping[str, Any],
    *,
    day: date,
    who: str,
    at: datetime,
    reason: str = "",
    dropped: bool = False,
) -> ActionEvent:
    """Append one event. ``said`` holds only what changes, by the names in :data:`FIELDS`."""
    event = ActionEvent(
        number=number,
        review=review,
        period=period,
        day=day,
        dropped=dropped,
        reason=reason,
        who=who,
        at=at,
        **{name: said.get(name) for name in FIELDS},
    )
    session.add(event)
    session.flush()
    return event
