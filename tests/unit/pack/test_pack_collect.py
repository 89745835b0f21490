"""What is read for a pack: as it was at one instant, honestly counted, with the evidence that the clause map asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pack_workspace import BUILT, MEASURED, OCTOBER, Workspace, filled

from qmsreports.catalog.kpi import Retirement
from qmsreports.errors import UserError
from qmsreports.pack.collect import collect
from qmsreports.pack.collect.actions import action_state
from qmsreports.pack.collect.conditions import sql_of
from qmsreports.pack.model import PackModel
from qmsreports.period import Period
from qmsreports.records import BuiltPack


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return filled(tmp_path_factory.mktemp("workspace"))


def read(made: Workspace, as_of: datetime = BUILT, period: Period = OCTOBER) -> PackModel:
    review = made.catalog.reviews["monthly"]
    return collect(made.register, made.lake, made.catalog, review, period, as_of=as_of).pack


@pytest.fixture(scope="module")
def october(made: Workspace) -> PackModel:
    return read(made)


def test_the_header_says_whose_review_of_what(october: PackModel) -> None:
    head = october.header
    assert (head.organisation, head.review, head.period, head.last_period) == (
        "Arvella Pumps",
        "monthly",
        "2026-10",
        "",  # nobody held or approved an earlier one
    )
    assert [name.title for name in head.standards] == ["ISO 9001:2015 with Amendment 1:2024", "ISO 9001:2026"]
    assert [name.unverified for name in head.standards] == [False, True]
    assert head.data_read_at == MEASURED


def test_objectives_carry_values_limits_finding_and_source(october: PackModel) -> None:
    otif = october.objective("otif")
    assert [point.value for point in otif.points[-3:]] == [88.0, 89.0, 90.0]  # 24 values of 88, 89, 90 in turn
    assert len(otif.points) == 24
    assert otif.latest.period == "2026-10"
    assert otif.latest.upper is not None
    assert otif.assurance == "fail"  # 88 to 90 against 95
    assert "95\u00a0% cannot be met as the process stands" in otif.finding
    assert otif.exception == ("cannot_meet",)
    assert otif.reads == ("order_lines",)
    (text,) = [entry for entry in october.sql if "otif" in entry.kpis]
    assert text.text == "SELECT 1 AS otif"


def test_what_a_value_can_be_is_what_the_definition_says_until_a_value_is_beyond(tmp_path: Path) -> None:
    made = filled(tmp_path)
    made.series("external_failure_cost", [900.0, 10.0] * 12)
    found = read(made).objective("external_failure_cost")
    assert found.possible == (0.0, None)
    lower = found.latest.lower
    assert lower is not None
    assert lower < 0  # calculated as ever: it tells signal from noise
    assert found.within(lower, 1e6) == (0.0, 1e6)  # printed no further than a cost can go
    made.series("external_failure_cost", [900.0, -10.0] * 12, at=MEASURED + timedelta(minutes=1))
    assert read(made).objective("external_failure_cost").possible == (None, None)  # a credit note is more than was said


def test_a_retired_kpi_leaves_the_pack_with_one_line_that_says_so(made: Workspace, october: PackModel) -> None:
    agreed = {"by": "Management", "on": date(2026, 9, 15), "record": "Review 2026-08"}
    ends = Retirement.model_validate({"from": date(2026, 10, 1), "because": "Another scale.", "agreed": agreed})
    retired = made.catalog.kpis["nps"].model_copy(update={"retired": ends})
    found = read(replace(made, catalog=replace(made.catalog, kpis={**made.catalog.kpis, "nps": retired})))
    assert [objective.kpi for objective in found.objectives] == ["otif"]
    assert found.unmeasured == october.unmeasured  # it is not missing either
    (change,) = [change for change in found.definition_changes if change.kpi == "nps"]
    assert (change.title, change.before, change.after) == ("Net promoter score", "version 1", "retired")
    assert (change.effective_from, change.why) == (date(2026, 10, 1), "Another scale.")
    (customers,) = [row for row in found.ledgers[0].rows if row.clause == "9.3.2-c1"]
    assert (customers.state, customers.last_considered) == ("missing", "2026-09")  # the last month that it answered for


def test_a_gap_is_never_below_nothing(tmp_path: Path) -> None:
    made = filled(tmp_path)
    made.series("channel_gap_response", [9.0, 1.0] * 12, target=20.0)
    found = read(made).objective("channel_gap_response")
    assert (found.unit, found.possible) == ("points", (0.0, None))  # other points go down to -100


def test_a_kpi_that_was_never_measured_is_not_in_the_pack(october: PackModel) -> None:
    assert {objective.kpi for objective in october.objectives} == {"nps", "otif"}


def test_every_input_of_the_standard_has_its_section_in_order(october: PackModel) -> None:
    letters = [section.clause.removeprefix("9.3.2-") for section in october.sections]
    assert letters == ["a", "b", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "d", "e", "f"]
    shown = [kpi for section in october.sections for kpi in section.kpis]
    assert sorted(shown) == sorted(set(shown))  # each objective in depth once
    c2 = next(section for section in october.sections if section.clause == "9.3.2-c2")
    assert set(c2.also) == {"nps", "otif"}  # both feed it and are shown elsewhere


def test_an_input_is_data_considered_or_missing(october: PackModel) -> None:
    rows = {row.clause: row for row in october.ledgers[0].rows}
    assert rows["9.3.2-a"].state == "data"
    assert rows["9.3.2-a"].evidence == (
        ("Actions of earlier reviews, 2\u00a0rows", "actions"),
    )  # open or in the period
    assert rows["9.3.2-b"].state == "considered"
    assert rows["9.3.2-b"].considered_by == "M. Huber"
    assert rows["9.3.2-b"].statement == "Nothing new outside."
    assert rows["9.3.2-c1"].evidence == (("1\u00a0objective", "kpi-nps"),)
    assert rows["9.3.2-c6"].evidence == (("Audits, 1\u00a0row", "register-audits"),)
    assert rows["9.3.2-d"].state == "missing"
    assert rows["9.3.2-d"].last_considered == "2026-07"
    assert rows["9.3.2-e"].state == "missing"  # the table of risks is declared, and empty
    assert rows["9.3.2-e"].last_considered == ""


def test_another_edition_is_covered_by_what_equals_its_items(october: PackModel) -> None:
    rows = {row.clause: row for row in october.ledgers[1].rows}
    assert rows["9.3.2-b"].state == "considered"
    assert rows["9.3.2-c"].state == "missing"  # new in this edition: nobody considered it
    assert rows["9.3.2-d6"].state == "data"  # equals c6 of the edition before
    assert rows["9.3.2-e"].last_considered == "2026-07"  # equals d


def test_actions_to_look_at_and_the_others_counted(october: PackModel) -> None:
    assert [(action.action, action.state, action.overdue_days) for action in october.actions] == [
        ("A-1", "on_track", 0),
        ("A-2", "overdue", 20),  # due 11 October, open on the 31st
    ]
    assert october.actions[1].moved_days == 41  # 31 August to 11 October
    assert october.older_actions == 1


@pytest.mark.parametrize(
    ("original", "due", "done", "state", "days"),
    [
        (date(2026, 10, 31), date(2026, 10, 31), None, "on_track", 0),  # the day itself is still in time
        (date(2026, 10, 30), date(2026, 10, 30), None, "overdue", 1),
        (date(2026, 10, 1), date(2026, 12, 1), None, "on_track", 0),
        (date(2026, 10, 1), date(2026, 12, 1), date(2026, 10, 2), "done_late", 0),  # moving the date does not help
        (date(2026, 10, 1), date(2026, 10, 1), date(2026, 10, 1), "done", 0),
        (None, None, None, "on_track", 0),
    ],
)
def test_the_state_of_an_action(
    original: date | None, due: date | None, done: date | None, state: str, days: int
) -> None:
    assert action_state(original, due, done, date(2026, 10, 31)) == (state, days)


def test_rows_add_up_and_failed_rules_are_told(october: PackModel) -> None:
    trust = october.trust
    assert trust.deleted_at_source == 0
    assert (trust.rows_in, trust.refreshed, trust.conformed, trust.quarantined, trust.duplicates) == (91, 14, 101, 3, 1)
    assert trust.reconciles  # 91 + 14 = 101 + 3 + 1
    (rule,) = october.failed_rules
    assert (rule.rule, rule.rows_failed, rule.rows_checked) == ("in_set", 2, 100)


def test_a_register_shows_its_rows_and_counts(october: PackModel) -> None:
    c6 = next(section for section in october.sections if section.clause == "9.3.2-c6")
    audits = next(table for table in c6.registers if table.table == "audits")
    assert audits.rows == (("AU-1", "2026-10-07", "2026-10-08", "Linz", "internal", "Assembly", "E. Novak"),)
    assert audits.summary.startswith("1 planned for October 2026, 1 of them done; 0 owed from before.")
    findings = next(table for table in c6.registers if table.table == "audit_findings")
    assert (findings.rows, findings.total) == ((), 0)


def test_what_came_later_does_not_change_what_was_read_then(tmp_path: Path) -> None:
    made = filled(tmp_path)
    then = read(made)
    later = BUILT + timedelta(days=2)
    made.series("otif", [88.0 + (index % 3) for index in range(23)] + [99.0], target=95.0, at=later)
    made.feed("crm", "order_lines", 500, at=later)
    assert read(made) == then
    now = read(made, later)
    assert now.objective("otif").latest.value == 99.0
    assert now.trust.rows_in == 591


def test_a_stopped_feed_is_held_and_said(tmp_path: Path) -> None:
    made = filled(tmp_path)
    reason = "2,104 rows without a site"
    made.feed(
        "crm", "order_lines", 70, status="stopped", conformed=0, message=reason, at=MEASURED + timedelta(minutes=5)
    )
    found = read(made)
    (crm,) = [source for source in found.quality if source.source == "crm"]
    assert (crm.feeds[0].status, crm.feeds[0].held, crm.feeds[0].reconciles) == ("stopped", 70, True)
    (decision,) = [item for item in found.decisions if item.kind == "failed_feed"]
    assert reason in decision.evidence
    assert found.trust.held == 70


def test_a_series_without_an_analysis_is_not_said_to_hold_no_signal(made: Workspace, october: PackModel) -> None:
    found = read(made, period=OCTOBER.shift(-1)).objective("otif")
    (said,) = found.reservations
    assert said == "The series was not analysed up to this period: whether it holds a signal is not known."
    assert october.objective("otif").reservations == ()


def test_a_feed_that_failed_and_came_in_again_without_news_is_as_it_was_before(tmp_path: Path) -> None:
    made = filled(tmp_path)
    before = read(made)
    for minute, status in enumerate(("failed", "failed", "unchanged"), start=1):
        made.feed("crm", "order_lines", 0, status=status, message="unreadable", at=MEASURED + timedelta(minutes=minute))
    failed = read(made, MEASURED + timedelta(minutes=2))
    assert (failed.trust.sources_read, failed.trust.sources) == (1, 2)
    (decision,) = [item for item in failed.decisions if item.kind == "failed_feed"]
    assert decision.evidence.endswith("Without the newest data: Net promoter score and On time and in full.")
    again = read(made)
    assert again.quality == before.quality
    assert again.trust == before.trust
    assert again.decisions == before.decisions


def test_a_feed_that_never_came_in_and_has_nothing_is_read(tmp_path: Path) -> None:
    made = filled(tmp_path)
    for minute, status in enumerate(("failed", "unchanged"), start=1):
        made.feed("mes", "downtimes", 0, status=status, at=MEASURED + timedelta(minutes=minute))
    found = read(made)
    (mes,) = [source for source in found.quality if source.source == "mes"]
    assert [(feed.table, feed.status) for feed in mes.feeds] == [("downtimes", "unchanged")]
    assert found.trust.sources_read == found.trust.sources == 3


def test_a_register_of_the_organisations_own_shows_its_newest_rows(tmp_path: Path) -> None:
    made = filled(tmp_path)
    lost = {
        "opportunity_id": "O-1",
        "customer_id": "C",
        "site": "linz",
        "opened_on": date(2026, 10, 2),
        "stage": "open",
    }
    late = {**lost, "opportunity_id": "O-2", "opened_on": date(2026, 11, 2)}
    made.rows("opportunities", [{**lost, "value": 12.5}, {**late, "value": 1.0}], source="crm")
    from qmsreports.pack.collect.registers import register

    table = made.catalog.tables["opportunities"]
    with made.lake.connect([table]) as connection:
        shown = register(connection, table, OCTOBER, made.catalog.organisation)
    assert shown.total == 1  # November is not this review's
    assert [row[0] for row in shown.rows] == ["O-1"]


def test_an_unknown_standard_is_a_finding_with_its_place(made: Workspace) -> None:
    review = made.catalog.reviews["monthly"].model_copy(update={"standards": ("iso9001-1987",)})
    with pytest.raises(UserError, match=r'monthly.yaml:\d+: there is no clause map "iso9001-1987"; write'):
        collect(made.register, made.lake, made.catalog, review, OCTOBER, as_of=BUILT)


def test_an_empty_workspace_gives_a_pack_that_says_so(tmp_path: Path) -> None:
    found = read(Workspace.at(tmp_path), datetime(2026, 11, 3, tzinfo=UTC))
    assert found.objectives == ()
    assert [row.state for row in found.ledgers[0].rows] == ["missing"] * 12
    assert [item.kind for item in found.decisions] == ["missing_input"]
    assert found.trust.rows_in == 0


@pytest.mark.parametrize(
    ("condition", "sql"),
    [
        ({"field": "kind", "is": "climate"}, "\"kind\" = 'climate'"),
        ({"field": "kind", "is": "it's"}, "\"kind\" = 'it''s'"),
        ({"field": "kind", "in": ["a", "b"]}, "\"kind\" IN ('a', 'b')"),
        ({"field": "kind", "not_in": ["a"]}, "\"kind\" NOT IN ('a')"),
        ({"field": "cost", "above": 10}, '"cost" > 10'),
        ({"field": "done_on", "at_most": {"field": "due_on"}}, '"done_on" <= "due_on"'),
        ({"field": "done_on", "known": True}, '"done_on" IS NOT NULL'),
        ({"field": "done_on", "known": False}, '"done_on" IS NULL'),
        ({"field": "planned", "is_not": True}, '"planned" <> true'),
        ({"field": "on", "at_least": date(2026, 1, 2)}, "\"on\" >= DATE '2026-01-02'"),
        ({"field": "due_at", "above": {"field": "opened_at"}}, '"due_at" > "opened_at"'),
        (
            {"field": "due_at", "below": date(2026, 1, 2)},
            "CAST(\"due_at\" AT TIME ZONE 'Europe/Vienna' AS DATE) < DATE '2026-01-02'",
        ),
    ],
)
def test_conditions_in_words_become_sql(condition: dict[str, object], sql: str, made: Workspace) -> None:
    from qmsreports.catalog.condition import Condition

    assert sql_of(Condition.model_validate(condition), made.catalog.tables["tickets"], "Europe/Vienna") == sql


def test_a_value_that_reads_differently_since_the_last_review_is_told(tmp_path: Path) -> None:
    made = filled(tmp_path)
    review, september = made.catalog.reviews["monthly"], Period.parse("2026-09")
    with made.register.write() as session:
        from qmsreports.register.packs import approve_pack, record_pack

        last = BuiltPack("monthly", september, 1, "draft", tmp_path, (), "inputs")
        row = record_pack(session, last, run_id="r0", at=MEASURED + timedelta(minutes=1))
        approve_pack(session, row, by="M. Huber", at=MEASURED + timedelta(minutes=1))
    late = [88.0 + (index % 3) for index in range(24)]
    late[-2] = 93.0  # September, published as 89
    late[-1] = 93.0  # October is this review's own: news, not a restatement
    made.series("otif", late, target=95.0, at=MEASURED + timedelta(minutes=2))
    found = collect(made.register, made.lake, made.catalog, review, OCTOBER, as_of=BUILT).pack
    assert [(item.kpi, item.period, item.before, item.after) for item in found.restatements] == [
        ("otif", "2026-09", 89.0, 93.0)
    ]
    assert [change.text.replace("\u00a0", " ") for change in found.changes if change.kind == "revised"] == [
        "On time and in full, September 2026: 89.0 % \u2192 93.0 % (late data)."
    ]


def test_a_target_that_was_changed_after_the_fact_is_told_once_for_its_months(tmp_path: Path) -> None:
    """88, 89 and 90 of 95 were missed; against 89 every third month is still missed, two of three are met."""
    made = filled(tmp_path)
    review, september = made.catalog.reviews["monthly"], Period.parse("2026-09")
    with made.register.write() as session:
        from qmsreports.register.packs import approve_pack, record_pack

        last = BuiltPack("monthly", september, 1, "draft", tmp_path, (), "inputs")
        row = record_pack(session, last, run_id="r0", at=MEASURED + timedelta(minutes=1))
        approve_pack(session, row, by="M. Huber", at=MEASURED + timedelta(minutes=1))
    assert not [one for one in read(made).definition_changes if one.kind == "judged_anew"]
    made.series("otif", [88.0 + (index % 3) for index in range(24)], target=89.0, at=MEASURED + timedelta(minutes=2))
    found = collect(made.register, made.lake, made.catalog, review, OCTOBER, as_of=BUILT).pack
    (change,) = [one for one in found.definition_changes if one.kind == "judged_anew"]
    assert (change.kpi, change.effective_from) == ("otif", date(2024, 11, 1))
    assert found.restatements == ()
    (told,) = [one.text.replace("\u00a0", " ") for one in found.changes if one.kind == "judged_anew"]
    assert told == (
        "On time and in full: target at least 95 % → at least 89 % after the fact: Review 2022-11; judged anew: "
        "December 2024 missed → met, January 2025 missed → met, March 2025 missed → met, April 2025 missed → met and "
        "11 more."
    )
    assert read(made).definition_changes == found.definition_changes
