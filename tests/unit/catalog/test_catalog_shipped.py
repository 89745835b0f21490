"""The catalog that is shipped: whole, in words, with worked examples, and covering every input of the review."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from qmsreports.catalog.check import check_catalog
from qmsreports.catalog.document import read_document
from qmsreports.catalog.load import Catalog
from qmsreports.period import Period

FIRST_TABLE = {
    "csat", "nps", "ces", "survey_response_rate", "win_rate",
    "on_time_delivery", "on_time_first_promise", "on_time_to_request", "otif", "order_lines_overdue",
    "defects_ppm", "first_pass_yield", "rolled_throughput_yield", "rework_share", "scrap_rate", "oee", "repair_time",
    "schedule_adherence", "cost_of_poor_quality", "cost_of_quality", "internal_failure_cost", "external_failure_cost",
    "nonconformities", "nonconformity_cost", "capa_on_time", "capa_overdue", "capa_effectiveness",
    "supplier_ppm", "supplier_on_time", "rejected_deliveries", "supplier_score",
    "audit_programme_done", "audit_findings_on_time", "audit_findings_overdue", "audit_findings_per_audit",
    "complaints_per_1000_orders", "complaints_justified", "complaints_open", "complaint_answer_days",
    "complaints_answered_on_time", "first_response_p90", "resolution_p90", "reopened_share", "ticket_backlog",
    "tickets_overdue", "old_tickets", "dpmo", "downtime_share",
    "staffing", "training_fulfilled", "risk_actions_effective", "risk_actions_overdue", "ideas_realised",
    "ideas_benefit",
}  # fmt: skip
EXPECTATIONS = {
    "promptness": {
        "first_response_median", "resolution_median", "resolved_within_target", "answered_within_promise",
        "answered_in_four_hours", "resolution_without_waiting",
    },
    "one experience": {
        "channel_gap_response", "channel_gap_csat", "csat_year", "second_channel_share", "first_contact_resolution",
    },
    "human touch": {"bot_reached_human", "csat_of_care", "complex_cases_by_human"},
    "transparency": {"updates_on_time", "late_orders_announced"},
    "proactive support": {"we_told_first"},
    "personal understanding": {"understood_me", "reassignments_per_case"},
    "one bad experience": {"bad_experience_share", "reorder_after_bad_experience"},
    "consistency": {"every_promise_kept", "nps_repeat_customers", "reorder_rate"},
}  # fmt: skip
"""What customers expect, each expectation with the KPIs that measure it."""
KPIS = FIRST_TABLE.union(*EXPECTATIONS.values())
WITHOUT_TARGET = 25
"""At most so many KPIs are only watched: a target that nobody agreed is worse than none."""
INPUTS_2015 = ("a", "b", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "d", "e", "f")
INPUTS_2026 = ("a", "b", "c", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "e", "f", "g")


def test_the_kpis(shipped: Catalog) -> None:
    assert set(shipped.kpis) == KPIS
    assert len(KPIS) >= 45
    assert shipped.warnings == ()


def test_every_kpi_is_a_question_with_an_owner_and_examples(shipped: Catalog) -> None:
    for name, kpi in shipped.kpis.items():
        assert kpi.question.endswith("?"), name
        assert kpi.owner.count(".") == 1, name
        assert any(feed.startswith("9.3.2-") for feed in kpi.feeds), name
        assert kpi.why.endswith("."), name
        assert all(version.why and version.examples for version in kpi.versions), name
        assert kpi.versions[-1].settles_after.days > 0, name


def test_on_time_delivery_changed_its_population_in_2026(shipped: Catalog) -> None:
    first, second = shipped.kpis["on_time_delivery"].versions
    assert (first.effective_from, second.effective_from) == (date(2024, 1, 1), date(2026, 1, 1))
    assert first.population is not None
    assert second.population is not None
    assert (first.population.period_by, second.population.period_by) == ("delivered_on", "promised_on")
    assert second.examples[0].expect == {"numerator": 1, "denominator": 3}


def test_both_editions_list_their_inputs(shipped: Catalog) -> None:
    old, new = shipped.clause_maps["iso9001-2015"], shipped.clause_maps["iso9001-2026"]
    assert tuple(item.clause for item in old.side("input")) == tuple(f"9.3.2-{letter}" for letter in INPUTS_2015)
    assert tuple(item.clause for item in new.side("input")) == tuple(f"9.3.2-{letter}" for letter in INPUTS_2026)
    for clauses in (old, new):
        assert [item.clause for item in clauses.side("output")] == ["9.3.3-a", "9.3.3-b", "9.3.3-c"]


def test_what_was_not_verified_is_marked(shipped: Catalog) -> None:
    new = shipped.clause_maps["iso9001-2026"]
    moved = [item for item in new.side("input") if item.clause != item.same_as]
    assert moved
    assert all(item.verify for item in moved)
    assert not any(item.verify for item in shipped.clause_maps["iso9001-2015"].items)


def test_every_input_can_be_shown_by_data(shipped: Catalog) -> None:
    """Each input of ISO 9001 has a table that is declared, or a KPI that feeds it."""
    for clauses in (shipped.clause_maps["iso9001-2015"], shipped.clause_maps["iso9001-2026"]):
        for item in clauses.side("input"):
            feeding = [kpi for kpi in shipped.kpis.values() if clauses.fed_by(item, kpi.feeds)]
            by_kpis = item.evidence.kpis == "by_feeds" and feeding
            assert by_kpis or item.evidence.tables, (clauses.clauses, item.clause)


def test_standards_beside_iso_9001_are_marked_and_claim_nothing_of_their_own(shipped: Catalog) -> None:
    others = {"iatf16949-2016", "as9100d-2016", "iso13485-2016", "iso14001-2015", "iso45001-2018"}
    assert set(shipped.clause_maps) == {"iso9001-2015", "iso9001-2026", *others}
    for name in sorted(others):
        assert all(item.verify for item in shipped.clause_maps[name].items), name
    plan = shipped.clause_maps["iatf16949-2016"].item("9.3.3.1")
    assert plan is not None
    assert plan.action_plan is not None
    assert plan.action_plan.about("nps", shipped.kpis["nps"].feeds)
    assert not plan.action_plan.about("oee", shipped.kpis["oee"].feeds)


def test_a_review_against_what_a_standard_adds_names_what_it_adds_to(shipped: Catalog) -> None:
    """AS9100D alone would be one input of thirteen, and a review that closes with one."""
    for name, added, found in (
        ("as9100d-2016", ("as9100d-2016",), True),
        ("iatf16949-2016", ("iso9001-2026", "iatf16949-2016"), True),
        ("iatf16949-2016", ("iso9001-2015", "iatf16949-2016"), False),
        ("iso14001-2015", ("iso14001-2015",), False),  # a whole standard, whatever it shares
    ):
        monthly = shipped.reviews["monthly"].model_copy(update={"standards": added})
        wrong = check_catalog(replace(shipped, reviews={"monthly": monthly}))
        said = [str(one) for one in wrong if "lists only what it adds to" in str(one)]
        assert bool(said) is found, added
        if found:
            assert f"name both: [iso9001-2015, {name}]" in said[0]


def test_inputs_with_trends_are_fed_by_kpis(shipped: Catalog) -> None:
    old = shipped.clause_maps["iso9001-2015"]
    for item in old.side("input"):
        if item.trends:
            assert any(old.fed_by(item, kpi.feeds) for kpi in shipped.kpis.values()), item.clause


def test_targets_of_the_demo(shipped: Catalog) -> None:
    assert len(KPIS - set(shipped.targets.files)) <= WITHOUT_TARGET
    assert "win_rate" not in shipped.targets.files
    dated = [name for name, file in shipped.targets.files.items() if len({target.start for target in file.targets}) > 1]
    assert len(dated) >= 3
    now = shipped.targets.of("on_time_delivery", Period.parse("2026-10"))
    before = shipped.targets.of("on_time_delivery", Period.parse("2024-10"))
    assert now is not None
    assert before is not None
    assert (now.meet, before.meet) == (95, 92)
    assert shipped.targets.deviation("resolved_within_target", Period.parse("2026-07")) is not None
    assert shipped.targets.deviation("resolved_within_target", Period.parse("2026-09")) is None


def test_the_review_shows_every_kpi(shipped: Catalog) -> None:
    review = shipped.reviews["monthly"]
    assert set(review.scoreboard) == KPIS
    assert review.standards == ("iso9001-2015", "iso9001-2026")
    placed = [kpi for section in review.sections for kpi in section.kpis]
    assert sorted(placed) == sorted(KPIS)


def test_no_file_of_the_catalog_is_left_unread(shipped: Catalog) -> None:
    folder = Path(__file__).parents[3] / "catalog"
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml")}
    read = {document.name.removeprefix("catalog/") for document in shipped.documents.values()}
    assert written == read
    assert all(read_document(folder / name, name).data for name in sorted(written)[:3])
