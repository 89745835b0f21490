"""Packs, their approvals and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from qmsreports.records import BuiltPack, PackFile
from qmsreports.register.models import ApprovedPrint, Delivery, Pack, PackFileRecord


def editions(session: Session, review: str, period: str) -> Sequence[Pack]:
    """All editions of one pack, oldest first."""
    query = select(Pack).where(Pack.review == review, Pack.period == period).order_by(Pack.edition)
    return session.scalars(query).all()


def all_packs(session: Session) -> Sequence[Pack]:
    """Every pack, oldest first."""
    return session.scalars(select(Pack).order_by(Pack.period, Pack.review, Pack.edition)).all()


def record_pack(session: Session, built: BuiltPack, *, run_id: str, at: datetime, folder: str = "") -> Pack:
    """Store a new edition; an earlier draft of the same pack becomes ``superseded``. ``folder`` is what its folder is
    recorded as, by default in full.
    """
    for earlier in editions(session, built.pack, str(built.period)):
        if earlier.status == "draft":
            earlier.status = "superseded"
    pack = Pack(
        run_id=run_id,
        review=built.pack,
        period=str(built.period),
        edition=built.edition,
        status=built.status,
        inputs=built.inputs,
        folder=folder or str(built.folder),
        manifest=dict(built.manifest),
        headline=list(built.headline),
        reason="",
        built_at=at,
        approved_at=None,
        files=[PackFileRecord(path=file.path, sha256=file.sha256, bytes=file.bytes) for file in built.files],
    )
    session.add(pack)
    session.flush()
    return pack


def approve_pack(session: Session, pack: Pack, *, by: str, at: datetime) -> None:
    """Mark an edition approved."""
    pack.status, pack.approved_by, pack.approved_at = "approved", by, at
    session.flush()


def record_approved_print(
    session: Session, pack: Pack, *, folder: str, files: Sequence[PackFile], manifest: Mapping[str, Any], at: datetime
) -> None:
    """Store where the print lies that names who approved the edition, with its seals; the draft keeps its own."""
    sealed = [{"path": file.path, "sha256": file.sha256, "bytes": file.bytes} for file in files]
    pack.approved_print = ApprovedPrint(folder=folder, manifest=dict(manifest), files=sealed, at=at)
    session.flush()


def files_that_count(pack: Pack) -> tuple[str, tuple[PackFile, ...], dict[str, Any]]:
    """Return folder as recorded, seals and manifest of the approved print where there is one, else of the draft."""
    if pack.approved_print is not None:
        there = pack.approved_print
        sealed = tuple(PackFile(file["path"], file["sha256"], file["bytes"]) for file in there.files)
        return there.folder, sealed, dict(there.manifest)
    return pack.folder, draft_files(pack), dict(pack.manifest)


def draft_files(pack: Pack) -> tuple[PackFile, ...]:
    """Return the seals of the draft."""
    return tuple(PackFile(file.path, file.sha256, file.bytes) for file in pack.files)


def deliveries(session: Session) -> dict[int, list[Delivery]]:
    """Return to whom each pack went, by its id, oldest first."""
    found: dict[int, list[Delivery]] = {}
    for row in session.scalars(select(Delivery).order_by(Delivery.id)):
        found.setdefault(row.pack_id, []).append(row)
    return found


def was_delivered(session: Session, pack_id: int, recipient: str) -> bool:
    """Tell whether a recipient has this edition already."""
    query = select(Delivery.id).where(Delivery.pack_id == pack_id, Delivery.recipient == recipient)
    return session.scalar(query) is not None


def record_delivery(session: Session, pack: Pack, recipient: str, files: list[dict[str, str]], *, at: datetime) -> bool:
    """Note a delivery; returns False when this recipient already has this edition."""
    if was_delivered(session, pack.id, recipient):
        return False
    session.add(Delivery(pack_id=pack.id, recipient=recipient, files=files, at=at))
    return True
