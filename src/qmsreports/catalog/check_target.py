"""Rules on targets and accepted deviations: the KPI's unit, no gaps, no overlaps, bounds on the right side."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date, timedelta

from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.target import KpiTargets, Target
from qmsreports.errors import Finding, did_you_mean

_ONE_DAY = timedelta(days=1)
_RANGES = {"percent": (0.0, 100.0), "points": (-100.0, 100.0), "ppm": (0.0, 1_000_000.0)}
_NEVER_NEGATIVE = ("per_1000", "minutes", "hours", "days", "count", "score")


def _pairs(scope: Scope) -> Iterator[tuple[str, KpiTargets, Kpi]]:
    for name, file in scope.catalog.targets.files.items():
        kpi = scope.catalog.kpis.get(name)
        if kpi is not None:
            yield name, file, kpi


def target_kpi_is_known(scope: Scope) -> Iterator[Finding]:
    """Find targets of KPIs that do not exist."""
    known = scope.names("kpis")
    for name in scope.catalog.targets.files:
        if name not in known:
            what = f'targets for an unknown KPI "{name}"'
            yield scope.finding("targets", name, ("kpi",), what, did_you_mean(name, known))


def target_unit_is_the_kpis(scope: Scope) -> Iterator[Finding]:
    """Find targets in another unit than their KPI's: like would be compared with unlike."""
    for name, file, kpi in _pairs(scope):
        if file.unit != kpi.unit:
            what = f"the targets are in {file.unit}, the KPI is in {kpi.unit}"
            yield scope.finding("targets", name, ("unit",), what, f"convert the values and write unit: {kpi.unit}")


def target_values_fit_the_unit(scope: Scope) -> Iterator[Finding]:
    """Find percentages outside 0 to 100 or written as shares, and negative amounts."""
    for name, file, kpi in _pairs(scope):
        for index, target in enumerate(file.targets):
            for field, value in (("meet", target.meet), ("near", target.near)):
                if value is None:
                    continue
                words = _misfit(kpi, value)
                if words is not None:
                    yield scope.finding("targets", name, ("targets", index, field), *words)
        for index, deviation in enumerate(file.accepted_deviations):
            field = "at_least" if deviation.at_least is not None else "at_most"
            words = _misfit(kpi, getattr(deviation, field))
            if words is not None:
                yield scope.finding("targets", name, ("accepted_deviations", index, field), *words)


def _misfit(kpi: Kpi, value: float) -> tuple[str, str] | None:
    low, high = _RANGES.get(kpi.unit, (0.0 if kpi.unit in _NEVER_NEGATIVE else None, None))
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"between {low:g} and {high:,.0f}" if high is not None else "0 or more"
        return f"{value:g} {kpi.unit} is out of range", f"write a value {bounds}"
    if kpi.unit == "percent" and kpi.better == "higher" and 0 < value <= 1:
        return f"{value:g} percent looks like a share", f"percent are written out of 100: {value * 100:g}"
    return None


def target_near_is_on_the_missed_side(scope: Scope) -> Iterator[Finding]:
    """Find near values on the good side of the target: near is a miss that is nearly a hit."""
    for name, file, kpi in _pairs(scope):
        for index, target in enumerate(file.targets):
            if target.near is None or kpi.better == "neither" or _misfit(kpi, target.meet) is not None:
                continue
            wrong = target.near > target.meet if kpi.better == "higher" else target.near < target.meet
            if wrong:
                side = "above" if kpi.better == "higher" else "below"
                what = f"near {target.near:g} is {side} the target {target.meet:g}, but {kpi.better} is better"
                yield scope.finding("targets", name, ("targets", index, "near"), what, "write the weaker value as near")


def target_needs_a_direction(scope: Scope) -> Iterator[Finding]:
    """Find targets of KPIs without a direction: nothing can be met."""
    for name, _, kpi in _pairs(scope):
        if kpi.better == "neither":
            what = f'{kpi.kpi} says "better: neither", so no value can meet a target'
            yield scope.finding("targets", name, ("targets",), what, "remove the targets or give the KPI a direction")


def targets_join(scope: Scope) -> Iterator[Finding]:
    """Find gaps and overlaps between the targets of one slice."""
    for name, file in scope.catalog.targets.files.items():
        newest: dict[tuple[str, tuple[tuple[str, str], ...]], Target] = {}
        for index, target in enumerate(file.targets):
            of = (target.every or "", tuple(sorted(target.slice.items())))
            before = newest.get(of)
            newest[of] = target
            if target.to is not None and target.to < target.start:
                what = f"the target ends on {target.to}, before it starts on {target.start}"
                yield scope.finding("targets", name, ("targets", index, "to"), what, "correct one of the two")
            elif before is not None:
                words = _join(before, target)
                if words is not None:
                    yield scope.finding("targets", name, ("targets", index, "from"), *words)


def _join(before: Target, target: Target) -> tuple[str, str] | None:
    if before.to is not None and before.to < before.start:
        return None  # said of the one before
    if target.start <= before.start:
        what = f"the target from {target.start} does not follow the one from {before.start}"
        return what, "write the targets of a slice oldest first, each date once"
    if before.to is None:
        return None
    if before.to >= target.start:
        what = f"the target from {target.start} overlaps the one before, which holds to {before.to}"
        return what, f'remove that "to" or write {target.start - _ONE_DAY}'
    if before.to + _ONE_DAY < target.start:
        what = f"no target is in force from {before.to + _ONE_DAY} to {target.start - _ONE_DAY}"
        return what, 'remove "to" of the target before or add one between'
    return None


def targets_hold_for_whole_months(scope: Scope) -> Iterator[Finding]:
    """Find targets that begin or end inside a month: the one of the first day applies to all of it."""
    for name, file in scope.catalog.targets.files.items():
        for index, target in enumerate(file.targets):
            place = ("targets", index)
            if target.start.day != 1:
                what = f"{target.start} lies inside a month"
                todo = f"a target begins with a month: {target.start.replace(day=1)} or {_next_month(target.start)}"
                yield scope.finding("targets", name, (*place, "from"), what, todo)
            if target.to is not None and (target.to + _ONE_DAY).day != 1:
                what = f"{target.to} lies inside a month"
                todo = f"a target ends with a month: {_next_month(target.to) - _ONE_DAY}"
                yield scope.finding("targets", name, (*place, "to"), what, todo)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def target_slices_are_the_kpis(scope: Scope) -> Iterator[Finding]:
    """Find targets for slices that the KPI is not computed by, or for values that never occur."""
    for name, file, kpi in _pairs(scope):
        entries = [(("targets", index), entry.slice) for index, entry in enumerate(file.targets)]
        entries += [
            (("accepted_deviations", index), entry.slice) for index, entry in enumerate(file.accepted_deviations)
        ]
        for place, slice_ in entries:
            if len(slice_) > 1 and set(slice_) <= set(kpi.slices) and set(slice_) not in map(set, kpi.cuts):
                what = f"{kpi.kpi} is not computed by {' and '.join(slice_)} together"
                todo = f"add combinations: [[{', '.join(slice_)}]] to the KPI"
                yield scope.finding("targets", name, (*place, "slice"), what, todo)
            for field, value in slice_.items():
                where = (*place, "slice", field)
                if field not in kpi.slices:
                    what = f'{kpi.kpi} is not sliced by "{field}"'
                    todo = did_you_mean(field, kpi.slices) or "add it to the KPI's slices"
                    yield scope.finding("targets", name, where, what, todo)
                    continue
                known = _slice_values(scope, kpi, field)
                if known and value not in known:
                    what = f'{field} has no value "{value}"'
                    yield scope.finding("targets", name, where, what, did_you_mean(value, known))


def _slice_values(scope: Scope, kpi: Kpi, field: str) -> set[str]:
    """Values a slice can take, where they are declared; empty where anything goes."""
    if field == "site":
        return {site.site for site in scope.catalog.organisation.sites}
    columns = [
        column
        for version in kpi.versions
        for name in version.counted_tables
        if (table := scope.table(name)) is not None and (column := table.column(field)) is not None
    ]
    return {value for column in columns for value in column.values}


def deviations_are_bounded_rightly(scope: Scope) -> Iterator[Finding]:
    """Find deviations bounded on the wrong side, ending before they start, or holding at once."""
    for name, file, kpi in _pairs(scope):
        for index, deviation in enumerate(file.accepted_deviations):
            place = ("accepted_deviations", index)
            if deviation.to < deviation.start:
                what = f"the deviation ends on {deviation.to}, before it starts on {deviation.start}"
                yield scope.finding("targets", name, (*place, "to"), what, "correct one of the two")
            written, wanted = ("at_least", "at_most") if deviation.at_least is not None else ("at_most", "at_least")
            right = {"higher": "at_least", "lower": "at_most"}.get(kpi.better, written)
            if written != right:
                what = f"{written} bounds the wrong side: {kpi.better} is better"
                yield scope.finding("targets", name, (*place, written), what, f"write {wanted}")
            for other in file.accepted_deviations[:index]:
                if other.slice == deviation.slice and other.start <= deviation.to and deviation.start <= other.to:
                    what = f"the deviation overlaps the one from {other.start}"
                    yield scope.finding("targets", name, (*place, "from"), what, "let one end before the next begins")


def targets_are_agreed_before_they_hold(scope: Scope) -> Iterator[Finding]:
    """Warn of targets agreed after they began: they judge by a rule that nobody knew then."""
    for name, file in scope.catalog.targets.files.items():
        for index, target in enumerate(file.targets):
            if target.agreed.on > target.start:
                what = f"the target of {target.start} was agreed on {target.agreed.on}, after it began"
                place = ("targets", index, "agreed", "on")
                yield scope.finding("targets", name, place, what, "the pack will say so", warning=True)


def agreed_on_a_day_to_come(catalog: Catalog, names: Set[str], today: date) -> Iterator[Finding]:
    """Warn of targets of these KPIs that say they were agreed after today: nobody can know that yet."""
    for name in sorted(catalog.targets.files.keys() & names):
        for index, target in enumerate(catalog.targets.files[name].targets):
            if target.agreed.on > today:
                where = catalog.line_of("targets", name, "targets", index, "agreed", "on")
                what = f"the target of {target.start} says it was agreed on {target.agreed.on}, a day to come"
                yield Finding(where, what, "write the day on which it was agreed", warning=True)


RULES: tuple[Rule, ...] = (
    target_kpi_is_known,
    target_unit_is_the_kpis,
    target_values_fit_the_unit,
    target_near_is_on_the_missed_side,
    target_needs_a_direction,
    targets_join,
    targets_hold_for_whole_months,
    target_slices_are_the_kpis,
    deviations_are_bounded_rightly,
    targets_are_agreed_before_they_hold,
)
