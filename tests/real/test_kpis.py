"""The product's numbers on real data are those that pandas finds in the raw files, to a billionth, and none besides."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
from scipy.stats import chi2

from tests.real.oracle import KPIS, Key
from tests.real.raw import Raw

pytestmark = pytest.mark.system

EXACT = {"rel": 1e-9, "abs": 1e-9}
BEFORE = {
    "incident_backlog": "2016-02",  # the sample begins on the 29th: 42 incidents, 1,810 in March
    "resolution_in_hours_worked": "2016-02",
    "resolution_time": "2016-02",
}
"""Last month before the record begins, by KPI: what is left over from then is no data, whatever its rows say."""
Z = NormalDist().inv_cdf(0.975)


@pytest.fixture(scope="module")
def raw(data: Path) -> Raw:
    return Raw(data)


def values_of(measured: list[dict[str, Any]], kpi: str) -> dict[Key, dict[str, Any]]:
    found = {}
    for row in measured:
        if row["kpi"] == kpi:
            ((name, value),) = row["slice"].items() or [("", "")]
            found[row["period"], name, value] = row
    return found


@pytest.mark.parametrize("kpi", KPIS)
def test_product_and_pandas_agree(measured: list[dict[str, Any]], raw: Raw, kpi: str) -> None:
    expected, values = KPIS[kpi](raw), values_of(measured, kpi)
    assert expected
    early = {key: told for key, told in expected.items() if key[0] <= BEFORE.get(kpi, "")}
    assert bool(early) == (kpi in BEFORE)
    expected = {key: told for key, told in expected.items() if key not in early}
    assert expected.keys() <= values.keys()
    for key, row in values.items():
        if key in early:
            assert (row["status"], row["value"], row["n"]) == ("no_data", None, early[key].n), key
            continue
        if key not in expected:
            assert row["value"] is None or (kpi == "incident_backlog" and row["value"] == 0), key
            continue
        told = expected[key]
        assert row["value"] == (None if told.value is None else pytest.approx(told.value, **EXACT)), key
        assert row["n"] == told.n, key
        if told.denominator is not None:
            assert row["numerator"] == pytest.approx(told.numerator, **EXACT), key
            assert row["denominator"] == pytest.approx(told.denominator, **EXACT), key


def test_every_kpi_of_the_workspace_has_its_oracle(measured: list[dict[str, Any]]) -> None:
    assert {row["kpi"] for row in measured} == set(KPIS)
    assert len([row for row in measured if row["value"] is not None and not row["slice"]]) > 100


def test_the_interval_of_the_score_is_adjusted_wald(measured: list[dict[str, Any]], raw: Raw) -> None:
    row = values_of(measured, "nps")["2017-06", "", ""]
    scores = [int(score) for score in raw.answers["nps"] if score != "NA"]
    n = len(scores) + 3
    p = (sum(score >= 9 for score in scores) + 0.75) / n
    d = (sum(score <= 6 for score in scores) + 0.75) / n
    half = Z * math.sqrt((p + d - (p - d) ** 2) / n)
    assert (row["low"], row["high"]) == pytest.approx((100 * (p - d - half), 100 * (p - d + half)), **EXACT)
    assert row["status"] == "met"


@pytest.mark.parametrize("kpi", ["win_rate", "sla_met", "reopened_share", "rework_share", "first_pass_yield"])
def test_intervals_of_shares_are_wilson(measured: list[dict[str, Any]], raw: Raw, kpi: str) -> None:
    for key, told in KPIS[kpi](raw).items():
        row = values_of(measured, kpi)[key]
        assert told.numerator is not None and told.denominator is not None
        p, n = told.numerator / told.denominator, told.denominator
        centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        assert (row["low"], row["high"]) == pytest.approx((100 * (centre - half), 100 * (centre + half)), **EXACT), key


def test_intervals_of_rates_are_exact_poisson(measured: list[dict[str, Any]], raw: Raw) -> None:
    for key, told in KPIS["defects_ppm"](raw).items():
        row = values_of(measured, "defects_ppm")[key]
        assert told.numerator is not None and told.denominator is not None
        low = chi2.ppf(0.025, 2 * told.numerator) / 2 if told.numerator else 0.0
        high = chi2.ppf(0.975, 2 * told.numerator + 2) / 2
        bounds = (1e6 * low / told.denominator, 1e6 * high / told.denominator)
        assert (row["low"], row["high"]) == pytest.approx(bounds, **EXACT), key
