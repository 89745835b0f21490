"""A register that cannot be opened, read or written says so in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from qmsreports.errors import CouldNotRun
from qmsreports.register.store import Register


def test_an_unreadable_register_says_so_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "register.db").write_bytes(b"this is no database" * 100)
    with Register(f"sqlite:///{tmp_path / 'register.db'}") as register, pytest.raises(CouldNotRun) as caught:
        register.migrate()
    assert str(caught.value) == (
        f"register sqlite:///{tmp_path}/register.db: cannot be opened (file is not a database); "
        "restore it from a backup: nothing else holds approvals and results"
    )


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("pg at home, password geheim", "register: the URL cannot be used (it is no URL); write QMSREPORTS_REGISTER"),
        ("sqlite:////proc/none/register.db", "register sqlite:////proc/none/register.db: its folder cannot be made"),
    ],
)
def test_a_register_that_cannot_be_is_one_line(url: str, line: str) -> None:
    with pytest.raises(CouldNotRun) as caught, Register(url):
        pass
    assert str(caught.value).startswith(line)
    assert "geheim" not in str(caught.value)


def test_a_register_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    with Register(f"sqlite:///{tmp_path / 'register.db'}") as register:
        register.migrate()
        with register.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(CouldNotRun, match=r"a newer version of qmsreports wrote it \(schema 9999\)"):
            register.migrate()


def test_a_register_that_breaks_while_it_is_used_undoes_what_was_begun(tmp_path: Path) -> None:
    with Register(f"sqlite:///{tmp_path / 'register.db'}") as register:
        register.migrate()
        with pytest.raises(CouldNotRun, match="free some disk"), register.write() as session:
            session.execute(text("INSERT INTO sql_texts VALUES ('a', 'duckdb', 'b')"))
            pages = session.execute(text("PRAGMA page_count")).scalar()
            session.execute(text(f"PRAGMA max_page_count = {pages}"))
            session.execute(text("INSERT INTO sql_texts VALUES ('c', 'duckdb', hex(zeroblob(1000000)))"))
        with register.read() as session:
            assert session.scalar(text("SELECT count(*) FROM sql_texts")) == 0


def test_a_password_is_not_shown() -> None:
    with Register("postgresql://ana:geheim@localhost:1/qms") as register, pytest.raises(CouldNotRun) as caught:
        register.migrate()
    assert "geheim" not in str(caught.value)
    assert "register postgresql+psycopg://ana:***@localhost:1/qms: cannot be opened" in str(caught.value)
