"""Intervals of censored medians and percentiles: SciPy's bands of the curve, and a published example."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from kpi_fixture import Row, by_place, kpi, run
from scipy import stats

POPULATION = {"table": "cases", "period_by": "opened_on"}
BEGUN = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2019, 12, 31, 23, tzinfo=UTC) + timedelta(days=31)  # of January in Vienna

# Days free of disease after a bone marrow transplant, acute lymphoblastic leukaemia; + is still free of it. Klein and
# Moeschberger, Survival Analysis, table D.1, group 1; the example of SAS/STAT, PROC LIFETEST, "Product-Limit Method".
TRANSPLANTS = """
1 55 74 86 104 107 109 110 122 122 129 172 192 194 226+ 230 276 332 383 418 466 487 526 530+ 609 662 996+ 1111+ 1167+
1182+ 1199+ 1330+ 1377+ 1433+ 1462+ 1496+ 1602+ 2081+
"""


def censored(name: str, share: int, **more: Any) -> Any:
    of = {"elapsed": {"from": "opened_at", "to": "closed_at"}}
    own = {"kind": "percentile", "p": share} if share != 50 else {"kind": "duration"}
    measure = {**own, "of": of, "unfinished": "censor"}
    return kpi(measure, name=name, unit="hours", population=POPULATION, **more)


def case(length: float, ended: bool, **more: str) -> Row:
    """A case of so many hours, ended just within the period or still open at its end."""
    hours = timedelta(hours=length)
    ends = END - timedelta(hours=1)
    begun, closed = (ends - hours, ends) if ended else (END - hours, None)
    return {"opened_on": END.date(), "opened_at": begun, "closed_at": closed, **more}


def by_bands(lengths: Sequence[tuple[float, bool]], share: float) -> tuple[float | None, float | None]:
    """Where SciPy's two bands of the curve first are as low as the share asks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there is no band at the end of a curve that falls to 0
        data = stats.CensoredData.right_censored([length for length, _ in lengths], [not end for _, end in lengths])
        curve = stats.ecdf(data).sf
        bands = curve.confidence_interval(0.95, method="log-log")
    ends = []
    for band in (bands.low, bands.high):
        rows = zip(band.quantiles, band.probabilities, curve.probabilities, strict=True)
        ends.append(min((length for length, low, left in rows if left > 0 and low <= 1 - share + 1e-9), default=None))
    return ends[0], ends[1]


def ends_of(result: Any) -> tuple[float | None, float | None]:
    return result.parts.get("low"), result.parts.get("high")


def test_the_published_example_of_the_bone_marrow_transplants() -> None:
    """First quartile 122 days (86 to 230), median 418 (192 to not reached); hours stand in for days."""
    rows = [case(float(text.rstrip("+")) / 10, "+" not in text) for text in TRANSPLANTS.split()]
    measured = run([censored("quartile", 25), censored("median", 50)], rows, ["2020-01"])
    quartile, median = (by_place(measured, name)["2020-01", ""] for name in ("quartile", "median"))
    assert (quartile.value, *ends_of(quartile)) == pytest.approx((12.2, 8.6, 23.0))
    assert (median.value, *ends_of(median)) == (pytest.approx(41.8), pytest.approx(19.2), None)


@pytest.mark.parametrize("seed", range(4))
def test_the_ends_are_where_the_bands_are_as_low_as_the_share(seed: int) -> None:
    """Medians and slowest tenths of one statement, whole and slices, with ties and without any case that ended."""
    draw = Random(seed)
    shape = (("phone", 1, 1), ("email", 12, 1), ("chat", 80, 0.6), ("post", 5, 0), ("fax", 30, 0.9))
    lengths = {
        channel: [(float(draw.randrange(1, 60)), draw.random() < ended) for _ in range(n)]
        for channel, n, ended in shape
    }
    rows = [case(length, ended, channel=channel) for channel, own in lengths.items() for length, ended in own]
    kpis = [censored("median", 50, slices=["channel"]), censored("p90", 90), censored("p75", 75, slices=["channel"])]
    measured = run(kpis, rows, ["2020-01"])
    whole = [one for own in lengths.values() for one in own]
    for name, share in (("median", 0.5), ("p90", 0.9), ("p75", 0.75)):
        results = by_place(measured, name)
        for channel, own in {"": whole, **(lengths if name != "p90" else {})}.items():
            low, high = by_bands(own, share)
            found = ends_of(results["2020-01", f"channel={channel}" if channel else ""])
            told = tuple(None if end is None else pytest.approx(end) for end in (low, high))
            assert found == told, (name, channel)


def test_without_any_case_there_is_no_interval() -> None:
    result = by_place(run(censored("median", 50), [], ["2020-01"]), "median")["2020-01", ""]
    assert dict(result.parts) == {"finished": 0}
