"""Where too many cases are still open for a duration's value, readers are told so, and not that there is no data."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from test_measure_changed import START, Line, case, made
from test_measure_longer import _write
from typer.testing import CliRunner

from qmsreports.cli import app
from qmsreports.pack.appendix.numbers import values
from qmsreports.pack.collect import collect
from qmsreports.pack.finding import finding_of
from qmsreports.pack.view.board import row as on_the_board
from qmsreports.period import Period
from qmsreports.workspace import Workspace


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """Three cases of March of which one was answered, one of February that was: nine in ten is what is asked for."""
    line = made(tmp_path)
    kpi = (line.settings.catalog / "kpis" / "reply_time.yaml").read_text()
    second = kpi.partition("  - version: 1\n")[2].replace("leave_out", "censor").replace("2024-", "2025-")
    _write(line, "kpis/reply_time.yaml", f"{kpi}  - version: 2\n{second}")
    begun = START - timedelta(days=9)
    answered = case(Random(1), "0") | {"opened_at": begun, "replied_at": begun + timedelta(hours=3)}
    open_ones = {name: answered | {"case_id": name, "replied_at": None} for name in ("1", "2")}
    earlier = {"opened_at": begun - timedelta(days=30), "replied_at": begun - timedelta(days=29)}
    line.publish("cases", {"0": answered, **open_ones, "3": answered | earlier | {"case_id": "3"}})
    line.measure(START)
    return line


def test_it_is_told_apart_from_having_no_data(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("var", "catalog"):
        monkeypatch.setenv(f"QMSREPORTS_{name.upper()}", str(getattr(line.settings, name)))

    def said(*words: str) -> str:
        return CliRunner().invoke(app, ["kpi", *words, "reply_time"]).stdout

    rows = {row["period"]: row for row in json.loads(said("values", "--json"))}
    fields = ("n", "status", "not_reached")
    assert [rows["2026-03"][name] for name in fields] == [3, "no_data", True]
    assert [rows["2026-02"][name] for name in fields] == [1, "no_target", False]
    assert [rows["2026-01"][name] for name in fields] == [0, "no_data", False]
    assert [text for text in said("values", "--period", "2026-03").split("  ") if "reached" in text] == [" not reached"]
    told = said("explain", "--period", "2026-03")
    assert told.splitlines()[0] == "Reply time, 2026-03: not reached, too many cases are still open"
    assert "Published: not reached (no_data), by version 2" in told

    with Workspace(line.settings) as workspace:
        monthly = workspace.catalog.reviews["monthly"]
        read = (workspace.register, workspace.lake, workspace.catalog, monthly, Period.parse("2026-03"))
        pack = collect(*read, as_of=START + timedelta(hours=1)).pack
    (one,) = [objective for objective in pack.objectives if objective.kpi == "reply_time"]
    assert finding_of(one, one) == "Not reached for March 2026: too many cases are still open"
    assert on_the_board(one)["status"] == {"word": "not reached", "tone": "mute", "chip": False}
    assert any("not reached" in entry for entry in values(pack).rows)
    assert [point.not_reached for point in one.points[-2:]] == [False, True]
