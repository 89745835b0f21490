"""What stands behind the values of a pack: SQL texts, table versions, and what was restated since the last review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from qmsreports.lake_months import first_month, rows_before
from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.model import EarlyRows, Restatement, SqlEvidence, TableVersion
from qmsreports.pack.objective import Objective
from qmsreports.period import Period
from qmsreports.register.models import SqlText
from qmsreports.register.results import latest_results

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.lake import Lake
    from qmsreports.pack.collect.measured import Measured


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


def restatements(
    session: Session, measured: Measured, catalog: Catalog, last_built: datetime | None, last: Period
) -> tuple[Restatement, ...]:
    """Return values of periods up to the last review that read differently now than in its pack."""
    if last_built is None:
        return ()
    kpis = sorted({kpi for kpi, slice_key in measured.results if slice_key == ""})
    then = {
        (row.kpi, row.period): row
        for row in latest_results(session, kpis=kpis, periods=measured.periods, as_of=last_built)
        if row.slice_key == ""
    }
    found = []
    for kpi in kpis:
        for row in measured.results[kpi, ""]:
            before = then.get((kpi, row.period))
            if before is None or before.id == row.id or row.period_start > last.start:
                continue
            unit = catalog.kpis[kpi].unit
            if figures.number(before.value, unit) == figures.number(row.value, unit):
                continue
            found.append(
                Restatement(
                    kpi=kpi,
                    title=catalog.kpis[kpi].told("title", spoken().code),
                    unit=unit,
                    period=row.period,
                    before=before.value,
                    after=row.value,
                    why=row.why or say("restatement.late_data"),
                )
            )
    return tuple(found)
