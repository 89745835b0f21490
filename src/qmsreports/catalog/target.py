"""Dated targets of a KPI and the deviations that were accepted; the target of the period applies, never today's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from qmsreports.catalog.kpi import SAME_IN_EVERY_PERIOD, Unit
from qmsreports.catalog.model import Agreed, Day, Model, Name, Number, Text
from qmsreports.period import Period

_ONE_DAY = timedelta(days=1)


def _slice_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: str(item) if isinstance(item, int | float) else item for key, item in value.items()}
    return value


class Target(Model):
    """A value to meet from a day on. Without ``to`` it holds until the next target of the same slice begins.

    ``to`` is the last day, inclusive. ``near`` is the value from which a miss still counts as near. ``every`` is the
    kind of period it is for; without, it is for months, and for longer ones where the value does not grow with them:
    95 % on time holds for a quarter, 10 complaints a month do not.
    """

    start: Day = Field(alias="from")
    to: Day | None = None
    meet: Number
    near: Number | None = None
    slice: dict[Name, str] = Field(default_factory=dict)
    every: Literal["month", "quarter", "half", "year"] | None = None
    agreed: Agreed

    _text = field_validator("slice", mode="before")(_slice_as_text)


class AcceptedDeviation(Model):
    """A miss that management accepted for a while, as long as the value stays on the good side of a bound.

    Both days are inclusive. ``action`` is the action that ends the deviation.
    """

    start: Day = Field(alias="from")
    to: Day
    at_least: Number | None = None
    at_most: Number | None = None
    slice: dict[Name, str] = Field(default_factory=dict)
    because: Text
    action: Text

    _text = field_validator("slice", mode="before")(_slice_as_text)

    @model_validator(mode="after")
    def _one_bound(self) -> AcceptedDeviation:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("needs either at_least or at_most")
        return self

    def holds(self, value: float) -> bool:
        """Tell whether a value stays within what was accepted."""
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0.0)


class KpiTargets(Model):
    """What one file of ``catalog/targets/`` says."""

    kpi: Name
    unit: Unit
    targets: tuple[Target, ...] = Field(min_length=1)
    accepted_deviations: tuple[AcceptedDeviation, ...] = ()

    def last_day(self, target: Target) -> date | None:
        """Last day of a target: its ``to``, else the day before the next one of its slice, else open."""
        if target.to is not None:
            return target.to
        alike = (other for other in self.targets if (other.slice, other.every) == (target.slice, target.every))
        later = [other.start for other in alike if other.start > target.start]
        return min(later) - _ONE_DAY if later else None

    def of(self, period: Period, slice: Mapping[str, str] | None = None, *, adds_up: bool = False) -> Target | None:
        """Return the target in force on the first day of a period; one for this kind of period before any other.

        ``adds_up`` says that the value grows with the period, so that a month's target is none of a quarter's.

        The most specific target whose slice lies within the asked one wins. A target of the whole holds for its slices
        too where the unit is a rate (95 % on time holds at every site), but not for amounts (a backlog of 100).
        """
        return self.in_force(period, adds_up=adds_up).target(slice)

    def deviation(self, period: Period, slice: Mapping[str, str] | None = None) -> AcceptedDeviation | None:
        """Return the deviation that covers the whole period, for this slice or for the whole."""
        return self.in_force(period).deviation(slice)

    def in_force(self, period: Period, *, adds_up: bool = False) -> InForce:
        """Return what of this file holds in a period, whatever the slice."""
        return InForce(
            tuple(
                target
                for target in self.targets
                if target.start <= period.start
                and (target.every == period.kind or (target.every is None and not (adds_up and period.kind != "month")))
                and ((last := self.last_day(target)) is None or period.start <= last)
            ),
            tuple(
                deviation
                for deviation in self.accepted_deviations
                if deviation.start <= period.start and period.last_day <= deviation.to
            ),
            alike=self.unit in SAME_IN_EVERY_PERIOD,
        )


@dataclass(frozen=True, slots=True)
class InForce:
    """Targets and accepted deviations of one KPI in one period; ``alike`` where those of the whole hold for slices."""

    targets: tuple[Target, ...] = ()
    deviations: tuple[AcceptedDeviation, ...] = ()
    alike: bool = False

    def target(self, slice: Mapping[str, str] | None = None) -> Target | None:
        """Return the target of a slice, see :meth:`KpiTargets.of`."""
        if not self.targets:
            return None
        asked = dict(slice or {})
        fitting = [
            target
            for target in self.targets
            if target.slice == asked or (self.alike and target.slice.items() <= asked.items())
        ]
        return max(fitting, key=lambda target: (len(target.slice), target.every is not None), default=None)

    def deviation(self, slice: Mapping[str, str] | None = None) -> AcceptedDeviation | None:
        """Return the deviation of a slice: its own, or that of the whole."""
        if not self.deviations:
            return None
        asked = dict(slice or {}).items()
        fitting = [deviation for deviation in self.deviations if deviation.slice.items() <= asked]
        return max(fitting, key=lambda deviation: len(deviation.slice), default=None)


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of all KPIs."""

    files: Mapping[str, KpiTargets]

    def of(
        self, kpi: str, period: Period, slice: Mapping[str, str] | None = None, *, adds_up: bool = False
    ) -> Target | None:
        """Return the target of a KPI for a period and slice, ``None`` where there is none."""
        file = self.files.get(kpi)
        return file.of(period, slice, adds_up=adds_up) if file else None

    def deviation(self, kpi: str, period: Period, slice: Mapping[str, str] | None = None) -> AcceptedDeviation | None:
        """Return the accepted deviation of a KPI for a period and slice, ``None`` where there is none."""
        file = self.files.get(kpi)
        return file.deviation(period, slice) if file else None

    def in_force(self, kpi: str, period: Period, *, adds_up: bool = False) -> InForce:
        """Return what holds for a KPI in a period, whatever the slice; nothing where it has no targets."""
        file = self.files.get(kpi)
        return file.in_force(period, adds_up=adds_up) if file else InForce()
