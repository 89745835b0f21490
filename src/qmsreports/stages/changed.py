"""What has to be computed again since the last measurement, and what stands as it is.

Ingest records, with every version of a table that it publishes, the months of each date column in which rows changed.
From these follows which values can have moved; all others would come out as they are in the register. A feed that
failed or came back moves what reads its tables, in those periods that a missing load could still change. Whatever is
not certain is computed: a table with a version that no publication accounts for, other rules, a value written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from qmsreports.period import Period

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.kpi.selection import Task
    from qmsreports.lake import Lake
    from qmsreports.register.models import Result

States = Mapping[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Measuring:
    """One measurement about to be made: its rules as a fingerprint, the tables it reads that are all there, those whose
    feed failed or of which something is missing, its periods and moment.
    """

    rules: str
    tables: States
    invalid: frozenset[str]
    periods: Sequence[Period]
    at: datetime

    def today(self, catalog: Catalog) -> date:
        """Return the day at the organisation."""
        return self.at.astimezone(ZoneInfo(catalog.organisation.time_zone)).date()

    def state(self) -> dict[str, Any]:
        """Return what the next measurement has to know of this one, for JSON."""
        return {
            "rules": self.rules,
            "tables": {table: list(state) for table, state in self.tables.items()},
            "invalid": sorted(self.invalid),
            "periods": [str(period) for period in self.periods],
            "at": self.at.isoformat(),
        }


def to_compute(
    session: Session, catalog: Catalog, versions: Mapping[str, Any], measuring: Measuring, *, lake: Lake
) -> dict[str, set[Period]] | None:
    """Return by KPI the periods to compute; None for everything.

    Beside values whose rows changed these are the ones that time alone may change (provisional, not valid, a case that
    ends in the future), those without a value in the register, and those that wait for a restatement.
    """
    from qmsreports.kpi.affected import affected, closed
    from qmsreports.kpi.selection import select
    from qmsreports.register import results

    known = results.last_measurement(session)
    if known is None or known.get("rules") != measuring.rules or datetime.fromisoformat(known["at"]) > measuring.at:
        return None
    tasks = select(catalog, versions, measuring.periods)
    found = affected(tasks, touched_since(session, known["tables"], measuring.tables))
    rows = results.latest_results(session, periods=measuring.periods)
    waiting = results.with_candidates(session)
    settled = _settled(rows, waiting)
    seen = set(known["periods"])
    moment = datetime.fromisoformat(known["at"])
    beyond = _reaching_beyond(tasks, lake, catalog, measuring.tables, moment)
    feeds = measuring.invalid ^ set(known["invalid"])
    today = measuring.today(catalog)
    for task in tasks:
        if not feeds.isdisjoint(task.plan.tables):
            found[task.kpi.kpi] |= open_to_change(task, today)
        again = task.kpi.kpi in beyond
        found[task.kpi.kpi] |= {
            period
            for period in task.periods
            if again or str(period) not in seen or (task.kpi.kpi, str(period)) not in settled
        }
    return closed(tasks, found)


def open_to_change(task: Task, today: date) -> set[Period]:
    """Return the periods of a task that are not valid while a feed that it reads is missing."""
    from qmsreports.kpi.settling import is_open_to_change, is_provisional

    return {
        period
        for period in task.periods
        if is_open_to_change(period, today, provisional=is_provisional(task.version, period, today))
    }


def touched_since(session: Session, before: Mapping[str, Sequence[Any]], now: States) -> dict[str, Any]:
    """Return the months touched between two states of the tables, see :data:`qmsreports.kpi.affected.Touched`.

    A publication that changed no row accounts for no version: the version that it found may be one that was committed
    when the run before it was killed.
    """
    from qmsreports.register import feeds

    found: dict[str, Any] = {table: None for table in before if table not in now}
    for table, (identity, version) in now.items():
        if table not in before or before[table][0] != identity or before[table][1] > version:
            found[table] = None
        elif before[table][1] < version:
            months = feeds.touched_by_version(session, table, after=before[table][1], until=version)
            complete = len(months) == version - before[table][1]
            found[table] = _joined(months.values()) if complete else None
    return found


def _joined(versions: Any) -> dict[str, set[str]]:
    joined: dict[str, set[str]] = {}
    for touched in versions:
        for column, months in touched.items():
            joined.setdefault(column, set()).update(months)
    return joined


def _settled(rows: Sequence[Result], waiting: frozenset[int]) -> set[tuple[str, str]]:
    """Return KPIs and periods in which nothing changes but by rows; the whole must have a value on record."""
    wholes = {(row.kpi, row.period) for row in rows if not row.slice_key}
    moving = {
        (row.kpi, row.period) for row in rows if row.provisional or row.status == "not_valid" or row.id in waiting
    }
    return wholes - moving


def _reaching_beyond(
    tasks: Sequence[Task], lake: Lake, catalog: Catalog, tables: States, moment: datetime
) -> frozenset[str]:
    """Return the KPIs whose working time was cut off at the last measurement, because an end lay after its moment."""
    from qmsreports.kpi.lengths import by_calendar
    from qmsreports.lake import quoted

    columns: dict[str, set[str]] = {}
    readers: dict[str, set[str]] = {}
    for task in tasks:
        measured = (entry for spans in by_calendar([task.plan]).values() for entry in spans.items())
        for table, spans in measured:
            if table in tables:
                columns.setdefault(table, set()).update(
                    name for span in spans for name in (span.start.name, span.to.name)
                )
                readers.setdefault(table, set()).add(task.kpi.kpi)
    found: set[str] = set()
    for table, names in columns.items():
        latest = ", ".join(f"MAX({quoted(name)})" for name in sorted(names))
        query = f"SELECT GREATEST({latest}) AS latest FROM {quoted(table)}"
        (last,) = lake.read_sql(query, [catalog.tables[table]], {table: tables[table][1]})["latest"].to_pylist()
        if last is not None and last > moment:
            found |= readers[table]
    return frozenset(found)
