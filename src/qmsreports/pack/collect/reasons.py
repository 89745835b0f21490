"""The reasons behind an objective, counted from the lake as its KPI declares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qmsreports.lake import literal, quoted
from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.collect.coverage import sql_of
from qmsreports.pack.collect.registers import year_before
from qmsreports.pack.objective import Objective, Reason, Reasons

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.pareto import Pareto
    from qmsreports.catalog.table import Table
    from qmsreports.period import Period

_MOST = 7  # reasons by name; the rest is one more


def with_reasons(
    connection: DuckDBPyConnection, catalog: Catalog, period: Period, objectives: Sequence[Objective]
) -> list[Objective]:
    """Return the objectives with the reasons of those that declare some."""
    return [
        one.model_copy(update={"reasons": _reasons(connection, catalog, pareto, period)})
        if (pareto := catalog.kpis[one.kpi].pareto) is not None
        else one
        for one in objectives
    ]


def _reasons(connection: DuckDBPyConnection, catalog: Catalog, pareto: Pareto, period: Period) -> Reasons | None:
    """Count the reasons of a period, most frequent first, beside what the twelve months before had on average."""
    table = catalog.tables[pareto.table]
    dated = pareto.period_by or table.partition or ""
    day = quoted(dated)
    column = table.column(dated)
    if column is not None and column.type == "instant":
        day = f"CAST({day} AT TIME ZONE {literal(catalog.organisation.time_zone)} AS DATE)"
    amount = f"sum({quoted(pareto.sum)})" if pareto.sum else "count(*)"
    narrowed = "".join(f" AND {sql_of(condition)}" for condition in pareto.where)
    rows = connection.execute(
        f"""SELECT coalesce(CAST({quoted(pareto.column)} AS VARCHAR), ''),
                coalesce({amount} FILTER ({day} >= $start), 0), coalesce({amount} FILTER ({day} < $start), 0)
            FROM {quoted(pareto.table)} WHERE {day} >= $year AND {day} < $end{narrowed}
            GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1""",
        {"start": period.start, "end": period.end, "year": year_before(period.start)},
    ).fetchall()
    now = [(name, float(amount), float(before)) for name, amount, before in rows]
    total = sum(amount for _, amount, _ in now)
    if not total:
        return None
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    shown = now[:_MOST] if len(now) > _MOST + 1 else now
    rest = now[len(shown) :]
    parts = [Reason(title=_title(name), amount=amount, before=before * months / 12) for name, amount, before in shown]
    if rest:
        others = Reason(
            title=say("reason.others", n=len(rest)),
            amount=sum(amount for _, amount, _ in rest),
            before=sum(before for *_, before in rest) * months / 12,
        )
        parts.append(others)
    return Reasons(
        table=table.told("title", spoken().code),
        column=figures.dimension(pareto.column),
        unit=_unit(table, pareto.sum),
        total=total,
        reasons=tuple(part for part in parts if part.amount or part.before),
    )


def _unit(table: Table, column: str | None) -> str:
    summed = table.column(column) if column else None
    return figures.unit_word(summed.unit) if summed else say("unit.rows")


def _title(name: str) -> str:
    if not name:
        return say("reason.not_named")
    return figures.value_title(name)
