"""From a number to its evidence; late data waits for a person; what was believed then can be asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import Line, move_on

pytestmark = pytest.mark.system

SEPTEMBER = ("--period", "2026-09")


def whole(values: list[dict[str, Any]], kpi: str) -> dict[str, Any]:
    (found,) = [value for value in values if value["kpi"] == kpi and value["slice"] == {}]
    return found


def test_an_explanation_leads_to_rule_rows_approval_and_feed(reviewed: Line, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    found = reviewed.json("kpi", "explain", "on_time_delivery", *SEPTEMBER, "--slice", "site=lyon", "--rows", str(file))
    counts = {row["meaning"]: row["rows"] for row in found["rows"]}
    counted = counts["counted"]
    assert found["published"]["denominator"] == counted
    rows = file.read_text(encoding="utf-8").splitlines()
    assert len(rows) - 1 == counted == found["files"][0]["rows"]
    assert sum(row.split(",")[-2] == "yes" for row in rows[1:]) == found["published"]["numerator"]
    assert found["recomputed"] == pytest.approx(found["published"]["value"])
    with closing(sqlite3.connect(reviewed.demo / "crm.db")) as crm:  # the source system itself, by hand
        (due,) = crm.execute(
            "SELECT COUNT(*) FROM so_item JOIN sales_order USING (so_no) "
            "WHERE commit_now LIKE '2026-09-%' AND plant_code = 'LYO' AND so_item.state IN ('OP', 'DL')"
        ).fetchone()
    assert counted <= due <= counted + 10  # the difference waits in quarantine
    assert "managing.director" in found["approvals"][0]
    assert found["feeds"][0]["table"] == "order_lines"
    assert "SELECT" in found["sql"]


def test_an_unknown_kpi_slice_or_version_is_said_in_one_line(reviewed: Line) -> None:
    done = reviewed.run("kpi", "explain", "on_time_delivry", *SEPTEMBER, expect=2)
    assert done.stderr.strip() == 'there is no KPI "on_time_delivry"; did you mean "on_time_delivery"?'
    done = reviewed.run("kpi", "explain", "nps", *SEPTEMBER, "--slice", "colour=red", expect=1)
    assert done.stderr.count("\n") == 1
    done = reviewed.run("kpi", "backtest", "nps", "--against", "v9", *SEPTEMBER, expect=2)
    assert "kpi nps: has no version 9; its versions: v1" in done.stderr


def test_a_backtest_compares_two_versions_and_writes_nothing(reviewed: Line, tmp_path: Path) -> None:
    before = reviewed.register("SELECT COUNT(*), MAX(id) FROM results")
    picture = tmp_path / "backtest.svg"
    found = reviewed.json(
        *("kpi", "backtest", "on_time_delivery", "--against", "v1", "--last", "12", "--period", "2026-10"),
        *("--picture", str(picture)),
    )
    months = [entry for entry in found["periods"] if entry["slice"] == {}]
    assert [entry["period"] for entry in months][:2] == ["2025-11", "2025-12"]
    for entry in months:
        assert entry["difference"] == pytest.approx(entry["new"] - entry["old"])
    assert any(entry["difference"] != 0 for entry in months)
    assert picture.read_text().startswith("<svg")
    assert reviewed.register("SELECT COUNT(*), MAX(id) FROM results") == before


def test_late_data_changes_no_settled_value_until_a_person_restates_it(
    new_line: Callable[..., Line], companies: dict[str, Path]
) -> None:
    line = new_line("2026-09")
    line.run("run", "ingest", "crm")
    line.run("catalog", "apply", "--by", "quality.manager", "--quiet")
    line.run("catalog", "approve", "--all", "--by", "managing.director", "--quiet")
    line.run("run", "measure", *SEPTEMBER)
    first = whole(line.json("kpi", "values", "otif", *SEPTEMBER), "otif")
    move_on(line, companies["2026-10"])
    line.run("run", "ingest", "crm")
    summary = line.json("run", "measure", *SEPTEMBER)
    assert summary["candidates"] > 0
    late = whole(line.json("kpi", "values", "otif", *SEPTEMBER), "otif")
    assert late["would_be_restated"] and late["restated_to"] != first["value"]
    assert {**late, "would_be_restated": False, "restated_to": None} == first
    done = line.run(
        "kpi", "restate", "otif", "--from", "2026-09", "--to", "2026-09", "--why", "", "--by", "ana", expect=2
    )
    assert done.stderr.strip() == "a restatement needs a reason and a name; say --why and --by"
    restated = line.json(
        *("kpi", "restate", "otif", "--from", "2026-09", "--to", "2026-09"),
        *("--why", "orders entered late", "--by", "quality.manager"),
    )
    assert {entry["period"] for entry in restated} == {"2026-09"}
    now = whole(line.json("kpi", "values", "otif", *SEPTEMBER), "otif")
    assert now["restated"]
    assert (now["value"], now["denominator"]) != (first["value"], first["denominator"])
    (then,) = line.register(
        "SELECT value FROM results WHERE kpi = 'otif' AND period = '2026-09' AND slice_key = '' AND supersedes = 0"
    )
    assert then == (first["value"],)
    again = line.json(
        *("kpi", "restate", "otif", "--from", "2026-09", "--to", "2026-09", "--why", "again", "--by", "quality.manager")
    )
    assert again == []
    line.run("audit", "verify")
