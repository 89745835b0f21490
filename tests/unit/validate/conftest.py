"""Fixtures that stage and audit a few orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from audit_fixture import AS_OF, ORDERS, SCHEMA, Rows, write_rows, write_suite

from qmsreports.records import Audit, StagedTable, silent
from qmsreports.validate import audit


@pytest.fixture
def staged(tmp_path: Path) -> Callable[..., StagedTable]:
    """Make a staged table of rows, of rows that the mapping refused, and of keys that vanished."""

    def make(rows: Rows, *, refused: Rows = (), deleted: Rows = (), complete: bool = False) -> StagedTable:
        path = write_rows(tmp_path / "staged.parquet", rows)
        rejects = gone = ""
        if refused:
            rejects = write_rows(tmp_path / "rejects.parquet", refused, SCHEMA.append(pa.field("_reject", pa.string())))
        if deleted:
            gone = write_rows(tmp_path / "deleted.parquet", deleted, pa.schema([("order_id", pa.string())]))
        return StagedTable(
            source="crm",
            table="orders",
            path=path,
            rows=len(rows),
            rejects=rejects,
            rejected=len(refused),
            rows_in=len(rows) + len(refused),
            refreshed=0,
            duplicates=0,
            load_ids=("170.1",),
            deleted_keys=gone,
            complete=complete,
        )

    return make


@pytest.fixture
def audited(tmp_path: Path, staged: Callable[..., StagedTable]) -> Callable[..., Audit]:
    """Audit rows with rules; ``published`` are rows of other tables (or of the table itself) by name."""

    def run(
        rows: Rows,
        *rules: Mapping[str, Any],
        published: Mapping[str, Rows] | None = None,
        day_off: Callable[[date], bool] = lambda _day: False,
        **more: Any,
    ) -> Audit:
        files = {
            name: [write_rows(tmp_path / f"published_{name}.parquet", others)]
            for name, others in (published or {}).items()
        }
        return audit(
            staged(rows, **more),
            ORDERS,
            suite=write_suite(tmp_path / "orders.json", *rules),
            out=tmp_path / "out",
            as_of=AS_OF,
            lookup=lambda name: files.get(name, []),
            day_off=day_off,
            tell=silent,
        )

    return run
