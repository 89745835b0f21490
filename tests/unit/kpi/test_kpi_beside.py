"""What is made of cubes and what is made of rows is computed side by side: the numbers of one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from threading import Event, current_thread, main_thread

import pytest
from kpi_fixture import LATER, Row, catalog, kpi

from qmsreports.catalog.table import Table
from qmsreports.kpi.engine import Opener, Tables
from qmsreports.kpi.engine import Row as Found
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.execute import DuckDb, duckdb_engine
from qmsreports.kpi.measurement import KpiResult, measure
from qmsreports.period import Period

OPENED = {"table": "cases", "period_by": "opened_on"}
ROLLING = {"last": 3, "of": "month"}
MEDIAN = {"kind": "percentile", "of": "minutes", "p": 50}
LEVEL = {"kind": "level", "from": "opened_on", "to": "closed_on"}
KPIS = [
    kpi({"kind": "count"}, name="counted", population=OPENED, slices=["site"]),
    kpi({"kind": "mean", "of": "minutes"}, name="mean", unit="minutes", population=OPENED, window=ROLLING),
    kpi(LEVEL, name="level", population={"table": "cases"}, slices=["channel"]),
    kpi(MEDIAN, name="median", unit="minutes", population=OPENED, slices=["channel"]),
    kpi(MEDIAN, name="rolling", unit="minutes", population=OPENED, window=ROLLING),
]
ROWS: list[Row] = [
    {
        "case_id": at,
        "opened_on": date(2026, 1 + at % 3, 1 + at % 28),
        "closed_on": date(2026, 2 + at % 3, 1 + at % 28) if at % 4 else None,
        "site": "linz" if at % 5 else "graz",
        "channel": "phone" if at % 2 else "mail",
        "minutes": float(at * 7 % 90),
    }
    for at in range(200)
]


class Meeting(DuckDb):
    """No statement is run before both threads have one: one after the other, they would never meet."""

    begun: dict[str, Event]
    failing: str

    @contextmanager
    def beside(self) -> Iterator[DuckDb]:
        with super().beside() as other:
            engine = Meeting(other.connection)
            engine.begun, engine.failing = self.begun, self.failing
            yield engine

    def select(self, statement: str) -> list[Found]:
        lane = "cubes" if current_thread() is main_thread() else "rows"
        self.begun[lane].set()
        assert all(event.wait(timeout=30) for event in self.begun.values())
        if lane == self.failing:
            raise ValueError(f"a fault of the {lane}")
        return super().select(statement)


class Alone(DuckDb):
    """Cannot be opened twice."""

    def beside(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def measured(engine: Opener) -> list[KpiResult]:
    return list(
        measure(
            catalog(*KPIS),
            versions={entry.kpi: (1,) for entry in KPIS},
            periods=[Period.parse(month) for month in ("2026-01", "2026-02", "2026-03")],
            lake=RowsInMemory({"cases": ROWS}),
            as_of=LATER,
            engine=engine,
        ).results
    )


def opened_as(kind: type[DuckDb], failing: str = "") -> Opener:
    @contextmanager
    def opened(lake: Tables, tables: Sequence[Table], versions: Mapping[str, int]) -> Iterator[DuckDb]:
        with lake.connect(tables, versions) as connection:
            engine = kind(connection)
            if isinstance(engine, Meeting):
                engine.begun, engine.failing = {"cubes": Event(), "rows": Event()}, failing
            yield engine

    return opened


def test_side_by_side_gives_the_numbers_of_one_after_the_other() -> None:
    together, alone = measured(duckdb_engine), measured(opened_as(Alone))
    assert len(together) == len(alone) > 30
    assert [(one.kpi, one.period, one.slice, one.value, one.n) for one in together] == [
        (one.kpi, one.period, one.slice, one.value, one.n) for one in alone
    ]


def test_both_are_at_work_at_once() -> None:
    assert measured(opened_as(Meeting)) == measured(duckdb_engine)


@pytest.mark.parametrize("lane", ["cubes", "rows"])
def test_a_fault_of_either_is_told(lane: str) -> None:
    with pytest.raises(ValueError, match=f"a fault of the {lane}"):
        measured(opened_as(Meeting, failing=lane))
