"""One answer of each customer: chosen anew in every window and slice."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from kpi_fixture import MONTHS, Row, by_place, cases, in_month, kpi, run

POPULATION = {"table": "cases", "period_by": "opened_on"}


def score(keep: str, **more: object) -> object:
    measure = {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer", "keep": keep}}
    return kpi(measure, unit="points", population=POPULATION, slices=["channel"], **more)


def oracle(part: list[Row], keep: str) -> tuple[float | None, int]:
    """Latest or first valid answer of every known customer; the same day is decided by the key."""
    chosen: dict[str, Row] = {}
    for row in sorted(part, key=lambda row: (row["opened_on"], row["case_id"]), reverse=keep == "first"):
        if row["customer"] is not None and row["score"] is not None and 0 <= row["score"] <= 10:
            chosen[row["customer"]] = row
    answers = [row["score"] for row in chosen.values()]
    net = sum(answer >= 9 for answer in answers) - sum(answer <= 6 for answer in answers)
    return (100 * net / len(answers) if answers else None, len(answers))


@settings(max_examples=20, deadline=None)
@given(cases())
def test_one_answer_of_each_customer(rows: list[Row]) -> None:
    numbered = [{**row, "case_id": index} for index, row in enumerate(rows)]
    for keep in ("latest", "first"):
        results = by_place(run(score(keep), numbered, MONTHS))
        for month in MONTHS:
            inside = [row for row in numbered if in_month(row["opened_on"], month)]
            parts = {"": inside}
            for row in inside:
                parts.setdefault(f"channel={row['channel'] or '(none)'}", []).append(row)
            for cut, part in parts.items():
                value, n = oracle(part, keep)
                if n == 0 and cut:
                    assert (month, cut) not in results
                else:
                    assert (results[month, cut].value, results[month, cut].n) == (value, n)


def test_a_customer_counts_in_every_slice_in_which_he_answered() -> None:
    """His latest answer speaks for the whole; in each channel it is his latest answer there."""
    day = date(2026, 1, 10)
    rows = [
        {"customer": "a", "channel": "phone", "opened_on": day, "score": 10},
        {"customer": "a", "channel": "email", "opened_on": day.replace(day=20), "score": 0},
    ]
    results = by_place(run(score("latest"), rows, ["2026-01"]))
    assert {cut: result.value for (_, cut), result in results.items()} == {
        "": -100,
        "channel=email": -100,
        "channel=phone": 100,
    }


def test_in_a_window_of_three_months_a_customer_speaks_once() -> None:
    rows = [
        {"customer": "a", "opened_on": date(2026, 1, 5), "score": 10},
        {"customer": "a", "opened_on": date(2026, 3, 5), "score": 5},
        {"customer": "b", "opened_on": date(2026, 2, 5), "score": 9},
    ]
    result = by_place(run(score("latest", window={"last": 3, "of": "month"}), rows, ["2026-03"]))["2026-03", ""]
    assert (result.value, result.n, dict(result.parts)) == (0, 2, {"promoters": 1, "detractors": 1})


def test_first_and_latest_are_told_apart_and_ties_by_the_key() -> None:
    rows = [
        {"case_id": 2, "customer": "a", "opened_on": date(2026, 1, 5), "score": 10},
        {"case_id": 1, "customer": "a", "opened_on": date(2026, 1, 5), "score": 7},
        {"case_id": 0, "customer": "a", "opened_on": date(2026, 1, 6), "score": 0},
        {"case_id": 3, "customer": "a", "opened_on": date(2026, 1, 7), "score": None},
    ]
    values = {keep: by_place(run(score(keep), rows, ["2026-01"]))["2026-01", ""].value for keep in ("latest", "first")}
    assert values == {"latest": -100, "first": 0}
