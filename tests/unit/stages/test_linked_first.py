"""A row that is set aside is not there for the rows that name it, in whatever order the tables of a source stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.register.models import Validation
from qmsreports.workspace import Workspace
from tests.unit.stages.small_shop import MORNING, Premises, orders_of, rule, source

CASES = """
SELECT no AS case_id, 'linz' AS site, '2026-03-01 08:00:00' AS opened_at, NULL AS replied_at, NULL AS closed_on,
    rating, 'first' AS line
FROM matter
"""
ORDERS, MATTERS = "orders: {from: ord}", "cases: {from: matter}"
TABLES = ("table: ord, key: [no], needs: [due, pieces]", "table: matter, key: [no], needs: [rating]")


@dataclass
class Shop(Premises):
    """Orders that name a case, and the cases, of one source: of three the second has no rating and is set aside."""

    @classmethod
    def of(cls, folder: Path, patch: pytest.MonkeyPatch, conform: str, on_failure: str = "keep") -> Shop:
        made = cls.found(folder, patch)
        made.declare(source(*TABLES, conform=conform), orders_of())
        made.declare(source(*TABLES, conform=conform), CASES, table="cases")
        link = {"column": "order_id", "other_table": "cases", "other_column": "case_id"}
        made.suite("orders", rule("expect_column_values_to_exist_in_table", "warning", on_failure, **link))
        made.suite("cases", rule("expect_column_values_to_not_be_null", "warning", "quarantine", column="rating"))
        made.sql("CREATE TABLE ord (no TEXT PRIMARY KEY, due TEXT, pieces REAL)")
        made.sql("CREATE TABLE matter (no TEXT PRIMARY KEY, rating INTEGER)")
        made.sql("INSERT INTO ord VALUES ('1', '2026-03-09', 1), ('2', '2026-03-09', 1), ('3', '2026-03-09', 1)")
        made.sql("INSERT INTO matter VALUES ('1', 5), ('2', NULL), ('3', 4)")
        return made

    def ingest(self, run: str) -> dict[str, stages.FeedReport]:
        found = stages.ingest(["shop"], run_id=run, at=MORNING, settings=self.settings)
        return {report.table: report for report in found}

    def link(self) -> Validation:
        from sqlalchemy import select

        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            query = select(Validation).where(Validation.column_name == "order_id").order_by(Validation.id.desc())
            return session.scalars(query).first()  # type: ignore[return-value]


@pytest.mark.parametrize("conform", [f"{ORDERS}\n  {MATTERS}", f"{MATTERS}\n  {ORDERS}"], ids=["orders", "cases"])
def test_an_order_whose_case_is_set_aside_in_the_same_run_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conform: str
) -> None:
    shop = Shop.of(tmp_path, monkeypatch, conform)
    found = shop.ingest("run 1")
    assert (found["cases"].conformed, found["cases"].quarantined) == (2, 1)
    assert (found["orders"].conformed, found["orders"].quarantined) == (3, 0)  # the rule keeps it
    link = shop.link()
    assert (link.success, link.rows_checked, link.rows_failed) == (False, 3, 1)


def test_it_comes_in_with_its_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop.of(tmp_path, monkeypatch, f"{ORDERS}\n  {MATTERS}", "quarantine")
    found = shop.ingest("run 1")
    assert (found["orders"].conformed, found["orders"].quarantined) == (2, 1)
    assert list(shop.orders("site")) == ["1", "3"]
    shop.sql("UPDATE matter SET rating = 3 WHERE no = '2'")
    shop.ingest("run 2")
    shop.ingest("run 3")  # what names a row enters once that is published
    assert list(shop.orders("site")) == ["1", "2", "3"]
    assert not stages.list_quarantined(settings=shop.settings)
