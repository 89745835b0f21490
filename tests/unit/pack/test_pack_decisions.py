"""What needs a decision, in which order, and that noise asks for none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from pack_fixture import PLANS, objective
from pack_fixture_review import facts, header, review, stopped

from qmsreports.pack.assemble import as_edition, assemble, glance, trust_sentences
from qmsreports.pack.changes import changes
from qmsreports.pack.decisions import about_objective, decisions, failed_feeds, missing, overdue
from qmsreports.pack.model import Action, DefinitionChange, Feed, LedgerRow, SourceQuality
from qmsreports.pack.objective import Objective
from qmsreports.pack.view.records import quality

BY_KPI = {plan.kpi: plan for plan in PLANS}


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def one(name: str, **changed: object) -> Objective:
    return objective(BY_KPI[name]).model_copy(update=changed)


def action(number: str, state: str, days: int = 0, moved: int = 0) -> Action:
    day = date(2026, 9, 1)
    return Action(
        action=number,
        review="2026-08",
        title=f"Title {number}",
        owner="a.b",
        decided_on=day,
        original_due=day,
        due=day,
        done_on=None,
        state=state,
        overdue_days=days,
        moved_days=moved,
    )


def row(clause: str, state: str, last: str = "") -> LedgerRow:
    return LedgerRow(clause=clause, number=clause, label=f"Label {clause}", state=state, last_considered=last)


def test_a_miss_inside_the_limits_is_noise_and_asks_for_nothing() -> None:
    missed = one("cost_of_poor_quality")
    assert missed.latest.status == "missed"
    assert decisions([missed], (), (), (), {}) == ()


def test_what_cannot_be_met_says_by_how_much_and_how_often() -> None:
    said = about_objective(one("on_time_delivery"))
    assert said.kind == "cannot_meet"
    assert said.title == "On-time delivery cannot meet its objective as the process stands"
    text = plain(said.evidence)
    assert "target at least 95 %" in text
    assert "The target lies above the upper limit of" in text
    assert "met in 0 of 13 months since October 2025" in text
    assert "Owner's comment missing, owed by supply manager." in text


def test_where_lower_is_better_the_target_lies_below_the_lower_limit() -> None:
    worse = one("scrap_rate")
    fails = worse.model_copy(update={"assurance": "fail"})
    assert "The target lies below the lower limit of" in plain(about_objective(fails).evidence)


def test_the_owner_is_quoted_where_there_is_a_comment() -> None:
    text = plain(about_objective(one("capa_on_time")).evidence)
    assert "M. Huber: Second laboratory under contract, by 15 Dec 2026." in text
    assert "comment missing" not in text


def test_a_concern_names_the_parts_that_carry_it() -> None:
    said = about_objective(one("first_pass_yield"))
    assert said.kind == "concern"
    assert said.title == "First pass yield: below its lower limit since August 2026"
    assert "By site, the signal shows only in Lyon." in plain(said.evidence)


def test_parts_that_all_carry_a_signal_are_not_listed() -> None:
    concern = one("first_pass_yield")
    every = tuple(piece.model_copy(update={"variation": "concern_low"}) for piece in concern.slices)
    text = plain(about_objective(concern.model_copy(update={"slices": every})).evidence)
    assert "Every site shows a signal." in text


def test_limits_from_before_an_improvement_are_not_argued_with() -> None:
    """Twelve months above the old limit: first record the change, then judge the target."""
    improved = one("csat", assurance="fail")
    text = about_objective(improved)
    assert "Improvement at the same time" in plain(text.evidence)
    assert text.asks.startswith("Record when and why the process changed")


def test_an_accepted_deviation_is_decided_already() -> None:
    fails = one("on_time_delivery")
    latest = fails.latest.model_copy(update={"status": "accepted_deviation"})
    accepted = fails.model_copy(update={"points": (*fails.points[:-1], latest)})
    assert decisions([accepted], (), (), (), {}) == ()


def test_the_order_is_out_of_reach_then_concern_then_owed_then_missing_then_feeds() -> None:
    kinds = [item.kind for item in review().decisions]
    assert kinds == ["cannot_meet", "cannot_meet", "concern", "overdue", "missing_input", "failed_feed"]


def test_after_five_objectives_the_collected_items_come_first() -> None:
    many = [one("on_time_delivery", kpi=f"k{number}") for number in range(8)]
    found = decisions(many, [action("A", "overdue", 3)], [row("d", "missing")], (), {})
    assert [item.kind for item in found] == ["cannot_meet"] * 5 + ["overdue", "missing_input"] + ["cannot_meet"] * 3


def test_overdue_actions_are_one_item_the_longest_first() -> None:
    late = [action("A-1", "overdue", 3), action("A-2", "overdue", 30, moved=5), action("A-3", "on_track")]
    found = overdue([*late, action("A-4", "overdue", 9), action("A-5", "overdue", 1)])
    assert found is not None
    assert plain(found.title) == "4 actions of earlier reviews are overdue"
    assert plain(found.evidence) == (
        "A-2 Title A-2 (a b, 30 days); A-4 Title A-4 (a b, 9 days); A-1 Title A-1 (a b, 3 days); 1 more. "
        "The due date of 1 of them was moved before."
    )
    single = overdue([action("A-1", "overdue", 1)])
    assert single is not None
    assert plain(single.title) == "1 action of earlier reviews is overdue"
    assert plain(single.evidence) == "A-1 Title A-1 (a b, 1 day)."
    assert overdue([action("A-3", "on_track"), action("A-6", "done")]) is None


def test_missing_inputs_say_when_they_were_last_covered() -> None:
    found = missing([row("a", "data"), row("d", "missing", "2026-07"), row("e", "missing")])
    assert found is not None
    assert plain(found.title) == "2 required inputs have neither data nor a statement"
    assert found.evidence == "d Label d (last covered in July 2026); e Label e (never covered so far)."
    assert missing([row("b", "considered")]) is None


def test_failed_feeds_name_the_values_that_are_missing() -> None:
    def feed(table: str, status: str) -> Feed:
        return Feed(
            source="mes",
            table=table,
            title=table,
            status=status,
            rows_in=5,
            refreshed=0,
            conformed=0,
            quarantined=0,
            duplicates=0,
            message="bad",
        )

    source = SourceQuality(source="mes", title="MES", feeds=(feed("shifts", "stopped"), feed("stops", "published")))
    (found,) = failed_feeds([source], {("mes", "shifts"): ("OEE",)})
    assert found is not None
    assert plain(found.title) == "MES: 1 feed stopped before the lake"
    assert found.evidence == "shifts: bad. No value for OEE."
    (none,) = failed_feeds([source], {})
    assert none is not None
    assert none.evidence.endswith("No KPI of this pack depends on it.")


def test_a_new_signal_is_told_once() -> None:
    concern = one("first_pass_yield")  # since August
    assert changes(header(last_period="2026-07"), [concern], (), ())[0].kind == "signal_new"
    assert changes(header(last_period="2026-09"), [concern], (), ()) == ()
    assert changes(header(last_period=""), [concern], (), ()) == ()


def test_a_signal_that_ended_since_the_last_review_is_told() -> None:
    ended = one("nps")  # July and August
    (said,) = changes(header(last_period="2026-08"), [ended], (), ())
    assert said.text == "Net promoter score: concern July 2026 to August 2026, no signal now."
    assert changes(header(last_period="2026-09"), [ended], (), ()) == ()


@pytest.mark.parametrize(("day", "told"), [(date(2026, 9, 30), 0), (date(2026, 10, 1), 1), (date(2026, 11, 1), 0)])
def test_a_definition_is_news_from_the_day_after_the_last_period_to_the_last_day(day: date, told: int) -> None:
    change = DefinitionChange(
        kpi="nps", title="NPS", kind="target", effective_from=day, before="40", after="45", why="Agreed."
    )
    found = changes(header(), [], [change], ())
    assert len(found) == told
    assert all(item.text == "NPS: target 40 \u2192 45: Agreed." for item in found)


def test_every_objective_is_counted_once() -> None:
    seen = review().glance
    parts = (seen.met, seen.near, seen.missed, seen.accepted, seen.provisional, seen.not_valid, seen.no_data)
    assert sum(parts) + seen.no_target == seen.objectives == 22
    assert (seen.not_valid, seen.no_target, seen.concerns, seen.cannot_meet) == (1, 1, 1, 2)
    assert seen.expected_false_signals == 0.5  # 21 charts with a value x 0.022
    assert glance([]).objectives == 0


def test_a_stopped_value_is_neither_signal_nor_last_months_value() -> None:
    pack = assemble(facts([stopped(one("oee"))]))
    (seen,) = pack.objectives
    assert seen.latest.value is None
    assert seen.exception == ("not_valid",)
    assert pack.trust.stopped == ("oee",)
    assert "Stopped by validation: Overall equipment effectiveness." in trust_sentences(pack)


def test_trust_is_said_with_its_sums() -> None:
    said = [plain(text) for text in trust_sentences(review())]
    assert said[0] == "All 5 sources read."
    assert said[1] == (
        "1,289,128 rows in: 1,286,865 conformed, 402 duplicates, 37 quarantined (0.003 %), 1,824 held back in stopped "
        "feeds; every row is accounted for."
    )  # 1,286,865 + 402 + 37 + 1,824 = 1,289,128
    nothing = assemble(replace(facts([]), quality=(), failed_rules=(), quarantine_since=()))
    assert [plain(text) for text in trust_sentences(nothing)][2:4] == [
        "0 rows in: 0 conformed, 0 duplicates, 0 quarantined (–); every row is accounted for.",  # noqa: RUF001
        "No rule failed.",
    ]


def test_rows_of_a_derived_table_are_no_rows_in() -> None:
    def feed(source: str, table: str, rows: int) -> Feed:
        return Feed(
            source=source,
            table=table,
            title=table,
            status="published",
            rows_in=rows,
            refreshed=0,
            conformed=rows,
            quarantined=0,
            duplicates=0,
        )

    sources = (
        SourceQuality(source="crm", title="CRM", feeds=(feed("crm", "order_lines", 90),)),
        SourceQuality(source="derived", title="Derived", feeds=(feed("derived", "customer_months", 23),)),
    )
    pack = assemble(replace(facts([one("nps")]), quality=sources, failed_rules=(), quarantine_since=()))
    assert [plain(text) for text in trust_sentences(pack)][:2] == [
        "All 1 source read.",
        "90 rows in: 90 conformed, 0 duplicates, 0 quarantined (0 %); every row is accounted for.",
    ]
    shown = quality(pack)
    assert shown["total"] == ["90", "0", "90", "0", "0"]
    assert plain(shown["sources"][1]["feeds"][0]["title"]) == "customer_months, 23 rows"
    assert shown["sources"][1]["feeds"][0]["rows_in"] == "\u2013"


def test_an_edition_says_what_it_replaces_and_why() -> None:
    pack = as_edition(review(), 2, "monthly-2026-10-e1", "new data in tickets")
    assert pack.header.edition == 2
    assert pack.changes[0].text == "This edition replaces monthly-2026-10-e1: new data in tickets."
    assert as_edition(review(), 1).changes == review().changes
