"""What a definition may not say: refused with a sentence before any SQL is made, however it came in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from kpi_fixture import catalog, kpi, run

from qmsreports.errors import UserError
from qmsreports.kpi.selection import plan_in

POPULATION = {"table": "cases", "period_by": "opened_on"}
ROWS = {"count": "rows"}


def ratio(numerator: dict[str, Any] = ROWS, denominator: dict[str, Any] = ROWS) -> dict[str, Any]:
    return {"kind": "ratio", "numerator": numerator, "denominator": denominator}


def worked(**span: str) -> dict[str, Any]:
    of = {"working_time": {"from": "opened_at", "to": "closed_at", "calendar": "desk", **span}}
    return {"kind": "duration", "of": of, "unfinished": "leave_out"}


def where(field: str, **test: Any) -> dict[str, Any]:
    return {"kind": "count", "where": [{"field": field, **test}]}


REFUSED = [
    (where("sites", known=True), {}, 'table cases has no column "sites"; did you mean "site"?'),
    (where("site", at_most="linz"), {}, '"site" is of type text and has no order; use is, is_not, in or not_in'),
    (where("site", **{"is": 7}), {}, '"site" is of type text; compare it with a text, not 7'),
    (where("bad", **{"is": "7"}), {}, '"bad" is of type integer; compare it with a number, not the text "7"'),
    (where("bad", above=10**30), {}, '"bad" is of type integer; compare it with a number, not 1' + "0" * 30),
    (where("urgent", **{"is": 1}), {}, '"urgent" is of type boolean; compare it with true or false, not 1'),
    (where("due_on", below="soon"), {}, '"due_on" is of type date; compare it with a date, not the text "soon"'),
    (
        where("site", **{"is": "a\0b"}),
        {},
        '"site" is of type text; compare it with a text, not a text with control characters',
    ),
    (where("bad", above={"field": "due_on"}), {}, '"bad" (integer) cannot be compared with "due_on" (date)'),
    (ratio({"sum": "site"}), {}, '"site" is of type text; a sum needs number or integer'),
    (
        ratio({"count": "rows", "population": {"table": "order"}}),
        {},
        'there is no table "order"; did you mean "orders"?',
    ),
    (
        ratio({"count": "rows", "population": {"table": "orders"}}),
        {},
        "period_by is missing; name the date or instant that puts a row into a period",
    ),
    ({"kind": "sum", "of": "urgent"}, {}, '"urgent" is of type boolean; a sum needs number or integer'),
    (
        {"kind": "count"},
        {"population": {"table": "cases", "period_by": "site"}},
        '"site" is of type text; period_by needs date or instant',
    ),
    ({"kind": "count"}, {"slices": ["pieces"]}, '"pieces" is of type number; a slice needs text or integer or boolean'),
    ({"kind": "count"}, {"slices": ["piece"]}, 'table cases has no column "piece"; did you mean "pieces"?'),
    (worked(calendar="dusk"), {"unit": "hours"}, 'there is no calendar "dusk"; did you mean "desk"?'),
    (worked(to="closed_on"), {"unit": "hours"}, '"closed_on" is of type date; a duration needs instant'),
    (worked(), {"unit": "days"}, "a duration in days; write unit: minutes or hours"),
    (
        {**worked(), "unfinished": "censor", "show": "mean"},
        {"unit": "hours"},
        "cases that are not finished have no mean; show the median, or count_until_period_end",
    ),
    ({"kind": "score", "type": "nps", "field": "score"}, {"unit": "percent"}, "nps in percent; write unit: points"),
    (
        {"kind": "level", "from": "opened_on", "to": "closed_on"},
        {},
        "a level is taken at the end of a period; leave period_by out",
    ),
    (
        {"kind": "level", "from": "opened_on", "to": "closed_on"},
        {"population": {"table": "cases"}, "window": {"last": 2, "of": "month"}},
        "a level has no window; leave window out; it would add up what must not be",
    ),
    (
        {"kind": "product", "factors": [{"name": "a", "numerator": ROWS, "denominator": ROWS}] * 2},
        {"unit": "ratio"},
        "two factors have the same name; rename one",
    ),
]


@pytest.mark.parametrize(("measure", "more", "message"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
def test_a_definition_that_does_not_fit_is_refused_in_one_sentence(
    measure: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    entry = kpi(measure, **{"population": POPULATION, **more})
    with pytest.raises(UserError) as refused:
        plan_in(catalog(entry), entry, entry.versions[0])
    assert str(refused.value) == f"kpi number version 1: {message}"


def test_all_mistakes_are_told_at_once() -> None:
    entry = kpi(ratio({"sum": "peaces"}, {"sum": "site"}), population=POPULATION, slices=["channels"], unit="percent")
    with pytest.raises(UserError) as refused:
        run(entry, [], ["2026-01"])
    assert [finding.what for finding in refused.value.findings] == [
        '"site" is of type text',
        'table cases has no column "channels"',
        'table cases has no column "peaces"',
    ]


def test_formulas_that_go_in_circles_are_refused() -> None:
    one = kpi({"kind": "formula", "value": {"add": [{"kpi": "two"}, {"number": 1}]}}, name="one")
    two = kpi({"kind": "formula", "value": {"add": [{"kpi": "one"}, {"number": 1}]}}, name="two")
    with pytest.raises(UserError, match="the formula reads itself: one -> two -> one; break the circle"):
        plan_in(catalog(one, two), one, one.versions[0])


def test_a_formula_reads_kpis_that_exist() -> None:
    one = kpi({"kind": "formula", "value": {"kpi": "otiff"}}, name="one")
    other = kpi({"kind": "count"}, name="otif", population=POPULATION)
    with pytest.raises(UserError, match=r'there is no KPI "otiff"; did you mean "otif"\?$'):
        plan_in(catalog(one, other), one, one.versions[0])


def test_a_period_before_the_first_version_has_no_result() -> None:
    entry = kpi({"kind": "count"}, population=POPULATION, effective_from=date(2026, 2, 1))
    measured = run(entry, [], ["2026-01", "2026-02"])
    assert [str(result.period) for result in measured.results] == ["2026-02"]


def test_a_case_begun_before_the_calendars_first_rule_has_no_working_time() -> None:
    population = {"table": "cases", "period_by": "closed_at"}
    entry = kpi(worked(), unit="hours", population=population)
    rows = [{"opened_at": datetime(2019, 12, 30, 9, tzinfo=UTC), "closed_at": datetime(2020, 1, 2, 9, tzinfo=UTC)}]
    assert [(result.value, result.n) for result in run(entry, rows, ["2020-01"]).results] == [(None, 0)]


def test_a_period_for_which_the_calendar_has_no_rule_is_refused() -> None:
    population = {"table": "cases", "period_by": "opened_at"}
    entry = kpi(worked(), unit="hours", population=population, effective_from=date(2015, 1, 1))
    with pytest.raises(UserError, match=r"^calendar desk: no rule is in force on 2019-12-01; add a rule"):
        run(entry, [], ["2019-12"])
