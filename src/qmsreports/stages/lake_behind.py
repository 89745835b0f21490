"""Canonical tables that are less than what the register says was published: removed, elsewhere, or an old backup."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.settings import without_account

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.period import Period
    from qmsreports.stages.changed import Measuring
    from qmsreports.workspace import Workspace


def lake_behind(
    url: str, published: Mapping[str, tuple[int, datetime]], versions: Mapping[str, int]
) -> dict[str, Finding]:
    """Return by table what is missing of it; nothing for one that was never published or is all there.

    ``published`` is what :func:`qmsreports.register.feeds.published_versions` said before the lake was asked for its
    ``versions``. A merge comes before its record, so a sound table is at the version of its newest record or later.
    What is counted from less would be wrong without a sign of it, and what is merged into less would hide the loss.
    """
    found: dict[str, Finding] = {}
    for table, (version, at) in published.items():
        there = versions.get(table)
        if there is None or there < version:
            found[table] = Finding(
                f"{without_account(url)}/{table}",
                f"{'the table is gone' if there is None else f'the table is at version {there}'}, "
                f"but version {version} was published on {at:%Y-%m-%d}",
                "check QMSREPORTS_LAKE, or restore the folder from a backup, then run qmsreports run ingest",
            )
    return found


def all_there(workspace: Workspace, tables: Iterable[str], pinned: Mapping[str, int] | None = None) -> None:
    """Raise :class:`CouldNotRun` while one of these tables is less than what was published: nobody shall see, or give
    a reason for, what was counted from the rest. Of tables that are ``pinned`` an earlier version will do.
    """
    from qmsreports.register import feeds

    with workspace.register.read() as session:
        published = feeds.published_versions(session, tables)
    needed = {table: (min(newest, (pinned or {}).get(table, newest)), at) for table, (newest, at) in published.items()}
    behind = lake_behind(workspace.lake.url, needed, workspace.lake.versions(needed))
    if behind:
        raise CouldNotRun(*behind.values())


def countable(
    catalog: Catalog,
    versions: Mapping[str, Collection[int]],
    only: Mapping[str, set[Period]],
    behind: Mapping[str, Finding],
    measuring: Measuring,
) -> dict[str, set[Period]]:
    """Return by KPI the periods of ``only`` without the settled ones that would be counted from less.

    ``behind`` names the tables of which something is missing. What is open to change stays: it becomes ``not_valid``.
    A settled period keeps what is on record, and one without a record waits until the tables are back. A formula is
    left out where something that it reads is.
    """
    from qmsreports.kpi.plan import Composed
    from qmsreports.kpi.selection import select
    from qmsreports.stages.changed import open_to_change

    if not behind:
        return dict(only)
    left_out: dict[str, set[Period]] = {}
    for task in select(catalog, versions, measuring.periods):
        settled = set(task.periods) - open_to_change(task, measuring.today(catalog))
        if isinstance(task.plan.body, Composed):
            lost = {period for name in task.plan.body.reads for period in left_out.get(name, ())}
        else:
            lost = settled if any(table in behind for table in task.plan.tables) else set()
        left_out.setdefault(task.kpi.kpi, set()).update(lost.intersection(task.periods))
    return {name: periods - left_out.get(name, set()) for name, periods in only.items()}
