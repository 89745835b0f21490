"""The reasons beside each shipped objective add up to what the objective itself counts, or to what missed it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pack_workspace import BUILT, OCTOBER, ROOT, Row, Workspace

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.catalog.table import Column, Table
from qmsreports.pack.collect import collect
from qmsreports.pack.model import PackModel
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.results import latest_results
from qmsreports.settings import Settings

CATALOG = load_catalog(ROOT / "catalog")
SHIPPED = sorted(name for name, kpi in CATALOG.kpis.items() if kpi.pareto is not None)
FIRST, DAYS = date(2026, 8, 1), 120
ROWS = 400


def value_of(column: Column, draw: Random) -> Any:
    """Return what a column may hold: open cases, things undelivered, reasons nobody named."""
    if column.nullable and draw.random() < 0.2:
        return None
    day = FIRST + timedelta(days=draw.randrange(DAYS))
    match column.type:
        case "date":
            return day
        case "instant":
            return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=draw.randrange(1440))
        case "boolean":
            return draw.random() < 0.5
        case "integer" | "number":
            return draw.randrange(40)
        case _:
            return draw.choice(column.values or ("north", "east", "west"))


def rows_of(table: Table, draw: Random) -> list[Row]:
    rows = [{column.name: value_of(column, draw) for column in table.columns} for _ in range(ROWS)]
    return [{**row, **{key: f"{number}" for key in table.key}} for number, row in enumerate(rows)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("pareto")
    made = Workspace.at(folder)
    records = CatalogRecords(made.register)
    approval.apply(made.catalog, records, by="author", at=BUILT)
    approval.approve(records, made.catalog.organisation, by="board", at=BUILT)
    draw = Random(11)
    read = {name for kpi in SHIPPED for version in CATALOG.kpis[kpi].versions for name in version.tables}
    for name in sorted(read):
        made.rows(name, rows_of(made.catalog.tables[name], draw))
    settings = Settings(var=folder, catalog=ROOT / "catalog", templates=ROOT / "report_templates")
    stages.measure("2026-10", run_id="r1", at=BUILT, settings=settings)
    return made


@pytest.fixture(scope="module")
def pack(made: Workspace) -> PackModel:
    return collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack


@pytest.mark.parametrize("kpi", SHIPPED)
def test_the_reasons_of_a_shipped_objective_add_up_to_its_own_count(made: Workspace, pack: PackModel, kpi: str) -> None:
    found = pack.objective(kpi).reasons
    assert found is not None
    with made.register.read() as session:
        (result,) = latest_results(session, kpis=[kpi], periods=[OCTOBER])[:1]
    assert result.slice_key == ""
    missed = made.catalog.kpis[kpi].better == "higher"
    counted = result.value if result.denominator is None else result.numerator
    if missed:
        counted = result.denominator - result.numerator  # type: ignore[operator]
    assert found.total == pytest.approx(counted)
    assert sum(reason.amount for reason in found.reasons) == pytest.approx(counted)
    assert found.measured == pytest.approx(counted)
    assert found.kind == ("missed" if missed else "counted")
    assert counted > 10


def test_what_is_open_or_undelivered_is_among_the_missed(tmp_path: Path) -> None:
    made = Workspace.at(tmp_path)
    line = {"customer_id": "C", "site": "linz", "product_family": "pumps", "quantity": 1, "status": "open"}
    dated = {"ordered_on": date(2026, 9, 1), "promised_on": date(2026, 10, 5)}
    delivered = {"status": "delivered", "delivered_on": date(2026, 10, 5)}
    late = {"status": "delivered", "delivered_on": date(2026, 10, 6), "product_family": "valves"}
    lines = [dated, {**dated, **delivered}, {**dated, **late}, {**dated, "status": "cancelled"}]
    made.rows("order_lines", [{**line, **each, "order_line_id": f"L{n}"} for n, each in enumerate(lines)])
    made.series("on_time_delivery", [90.0] * 24, version=2)
    pack = collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack
    found = pack.objective("on_time_delivery").reasons
    assert found is not None
    assert sorted((reason.title, reason.amount) for reason in found.reasons) == [("Pumps", 1), ("Valves", 1)]
    made.series("on_time_delivery", [90.0] * 24, version=1)  # version 1 counts what was delivered
    pack = collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack
    found = pack.objective("on_time_delivery").reasons
    assert found is not None
    assert [(reason.title, reason.amount) for reason in found.reasons] == [("Valves", 1)]
    made.series("on_time_delivery", [None] * 24, version=2, status="not_valid")
    pack = collect(made.register, made.lake, made.catalog, made.catalog.reviews["monthly"], OCTOBER, as_of=BUILT).pack
    assert pack.objective("on_time_delivery").reasons is None


def test_every_shipped_objective_with_reasons_has_its_own_rows() -> None:
    own: Catalog = CATALOG
    assert [name for name in SHIPPED if own.kpis[name].pareto.table is not None] == []  # type: ignore[union-attr]
    assert len(SHIPPED) == 9
