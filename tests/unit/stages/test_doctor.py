"""``qmsreports doctor``: each thing that can be wrong is a line that says what to do; looking changes nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from typer.testing import CliRunner

from qmsreports import starter
from qmsreports.catalog.presets import add_preset
from qmsreports.cli import app, clock
from qmsreports.register import migrations
from qmsreports.register.store import Register
from qmsreports.stages import doctor

NOW = datetime(2030, 1, 2, 6, 30, tzinfo=UTC)
SECRET = "hunter2-hunter2"
CONNECTION = "QMSREPORTS_CONNECTION_DESK"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new workspace with one source, in which the command runs; Airflow is not started unless a test wants it."""
    folder = tmp_path / "company"
    starter.make(folder, starter.Company("A", "Europe/Vienna", ("main",)))
    add_preset("generic_csv", name="desk", catalog=folder / "catalog")
    monkeypatch.chdir(folder)
    for name in [*doctor.os.environ]:  # what other tests of this process have set for good, above all Airflow's
        if name.startswith(("AIRFLOW", "QMSREPORTS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv(CONNECTION, f"sftp://reader:{SECRET}@host/exports")
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(doctor, "_parsed", lambda *_: {"dags": ["ingest"], "errors": {}})
    return folder


def looked(expect: int) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == expect, done.output
    found = json.loads(done.stdout)
    assert all(set(entry) == {"check", "outcome", "what", "todo"} for entry in found)
    assert all(entry["todo"] for entry in found if entry["outcome"] == "problem")
    return [entry for entry in found if isinstance(entry, dict)]


def lines(expect: int) -> list[str]:
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == expect, done.output
    return done.stdout.splitlines()


def test_a_sound_workspace_and_nothing_is_written(place: Path) -> None:
    before = sorted(place.rglob("*"))
    found = looked(0)
    assert {entry["outcome"] for entry in found} == {"ok"}
    checks = ["python", "settings", "folders", "register", "catalog", "expectations", "sources", "clock", "airflow"]
    assert list(dict.fromkeys(entry["check"] for entry in found)) == [*checks, "fonts", "print"]
    whats = [entry["what"] for entry in found]
    assert "it is 2030-01-02 06:30 UTC, 2030-01-02 07:30 in Europe/Vienna (catalog/organisation.yaml)" in whats
    assert "desk: a connection is set; qmsreports source check desk tries it" in whats
    assert sorted(place.rglob("*")) == before
    assert lines(0)[-1] == "no problems, no warnings"


def test_where_each_setting_comes_from_and_no_secret(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QMSREPORTS_LAKE", f"s3://key:{SECRET}@bucket/lake?secret={SECRET}")
    monkeypatch.setenv("QMSREPORTS_REGISTER", f"postgresql://qms:{SECRET}@127.0.0.1:1/qms?password={SECRET}")
    monkeypatch.setenv("QMSREPORTS_SIGNING_PASSPHRASE", SECRET)
    said = "\n".join(lines(1))
    assert SECRET not in said
    for line in (
        "QMSREPORTS_VAR = var, from the default",
        "QMSREPORTS_LAKE = s3://bucket/lake, from the environment",
        "QMSREPORTS_REGISTER = postgresql://qms:***@127.0.0.1:1/qms, from the environment",
        "QMSREPORTS_SIGNING_PASSPHRASE = (not shown), from the environment",
    ):
        assert f"ok       settings      {line}\n" in said
    (line,) = [line for line in said.splitlines() if line.startswith("problem")]
    assert line.startswith("problem  register")
    assert "cannot be opened" in line


def _older(path: Path, version: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def _registered(place: Path) -> Path:
    (place / "var").mkdir()
    with Register(f"sqlite:///{place / 'var' / 'register.db'}") as register:
        register.migrate()
    return place / "var" / "register.db"


def _begun(place: Path, at: str) -> None:
    with closing(sqlite3.connect(_registered(place))) as connection, connection:
        connection.execute(
            "INSERT INTO runs (run_id, kind, period, started_at, status, message) "
            "VALUES ('r', 'ingest', '', ?, 'done', '')",
            (at,),
        )


_RULES = """{"name": "tickets",
 "expectations": [
  {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "%s"}, "severity": "critical",
   "meta": {"why": "It is the number.", "owner": "it.data", "on_failure": "stop"}}]}
"""


def _landed_rules(place: Path, text: str) -> None:
    path = place / "expectations/landed/desk/tickets.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


HARMS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a broken file of the catalog": (
        lambda place: (place / "catalog/calendars/support_desk.yaml").write_text("calender: support_desk\n"),
        'problem  catalog       catalog/calendars/support_desk.yaml:1: unknown field "calender"; did you mean ',
    ),
    "no catalog": (
        lambda place: shutil.rmtree(place / "catalog"),
        "problem  catalog       catalog: there is no catalog here; run in a workspace or set QMSREPORTS_CATALOG",
    ),
    "a table without rules": (
        lambda place: (place / "expectations/tickets.json").unlink(),
        "problem  expectations  expectations/tickets.json: the canonical table tickets has no suite; every",
    ),
    "rules for a feed as landed that are no JSON": (
        lambda place: _landed_rules(place, '{"name": "tickets",\n "expectations": [}\n'),
        "problem  expectations  expectations/landed/desk/tickets.json:2: ",
    ),
    "rules for a column that no feed declares": (
        lambda place: _landed_rules(place, _RULES % "no_such_column"),
        'problem  expectations  expectations/landed/desk/tickets.json:3: tickets declares no column "no_such_column"; ',
    ),
    "no templates": (
        lambda place: shutil.rmtree(place / "report_templates"),
        "problem  templates     report_templates/pack.typ is missing; check QMSREPORTS_TEMPLATES",
    ),
    "var is a file": (
        lambda place: (place / "var").write_text(""),
        "problem  folders       var: {place}/var is a file; move it away or name another folder",
    ),
    "no register": (
        lambda place: ((place / "var").mkdir(), (place / "var/register.db").write_bytes(b"no register " * 500)),
        "problem  register      register sqlite:///{place}/var/register.db: cannot be opened (file is not a database);",
    ),
    "a register of tomorrow": (
        lambda place: _older(_registered(place), "9999"),
        "problem  register      sqlite:///{place}/var/register.db has schema 9999, this version knows ",
    ),
    "a register of yesterday": (
        lambda place: _older(_registered(place), "0001"),
        "warning  register      sqlite:///{place}/var/register.db answers, schema 0001 of ",
    ),
    "a clock that went back": (
        lambda place: _begun(place, "2031-01-01 00:00:00+00:00"),
        "problem  clock         the clock says 2030-01-02 06:30 UTC, but the newest record is of 2031-01-01 00:00 UTC",
    ),
    "no dags": (
        lambda place: shutil.rmtree(place / "dags"),
        "warning  airflow       Airflow 3.3.2, but there is no folder {place}/dags; set AIRFLOW__CORE__DAGS_FOLDER;",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_each_harm_is_a_line(place: Path, harm: str) -> None:
    do, line = HARMS[harm]
    do(place)
    wanted = line.format(place=place)
    said = lines(1 if line.startswith("problem") else 0)
    assert [text for text in said if text.startswith(wanted)], said


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("QMSREPORTS_ENGINE", "spak", 'problem  settings      QMSREPORTS_ENGINE: "spak" is not possible; '),
        ("QMSREPORTS_CATALOGUE", "x", "warning  settings      QMSREPORTS_CATALOGUE is no setting; did you mean "),
        ("QMSREPORTS_CONNECTION_DESC", "x", "warning  sources       QMSREPORTS_CONNECTION_DESC is the connection of "),
        (CONNECTION, "", "problem  sources       desk: no connection is set; set one of: QMSREPORTS_CONNECTION_DESK, "),
        ("AIRFLOW__CORE__DAGS_FOLDER", "nowhere", "warning  airflow       Airflow 3.3.2, but there is no folder "),
    ],
)
def test_each_wrong_setting_is_a_line(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    monkeypatch.setenv(name, value)
    said = lines(1 if line.startswith("problem") else 0)
    assert [text for text in said if text.startswith(line)], said


def test_the_machine(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too old a Python, a full disk, a folder of somebody else, a lost font: what a test cannot do, it pretends."""
    usage = shutil.disk_usage(place)
    with monkeypatch.context() as harm:
        harm.setattr(doctor, "PYTHONS", ((3, 99), (4, 0)))
        assert any(line.endswith("; use Python 3.99 or newer, older than 4.0") for line in lines(1))
    for free, outcome in ((100 << 20, "problem"), (1 << 30, "warning")):
        with monkeypatch.context() as harm:
            harm.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
            found = [line for line in lines(1 if outcome == "problem" else 0) if line.startswith(outcome)]
            assert len(found) == 1  # one disk, one line
            assert "GB free; free some disk" in found[0]
    with monkeypatch.context() as harm:
        harm.setattr(doctor.os, "access", lambda *_: False)
        assert any("may not be written; give this account (" in line for line in lines(1))
    with monkeypatch.context() as harm:
        harm.setattr("qmsreports.pack.proof.font_files", lambda: (place / "none.otf",))
        assert f"problem  fonts         {place}/none.otf is missing; run make setup again" in lines(1)
    with monkeypatch.context() as harm:
        harm.setattr("qmsreports.pack.proof._PAGE", "= No title")
        assert any(line.startswith("problem  print         no PDF can be set (") for line in lines(1))


def test_the_dags_as_airflow_finds_them(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow itself parses the folder; a file that it cannot import is named, the others are found."""
    parsed = {name: value for name, value in doctor.os.environ.items() if not name.startswith("QMSREPORTS_")}
    monkeypatch.undo()
    (place / "dags" / "measure.py").write_text("from airflow.sdk import dag\nimport nothing_like_it\n")
    monkeypatch.chdir(place)
    found = list(doctor._airflow({**parsed, CONNECTION: "x"}))
    assert [entry.outcome for entry in found] == ["problem", "ok"]
    assert "measure.py: ModuleNotFoundError: No module named 'nothing_like_it'" in found[0].what
    assert "finds ingest, management_review, release_review in " in found[1].what


def test_a_command_that_only_shows_brings_an_older_register_along_as_doctor_says(place: Path) -> None:
    (place / "var").mkdir()
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with Register(f"sqlite:///{place}/var/register.db") as register:
        config.attributes["engine"] = register.engine
        command.upgrade(config, "0007")
    (line,) = [text for text in lines(0) if "schema 0007" in text]
    todo = "back it up first: the next command of this version, also one that only shows, brings it to its schema"
    assert line.endswith(f"; {todo}")
    assert CliRunner().invoke(app, ["kpi", "list"]).exit_code == 0
    with Register(f"sqlite:///{place}/var/register.db") as register:
        assert register.revision() != "0007"
    assert not [text for text in lines(0) if text.startswith("warning  register")]
