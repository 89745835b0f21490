"""The record of a review adds and never changes; once it is closed, only its actions go on. On both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from qmsreports.errors import UserError
from qmsreports.period import Period
from qmsreports.records import BuiltPack, PackFile
from qmsreports.register import actions, packs, reviews
from qmsreports.register.models import Comment, ConsideredInput, ReviewDecision
from qmsreports.register.store import Register

NOON = datetime(2026, 11, 9, 12, tzinfo=UTC)
DAY = date(2026, 11, 9)
OCTOBER = ("monthly", "2026-10")


def _comment(cause: str, at: datetime = NOON, kpi: str = "otif") -> Comment:
    return Comment(
        review="monthly",
        period="2026-10",
        kpi=kpi,
        cause=cause,
        action="Second shift",
        effect="",
        by_when=date(2026, 12, 1),
        author="E. Novak",
        at=at,
    )


def _step(register: Register, kind: str, day: date = DAY, at: datetime = NOON, **detail: Any) -> bool:
    with register.write() as session:
        return reviews.step(session, *OCTOBER, kind, day=day, detail=detail, who="M. Huber", at=at) is not None


def _action(
    register: Register, number: str, at: datetime = NOON, *, reason: str = "", drop: bool = False, **said: Any
) -> None:
    with register.write() as session:
        actions.record(
            session, number, *OCTOBER, said, day=at.date(), who="E. Novak", at=at, reason=reason, dropped=drop
        )


def test_a_later_comment_supersedes_and_the_earlier_one_was_said_then(register: Register) -> None:
    with register.write() as session:
        assert reviews.add_comment(session, _comment("Steel was late")) is not None
        assert reviews.add_comment(session, _comment("Steel was late", NOON + timedelta(hours=1))) is None
        assert (
            reviews.add_comment(session, _comment("Steel and paint were late", NOON + timedelta(hours=2))) is not None
        )
    with register.read() as session:
        assert reviews.comments(session, *OCTOBER)["otif"].cause == "Steel and paint were late"
        assert reviews.comments(session, *OCTOBER, as_of=NOON)["otif"].cause == "Steel was late"
        assert reviews.comments(session, "monthly", "2026-09") == {}


def test_the_life_of_a_review_follows_from_its_events(register: Register) -> None:
    with register.read() as session:
        assert reviews.life(session, *OCTOBER).state == ""
    assert _step(register, "planned", date(2026, 11, 12))
    assert not _step(register, "planned", date(2026, 11, 12))
    assert _step(register, "planned", date(2026, 11, 13), NOON + timedelta(hours=1))
    assert _step(register, "attended", person="A. Berger")
    assert _step(register, "attended", person="C. Dubois")
    assert not _step(register, "attended", person="C. Dubois")
    assert _step(
        register, "attended", NOON.date(), NOON + timedelta(hours=1), person="C. Dubois", **{"for": "P. Silva"}
    )
    assert _step(register, "concluded", suitability="It fits.", adequacy="Too few people.")
    assert _step(register, "concluded", adequacy="It is enough.")
    assert _step(register, "held", date(2026, 11, 13))
    with register.read() as session:
        found = reviews.life(session, *OCTOBER)
        assert found.state == "held"
        assert found.planned is not None
        assert found.planned.day == date(2026, 11, 13)
        assert found.attendance == (reviews.Attendee("A. Berger"), reviews.Attendee("C. Dubois", "P. Silva"))
        assert found.conclusions == {"suitability": "It fits.", "adequacy": "It is enough."}
        assert reviews.life(session, *OCTOBER, as_of=NOON).attendance[1] == reviews.Attendee("C. Dubois")


def test_what_was_taken_back_counted_until_then(register: Register) -> None:
    assert _step(register, "attended", person="A. Berger")
    with register.write() as session:
        session.add(
            ReviewDecision(
                number="D-1",
                review="monthly",
                period="2026-10",
                clause="9.3.2-c3",
                kind="improvement",
                text="More people",
                reason="",
                action="R-1",
                decided_by="M",
                decided_on=DAY,
                at=NOON,
            )
        )
    later = NOON + timedelta(hours=1)
    assert _step(register, "withdrawn", at=later, person="a. berger", reason="Was ill")
    assert _step(register, "withdrawn", at=later, decision="D-1", reason="Typed twice")
    with register.read() as session:
        assert reviews.decisions(session, *OCTOBER) == []
        assert [row.number for row in reviews.decisions(session, *OCTOBER, as_of=NOON)] == ["D-1"]
        assert reviews.life(session, *OCTOBER).attendance == ()
        assert reviews.life(session, *OCTOBER, as_of=NOON).attendance == (reviews.Attendee("A. Berger"),)
        assert [event.detail["reason"] for event in reviews.life(session, *OCTOBER).withdrawn] == [
            "Was ill",
            "Typed twice",
        ]
        assert reviews.next_decision(session) == "D-2"
    assert _step(register, "attended", at=later, person="A. Berger")
    assert not _step(register, "attended", at=later, person="A. Berger")
    assert _step(register, "withdrawn", at=later, person="A. Berger", reason="Was ill")


def test_a_closed_review_takes_nothing_more_but_its_actions_go_on(register: Register) -> None:
    _action(register, "R-1", title="Second shift", owner="supply.manager", due=date(2026, 12, 1))
    _step(register, "closed")
    statement = ConsideredInput(
        review="monthly",
        period="2026-10",
        clause="9.3.2-d",
        text="Enough.",
        considered_by="M. Huber",
        considered_on=DAY,
        at=NOON,
    )
    refused = "was closed on 2026-11-09 by M. Huber; its inputs and decisions are frozen"
    with pytest.raises(UserError, match=refused), register.write() as session:
        reviews.add_comment(session, _comment("Too late"))
    with pytest.raises(UserError, match=refused), register.write() as session:
        reviews.add_considered(session, statement)
    with pytest.raises(UserError, match=refused):
        _step(register, "attended", person="Z")
    _action(register, "R-1", NOON + timedelta(days=1), progress="Half of the people are hired")
    with register.read() as session:
        assert actions.standing(session)["R-1"].progress == "Half of the people are hired"


def test_an_action_keeps_its_first_due_date_for_ever(register: Register) -> None:
    _action(register, "R-1", title="Second shift", owner="supply.manager")
    with register.read() as session:
        assert actions.standing(session)["R-1"].original_due is None
    days = [NOON + timedelta(days=count) for count in range(1, 6)]
    _action(register, "R-1", days[0], due=date(2026, 12, 1))
    _action(register, "R-1", days[1], due=date(2027, 1, 15), reason="The works council asks for time")
    _action(register, "R-1", days[2], done_on=date(2027, 1, 10), evidence="Rota 2027")
    with register.read() as session:
        found = actions.standing(session)["R-1"]
        assert (found.original_due, found.due, found.moves) == (date(2026, 12, 1), date(2027, 1, 15), 1)
        assert (found.owner, found.evidence, found.reason) == (
            "supply.manager",
            "Rota 2027",
            "The works council asks for time",
        )
        assert not found.is_open
        assert actions.standing(session, as_of=days[1])["R-1"].is_open
    _action(register, "R-1", days[3], effective=False, effect="Lines are as late as before")
    with register.read() as session:
        found = actions.standing(session)["R-1"]
        assert found.is_open
        assert found.done_on is None
    _action(register, "R-1", days[4], drop=True, reason="Replaced by R-2")
    with register.read() as session:
        assert not actions.standing(session)["R-1"].is_open


def test_actions_and_decisions_are_numbered_over_all_reviews(register: Register) -> None:
    with register.write() as session:
        assert (actions.next_number(session), reviews.next_decision(session)) == ("R-1", "D-1")
    for number in range(1, 12):
        _action(register, f"R-{number}", title=f"Action {number}")
    _action(register, "R-2", progress="Moves")
    with register.write() as session:
        assert actions.next_number(session) == "R-12"


@pytest.mark.parametrize("table", ["comments", "considered_inputs", "review_events", "decisions", "action_events"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET review = 'x'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_the_record(register: Register, table: str, statement: str) -> None:
    _step(register, "planned")
    _action(register, "R-1", title="Second shift")
    with register.write() as session:
        reviews.add_comment(session, _comment("Steel was late"))
        common: dict[str, Any] = {"review": "monthly", "period": "2026-10", "at": NOON}
        session.add(ConsideredInput(clause="9.3.2-d", text="Enough.", considered_by="M", considered_on=DAY, **common))
        session.add(
            ReviewDecision(
                number="D-1",
                clause="9.3.2-c3",
                kind="improvement",
                text="More people",
                reason="",
                action="R-1",
                decided_by="M",
                decided_on=DAY,
                **common,
            )
        )
    with pytest.raises(DBAPIError, match="append-only"), register.write() as session:
        session.execute(text(statement.format(table)))


def test_an_approved_print_counts_before_its_draft_and_cannot_be_changed(register: Register) -> None:
    draft, final = PackFile("p.pdf", "a" * 64, 10), PackFile("p.pdf", "b" * 64, 11)
    built = BuiltPack("monthly", Period.parse("2026-10"), 1, "draft", Path("/x/e1"), (draft,), "inputs")
    with register.write() as session:
        pack = packs.record_pack(session, built, run_id="r", at=NOON)
        assert packs.files_that_count(pack) == ("/x/e1", (draft,), {})
        packs.approve_pack(session, pack, by="M. Huber", at=NOON)
        packs.record_approved_print(session, pack, folder="/x/e1-approved", files=[final], manifest={"k": 1}, at=NOON)
    with register.read() as session:
        (pack,) = packs.all_packs(session)
        assert packs.files_that_count(pack) == ("/x/e1-approved", (final,), {"k": 1})
        assert packs.draft_files(pack) == (draft,)
    with pytest.raises(DBAPIError, match="append-only"), register.write() as session:
        session.execute(text("UPDATE approved_prints SET folder = 'x'"))
