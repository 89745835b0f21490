"""Links into a table that had no rows yet are judged once it has some: what leads nowhere does not stay by accident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.register.models import FeedRecord, Validation
from qmsreports.validate.report_facts import read_quality
from qmsreports.validate.report_page import render_quality
from qmsreports.workspace import Workspace
from tests.unit.stages.small_shop import MORNING, Premises, orders_of, rule, source

SHOP = source("table: ord, key: [no], cursor: changed, needs: [due, pieces]")
DESK = source("table: matter, key: [no], needs: [site]", conform="cases: {from: matter}", name="desk")
CASES = """
SELECT no AS case_id, site, '2026-03-01 08:00:00' AS opened_at, NULL AS replied_at, NULL AS closed_on, NULL AS rating,
    'first' AS line
FROM matter
"""


@dataclass
class Firm(Premises):
    """Two sources: orders of a shop, each of which names a case of a desk that is read later."""

    runs: int = 0

    @classmethod
    def of(cls, folder: Path, patch: pytest.MonkeyPatch, on_failure: str) -> Firm:
        """Return one whose orders without a case are kept, or go to quarantine."""
        made = cls.found(folder, patch)
        made.reads(patch, "desk")
        made.declare(SHOP, orders_of())
        made.declare(DESK, CASES, source="desk", table="cases")
        link = rule(
            "expect_column_values_to_exist_in_table",
            "warning",
            on_failure,
            column="order_id",
            other_table="cases",
            other_column="case_id",
        )
        filled = rule("expect_column_values_to_not_be_null", "warning", "keep", column="site")
        made.suite("orders", link, filled)
        made.suite("cases", filled)
        made.sql("CREATE TABLE ord (no TEXT PRIMARY KEY, due TEXT, pieces REAL, changed TEXT)")
        made.sql("CREATE TABLE matter (no TEXT PRIMARY KEY, site TEXT)")
        return made

    def order(self, number: str, minute: int) -> None:
        self.sql("REPLACE INTO ord VALUES (?, '2026-03-09', 1, ?)", number, f"2026-03-01 08:{minute:02}:00")

    def ingest(self, source: str) -> stages.FeedReport:
        self.runs += 1
        (report,) = stages.ingest([source], run_id=f"run {self.runs}", at=self.at, settings=self.settings)
        return report

    @property
    def at(self) -> datetime:
        return MORNING + timedelta(days=self.runs)

    def link(self) -> Validation:
        from sqlalchemy import select

        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            query = select(Validation).where(Validation.column_name == "order_id").order_by(Validation.id.desc())
            return session.scalars(query).first()  # type: ignore[return-value]

    def newest(self) -> FeedRecord:
        from sqlalchemy import select

        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            query = select(FeedRecord).where(FeedRecord.table_name == "orders").order_by(FeedRecord.id.desc())
            return session.scalars(query).first()  # type: ignore[return-value]

    def page(self) -> str:
        with Workspace(self.settings) as workspace:
            quality = read_quality(workspace.register, workspace.lake, workspace.catalog, at=self.at)
        return render_quality(quality, templates=self.settings.templates)


def test_rows_that_lead_nowhere_leave_once_the_other_table_has_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = Firm.of(tmp_path, monkeypatch, "quarantine")
    for number in "123":
        firm.order(number, int(number))
    assert firm.ingest("shop").conformed == 3
    assert "not checked" in firm.page() and ">holds<" not in firm.page()
    firm.sql("INSERT INTO matter VALUES ('1', 'linz'), ('2', 'linz'), ('4', 'linz')")
    firm.ingest("desk")
    firm.order("4", 10)  # what is new comes with it, and is told from what is known
    report = firm.ingest("shop")
    assert (report.status, report.rows_in, report.refreshed) == ("published", 1, 3)
    assert (report.conformed, report.quarantined) == (3, 1)
    assert list(firm.pieces()) == ["1", "2", "4"]
    (entry,) = stages.list_quarantined(settings=firm.settings)
    assert (entry.row_key, entry.reason) == ("3", 'Order id is "3", which is not among the cases.')
    assert firm.ingest("shop").status == "unchanged"  # it was due once
    firm.sql("DELETE FROM matter WHERE no = '1'")  # a case that goes later takes no order with it
    firm.ingest("desk")
    assert firm.ingest("shop").status == "unchanged"


def test_rows_that_are_kept_are_counted_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = Firm.of(tmp_path, monkeypatch, "keep")
    for number in "12":
        firm.order(number, int(number))
    firm.ingest("shop")
    assert firm.ingest("shop").status == "unchanged" and firm.link().rows_checked == 0  # there is no case yet
    firm.sql("INSERT INTO matter VALUES ('1', 'linz')")
    firm.ingest("desk")
    assert firm.ingest("shop").status == "unchanged"
    late = firm.link()
    assert (late.success, late.rows_checked, late.rows_failed) == (False, 2, 1)
    assert late.sample == ["judged late: 1 of 2 published rows name none of cases", "2"]
    firm.ingest("shop")
    assert firm.link().id == late.id


def test_a_row_enters_by_itself_once_what_it_names_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that comes before its case waits for it, although nothing of the order itself is new."""
    firm = Firm.of(tmp_path, monkeypatch, "quarantine")
    firm.sql("INSERT INTO matter VALUES ('1', 'linz')")
    firm.ingest("desk")
    for number in "123":
        firm.order(number, int(number))
    assert firm.ingest("shop").quarantined == 2
    assert firm.ingest("shop").status == "unchanged"
    firm.sql("INSERT INTO matter VALUES ('3', 'linz')")
    firm.ingest("desk")
    report = firm.ingest("shop")
    assert (report.status, report.rows_in, report.refreshed, report.conformed) == ("published", 0, 1, 1)
    assert list(firm.orders("site")) == ["1", "3"]
    (left,) = stages.list_quarantined(settings=firm.settings)
    assert left.row_key == "2"
    assert firm.ingest("shop").status == "unchanged"


def test_a_row_that_a_person_let_in_is_not_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = Firm.of(tmp_path, monkeypatch, "quarantine")
    firm.order("1", 1)
    firm.order("2", 2)
    firm.ingest("shop")
    firm.sql("INSERT INTO matter VALUES ('1', 'linz')")
    firm.ingest("desk")
    firm.ingest("shop")
    (entry,) = stages.list_quarantined(settings=firm.settings)
    stages.readmit(entry.id, by="Ada Lam", why="Known by telephone.", at=firm.at, settings=firm.settings)
    assert firm.ingest("shop").status == "published"
    assert list(firm.pieces()) == ["1", "2"]
    assert firm.ingest("shop").status == "unchanged"
    assert firm.newest().status == "unchanged"


def test_a_rule_into_a_table_that_nobody_declares_is_named_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = Firm.of(tmp_path, monkeypatch, "quarantine")
    suite = firm.settings.expectations / "orders.json"
    suite.write_text(suite.read_text().replace('"cases"', '"casse"'))
    with Workspace(firm.settings) as workspace:
        _, findings, warnings = stages.check_suites(workspace.catalog, firm.settings.expectations)
    assert not findings
    (said,) = [str(warning) for warning in warnings if "casse" in str(warning)]
    assert said.removeprefix(f"{suite}:") == (
        "4: expect_column_values_to_exist_in_table on order_id: there is no canonical table casse; this rule is never "
        'checked; delete it, or name another: did you mean "cases"?'
    )
    firm.order("1", 1)
    assert firm.ingest("shop").conformed == 1
    assert firm.ingest("shop").status == "unchanged"
    assert "not checked" in firm.page()
