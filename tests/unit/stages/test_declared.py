"""What a scheduler reads of a catalog at every parse: the names, and the zone in which its schedules are meant."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.errors import CouldNotRun
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parents[1] / "catalog" / "small"
NOON = datetime(2026, 4, 2, 12, tzinfo=UTC)


def of(folder: Path, text: str | None) -> str:
    if text is not None:
        (folder / "organisation.yaml").write_text(text, encoding="utf-8")
    return stages.time_zone(Settings(var=folder / "var", catalog=folder))


def test_the_zone_is_the_organisations_whatever_else_the_file_says(tmp_path: Path) -> None:
    assert of(tmp_path, "name: Usa\ntime_zone: America/Chicago\n") == "America/Chicago"
    assert of(tmp_path, "nam: {a: [\ue000]}\ntime_zone: UTC  # sic\n") == "UTC"


@pytest.mark.parametrize("text", [None, "", "name: A\n", "time_zone: Mars\n", "time_zone: [UTC\n", "time_zone: /etc\n"])
def test_a_zone_that_cannot_be_read_is_one_line(tmp_path: Path, text: str | None) -> None:
    with pytest.raises(CouldNotRun) as told:
        of(tmp_path, text)
    assert str(told.value) == (
        f"{tmp_path}/organisation.yaml: the time zone of the schedules cannot be read; "
        "write for example time_zone: Europe/Vienna, or set QMSREPORTS_CATALOG"
    )


def test_the_zone_is_the_approved_one_while_an_edit_waits(tmp_path: Path) -> None:
    catalog = Path(shutil.copytree(SMALL, tmp_path / "catalog"))
    settings = Settings(var=tmp_path / "var", catalog=catalog)
    assert stages.time_zone(settings) == "Europe/Vienna"  # there is no register yet
    assert not settings.var.exists()

    def propose(by: str) -> None:
        with Workspace(settings) as workspace:
            approval.apply(workspace.written, CatalogRecords(workspace.register), by=by, at=NOON)

    def approve(by: str) -> None:
        with Workspace(settings) as workspace:
            approval.approve(CatalogRecords(workspace.register), workspace.written.organisation, by=by, at=NOON)

    propose("author")
    approve("board")
    path = catalog / "organisation.yaml"
    path.write_text(path.read_text().replace("Europe/Vienna", "Asia/Tokyo"))
    assert stages.time_zone(settings) == "Europe/Vienna"
    propose("author")
    assert stages.time_zone(settings) == "Europe/Vienna"
    approve("board")
    assert stages.time_zone(settings) == "Asia/Tokyo"
    (settings.var / "register.db").write_bytes(b"no database")
    assert stages.time_zone(settings) == "Asia/Tokyo"  # what cannot be asked stops no schedule


def test_a_server_that_is_not_there_stops_no_schedule(tmp_path: Path) -> None:
    (tmp_path / "organisation.yaml").write_text("time_zone: UTC\n")
    away = Settings(catalog=tmp_path, register_at="postgresql://reader@127.0.0.1:9/records")
    assert stages.time_zone(away) == "UTC"


def test_what_a_scheduler_imports_all_day_is_light() -> None:
    asked = "import sys; from qmsreports import stages; stages.time_zone(); print(*sys.modules)"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True)
    heavy = {"pandas", "duckdb", "great_expectations", "dlt", "pyarrow", "matplotlib", "sqlglot", "ruamel"}
    assert heavy & set(done.stdout.split()) == set()
