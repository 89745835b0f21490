"""Quarterly and annual reviews by the commands a person types: the values, their evidence, and the packs."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import Line

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def looking_back(tmp_path_factory: pytest.TempPathFactory, measured: Line) -> Line:
    """A workspace of these tests alone: they build packs, and other tests count the packs of the shared ones."""
    return measured.copy(tmp_path_factory.mktemp("looking-back") / "var")


def _values(line: Line, kpi: str, period: str) -> dict[str, dict[str, Any]]:
    found = line.json("kpi", "values", kpi, "--period", period)
    return {",".join(f"{name}={value}" for name, value in entry["slice"].items()): entry for entry in found}


def test_a_quarter_has_the_sums_of_its_months_and_its_own_percentile(looking_back: Line, tmp_path: Path) -> None:
    """A ratio adds up over its months; the slowest tenth of a quarter is none of its months' and not their average."""
    looking_back.run(
        "run", "measure", "--period", "2026-10"
    )  # quarters and years of the shipped reviews come with months
    months = [_values(looking_back, "on_time_delivery", f"2026-0{month}") for month in (7, 8, 9)]
    quarter = _values(looking_back, "on_time_delivery", "2026-Q3")
    for cut in ("", "site=linz", "site=lyon"):
        assert quarter[cut]["numerator"] == sum(month[cut]["numerator"] for month in months)
        assert quarter[cut]["denominator"] == sum(month[cut]["denominator"] for month in months)
    assert quarter[""]["value"] == pytest.approx(100 * quarter[""]["numerator"] / quarter[""]["denominator"])
    assert (quarter[""]["version"], quarter[""]["target"]) == (2, months[0][""]["target"])
    slow = [_values(looking_back, "first_response_p90", f"2026-0{month}")[""] for month in (7, 8, 9)]
    whole = _values(looking_back, "first_response_p90", "2026-Q3")[""]
    assert whole["n"] == sum(month["n"] for month in slow)
    assert min(month["value"] for month in slow) <= whole["value"] <= max(month["value"] for month in slow)

    rows = tmp_path / "rows.csv"
    told = looking_back.json("kpi", "explain", "on_time_delivery", "--period", "2026-Q3", "--rows", str(rows))
    assert told["recomputed"] == pytest.approx(told["published"]["value"])
    with rows.open(newline="") as file:
        counted = list(csv.DictReader(file))
    assert len(counted) == quarter[""]["denominator"]
    assert {row["promised_on"][:7] for row in counted} == {"2026-07", "2026-08", "2026-09"}
    with closing(sqlite3.connect(looking_back.demo / "crm.db")) as crm:  # the source system itself, by hand
        (due,) = crm.execute(
            "SELECT COUNT(*) FROM so_item WHERE commit_now BETWEEN '2026-07-01' AND '2026-09-30' AND state <> 'CX'"
        ).fetchone()
    assert len(counted) <= due <= len(counted) + 30  # the difference waits in quarantine

    compared = looking_back.json(
        *("kpi", "backtest", "on_time_delivery", "--against", "v1", "--last", "4", "--every", "quarter"),
        *("--period", "2026-10"),
    )
    assert {entry["period"] for entry in compared["periods"]} == {"2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"}


def test_the_quarterly_pack_speaks_of_quarters(looking_back: Line) -> None:
    looking_back.run("run", "review", "quarterly", "--period", "2026-Q3")
    built = looking_back.json("pack", "build", "quarterly", "--period", "2026-Q3")
    folder = Path(built["folder"])
    model = json.loads((folder / "model.json").read_text())
    assert (model["header"]["period_start"], model["header"]["period_end"]) == ("2026-07-01", "2026-09-30")
    by_kpi = {one["kpi"]: one for one in model["objectives"]}
    assert by_kpi["nps"]["points"][-1]["period"] == "2026-Q3"
    assert len(by_kpi["nps"]["points"]) >= 11
    quarter = _values(looking_back, "nps", "2026-Q3")[""]
    assert by_kpi["nps"]["points"][-1]["value"] == pytest.approx(quarter["value"])
    text = (folder / f"{built['pack']}-2026-Q3-e{built['edition']}.html").read_text()
    for said in (
        "Quarterly management review",
        "Third quarter 2026",
        "Agenda",
        "Annex: Lyon",
        "quarters, limits shaded",
    ):
        assert said in text
    assert "24 months" not in text
    lyon = next(annex for annex in model["annexes"] if annex["key"] == "lyon")
    assert lyon["kpis"][0] == "nps"
    assert "on_time_delivery" in lyon["kpis"]
    done = looking_back.run("pack", "verify", "quarterly", "--period", "2026-Q3")
    assert "match their seal and rebuild alike" in done.stdout


def test_the_annual_pack_and_the_periods_it_refuses(looking_back: Line) -> None:
    looking_back.run("run", "review", "annual", "--period", "2025")
    built = looking_back.json("pack", "build", "annual", "--period", "2025")
    model = json.loads((Path(built["folder"]) / "model.json").read_text())
    points = {one["kpi"]: [point["period"] for point in one["points"]] for one in model["objectives"]}
    assert points["on_time_delivery"] == ["2024", "2025"]
    findings = {one["kpi"]: one["finding"] for one in model["objectives"]}
    assert "quarter" not in findings["on_time_delivery"]
    done = looking_back.run("pack", "build", "annual", "--period", "2025-Q3", expect=2)
    assert done.stderr.strip().splitlines()[-1] == (
        "review annual looks back on a year, and 2025-Q3 is none; name one, as 2025"
    )
    done = looking_back.run("pack", "build", "annual", "--period", "FY2025", expect=2)
    assert "add fiscal_year to catalog/organisation.yaml" in done.stderr
    done = looking_back.run("kpi", "values", "nps", "--period", "2020-Q1")
    assert "no value of 2020-Q1 is on record" in done.stderr
