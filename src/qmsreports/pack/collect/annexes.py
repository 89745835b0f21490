"""What a site has of its own: its rows in the registers, the reasons behind what it misses, its rows that wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from qmsreports.pack.annex import Annex, ReasonsThere
from qmsreports.pack.collect.reasons import reasons_within
from qmsreports.pack.collect.registers import Within, register
from qmsreports.pack.objective import Objective
from qmsreports.register.models import Quarantine

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.period import Period

_MOST = 4  # objectives whose reasons are told


def with_own_rows(
    session: Session,
    connection: DuckDBPyConnection,
    catalog: Catalog,
    period: Period,
    annexes: Sequence[Annex],
    objectives: Sequence[Objective],
    tables: Sequence[str],
    *,
    as_of: datetime,
) -> tuple[Annex, ...]:
    """Return the annexes with what each part has of its own in ``tables``, as it was known at ``as_of``."""
    if not annexes:
        return ()
    by_key = {one.kpi: one for one in objectives}
    waiting = _waiting(session, as_of)
    found = []
    for annex in annexes:
        within = Within(annex.dimension, annex.key)
        declared = [catalog.tables[name] for name in tables if name in catalog.tables and name != "review_actions"]
        shown = [
            register(connection, table, period, catalog.organisation, within)
            for table in declared
            if within.tells(table)
        ]
        asked = [by_key[kpi] for kpi in annex.kpis if _is_behind(by_key[kpi], annex)]
        reasons = [(one.kpi, reasons_within(connection, catalog, period, one, within)) for one in asked]
        told = [ReasonsThere(kpi=kpi, reasons=some) for kpi, some in reasons if some is not None]
        update = {
            "registers": tuple(table for table in shown if table.rows),
            "reasons": tuple(told[:_MOST]),
            "quarantined": sum(row.get(annex.dimension) == annex.key for row in waiting),
        }
        found.append(annex.model_copy(update=update))
    return tuple(found)


def _is_behind(objective: Objective, annex: Annex) -> bool:
    """Tell whether an objective misses its target there or has a signal for the worse."""
    return any(
        part.latest.status in ("missed", "near") or part.variation.startswith("concern")
        for part in objective.slices
        if (part.dimension, part.key) == (annex.dimension, annex.key)
    )


def _waiting(session: Session, as_of: datetime) -> list[dict[str, object]]:
    query = select(Quarantine.row).where(
        Quarantine.first_seen <= as_of, or_(Quarantine.settled_at.is_(None), Quarantine.settled_at > as_of)
    )
    return [dict(row) for row in session.scalars(query)]
