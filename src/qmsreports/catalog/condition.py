"""Conditions in words: ``{field: delivered_on, at_most: {field: promised_on}}``.

A condition is about a column, or about the time between two: ``{calendar_days: {from: promised_on, to: delivered_on},
at_most: 2 days}``. One that compares with nothing (null) is not met, as in SQL; ``known`` asks for exactly that.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, cast

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from qmsreports.catalog.model import Model, Name
from qmsreports.catalog.span import SPAN_KINDS, CalendarDays, Elapsed, SpanKind, WorkingTime, length_of

Operator = Literal["is", "is_not", "in", "not_in", "at_most", "at_least", "above", "below", "known"]
OPERATORS: tuple[Operator, ...] = ("is", "is_not", "in", "not_in", "at_most", "at_least", "above", "below", "known")
ORDERED: tuple[Operator, ...] = ("at_most", "at_least", "above", "below")
SUBJECTS = ("field", *SPAN_KINDS)
"""What a condition is about: exactly one of these is set."""


class FieldRef(Model):
    """The right side of a condition when it is another column of the same row."""

    field: Name


Moment = Annotated[date, Field(strict=True, ge=date(1950, 1, 1), le=date(2150, 12, 31))]
Scalar = StrictBool | StrictInt | StrictFloat | Moment | StrictStr
Operand = Scalar | FieldRef
Right = Operand | tuple[Scalar, ...]


class Condition(Model):
    """One comparison of a column, or of the time between two: ``field`` or one of the lengths, and one operator.

    A length is compared with one, as in ``at_most: 2 days``, ``below: 4 hours`` or ``above: 30 minutes``. It is
    negative where the end comes first: what arrived a day early is at most 2 days late.
    """

    field: Name | None = None
    calendar_days: CalendarDays | None = None
    elapsed: Elapsed | None = None
    working_time: WorkingTime | None = None
    is_: Operand | None = Field(default=None, alias="is")
    is_not: Operand | None = None
    in_: tuple[Scalar, ...] | None = Field(default=None, alias="in", min_length=1)
    not_in: tuple[Scalar, ...] | None = Field(default=None, min_length=1)
    at_most: Operand | None = None
    at_least: Operand | None = None
    above: Operand | None = None
    below: Operand | None = None
    known: StrictBool | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Condition:
        if sum(getattr(self, name) is not None for name in SUBJECTS) != 1:
            raise ValueError("a condition is about exactly one of: " + ", ".join(SUBJECTS))
        if len(self._set()) != 1:
            raise ValueError("a condition needs exactly one of: " + ", ".join(OPERATORS))
        if self.span is not None:
            self._compared_with_a_length()
        return self

    def _compared_with_a_length(self) -> None:
        if self.operator not in ORDERED:
            raise ValueError(f'"{self.operator}" makes no sense for a length of time; write {", ".join(ORDERED)}')
        if not isinstance(self.right, str):
            raise ValueError(f'"{self.operator}" needs a length of time; write it as 2 days, 4 hours or 30 minutes')
        length_of(self.right)

    def _set(self) -> list[tuple[Operator, Right]]:
        values = {name: getattr(self, f"{name}_" if name in ("is", "in") else name) for name in OPERATORS}
        return [(name, cast(Right, value)) for name, value in values.items() if value is not None]

    @property
    def operator(self) -> Operator:
        """The operator's word."""
        return self._set()[0][0]

    @property
    def right(self) -> Right:
        """What the column is compared with: a value, another column, or the values of ``in`` and ``not_in``."""
        return self._set()[0][1]

    @property
    def span(self) -> CalendarDays | Elapsed | WorkingTime | None:
        """The length of time that is compared; ``None`` where it is a column."""
        return self.calendar_days or self.elapsed or self.working_time

    @property
    def span_kind(self) -> SpanKind | None:
        """The word of the length of time."""
        return next((name for name in SPAN_KINDS if getattr(self, name) is not None), None)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the condition names."""
        if self.span is not None:
            return (self.span.start, self.span.to)
        assert self.field is not None  # _one_operator
        return (self.field, self.right.field) if isinstance(self.right, FieldRef) else (self.field,)
