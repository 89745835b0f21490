"""Intervals of formulas, from those of the KPIs that they read."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from kpi_fixture import LATER, Row, catalog, kpi
from scipy import stats

from qmsreports.analysis.intervals import percentile_ranks
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.measurement import measure
from qmsreports.kpi.selection import plan_in
from qmsreports.kpi.words import rule_of
from qmsreports.period import Period
from qmsreports.records import KpiResult
from qmsreports.stages.intervals import with_intervals

POPULATION = {"table": "cases", "period_by": "opened_on"}
URGENT = {"count": "rows", "where": [{"field": "urgent", "is": True}]}


def share(name: str, numerator: dict[str, Any], population: dict[str, str] = POPULATION, **more: Any) -> Any:
    measure_ = {"kind": "ratio", "numerator": numerator, "denominator": {"count": "rows"}}
    return kpi(measure_, name=name, unit="percent", population=population, **more)


def formula(name: str, value: dict[str, Any], unit: str = "percent", **more: Any) -> Any:
    return kpi({"kind": "formula", "value": value}, name=name, unit=unit, **more)


SITES = share("urgent", URGENT, slices=["site"])
PHONE = share("phone", {"count": "rows", "where": [{"field": "channel", "is": "phone"}]}, slices=["site"])
LINZ = share(
    "linz",
    {"count": "rows", "where": [{"field": "site", "is": "linz"}]},
    {"table": "orders", "period_by": "ordered_on"},
)
LESS = formula("less", {"subtract": [{"number": 100}, {"kpi": "urgent"}]}, slices=["site"])
TWO_TABLES = formula("two_tables", {"subtract": [{"kpi": "urgent"}, {"kpi": "linz"}]})
ONE_TABLE = formula("one_table", {"subtract": [{"kpi": "urgent"}, {"kpi": "phone"}]})
AND_BACK = formula("and_back", {"subtract": [{"number": 100}, {"kpi": "a_less"}]})
A_LESS = formula("a_less", {"subtract": [{"number": 100}, {"kpi": "urgent"}]})
COUNTED = kpi({"kind": "count"}, name="counted", population=POPULATION)
PER_CASE = formula("per_case", {"divide": [{"kpi": "urgent"}, {"kpi": "counted"}]})
GAP = formula(
    "gap",
    {"subtract": [{"highest": {"kpi": "urgent", "over": "site"}}, {"lowest": {"kpi": "urgent", "over": "site"}}]},
    unit="points",
)
ALL = (SITES, PHONE, LINZ, LESS, TWO_TABLES, ONE_TABLE, AND_BACK, A_LESS, COUNTED, PER_CASE, GAP)


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], KpiResult]:
    """50 cases, 20 of them urgent and 30 by phone; 10 of Linz, 4 of them urgent. 40 orders, 12 from Linz."""
    day = date(2026, 3, 2)
    rows: list[Row] = [
        {
            "case_id": at,
            "opened_on": day,
            "urgent": at % 5 < 2,
            "channel": "phone" if at < 30 else "email",
            "site": "linz" if at < 10 else "lyon",
        }
        for at in range(50)
    ]
    orders = [{"order_id": at, "ordered_on": day, "site": "linz" if at < 12 else "lyon"} for at in range(40)]
    measured = measure(
        catalog(*ALL),
        versions={one.kpi: [1] for one in ALL},
        periods=[Period.parse("2026-03")],
        lake=RowsInMemory({"cases": rows, "orders": orders, "changes": []}),
        as_of=LATER,
        ranks=percentile_ranks,
    )
    told = with_intervals(catalog(*ALL), measured.results)
    assert [(one.kpi, one.slice, one.value) for one in told] == [
        (one.kpi, one.slice, one.value) for one in measured.results
    ]
    return {(one.kpi, ",".join(one.slice.values())): one for one in told}


def wilson(successes: int, n: int) -> tuple[float, float]:
    ends = stats.binomtest(successes, n).proportion_ci(method="wilson")
    return 100 * float(ends.low), 100 * float(ends.high)


def test_one_hundred_less_a_share_is_its_mirror_image_whole_and_slice(
    found: dict[tuple[str, str], KpiResult],
) -> None:
    for cut, (successes, n) in {"": (20, 50), "linz": (4, 10)}.items():
        low, high = wilson(successes, n)
        assert (found["less", cut].low, found["less", cut].high) == pytest.approx((100 - high, 100 - low))


def test_parts_of_two_tables_are_independent_and_those_of_one_are_not(
    found: dict[tuple[str, str], KpiResult],
) -> None:
    """40 % less 30 % of other rows, by squares; 40 % less 60 % of the same rows, plainly."""
    urgent, linz, phone = wilson(20, 50), wilson(12, 40), wilson(30, 50)
    one = found["two_tables", ""]
    down, up = math.hypot(40 - urgent[0], linz[1] - 30), math.hypot(urgent[1] - 40, 30 - linz[0])
    assert (one.value, one.low, one.high) == pytest.approx((10, 10 - down, 10 + up))
    one = found["one_table", ""]
    assert (one.value, one.low, one.high) == pytest.approx((-20, urgent[0] - phone[1], urgent[1] - phone[0]))


def test_a_formula_of_a_formula_goes_on_from_its_interval(found: dict[tuple[str, str], KpiResult]) -> None:
    one = found["and_back", ""]
    assert (one.value, one.low, one.high) == pytest.approx((40, *wilson(20, 50)))


def test_what_cannot_be_told_has_none(found: dict[tuple[str, str], KpiResult]) -> None:
    """A gap of the best and the worst, and a formula of a KPI that has no interval."""
    for name in ("gap", "per_case"):
        one = found[name, ""]
        assert one.value is not None
        assert (one.low, one.high) == (None, None)


def test_the_rule_says_what_is_taken_for_granted() -> None:
    told = {one.kpi: rule_of(plan_in(catalog(*ALL), one, one.versions[0]))[-1] for one in (GAP, LESS)}
    assert told["gap"] == "no 95 % interval: which slice is the highest or lowest is itself decided by chance"
    assert told["less"] == (
        "95 % interval = errors of the KPIs that it reads added as squares, or plainly where they read the same table "
        "and may err together; none where one of them has none"
    )
