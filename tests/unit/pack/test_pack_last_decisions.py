"""Page one brings back what the last review decided, in its own words and with the state of its actions."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from pack_fixture import PLANS, objective
from pack_fixture_review import facts
from pack_workspace import BUILT, OCTOBER, Workspace, filled

from qmsreports.pack import seal
from qmsreports.pack.assemble import assemble
from qmsreports.pack.collect import collect
from qmsreports.pack.model import PackModel
from qmsreports.pack.view import front
from qmsreports.register import actions, reviews
from qmsreports.register.models import ReviewDecision

SAID = BUILT + timedelta(hours=1)
LATER = BUILT + timedelta(days=1)


def decide(made: Workspace, number: str, period: str, text: str, action: str, due: date, title: str = "") -> None:
    said = {"title": title or text, "owner": "hr", "due": due}
    with made.register.write() as session:
        actions.record(session, action, "monthly", period, said, day=date(2026, 10, 9), who="Q", at=SAID)
        session.add(
            ReviewDecision(
                number=number,
                review="monthly",
                period=period,
                clause="9.3.2-c3",
                kind="resources",
                text=text,
                reason="",
                action=action,
                decided_by="Board",
                decided_on=date(2026, 10, 9),
                at=SAID,
            )
        )


def hold(made: Workspace, period: str) -> None:
    with made.register.write() as session:
        reviews.step(session, "monthly", period, "held", day=date(2026, 10, 9), detail={}, who="Q", at=SAID)


def seen(made: Workspace) -> PackModel:
    declared = made.catalog.reviews["monthly"]
    return collect(made.register, made.lake, made.catalog, declared, OCTOBER, as_of=LATER).pack


def told(pack: PackModel) -> list[tuple[str, str, str]]:
    return [(item["action"], item["title"], item["state"]["word"]) for item in front.decided(pack)]


def test_the_decisions_of_the_last_review_stand_before_older_actions(tmp_path: Path) -> None:
    made = filled(tmp_path)  # A-2 of July is overdue, A-1 is on track
    decide(made, "D-1", "2026-08", "Long ago", "R-1", date(2026, 12, 1))
    decide(made, "D-2", "2026-09", "Second shift in Lyon", "R-2", date(2026, 12, 1), title="Hire six people")
    decide(made, "D-3", "2026-09", "New carrier", "R-3", date(2026, 10, 15))
    decide(made, "D-4", "2026-10", "By this very review", "R-4", date(2026, 12, 1))
    hold(made, "2026-08")
    hold(made, "2026-09")
    pack = seen(made)
    assert [(item.number, item.review, item.text) for item in pack.decided] == [
        ("D-2", "2026-09", "Second shift in Lyon"),
        ("D-3", "2026-09", "New carrier"),
    ]
    assert [(name, title, word.replace("\u00a0", " ")) for name, title, word in told(pack)] == [
        ("D-2, R-2", "Second shift in Lyon", "on track"),
        ("D-3, R-3", "New carrier", "overdue 16 days"),
        ("A-2", "Open and late", "overdue 20 days"),
        ("A-1", "Open and in time", "on track"),
        ("R-1", "Long ago", "on track"),
    ]
    listed = {item["action"]: item["decision"] for item in front.actions(pack)}
    assert listed["R-2"] == "D-2: Second shift in Lyon"
    assert listed["R-3"] == listed["A-2"] == ""


def test_a_review_that_was_not_held_decided_nothing_yet(tmp_path: Path) -> None:
    made = filled(tmp_path)
    decide(made, "D-1", "2026-08", "Long ago", "R-1", date(2026, 12, 1))
    decide(made, "D-2", "2026-09", "Only written down", "R-2", date(2026, 12, 1))
    hold(made, "2026-08")
    assert [item.number for item in seen(made).decided] == ["D-1"]


def test_without_a_record_the_actions_of_the_last_review_stand_first() -> None:
    pack = assemble(facts([objective(PLANS[0])]))
    assert pack.decided == ()
    reviews_of = {item.action: item.review for item in pack.actions}
    listed = [reviews_of[name] == pack.header.last_period for name, *_ in told(pack)]
    assert any(listed)
    assert listed == sorted(listed, reverse=True)


def test_a_due_date_that_was_moved_again_and_again_says_how_often(tmp_path: Path) -> None:
    """From 15 October to 1 November, to 10 November, to 1 December: three times, 47 days after the first."""
    made = filled(tmp_path)
    decide(made, "D-1", "2026-09", "New carrier", "R-1", date(2026, 10, 15))
    decide(made, "D-2", "2026-09", "Second shift", "R-2", date(2026, 10, 15))
    hold(made, "2026-09")
    with made.register.write() as session:
        for number, due in (
            ("R-1", date(2026, 11, 1)),
            ("R-1", date(2026, 11, 10)),
            ("R-1", date(2026, 12, 1)),
            ("R-2", date(2026, 12, 1)),
        ):
            said = {"day": date(2026, 10, 20), "who": "Q", "at": SAID, "reason": "supplier"}
            actions.record(session, number, "monthly", "2026-09", {"due": due}, **said)
    moved = {item["action"]: item["moved"].replace("\u00a0", " ") for item in front.actions(seen(made))}
    assert (moved["R-1"], moved["R-2"]) == ("moved 3 times, by 47 days", "moved by 47 days")
    with_times, without = (seen(made), seen(made).model_copy(update={"actions": ()}))
    bare = [item.model_copy(update={"moved_times": 0}) for item in with_times.actions]
    before = seal.recorded(without.model_copy(update={"actions": tuple(bare)}))
    assert before == seal.recorded(with_times), "an edition from before the count is of the same record"
