"""What is said to Spark gives DuckDB's numbers: its text, translated back by SQLGlot's own reading of Spark SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
import sqlglot
from kpi_fixture import LATER, Row, catalog, kpi
from kpi_fixture import _OneDatabase as OneDatabase

from qmsreports.analysis.intervals import percentile_ranks
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.table import Table
from qmsreports.kpi import measure
from qmsreports.kpi.engine import Dialect, Opener, Tables
from qmsreports.kpi.engine import Row as Found
from qmsreports.kpi.execute import DuckDb, duckdb_engine
from qmsreports.period import Period
from qmsreports.records import KpiResult

BEGUN = datetime(2026, 4, 2, 6, tzinfo=UTC)


class TranslatedBack(DuckDb):
    """Takes statements as Spark would, and runs what SQLGlot makes of them on DuckDB."""

    dialect: Dialect = "spark"

    def beside(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    def select(self, statement: str) -> list[Found]:
        return super().select(understood(statement))

    def keep(self, name: str, statement: str) -> int:
        return super().keep(name, understood(statement))


def understood(statement: str) -> str:
    (text,) = sqlglot.transpile(statement, read="spark", write="duckdb")
    return text.replace("QUANTILE(", "QUANTILE_CONT(")  # Spark's PERCENTILE interpolates, SQLGlot overlooks that


@contextmanager
def spoken(lake: Tables, tables: Sequence[Table], versions: Mapping[str, int]) -> Iterator[TranslatedBack]:
    with lake.connect(tables, versions) as connection:
        yield TranslatedBack(connection)


def rows() -> list[Row]:
    draw = Random(3)
    return [
        {
            "case_id": at,
            "opened_at": BEGUN + timedelta(hours=7 * at),
            "closed_at": BEGUN + timedelta(hours=7 * at, seconds=draw.randrange(-3600, 9 * 86400)),
            "opened_on": date(2026, 4, 2) + timedelta(days=at // 4),
            "closed_on": date(2026, 4, 4) + timedelta(days=at // 3) if at % 5 else None,
            "due_on": date(2026, 4, 9) + timedelta(days=at // 5),
            "minutes": float(draw.randrange(100)),
            "score": draw.randrange(11),
            "customer": f"c{at % 17}",
            "channel": "phone" if at < 30 else "email" if at < 90 else None,
        }
        for at in range(140)
    ]


def kpis() -> list[Kpi]:
    span = {"from": "opened_at", "to": "closed_at"}
    moment, day = {"table": "cases", "period_by": "opened_at"}, {"table": "cases", "period_by": "opened_on"}
    late = {"count": "rows", "where": [{"field": "closed_on", "above": {"field": "due_on"}}]}
    ratio = {"kind": "ratio", "numerator": late, "denominator": {"count": "rows"}}
    median = {"kind": "duration", "of": {"elapsed": span}, "unfinished": "leave_out"}
    desk = {"working_time": {**span, "calendar": "desk"}}
    worked = {"kind": "percentile", "p": 75, "of": desk, "unfinished": "count_until_period_end"}
    nps = {"kind": "score", "type": "nps", "field": "score", "one_per": {"key": "customer"}}
    level = {"kind": "level", "from": "opened_on", "to": "closed_on"}
    cut = ["channel"]
    return [
        kpi(median, name="median", unit="hours", population=moment, slices=cut),
        kpi(worked, name="worked", unit="hours", population=moment, slices=cut),
        kpi({"kind": "percentile", "of": "minutes", "p": 90}, name="column", unit="minutes", population=day),
        kpi(ratio, name="late", unit="percent", population=day, slices=cut),
        kpi(nps, name="nps", unit="points", population=day, slices=cut),
        kpi(level, name="level", population={"table": "cases"}, slices=cut),
    ]


def found(engine: Opener) -> list[KpiResult]:
    entries = kpis()
    lake = OneDatabase({"cases": rows(), "orders": []})
    periods = [Period.parse("2026-04"), Period.parse("2026-05")]
    versions = {entry.kpi: [1] for entry in entries}
    measured = measure(
        catalog(*entries),
        versions=versions,
        periods=periods,
        lake=lake,
        as_of=LATER,
        engine=engine,
        ranks=percentile_ranks,
    )
    return list(measured.results)


@pytest.mark.parametrize("most", [1_000, 20])
def test_values_and_the_ranks_around_them_are_those_of_duckdb(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """With all values in order, and with places among many."""
    monkeypatch.setattr("qmsreports.kpi.compute.MOST_RANKED", most)
    ours, theirs = found(duckdb_engine), found(spoken)
    assert len(ours) == len(theirs) > 30
    for one, other in zip(ours, theirs, strict=True):
        assert (one.kpi, one.period, dict(one.slice), one.n) == (other.kpi, other.period, dict(other.slice), other.n)
        assert other.value == (None if one.value is None else pytest.approx(one.value, rel=1e-9, abs=1e-9))
        assert dict(other.parts) == pytest.approx(dict(one.parts), rel=1e-9, abs=1e-9)
    assert sum("low" in one.parts for one in ours) > 5
