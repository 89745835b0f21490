"""What is proposed for missed objectives: never recorded by itself, and asked for where a standard says so."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pack_fixture import PLANS, objective
from pack_fixture_review import facts
from pack_workspace import BUILT, OCTOBER, Workspace, filled

from qmsreports.pack.assemble import assemble
from qmsreports.pack.collect import collect
from qmsreports.pack.objective import Objective
from qmsreports.pack.proposals import Proposal, months_after, proposals
from qmsreports.pack.view.meeting import proposals as shown
from qmsreports.register import actions

END = date(2026, 10, 31)
BY_KPI = {plan.kpi: plan for plan in PLANS}


def one(kpi: str, status: str = "missed", **changed: Any) -> Objective:
    made = objective(BY_KPI[kpi])
    points = (*made.points[:-1], made.points[-1].model_copy(update={"status": status}))
    return made.model_copy(update={"points": points, **changed})


def proposed(*objectives: Objective, **given: Any) -> tuple[Proposal, ...]:
    return proposals(
        objectives, END, given.get("read_on", END), planned=given.get("planned", {}), required=given.get("required", {})
    )


@pytest.mark.parametrize(
    ("end", "day"),
    [
        (date(2026, 10, 31), date(2026, 12, 31)),
        (date(2026, 11, 30), date(2027, 1, 31)),
        (date(2026, 12, 31), date(2027, 2, 28)),
        (date(2027, 12, 31), date(2028, 2, 29)),
    ],
)
def test_a_proposal_is_due_two_months_after_the_period(end: date, day: date) -> None:
    assert months_after(end, 2) == day


@pytest.mark.parametrize("status", ["met", "near", "accepted_deviation", "no_data", "not_valid", "provisional"])
def test_only_a_miss_proposes(status: str) -> None:
    assert proposed(one("csat", status)) == ()


@pytest.mark.parametrize(
    ("kpi", "status", "value", "target", "asks"),
    [
        ("nps", "near", 39.0, 40.0, True),
        ("csat", "near", 79.3, 80.0, True),
        ("csat", "provisional", 79.3, 80.0, True),
        ("csat", "provisional", 80.0, 80.0, False),
        ("csat", "provisional", 81.0, 80.0, False),
        ("csat", "provisional", None, 80.0, False),
        ("csat", "provisional", 79.3, None, False),
        ("complaints_per_1000_orders", "near", 5.1, 5.0, True),
        ("complaints_per_1000_orders", "provisional", 4.9, 5.0, False),
        ("csat", "accepted_deviation", 79.3, 80.0, False),
        ("csat", "no_data", None, 80.0, False),
    ],
)
def test_where_a_standard_asks_for_a_plan_a_target_that_is_nearly_met_is_not_met(
    kpi: str, status: str, value: float | None, target: float | None, asks: bool
) -> None:
    short = one(kpi, status)
    latest = short.latest.model_copy(update={"value": value, "target": target})
    short = short.model_copy(update={"points": (*short.points[:-1], latest)})
    found = proposed(short, required={kpi: ("IATF 16949:2016, 9.3.3.1",)})
    assert [(item.kpi, item.required_by) for item in found] == ([(kpi, ("IATF 16949:2016, 9.3.3.1",))] if asks else [])
    assert proposed(short) == ()  # where no standard asks, only a miss proposes


def test_what_is_proposed_depends_on_what_the_process_does() -> None:
    stable = {"variation": "common_cause", "assurance": "hit_or_miss"}
    (chance,) = proposed(one("csat", **stable))
    (unable,) = proposed(one("csat", **{**stable, "assurance": "fail"}))
    (signal,) = proposed(one("csat", **{**stable, "variation": "concern_low", "assurance": "fail"}))
    assert chance.title.endswith("Satisfied customers: that 85\u00a0% was missed lies within its usual variation")
    assert unable.title.endswith("so that it can reach 85\u00a0%, or agree another target")
    assert signal.title.startswith("Find and remove the cause: Satisfied customers, ")
    assert (chance.owner, chance.due) == ("head.of.sales", date(2026, 12, 31))


def test_usual_variation_is_claimed_only_where_there_are_limits() -> None:
    stable = one("csat", variation="common_cause", assurance="none")
    trial = stable.model_copy(update={"segments": (stable.segments[-1].model_copy(update={"trial": True}),)})
    bare = stable.latest.model_copy(update={"lower": None, "upper": None})
    without = stable.model_copy(update={"points": (*stable.points[:-1], bare)})
    for seen in (trial, without, stable.model_copy(update={"small_sample": 10**6})):
        (told,) = proposed(seen)
        assert told.title.endswith("was missed, with too little data to tell a signal from usual variation")
    (better,) = proposed(one("csat", variation="improvement_high", assurance="hit_or_miss"))
    assert better.title.startswith("Follow up Satisfied customers: ")


def test_a_late_pack_proposes_no_day_of_the_past() -> None:
    (soon,) = proposed(one("csat"), read_on=date(2026, 11, 30))
    (late,) = proposed(one("csat"), read_on=date(2027, 3, 2))
    assert (soon.due, late.due) == (date(2026, 12, 31), date(2027, 5, 31))


def test_what_a_standard_asks_for_comes_first_and_what_is_taken_up_last() -> None:
    found = proposed(
        one("csat"),
        one("ces"),
        one("nps"),
        planned={"csat": "R-3"},
        required={"csat": ("IATF 16949:2016, 9.3.3.1",), "nps": ("IATF 16949:2016, 9.3.3.1",)},
    )
    assert [(item.kpi, item.action) for item in found] == [("nps", ""), ("ces", ""), ("csat", "R-3")]


def test_a_pack_shows_who_asks_and_what_is_not_recorded() -> None:
    pack = assemble(facts([one("nps"), one("ces")], required={"nps": ("IATF 16949:2016, 9.3.3.1",)}))
    first, second = shown(pack)
    assert (first["state"], first["tone"], first["required"]) == (
        "not recorded",
        "bad",
        "required by IATF 16949:2016, 9.3.3.1",
    )
    assert (second["required"], second["tone"]) == ("", "")


def planned(made: Workspace, after: timedelta) -> dict[str, str]:
    review = made.catalog.reviews["monthly"].model_copy(update={"standards": ("iso9001-2015", "iatf16949-2016")})
    pack = collect(made.register, made.lake, made.catalog, review, OCTOBER, as_of=BUILT + after).pack
    assert all(item.required_by == ("IATF 16949:2016, 9.3.3.1",) for item in pack.proposals)
    return {item.kpi: item.action for item in pack.proposals}


def test_a_recorded_action_stands_for_its_objective_until_it_is_dropped(tmp_path: Path) -> None:
    made = filled(tmp_path)
    assert planned(made, timedelta()) == {"otif": ""}  # 90 of 95; nps is met

    def say(number: str, hours: int, period: str = "2026-10", **said: Any) -> None:
        dropped = said.pop("dropped", False)
        at = BUILT + timedelta(hours=hours)
        with made.register.write() as session:
            actions.record(
                session, number, "monthly", period, said, day=at.date(), who="E. Novak", at=at, dropped=dropped
            )

    say("R-1", 1, kpi="otif", title="Second carrier", owner="supply.manager", due=date(2026, 12, 1))
    say("R-2", 2, "2026-11", kpi="otif", title="Of a later review")
    assert planned(made, timedelta()) == {"otif": ""}  # as it was known then
    assert planned(made, timedelta(hours=3)) == {"otif": "R-1"}
    say("R-1", 4, dropped=True)
    assert planned(made, timedelta(hours=5)) == {"otif": ""}
    say("R-3", 6, "2026-07", kpi="otif", title="Long done", done_on=date(2026, 8, 1))
    assert planned(made, timedelta(hours=7)) == {"otif": ""}  # done before the period: it stands for no miss of it
