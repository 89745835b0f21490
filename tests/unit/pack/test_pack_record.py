"""What people put on record around a review is in the pack, as it was known when the pack was built."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pack_fixture_review import review
from pack_workspace import BUILT, OCTOBER, TEMPLATES, Workspace, filled

from qmsreports.errors import UserError
from qmsreports.pack import approve, figures, store
from qmsreports.pack.appendix.sheets import sheets as appendix
from qmsreports.pack.brand import brand_of
from qmsreports.pack.collect import collect
from qmsreports.pack.minutes import AgreedAction, Attendance, Minutes, Resolution, Withdrawn
from qmsreports.pack.model import Decision, PackModel
from qmsreports.pack.objective import Comment as ObjectiveComment
from qmsreports.pack.seal import recorded
from qmsreports.pack.view import front, show
from qmsreports.pack.web import render_html
from qmsreports.period import Period
from qmsreports.register import actions, reviews
from qmsreports.register.models import Comment, ConsideredInput, ReviewDecision

SAID = BUILT + timedelta(hours=1)
LATER = BUILT + timedelta(days=1)


def comment(made: Workspace, cause: str, at: datetime = SAID) -> None:
    said = Comment(
        review="monthly",
        period="2026-10",
        kpi="otif",
        cause=cause,
        action="Second shift",
        effect="Over 90 % again",
        by_when=date(2026, 12, 1),
        author="E. Novak",
        at=at,
    )
    with made.register.write() as session:
        assert reviews.add_comment(session, said) is not None


def consider(made: Workspace, clause: str, period: str = "2026-10", text: str = "Enough people.") -> None:
    said = ConsideredInput(
        review="monthly",
        period=period,
        clause=clause,
        text=text,
        considered_by="A. Berger",
        considered_on=date(2026, 11, 3),
        at=SAID,
    )
    with made.register.write() as session:
        assert reviews.add_considered(session, said) is not None


def act(made: Workspace, number: str, period: str = "2026-09", at: datetime = SAID, **said: Any) -> None:
    with made.register.write() as session:
        actions.record(session, number, "monthly", period, said, day=at.date(), who="E. Novak", at=at)


def seen(made: Workspace, at: datetime = LATER) -> PackModel:
    declared = made.catalog.reviews["monthly"]
    return collect(made.register, made.lake, made.catalog, declared, OCTOBER, as_of=at).pack


def test_a_comment_makes_a_new_edition_that_says_so_and_verifies(tmp_path: Path) -> None:
    made = filled(tmp_path)
    first = made.build()
    comment(made, "Steel came late.")
    second = made.build(LATER)
    assert (first.edition, second.edition) == (1, 2)
    assert second.manifest["reason"] == "new or changed: owner's comment on On time and in full"
    page = (second.folder / "monthly-2026-10-e2.html").read_text()
    assert "Steel came late." in page
    assert "Over 90 % again" in page
    assert "E. Novak: Second shift, by" in page.replace(figures.NBSP, " ")
    assert store.touched(first.folder, first.files) == []
    comment(made, "Steel and paint came late.", LATER + timedelta(hours=1))
    findings = made.verified(second, LATER)
    assert findings == []  # what was said later does not change what the edition said


def test_kept_texts_change_no_byte_and_a_forged_one_gets_into_no_approved_pack(tmp_path: Path) -> None:
    made, kept = filled(tmp_path), tmp_path / "kept"
    plain = made.build(record=False, out=tmp_path / "plain")
    first = made.build(kept=kept)
    assert [(file.path, file.sha256) for file in first.files] == [(file.path, file.sha256) for file in plain.files]
    comment(made, "Steel came late.")
    same = made.build(LATER, record=False, out=tmp_path / "again", kept=kept)
    anew = made.build(LATER, record=False, out=tmp_path / "anew")
    assert [(file.path, file.sha256) for file in same.files] == [(file.path, file.sha256) for file in anew.files]
    for path in kept.iterdir():  # somebody who may write there knows how they are sealed, too
        forged = path.read_bytes().partition(b"\n")[2].replace(b"<svg ", b"<svg data-forged='1' ", 1)
        path.write_bytes(hashlib.sha256(forged).hexdigest().encode() + b"\n" + forged)
    second = made.build(LATER, kept=kept)
    assert "data-forged" in (second.folder / "monthly-2026-10-e2.html").read_text()
    brand = brand_of(made.catalog)
    with pytest.raises(UserError, match=r"monthly-2026-10-e2\.html would be another file; run: qmsreports pack build"):
        approve.approved(
            second.folder, second.files, second.manifest, by="M. Huber", at=LATER, templates=TEMPLATES, brand=brand
        )
    findings = made.verified(second, LATER)
    assert any("monthly-2026-10-e2.html" in str(finding) for finding in findings)


def test_a_statement_in_the_register_covers_an_input(tmp_path: Path) -> None:
    made = filled(tmp_path)
    consider(made, "9.3.2-d")
    consider(made, "iso9001-2026/9.3.2-c", text="Nobody wants anything new.")
    consider(made, "9.3.2-e", period="2026-08")
    consider(made, "9.3.2-f", period="2026-11")
    before, after = seen(made, BUILT), seen(made)
    assert {row.state for row in before.ledgers[0].rows if row.clause == "9.3.2-d"} == {"missing"}
    rows = {row.clause: row for row in after.ledgers[0].rows}
    assert (rows["9.3.2-d"].state, rows["9.3.2-d"].considered_by) == ("considered", "A. Berger")
    assert (rows["9.3.2-e"].state, rows["9.3.2-e"].last_considered) == ("missing", "2026-08")
    assert (rows["9.3.2-f"].state, rows["9.3.2-f"].last_considered) == ("missing", "")
    newer = {row.clause: row for row in after.ledgers[1].rows}
    assert newer["9.3.2-c"].statement == "Nobody wants anything new."
    assert newer["9.3.2-e"].state == "considered"  # equals d of the edition before
    asked = Decision(kind="missing_input", title="-", evidence="-", clauses=("9.3.2-d", "iso9001-2026/9.3.2-c"))
    (shown,) = front.decisions(before.model_copy(update={"decisions": (asked,)}))
    assert shown["clauses"].replace(figures.NBSP, " ") == "9.3.2 d, 9.3.2 c (ISO 9001:2026)"


def test_open_actions_of_both_places_come_back_once(tmp_path: Path) -> None:
    made = filled(tmp_path)
    act(made, "R-1", title="Hire six people", owner="hr", due=date(2026, 10, 11))
    act(made, "R-2", title="open and in TIME.", owner="a.b", due=date(2026, 12, 1))  # A-1 of the workbook, typed again
    act(made, "R-3", period="2026-10", title="Decided by this very review", owner="hr", due=date(2026, 12, 1))
    act(made, "R-4", period="2026-06", title="Long done", due=date(2026, 7, 1), done_on=date(2026, 6, 20))
    found = seen(made)
    assert [(item.action, item.state, item.overdue_days) for item in found.actions] == [
        ("A-2", "overdue", 20),
        ("R-1", "overdue", 20),
        ("R-2", "on_track", 0),
    ]
    assert found.older_actions == 2  # A-3 of the workbook and R-4
    (overdue,) = [item for item in found.decisions if item.kind == "overdue"]
    assert "R-1 Hire six people (hr, 20 days)" in overdue.evidence.replace(figures.NBSP, " ")
    (covered,) = [row for row in found.ledgers[0].rows if row.clause == "9.3.2-a"]
    # in the workbook were open in October; in the register which is A-1
    assert [text.replace(figures.NBSP, " ") for text, _ in covered.evidence] == ["Actions of earlier reviews, 3 rows"]


def test_an_action_without_effect_is_open_again_and_a_dropped_one_is_not(tmp_path: Path) -> None:
    made = filled(tmp_path)
    act(made, "R-1", title="One", due=date(2026, 10, 11), done_on=date(2026, 10, 9))
    act(made, "R-1", effective=False, effect="As late as before")
    with made.register.write() as session:
        said = {"title": "Two", "due": date(2026, 10, 11)}
        actions.record(session, "R-2", "monthly", "2026-09", said, day=SAID.date(), who="X", at=SAID)
        actions.record(
            session, "R-2", "monthly", "2026-09", {}, day=SAID.date(), who="X", at=SAID, dropped=True, reason="Sold"
        )
    own = [item for item in seen(made).actions if item.action.startswith("R")]
    assert [(item.state, item.effect) for item in own] == [
        ("overdue", "Not effective: As late as before"),
        ("dropped", ""),
    ]
    assert own[1].progress == "Sold"


def test_the_minutes_say_what_was_agreed_when_the_review_was_closed(tmp_path: Path) -> None:
    made = filled(tmp_path)
    with made.register.write() as session:
        reviews.step(session, "monthly", "2026-10", "planned", day=date(2026, 11, 9), detail={}, who="Q", at=BUILT)
    assert seen(made, BUILT).minutes is None  # a plan is nothing to report
    act(made, "R-1", period="2026-10", title="Hire", owner="hr", due=date(2026, 12, 1))
    decided = {"reason": "", "decided_by": "Board", "decided_on": date(2026, 11, 9), "at": SAID}
    with made.register.write() as session:
        session.add(
            ReviewDecision(
                number="D-1",
                review="monthly",
                period="2026-10",
                clause="9.3.2-c3",
                kind="resources",
                text="Second shift in Lyon",
                action="R-1",
                **decided,
            )
        )
        for kind, detail in (
            ("attended", {"person": "A. Berger", "for": "C. Dubois"}),
            ("concluded", {"suitability": "It fits.", "adequacy": "It is enough.", "effectiveness": "It works."}),
            ("held", {}),
            ("closed", {}),
        ):
            reviews.step(session, "monthly", "2026-10", kind, day=date(2026, 11, 9), detail=detail, who="Q", at=SAID)
    act(made, "R-1", period="2026-10", at=SAID + timedelta(hours=1), owner="somebody else", due=date(2027, 3, 1))
    assert seen(made).minutes == Minutes(
        held_on=date(2026, 11, 9),
        closed_on=date(2026, 11, 9),
        closed_by="Q",
        attendance=(Attendance(person="A. Berger", stood_in_for="C. Dubois"),),
        resolutions=(
            Resolution(
                number="D-1",
                clause="9.3.2-c3",
                kind="resources",
                text="Second shift in Lyon",
                action="R-1",
                owner="hr",
                due=date(2026, 12, 1),
                decided_by="Board",
                decided_on=date(2026, 11, 9),
            ),
        ),
        suitability="It fits.",
        adequacy="It is enough.",
        effectiveness="It works.",
    )


def test_an_action_without_a_decision_is_in_the_minutes_of_its_review(tmp_path: Path) -> None:
    made = filled(tmp_path)
    act(made, "R-4", title="Earlier", owner="hr", due=date(2026, 12, 1))
    act(made, "R-5", period="2026-10", title="Ask the works council", owner="hr", due=date(2026, 12, 1), kpi="otif")
    act(made, "R-6", period="2026-10", title="Typed twice", owner="hr", due=date(2026, 12, 1))
    with made.register.write() as session:
        gone = {"day": SAID.date(), "who": "E. Novak", "at": SAID}
        actions.record(session, "R-6", "monthly", "2026-10", {}, dropped=True, reason="Twice", **gone)
        for detail in ({"person": "A. Berger"}, {"person": "C. Dubois", "role": "Sales manager", "chaired": "yes"}):
            reviews.step(session, "monthly", "2026-10", "attended", day=SAID.date(), detail=detail, who="Q", at=SAID)
        said = {"person": "A. Berger", "reason": "Was ill"}
        reviews.step(session, "monthly", "2026-10", "withdrawn", day=SAID.date(), detail=said, who="Q", at=SAID)
    act(made, "R-5", period="2026-10", at=SAID + timedelta(hours=1), owner="it", due=date(2027, 3, 1))
    found = seen(made)
    assert found.minutes == Minutes(
        attendance=(Attendance(person="C. Dubois", role="Sales manager", chaired=True),),
        actions=(
            AgreedAction(
                number="R-5",
                title="Ask the works council",
                owner="hr",
                due=date(2026, 12, 1),
                kpi="otif",
                agreed_by="E. Novak",
                agreed_on=date(2026, 11, 3),
            ),
        ),
        withdrawn=(Withdrawn(what="A. Berger", reason="Was ill", by="Q", on=date(2026, 11, 3)),),
    )
    assert {"action/R-4", "action/R-5", "review/minutes"} <= set(recorded(found))
    assert found.header.chair == "Managing director"
    assert found.header.participants[:2] == ("Managing director", "Quality manager")


def test_the_record_is_in_page_and_workbook(held: PackModel) -> None:
    assert held.minutes is not None
    day = date(2026, 11, 9)
    agreed = AgreedAction(number="R-5", title="Ask <them>", owner="hr", due=day, agreed_by="Board", agreed_on=day)
    minutes = held.minutes.model_copy(
        update={
            "attendance": (Attendance(person="A. Berger", role="Managing director", chaired=True),),
            "actions": (agreed,),
            "withdrawn": (Withdrawn(what="D-2", reason="Typed twice", by="M. Huber", on=day),),
        }
    )
    header = held.header.model_copy(update={"chair": "Managing director", "participants": ("E. Novak (Sales)", "IT")})
    pack = held.model_copy(update={"minutes": minutes, "header": header})
    shown = show(pack)
    page = render_html(shown, {}, templates=TEMPLATES).replace(figures.NBSP, " ")
    assert "A. Berger (Managing director; in the chair)" in page
    assert "Actions agreed beside the decisions" in page
    assert "Ask &lt;them&gt;" in page
    assert "Withdrawn: D-2 (M. Huber, 9 Nov 2026: Typed twice)" in page
    assert "Chair: Managing director. Invited: E. Novak (Sales) and IT." in page
    sheets = {found.title: (found.head, [tuple(row) for row in found.rows]) for found in appendix(pack)}
    assert sheets["Attendance"][1] == [("A. Berger", "Managing director", "", True)]
    assert sheets["Actions agreed"][1] == [("R-5", "Ask <them>", "", "hr", day, "", "Board", day)]
    assert sheets["Conclusions"][1] == [("Suitability", "It fits.")]
    assert sheets["Withdrawn"][1] == [("D-2", "Typed twice", "M. Huber", day)]
    assert {("Chair", "Managing director"), ("Invited", "IT"), ("Held on", day)} <= set(sheets["Review"][1])


@pytest.fixture(scope="module")
def held() -> PackModel:
    said = Minutes(
        held_on=date(2026, 11, 9),
        attendance=(Attendance(person="A. <Berger>", stood_in_for="C. Dubois"),),
        resolutions=(
            Resolution(
                number="D-1",
                clause="9.3.2-c3",
                kind="qms_change",
                text="#panic <b>One</b> list of promises",
                reason="Two lists disagree",
                action="R-1",
                decided_by="Board",
                decided_on=date(2026, 11, 9),
            ),
        ),
        suitability="It fits.",
    )
    return review().model_copy(update={"minutes": said})


def test_the_form_gives_way_to_the_minutes(held: PackModel) -> None:
    shown = show(held)
    assert shown["minutes"]["present"] == ["A. <Berger> (for C. Dubois)"]
    assert shown["minutes"]["lead"] == (
        f"Held on {figures.day(date(2026, 11, 9))}. Not closed yet: inputs and decisions may still change."
    )
    page = render_html(shown, {}, templates=TEMPLATES)
    assert "To be filled in at the review" not in page
    assert "#panic &lt;b&gt;One&lt;/b&gt; list of promises" in page
    assert "no owner" in page
    assert "To be filled in at the review" in render_html(show(review()), {}, templates=TEMPLATES)


def test_the_minutes_are_in_print(held: PackModel) -> None:
    import io

    from pypdf import PdfReader

    from qmsreports.pack.paper import render_pdf

    quiet = next(one for one in held.objectives if not one.exception and one.comment is None)
    said = ObjectiveComment(author="E. Novak", on=date(2026, 11, 3), cause="The new line runs well")
    told = [one.model_copy(update={"comment": said}) if one is quiet else one for one in held.objectives]
    shown = show(held.model_copy(update={"objectives": tuple(told)}))
    print_ = render_pdf(shown, {}, templates=TEMPLATES, attachments=(), stamp=BUILT)
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(print_)).pages)
    assert "#panic <b>One</b> list of promises" in " ".join(text.split())
    assert "The new line runs well" in " ".join(text.split())  # also where nothing had to be explained
    assert "Suitability: It fits." in " ".join(text.split())


@pytest.mark.parametrize(
    ("review_of", "period", "said_of", "states"),
    [
        ("annual", "2025", ("2025-08", "2025-12"), ("considered", "considered")),
        ("quarterly", "2026-Q1", ("2026-02", "2026-10"), ("considered", "missing")),
        ("quarterly", "2026-Q4", ("2026-10", "2026-Q3"), ("considered", "missing")),
    ],
)
def test_statements_of_the_workbook_count_by_the_days_of_their_periods(
    tmp_path: Path, review_of: str, period: str, said_of: tuple[str, str], states: tuple[str, str]
) -> None:
    made = filled(tmp_path)
    said = {"statement": "Enough.", "considered_by": "M. Huber", "considered_on": date(2026, 11, 2)}
    made.rows(
        "considered_inputs",
        [
            {**said, "statement_id": f"S-{clause}", "clause": clause, "period": of}
            for clause, of in zip(("9.3.2-d", "9.3.2-e", "9.3.2-f"), (*said_of, "any day"), strict=True)
        ],
    )
    reviewed = Period.parse(period)
    declared = made.catalog.reviews[review_of]
    pack = collect(made.register, made.lake, made.catalog, declared, reviewed, as_of=LATER).pack
    rows = {row.clause: row for row in pack.ledgers[0].rows}
    assert tuple(rows[clause].state for clause in ("9.3.2-d", "9.3.2-e")) == states
    assert rows["9.3.2-f"].last_considered == ""
    before = {"2026-Q1": "", "2026-Q4": "2026-Q3", "2025": ""}[period]
    assert rows["9.3.2-e"].last_considered == before


def test_the_last_cover_is_the_one_that_ended_last(tmp_path: Path) -> None:
    made = filled(tmp_path)
    said = {"clause": "9.3.2-d", "statement": "Enough.", "considered_by": "M. Huber", "considered_on": date(2026, 7, 2)}
    periods = ("2026-Q2", "2026-05", "2025")  # as texts the quarter would be the newest
    made.rows("considered_inputs", [{**said, "statement_id": of, "period": of} for of in periods])
    resource = {"resource_id": "R-1", "site": "linz", "kind": "staffing", "title": "Assembly", "unit": "people"}
    made.rows("resources", [{**resource, "measured_on": date(2026, 8, 3)}])
    rows = {row.clause: row for row in seen(made).ledgers[0].rows}
    assert rows["9.3.2-d"].last_considered == "2026-08"


def test_a_months_statement_in_the_register_counts_for_its_year(tmp_path: Path) -> None:
    made = filled(tmp_path)
    said = ConsideredInput(
        review="monthly",  # as the command records it: each review has its own kind of period
        period="2026-03",
        clause="9.3.2-d",
        text="Enough people.",
        considered_by="A. Berger",
        considered_on=date(2026, 4, 3),
        at=SAID,
    )
    with made.register.write() as session:
        reviews.add_considered(session, said)
    declared = made.catalog.reviews["annual"]
    pack = collect(made.register, made.lake, made.catalog, declared, Period.parse("2026"), as_of=LATER).pack
    assert {row.state for row in pack.ledgers[0].rows if row.clause == "9.3.2-d"} == {"considered"}
