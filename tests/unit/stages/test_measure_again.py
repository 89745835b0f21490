"""A measurement is left out only where it would compute what the record holds already."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from qmsreports import kpi, stages
from qmsreports.catalog import approval
from qmsreports.register import feeds, results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.settings import Settings
from qmsreports.stages import change
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parents[1] / "catalog" / "small"
MORNING = datetime(2026, 4, 2, 6, tzinfo=UTC)


@dataclass
class Line:
    """A small workspace with orders of March 2026, three of four done in time."""

    settings: Settings
    measured: list[str]

    def measure(self, at: datetime = MORNING, period: str = "2026-03") -> stages.MeasureSummary:
        return stages.measure(period, run_id=f"run {at}", at=at, settings=self.settings)

    def orders(self, done: date = date(2026, 3, 2), mode: str = "overwrite") -> None:
        rows = [
            {
                "order_id": str(number),
                "site": "linz",
                "status": "done",
                "due_on": date(2026, 3, 9),
                "done_on": done if number < 3 else date(2026, 3, 20),
                "pieces": 1.0,
                "urgent": True,
                "_source": "shop",
                "_load": "1",
                "_row": "",
                "_month": "2026-03",
            }
            for number in range(4)
        ]
        write_deltalake(f"{self.settings.lake_url}/orders", pa.Table.from_pylist(rows), mode=mode)

    def approve(self) -> None:
        with Workspace(self.settings) as workspace:
            records = CatalogRecords(workspace.register)
            approval.apply(workspace.catalog, records, by="author", at=MORNING)
            approval.approve(records, workspace.catalog.organisation, by="board", at=MORNING)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.settings.catalog / file
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    catalog = Path(shutil.copytree(SMALL, tmp_path / "catalog"))
    made = Line(Settings(var=tmp_path / "var", catalog=catalog), [])
    really = kpi.measure

    def measure(*arguments: Any, **named: Any) -> Any:
        made.measured.append("measured")
        return really(*arguments, **named)

    monkeypatch.setattr(kpi, "measure", measure)
    made.orders()
    made.approve()
    return made


def on_time(line: Line) -> float | None:
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        (row,) = (
            row
            for row in results.latest_results(session, kpis=["on_time"])
            if row.period == "2026-03" and not row.slice
        )
        return row.value


def test_the_same_inputs_are_measured_once(line: Line) -> None:
    first = line.measure()
    again = line.measure(MORNING + timedelta(hours=3))
    assert line.measured == ["measured"]
    assert on_time(line) == 75.0
    assert first.inserted == first.computed > 0
    assert again == replace(first, inserted=0, unchanged=first.computed)


def test_what_is_told_is_what_a_real_repetition_finds(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.measure(MORNING + timedelta(days=200))  # March is settled by then
    line.orders(date(2026, 3, 25))
    changed = line.measure(MORNING + timedelta(days=200))
    assert changed.candidates > 0
    told = line.measure(MORNING + timedelta(days=200))
    monkeypatch.setattr(results, "finished_measurement", lambda *_: None)
    assert line.measure(MORNING + timedelta(days=200)) == told
    assert line.measured == ["measured"] * 3


def _later_version(line: Line) -> None:
    line.orders(date(2026, 3, 25))


def _table_made_anew(line: Line) -> None:
    shutil.rmtree(f"{line.settings.lake_url}/orders")
    line.orders(date(2026, 3, 25))


def _target(line: Line) -> None:
    line.edit("targets/on_time.yaml", "meet: 95", "meet: 70\n    near: 60")
    line.edit("targets/on_time.yaml", "    near: 93\n", "")
    line.approve()


def _definition(line: Line) -> None:
    path = line.settings.catalog / "kpis" / "on_time.yaml"
    second = path.read_text().split("  - version: 2")[1]
    third = second.replace("is: true", "is: false").replace("2025-01-01", "2026-01-01")
    path.write_text(f"{path.read_text()}  - version: 3{third}")
    line.approve()


def _feed(line: Line) -> None:
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        feeds.record_stopped(
            session, run_id="i", at=MORNING, source="shop", table="orders", status="failed", message="unreadable"
        )


def _restatement(line: Line) -> None:
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        row = results.latest_results(session, kpis=["on_time"])[0]
        record = replace(results.as_record(row), value=1.0)
        results.add_result(session, record, run_id="by hand", supersedes=row.id, why="restatement", at=MORNING)


@pytest.mark.parametrize("change", [_later_version, _table_made_anew, _target, _definition, _feed, _restatement])
def test_whatever_may_change_a_value_is_measured(line: Line, change: Callable[[Line], None]) -> None:
    line.measure()
    change(line)
    summary = line.measure()
    assert line.measured == ["measured"] * 2
    assert summary.superseded + summary.candidates > 0
    line.measure()
    assert line.measured == ["measured"] * 2


def test_another_day_and_another_month_are_measured(line: Line) -> None:
    line.measure()
    line.measure(datetime(2026, 4, 2, 21, 59, tzinfo=UTC))  # still the second of April in Vienna
    assert len(line.measured) == 1
    line.measure(datetime(2026, 4, 2, 22, 0, tzinfo=UTC))
    assert len(line.measured) == 2
    line.measure(period="2026-02")
    assert len(line.measured) == 3


def test_an_unapproved_edit_changes_nothing(line: Line) -> None:
    line.measure()
    line.edit("kpis/on_time.yaml", "where: [{field: urgent, is: true}]", "where: [{field: urgent, is: false}]")
    assert line.measure().superseded == 0
    assert on_time(line) == 75.0


def test_a_measurement_that_was_cut_off_is_not_taken_for_finished(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cutting:
        cutting.setattr(results, "record_measurement", cut)
        with pytest.raises(KeyboardInterrupt):
            line.measure()
    assert line.measure().inserted > 0
    assert len(line.measured) == 2


# --- there and back ---------------------------------------------------------------------------------------------------
def _outcome(line: Line, status: str) -> None:
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        feeds.record_stopped(
            session, run_id=status, at=MORNING, source="shop", table="orders", status=status, message=""
        )


def _last_value(line: Line) -> float | None:
    """Return the last value of the analysis that holds."""
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        (row,) = (row for row in results.analyses_of(session, "2026-03") if (row.kpi, row.slice_key) == ("on_time", ""))
        value: float | None = row.result["points"][-1]["value"]
        return value


def test_the_analysis_comes_back_with_the_feed(line: Line) -> None:
    found = []
    for status in ("published", "failed", "unchanged"):
        _outcome(line, status)
        line.measure()
        stages.analyse("2026-03", run_id=status, at=MORNING, settings=line.settings)
        found.append((on_time(line), _last_value(line)))
    assert found == [(75.0, 75.0), (None, None), (75.0, 75.0)]
    assert stages.analyse("2026-03", run_id="again", at=MORNING, settings=line.settings) == 0


def test_a_candidate_is_settled_when_the_rows_are_put_back(line: Line) -> None:
    later = MORNING + timedelta(days=200)
    line.measure(later)
    found = []
    for done in (date(2026, 3, 25), date(2026, 3, 2), date(2026, 3, 25)):
        line.orders(done)
        summary = line.measure(later)
        with Workspace(line.settings) as workspace:
            (told,) = (told for row, told in change.values(workspace, kpi="on_time", period="2026-03") if not row.slice)
        found.append((summary.candidates > 0, on_time(line), told.would_be_restated, told.restated_to))
    assert found == [(True, 75.0, True, 0.0), (False, 75.0, False, None), (True, 75.0, True, 0.0)]


def test_a_feed_that_failed_and_came_back_restates_nothing(line: Line) -> None:
    """March is settled on its last day, and a feed that fails in April takes its value away all the same."""
    line.measure()
    found = []
    for status in ("failed", "failed", "unchanged"):
        line.orders(date(2026, 3, 25))
        _outcome(line, status)
        summary = line.measure()
        found.append((on_time(line), summary.candidates > 0))
    assert found == [(None, False), (None, False), (75.0, True)]
    line.orders()
    assert line.measure().candidates == 0
    assert on_time(line) == 75.0
