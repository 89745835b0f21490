"""A draft beside what counts: every period and slice, and nothing written."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from kpi_fixture import LATER, catalog, kpi

from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.target import KpiTargets
from qmsreports.errors import UserError
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.preview import Difference, backtest
from qmsreports.period import Period

POPULATION = {"table": "cases", "period_by": "opened_on"}
URGENT = {"count": "rows", "where": [{"field": "urgent", "is": True}]}
SHARE = {"kind": "ratio", "numerator": URGENT, "denominator": {"count": "rows"}}
ROWS = [
    {"opened_on": date(2026, month, 3), "urgent": urgent, "site": site}
    for month in (1, 2)
    for urgent, site in ((True, "linz"), (False, "linz"), (None, "lyon"))
]
TARGETS = KpiTargets.model_validate(
    {
        "kpi": "number",
        "unit": "percent",
        "targets": [
            {"from": date(2025, 1, 1), "meet": 40, "agreed": {"by": "m", "on": date(2025, 1, 1), "record": "r"}}
        ],
    }
)


def share(measure: dict[str, Any], **more: Any) -> Kpi:
    return kpi(measure, unit="percent", population=POPULATION, slices=["site"], **more)


def compared(draft: Kpi, current: Kpi, number: int = 1, *others: Kpi) -> tuple[Difference, ...]:
    return backtest(
        catalog(current, *others, targets=[TARGETS]),
        draft,
        number,
        against=[1],
        periods=Period.parse("2026-02").back(2),
        lake=RowsInMemory({"cases": [{"case_id": index, **row} for index, row in enumerate(ROWS)]}),
        as_of=LATER,
    )


def test_old_new_difference_and_flips() -> None:
    """Counting only cases whose urgency is known lifts the share from a third to a half, and over the target of 40."""
    known = {"count": "rows", "where": [{"field": "urgent", "known": True}]}
    found = compared(share({**SHARE, "denominator": known}), share(SHARE))
    whole = [entry for entry in found if not entry.slice]
    assert [str(entry.period) for entry in whole] == ["2026-01", "2026-02"]
    assert [(entry.old and entry.old.value, entry.new and entry.new.value) for entry in whole] == [
        (pytest.approx(100 / 3), 50),
        (pytest.approx(100 / 3), 50),
    ]
    assert [(round(entry.change or 0, 6), entry.flips) for entry in whole] == [(16.666667, True)] * 2
    lyon = next(entry for entry in found if entry.slice == (("site", "lyon"),))
    assert (lyon.change, lyon.new.status if lyon.new else "") == (None, "no_data")


def test_a_draft_is_applied_before_it_takes_effect() -> None:
    draft = share(SHARE, effective_from=date(2027, 1, 1))
    assert [entry.change for entry in compared(draft, share(SHARE)) if not entry.slice] == [0, 0]


def test_a_new_kpi_has_nothing_to_be_compared_with() -> None:
    other = kpi({"kind": "count"}, name="other", population=POPULATION)
    found = compared(share(SHARE), other)
    assert {entry.old for entry in found} == {None}
    assert {entry.flips for entry in found} == {True}


def test_a_draft_formula_reads_what_counts() -> None:
    number = kpi({"kind": "count"}, name="every", population=POPULATION)
    draft = kpi({"kind": "formula", "value": {"multiply": [{"kpi": "every"}, {"number": 2}]}}, unit="count")
    found = compared(draft, kpi({"kind": "count"}, population=POPULATION), 1, number)
    assert [entry.change for entry in found] == [3, 3]


def test_a_version_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError, match="kpi number: has no version 7; its versions: 1"):
        compared(share(SHARE), share(SHARE), 7)
