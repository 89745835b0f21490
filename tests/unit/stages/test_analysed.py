"""A series is looked at once by one process, and again as soon as anything it is made of differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from qmsreports import stages
from qmsreports.register import results
from qmsreports.workspace import Workspace
from tests.unit.stages.test_measure_again import MORNING, Line
from tests.unit.stages.test_measure_again import line as line


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that the values of a series were read."""
    reads: list[str] = []
    really = results.latest_points

    def read(*arguments: Any, **named: Any) -> Any:
        reads.append("read")
        return really(*arguments, **named)

    monkeypatch.setattr(results, "latest_points", read)
    return reads


def analyse(line: Line, period: str = "2026-03", days: int = 0) -> int:
    return stages.analyse(period, run_id="r", at=MORNING + timedelta(days=days), settings=line.settings)


def test_what_was_analysed_is_not_looked_at_again(line: Line, looked: list[str]) -> None:
    line.measure()
    assert analyse(line) > 0
    assert (analyse(line), analyse(line)) == (0, 0)
    assert looked == ["read"]


def _new_value(line: Line) -> None:
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        (row,) = (
            one for one in results.latest_results(session, kpis=["on_time"], periods=["2026-03"]) if not one.slice
        )
        record = replace(results.as_record(row), value=1.0)
        results.add_result(session, record, run_id="by hand", supersedes=row.id, why="restatement", at=MORNING)


def _catalog(line: Line) -> None:
    line.edit("kpis/on_time.yaml", "unit: percent", "unit: percent\nlimits:\n  rules: wheeler")


def _by_hand(line: Line, statement: str) -> None:
    """Change what the program never changes: as a register is another one that was put in the place of this."""
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        guards = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
        for guard in guards:
            session.execute(text(f"DROP TRIGGER {guard}"))
        session.execute(text(statement))


def _lost_analysis(line: Line) -> None:
    _by_hand(line, "DELETE FROM analyses WHERE id = (SELECT MAX(id) FROM analyses)")


def _other_register(line: Line) -> None:
    _by_hand(line, "UPDATE results SET value = value / 2 WHERE kpi = 'on_time'")


@pytest.mark.parametrize("change", [_new_value, _catalog, _lost_analysis, _other_register])
def test_whatever_it_is_made_of_is_looked_at_again_and_analysed_anew(
    line: Line, looked: list[str], change: Callable[[Line], None]
) -> None:
    line.measure()
    analyse(line)
    change(line)
    assert analyse(line) > 0
    assert looked == ["read", "read"]


def test_another_period_and_a_later_visit_are_looked_at(line: Line, looked: list[str]) -> None:
    line.measure()
    analyse(line)
    line.measure(period="2026-02")
    analyse(line, "2026-02")
    analyse(line, days=-20)  # in the middle of March: it is not over
    assert looked == ["read"] * 3


def test_another_workspace_is_another_register(line: Line, looked: list[str], tmp_path: Path) -> None:
    line.measure()
    analyse(line)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "var").rename(tmp_path / "elsewhere" / "var")
    line.settings = line.settings.model_copy(update={"var": tmp_path / "elsewhere" / "var"})
    assert analyse(line) == 0
    assert looked == ["read", "read"]
