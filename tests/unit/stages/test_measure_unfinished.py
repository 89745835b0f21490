"""A period that is not over when the sources are read has values and is judged by nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sqlalchemy import select
from test_measure_changed import Line, made, orders

from qmsreports import stages
from qmsreports.register import feeds, journal
from qmsreports.register.models import Analysis
from qmsreports.workspace import Workspace

IN_MARCH = datetime(2026, 3, 20, 6, tzinfo=UTC)
IN_APRIL = datetime(2026, 4, 2, 6, tzinfo=UTC)


def _analysed(line: Line) -> list[str]:
    """The first days of the months that the newest analysis of on-time deliveries up to March is made of."""
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        query = select(Analysis).where(Analysis.kpi == "on_time", Analysis.slice_key == "")
        newest = session.scalars(query.where(Analysis.period == "2026-03").order_by(Analysis.id.desc())).first()
        return [point["date"] for point in newest.result["points"]] if newest else []


def _read(line: Line, at: datetime) -> None:
    """A visit to the sources that brought nothing new."""
    with Workspace(line.settings) as workspace, workspace.register.write() as session:
        journal.start_run(session, run_id=f"visit {at}", kind="ingest", period="", at=at)
        journal.finish_run(session, run_id=f"visit {at}", status="done", message="", at=at)


def test_half_a_month_moves_no_limit(tmp_path: Path) -> None:
    line = made(tmp_path)
    line.publish("orders", orders(Random(5)), recorded=False)
    _read(line, IN_MARCH)
    line.measure(IN_MARCH)
    stages.analyse("2026-03", run_id="r1", at=IN_MARCH, settings=line.settings)
    before = _analysed(line)
    assert before[-2:] == ["2026-01-01", "2026-02-01"]
    line.measure(IN_APRIL)  # measured after the end of the month, of rows that were read before it
    stages.analyse("2026-03", run_id="r2", at=IN_APRIL, settings=line.settings)
    assert _analysed(line) == before
    _read(line, IN_APRIL)
    stages.analyse("2026-03", run_id="r3", at=IN_APRIL, settings=line.settings)
    assert _analysed(line) == [*before, "2026-03-01"]


def test_the_sources_were_read_when_something_came_or_a_visit_was_over(tmp_path: Path) -> None:
    line = made(tmp_path)
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        assert feeds.read_at(session, IN_APRIL) is None
    line.publish("orders", orders(Random(5)))  # recorded on 2 April
    _read(line, IN_MARCH)
    with Workspace(line.settings) as workspace, workspace.register.read() as session:
        assert feeds.read_at(session, IN_MARCH) == IN_MARCH
        assert feeds.read_at(session, IN_APRIL) == IN_APRIL
