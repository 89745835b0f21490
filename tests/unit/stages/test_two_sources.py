"""Two systems with numbers of their own feed one canonical table: no row of one ever hides a row of the other."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from qmsreports import stages
from tests.unit.stages.small_shop import MORNING, SITE_IS_TOLD, Premises, orders_of, source


@dataclass
class Company(Premises):
    """A workspace whose sources ``north`` and ``south`` both call their first orders 1 and 2."""

    runs: int = 0

    @classmethod
    def found(cls, folder: Path, patch: pytest.MonkeyPatch) -> Self:
        made = super().found(folder, patch)
        shutil.rmtree(made.settings.catalog / "sources")
        made.suite("orders", SITE_IS_TOLD)
        for name, pieces in (("north", 10), ("south", 20)):
            made.sells(name)
            there = made.shop(name)
            there.sql("CREATE TABLE ord (no INTEGER PRIMARY KEY, due TEXT, pieces REAL, changed TEXT)")
            for number in (1, 2):
                row = (number, "2026-03-09", pieces + number, f"2026-03-0{number} 08:00:00")
                there.sql("INSERT INTO ord VALUES (?, ?, ?, ?)", *row)
        return made

    @classmethod
    def there(cls, folder: Path, patch: pytest.MonkeyPatch) -> Self:
        made = super().there(folder, patch)
        for name in ("north", "south"):
            made.shop(name).reads(patch, name)
        return made

    def shop(self, name: str) -> Premises:
        """Return one of the two shops, each of which has a database of its own."""
        return Premises(self.settings, self.database.with_name(f"{name}.db"))

    def sells(self, name: str, number: str = "no", more: str = "") -> None:
        """Declare one of the two shops: how its orders are numbered, and what ``conform`` says besides."""
        text = source(
            "table: ord, key: [no], cursor: changed, needs: [due, pieces]",
            conform=f"orders: {{from: ord{more}}}",
            name=name,
        )
        self.declare(text, orders_of(order_id=number), source=name)

    def ingest(self, *names: str) -> dict[str, stages.FeedReport]:
        self.runs += 1
        found = stages.ingest(names, run_id=f"run {self.runs}", at=MORNING, settings=self.settings)
        return {report.source: report for report in found}


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    return Company.found(tmp_path, monkeypatch)


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
    company.sells("south", number="'south-' || no")
    found = company.ingest()
    assert {name: (report.status, report.conformed) for name, report in found.items()} == {
        "north": ("unchanged", 0),
        "south": ("published", 2),
    }
    assert company.pieces() == {"1": 11.0, "2": 12.0, "south-1": 21.0, "south-2": 22.0}


def test_a_system_that_takes_the_place_of_another_says_so(company: Company) -> None:
    company.ingest("north")
    company.sells("south", more=", replaces: [north]")
    assert company.ingest("south")["south"].status == "published"
    assert company.pieces() == {"1": 21.0, "2": 22.0}
