"""Numbers worked out in print, computed again by the engine from rows. Each names its source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from kpi_fixture import by_place, kpi, run

DAY = date(2026, 4, 14)
POPULATION = {"table": "cases", "period_by": "opened_on"}


def value(
    measure: dict[str, Any], rows: list[dict[str, Any]], unit: str, population: dict[str, Any] = POPULATION
) -> Any:
    return by_place(run(kpi(measure, unit=unit, population=population), rows, ["2026-04"]))["2026-04", ""]


def factor(name: str, numerator: dict[str, Any], denominator: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "numerator": numerator, "denominator": denominator}


def answers(**counts: int) -> list[dict[str, Any]]:
    return [{"opened_on": DAY, "score": int(score[1:])} for score, count in counts.items() for _ in range(count)]


def test_net_promoter_score_of_60_25_15() -> None:
    """The counts behind the published adjusted-Wald interval of 43.7 +- 14.3."""
    rows = answers(_9=30, _10=30, _7=15, _8=10, _0=5, _6=10)
    result = value({"kind": "score", "type": "nps", "field": "score"}, rows, "points")
    assert (result.value, result.numerator, result.denominator, result.n) == (45, 45, 100, 100)
    assert result.parts == {"promoters": 60, "detractors": 15}


def test_customer_satisfaction_of_960_in_1200() -> None:
    """The counts behind the published Wilson interval of 77.6 to 82.2 %: 960 top-two boxes of 1,200 answers."""
    rows = answers(_5=500, _4=460, _3=140, _1=100)
    result = value({"kind": "score", "type": "csat", "field": "score"}, rows, "percent")
    assert (result.value, result.numerator, result.denominator) == (80, 960, 1200)


def test_rolled_throughput_yield_of_three_steps() -> None:
    """The textbook example of the product of first pass yields: 0.95 x 0.84 x 0.88 = 0.70."""
    steps = {"cutting": 95, "welding": 84, "painting": 88}
    rows = [{"opened_on": DAY, "channel": step, "pieces": 100.0, "bad": 100 - good} for step, good in steps.items()]
    factors = [
        {
            "name": step,
            "numerator": {"sum": "minutes", "where": [{"field": "channel", "is": step}]},
            "denominator": {"sum": "pieces", "where": [{"field": "channel", "is": step}]},
        }
        for step in steps
    ]
    for row in rows:
        row["minutes"] = row["pieces"] - row["bad"]
    result = value({"kind": "product", "factors": factors}, rows, "ratio")
    assert result.value == pytest.approx(0.95 * 0.84 * 0.88)
    assert result.parts["cutting"] == pytest.approx(0.95)


def test_overall_equipment_effectiveness_of_nakajima() -> None:
    """Nakajima, Introduction to TPM (1988): availability 0.87, performance 0.50, quality 0.98 give 42.6 %.

    460 minutes loaded, 400 run; 400 pieces at 0.5 minutes each; 392 of them good.
    """
    row = {"opened_on": DAY, "minutes": 460.0, "pieces": 400.0, "bad": 392, "score": 0}
    rows = [row, {**row, "minutes": 400.0, "pieces": 200.0, "bad": 196, "channel": "run"}]
    loaded, ran = [{"field": "channel", "known": False}], [{"field": "channel", "is": "run"}]
    factors = [
        factor("availability", {"sum": "minutes", "where": ran}, {"sum": "minutes", "where": loaded}),
        factor("performance", {"sum": "pieces", "where": ran}, {"sum": "minutes", "where": ran}),
        factor("quality", {"sum": "bad", "where": ran}, {"sum": "pieces", "where": ran}),
    ]
    result = value({"kind": "product", "factors": factors, "each_factor_at_most": 1}, rows, "percent")
    assert round(result.value, 1) == 42.6
    assert [round(result.parts[name], 2) for name in ("availability", "performance", "quality")] == [0.87, 0.5, 0.98]


def test_the_mean_of_two_ratios_is_not_the_ratio() -> None:
    """10 of 10 at one site and 4,006 of 8,012 at another: 50.06 % on time, where the mean of 100 % and 50 % says 75."""
    rows = [{"opened_on": DAY, "site": "small", "bad": 10, "pieces": 10.0}]
    rows += [{"opened_on": DAY, "site": "big", "bad": 4006, "pieces": 8012.0}]
    measure = {"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}}
    entry = kpi(measure, unit="percent", population=POPULATION, slices=["site"])
    results = by_place(run(entry, rows, ["2026-04"]))
    assert [results["2026-04", cut].value for cut in ("site=small", "site=big")] == [100, 50]
    assert round(results["2026-04", ""].value or 0, 2) == 50.06


def test_parts_per_million_and_defects_per_million_opportunities() -> None:
    """By their definitions: 15 bad of 300 units are 50,000 PPM; 21 defects on them, with 15 opportunities each, are
    1,000,000 x 21 / 4,500, which is 4,667 DPMO.
    """
    rows = [{"opened_on": DAY, "bad": 15, "minutes": 21.0, "pieces": 300.0}]
    ppm = {"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}}
    assert value(ppm, rows, "ppm").value == 50_000
    dpmo = {"kind": "ratio", "numerator": {"sum": "minutes"}, "denominator": {"sum": "pieces"}, "per": 1_000_000 / 15}
    assert value(dpmo, rows, "ratio").value == pytest.approx(4666.67, abs=0.01)


def test_customer_effort_as_a_mean_and_as_a_share() -> None:
    """CES of 7, 6, 5, 4, 3, 2: a mean of 4.5, and half of them 5 or more; the unit says which of the two."""
    rows = answers(s7=1, s6=1, s5=1, s4=1, s3=1, s2=1)
    ces = {"kind": "score", "type": "ces", "field": "score"}
    assert (value(ces, rows, "score").value, value(ces, rows, "percent").value) == (4.5, 50)


def test_nothing_to_divide_by_is_no_exposure_and_not_zero() -> None:
    result = value({"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}}, [], "ppm")
    assert (result.value, result.denominator, result.status) == (None, 0, "no_data")
    assert value({"kind": "count"}, [], "count").value == 0


def test_friday_17_00_plus_eight_working_hours_is_monday_17_00() -> None:
    """The office is open from Monday to Friday, 09:00 to 17:00, in Vienna."""
    begun = datetime(2026, 4, 10, 15, tzinfo=UTC)
    measure = {
        "kind": "duration",
        "of": {"working_time": {"from": "opened_at", "to": "closed_at", "calendar": "office"}},
        "unfinished": "leave_out",
    }
    rows = [{"opened_at": begun, "closed_at": begun + timedelta(days=3)}]
    assert value(measure, rows, "hours", {"table": "cases", "period_by": "opened_at"}).value == 8


def test_a_target_of_93_4_is_met_by_467_of_500() -> None:
    """100 x 467 / 500 is exactly 93.4; 467 / 500 x 100 is 93.39999999999999 and would miss it."""
    rows = [{"opened_on": DAY, "bad": 467, "pieces": 500.0}]
    measure = {"kind": "ratio", "numerator": {"sum": "bad"}, "denominator": {"sum": "pieces"}}
    assert value(measure, rows, "percent").value == 93.4


def test_a_factor_above_its_bound_is_kept_and_told() -> None:
    rows = [{"opened_on": DAY, "minutes": 100.0, "pieces": 120.0}]
    parts = {"numerator": {"sum": "pieces"}, "denominator": {"sum": "minutes"}}
    measure = {
        "kind": "product",
        "factors": [{"name": "speed", **parts}, {"name": "again", **parts}],
        "each_factor_at_most": 1,
    }
    measured = run(kpi(measure, unit="ratio", population=POPULATION), rows, ["2026-04"])
    assert by_place(measured)["2026-04", ""].value == pytest.approx(1.44)
    assert [str(warning) for warning in measured.warnings] == [
        f"kpi number, 2026-04: factor {name} is 1.200, above 1; it is kept; check the norm it is measured against, "
        "such as the planned time per item"
        for name in ("speed", "again")
    ]


def test_a_formula_reads_values_of_the_same_period_and_slice() -> None:
    rows = [
        {"opened_on": DAY, "site": "linz", "urgent": True},
        {"opened_on": DAY, "site": "linz", "urgent": False},
        {"opened_on": DAY, "site": "lyon", "urgent": False},
    ]
    is_urgent = [{"field": "urgent", "is": True}]
    urgent = kpi({"kind": "count", "where": is_urgent}, name="urgent", population=POPULATION, slices=["site"])
    every = kpi({"kind": "count"}, name="every", population=POPULATION, slices=["site"])
    quotient = {"divide": [{"kpi": "urgent"}, {"kpi": "every"}]}
    formula = {"kind": "formula", "value": {"multiply": [{"number": 100}, quotient]}}
    share = kpi(formula, name="a_share", unit="percent", slices=["site"])
    results = by_place(run([share, every, urgent], rows, ["2026-04", "2026-03"]), "a_share")
    assert {place: result.value for place, result in results.items()} == {
        ("2026-03", ""): None,
        ("2026-04", ""): pytest.approx(100 / 3),
        ("2026-04", "site=linz"): 50,
        ("2026-04", "site=lyon"): 0,
    }


def test_a_formula_is_provisional_as_long_as_one_of_its_values_is() -> None:
    slow = kpi({"kind": "count"}, name="slow", population=POPULATION, settles_after={"days": 30})
    formula = kpi({"kind": "formula", "value": {"add": [{"kpi": "slow"}, {"number": 1}]}}, name="a_formula")
    measured = run([formula, slow], [], ["2026-04"], as_of=datetime(2026, 5, 20, tzinfo=UTC))
    assert {result.kpi: (result.value, result.status) for result in measured.results} == {
        "slow": (0, "provisional"),
        "a_formula": (1, "provisional"),
    }
