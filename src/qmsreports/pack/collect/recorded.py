"""What people put on record around a review, from the register: comments, statements, actions, minutes.

All of it as it was known at ``as_of``, so that an old edition can be collected again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from qmsreports.fiscal import FiscalYear
from qmsreports.language import say
from qmsreports.pack.collect.actions import as_recorded
from qmsreports.pack.collect.coverage import Statement
from qmsreports.pack.minutes import AgreedAction, Attendance, Minutes, Resolution, Withdrawn
from qmsreports.pack.model import Decided
from qmsreports.pack.objective import Comment, Objective
from qmsreports.period import Period
from qmsreports.register import actions, reviews
from qmsreports.register.actions import Standing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Recorded:
    """The register's side of one review."""

    session: Session
    review: str
    period: Period
    as_of: datetime
    zone: str
    on: date  # the day on which actions are judged overdue or not
    years: Sequence[FiscalYear] = ()

    def commented(self, objectives: Sequence[Objective]) -> list[Objective]:
        """Return the objectives with what their owners say of this period."""
        said = reviews.comments(self.session, self.review, str(self.period), as_of=self.as_of)
        return [
            one.model_copy(
                update={
                    "comment": Comment(
                        author=row.author,
                        on=self._day(row.at),
                        cause=row.cause,
                        action=row.action,
                        expected=row.effect,
                        by=row.by_when,
                    )
                }
            )
            if (row := said.get(one.kpi))
            else one
            for one in objectives
        ]

    def statements(self) -> tuple[Statement, ...]:
        """Return the statements up to this period, oldest first; of two on one input and period the later counts.

        What another review stated counts as well where its period is a shorter one: an annual review finds what those
        of its months considered. What another review of the same kind of period stated is not this one's.
        """
        rows = [
            row
            for name in sorted(reviews.with_statements(self.session), key=lambda name: name == self.review)
            for row in reviews.considered(self.session, name, as_of=self.as_of)
            if name == self.review or self._shorter(row.period)
        ]
        newest = {(row.period, row.clause): row for row in rows if self._of(row.period).end <= self.period.end}
        return tuple(
            Statement(row.clause, row.period, row.text, row.considered_by, row.considered_on) for row in newest.values()
        )

    def actions(self) -> list[Standing]:
        """Return the actions that earlier reviews decided, of whatever kind of period."""
        found = actions.standing(self.session, as_of=self.as_of).values()
        own = (self.review, str(self.period))
        return [one for one in found if (one.review, one.period) != own and self._of(one.period).end <= self.period.end]

    def decided(self) -> tuple[Decided, ...]:
        """Return the decisions of the last review of this name that was held, each with its action as it stands."""
        held = [self._of(period) for period in reviews.held_periods(self.session, self.review, as_of=self.as_of)]
        earlier = [period for period in held if period.start < self.period.start and period.end <= self.period.end]
        if not earlier:
            return ()
        last = str(max(earlier, key=lambda period: (period.end, period.start)))
        agreed = actions.standing(self.session, as_of=self.as_of)
        return tuple(
            Decided(
                number=row.number,
                review=last,
                text=row.text,
                action=as_recorded(agreed[row.action], self.on) if row.action in agreed else None,
            )
            for row in reviews.decisions(self.session, self.review, last, as_of=self.as_of)
        )

    def planned(self) -> dict[str, str]:
        """Return the action of this or an earlier review that stands for each KPI: open, or done in or after it."""
        return {
            one.kpi: one.number
            for one in actions.standing(self.session, as_of=self.as_of).values()
            if one.kpi
            and not one.dropped
            and self._of(one.period).end <= self.period.end
            and (one.is_open or one.done_on is None or one.done_on >= self.period.start)
        }

    def _shorter(self, period: str) -> bool:
        length = self._of(period)
        return length.end - length.start < self.period.end - self.period.start

    def _of(self, period: str) -> Period:
        return Period.recorded(period, self.years)

    def minutes(self, titles: Mapping[str, str] | None = None) -> Minutes | None:
        """Return what this review put on record; ``None`` while it is at most planned and nothing was decided.

        Actions are those of the review itself; one that was dropped before it was closed is none of them.
        ``titles`` are those of KPIs and clauses, by key.
        """
        life = reviews.life(self.session, self.review, str(self.period), as_of=self.as_of)
        decided = reviews.decisions(self.session, self.review, str(self.period), as_of=self.as_of)
        frozen = min(self.as_of, life.closed.at) if life.closed else self.as_of
        agreed = actions.standing(self.session, as_of=frozen)
        own = self._agreed(agreed.values(), {row.action for row in decided})
        if not (life.held or life.closed or decided or own or life.attendance or life.conclusions or life.withdrawn):
            return None
        return Minutes(
            held_on=life.held.day if life.held else None,
            closed_on=life.closed.day if life.closed else None,
            closed_by=life.closed.who if life.closed else "",
            attendance=tuple(
                Attendance(person=one.person, stood_in_for=one.stood_in_for, role=one.role, chaired=one.chaired)
                for one in life.attendance
            ),
            resolutions=tuple(
                Resolution(
                    number=row.number,
                    clause=row.clause,
                    kind=row.kind,
                    text=row.text,
                    reason=row.reason,
                    action=row.action,
                    owner=agreed[row.action].owner if row.action in agreed else "",
                    due=agreed[row.action].original_due if row.action in agreed else None,
                    decided_by=row.decided_by,
                    decided_on=row.decided_on,
                )
                for row in decided
            ),
            actions=own,
            withdrawn=tuple(
                Withdrawn(
                    what=_taken_back(one.detail, titles or {}),
                    reason=one.detail["reason"],
                    by=one.who,
                    on=self._day(one.at),
                )
                for one in life.withdrawn
            ),
            **dict(life.conclusions),
        )

    def _agreed(self, known: Iterable[Standing], decided: Container[str]) -> tuple[AgreedAction, ...]:
        """Return the actions of this review that no decision opened, as they were agreed."""
        mine = [
            one
            for one in known
            if (one.review, one.period) == (self.review, str(self.period))
            and one.number not in decided
            and not one.dropped
        ]
        return tuple(
            AgreedAction(
                number=one.number,
                title=one.title,
                owner=first.owner or "",
                due=one.original_due,
                kpi=one.kpi,
                reason=first.reason,
                agreed_by=first.who,
                agreed_on=one.decided_on,
            )
            for one in mine
            for first in [actions.opening(self.session, one.number)]
        )

    def _day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()


def _taken_back(detail: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """Say what was taken back: the number of a decision, a person, the comment on a KPI, the statement on a clause."""
    for kind in (reviews.COMMENT, reviews.CONSIDERED):
        if kind in detail:
            return say(f"minutes.withdrawn.{kind}", about=titles.get(detail[kind], detail[kind]))
    return detail.get("decision") or detail["person"]
