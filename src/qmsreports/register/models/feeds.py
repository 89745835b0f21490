"""What came in, how it was audited, and what was kept out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qmsreports.register.models.base import Base


class Load(Base):
    """A landed table of a completed load."""

    __tablename__ = "loads"
    __table_args__ = (UniqueConstraint("source", "table_name", "load_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(index=True)
    source: Mapped[str]
    table_name: Mapped[str]  # landed table
    load_id: Mapped[str]
    rows: Mapped[int]
    at: Mapped[datetime]


class Notice(Base):
    """What stopped nothing and somebody should know: an empty file, a new column, a factor over 100 %."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(index=True)
    stage: Mapped[str]  # land | measure
    source: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class ConformedLoad(Base):
    """A landed load that has reached a canonical table; what is not here is conformed by the next run.

    Under ``landed/<table>`` stand the loads of a landed table that passed its audit as landed.
    """

    __tablename__ = "conformed_loads"

    source: Mapped[str] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(primary_key=True)  # canonical table, or landed/<table>
    load_id: Mapped[str] = mapped_column(primary_key=True)


class FeedRecord(Base):
    """How one canonical table of one source came out of one run.

    ``rows_in + refreshed == conformed + quarantined + duplicates + deleted_at_source`` whenever the status is
    ``published``. ``deleted`` are the rows that left the lake. Records made before ``deleted_at_source`` was counted
    hold 0 there: their ``duplicates`` include what was delivered as deleted.
    """

    __tablename__ = "feeds"
    __table_args__ = (Index("ix_feeds_source_table", "source", "table_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(index=True)
    source: Mapped[str]
    table_name: Mapped[str]
    status: Mapped[str]  # published | unchanged | stopped | broken | failed
    rows_in: Mapped[int]
    refreshed: Mapped[int]
    conformed: Mapped[int]
    quarantined: Mapped[int]
    duplicates: Mapped[int]
    deleted_at_source: Mapped[int] = mapped_column(default=0, server_default="0")
    deleted_with_parent: Mapped[int] = mapped_column(default=0, server_default="0")  # of them, left over from another
    inserted: Mapped[int]
    updated: Mapped[int]
    deleted: Mapped[int]
    lake_version: Mapped[int | None]
    load_ids: Mapped[list[str]]
    touched: Mapped[dict[str, Any]]
    message: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class Validation(Base):
    """Outcome of one rule on one table in one run."""

    __tablename__ = "validations"
    __table_args__ = (Index("ix_validations_source_table", "source", "table_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(index=True)
    source: Mapped[str]
    table_name: Mapped[str]
    rule: Mapped[str]
    column_name: Mapped[str]
    severity: Mapped[str]
    on_failure: Mapped[str]
    why: Mapped[str] = mapped_column(Text)
    owner: Mapped[str]
    success: Mapped[bool]
    broken: Mapped[bool]
    rows_checked: Mapped[int]
    rows_failed: Mapped[int]
    sample: Mapped[list[str]]
    at: Mapped[datetime]


class Quarantine(Base):
    """A row kept out of a canonical table, and where it stands; how it came there are its events."""

    __tablename__ = "quarantine"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    source: Mapped[str]
    table_name: Mapped[str] = mapped_column(index=True)
    row_key: Mapped[str]
    row: Mapped[dict[str, Any]]
    rule: Mapped[str]
    reason: Mapped[str] = mapped_column(Text)
    load_id: Mapped[str]
    status: Mapped[str]  # open | readmitted | entered | rejected | mended | superseded | gone
    first_seen: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(default="")
    settled_why: Mapped[str] = mapped_column(Text, default="")


class QuarantineEvent(Base):
    """What happened to a row in quarantine: decided by a person, or settled by what the source said next."""

    __tablename__ = "quarantine_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    quarantine_id: Mapped[int] = mapped_column(ForeignKey("quarantine.id"), index=True)
    event: Mapped[str]  # readmitted | entered | rejected | mended | superseded | gone
    who: Mapped[str]
    why: Mapped[str] = mapped_column(Text)
    run_id: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
