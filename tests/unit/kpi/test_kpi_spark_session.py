"""What a person reads when Spark cannot be had: one line, exit code 3. No Spark is needed for that."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qmsreports.errors import CouldNotRun, ExitCode
from qmsreports.kpi.engine import engine_of
from qmsreports.kpi.spark import session
from qmsreports.lake import Lake


def refusal(place: str, tmp_path: Path) -> str:
    opened = engine_of("spark", spark=place)(Lake(str(tmp_path)), [], {})
    with pytest.raises(CouldNotRun) as refused, opened:
        pass
    (finding,) = refused.value.findings
    assert refused.value.exit_code is ExitCode.COULD_NOT_RUN
    return str(finding)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _: object())


def test_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _: None)
    line = refusal("", tmp_path)
    assert line == "engine spark: pyspark is not installed; pip install qmsreports[spark], or use engine duckdb"


def test_a_server_that_nobody_runs(installed: None, tmp_path: Path) -> None:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        port = found.getsockname()[1]
        line = refusal(f"sc://127.0.0.1:{port}/;token=secret", tmp_path)
    assert line.startswith(f"Spark Connect at 127.0.0.1:{port}: cannot be reached: ")
    assert line.endswith("start the server or mend QMSREPORTS_SPARK")
    assert "secret" not in line


@pytest.mark.parametrize("url", ["sc://", "sc://host:many/;token=secret"])
def test_an_address_that_is_none(url: str, installed: None, tmp_path: Path) -> None:
    assert refusal(url, tmp_path) == "QMSREPORTS_SPARK: is not an address; write sc://host:15002"


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (None, "there is no Java in JAVA_HOME"),
        ('openjdk version "11.0.2" 2019-01-15', "Java 11 is too old"),
        ('java version "1.8.0_402"', "Java 1 is too old"),
        ("cannot execute", "does not run"),
    ],
)
def test_java_is_missing_or_too_old(
    said: str | None, what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home(tmp_path, said, monkeypatch)
    with pytest.raises(CouldNotRun, match=what) as refused:
        session._need_java()
    assert "install Java 17 or later, or use a Spark Connect server" in str(refused.value)


def test_a_java_that_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home(tmp_path, 'openjdk version "17.0.15" 2025-04-15', monkeypatch)
    session._need_java()


def home(folder: Path, said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(folder))
    if said is not None:
        (folder / "bin").mkdir()
        java = folder / "bin" / "java"
        java.write_text(f"#!/bin/sh\necho '{said}' >&2\n")
        java.chmod(0o755)


def test_no_java_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(session.shutil, "which", lambda _: None)
    with pytest.raises(CouldNotRun, match="there is no Java;"):
        session._need_java()


def test_rows_in_memory_have_no_files() -> None:
    class Memory:
        def versions(self, tables: Any) -> dict[str, int]:
            return {}

        def connect(self, tables: Any, versions: Any = None) -> Any:
            raise AssertionError

    with pytest.raises(TypeError, match="files of a lake"), engine_of("spark")(Memory(), [], {}):
        pass
