"""Reasons behind a KPI, as a table of rows tells them: declared so that nobody picks the reasons that suit."""

from __future__ import annotations

from pydantic import field_validator

from qmsreports.catalog.condition import Condition
from qmsreports.catalog.model import Model, Name


class Pareto(Model):
    """The rows of a table in the period, counted by a column, or a column of numbers added up (``sum``).

    ``period_by`` dates a row; by default the column that partitions the table. The rows need not be those that the KPI
    counts: on-time delivery may show its late lines.
    """

    table: Name
    column: Name
    period_by: Name | None = None
    sum: Name | None = None
    where: tuple[Condition, ...] = ()

    @field_validator("where", mode="after")
    @classmethod
    def _compares_columns(cls, value: tuple[Condition, ...]) -> tuple[Condition, ...]:
        if any(condition.field is None for condition in value):
            raise ValueError("a condition on reasons compares columns, not lengths of time; name a field")
        return value
