"""Values beside those of the month before, as ``kpi values --json`` tells them."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qmsreports.period import Period
from qmsreports.records import KpiResult
from qmsreports.register import results
from qmsreports.settings import Settings
from qmsreports.stages.change import Change, values
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parents[1] / "catalog" / "small"
AT = datetime(2026, 4, 2, 6, tzinfo=UTC)


def result(month: int, above: float, below: float, *, fingerprint: str = "same", **cut: str) -> KpiResult:
    named: dict[str, Any] = dict.fromkeys(("low", "high", "target", "near"))
    return KpiResult(
        kpi="on_time",
        version=2,
        period=Period(date(2026, month, 1)),
        slice=cut,
        unit="percent",
        value=100 * above / below,
        numerator=above,
        denominator=below,
        n=int(below),
        **named,
        status="no_target",
        provisional=False,
        fingerprint=fingerprint,
        sql="",
        table_versions={},
        parts={},
    )


def told(folder: Path, rows: list[KpiResult], period: str | None = None) -> dict[tuple[str, str], Change]:
    catalog = Path(shutil.copytree(SMALL, folder / "catalog"))
    with Workspace(Settings(var=folder / "var", catalog=catalog)) as workspace:
        with workspace.register.write() as session:
            for row in rows:
                results.add_result(session, row, run_id="r", supersedes=0, why="first value", at=AT)
        return {(row.period, row.slice_key): change for row, change in values(workspace, kpi="on_time", period=period)}


def test_a_share_has_its_change_and_newcombes_interval(tmp_path: Path) -> None:
    """48 of 80, then 56 of 70: 20 points, 5.24 to 33.39 (Newcombe 1998, method 10)."""
    rows = [result(1, 48, 80), result(2, 56, 70), result(2, 1, 2, site="linz"), result(3, 1, 2, fingerprint="other")]
    found = told(tmp_path, rows)
    change = found["2026-02", ""]
    assert change.change == pytest.approx(20)
    assert change.change_low == pytest.approx(5.24, abs=6e-3)
    assert change.change_high == pytest.approx(33.39, abs=6e-3)
    assert found["2026-01", ""] == found["2026-02", "site=linz"] == Change()
    assert found["2026-03", ""] == Change(), "another definition"


def test_one_month_is_asked_for_and_the_one_before_is_only_compared_with(tmp_path: Path) -> None:
    found = told(tmp_path, [result(1, 48, 80), result(2, 56, 70)], "2026-02")
    assert list(found) == [("2026-02", "")]
    assert found["2026-02", ""].change == pytest.approx(20)
