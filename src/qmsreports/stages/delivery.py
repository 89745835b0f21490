"""Handing an approved pack over: to a folder, to an object store, by mail; to each recipient once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.errors import CouldNotRun, Finding, UserError
from qmsreports.settings import Settings, connection_of
from qmsreports.stages.review import PackReport, known_review, pack_report
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.delivery import Delivery, Mail

_MODEL = "model.json"


@dataclass(frozen=True, slots=True)
class _Way:
    """A recipient and how the pack gets there. A way that can be gone again at no cost is gone again."""

    recipient: str
    hand_over: Callable[[], None]


def deliver(
    pack_id: int, *, at: datetime, told: Callable[[str], None] = lambda _: None, settings: Settings | None = None
) -> list[str]:
    """Hand an approved pack to every recipient of its review and return them.

    Each is noted, and ``told``, as soon as the pack is there, so that a second run, or one after a failure, reaches
    only who has not got it. A recipient that fails stops no other; :class:`CouldNotRun` tells of all that failed, at
    the end.
    """
    from qmsreports.pack.store import touched
    from qmsreports.register.models import Pack

    with Workspace(settings) as workspace:
        with workspace.register.read() as session:
            found = pack_report(session.get_one(Pack, pack_id), workspace.packs)
        if found.status != "approved":
            raise UserError(Finding("", f"pack {found.pack} {found.period} is {found.status}", "approve it first"))
        broken = touched(Path(found.folder), found.files)
        if broken:
            raise UserError(*broken)
        declared = known_review(workspace, found.pack)
        if declared.deliver is None:
            raise UserError(
                Finding(
                    workspace.catalog.line_of("reviews", found.pack),
                    "names no folder to deliver to",
                    "add deliver: {folder: …}",
                )
            )
        reached, failed = [], []
        for way in _ways(workspace, found, declared.deliver, at):
            try:
                if not _has_it(workspace, pack_id, way.recipient) or not way.recipient.startswith("mailto:"):
                    way.hand_over()
                _note(workspace, pack_id, found, way.recipient, at)
                reached.append(way.recipient)
                told(way.recipient)
            except CouldNotRun as error:
                failed += [finding for finding in error.findings if finding not in failed]
    if failed:
        raise CouldNotRun(*failed)
    return reached


def _ways(workspace: Workspace, found: PackReport, to: Delivery, at: datetime) -> Iterator[_Way]:
    from qmsreports.pack import copies

    source = Path(found.folder)
    name = f"{found.pack}-{found.period}-e{found.edition}"
    if to.folder:
        target = _folder(workspace, to.folder) / name
        yield _Way(str(target), lambda: copies.to_folder(source, target))
    if to.store is not None:
        url = f"{to.store.url.rstrip('/')}/{name}"
        named = to.store.connection

        def store() -> None:
            copies.to_store(source, url, connection=connection_of(named) if named else "")

        yield _Way(url, store)
    for address in to.email.to if to.email else ():
        yield _Way(f"mailto:{address}", _mail(workspace, found, to.email, address, name, at))


def _mail(
    workspace: Workspace, found: PackReport, to: Mail | None, address: str, name: str, at: datetime
) -> Callable[[], None]:
    """Return how one message is sent: written from the sealed model, with the sealed PDF beside it."""

    def hand_over() -> None:
        from qmsreports.pack import mail
        from qmsreports.pack.brand import brand_of
        from qmsreports.pack.letter import letter
        from qmsreports.pack.model import PackModel

        assert to is not None
        mailbox = mail.Mailbox.parse(connection_of(to.connection), name=to.connection)
        folder = Path(found.folder)
        pack = PackModel.model_validate_json((folder / _MODEL).read_bytes())
        said = letter(
            pack,
            templates=workspace.settings.templates,
            holds=tuple(file.path for file in found.files),
            brand=brand_of(workspace.catalog),
        )
        (print_,) = (file.path for file in found.files if file.path.endswith(".pdf"))
        written = mail.message(
            said,
            sender=mailbox.sender,
            to=address,
            pack=name,
            attachment=(print_, (folder / print_).read_bytes()),
            at=at,
        )
        with mail.opened(mailbox) as server:
            mail.send(server, mailbox, written)

    return hand_over


def _has_it(workspace: Workspace, pack_id: int, recipient: str) -> bool:
    from qmsreports.register import packs

    with workspace.register.read() as session:
        return packs.was_delivered(session, pack_id, recipient)


def _note(workspace: Workspace, pack_id: int, found: PackReport, recipient: str, at: datetime) -> None:
    from qmsreports.register import journal, packs, reviews
    from qmsreports.register.models import Pack

    with workspace.register.write() as session:
        reviews.alone(session)
        row = session.get_one(Pack, pack_id)
        files = [{"path": file.path, "sha256": file.sha256} for file in found.files]
        if packs.record_delivery(session, row, recipient, files, at=at):
            journal.record(
                session,
                who="qmsreports",
                action="deliver pack",
                subject=f"{row.review} {row.period} edition {row.edition}",
                detail={"to": recipient},
                at=at,
            )


def _folder(workspace: Workspace, declared: str) -> Path:
    """Return the delivery folder; a relative one lies inside var/."""
    path = Path(declared)
    return path if path.is_absolute() else (workspace.settings.var / path).absolute()
