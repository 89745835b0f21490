"""Runs, and the audit log whose entries are chained by their hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Text
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
