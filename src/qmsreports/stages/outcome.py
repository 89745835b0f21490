"""How the canonical tables of a run came out: what is recorded when one does not come through, and the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from qmsreports.errors import Busy, CouldNotRun
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FeedReport:
    """How the canonical tables of one source came out of one run; what ``run ingest`` prints.

    ``rows_in + refreshed == conformed + quarantined + duplicates + deleted_at_source`` for every table that was
    published. ``deleted`` published rows left the table: they are gone at the source, or their new version is kept out.
    ``deleted_with_parent`` of those gone at the source are left over there from a row that is.
    """

    source: str
    table: str
    status: str
    rows_in: int
    refreshed: int
    conformed: int
    quarantined: int
    duplicates: int
    message: str = ""
    deleted: int = 0
    deleted_at_source: int = 0
    deleted_with_parent: int = 0

    @property
    def sound(self) -> bool:
        """Whether this table may be measured."""
        return self.status in {"published", "unchanged"}

    def left(self) -> str:
        """Say how many published rows left the table and why, as far as the counts of the run tell; nothing for none.

        >>> FeedReport("shop", "orders", "published", 1, 0, 0, 1, 0, deleted=1).left()
        '1 published row left the table: its new version is in quarantine'
        """
        if not self.deleted:
            return ""
        one = self.deleted == 1
        if not self.quarantined and self.deleted_at_source:
            rows = "1 row is" if one else f"{self.deleted:,} rows are"
            return f"{rows} gone at the source and left the table"
        rows, its = ("1 published row", "its") if one else (f"{self.deleted:,} published rows", "their")
        if not self.quarantined:
            return f"{rows} left the table: the mapping gives {'it' if one else 'them'} no more"
        if not self.deleted_at_source:
            return f"{rows} left the table: {its} new version is in quarantine"
        return (
            f"{rows} left the table: gone at the source ({self.deleted_at_source:,} in this run) or {its} new version "
            f"in quarantine ({self.quarantined:,})"
        )

    def left_over(self) -> str:
        """Say how many rows of the run stayed behind at the source when what they belong to was deleted.

        >>> FeedReport("desk", "replies", "published", 9, 0, 6, 0, 0, "", 0, 3, deleted_with_parent=3).left_over()
        '3 rows count as deleted at the source with the row that they belonged to'
        """
        if not self.deleted_with_parent:
            return ""
        if self.deleted_with_parent == 1:
            return "1 row counts as deleted at the source with the row that it belonged to"
        return f"{self.deleted_with_parent:,} rows count as deleted at the source with the row that they belonged to"


def feed_reports(run_id: str, *, settings: Settings | None = None) -> list[FeedReport]:
    """Outcome of every canonical table in one run, for the gate and for people; the last one where a step repeated."""
    from sqlalchemy import func, select

    from qmsreports.register.models import FeedRecord

    newest = (
        select(func.max(FeedRecord.id))
        .where(FeedRecord.run_id == run_id)
        .group_by(FeedRecord.source, FeedRecord.table_name)
    )
    query = select(FeedRecord).where(FeedRecord.id.in_(newest)).order_by(FeedRecord.source, FeedRecord.table_name)
    with Workspace(settings) as workspace, workspace.register.read() as session:
        return [
            FeedReport(
                row.source,
                row.table_name,
                row.status,
                row.rows_in,
                row.refreshed,
                row.conformed,
                row.quarantined,
                row.duplicates,
                row.message,
                row.deleted,
                row.deleted_at_source,
                row.deleted_with_parent,
            )
            for row in session.scalars(query)
        ]


def reasons(reports: Iterable[FeedReport]) -> list[str]:
    """Return one line for each reason why tables may not be measured, however many tables it stops."""
    stopped: dict[str, list[str]] = {}
    for report in reports:
        if not report.sound:
            message = report.message or f"source {report.source}, table {report.table}: {report.status}"
            stopped.setdefault(message, []).append(report.table)
    return [
        message if all(f"table {table}:" in message for table in tables) else f"{message} (stops {', '.join(tables)})"
        for message, tables in stopped.items()
    ]


@contextmanager
def told(workspace: Workspace, tables: Iterable[tuple[str, str]], *, run_id: str, at: datetime) -> Iterator[None]:
    """Record these (source, table) as failed when a store cannot be used, then let the error through.

    Otherwise their KPIs would be shown with the value of before and without a word. A run that only has to wait for
    another one is no failure. Where the register itself is what fails, nothing can be recorded.
    """
    from qmsreports.register import feeds

    try:
        yield
    except Busy:
        raise
    except CouldNotRun as error:
        with suppress(CouldNotRun), workspace.register.write() as session:
            for source, table in tables:
                feeds.record_stopped(
                    session, run_id=run_id, at=at, source=source, table=table, status="failed", message=str(error)
                )
        raise
