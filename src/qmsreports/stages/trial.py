"""A source looked at before it is trusted: can it be read, and what do its rows become. Nothing is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean
from qmsreports.records import Tell, silent
from qmsreports.settings import Settings, connection_of
from qmsreports.stages.codes import judged_codes
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.sources import CheckReport

_SAMPLE, _LOOKED_UP = 1_000, 200_000
"""Rows read for a preview: of the table that is mapped, and of each table that it looks things up in."""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A landed row beside the canonical row that it becomes; ``refused`` is the reason where it becomes none."""

    landed: dict[str, Any]
    canonical: dict[str, Any]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """Rows of one mapping. ``of`` says what was read: the landing zone, or the source itself."""

    source: str
    table: str
    landed_table: str
    of: str
    rows: tuple[PreviewRow, ...]


def check_source(source: str, *, now: Callable[[], datetime], settings: Settings | None = None) -> CheckReport:
    """Look at a source without landing anything of it, and at its mappings as far as no row is needed for that.

    ``now`` tells the time, beside which the source's clock is held.
    """
    from qmsreports import conform, sources

    with Workspace(settings) as workspace:
        declaration = workspace.source(source)
        report = sources.check(
            declaration, connection=connection_of(source), landing=workspace.settings.landing_url, now=now
        )
        for table, found in conform.mapping_misfits(declaration, workspace.catalog.tables):
            report.checks.append(sources.Checked("mapping", table, "failed", found.what, found.todo, found.where))
        return report


def preview_source(
    source: str,
    table: str,
    *,
    rows: int = 3,
    fresh: bool = False,
    tell: Tell = silent,
    settings: Settings | None = None,
) -> Preview:
    """Show the first rows of a source beside the canonical rows that they become, refused ones first.

    What was landed is read; where nothing was, or with ``fresh``, the first rows of the source itself, into a folder
    that is removed. A sample may lack the rows that it looks things up in, where those tables are very large.
    """
    from qmsreports import conform, sources
    from qmsreports.landing import completed

    with Workspace(settings) as workspace, tempfile.TemporaryDirectory(prefix="qmsreports-preview-") as name:
        declaration = workspace.source(source)
        if table not in declaration.conform:
            where = str(declaration.folder / "source.yaml")
            known = did_you_mean(table, declaration.conform)
            raise UserError(Finding(where, f'{source} makes no table "{table}"', known), exit_code=ExitCode.USAGE)
        mapping = declaration.conform[table]
        landing, folder = workspace.settings.landing_url, Path(name)
        of = "what was landed"
        feeds = dict.fromkeys((mapping.driving, *mapping.joins))
        if fresh or not all(completed(landing, source, feed) for feed in feeds):
            most = {feed: _SAMPLE if feed == mapping.driving else _LOOKED_UP for feed in feeds}
            result = sources.sample(declaration, connection=connection_of(source), folder=folder, most=most, tell=tell)
            if result.failures:
                raise UserError(*(failure.finding for failure in result.failures))
            landing, of = str(folder / "landing"), f"the first rows of the source (up to {_SAMPLE:,})"
        shown = conform.preview(
            declaration,
            workspace.catalog.tables[table],
            landing=landing,
            folder=folder / "staging",
            organisation=workspace.catalog.organisation,
            rows=rows,
            judged=judged_codes(workspace, table),
        )
    return Preview(source, table, mapping.driving, of, tuple(PreviewRow(*row) for row in shown))
