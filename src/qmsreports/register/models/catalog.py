"""Versions of definitions as they were proposed, and who approved them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qmsreports.register.models.base import Base


class CatalogVersion(Base):
    """One version of one definition. ``fingerprint`` changes with anything that can change a number, ``wording`` with
    the rest; the same version with other wording is a new row with the same fingerprint, and so is going back to an
    earlier wording: the newest row is what is proposed.
    """

    __tablename__ = "catalog_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]  # kpi | targets | retirement | organisation | mapping | calendar | clause_map | review
    name: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    effective_from: Mapped[date | None]
    fingerprint: Mapped[str]
    wording: Mapped[str]
    text: Mapped[str] = mapped_column(Text)  # the definition as canonical YAML or JSON
    why: Mapped[str] = mapped_column(Text, default="")
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]


class Approval(Base):
    """A person's approval of exactly one fingerprint; another fingerprint needs another approval."""

    __tablename__ = "approvals"
    __table_args__ = (UniqueConstraint("catalog_version_id", "approved_by"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    catalog_version_id: Mapped[int] = mapped_column(ForeignKey("catalog_versions.id"))
    approved_by: Mapped[str]
    approved_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
