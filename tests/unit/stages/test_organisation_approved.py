"""A stage counts by the organisation that was approved, whatever its file says meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.errors import UserError
from qmsreports.register import results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.stages.impact import plan_catalog
from qmsreports.stages.review import review_period
from qmsreports.workspace import Workspace
from tests.unit.stages.test_measure_changed import Line, case, made
from tests.unit.stages.test_measure_longer import QUARTERLY

MIDNIGHT = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)  # in Vienna the first of April has begun for half an hour
LATER = datetime(2026, 5, 12, 6, tzinfo=UTC)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """Two cases, one asked well inside March, one at the end of its last day as London counts, and a measurement."""
    line = made(tmp_path)
    late = case(Random(1), "late") | {"opened_at": MIDNIGHT, "replied_at": MIDNIGHT + timedelta(hours=20)}
    early = late | {"case_id": "early", "opened_at": MIDNIGHT - timedelta(days=9), "replied_at": MIDNIGHT}
    line.publish("cases", {"late": late, "early": early})
    line.measure(LATER)
    return line


def counted(line: Line) -> int:
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        (row,) = results.latest_results(session, kpis=["reply_time"], periods=["2026-03"])
        noted = {one.result_id: one.n for one in results.open_candidates(session)}
    return int(noted.get(row.id, row.n))


def test_an_edited_time_zone_moves_no_number_before_it_is_approved(line: Line) -> None:
    path = line.settings.catalog / "organisation.yaml"
    path.write_text(path.read_text().replace("Europe/Vienna", "Europe/London"))
    before = counted(line)
    line.measure(LATER + timedelta(hours=1))
    assert (before, counted(line)) == (1, 1)
    night = datetime(2026, 4, 30, 22, 30, tzinfo=UTC)  # May in Vienna, April in London
    assert stages.last_closed_period(night, settings=line.settings) == "2026-04"
    plan, (impact,) = plan_catalog(settings=line.settings)
    assert [change.name for change in plan.changes] == ["organisation"]
    assert impact.effect == "numbers"
    assert impact.periods[-1] == "2026-03"

    with Workspace(line.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.written, records, by="author", at=LATER)
        assert workspace.catalog.organisation.time_zone == "Europe/Vienna"
        approval.approve(records, workspace.written.organisation, by="board", at=LATER)
    line.measure(LATER + timedelta(hours=2))
    assert counted(line) == 2  # as a restatement candidate: March is settled
    assert stages.last_closed_period(night, settings=line.settings) == "2026-03"


def test_a_review_of_a_fiscal_year_that_waits_is_not_due(line: Line) -> None:
    path = line.settings.catalog / "organisation.yaml"
    path.write_text(path.read_text() + "fiscal_year: {begins: july, named_by: ends}\n")
    review = QUARTERLY.replace("period: quarter", "period: fiscal_quarter")
    (line.settings.catalog / "reviews" / "quarterly.yaml").write_text(review)
    assert [one["review"] for one in stages.due_reviews("2026-03", settings=line.settings)] == ["monthly"]
    with Workspace(line.settings) as workspace, pytest.raises(UserError) as raised:
        review_period(workspace, workspace.catalog.reviews["quarterly"], "2026-Q1")
    assert str(raised.value) == (
        "catalog/organisation.yaml:6: review quarterly looks back on a fiscal quarter, and no fiscal year is approved; "
        "qmsreports catalog apply, then catalog approve organisation"
    )


def test_looking_at_the_catalog_makes_no_register(tmp_path: Path) -> None:
    line = made(tmp_path)
    (line.settings.var / "register.db").unlink()
    with Workspace(line.settings) as workspace:
        assert workspace.catalog is workspace.written
    assert not (line.settings.var / "register.db").exists()
