"""A pack tells the signals of its own period, also where only a later month was measured."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from qmsreports import stages
from qmsreports.register import results
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace
from tests.unit.pack.pack_workspace import BUILT, MEASURED, ROOT, TEMPLATES, filled


def test_a_period_that_was_never_analysed_is_analysed_for_its_pack(tmp_path: Path) -> None:
    made = filled(tmp_path)  # only series up to October are analysed
    made.series("nps", [40.0 + (index % 4) for index in range(24)], target=60.0, at=MEASURED + timedelta(minutes=1))
    made.register.close()
    settings = Settings(var=tmp_path, catalog=ROOT / "catalog", templates=TEMPLATES)
    built = stages.build_pack("monthly", "2026-05", run_id="r2", at=BUILT, settings=settings)
    assert "Net promoter score cannot meet its objective as the process stands" in built.headline[1]
    with Workspace(settings) as workspace, workspace.register.read() as session:
        (nps,) = (row for row in results.analyses_of(session, "2026-05") if (row.kpi, row.slice_key) == ("nps", ""))
    assert (nps.run_id, nps.assurance) == ("r2", "fail")
    again = stages.build_pack("monthly", "2026-05", run_id="r3", at=BUILT, settings=settings)
    assert (again.edition, again.files) == (built.edition, built.files)
