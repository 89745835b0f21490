"""Values beside those of the month before, as ``kpi values --json`` tells them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from qmsreports.period import Period
from qmsreports.records import KpiResult
from qmsreports.register import results
from qmsreports.register.models import Analysis
from qmsreports.settings import Settings
from qmsreports.stages.analyse import analyse
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


def test_the_change_stands_with_the_analysis_of_the_whole(tmp_path: Path) -> None:
    """What the pack prints: 48 of 80, then 56 of 70, as above; a slice has none, and neither has a first month."""
    rows = [result(1, 48, 80), result(2, 56, 70), result(1, 1, 2, site="linz"), result(2, 1, 2, site="linz")]
    told(tmp_path, rows)
    settings = Settings(var=tmp_path / "var", catalog=tmp_path / "catalog")
    for period in ("2026-01", "2026-02"):
        analyse(period, run_id="r", at=AT, settings=settings)
    with Workspace(settings) as workspace, workspace.register.read() as session:
        found = {(row.period, row.slice_key): row.result.get("change") for row in session.query(Analysis).all()}
    change = found.pop(("2026-02", ""))
    assert change == {
        "period": "2026-02",
        "of": 80.0,
        "value": pytest.approx(20),
        **dict.fromkeys(("low", "high"), ANY),
    }
    assert (change["low"], change["high"]) == (pytest.approx(5.24, abs=6e-3), pytest.approx(33.39, abs=6e-3))
    assert set(found.values()) == {None}


def test_values_that_share_rows_have_no_interval_of_their_change(tmp_path: Path) -> None:
    """A formula is as its parts are: of a share of the last twelve months nothing can be told.

    120 (98 to 140), then 160 (138 to 175): 40, less the root of 22^2 + 20^2, and more that of 15^2 + 22^2.
    """
    made: dict[str, Any] = {"kpi": "doubled", "version": 1, "unit": "ratio", "numerator": None, "denominator": None}
    rows = [
        replace(result(month, 1, 2), **made, value=value, low=low, high=high)
        for month, value, low, high in ((1, 120.0, 98.0, 140.0), (2, 160.0, 138.0, 175.0))
    ]
    told(tmp_path, rows)
    settings = Settings(var=tmp_path / "var", catalog=tmp_path / "catalog")
    with Workspace(settings) as workspace:
        (_, change) = values(workspace, kpi="doubled", period="2026-02")[0]
    assert (change.change_low, change.change_high) == pytest.approx((40 - 29.7321, 40 + 26.6271), abs=1e-3)
    file = tmp_path / "catalog" / "kpis" / "on_time.yaml"
    file.write_text(file.read_text().replace("    measure:", "    window: {last: 12, of: month}\n    measure:"))
    with Workspace(settings) as workspace:
        assert values(workspace, kpi="doubled", period="2026-02")[0][1] == Change(40.0)
