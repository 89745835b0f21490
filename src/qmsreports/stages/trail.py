"""From a number back to what it was made from: what ``kpi explain`` shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.settings import Settings
from qmsreports.stages.evidence import known_kpi
from qmsreports.stages.feeds_behind import failures_behind, feeds_behind
from qmsreports.stages.lake_behind import all_there
from qmsreports.stages.waiting import waiting_for
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog
    from qmsreports.kpi.explain import Explanation
    from qmsreports.records import RegisteredDefinition
    from qmsreports.register.models import Result

_SHA = 64
_PUBLISHED = (
    *("value", "numerator", "denominator", "n", "low", "high", "target", "near", "status", "provisional", "why"),
    *("version", "parts"),
)


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a settled or provisional value would be replaced by: what counts today, from the newest table versions."""

    version: int
    value: float | None
    settled: bool
    approvals: tuple[str, ...]
    table_versions: dict[str, int]
    sql: str
    text: str


@dataclass(frozen=True, slots=True)
class Trail:
    """The way from a value back: rule, approval, target, SQL, rows, and the feeds behind them.

    ``published`` is the value as it stands in the register; version, rule, approvals and SQL are those that it was made
    by, and ``recomputed`` what they give from the table versions that it was read from. ``replacement`` is there where
    another version or later data would replace it. ``waiting`` says why the definition does not count yet,
    ``failures`` are the feeds for which a value is not valid.
    """

    kpi: str
    title: str
    question: str
    period: str
    slice: dict[str, str]
    unit: str
    version: int
    why: str
    effective_from: str
    rule: tuple[str, ...]
    approvals: tuple[str, ...]
    target: dict[str, Any] | None
    published: dict[str, Any] | None
    recomputed: float | None
    rows: tuple[dict[str, Any], ...]
    table_versions: dict[str, int]
    feeds: tuple[dict[str, Any], ...]
    sql: str
    text: str
    files: tuple[dict[str, Any], ...] = ()
    inputs: tuple[dict[str, Any], ...] = ()
    waiting: str = ""
    replacement: Replacement | None = None
    failures: tuple[dict[str, Any], ...] = ()


def explain(
    kpi: str,
    period: str,
    *,
    at: datetime,
    slice: Mapping[str, str] | None = None,
    rows_to: Path | None = None,
    settings: Settings | None = None,
) -> Trail:
    """Return everything behind one value, by the version and at the table versions it was published from.

    What was never published is explained by what counts today, and what nobody approved by what is written.
    ``rows_to`` is a CSV file that the counted rows are written to, from the same table versions.
    :class:`CouldNotRun` while a table of the lake is less than what the value was counted from.
    """
    from qmsreports.catalog.approved import approved_view
    from qmsreports.kpi import explain as explaining
    from qmsreports.kpi.selection import in_force
    from qmsreports.register import results
    from qmsreports.register.catalog_records import CatalogRecords

    cut = tuple(sorted((slice or {}).items()))
    with Workspace(settings) as workspace:
        asked = workspace.catalog.recorded(period)
        written = known_kpi(workspace, kpi)
        records = CatalogRecords(workspace.register)
        definitions = records.definitions()
        view = approved_view(workspace.catalog, records)
        waits = "" if kpi in view else str(waiting_for(written, view, definitions))
        counting = workspace.catalog if waits else view.catalog
        own = counting.kpis[kpi]
        approved = frozenset(version.version for version in own.versions)
        with workspace.register.read() as session:
            rows = results.latest_results(session, kpis=[kpi], periods=[asked])
            stored = next((row for row in rows if row.slice_key == results.slice_key(dict(cut))), None)
            noted = stored is not None and stored.id in results.with_candidates(session)
            text = _sql_of(session, stored.sql) if stored is not None else ""
        # a fiscal year that was withdrawn explains what is on record of it, and nothing else
        today = asked if rows else workspace.catalog.period(period)
        month = workspace.catalog.recorded(period, stored.period_start) if stored is not None else today
        now = in_force(own, approved, today)
        past, number = _as_stored(counting, kpi, stored, definitions)
        if waits and stored is None and now is None:
            number = min(own.versions, key=lambda version: version.effective_from).version
        pinned = stored.table_versions if stored else None
        all_there(workspace, pinned or counting.tables, pinned)
        found = explaining.explain(
            past,
            kpi,
            month,
            approved=approved,
            lake=workspace.lake,
            as_of=at,
            cut=cut,
            pinned=pinned,
            rows_to=rows_to,
            number=number,
        )
        found = replace(found, sql=text or found.sql)
        replacement = None
        if stored is not None and now is not None and not waits and (noted or _other(counting, kpi, now, stored)):
            all_there(workspace, counting.tables)
            again = explaining.explain(
                counting, kpi, today, approved=approved, lake=workspace.lake, as_of=at, cut=cut, number=now.version
            )
            replacement = _replacement(counting, again, definitions, settled=not stored.provisional)
        with workspace.register.read() as session:
            feeds = feeds_behind(session, counting, found.tables, found.table_versions)
            failures: tuple[dict[str, Any], ...] = ()
            if stored is not None and stored.status == "not_valid":
                failures = failures_behind(session, counting, found.tables, stored.computed_at)
    published = None
    if stored is not None:
        published = {name: getattr(stored, name) for name in _PUBLISHED}
        published["computed_at"] = stored.computed_at.isoformat()
        by = found.kpi.version(found.version)
        published["not_reached"] = by is not None and by.not_reached(stored.value, stored.n, stored.status)
    return Trail(
        kpi=kpi,
        title=found.kpi.title,
        question=found.kpi.question,
        period=period,
        slice=dict(cut),
        unit=found.kpi.unit,
        version=found.version,
        why=found.why,
        effective_from=found.effective_from,
        rule=tuple(found.rule),
        approvals=_approvals(past, found, definitions),
        target=found.target.model_dump(mode="json") if found.target else None,
        published=published,
        recomputed=found.figure.value,
        rows=tuple(asdict(row) for row in found.rows),
        table_versions=dict(found.table_versions),
        feeds=feeds,
        sql=found.sql,
        text=found.text(),
        files=tuple(asdict(entry) for entry in found.files),
        inputs=tuple(asdict(entry) | {"slice": dict(entry.slice)} for entry in found.inputs),
        waiting=waits,
        replacement=replacement,
        failures=failures,
    )


def _as_stored(
    catalog: Catalog, kpi: str, stored: Result | None, definitions: Iterable[RegisteredDefinition]
) -> tuple[Catalog, int | None]:
    """Return the catalog with the definition that a stored value was made by, and its number; from the register where
    that content does not count any more. None where there is no value, or no such definition on record.
    """
    from qmsreports.catalog.restore import stored_version

    if stored is None:
        return catalog, None
    version = catalog.kpis[kpi].version(stored.version)
    if version is not None and not _other(catalog, kpi, version, stored):
        return catalog, stored.version
    for row in reversed(tuple(definitions)):
        if (row.entry.kind, row.entry.name, row.entry.fingerprint) == ("kpi", kpi, stored.fingerprint):
            then = stored_version(row.entry)
            calendars = {**catalog.calendars, **then.calendars}
            return replace(catalog, kpis={**catalog.kpis, kpi: then.kpi}, calendars=calendars), stored.version
    return catalog, None


def _other(catalog: Catalog, kpi: str, version: Any, stored: Result) -> bool:
    """Tell whether a version is not the one that a stored value was made by."""
    from qmsreports.catalog.fingerprint import kpi_fingerprint

    return kpi_fingerprint(catalog.kpis[kpi], version, catalog.calendars) != stored.fingerprint


def _replacement(
    catalog: Catalog, found: Explanation, definitions: Iterable[RegisteredDefinition], *, settled: bool
) -> Replacement:
    return Replacement(
        version=found.version,
        value=found.figure.value,
        settled=settled,
        approvals=_approvals(catalog, found, definitions),
        table_versions=dict(found.table_versions),
        sql=found.sql,
        text=found.text(),
    )


def _approvals(catalog: Catalog, found: Explanation, definitions: Iterable[RegisteredDefinition]) -> tuple[str, ...]:
    """Return who approved exactly the content that is explained."""
    from qmsreports.catalog.fingerprint import kpi_fingerprint

    version = found.kpi.version(found.version)
    assert version is not None  # it was explained
    fingerprint = kpi_fingerprint(found.kpi, version, catalog.calendars)
    return tuple(
        dict.fromkeys(
            f"version {found.version} approved by {who} on {on:%Y-%m-%d}"
            for row in definitions
            if (row.entry.kind, row.entry.name, row.entry.fingerprint) == ("kpi", found.kpi.kpi, fingerprint)
            for who, on in row.approvals
        )
    )


def _sql_of(session: Session, sha256: str) -> str:
    """Return the statement that a stored value came from; of a formula those of what it read, named by their hashes."""
    from qmsreports.register.models import SqlText

    stored = session.get(SqlText, sha256)
    if stored is None:
        return ""
    lines = [line.removeprefix("-- ") for line in stored.text.splitlines()]
    if not all(line.startswith("--") for line in stored.text.splitlines()):
        return stored.text
    texts = [_sql_of(session, line).rstrip() for line in lines if len(line) == _SHA and " " not in line]
    return "\n\n".join(text for text in texts if text) + "\n"
