"""What another definition would have made of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean
from qmsreports.fiscal import CALENDAR
from qmsreports.period import Period
from qmsreports.settings import Settings
from qmsreports.stages.lake_behind import all_there
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.document import Document
    from qmsreports.catalog.kpi import Kpi
    from qmsreports.kpi.preview import Difference


@dataclass(frozen=True, slots=True)
class Backtest:
    """Old and new values side by side; ``signals`` are the periods whose signal would be another."""

    kpi: str
    version: int
    differences: tuple[Difference, ...]
    signals: tuple[str, ...]
    flips: int


def backtest(
    kpi: str,
    *,
    last: int,
    until: str,
    at: datetime,
    every: str = "",
    against: str = "approved",
    version: int | None = None,
    settings: Settings | None = None,
) -> Backtest:
    """Compare a version as the catalog's file has it now with what counts, over ``last`` periods; writes nothing.

    The last one is ``until``, or of the kind ``every`` (a word of a review's ``period``) the newest that ends with it.

    ``against``: ``approved``, ``v1`` (one version applied to all periods), or the path of another catalog folder's or
    single KPI's YAML file, which then is the draft while the catalog's own file is what it is compared with.
    :class:`CouldNotRun` while a table of the lake is less than what was published.
    """
    from qmsreports.catalog.approved import approved_view
    from qmsreports.kpi import preview
    from qmsreports.register.catalog_records import CatalogRecords

    with Workspace(settings) as workspace:
        periods = _every(workspace, every, until).back(last)
        written = known_kpi(workspace, kpi)
        view = approved_view(workspace.catalog, CatalogRecords(workspace.register))
        catalog = view.catalog if kpi in view else workspace.catalog
        counts = view.get(kpi, frozenset())
        draft, document = written, None
        if against.startswith("v") and against[1:].isdigit():
            counts, catalog = frozenset({int(against[1:])}), _applied_always(workspace, kpi, int(against[1:]))
        elif against != "approved":
            draft, document = _from_file(Path(against), kpi)
        all_there(workspace, catalog.tables)
        number = version or max(entry.version for entry in draft.versions)
        found = preview.backtest(
            catalog,
            draft,
            number,
            against=counts,
            periods=periods,
            lake=workspace.lake,
            as_of=at,
            document=document,
        )
    whole = [difference for difference in found if not difference.slice]
    return Backtest(kpi, number, found, _changed_signals(written, whole), sum(entry.flips for entry in whole))


def _every(workspace: Workspace, every: str, until: str) -> Period:
    """Return the last period to compare; :class:`UserError` (exit 2) for a kind that there is not."""
    from typing import get_args

    from qmsreports.catalog.review import Rhythm

    period, fiscal = workspace.catalog.period(until), workspace.catalog.organisation.fiscal
    if not every:
        return period
    if every not in get_args(Rhythm):
        todo = did_you_mean(every, get_args(Rhythm)) or f"one of {', '.join(get_args(Rhythm))}"
        raise UserError(Finding("", f'"{every}" is no kind of period', todo), exit_code=ExitCode.USAGE)
    of = fiscal if every.startswith("fiscal_") else CALENDAR
    if of is None:
        todo = "add fiscal_year to catalog/organisation.yaml and have it approved"
        raise UserError(Finding("", f"{every}: there is no fiscal year", todo), exit_code=ExitCode.USAGE)
    return Period.last_closed(period.end, every.removeprefix("fiscal_"), of)


def _applied_always(workspace: Workspace, kpi: str, number: int) -> Any:
    """Return the catalog with one version of a KPI in force from the beginning, for a comparison."""
    from dataclasses import replace

    written = workspace.catalog.kpis[kpi]
    chosen = written.version(number)
    if chosen is None:
        known = ", ".join(f"v{entry.version}" for entry in written.versions)
        raise UserError(
            Finding(f"kpi {kpi}", f"has no version {number}", f"its versions: {known}"), exit_code=ExitCode.USAGE
        )
    always = chosen.model_copy(update={"effective_from": date(1990, 1, 1)})
    only = written.model_copy(update={"versions": (always,)})
    return replace(workspace.catalog, kpis={**workspace.catalog.kpis, kpi: only})


def _from_file(path: Path, kpi: str) -> tuple[Kpi, Document]:
    """Return the draft that a file holds, and where its parts stand in it."""
    from pydantic import ValidationError

    from qmsreports.catalog.document import read_document
    from qmsreports.catalog.invalid import findings_of
    from qmsreports.catalog.kpi import Kpi

    if not path.is_file():
        raise UserError(
            Finding(str(path), "there is no such file", "say approved, v1, or a YAML file"), exit_code=ExitCode.USAGE
        )
    document = read_document(path, str(path))
    try:
        draft = Kpi.model_validate(document.data)
    except ValidationError as error:
        raise UserError(*findings_of(error, Kpi, document)) from None
    if draft.kpi != kpi:
        raise UserError(Finding(document.where(("kpi",)), f'defines "{draft.kpi}", not "{kpi}"', "name its own KPI"))
    return draft, document


def _changed_signals(kpi: Kpi, whole: Sequence[Difference]) -> tuple[str, ...]:
    from qmsreports.analysis import analyse_series

    def signals(side: str) -> dict[str, str]:
        points = [
            (entry.period.start, result.value if (result := getattr(entry, side)) is not None else None)
            for entry in whole
        ]
        analysed = analyse_series(points, better=kpi.better, rules=kpi.limits.rules)
        named = {entry.period.start: str(entry.period) for entry in whole}
        return {named[point.date]: point.signal for point in analysed.points}

    old, new = signals("old"), signals("new")
    return tuple(f"{month}: {old[month]} -> {new[month]}" for month in old if old[month] != new[month])


def known_kpi(workspace: Workspace, kpi: str) -> Kpi:
    """Return a KPI of the catalog; :class:`UserError` (exit 2) with a suggestion for an unknown name."""
    if kpi not in workspace.catalog.kpis:
        raise UserError(
            Finding("", f'there is no KPI "{kpi}"', did_you_mean(kpi, workspace.catalog.kpis)),
            exit_code=ExitCode.USAGE,
        )
    return workspace.catalog.kpis[kpi]


def draw_backtest(found: Backtest, path: str, *, settings: Settings | None = None) -> None:
    """Write old and new series one above the other on one scale, as SVG."""
    from qmsreports.errors import CouldNotRun
    from qmsreports.pack.charts import ChartSeries, small_multiples
    from qmsreports.pack.objective import Point

    with Workspace(settings) as workspace:
        unit = known_kpi(workspace, found.kpi).unit
    whole = [entry for entry in found.differences if not entry.slice]

    def series(side: str) -> ChartSeries:
        points = []
        for entry in whole:
            result = getattr(entry, side)
            points.append(
                Point(
                    period=str(entry.period),
                    start=entry.period.start,
                    value=result.value if result is not None else None,
                    status=result.status if result is not None else "no_data",
                )
            )
        return ChartSeries(points=points, segments=(), unit=unit)

    svg = small_multiples([("as it counts", series("old")), ("as written", series("new"))], width_mm=170, columns=1)
    try:
        Path(path).write_text(svg)
    except OSError as error:
        raise CouldNotRun(Finding(path, f"cannot be written ({error.strerror})", "name another file")) from None
