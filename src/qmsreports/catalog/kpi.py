"""A KPI: the question it answers, who owns it, and its dated versions."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, field_validator, model_validator

from qmsreports.catalog.condition import Condition
from qmsreports.catalog.measure import (
    Duration,
    Formula,
    Measure,
    Part,
    Population,
    Product,
    Ratio,
)
from qmsreports.catalog.model import Agreed, Day, Model, Name, Number, Text, Translated, Whole
from qmsreports.catalog.pareto import Pareto
from qmsreports.catalog.span import CalendarDays, Elapsed, WorkingTime
from qmsreports.errors import did_you_mean

Better = Literal["higher", "lower", "neither"]
RATE_SCALE = {"percent": 100.0, "ppm": 1_000_000.0, "per_1000": 1000.0, "points": 100.0}
"""What a ratio is multiplied with to be in the unit; every other unit takes it as it is."""
SAME_IN_EVERY_PERIOD = (*RATE_SCALE, "score", "ratio", "minutes", "hours", "days")
"""Units of rates, scores and lengths of time: the value of the whole and of its parts are of one size."""
UNITS = ("percent", "points", "per_1000", "ppm", "minutes", "hours", "days", "count", "score", "ratio")


def _unit(value: str) -> str:
    if value not in UNITS and not re.fullmatch("[A-Z]{3}", value):
        raise ValueError(f'unit "{value}" is not known; {did_you_mean(value, UNITS)}')
    return value


Unit = Annotated[
    str, AfterValidator(_unit), WithJsonSchema({"anyOf": [{"enum": list(UNITS)}, {"pattern": "^[A-Z]{3}$"}]})
]
"""One of :data:`UNITS` or a currency code such as EUR."""


class Rebase(Translated):
    """A decision that limits begin anew because the process itself changed; never taken by a calendar or a rule.

    ``start`` is the first day of the changed process, ``because`` names the change, ``agreed`` who decided it when.
    """

    start: Day = Field(alias="from")
    because: Text
    agreed: Agreed


class Retirement(Translated):
    """From ``start`` on the KPI is measured no more; the values before stay. ``because`` and ``agreed`` say why and by
    whom. ``start`` is the first day of a month. A longer period in which it lies has no value either.
    """

    start: Day = Field(alias="from")
    because: Text
    agreed: Agreed


class Limits(Model):
    """How the series is charted, the named rule set that tells signal from noise, and where limits begin anew.

    ``least`` and ``most`` are what a value can be, where its unit does not say it: costs are never below 0. A limit is
    printed and drawn no further; it stays where it is calculated for telling signal from noise.
    """

    chart: Literal["xmr", "none"] = "xmr"
    rules: Literal["making_data_count", "wheeler"] = "making_data_count"
    rebase: tuple[Rebase, ...] = ()
    least: Number | None = None
    most: Number | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        if self.least is not None and self.most is not None and self.least >= self.most:
            raise ValueError(f"least ({self.least:g}) must be below most ({self.most:g}); exchange them")
        return self


class Settling(Model):
    """Days after the period's end during which late data is still expected; the value is provisional until then."""

    days: Whole = Field(ge=0, le=366)


class Window(Model):
    """Modifier: the value covers more than its period: the last so many, or from the start of the year, half-year or
    quarter on: of the organisation's fiscal year where it declares one, with ``calendar_`` of the calendar year always.
    """

    last: Whole | None = Field(default=None, ge=1, le=60)
    of: Literal["month", "quarter", "half", "year"] | None = None
    to_date: Literal["year", "half", "quarter", "calendar_year", "calendar_half", "calendar_quarter"] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Window:
        rolling = self.last is not None and self.of is not None and self.to_date is None
        running = self.last is None and self.of is None and self.to_date is not None
        if not (rolling or running):
            raise ValueError("needs {last: 12, of: month} or {to_date: year}")
        return self


class Example(Model):
    """Rows and what they must give; runs as a test.

    ``rows`` is a text table of the population's table, or one text table per table name; ``period`` is the month that
    is measured, by default the month of the first row's ``period_by``.
    """

    rows: str | dict[Name, str]
    expect: dict[Literal["numerator", "denominator", "value", "n"], Number | None] = Field(min_length=1)
    period: Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None
    because: str = ""

    def tables(self, population_table: str) -> dict[str, str]:
        """Return the text table of each table name."""
        return {population_table: self.rows} if isinstance(self.rows, str) else dict(self.rows)


class KpiVersion(Translated):
    """One dated definition. It is in force from ``effective_from`` until the next version's ``effective_from``.

    ``interval`` says how the 95 % interval of a mean is found: ``t`` (Student's), or ``bootstrap`` where values are few
    or a few of them are far larger than the rest, as waiting times and costs are.
    """

    version: Whole = Field(ge=1)
    effective_from: Day
    why: Text
    population: Population | None = None
    measure: Measure
    window: Window | None = None
    interval: Literal["t", "bootstrap"] = "t"
    small_sample: Whole = Field(default=0, ge=0)
    settles_after: Settling = Settling(days=0)
    examples: tuple[Example, ...] = ()

    @model_validator(mode="after")
    def _population_given(self) -> KpiVersion:
        if self.population is None and not isinstance(self.measure, Formula):
            raise ValueError("needs a population: {table: ..., period_by: ...}")
        if self.population is not None and isinstance(self.measure, Formula):
            raise ValueError("a formula reads other KPIs and has no population of its own")
        return self

    def parts(self) -> tuple[Part, ...]:
        """Numerators and denominators, in the order they are written."""
        if isinstance(self.measure, Ratio):
            return (self.measure.numerator, self.measure.denominator)
        if isinstance(self.measure, Product):
            return tuple(part for factor in self.measure.factors for part in (factor.numerator, factor.denominator))
        return ()

    def populations(self) -> tuple[Population, ...]:
        """Return the main population first, then those that parts bring along."""
        own = (self.population,) if self.population is not None else ()
        return own + tuple(part.population for part in self.parts() if part.population is not None)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the canonical tables that are read, without repeats; those that rows are counted of come first."""
        pauses = (span.pause for span in self.spans() if not isinstance(span, CalendarDays))
        beside = (pause.table for pause in pauses if pause is not None)
        return tuple(dict.fromkeys((*self.counted_tables, *beside)))

    @property
    def counted_tables(self) -> tuple[str, ...]:
        """Names of the tables whose rows are counted: those of the populations."""
        return tuple(dict.fromkeys(population.table for population in self.populations()))

    def not_reached(self, value: float | None, n: int, status: str) -> bool:
        """Tell whether a value is missing because too many of its ``n`` cases are still open: the curve of a duration
        that censors never falls as far as its percentile asks. There is no lack of data then, rather of results.
        """
        censors = getattr(self.measure, "unfinished", None) == "censor"
        return censors and value is None and n > 0 and status == "no_data"

    @property
    def calendars(self) -> tuple[str, ...]:
        """Names of the calendars that the numbers depend on."""
        worked = (span for span in self.spans() if isinstance(span, WorkingTime))
        return tuple(dict.fromkeys(name for span in worked for name in span.calendars))

    def spans(self) -> tuple[WorkingTime | Elapsed | CalendarDays, ...]:
        """Return every length of time, the measure's own first."""
        measure = self.measure
        own = getattr(measure, "of", None)
        first = (own.span,) if isinstance(own, Duration) else ()
        return (*first, *(condition.span for condition in self.conditions() if condition.span is not None))

    def conditions(self) -> tuple[Condition, ...]:
        """Return every condition, of the populations, the parts and the measure itself."""
        lists = [population.where for population in self.populations()]
        lists += [part.where for part in self.parts()]
        return tuple(entry for where in (*lists, getattr(self.measure, "where", ())) for entry in where)


Combination = Annotated[tuple[Name, ...], Field(min_length=2)]


class Kpi(Translated):
    """A KPI with all its versions, oldest first.

    ``slices`` are columns by which its value is told apart, each for itself; ``combinations`` are those of them that
    are asked for together: ``[[site, channel]]`` gives a value of each channel of each site.

    ``drivers`` are the input measures that come before it when it is read, ``pareto`` the reasons that a table gives.
    ``retired`` ends it on a day, with a reason and who agreed.
    """

    kpi: Name
    title: Text
    question: Text
    unit: Unit
    better: Better
    owner: Text
    feeds: tuple[str, ...] = Field(min_length=1)
    slices: tuple[Name, ...] = ()
    combinations: tuple[Combination, ...] = ()
    limits: Limits = Limits()
    drivers: tuple[Name, ...] = ()
    pareto: Pareto | None = None
    why: str = ""
    retired: Retirement | None = None
    versions: tuple[KpiVersion, ...] = Field(min_length=1)

    @field_validator("feeds", mode="before")
    @classmethod
    def _clause_as_text(cls, value: Any) -> Any:
        """Clause 9.1 is read as a number by YAML; it is a name."""
        if isinstance(value, list):
            return [
                str(item) if isinstance(item, int | float) and not isinstance(item, bool) else item for item in value
            ]
        return value

    @property
    def cuts(self) -> tuple[tuple[str, ...], ...]:
        """Every way in which the whole is cut: each slice, then the combinations, their columns as slices order them.

        ``slices: [site, channel]`` and ``combinations: [[channel, site]]``: (site,), (channel,), (site, channel).
        """
        together = (tuple(name for name in self.slices if name in entry) for entry in self.combinations)
        return tuple(dict.fromkeys([*((name,) for name in self.slices), *together]))

    def version(self, number: int) -> KpiVersion | None:
        """Return the version of this number."""
        return next((version for version in self.versions if version.version == number), None)

    def in_force(self, day: date) -> KpiVersion | None:
        """Return the version in force on a day (the period's first day decides); ``None`` before the first one and
        once the KPI is retired.
        """
        if self.retired is not None and day >= self.retired.start:
            return None
        begun = [version for version in self.versions if version.effective_from <= day]
        return max(begun, key=lambda version: version.effective_from, default=None)

    def effective_to(self, number: int) -> date | None:
        """First day on which a version is no longer in force; ``None`` for the newest of a KPI that is not retired."""
        own = self.version(number)
        later = [
            version.effective_from for version in self.versions if own and version.effective_from > own.effective_from
        ]
        if self.retired is not None:
            later.append(self.retired.start)
        return min(later, default=None)

    def is_retired(self, end: date) -> bool:
        """Tell whether the KPI has no value for a period whose first day after is ``end``."""
        return self.retired is not None and end > self.retired.start

    def adds_up(self, version: KpiVersion) -> bool:
        """Tell whether the value of a quarter is about that of its months together: counts, sums and formulas of them.

        Rates, averages, percentiles and levels are of one size in every period, and so is a window of fixed length.
        """
        amount = version.measure.kind == "formula" and self.unit not in SAME_IN_EVERY_PERIOD
        return version.window is None and (amount or version.measure.kind in ("count", "sum"))

    def scale(self, version: KpiVersion) -> float:
        """Return what numerator / denominator is multiplied with: percent 100, ppm 1,000,000, else ``per`` or 1."""
        if isinstance(version.measure, Ratio) and version.measure.per is not None:
            return version.measure.per
        return RATE_SCALE.get(self.unit, 1.0)
