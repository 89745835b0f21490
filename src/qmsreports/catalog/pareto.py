"""Reasons behind a KPI, as its own rows or those of a table tell them: declared, so that nobody picks what suits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import field_validator, model_validator

from qmsreports.catalog.condition import Condition
from qmsreports.catalog.measure import Count, Part, Population, Ratio, Sum
from qmsreports.catalog.model import Model, Name

if TYPE_CHECKING:
    from qmsreports.catalog.kpi import Kpi, KpiVersion


class Pareto(Model):
    """The rows behind a KPI in the period, told apart by a ``column``: where to look first.

    Without ``table`` they are the KPI's own, as the version in force counts them: of a ratio that should be high what
    missed it (the denominator less the numerator), of one that should be low its numerator, of a count or sum all of
    it. The total is then that of the KPI.

    With ``table`` they are other rows, counted or added up (``sum``). ``period_by`` dates them; by default the column
    that partitions the table.
    """

    column: Name
    table: Name | None = None
    period_by: Name | None = None
    sum: Name | None = None
    where: tuple[Condition, ...] = ()

    @field_validator("where", mode="after")
    @classmethod
    def _compares_columns(cls, value: tuple[Condition, ...]) -> tuple[Condition, ...]:
        if any(condition.field is None for condition in value):
            raise ValueError("a condition on reasons compares columns, not lengths of time; name a field")
        return value

    @model_validator(mode="after")
    def _own_rows_need_nothing(self) -> Pareto:
        if self.table is None and (self.period_by or self.sum or self.where):
            raise ValueError("period_by, sum and where belong to a table; name it, or remove them")
        return self


@dataclass(frozen=True, slots=True)
class Told:
    """The rows of one table that are added up: ``plus`` less ``minus``, each a column (none: rows) and conditions."""

    table: str
    period_by: str
    plus: tuple[str | None, tuple[Condition, ...]]
    minus: tuple[str | None, tuple[Condition, ...]] | None = None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition on the rows."""
        return (*self.plus[1], *(self.minus[1] if self.minus else ()))


def own_rows(kpi: Kpi, version: KpiVersion) -> Told | None:
    """Return the rows that tell the reasons of a version; ``None`` where they do not add up to what it counts.

    Percentiles, scores, levels and formulas have no such sum, a window is longer than the period, and a length of time
    needs a calendar.
    """
    population, measure = version.population, version.measure
    if population is None or version.window is not None:
        return None
    found: Told | None = None
    if isinstance(measure, Count | Sum) and population.period_by:
        summed = measure.of if isinstance(measure, Sum) else None
        found = Told(population.table, population.period_by, (summed, (*population.where, *measure.where)))
    elif isinstance(measure, Ratio):
        found = _of_ratio(population, measure, missed=kpi.better == "higher")
    if found is not None and any(condition.field is None for condition in found.conditions):
        return None
    return found


def _of_ratio(own: Population, measure: Ratio, *, missed: bool) -> Told | None:
    met = measure.numerator.population or own
    if not met.period_by:
        return None
    if not missed:
        return Told(met.table, met.period_by, _amount(measure.numerator, met))
    asked = measure.denominator.population or own
    if (asked.table, asked.period_by) != (met.table, met.period_by):
        return None
    return Told(met.table, met.period_by, _amount(measure.denominator, asked), _amount(measure.numerator, met))


def _amount(part: Part, population: Population) -> tuple[str | None, tuple[Condition, ...]]:
    return part.sum, (*population.where, *part.where)
