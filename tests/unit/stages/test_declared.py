"""What a scheduler reads of a catalog at every parse: the names, and the zone in which its schedules are meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.errors import CouldNotRun
from qmsreports.settings import Settings


def of(folder: Path, text: str | None) -> str:
    if text is not None:
        (folder / "organisation.yaml").write_text(text, encoding="utf-8")
    return stages.time_zone(Settings(catalog=folder))


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


def test_what_a_scheduler_imports_all_day_is_light() -> None:
    asked = "import sys; from qmsreports import stages; stages.time_zone(); print(*sys.modules)"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True)
    heavy = {"pandas", "duckdb", "great_expectations", "dlt", "pyarrow", "matplotlib", "sqlglot", "ruamel"}
    assert heavy & set(done.stdout.split()) == set()
