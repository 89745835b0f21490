"""What an explanation says of the rules that did not hold on the feeds behind a number."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from test_measure_changed import START, cases, made, orders

from qmsreports import stages
from qmsreports.register.models import Validation
from qmsreports.workspace import Workspace


def _rule(run_id: str, table: str, column: str, why: str, **changed: Any) -> Validation:
    fields: dict[str, Any] = {
        "run_id": run_id,
        "source": "shop",
        "table_name": table,
        "rule": "expect_column_values_to_not_be_null",
        "column_name": column,
        "severity": "warning",
        "on_failure": "keep",
        "why": why,
        "owner": "crm.owner",
        "success": False,
        "broken": False,
        "rows_checked": 1200,
        "rows_failed": 3,
        "sample": [],
        "at": START,
    }
    return Validation(**{**fields, **changed})


def test_failed_rules_are_sentences_and_those_of_the_landed_tables_are_told(tmp_path: Path) -> None:
    line, draw = made(tmp_path), Random(7)
    line.publish("orders", orders(draw))
    line.publish("cases", cases(draw))
    line.measure(START)
    before, after = START - timedelta(days=1), START + timedelta(days=1)
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        session.add_all(
            [
                _rule("ingest", "orders", "site", "An order without a site is counted nowhere."),
                _rule("ingest", "orders", "site", "Held.", success=True),
                _rule("ingest", "cases", "site", "Of a table that the KPI does not read."),
                _rule("first", "landed/ord", "no", "Of an audit that a newer one replaced.", at=before),
                _rule("second", "landed/ord", "no, changed", "A row is told by number and time.", at=before),
                _rule("ingest", "landed/cust", "", "Customers come whole.", broken=True),
                _rule("later", "landed/cust", "no", "After the number was made.", at=after),
                _rule("ingest", "landed/ord", "no", "Of another source.", source="mill"),
            ]
        )
    told = stages.explain("on_time", "2026-03", at=START, settings=line.settings)
    (feed,) = told.feeds
    assert feed["failed_rules"] == ["An order without a site is counted nowhere. (column site: 3 of 1,200 rows)"]
    assert feed["failed_landed_rules"] == [
        "ord: A row is told by number and time. (columns no, changed: 3 of 1,200 rows)",
        "cust: Customers come whole. (could not be checked)",
    ]
