"""The pack finds what was planted in the demo company, and little else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.system.conftest import Line

pytestmark = pytest.mark.system

CHANCE = 0.01
"""Upper bound of the share of points that the rules flag in noise: one in a few hundred for each of four rules."""
HIGH = ("above_limit", "high", "up")
LOW = ("below_limit", "low", "down")


def series_of(line: Line) -> dict[str, dict[str, Any]]:
    rows = line.register("SELECT kpi, result FROM analyses WHERE slice_key = '' AND period = '2026-10' ORDER BY id")
    return {kpi: json.loads(result) for kpi, result in rows}


def planted(line: Line) -> dict[str, Any]:
    return dict(json.loads((line.demo / "planted.json").read_text()))


def within(cause: dict[str, Any], day: str) -> bool:
    return cause["from"][:7] <= day[:7] <= (cause["to"] or "9999-12")[:7]


def test_each_planted_cause_is_a_signal_in_its_direction_while_it_lasts(reviewed: Line) -> None:
    found = series_of(reviewed)
    for cause in planted(reviewed)["causes"]:
        for kpi, direction in cause["direction"].items():
            high = {
                point["date"]
                for point in found[kpi]["points"]
                if point["signal"].endswith(("above_limit", "high", "up"))
            }
            low = {
                point["date"]
                for point in found[kpi]["points"]
                if point["signal"].endswith(("below_limit", "low", "down"))
            }
            signals, against = (high, low) if direction == "up" else (low, high)
            inside = [day for day in signals if within(cause, day)]
            if not inside:  # a person recorded the change, so that the limits began anew with it
                before, after = found[kpi]["segments"][-2:]
                assert after["from"] == cause["from"], (cause["id"], kpi)
                assert after["lower"] > before["upper"] if direction == "up" else after["upper"] < before["lower"]
            assert not [day for day in against if within(cause, day)], (cause["id"], kpi)


def test_other_signals_are_no_more_than_chance_explains(reviewed: Line) -> None:
    causes = planted(reviewed)["causes"]
    others, points = 0, 0
    for kpi, result in series_of(reviewed).items():
        for point in result["points"]:
            if point["value"] is None or any(kpi in cause["kpis"] and within(cause, point["date"]) for cause in causes):
                continue
            points += 1
            others += point["signal"] != "none"
    assert points > 500
    assert others <= points * CHANCE


def test_the_target_of_each_planted_objective_is_met_failed_or_left_to_chance(reviewed: Line) -> None:
    found, objectives = series_of(reviewed), planted(reviewed)["objectives"]
    values = {row["kpi"]: row for row in reviewed.json("kpi", "values", "--period", "2026-10") if row["slice"] == {}}
    said = {kpi: (values[kpi]["target"], values[kpi]["unit"], found[kpi]["assurance"]) for kpi in objectives}
    assert said == {kpi: (one["target"], one["unit"], one["assurance"]) for kpi, one in objectives.items()}
    assert {assurance for *_, assurance in said.values()} == {"pass", "fail", "hit_or_miss"}


def test_page_one_names_what_cannot_be_met_what_is_overdue_and_what_is_missing(reviewed: Line) -> None:
    (folder,) = sorted((reviewed.folder / "packs").iterdir())
    pack = json.loads((folder / "model.json").read_text())
    kinds = {decision["kind"] for decision in pack["decisions"]}
    assert {"cannot_meet", "overdue", "missing_input"} <= kinds
    unreachable = {d["kpi"] for d in pack["decisions"] if d["kind"] == "cannot_meet"}
    assert "otif" in unreachable
    states = {(row["clause"], row["state"]) for row in pack["ledgers"][0]["rows"]}
    assert ("9.3.2-d", "missing") in states
    assert ("9.3.2-b", "considered") in states


def test_the_product_never_reads_what_was_planted() -> None:
    from pathlib import Path

    source = Path(__file__).parents[2] / "src" / "qmsreports"
    readers = [path for path in source.rglob("*.py") if "planted.json" in path.read_text() and "demo" not in path.parts]
    assert readers == []


def test_the_pack_verifies_and_a_second_build_is_the_same_edition(reviewed: Line) -> None:
    built = reviewed.json("pack", "build", "--period", "2026-10")
    assert built["edition"] == 1
    assert [entry["edition"] for entry in reviewed.json("pack", "list")] == [1]
    reviewed.run("pack", "verify", "--period", "2026-10")


def test_values_keep_numerator_denominator_version_and_what_they_were_made_from(reviewed: Line) -> None:
    values = reviewed.json("kpi", "values", "--period", "2026-10")
    (on_time,) = [value for value in values if value["kpi"] == "on_time_delivery" and value["slice"] == {}]
    assert on_time["version"] == 2
    assert on_time["value"] == pytest.approx(100 * on_time["numerator"] / on_time["denominator"])
    assert on_time["low"] < on_time["value"] < on_time["high"]
    (before,) = [
        value
        for value in reviewed.json("kpi", "values", "on_time_delivery", "--period", "2025-12")
        if value["slice"] == {}
    ]
    assert before["version"] == 1
    missing = "SELECT COUNT(*) FROM results WHERE table_versions = '{}' OR sql NOT IN (SELECT sha256 FROM sql_texts)"
    assert reviewed.register(missing) == [(0,)]
    assert reviewed.json("kpi", "values", "--as-of", "2020-01-01") == []
