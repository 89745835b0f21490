"""From a number back to its rule, its rows and its SQL: what an auditor asks of one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.target import AcceptedDeviation, Target
from qmsreports.errors import Finding, UserError
from qmsreports.kpi import sql, words
from qmsreports.kpi.compute import Computation, statement_text
from qmsreports.kpi.counted import counted, file_of
from qmsreports.kpi.engine import Tables
from qmsreports.kpi.execute import duckdb_engine
from qmsreports.kpi.figures import Figure, Slice, nothing, ordered
from qmsreports.kpi.left_out import questions
from qmsreports.kpi.plan import Composed
from qmsreports.kpi.selection import Task, in_force, plan_in
from qmsreports.period import Period


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
class Explanation:
    """Everything behind one number. ``figure`` is computed anew from the named table versions."""

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
) -> Explanation:
    """Explain the value of a KPI for a period and slice, from the newest or the pinned versions of its tables.

    ``rows_to`` is a CSV file for the counted rows, see :mod:`qmsreports.kpi.counted`; a KPI that reads several tables
    fills one file each. :class:`UserError` when no approved version is in force at the period's start, the slice is not
    one of the KPI's, or the rows of a formula are asked for.
    """
    kpi = catalog.kpis[name]
    version = in_force(kpi, approved, period)
    if version is None and kpi.retired is not None and kpi.is_retired(period.end):
        what = f"retired from {kpi.retired.start} on ({kpi.retired.because.rstrip('.')})"
        raise UserError(Finding(f"kpi {name}", what, "name an earlier period"))
    if version is None:
        todo = "name a later period, or approve a version that begins before it"
        raise UserError(Finding(f"kpi {name}", f"no approved version is in force in {period}", todo))
    plan = plan_in(catalog, kpi, version, period)
    cut = ordered(plan, cut)
    if cut and tuple(column for column, _ in cut) not in plan.cuts:
        asked = " and ".join(column for column, _ in cut)
        known = ", ".join(" and ".join(columns) for columns in plan.cuts)
        raise UserError(Finding(f"kpi {name}", f"is not cut by {asked}", f"its slices: {known}"))
    task = Task(kpi, version, plan, (period,), "")
    at = {**lake.versions(plan.tables), **{key: value for key, value in (pinned or {}).items() if key in plan.tables}}
    figure = Figure() if isinstance(plan.body, Composed) else nothing(plan)
    rows: tuple[RowCount, ...] = ()
    files: tuple[RowsFile, ...] = ()
    if rows_to is not None and isinstance(plan.body, Composed):
        todo = f"ask for the rows of {' or '.join(plan.body.reads)}"
        raise UserError(Finding(f"kpi {name}", "is computed from other KPIs and counts no rows of its own", todo))
    if not isinstance(plan.body, Composed):
        with duckdb_engine(lake, [catalog.tables[table] for table in plan.tables], at) as engine:
            computation = Computation(catalog, engine, as_of=as_of)
            figure = computation.alone(task).get(str(period), {}).get(cut, figure)
            rows = tuple(
                RowCount(question.about, meaning, int(count))
                for question in questions(plan, cut)
                for meaning, count in zip(
                    question.meanings, computation.ask(task, sql.text_of(question.statement)), strict=True
                )
            )
            if rows_to is not None:
                computation.lay_out(task)
                files = tuple(
                    RowsFile(str(path), entry.table, engine.export(sql.text_of(entry.statement), path))
                    for number, entry in enumerate(counted(plan, catalog.tables, cut))
                    for path in (file_of(rows_to, entry, first=number == 0),)
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
        sql="" if isinstance(plan.body, Composed) else statement_text(plan),
        files=files,
    )


def _lines(entry: Explanation) -> list[str]:
    cut = ", ".join(f"{name} {value}" for name, value in entry.slice)
    lines = [
        f"{entry.kpi.title}, {entry.period}{f', {cut}' if cut else ''}: {_number(entry.figure.value)} {entry.kpi.unit}",
        entry.kpi.question,
        "",
        f"Version {entry.version}, in force from {entry.effective_from}: {entry.why}",
        *_inside(entry),
        *(f"  {line}" for line in entry.rule if line),
        "",
        f"Numbers: {_parts(entry.figure)}",
    ]
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


def _parts(figure: Figure) -> str:
    values = {"numerator": figure.numerator, "denominator": figure.denominator, "n": float(figure.n)}
    known = {name: value for name, value in values.items() if value is not None} | dict(figure.parts)
    return ", ".join(f"{name} {_number(value)}" for name, value in known.items())


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"
