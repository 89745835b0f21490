"""``qmsreports init``: a workspace that holds as it is, for any company, or nothing at all."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from qmsreports import starter
from qmsreports.catalog.load import load_catalog
from qmsreports.errors import CouldNotRun, ExitCode, UserError
from qmsreports.kpi.examples import run_examples
from qmsreports.starter import Company
from qmsreports.validate.suite import load_suite

HERE = Company('Müller & "Söhne"', "Europe/Berlin", ("bonn", "plant_2"))
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of a company with two sites. Read it, never change it."""
    folder = tmp_path_factory.mktemp("starter") / "new"
    starter.make(folder, HERE)
    return folder


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Honolulu", "Etc/GMT+12"])
def test_the_catalog_holds_wherever_midnight_falls(tmp_path: Path, zone: str) -> None:
    starter.make(tmp_path / "new", Company("A", zone, ("main",)))
    catalog = load_catalog(tmp_path / "new" / "catalog")
    assert catalog.warnings == ()
    assert len(catalog.kpis) == 12
    assert [finding for kpi in catalog.kpis.values() for finding in run_examples(catalog, kpi)] == []
    assert all(kpi.versions[0].examples for kpi in catalog.kpis.values())
    (review,) = catalog.reviews.values()
    assert set(review.scoreboard) == set(catalog.kpis)


def test_every_table_has_its_rules_for_the_sites_of_the_company(made: Path) -> None:
    catalog = load_catalog(made / "catalog")
    assert catalog.organisation.name == HERE.name
    assert [site.site for site in catalog.organisation.sites] == ["bonn", "plant_2"]
    for table in catalog.tables.values():
        path = made / "expectations" / f"{table.table}.json"
        assert load_suite(path, table).rules
        for rule in json.loads(path.read_text())["expectations"]:
            if rule["kwargs"].get("column") == "site" and "value_set" in rule["kwargs"]:
                assert rule["kwargs"]["value_set"] == ["bonn", "plant_2"]


def test_nothing_of_the_demo_company_comes_along(made: Path) -> None:
    """Its name and sites in no file; its product families in no rule; nothing left to fill in."""
    words = re.compile(r"arvella|\b(linz|lyon|porto)\b|YOUR_(NAME|ZONE|SITES)", re.IGNORECASE)
    files = [path for path in made.rglob("*") if path.is_file()]
    assert [str(path) for path in files if words.search(path.read_text(encoding="utf-8"))] == []
    assert not any("circulation" in path.read_text() for path in (made / "expectations").iterdir())
    assert list((made / "catalog" / "targets").iterdir()) == []
    assert list((made / "catalog" / "sources").iterdir()) == []


def test_what_the_readme_names_is_there(made: Path) -> None:
    text = (made / "README.md").read_text(encoding="utf-8")
    assert text.startswith('# Müller & "Söhne": ')
    for name in set(re.findall(r"`([a-z_]+/)`", text)) - {"var/"}:  # made by the first run
        assert (made / name).exists(), name
    assert "var/" in (made / ".gitignore").read_text().splitlines()
    assert "settings.env" in (made / ".gitignore").read_text().splitlines()


def test_what_runs_by_the_clock_runs_by_that_of_the_company(made: Path) -> None:
    assert [path for path in (made / "dags").iterdir() if "Vienna" in path.read_text(encoding="utf-8")] == []
    timers = list((made / "systemd").glob("*.timer"))
    assert len(timers) == 2
    for timer in timers:
        (when,) = [line for line in timer.read_text().splitlines() if line.startswith("OnCalendar=")]
        assert when.endswith(":00 Europe/Berlin")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(CouldNotRun, match=r"mine: is not empty \(notes.txt\); nothing was written") as refused:
        starter.make(tmp_path / "mine", HERE)
    assert refused.value.exit_code is ExitCode.COULD_NOT_RUN
    with pytest.raises(CouldNotRun, match="is a file"):
        starter.make(tmp_path / "mine" / "notes.txt", HERE)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "notes.txt"]
    (tmp_path / "empty").mkdir()
    assert len(starter.make(tmp_path / "empty", HERE)) > 100


def test_a_disk_that_takes_no_more_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Path.write_text

    def full(self: Path, *given: object, **named: object) -> int:
        if self.name == "monthly.yaml":
            raise OSError(28, "No space left on device")
        return written(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CouldNotRun, match=r"cannot be written \(No space left on device\); nothing was made"):
        starter.make(tmp_path / "new", HERE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("company", "told"),
    [
        (Company("A", "Europe/Wien", ("main",)), '"Europe/Wien" is no time zone; did you mean "Europe/Vienna"?'),
        (Company("A", "Mars", ("main",)), '"Mars" is no time zone; known: America/New_York, Asia/Tokyo, '),
        (Company("A", "UTC", ("Plant 2",)), '"Plant 2" is no code of a site; use lower-case letters, '),
        (Company("A", "UTC", ("a", "a")), "a site is named twice; name each once"),
        (Company(" ", "UTC", ("a",)), 'the organisation needs a name; write --name "Your company"'),
    ],
)
def test_wrong_usage(tmp_path: Path, company: Company, told: str) -> None:
    with pytest.raises(UserError) as refused:
        starter.make(tmp_path / "new", company)
    assert str(refused.value).startswith(told)
    assert refused.value.exit_code is ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_brings_what_a_workspace_is_made_of(tmp_path: Path, made: Path) -> None:
    """An installed package has no checkout beside it: every file of a workspace must be in the wheel."""
    from hatchling.builders.wheel import WheelBuilder

    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        names = set(wheel.namelist())
    own = {f"qmsreports/starter/workspace/{path}" for path in ("README.md", "gitignore", "systemd/qmsreports.timer")}
    files = [str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()]
    packed = {name for name in files if f"qmsreports/starter/shipped/{name}" in names}
    written = {name for name in files if f"qmsreports/starter/workspace/{name}" in names}
    assert own <= names
    assert set(files) - packed - written == {".gitignore"}


def test_a_shipped_file_that_is_no_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that an editor left behind in the folder of the tables."""
    for name in ("catalog", "report_templates", "expectations", "dags"):
        shutil.copytree(ROOT / name, tmp_path / "shipped" / name)
    left = tmp_path / "shipped" / "catalog" / "tables" / "tickets.yaml.swp"
    left.write_bytes(b"tab\xe9")
    monkeypatch.setattr(starter, "shipped", lambda: tmp_path / "shipped")
    with pytest.raises(CouldNotRun) as told:
        starter.make(tmp_path / "new", HERE)
    assert str(told.value) == (
        f"{left}: byte 4: is no UTF-8 text, so no workspace can be made of it; mend or remove the file"
    )
    assert not (tmp_path / "new").exists()
