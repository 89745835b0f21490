"""How a KPI is computed: a closed vocabulary, one model per kind; no SQL, no formulas as text.

Every kind names columns of the canonical tables only. ``numerator`` and ``denominator`` are kept apart so that ratios
are never averaged: 1 of 100 and 99 of 100 lines is 100 of 200, whatever the months in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from qmsreports.catalog.condition import Condition
from qmsreports.catalog.model import Model, Name, Number, Whole
from qmsreports.catalog.span import Elapsed, WorkingTime

Unfinished = Literal["leave_out", "count_until_period_end", "censor"]
"""What a case without an end counts as: nothing, its age at the end of the period, or "at least that" (censored)."""


class Population(Model):
    """The rows that are looked at: of ``table``, those whose ``period_by`` lies in the period and that meet ``where``.

    ``period_by`` is a date or instant column; only a level has none.
    """

    table: Name
    period_by: Name | None = None
    where: tuple[Condition, ...] = ()


class OnePer(Model):
    """Keep one row of each ``key`` in the period, so that a customer who answers often does not count often."""

    key: Name
    keep: Literal["latest", "first"] = "latest"


class Part(Model):
    """A sum over rows: ``{count: rows, where: [...]}`` or ``{sum: column, where: [...]}``.

    ``population`` only where the rows come from another table or another date than the KPI's own, as in complaints
    (by received_on) per order line (by ordered_on).
    """

    count: Literal["rows"] | None = None
    sum: Name | None = None
    where: tuple[Condition, ...] = ()
    population: Population | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Part:
        if (self.count is None) == (self.sum is None):
            raise ValueError("needs either count or sum: {count: rows} or {sum: column}")
        return self


class Duration(Model):
    """A length of time: ``{working_time: {...}}`` or ``{elapsed: {...}}``."""

    working_time: WorkingTime | None = None
    elapsed: Elapsed | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Duration:
        if (self.working_time is None) == (self.elapsed is None):
            raise ValueError("needs either working_time or elapsed")
        return self

    @property
    def start(self) -> str:
        """Column with the beginning."""
        return self.span.start

    @property
    def to(self) -> str:
        """Column with the end; null while the case is unfinished."""
        return self.span.to

    @property
    def span(self) -> WorkingTime | Elapsed:
        """The one that is set."""
        span = self.working_time or self.elapsed
        assert span is not None  # _one_of
        return span


class Count(Model):
    """Number of rows of the population that also meet ``where``."""

    kind: Literal["count"]
    where: tuple[Condition, ...] = ()


class Sum(Model):
    """Sum of a number column."""

    kind: Literal["sum"]
    of: Name
    where: tuple[Condition, ...] = ()


class Mean(Model):
    """Mean of a number column over the rows where it is known; numerator the sum, denominator the rows."""

    kind: Literal["mean"]
    of: Name
    where: tuple[Condition, ...] = ()


class Ratio(Model):
    """``per`` x numerator / denominator. Without ``per`` the unit gives the scale: percent 100, ppm 1,000,000."""

    kind: Literal["ratio"]
    numerator: Part
    denominator: Part
    per: Number | None = Field(default=None, gt=0)


def _unfinished_decided(measure: Percentile | DurationMeasure) -> None:
    """Refuse a duration that does not say what unfinished cases count as: it must be decided, not forgotten."""
    if isinstance(measure.of, Duration) and measure.unfinished is None:
        raise ValueError("a duration needs unfinished: leave_out, count_until_period_end or censor")
    if not isinstance(measure.of, Duration) and measure.unfinished is not None:
        raise ValueError("unfinished belongs to durations only")


class Percentile(Model):
    """The value that ``p`` percent of the rows do not exceed (continuous, interpolated), of a column or a duration."""

    kind: Literal["percentile"]
    of: Name | Duration
    p: Number = Field(gt=0, lt=100)
    unfinished: Unfinished | None = None
    where: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _decided(self) -> Percentile:
        _unfinished_decided(self)
        return self


class DurationMeasure(Model):
    """Median or mean length of a duration; with ``unfinished: censor`` the Kaplan-Meier median."""

    kind: Literal["duration"]
    of: Duration
    show: Literal["median", "mean"] = "median"
    unfinished: Unfinished | None = None
    where: tuple[Condition, ...] = ()

    @model_validator(mode="after")
    def _decided(self) -> DurationMeasure:
        _unfinished_decided(self)
        return self


class Score(Model):
    """A satisfaction score of one answer column.

    ``nps``: 0-10, promoters 9-10 minus detractors 0-6, in points; ``csat``: 1-5, share of 4 and 5, in percent;
    ``ces``: 1-7, mean of "made it easy" (unit score) or share of 5 to 7 (unit percent).
    """

    kind: Literal["score"]
    type: Literal["nps", "csat", "ces"]
    field: Name
    one_per: OnePer | None = None
    where: tuple[Condition, ...] = ()


class Factor(Model):
    """One ratio of a product, with the name it is shown under."""

    name: Name
    numerator: Part
    denominator: Part


class Product(Model):
    """Product of ratios, as in OEE. A factor above ``each_factor_at_most`` is kept and reported, never cut."""

    kind: Literal["product"]
    factors: tuple[Factor, ...] = Field(min_length=2)
    each_factor_at_most: Number | None = Field(default=None, gt=0)


class Level(Model):
    """Cases open at the end of the period: begun before it, not ended by then. Never summed over time."""

    kind: Literal["level"]
    start: Name = Field(alias="from")
    to: Name
    where: tuple[Condition, ...] = ()


class Extreme(Model):
    """The best or worst of a KPI's slices: ``{kpi: csat, over: channel, at_least: 5}``.

    Slices with fewer than ``at_least`` rows are left out: with more slices and fewer rows in each the gap between the
    extremes grows by chance alone, so that two answers on one channel must not decide it. ``over`` is one of the KPI's
    own slices; rows without a value there take no part. There is no highest where a slice of a duration that censors is
    not reached: it is beyond all others, and nobody knows how far.
    """

    kpi: Name
    over: Name
    at_least: Whole = Field(default=1, ge=1)


class Expression(Model):
    """A value made of other KPIs' values; exactly one field is set.

    ``highest`` less ``lowest`` is how far the slices of a KPI lie apart: values of 90, 84 and 60 percent on three
    channels are a gap of 30 points.
    """

    kpi: Name | None = None
    highest: Extreme | None = None
    lowest: Extreme | None = None
    number: Number | None = None
    add: tuple[Expression, ...] | None = Field(default=None, min_length=2)
    subtract: tuple[Expression, Expression] | None = None
    multiply: tuple[Expression, ...] | None = Field(default=None, min_length=2)
    divide: tuple[Expression, Expression] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Expression:
        if len(self.model_fields_set) != 1:
            raise ValueError("needs exactly one of: kpi, highest, lowest, number, add, subtract, multiply, divide")
        return self

    def kpis(self) -> Iterator[str]:
        """Names of the KPIs that the expression reads."""
        if self.kpi is not None:
            yield self.kpi
        for extreme in (self.highest, self.lowest):
            if extreme is not None:
                yield extreme.kpi
        for operands in (self.add, self.subtract, self.multiply, self.divide):
            for operand in operands or ():
                yield from operand.kpis()

    @property
    def is_gap(self) -> bool:
        """Whether it is the highest less the lowest of the same slices, which is never below 0."""
        first, second = self.subtract or (None, None)
        return first is not None and second is not None and first.highest is not None and first.highest == second.lowest

    def extremes(self) -> Iterator[Extreme]:
        """Extremes over slices that the expression reads."""
        yield from (extreme for extreme in (self.highest, self.lowest) if extreme is not None)
        for operands in (self.add, self.subtract, self.multiply, self.divide):
            for operand in operands or ():
                yield from operand.extremes()


class Formula(Model):
    """A value computed from other KPIs of the same period and slice."""

    kind: Literal["formula"]
    value: Expression


Measure = Annotated[
    Count | Sum | Mean | Ratio | Percentile | DurationMeasure | Score | Product | Level | Formula,
    Field(discriminator="kind"),
]
MEASURE_KINDS = ("count", "sum", "mean", "ratio", "percentile", "duration", "score", "product", "level", "formula")
