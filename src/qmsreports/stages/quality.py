"""The data-quality report: written after every ingest, and whenever somebody asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote

from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError, did_you_mean
from qmsreports.lake import literal, open_duckdb, quoted
from qmsreports.records import LANDED, Tell, silent
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.table import Table
    from qmsreports.register.models import Validation

PAGE = "quality/data-quality.html"
"""Where the pipeline leaves the report, under the workspace's folder; packs in ``packs/`` link to it."""


def quality_page(settings: Settings | None = None) -> Path:
    """Return where the pipeline leaves the report."""
    return ((settings or Settings()).var / PAGE).absolute()


def write_quality(
    *, at: datetime, out: Path | None = None, tell: Tell = silent, settings: Settings | None = None
) -> Path:
    """Write the report as one HTML file, over the one that is there; whoever reads it meanwhile has the old or the new.

    :class:`CouldNotRun` where it cannot be written.
    """
    from qmsreports.validate.report_facts import read_quality
    from qmsreports.validate.report_page import render_quality

    target = out or quality_page(settings)
    tell("data-quality report", 0)
    with Workspace(settings) as workspace:
        facts = read_quality(workspace.register, workspace.lake, workspace.catalog, at=at)
        page = render_quality(facts, templates=workspace.settings.templates)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(page, encoding="utf-8")
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        what = f"cannot be written ({error.strerror})"
        raise CouldNotRun(Finding(str(target), what, "check the folder and the disk")) from error
    return target


def failing_rules(session: Session, *, at: datetime) -> list[Validation]:
    """Return the newest outcomes of the rules that failed when rows of their table were judged last, by table."""
    from qmsreports.validate.report_facts import outcomes_of_rules

    newest = (rows[-1] for _, rules in sorted(outcomes_of_rules(session, at).items()) for rows in rules)
    return [row for row in newest if not row.success]


def address_of(page: Path, settings: Settings | None = None) -> str:
    """Return where people find a file of the workspace: a link where ``QMSREPORTS_REPORTS_URL`` is set, else its path.

    ``var/quality/data-quality.html`` under ``https://reports.example/qms/`` is
    ``https://reports.example/qms/quality/data-quality.html``.
    """
    settings = settings or Settings()
    var = settings.var.absolute()
    if not settings.reports_url or not page.absolute().is_relative_to(var):
        return str(page)
    return f"{settings.reports_url.rstrip('/')}/{quote(page.absolute().relative_to(var).as_posix())}"


def propose_suite(
    table: str, *, owner: str, out: Path | None = None, force: bool = False, settings: Settings | None = None
) -> Path:
    """Write a draft suite from the history of a canonical table, or of a feed as landed: ``landed/crm/account``.

    Never over a file that is there without ``force``, and in no case where the table has no row: a draft of nothing
    says less than any suite.
    """
    with Workspace(settings) as workspace:
        source, _, feed = table.removeprefix(LANDED).partition("/") if table.startswith(LANDED) else ("", "", "")
        declared = _declared(workspace, table, source, feed)
        target = out or workspace.settings.expectations / f"{table}.json"
        if target.exists() and not force:
            raise UserError(
                Finding(str(target), "there is a suite already", "name another file with --out, or say --force"),
                exit_code=ExitCode.USAGE,
            )
        if source:
            text = _draft_as_landed(workspace, source, feed, owner)
        else:
            text = _draft(workspace, declared, owner, over=target.exists())
        if not text:
            todo = "ingest it first" + (", or name another file with --out" if target.exists() else "")
            stays = "; the suite stays as it is" if target.exists() else ""
            what = f"the table {table} has no row, so there is no history to draft from{stays}"
            raise UserError(Finding(str(target), what, todo), exit_code=ExitCode.USAGE)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CouldNotRun(Finding(str(target), f"cannot be written ({error.strerror})", "check the folder")) from error
    return target


def _declared(workspace: Workspace, table: str, source: str, feed: str) -> Table:
    """Return what a table is declared as; :class:`UserError` with what may be meant."""
    from qmsreports import conform

    known: Iterable[str] = workspace.catalog.tables
    if source:
        known = [f"{LANDED}{name}/{one.table}" for name, of in workspace.catalog.sources.items() for one in of.tables]
    if table not in known:
        what = f'there is no {"landed" if source else "canonical"} table "{table}"'
        raise UserError(Finding("", what, did_you_mean(table, known)), exit_code=ExitCode.USAGE)
    return conform.declared_columns(workspace.source(source), feed) if source else workspace.catalog.tables[table]


def _draft(workspace: Workspace, declared: Table, owner: str, *, over: bool) -> str:
    """Return a draft from declaration and published rows; empty where it would go ``over`` a suite for want of rows."""
    from qmsreports.validate.propose import propose

    with workspace.lake.connect([declared]) as connection:
        if over and connection.execute(f"SELECT 1 FROM {quoted(declared.table)} LIMIT 1").fetchone() is None:
            return ""
        return propose(connection, declared, owner=owner)


def _draft_as_landed(workspace: Workspace, source: str, feed: str, owner: str) -> str:
    """Return a draft from all rows landed, in their current version; empty where there is none."""
    from qmsreports import conform
    from qmsreports.validate.propose import propose

    with TemporaryDirectory(prefix="qmsreports-") as folder:
        found = conform.as_landed(
            workspace.source(source),
            feed,
            landing=workspace.settings.landing_url,
            staging=Path(folder),
            done=frozenset(),
        )
        if found is None:
            return ""
        staged, declared = found
        with open_duckdb() as connection:
            connection.execute(f"CREATE VIEW {quoted(feed)} AS FROM read_parquet({literal(staged.path)})")
            return propose(connection, declared, owner=owner, as_landed=True)
