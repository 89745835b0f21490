"""A small workspace with real stores: the shipped catalog, a lake of a few rows, a register of made-up results."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from qmsreports import pack
from qmsreports.analysis import analyse_series
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.errors import Finding
from qmsreports.findings import describe
from qmsreports.lake import Lake
from qmsreports.period import Period
from qmsreports.records import BuiltPack, KpiResult
from qmsreports.register.models import FeedRecord, Validation
from qmsreports.register.packs import record_pack
from qmsreports.register.results import add_result, latest_results, store_analysis, store_sql
from qmsreports.register.store import Register

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "report_templates"
OCTOBER = Period.parse("2026-10")
MEASURED = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)
BUILT = datetime(2026, 11, 3, 7, 0, tzinfo=UTC)

_TYPES = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", "UTC"),
    "boolean": pa.bool_(),
}

Row = dict[str, Any]

ACTIONS: list[Row] = [
    {
        "action_id": "A-1",
        "review": "2026-09",
        "title": "Open and in time",
        "owner": "a.b",
        "decided_on": date(2026, 9, 8),
        "original_due_on": date(2026, 12, 1),
        "due_on": date(2026, 12, 1),
    },
    {
        "action_id": "A-2",
        "review": "2026-07",
        "title": "Open and late",
        "owner": "c.d",
        "decided_on": date(2026, 7, 8),
        "original_due_on": date(2026, 8, 31),
        "due_on": date(2026, 10, 11),
    },
    {
        "action_id": "A-3",
        "review": "2026-03",
        "title": "Done long ago",
        "owner": "c.d",
        "decided_on": date(2026, 3, 8),
        "original_due_on": date(2026, 4, 30),
        "due_on": date(2026, 4, 30),
        "done_on": date(2026, 4, 2),
    },
]
STATEMENTS: list[Row] = [
    {
        "statement_id": "S-1",
        "clause": "9.3.2-b",
        "period": "2026-10",
        "statement": "Nothing new outside.",
        "considered_by": "M. Huber",
        "considered_on": date(2026, 11, 2),
    },
    {
        "statement_id": "S-0",
        "clause": "9.3.2-d",
        "period": "2026-07",
        "statement": "Enough people.",
        "considered_by": "M. Huber",
        "considered_on": date(2026, 8, 3),
    },
]


@dataclass
class Workspace:
    """The stores, and what a stage would do with them."""

    folder: Path
    catalog: Catalog
    register: Register
    lake: Lake

    @classmethod
    def at(cls, folder: Path) -> Workspace:
        register = Register(f"sqlite:///{folder / 'register.db'}")
        register.migrate()
        return cls(folder, load_catalog(ROOT / "catalog"), register, Lake(str(folder / "lake")))

    def rows(self, table: str, rows: list[Row], source: str = "qms_registers") -> int:
        """Put rows into a canonical table and return its version."""
        declared = self.catalog.tables[table]
        system = [(name, pa.string()) for name in ("_source", "_load", "_row", "_month")]
        schema = pa.schema([*((column.name, _TYPES[column.type]) for column in declared.columns), *system])
        whole = [
            {**{name: None for name in schema.names}, **row, "_source": source, "_load": "1", "_row": repr(row)}
            | {"_month": _month(row, declared.partition)}
            for row in rows
        ]
        path = self.folder / f"{table}.parquet"
        pq.write_table(pa.Table.from_pylist(whole, schema=schema), path)
        return self.lake.merge(declared, str(path), source=source, zone="Europe/Vienna").version

    def feed(self, source: str, table: str, rows: int, **changed: Any) -> None:
        """Record how a feed came in."""
        fields = {
            "run_id": "r1",
            "source": source,
            "table_name": table,
            "status": "published",
            "rows_in": rows,
            "refreshed": 0,
            "conformed": rows,
            "quarantined": 0,
            "duplicates": 0,
            "inserted": rows,
            "updated": 0,
            "deleted": 0,
            "lake_version": None,  # these tests fill the tables they need, and no others
            "load_ids": ["1"],
            "touched": {},
            "message": "",
            "at": MEASURED,
        }
        with self.register.write() as session:
            session.add(FeedRecord(**{**fields, **changed}))

    def rule(self, source: str, table: str, rule: str, **changed: Any) -> None:
        """Record a rule that did not hold."""
        fields = {
            "run_id": "r1",
            "source": source,
            "table_name": table,
            "rule": rule,
            "column_name": "site",
            "severity": "warning",
            "on_failure": "quarantine",
            "why": "Unknown site.",
            "owner": "crm.owner",
            "success": False,
            "broken": False,
            "rows_checked": 100,
            "rows_failed": 2,
            "sample": ["x"],
            "at": MEASURED,
        }
        with self.register.write() as session:
            session.add(Validation(**{**fields, **changed}))

    def series(
        self, kpi: str, values: list[float | None], *, at: datetime = MEASURED, why: str = "late data", **changed: Any
    ) -> None:
        """Record monthly values up to October 2026 and their analysis; ``why`` those of before were replaced."""
        declared = self.catalog.kpis[kpi]
        periods = OCTOBER.back(len(values))
        target = changed.pop("target", 90.0)
        with self.register.write() as session:
            known = {row.period: row.id for row in latest_results(session, kpis=[kpi])}
            store_sql(session, {f"sql of {kpi}": f"SELECT 1 AS {kpi}"}, engine="duckdb")
            for period, value in zip(periods, values, strict=True):
                result = KpiResult(
                    kpi=kpi,
                    version=1,
                    period=period,
                    slice={},
                    unit=declared.unit,
                    value=value,
                    numerator=value,
                    denominator=100.0,
                    n=0 if value is None else 500,
                    low=None,
                    high=None,
                    target=target,
                    near=None,
                    status="no_data" if value is None else "met" if value >= target else "missed",
                    provisional=False,
                    fingerprint="f" * 64,
                    sql=f"sql of {kpi}",
                    table_versions={"order_lines": 3},
                )
                result = KpiResult(**{**{name: getattr(result, name) for name in result.__slots__}, **changed})
                before = known.get(str(period), 0)
                add_result(session, result, run_id="r1", supersedes=before, why=why if before else "first value", at=at)
            spc = analyse_series(
                [(period.start, value) for period, value in zip(periods, values, strict=True)],
                better=declared.better,
                target=target,
            )
            said = describe(spc, better=declared.better, unit=declared.unit, target=target)
            store_analysis(
                session,
                run_id="r1",
                kpi=kpi,
                period="2026-10",
                slice_key="",
                inputs=str(at),
                json={**spc.to_json(), "finding": {"title": said.title, "alt": said.alt}},
                at=at,
            )

    def build(
        self, at: datetime = BUILT, *, record: bool = True, out: Path | None = None, kept: Path | None = None
    ) -> BuiltPack:
        """Build the monthly pack of October and record it, as the stage does."""
        built = pack.build(
            self.register,
            self.lake,
            self.catalog,
            self.catalog.reviews["monthly"],
            OCTOBER,
            templates=TEMPLATES,
            out=out or self.folder / "packs",
            as_of=at,
            kept=kept,
        )
        if record:
            with self.register.write() as session:
                record_pack(session, built, run_id="r1", at=at)
        return built

    def verified(self, built: BuiltPack, at: datetime = BUILT) -> list[Finding]:
        """Verify a pack as the stage does; ``at`` is when it was built."""
        return pack.verify(
            self.register,
            self.lake,
            self.catalog,
            self.catalog.reviews["monthly"],
            OCTOBER,
            folder=built.folder,
            files=built.files,
            manifest=built.manifest,
            templates=TEMPLATES,
            as_of=at,
        )


def _month(row: Row, partition: str | None) -> str:
    value = row.get(partition) if partition else None
    return f"{value:%Y-%m}" if value is not None else "0000-00"


def filled(folder: Path) -> Workspace:
    """A workspace with two KPIs, actions, statements, an audit and three feeds; made once and copied."""
    shutil.copytree(_filled_once(), folder, dirs_exist_ok=True)
    return Workspace.at(folder)


@cache
def _filled_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="filled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Workspace.at(folder)
    made.rows("review_actions", ACTIONS)
    made.rows("considered_inputs", STATEMENTS)
    audit = {"audit_id": "AU-1", "site": "linz", "kind": "internal", "scope": "Assembly", "lead": "E. Novak"}
    made.rows("audits", [{**audit, "planned_on": date(2026, 10, 7), "done_on": date(2026, 10, 8)}])
    made.feed("qms_registers", "audits", 1)
    made.feed("crm", "order_lines", 90, refreshed=14, conformed=100, duplicates=1, quarantined=3)
    made.rule("crm", "order_lines", "in_set")
    made.series("otif", [88.0 + (index % 3) for index in range(24)], target=95.0)
    made.series("nps", [40.0 + (index % 4) for index in range(24)], target=38.0)
    made.register.close()
    return folder
