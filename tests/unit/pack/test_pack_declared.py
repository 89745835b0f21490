"""What the catalog declares of its tables, and what of that is missing, decides what a pack can say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from pack_workspace import BUILT, OCTOBER, Workspace, filled

from qmsreports.pack.collect import collect
from qmsreports.pack.collect.behind import early_rows
from qmsreports.pack.model import PackModel
from qmsreports.pack.view import records


def told(made: Workspace) -> PackModel:
    return collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack


def test_rows_from_before_the_record_are_told(tmp_path: Path) -> None:
    """Four orders entered in September beside thirty in each month after it: no September, and the pack says so."""
    made = Workspace.at(tmp_path)
    days = [date(2026, 9, day) for day in range(1, 5)]
    days += [date(2026, month, 1 + number % 28) for month in (10, 11, 12) for number in range(30)]
    orders = [{"order_line_id": f"O/{number}", "ordered_on": day} for number, day in enumerate(days)]
    made.rows("order_lines", orders, source="crm")
    made.series("otif", [88.0, 89.0])
    (early,) = told(made).early
    assert (early.table, early.begins, early.rows, early.declared) == ("order_lines", date(2026, 10, 1), 4, False)
    (said,) = records.quality(told(made))["early"]
    assert said.replace("\u00a0", " ").startswith(
        "The record of Order lines (4) begins on 1 Oct 2026. 4 rows are dated"
    )
    versions = {"order_lines": 0}
    assert early_rows(made.lake, made.catalog, versions, date(2026, 9, 1)) == (early,)
    assert early_rows(made.lake, made.catalog, versions, date(2026, 10, 1)) == ()  # the pack tells of nothing before
    table = made.catalog.tables["order_lines"].model_copy(update={"recorded_from": date(2026, 11, 1)})
    made = replace(made, catalog=replace(made.catalog, tables={**made.catalog.tables, "order_lines": table}))
    (early,) = told(made).early
    assert (early.begins, early.rows, early.declared) == (date(2026, 11, 1), 34, True)


def test_an_organisation_without_registers_of_actions_and_statements_has_its_pack(tmp_path: Path) -> None:
    made = filled(tmp_path)
    assert told(made).actions
    kept = {
        name: table
        for name, table in made.catalog.tables.items()
        if name not in ("review_actions", "considered_inputs")
    }
    pack = told(replace(made, catalog=replace(made.catalog, tables=kept)))
    assert pack.actions == ()
    assert "considered" not in {row.state for ledger in pack.ledgers for row in ledger.rows}
    assert pack.objectives == told(made).objectives
