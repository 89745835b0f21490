"""The shipped definitions: examples, statements alone and in the shared scan, and SQL as people read it."""

from __future__ import annotations

import os
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kpi_fixture import LATER

from qmsreports.catalog.columns import conditions
from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.catalog.table import Column
from qmsreports.kpi.compute import Computation, statement_text
from qmsreports.kpi.examples import RowsInMemory, run_examples
from qmsreports.kpi.execute import DuckDb
from qmsreports.kpi.figures import nothing
from qmsreports.kpi.measurement import measure
from qmsreports.kpi.plan import Composed
from qmsreports.kpi.scan import scan
from qmsreports.kpi.selection import Task, select
from qmsreports.kpi.sql import text_of
from qmsreports.kpi.within import reaches
from qmsreports.period import Period

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "kpi"
CATALOG = load_catalog(ROOT / "catalog")
PERIODS = Period.parse("2026-10").back(12)
EVERY_VERSION = {name: [version.version for version in kpi.versions] for name, kpi in CATALOG.kpis.items()}


@pytest.mark.parametrize("name", sorted(CATALOG.kpis))
def test_examples_of_shipped_definitions_hold(name: str) -> None:
    assert [str(finding) for finding in run_examples(CATALOG, CATALOG.kpis[name])] == []


def test_a_wrong_example_is_told_with_its_line(tmp_path: Path) -> None:
    text = (ROOT / "catalog" / "kpis" / "otif.yaml").read_text()
    assert "expect: {numerator: 1, denominator: 4, value: 25}" in text
    (tmp_path / "kpis").mkdir()
    (tmp_path / "kpis" / "otif.yaml").write_text(text.replace("denominator: 4, value: 25", "denominator: 5, value: 20"))
    for kind in ("organisation.yaml", "tables", "calendars"):
        (tmp_path / kind).symlink_to(ROOT / "catalog" / kind)
    catalog = load_catalog(tmp_path, check=False)
    line = 1 + next(n for n, entry in enumerate(text.splitlines()) if "expect:" in entry)
    assert [str(finding) for finding in run_examples(catalog, catalog.kpis["otif"])] == [
        f"{tmp_path.name}/kpis/otif.yaml:{line}: the example expects {name} {expected} and the definition gives {got}; "
        "mend the definition or the example"
        for name, expected, got in (("denominator", 5, 4), ("value", 20, 25))
    ]


def words_of(catalog: Catalog) -> dict[tuple[str, str], list[str]]:
    """The texts that definitions compare a column with, so that made-up rows meet their conditions now and then."""
    found: dict[tuple[str, str], list[str]] = {}
    for kpi in catalog.kpis.values():
        for use in (use for version in kpi.versions for use in conditions(version)):
            right = use.condition.right
            words = right if isinstance(right, tuple) else (right,)
            found.setdefault((use.table, use.condition.field), []).extend(
                word for word in words if isinstance(word, str)
            )
    return found


def made_up(catalog: Catalog, rows: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Rows for every canonical table; values of a declared list, dates and instants around the last year."""
    chance = random.Random(seed)
    first = date(2025, 9, 1)
    words = words_of(catalog)

    def names(table: str, column: Column, number: int) -> str:
        if column.name.endswith("_id"):
            return f"{column.name}{number}"
        return chance.choice(column.values or ("a", "b", *words.get((table, column.name), ())))

    def midnight(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def value(table: str, column: Column, number: int) -> Any:
        if column.nullable and chance.random() < 0.2:
            return None
        day = first + timedelta(days=chance.randrange(450))
        return {
            "text": lambda: names(table, column, number),
            "integer": lambda: chance.randrange(0, 11),
            "number": lambda: float(chance.randrange(1, 1000)) / 4,
            "date": lambda: day,
            "instant": lambda: midnight(day) + timedelta(seconds=chance.randrange(86400)),
            "boolean": lambda: chance.random() < 0.5,
        }[column.type]()

    return {
        name: [{column.name: value(name, column, number) for column in table.columns} for number in range(rows)]
        for name, table in catalog.tables.items()
    }


def test_the_stored_statement_alone_gives_the_number_of_the_shared_scan() -> None:
    """What is kept as evidence is not a paraphrase: run by itself over the same rows it gives every result again."""
    lake = RowsInMemory(made_up(CATALOG, 300, seed=1))
    measured = measure(CATALOG, versions=EVERY_VERSION, periods=PERIODS, lake=lake, as_of=LATER)
    tasks = [task for task in select(CATALOG, EVERY_VERSION, PERIODS) if not isinstance(task.plan.body, Composed)]
    with lake.connect(CATALOG.tables.values()) as connection:
        alone = {task.plan.label: Computation(CATALOG, DuckDb(connection), as_of=LATER).alone(task) for task in tasks}
    by_label = {task.plan.label: task for task in tasks}
    compared = 0
    for result in measured.results:
        label = f"{result.kpi} v{result.version}"
        if label not in alone:  # a formula has no statement of its own
            continue
        figure = alone[label].get(str(result.period), {}).get(tuple(result.slice.items()))
        figure = figure or nothing(by_label[label].plan)
        assert (result.value, result.n) == (pytest.approx(figure.value), figure.n)
        compared += result.value is not None
    assert compared > 1000
    gaps = {"channel_gap_csat", "channel_gap_response"}  # want more rows on a channel than are made up here
    assert {result.kpi for result in measured.results if result.value is not None} >= set(CATALOG.kpis) - gaps


def test_every_result_names_its_statement_and_its_scan_is_kept_too() -> None:
    lake = RowsInMemory(made_up(CATALOG, 20, seed=2))
    measured = measure(CATALOG, versions=EVERY_VERSION, periods=PERIODS[-2:], lake=lake, as_of=LATER)
    assert {result.sql for result in measured.results} <= set(measured.sql)
    scans = [text for text in measured.sql.values() if ": one scan for " in text]
    tables = {text.split(":")[0].removeprefix("-- ") for text in scans}
    assert len(scans) == len(tables), "every table is read once for all that can be added up"
    assert {"order_lines", "tickets", "operations"} <= tables


def task_of(name: str, number: int) -> Task:
    tasks = select(CATALOG, {name: [number]}, PERIODS)
    return tasks[0]


SHOWN = [
    "on_time_delivery_v2",
    "complaints_per_1000_orders_v1",
    "nps_v1",
    "first_response_p90_v1",
    "ticket_backlog_v1",
    "oee_v1",
]


def golden(name: str, text: str) -> None:
    """Compare with the file; GOLDEN=write in the environment writes it anew, to be read and committed."""
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", SHOWN)
def test_statements_are_readable(name: str) -> None:
    kpi, _, number = name.rpartition("_v")
    golden(name, statement_text(task_of(kpi, int(number)).plan))


def test_the_scan_of_a_table_is_readable() -> None:
    tasks = [
        task
        for task in select(CATALOG, EVERY_VERSION, Period.parse("2026-03").back(6))
        if task.kpi.kpi in ("on_time_delivery", "otif", "complaints_per_1000_orders")
    ]
    within = [reach for task in tasks for reach in reaches(task.periods, task.plan, "Europe/Vienna")]
    text = text_of(scan("order_lines", [task.plan for task in tasks], within).statement())
    golden("scan_of_order_lines", text)
