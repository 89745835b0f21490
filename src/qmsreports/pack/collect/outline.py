"""The sections of a pack: every input of the leading standard in its order, as the review arranges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.collect.registers import register
from qmsreports.pack.model import Ledger, LedgerRow, Section
from qmsreports.pack.objective import Objective
from qmsreports.pack.view.words import anchor

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.catalog.clause_map import ClauseItem, ClauseMap
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.review import Review
    from qmsreports.period import Period

_ACTIONS = "review_actions"  # shown as the status of earlier actions, not as a register


@dataclass(frozen=True, slots=True)
class Part:
    """One section before its rows are read."""

    clause: str
    title: str
    lead: str
    kpis: tuple[str, ...]
    also: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """All sections; each KPI is shown once, where it comes first, and named wherever else it belongs."""

    parts: tuple[Part, ...]
    catalog: Catalog

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables whose rows are shown."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.tables))

    @property
    def anchors(self) -> dict[str, str]:
        """Place in the pack of each KPI and of each register."""
        places = {_ACTIONS: "actions"}
        for part in self.parts:
            places.update({name: f"register-{name.replace('_', '-')}" for name in part.tables if name != _ACTIONS})
            places.update({kpi: _anchor(part.clause) for kpi in part.kpis})
        return places

    @property
    def titles(self) -> dict[str, str]:
        """Title of the section at each anchor."""
        return {_anchor(part.clause): part.title for part in self.parts}

    def sections(self, connection: DuckDBPyConnection, ledger: Ledger, period: Period) -> tuple[Section, ...]:
        """Read the registers and return the sections with the state that the ledger gives them."""
        rows = {row.clause: row for row in ledger.rows}
        return tuple(self._section(part, rows.get(part.clause), connection, period) for part in self.parts)

    def _section(self, part: Part, row: LedgerRow | None, connection: DuckDBPyConnection, period: Period) -> Section:
        tables = [self.catalog.tables[name] for name in part.tables if name in self.catalog.tables and name != _ACTIONS]
        return Section(
            clause=part.clause,
            number=part.clause.replace("-", figures.NBSP, 1),
            title=part.title,
            anchor=_anchor(part.clause),
            state=row.state if row else "missing",
            kpis=part.kpis,
            also=part.also,
            registers=tuple(register(connection, table, period, self.catalog.organisation) for table in tables),
            note=" ".join(said for said in (part.lead, _note(row)) if said),
        )


def _anchor(clause: str) -> str:
    return f"clause-{anchor(clause)}"


def _note(row: LedgerRow | None) -> str:
    """Return the statement that an input was considered, or that it is missing; nothing where there is data."""
    if row is None or row.state == "data":
        return ""
    if row.state == "considered":
        said = {"statement": row.statement.rstrip("."), "who": row.considered_by, "day": figures.day(row.considered_on)}
        return say("coverage.considered", **said) + "."
    return missing(row)


def missing(row: LedgerRow) -> str:
    """Return that an input has neither data nor a statement, and when it was covered last."""
    last = row.last_considered
    covered = say("coverage.last", in_period=figures.period(last, "in")) if last else say("coverage.never")
    return say("coverage.missing", covered=covered)


def outline(review: Review, clauses: ClauseMap, objectives: Sequence[Objective], catalog: Catalog) -> Outline:
    """Arrange the sections. An input that the review forgot is added at its place, so that none can be left out."""
    declared = {section.clause: section for section in review.sections}
    by_key = {one.kpi: one for one in objectives}
    chosen = {kpi for section in review.sections for kpi in section.kpis}
    seen: set[str] = set()
    parts = []
    for item in clauses.side("input"):
        section = declared.get(item.clause)
        fed = _fed(item, clauses, objectives)
        named = [kpi for kpi in section.kpis if kpi in by_key] if section and section.kpis else []
        own = named or [kpi for kpi in fed if kpi not in chosen]
        first = [kpi for kpi in own if kpi not in seen]
        also = [kpi for kpi in dict.fromkeys([*own, *fed]) if kpi not in first]
        seen.update(first)
        parts.append(
            Part(
                clause=item.clause,
                title=section.told("title", spoken().code) if section else item.told("label", spoken().code),
                lead=section.told("lead", spoken().code) if section else "",
                kpis=tuple(first),
                also=tuple(also),
                tables=section.tables if section else (),
            )
        )
    parts = _with_rest(parts, [one.kpi for one in objectives if one.kpi not in seen])
    return Outline(tuple(parts), catalog)


def _fed(item: ClauseItem, clauses: ClauseMap, objectives: Sequence[Objective]) -> list[str]:
    return [one.kpi for one in objectives if clauses.fed_by(item, one.feeds)]


def _with_rest(parts: list[Part], rest: Sequence[str]) -> list[Part]:
    """Put objectives that no section takes where quality objectives are reviewed, else into the last section."""
    if not rest or not parts:
        return parts
    at = next((index for index, part in enumerate(parts) if part.clause.endswith("-c2")), len(parts) - 1)
    part = parts[at]
    parts[at] = Part(part.clause, part.title, part.lead, (*part.kpis, *rest), part.also, part.tables)
    return parts
