"""The gap between the slices of a KPI, beside plain Python over the same rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import kpi, run

from qmsreports.errors import UserError

CHANNELS = ("phone", "email", "chat", None)
ROWS = st.lists(st.tuples(st.sampled_from(CHANNELS), st.booleans()), max_size=40)


def share_and_gap(at_least: int = 1, **more: Any) -> list[Any]:
    share = kpi(
        {
            "kind": "ratio",
            "numerator": {"count": "rows", "where": [{"field": "urgent", "is": True}]},
            "denominator": {"count": "rows"},
        },
        name="share",
        population={"table": "cases", "period_by": "opened_on"},
        unit="percent",
        slices=["channel"],
    )
    ends = [{end: {"kpi": "share", "over": "channel", "at_least": at_least}} for end in ("highest", "lowest")]
    return [kpi({"kind": "formula", "value": {"subtract": ends}}, name="gap", unit="points", **more), share]


def gap_of(rows: list[tuple[str | None, bool]], at_least: int) -> Any:
    cases = [
        {"case_id": number, "channel": channel, "urgent": urgent, "opened_on": date(2026, 3, 5)}
        for number, (channel, urgent) in enumerate(rows)
    ]
    measured = run(share_and_gap(at_least), cases, ["2026-03"])
    (result,) = [result for result in measured.results if result.kpi == "gap"]
    return result


@settings(deadline=None)
@given(ROWS, st.integers(1, 6))
def test_the_gap_is_highest_less_lowest_of_the_slices_that_have_enough_rows(
    rows: list[tuple[str | None, bool]], at_least: int
) -> None:
    shares = {}
    for channel in ("phone", "email", "chat"):
        own = [urgent for name, urgent in rows if name == channel]
        if len(own) >= at_least:
            shares[channel] = 100 * own.count(True) / len(own)
    result = gap_of(rows, at_least)
    if len(shares) < 2:
        assert result.value is None
    else:
        assert result.value == pytest.approx(max(shares.values()) - min(shares.values()))
    named = {f"share {channel}": pytest.approx(value) for channel, value in shares.items()}
    assert {name: value for name, value in result.parts.items() if " " in name} == named


def test_rows_without_a_channel_are_no_channel() -> None:
    rows: list[tuple[str | None, bool]] = [(None, True)] * 9 + [("phone", False), ("email", True), ("email", False)]
    assert gap_of(rows, 1).value == 50


def test_a_gap_is_over_a_slice_that_the_kpi_has() -> None:
    gap, share = share_and_gap()
    elsewhere = share.model_copy(update={"slices": ("site",)})
    with pytest.raises(UserError, match='share has no slice "channel"'):
        run([gap, elsewhere], [], ["2026-03"])


def test_a_gap_has_no_slices_itself() -> None:
    with pytest.raises(UserError, match="the gap between slices has no slices itself; remove slices"):
        run(share_and_gap(slices=["channel"]), [], ["2026-03"])


def test_there_is_no_highest_where_too_many_cases_of_a_slice_are_open() -> None:
    """One chat of four was answered: that its median is not reached must not make the gap that of the other two."""
    begun = datetime(2026, 3, 2, 9, tzinfo=UTC)
    hours: dict[str, list[int | None]] = {"phone": [1, 1, 2], "email": [3, 4, 5], "chat": [1, None, None, None]}
    cases = [
        {"channel": name, "opened_at": begun, "closed_at": None if one is None else begun + timedelta(hours=one)}
        for name, own in hours.items()
        for one in own
    ]
    wait = kpi(
        {
            "kind": "duration",
            "of": {"elapsed": {"from": "opened_at", "to": "closed_at"}},
            "unfinished": "censor",
        },
        name="wait",
        unit="hours",
        population={"table": "cases", "period_by": "opened_at"},
        slices=["channel"],
    )

    def found(at_least: int) -> list[float | None]:
        ends = [{end: {"kpi": "wait", "over": "channel", "at_least": at_least}} for end in ("highest", "lowest")]
        values: list[dict[str, Any]] = [{"subtract": ends}, *ends]
        names = ("gap", "longest", "shortest")
        formulas = [
            kpi({"kind": "formula", "value": value}, name=name, unit="hours")
            for name, value in zip(names, values, strict=True)
        ]
        measured = run([wait, *formulas], cases, ["2026-03"]).results
        whole = {result.kpi: result.value for result in measured if not result.slice}
        return [whole[name] for name in names]

    assert found(3) == [None, None, 1]
    assert found(4) == [None, None, None]  # only the chats are so many
    cases = [case for case in cases if case["channel"] != "chat" or case["closed_at"]]
    assert found(3) == [3, 4, 1]
