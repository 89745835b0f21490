"""A pack is released in a name, over an intact seal, once; and handed over whole, once."""

from __future__ import annotations

import errno
import hashlib
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.errors import CouldNotRun, UserError
from qmsreports.pack import store
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
    """A copy of it: the pack is where the copy lies."""
    folder = tmp_path / "var"
    shutil.copytree(drafted, folder)
    return settings_of(folder)


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


@pytest.mark.parametrize("name", ["", " ", "anonymous", "Anonymous", "None", "admin", "Admin ", "anonym"])
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


def test_a_half_copy_is_completed_and_what_is_not_ours_is_left_alone(settings: Settings) -> None:
    approved = release(settings)
    (told,) = stages.deliver(approved.pack_id, at=NOON, settings=settings)
    target = Path(told)
    whole = {path.name: path.read_bytes() for path in Path(approved.folder).iterdir()}

    def copied() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in target.iterdir()}

    shutil.rmtree(target)
    target.mkdir()  # an empty folder is no delivery
    assert stages.deliver(approved.pack_id, at=LATER, settings=settings) == [told]
    assert copied() == whole
    (target / "manifest.json").unlink()
    (target / "model.json").write_bytes(whole["model.json"][:100])
    stages.deliver(approved.pack_id, at=LATER, settings=settings)
    assert copied() == whole
    (target / "read.txt").write_text("read on Monday")  # its reader may put something beside it
    stages.deliver(approved.pack_id, at=LATER, settings=settings)
    assert copied() == {**whole, "read.txt": b"read on Monday"}

    (target / "model.json").write_bytes(b"{}")
    line = f"{target}: another pack or a changed copy lies there already; move it elsewhere and run again"
    with pytest.raises(CouldNotRun, match=line):
        stages.deliver(approved.pack_id, at=LATER, settings=settings)
    assert copied()["model.json"] == b"{}"
    assert copied()["read.txt"] == b"read on Monday"


def test_another_pack_in_the_folder_is_not_taken_for_the_delivery(settings: Settings) -> None:
    approved = release(settings)
    (told,) = stages.deliver(approved.pack_id, at=NOON, settings=settings)
    manifest = Path(told) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"edition": 1', '"edition": 7'))
    with pytest.raises(CouldNotRun, match="another pack or a changed copy lies there already"):
        stages.deliver(approved.pack_id, at=LATER, settings=settings)


@pytest.mark.parametrize("in_full", [False, True])
def test_a_workspace_that_was_moved_still_has_its_packs(settings: Settings, tmp_path: Path, in_full: bool) -> None:
    """``in_full``: the register was written by a version that named folders in full."""
    release(settings)
    if in_full:
        with closing(sqlite3.connect(settings.var / "register.db")) as register, register:
            for (name,) in register.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                register.execute(f"DROP TRIGGER {name}")
            for table in ("packs", "approved_prints"):
                register.execute(f"UPDATE {table} SET folder = ? || '/' || folder", (str(settings.var),))
            (folder,) = register.execute("SELECT folder FROM packs").fetchone()
        assert folder == str(settings.var / "packs" / "monthly-2026-10-e1")
    shutil.move(settings.var, tmp_path / "elsewhere")
    moved = settings_of(tmp_path / "elsewhere")
    found = stages.newest_pack("monthly", "2026-10", settings=moved)
    assert found.folder == str(tmp_path / "elsewhere" / "packs" / "monthly-2026-10-e1-approved")
    assert stages.verify_pack("monthly", "2026-10", settings=moved) == []
    assert stages.build_pack("monthly", "2026-10", run_id="r3", at=LATER, settings=moved).edition == 1
    assert stages.diff_packs("monthly-2026-10", "monthly-2026-10", settings=moved).differences == ()
    (target,) = stages.deliver(found.pack_id, at=LATER, settings=moved)
    assert Path(target).is_relative_to(tmp_path / "elsewhere")


def test_a_pack_outside_the_workspace_is_recorded_in_full(tmp_path: Path) -> None:
    packs = tmp_path / "var" / "packs"
    inside, outside = packs / "monthly-2026-10-e1", tmp_path / "other" / "monthly-2026-10-e1"
    assert store.placed(inside, packs) == "packs/monthly-2026-10-e1"
    assert store.placed(outside, packs) == str(outside)
    assert store.located("packs/monthly-2026-10-e1", packs) == inside
    assert store.located(str(outside), packs) == outside
    inside.mkdir(parents=True)
    assert store.located(str(outside), packs) == inside
    outside.mkdir(parents=True)
    assert store.located(str(outside), packs) == outside
