"""Every additive kind against plain Python over made-up rows, and the laws that sums obey."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_fixture import MONTHS, SITES, Row, by_place, cases, in_month, kpi, run

from qmsreports.records import KpiResult

few = settings(max_examples=10, deadline=None)
POPULATION = {"table": "cases", "period_by": "opened_on"}


def close(result: KpiResult, value: float | None, numerator: float | None, denominator: float | None, n: int) -> None:
    assert result.value == (pytest.approx(value) if value is not None else None)
    assert result.numerator == (pytest.approx(numerator) if numerator is not None else None)
    assert result.denominator == (pytest.approx(denominator) if denominator is not None else None)
    assert result.n == n


def groups(rows: list[Row], month: str, slices: tuple[str, ...] = ("site",)) -> dict[tuple[str, str], list[Row]]:
    """Rows of a month: the whole and each slice, empty values as "(none)"; written without the engine."""
    inside = [row for row in rows if in_month(row["opened_on"], month)]
    found: dict[tuple[str, str], list[Row]] = {(month, ""): inside}
    for name in slices:
        for row in inside:
            found.setdefault((month, f"{name}={row[name] or '(none)'}"), []).append(row)
    return found


def on_time(part: list[Row]) -> tuple:
    met = sum(1 for row in part if row["closed_on"] and row["due_on"] and row["closed_on"] <= row["due_on"])
    counted = sum(1 for row in part if row["channel"] not in ("email", None))  # empty compares with nothing
    return (100 * met / counted if counted else None, met, counted, counted)


def bad_pieces(part: list[Row]) -> tuple:
    bad = sum(row["bad"] or 0 for row in part)
    pieces = sum(row["pieces"] or 0 for row in part)
    return (1_000_000 * bad / pieces if pieces else None, bad, pieces, int(pieces))


def urgent(part: list[Row]) -> tuple:
    found = sum(1 for row in part if row["urgent"] is True)
    return (found, found, None, found)


def total_minutes(part: list[Row]) -> tuple:
    known = [row["minutes"] for row in part if row["minutes"] is not None]
    return (sum(known), sum(known), None, len(known))


def mean_minutes(part: list[Row]) -> tuple:
    known = [row["minutes"] for row in part if row["minutes"] is not None and row["bad"] is None]
    return (sum(known) / len(known) if known else None, sum(known), len(known), len(known))


def nps(part: list[Row]) -> tuple:
    answers = [row["score"] for row in part if row["score"] is not None and 0 <= row["score"] <= 10]
    net = sum(score >= 9 for score in answers) - sum(score <= 6 for score in answers)
    return (100 * net / len(answers) if answers else None, net, len(answers), len(answers))


def csat(part: list[Row]) -> tuple:
    answers = [row["score"] for row in part if row["score"] in (1, 2, 3, 4, 5)]
    top = sum(score >= 4 for score in answers)
    return (100 * top / len(answers) if answers else None, top, len(answers), len(answers))


def ces(part: list[Row]) -> tuple:
    answers = [row["score"] for row in part if row["score"] in range(1, 8)]
    return (sum(answers) / len(answers) if answers else None, sum(answers), len(answers), len(answers))


def two_factors(part: list[Row]) -> tuple:
    pieces = sum(row["pieces"] or 0 for row in part)
    minutes = sum(row["minutes"] or 0 for row in part)
    good = sum(row["bad"] == 0 for row in part)
    value = 100 * pieces / minutes * good / len(part) if minutes and part else None
    return (value, None, None, sum(row["minutes"] is not None for row in part))


ROWS = {"count": "rows"}
KINDS = {
    "on_time": (
        {
            "kind": "ratio",
            "numerator": {**ROWS, "where": [{"field": "closed_on", "at_most": {"field": "due_on"}}]},
            "denominator": {**ROWS, "where": [{"field": "channel", "not_in": ["email"]}]},
        },
        "percent",
        on_time,
    ),
    "bad_pieces": (
        {"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}},
        "ppm",
        bad_pieces,
    ),
    "urgent": ({"kind": "count", "where": [{"field": "urgent", "is": True}]}, "count", urgent),
    "total_minutes": ({"kind": "sum", "of": "minutes"}, "minutes", total_minutes),
    "mean_minutes": (
        {"kind": "mean", "of": "minutes", "where": [{"field": "bad", "known": False}]},
        "minutes",
        mean_minutes,
    ),
    "nps": ({"kind": "score", "type": "nps", "field": "score"}, "points", nps),
    "csat": ({"kind": "score", "type": "csat", "field": "score"}, "percent", csat),
    "ces": ({"kind": "score", "type": "ces", "field": "score"}, "score", ces),
    "two_factors": (
        {
            "kind": "product",
            "factors": [
                {"name": "speed", "numerator": {"sum": "pieces"}, "denominator": {"sum": "minutes"}},
                {"name": "good", "numerator": {**ROWS, "where": [{"field": "bad", "is": 0}]}, "denominator": ROWS},
            ],
        },
        "percent",
        two_factors,
    ),
}


@few
@given(cases())
def test_every_sum_is_what_plain_python_adds_up(rows: list[Row]) -> None:
    """All kinds at once, as in production: they share one scan, and each must keep to its own conditions."""
    kpis = [
        kpi(measure, name=name, unit=unit, population=POPULATION, slices=["site"])
        for name, (measure, unit, _) in KINDS.items()
    ]
    measured = run(kpis, rows, MONTHS)
    assert len([text for text in measured.sql.values() if "one scan" in text]) == 1
    expected = {place: part for month in MONTHS for place, part in groups(rows, month).items()}
    begun = {(later, cut): [] for month, cut in expected for later in MONTHS if later >= month}
    for name, (measure, _, oracle) in KINDS.items():
        results = by_place(measured, name)
        places = begun | expected if measure["kind"] in ("count", "sum") else expected  # none of them is 0, too
        assert set(results) == set(places)
        for place, part in places.items():
            close(results[place], *oracle(part))


@few
@given(
    cases(),
    st.lists(
        st.fixed_dictionaries(
            {
                "site": SITES,
                "ordered_on": st.none()
                | st.sampled_from([date(2026, month, day) for month in (1, 2, 3) for day in (1, 28)]),
            }
        ),
        max_size=12,
    ),
)
def test_a_ratio_over_two_tables_is_joined_by_period_and_common_slice(rows: list[Row], orders: list[Row]) -> None:
    measure = {
        "kind": "ratio",
        "numerator": {"count": "rows"},
        "denominator": {"count": "rows", "population": {"table": "orders", "period_by": "ordered_on"}},
    }
    entry = kpi(measure, unit="per_1000", population=POPULATION, slices=["site", "channel"])
    numbered = [{"order_id": index, **row} for index, row in enumerate(orders)]
    results = by_place(run(entry, rows, MONTHS, orders=numbered))
    assert not [place for place in results if place[1].startswith("channel")], "orders have no channel"
    for month in MONTHS:
        parts = groups(rows, month)
        sold = [order for order in orders if in_month(order["ordered_on"], month)]
        sites = {"": sold}
        for order in sold:
            sites.setdefault(f"site={order['site'] or '(none)'}", []).append(order)
        for cut in {cut for _, cut in parts} | set(sites):
            above, below = len(parts.get((month, cut), [])), len(sites.get(cut, []))
            close(results[month, cut], 1000 * above / below if below else None, above, below, below)


@few
@given(cases(), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(rows: list[Row], chance: random.Random) -> None:
    numbered = [{"case_id": index, **row} for index, row in enumerate(rows)]
    shuffled = list(numbered)
    chance.shuffle(shuffled)
    kinds = [
        kpi({"kind": "sum", "of": "pieces"}, name="pieces", population=POPULATION, slices=["site"]),
        kpi(
            {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer", "keep": "latest"}},
            name="net",
            unit="points",
            population=POPULATION,
            slices=["site"],
        ),
        kpi({"kind": "percentile", "of": "minutes", "p": 75}, name="slow", unit="minutes", population=POPULATION),
    ]
    key = lambda result: (result.kpi, str(result.period), sorted(result.slice.items()))  # noqa: E731
    assert sorted(run(kinds, numbered, MONTHS).results, key=key) == sorted(
        run(kinds, shuffled, MONTHS).results, key=key
    )


@few
@given(cases())
def test_slices_add_up_to_the_whole(rows: list[Row]) -> None:
    entry = kpi({"kind": "sum", "of": "pieces"}, population=POPULATION, slices=["site", "channel"])
    results = by_place(run(entry, rows, MONTHS))
    for month in MONTHS:
        for name in ("site", "channel"):
            parts = [result for (period, cut), result in results.items() if period == month and cut.startswith(name)]
            assert sum(part.value or 0 for part in parts) == results[month, ""].value
            assert sum(part.n for part in parts) == results[month, ""].n


@few
@given(cases())
def test_a_window_of_one_month_is_the_month(rows: list[Row]) -> None:
    measure = {"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}}
    plain = run(kpi(measure, unit="ppm", population=POPULATION, slices=["site"]), rows, MONTHS)
    window = {"last": 1, "of": "month"}
    windowed = run(kpi(measure, unit="ppm", population=POPULATION, slices=["site"], window=window), rows, MONTHS)
    numbers = lambda measured: [  # noqa: E731
        (str(result.period), result.slice, result.value, result.numerator, result.n) for result in measured.results
    ]
    assert numbers(plain) == numbers(windowed)


SPREAD_OUT = {"elapsed": {"from": "opened_on", "to": "closed_on"}}
OF_ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "percentile": ("minutes", {"kind": "percentile", "of": "minutes", "p": 75}),
    "median": ("days", {"kind": "duration", "of": SPREAD_OUT, "unfinished": "count_until_period_end"}),
    "censored": ("days", {"kind": "duration", "of": SPREAD_OUT, "unfinished": "censor"}),
    "chosen": ("points", {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer"}}),
    "mean": ("minutes", {"kind": "mean", "of": "minutes"}),
    "count": ("count", {"kind": "count"}),
}


@few
@given(cases())
def test_a_window_of_one_month_and_the_year_to_january_are_the_month_of_every_kind(rows: list[Row]) -> None:
    found = {}
    for name, window in (("plain", None), ("rolling", {"last": 1, "of": "month"}), ("to_date", {"to_date": "year"})):
        more = {"window": window} if window else {}
        kpis = [
            kpi(measure, name=kind, unit=unit, population=POPULATION, slices=["site"], **more)
            for kind, (unit, measure) in OF_ROWS.items()
        ]
        measured = run(kpis, rows, ["2026-01"])
        found[name] = [(entry.kpi, entry.slice, entry.value, entry.n, entry.parts) for entry in measured.results]
    assert found["plain"] == found["rolling"] == found["to_date"]


@few
@given(cases())
def test_windows_add_the_parts_of_their_months(rows: list[Row]) -> None:
    measure = {"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}}
    rolling = kpi(measure, name="rolling", unit="ppm", population=POPULATION, window={"last": 3, "of": "month"})
    year = kpi(measure, name="year", unit="ppm", population=POPULATION, window={"to_date": "year"})
    measured = run([rolling, year], rows, ["2026-02"])

    def numbers(months: tuple[str, ...]) -> tuple[float, float]:
        part = [row for row in rows if any(in_month(row["opened_on"], month) for month in months)]
        return sum(row["bad"] or 0 for row in part), sum(row["pieces"] or 0 for row in part)

    for name, months in (("rolling", ("2025-12", "2026-01", "2026-02")), ("year", ("2026-01", "2026-02"))):
        result = by_place(measured, name)["2026-02", ""]
        bad, pieces = numbers(months)
        close(result, 1_000_000 * bad / pieces if pieces else None, bad, pieces, int(pieces))


@few
@given(cases())
def test_a_quarter_is_made_of_its_rows_not_of_its_months(rows: list[Row]) -> None:
    entry = kpi({"kind": "mean", "of": "minutes"}, unit="minutes", population=POPULATION)
    result = by_place(run(entry, rows, ["2026-Q1"]))["2026-Q1", ""]
    known = [
        row["minutes"]
        for row in rows
        if row["minutes"] is not None and any(in_month(row["opened_on"], month) for month in MONTHS)
    ]
    assert result.value == (pytest.approx(sum(known) / len(known)) if known else None)


@few
@given(cases())
def test_two_versions_by_different_dates_share_one_scan(rows: list[Row]) -> None:
    """February and before by the day of closing, from March by the day that was due."""
    entry = kpi({"kind": "count"}, population={"table": "cases", "period_by": "closed_on"}, slices=["site"])
    second = {
        "version": 2,
        "effective_from": "2026-03-01",
        "why": "Due counts.",
        "population": {"table": "cases", "period_by": "due_on", "where": [{"field": "site", "known": True}]},
        "measure": {"kind": "count"},
    }
    entry = type(entry).model_validate(
        {
            **entry.model_dump(by_alias=True, exclude_unset=True),
            "versions": [entry.versions[0].model_dump(by_alias=True, exclude_unset=True), second],
        }
    )
    measured = run(entry, rows, MONTHS)
    results = by_place(measured)
    assert [results[month, ""].version for month in MONTHS] == [1, 1, 2]
    for month in MONTHS[:2]:
        assert results[month, ""].value == sum(in_month(row["closed_on"], month) for row in rows)
    due = [row for row in rows if row["site"] and in_month(row["due_on"], "2026-03")]
    assert results["2026-03", ""].value == len(due)
    scans = [text for text in measured.sql.values() if "one scan" in text]
    assert len(scans) == 1
