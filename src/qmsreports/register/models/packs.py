"""Packs, the seals of their files, and to whom they went."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from qmsreports.register.models.base import Base


class Pack(Base):
    """One edition of one pack. ``inputs`` is the fingerprint of everything it was made from."""

    __tablename__ = "packs"
    __table_args__ = (UniqueConstraint("review", "period", "edition"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    review: Mapped[str]
    period: Mapped[str]
    edition: Mapped[int]
    status: Mapped[str]  # draft | approved | superseded
    inputs: Mapped[str]
    folder: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    headline: Mapped[list[str]]
    reason: Mapped[str] = mapped_column(Text, default="")
    built_at: Mapped[datetime]
    approved_by: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None]
    files: Mapped[list[PackFileRecord]] = relationship(order_by="PackFileRecord.path")
    approved_print: Mapped[ApprovedPrint | None] = relationship()


class PackFileRecord(Base):
    """One file of a pack with its SHA-256."""

    __tablename__ = "pack_files"
    __table_args__ = (UniqueConstraint("pack_id", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pack_id: Mapped[int] = mapped_column(ForeignKey("packs.id"))
    path: Mapped[str]
    sha256: Mapped[str]
    bytes: Mapped[int]


class ApprovedPrint(Base):
    """The files of an edition that say who approved it, beside the draft they were made from."""

    __tablename__ = "approved_prints"

    pack_id: Mapped[int] = mapped_column(ForeignKey("packs.id"), primary_key=True)
    folder: Mapped[str]
    manifest: Mapped[dict[str, Any]]
    files: Mapped[list[Any]]  # path, sha256, bytes
    at: Mapped[datetime]


class Delivery(Base):
    """A pack handed over to one recipient, once."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("pack_id", "recipient"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    pack_id: Mapped[int] = mapped_column(ForeignKey("packs.id"))
    recipient: Mapped[str]  # folder, address or URL
    files: Mapped[list[Any]]
    at: Mapped[datetime]
