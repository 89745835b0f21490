"""A lake that is less than what was published is never counted from and never merged into."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.catalog import approval
from qmsreports.catalog.load import Catalog
from qmsreports.errors import CouldNotRun
from qmsreports.register import results
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.stages import doctor
from qmsreports.stages.lake_behind import lake_behind
from qmsreports.workspace import Workspace
from tests.unit.stages.small_shop import MORNING
from tests.unit.stages.test_two_sources import Company

TODO = "; check QMSREPORTS_LAKE, or restore the folder from a backup, then run qmsreports run ingest"

PIECES = """
kpi: pieces
title: Pieces
question: How many pieces were due?
unit: count
better: neither
owner: supply.manager
feeds: [9.3.2-c3]
versions:
  - version: 1
    effective_from: 2024-01-01
    why: First definition.
    population: {table: orders, period_by: due_on}
    measure: {kind: sum, of: pieces}
"""

TWICE = """
kpi: pieces_twice
title: Pieces, twice
question: How many pieces are twice those that were due?
unit: count
better: neither
owner: supply.manager
feeds: [9.3.2-c3]
versions:
  - version: 1
    effective_from: 2024-01-01
    why: First definition.
    measure: {kind: formula, value: {multiply: [{number: 2}, {kpi: pieces}]}}
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a company with orders of two systems, published twice: version 0 holds those of north alone."""
    folder = tmp_path_factory.mktemp("company")
    with pytest.MonkeyPatch.context() as patch:
        made = Company.found(folder, patch)
        made.sells("south", number="'south-' || no")
        made.ingest("north")
        shutil.copytree(orders(made), folder / "backup")
        made.ingest("south")
        defined(made, "pieces", PIECES)
    return folder


@pytest.fixture
def company(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    made = Company.there(tmp_path, monkeypatch)
    made.runs = 2
    return made


def defined(company: Company, name: str, text: str) -> None:
    """Declare a KPI, apply it and approve it."""
    (company.settings.catalog / "kpis" / f"{name}.yaml").write_text(text)
    with Workspace(company.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="author", at=MORNING)
        approval.approve(records, workspace.catalog.organisation, by="board", at=MORNING)


def orders(company: Company) -> Path:
    return Path(str(company.settings.lake_url)) / "orders"


def removed(company: Company) -> None:
    shutil.rmtree(orders(company))


def earlier(company: Company) -> None:
    removed(company)
    shutil.copytree(orders(company).parents[2] / "backup", orders(company))


def catalog_of(company: Company) -> Catalog:
    with Workspace(company.settings) as workspace:
        return workspace.catalog


def measured(company: Company, run: str) -> tuple[str, float | None]:
    """Measure March; returns status and value of the pieces due."""
    stages.measure("2026-03", run_id=run, at=MORNING, settings=company.settings)
    with Workspace(company.settings) as workspace, workspace.register.read() as session:
        (row,) = (
            row for row in results.latest_results(session, kpis=["pieces"], periods=["2026-03"]) if row.slice_key == ""
        )
        return row.status, row.value


def one_more(company: Company) -> None:
    company.shop("north").sql("INSERT INTO ord VALUES (3, '2026-03-09', 13, '2026-03-03 08:00:00')")


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (removed, "the table is gone, but version 1 was published on 2026-04-02"),
        (earlier, "the table is at version 0, but version 1 was published on 2026-04-02"),
    ],
)
def test_it_stops_the_table_until_it_is_back(company: Company, harm: Callable[[Company], None], what: str) -> None:
    whole = Path(shutil.copytree(orders(company), company.settings.catalog.parent / "whole"))
    before = company.pieces()
    harm(company)
    one_more(company)  # what comes now would be all that the table holds
    found = company.ingest()
    assert {name: (report.status, report.message) for name, report in found.items()} == dict.fromkeys(
        ("north", "south"), ("failed", f"{orders(company)}: {what}{TODO}")
    )
    assert company.pieces() == ({"1": 11.0, "2": 12.0} if harm is earlier else {})
    shutil.rmtree(orders(company), ignore_errors=True)
    whole.rename(orders(company))
    assert {name: report.status for name, report in company.ingest().items()} == {
        "north": "published",
        "south": "unchanged",
    }
    assert company.pieces() == before | {"3": 13.0}


@pytest.mark.parametrize("harm", [removed, earlier])
def test_values_are_not_valid_meanwhile_and_come_back(company: Company, harm: Callable[[Company], None]) -> None:
    whole = Path(shutil.copytree(orders(company), company.settings.catalog.parent / "whole"))
    sound = measured(company, "sound")
    assert sound[1] == 11 + 12 + 21 + 22
    harm(company)
    assert measured(company, "behind") == ("not_valid", None)  # and not the sum of what is left
    shutil.rmtree(orders(company), ignore_errors=True)
    whole.rename(orders(company))
    assert measured(company, "back") == sound


@pytest.mark.parametrize("harm", [removed, earlier])
def test_settled_periods_are_not_counted_from_what_is_left(company: Company, harm: Callable[[Company], None]) -> None:
    whole = Path(shutil.copytree(orders(company), company.settings.catalog.parent / "whole"))

    def later(run: str) -> tuple[stages.MeasureSummary, dict[tuple[str, str], float | None]]:
        at = MORNING.replace(month=7)
        summary = stages.measure("2026-06", run_id=run, at=at, settings=company.settings)
        with Workspace(company.settings) as workspace, workspace.register.read() as session:
            rows = results.latest_results(session, periods=["2026-03", "2026-05"])
        return summary, {
            (row.kpi, row.period): row.value for row in rows if row.kpi.startswith("pieces") and not row.slice_key
        }

    settled = {("pieces", "2026-03"): 66.0, ("pieces", "2026-05"): 0.0}
    assert later("sound")[1] == settled
    harm(company)
    defined(company, "pieces_twice", TWICE)  # without a record: it must not begin with what is left
    summary, found = later("behind")
    assert (summary.candidates, found) == (0, settled)
    shutil.rmtree(orders(company), ignore_errors=True)
    whole.rename(orders(company))
    summary, found = later("back")
    twice = {("pieces_twice", "2026-03"): 132.0, ("pieces_twice", "2026-05"): 0.0}
    assert (summary.candidates, found) == (0, settled | twice)


@pytest.mark.parametrize("harm", [removed, earlier])
def test_nothing_is_shown_or_restated_from_what_is_left(company: Company, harm: Callable[[Company], None]) -> None:
    sound = measured(company, "sound")
    assert [entry.outcome for entry in doctor._lake(catalog_of(company), company.settings)] == ["ok"]
    harm(company)
    (told,) = doctor._lake(catalog_of(company), company.settings)
    assert (told.outcome, told.check, told.todo) == ("problem", "lake", TODO.removeprefix("; "))
    lost = "but version 1 was published on 2026-04-02"
    with pytest.raises(CouldNotRun, match=lost):
        stages.explain("pieces", "2026-03", at=MORNING, settings=company.settings)
    with pytest.raises(CouldNotRun, match=lost):
        stages.backtest("pieces", last=1, until="2026-03", at=MORNING, settings=company.settings)
    with pytest.raises(CouldNotRun, match=lost):
        stages.restate(
            "pieces",
            "2026-03",
            "2026-03",
            why="late entry",
            who="Quality",
            run_id="restated",
            at=MORNING,
            settings=company.settings,
        )
    with Workspace(company.settings) as workspace, workspace.register.read() as session:
        rows = results.latest_results(session, kpis=["pieces"], periods=["2026-03"])
    assert [(row.status, row.value) for row in rows] == [sound]


def test_what_is_missing_names_no_secret() -> None:
    (told,) = lake_behind("s3://key:hunter2@bucket/lake?token=hunter2", {"orders": (1, MORNING)}, {}).values()
    assert told.where == "s3://bucket/lake/orders"
