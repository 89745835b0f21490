"""One review from its plan to the next one, with the commands a person types, on the whole demo company."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.system.conftest import Line

pytestmark = pytest.mark.system

OCTOBER = ("--period", "2026-10")
BY = ("--by", "M. Huber")


@pytest.fixture
def line(reviewed: Line, tmp_path: Path) -> Line:
    """A copy of the reviewed workspace, whose packs lie where the copy lies."""
    copy = Line(tmp_path / "var")
    shutil.copytree(reviewed.folder, copy.folder)
    return copy


def page(line: Line, edition: int, suffix: str = "") -> str:
    name = f"monthly-2026-10-e{edition}"
    return (line.folder / "packs" / f"{name}{suffix}" / f"{name}.html").read_text().replace("\N{NO-BREAK SPACE}", " ")


def test_the_life_of_a_review(line: Line) -> None:
    line.run("review", "open", *OCTOBER, "--on", "2026-11-12", *BY)
    assert line.json("review", "show", *OCTOBER)["state"] == "prepared"

    # an owner comments, and the next edition says so
    said = ("--cause", "Steel came late.", "--action", "Second supplier.", "--effect", "95 % again.")
    line.run("review", "comment", "on_time_delivery", *OCTOBER, *said, "--by-when", "2026-12-15", "--by", "E. Novak")
    built = line.json("pack", "build", *OCTOBER)
    assert built["edition"] == 2
    assert "new or changed: owner's comment on On-time delivery" in page(line, 2).replace("&#39;", "'")
    assert "Steel came late." in page(line, 2)

    # what was approved is printed, verified and delivered as approved
    approved = line.json("pack", "approve", "monthly", *OCTOBER, *BY)
    assert "Approved by M. Huber on" in page(line, 2, "-approved")
    assert "rebuild alike" in line.run("pack", "verify", "monthly", *OCTOBER).stdout
    (target,) = line.json("pack", "deliver", "monthly", *OCTOBER)["delivered_to"]
    assert {path.name for path in Path(target).iterdir()} == {file["path"] for file in approved["files"]}

    # the review decides; it cannot be closed before everything has an answer
    decided = ("--clause", "9.3.2-c3", "--kind", "resources", "--text", "Second shift in Lyon", "--reason", "Too slow")
    action = line.json("review", "decide", *OCTOBER, *decided, *BY)["action"]
    line.run("review", "hold", *OCTOBER, *BY)
    line.run("review", "attend", *OCTOBER, "--person", "A. Berger", "--for", "C. Dubois", "--chaired", *BY)
    concluded = ("--suitability", "It fits.", "--adequacy", "Too few people.", "--effectiveness", "It works.")
    refused = line.run("review", "close", *OCTOBER, *concluded, *BY, expect=1).stderr.splitlines()
    assert any(f"its action {action} has no owner and no due date" in line_ for line_ in refused)
    missing = [row for row in line.json("review", "ledger", *OCTOBER) if row["state"] == "missing"]
    for key in dict.fromkeys(row["covers"] for row in missing):
        line.run("review", "consider", *OCTOBER, "--clause", key, "--text", "Nothing to report.", *BY)
    line.run("action", "update", action, "--owner", "production.manager", "--due", "2026-12-18", *BY)
    assert set(line.json("review", "show", *OCTOBER)["conclusions"].values()) == {""}  # a refused close records nothing
    assert line.json("review", "close", *OCTOBER, *concluded, *BY)["state"] == "closed"
    frozen = line.run("review", "decide", *OCTOBER, *decided, "--action", "Another", *BY, expect=1).stderr
    assert "its inputs and decisions are frozen" in frozen
    assert frozen.count("\n") == 1

    # the minutes are in the last edition, the action goes on and comes back in the next pack by itself
    assert line.json("pack", "build", *OCTOBER)["edition"] == 3
    assert "Second shift in Lyon" in page(line, 3)
    assert "Too few people." in page(line, 3)
    line.run("action", "update", action, "--progress", "Six people hired", *BY)
    line.run("run", "measure", "--period", "2026-11")
    line.run("pack", "build", "--period", "2026-11")
    november = (line.folder / "packs" / "monthly-2026-11-e1" / "monthly-2026-11-e1.html").read_text()
    assert "Second shift in Lyon" in november
    assert "Six people hired" in november
    listed = line.json("action", "list")
    assert [row["action"] for row in listed].count(action) == 1
    assert "chain unbroken" in line.run("audit", "verify").stdout
