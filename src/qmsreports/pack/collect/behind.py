"""What stands behind the values of a pack: SQL texts, table versions, and what was restated since the last review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from qmsreports.lake_months import first_month, rows_before
from qmsreports.language import say, spoken
from qmsreports.language.recorded import again
from qmsreports.pack import figures
from qmsreports.pack.model import EarlyRows, Restatement, SqlEvidence, TableVersion
from qmsreports.pack.objective import Objective
from qmsreports.period import Period
from qmsreports.register.models import Analysis, SqlText
from qmsreports.register.restated import is_restatement, reasons
from qmsreports.register.results import latest_results

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.lake import Lake
    from qmsreports.pack.collect.judged import Last
    from qmsreports.pack.collect.measured import Measured
    from qmsreports.register.models import Result
    from qmsreports.register.results import Value


def sql_of(session: Session, objectives: Sequence[Objective]) -> tuple[SqlEvidence, ...]:
    """Return the SQL texts behind the latest values, in the order of the objectives that need them."""
    users: dict[str, list[str]] = {}
    for item in objectives:
        for sha in item.sql:
            users.setdefault(sha, []).append(item.kpi)
    texts = {row.sha256: row for row in session.scalars(select(SqlText).where(SqlText.sha256.in_(list(users))))}
    return tuple(
        SqlEvidence(sha256=sha, engine=texts[sha].engine, text=texts[sha].text, kpis=tuple(kpis))
        for sha, kpis in users.items()
        if sha in texts
    )


def tables_of(measured: Measured, reported: Period, also: Mapping[str, int]) -> tuple[TableVersion, ...]:
    """Return the table versions behind the latest values, and those the registers of this pack were read from."""
    counted: dict[tuple[str, int], set[str]] = {(table, version): set() for table, version in also.items()}
    for (kpi, slice_key), rows in measured.results.items():
        if slice_key == "" and rows and rows[-1].period == str(reported):
            for table, version in rows[-1].table_versions.items():
                counted.setdefault((table, int(version)), set()).add(kpi)
    return tuple(
        TableVersion(table=table, version=version, kpis=len(kpis)) for (table, version), kpis in sorted(counted.items())
    )


def early_rows(lake: Lake, catalog: Catalog, versions: Mapping[str, int], since: date) -> tuple[EarlyRows, ...]:
    """Return of these tables how many rows are dated before their record begins, where that is after ``since``, the
    first day that the pack could tell of.
    """
    found = []
    for name, version in sorted(versions.items()):
        table = catalog.tables[name]
        rows = lake.rows_by_month(name, version)
        month = first_month(rows)
        begins = table.recorded_from or (date.fromisoformat(f"{month}-01") if month else None)
        if begins and begins > since and (before := rows_before(rows, begins)):
            title = table.told("title", spoken().code)
            declared = table.recorded_from is not None
            found.append(EarlyRows(table=name, title=title, begins=begins, rows=before, declared=declared))
    return tuple(found)


def seen_at(session: Session, last: Last, as_of: datetime) -> dict[str, str]:
    """Return the variation of each KPI as the last review saw it, by the analyses from before its pack was made."""
    query = (
        select(Analysis.kpi, Analysis.variation)
        .where(Analysis.period == str(last.period), Analysis.slice_key == "", Analysis.at <= (last.built or as_of))
        .order_by(Analysis.id)
    )
    return {kpi: variation for kpi, variation in session.execute(query)}


def restatements(
    session: Session,
    measured: Measured,
    catalog: Catalog,
    last_built: datetime | None,
    last: Period,
    as_of: datetime,
) -> tuple[Restatement, ...]:
    """Return values of periods up to the last review that read differently now than in its pack, and what made them."""
    if last_built is None:
        return ()
    kpis = sorted({kpi for kpi, slice_key in measured.results if slice_key == ""})
    then = {
        (row.kpi, row.period): row
        for row in latest_results(session, kpis=kpis, periods=measured.periods, as_of=last_built)
        if row.slice_key == ""
    }
    moved = [
        (then[kpi, row.period], row)
        for kpi in kpis
        for row in measured.results[kpi, ""]
        if (kpi, row.period) in then
        and then[kpi, row.period].id != row.id
        and row.period_start <= last.start
        and _reads(then[kpi, row.period], catalog) != _reads(row, catalog)
    ]
    keys = [(row.kpi, "", row.period) for _, row in moved]
    whys = reasons(session, keys, since=last_built, until=as_of)
    return tuple(
        Restatement(
            kpi=row.kpi,
            title=catalog.kpis[row.kpi].told("title", spoken().code),
            unit=catalog.kpis[row.kpi].unit,
            period=row.period,
            before=before.value,
            after=row.value,
            why=again(whys[key]) or say("restatement.late_data"),
            restated=is_restatement(whys[key]),
        )
        for key, (before, row) in zip(keys, moved, strict=True)
    )


def _reads(row: Value | Result, catalog: Catalog) -> str:
    return figures.number(row.value, catalog.kpis[row.kpi].unit)


def marks(measured: Measured, objectives: Sequence[Objective]) -> dict[str, dict[str, Any]]:
    """Return the restated values that a pack shows, for its manifest, by KPI, part and period: ``otif/2026-08``,
    ``otif/site=linz/2026-08``. The next edition can tell by them which values were restated in between.
    """
    shown = {
        (one.kpi, part, point.period)
        for one in objectives
        for part, points in (("", one.points), *((f"{each.dimension}={each.key}", each.points) for each in one.slices))
        for point in points
        if point.restated
    }
    return {
        "/".join(name for name in key if name): {
            "unit": item.unit,
            "values": list(item.values),
            "by": item.by,
            "why": item.why,
        }
        for key, item in sorted(measured.restated.items())
        if key in shown
    }
