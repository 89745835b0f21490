"""A provisional value that no measurement settles any more is said to stay as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_measure_changed import START
from test_restate import Shop, made
from typer.testing import CliRunner

from qmsreports.catalog import approval
from qmsreports.cli import app
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.stages.change import values
from qmsreports.stages.left_behind import left_behind
from qmsreports.workspace import Workspace

DURING = datetime(2026, 3, 20, 6, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Four orders of March, measured on the 20th: all of March is provisional, the whole and its slice."""
    shop = Shop(made(tmp_path))
    catalog = shop.line.settings.catalog
    (catalog / "kpis/doubled.yaml").unlink()
    (catalog / "targets/on_time.yaml").unlink()
    review = catalog / "reviews/monthly.yaml"
    review.write_text(review.read_text(encoding="utf-8").replace(", doubled", ""), encoding="utf-8")
    shop.deliver(4, 3)
    shop.line.measure(DURING)
    return shop


def _edit(shop: Shop, old: str, new: str, *, approve: bool = True) -> None:
    path = shop.line.settings.catalog / "kpis/on_time.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with Workspace(shop.line.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="author", at=START)
        if approve and approval.History(records.definitions(), 1).waiting():
            approval.approve(records, workspace.catalog.organisation, by="board", at=START)


def _said(shop: Shop) -> tuple[dict[str, str], tuple[str, ...]]:
    with Workspace(shop.line.settings) as workspace:
        rows = [row for row, _ in values(workspace, kpi="on_time", period="2026-03")]
        stale, waits = left_behind(workspace, rows)
    assert {row.slice_key for row in rows if row.provisional} == {"", "site=linz"}
    return {row.slice_key: stale[row.id] for row in rows if row.id in stale}, waits


def test_what_is_measured_goes_on(shop: Shop) -> None:
    assert _said(shop) == ({}, ())


def test_a_slice_that_is_not_cut_any_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _edit(shop, "slices: [site]", "slices: []")
    assert _said(shop) == ({"site=linz": "slice is not cut any more"}, ())
    monkeypatch.setenv("QMSREPORTS_VAR", str(shop.line.settings.var))
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(shop.line.settings.catalog))
    said = CliRunner().invoke(app, ["kpi", "values", "on_time", "--period", "2026-03", "--slices"]).output
    assert "provisional (stays so: slice is not cut any more)" in said


def test_a_kpi_that_is_retired_from_that_month_on(shop: Shop) -> None:
    retired = "retired: {from: 2026-03-01, because: Done., agreed: {by: Board, on: 2026-02-20, record: R}}\nversions:"
    _edit(shop, "versions:", retired)
    assert _said(shop) == ({"": "is retired", "site=linz": "is retired"}, ())


def test_a_kpi_of_which_an_approval_is_missing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a register of before the organisation was on record: the file says how many people must approve."""
    everything = CatalogRecords.definitions
    monkeypatch.setattr(
        CatalogRecords,
        "definitions",
        lambda self, kind="": tuple(row for row in everything(self, kind) if row.entry.kind != "organisation"),
    )
    organisation = shop.line.settings.catalog / "organisation.yaml"
    text = organisation.read_text(encoding="utf-8")
    organisation.write_text(text.replace("sites:", "approvals: 2\nsites:", 1), encoding="utf-8")
    stale, (sentence,) = _said(shop)
    assert stale == {"": "does not count", "site=linz": "does not count"}
    assert sentence.startswith("kpi on_time: proposed, waits for approval")
    assert sentence.endswith("; the values on record are not measured until then")
