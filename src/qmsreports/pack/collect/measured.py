"""Read from the register what a window holds: values as they are believed, what the statistics said, who approved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.period import Period
from qmsreports.records import NOT_COMPUTED
from qmsreports.register.models import Analysis, Approval, CatalogVersion, SqlText
from qmsreports.register.restated import Key, Restated, restated
from qmsreports.register.results import Value, latest_values

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

HISTORY = {"month": 36, "quarter": 20, "half": 12, "year": 10}
"""Periods of each kind that a series reaches back, as far as values are computed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All results and analyses of one window, by KPI and slice."""

    periods: tuple[Period, ...]
    results: Mapping[tuple[str, str], Sequence[Value]]
    analyses: Mapping[tuple[str, str], Analysis]
    approvals: Mapping[tuple[str, str], tuple[str, ...]]  # (kpi, fingerprint) -> who approved it when
    unfit: Mapping[str, str] = field(default_factory=dict)  # by result's text: why its definition was not computed
    unfinished: frozenset[str] = frozenset()  # periods that were not over when the data was read
    restated: Mapping[Key, Restated] = field(default_factory=dict)

    @property
    def restated_rows(self) -> frozenset[int]:
        """Ids of the newest rows of values that are what a restatement gave."""
        return frozenset(one.row for one in self.restated.values())


def read(session: Session, kpis: Iterable[str], reported: Period, as_of: datetime, read_on: date) -> Measured:
    """Read what was believed at ``as_of`` of these KPIs up to a period, in periods of its kind.

    ``read_on`` is the day on which something last came in. A period that ends later is not over, unless it was analysed
    after its end: then the sources had been asked, and had nothing new.
    """
    periods = reported.back(HISTORY[reported.kind])
    wanted = sorted(kpis)
    rows: dict[tuple[str, str], list[Value]] = defaultdict(list)
    if wanted:
        for row in latest_values(session, kpis=wanted, periods=periods, as_of=as_of):
            rows[row.kpi, row.slice_key].append(row)
    newest = (
        select(func.max(Analysis.id))
        .where(Analysis.period == str(reported), Analysis.at <= as_of)
        .group_by(Analysis.kpi, Analysis.slice_key)
    )
    analyses = session.scalars(select(Analysis).where(Analysis.id.in_(newest))).all()
    running = [period for period in periods if period.end > read_on]
    judged = {(str(row.result["points"][-1]["date"]), row.at.date()) for row in analyses if row.result["points"]}
    return Measured(
        periods,
        rows,
        {(row.kpi, row.slice_key): row for row in analyses},
        _approvals(session, as_of),
        _unfit(session, {row.sql for own in rows.values() for row in own if row.status == "not_valid" and row.sql}),
        frozenset(
            str(period)
            for period in running
            if not any(last >= period.start.isoformat() and day >= period.end for last, day in judged)
        ),
        restated(session, kpis=wanted, periods=periods, as_of=as_of),
    )


def _unfit(session: Session, texts: set[str]) -> dict[str, str]:
    """Return why a definition was not computed, by the sha256 of what stands in the place of its statement."""
    found = {}
    for row in session.scalars(select(SqlText).where(SqlText.sha256.in_(texts))) if texts else ():
        _, told, reasons = row.text.partition(f"-- {NOT_COMPUTED}\n")
        if told:
            found[row.sha256] = " ".join(line.removeprefix("-- ") for line in reasons.splitlines())
    return found


def _approvals(session: Session, as_of: datetime) -> dict[tuple[str, str], tuple[str, ...]]:
    query = (
        select(CatalogVersion.name, CatalogVersion.fingerprint, Approval.approved_by, Approval.approved_at)
        .join(Approval, Approval.catalog_version_id == CatalogVersion.id)
        .where(CatalogVersion.kind == "kpi", Approval.approved_at <= as_of)
        .order_by(Approval.approved_at, Approval.approved_by)
    )
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, fingerprint, who, when in session.execute(query):
        said = say("definition.approved_by", who=who, day=figures.day(when.date()))
        if said not in found[name, fingerprint]:
            found[name, fingerprint].append(said)
    return {key: tuple(said) for key, said in found.items()}
