"""KPIs that read the same are asked for together: fewer statements, the numbers of each alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from typing import Any

from kpi_fixture import LATER, Row, catalog, kpi

from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.table import Table
from qmsreports.kpi.clock import WindowRow
from qmsreports.kpi.engine import Row as Found
from qmsreports.kpi.engine import Tables
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.execute import DuckDb
from qmsreports.kpi.measurement import measure
from qmsreports.period import Period

POPULATION = {"table": "cases", "period_by": "opened_on"}
ROLLING = {"last": 3, "of": "month"}


class Told(DuckDb):
    """Keeps what it was asked: the statements, and how many windows were provided."""

    statements: list[str]
    provided: list[int]

    def beside(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    def select(self, statement: str) -> list[Found]:
        self.statements.append(statement)
        return super().select(statement)

    def windows(self, rows: Sequence[WindowRow]) -> None:
        self.provided.append(len(rows))
        super().windows(rows)


def asked(kpis: Sequence[Kpi], rows: Sequence[Row]) -> tuple[dict[tuple[str, str, str], Any], Told]:
    """The values by KPI, period and slice, and what the engine was asked for them."""
    engines: list[Told] = []

    @contextmanager
    def opened(lake: Tables, tables: Sequence[Table], versions: Mapping[str, int]) -> Iterator[Told]:
        with lake.connect(tables, versions) as connection:
            engine = Told(connection)
            engine.statements, engine.provided = [], []
            engines.append(engine)
            yield engine

    own = catalog(*kpis)
    measured = measure(
        own,
        versions={entry.kpi: (1,) for entry in kpis},
        periods=[Period.parse(month) for month in ("2026-01", "2026-02", "2026-03")],
        lake=RowsInMemory({"cases": rows}),
        as_of=LATER,
        engine=opened,
    )
    found = {
        (one.kpi, str(one.period), ",".join(f"{name}={value}" for name, value in one.slice.items())): one.value
        for one in measured.results
    }
    return found, engines[0]


def case(number: int, day: date, site: str, channel: str, minutes: float) -> Row:
    return {"case_id": number, "opened_on": day, "site": site, "channel": channel, "minutes": minutes}


ROWS = [
    case(1, date(2026, 1, 10), "linz", "phone", 10.0),
    case(2, date(2026, 1, 31), "graz", "phone", 20.0),
    case(3, date(2026, 2, 1), "linz", "mail", 30.0),
    case(4, date(2026, 3, 5), "linz", "phone", 60.0),
]
"""January: linz 10, graz 20, both by phone. February: linz 30 by mail. March: linz 60 by phone."""
COUNT, SUM = {"kind": "count"}, {"kind": "sum", "of": "minutes"}
KPIS = [
    kpi(COUNT, name="a_count", population=POPULATION, slices=["site", "channel"]),
    kpi(SUM, name="b_rolling", unit="minutes", population=POPULATION, window=ROLLING, slices=["channel"]),
    kpi(SUM, name="c_sum", unit="minutes", population=POPULATION, slices=["channel"]),
    kpi(SUM, name="d_rolling", unit="minutes", population=POPULATION, window=ROLLING),
    kpi(
        {"kind": "mean", "of": "minutes"},
        name="e_mean",
        unit="minutes",
        population=POPULATION,
        slices=["channel", "site"],
        combinations=[["site", "channel"]],
    ),
]


def test_sums_by_one_clock_and_window_are_one_statement_however_they_are_cut() -> None:
    found, engine = asked(KPIS, ROWS)
    assert len(engine.statements) == 2, "one for the months and one for the last three of them"
    assert found["a_count", "2026-01", ""] == 2
    assert found["a_count", "2026-01", "site=graz"] == 1
    assert found["a_count", "2026-01", "channel=phone"] == 2
    assert found["a_count", "2026-03", "channel=mail"] == 0
    assert found["c_sum", "2026-02", "channel=mail"] == 30
    assert found["e_mean", "2026-01", "channel=phone,site=graz"] == 20
    assert found["e_mean", "2026-01", "channel=phone"] == 15
    assert found["b_rolling", "2026-03", "channel=phone"] == 90
    assert found["d_rolling", "2026-03", ""] == 120


def test_no_kpi_gets_a_slice_of_another() -> None:
    found, _ = asked(KPIS, ROWS)
    cuts: dict[str, set[str]] = {entry.kpi: set() for entry in KPIS}
    for name, _period, cut in found:
        cuts[name].add(",".join(part.split("=")[0] for part in cut.split(",")))
    assert cuts == {
        "a_count": {"", "site", "channel"},
        "b_rolling": {"", "channel"},
        "c_sum": {"", "channel"},
        "d_rolling": {""},
        "e_mean": {"", "site", "channel", "channel,site"},
    }


def test_windows_are_provided_once_where_kpis_of_two_windows_take_turns() -> None:
    median = {"kind": "percentile", "of": "minutes", "p": 50}
    level = {"kind": "level", "from": "opened_on", "to": "closed_on"}
    kpis = [
        kpi(COUNT, name="a", population=POPULATION),
        kpi(SUM, name="b", unit="minutes", population=POPULATION, window=ROLLING),
        kpi(level, name="c", population={"table": "cases"}),
        kpi(median, name="d", unit="minutes", population=POPULATION, window=ROLLING),
        kpi(median, name="e", unit="minutes", population=POPULATION),
    ]
    _, engine = asked(kpis, ROWS)
    assert engine.provided == [3, 9], "three months, then the three months of each"
