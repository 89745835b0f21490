"""The reasons behind an objective, counted from the lake as its KPI declares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qmsreports.catalog.measure import Ratio
from qmsreports.catalog.pareto import Told, own_rows
from qmsreports.lake import quoted
from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.collect.conditions import day_of, sql_of
from qmsreports.pack.collect.registers import Within, year_before
from qmsreports.pack.objective import Objective, Reason, Reasons

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.catalog.condition import Condition
    from qmsreports.catalog.kpi import KpiVersion
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.pareto import Pareto
    from qmsreports.catalog.table import Table
    from qmsreports.period import Period

_MOST = 7  # reasons by name; the rest is one more


def with_reasons(
    connection: DuckDBPyConnection, catalog: Catalog, period: Period, objectives: Sequence[Objective]
) -> list[Objective]:
    """Return the objectives with the reasons of those that declare some."""
    return [one.model_copy(update={"reasons": _reasons(connection, catalog, period, one)}) for one in objectives]


def _reasons(connection: DuckDBPyConnection, catalog: Catalog, period: Period, one: Objective) -> Reasons | None:
    """Return the reasons of an objective; none where a stopped feed leaves it without a valid value."""
    kpi = catalog.kpis[one.kpi]
    version = kpi.version(one.version)
    if kpi.pareto is None or version is None or one.latest.status == "not_valid":
        return None
    own = kpi.pareto.table is None
    told = own_rows(kpi, version) if own else _of_table(catalog, kpi.pareto)
    if told is None:
        return None
    found = _counted(connection, catalog, kpi.pareto.column, told, period)
    if found is None or not own:
        return found
    kind = "missed" if told.minus is not None else "counted"
    return found.model_copy(update={"kind": kind, "measured": _measured(one, version, missed=kind == "missed")})


def _measured(one: Objective, version: KpiVersion, *, missed: bool) -> float | None:
    """Return what the objective itself counted of it when it was measured."""
    latest = one.latest
    if not isinstance(version.measure, Ratio):
        return latest.value
    if latest.numerator is None or latest.denominator is None:
        return None
    return latest.denominator - latest.numerator if missed else latest.numerator


def _of_table(catalog: Catalog, pareto: Pareto) -> Told:
    assert pareto.table is not None  # the caller asks for no other
    dated = pareto.period_by or catalog.tables[pareto.table].partition or ""
    return Told(pareto.table, dated, (pareto.sum, pareto.where))


def reasons_within(
    connection: DuckDBPyConnection, catalog: Catalog, period: Period, one: Objective, within: Within
) -> Reasons | None:
    """Return the reasons of an objective in a part of the organisation, counted now; ``None`` where it declares none,
    where nothing happened, or where the rows do not say to which part they belong.
    """
    kpi = catalog.kpis[one.kpi]
    version = kpi.version(one.version)
    if kpi.pareto is None or version is None:
        return None
    own = kpi.pareto.table is None
    told = own_rows(kpi, version) if own else _of_table(catalog, kpi.pareto)
    if told is None or not within.tells(catalog.tables[told.table]):
        return None
    found = _counted(connection, catalog, kpi.pareto.column, told, period, within)
    kind = "other" if not own else "missed" if told.minus is not None else "counted"
    return found.model_copy(update={"kind": kind}) if found else None


def _counted(
    connection: DuckDBPyConnection,
    catalog: Catalog,
    column: str,
    told: Told,
    period: Period,
    within: Within | None = None,
) -> Reasons | None:
    """Count the reasons of a period, most frequent first, beside what the twelve months before had on average."""
    table, zone = catalog.tables[told.table], catalog.organisation.time_zone
    day = day_of(table, told.period_by, zone)
    parts = [_part(*part, table, zone) for part in (told.plus, told.minus) if part is not None]
    now, before = (
        " - ".join(f"coalesce({amount} FILTER ({when}{where}), 0)" for amount, where in parts)
        for when in (f"{day} >= $start", f"{day} < $start")
    )
    part = {"part": within.value} if within else {}
    head = within.before(told.table) if within else ""
    rows = connection.execute(
        f"""{head}SELECT coalesce(CAST({quoted(column)} AS VARCHAR), '') AS reason, {now} AS now, {before} AS before
            FROM {quoted(told.table)} WHERE {day} >= $year AND {day} < $end
            GROUP BY reason ORDER BY now DESC, before DESC, reason""",
        {"start": period.start, "end": period.end, "year": year_before(period.start), **part},
    ).fetchall()
    found = [(name, float(amount), float(past)) for name, amount, past in rows if amount or past]
    total = sum(amount for _, amount, _ in found)
    if not total:
        return None
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    shown = found[:_MOST] if len(found) > _MOST + 1 else found
    rest = found[len(shown) :]
    reasons = [Reason(title=_title(name), amount=amount, before=past * months / 12) for name, amount, past in shown]
    if rest:
        others = Reason(
            title=say("reason.others", n=len(rest)),
            amount=sum(amount for _, amount, _ in rest),
            before=sum(past for *_, past in rest) * months / 12,
            others=True,
        )
        reasons.append(others)
    summed = table.column(told.plus[0]) if told.plus[0] else None
    return Reasons(
        table=table.told("title", spoken().code),
        column=figures.dimension(column),
        unit=figures.unit_word(summed.unit or "") if summed else say("unit.rows"),
        total=total,
        reasons=tuple(reasons),
        summed=summed is not None,
    )


def _part(column: str | None, where: Sequence[Condition], table: Table, zone: str) -> tuple[str, str]:
    """Return the aggregate of a part and what narrows its rows."""
    amount = f"sum({quoted(column)})" if column else "count(*)"
    return amount, "".join(f" AND {sql_of(condition, table, zone)}" for condition in where)


def _title(name: str) -> str:
    if not name:
        return say("reason.not_named")
    return figures.value_title(name)
