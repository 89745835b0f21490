"""Definitions as models: what they hold, which version applies, what they read."""

from __future__ import annotations

from datetime import date

import pytest

from qmsreports.catalog.clause_map import ClauseMap
from qmsreports.catalog.condition import Condition, FieldRef
from qmsreports.catalog.example import read_rows
from qmsreports.catalog.fingerprint import rule_text
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.measure import Percentile, Ratio
from qmsreports.catalog.span import Elapsed, WorkingTime


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2023, 12, 31), None),
        (date(2024, 1, 1), 1),
        (date(2024, 12, 1), 1),
        (date(2025, 1, 1), 2),
        (date(2030, 1, 1), 2),
    ],
)
def test_the_version_in_force(small: Catalog, day: date, version: int | None) -> None:
    found = small.kpis["on_time"].in_force(day)
    assert (found.version if found else None) == version


def test_a_version_ends_where_the_next_begins(small: Catalog) -> None:
    kpi = small.kpis["on_time"]
    assert [kpi.effective_to(number) for number in (1, 2, 3)] == [date(2025, 1, 1), None, None]


def test_what_a_version_reads(shipped: Catalog) -> None:
    tables = {name: kpi.versions[0].tables for name, kpi in shipped.kpis.items()}
    assert tables["complaints_per_1000_orders"] == ("complaints", "order_lines")
    assert tables["oee"] == ("machine_shifts",)
    assert shipped.kpis["first_response_p90"].versions[0].calendars == ("support_desk",)
    assert shipped.kpis["nps"].versions[0].calendars == ()


@pytest.mark.parametrize(
    ("kpi", "scale"),
    [
        ("on_time_delivery", 100),
        ("defects_ppm", 1_000_000),
        ("complaints_per_1000_orders", 1000),
        ("ces", 1),
        ("nps", 100),
    ],
)
def test_the_unit_gives_the_scale(shipped: Catalog, kpi: str, scale: float) -> None:
    definition = shipped.kpis[kpi]
    assert definition.scale(definition.versions[0]) == scale


@pytest.mark.parametrize(
    ("written", "operator", "right", "columns"),
    [
        ({"field": "a", "is": "x"}, "is", "x", ("a",)),
        ({"field": "a", "is": 0}, "is", 0, ("a",)),
        ({"field": "a", "is": False}, "is", False, ("a",)),
        ({"field": "a", "known": False}, "known", False, ("a",)),
        ({"field": "a", "in": ["x", 1, True]}, "in", ("x", 1, True), ("a",)),
        ({"field": "a", "not_in": [date(2026, 1, 1)]}, "not_in", (date(2026, 1, 1),), ("a",)),
        ({"field": "a", "above": 2.5}, "above", 2.5, ("a",)),
        ({"field": "a", "at_most": {"field": "b"}}, "at_most", FieldRef(field="b"), ("a", "b")),
        ({"elapsed": {"from": "a", "to": "b"}, "below": "4 hours"}, "below", "4 hours", ("a", "b")),
    ],
)
def test_conditions_keep_what_was_written(
    written: dict[str, object], operator: str, right: object, columns: tuple[str, ...]
) -> None:
    condition = Condition.model_validate(written)
    assert condition.operator == operator
    assert condition.right == right
    assert type(condition.right) is type(right)
    assert condition.columns == columns


def test_durations_say_where_they_begin_and_end(shipped: Catalog) -> None:
    measure = shipped.kpis["first_response_p90"].versions[0].measure
    assert isinstance(measure, Percentile)
    assert not isinstance(measure.of, str)
    assert isinstance(measure.of.span, WorkingTime)
    assert (measure.of.start, measure.of.to) == ("opened_at", "first_reply_at")
    plain = type(measure.of)(elapsed=Elapsed(start="opened_at", to="resolved_at"))
    assert (plain.start, plain.to) == ("opened_at", "resolved_at")


def test_definitions_cannot_be_changed(small: Catalog) -> None:
    with pytest.raises(ValueError, match="frozen"):
        small.kpis["on_time"].unit = "ppm"


def test_the_rule_in_the_language_of_the_catalog(shipped: Catalog) -> None:
    assert rule_text(shipped.kpis["on_time_delivery"].versions[1]) == (
        "population: {table: order_lines, period_by: promised_on, where: [{field: status, not_in: [cancelled]}]}\n"
        "measure:\n"
        "  kind: ratio\n"
        "  numerator: {count: rows, where: [{field: delivered_on, at_most: {field: promised_on}}]}\n"
        "  denominator: {count: rows}\n"
    )


def test_examples_are_typed_by_the_table(shipped: Catalog) -> None:
    heading = "status | promised_on | quantity_ordered | delivered_on"
    text = f"{heading}\nopen | 2026-03-03 | 2.5 |\n\ndelivered | 2026-03-04 | 3\n"
    rows, problems = read_rows(text, shipped.tables["order_lines"])
    assert problems == []
    assert rows == [
        {"status": "open", "promised_on": date(2026, 3, 3), "quantity_ordered": 2.5, "delivered_on": None},
        {"status": "delivered", "promised_on": date(2026, 3, 4), "quantity_ordered": 3.0, "delivered_on": None},
    ]


def test_one_kpi_is_evidence_in_both_editions(shipped: Catalog) -> None:
    old, new = shipped.clause_maps["iso9001-2015"], shipped.clause_maps["iso9001-2026"]
    feeds = shipped.kpis["on_time_delivery"].feeds
    assert feeds == ("9.1.2", "9.3.2-c3")
    assert fed(old, feeds) == {"9.1.2", "9.3.2-c3"}
    assert fed(new, feeds) == {"9.1.2", "9.3.2-d3"}


def test_an_item_of_one_edition_only_is_fed_by_its_full_key(shipped: Catalog) -> None:
    new = shipped.clause_maps["iso9001-2026"]
    assert fed(new, ["9.3.2-c"]) == set()  # a clause key of 2015, where it is no item
    assert fed(new, ["iso9001-2026/9.3.2-c"]) == {"9.3.2-c"}


def fed(clauses: ClauseMap, feeds: tuple[str, ...] | list[str]) -> set[str]:
    return {item.clause for item in clauses.items if clauses.fed_by(item, feeds)}


def test_a_ratio_may_bring_its_own_population(shipped: Catalog) -> None:
    version = shipped.kpis["survey_response_rate"].versions[0]
    assert isinstance(version.measure, Ratio)
    assert [population.table for population in version.populations()] == ["survey_invitations", "survey_answers"]
    assert [population.period_by for population in version.populations()] == ["sent_on", "invited_on"]
