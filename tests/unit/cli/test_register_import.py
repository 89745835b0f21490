"""Decisions and actions from a workbook: recorded with who and when, once, by the rules of the typed commands."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl

DECISION = {
    "Period": "2026-10",
    "Clause": "9.3.2 c3",
    "Kind": "improvement",
    "Decision": "Second carrier",
    "Reason": "It cannot be met",
    "Owner": "supply.manager",
    "Due": datetime(2026, 12, 1),  # noqa: DTZ001  a cell of a spreadsheet has no zone
    "Decided by": "E. Novak",
    "On": date(2026, 11, 2),
}
BY = ("--by", "M. Huber")


def book(folder: Path, **sheets: list[dict[str, Any]]) -> str:
    made = openpyxl.Workbook()
    made.remove(made.active)  # type: ignore[arg-type]
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        heads = list(dict.fromkeys(head for row in rows for head in row))
        sheet.append(heads)
        for row in rows:
            sheet.append([row.get(head) for head in heads])
    path = folder / "minutes.xlsx"
    made.save(path)
    return str(path)


def test_a_decision_is_recorded_once_with_who_and_when(desk: Any, tmp_path: Path) -> None:
    path = book(tmp_path, Decisions=[DECISION, {}])
    assert desk.type("register", "import", path, *BY).splitlines() == [
        "1 decisions, 1 of them new",
        "0 actions, 0 of them new",
    ]
    (said,) = desk.json("review", "show", "--period", "2026-10")["decisions"]
    assert (said["by"], said["on"], said["owner"], said["due"]) == (
        "E. Novak",
        "2026-11-02",
        "supply.manager",
        "2026-12-01",
    )
    assert desk.json("register", "import", path, *BY)["decisions"] == {"rows": 1, "new": 0}
    assert [(who, what) for who, what, _ in desk.journal()] == [("E. Novak", "decide"), ("M. Huber", "import workbook")]


def test_actions_are_added_and_carried_on(desk: Any, tmp_path: Path) -> None:
    new = {"Period": "2026-10", "KPI": "otif", "Progress": "Offers are in", "On": "2026-11-02", "By": "A. Berger"}
    assert desk.json("register", "import", book(tmp_path, Actions=[new]), *BY)["actions"] == {"rows": 1, "new": 1}
    (row,) = [one for one in desk.json("action", "list") if one["action"] == "R-1"]
    assert (row["kpi"], row["owner"], row["due"], row["progress"]) == (
        "otif",
        "supply.manager",
        "2026-12-31",
        "Offers are in",
    )
    done = {"No": "R-1", "Done": date(2026, 11, 2), "Evidence": "Contract", "Effective": "yes", "Effect": "96 %"}
    desk.type("register", "import", book(tmp_path, Actions=[done]), *BY)
    (row,) = [one for one in desk.json("action", "list") if one["action"] == "R-1"]
    assert (row["state"], row["effective"], row["original_due"]) == ("done", True, "2026-12-31")


def test_each_row_that_cannot_be_recorded_is_named_and_the_others_are_kept(desk: Any, tmp_path: Path) -> None:
    rows = [
        {**DECISION, "Clause": "9.9"},
        DECISION,
        {**DECISION, "Decision": "Later", "On": date(2027, 1, 1)},
        {**DECISION, "Period": None},
    ]
    path = book(tmp_path, Decisions=rows, Actions=[{"No": "R-9", "Drop": "perhaps"}, {"No": "R-9", "Progress": "x"}])
    lines = desk.type("register", "import", path, *BY, expect=1).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "minutes.xlsx:Decisions row 2",
        "minutes.xlsx:Decisions row 4",
        "minutes.xlsx:Decisions row 5",
        "minutes.xlsx:Actions row 2",
        "minutes.xlsx:Actions row 3",
    ]
    assert 'review monthly has no clause "9.9"' in lines[0]
    assert "nothing can have been decided on 2027-01-01" in lines[1]
    assert "Period is empty; fill it in" in lines[2]
    assert '"perhaps" under Drop is neither yes nor no' in lines[3]
    assert 'there is no action "R-9"' in lines[4]
    assert len(desk.json("review", "show", "--period", "2026-10")["decisions"]) == 1


def test_a_file_that_is_none_of_ours_is_refused(desk: Any, tmp_path: Path) -> None:
    text = tmp_path / "x.xlsx"
    text.write_text("no workbook", encoding="utf-8")
    assert "is no Excel workbook" in desk.type("register", "import", str(text), *BY, expect=3)
    assert "give" in desk.type("register", "import", str(tmp_path), *BY, expect=3)
    other = book(tmp_path, Other=[{"A": 1}])
    assert "has neither a sheet Decisions nor a sheet Actions" in desk.type("register", "import", other, *BY, expect=2)
    wrong = book(tmp_path, Decisions=[{"Perod": "2026-10"}])
    assert 'has a column "Perod"; did you mean "Period"?' in desk.type("register", "import", wrong, *BY, expect=2)
    assert "Decisions: Review | Period | Clause" in desk.type("register", "columns")
