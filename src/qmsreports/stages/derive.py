"""Derived canonical tables are brought up to date before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from qmsreports.errors import UserError
from qmsreports.records import DERIVED, StagedTable, Tell, silent
from qmsreports.settings import Settings
from qmsreports.stages.codes import judged_codes
from qmsreports.stages.ingest import clear_staging, publish, validate
from qmsreports.stages.lake_behind import lake_behind
from qmsreports.stages.quarantine import with_readmitted
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog


def derive(*, run_id: str, at: datetime, tell: Tell = silent, settings: Settings | None = None) -> list[str]:
    """Compute, audit and publish every derived table whose inputs changed; returns those that changed themselves.

    They come here and not with a source, because they are made of what several sources published. One whose sources
    have not all delivered yet waits for them: rows made of half of it would be measured, settle and stand for good.
    """
    from qmsreports.conform import derive as deriving
    from qmsreports.register import feeds

    staged: list[StagedTable] = []
    with Workspace(settings) as workspace:
        catalog = workspace.catalog
        expected = {name for source in catalog.sources.values() for name in source.conform}
        for table in (table for table in catalog.tables.values() if table.derived_from):
            if any(name in expected and not workspace.lake.exists(name) for name in table.derived_from):
                continue
            with workspace.register.read() as session:
                done = feeds.newest_inputs(session, deriving.SOURCE, table.table)
                published = feeds.published_versions(session, [table.table, *table.derived_from])
            behind = lake_behind(workspace.lake.url, published, workspace.lake.versions(published))
            try:
                if behind:
                    raise UserError(*behind.values())
                made = deriving.derive(
                    table,
                    sql=catalog.folder / "tables" / f"{table.table}.sql",
                    inputs=catalog.tables,
                    lake=workspace.lake,
                    staging=workspace.staging / run_id,
                    done=done,
                    organisation=catalog.organisation,
                    judged=judged_codes(workspace, table.table),
                    tell=tell,
                )
                made = with_readmitted(workspace, deriving.SOURCE, table.table, made, run_id=run_id)
                if made is None:
                    _sound_again(workspace, table.table, run_id=run_id, at=at)
            except UserError as error:
                with workspace.register.write() as session:
                    feeds.record_stopped(
                        session,
                        run_id=run_id,
                        at=at,
                        source=deriving.SOURCE,
                        table=table.table,
                        status="failed",
                        message=str(error),
                    )
                continue
            staged += [made] if made is not None else []
    if not staged:
        return []
    changed = publish(
        validate(staged, run_id=run_id, at=at, tell=tell, settings=settings),
        run_id=run_id,
        at=at,
        tell=tell,
        settings=settings,
    )
    clear_staging(run_id, at=at, settings=settings)
    return changed


def _sound_again(workspace: Workspace, table: str, *, run_id: str, at: datetime) -> None:
    """Note that a table of which nothing is new is as it was published, where its last record says otherwise."""
    from qmsreports.register import feeds

    with workspace.register.read() as session:
        last = {row.table_name: row.status for row in feeds.latest_outcomes(session) if row.source == DERIVED}
    if last.get(table, "unchanged") not in {"published", "unchanged"}:
        with workspace.register.write() as session:
            feeds.record_stopped(
                session, run_id=run_id, at=at, source=DERIVED, table=table, status="unchanged", message=""
            )


def with_derived(catalog: Catalog, invalid: Mapping[str, str]) -> dict[str, str]:
    """Return the tables that may not be measured with those that are made of them."""
    found = dict(invalid)
    for table in catalog.tables.values():
        stopped = [name for name in table.derived_from if name in invalid]
        if stopped:
            found.setdefault(table.table, f"{stopped[0]}: {invalid[stopped[0]]}")
    return found
