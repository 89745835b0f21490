"""A pack is released in a name, over an intact seal, once; and handed over whole, once."""

from __future__ import annotations

import errno
import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.errors import CouldNotRun, UserError
from qmsreports.register import journal
from qmsreports.register.models import Delivery, JournalEntry
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace
from tests.unit.pack.pack_workspace import ACTIONS, BUILT, ROOT, TEMPLATES, filled
from tests.unit.pack.pack_workspace import Workspace as Packed

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 13, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workspace with the draft of October."""
    folder = tmp_path_factory.mktemp("drafted") / "var"
    folder.mkdir()
    made = filled(folder)
    made.register.close()
    stages.build_pack("monthly", "2026-10", run_id="r1", at=BUILT, settings=settings_of(folder))
    return folder


@pytest.fixture
def settings(drafted: Path, tmp_path: Path) -> Settings:
    """A copy of it, with the pack where the copy lies."""
    folder = tmp_path / "var"
    shutil.copytree(drafted, folder)
    found = settings_of(folder)
    with Workspace(found) as workspace, workspace.register.write() as session:
        from sqlalchemy import text

        session.execute(
            text("UPDATE packs SET folder = replace(folder, :old, :new)"), {"old": str(drafted), "new": str(folder)}
        )
    return found


def settings_of(folder: Path) -> Settings:
    return Settings(var=folder, catalog=ROOT / "catalog", templates=TEMPLATES)


def draft(settings: Settings) -> stages.PackReport:
    return stages.draft_for_release("monthly", "2026-10", settings=settings)


def release(settings: Settings, approver: str = "M. Huber") -> stages.PackReport:
    found = stages.newest_pack("monthly", "2026-10", settings=settings)
    return stages.release(found.pack_id, approver=approver, run_id="r2", at=NOON, settings=settings)


def entries(settings: Settings, action: str) -> list[JournalEntry]:
    from sqlalchemy import select

    with Workspace(settings) as workspace, workspace.register.read() as session:
        assert journal.verify(session) == []
        return list(session.scalars(select(JournalEntry).where(JournalEntry.action == action)))


def test_a_pack_of_a_period_that_is_not_over_is_not_approved(tmp_path: Path) -> None:
    """What came in last did so on 20 October: the draft of October is shown to nobody as October."""
    folder = tmp_path / "var"
    folder.mkdir()
    early = datetime(2026, 10, 20, 6, tzinfo=UTC)
    made = Packed.at(folder)
    made.rows("review_actions", ACTIONS)
    made.feed("qms_registers", "review_actions", 3, at=early)
    made.series("otif", [88.0 + (index % 3) for index in range(24)], at=early)
    made.register.close()
    settings = settings_of(folder)
    stages.build_pack("monthly", "2026-10", run_id="r1", at=early, settings=settings)
    for ask in (draft, release):
        with pytest.raises(UserError) as refused:
            ask(settings)
        assert str(refused.value) == (
            "pack monthly 2026-10 edition 1 was made before its period was over; after 2026-10-31: "
            "qmsreports run ingest, then run review monthly --period 2026-10"
        )
    assert stages.newest_pack("monthly", "2026-10", settings=settings).status == "draft"


@pytest.mark.parametrize("name", ["", "anonymous", "Anonymous", "None"])
def test_nobody_cannot_approve(settings: Settings, name: str) -> None:
    with pytest.raises(UserError, match="the approval is anonymous; log in with a name of your own"):
        release(settings, name)
    assert draft(settings).status == "draft"
    assert entries(settings, "approve pack") == []


def test_a_broken_seal_is_neither_asked_about_nor_approved(settings: Settings) -> None:
    folder = Path(draft(settings).folder)
    (page,) = folder.glob("*.html")
    page.write_bytes(page.read_bytes() + b" ")
    for ask in (draft, release):
        with pytest.raises(UserError) as refused:
            ask(settings)
        assert str(refused.value).startswith(f"{page}: the file was changed after it was sealed")
    assert stages.newest_pack("monthly", "2026-10", settings=settings).status == "draft"


def test_a_pack_is_approved_once_and_delivered_once_and_whole(settings: Settings) -> None:
    approved = release(settings)
    assert approved.status == "approved"
    with pytest.raises(UserError, match="is approved"):
        release(settings, "E. Novak")
    with pytest.raises(UserError, match="is approved; nothing to do"):
        draft(settings)
    (entry,) = entries(settings, "approve pack")
    assert entry.who == "M. Huber"

    (target,) = stages.deliver(approved.pack_id, at=NOON, settings=settings)
    assert stages.deliver(approved.pack_id, at=LATER, settings=settings) == [target]
    copied = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path(target).iterdir()}
    assert copied == {file.path: file.sha256 for file in approved.files}
    assert [path for path in Path(target).parent.iterdir() if path != Path(target)] == []
    (entry,) = entries(settings, "deliver pack")
    assert entry.detail == {"to": target}
    from sqlalchemy import select

    with Workspace(settings) as workspace, workspace.register.read() as session:
        (delivery,) = session.scalars(select(Delivery))
    assert delivery.recipient == target
    assert delivery.at == NOON
    assert {file["path"]: file["sha256"] for file in delivery.files} == copied


def test_a_draft_is_not_delivered(settings: Settings) -> None:
    with pytest.raises(UserError, match="monthly 2026-10 is draft; approve it first"):
        stages.deliver(draft(settings).pack_id, at=NOON, settings=settings)


def test_a_folder_that_takes_no_more_is_one_line_and_nothing_is_noted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved = release(settings)

    def full(_source: Path, target: Path) -> None:
        target.mkdir()
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copytree", full)
        with pytest.raises(CouldNotRun, match=r"cannot be delivered \(No space left on device\)"):
            stages.deliver(approved.pack_id, at=NOON, settings=settings)
    assert entries(settings, "deliver pack") == []
    (target,) = stages.deliver(approved.pack_id, at=LATER, settings=settings)  # what was half-copied is cleared
    assert {path.name for path in Path(target).iterdir()} == {file.path for file in approved.files}
