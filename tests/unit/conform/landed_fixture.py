"""A small source that the tests land by hand: two tables, one mapping, every load a Parquet file of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from qmsreports import conform
from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.lake import Lake
from qmsreports.organisation import Organisation
from qmsreports.records import Audit, Published, StagedTable

ITEM_SQL = """
SELECT
    i.so_no || '/' || i.pos        AS order_line_id,
    code('site', o.plant)          AS site,
    to_date(o.ordered)             AS ordered_on,
    i.delivered                    AS delivered_on,
    i.qty                          AS quantity,
    CASE i.state WHEN 'OP' THEN 'open' WHEN 'DL' THEN 'delivered' ELSE i.state END AS status,
    CASE WHEN o.so_no IS NULL THEN 'order ' || i.so_no || ' is not in sales_order' END AS _reject
FROM so_item i
LEFT JOIN sales_order o ON o.so_no = i.so_no
"""

TABLE = Table.model_validate(
    {
        "table": "order_lines",
        "title": "Order lines",
        "meaning": "Lines.",
        "key": ["order_line_id"],
        "partition": "ordered_on",
        "columns": [
            {"name": "order_line_id", "type": "text", "meaning": "Key."},
            {"name": "site", "type": "text", "meaning": "Site."},
            {"name": "ordered_on", "type": "date", "meaning": "Day."},
            {"name": "delivered_on", "type": "date", "nullable": True, "meaning": "Day."},
            {"name": "quantity", "type": "number", "meaning": "Pieces."},
            {"name": "status", "type": "text", "values": ["open", "delivered"], "meaning": "State."},
        ],
    }
)
ORGANISATION = Organisation.model_validate(
    {
        "name": "Test",
        "time_zone": "Europe/Vienna",
        "sites": [{"site": "linz", "title": "L"}, {"site": "lyon", "title": "Y"}],
    }
)


def write_load(
    landing: Path, source: str, load: str, tables: dict[str, Sequence[dict[str, Any]]], schemas: Any = None
) -> None:
    """Write one completed load as the landing zone holds it."""
    for name, rows in tables.items():
        folder = landing / source / name
        folder.mkdir(parents=True, exist_ok=True)
        data = pa.Table.from_pylist(list(rows), schema=(schemas or {}).get(name))
        pq.write_table(data, folder / f"{load}.abc.parquet")
    record = landing / source / "_dlt_loads" / f"{source}__{load}.jsonl"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"load_id": load, "status": 0, "inserted_at": "2026-10-01T00:00:00+00:00"}))


@dataclass
class Line:
    """The way from the landing zone to the lake, with what a run keeps between calls."""

    folder: Path
    source: Source
    table: Table = TABLE
    organisation: Organisation = ORGANISATION
    done: set[str] = field(default_factory=set)
    verdict: Callable[[dict[str, Any]], bool] | None = None  # rows for which it is false are quarantined

    @property
    def lake(self) -> Lake:
        return Lake(str(self.folder / "lake"))

    def land(self, load: str, schemas: Any = None, **tables: Sequence[dict[str, Any]]) -> None:
        write_load(self.folder / "landing", self.source.source, load, tables, schemas)

    def stage(self) -> StagedTable | None:
        staged = conform.stage(
            self.source,
            self.table,
            landing=self.folder / "landing",
            staging=self.folder / "staging",
            done=frozenset(self.done),
            organisation=self.organisation,
        )
        if staged is not None:
            out = staged.rows + staged.rejected + staged.duplicates + staged.deleted_at_source
            assert staged.rows_in + staged.refreshed == out
            assert pq.read_metadata(staged.path).num_rows == staged.rows
        return staged

    def audit(self, staged: StagedTable) -> Audit:
        path, rows = staged.path, staged.rows
        if self.verdict is not None:
            passed = pq.read_table(staged.path)
            passed = passed.filter(pa.array([self.verdict(row) for row in passed.to_pylist()], pa.bool_()))
            path, rows = staged.path + ".passed.parquet", passed.num_rows
            pq.write_table(passed, path)
        return Audit(staged.source, staged.table, "passed", path, rows, (), ())

    def publish(self, staged: StagedTable) -> Published:
        published = conform.publish(
            staged, self.audit(staged), self.table, lake=self.lake, zone=self.organisation.time_zone
        )
        self.done.update(staged.load_ids)
        return published

    def run(self) -> Published | None:
        staged = self.stage()
        return None if staged is None else self.publish(staged)

    def rows(self) -> list[dict[str, Any]]:
        """Canonical rows without the system columns, in key order."""
        found = self.lake.read_sql(f'SELECT * FROM "{self.table.table}" ORDER BY ALL', [self.table]).to_pylist()
        return [{name: row[name] for name in self.table.names} for row in found]

    def rejects(self, staged: StagedTable) -> list[str]:
        return sorted(pq.read_table(staged.rejects).column("_reject").to_pylist()) if staged.rejects else []


def make_source(folder: Path, sql: str = ITEM_SQL, **changes: Any) -> Source:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "order_lines.sql").write_text(sql)
    content: dict[str, Any] = {
        "source": "shop",
        "title": "Shop",
        "kind": "sql",
        "tables": [
            {"table": "so_item", "key": ["so_no", "pos"], "cursor": "modified", "needs": ["qty"], "deletions": "keys"},
            {"table": "sales_order", "key": ["so_no"], "cursor": "modified"},
        ],
        "conform": {"order_lines": {"from": "so_item", "joins": {"sales_order": ["so_no"]}}},
        "codes": {"site": {"LNZ": "linz", "LYO": "lyon"}},
        "folder": folder,
    }
    return Source.model_validate(content | changes)


def order(so_no: str, ordered: str = "2026-03-02", plant: str = "LNZ", modified: str = "1") -> dict[str, Any]:
    return {"so_no": so_no, "ordered": ordered, "plant": plant, "modified": modified}


def item(
    so_no: str, pos: int = 1, qty: Any = 5.0, delivered: str | None = None, state: str = "OP", modified: str = "1"
) -> dict[str, Any]:
    return {"so_no": so_no, "pos": pos, "qty": qty, "delivered": delivered, "state": state, "modified": modified}


def keys_of(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"so_no": row["so_no"], "pos": row["pos"]} for row in items]
