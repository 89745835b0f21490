"""Reader of formulas: values made of other KPIs' values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from qmsreports.catalog.kpi import Kpi
from qmsreports.catalog.measure import Expression, Extreme, Formula
from qmsreports.errors import did_you_mean
from qmsreports.kpi.interpret.context import Context
from qmsreports.kpi.plan import Composed, Step


def read_formula(context: Context, measure: Formula) -> Composed | None:
    """Read a formula; it names KPIs that exist and never, by whatever detour, itself."""
    reads = tuple(dict.fromkeys(measure.value.kpis()))
    place = ("measure", "value")
    for name in reads:
        if name not in context.kpis and name != context.kpi.kpi:
            context.refuse(place, f'there is no KPI "{name}"', did_you_mean(name, context.kpis))
    if not reads:
        context.refuse(place, "the formula reads no KPI", "name at least one, as {kpi: name}")
    for extreme in measure.value.extremes():
        other = context.kpis.get(extreme.kpi)
        if other is not None and extreme.over not in other.slices:
            what = f'{extreme.kpi} has no slice "{extreme.over}"'
            context.refuse(place, what, did_you_mean(extreme.over, other.slices))
        if context.kpi.slices:
            context.refuse(place, "the gap between slices has no slices itself", "remove slices")
    circle = _circle(context.kpi.kpi, {**context.kpis, context.kpi.kpi: context.kpi})
    if circle:
        context.refuse(place, f"the formula reads itself: {' -> '.join(circle)}", "break the circle")
    return None if context.findings else Composed(_step(measure.value), reads)


def _step(expression: Expression) -> Step:
    if expression.kpi is not None:
        return Step("kpi", kpi=expression.kpi)
    if expression.highest is not None:
        return _extreme("highest", expression.highest)
    if expression.lowest is not None:
        return _extreme("lowest", expression.lowest)
    if expression.number is not None:
        return Step("number", number=expression.number)
    if expression.add is not None:
        return Step("add", steps=tuple(_step(operand) for operand in expression.add))
    if expression.subtract is not None:
        return Step("subtract", steps=tuple(_step(operand) for operand in expression.subtract))
    if expression.multiply is not None:
        return Step("multiply", steps=tuple(_step(operand) for operand in expression.multiply))
    return Step("divide", steps=tuple(_step(operand) for operand in expression.divide or ()))


def _extreme(operator: Literal["highest", "lowest"], extreme: Extreme) -> Step:
    return Step(operator, kpi=extreme.kpi, over=extreme.over, at_least=extreme.at_least)


def _reads(kpi: Kpi | None) -> set[str]:
    measures = [version.measure for version in kpi.versions] if kpi is not None else []
    return {name for measure in measures if isinstance(measure, Formula) for name in measure.value.kpis()}


def _circle(start: str, kpis: Mapping[str, Kpi]) -> list[str]:
    """Return a circle of formulas that leads from a KPI back to itself, empty where there is none."""
    paths = [[start, name] for name in sorted(_reads(kpis.get(start)))]
    seen: set[str] = set()
    while paths:
        path = paths.pop()
        if path[-1] == start:
            return path
        if path[-1] not in seen:
            seen.add(path[-1])
            paths += [[*path, name] for name in sorted(_reads(kpis.get(path[-1])))]
    return []
