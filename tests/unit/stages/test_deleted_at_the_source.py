"""A record deleted for good at the source leaves the KPI of its month, but no settled number goes by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.errors import UserError
from qmsreports.register import results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace
from tests.unit.stages.small_shop import SITE_IS_TOLD, Premises, orders_of, source

APRIL, MAY = datetime(2026, 4, 12, 6, tzinfo=UTC), datetime(2026, 5, 12, 6, tzinfo=UTC)
ORD = "table: ord, key: [no], cursor: changed, deletions: keys, needs: [due, done]"
DONE = {"status": "'done'", "pieces": "1", "urgent": "TRUE"}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Premises:
    made = Premises.found(tmp_path, monkeypatch)
    made.declare(source(ORD), orders_of(done_on="done", **DONE))
    made.suite("orders", SITE_IS_TOLD)
    made.sql("CREATE TABLE ord (no TEXT PRIMARY KEY, due TEXT, done TEXT, changed TEXT)")
    for number, done in enumerate(("2026-03-02", "2026-03-02", "2026-03-02", "2026-03-20")):
        made.sql("INSERT INTO ord VALUES (?, '2026-03-09', ?, '2026-03-20 08:00:00')", str(number), done)
    with Workspace(made.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="author", at=APRIL)
        approval.approve(records, workspace.catalog.organisation, by="board", at=APRIL)
    return made


@pytest.fixture
def settings(shop: Premises) -> Settings:
    return shop.settings


def month(settings: Settings, at: datetime, run: str) -> tuple[stages.MeasureSummary, float | None]:
    """Ingest and measure; what was found and the share of March that stands."""
    stages.ingest(["shop"], run_id=run, at=at, settings=settings)
    summary = stages.measure("2026-03", run_id=f"{run} measured", at=at, settings=settings)
    return summary, on_time(settings)


def on_time(settings: Settings) -> float | None:
    with Workspace(settings) as workspace, workspace.register.read() as session:
        found = results.latest_results(session, kpis=["on_time"])
        return next(row.value for row in found if row.period == "2026-03" and not row.slice)


def test_a_deletion_is_a_candidate_for_restatement_and_counts_once_somebody_restates(
    shop: Premises, settings: Settings
) -> None:
    """Four orders, one of them late: 75 %. The late one is deleted: 3 of 3 are in time, when somebody says so."""
    first, value = month(settings, APRIL, "april")
    assert (first.candidates, value) == (0, 75.0)
    shop.sql("DELETE FROM ord WHERE no = '3'")
    later, value = month(settings, MAY, "may")
    (report,) = stages.feed_reports("may", settings=settings)
    assert (report.deleted, report.duplicates) == (1, 0)
    assert (report.rows_in, report.refreshed, report.deleted_at_source) == (0, 1, 1)
    assert later.candidates > 0
    assert value == 75.0
    said = {"why": "Order 3 was a test.", "who": "board", "run_id": "restated", "at": MAY}
    stages.restate("on_time", "2026-03", "2026-03", **said, settings=settings)
    assert on_time(settings) == 100.0


def test_the_command_says_how_many_rows_vanished_and_counts_them_apart_from_duplicates(
    shop: Premises, settings: Settings
) -> None:
    """One order goes for good; two more are marked as deleted, which are two rows delivered and none published."""
    from typer.testing import CliRunner

    from qmsreports.cli.run import app

    mapping = settings.catalog / "sources" / "shop" / "orders.sql"
    mapping.write_text(mapping.read_text().replace("AS urgent", "AS urgent, done = 'never' AS _deleted"))
    environment = {
        "QMSREPORTS_VAR": str(settings.var),
        "QMSREPORTS_CATALOG": str(settings.catalog),
        "QMSREPORTS_EXPECTATIONS": str(settings.expectations),
        "QMSREPORTS_TEMPLATES": str(settings.templates),
    }

    def ingest() -> str:
        done = CliRunner().invoke(app, ["ingest", "shop"], env=environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "gone at the source" not in ingest()
    shop.sql("DELETE FROM ord WHERE no = '3'")
    assert "source shop, table orders: 1 row is gone at the source and left the table\n" in ingest()
    shop.sql("UPDATE ord SET done = 'never', changed = '2026-04-01 08:00:00' WHERE no IN ('1', '2')")
    told = ingest()
    assert "source shop, table orders: 2 rows are gone at the source and left the table\n" in told
    counts = next(line.split()[2:] for line in told.splitlines() if line.startswith("shop "))
    assert counts == ["published", "2", "0", "0", "0", "0", "2"]  # rows in, refreshed, conformed ... deleted


def test_the_command_says_what_was_left_over_from_a_deleted_row_and_keeps_it_out_of_quarantine(
    shop: Premises,
    settings: Settings,
) -> None:
    """Order 3 is deleted and its lines stay behind: they leave with it. The line of order 9, which never was, waits."""
    line = "table: line, key: [id], cursor: changed"
    reject = "CASE WHEN o.no IS NULL THEN 'order ' || l.no || ' is not in ord' END"
    shop.declare(
        source(ORD, line, conform="orders: {from: line, joins: {ord: [no]}, leaves_with: ord}"),
        orders_of(
            "line l LEFT JOIN ord o ON o.no = l.no",
            order_id="l.id",
            due_on="o.due",
            done_on="o.done",
            **DONE,
            _reject=reject,
        ),
    )
    shop.sql("CREATE TABLE line (id TEXT PRIMARY KEY, no TEXT, changed TEXT)")
    for number, order in enumerate("01339"):
        shop.sql("INSERT INTO line VALUES (?, ?, '2026-03-20 08:00:00')", f"L{number}", order)
    stages.ingest(["shop"], run_id="april", at=APRIL, settings=settings)
    assert [entry.row_key for entry in stages.list_quarantined(settings=settings)] == ["L4"]
    shop.sql("DELETE FROM ord WHERE no = '3'")
    stages.ingest(["shop"], run_id="may", at=MAY, settings=settings)
    (report,) = stages.feed_reports("may", settings=settings)
    assert (report.refreshed, report.deleted, report.deleted_at_source, report.deleted_with_parent) == (2, 2, 2, 2)
    assert report.left_over() == "2 rows count as deleted at the source with the row that they belonged to"
    assert [entry.row_key for entry in stages.list_quarantined(settings=settings)] == ["L4"]


def test_no_draft_of_an_empty_table_over_a_suite(settings: Settings) -> None:
    suite = settings.expectations / "orders.json"
    before = suite.read_text()
    with pytest.raises(UserError, match="the table orders has no row, so there is no history to draft from"):
        stages.propose_suite("orders", owner="shop.owner", force=True, settings=settings)
    assert suite.read_text() == before
    other = settings.expectations / "draft.json"
    assert stages.propose_suite("orders", owner="shop.owner", out=other, settings=settings) == other
    stages.ingest(["shop"], run_id="april", at=APRIL, settings=settings)
    stages.propose_suite("orders", owner="shop.owner", force=True, settings=settings)
    assert suite.read_text() != before


def test_a_draft_for_a_feed_as_landed_sets_no_row_aside_and_is_accepted_as_its_suite(settings: Settings) -> None:
    with pytest.raises(UserError, match="the table landed/shop/ord has no row, so there is no history to draft from"):
        stages.propose_suite("landed/shop/ord", owner="shop.owner", settings=settings)
    with pytest.raises(UserError, match='no landed table "landed/shop/or"; did you mean "landed/shop/ord"'):
        stages.propose_suite("landed/shop/or", owner="shop.owner", settings=settings)
    stages.ingest(["shop"], run_id="april", at=APRIL, settings=settings)
    written = stages.propose_suite("landed/shop/ord", owner="shop.owner", settings=settings)
    assert written == settings.expectations / "landed" / "shop" / "ord.json"
    rules = json.loads(written.read_text())["expectations"]
    assert {"no"} == {rule["kwargs"].get("column") for rule in rules} - {"due", "done", "changed"}
    assert {rule["meta"]["on_failure"] for rule in rules} == {"keep", "stop"}
    with Workspace(settings) as workspace:
        count, findings, warnings = stages.check_suites(workspace.catalog, settings.expectations)
    assert (count, findings) == (1, [])
    assert len(warnings) == len(workspace.catalog.tables) - 1  # tables of the small catalog that have no suite
    written.write_text(written.read_text().replace('"no"', '"none"'))
    with Workspace(settings) as workspace:
        _, findings, _ = stages.check_suites(workspace.catalog, settings.expectations)
    assert any('declares no column "none"' in finding.what for finding in findings)


def test_the_check_of_the_catalog_checks_suites(settings: Settings) -> None:
    from typer.testing import CliRunner

    from qmsreports.cli.catalog import app

    environment = {
        "QMSREPORTS_VAR": str(settings.var),
        "QMSREPORTS_CATALOG": str(settings.catalog),
        "QMSREPORTS_EXPECTATIONS": str(settings.expectations),
    }
    suite = settings.expectations / "orders.json"
    suite.write_text(suite.read_text().replace('"site"', '"sites"'))
    (settings.expectations / "order.json").write_text("{}")
    done = CliRunner().invoke(app, ["check", "--json"], env=environment)
    found = json.loads(done.output)
    assert done.exit_code == 1
    (finding,) = [one for one in found["findings"] if "orders.json" in one["where"]]
    assert finding["what"] == 'orders declares no column "sites"'
    assert any(one["what"].startswith("there is no canonical table order;") for one in found["warnings"])
