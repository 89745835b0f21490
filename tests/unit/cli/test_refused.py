"""What the system refuses is one line and exit code 3; an error of our own keeps its traceback."""

from __future__ import annotations

import errno
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from qmsreports import cli
from qmsreports.cli.refused import refused


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/var/packs/a.pdf"),
            "/var/packs/a.pdf: no space left on device; free some disk, then run again; nothing half-written counts",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/var/lake"),
            "/var/lake: permission denied; mend the permissions, then run again; nothing half-written counts",
        ),
        (
            OSError(errno.EROFS, "Read-only file system", "/a", None, "/b"),
            "/a and /b: read-only file system; mend the permissions, then run again; nothing half-written counts",
        ),
        (
            OSError("Generic error: No space left on device (os error 28)\nat line 7"),
            "generic error: No space left on device (os error 28); free some disk, then run again; "
            "nothing half-written counts",
        ),
        (
            duckdb.IOException("IO Error: Could not write file"),
            "IO Error: Could not write file; mend it, then run again; nothing half-written counts",
        ),
        (
            OperationalError("SELECT secret", {}, Exception("database or disk is full")),
            "database or disk is full; free some disk, then run again; nothing half-written counts",
        ),
    ],
)
def test_one_line_without_the_statement_or_the_place_in_our_code(error: Exception, line: str) -> None:
    assert str(refused(error)) == line


def test_what_we_ask_wrongly_stays_our_error() -> None:
    assert refused(KeyError("x")) is None
    assert refused(duckdb.BinderException("no such column")) is None


def test_the_command_line_ends_with_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/var/x")

    monkeypatch.setattr(cli, "app", full)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert capsys.readouterr().err.splitlines() == [
        "/var/x: no space left on device; free some disk, then run again; nothing half-written counts"
    ]


def test_a_real_database_that_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(**_: object) -> None:
        with create_engine(f"sqlite:///{tmp_path}/none/x.db").connect() as connection:
            connection.execute(text("SELECT 1"))

    monkeypatch.setattr(cli, "app", ask)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
