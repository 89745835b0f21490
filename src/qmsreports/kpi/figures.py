"""One computed number with its parts, read from a row of a statement."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qmsreports.kpi import rollup, rows
from qmsreports.kpi.plan import Additive, Chosen, Level, Plan, Quotient, Spread, Step

UNNAMED = "(none)"
"""Value of a slice for rows in which the column is empty; they are shown, so that slices add up to the whole."""
Slice = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value in the KPI's unit with what it is made of; ``value`` is None where there is nothing to divide by."""

    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    n: int = 0
    parts: Mapping[str, float] = field(default_factory=dict)


def parts_of(plan: Plan) -> tuple[str, ...]:
    """Return the names of the parts in a row, between the slices and the value."""
    return rows.parts_of(plan) if isinstance(plan.body, Spread | Chosen) else rollup.parts_of(plan)


def reader(plan: Plan) -> Callable[[Sequence[Any]], tuple[str, Slice, Figure]]:
    """Return what takes period, slice and figure from a row; columns are taken by position, see :func:`parts_of`."""
    place, names = places(plan), parts_of(plan)

    def read(row: Sequence[Any]) -> tuple[str, Slice, Figure]:
        period, cut, rest = place(row)
        return period, cut, of(plan, rest, names)

    return read


def of(plan: Plan, columns: Sequence[Any], names: Sequence[str]) -> Figure:
    """Return the figure of a row's parts, named in their order by :func:`parts_of`, and its value, which comes last."""
    parts = dict(zip(names, (_number(value) for value in columns[:-1]), strict=True))
    return _figure(plan, parts, _number(columns[-1]))


def places(plan: Plan) -> Callable[[Sequence[Any]], tuple[str, Slice, Sequence[Any]]]:
    """Return what takes from a row its period, its slice and what follows them.

    A slice is made once and looked up for all other periods.
    """
    count = len(plan.slices)
    known: dict[tuple[Any, ...], Slice] = {}

    def place(row: Sequence[Any]) -> tuple[str, Slice, Sequence[Any]]:
        key = tuple(row[1 : 2 + count])
        cut = known.get(key)
        if cut is None:
            sliced = int(row[1 + count])  # a bit per slice, the first one highest; 0 where the row is grouped by it
            chosen = [index for index in range(count) if not sliced >> (count - 1 - index) & 1]
            cut = known[key] = tuple((plan.slices[index], _label(row[1 + index])) for index in chosen)
        return str(row[0]), cut, row[2 + count :]

    return place if count else lambda row: (str(row[0]), (), row[1:])


def ordered(plan: Plan, cut: Slice) -> Slice:
    """Return a slice with its columns in the order of the plan's, which is how the engine names it."""
    places = {name: place for place, name in enumerate(plan.slices)}
    return tuple(sorted(cut, key=lambda entry: places.get(entry[0], len(places))))


def nothing(plan: Plan) -> Figure:
    """Return the figure of a period without any row: a count of nothing is 0, a share of nothing is no value."""
    names = parts_of(plan)
    counted = isinstance(plan.body, Level) or (
        isinstance(plan.body, Additive) and all(quotient.over is None for quotient in plan.body.quotients)
    )
    parts = {name: None if name in ("low", "high") else 0.0 for name in names}
    return _figure(plan, parts, 0.0 if counted else None)


def _label(value: object) -> str:
    if value is None:
        return UNNAMED
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _figure(plan: Plan, parts: Mapping[str, float | None], value: float | None) -> Figure:
    known = {name: number for name, number in parts.items() if number is not None}
    body = plan.body
    if isinstance(body, Level):
        return Figure(value, value, None, int(value or 0))
    if isinstance(body, Additive):
        n = int(known.get(body.n, 0))
        if len(body.quotients) > 1:
            return Figure(value, None, None, n, known | _factors(body.quotients, known))
        return _of_quotient(body.quotients[0], known, n, value)
    if isinstance(body, Chosen):
        return _of_quotient(body.quotients[0], known, int(known.get("n", 0)), value)
    n = int(known.get("n", 0))
    if "numerator" in parts:
        return Figure(value, known.get("numerator"), float(n), n, _rest(known, "numerator", "n"))
    return Figure(value, None, None, n, _rest(known, "n"))


def _of_quotient(quotient: Quotient, known: Mapping[str, float], n: int, value: float | None) -> Figure:
    numerator = known.get(quotient.plus[0], 0.0) if len(quotient.plus) == 1 else _total(known, quotient.plus)
    if quotient.minus:
        numerator -= _total(known, quotient.minus)
    denominator = known.get(quotient.over, 0.0) if quotient.over is not None else None
    return Figure(value, numerator, denominator, n, _rest(known, "numerator", "denominator", "n"))


def _total(known: Mapping[str, float], names: Sequence[str]) -> float:
    return sum(known.get(name, 0.0) for name in names)


def _rest(known: Mapping[str, float], *taken: str) -> dict[str, float]:
    return {name: number for name, number in known.items() if name not in taken}


def _factors(quotients: Sequence[Quotient], known: Mapping[str, float]) -> dict[str, float]:
    """Return each factor of a product under its own name, so that it can be shown which one costs most."""
    found = {}
    for quotient in quotients:
        below = known.get(quotient.over or "", 0.0)
        if below:
            found[quotient.name] = known.get(quotient.plus[0], 0.0) / below
    return found


def combine(
    step: Step, figures: Mapping[str, Figure], slices: Mapping[str, Mapping[Slice, Figure]] | None = None
) -> float | None:
    """Return the value of a formula; None as soon as one of its values is missing or it divides by zero.

    ``slices`` are all figures of the KPIs, for the extremes; one of fewer than two slices is no extreme and None. Where
    too many cases of a slice are still open for its value, that slice is beyond the others: it may be the highest, by
    how much nobody knows, and it is not the lowest.
    """
    if step.operator == "number":
        return step.number
    if step.operator in ("highest", "lowest"):
        of = (slices or {}).get(step.kpi, {})
        values, beyond = list(compared(step, of).values()), _not_reached(step, of)
        if not values or len(values) + beyond < 2 or (beyond and step.operator == "highest"):
            return None
        return max(values) if step.operator == "highest" else min(values)
    if step.operator == "kpi":
        figure = figures.get(step.kpi)
        return figure.value if figure is not None else None
    operands = [combine(operand, figures, slices) for operand in step.steps]
    total = operands[0]
    for value in operands[1:]:
        if total is None or value is None:
            return None
        total = _apply(step.operator, total, value)
    return total


def compared(step: Step, slices: Mapping[Slice, Figure]) -> dict[str, float]:
    """Return the values among which an extreme is sought, by the name of their slice."""
    own = _apart(step, slices)
    return {name: figure.value for name, figure in own.items() if figure.value is not None}


def _not_reached(step: Step, slices: Mapping[Slice, Figure]) -> int:
    """Return how many slices have no value because too many of their cases are still open."""
    return sum(figure.value is None and "finished" in figure.parts for figure in _apart(step, slices).values())


def _apart(step: Step, slices: Mapping[Slice, Figure]) -> dict[str, Figure]:
    """Return the slices that take part in the search for an extreme, by name: those with enough rows."""
    return {
        cut[0][1]: figure
        for cut, figure in slices.items()
        if len(cut) == 1 and cut[0][0] == step.over and cut[0][1] != UNNAMED and figure.n >= step.at_least
    }


def extremes(step: Step) -> tuple[Step, ...]:
    """Return the extremes in a formula."""
    own = (step,) if step.operator in ("highest", "lowest") else ()
    return own + tuple(found for operand in step.steps for found in extremes(operand))


def _apply(operator: str, left: float, right: float) -> float | None:
    if operator == "divide":
        return left / right if right else None
    result = {"add": left + right, "subtract": left - right, "multiply": left * right}[operator]
    return result if math.isfinite(result) else None
