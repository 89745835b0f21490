"""What was entered by mistake is taken back with a reason, stays on record, and is said anew."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.test_review_commands import BY, OCTOBER, decide


def test_what_was_entered_by_mistake_is_taken_back_and_stays_on_record(desk: Any) -> None:
    desk.json(*decide("--owner", "hr", "--due", "2026-12-01"))
    attend = ("review", "attend", *OCTOBER, "--person", "A. {Berger}", *BY)
    desk.json(*attend)
    back = ("review", "withdraw", *OCTOBER, *BY)
    assert 'no decision "D-2" that stands; did you mean "D-1"?' in desk.type(*back, "D-2", "--reason", "x", expect=2)
    assert "is not on record as present" in desk.type(*back, "--person", "Z", "--reason", "x", expect=2)
    assert "say what is taken back" in desk.type(*back, "--reason", "x", expect=2)
    assert desk.type(*back, "D-1", "--reason", " ", expect=2) == "--reason says nothing; write a sentence"
    line = desk.type(*back, "D-1", "--reason", "Wrong owner")
    assert line == "D-1 withdrawn from review monthly 2026-10"
    line = desk.type(*back, "--person", "a. {berger}", "--reason", "Was ill")
    assert line == "a. {berger} withdrawn from review monthly 2026-10"
    shown = desk.json("review", "show", *OCTOBER)
    assert (shown["decisions"], shown["attendance"]) == ([], [])
    assert shown["withdrawn"] == [
        {"decision": "D-1", "reason": "Wrong owner", "by": "M. Huber", "on": "2026-11-03"},
        {"person": "a. {berger}", "reason": "Was ill", "by": "M. Huber", "on": "2026-11-03"},
    ]
    assert "withdrawn: D-1, by M. Huber on 2026-11-03: Wrong owner" in desk.type("review", "show", *OCTOBER)
    (dropped,) = [one for one in desk.json("action", "list") if one["action"] == "R-1"]
    assert (dropped["state"], dropped["reason"]) == ("dropped", "D-1 was withdrawn: Wrong owner")
    again = desk.json(*decide("--owner", "it", "--due", "2026-12-01"))
    assert (again["decision"], again["action"], again["recorded"]) == ("D-2", "R-2", True)
    assert desk.json(*attend)["recorded"]
    assert not desk.json(*attend)["recorded"]
    assert [row["decision"] for row in desk.json("review", "show", *OCTOBER)["decisions"]] == ["D-2"]


def test_a_comment_and_a_statement_are_taken_back_with_a_reason_and_said_anew(desk: Any) -> None:
    said = ("--cause", "Carrier", "--action", "Second one", "--effect", "95 %", "--by-when", "2026-12-01", *BY)
    comment = ("review", "comment", "otif", *OCTOBER, *said)
    consider = ("review", "consider", *OCTOBER, *BY, "--clause", "9.3.2 d", "--text")
    back = ("review", "withdraw", *OCTOBER, *BY)
    desk.json(*comment)
    desk.json(*consider, "Nothing changed.")
    desk.json(*consider, "Nothing changed, as of today.")
    assert 'no comment on "otf" that stands; did you mean "otif"?' in (
        desk.type(*back, "--comment", "otf", "--reason", "x", expect=2)
    )
    assert "say what is taken back" in desk.type(*back, "D-1", "--comment", "otif", "--reason", "x", expect=2)
    line = desk.type(*back, "--comment", "otif", "--reason", "Wrong month")
    assert line == "comment on otif withdrawn from review monthly 2026-10"
    line = desk.type(*back, "--considered", "9.3.2 d", "--reason", "Two people left")
    assert line == "statement on 9.3.2-d withdrawn from review monthly 2026-10"
    assert "no statement on input" in desk.type(*back, "--considered", "9.3.2-d", "--reason", "x", expect=2)
    assert [(one.get("comment"), one.get("considered"), one["reason"]) for one in shown_withdrawn(desk)] == [
        ("otif", None, "Wrong month"),
        (None, "9.3.2-d", "Two people left"),
    ]
    assert "withdrawn: statement on 9.3.2-d, by M. Huber on 2026-11-03: Two people left" in (
        desk.type("review", "show", *OCTOBER)
    )
    assert [what for _, what, _ in desk.journal()][-2:] == ["review withdraw", "review withdraw"]
    assert desk.json(*comment)["recorded"]  # said anew, it counts again
    assert desk.json(*consider, "Nothing changed, as of today.")["recorded"]
    assert not desk.json(*comment)["recorded"]


def shown_withdrawn(desk: Any) -> Any:
    return desk.json("review", "show", *OCTOBER)["withdrawn"]
