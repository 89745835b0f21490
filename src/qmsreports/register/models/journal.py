"""Runs, and the audit log whose entries are chained by their hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from qmsreports.register.models.base import Base


class Run(Base):
    """One run of one line, from Airflow or the command line. One that was killed stays ``running``."""

    __tablename__ = "runs"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]  # ingest | measure | review | release
    period: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    status: Mapped[str]  # running | done | findings | failed
    message: Mapped[str] = mapped_column(Text, default="")


class JournalEntry(Base):
    """Who did what, chained: ``hash = sha256(previous || canonical JSON of the entry)``.

    ``previous`` is unique, so the chain cannot fork: of two writers at once one repeats its entry behind the other's.
    """

    __tablename__ = "journal"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)


class RowDigests(Base):
    """The digests of the rows of one table that one transaction wrote; ``entry`` of the audit log covers them.

    ``keys`` are ascending: numbered rows as ``[first, last]`` of each unbroken run, others as the values of their key.
    ``digests`` are the SHA-256 of these rows in the same order, 32 bytes each, over the named columns.
    """

    __tablename__ = "row_digests"
    __table_args__ = (Index("ix_row_digests_table", "table_name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    entry: Mapped[int] = mapped_column(ForeignKey("journal.id"))
    table_name: Mapped[str]
    columns: Mapped[list[Any]]
    keys: Mapped[list[Any]]
    digests: Mapped[bytes] = mapped_column(LargeBinary)
