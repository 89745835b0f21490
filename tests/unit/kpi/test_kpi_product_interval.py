"""Intervals of products of ratios: against every row by hand, against resampling, and by how often they hold."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest
from kpi_fixture import Row, by_place, catalog, kpi, run
from scipy import stats

from qmsreports.analysis import result_interval
from qmsreports.analysis.intervals import percentile_ranks, product_of_ratios
from qmsreports.kpi.plan import Additive, ColumnRef, Quotient, Tally
from qmsreports.kpi.selection import plan_in, select
from qmsreports.kpi.words import rule_of
from qmsreports.period import Period
from qmsreports.records import KpiResult

POPULATION = {"table": "cases", "period_by": "opened_on"}
PHONE = [{"field": "channel", "is": "phone"}]
FACTORS = [
    {"name": "speed", "numerator": {"sum": "minutes"}, "denominator": {"sum": "pieces"}},
    {
        "name": "answered",
        "numerator": {"count": "rows", "where": [*PHONE, {"field": "urgent", "is": True}]},
        "denominator": {"count": "rows", "where": PHONE},
    },
]


def product(**more: Any) -> Any:
    return kpi({"kind": "product", "factors": FACTORS}, unit="percent", population=POPULATION, **more)


def interval(result: KpiResult) -> tuple[float | None, float | None]:
    return result_interval(
        "product", result.numerator, result.denominator, result.n, result.parts, unit="percent", value=result.value
    )


def made(seed: int, n: int, month: int = 3) -> list[Row]:
    """Rows whose two factors lean on each other: what is slow is answered less often."""
    draw = np.random.default_rng(seed)
    rows: list[Row] = []
    for _ in range(n):
        slow = draw.random()
        pieces = float(draw.integers(20, 60))
        rows.append(
            {
                "opened_on": date(2026, month, int(draw.integers(1, 29))),
                "site": "linz" if draw.random() < 0.4 else "lyon",
                "channel": "phone" if draw.random() < 0.7 else "email",
                "pieces": pieces,
                "minutes": float(round(pieces * (0.5 + 0.5 * slow) * 8) / 8),
                "urgent": bool(draw.random() < 0.5 + 0.4 * slow),
            }
        )
    return rows


def by_hand(rows: list[Row]) -> tuple[float, float]:
    """Variance of the logarithm from what each row does to it, and the rows of the smaller factor."""
    phones = [row for row in rows if row["channel"] == "phone"]
    minutes, pieces = (sum(row[name] for row in rows) for name in ("minutes", "pieces"))
    answered = sum(row["urgent"] for row in phones)
    moves = [
        row["minutes"] / minutes
        - row["pieces"] / pieces
        + ((row["urgent"] / answered - 1 / len(phones)) if row["channel"] == "phone" else 0.0)
        for row in rows
    ]
    n = min(len(phones), answered)
    return n / (n - 1) * sum(move * move for move in moves), float(n)


@pytest.mark.parametrize("window", [None, {"last": 2, "of": "month"}])
def test_the_variance_is_that_of_what_every_row_moves(window: dict[str, Any] | None) -> None:
    march, april = made(1, 60), made(2, 80, month=4)
    more = {"window": window} if window else {}
    measured = by_place(run(product(slices=["site"], **more), march + april, ["2026-04"], ranks=percentile_ranks))
    rows = march + april if window else april
    for site in ("", "linz", "lyon"):
        own = [row for row in rows if row["site"] == (site or row["site"])]
        variance, fewest = by_hand(own)
        found = measured["2026-04", f"site={site}" if site else ""]
        assert (found.parts["log variance"], found.parts["fewest rows"]) == (pytest.approx(variance), fewest)
        half = stats.t.ppf(0.975, fewest - 1) * math.sqrt(variance)
        assert found.value is not None
        assert interval(found) == pytest.approx((found.value * math.exp(-half), found.value * math.exp(half)))


def test_a_ratio_of_amounts_is_judged_by_its_rows_and_one_of_cases_by_wilson() -> None:
    march = made(10, 90)
    amounts = {"kind": "ratio", "numerator": {"sum": "minutes"}, "denominator": {"sum": "minutes"}}
    amounts["numerator"] = {"sum": "minutes", "where": PHONE}
    share = {"kind": "ratio", "numerator": {"count": "rows", "where": PHONE}, "denominator": {"count": "rows"}}
    kpis = [
        kpi(measure, name=name, unit="percent", population=POPULATION)
        for name, measure in (("amounts", amounts), ("share", share))
    ]
    measured = run(kpis, march, ["2026-03"], ranks=percentile_ranks)
    found = by_place(measured, "amounts")["2026-03", ""]
    total = sum(row["minutes"] for row in march)
    phone = sum(row["minutes"] for row in march if row["channel"] == "phone")
    moves = [row["minutes"] * ((row["channel"] == "phone") / phone - 1 / total) for row in march]
    fewest = sum(row["channel"] == "phone" for row in march)
    assert found.parts["log variance"] == pytest.approx(fewest / (fewest - 1) * sum(move * move for move in moves))
    assert found.parts["fewest rows"] == fewest
    assert "log variance" not in by_place(measured, "share")["2026-03", ""].parts
    assert rule_of(select(catalog(*kpis), {"amounts": [1]}, [Period.parse("2026-03")])[0].plan)[-1] == (
        "95 % interval = delta method on the logarithm of the ratio, from the rows behind both parts together, each "
        "row independent of the others"
    )


def test_resampling_the_rows_gives_the_same_interval() -> None:
    """4000 samples drawn again from 400 rows; added up as if the factors were independent it would be a third wider."""
    rows = made(3, 400)
    (low, high) = interval(by_place(run(product(), rows, ["2026-03"], ranks=percentile_ranks))["2026-03", ""])
    table = np.array(
        [(r["minutes"], r["pieces"], r["channel"] == "phone", r["channel"] == "phone" and r["urgent"]) for r in rows],
        dtype=float,
    )
    drawn = table[np.random.default_rng(4).integers(0, len(rows), (4000, len(rows)))].sum(axis=1)
    again = np.quantile(100 * drawn[:, 0] / drawn[:, 1] * drawn[:, 3] / drawn[:, 2], [0.025, 0.975])
    assert (low, high) == (pytest.approx(again[0], rel=0.012), pytest.approx(again[1], rel=0.012))


def test_it_holds_the_true_value_about_as_often_as_it_says() -> None:
    """400 months of 40 rows whose factors are known: within three standard errors of 95 %."""
    months = 400
    draw = np.random.default_rng(5)
    held = 0
    for _ in range(months):
        x = draw.integers(20, 60, 40).astype(float)
        y = x * draw.uniform(0.5, 1.0, 40)  # true ratio 0.75
        z = y * draw.uniform(0.8, 1.0, 40)  # true ratio 0.9
        moves = y / y.sum() - x / x.sum() + z / z.sum() - y / y.sum()
        found = product_of_ratios(y.sum() / x.sum() * z.sum() / y.sum(), 40 / 39 * (moves**2).sum(), 40)
        low, high = found
        assert low is not None
        assert high is not None
        held += low <= 0.675 <= high
    assert abs(held / months - 0.95) < 3 * math.sqrt(0.95 * 0.05 / months)


def test_worked_number() -> None:
    # t(0.975, 30) = 2.0423 (tables), exp(2.0423 x 0.02) = 1.04169: 60 / 1.04169 = 57.60, 60 x 1.04169 = 62.50
    assert product_of_ratios(60, 0.0004, 31) == (pytest.approx(57.60, abs=0.005), pytest.approx(62.50, abs=0.005))
    assert product_of_ratios(0.0, 0.0004, 31) == product_of_ratios(60, 0.0004, 9) == (None, None)


def test_parts_of_different_tables_are_independent_and_the_docstring_holds() -> None:
    """Rows with 9, 6 and 9 of 10: 1/64 (see the module). Two such factors of two tables: 2/64."""
    from qmsreports.kpi.moments import variance

    def tally(name: str, table: str, column: str) -> Tally:
        return Tally(name, table, ColumnRef("day", "date"), "sum", ColumnRef(column, "number"), ())

    tallies = [tally(f"{f}_{side}", f"table {f}", side) for f in "ab" for side in ("top", "all")]
    quotients = tuple(Quotient(f, (f"{f}_top",), over=f"{f}_all") for f in "ab")
    sums = {"top": 24.0, "all": 30.0}
    squares = {("top", "top"): 198.0, ("top", "all"): 240.0, ("all", "all"): 300.0}
    moments = {
        (f"table {f}", ColumnRef("day", "date")): {
            **{f"rows of {f}_{side}": 3.0 for side in sums},
            **{f"sum of {f}_{side}": total for side, total in sums.items()},
            **{f"{f}_{one} times {f}_{two}": total for (one, two), total in squares.items()},
        }
        for f in "ab"
    }
    found = variance(Additive(tuple(tallies), quotients, "a_all", 1.0), moments)
    assert found == {"log variance": pytest.approx(2 / 64), "fewest rows": 3.0}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        made(6, 1),
        [{**row, "channel": "phone", "urgent": True} for row in made(7, 20)],  # a factor that never failed
        [{**row, "urgent": False} for row in made(8, 20)],  # a product of 0
        [{**row, "channel": "email"} for row in made(9, 20)],  # nothing to divide by
    ],
)
def test_what_cannot_be_told_has_no_interval(rows: list[Row]) -> None:
    result = by_place(run(product(), rows, ["2026-03"], ranks=percentile_ranks))["2026-03", ""]
    assert "log variance" not in result.parts
    assert interval(result) == (None, None)


def test_the_rule_says_how_the_interval_is_made() -> None:
    entry = product()
    assert rule_of(plan_in(catalog(entry), entry, entry.versions[0]))[-1] == (
        "95 % interval = delta method on the logarithm of the product, from the rows behind all factors together, each "
        "row independent of the others"
    )
