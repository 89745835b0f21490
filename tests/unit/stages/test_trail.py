"""An explanation is of the value on record, by what it was made by; then comes what would replace it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from test_derive_again import Line as Derived
from test_measure_changed import START, Line
from test_restate import LATER, Shop, shop
from typer.testing import CliRunner

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.cli import app
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.workspace import Workspace

__all__ = ["shop"]

THIRD = """  - version: 3
    effective_from: 2026-03-01
    why: Whatever is done.
    population: {table: orders, period_by: due_on}
    measure:
      kind: ratio
      numerator: {count: rows, where: [{field: status, is: done}]}
      denominator: {count: rows}
"""


def explained(line: Line, kpi: str, period: str = "2026-03") -> stages.Trail:
    return stages.explain(kpi, period, at=LATER, settings=line.settings)


def printed(line: Line | Derived, monkeypatch: pytest.MonkeyPatch, kpi: str, *more: str) -> str:
    for name in ("var", "catalog"):
        monkeypatch.setenv(f"QMSREPORTS_{name.upper()}", str(getattr(line.settings, name)))
    done = CliRunner().invoke(app, ["kpi", "explain", kpi, "--period", "2026-03", *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_value_of_an_earlier_version_is_explained_by_that_version(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of four were in time by version 2; version 3 counts what is done, which is all four."""
    before = explained(shop.line, "on_time")
    assert (before.version, before.recomputed, before.replacement) == (2, 75, None)
    text = (shop.line.settings.catalog / "kpis" / "on_time.yaml").read_text()
    shop.propose("on_time.yaml", text + THIRD, approve=True)
    shop.line.measure(LATER)
    trail = explained(shop.line, "on_time")
    assert trail.published is not None
    assert (trail.version, trail.recomputed, trail.published["value"]) == (2, 75, 75)
    assert (trail.sql, trail.rule, trail.approvals) == (before.sql, before.rule, before.approvals)
    assert "version 2" in trail.sql
    assert trail.approvals == ("version 2 approved by board on 2026-04-02",)
    instead = trail.replacement
    assert instead is not None
    assert (instead.version, instead.value, instead.settled) == (3, 100, True)
    assert instead.approvals == ("version 3 approved by board on 2026-04-02",)
    assert "where status is done" in instead.text
    output = printed(shop.line, monkeypatch, "on_time")
    assert output.startswith("On time, 2026-03: 75 percent\n")
    first, _, second = output.partition("\nWhat would replace it:\n")
    assert "Version 2, in force from 2025-01-01" in first
    assert "where status is done" not in first
    assert "Published: 75 percent (missed, target 95), by version 2," in first
    assert 'Version 3 and the data of today make it 100 percent, which waits for "qmsreports kpi restate' in first
    assert "On time, 2026-03: 100 percent\n" in second
    assert "Approval: version 3 approved by board on 2026-04-02" in second
    shop.restate("on_time")
    after = explained(shop.line, "on_time")
    assert (after.version, after.recomputed, after.replacement) == (3, 100, None)


def test_late_data_are_told_beside_what_was_published(shop: Shop) -> None:
    """A fifth order that came late: 60 percent would replace 75, which is explained from the rows of its day."""
    shop.deliver(5, 3)
    shop.line.measure(LATER)
    trail = explained(shop.line, "on_time")
    assert (trail.recomputed, trail.rows[-2]["rows"]) == (75, 4)
    assert trail.replacement is not None
    assert (trail.replacement.version, trail.replacement.value) == (2, 60)


def test_a_formula_shows_the_statements_of_what_it_read(shop: Shop) -> None:
    trail = explained(shop.line, "doubled")
    assert trail.published is not None
    assert trail.recomputed == trail.published["value"] == 150
    (read,) = trail.inputs
    assert (read["kpi"], read["value"], read["n"]) == ("on_time", 75, 4)
    assert trail.sql.rstrip() == explained(shop.line, "on_time").sql.rstrip()
    assert list(trail.table_versions) == ["orders"]
    assert [feed["table"] for feed in trail.feeds] == ["orders"]


def test_what_nobody_approved_says_so_and_is_still_explained(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (shop.line.settings.catalog / "kpis" / "on_time.yaml").read_text()
    shop.propose("waiting.yaml", text.replace("kpi: on_time", "kpi: waiting"))
    trail = explained(shop.line, "waiting")
    assert trail.waiting.startswith("kpi waiting: proposed, waits for approval; ")
    assert (trail.version, trail.recomputed, trail.published, trail.approvals) == (2, 75, None, ())
    output = printed(shop.line, monkeypatch, "waiting")
    assert output.startswith(
        "kpi waiting: proposed, waits for approval; qmsreports catalog approve waiting --by NAME\n"
    )
    assert "where urgent is true" in output
    early = explained(shop.line, "waiting", "2023-05")  # before any version begins: the rule is told all the same
    assert (early.version, early.recomputed) == (1, None)


def test_a_calendar_that_was_approved_anew_leaves_the_evidence_of_the_old_value(shop: Shop) -> None:
    """One case of Monday, from ten to twelve: two working hours, and one of a desk that opens at eleven."""
    monday = datetime(2026, 3, 9, 9, tzinfo=UTC)
    case = {"case_id": "1", "site": "linz", "opened_at": monday, "replied_at": monday + timedelta(hours=2)}
    shop.line.publish("cases", {"1": {**case, "closed_on": None, "rating": 5, "line": "first"}})
    shop.line.measure(START + timedelta(hours=1))
    before = explained(shop.line, "reply_time")
    path = shop.line.settings.catalog / "calendars" / "desk.yaml"
    path.write_text(path.read_text().replace("09:00", "11:00").replace("08:00", "11:00"))
    with Workspace(shop.line.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="author", at=LATER)
        approval.approve(records, workspace.catalog.organisation, by="board", at=LATER)
    after = explained(shop.line, "reply_time")
    assert before.recomputed == after.recomputed == 2
    assert after.replacement is not None
    assert after.replacement.value == 1
    assert after.approvals == ("version 1 approved by board on 2026-04-02",)
    assert after.replacement.approvals == ("version 1 approved by board on 2026-04-03",)
