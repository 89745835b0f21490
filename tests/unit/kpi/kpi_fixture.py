"""A small catalog and rows in memory, for tests of the KPI engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.table import Table
from qmsreports.catalog.target import KpiTargets, Targets
from qmsreports.kpi.enclosing import Ranks
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.kpi.figures import Slice
from qmsreports.kpi.measurement import measure
from qmsreports.kpi.slices import Known
from qmsreports.lake import open_duckdb
from qmsreports.organisation import Organisation
from qmsreports.period import Period
from qmsreports.records import KpiResult, Measured

ZONE = "Europe/Vienna"
LATER = datetime(2030, 1, 1, tzinfo=UTC)

CASES = Table.model_validate(
    {
        "table": "cases",
        "title": "Cases",
        "meaning": "Rows of every type.",
        "key": ["case_id"],
        "columns": [
            {"name": "case_id", "type": "integer", "meaning": "."},
            {"name": "site", "type": "text", "nullable": True, "meaning": "."},
            {"name": "channel", "type": "text", "nullable": True, "meaning": "."},
            {"name": "customer", "type": "text", "nullable": True, "meaning": "."},
            {"name": "opened_on", "type": "date", "nullable": True, "meaning": "."},
            {"name": "due_on", "type": "date", "nullable": True, "meaning": "."},
            {"name": "closed_on", "type": "date", "nullable": True, "meaning": "."},
            {"name": "opened_at", "type": "instant", "nullable": True, "meaning": "."},
            {"name": "closed_at", "type": "instant", "nullable": True, "meaning": "."},
            {"name": "pieces", "type": "number", "unit": "pieces", "nullable": True, "meaning": "."},
            {"name": "bad", "type": "integer", "unit": "pieces", "nullable": True, "meaning": "."},
            {"name": "minutes", "type": "number", "unit": "minutes", "nullable": True, "meaning": "."},
            {"name": "score", "type": "integer", "nullable": True, "meaning": "."},
            {"name": "urgent", "type": "boolean", "nullable": True, "meaning": "."},
        ],
    }
)
ORDERS = Table.model_validate(
    {
        "table": "orders",
        "title": "Orders",
        "meaning": "What cases are set against; has no channel.",
        "key": ["order_id"],
        "columns": [
            {"name": "order_id", "type": "integer", "meaning": "."},
            {"name": "site", "type": "text", "nullable": True, "meaning": "."},
            {"name": "ordered_on", "type": "date", "nullable": True, "meaning": "."},
        ],
    }
)
CHANGES = Table.model_validate(
    {
        "table": "changes",
        "title": "Changes",
        "meaning": "The history of a case's status.",
        "key": ["change_id"],
        "columns": [
            {"name": "change_id", "type": "integer", "meaning": "."},
            {"name": "case_id", "type": "integer", "nullable": True, "meaning": "."},
            {"name": "site", "type": "integer", "nullable": True, "meaning": "Of another type than that of a case."},
            {"name": "changed_at", "type": "instant", "nullable": True, "meaning": "."},
            {"name": "status", "type": "text", "nullable": True, "meaning": "."},
        ],
    }
)
DESK = Calendar.model_validate(
    {
        "calendar": "desk",
        "title": "Desk",
        "time_zone": ZONE,
        "rules": [
            {
                "from": "2020-01-01",
                "weekly": {
                    **{day: ["08:00-12:00", "12:45-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday")},
                    "friday": ["09:00-17:00"],
                    "saturday": "closed",
                    "sunday": ["01:00-04:00"],  # open over both clock changes
                },
            }
        ],
    }
)

OFFICE = Calendar.model_validate(
    {
        "calendar": "office",
        "title": "Office",
        "time_zone": ZONE,
        "rules": [
            {
                "from": "2020-01-01",
                "weekly": {
                    **{day: ["09:00-17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
                    "saturday": "closed",
                    "sunday": "closed",
                },
            }
        ],
    }
)

Row = dict[str, Any]


def kpi(measure: Mapping[str, Any], *, name: str = "number", unit: str = "count", **more: Any) -> Kpi:
    """A KPI of one version; ``more`` are fields of the KPI, or of its version where it has such a field."""
    version = {"version": 1, "effective_from": date(2020, 1, 1), "why": "Test.", "measure": dict(measure)}
    for field in ("population", "window", "interval", "settles_after", "effective_from", "small_sample", "examples"):
        if field in more:
            version[field] = more.pop(field)
    entry = {
        "kpi": name,
        "title": "A number",
        "question": "How many?",
        "unit": unit,
        "better": "higher",
        "owner": "somebody",
        "feeds": ["9.1.2"],
        "versions": [version],
        **more,
    }
    return Kpi.model_validate(entry)


def catalog(*kpis: Kpi, targets: Sequence[KpiTargets] = (), zone: str = ZONE) -> Catalog:
    """A catalog of these KPIs over the test tables."""
    return Catalog(
        folder=Path(),
        organisation=Organisation(name="Test", time_zone=zone),
        tables={"cases": CASES, "orders": ORDERS, "changes": CHANGES},
        sources={},
        kpis={entry.kpi: entry for entry in kpis},
        targets=Targets({entry.kpi: entry for entry in targets}),
        calendars={"desk": DESK, "office": OFFICE},
        clause_maps={},
        reviews={},
    )


class _OneDatabase(RowsInMemory):
    """Rows in memory on cursors of one database: opening one for every example would take half of the time."""

    def connect(self, tables: Iterable[Table], versions: Mapping[str, int] | None = None) -> Any:
        return self.fill(database().cursor(), tables)


@cache
def database() -> Any:
    """The one database; ``conftest.py`` closes it."""
    return open_duckdb()


def run(
    kpis: Kpi | Sequence[Kpi],
    rows: Sequence[Row],
    periods: Sequence[str],
    *,
    orders: Sequence[Row] = (),
    changes: Sequence[Row] = (),
    as_of: datetime = LATER,
    targets: Sequence[KpiTargets] = (),
    invalid: Mapping[str, str] | None = None,
    zone: str = ZONE,
    ranks: Ranks | None = None,
    known: Known | None = None,
) -> Measured:
    """Measure all versions of these KPIs over rows in memory; ``case_id`` is the position where a row has none."""
    entries = [kpis] if isinstance(kpis, Kpi) else list(kpis)
    numbered = [{"case_id": index, **row} for index, row in enumerate(rows)]
    return measure(
        catalog(*entries, targets=targets, zone=zone),
        versions={entry.kpi: [version.version for version in entry.versions] for entry in entries},
        periods=[Period.parse(period) for period in periods],
        lake=_OneDatabase({"cases": numbered, "orders": list(orders), "changes": list(changes)}),
        as_of=as_of,
        invalid=invalid,
        ranks=ranks,
        known=known,
    )


def on_record(measured: Measured) -> Known:
    """The slices that a measurement would leave on record."""
    found: dict[str, dict[Period, set[Slice]]] = {}
    for result in measured.results:
        if result.slice:
            found.setdefault(result.kpi, {}).setdefault(result.period, set()).add(tuple(result.slice.items()))
    return found


def by_place(measured: Measured, name: str = "number") -> dict[tuple[str, str], KpiResult]:
    """Results of one KPI by (period, slice), the slice as ``site=linz`` or empty."""
    return {
        (str(result.period), ",".join(f"{key}={value}" for key, value in result.slice.items())): result
        for result in measured.results
        if result.kpi == name
    }


def in_month(day: date | None, period: str) -> bool:
    """Whether a day lies in a month, by its text."""
    return day is not None and day.isoformat()[:7] == period


# --- rows as hypothesis makes them: three months and a little before and after --------------------------------------
SITES = st.sampled_from(["linz", "lyon", None])
DAYS = st.dates(date(2025, 12, 20), date(2026, 4, 10))
MONTHS = ["2026-01", "2026-02", "2026-03"]


def cases(max_size: int = 25) -> st.SearchStrategy[list[Row]]:
    """Lists of rows of ``cases``, with gaps everywhere a gap may be."""
    row = st.fixed_dictionaries(
        {
            "site": SITES,
            "channel": st.sampled_from(["phone", "email", None]),
            "customer": st.sampled_from(["a", "b", "c", None]),
            "opened_on": st.none() | DAYS,
            "due_on": st.none() | DAYS,
            "closed_on": st.none() | DAYS,
            "pieces": st.none() | st.integers(0, 50).map(float),
            "bad": st.none() | st.integers(0, 9),
            "minutes": st.none() | st.integers(0, 600).map(float),
            "score": st.none() | st.integers(-1, 12),
            "urgent": st.sampled_from([True, False, None]),
        }
    )
    return st.lists(row, max_size=max_size)


def instants() -> st.SearchStrategy[datetime]:
    """Whole seconds from before the spring change of 2026 to after the autumn change of 2026."""
    first, last = datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)
    return st.integers(0, int((last - first).total_seconds())).map(lambda seconds: first + timedelta(seconds=seconds))
