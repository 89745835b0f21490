"""What a draft of a definition would have made of past periods, beside what counts today; writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from qmsreports.catalog.document import Document
from qmsreports.catalog.fingerprint import kpi_fingerprint
from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.load import Catalog
from qmsreports.errors import Finding, UserError
from qmsreports.kpi.comparison import Key, key_of
from qmsreports.kpi.engine import Tables
from qmsreports.kpi.measurement import measure_tasks
from qmsreports.kpi.selection import Task, in_force, inputs_of, plan_in
from qmsreports.period import Period
from qmsreports.records import KpiResult


@dataclass(frozen=True, slots=True)
class Difference:
    """One period and slice under both definitions; ``None`` where one of them has no result there."""

    period: Period
    slice: tuple[tuple[str, str], ...]
    old: KpiResult | None
    new: KpiResult | None

    @property
    def change(self) -> float | None:
        """New value minus old one, in the KPI's unit."""
        if self.old is None or self.new is None or self.old.value is None or self.new.value is None:
            return None
        return self.new.value - self.old.value

    @property
    def flips(self) -> bool:
        """Whether the status would be another."""
        return (self.old.status if self.old else None) != (self.new.status if self.new else None)


def backtest(
    catalog: Catalog,
    draft: Kpi,
    number: int,
    *,
    against: Collection[int],
    periods: Sequence[Period],
    lake: Tables,
    as_of: datetime,
    document: Document | None = None,
) -> tuple[Difference, ...]:
    """Compare version ``number`` of ``draft`` in every period with the versions ``against`` that are in force there.

    The draft is applied to all periods, whenever it takes effect; both sides read the same table versions and are
    judged by the targets of the catalog. :class:`UserError` when the draft does not fit the declared tables, with
    the line of ``document`` where the draft comes from a file of its own.
    """
    version = draft.version(number)
    if version is None:
        known = ", ".join(str(entry.version) for entry in draft.versions)
        raise UserError(Finding(f"kpi {draft.kpi}", f"has no version {number}", f"its versions: {known}"))
    drafted = replace(catalog, kpis={**catalog.kpis, draft.kpi: draft})
    if document is not None:
        drafted = replace(drafted, documents={**catalog.documents, ("kpis", draft.kpi): document})
    ordered = tuple(sorted(set(periods)))
    old_tasks = _as_it_counts(catalog, draft.kpi, against, ordered)
    new_tasks = [*inputs_of(drafted, [version], ordered), _task(drafted, draft, version, ordered)]
    pinned = lake.versions(sorted({table for task in (*old_tasks, *new_tasks) for table in task.plan.tables}))
    old = measure_tasks(catalog, old_tasks, lake=lake, as_of=as_of, pinned=pinned).results
    new = measure_tasks(drafted, new_tasks, lake=lake, as_of=as_of, pinned=pinned).results
    before, after = (
        {key_of(result): result for result in results if result.kpi == draft.kpi} for results in (old, new)
    )
    keys: dict[Key, Period] = {key_of(result): result.period for result in (*old, *new) if result.kpi == draft.kpi}
    return tuple(
        Difference(period, key[2], before.get(key), after.get(key))
        for key, period in sorted(keys.items(), key=lambda item: (item[1].start, item[0][2]))
    )


def _as_it_counts(catalog: Catalog, name: str, against: Collection[int], periods: tuple[Period, ...]) -> list[Task]:
    kpi = catalog.kpis.get(name)
    if kpi is None:
        return []
    chosen = {period: in_force(kpi, against, period) for period in periods}
    used = [version for version in kpi.versions if version in chosen.values()]
    own = [
        _task(catalog, kpi, version, tuple(period for period in periods if chosen[period] == version))
        for version in used
    ]
    return [*inputs_of(catalog, used, periods), *own]


def _task(catalog: Catalog, kpi: Kpi, version: KpiVersion, periods: tuple[Period, ...]) -> Task:
    return Task(
        kpi,
        version,
        plan_in(catalog, kpi, version, periods[0]),
        periods,
        kpi_fingerprint(kpi, version, catalog.calendars),
    )
