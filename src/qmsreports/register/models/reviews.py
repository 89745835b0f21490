"""What people say and decide around a review. Rows are only ever added; the newest of a kind is what counts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qmsreports.register.models.base import Base


class Comment(Base):
    """What the owner of a KPI says of one period; a later comment supersedes."""

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_review_period", "review", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    review: Mapped[str]
    period: Mapped[str]
    kpi: Mapped[str]
    cause: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text, default="")
    effect: Mapped[str] = mapped_column(Text, default="")
    by_when: Mapped[date | None]
    author: Mapped[str]
    at: Mapped[datetime]


class ConsideredInput(Base):
    """A required input that somebody looked at and had nothing to report on; a later statement supersedes."""

    __tablename__ = "considered_inputs"
    __table_args__ = (Index("ix_considered_inputs_review_period", "review", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    review: Mapped[str]
    period: Mapped[str]
    clause: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    considered_by: Mapped[str]
    considered_on: Mapped[date]  # in the organisation's time zone
    at: Mapped[datetime]


class ReviewEvent(Base):
    """One step in the life of a review; its state follows from them.

    ``kind``: planned | held | attended | concluded | withdrawn | closed. ``day`` is the day it is about (planned
    for, held on) in the organisation's time zone; ``detail`` holds what only this kind has.
    """

    __tablename__ = "review_events"
    __table_args__ = (Index("ix_review_events_review_period", "review", "period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    review: Mapped[str]
    period: Mapped[str]
    kind: Mapped[str]
    day: Mapped[date]
    detail: Mapped[dict[str, Any]]
    who: Mapped[str]
    at: Mapped[datetime]


class ReviewDecision(Base):
    """A decision of a review, numbered ``D-1``, ``D-2`` over all reviews. ``action`` is what has to be done for it."""

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("number"), Index("ix_decisions_review_period", "review", "period"))

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    review: Mapped[str]
    period: Mapped[str]
    clause: Mapped[str]
    kind: Mapped[str]  # improvement | qms_change | resources
    text: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="")
    action: Mapped[str]
    decided_by: Mapped[str]
    decided_on: Mapped[date]
    at: Mapped[datetime]


class ActionEvent(Base):
    """One thing said about an action; a column that is null says nothing. The first event of a number opens it.

    ``due`` of the first event that has one stays the original due date for ever.
    """

    __tablename__ = "action_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(index=True)  # ... over all reviews
    review: Mapped[str]
    period: Mapped[str]
    day: Mapped[date]
    kpi: Mapped[str | None]  # the objective it is about
    title: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str | None]
    due: Mapped[date | None]
    progress: Mapped[str | None] = mapped_column(Text)
    evidence: Mapped[str | None] = mapped_column(Text)
    done_on: Mapped[date | None]
    effective: Mapped[bool | None]
    effect: Mapped[str | None] = mapped_column(Text)
    dropped: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    who: Mapped[str]
    at: Mapped[datetime]
