"""Tables, calendar and KPI definitions of the KPI benchmark."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from qmsreports.catalog.calendar import Calendar
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.table import Table
from qmsreports.period import Period

ZONE = "Europe/Vienna"
PERIODS = Period.parse("2026-10").back(36)
AS_OF = datetime(2027, 6, 1, tzinfo=UTC)
SLICES = {"order_lines": ["site", "product_family", "channel"], "tickets": ["site", "channel"]}


def _table(name: str, key: str, partition: str, **columns: tuple[str, ...]) -> Table:
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
        text=("order_line_id", "site", "product_family", "channel", "status"),
        date=("ordered_on", "promised_on", "delivered_on"),
        number=("quantity_ordered", "quantity_delivered", "net_value"),
    ),
    "tickets": _table(
        "tickets",
        "ticket_id",
        "opened_at",
        text=("ticket_id", "site", "channel"),
        instant=("opened_at", "first_reply_at", "resolved_at", "due_at"),
        integer=("reopened",),
    ),
}
_OPEN = ["08:00-12:00", "13:00-17:00"]
_WEEK = {day: _OPEN for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}
DESK = Calendar.model_validate(
    {
        "calendar": "desk",
        "title": "Desk",
        "time_zone": ZONE,
        "rules": [{"from": "2020-01-01", "weekly": {**_WEEK, "saturday": "closed", "sunday": "closed"}}],
    }
)


def _kpi(name: str, unit: str, table: str, clock: str | None, measure: dict[str, Any], *where: dict[str, Any]) -> Kpi:
    version = {
        "version": 1,
        "effective_from": date(2020, 1, 1),
        "why": ".",
        "population": {"table": table, "where": list(where), **({"period_by": clock} if clock else {})},
        "measure": measure,
    }
    words = {"kpi": name, "title": name, "question": "?", "unit": unit, "better": "higher", "owner": "o"}
    return Kpi.model_validate({**words, "feeds": ["9.1.2"], "slices": SLICES[table], "versions": [version]})


def _share(*numerator: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "ratio", "numerator": {"count": "rows", "where": list(numerator)}, "denominator": {"count": "rows"}}


def _status(word: str) -> dict[str, Any]:
    return {"field": "status", "is": word}


_LINES = "order_lines"
_IN_TIME = {"field": "delivered_on", "at_most": {"field": "promised_on"}}
_COMPLETE = {"field": "quantity_delivered", "at_least": {"field": "quantity_ordered"}}
_DUE = {"field": "status", "is_not": "cancelled"}
_DONE = _status("delivered")
_WORKED = {"working_time": {"from": "opened_at", "to": "first_reply_at", "calendar": "desk"}}
_ELAPSED = {"elapsed": {"from": "opened_at", "to": "resolved_at"}}
_REPLY = {"kind": "percentile", "p": 90, "of": _WORKED, "unfinished": "count_until_period_end"}
_RESOLVE = {"kind": "duration", "of": _ELAPSED, "unfinished": "leave_out"}
_BY_THEN = {"field": "resolved_at", "at_most": {"field": "due_at"}}
_BACKLOG = {"kind": "level", "from": "opened_at", "to": "resolved_at"}
SETS = {
    "sums over order lines": [
        _kpi("on_time", "percent", _LINES, "promised_on", _share(_IN_TIME), _DUE),
        _kpi("otif", "percent", _LINES, "promised_on", _share(_IN_TIME, _COMPLETE), _DUE),
        _kpi("open_share", "percent", _LINES, "promised_on", _share(_status("open")), _DUE),
        _kpi("delivered_in_time", "percent", _LINES, "delivered_on", _share(_IN_TIME), _DONE),
        _kpi("in_full", "percent", _LINES, "delivered_on", _share(_COMPLETE), _DONE),
        _kpi("delivered_value", "EUR", _LINES, "delivered_on", {"kind": "sum", "of": "net_value"}, _DONE),
        _kpi("orders", "count", _LINES, "ordered_on", {"kind": "count"}),
        _kpi("order_value", "EUR", _LINES, "ordered_on", {"kind": "sum", "of": "net_value"}),
        _kpi("mean_quantity", "ratio", _LINES, "ordered_on", {"kind": "mean", "of": "quantity_ordered"}),
        _kpi("cancelled", "percent", _LINES, "ordered_on", _share(_status("cancelled"))),
    ],
    "tickets: level, shares": [
        _kpi("backlog", "count", "tickets", None, _BACKLOG),
        _kpi(
            "due_in_time",
            "percent",
            "tickets",
            "due_at",
            _share(_BY_THEN),
        ),
        _kpi("reopened", "percent", "tickets", "resolved_at", _share({"field": "reopened", "at_least": 1})),
    ],
    "tickets: percentiles": [
        _kpi("reply_p90", "hours", "tickets", "opened_at", _REPLY),
        _kpi("resolve_median", "hours", "tickets", "opened_at", _RESOLVE),
    ],
}
