"""The record of reviews from a workbook: recorded with who and when, once, by the rules of the typed commands."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

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
        "minutes.xlsx:Decisions!B2",
        "minutes.xlsx:Decisions!I4",
        "minutes.xlsx:Decisions!A5",
        "minutes.xlsx:Actions!B2",
        "minutes.xlsx:Actions!A3",
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
    assert (
        "has none of the sheets Reviews, Withdrawn, Attendance, Comments, Considered, Decisions and Actions"
        in desk.type("register", "import", other, *BY, expect=2)
    )
    wrong = book(tmp_path, Decisions=[{"Perod": "2026-10"}])
    assert 'has a column "Perod"; did you mean "Period"?' in desk.type("register", "import", wrong, *BY, expect=2)
    assert "Decisions: Review | Period | Clause" in desk.type("register", "columns")


OCTOBER = {"Period": "2026-10"}
LIFE: dict[str, list[dict[str, Any]]] = {
    "Reviews": [
        {
            **OCTOBER,
            "Planned for": date(2026, 11, 2),
            "Held on": date(2026, 11, 3),
            "Suitability": "It fits.",
            "Adequacy": "Enough.",
            "Effectiveness": "It works.",
            "By": "Q. Board",
        }
    ],
    "Attendance": [
        {**OCTOBER, "Person": "E. Novak", "Role": "Managing director", "Stood in for": None, "Chaired": "yes"},
        {**OCTOBER, "Person": "P. Silva", "Stood in for": "Sales manager"},
        {**OCTOBER, "Role": "Quality manager"},  # offered, nobody came
    ],
    "Comments": [
        {
            **OCTOBER,
            "KPI": "otif",
            "Cause": "Steel came late",
            "Action": "Second supplier",
            "Expected effect": "95 % again",
            "By when": date(2026, 12, 15),
            "By": "A. Berger",
        }
    ],
    "Considered": [{**OCTOBER, "Clause": "9.3.2 d", "Statement": "Enough people.", "On": date(2026, 11, 2)}],
    "Decisions": [DECISION],
    "Actions": [
        {
            **OCTOBER,
            "Action": "Ask the works council",
            "Owner": "hr",
            "Due": date(2026, 12, 1),
            "On": date(2026, 11, 2),
            "Done": date(2026, 11, 3),
            "Evidence": "Letter",
        }
    ],
}
NAMES = ("reviews", "attendance", "comments", "considered", "decisions", "actions")


@pytest.mark.system
def test_the_whole_life_of_a_review_is_read_in_once(desk: Any, tmp_path: Path) -> None:
    desk.made.build()
    path = book(tmp_path, **LIFE)
    found = desk.json("register", "import", path, *BY)
    assert {name: tuple(found[name].values()) for name in NAMES} == {
        **dict.fromkeys(NAMES, (1, 1)),
        "attendance": (2, 2),
    }
    assert found["findings"] == []
    said = desk.json("review", "show", "--period", "2026-10")
    assert (said["state"], said["planned_for"], said["held_on"]) == ("held", "2026-11-02", "2026-11-03")
    assert said["conclusions"] == {"suitability": "It fits.", "adequacy": "Enough.", "effectiveness": "It works."}
    assert [(one["person"], one["stood_in_for"], one["role"], one["chaired"]) for one in said["attendance"]] == [
        ("E. Novak", "", "Managing director", True),
        ("P. Silva", "Sales manager", "", False),
    ]
    (row,) = [row for row in desk.json("review", "ledger", "--period", "2026-10") if row["clause"] == "9.3.2-d"][:1]
    assert (row["considered_by"], row["last_considered"]) == ("M. Huber", "2026-11-02")
    (action,) = [one for one in desk.json("action", "list") if one["title"] == "Ask the works council"]
    assert (action["state"], action["done_on"], action["evidence"]) == ("done", "2026-11-03", "Letter")
    whos = {(who, what) for who, what, _ in desk.journal()}
    assert {("Q. Board", "review held"), ("A. Berger", "comment"), ("M. Huber", "review attended")} <= whos
    again = desk.json("register", "import", path, *BY)
    assert {again[name]["new"] for name in NAMES} == {0}


@pytest.mark.system
def test_what_is_on_record_is_exported_and_read_in_again_also_after_the_review_was_closed(
    desk: Any, tmp_path: Path
) -> None:
    october = ("--period", "2026-10")
    blank = tmp_path / "blank.xlsx"
    desk.type("register", "export", str(blank), *october)
    made = openpyxl.load_workbook(blank)
    assert made.sheetnames == ["Reviews", "Withdrawn", "Attendance", "Comments", "Considered", "Decisions", "Actions"]
    assert [row[3] for row in made["Attendance"].iter_rows(min_row=2, max_row=3, values_only=True)] == [
        "Managing director",
        "Quality manager",
    ]
    nothing = desk.json("register", "import", str(blank), *BY)
    assert {nothing[name]["rows"] for name in NAMES} == {0}
    desk.made.build()
    desk.type("register", "import", book(tmp_path, **LIFE), *BY)
    todo = {row["covers"] for row in desk.json("review", "ledger", *october) if row["state"] == "missing"}
    for clause in todo:
        desk.type("review", "consider", *october, "--clause", clause, "--text", "Nothing.", *BY)
    said = ("--cause", "=1+1", "--action", "None", "--effect", "None", "--by-when", "2026-12-15", "--by", "E. Novak")
    desk.type("review", "comment", "otif", *october, *said)
    path = tmp_path / "kept.xlsx"
    assert desk.json("register", "export", str(path), *october)["decisions"] == 1
    assert "is there already" in desk.type("register", "export", str(path), *october, expect=3)
    sheets = openpyxl.load_workbook(path)
    cause = sheets["Comments"]["D2"]
    assert (cause.value, cause.data_type) == ("=1+1", "s")  # a text, no formula
    assert sheets["Reviews"]["D2"].value == datetime(2026, 11, 3)  # noqa: DTZ001  a cell has no zone
    desk.type("review", "close", *october, *BY)
    again = desk.json("register", "import", str(path), *BY)
    assert (again["findings"], {again[name]["new"] for name in NAMES}) == ([], {0})


def test_each_message_names_the_cell_and_a_row_is_never_half_recorded(desk: Any, tmp_path: Path) -> None:
    life = {**LIFE["Reviews"][0]}
    attended, considered, commented = LIFE["Attendance"][0], LIFE["Considered"][0], LIFE["Comments"][0]
    path = book(
        tmp_path,
        Reviews=[life, {**life, "Planned for": None, "Held on": date(2026, 1, 1)}],  # there is no pack yet
        Attendance=[{**attended, "Stood in for": "e. novak"}, {**attended, "Chaired": "perhaps"}],
        Comments=[{**commented, "Cause": None}, {**commented, "By when": date(2019, 1, 1)}, {**commented, "KPI": "x"}],
        Considered=[{**considered, "By": "Anonymous"}],
        Decisions=[{**DECISION, "Due": date(2019, 1, 1)}, {**DECISION, "Decided by": "nobody", "Decision": None}],
        Actions=[{**LIFE["Actions"][0], "Done": date(2020, 1, 1)}],
    )
    said = desk.refused("register", "import", path, *BY)
    assert [(one["where"].partition(":")[2], one["what"]) for one in said["findings"]] == [
        ("Reviews!C2", "review monthly 2026-10: is not prepared: there is no pack"),
        (
            "Reviews!C3",
            "review monthly 2026-10: cannot have been held on 2026-01-01, before 2026-10 begins on 2026-10-01",
        ),
        ("Attendance!D2", "review monthly 2026-10: E. Novak cannot stand in for E. Novak"),
        ("Attendance!E3", '"perhaps" under Chaired is neither yes nor no'),
        ("Comments!C2", "Cause says nothing"),
        ("Comments!F3", "comment on otif: nothing can be done by 2019-01-01, before 2026-10 begins on 2026-10-01"),
        ("Comments!B4", 'review monthly has no KPI "x"'),
        ("Considered!E2", '"Anonymous" is nobody in particular'),
        (
            "Decisions!G2",
            "action of the decision of 2026-11-02: cannot be due on 2019-01-01, before it was decided on 2026-11-02",
        ),
        ("Decisions!D3", "Decision says nothing"),
        (
            "Actions!F2",
            "action R-1: cannot have been done on 2020-01-01, before it was decided on 2026-11-02",
        ),
    ]
    assert said["findings"][5]["todo"] == "say By when truly"
    assert {said[name]["new"] for name in NAMES} == {0}
    assert desk.journal() == []  # neither the plan without the meeting, nor the action without its end
    assert [one["action"] for one in desk.json("action", "list") if one["kept_in"] == "register"] == []


def test_a_comment_and_a_statement_are_taken_back_in_the_workbook_once(desk: Any, tmp_path: Path) -> None:
    where = {"Period": "2026-10"}
    rest = {"Action": "Second one", "Expected effect": "95 %", "By when": date(2026, 12, 1), "By": "A. Berger"}
    comment = {**where, "KPI": "otif", "Cause": "Carrier", **rest}
    statement = {**where, "Clause": "9.3.2-d", "Statement": "Nothing changed.", "By": "A. Berger"}
    desk.json("register", "import", book(tmp_path, Comments=[comment], Considered=[statement]), *BY)
    withdrawn = [
        {**where, "KPI": "otif", "Clause": None, "Reason": "Wrong month"},
        {**where, "KPI": None, "Clause": "9.3.2-d", "Reason": "Two left"},
    ]
    right = {**comment, "Cause": "Snow"}
    path = book(tmp_path, Withdrawn=withdrawn, Comments=[right], Considered=[statement])
    first = desk.json("register", "import", path, *BY)
    assert [first[sheet]["new"] for sheet in ("withdrawn", "comments", "considered")] == [2, 1, 0]
    again = desk.json("register", "import", path, *BY)
    assert [again[sheet]["new"] for sheet in ("withdrawn", "comments", "considered")] == [0, 0, 0]
    kept = tmp_path / "kept.xlsx"
    desk.json("register", "export", str(kept), "--period", "2026-10")
    sheets = openpyxl.load_workbook(kept)
    rows = {title: list(sheets[title].iter_rows(min_row=2, values_only=True)) for title in sheets.sheetnames}
    assert rows["Withdrawn"] == [
        ("monthly", "2026-10", "otif", None, "Wrong month", "M. Huber"),
        ("monthly", "2026-10", None, "9.3.2-d", "Two left", "M. Huber"),
    ]
    assert [row[3] for row in rows["Comments"]] == ["Snow"]
    assert rows["Considered"] == []
    assert all(count["new"] == 0 for count in counts_of(desk.json("register", "import", str(kept), *BY)))
    unknown = book(tmp_path, Withdrawn=[{**where, "KPI": "nps", "Reason": "x"}])
    assert 'minutes.xlsx:Withdrawn!B2: review monthly 2026-10 has no comment on "nps" that stands' in (
        desk.type("register", "import", unknown, *BY, expect=1)
    )


def counts_of(said: dict[str, Any]) -> list[dict[str, int]]:
    return [value for value in said.values() if isinstance(value, dict)]
