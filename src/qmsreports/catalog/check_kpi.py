"""Rules on a KPI as a whole: its versions, slices, formulas, units and examples."""

from __future__ import annotations

from collections.abc import Iterator

from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.columns import TYPE_WORDS
from qmsreports.catalog.example import read_rows
from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.measure import Formula
from qmsreports.errors import Finding, did_you_mean


def versions_ascend(scope: Scope) -> Iterator[Finding]:
    """Find versions that are not numbered 1, 2, 3 in the order in which they come into force."""
    for name, kpi in scope.catalog.kpis.items():
        for index, version in enumerate(kpi.versions):
            place = ("versions", index)
            if version.version != index + 1:
                what = f"version {version.version} stands where version {index + 1} is expected"
                yield scope.finding(
                    "kpis", name, (*place, "version"), what, "number versions 1, 2, 3 and keep old ones"
                )
            if index and version.effective_from <= kpi.versions[index - 1].effective_from:
                before = kpi.versions[index - 1].effective_from
                what = (
                    f"version {version.version} begins on {version.effective_from}, not after the one before ({before})"
                )
                yield scope.finding("kpis", name, (*place, "effective_from"), what, "write versions oldest first")


def versions_begin_with_a_month(scope: Scope) -> Iterator[Finding]:
    """Find versions that begin inside a month: the one in force on the first day applies to all of it."""
    for name, kpi in scope.catalog.kpis.items():
        for index, version in enumerate(kpi.versions):
            if version.effective_from.day != 1:
                what = f"{version.effective_from} lies inside a month"
                place = ("versions", index, "effective_from")
                yield scope.finding("kpis", name, place, what, "a version begins on the first day of a month")


def rebases_begin_with_a_month(scope: Scope) -> Iterator[Finding]:
    """Find new beginnings of limits inside a month or out of order: a month is one point, on one side of the break."""
    for name, kpi in scope.catalog.kpis.items():
        for index, rebase in enumerate(kpi.limits.rebase):
            place = ("limits", "rebase", index, "from")
            if rebase.start.day != 1:
                what = f"{rebase.start} lies inside a month"
                yield scope.finding("kpis", name, place, what, "limits begin anew on the first day of a month")
            elif index and rebase.start <= kpi.limits.rebase[index - 1].start:
                what = f"the rebase from {rebase.start} does not follow the one before"
                yield scope.finding("kpis", name, place, what, "write them oldest first, each date once")


def retirements_end_what_nothing_reads(scope: Scope) -> Iterator[Finding]:
    """Find retirements inside a month or before the newest version begins, and formulas that go on reading."""
    for name, kpi in scope.catalog.kpis.items():
        if kpi.retired is None:
            continue
        place, start = ("retired", "from"), kpi.retired.start
        if start.day != 1:
            todo = "a KPI retires on the first day of a month"
            yield scope.finding("kpis", name, place, f"{start} lies inside a month", todo)
        elif start <= kpi.versions[-1].effective_from:
            newest = kpi.versions[-1]
            what = f"it retires on {start}, before version {newest.version} begins ({newest.effective_from})"
            yield scope.finding("kpis", name, place, what, "name a later day or remove that version")
        for other in sorted(scope.catalog.kpis):
            for version in scope.catalog.kpis[other].versions:
                end = scope.catalog.kpis[other].effective_to(version.version)
                reads = isinstance(version.measure, Formula) and name in version.measure.value.kpis()
                if reads and (end is None or end > start):
                    what = f'it retires on {start}, and "{other}" version {version.version} goes on reading it'
                    todo = f"retire {other}, too, or add a version of it that reads something else"
                    yield scope.finding("kpis", name, place, what, todo)


def slices_are_columns(scope: Scope) -> Iterator[Finding]:
    """Find slices that a table of the KPI does not have: numerator and denominator would not match."""
    for name, kpi in scope.catalog.kpis.items():
        tables = dict.fromkeys(table for version in kpi.versions for table in version.counted_tables)
        for index, slice_ in enumerate(kpi.slices):
            place = ("slices", index)
            if slice_ in kpi.slices[:index]:
                yield scope.finding("kpis", name, place, f'slice "{slice_}" is written twice', "keep one")
                continue
            for table_name in tables:
                table = scope.table(table_name)
                if table is None:
                    continue
                column = table.column(slice_)
                if column is None:
                    what = f'slice "{slice_}" is no column of table {table_name}'
                    yield scope.finding("kpis", name, place, what, did_you_mean(slice_, table.names))
                elif column.type not in ("text", "boolean"):
                    what = f'slice "{slice_}" is {TYPE_WORDS[column.type]} in table {table_name}'
                    yield scope.finding("kpis", name, place, what, "slice by a text column")


def combinations_are_of_slices(scope: Scope) -> Iterator[Finding]:
    """Find combinations of columns that are no slices, or that are written twice."""
    for name, kpi in scope.catalog.kpis.items():
        for index, combination in enumerate(kpi.combinations):
            for place, slice_ in enumerate(combination):
                where = ("combinations", index, place)
                if slice_ not in kpi.slices:
                    todo = did_you_mean(slice_, kpi.slices) or "add slices"
                    yield scope.finding("kpis", name, where, f'"{slice_}" is no slice of this KPI', todo)
                elif slice_ in combination[:place]:
                    yield scope.finding("kpis", name, where, f'slice "{slice_}" is combined with itself', "keep one")
            if any(set(combination) == set(other) for other in kpi.combinations[:index]):
                what = f"the combination of {' and '.join(combination)} is written twice"
                yield scope.finding("kpis", name, ("combinations", index), what, "keep one")


def formulas_read_known_kpis(scope: Scope) -> Iterator[Finding]:
    """Find formulas that read unknown KPIs, or themselves round a corner."""
    known = scope.names("kpis")
    for name, kpi in scope.catalog.kpis.items():
        for index, version in enumerate(kpi.versions):
            if not isinstance(version.measure, Formula):
                continue
            place = ("versions", index, "measure", "value")
            for other in dict.fromkeys(version.measure.value.kpis()):
                if other not in known:
                    what = f'KPI "{other}" is not known'
                    yield scope.finding("kpis", name, place, what, did_you_mean(other, known - {name}))
            circle = _circle(scope, name, name, frozenset())
            if circle:
                what = "the formula reads itself: " + " reads ".join((name, *circle))
                yield scope.finding("kpis", name, place, what, "break the circle")


def _circle(scope: Scope, name: str, goal: str, seen: frozenset[str]) -> tuple[str, ...]:
    """Return the way by which a formula comes back to ``goal``; empty when it does not."""
    for other in sorted(_reads(scope.catalog.kpis.get(name))):
        if other == goal:
            return (other,)
        if other not in seen:
            way = _circle(scope, other, goal, seen | {other})
            if way:
                return (other, *way)
    return ()


def _reads(kpi: Kpi | None) -> set[str]:
    versions = kpi.versions if kpi is not None else ()
    return {
        other for version in versions if isinstance(version.measure, Formula) for other in version.measure.value.kpis()
    }


def examples_are_readable(scope: Scope) -> Iterator[Finding]:
    """Find example rows of other tables than the version reads, unknown columns and unreadable values."""
    for name, kpi in scope.catalog.kpis.items():
        for index, version in enumerate(kpi.versions):
            for number, example in enumerate(version.examples):
                place = ("versions", index, "examples", number, "rows")
                main = version.population.table if version.population is not None else ""
                readable = _tables(scope, version, frozenset())
                for table_name, text in example.tables(main).items():
                    where = place if isinstance(example.rows, str) else (*place, table_name)
                    if table_name not in readable:
                        what = f'the example has rows of "{table_name}", which this version does not read'
                        yield scope.finding("kpis", name, where, what, did_you_mean(table_name, readable))
                        continue
                    table = scope.table(table_name)
                    if table is None:
                        continue
                    for problem in read_rows(text, table)[1]:
                        at = _row_line(scope.catalog.line_of("kpis", name, *where), problem.line)
                        yield Finding(at, problem.what, problem.todo)


def _tables(scope: Scope, version: KpiVersion, seen: frozenset[str]) -> tuple[str, ...]:
    """Return the tables behind a version: its own, and those of the KPIs that a formula reads."""
    found = dict.fromkeys(version.tables)
    if isinstance(version.measure, Formula):
        for name in version.measure.value.kpis():
            kpi = scope.catalog.kpis.get(name)
            for other in kpi.versions if kpi is not None and name not in seen else ():
                found |= dict.fromkeys(_tables(scope, other, seen | {name}))
    return tuple(found)


def _row_line(where: str, row: int) -> str:
    """Return the line of a row: the block of text begins on the line after its key."""
    file, _, line = where.rpartition(":")
    return f"{file}:{int(line) + 1 + row}" if line.isdigit() else where


RULES: tuple[Rule, ...] = (
    versions_ascend,
    versions_begin_with_a_month,
    rebases_begin_with_a_month,
    retirements_end_what_nothing_reads,
    slices_are_columns,
    combinations_are_of_slices,
    formulas_read_known_kpis,
    examples_are_readable,
)
