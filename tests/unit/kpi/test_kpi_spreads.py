"""Percentiles, durations and levels against plain Python over made-up rows, across both clock changes of a year."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from math import comb
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import Row, by_place, cases, in_month, kpi, run
from kpi_hours import VIENNA, clock, month_end, tickets, worked

from qmsreports.analysis.intervals import percentile_ranks
from qmsreports.kpi.enclosing import between, steps

PERIODS = ["2026-03", "2026-04", "2026-10"]
few = settings(max_examples=6, deadline=None)
POPULATION = {"table": "cases", "period_by": "opened_at"}


def interpolated(values: Sequence[float], share: float) -> float | None:
    """Percentile with linear interpolation between ordered values, by hand."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def average(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def places(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by local month of opening: the whole and each channel."""
    found: dict[tuple[str, str], list[Row]] = {(period, ""): [] for period in PERIODS}
    for row in rows:
        period = row["opened_at"].astimezone(VIENNA).date().isoformat()[:7]
        if period in PERIODS:
            found[period, ""].append(row)
            found.setdefault((period, f"channel={row['channel'] or '(none)'}"), []).append(row)
    return found


def lengths(part: list[Row], period: str, count: Callable[[datetime], int], unfinished: str) -> list[tuple[int, bool]]:
    """Seconds and whether the case had ended, by the rule for what is unfinished."""
    found = []
    end = month_end(period)
    for row in part:
        closed = row["closed_at"]
        if unfinished == "leave_out":
            if closed is not None:
                found.append((count(closed) - count(row["opened_at"]), True))
        else:
            in_time = closed is not None and closed < end
            found.append((count(closed if in_time else end) - count(row["opened_at"]), in_time))
    return [(length, ended) for length, ended in found if length >= 0]


def duration(name: str, of: str, **more: Any) -> Any:
    span = {"from": "opened_at", "to": "closed_at"}
    length = {"working_time": {**span, "calendar": "desk"}} if of == "working" else {"elapsed": span}
    measure = {"kind": "duration", "of": length, **more}
    if "p" in more:
        measure["kind"] = "percentile"
    return kpi(measure, name=name, unit="hours", population=POPULATION, slices=["channel"])


@few
@given(tickets())
def test_durations_are_computed_from_rows_in_working_and_in_plain_time(rows: list[Row]) -> None:
    kinds = {
        "worked_p90": ("working", worked, "leave_out", 0.9, {"p": 90}),
        "worked_median": ("working", worked, "count_until_period_end", 0.5, {}),
        "worked_mean": ("working", worked, "count_until_period_end", None, {"show": "mean"}),
        "elapsed_p75": ("elapsed", clock, "count_until_period_end", 0.75, {"p": 75}),
        "elapsed_mean": ("elapsed", clock, "leave_out", None, {"show": "mean"}),
    }
    kpis = [duration(name, of, unfinished=rule, **more) for name, (of, _, rule, _, more) in kinds.items()]
    measured = run(kpis, rows, PERIODS)
    for name, (_, count, rule, share, _) in kinds.items():
        results = by_place(measured, name)
        for place, part in places(rows).items():
            hours = [seconds / 3600 for seconds, _ in lengths(part, place[0], count, rule)]
            if not hours and place[1]:
                assert place not in results
                continue
            result = results[place]
            value = average(hours) if share is None else interpolated(hours, share)
            assert result.value == (pytest.approx(value) if value is not None else None), (name, place)
            assert result.n == len(hours)


@few
@given(tickets())
def test_censored_durations_are_kaplan_meier(rows: list[Row]) -> None:
    """The oracle is scipy's: cases open at the end of the period lasted at least so long."""
    kpis = [
        duration("median", "working", unfinished="censor"),
        duration("p90", "elapsed", unfinished="censor", p=90),
    ]
    measured = run(kpis, rows, PERIODS)
    for name, count, share in (("median", worked, 0.5), ("p90", clock, 0.9)):
        results = by_place(measured, name)
        for place, part in places(rows).items():
            seconds = lengths(part, place[0], count, "censor")
            if not seconds:
                assert place not in results or results[place].n == 0
                continue
            value = kaplan_meier(seconds, share)
            assert results[place].value == (pytest.approx(value / 3600) if value is not None else None), (name, place)
            assert results[place].n == len(seconds)
            assert results[place].parts["finished"] == sum(ended for _, ended in seconds)


def kaplan_meier(seconds: list[tuple[int, bool]], share: float) -> float | None:
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a curve of one point
        data = stats.CensoredData.right_censored([length for length, _ in seconds], [not ended for _, ended in seconds])
        curve = stats.ecdf(data).sf
    reached = [
        length
        for length, left in zip(curve.quantiles, curve.probabilities, strict=True)
        if left <= 1 - share + 1e-9 and (length, True) in seconds
    ]
    return min(reached, default=None)


def test_open_cases_pull_the_median_up() -> None:
    """Five cases of 1, 2, 3 (open), 4 and 5 (open) hours: survival 0.8, 0.6, 0.3; the median is 4 h.

    Without the open cases it would be 2 h; counting their age so far as if they had ended, 3 h.
    """
    end = month_end("2026-04")

    def case(hours: int, ended: bool) -> Row:
        begun = end - timedelta(hours=hours)
        return {
            "opened_at": begun if not ended else begun - timedelta(days=1),
            "closed_at": end - timedelta(days=1) if ended else None,
        }

    rows = [case(1, True), case(2, True), case(3, False), case(4, True), case(5, False)]
    values = {}
    for rule in ("leave_out", "count_until_period_end", "censor"):
        result = by_place(run(duration("m", "elapsed", unfinished=rule), rows, ["2026-04"]), "m")["2026-04", ""]
        values[rule] = (result.value, result.n)
    assert values == {"leave_out": (2, 3), "count_until_period_end": (3, 5), "censor": (4, 5)}


def test_a_censored_median_that_is_not_reached_has_no_value() -> None:
    begun = datetime(2026, 4, 1, 9, tzinfo=UTC)
    rows = [{"opened_at": begun, "closed_at": begun + timedelta(hours=1)}] + [{"opened_at": begun}] * 2
    result = by_place(run(duration("m", "elapsed", unfinished="censor"), rows, ["2026-04"]), "m")["2026-04", ""]
    assert (result.value, result.n, result.status) == (None, 3, "no_data")


@few
@given(cases(), st.sampled_from([5, 50, 90, 99.5]))
def test_percentiles_of_a_column(rows: list[Row], p: float) -> None:
    population = {"table": "cases", "period_by": "opened_on", "where": [{"field": "urgent", "is_not": True}]}
    entry = kpi({"kind": "percentile", "of": "minutes", "p": p}, unit="minutes", population=population)
    results = by_place(run(entry, rows, ["2026-01", "2026-02"]))
    for period in ("2026-01", "2026-02"):
        values = [
            row["minutes"]
            for row in rows
            if in_month(row["opened_on"], period) and row["urgent"] is False and row["minutes"] is not None
        ]
        value = interpolated(values, p / 100)
        assert results[period, ""].value == (pytest.approx(value) if value is not None else None)
        assert results[period, ""].n == len(values)


@few
@given(cases())
def test_a_rolling_percentile_reads_the_rows_of_its_window(rows: list[Row]) -> None:
    population = {"table": "cases", "period_by": "opened_on"}
    window = {"last": 2, "of": "month"}
    entry = kpi({"kind": "percentile", "of": "minutes", "p": 50}, unit="minutes", population=population, window=window)
    value = by_place(run(entry, rows, ["2026-02"]))["2026-02", ""].value
    values = [
        row["minutes"]
        for row in rows
        if row["minutes"] is not None
        and (in_month(row["opened_on"], "2026-01") or in_month(row["opened_on"], "2026-02"))
    ]
    expected = interpolated(values, 0.5)
    assert value == (pytest.approx(expected) if expected is not None else None)


@few
@given(tickets())
def test_a_level_counts_what_is_open_at_the_end(rows: list[Row]) -> None:
    entry = kpi(
        {"kind": "level", "from": "opened_at", "to": "closed_at"}, population={"table": "cases"}, slices=["channel"]
    )
    results = by_place(run(entry, rows, PERIODS))
    for period in PERIODS:
        end = month_end(period)
        # ended in an earlier month than it began: never open, whatever the order of the two instants says
        still = [
            row for row in rows if row["opened_at"] < end and (row["closed_at"] is None or row["closed_at"] >= end)
        ]
        assert results[period, ""].value == len(still)
        for channel in ("phone", "email", None):
            place = (period, f"channel={channel or '(none)'}")
            counted = sum(row["channel"] == channel for row in still)
            assert (results[place].value if place in results else 0) == counted


def test_a_level_of_36_months_is_a_sum_over_month_pairs() -> None:
    """Cases that stay open for years: each month holds all those begun and not ended by its end."""
    rows = [
        {"opened_on": month.replace(day=5), "closed_on": closed}
        for month, closed in (
            (date(2023, 1, 1), None),
            (date(2023, 1, 1), date(2025, 6, 30)),
            (date(2025, 6, 1), date(2025, 6, 30)),
            (date(2025, 6, 1), date(2025, 7, 1)),
        )
    ]
    entry = kpi({"kind": "level", "from": "opened_on", "to": "closed_on"}, population={"table": "cases"})
    results = by_place(run(entry, rows, ["2022-12", "2023-01", "2025-05", "2025-06", "2025-07"]))
    assert [result.value for result in results.values()] == [0, 2, 2, 2, 1]


def test_whole_days_between_dates() -> None:
    """From the 1st to the 4th are three days; open since the 30th is one day when a month of 30 days ends."""
    measure = {
        "kind": "duration",
        "of": {"elapsed": {"from": "opened_on", "to": "closed_on"}},
        "unfinished": "count_until_period_end",
        "show": "mean",
    }
    entry = kpi(measure, unit="days", population={"table": "cases", "period_by": "opened_on"})
    rows = [
        {"opened_on": date.fromisoformat("2026-04-01"), "closed_on": date.fromisoformat("2026-04-04")},
        {"opened_on": date.fromisoformat("2026-04-30")},
    ]
    result = by_place(run(entry, rows, ["2026-04"]))["2026-04", ""]
    assert (result.value, result.numerator, result.n) == (2.0, 4.0, 2)


def test_the_oracle_knows_both_clock_changes() -> None:
    """Both nights of the clock change, open from 01:00 to 04:00, last two and four hours."""
    spring = [datetime(2026, 3, 29, hour, tzinfo=VIENNA).astimezone(UTC) for hour in (0, 12)]
    autumn = [datetime(2026, 10, 25, hour, tzinfo=VIENNA).astimezone(UTC) for hour in (0, 12)]
    assert worked(spring[1]) - worked(spring[0]) == 2 * 3600
    assert worked(autumn[1]) - worked(autumn[0]) == 4 * 3600


def test_what_ends_at_the_very_end_of_a_period_is_open_at_its_end() -> None:
    """Periods are half-open: midnight in Vienna belongs to the next one."""
    end = month_end("2026-10")
    rows = [{"opened_at": end - timedelta(hours=1), "closed_at": end}, {"opened_at": end, "closed_at": None}]
    entry = kpi({"kind": "level", "from": "opened_at", "to": "closed_at"}, population={"table": "cases"})
    assert by_place(run(entry, rows, ["2026-10"]))["2026-10", ""].value == 1
    result = by_place(run(duration("m", "elapsed", unfinished="censor"), rows, ["2026-10"]), "m")["2026-10", ""]
    assert (result.n, result.parts["finished"], result.value) == (1, 0, None)


def enclosing(values: Sequence[float], share: float) -> tuple[float | None, float | None]:
    """Values at the tightest ranks that leave at most 2.5 % on either side, by adding binomial chances up."""
    n, ordered = len(values), sorted(values)
    below = [sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(rank)) for rank in range(n + 2)]
    low = max((rank for rank in range(1, n + 1) if below[rank] <= 0.025), default=None)
    high = min((rank for rank in range(1, n + 1) if 1 - below[rank] <= 0.025), default=None)
    return (None, None) if low is None or high is None else (ordered[low - 1], ordered[high - 1])


def test_a_percentile_is_enclosed_by_two_of_its_values() -> None:
    """Slices of 9, 40 and 3 cases: too few for an interval, enough, too few."""
    draw = Random(7)
    begun = datetime(2026, 4, 2, 6, tzinfo=UTC)
    rows = [
        {
            "opened_at": begun + timedelta(hours=at),
            "closed_at": begun + timedelta(hours=at, seconds=draw.randrange(-3600, 30 * 86400)),
            "channel": "phone" if at < 9 else "email" if at < 49 else None,
            "minutes": float(draw.randrange(100)),
            "opened_on": date(2026, 4, 2),
        }
        for at in range(52)
    ]
    population = {"table": "cases", "period_by": "opened_on"}
    kpis = [
        duration("median", "working", unfinished="leave_out"),
        duration("p75", "elapsed", unfinished="leave_out", p=75),
        kpi({"kind": "percentile", "of": "minutes", "p": 90}, name="column", unit="minutes", population=population),
    ]
    measured = run(kpis, rows, ["2026-04", "2026-05"], ranks=percentile_ranks)
    for name, count, share in (("median", worked, 0.5), ("p75", clock, 0.75)):
        results = by_place(measured, name)
        for place, part in places(rows).items():
            if place[0] == "2026-04":
                hours = [seconds / 3600 for seconds, _ in lengths(part, place[0], count, "leave_out")]
                found = (results[place].parts.get("low"), results[place].parts.get("high"))
                low, high = enclosing(hours, share)
                assert found == (pytest.approx(low) if low else None, pytest.approx(high) if high else None), place
        assert dict(results["2026-05", ""].parts) == {}
    column = by_place(measured, "column")["2026-04", ""]
    assert (column.parts["low"], column.parts["high"]) == enclosing([row["minutes"] for row in rows], 0.9)
    assert "low" not in by_place(run(kpis[0], rows, ["2026-04"]), "median")["2026-04", ""].parts


def test_of_many_rows_the_percentile_is_enclosed_without_ordering_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of 60, 80 and 200 of 340: 80 is under half more than 60, so its interval may be wider than its own."""
    monkeypatch.setattr("qmsreports.kpi.compute.MOST_RANKED", 300)
    draw = Random(11)
    begun = datetime(2026, 4, 2, 6, tzinfo=UTC)
    rows = [
        {
            "opened_at": begun,
            "closed_at": begun + timedelta(seconds=draw.randrange(30 * 86400)),
            "channel": "phone" if at < 60 else "email" if at < 140 else None,
        }
        for at in range(340)
    ]
    measured = run(duration("p75", "elapsed", unfinished="leave_out", p=75), rows, ["2026-04"], ranks=percentile_ranks)
    results = by_place(measured, "p75")
    for place, exact in (("", True), ("channel=phone", True), ("channel=email", False), ("channel=(none)", True)):
        own = places(rows)["2026-04", place]
        hours = [seconds / 3600 for seconds, _ in lengths(own, "2026-04", clock, "leave_out")]
        low, high = enclosing(hours, 0.75)
        parts = results["2026-04", place].parts
        if exact:
            assert (parts["low"], parts["high"]) == (pytest.approx(low), pytest.approx(high)), place
        else:
            assert parts["low"] <= low and high <= parts["high"] <= max(hours), place


def test_a_step_is_taken_where_rows_have_grown_by_half() -> None:
    found = steps([5, 100, 149, 151, 1000, 1000], 0.5, percentile_ranks)
    assert [entry.n for entry in found] == [100, 151, 1000], "of 5 no two values enclose the median"
    low, high = percentile_ranks(100, 0.5) or (0, 0)
    assert (found[0].low, found[0].high) == ((low - 1) / 99, (high - 1) / 99)
    assert between(found, 99, [0.0] * 6) is None
    assert between(found, 150, [1, 2, 3, 4, 5, 6]) == (1, 2)
    assert between(found, 10**9, [1, 2, 3, 4, 5, 6]) == (5, 6)
