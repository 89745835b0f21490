"""The audit of feeds as they were landed, between the reading of a source and the mapping of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.errors import CouldNotRun, Finding, UserError, did_you_mean
from qmsreports.records import LANDED, Audit, Tell
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.validate.suite import Suite

FOLDER = "landed"
"""Where the suites of landed tables lie, under the folder of the suites: ``landed/<source>/<table>.json``."""


def inspect(workspace: Workspace, source: str, *, run_id: str, at: datetime, tell: Tell) -> dict[str, tuple[str, str]]:
    """Audit what is new in every landed table of a source that has a suite, and record how each rule came out.

    Returns the canonical tables that must not be mapped, each with status (``stopped``, ``broken``) and reason: those
    that read a landed table, driving or joined, that broke a critical rule or could not be checked. What stopped is
    audited again by the next run, with what was landed since; what passed is not.

    A landed table that cannot be read at all (a needed column is gone) is left to the mapping, which says so.
    """
    from qmsreports.register import feeds

    declaration = workspace.source(source)
    folder = workspace.settings.expectations / FOLDER / source
    stopped: dict[str, tuple[str, str]] = {}
    for feed in declaration.tables:
        suite = folder / f"{feed.table}.json"
        audit = _audit(workspace, source, feed.table, suite, run_id=run_id, at=at, tell=tell)
        if audit is None or audit.status == "passed":
            continue
        for name, mapping in declaration.conform.items():
            if feed.table == mapping.driving or feed.table in mapping.joins:
                stopped.setdefault(name, (audit.status, audit.message))
    known = [feed.table for feed in declaration.tables]
    astray = list(_astray(folder, source, known))
    with workspace.register.write() as session:
        feeds.record_notices(session, astray, run_id=run_id, stage="conform", source=source, at=at)
    return stopped


def _audit(
    workspace: Workspace, source: str, feed: str, suite: Path, *, run_id: str, at: datetime, tell: Tell
) -> Audit | None:
    """Audit one landed table; ``None`` where it has no suite or brought nothing new."""
    from qmsreports import conform as conforming
    from qmsreports import validate as auditing
    from qmsreports.register import feeds

    if not suite.is_file():
        return None
    with workspace.register.read() as session:
        done = feeds.done_loads(session, source, LANDED + feed)
    try:
        found = conforming.as_landed(
            workspace.source(source),
            feed,
            landing=workspace.settings.landing_url,
            staging=workspace.staging / run_id,
            done=done,
            tell=tell,
        )
    except CouldNotRun:
        raise
    except UserError:
        return None
    if found is None:
        return None
    staged, table = found
    try:
        audit = auditing.audit_landed(staged, table, suite=suite, out=workspace.staging / run_id, as_of=at, tell=tell)
    except CouldNotRun:
        raise
    except UserError as error:
        audit = Audit(source, staged.table, "broken", "", 0, (), (), str(error))
    Path(staged.path).unlink(missing_ok=True)
    with workspace.register.write() as session:
        feeds.record_landed(session, staged, audit, run_id=run_id, at=at)
    return audit


def check_suites(catalog: Catalog, expectations: Path) -> tuple[int, list[Finding], list[Finding]]:
    """Check every suite against the declarations; returns how many rules there are, findings, and warnings.

    A table without a suite is a warning here: it stops when it is ingested, and not before. So are suites of tables
    that nobody declares, and rules that look into one. Where there is no folder of suites, a catalog is checked by
    itself, and nothing is said.
    """
    from qmsreports.validate import load_suite

    if not expectations.is_dir():
        return 0, [], []
    rules = 0
    findings: list[Finding] = []
    warnings: list[Finding] = []
    for table in catalog.tables.values():
        path = expectations / f"{table.table}.json"
        try:
            suite = load_suite(path, table, tables=catalog.tables)
            rules += len(suite.rules)
            warnings += _guarding_nothing(suite, catalog)
        except UserError as error:
            (findings if path.is_file() else warnings).extend(error.findings)
    for broken in broken_suites(catalog, expectations):
        findings += broken.findings
    known = sorted(catalog.tables)
    for path in sorted(expectations.glob("*.json")):
        if path.stem not in catalog.tables:
            what = f"there is no canonical table {path.stem}; these rules check nothing"
            warnings.append(Finding(str(path), what, did_you_mean(path.stem, known)))
    for source in catalog.sources.values():
        landed = [feed.table for feed in source.tables]
        warnings += _astray(expectations / FOLDER / source.source, source.source, landed)
    return rules, findings, warnings


def _guarding_nothing(suite: Suite, catalog: Catalog) -> Iterator[Finding]:
    """Find rules that look into a table that nobody declares: they are never checked."""
    for rule in suite.rules:
        other = str(rule.kwargs.get("other_table", suite.table))
        if other not in catalog.tables:
            what = f"{rule.identity}: there is no canonical table {other}; this rule is never checked"
            yield Finding(rule.where, what, f"delete it, or name another: {did_you_mean(other, catalog.tables)}")


def broken_suites(catalog: Catalog, expectations: Path) -> Iterator[UserError]:
    """Find suites of landed tables that cannot be read or name a column that their source does not declare.

    Looks at declarations only; rules that hang on the type of a delivered column are checked when the column is there.
    """
    from qmsreports.conform import declared_columns
    from qmsreports.validate import load_suite

    for source in catalog.sources.values():
        for feed in source.tables:
            suite = expectations / FOLDER / source.source / f"{feed.table}.json"
            if suite.is_file():
                try:
                    load_suite(suite, declared_columns(source, feed.table), as_landed=True)
                except UserError as error:
                    yield error


def _astray(folder: Path, source: str, known: list[str]) -> Iterator[Finding]:
    """Find suites of tables that the source does not land: they look like a guard and guard nothing."""
    for path in sorted(folder.glob("*.json")):
        if path.stem not in known:
            what = f"{source} lands no table {path.stem}; these rules check nothing"
            yield Finding(str(path), what, did_you_mean(path.stem, known))
