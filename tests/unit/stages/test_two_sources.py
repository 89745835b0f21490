"""Two systems with numbers of their own feed one canonical table: no row of one ever hides a row of the other."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parents[1] / "catalog" / "small"
MORNING = datetime(2026, 4, 2, 6, tzinfo=UTC)
SOURCE = """
source: {name}
title: Shop
kind: sql
time_zone: Europe/Vienna
tables:
  - {{table: ord, key: [no], cursor: changed, needs: [due, pieces]}}
conform:
  orders: {{from: ord{more}}}
"""
SQL = """
SELECT {number} AS order_id, 'linz' AS site, 'open' AS status, due AS due_on, NULL AS done_on, pieces, FALSE AS urgent
FROM ord
"""
SUITE = """{"name": "orders", "expectations": [{"type": "expect_column_values_to_not_be_null",
 "kwargs": {"column": "site"}, "severity": "warning",
 "meta": {"why": "It tells where.", "owner": "shop.owner", "on_failure": "quarantine"}}]}"""


class Company:
    """A workspace whose sources ``north`` and ``south`` both call their first orders 1 and 2."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._found(folder, patch)
        shutil.copytree(SMALL, self.catalog)
        shutil.rmtree(self.catalog / "sources")
        (folder / "expectations").mkdir()
        (folder / "expectations" / "orders.json").write_text(SUITE)
        for name, pieces in (("north", 10), ("south", 20)):
            self.declare(name)
            with closing(sqlite3.connect(folder / f"{name}.db")) as database, database:
                database.execute("CREATE TABLE ord (no INTEGER PRIMARY KEY, due TEXT, pieces REAL, changed TEXT)")
                for number in (1, 2):
                    row = (number, "2026-03-09", pieces + number, f"2026-03-0{number} 08:00:00")
                    database.execute("INSERT INTO ord VALUES (?, ?, ?, ?)", row)

    def _found(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.catalog = folder / "catalog"
        self.settings = Settings(var=folder / "var", catalog=self.catalog, expectations=folder / "expectations")
        for name in ("north", "south"):
            patch.setenv(f"QMSREPORTS_CONNECTION_{name.upper()}", f"sqlite:///{folder / name}.db")
        self.runs = 0

    @classmethod
    def copied(cls, made: Path, folder: Path, patch: pytest.MonkeyPatch) -> Company:
        """Return one that goes on, in another folder, from where the one in ``made`` stands."""
        shutil.copytree(made, folder, dirs_exist_ok=True)
        company = cls.__new__(cls)
        company._found(folder, patch)
        return company

    def declare(self, name: str, number: str = "no", more: str = "") -> None:
        folder = self.catalog / "sources" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "source.yaml").write_text(SOURCE.format(name=name, more=more))
        (folder / "orders.sql").write_text(SQL.format(number=number))

    def ingest(self, *names: str) -> dict[str, stages.FeedReport]:
        self.runs += 1
        found = stages.ingest(names, run_id=f"run {self.runs}", at=MORNING, settings=self.settings)
        return {report.source: report for report in found}

    def pieces(self) -> dict[str, float]:
        with Workspace(self.settings) as workspace:
            table = workspace.catalog.tables["orders"]
            rows = workspace.lake.read_sql("SELECT order_id, pieces FROM orders", [table]).to_pylist()
        return {row["order_id"]: row["pieces"] for row in rows}


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    return Company(tmp_path, monkeypatch)


def test_numbers_that_both_systems_use_stop_the_later_one_at_each_run(company: Company) -> None:
    for _ in range(2):
        found = company.ingest()
        assert found["north"].sound and found["south"].status == "stopped"
        assert found["south"].message.startswith(
            "source south, table orders: nothing is published, 2 of its keys are keys of north already, order_id 1"
        )
        assert company.pieces() == {"1": 11.0, "2": 12.0}
    with pytest.raises(Exception, match="2 of its keys are keys of north"):
        stages.gate("south", run_id="run 2", settings=company.settings)


def test_a_prefix_in_the_sql_of_one_lets_both_in(company: Company) -> None:
    company.ingest()
    company.declare("south", number="'south-' || no")
    found = company.ingest()
    assert {name: (report.status, report.conformed) for name, report in found.items()} == {
        "north": ("unchanged", 0),
        "south": ("published", 2),
    }
    assert company.pieces() == {"1": 11.0, "2": 12.0, "south-1": 21.0, "south-2": 22.0}


def test_a_system_that_takes_the_place_of_another_says_so(company: Company) -> None:
    company.ingest("north")
    company.declare("south", more=", replaces: [north]")
    assert company.ingest("south")["south"].status == "published"
    assert company.pieces() == {"1": 21.0, "2": 22.0}
