"""What a definition says against the units that its tables declare; only what is certain, since units are words.

These are no rules of reading the catalog: a definition that was approved before they were asked goes on being measured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qmsreports.catalog.document import Location
from qmsreports.catalog.kpi import Kpi, KpiVersion
from qmsreports.catalog.load import Catalog
from qmsreports.catalog.measure import Expression, Formula, Mean, Percentile, Score, Sum
from qmsreports.errors import Finding

_SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
_SCALE = re.compile(r"(\d+)\s*(?:-|\u2013|\.\.|to)\s*(\d+)")
_CURRENCY = re.compile("[A-Z]{3}")
_SURE = ("minutes", "hours", "days", "percent", "ppm", "per_1000")
"""Units that mean one thing; a column may also count "pieces" or give "operations", which fit many a KPI."""


def contradictions(catalog: Catalog) -> dict[tuple[str, int], tuple[Finding, ...]]:
    """Return what contradicts itself in each version, by KPI and number, with ``file:line``."""
    found: dict[tuple[str, int], tuple[Finding, ...]] = {}
    for name, kpi in sorted(catalog.kpis.items()):
        for index, version in enumerate(kpi.versions):
            said = tuple(
                Finding(_where(catalog, kpi, index, place), what, todo)
                for place, what, todo in _of(catalog, kpi, version)
            )
            if said:
                found[name, version.version] = said
    return found


def _of(catalog: Catalog, kpi: Kpi, version: KpiVersion) -> Iterator[tuple[Location, str, str]]:
    measure = version.measure
    if isinstance(measure, Sum | Mean | Percentile) and isinstance(measure.of, str):
        unit = _declared(catalog, version, measure.of)
        if not _fits(unit, kpi.unit, catalog.organisation.currency):
            what = f'a {measure.kind} of "{measure.of}", which is in {unit}, cannot be in {kpi.unit}'
            yield ("of",), what, f"write unit: {unit}" if not _SCALE.fullmatch(unit) else "write unit: score"
    if isinstance(measure, Percentile) and measure.p < 1:
        yield ("p",), f"p: {measure.p:g} is less than one percent of the rows", f"write p: {100 * measure.p:g}"
    if isinstance(measure, Score):
        scale = _SCALE.fullmatch(_declared(catalog, version, measure.field))
        own, asked = (int(scale[1]), int(scale[2])) if scale else None, _SCALES[measure.type]
        if own is not None and own != asked:
            words = [f"from {low} to {high}" for low, high in (asked, own)]
            what = f'{measure.type} is asked {words[0]} and "{measure.field}" goes {words[1]}'
            yield ("field",), what, _other_score(own)
    if isinstance(measure, Formula) and _divides_by_nothing(measure.value):
        yield ("value",), "the formula divides by 0 and never has a value", "divide by something else"


def _where(catalog: Catalog, kpi: Kpi, index: int, place: Location) -> str:
    line = catalog.line_of("kpis", kpi.kpi, "versions", index, "measure", *place)
    return line or f"kpi {kpi.kpi} version {kpi.versions[index].version}"


def _declared(catalog: Catalog, version: KpiVersion, name: str) -> str:
    table = catalog.tables.get(version.population.table) if version.population is not None else None
    column = table.column(name) if table is not None else None
    return column.unit.strip() if column is not None else ""


def _fits(declared: str, unit: str, currency: str) -> bool:
    """Tell whether a column in one unit may give a value in another, as far as both words are known."""
    money = declared == currency or (_CURRENCY.fullmatch(declared) and _CURRENCY.fullmatch(unit))
    if declared in _SURE or money:
        return declared == unit
    if _SCALE.fullmatch(declared):
        return unit not in _SURE and not _CURRENCY.fullmatch(unit)
    return True


def _other_score(own: tuple[int, int]) -> str:
    fitting = [name for name, scale in _SCALES.items() if scale == own]
    return f"write type: {fitting[0]} or name another column" if fitting else "name another column"


def _divides_by_nothing(expression: Expression) -> bool:
    below = expression.divide[1] if expression.divide is not None else None
    if below is not None and _constant(below) == 0:
        return True
    operands = (expression.add, expression.subtract, expression.multiply, expression.divide)
    return any(_divides_by_nothing(one) for found in operands for one in found or ())


def _constant(expression: Expression) -> float | None:
    """Return the number that an expression comes to whatever the KPIs are; ``None`` where it depends on them."""
    if expression.number is not None:
        return expression.number
    if expression.multiply is not None and any(_constant(one) == 0 for one in expression.multiply):
        return 0.0
    added = [_constant(one) for one in expression.add or expression.subtract or ()]
    known = [number for number in added if number is not None]
    if not added or len(known) < len(added):
        return None
    return sum(known) if expression.add is not None else known[0] - known[1]
