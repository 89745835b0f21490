"""A definition that cannot be computed stops itself and what reads it; all others are measured."""

from __future__ import annotations

from sqlalchemy import select
from test_measure_again import MORNING, Line, line  # noqa: F401 - a fixture

from qmsreports.catalog import approval
from qmsreports.pack.collect import series
from qmsreports.pack.collect.measured import read
from qmsreports.pack.finding import finding_of, reservations
from qmsreports.pack.view.board import row
from qmsreports.period import Period
from qmsreports.register import feeds, results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.models import Result
from qmsreports.stages.impact import plan_catalog
from qmsreports.workspace import Workspace

BROKEN = """kpi: broken
title: Broken
question: How long is it?
unit: days
better: neither
owner: supply.manager
feeds: [9.3.2-c3]
versions:
  - version: 1
    effective_from: 2024-01-01
    why: First definition.
    population: {table: cases, period_by: opened_at}
    measure:
      kind: duration
      of: {working_time: {from: opened_at, to: replied_at, calendar: desk}}
      unfinished: leave_out
"""
READER = """kpi: reader
title: Reader
question: How much is it?
unit: days
better: neither
owner: supply.manager
feeds: [9.3.2-c3]
versions:
  - version: 1
    effective_from: 2024-01-01
    why: First definition.
    measure: {kind: formula, value: {kpi: broken}}
"""


def _newest(line: Line, kpi: str) -> dict[str, tuple[str, float | None]]:  # noqa: F811
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        rows = results.latest_results(session, kpis=[kpi])
        return {row.period: (row.status, row.value) for row in rows if not row.slice_key}


def test_a_broken_definition_stops_only_itself(line: Line) -> None:  # noqa: F811
    kpis = line.settings.catalog / "kpis"
    (kpis / "broken.yaml").write_text(BROKEN)
    (kpis / "reader.yaml").write_text(READER)
    line.approve()
    summary = line.measure()
    assert summary.not_valid == ("broken", "reader")
    assert _newest(line, "on_time")["2026-03"][1] == 75.0  # three of four, as the orders say
    assert _newest(line, "broken") == {"2026-03": ("not_valid", None)}
    assert _newest(line, "reader") == {"2026-03": ("not_valid", None)}
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        notices = feeds.notices(session, f"run {MORNING}")
    assert notices == [
        "catalog/kpis/broken.yaml:15: a duration in days; write unit: minutes or hours",
        "catalog/kpis/reader.yaml:1: the formula reads broken, which cannot be computed; mend what it reads first",
    ]
    again = line.measure()
    assert (again.not_valid, again.computed, again.inserted) == (summary.not_valid, summary.computed, 0)


def test_the_record_puts_it_down_to_the_definition_and_not_to_a_feed(line: Line) -> None:  # noqa: F811
    path = line.settings.catalog / "kpis" / "broken.yaml"
    path.write_text(BROKEN)
    line.approve()
    line.measure()
    path.write_text(BROKEN.replace("unit: days", "unit: hours"))
    with Workspace(line.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="author", at=MORNING, unfit={("broken", 1)})
        approval.approve(records, workspace.catalog.organisation, by="board", at=MORNING)
    line.measure()
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        query = select(Result.why).where(Result.kpi == "broken", Result.slice_key == "", Result.period == "2026-03")
        said = session.scalars(query.order_by(Result.id)).all()
    assert said == ["definition cannot be computed", "definition can be computed again"]


def test_the_pack_puts_it_down_to_the_definition_and_not_to_a_feed(line: Line) -> None:  # noqa: F811
    (line.settings.catalog / "kpis" / "broken.yaml").write_text(BROKEN)
    line.approve()
    line.measure()
    march = Period.parse("2026-03")
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        measured = read(session, ["broken"], march, MORNING, march.end)
        kpi = workspace.catalog.kpis["broken"]
        one = series.objective(kpi, workspace.catalog, measured, {"cases": "the feed failed as well"})
    assert finding_of(one, one).replace("\u00a0", " ") == "No value for March 2026: its definition cannot be computed"
    assert reservations(one)[0] == (
        "Its definition cannot be computed: catalog/kpis/broken.yaml:15: a duration in days; write unit: minutes or "
        "hours."
    )
    assert not any("stopped" in said for said in reservations(one))
    assert row(one)["notes"] == ["definition at fault"]


def test_what_was_approved_and_cannot_be_computed_may_be_mended(line: Line) -> None:  # noqa: F811
    path = line.settings.catalog / "kpis" / "broken.yaml"
    path.write_text(BROKEN)
    line.approve()
    line.measure()
    path.write_text(BROKEN.replace("unit: days", "unit: hours"))
    plan, _ = plan_catalog(settings=line.settings)
    assert plan.refused == ()
    assert [change.sentence for change in plan.changes] == [
        "KPI broken version 1: mended, as approved it cannot be computed; needs approval"
    ]
    assert line.measure().not_valid == ("broken",)  # nobody has approved it yet
    with Workspace(line.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="author", at=MORNING, unfit={("broken", 1)})
        approval.approve(records, workspace.catalog.organisation, by="board", at=MORNING)
    assert line.measure().not_valid == ()
    assert _newest(line, "broken")["2026-03"][0] != "not_valid"
