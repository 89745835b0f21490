"""The workbook by the commands that people type: export, import, refusal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner
from workbook_fixture import AT, write

from qmsreports.catalog.approval import apply
from qmsreports.catalog.load import load_catalog
from qmsreports.cli import app
from qmsreports.errors import UserError
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.store import Register


@pytest.fixture
def workspace(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The small catalog, proposed by anna; gives the folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QMSREPORTS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(folder))
    with Register(f"sqlite:///{tmp_path / 'var' / 'register.db'}") as register:
        register.migrate()
        apply(load_catalog(folder), CatalogRecords(register), by="anna", at=AT)
    yield tmp_path


def run(*words: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["catalog", *words])
    if isinstance(result.exception, UserError):
        return int(result.exception.exit_code), [str(finding) for finding in result.exception.findings]
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output.splitlines()


def test_from_export_to_proposal(workspace: Path) -> None:
    code, said = run("export", "--xlsx", "t.xlsx")
    assert (code, said) == (0, ["t.xlsx written; change it and run: qmsreports catalog apply t.xlsx --by NAME"])
    code, said = run("export", "--xlsx", "t.xlsx")
    assert (code, said) == (
        3,
        ["t.xlsx: is there already and may hold somebody's changes; name another file or delete this one"],
    )
    write(workspace / "t.xlsx", {"Targets!H3": 97})
    path = workspace / "catalog" / "targets" / "on_time.yaml"
    before = path.read_bytes()
    code, said = run("apply", "t.xlsx", "--by", "cleo", "--dry-run")
    assert said == [
        f"{path}: would change",
        "targets of on_time: changed; needs approval",
        "nothing was written; 1 definition would be proposed by cleo",
    ]
    assert path.read_bytes() == before
    code, said = run("apply", "t.xlsx", "--by", "cleo")
    assert said == [
        f"{path}: changed",
        "targets of on_time: changed; needs approval",
        "1 definition proposed by cleo",
        "another person approves: qmsreports catalog approve on_time --by NAME",
    ]
    assert path.read_bytes() == before.replace(b"meet: 95", b"meet: 97")
    assert run("apply", "t.xlsx", "--by", "cleo") == (0, ["catalog: nothing new to propose"])


def test_nothing_is_written_when_one_cell_is_wrong(workspace: Path) -> None:
    run("export", "--xlsx", "t.xlsx")
    write(workspace / "t.xlsx", {"Targets!H3": 97, "Owners!C2": "someone.else", "Targets!F4": "soon"})
    before = {path: path.read_bytes() for path in (workspace / "catalog").rglob("*.yaml")}
    code, said = run("apply", "t.xlsx", "--by", "cleo")
    assert (code, said) == (1, ['t.xlsx:Targets!F4: "soon" is no date; write it as 2026-01-31'])
    assert {path: path.read_bytes() for path in before} == before
    assert not list((workspace / "catalog").rglob("*.new"))


def test_a_workbook_that_is_not_there(workspace: Path) -> None:
    assert run("apply", "none.xlsx", "--by", "cleo") == (
        3,
        ["none.xlsx: cannot be read (No such file or directory); check the name"],
    )
    shutil.rmtree(workspace / "catalog")
    assert run("export", "--xlsx", "t.xlsx")[0] == 3
