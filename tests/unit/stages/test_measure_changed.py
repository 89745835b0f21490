"""Computing only what can have changed leaves the same record as computing everything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from sqlalchemy import select

from qmsreports import kpi, stages
from qmsreports.catalog import approval
from qmsreports.lake import Lake
from qmsreports.period import Period
from qmsreports.records import Published
from qmsreports.register import feeds
from qmsreports.register.catalog_records import CatalogRecords
from qmsreports.register.models import FeedRecord, RestatementCandidate, Result
from qmsreports.settings import Settings
from qmsreports.stages import changed
from qmsreports.workspace import Workspace

SMALL = Path(__file__).parents[1] / "catalog" / "small"
START = datetime(2026, 4, 2, 6, tzinfo=UTC)
ZONE = "Europe/Vienna"
Rows = Mapping[str, dict[str, Any]]


@dataclass
class Line:
    """A workspace whose canonical tables are published as ingest does it; ``asked`` is what each measurement chose."""

    settings: Settings
    asked: list[dict[str, set[Period]] | None] = field(default_factory=list)

    def publish(self, table: str, rows: Rows, *, recorded: bool = True) -> Published:
        with Workspace(self.settings) as workspace:
            declared = workspace.catalog.tables[table]
            file = self.settings.var / f"{table}.parquet"
            parquet.write_table(pa.Table.from_pylist([_canonical(table, row) for row in rows.values()]), file)
            done = Lake(str(workspace.settings.lake_url)).merge(
                declared, str(file), source="shop", zone=ZONE, complete=True
            )
            if recorded:
                with workspace.register.write() as session:
                    session.add(_feed(done))
        return done

    def stop(self, table: str, status: str, message: str = "the server does not answer") -> None:
        """Record how a feed ended that published nothing."""
        with Workspace(self.settings) as workspace, workspace.register.write() as session:
            told = {"run_id": "ingest", "at": START, "source": "shop", "table": table}
            feeds.record_stopped(session, **told, status=status, message=message)

    def measure(self, at: datetime, period: str = "2026-03") -> stages.MeasureSummary:
        return stages.measure(period, run_id=f"run {at}", at=at, settings=self.settings)

    def record(self) -> list[tuple[Any, ...]]:
        """Everything that counts of results and candidates, in the order in which it was written."""
        names = (
            *("kpi", "version", "period", "slice_key", "value", "numerator", "denominator", "n", "low", "high"),
            *("status", "provisional", "supersedes", "why", "table_versions", "sql"),
        )
        with Workspace(self.settings) as workspace, workspace.register.read() as session:
            rows = [tuple(getattr(row, name) for name in names) for row in session.scalars(select(Result))]
            rows += [
                (row.result_id, row.kpi, row.period, row.slice_key, row.value, row.n)
                for row in session.scalars(select(RestatementCandidate))
            ]
        return rows


def _canonical(table: str, row: dict[str, Any]) -> dict[str, Any]:
    day = row["due_on"] if table == "orders" else None
    month = f"{day:%Y-%m}" if day else "0000-00"
    return {**row, "_source": "shop", "_load": "1", "_row": repr(sorted(row.items(), key=str)), "_month": month}


def _feed(done: Published) -> FeedRecord:
    counts = dict.fromkeys(("rows_in", "refreshed", "conformed", "quarantined", "duplicates"), 0)
    return FeedRecord(
        run_id="ingest",
        source=done.source,
        table_name=done.table,
        status="published",
        **counts,
        inserted=done.inserted,
        updated=done.updated,
        deleted=done.deleted,
        lake_version=done.version,
        load_ids=[],
        touched={column: list(months) for column, months in done.touched.items()},
        at=START,
    )


def orders(draw: Random) -> dict[str, dict[str, Any]]:
    return {str(number): order(draw, str(number)) for number in range(60)}


def order(draw: Random, number: str) -> dict[str, Any]:
    due = date(2025, 10, 1) + timedelta(days=draw.randrange(180))
    done = due + timedelta(days=draw.randrange(-5, 5)) if draw.random() < 0.8 else None
    site, status = draw.choice(["linz", "lyon"]), draw.choice(["open", "done"])
    named = {"order_id": number, "site": site, "status": status, "due_on": due, "done_on": done}
    return {**named, "pieces": 1.0, "urgent": draw.random() < 0.8}


def cases(draw: Random) -> dict[str, dict[str, Any]]:
    return {str(number): case(draw, str(number)) for number in range(60)}


def case(draw: Random, number: str) -> dict[str, Any]:
    begun = datetime(2025, 12, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(120 * 1440))
    replied = begun + timedelta(minutes=draw.randrange(6000)) if draw.random() < 0.9 else None
    named = {"case_id": number, "site": "linz", "opened_at": begun, "replied_at": replied}
    return {**named, "closed_on": date(2026, 1, 1), "rating": 5, "line": "first"}


def made(folder: Path) -> Line:
    catalog = Path(shutil.copytree(SMALL, folder / "catalog"))
    line = Line(Settings(var=folder / "var", catalog=catalog))
    line.settings.var.mkdir()
    with Workspace(line.settings) as workspace:
        records = CatalogRecords(workspace.register)
        approval.apply(workspace.catalog, records, by="author", at=START)
        approval.approve(records, workspace.catalog.organisation, by="board", at=START)
    return line


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    (tmp_path / "one").mkdir()
    line = made(tmp_path / "one")
    really = kpi.measure

    def measure(*arguments: Any, **named: Any) -> Any:
        line.asked.append(named["only"])
        return really(*arguments, **named)

    monkeypatch.setattr(kpi, "measure", measure)
    return line


def test_the_record_is_the_one_that_computing_everything_leaves(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two").mkdir()
    other = made(tmp_path / "two")
    draw = Random(11)
    tables: dict[str, tuple[Callable[[Random, str], dict[str, Any]], dict[str, dict[str, Any]]]] = {
        "orders": (order, orders(draw)),
        "cases": (case, cases(draw)),
    }
    at = START
    for step in range(3):
        for name, (make, rows) in tables.items():
            for number in draw.sample(sorted(rows), 2) if step else ():
                rows[number] = make(draw, number)
            if step == 2:
                rows.pop(draw.choice(sorted(rows)))
                rows["new"] = make(draw, "new")
            line.publish(name, rows)
            other.publish(name, rows)
        told = line.measure(at)
        with monkeypatch.context() as everything:
            everything.setattr(changed, "to_compute", lambda *_, **__: None)
            all_of_it = other.measure(at)
        assert _same(line.record(), other.record())
        assert (told.inserted, told.superseded, told.candidates) == (
            all_of_it.inserted,
            all_of_it.superseded,
            all_of_it.candidates,
        )
        at += timedelta(days=1)
    computed = [sum(len(periods) for periods in asked.values()) for asked in line.asked[2::2] if asked is not None]
    assert len(computed) == 2
    assert max(computed) < 3 * 36


def _same(one: Sequence[tuple[Any, ...]], other: Sequence[tuple[Any, ...]]) -> bool:
    return len(one) == len(other) and all(
        pytest.approx(mine, nan_ok=True) == theirs if isinstance(mine, float) else mine == theirs
        for first, second in zip(one, other, strict=True)
        for mine, theirs in zip(first, second, strict=True)
    )


def test_what_is_computed_and_what_stands(line: Line) -> None:
    """One order and one case of January 2026 change; March is over, so nothing else can move."""
    draw = Random(3)
    rows, matters = orders(draw), cases(draw)
    january = {**order(draw, "j"), "due_on": date(2026, 1, 8), "done_on": None}
    line.publish("orders", {**rows, "j": january})
    line.publish("cases", matters)
    line.measure(START)
    line.publish("orders", {**rows, "j": {**january, "done_on": date(2026, 1, 5)}})
    line.measure(START + timedelta(hours=1))
    assert _chosen(line.asked[-1]) == {"on_time": ["2026-01"], "doubled": ["2026-01"]}
    line.measure(START + timedelta(hours=2), "2026-02")  # January waits for a restatement and is looked at each time
    assert _chosen(line.asked[-1]) == {"on_time": ["2026-01"], "doubled": ["2026-01"]}
    line.measure(START + timedelta(days=40), "2026-04")
    months = ["2026-01", "2026-03", "2026-04"]  # the measurement before did not look at March
    assert _chosen(line.asked[-1]) == {"on_time": months, "doubled": months, "reply_time": months[1:]}


def test_a_version_that_no_publication_accounts_for_may_have_changed_anything(line: Line) -> None:
    """The run was killed between the commit and the register; when repeated it finds nothing to change."""
    draw = Random(5)
    rows = orders(draw)
    line.publish("orders", rows)
    line.measure(START)
    rows["0"] = order(draw, "0")
    line.publish("orders", rows, recorded=False)
    line.publish("orders", rows)
    line.measure(START + timedelta(hours=1))
    asked = line.asked[-1]
    assert asked is not None
    assert len(asked["on_time"]) == 27  # every month since the first version
    assert not asked["reply_time"]


def test_an_end_that_lay_in_the_future_is_looked_at_again(line: Line) -> None:
    late = {**case(Random(1), "late"), "opened_at": START - timedelta(days=60), "replied_at": START + timedelta(days=9)}
    line.publish("cases", {"late": late})
    line.measure(START)
    line.measure(START + timedelta(days=20))
    assert len(_chosen(line.asked[-1])["reply_time"]) == 27


def _chosen(asked: dict[str, set[Period]] | None) -> dict[str, list[str]]:
    assert asked is not None
    return {name: sorted(str(period) for period in periods) for name, periods in asked.items() if periods}


def test_a_table_that_comes_after_the_first_measurement_leaves_nothing_without_data(line: Line, tmp_path: Path) -> None:
    """Systems are connected one after the other: that nobody had looked yet is no value that stands."""
    (tmp_path / "two").mkdir()
    clean = made(tmp_path / "two")
    draw = Random(5)
    rows, matters = orders(draw), cases(draw)
    line.publish("orders", rows)
    line.measure(START)
    line.publish("cases", matters)
    later = line.measure(START + timedelta(hours=1))
    for name, found in (("orders", rows), ("cases", matters)):
        clean.publish(name, found)
    clean.measure(START + timedelta(hours=1))
    assert later.candidates == 0
    assert _standing(line) == _standing(clean)
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        why = {row.why for row in session.scalars(select(Result)) if row.supersedes}
    assert why == {"first rows of cases"}
    opened = START - timedelta(days=60)
    slow = {**case(draw, "late"), "opened_at": opened, "replied_at": opened + timedelta(days=9)}
    late = line.publish("cases", {**matters, "late": slow})
    assert late.version == 1
    assert line.measure(START + timedelta(hours=2)).candidates > 0  # from now on late rows wait for a person


def _standing(line: Line) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    """The number that stands of each KPI, period and slice, but for slices without any case."""
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        rows = session.scalars(select(Result).order_by(Result.id)).all()
    return {(row.kpi, row.period, row.slice_key): (row.value, row.n, row.status) for row in rows if row.n}


def test_a_feed_that_fails_and_comes_back_moves_what_reads_it_and_nothing_else(line: Line) -> None:
    """On 12 May a missing load of cases could still bring cases of April, the newest month that is over. Earlier months
    are settled, and orders with what is made of them have nothing to do with it.
    """
    draw = Random(7)
    line.publish("orders", orders(draw))
    line.publish("cases", cases(draw))
    settled = START + timedelta(days=40)
    line.measure(settled, "2026-04")
    line.stop("cases", "failed")
    line.measure(settled + timedelta(hours=1), "2026-04")
    assert _chosen(line.asked[-1]) == {"reply_time": ["2026-04"]}
    assert _statuses(line, "2026-04") == {"on_time": "no_data", "doubled": "no_data", "reply_time": "not_valid"}
    told = len(line.asked)
    line.stop("cases", "failed", "the same failure in other words")
    line.measure(settled + timedelta(hours=1), "2026-04")
    assert len(line.asked) == told  # nothing was computed
    line.stop("cases", "unchanged")
    line.measure(settled + timedelta(hours=2), "2026-04")
    assert _chosen(line.asked[-1]) == {"reply_time": ["2026-04"]}
    assert _statuses(line, "2026-04")["reply_time"] != "not_valid"
    line.stop("orders", "stopped")
    line.measure(settled + timedelta(hours=3), "2026-04")
    assert _chosen(line.asked[-1]) == {"on_time": ["2026-04"], "doubled": ["2026-04"]}


def test_what_is_left_out_when_feeds_fail_would_have_come_out_the_same(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two").mkdir()
    other = made(tmp_path / "two")
    draw = Random(13)
    rows = {"orders": orders(draw), "cases": cases(draw)}
    at = START + timedelta(days=28)
    for step in ((), ("cases",), ("cases",), ("orders",), ("orders", "cases"), ()):
        for one in (line, other):
            for name, found in rows.items():
                if name in step:
                    one.stop(name, "failed")
                else:
                    one.publish(name, found)
        line.measure(at)
        with monkeypatch.context() as everything:
            everything.setattr(changed, "to_compute", lambda *_, **__: None)
            other.measure(at)
        assert _same(line.record(), other.record())
        at += timedelta(hours=5)


def _statuses(line: Line, period: str) -> dict[str, str]:
    """The status that stands of each KPI's whole."""
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        rows = session.scalars(select(Result).where(Result.period == period, Result.slice_key == "")).all()
    return {row.kpi: row.status for row in sorted(rows, key=lambda row: row.id)}
