"""Forty-nine KPIs over order lines and tickets, each in 24 slices: tables, calendar and definitions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from benchmarks.kpi_scan_definitions import DESK
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.table import Table
from qmsreports.catalog.target import Targets
from qmsreports.organisation import Organisation
from qmsreports.period import Period

ZONE = "Europe/Vienna"
PERIODS = Period.parse("2026-10").back(36)
AS_OF = datetime(2027, 6, 1, tzinfo=UTC)
MEMBERS = {
    "site": [f"site {number}" for number in range(1, 7)],
    "product_family": [f"family {number}" for number in range(1, 9)],
    "category": [f"category {number}" for number in range(1, 9)],
    "channel": ["phone", "email", "chat", "social", "in_person"],
    "segment": [f"segment {number}" for number in range(1, 6)],
    "priority": ["lowest", "low", "normal", "high", "highest"],
}
LINES = ["site", "product_family", "channel", "segment"]
TICKETS = ["site", "category", "channel", "priority"]
CLOCKS = ("promised", "delivered", "ordered")
"""The dates by which order lines fall into months; each has the same twelve KPIs over a population of its own."""


def _table(name: str, key: str, partition: str, **columns: list[str]) -> Table:
    declared = [
        {"name": column, "type": kind, "meaning": ".", "nullable": True}
        for kind, names in columns.items()
        for column in names
    ]
    entry = {"table": name, "title": name, "meaning": ".", "key": [key], "partition": partition, "columns": declared}
    return Table.model_validate(entry)


TABLES = {
    "order_lines": _table(
        "order_lines",
        "order_line_id",
        "ordered_on",
        text=["order_line_id", *LINES, "status"],
        date=["ordered_on", "promised_on", "delivered_on"],
        number=["quantity_ordered", "quantity_delivered", "net_value"],
    ),
    "tickets": _table(
        "tickets",
        "ticket_id",
        "opened_at",
        text=["ticket_id", *TICKETS],
        instant=["opened_at", "first_reply_at", "resolved_at", "due_at"],
        integer=["reopened", "reassigned"],
    ),
}


def _kpi(name: str, unit: str, table: str, clock: str | None, measure: dict[str, Any], *where: dict[str, Any]) -> Kpi:
    population = {"table": table, "where": list(where), **({"period_by": clock} if clock else {})}
    version = {"version": 1, "effective_from": date(2020, 1, 1), "why": ".", "population": population}
    words = {"kpi": name, "title": name, "question": "?", "unit": unit, "better": "higher", "owner": "o"}
    slices = LINES if table == "order_lines" else TICKETS
    versions = [{**version, "measure": measure}]
    return Kpi.model_validate({**words, "feeds": ["9.1.2"], "slices": slices, "versions": versions})


def _share(*where: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "ratio", "numerator": {"count": "rows", "where": list(where)}, "denominator": {"count": "rows"}}


_IN_TIME = {"field": "delivered_on", "at_most": {"field": "promised_on"}}
_LATE = {"field": "delivered_on", "above": {"field": "promised_on"}}
_FULL = {"field": "quantity_delivered", "at_least": {"field": "quantity_ordered"}}
_SHORT = {"field": "quantity_delivered", "below": {"field": "quantity_ordered"}}
_FILLED = {"kind": "ratio", "numerator": {"sum": "quantity_delivered"}, "denominator": {"sum": "quantity_ordered"}}
_POPULATIONS: dict[str, list[dict[str, Any]]] = {
    "promised": [{"field": "status", "is_not": "cancelled"}],
    "delivered": [{"field": "status", "is": "delivered"}],
    "ordered": [],
}


def _of_lines(clock: str) -> list[Kpi]:
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "lines": ("count", {"kind": "count"}),
        "value": ("EUR", {"kind": "sum", "of": "net_value"}),
        "pieces": ("count", {"kind": "sum", "of": "quantity_ordered"}),
        "mean_pieces": ("ratio", {"kind": "mean", "of": "quantity_ordered"}),
        "mean_value": ("EUR", {"kind": "mean", "of": "net_value"}),
        "on_time": ("percent", _share(_IN_TIME)),
        "late": ("percent", _share(_LATE)),
        "otif": ("percent", _share(_IN_TIME, _FULL)),
        "short": ("percent", _share(_SHORT)),
        "waiting": ("percent", _share({"field": "delivered_on", "known": False})),
        "large": ("percent", _share({"field": "net_value", "above": 500})),
        "filled": ("percent", _FILLED),
    }
    where = _POPULATIONS[clock]
    return [
        _kpi(f"{clock}_{name}", unit, "order_lines", f"{clock}_on", measure, *where)
        for name, (unit, measure) in kinds.items()
    ]


def _of_tickets() -> list[Kpi]:
    worked = {"working_time": {"from": "opened_at", "to": "first_reply_at", "calendar": "desk"}}
    elapsed = {"elapsed": {"from": "opened_at", "to": "resolved_at"}}
    reply = {"kind": "percentile", "of": worked, "unfinished": "count_until_period_end"}
    resolve = {"kind": "percentile", "of": elapsed, "unfinished": "leave_out"}
    level = {"kind": "level", "to": "resolved_at"}
    rows: list[tuple[str, str, str | None, dict[str, Any]]] = [
        ("opened", "count", "opened_at", {"kind": "count"}),
        ("resolved", "count", "resolved_at", {"kind": "count"}),
        ("urgent", "percent", "opened_at", _share({"field": "priority", "in": ["high", "highest"]})),
        ("answered", "percent", "opened_at", _share({"field": "first_reply_at", "known": True})),
        ("handovers", "ratio", "opened_at", {"kind": "mean", "of": "reassigned"}),
        ("reopened", "percent", "resolved_at", _share({"field": "reopened", "at_least": 1})),
        ("due_in_time", "percent", "due_at", _share({"field": "resolved_at", "at_most": {"field": "due_at"}})),
        ("backlog", "count", None, {**level, "from": "opened_at"}),
        ("overdue", "count", None, {**level, "from": "due_at"}),
        ("reply_median", "hours", "opened_at", {**reply, "p": 50}),
        ("reply_p90", "hours", "opened_at", {**reply, "p": 90}),
        ("resolve_median", "hours", "opened_at", {**resolve, "p": 50}),
        ("resolve_p90", "hours", "opened_at", {**resolve, "p": 90}),
    ]
    return [_kpi(name, unit, "tickets", clock, measure) for name, unit, clock, measure in rows]


KPIS = [kpi for clock in CLOCKS for kpi in _of_lines(clock)] + _of_tickets()
CATALOG_PARTS: dict[str, Any] = {"sources": {}, "targets": Targets({}), "clause_maps": {}, "reviews": {}}


def catalog(folder: Any) -> Catalog:
    """Return the catalog of these KPIs."""
    return Catalog(
        folder=folder,
        organisation=Organisation(name="Benchmark", time_zone=ZONE),
        tables=TABLES,
        kpis={kpi.kpi: kpi for kpi in KPIS},
        calendars={"desk": DESK},
        **CATALOG_PARTS,
    )
