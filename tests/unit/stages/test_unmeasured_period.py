"""A pack of a period that nobody measured is not built: it would say of every objective that there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.errors import UserError
from qmsreports.period import Period
from qmsreports.register.results import is_measured, record_measurement
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace
from tests.unit.pack.pack_workspace import BUILT, MEASURED, ROOT, TEMPLATES, filled


def test_a_period_that_was_not_measured_is_told_with_the_command_that_measures_it(tmp_path: Path) -> None:
    filled(tmp_path).register.close()  # months up to October 2026, no year
    settings = Settings(var=tmp_path, catalog=ROOT / "catalog", templates=TEMPLATES)
    with pytest.raises(UserError) as told:
        stages.build_pack("annual", "2025", run_id="r1", at=BUILT, settings=settings)
    (said,) = told.value.findings
    assert str(said) == (
        "pack annual 2025: nothing has been measured for 2025: its pack would have no value; "
        "run: qmsreports run measure --period 2025, or qmsreports run review annual --period 2025"
    )
    assert not list((tmp_path / "packs").glob("annual-*"))


@pytest.mark.parametrize(
    ("measured", "asked", "there"),
    [
        ("2025", "2025", True),  # and it found nothing: the record does not reach back so far
        ("2025-12", "2025", True),  # the month that closes the year measures the year
        ("2025-12", "2025-Q4", True),
        ("2025-11", "2025-Q4", False),
        ("2026-10", "2025", False),
    ],
)
def test_a_measurement_that_found_nothing_is_one(measured: str, asked: str, there: bool, tmp_path: Path) -> None:
    settings = Settings(var=tmp_path, catalog=ROOT / "catalog", templates=TEMPLATES)
    with Workspace(settings) as workspace:
        workspace.register.migrate()
        with workspace.register.write() as session:
            record_measurement(session, run_id="r1", period=measured, inputs="i", summary={}, at=MEASURED)
        with workspace.register.read() as session:
            assert is_measured(session, Period.parse(asked)) is there
