"""A workspace of one source with one table of orders, of which a row may be set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from qmsreports import stages
from qmsreports.workspace import Workspace
from tests.unit.stages.small_shop import MORNING, Premises, orders_of, source

SOURCE = source("table: ord, key: [no], cursor: changed, needs: [due, pieces], deletions: keys")
ORDERS = orders_of()
META = {"why": "More than nine were never ordered.", "owner": "shop.owner", "on_failure": "quarantine"}
RULES = [
    {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "pieces", "max_value": 9},
        "severity": "warning",
        "meta": META,
    },
    {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "pieces", "max_value": 9},
        "severity": "critical",
        "meta": META | {"on_failure": "stop", "name": "far_too_many", "from_rows": 2},
    },
]
RULES[1]["kwargs"] = {"column": "pieces", "max_value": 9, "mostly": 0.5}


@dataclass
class Shop(Premises):
    """A workspace of one source with one table of orders."""

    day: int = 0

    def order(self, number: str, pieces: float | str, changed: str) -> None:
        self.sql("REPLACE INTO ord VALUES (?, '2026-03-09', ?, ?)", number, pieces, changed)

    def remove(self, number: str) -> None:
        self.sql("DELETE FROM ord WHERE no = ?", number)

    def ingest(self) -> stages.FeedReport:
        self.day += 1
        at = MORNING + timedelta(days=self.day)
        (report,) = stages.ingest(["shop"], run_id=f"run {self.day}", at=at, settings=self.settings)
        out = report.conformed + report.quarantined + report.duplicates + report.deleted_at_source
        assert report.rows_in + report.refreshed == out
        return report

    def entries(self) -> list[tuple[int, str, str]]:
        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            rows = session.execute(text("SELECT id, row_key, status FROM quarantine ORDER BY id"))
            return [tuple(row) for row in rows]

    def readmit(self, number: int, **said: Any) -> dict[str, Any]:
        return stages.readmit(number, by="Ada Lam", why="Counted by hand.", at=MORNING, settings=self.settings, **said)

    def reject(self, number: int) -> dict[str, Any]:
        return stages.reject(number, by="Ada Lam", why="A typing error.", at=MORNING, settings=self.settings)

    def events(self, number: int) -> list[tuple[str, str]]:
        found = stages.show_quarantined(number, at=MORNING, settings=self.settings)
        return [(event["event"], event["who"]) for event in found["events"]]
