"""Packs in the register: built once, sealed, delivered once, never changed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from qmsreports.period import Period
from qmsreports.records import (
    BuiltPack,
    PackFile,
)
from qmsreports.register import packs, store
from qmsreports.register.models import Pack
from qmsreports.register.store import Register

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_a_pack_is_delivered_to_a_recipient_once(register: Register, tmp_path: Path) -> None:
    from qmsreports.records import BuiltPack, PackFile

    files = (PackFile("pack.pdf", "a" * 64, 10),)
    for edition in (1, 2):
        built = BuiltPack("monthly", Period.parse("2026-10"), edition, "draft", tmp_path, files, f"i{edition}")
        with register.write() as session:
            pack = packs.record_pack(session, built, run_id="r", at=NOON)
    with register.write() as session:
        assert packs.record_delivery(session, pack, "/srv/out", [], at=NOON)
        assert not packs.record_delivery(session, pack, "/srv/out", [], at=NOON)
    with register.read() as session:
        assert [(p.edition, p.status) for p in packs.all_packs(session)] == [(1, "superseded"), (2, "draft")]


def _pack(session: Session, edition: int = 1) -> Pack:
    built = BuiltPack(
        pack="monthly",
        period=Period.parse("2026-10"),
        edition=edition,
        status="draft",
        folder=Path("/x"),
        files=(PackFile("a.pdf", "a" * 64, 1),),
        inputs="i",
        headline=("a", "b", "c"),
        manifest={"pack": f"monthly-2026-10-e{edition}"},
    )
    return packs.record_pack(session, built, run_id="r1", at=NOON)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pack_files SET sha256 = 'b'",
        "DELETE FROM pack_files",
        "UPDATE deliveries SET recipient = 'nobody'",
        "DELETE FROM deliveries",
        "UPDATE packs SET manifest = '{}'",
        "UPDATE packs SET folder = '/y'",
        "UPDATE packs SET edition = 9 WHERE edition = 2",
        "UPDATE packs SET status = 'draft' WHERE edition = 1",
        "UPDATE packs SET approved_by = 'E. Novak' WHERE edition = 1",
        "DELETE FROM packs WHERE edition = 2",
    ],
)
def test_a_pack_its_seals_and_its_deliveries_stay(register: Register, statement: str) -> None:
    with register.write() as session:
        first = _pack(session)
        packs.approve_pack(session, first, by="M. Huber", at=NOON)
        packs.record_delivery(session, first, "/delivered", [], at=NOON)
        _pack(session, 2)
    with pytest.raises(DBAPIError, match="append-only"), register.write() as session:
        session.execute(text(statement))
    with register.write() as session:  # a draft may still be followed by another one, which may be approved
        packs.approve_pack(session, _pack(session, 3), by="M. Huber", at=NOON)
    with register.read() as session:
        assert [row.status for row in packs.all_packs(session)] == ["approved", "superseded", "approved"]


def test_the_schema_before_packs_were_append_only_can_be_gone_back_to(register: Register) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.attributes["engine"] = register.engine
    command.downgrade(config, "0008")
    with register.write() as session:
        _pack(session)
        session.execute(text("UPDATE packs SET folder = '/y'"))
    register.migrate()  # an earlier register with packs in it
    with pytest.raises(DBAPIError, match="append-only"), register.write() as session:
        session.execute(text("UPDATE packs SET folder = '/z'"))
    with register.read() as session:
        assert [row.folder for row in packs.all_packs(session)] == ["/y"]
