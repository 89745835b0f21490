"""From a draft to a pack that somebody answers for: approve it and print that."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from qmsreports.errors import Finding, UserError
from qmsreports.settings import Settings
from qmsreports.stages.meeting import is_nobody
from qmsreports.stages.review import PackReport, newest_pack, pack_report
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.pack.signature import SigningKey
    from qmsreports.register.models import Pack


def draft_for_release(review: str, period: str, *, edition: int = 0, settings: Settings | None = None) -> PackReport:
    """Return the newest edition, or the one of this number, as a draft with an intact seal.

    :class:`UserError` when it is not a draft, was touched, or was made before its period was over.
    """
    from qmsreports.pack.store import touched
    from qmsreports.register.models import Pack

    found = newest_pack(review, period, edition=edition, settings=settings)
    if found.status != "draft":
        raise UserError(
            Finding("", f"pack {review} {period} edition {found.edition} is {found.status}", "nothing to do")
        )
    with Workspace(settings) as workspace, workspace.register.read() as session:
        _refuse_running(workspace, session.get_one(Pack, found.pack_id))
    broken = touched(Path(found.folder), found.files)
    if broken:
        raise UserError(*broken)
    return found


def release(pack_id: int, *, approver: str, run_id: str, at: datetime, settings: Settings | None = None) -> PackReport:
    """Record who approved exactly these bytes, and write the print that says so beside the draft.

    An anonymous approver, or one named as an account is (``admin``), is refused: it is evidence of nothing. The print
    is set before the register is locked and written inside the transaction that records it, so that of two approvers at
    once one is refused and neither can touch what the other sealed.
    """
    from qmsreports import pack as packing
    from qmsreports.pack.store import located, placed
    from qmsreports.register import journal, packs, reviews
    from qmsreports.register.models import Pack

    if is_nobody(approver):
        raise UserError(
            Finding("", "the approval is anonymous", "log in with a name of your own; 'all admins' mode cannot approve")
        )
    approver = " ".join(approver.split())
    with Workspace(settings) as workspace:
        with workspace.register.read() as session:
            row = session.get_one(Pack, pack_id)
            _refuse_settled(row)
            _refuse_running(workspace, row)
            folder, sealed, manifest = located(row.folder, workspace.packs), packs.draft_files(row), dict(row.manifest)
            manifest["journal"] = journal.head(session).as_dict()
        final = packing.approved(
            folder,
            sealed,
            manifest,
            by=approver,
            at=at,
            templates=workspace.settings.templates,
            brand=packing.brand_of(workspace.catalog),
            key=_signing_key(workspace.settings, at),
        )
        with workspace.register.write() as session:
            reviews.alone(session)
            row = session.get_one(Pack, pack_id)
            _refuse_settled(row)
            files = final.write()
            packs.approve_pack(session, row, by=approver, at=at)
            packs.record_approved_print(
                session, row, folder=placed(final.folder, workspace.packs), files=files, manifest=final.manifest, at=at
            )
            journal.record(
                session,
                who=approver,
                action="approve pack",
                subject=f"{row.review} {row.period} edition {row.edition}",
                detail={
                    "run": run_id,
                    "files": {file.path: file.sha256 for file in sealed},
                    "approved_files": {file.path: file.sha256 for file in files},
                },
                at=at,
            )
            return pack_report(row, workspace.packs)


def _signing_key(settings: Settings, at: datetime) -> SigningKey | None:
    """Return the key that approvals are signed with, where the organisation has set one."""
    if settings.signing_certificate is None:
        return None
    from qmsreports.pack import signature

    return signature.load(settings.signing_certificate, settings.signing_passphrase.get_secret_value(), at=at)


def _refuse_settled(row: Pack) -> None:
    if row.status != "draft":
        raise UserError(Finding("", f"pack {row.review} {row.period} edition {row.edition} is {row.status}"))


def _refuse_running(workspace: Workspace, row: Pack) -> None:
    """Raise :class:`UserError` for a draft that was made of data from before the end of its period."""
    period = workspace.catalog.recorded(row.period)
    over = row.manifest.get("period_over")
    if over is None:  # a draft from before this was recorded
        zone = ZoneInfo(workspace.catalog.organisation.time_zone)
        over = datetime.fromisoformat(row.manifest["data_read_at"]).astimezone(zone).date() >= period.end
    if not over:
        raise UserError(
            Finding(
                "",
                f"pack {row.review} {row.period} edition {row.edition} was made before its period was over",
                f"after {period.last_day}: qmsreports run ingest, then run review {row.review} --period {row.period}",
            )
        )
