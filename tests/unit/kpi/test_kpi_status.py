"""What a value means against its target, and what a new result means for the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from kpi_fixture import by_place, kpi, run

from qmsreports.catalog.target import AcceptedDeviation, KpiTargets, Target
from qmsreports.kpi.comparison import changes, compare, key_of
from qmsreports.kpi.status import status_of
from qmsreports.period import Period
from qmsreports.records import KpiResult

AGREED = {"by": "Management", "on": date(2025, 12, 1), "record": "Review 2025-11"}
TARGET = Target.model_validate({"from": date(2026, 1, 1), "meet": 95, "near": 93, "agreed": AGREED})
LOW = Target.model_validate({"from": date(2026, 1, 1), "meet": 10, "near": 12, "agreed": AGREED})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (95.0, "met"),  # equality meets
        (96.0, "met"),
        (94.96, "near"),  # printed as 95.0, and still not met
        (93.0, "near"),
        (92.999, "missed"),
        (None, "no_data"),
    ],
)
def test_higher_is_better(value: float | None, expected: str) -> None:
    assert status_of(value, better="higher", target=TARGET) == expected


@pytest.mark.parametrize(("value", "expected"), [(10.0, "met"), (9.0, "met"), (12.0, "near"), (12.01, "missed")])
def test_lower_is_better_is_mirrored(value: float, expected: str) -> None:
    assert status_of(value, better="lower", target=LOW) == expected


def test_noise_of_additions_is_no_miss() -> None:
    target = Target.model_validate({"from": date(2026, 1, 1), "meet": 0.3, "agreed": AGREED})
    assert status_of(0.1 + 0.2, better="higher", target=target) == "met"
    assert status_of(0.1 + 0.2, better="lower", target=target) == "met"
    assert status_of(0.3 - 1e-9, better="higher", target=target) == "missed"


def test_an_accepted_deviation_comes_before_near() -> None:
    accepted = AcceptedDeviation.model_validate(
        {"from": date(2026, 1, 1), "to": date(2026, 6, 30), "at_least": 90, "because": "New carrier.", "action": "A-1"}
    )
    found = [status_of(value, better="higher", target=TARGET, deviation=accepted) for value in (95, 94, 90, 89.9)]
    assert found == [
        "met",
        "accepted_deviation",
        "accepted_deviation",
        "missed",
    ]


def test_what_comes_before_any_judgement() -> None:
    assert status_of(99, better="higher", target=None) == "no_target"
    assert status_of(99, better="neither", target=TARGET) == "no_target"
    assert status_of(99, better="higher", target=TARGET, provisional=True) == "provisional"
    assert status_of(None, better="higher", target=TARGET, provisional=True) == "no_data"
    assert status_of(None, better="higher", target=TARGET, valid=False) == "not_valid"


TARGETS = KpiTargets.model_validate(
    {
        "kpi": "number",
        "unit": "percent",
        "targets": [
            {"from": date(2025, 1, 1), "meet": 40, "agreed": AGREED},
            {"from": date(2026, 2, 1), "meet": 60, "agreed": AGREED},
            {"from": date(2026, 2, 1), "meet": 50, "slice": {"site": "linz"}, "agreed": AGREED},
        ],
    }
)
URGENT = {
    "kind": "ratio",
    "numerator": {"count": "rows", "where": [{"field": "urgent", "is": True}]},
    "denominator": {"count": "rows"},
}
HALF = [
    {"site": "linz", "opened_on": date(2026, month, 1), "urgent": urgent}
    for month in (1, 2)
    for urgent in (True, False)
]


def share(**more: Any) -> Any:
    population = {"table": "cases", "period_by": "opened_on"}
    return kpi(URGENT, unit="percent", population=population, slices=["site"], **more)


def test_the_target_of_the_period_and_slice_applies() -> None:
    results = by_place(run(share(), HALF, ["2026-01", "2026-02"], targets=[TARGETS]))
    assert {place: (result.target, result.status) for place, result in results.items()} == {
        ("2026-01", ""): (40, "met"),
        ("2026-01", "site=linz"): (40, "met"),
        ("2026-02", ""): (60, "missed"),
        ("2026-02", "site=linz"): (50, "met"),
    }


@pytest.mark.parametrize(
    ("as_of", "provisional"),
    [
        (datetime(2026, 2, 5, 22, 59, tzinfo=UTC), True),  # 5 February, 23:59 in Vienna
        (datetime(2026, 2, 5, 23, 0, tzinfo=UTC), False),  # the sixth begins
    ],
)
def test_a_value_is_provisional_until_it_settles(as_of: datetime, provisional: bool) -> None:
    entry = share(settles_after={"days": 5})
    result = by_place(run(entry, HALF, ["2026-01"], targets=[TARGETS], as_of=as_of))["2026-01", ""]
    assert (result.value, result.provisional) == (50, provisional)
    assert result.status == ("provisional" if provisional else "met")


def test_a_stopped_feed_takes_the_value_away_and_nothing_stands_in_for_it() -> None:
    """February is just over and March open when the feed stops; January was complete before."""
    measured = run(
        share(),
        HALF,
        ["2026-01", "2026-02", "2026-03"],
        targets=[TARGETS],
        as_of=datetime(2026, 3, 2, tzinfo=UTC),
        invalid={"cases": "two columns are missing"},
    )
    results = by_place(measured)
    assert (results["2026-01", ""].value, results["2026-01", ""].status) == (50, "met")
    for period in ("2026-02", "2026-03"):
        for (found, _), result in results.items():
            if found == period:
                assert (result.value, result.numerator, result.n, result.status) == (None, None, 0, "not_valid")
    assert ("2026-02", "site=linz") in results, "a slice that had a value yesterday must lose it too"


def test_a_feed_of_another_table_stops_nothing() -> None:
    as_of = datetime(2026, 3, 2, tzinfo=UTC)
    results = by_place(run(share(), HALF, ["2026-02"], as_of=as_of, invalid={"orders": "empty"}))
    assert results["2026-02", ""].status == "no_target"


# --- the record -------------------------------------------------------------------------------------------------------
RESULT = KpiResult(
    kpi="otif",
    version=1,
    period=Period.parse("2026-01"),
    slice={},
    unit="percent",
    value=93.4,
    numerator=467.0,
    denominator=500.0,
    n=500,
    low=None,
    high=None,
    target=95.0,
    near=93.0,
    status="near",
    provisional=False,
    fingerprint="f",
    sql="s",
    table_versions={"order_lines": 3},
    parts={},
)
PROVISIONAL = replace(RESULT, provisional=True, status="provisional")
NOT_VALID = replace(RESULT, value=None, numerator=None, denominator=None, n=0, status="not_valid")


@pytest.mark.parametrize(
    ("earlier", "new", "verdict"),
    [
        (None, RESULT, "insert"),
        (RESULT, RESULT, "unchanged"),
        (RESULT, replace(RESULT, table_versions={"order_lines": 9}, sql="other"), "unchanged"),
        (RESULT, replace(RESULT, value=93.4 * (1 + 1e-14)), "unchanged"),
        (RESULT, replace(RESULT, fingerprint="calendar grew a rule"), "unchanged"),
        (RESULT, replace(RESULT, value=93.6, numerator=468.0), "candidate"),
        (RESULT, replace(RESULT, value=93.4, numerator=934.0, denominator=1000.0, n=1000), "candidate"),
        (RESULT, replace(RESULT, version=2), "candidate"),
        (PROVISIONAL, replace(RESULT, value=93.6, numerator=468.0), "supersede"),
        (PROVISIONAL, PROVISIONAL, "unchanged"),
        (PROVISIONAL, RESULT, "supersede"),
        (RESULT, replace(RESULT, target=93.0, status="met"), "supersede"),
        (RESULT, replace(RESULT, near=92.0), "supersede"),
        (RESULT, replace(RESULT, low=90.9, high=95.3), "supersede"),  # the same number, and now how far chance moves it
        (replace(RESULT, low=90.9, high=95.3), replace(RESULT, low=91.0, high=95.3), "supersede"),
        (replace(RESULT, low=90.9, high=95.3), replace(RESULT, low=90.9, high=95.3), "unchanged"),
        (replace(RESULT, low=90.9, high=95.3), RESULT, "supersede"),  # the interval does not hold and is told no longer
        (replace(RESULT, low=90.9, high=95.3), replace(RESULT, value=93.6, numerator=468.0), "candidate"),
        (RESULT, NOT_VALID, "supersede"),
        (NOT_VALID, RESULT, "supersede"),
        (NOT_VALID, NOT_VALID, "unchanged"),
    ],
)
def test_what_is_written(earlier: KpiResult | None, new: KpiResult, verdict: str) -> None:
    assert compare(earlier, new)[0] == verdict


@pytest.mark.parametrize("changed", [{"version": 2}, {"fingerprint": "calendar with another holiday"}])
def test_a_definition_that_changed_is_the_reason_whether_the_value_had_settled_or_not(changed: dict[str, Any]) -> None:
    moved = replace(RESULT, value=93.6, numerator=468.0)
    assert compare(PROVISIONAL, replace(moved, **changed))[1] == "definition changed"
    assert compare(RESULT, replace(moved, **changed))[1] == "definition changed"
    assert compare(PROVISIONAL, moved)[1] == "late data within the settling time"
    assert compare(RESULT, moved)[1] == "late data"


def test_a_new_row_says_what_became_of_the_interval() -> None:
    told = replace(RESULT, low=90.9, high=95.3)
    open_end = replace(RESULT, low=90.9)  # no upper end where a curve does not fall so far
    assert compare(RESULT, told) == ("supersede", "interval added")
    assert compare(told, open_end) == compare(open_end, told) == ("supersede", "interval changed")
    assert compare(told, RESULT) == compare(open_end, RESULT) == ("supersede", "interval withdrawn")


def test_changes_are_split_by_what_is_to_be_done() -> None:
    linz, lyon = (replace(RESULT, slice={"site": site}) for site in ("linz", "lyon"))
    late = replace(linz, value=90.0, numerator=450.0)
    found = changes({key_of(RESULT): RESULT, key_of(linz): linz}, [RESULT, late, lyon])
    assert (found.unchanged, found.candidates, found.insert, found.supersede) == ((RESULT,), (late,), (lyon,), ())
