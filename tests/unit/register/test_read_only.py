"""A register that an account may only read is read: by whoever is shown the records and may not change them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from qmsreports.errors import CouldNotRun
from qmsreports.register.models import Notice
from qmsreports.register.store import Register

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def note(register: Register, text: str) -> None:
    with register.write() as session:
        session.add(Notice(run_id="r", stage="measure", source="", text=text, at=NOON))


def notes(register: Register) -> list[str]:
    with register.read() as session:
        return list(session.scalars(select(Notice.text).order_by(Notice.id)))


@pytest.fixture
def url(tmp_path: Path) -> str:
    folder = tmp_path / "records of 100 % #1"  # nothing in a name is taken for a part of the address
    with Register(f"sqlite:///{folder}/register.db") as register:
        register.migrate()
        note(register, "first")
    return f"sqlite:///{folder}/register.db"


def content(url: str) -> dict[str, bytes]:
    folder = Path(url.removeprefix("sqlite:///")).parent
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be written, as permissions say or a disk that is mounted for reading; root passes over the former."""
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)


@pytest.mark.usefixtures("only_read")
def test_it_is_read_and_nothing_is_made_beside_it(url: str) -> None:
    before = content(url)
    with Register(url) as register:
        register.migrate()
        assert notes(register) == ["first"]
    assert content(url) == before


@pytest.mark.usefixtures("only_read")
def test_a_write_says_that_it_may_only_be_read(url: str) -> None:
    with Register(url) as register:
        with pytest.raises(CouldNotRun, match=r"\(attempt to write a readonly database\); mend its permissions"):
            note(register, "second")
        assert notes(register) == ["first"]


def test_what_another_account_writes_meanwhile_is_seen(url: str, request: pytest.FixtureRequest) -> None:
    with Register(url) as writer:
        note(writer, "second")
        with writer.read() as session:
            assert session.scalar(select(Notice.text).limit(1)) == "first"
            request.getfixturevalue("only_read")
            with Register(url) as reader:
                assert notes(reader) == ["first", "second"]
