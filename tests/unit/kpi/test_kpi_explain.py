"""From a number back to its rule and its rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from kpi_fixture import LATER, catalog, kpi

from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.target import KpiTargets
from qmsreports.errors import UserError
from qmsreports.kpi.examples import Rows, RowsInMemory
from qmsreports.kpi.explain import Explanation, explain
from qmsreports.kpi.selection import plan_in
from qmsreports.kpi.words import rule_of
from qmsreports.period import Period

POPULATION = {
    "table": "cases",
    "period_by": "opened_on",
    "where": [{"field": "channel", "in": ["phone", "email"]}, {"field": "urgent", "is_not": True}],
}
ON_TIME = {
    "kind": "ratio",
    "numerator": {"count": "rows", "where": [{"field": "closed_on", "at_most": {"field": "due_on"}}]},
    "denominator": {"count": "rows"},
}
JAN = date(2026, 1, 10)
ROWS: Rows = [
    {"opened_on": JAN, "channel": "phone", "urgent": False, "closed_on": JAN, "due_on": JAN, "site": "linz"},
    {"opened_on": JAN, "channel": "email", "urgent": False, "closed_on": None, "due_on": JAN, "site": "linz"},
    {"opened_on": JAN, "channel": "email", "urgent": True, "closed_on": JAN, "due_on": JAN, "site": "linz"},
    {"opened_on": JAN, "channel": "email", "urgent": None, "closed_on": JAN, "due_on": JAN},
    {"opened_on": JAN, "channel": None, "urgent": None, "closed_on": JAN, "due_on": JAN},
    {"opened_on": date(2026, 2, 1), "channel": "phone", "urgent": False},
    {"opened_on": None, "channel": "phone", "urgent": False},
]


def explained(entry: Kpi, rows: Rows, period: str = "2026-01", cut: tuple[tuple[str, str], ...] = ()) -> Explanation:
    targets = KpiTargets.model_validate(
        {
            "kpi": "number",
            "unit": "percent",
            "targets": [
                {
                    "from": date(2025, 1, 1),
                    "meet": 95,
                    "near": 93,
                    "agreed": {"by": "Management", "on": date(2024, 12, 1), "record": "Review 2024-11"},
                }
            ],
        }
    )
    return explain(
        catalog(entry, targets=[targets]),
        "number",
        Period.parse(period),
        approved=[1],
        lake=RowsInMemory({"cases": rows}),
        as_of=LATER,
        cut=cut,
    )


def counts(entry: Explanation) -> list[tuple[int, str]]:
    return [(count.rows, count.meaning) for count in entry.rows]


def test_rows_are_told_under_the_first_condition_that_they_do_not_meet() -> None:
    entry = explained(kpi(ON_TIME, unit="percent", population=POPULATION, slices=["site"]), ROWS)
    assert (entry.figure.value, entry.figure.n) == (50, 2)
    assert counts(entry) == [
        (1, "rows of cases without opened_on, which lie in no period"),
        (5, "rows of cases in the window"),
        (1, "left out: channel is none of phone, email, or is not known"),
        (2, "left out: urgent is true, or is not known"),
        (2, "counted"),
        (1, "of these in numerator: closed_on is at most due_on"),
    ]


def test_a_slice_is_explained_from_its_own_rows() -> None:
    entry = kpi(ON_TIME, unit="percent", population=POPULATION, slices=["site"])
    assert [rows for rows, _ in counts(explained(entry, ROWS, cut=(("site", "linz"),)))] == [1, 3, 0, 1, 2, 1]
    assert [rows for rows, _ in counts(explained(entry, ROWS, cut=(("site", "(none)"),)))] == [1, 2, 1, 1, 0, 0]


def test_the_text_leads_from_the_value_to_the_sql() -> None:
    text = explained(kpi(ON_TIME, unit="percent", population=POPULATION, slices=["site"]), ROWS).text()
    assert text.startswith(
        """A number, 2026-01: 50 percent
How many?

Version 1, in force from 2020-01-01: Test.
  rows of cases whose opened_on lies in the period, where channel is one of phone, email and urgent is not true
  numerator = rows, where closed_on is at most due_on
  denominator = rows
  value = 100 x numerator / denominator

Numbers: numerator 1, denominator 2, n 2
Target: 95, near 93, agreed by Management on 2024-12-01 (Review 2024-11)

Rows:
  1  rows of cases without opened_on, which lie in no period
"""
    )
    assert "\n-- number, version 1: A number (percent)\n" in text


def test_a_duration_tells_why_a_case_has_no_length() -> None:
    measure = {
        "kind": "duration",
        "of": {"working_time": {"from": "opened_at", "to": "closed_at", "calendar": "desk"}},
        "unfinished": "leave_out",
    }
    entry = kpi(measure, unit="hours", population={"table": "cases", "period_by": "opened_at"})
    noon = datetime(2026, 1, 12, 9, tzinfo=UTC)
    rows = [
        {"opened_at": noon, "closed_at": noon.replace(hour=11)},
        {"opened_at": noon, "closed_at": None},
        {"opened_at": noon, "closed_at": noon.replace(hour=8)},
    ]
    assert counts(explained(entry, rows))[2:] == [
        (0, "left out: without opened_at"),
        (1, "left out: without closed_at"),
        (1, "left out: closed_at before opened_at"),
        (1, "counted"),
    ]


def test_a_level_tells_what_had_ended() -> None:
    entry = kpi({"kind": "level", "from": "opened_on", "to": "closed_on"}, population={"table": "cases"})
    rows = [{"opened_on": JAN}, {"opened_on": JAN, "closed_on": JAN}, {"opened_on": date(2026, 2, 1)}]
    explanation = explained(entry, rows)
    assert explanation.figure.value == 1
    assert counts(explanation)[1:] == [
        (2, "rows of cases begun by the end of the period"),
        (1, "left out: ended by then"),
        (1, "counted"),
    ]


RULES = [
    (
        {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer"}},
        "points",
        [
            "rows of cases whose opened_on lies in the last 12 months up to the end of the period, where score is at "
            "least 0 and score is at most 10",
            "of each customer the latest one; rows without customer are left out",
            "promoters = rows, where score is at least 9 and score is at most 10",
            "detractors = rows, where score is at least 0 and score is at most 6",
            "n = rows",
            "value = 100 x (promoters - detractors) / n",
        ],
    ),
    (
        {
            "kind": "percentile",
            "of": {"elapsed": {"from": "opened_at", "to": "closed_at"}},
            "p": 90,
            "unfinished": "count_until_period_end",
        },
        "hours",
        [
            "rows of cases whose opened_on lies in the last 12 months up to the end of the period",
            "value = 90th percentile of the time from opened_at to closed_at",
            "cases not ended by the end of the period count with their age at that moment",
        ],
    ),
]


@pytest.mark.parametrize(("measure", "unit", "rule"), RULES)
def test_rules_in_words(measure: dict[str, object], unit: str, rule: list[str]) -> None:
    population = {"table": "cases", "period_by": "opened_on"}
    entry = kpi(measure, unit=unit, population=population, window={"last": 12, "of": "month"})
    assert list(rule_of(plan_in(catalog(entry), entry, entry.versions[0]))) == rule


def test_what_is_not_there_is_said() -> None:
    entry = kpi(ON_TIME, unit="percent", population=POPULATION)
    with pytest.raises(UserError, match="no approved version is in force in 2019-12; name a later period"):
        explained(entry, ROWS, "2019-12")
    with pytest.raises(UserError, match="kpi number: is not cut by site"):
        explained(entry, ROWS, cut=(("site", "linz"),))


ALL = {"table": "cases", "period_by": "opened_on"}
SHARE = kpi(ON_TIME, name="in_time", unit="percent", population=ALL, slices=["site", "channel"], title="In time")
CASES = kpi({"kind": "count"}, name="all_cases", population=ALL, slices=["site"], title="All cases")
PER_CASE = kpi(
    {"kind": "formula", "value": {"divide": [{"kpi": "in_time"}, {"kpi": "all_cases"}]}},
    unit="ratio",
    slices=["site"],
)
GAP = kpi(
    {
        "kind": "formula",
        "value": {
            "subtract": [
                {"highest": {"kpi": "in_time", "over": "channel"}},
                {"lowest": {"kpi": "in_time", "over": "channel"}},
            ]
        },
    },
    unit="ratio",
)


def explained_formula(formula: Kpi, cut: tuple[tuple[str, str], ...] = ()) -> Explanation:
    return explain(
        catalog(SHARE, CASES, formula),
        "number",
        Period.parse("2026-01"),
        approved=[1],
        lake=RowsInMemory({"cases": ROWS}),
        as_of=LATER,
        cut=cut,
    )


def test_a_formula_is_computed_and_names_the_values_that_it_read() -> None:
    """Of five cases of January four were closed in time: 80 percent, 16 for each of the five."""
    entry = explained_formula(PER_CASE)
    assert (entry.figure.value, entry.figure.n) == (16, 5)
    assert [(one.kpi, one.version, one.value, one.numerator, one.denominator, one.n) for one in entry.inputs] == [
        ("in_time", 1, 80, 4, 5, 5),
        ("all_cases", 1, 5, 5, None, 5),
    ]
    assert entry.tables == ("cases",)
    text = entry.text()
    assert text.startswith("A number, 2026-01: 16 ratio\n")
    assert "\nNumbers: n 5, in_time 80, all_cases 5\n" in text
    assert "\n  in_time: 80 percent, 4 of 5, n 5 (In time, version 1)\n" in text
    assert "\n-- in_time, version 1: In time (percent)\n" in text
    assert "\n-- all_cases, version 1: All cases (count)\n" in text


def test_a_slice_of_a_formula_is_computed_from_that_slice() -> None:
    """In Linz two of three were in time."""
    entry = explained_formula(PER_CASE, (("site", "linz"),))
    assert entry.figure.value == pytest.approx(200 / 9)
    assert [(one.slice, one.numerator, one.n) for one in entry.inputs] == [
        ((("site", "linz"),), 2, 3),
        ((("site", "linz"),), 3, 3),
    ]


def test_a_gap_names_the_values_between_which_it_lies() -> None:
    """By telephone one of one, by e-mail two of three; a case without a channel is of none."""
    entry = explained_formula(GAP)
    assert entry.figure.value == pytest.approx(100 - 200 / 3)
    assert [(one.slice, one.value) for one in entry.inputs] == [
        ((), 80),
        ((("channel", "email"),), pytest.approx(200 / 3)),
        ((("channel", "phone"),), 100),
    ]


def test_a_slice_without_rows_is_said_with_those_that_there_are() -> None:
    entry = kpi(ON_TIME, unit="percent", population=ALL, slices=["site", "channel"], combinations=[["site", "channel"]])
    with pytest.raises(UserError) as refused:
        explained(entry, ROWS, cut=(("site", "vienna"),))
    assert [str(one) for one in refused.value.findings] == [
        "kpi number: 2026-01 has no rows of site vienna; known: (none), linz"
    ]
    with pytest.raises(UserError, match='no rows of site lins and channel phone; did you mean "linz"'):
        explained(entry, ROWS, cut=(("site", "lins"), ("channel", "phone")))
    with pytest.raises(UserError, match=r"kpi number: 2026-01 has no rows of site vienna; known: \(none\), linz"):
        explained_formula(PER_CASE, (("site", "vienna"),))
