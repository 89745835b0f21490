"""Provisional values that no measurement will settle, and KPIs whose edited definition waits for approval."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.register.models import Result


def left_behind(workspace: Workspace, rows: Iterable[Result]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Return by id why a provisional value stays as it is, and what is to be said of KPIs that wait for approval.

    A slice that is not cut any more, a KPI that is retired, without its file or without approval is measured no more:
    its last provisional value would look as if it still moved.
    """
    from qmsreports.catalog.approved import approved_view
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.stages.waiting import waiting_for

    rows = list(rows)
    records = CatalogRecords(workspace.register)
    view = approved_view(workspace.catalog, records)
    shown = {row.kpi for row in rows}
    waits = sorted(name for name in shown if name in workspace.catalog.kpis and name not in view)
    definitions = records.definitions() if waits else ()
    said = [str(waiting_for(workspace.catalog.kpis[name], view, definitions)) for name in waits]
    stale = {row.id: why for row in rows if row.provisional and (why := _why(view.catalog, row))}
    return stale, tuple(f"{sentence}; the values on record are not measured until then" for sentence in said)


def _why(counting: Catalog, row: Result) -> str:
    kpi = counting.kpis.get(row.kpi)
    if kpi is None:
        return "does not count"
    if kpi.is_retired(counting.recorded(row.period, row.period_start).end):
        return "is retired"
    cuts = [{name} for name in kpi.slices] + [set(names) for names in kpi.combinations]
    return "" if not row.slice or set(row.slice) in cuts else "slice is not cut any more"
