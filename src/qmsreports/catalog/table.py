"""Declaration of a canonical table: the contract that conform must produce and that rules and KPIs may name."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from qmsreports.catalog.model import Translated

ColumnType = Literal["text", "integer", "number", "date", "instant", "boolean"]


class Column(BaseModel):
    """One column. An ``instant`` is UTC; a ``date`` is a day in the organisation's time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""
    nullable: bool = False
    values: tuple[str, ...] = ()


class Table(Translated):
    """A canonical table; ``partition`` is the date or instant column whose month partitions it, if any.

    ``derived_from`` names the canonical tables that it is made of by the SELECT beside its declaration; none where
    sources deliver it. ``recorded_from`` is the first day of which the sources tell everything; where it is not
    declared, the first month with rows that are no mere leftovers, see :mod:`qmsreports.kpi.begins`.
    """

    table: str
    title: str
    meaning: str
    key: tuple[str, ...]
    partition: str | None = None
    derived_from: tuple[str, ...] = ()
    recorded_from: date | None = None
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """Return the column of this name, ``None`` where it is not declared."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the declared columns, in order."""
        return tuple(column.name for column in self.columns)
