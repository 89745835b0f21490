"""A retired KPI has no value from its last day on; what came before is measured as ever."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from kpi_fixture import by_place, catalog, kpi, run

from qmsreports.errors import UserError
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.explain import explain
from qmsreports.pack.collect.definitions import retirements
from qmsreports.period import Period

ENDS = {
    "from": date(2026, 3, 1),
    "because": "Nobody acts on it.",
    "agreed": {"by": "Management", "on": date(2026, 2, 10), "record": "Review 2026-01"},
}
ENTRY = kpi({"kind": "count"}, population={"table": "cases", "period_by": "opened_on"}, retired=ENDS)
ROWS = [{"opened_on": date(2026, month, 5)} for month in (1, 2, 3, 4)]


def test_months_and_longer_periods_after_the_last_day_have_no_value() -> None:
    """The first quarter holds March, in which it is over: a number of two months would pass for one of three."""
    measured = by_place(run(ENTRY, ROWS, ["2026-01", "2026-02", "2026-03", "2026-04", "2025-Q4", "2026-Q1"]))
    assert {period: result.value for (period, _), result in measured.items()} == {
        "2026-01": 1,
        "2026-02": 1,
        "2025-Q4": 0,
    }


def test_who_asks_later_is_told_when_and_why_it_ended() -> None:
    lake = RowsInMemory({"cases": [], "orders": [], "changes": []})
    with pytest.raises(UserError, match=r"retired from 2026-03-01 on \(Nobody acts on it\); name an earlier period"):
        explain(
            catalog(ENTRY),
            "number",
            Period.parse("2026-03"),
            approved=[1],
            lake=lake,
            as_of=datetime(2026, 5, 1, tzinfo=UTC),
        )


def test_the_pack_that_comes_first_without_it_says_so() -> None:
    (change,) = retirements([ENTRY], date(2026, 1, 1), date(2026, 3, 31))
    assert (change.before, change.after, change.why) == ("version 1", "retired", "Nobody acts on it.")
    assert change.approved.replace("\u00a0", " ") == "Management on 10 Feb 2026"
    assert retirements([ENTRY], date(2026, 1, 1), date(2026, 2, 28)) == ()
    assert retirements([ENTRY.model_copy(update={"retired": None})], date(2026, 1, 1), date(2026, 3, 31)) == ()
