"""From a number back to its rule, its rows and its SQL: what an auditor asks of one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.target import AcceptedDeviation, Target
from qmsreports.errors import Finding, UserError, did_you_mean
from qmsreports.kpi import sql, words
from qmsreports.kpi.begins import begun, first_days
from qmsreports.kpi.compute import Computation, statement_text
from qmsreports.kpi.counted import counted, file_of
from qmsreports.kpi.engine import Tables
from qmsreports.kpi.execute import duckdb_engine
from qmsreports.kpi.figures import Figure, Slice, compared, extremes, nothing, ordered
from qmsreports.kpi.left_out import questions
from qmsreports.kpi.measurement import measure_tasks
from qmsreports.kpi.plan import Composed, Plan
from qmsreports.kpi.selection import Task, in_force, inputs_of, plan_in
from qmsreports.lake import Lake
from qmsreports.period import Period
from qmsreports.records import KpiResult


@dataclass(frozen=True, slots=True)
class RowCount:
    """So many rows, and what they are."""

    table: str
    meaning: str
    rows: int


@dataclass(frozen=True, slots=True)
class RowsFile:
    """Where the counted rows of a table were written, and how many."""

    path: str
    table: str
    rows: int


@dataclass(frozen=True, slots=True)
class InputValue:
    """A value that a formula read: of which KPI and version, and of which slice."""

    kpi: str
    title: str
    version: int
    slice: Slice
    unit: str
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything behind one number. ``figure`` is computed anew from the named table versions.

    A formula counts no ``rows`` of its own: its ``inputs`` are the values that it read, and ``sql`` are the statements
    that they come from. ``tables`` are all that are read, also those of which nothing was ever published. A period
    that was over before ``begins``, the first day of the record of all that is counted, has no value.
    """

    kpi: Kpi
    version: int
    why: str
    effective_from: str
    period: Period
    slice: Slice
    rule: tuple[str, ...]
    figure: Figure
    target: Target | None
    deviation: AcceptedDeviation | None
    rows: tuple[RowCount, ...]
    table_versions: Mapping[str, int]
    sql: str
    files: tuple[RowsFile, ...] = ()
    inputs: tuple[InputValue, ...] = ()
    tables: tuple[str, ...] = ()
    begins: date = date.min

    def text(self) -> str:
        """Return it as lines for a terminal or a file."""
        return "\n".join(_lines(self)) + "\n"


def explain(
    catalog: Catalog,
    name: str,
    period: Period,
    *,
    approved: Collection[int],
    lake: Tables,
    as_of: datetime,
    cut: Slice = (),
    pinned: Mapping[str, int] | None = None,
    rows_to: Path | None = None,
    number: int | None = None,
) -> Explanation:
    """Explain the value of a KPI for a period and slice, from the newest or the pinned versions of its tables.

    ``number`` is the version that a stored value was made by; without it the one in force counts, and the slice must
    have rows. ``rows_to`` is a CSV file for the counted rows, see :mod:`qmsreports.kpi.counted`; a KPI that reads
    several tables fills one file each. :class:`UserError` when no approved version is in force at the period's start,
    the slice is not one of the KPI's, or the rows of a formula are asked for.
    """
    kpi = catalog.kpis[name]
    version = (kpi.version(number) if number is not None else None) or _in_force(kpi, approved, period)
    plan = plan_in(catalog, kpi, version, period)
    cut = ordered(plan, cut)
    if cut and tuple(column for column, _ in cut) not in plan.cuts:
        asked = " and ".join(column for column, _ in cut)
        known = ", ".join(" and ".join(columns) for columns in plan.cuts)
        raise UserError(Finding(f"kpi {name}", f"is not cut by {asked}", f"its slices: {known}"))
    task = Task(kpi, version, plan, (period,), "")
    inputs = inputs_of(catalog, [version], [period])
    tables = tuple(dict.fromkeys(table for one in (task, *inputs) for table in one.plan.tables))
    at = {**lake.versions(tables), **{key: value for key, value in (pinned or {}).items() if key in tables}}
    rows: tuple[RowCount, ...] = ()
    files: tuple[RowsFile, ...] = ()
    values: tuple[InputValue, ...] = ()
    begins = date.min
    if isinstance(plan.body, Composed):
        if rows_to is not None:
            todo = f"ask for the rows of {' or '.join(plan.body.reads)}"
            raise UserError(Finding(f"kpi {name}", "is computed from other KPIs and counts no rows of its own", todo))
        measured = measure_tasks(catalog, [*inputs, task], lake=lake, as_of=as_of, pinned=at).results
        of = {ordered(plan, tuple(one.slice.items())): one for one in measured if one.kpi == name}
        if number is None:
            _expect(cut, of, name, period)
        figure = _figure(of[cut]) if cut in of else Figure()
        values = _inputs(catalog, plan, plan.body, measured, cut)
        stated = [statement_text(one.plan).rstrip() for one in inputs if not isinstance(one.plan.body, Composed)]
        text = "\n\n".join(stated) + "\n"
    else:
        text = statement_text(plan)
        with duckdb_engine(lake, [catalog.tables[table] for table in plan.tables], at) as engine:
            computation = Computation(catalog, engine, as_of=as_of)
            found = computation.alone(task).get(str(period), {})
            asked_of = [
                (question, [int(count) for count in computation.ask(task, sql.text_of(question.statement))])
                for question in questions(plan, cut)
            ]
            if number is None and not any(counts[1] for _, counts in asked_of):  # not one row in the window
                _expect(cut, found, name, period)
            figure = found.get(cut, nothing(plan))
            begins = begun(plan, first_days(lake, [plan], catalog.tables, at)) if isinstance(lake, Lake) else begins
            if period.end <= begins:
                figure = replace(figure, value=None)
            rows = tuple(
                RowCount(question.about, meaning, count)
                for question, counts in asked_of
                for meaning, count in zip(question.meanings, counts, strict=True)
            )
            if rows_to is not None:
                computation.lay_out(task)
                files = tuple(
                    RowsFile(str(path), entry.table, engine.export(sql.text_of(entry.statement), path))
                    for place, entry in enumerate(counted(plan, catalog.tables, cut))
                    for path in (file_of(rows_to, entry, first=place == 0),)
                )
    return Explanation(
        kpi=kpi,
        version=version.version,
        why=version.why,
        effective_from=version.effective_from.isoformat(),
        period=period,
        slice=cut,
        rule=words.rule_of(plan),
        figure=figure,
        target=catalog.targets.of(name, period, dict(cut), adds_up=kpi.adds_up(version)),
        deviation=catalog.targets.deviation(name, period, dict(cut)),
        rows=rows,
        table_versions=at,
        sql=text,
        files=files,
        inputs=values,
        tables=tables,
        begins=begins,
    )


def _in_force(kpi: Kpi, approved: Collection[int], period: Period) -> KpiVersion:
    version = in_force(kpi, approved, period)
    if version is None and kpi.retired is not None and kpi.is_retired(period.end):
        what = f"retired from {kpi.retired.start} on ({kpi.retired.because.rstrip('.')})"
        raise UserError(Finding(f"kpi {kpi.kpi}", what, "name an earlier period"))
    if version is None:
        todo = "name a later period, or approve a version that begins before it"
        raise UserError(Finding(f"kpi {kpi.kpi}", f"no approved version is in force in {period}", todo))
    return version


def _expect(cut: Slice, found: Collection[Slice], name: str, period: Period) -> None:
    """Refuse a slice of which there is nothing, with the values that there are."""
    if not cut or cut in found:
        return
    asked = " and ".join(f"{column} {value}" for column, value in cut)
    todo = "name another one"
    for column, value in cut:
        known = {other for one in found for own, other in one if own == column}
        if value not in known:
            todo = did_you_mean(value, known) or todo
            break
    raise UserError(Finding(f"kpi {name}", f"{period} has no rows of {asked}", todo))


def _figure(result: KpiResult) -> Figure:
    return Figure(result.value, result.numerator, result.denominator, result.n, result.parts)


def _inputs(
    catalog: Catalog, plan: Plan, body: Composed, measured: Collection[KpiResult], cut: Slice
) -> tuple[InputValue, ...]:
    """Return the values that a formula read for a slice, those among which an extreme is sought after the others."""
    of: dict[str, dict[Slice, KpiResult]] = {name: {} for name in body.reads}
    for one in measured:
        if one.kpi in of:
            of[one.kpi][ordered(plan, tuple(one.slice.items()))] = one
    read = [(name, cut) for name in body.reads]
    for extreme in extremes(body.root):
        among = compared(extreme, {at: _figure(one) for at, one in of[extreme.kpi].items()})
        read += [(extreme.kpi, ((extreme.over, value),)) for value in sorted(among)]
    found = [of[name][at] for name, at in dict.fromkeys(read) if at in of[name]]
    return tuple(
        InputValue(
            kpi=one.kpi,
            title=catalog.kpis[one.kpi].title,
            version=one.version,
            slice=ordered(plan, tuple(one.slice.items())),
            unit=one.unit,
            value=one.value,
            numerator=one.numerator,
            denominator=one.denominator,
            n=one.n,
        )
        for one in found
    )


def _lines(entry: Explanation) -> list[str]:
    cut = ", ".join(f"{name} {value}" for name, value in entry.slice)
    lines = [
        f"{entry.kpi.title}, {entry.period}{f', {cut}' if cut else ''}: {_value(entry)}",
        entry.kpi.question,
        "",
        f"Version {entry.version}, in force from {entry.effective_from}: {entry.why}",
        *_inside(entry),
        *(f"  {line}" for line in entry.rule if line),
        "",
        f"Numbers: {_parts(entry.figure)}",
    ]
    if entry.period.end <= entry.begins:
        lines.append(
            f"No value: the record of what is counted begins on {entry.begins}, after this period. Rows before it are "
            f"left over from an earlier time; if they are all there were, declare recorded_from in the table's file."
        )
    if entry.target is not None:
        agreed = entry.target.agreed
        near = f", near {_number(entry.target.near)}" if entry.target.near is not None else ""
        lines.append(
            f"Target: {_number(entry.target.meet)}{near}, agreed by {agreed.by} on {agreed.on} ({agreed.record})"
        )
    if entry.deviation is not None:
        lines.append(
            f"Accepted deviation until {entry.deviation.to}: {entry.deviation.because} ({entry.deviation.action})"
        )
    if entry.rows:
        width = max(len(f"{count.rows:,}") for count in entry.rows)
        lines += ["", "Rows:", *(f"  {count.rows:>{width},}  {count.meaning}" for count in entry.rows)]
    if entry.inputs:
        lines += ["", "Computed from:", *(f"  {_read(one)}" for one in entry.inputs)]
    if entry.table_versions:
        versions = ", ".join(f"{table} {number}" for table, number in sorted(entry.table_versions.items()))
        lines += ["", f"Table versions: {versions}"]
    return [*lines, "", entry.sql.rstrip()] if entry.sql else lines


def _inside(entry: Explanation) -> list[str]:
    """Say that a later version began inside the period: a whole period is counted by the version of its first day."""
    period = entry.period
    later = [one for one in entry.kpi.versions if period.start < one.effective_from < period.end]
    return [
        f"Version {one.version} took effect on {one.effective_from}, inside this period; all of it is counted by "
        f"version {entry.version}, in force on its first day."
        for one in later
    ]


def _read(one: InputValue) -> str:
    cut = ", ".join(f"{name} {value}" for name, value in one.slice)
    of = f" {_number(one.numerator)} of {_number(one.denominator)}," if one.denominator is not None else ""
    return (
        f"{one.kpi}{f', {cut}' if cut else ''}: {_number(one.value)} {one.unit},{of} n {one.n} "
        f"({one.title}, version {one.version})"
    )


def _parts(figure: Figure) -> str:
    values = {"numerator": figure.numerator, "denominator": figure.denominator, "n": float(figure.n)}
    known = {name: value for name, value in values.items() if value is not None} | dict(figure.parts)
    return ", ".join(f"{name} {_number(value)}" for name, value in known.items())


def _value(entry: Explanation) -> str:
    version = entry.kpi.version(entry.version)
    if version is not None and version.not_reached(entry.figure.value, entry.figure.n, "no_data"):
        return "not reached, too many cases are still open"
    return f"{_number(entry.figure.value)} {entry.kpi.unit}"


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
