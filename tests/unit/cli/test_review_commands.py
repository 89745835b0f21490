"""The commands around a review: what they record, what they refuse in one line, and with which exit code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from qmsreports.cli import app

OCTOBER = ("--period", "2026-10")
BY = ("--by", "M. Huber")


def comment(kpi: str = "otif", cause: str = "Steel came late.", by_when: str = "2026-12-01") -> tuple[str, ...]:
    said = ("--cause", cause, "--action", "Second shift.", "--effect", "Over 90 %.", "--by-when", by_when)
    return ("review", "comment", kpi, *OCTOBER, *said, "--by", "E. Novak")


def decide(*more: str, kind: str = "resources", clause: str = "9.3.2-c3") -> tuple[str, ...]:
    said = ("--clause", clause, "--kind", kind, "--text", "Second shift in Lyon", "--reason", "It cannot be met")
    return ("review", "decide", *OCTOBER, *said, *more, *BY)


def test_a_comment_is_recorded_once_and_superseded(desk: Any) -> None:
    first = desk.json(*comment())
    assert first["recorded"]
    assert first["by_when"] == "2026-12-01"
    assert desk.type(*comment()) == "comment of E. Novak on otif, monthly 2026-10: on record already, nothing added"
    assert desk.type(*comment(cause="Paint, too {sic}.")) == "comment of E. Novak on otif, monthly 2026-10"
    assert desk.journal() == [("E. Novak", "comment", "otif monthly 2026-10")] * 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (comment("otiff"), 'review monthly has no KPI "otiff"; did you mean "otif"?'),
        (comment(by_when="1.12.2026"), '"1.12.2026" is no date; write it as 2026-12-31'),
        (comment(by_when="2026-02-30"), '"2026-02-30" is no date; write it as 2026-12-31'),
        (comment(cause=" "), "--cause says nothing; write a sentence"),
        (
            (*comment()[:-1], "Anonymous"),
            '"Anonymous" is nobody in particular; say --by with the name of a person',
        ),
        (decide(kind="improvment"), 'there is no kind of decision "improvment"; did you mean "improvement"?'),
        (decide(clause="9.3.2-c33"), 'review monthly has no clause "9.3.2-c33"; did you mean "9.3.2-c3"?'),
        (
            ("review", "consider", "monthly", *OCTOBER, "--clause", "9.3.3-a", "--text", "x", *BY),
            'review monthly has no input "9.3.3-a"; did you mean "9.3.2-a"?',
        ),
        (
            ("review", "consider", "monthly", *OCTOBER, "--clause", "9.3.2-c", "--text", "x", *BY),
            '"9.3.2-c" is the number of ISO 9001:2026 for this input; write iso9001-2026/9.3.2-c',
        ),
        (
            ("review", "consider", "monthly", *OCTOBER, "--clause", "9.3.2 d3", "--text", "x", *BY),
            '"9.3.2 d3" is the number of ISO 9001:2026 for this input; write 9.3.2-c3',
        ),
        (
            ("review", "consider", "montly", *OCTOBER, "--clause", "9.3.2-d", "--text", "x", *BY),
            'there is no review "montly"; did you mean "monthly"?',
        ),
        (("action", "update", "R-1", "--progress", "x", *BY), 'there is no action "R-1"; none is recorded yet'),
        (
            ("action", "update", "A-1", "--progress", "x", *BY),
            "action A-1 is kept in the register workbook; change it there and run: qmsreports run ingest",
        ),
    ],
)
def test_what_is_given_wrongly_is_said_in_one_line(desk: Any, words: tuple[str, ...], line: str) -> None:
    assert desk.type(*words, expect=2) == line
    assert desk.journal() == []


def test_considered_inputs_show_in_the_ledger(desk: Any) -> None:
    said = desk.json("review", "consider", *OCTOBER, "--clause", "9.3.2 d", "--text", "Enough people.", *BY)
    assert (said["clause"], said["on"], said["recorded"]) == ("9.3.2-d", "2026-11-03", True)
    rows = {(row["edition"], row["clause"]): row for row in desk.json("review", "ledger", "monthly", *OCTOBER)}
    for key in (("2015", "9.3.2-d"), ("2026", "9.3.2-e")):
        assert (rows[key]["state"], rows[key]["considered_by"], rows[key]["last_considered"]) == (
            "considered",
            "M. Huber",
            "2026-11-03",
        )
    assert desk.journal() == [("M. Huber", "consider input", "9.3.2-d monthly 2026-10")]


def test_a_number_that_two_editions_give_to_different_inputs_is_told_with_what_it_means(desk: Any) -> None:
    """9.3.2 e is the risks of 2015 and the resources of 2026: the ledger says how to write either, the answer which."""
    ledger = [row.split() for row in desk.type("review", "ledger", *OCTOBER).splitlines()]
    told = {row[3]: row[4:6] for row in ledger if row[2:3] == ["2026"]}
    assert told["9.3.2-e"] == ["missing", "9.3.2-d"]
    assert told["9.3.2-c"] == ["missing", "iso9001-2026/9.3.2-c"]
    words = ("review", "consider", *OCTOBER, "--text", "x", *BY, "--clause")
    risks = "Whether the actions on risks and opportunities work"
    assert desk.type(*words, "9.3.2-e") == f"9.3.2-e ({risks}) considered by M. Huber, monthly 2026-10"
    needs = "Changes in what interested parties need and expect"
    key = "iso9001-2026/9.3.2-c"
    assert desk.type(*words, key) == f"{key} ({needs}) considered by M. Huber, monthly 2026-10"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"state": "missing", "last_considered": "2026-07"}, "last covered in July 2026"),
        ({"state": "missing", "last_considered": None}, "never covered so far"),
        ({"state": "considered", "considered_by": "M. Huber", "last_considered": "2026-11-03"}, "M. Huber 2026-11-03"),
        ({"state": "data", "evidence": ["2 objectives", "Audits, 1 row"]}, "2 objectives; Audits, 1 row"),
    ],
)
def test_the_ledger_says_what_an_input_rests_on_or_when_it_was_covered_last(row: dict[str, Any], said: str) -> None:
    from qmsreports.cli.review import _evidence

    whole = {"evidence": [], "considered_by": None, "last_considered": None, **row}
    assert _evidence(whole).replace("\u00a0", " ") == said


def test_an_action_from_its_decision_to_the_check_of_its_effect(desk: Any) -> None:
    made = desk.json(*decide("--owner", "supply.manager", "--due", "2026-12-01"))
    assert (made["decision"], made["action"], made["recorded"]) == ("D-1", "R-1", True)
    assert not desk.json(*decide())["recorded"]
    added = ("action", "add", "--title", "Ask the works council", "--owner", "hr", "--due", "2026-11-20", *OCTOBER, *BY)
    assert desk.json(*added)["action"] == "R-2"
    assert not desk.json(*added)["recorded"]
    update = ("action", "update", "R-1", *BY)
    assert desk.type(*update, expect=2).startswith("nothing is said about the action")
    refused = desk.type(*update, "--due", "2027-01-15", expect=2)
    assert refused == "moving the due date of R-1 needs a reason; say --reason"
    moved = desk.json(*update, "--due", "2027-01-15", "--reason", "The council asks for time", "--progress", "Half")
    assert (moved["original_due"], moved["due"], moved["progress"]) == ("2026-12-01", "2027-01-15", "Half")
    assert "is not done yet" in desk.type(*update, "--effective", expect=1)
    assert "which is to come" in desk.type(*update, "--done", "2027-01-01", expect=1)
    desk.at += timedelta(days=90)
    done = desk.json(*update, "--done", "2027-01-10", "--evidence", "Rota 2027")
    assert (done["state"], done["open"]) == ("done_late", False)
    again = desk.json(*update, "--no-effective", "--effect", "As late as before")
    assert (again["open"], again["done_on"], again["state"]) == (True, None, "overdue")
    assert desk.type("action", "update", "R-2", "--drop", *BY, expect=2).endswith("needs a reason; say --reason")
    assert desk.json("action", "update", "R-2", "--drop", "--reason", "Not needed", *BY)["state"] == "dropped"
    assert "was dropped on" in desk.type("action", "update", "R-2", "--progress", "x", *BY, expect=1)
    listed = {row["action"]: row for row in desk.json("action", "list")}
    assert {name: row["kept_in"] for name, row in listed.items()} == {
        "A-1": "workbook",
        "A-2": "workbook",
        "A-3": "workbook",
        "R-1": "register",
        "R-2": "register",
    }
    assert [row["action"] for row in desk.json("action", "list", "--open")] == ["A-1", "A-2", "R-1"]
    assert "R-1" in desk.type("action", "list")
    assert [action for _, action, _ in desk.journal()] == ["decide", "add action", *["update action"] * 4]


def test_a_review_closes_only_when_nothing_is_in_the_way(desk: Any) -> None:
    assert desk.json("review", "show", *OCTOBER)["state"] == "new"
    planned = desk.json("review", "open", *OCTOBER, "--on", "2026-11-12", *BY)
    assert (planned["state"], planned["planned_for"]) == ("planned", "2026-11-12")
    assert "is not prepared: there is no pack" in desk.type("review", "hold", *OCTOBER, *BY, expect=1)
    desk.made.build()
    assert desk.json("review", "show", *OCTOBER)["state"] == "prepared"
    desk.json(*decide())
    lines = desk.type("review", "close", *OCTOBER, *BY, expect=1).splitlines()
    assert any(line.startswith("decision D-1: its action R-1 has no owner and no due date; run:") for line in lines)
    assert any("was not held yet" in line for line in lines)
    assert any("names nobody who was present" in line for line in lines)
    assert not any("in the chair" in line for line in lines)  # nobody was there at all
    assert any("has no conclusion on suitability, adequacy, effectiveness" in line for line in lines)
    todo = [line.partition("--clause ")[2].split(" ")[0] for line in lines if "neither data nor a statement" in line]
    assert "9.3.2-d" in todo
    assert "iso9001-2026/9.3.2-c" in todo
    assert len(todo) == len(set(todo))
    for clause in todo:
        desk.type("review", "consider", *OCTOBER, "--clause", clause, "--text", "Nothing to report.", *BY)
    desk.type("action", "update", "R-1", "--owner", "hr", "--due", "2026-12-01", *BY)
    assert desk.type("review", "hold", *OCTOBER, *BY) == "review monthly 2026-10 held on 2026-11-03"
    person = ("--person", "A. {Berger}", "--for", "C. Dubois")
    assert desk.type("review", "attend", *OCTOBER, *person, *BY) == (
        "A. {Berger} took part in review monthly 2026-10, for C. Dubois"
    )
    desk.type("review", "conclude", *OCTOBER, "--suitability", "It fits.", *BY)
    concluded = ("--adequacy", "Enough.", "--effectiveness", "It works.")
    (line,) = desk.type("review", "close", *OCTOBER, *concluded, *BY, expect=1).splitlines()
    assert line == (
        "review monthly 2026-10: names nobody who was in the chair (Managing director); run: qmsreports review attend "
        'monthly --period 2026-10 --person ... --chaired --by ..., or --role "Managing director"'
    )
    for person, *more in (
        ("E. Novak", "--role", "managing Director"),
        ("P. Silva", "--for", "Sales manager, supply Manager"),
    ):
        desk.type("review", "attend", *OCTOBER, "--person", person, *more, *BY)
    closed = desk.json("review", "close", *OCTOBER, *concluded, *BY)
    assert closed["notices"] == [
        "invited, neither present nor stood in for: Quality manager, Production manager, Service manager"
    ]
    assert [(one["role"], one["present"]) for one in closed["invited"] if one["present"]] == [
        ("Managing director", "E. Novak"),
        ("Supply manager", "P. Silva"),
        ("Sales manager", "P. Silva"),
    ]
    assert (closed["state"], closed["closed_by"]) == ("closed", "M. Huber")
    assert closed["conclusions"] == {"suitability": "It fits.", "adequacy": "Enough.", "effectiveness": "It works."}
    assert closed["attendance"][0] == {
        "person": "A. {Berger}",
        "stood_in_for": "C. Dubois",
        "role": "",
        "chaired": False,
    }
    late = ("action", "add", "--title", "Too late", "--owner", "hr", "--due", "2026-12-01", *OCTOBER, *BY)
    assert desk.type(*late, expect=1) == (
        "review monthly 2026-10: was closed on 2026-11-03 by M. Huber; a new action belongs to the next review; "
        "run: qmsreports action add --review monthly --period 2026-11 ..."
    )
    frozen = "review monthly 2026-10: was closed on 2026-11-03 by M. Huber; its inputs and decisions are frozen; "
    for words in (
        comment(),
        decide("--action", "Another"),
        ("review", "attend", *OCTOBER, "--person", "X", *BY),
        ("review", "consider", *OCTOBER, "--clause", "9.3.2-d", "--text", "Too late", *BY),
        ("review", "close", *OCTOBER, *BY),
    ):
        assert desk.type(*words, expect=1).startswith(frozen)
    assert desk.json("action", "update", "R-1", "--progress", "Half", *BY)["recorded"]
    desk.made.rows("considered_inputs", [], source="nobody")
    assert {row["state"] for row in desk.json("review", "ledger", *OCTOBER)} == {"data", "considered"}
    shown = desk.type("review", "show", *OCTOBER)
    assert "review monthly 2026-10: closed" in shown
    assert "D-1" in shown
    assert "chair: Managing director" in shown
    assert "invited: Sales manager, present: P. Silva" in shown
    assert "present: E. Novak, managing Director" in shown
    assert ("M. Huber", "close review", "monthly 2026-10") in desk.journal()


def add(*more: str) -> tuple[str, ...]:
    return ("action", "add", "--title", "Ask", "--owner", "hr", *OCTOBER, *more, *BY)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("review", "hold", *OCTOBER, "--on", "2026-01-01", *BY),
            "review monthly 2026-10: cannot have been held on 2026-01-01, before 2026-10 begins on 2026-10-01; "
            "say --on truly",
        ),
        (
            ("review", "open", *OCTOBER, "--on", "2020-01-01", *BY),
            "review monthly 2026-10: cannot be planned for 2020-01-01, before 2026-10 begins on 2026-10-01; "
            "say --on truly",
        ),
        (
            comment(by_when="2019-01-01"),
            "comment on otif: nothing can be done by 2019-01-01, before 2026-10 begins on 2026-10-01; "
            "say --by-when truly",
        ),
        (
            decide("--due", "2019-01-01"),
            "action of the decision of 2026-11-03: cannot be due on 2019-01-01, before it was decided on 2026-11-03; "
            "say --due truly",
        ),
        (
            decide("--on", "2026-09-30"),
            "review monthly 2026-10: nothing can have been decided on 2026-09-30, before 2026-10 begins on "
            "2026-10-01; say --on truly",
        ),
        (
            add("--due", "2019-01-01"),
            'action "Ask": cannot be due on 2019-01-01, before it was decided on 2026-11-03; say --due truly',
        ),
        (
            add("--due", "2026-12-01", "--on", "2026-11-04"),
            "review monthly 2026-10: no action can have been agreed on 2026-11-04, which is to come; say --on truly",
        ),
        (
            (*comment(by_when="2028-01-01")[:3], "--period", "2027-11", *comment(by_when="2028-01-01")[5:]),
            "comment on otif: nothing can be said on 2026-11-03, before 2027-11 begins on 2027-11-01; "
            "say --period truly",
        ),
        (
            ("review", "attend", "--period", "2027-11", "--person", "A. Berger", *BY),
            "review monthly 2027-11: nobody can have attended on 2026-11-03, before 2027-11 begins on 2027-11-01; "
            "say --period truly",
        ),
        (
            ("review", "attend", *OCTOBER, "--person", "A. Berger", "--for", "a. berger", *BY),
            "review monthly 2026-10: A. Berger cannot stand in for A. Berger; leave --for out, or name who could not "
            "come",
        ),
        (
            ("review", "consider", *OCTOBER, "--clause", "9.3.2-d", "--text", "x", "--on", "2026-12-01", *BY),
            "input 9.3.2-d: cannot have been considered on 2026-12-01, which is to come; say --on truly",
        ),
    ],
)
def test_a_day_that_cannot_be_is_refused(desk: Any, words: tuple[str, ...], line: str) -> None:
    desk.made.build()
    assert desk.type(*words, expect=1) == line
    assert desk.journal() == []


def test_an_action_is_neither_due_nor_done_before_it_was_decided(desk: Any) -> None:
    desk.json(*decide("--owner", "hr", "--due", "2026-12-01", "--on", "2026-11-02"))
    update = ("action", "update", "R-1", *BY)
    done = "action R-1: cannot have been done on 2020-01-01, before it was decided on 2026-11-02; say --done truly"
    assert desk.type(*update, "--done", "2020-01-01", expect=1) == done
    due = "action R-1: cannot be due on 2019-01-01, before it was decided on 2026-11-02; say --due truly"
    assert desk.type(*update, "--due", "2019-01-01", "--reason", "x", expect=1) == due
    desk.made.build()
    desk.json("review", "hold", *OCTOBER, "--on", "2026-10-30", *BY)  # decided there, written down later
    assert desk.json(*update, "--done", "2026-11-01")["state"] == "done"


def test_a_decision_that_is_typed_in_later_was_taken_when_the_review_was_held(desk: Any) -> None:
    desk.made.build()
    desk.json("review", "hold", *OCTOBER, "--on", "2026-11-02", *BY)
    assert desk.json(*decide("--owner", "hr", "--due", "2026-11-02"))["on"] == "2026-11-02"
    assert desk.json(*decide("--owner", "hr", "--due", "2026-11-02"))["recorded"] is False
    later = ("review", "decide", "--clause", "9.3.2-d", "--kind", "improvement", "--text", "A", "--reason", "B")
    assert desk.json(*later, *OCTOBER, "--on", "2026-11-03", *BY)["on"] == "2026-11-03"


def test_a_decision_about_a_missed_objective_is_the_action_that_it_asks_for(desk: Any) -> None:
    about = decide("--kpi", "otif", "--owner", "hr", "--due", "2026-12-01")
    assert (desk.json(*about)["kpi"], desk.json(*about)["recorded"]) == ("otif", False)
    assert {row["kpi"]: row["action"] for row in desk.json("action", "propose", *OCTOBER)} == {"otif": "R-1"}
    assert desk.type(*decide("--kpi", "oti"), expect=2) == 'review monthly has no KPI "oti"; did you mean "otif"?'
    line = desk.type(*decide("--kpi", "nps"), expect=1)
    assert line.startswith("decision D-1: is on record with KPI otif, not nps; nothing was added; change its action")


def test_the_same_decision_with_another_owner_is_not_passed_over(desk: Any) -> None:
    desk.json(*decide("--owner", "hr", "--due", "2026-12-01"))
    line = desk.type(*decide("--owner", "it", "--due", "2026-12-24"), expect=1)
    assert line.startswith(
        "decision D-1: is on record with owner hr, not it and due date 2026-12-01, not 2026-12-24; nothing was added; "
        "change its action with qmsreports action update, or take it back first: qmsreports review withdraw D-1"
    )
    desk.json("action", "update", "R-1", "--owner", "it", *BY)
    for owner in ("hr", "it"):  # as it was decided, and as it stands
        assert not desk.json(*decide("--owner", owner, "--due", "2026-12-01"))["recorded"]
    desk.json(*add("--due", "2026-12-01"))
    assert "action R-2: is on record with due date 2026-12-01, not 2027-01-01; nothing was added; change it:" in (
        desk.type(*add("--due", "2027-01-01"), expect=1)
    )


def test_a_refused_close_records_nothing_and_says_why_as_json_too(desk: Any) -> None:
    concluded = ("--suitability", "It fits.", "--adequacy", "Enough.", "--effectiveness", "It works.")
    said = desk.refused("review", "close", *OCTOBER, *concluded, *BY)
    assert said["recorded"] is False
    whats = [finding["what"] for finding in said["findings"]]
    assert "was not held yet" in whats
    assert not any("conclusion" in what for what in whats)  # they are there, only not recorded yet
    assert set(desk.json("review", "show", *OCTOBER)["conclusions"].values()) == {""}
    assert desk.journal() == []
    (finding,) = desk.refused("action", "update", "R-1", "--progress", "x", *BY, expect=2)["findings"]
    assert finding["what"] == 'there is no action "R-1"'


def test_every_command_explains_itself() -> None:
    def said(*words: str) -> str:
        return CliRunner().invoke(app, [*words, "--help"]).output

    for noun, verbs in (
        ("review", ("comment", "consider", "decide", "open", "attend", "hold", "conclude", "close", "show", "ledger")),
        ("action", ("add", "update", "list")),
    ):
        assert all(verb in said(noun) for verb in verbs)
        assert all("--json" in said(noun, verb) for verb in verbs)
