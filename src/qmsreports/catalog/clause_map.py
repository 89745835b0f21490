"""Clauses of a standard's edition that a review must cover, in our own words, as data.

Standards change, some wordings could not be verified yet, and organisations report against several editions at once:
so nothing about a clause is code. A standard that builds on another one lists what it adds, and a review names both.
KPIs ``feed`` clause keys of one edition; the items of another edition point at those keys with ``same_as``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, field_validator

from qmsreports.catalog.condition import Condition
from qmsreports.catalog.model import Model, Name, Text, Translated, Whole


class Evidence(Model):
    """The least that makes an item ``data`` in the coverage ledger.

    ``tables``: rows of one of them that fall in, or were open in, the period, ``at_least`` so many; ``kpis``: a valid
    result of a KPI that feeds the item (``by_feeds``) or that is named here. ``need: any`` takes one of them, ``all``
    every table and every KPI that is named, and one KPI where they come ``by_feeds``. ``where`` narrows the rows of a
    table that count. An item without evidence is covered by a statement only.
    """

    tables: tuple[Name, ...] = ()
    kpis: Literal["by_feeds", "none"] | tuple[Name, ...] = "none"
    where: dict[Name, tuple[Condition, ...]] = Field(default_factory=dict)
    need: Literal["any", "all"] = "any"

    @field_validator("where", mode="after")
    @classmethod
    def _compares_columns(cls, value: dict[str, tuple[Condition, ...]]) -> dict[str, tuple[Condition, ...]]:
        if any(condition.field is None for conditions in value.values() for condition in conditions):
            raise ValueError("a condition on evidence compares columns, not lengths of time; name a field")
        return value

    at_least: Whole = Field(default=1, ge=1)

    def by_kpi(self, kpi: str, *, fed: bool) -> bool:
        """Tell whether a KPI is evidence; ``fed`` says that it feeds the item."""
        return fed if self.kpis == "by_feeds" else isinstance(self.kpis, tuple) and kpi in self.kpis


class ActionPlan(Model):
    """A missed target of these KPIs needs an action before the review can be closed: KPIs that feed one of the clauses
    ``feeds``, and those named.
    """

    feeds: tuple[str, ...] = ()
    kpis: tuple[Name, ...] = ()

    @field_validator("feeds", mode="before")
    @classmethod
    def _clauses_as_text(cls, value: Any) -> Any:
        return [str(item) if isinstance(item, float) else item for item in value] if isinstance(value, list) else value

    def about(self, kpi: str, feeds: Iterable[str]) -> bool:
        """Tell whether a KPI with these ``feeds`` needs a plan when it misses its target."""
        return kpi in self.kpis or not set(self.feeds).isdisjoint(feeds)


class ClauseItem(Translated):
    """One clause item. ``side`` input and output belong to the review itself, ``other`` are clauses KPIs may feed.

    ``trends``: one value proves nothing, a KPI needs an earlier one as well. ``action_plan``: what this clause asks for
    when a target is missed. ``verify``: written from secondary sources, to be compared with the standard.
    """

    clause: Text
    label: Text
    side: Literal["input", "output", "other"] = "input"
    trends: bool = False
    same_as: str | None = None
    evidence: Evidence = Evidence()
    action_plan: ActionPlan | None = None
    verify: bool = False
    note: str = ""

    @field_validator("clause", "same_as", mode="before")
    @classmethod
    def _clause_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class ClauseMap(Translated):
    """All items of one edition. ``clauses`` is its key, ``iso9001-2015``.

    ``follows`` names the map whose keys the KPIs' ``feeds`` use; without it they are this map's own clauses.
    ``adds_to`` names the map without which this one is no whole standard: it lists what is added to that one.
    """

    clauses: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    standard: Text
    edition: str
    title: Text
    follows: str | None = None
    adds_to: str | None = None
    note: str = ""
    items: tuple[ClauseItem, ...] = Field(min_length=1)

    @field_validator("edition", mode="before")
    @classmethod
    def _edition_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def item(self, clause: str) -> ClauseItem | None:
        """Return the item of this clause."""
        return next((item for item in self.items if item.clause == clause), None)

    def side(self, side: str) -> tuple[ClauseItem, ...]:
        """Return the items of one side, in the standard's order."""
        return tuple(item for item in self.items if item.side == side)

    def feed_keys(self, item: ClauseItem) -> frozenset[str]:
        """Keys under which KPIs feed this item: its clause (``same_as`` where the map follows another one), or the
        clause with the map's key before it, ``iso9001-2026/9.3.2-c``, for items that only this edition has.
        """
        plain = item.same_as if self.follows else item.clause
        return frozenset({f"{self.clauses}/{item.clause}", *([plain] if plain else [])})

    def covers(self, item: ClauseItem) -> str:
        """Return the key under which a person covers this item by a statement; equal items of two maps have one key."""
        return (item.same_as or f"{self.clauses}/{item.clause}") if self.follows else item.clause

    def fed_by(self, item: ClauseItem, feeds: Iterable[str]) -> bool:
        """Tell whether a KPI with these ``feeds`` is evidence for an item."""
        return not self.feed_keys(item).isdisjoint(feeds)
