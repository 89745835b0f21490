"""A table made of canonical tables: worked by hand, computed once for each state of its inputs, and reading no more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from qmsreports.catalog.load import Catalog, load_catalog
from qmsreports.conform.derive import check, derive
from qmsreports.errors import UserError
from qmsreports.kpi.examples import RowsInMemory
from qmsreports.lake import Lake, literal, open_duckdb
from qmsreports.records import StagedTable

ROOT = Path(__file__).parents[3]
ZONE = "Europe/Vienna"
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(ROOT / "catalog")


def publish(catalog: Catalog, lake: Lake, folder: Path, rows: Rows) -> None:
    for name, own in rows.items():
        table = catalog.tables[name]
        path = folder / f"{name}.parquet"
        with open_duckdb() as connection:
            RowsInMemory({name: own}).fill(connection, [table])
            month = f"strftime({table.partition}, '%Y-%m')" if table.partition else "'0000-00'"
            connection.execute(
                f"""COPY (SELECT *, 'test' AS _source, '1' AS _load, md5(CAST({name} AS VARCHAR)) AS _row,
                coalesce({month}, '0000-00') AS _month FROM {name}) TO {literal(str(path))} (FORMAT parquet)"""
            )
        lake.merge(table, str(path), source="test", zone=ZONE, complete=True)


def derived(catalog: Catalog, lake: Lake, folder: Path, done: frozenset[str] = frozenset()) -> StagedTable | None:
    return derive(
        catalog.tables["customer_months"],
        sql=ROOT / "catalog" / "tables" / "customer_months.sql",
        inputs=catalog.tables,
        lake=lake,
        staging=folder,
        done=done,
        organisation=catalog.organisation,
    )


def months(staged: StagedTable | None) -> dict[str, dict[str, Any]]:
    assert staged is not None
    with open_duckdb() as connection:
        relation = connection.sql(f"FROM read_parquet({literal(staged.path)})")
        rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    return {row["customer_month_id"]: row for row in rows}


def line(number: int, customer: str, ordered: date, promised: date, delivered: date | None) -> dict[str, Any]:
    return {
        "order_line_id": str(number), "order_id": str(number), "customer_id": customer, "site": "linz",
        "ordered_on": ordered, "promised_on": promised, "delivered_on": delivered, "status": "delivered",
    }  # fmt: skip


def story() -> Rows:
    """Two customers in early 2026: one is let down in February and stays away, one is served well."""
    return {
        "customers": [
            {"customer_id": "A1", "name": "One", "site": "linz", "segment": "standard", "active": True},
            {"customer_id": "A2", "name": "Two", "site": "lyon", "customer_since": date(2026, 2, 10), "active": True},
        ],
        "order_lines": [
            line(1, "A1", date(2026, 1, 5), date(2026, 1, 20), date(2026, 1, 20)),
            line(2, "A1", date(2026, 2, 2), date(2026, 2, 20), date(2026, 2, 23)),
            line(3, "A2", date(2026, 2, 12), date(2026, 3, 2), date(2026, 3, 1)),
            line(4, "A2", date(2026, 5, 29), date(2026, 6, 30), None),
        ],
        "tickets": [
            {
                "ticket_id": "T1",
                "customer_id": "A1",
                "opened_at": datetime(2026, 2, 27, 9, tzinfo=UTC),
                "due_at": datetime(2026, 2, 28, 23, 30, tzinfo=UTC),  # March already in Vienna
                "resolved_at": datetime(2026, 2, 28, 23, 31, tzinfo=UTC),
            }
        ],
        "complaints": [
            {"complaint_id": "C1", "customer_id": "A1", "received_on": date(2026, 2, 24), "justified": True},
            {"complaint_id": "C2", "customer_id": "A2", "received_on": date(2026, 3, 24), "justified": False},
        ],
        "survey_answers": [
            {"answer_id": "S1", "customer_id": "A2", "answered_on": date(2026, 3, 2), "recommend_score": 4},
            {"answer_id": "S2", "customer_id": "A2", "answered_on": date(2026, 3, 9), "recommend_score": 9},
        ],
    }


def test_a_customers_months_are_told_by_all_sources(catalog: Catalog, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    publish(catalog, lake, tmp_path, story())
    found = months(derived(catalog, lake, tmp_path))
    assert sorted(found) == [f"A1/2026-0{m}" for m in range(1, 6)] + [f"A2/2026-0{m}" for m in range(2, 6)]
    february = found["A1/2026-02"]
    assert (february["late_lines"], february["breached_cases"], february["justified_complaints"]) == (1, 0, 1)
    assert (february["bad_experience"], february["every_promise_kept"]) == (True, False)
    assert (february["active"], february["repeat_customer"], february["promises_12_months"]) == (True, True, 2)
    assert found["A1/2026-01"]["every_promise_kept"] is True
    assert found["A1/2026-03"]["breached_cases"] == 1, "a case belongs to the day on which it was due in Vienna"
    assert found["A2/2026-02"]["every_promise_kept"] is None, "nothing was due yet"
    march = found["A2/2026-03"]
    assert (march["recommend_score"], march["detractor"], march["bad_experience"]) == (9, False, False)
    assert march["month_on"] == date(2026, 3, 1)
    assert march["watched_until"] == date(2026, 6, 30)


def test_a_reorder_counts_within_90_days_of_the_months_end(catalog: Catalog, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    publish(catalog, lake, tmp_path, story())
    found = months(derived(catalog, lake, tmp_path))
    again = {name: row["reordered_within_90_days"] for name, row in found.items()}
    assert again["A1/2026-01"] is True
    assert again["A1/2026-02"] is False
    assert again["A2/2026-02"] is True, "29 May is the 90th day after 28 February"
    late = story()
    late["order_lines"][3]["ordered_on"] = date(2026, 5, 30)
    publish(catalog, lake, tmp_path, late)
    assert months(derived(catalog, lake, tmp_path))["A2/2026-02"]["reordered_within_90_days"] is False


def test_what_was_derived_from_the_same_versions_is_not_derived_again(catalog: Catalog, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    assert derived(catalog, lake, tmp_path) is None, "nothing was published yet"
    publish(catalog, lake, tmp_path, story())
    first = derived(catalog, lake, tmp_path)
    assert first is not None
    assert first.complete
    assert first.rows_in == first.rows + first.rejected == 9
    assert derived(catalog, lake, tmp_path, frozenset(first.load_ids)) is None
    changed = story()
    changed["complaints"][0]["justified"] = False
    publish(catalog, lake, tmp_path, changed)
    second = derived(catalog, lake, tmp_path, frozenset(first.load_ids))
    assert months(second)["A1/2026-02"]["justified_complaints"] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT * FROM costs", '"costs" is not among derived_from of customer_months'),
        ("SELECT * FROM read_parquet('x')", "a derived table reads canonical tables only"),
        ("SELECT now() FROM customers", "gives another result at each run"),
        ("DROP TABLE customers", "a derived table is one SELECT and nothing else"),
        ("SELECT 'a FROM customers", "the SQL cannot be read"),
    ],
)
def test_a_select_that_reads_anything_else_is_refused(catalog: Catalog, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        check(catalog.tables["customer_months"], Path("customer_months.sql"), text)
