"""Rules that need more than one file or more than one field: every finding of the whole catalog at once.

A rule is a function from :class:`Scope` to findings, kept in the module of what it judges. Add a rule by writing the
function and naming it in that module's ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qmsreports.catalog.document import Location
from qmsreports.errors import Finding

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.table import Table


@dataclass(frozen=True)
class Scope:
    """The catalog as a rule sees it. ``unread`` are files that exist but could not be read: naming them is no error."""

    catalog: Catalog
    unread: frozenset[tuple[str, str]] = frozenset()

    def names(self, kind: str) -> set[str]:
        """Return the names that may be referred to: ``names("kpis")``."""
        known = {
            "kpis": self.catalog.kpis,
            "tables": self.catalog.tables,
            "calendars": self.catalog.calendars,
            "clauses": self.catalog.clause_maps,
        }[kind]
        return set(known) | {name for other, name in self.unread if other == kind}

    def table(self, name: str) -> Table | None:
        """Return a declared table; ``None`` when it is unknown or unread, which is said elsewhere."""
        return self.catalog.tables.get(name)

    def finding(
        self, kind: str, name: str, location: Location, what: str, todo: str = "", *, warning: bool = False
    ) -> Finding:
        """Return a finding with ``file:line`` of a node."""
        return Finding(self.catalog.line_of(kind, name, *location), what, todo, warning)


Rule = Callable[[Scope], Iterator[Finding]]


def check_catalog(catalog: Catalog, *, unread: frozenset[tuple[str, str]] = frozenset()) -> list[Finding]:
    """Return what is wrong between the files of a catalog, warnings included, in no particular order."""
    from qmsreports.catalog import (
        check_brand,
        check_calendar,
        check_clause,
        check_customers,
        check_kpi,
        check_measure,
        check_pause,
        check_reading,
        check_table,
        check_target,
    )

    scope = Scope(catalog, unread)
    modules = (
        check_table,
        check_brand,
        check_calendar,
        check_clause,
        check_customers,
        check_kpi,
        check_measure,
        check_pause,
        check_reading,
        check_target,
    )
    return [finding for module in modules for rule in module.RULES for finding in rule(scope)]
