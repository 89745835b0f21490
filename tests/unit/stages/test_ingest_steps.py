"""Steps of an ingest that fail, repeat or meet another run: what is recorded, what counts, what turns the gate red."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qmsreports import conform as conforming
from qmsreports import sources, stages
from qmsreports.errors import Busy, CouldNotRun, Finding, UserError
from qmsreports.records import LandResult
from qmsreports.register.models import FeedRecord
from qmsreports.sources.lock import alone
from qmsreports.workspace import Workspace
from tests.unit.stages.small_shop import MORNING, SITE_IS_TOLD, Premises, orders_of, source

SOURCE = source("table: ord, key: [no], cursor: changed, needs: [due, pieces]")
ORDERS = orders_of()


@dataclass
class Shop(Premises):
    """A workspace of one source with one table of orders, and the steps of a run by their run's name."""

    def order(self, number: str, pieces: float, changed: str) -> None:
        self.sql("REPLACE INTO ord VALUES (?, '2026-03-09', ?, ?)", number, pieces, changed)

    def land(self, run: str) -> LandResult:
        return stages.land("shop", run_id=run, at=MORNING, settings=self.settings)

    def audited(self, run: str) -> list[tuple[Any, Any]]:
        staged = stages.conform("shop", run_id=run, at=MORNING, settings=self.settings)
        return stages.validate(staged, run_id=run, at=MORNING, settings=self.settings)

    def publish(self, run: str, audited: Sequence[tuple[Any, Any]]) -> list[str]:
        return stages.publish(audited, run_id=run, at=MORNING, settings=self.settings)

    def ingest(self, run: str) -> list[stages.FeedReport]:
        return stages.ingest(["shop"], run_id=run, at=MORNING, settings=self.settings)

    def records(self) -> list[tuple[str, str, int]]:
        from sqlalchemy import select

        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            rows = session.scalars(select(FeedRecord).where(FeedRecord.table_name == "orders").order_by(FeedRecord.id))
            return [(row.run_id, row.status, row.rows_in) for row in rows]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop.found(tmp_path, monkeypatch)
    made.declare(SOURCE, ORDERS)
    made.suite("orders", SITE_IS_TOLD)
    made.sql("CREATE TABLE ord (no TEXT PRIMARY KEY, due TEXT, pieces REAL, changed TEXT)")
    made.order("1", 1.0, "2026-03-01 08:00:00")
    made.order("2", 2.0, "2026-03-01 09:00:00")
    return made


def full(*_: object, **__: object) -> Any:
    raise CouldNotRun(Finding("/disk", "no space left", "free some disk"))


# --- a run that was killed between landing and recording --------------------------------------------------------------
def test_a_load_that_was_not_recorded_is_recorded_by_the_next_visit(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qmsreports.register import feeds

    with monkeypatch.context() as patched:
        patched.setattr(feeds, "record_loads", full)
        with pytest.raises(CouldNotRun):
            shop.land("killed")
    shop.order("3", 3.0, "2026-03-02 08:00:00")
    shop.land("next")
    shop.land("nothing new")
    with closing(sqlite3.connect(shop.settings.var / "register.db")) as connection:
        rows = connection.execute(
            "SELECT run_id, table_name, rows FROM loads ORDER BY CAST(load_id AS REAL)"
        ).fetchall()
    assert rows == [("next", "ord", 2), ("next", "ord", 1)]


# --- two runs, one after the other, over the same loads --------------------------------------------------------------
def test_loads_that_two_runs_conformed_count_once(shop: Shop) -> None:
    shop.land("a")
    first, second = shop.audited("a"), shop.audited("b")
    assert shop.publish("a", first) == ["orders"]
    assert shop.publish("b", second) == []
    assert shop.records() == [("a", "published", 2), ("b", "unchanged", 0)]
    (report,) = stages.feed_reports("b", settings=shop.settings)
    assert report.sound
    assert report.message == "another run published the same loads first"


def test_a_slow_run_does_not_bring_an_older_version_back(shop: Shop) -> None:
    shop.land("slow")
    slow = shop.audited("slow")
    shop.order("1", 10.0, "2026-03-02 08:00:00")
    shop.land("fast")
    shop.publish("fast", shop.audited("fast"))
    shop.publish("slow", slow)
    assert shop.pieces() == {"1": 10.0, "2": 2.0}
    assert [(run, status) for run, status, _ in shop.records()] == [("fast", "published"), ("slow", "unchanged")]


def test_what_an_overtaken_run_had_beside_comes_with_the_next(shop: Shop) -> None:
    shop.land("first")
    first = shop.audited("first")
    shop.order("3", 3.0, "2026-03-02 08:00:00")
    shop.land("more")
    more = shop.audited("more")
    shop.publish("first", first)
    shop.publish("more", more)  # holds the loads of the first, too
    assert shop.pieces() == {"1": 1.0, "2": 2.0}
    shop.ingest("next")
    assert shop.pieces() == {"1": 1.0, "2": 2.0, "3": 3.0}
    published = [(run, rows) for run, status, rows in shop.records() if status == "published"]
    assert published == [("first", 2), ("next", 1)]


def test_a_repeated_step_of_the_same_run_keeps_its_record_and_its_news(shop: Shop) -> None:
    shop.land("a")
    audited = shop.audited("a")
    assert shop.publish("a", audited) == ["orders"]
    assert shop.publish("a", audited) == ["orders"]  # the scheduler has to hear of it
    assert shop.records() == [("a", "published", 2)]


def test_a_kill_between_merge_and_record_is_news_all_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.land("a")
    audited = shop.audited("a")
    with monkeypatch.context() as patched:
        patched.setattr("qmsreports.register.feeds.record_outcome", full)
        with pytest.raises(CouldNotRun):
            shop.publish("a", audited)
    assert shop.pieces() == {"1": 1.0, "2": 2.0}
    assert shop.publish("a", audited) == ["orders"]
    assert shop.records() == [("a", "failed", 0), ("a", "published", 2)]
    stages.gate("shop", run_id="a", settings=shop.settings)  # the last outcome of a run is the one that holds


# --- a mapping that is edited and put back ---------------------------------------------------------------------------
def test_a_mapping_that_is_put_back_counts_again(shop: Shop) -> None:
    mapping = shop.settings.catalog / "sources" / "shop" / "orders.sql"
    shop.ingest("a")
    mapping.write_text(orders_of(pieces="pieces * 10"))
    shop.ingest("b")
    assert shop.pieces() == {"1": 10.0, "2": 20.0}
    shop.order("3", 3.0, "2026-03-02 08:00:00")
    shop.ingest("c")
    mapping.write_text(ORDERS)
    shop.ingest("d")
    assert shop.pieces() == {"1": 1.0, "2": 2.0, "3": 3.0}
    shop.ingest("e")
    assert shop.records() == [
        ("a", "published", 2),
        ("b", "published", 0),  # rows that are conformed once more came in before
        ("c", "published", 1),
        ("d", "published", 0),
        ("e", "unchanged", 0),
    ]


# --- stores that refuse ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", ["land", "stage", "publish"])
def test_a_store_that_refuses_is_recorded_and_let_through(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sources if step == "land" else conforming, step, full)
        with pytest.raises(CouldNotRun, match="no space left"):
            shop.ingest("a")
    assert shop.records() == [("a", "failed", 0)]
    with pytest.raises(UserError, match=r"^/disk: no space left; free some disk \(stops orders\)$"):
        stages.gate("shop", run_id="a", settings=shop.settings)
    assert not list((shop.settings.var / "staging").glob("*"))
    shop.ingest("b")
    assert shop.pieces() == {"1": 1.0, "2": 2.0}
    assert shop.records()[1:] == [("b", "published", 2)]


def test_a_suite_that_is_wrong_is_broken_and_not_the_datas_fault(shop: Shop) -> None:
    suite = shop.settings.expectations / "orders.json"
    kept = suite.read_text()
    suite.write_text(kept.replace('"site"', '"sight"'))
    (report,) = shop.ingest("a")
    assert (report.status, report.sound) == ("broken", False)
    assert report.message == f'{suite}:4: orders declares no column "sight"; did you mean "site"?'
    suite.write_text(kept)
    (report,) = shop.ingest("b")
    assert (report.status, report.rows_in) == ("published", 2)


# --- waiting, and what is left behind --------------------------------------------------------------------------------
def test_a_source_that_another_run_reads_is_left_alone_without_a_failure(shop: Shop) -> None:
    with (
        alone("shop", shop.settings.var / "ingest" / "shop.lock"),
        pytest.raises(Busy, match="wait until it has ended"),
    ):
        shop.ingest("a")
    with alone("shop", shop.settings.var / "dlt" / "shop.lock"), pytest.raises(Busy):
        shop.land("a")
    assert shop.records() == []
    shop.ingest("a")
    assert shop.records() == [("a", "published", 2)]


def test_the_gate_is_red_where_nothing_was_recorded(shop: Shop) -> None:
    with pytest.raises(UserError, match="source shop, table orders: no outcome is recorded; an earlier step"):
        stages.gate("shop", run_id="never", settings=shop.settings)


def test_what_a_killed_run_left_in_staging_goes_after_a_week(shop: Shop) -> None:
    staging = shop.settings.var.absolute() / "staging"
    for name, age in (("old", timedelta(days=8)), ("young", timedelta(days=6))):
        (staging / name).mkdir(parents=True)
        (staging / name / "orders.rows.parquet").write_bytes(b"x")
        then = (MORNING - age).timestamp()
        os.utime(staging / name, (then, then))
    shop.ingest("a")
    assert [path.name for path in staging.iterdir()] == ["young"]
