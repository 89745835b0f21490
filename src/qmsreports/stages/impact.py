"""What a change of the catalog would do to what is already measured and published. Reads the register, writes nothing.

A definition that changes numbers touches the periods it is in force in; a target touches those whose target differs,
and the status of their stored values is judged anew with the function that judges when they are measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.approval import Change, Plan
from qmsreports.catalog.history import History
from qmsreports.catalog.mapped import KIND as MAPPING
from qmsreports.catalog.organised import KIND as ORGANISATION
from qmsreports.catalog.organised import differing, moves_numbers, stored_organisation
from qmsreports.catalog.restore import stored_targets, stored_version
from qmsreports.errors import UserError
from qmsreports.fiscal import ANY_YEAR, FiscalYear
from qmsreports.period import Period
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from qmsreports.catalog.calendar import Calendar
    from qmsreports.catalog.kpi import Kpi
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.target import KpiTargets
    from qmsreports.register.models import Pack, Result

_MONTHS_SHOWN = 24
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Flip:
    """A stored value that would be judged otherwise: ``met`` becomes ``near``."""

    period: str
    slice: str
    value: float
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Impact:
    """What one change does. ``effect``: numbers | rows | status | retired | dropped | wording | none.

    ``periods`` are measured periods whose number or target would differ, oldest first; ``settled`` how many of their
    values are final: another number stays out until somebody restates it, another target judges them anew. ``packs``
    are published packs that show one of these periods of this KPI. ``read_by`` are the KPIs whose formulas read it.
    ``ended`` are measured periods that the fiscal year has no more: of none of them a number changes or is measured.
    """

    effect: str
    periods: tuple[str, ...] = ()
    settled: int = 0
    flips: tuple[Flip, ...] = ()
    packs: tuple[str, ...] = ()
    read_by: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """Say it in words, one line each."""
        if self.effect in ("wording", "none"):
            return ["no number and no status changes"]
        if self.effect == "retired":
            stay = f"; those on record in {spans(self.periods)} stay" if self.periods else ""
            return [f"no value is measured from then on, what was measured before stays{stay}"]
        if self.effect == "dropped":
            stay = f"; those on record in {spans(self.periods)} stay and kpi values shows them" if self.periods else ""
            said = [f"no value is measured any more, and no record says since when or why{stay}"]
            return [*said, f"read by {', '.join(self.read_by)}"] if self.read_by else said
        if self.effect == "rows":
            read = f"the numbers of {', '.join(self.read_by)} with them" if self.read_by else "no KPI reads them"
            return [f"rows may become others from the next ingest on, and {read}"]
        what = "numbers change" if self.effect == "numbers" else "no number changes; the target differs"
        ended = f"values on record in {spans(self.ended)} stay, and none of these periods is measured any more"
        if not self.periods:
            return [ended if self.ended else f"{what} in no period that is measured"]
        count = "1 period" if len(self.periods) == 1 else f"{len(self.periods)} periods"
        said = [f"{what} in {spans(self.periods)} ({count})"]
        if self.settled and self.effect == "numbers":
            said.append(f"{self.settled} settled values stay as published until they are restated")
        if self.settled and self.effect == "status":
            many = "1 settled value is" if self.settled == 1 else f"{self.settled} settled values are"
            said.append(
                f"after the fact: {many} judged anew by the next measurement; the next pack names it, and kpi values "
                "--as-of tells what was believed before"
            )
        if self.effect == "status":
            said.append(self._flips())
        if self.read_by:
            said.append(f"read by {', '.join(self.read_by)}")
        said.append(f"shown in {', '.join(self.packs)}" if self.packs else "shown in no published pack")
        return [*said, ended] if self.ended else said

    def _flips(self) -> str:
        if not self.flips:
            return "no status changes"
        named = [
            f"{flip.period}{f' {flip.slice}' if flip.slice else ''} {flip.before} becomes {flip.after}"
            for flip in self.flips[-_MOST_NAMED:]
        ]
        more = len(self.flips) - len(named)
        count = "1 status changes" if len(self.flips) == 1 else f"{len(self.flips)} statuses change"
        return f"{count}: {', '.join(named)}{f' and {more} before' if more else ''}"


def spans(periods: Sequence[str]) -> str:
    """Return periods as ranges: ``2025-01 to 2025-03, 2026-07``."""
    runs: list[list[Period]] = []
    for period in sorted((Period.parse(text, ANY_YEAR) for text in periods), key=lambda one: (one.kind, one)):
        if runs and runs[-1][-1].kind == period.kind and runs[-1][-1].shift(1) == period:
            runs[-1].append(period)
        else:
            runs.append([period])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def plan_catalog(*, settings: Settings | None = None) -> tuple[Plan, tuple[Impact, ...]]:
    """Return what applying the catalog would propose, and what each of its changes would do."""
    from qmsreports.kpi.fitting import planned
    from qmsreports.register.catalog_records import CatalogRecords

    with Workspace(settings) as workspace:
        records = CatalogRecords(workspace.register)
        plan, _ = planned(workspace.written, records)
        return plan, impacts(plan, workspace)


def impacts(planned: Plan, workspace: Workspace) -> tuple[Impact, ...]:
    """Return the impact of each change of a plan, in their order."""
    from qmsreports.register import packs, results
    from qmsreports.register.catalog_records import CatalogRecords

    catalog = workspace.written
    history = History(CatalogRecords(workspace.register).definitions(), catalog.organisation.approvals)
    catalog = replace(catalog, earlier_years=history.fiscal_years)
    with workspace.register.read() as session:
        ground = _Ground(
            catalog, history, tuple(results.latest_results(session)), tuple(packs.all_packs(session)), planned
        )
        return tuple(ground.impact(change) for change in planned.changes)


@dataclass(frozen=True)
class _Ground:
    """What is measured, published and registered."""

    catalog: Catalog
    history: History
    values: tuple[Result, ...]
    published: tuple[Pack, ...]
    planned: Plan

    @cached_property
    def _measured(self) -> dict[str, Period]:
        """The periods that have a value on record, also those of a fiscal year that was withdrawn since."""
        starts = {row.period: row.period_start for row in self.values}
        return {text: self.catalog.recorded(text, start) for text, start in starts.items()}

    def impact(self, change: Change) -> Impact:
        """Return what one change does."""
        if change.change == "wording":
            return Impact("wording")
        if change.kind == "kpi" and change.entry is not None:
            return self._numbers(change)
        if change.kind == "kpi":
            return self._dropped(change.name)
        if change.kind == "targets":
            return self._status(change)
        if change.kind == "retirement":
            return self._end(change)
        if change.kind == ORGANISATION:
            return self._everything(change)
        if change.kind == MAPPING and change.change != "new":
            return Impact("rows", read_by=self._reading(change.name.partition(".")[2]))
        return Impact("none")

    def _reading(self, table: str) -> tuple[str, ...]:
        """Return the KPIs that read a table, or one that is derived from it, with the formulas that read those."""
        from qmsreports.kpi.selection import plan_in

        tables = {table} | {name for name, one in self.catalog.tables.items() if table in one.derived_from}
        found: set[str] = set()
        for name, kpi in self.catalog.kpis.items():
            with suppress(UserError):  # planning says what is wrong with it
                if any(tables & set(plan_in(self.catalog, kpi, version).tables) for version in kpi.versions):
                    found |= {name, *_readers(self.catalog, name)}
        return tuple(sorted(found))

    def _everything(self, change: Change) -> Impact:
        """Return every measured period where the organisation's days, sites or years are others than the approved."""
        before = self.history.organisation
        after = stored_organisation(change.entry) if change.entry is not None else before
        if before is None or after is None or not moves_numbers(before, after):
            return Impact("none")
        moved = {name for name, *_ in differing(before, after)} - {"approvals"}
        rows = self.values if moved != {"fiscal_year"} else self._of_the_year()
        if not rows and self.values:
            return Impact("none")
        ended = {row.period for row in rows if not _has(after.fiscal, row.period)}
        rows = tuple(row for row in rows if row.period not in ended)
        periods = {row.period for row in rows}
        settled = sum(not row.provisional and row.value is not None for row in rows)
        shown = self._packs({row.kpi for row in rows}, periods)
        return Impact("numbers", _ordered(periods), settled, packs=shown, ended=_ordered(ended))

    def _of_the_year(self) -> tuple[Result, ...]:
        """Return the values that another fiscal year moves: those of its own periods, and what counts from its start.

        A window of the calendar year and one of so many months are the same in every fiscal year.
        """
        since = {
            name
            for name, kpi in self.catalog.kpis.items()
            for version in kpi.versions
            if version.window and version.window.to_date and not version.window.to_date.startswith("calendar_")
        }
        moved = since.union(*(_readers(self.catalog, name) for name in since))
        return tuple(row for row in self.values if row.kpi in moved or row.period.startswith("FY"))

    def _numbers(self, change: Change) -> Impact:
        kpi = self.catalog.kpis[change.name]
        version = kpi.version(change.version)
        assert version is not None  # the plan is made of the catalog's versions
        end = kpi.effective_to(change.version)
        own = [row for row in self.values if row.kpi == kpi.kpi]
        touched = {
            row.period
            for row in own or self.values
            if row.period_start >= version.effective_from and (end is None or row.period_start < end)
        }
        if change.change == "calendar":
            touched = self._other_hours(change, touched)
        settled = sum(not row.provisional and row.value is not None for row in own if row.period in touched)
        read_by = _readers(self.catalog, kpi.kpi)
        return Impact(
            "numbers", _ordered(touched), settled, (), self._packs({kpi.kpi, *read_by}, touched), tuple(sorted(read_by))
        )

    def _end(self, change: Change) -> Impact:
        """Return the measured periods that would have had no value; they keep the one on record."""
        kpi = self.catalog.kpis[change.name]
        own = {row.period for row in self.values if row.kpi == kpi.kpi}
        after = {period for period in own if kpi.is_retired(self._measured[period].end)}
        return Impact("retired" if kpi.retired else "none", _ordered(after))

    def _dropped(self, name: str) -> Impact:
        """Return the measured periods of a KPI whose file is gone; nothing is computed of them any more."""
        periods = {row.period for row in self.values if row.kpi == name}
        return Impact("dropped", _ordered(periods), read_by=tuple(sorted(_readers(self.catalog, name))))

    def _other_hours(self, change: Change, periods: Iterable[str]) -> set[str]:
        """Return the periods in which the calendars of a KPI are open at other hours than when it was approved."""
        approved = self.history.newest_approved("kpi", change.name, change.version)
        kpi = self.catalog.kpis[change.name]
        version = kpi.version(change.version)
        if approved is None or version is None:
            return set(periods)
        before = stored_version(approved.entry).calendars
        pairs = [(before[name], self.catalog.calendars[name]) for name in version.calendars if name in before]
        return {
            period
            for period in periods
            if any(_hours(old, self._measured[period]) != _hours(new, self._measured[period]) for old, new in pairs)
            or not pairs
        }

    def _status(self, change: Change) -> Impact:
        file = self.catalog.targets.files.get(change.name)
        kpi = self.catalog.kpis.get(change.name)
        stored = self.history.newest_approved("targets", change.name)
        before = stored_targets(stored.entry) if stored is not None else None
        touched: set[str] = set()
        flips: list[Flip] = []
        settled = 0
        for row in self.values:
            if row.kpi != change.name or kpi is None:
                continue
            period = self._measured[row.period]
            version = kpi.version(row.version)
            adds_up = version is not None and kpi.adds_up(version)
            if _judged_by(before, period, row.slice, adds_up) == _judged_by(file, period, row.slice, adds_up):
                continue
            touched.add(row.period)
            settled += not row.provisional and row.value is not None
            flip = _flip(kpi, row, file, period, adds_up)
            if flip is not None:
                flips.append(flip)
        flips.sort(key=lambda flip: (flip.period, flip.slice))
        return Impact("status", _ordered(touched), settled, tuple(flips), self._packs({change.name}, touched))

    def _packs(self, kpis: Iterable[str], periods: Iterable[str]) -> tuple[str, ...]:
        """Return the approved packs whose series hold one of these periods of one of these KPIs."""
        names = set(kpis)
        asked = [self._measured[period] for period in periods]
        found = []
        for pack in self.published:
            if pack.status != "approved" or not (names & _kpis_of(pack)):
                continue
            reported = self.catalog.recorded(pack.period)
            review = self.catalog.reviews.get(pack.review)
            first = reported.shift(1 - (review.points_shown if review else _MONTHS_SHOWN)).start
            alike = (one for one in asked if (one.kind, one.of.prefix) == (reported.kind, reported.of.prefix))
            if any(first <= one.start <= reported.start for one in alike):
                found.append(f"{pack.review} {pack.period} edition {pack.edition}")
        return tuple(found)


def _kpis_of(pack: Pack) -> set[str]:
    """Names of the KPIs whose definitions were in force when a pack was made."""
    keys = (str(key).split("/") for key in pack.manifest.get("catalog", {}))
    return {key[1] for key in keys if key[0] == "kpi" and len(key) > 1}


def _has(fiscal: FiscalYear | None, text: str) -> bool:
    """Tell whether a period is one of the calendar or of this fiscal year."""
    with suppress(UserError):
        return bool(Period.parse(text, fiscal))
    return False


def _ordered(periods: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(period) for period in sorted(Period.parse(text, ANY_YEAR) for text in periods))


def _hours(calendar: Calendar, period: Period) -> Any:
    if calendar.first_gap(period.start, period.end) is not None:
        return None
    return calendar.open_intervals(period.start, period.end)


def _judged_by(file: KpiTargets | None, period: Period, slice_: Mapping[str, str], adds_up: bool) -> Any:
    if file is None:
        return None
    target, deviation = file.of(period, slice_, adds_up=adds_up), file.deviation(period, slice_)
    return (
        (target.meet, target.near) if target else None,
        (deviation.at_least, deviation.at_most) if deviation else None,
    )


def _flip(kpi: Kpi, row: Result, file: KpiTargets | None, period: Period, adds_up: bool) -> Flip | None:
    from qmsreports.kpi.status import status_of

    if row.value is None:
        return None
    after = status_of(
        row.value,
        better=kpi.better,
        target=file.of(period, row.slice, adds_up=adds_up) if file else None,
        deviation=file.deviation(period, row.slice) if file else None,
        provisional=row.provisional,
        valid=row.status != "not_valid",
    )
    return None if after == row.status else Flip(row.period, row.slice_key, row.value, row.status, after)


def _readers(catalog: Catalog, name: str) -> set[str]:
    """Return the KPIs whose formulas read this one, directly or through another."""
    from qmsreports.catalog.measure import Formula

    found: set[str] = set()
    while True:
        more = {
            kpi.kpi
            for kpi in catalog.kpis.values()
            for version in kpi.versions
            if isinstance(version.measure, Formula) and {name, *found} & set(version.measure.value.kpis())
        } - found
        if not more:
            return found
        found |= more
