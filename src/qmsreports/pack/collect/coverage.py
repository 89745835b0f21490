"""Which required input rests on what: data of this pack, a statement of a person, or nothing.

An input is ``data`` only by the evidence its clause map declares; a table that exists but holds no row of the period
proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from qmsreports.errors import UserError
from qmsreports.lake import quoted
from qmsreports.language import say, spoken
from qmsreports.pack import figures
from qmsreports.pack.collect.conditions import day_of, sql_of
from qmsreports.pack.collect.registers import event_column
from qmsreports.pack.model import Ledger, LedgerRow, StandardName
from qmsreports.pack.objective import Objective
from qmsreports.period import Period

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.catalog.clause_map import ClauseItem, ClauseMap
    from qmsreports.catalog.load import Catalog

_LIFE = {
    "nonconformities": ("detected_on", "closed_on"),
    "corrective_actions": ("opened_on", "closed_on"),
    "audits": ("planned_on", "done_on"),
    "audit_findings": ("raised_on", "closed_on"),
    "risks": ("identified_on", "done_on"),
    "improvement_ideas": ("raised_on", "decided_on"),
    "review_actions": ("decided_on", "done_on"),
    "complaints": ("received_on", "closed_on"),
}
"""Columns between which a row is open; a table that is not here has events, which fall in a period or do not."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Somebody considered an input and had nothing to report."""

    clause: str
    period: str
    text: str
    by: str
    on: date


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of a table that count for a period, and the newest earlier month that had any."""

    rows: int
    before: str


class Coverage:
    """Answers for one period what each clause item rests on."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        catalog: Catalog,
        period: Period,
        objectives: Sequence[Objective],
        statements: Sequence[Statement],
        anchors: Mapping[str, str],
        also: Mapping[str, int] | None = None,
        ended: Mapping[str, str] | None = None,
        titles: Mapping[str, str] | None = None,
    ) -> None:
        """``anchors`` gives the place in the pack of each KPI (by key) and register (by table); ``also`` how many rows
        the register itself holds of what a table is about; ``ended`` the last period with a value of each retired KPI;
        ``titles`` the title of the section at an anchor.
        """
        self._connection = connection
        self._catalog = catalog
        self._period = period
        self._objectives = objectives
        self._statements = statements
        self._anchors = anchors
        self._also = also or {}
        self._ended = ended or {}
        self._titles = titles or {}

    def ledger(self, clauses: ClauseMap) -> Ledger:
        """Return one row per required input of a standard, in its order."""
        return Ledger(
            standard=StandardName(
                standard=clauses.standard,
                edition=clauses.edition,
                title=clauses.told("title", spoken().code),
                unverified=any(item.verify for item in clauses.items),
                key=clauses.clauses,
            ),
            rows=tuple(self._row(clauses, item) for item in clauses.side("input")),
        )

    def _row(self, clauses: ClauseMap, item: ClauseItem) -> LedgerRow:
        fed = [one for one in self._objectives if item.evidence.by_kpi(one.kpi, fed=clauses.fed_by(item, one.feeds))]
        valid = [one for one in fed if _proves(one, trend=item.trends)]
        proven = {one.kpi for one in valid}
        named = item.evidence.kpis
        proofs = [kpi in proven for kpi in named] if isinstance(named, tuple) else [bool(valid)] * (named != "none")
        held = {name: self._counted(name, item) for name in item.evidence.tables if name in self._catalog.tables}
        filled = [name for name, found in held.items() if found.rows >= item.evidence.at_least]
        proofs += [name in filled for name in item.evidence.tables]
        enough = bool(proofs) and (all(proofs) if item.evidence.need == "all" else any(proofs))
        statement = self._statement(clauses, item)
        state = "data" if enough else "considered" if statement else "missing"
        evidence = self._objectives_as_evidence(valid)
        for name in filled:
            title = self._catalog.tables[name].told("title", spoken().code)
            rows = say("count.row", n=held[name].rows)
            evidence.append((", ".join((title, rows)), self._place(name)))
        return LedgerRow(
            clause=item.clause,
            number=item.clause.replace("-", figures.NBSP, 1),
            label=item.told("label", spoken().code),
            state=state,
            evidence=tuple(evidence) if state == "data" else (),
            considered_by=statement.by if statement and state == "considered" else "",
            considered_on=statement.on if statement and state == "considered" else None,
            statement=statement.text if statement and state == "considered" else "",
            last_considered=self._last(clauses, item, fed, held) if state == "missing" else "",
            covers=clauses.covers(item),
        )

    def _objectives_as_evidence(self, valid: Sequence[Objective]) -> list[tuple[str, str]]:
        """Return how many objectives prove it, and where: by section where they lie in several, a single one by its
        own place.
        """
        sections: dict[str, list[str]] = {}
        for one in valid:
            sections.setdefault(self._anchors.get(one.kpi, ""), []).append(one.kpi)
        found = []
        for section, kpis in sections.items():
            said = say("count.objective", n=len(kpis))
            if len(sections) > 1 and section in self._titles:
                said = f"{said} ({self._titles[section]})"
            found.append((said, f"kpi-{kpis[0]}" if section and len(kpis) == 1 else section))
        return found

    def _place(self, table: str) -> str:
        """Return where the rows of a table are seen: its register, else the first objective that reads it."""
        read = (f"kpi-{one.kpi}" for one in self._objectives if table in one.reads and one.kpi in self._anchors)
        return self._anchors.get(table) or next(read, "")

    def _statement(self, clauses: ClauseMap, item: ClauseItem) -> Statement | None:
        keys = _keys(clauses, item)
        mine = [one for one in self._statements if one.clause in keys and self._within(one.period)]
        return max(reversed(mine), key=lambda one: one.on, default=None)  # of two on one day the later one

    def _last(self, clauses: ClauseMap, item: ClauseItem, fed: Sequence[Objective], held: Mapping[str, Held]) -> str:
        """Return the newest earlier period, the one that ended last, that had a statement, a value or a row."""
        keys = _keys(clauses, item)
        found = [one.period for one in self._statements if one.clause in keys and not self._within(one.period)]
        if item.evidence.kpis != "none":
            found += [point.period for one in fed for point in one.points[:-1] if point.value is not None]
            feeds_of = {name: self._catalog.kpis[name].feeds for name in self._ended}
            found += [
                period
                for name, period in self._ended.items()
                if item.evidence.by_kpi(name, fed=clauses.fed_by(item, feeds_of[name]))
            ]
        found += [one.before for one in held.values() if one.before]
        return max(found, key=self._until, default="")

    def _until(self, text: str) -> tuple[date, date]:
        one = self._catalog.recorded(text)
        return one.end, one.start

    def _within(self, text: str) -> bool:
        """Tell whether a statement is of this period or of a part of it: one of August counts for the third quarter."""
        one = self._catalog.recorded(text)
        return self._period.start <= one.start and one.end <= self._period.end

    def _counted(self, name: str, item: ClauseItem) -> Held:
        found = self._held(name, item)
        return Held(found.rows + self._also.get(name, 0), found.before)

    def _held(self, name: str, item: ClauseItem) -> Held:
        table = self._catalog.tables[name]
        begun, ended = _LIFE.get(name, (event_column(table), ""))
        zone = self._catalog.organisation.time_zone
        narrowed = [sql_of(condition, table, zone) for condition in item.evidence.where.get(name, ())]
        if not begun:
            where = " AND ".join(narrowed) or "true"
            (rows,) = self._connection.execute(f"SELECT count(*) FROM {quoted(name)} WHERE {where}").fetchall()[0]
            return Held(int(rows), "")
        first = day_of(table, begun, zone)
        inside = f"({first} >= $start" + (f" OR {last_open(ended)}" if ended else "") + ")"
        extra = "".join(f" AND {part}" for part in narrowed)
        rows, before = self._connection.execute(
            f"SELECT count(*) FILTER ({inside}), strftime(max({first}) FILTER ({first} < $start), '%Y-%m') "
            f"FROM {quoted(name)} WHERE {first} < $end{extra}",
            {"start": self._period.start, "end": self._period.end},
        ).fetchall()[0]
        return Held(int(rows), before or "")


def last_open(ended: str) -> str:
    """Return the condition that a row is still open in the period, or was until some day of it."""
    return f"{quoted(ended)} IS NULL OR {quoted(ended)} >= $start"


def _proves(one: Objective, *, trend: bool) -> bool:
    """Tell whether an objective has a valid value; where the standard asks for trends, an earlier one as well."""
    if one.latest.value is None or one.latest.status == "not_valid":
        return False
    return not trend or any(point.value is not None for point in one.points[:-1])


def _keys(clauses: ClauseMap, item: ClauseItem) -> frozenset[str]:
    """Names under which a person may have stated that this item was considered."""
    return frozenset({item.clause} if not clauses.follows else set()) | clauses.feed_keys(item)


def statements(connection: DuckDBPyConnection, catalog: Catalog, period: Period) -> tuple[Statement, ...]:
    """Return the statements of periods that are over when this one is, oldest first, whatever their kind.

    None where the catalog declares no table for them: they may stand in the register alone.
    """
    if "considered_inputs" not in catalog.tables:
        return ()
    rows = connection.execute(
        "SELECT clause, period, statement, considered_by, considered_on FROM considered_inputs "
        "ORDER BY considered_on, statement_id"
    ).fetchall()
    dated = []
    for one in (Statement(*row) for row in rows):
        try:
            of = catalog.recorded(one.period)
        except UserError:  # a register is not checked before it is read; what is no period is of none
            continue
        if of.end <= period.end:
            dated.append((of.end, of.start, one))
    return tuple(one for *_, one in sorted(dated, key=lambda entry: entry[:2]))
