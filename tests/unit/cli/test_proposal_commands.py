"""Actions for missed objectives: proposed, taken up by a person, and asked for where a chosen standard does."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.unit.pack.pack_workspace import ROOT

OCTOBER = ("--period", "2026-10")
BY = ("--by", "M. Huber")


@pytest.fixture
def strict(desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The desk with IATF 16949 among the standards of its review."""
    catalog = shutil.copytree(ROOT / "catalog", tmp_path / "catalog")
    review = catalog / "reviews" / "monthly.yaml"
    text = review.read_text(encoding="utf-8")
    review.write_text(text.replace("[iso9001-2015, iso9001-2026]", "[iso9001-2015, iatf16949-2016]"), encoding="utf-8")
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(catalog))
    return desk


def obstacles(desk: Any) -> list[str]:
    lines = desk.type("review", "close", "monthly", *OCTOBER, *BY, expect=1).splitlines()
    return [line for line in lines if line.startswith("objective ")]


def test_a_proposal_is_recorded_only_by_a_person(desk: Any) -> None:
    (offer,) = desk.json("action", "propose", *OCTOBER)
    assert (offer["kpi"], offer["owner"], offer["due"], offer["action"]) == ("otif", "supply.manager", "2026-12-31", "")
    assert desk.json("action", "list", "--open")[-1]["action"] == "A-2"
    assert desk.journal() == []
    taken = desk.json("action", "add", "--kpi", "otif", "--due", "2026-11-30", *OCTOBER, *BY)
    assert (taken["action"], taken["kpi"], taken["owner"], taken["due"]) == (
        "R-1",
        "otif",
        "supply.manager",
        "2026-11-30",
    )
    assert "so that it can reach 95 %" in taken["title"]
    assert not desk.json("action", "add", "--kpi", "otif", "--due", "2026-11-30", *OCTOBER, *BY)["recorded"]
    assert desk.json("action", "propose", *OCTOBER)[0]["action"] == "R-1"
    assert "R-1" in desk.type("action", "propose", *OCTOBER)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--kpi", "nps"), "nps did not miss its target in 2026-10: nothing is proposed; say --title, --owner and"),
        (("--kpi", "otiff"), 'review monthly has no KPI "otiff"; did you mean "otif"?'),
        (("--title", "Ask"), "--owner says nothing; write a sentence"),
    ],
)
def test_what_cannot_be_added_is_said(desk: Any, words: tuple[str, ...], line: str) -> None:
    assert desk.type("action", "add", *words, *OCTOBER, *BY, expect=2).startswith(line)


def test_a_customer_target_that_is_missed_needs_an_action(desk: Any) -> None:
    assert obstacles(desk) == []  # ISO 9001 asks for none


def test_iatf_does_not_let_a_review_close_without_it(strict: Any) -> None:
    (line,) = obstacles(strict)
    assert line.startswith("objective otif: missed its target (90.0")
    assert "asked for by IATF 16949:2016, 9.3.3.1; run: qmsreports action add --kpi otif --review monthly" in line
    strict.type("action", "add", "--kpi", "otif", *OCTOBER, *BY)
    assert obstacles(strict) == []


def test_a_plan_that_was_dropped_is_taken_up_again_by_the_command_the_refusal_names(strict: Any) -> None:
    take = ("action", "add", "--kpi", "otif", *OCTOBER, *BY)
    assert strict.json(*take)["action"] == "R-1"
    strict.type("action", "update", "R-1", "--drop", "--reason", "Too dear", *BY)
    assert len(obstacles(strict)) == 1
    again = strict.json(*take)
    assert (again["action"], again["recorded"], again["state"]) == ("R-2", True, "on_track")
    assert obstacles(strict) == []
    assert not strict.json(*take)["recorded"]
