"""Small staged tables, made by hand; no other stage takes part."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from qmsreports.catalog.table import Column, Table
from qmsreports.records import Audit

AS_OF = datetime(2026, 11, 5, 6, 0, tzinfo=UTC)

ORDERS = Table(
    table="orders",
    title="Orders",
    meaning="Orders as the tests need them.",
    key=("order_id",),
    partition="ordered_on",
    columns=(
        Column(name="order_id", type="text", meaning="Number."),
        Column(name="customer_id", type="text", meaning="Customer."),
        Column(name="ordered_on", type="date", meaning="Day of the order."),
        Column(name="delivered_on", type="date", nullable=True, meaning="Day of the delivery."),
        Column(name="seen_at", type="instant", nullable=True, meaning="When it was seen."),
        Column(name="quantity", type="number", nullable=True, meaning="Pieces."),
        Column(name="score", type="integer", nullable=True, meaning="Score."),
        Column(name="status", type="text", values=("open", "delivered"), meaning="State."),
        Column(name="urgent", type="boolean", nullable=True, meaning="Mark."),
    ),
)

SCHEMA = pa.schema(
    [
        ("order_id", pa.string()),
        ("customer_id", pa.string()),
        ("ordered_on", pa.date32()),
        ("delivered_on", pa.date32()),
        ("seen_at", pa.timestamp("us", "UTC")),
        ("quantity", pa.float64()),
        ("score", pa.int64()),
        ("status", pa.string()),
        ("urgent", pa.bool_()),
        ("_source", pa.string()),
        ("_load", pa.string()),
        ("_row", pa.string()),
        ("_month", pa.string()),
    ]
)

Rows = Sequence[Mapping[str, Any]]


def order(number: str | None, **values: Any) -> dict[str, Any]:
    """One sound row; ``values`` replace what a test wants different."""
    row: dict[str, Any] = {
        "order_id": number,
        "customer_id": "C1",
        "ordered_on": datetime(2026, 10, 1).date(),  # noqa: DTZ001 - a day has no zone
        "delivered_on": datetime(2026, 10, 9).date(),  # noqa: DTZ001
        "seen_at": datetime(2026, 10, 9, 8, 30, tzinfo=UTC),
        "quantity": 5.0,
        "score": 7,
        "status": "delivered",
        "urgent": False,
        "_source": "crm",
        "_load": "170.1",
        "_row": f"row of {number}",
        "_month": "2026-10",
    }
    return row | values


def rule(kind: str, severity: str = "warning", on_failure: str = "quarantine", **values: Any) -> dict[str, Any]:
    """One expectation; ``meta_*`` values go to meta, the others are arguments."""
    meta = {name.removeprefix("meta_"): value for name, value in values.items() if name.startswith("meta_")}
    return {
        "type": kind,
        "kwargs": {name: value for name, value in values.items() if not name.startswith("meta_")},
        "severity": severity,
        "meta": {"why": "It matters.", "owner": "sales.operations", "on_failure": on_failure, **meta},
    }


def write_rows(path: Path, rows: Rows, schema: pa.Schema = SCHEMA) -> str:
    """Write rows as Parquet and return the path as text."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)
    return str(path)


def write_suite(path: Path, *rules: Mapping[str, Any], name: str = "orders") -> Path:
    """Write a suite file."""
    path.write_text(json.dumps({"name": name, "expectations": list(rules)}, indent=1), encoding="utf-8")
    return path


def passed_ids(result: Audit) -> list[str]:
    """Numbers of the orders in the file of passed rows."""
    return [str(value) for value in pq.read_table(result.path)["order_id"].to_pylist()]
