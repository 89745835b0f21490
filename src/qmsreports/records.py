"""The frozen records in which stages hand work to each other; a stage never imports another stage.

Instants are UTC and aware; paths are absolute; counts are rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from qmsreports.errors import Finding
from qmsreports.period import Period

Tell = Callable[[str, int], None]
"""Progress: what is running (``"crm: so_item"``) and the rows so far (0 where rows make no sense)."""


DERIVED = "derived"
"""Stands for a source in the records of tables that are made of canonical tables; it is no system of anybody's."""

UNJUDGED = "not checked: "
"""Beginning of what a rule says it saw that leads into a table without rows."""

JUDGED_LATE = "judged late: "
"""Beginning of what such a rule says it saw when that table had rows at last."""

LANDED = "landed/"
"""Stands before the name of a landed table where its audit is recorded beside those of canonical tables."""


def silent(_what: str, _rows: int) -> None:
    """Progress that nobody watches."""


# --- sources -> landing -----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LandedTable:
    """One landed table of one load. ``load_id`` is empty when there was nothing new."""

    source: str
    table: str
    load_id: str
    rows: int


@dataclass(frozen=True, slots=True)
class FeedFailure:
    """A landed table that could not be read; the tables that hang on it stop, the others go on."""

    source: str
    table: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class LandResult:
    """What one visit to one source brought; ``warnings`` stop nothing (an empty file among many, a new column)."""

    source: str
    tables: tuple[LandedTable, ...]
    failures: tuple[FeedFailure, ...] = ()
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class LandedFile:
    """One Parquet file of a completed load."""

    load_id: str
    path: str


# --- conform -> validate -> publish ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class StagedTable:
    """New rows of one source in canonical shape, waiting for the audit.

    ``path`` is a Parquet file with the declared columns and the system columns; ``rejects`` one with the rows that
    the mapping itself refused (columns: declared ones plus ``_reject``), empty string when there are none.
    ``rows_in + refreshed == staged rows + rejected rows + duplicates + deleted_at_source``. ``load_ids`` are the ids
    that count as done once this is published: ``<landed table>/<load>@<fingerprint of the mapping>``, of the driving
    and the joined tables. ``complete`` says that these are all rows the source has, not only what is new; ``again``
    that they are, because published rows have to be audited once more.
    """

    source: str
    table: str
    path: str
    rows: int
    rejects: str
    rejected: int
    rows_in: int
    refreshed: int
    duplicates: int
    load_ids: tuple[str, ...]
    deleted_keys: str = ""  # Parquet file with the keys that vanished at the source; empty when none did
    complete: bool = False
    deleted_at_source: int = 0  # rows, new or known, that are gone there or left with their parent
    deleted_with_parent: int = 0  # of these, rows left over from one that is deleted: replies of a deleted ticket
    again: bool = False


@dataclass(frozen=True, slots=True)
class RuleResult:
    """Outcome of one expectation on one batch. ``broken`` means that the check itself failed, not the data."""

    rule: str
    column: str
    severity: str  # critical | warning | info
    on_failure: str  # stop | quarantine | keep
    why: str
    owner: str
    success: bool
    broken: bool
    rows_checked: int
    rows_failed: int
    sample: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row kept out of the canonical table, with everything needed to mend and readmit it."""

    source: str
    table: str
    key: str  # the key columns joined by "|"
    row: Mapping[str, Any]  # JSON-ready
    rule: str  # the rule's name and its columns: <name> on <column>, <column>
    reason: str
    load_id: str


@dataclass(frozen=True, slots=True)
class Readmitted:
    """A person's word that one row may enter although it breaks rules.

    It holds for this content (``_row``) and this reason alone: a changed row, or another rule, is judged anew.
    """

    key: str
    content: str
    reason: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Verdict on a staged table.

    ``status``: ``passed`` (``path`` holds the rows to publish), ``stopped`` (a critical rule failed: nothing is
    published), ``broken`` (a check could not run: nothing is published, and the message says that the check is at
    fault, not the data).
    """

    source: str
    table: str
    status: str
    path: str
    rows: int
    quarantined: tuple[QuarantinedRow, ...]
    rules: tuple[RuleResult, ...]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """What a merge did. ``version`` is the Delta version after it; ``touched`` the months of each date column whose
    rows changed (old and new values), as ``{"promised_on": ("2026-09", "2026-10")}``.
    """

    source: str
    table: str
    version: int
    inserted: int
    updated: int
    unchanged: int
    deleted: int
    touched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# --- kpi -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class KpiResult:
    """One KPI value of one period and slice, with what it was computed from.

    ``value`` is in the KPI's unit (percent 93.4, not 0.934) and ``None`` where there is none; ``slice`` is ``{}`` for
    the whole. ``status``: met | accepted_deviation | near | missed | no_target | no_data | provisional | not_valid.
    """

    kpi: str
    version: int
    period: Period
    slice: Mapping[str, str]
    unit: str
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int
    low: float | None
    high: float | None
    target: float | None
    near: float | None
    status: str
    provisional: bool
    fingerprint: str
    sql: str  # sha256 of the SQL text
    table_versions: Mapping[str, int]
    parts: Mapping[str, float] = field(default_factory=dict)  # promoters, detractors, factors ... for intervals


@dataclass(frozen=True, slots=True)
class Measured:
    """All results of one measurement and the SQL texts behind them, keyed by their sha256.

    ``warnings``: what was counted and still looks wrong, such as a factor of OEE above 100 %.
    """

    results: tuple[KpiResult, ...]
    sql: Mapping[str, str]
    warnings: tuple[Finding, ...] = ()


NOT_COMPUTED = "Not computed:"
"""Stands in the text of a result whose definition cannot be computed, before the reasons, a line each."""


# --- analysis --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SpcPoint:
    """One point of a process-behaviour chart; limits are unclipped. ``value`` is None where there is no data."""

    date: date
    value: float | None
    mean: float | None
    lower: float | None
    upper: float | None
    # none | above_limit | below_limit | trend_up | trend_down | two_of_three_high | two_of_three_low
    # | run_high | run_low
    signal: str
    kind: str  # common_cause | improvement | concern | neutral_high | neutral_low


@dataclass(frozen=True, slots=True)
class SpcSegment:
    """Points between two breaks, with their own limits; ``trial`` under 12 points."""

    start: date
    end: date
    mean: float | None
    lower: float | None
    upper: float | None
    trial: bool


@dataclass(frozen=True, slots=True)
class SpcResult:
    """Outcome of an XmR analysis under a named rule set."""

    rules: str
    segments: tuple[SpcSegment, ...]
    points: tuple[SpcPoint, ...]
    variation: str
    assurance: str

    def to_json(self) -> dict[str, Any]:
        """Return the public JSON contract of ``qmsreports spc --json``."""
        return {
            "rules": self.rules,
            "segments": [
                {
                    "from": segment.start.isoformat(),
                    "to": segment.end.isoformat(),
                    "mean": segment.mean,
                    "lower": segment.lower,
                    "upper": segment.upper,
                    "trial": segment.trial,
                }
                for segment in self.segments
            ],
            "points": [
                {
                    "date": point.date.isoformat(),
                    "value": point.value,
                    "mean": point.mean,
                    "lower": point.lower,
                    "upper": point.upper,
                    "signal": point.signal,
                    "kind": point.kind,
                }
                for point in self.points
            ],
            "variation": self.variation,
            "assurance": self.assurance,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> SpcResult:
        """Read what :meth:`to_json` wrote, as the register keeps it."""
        segments = tuple(
            SpcSegment(
                date.fromisoformat(one["from"]),
                date.fromisoformat(one["to"]),
                one["mean"],
                one["lower"],
                one["upper"],
                one["trial"],
            )
            for one in said["segments"]
        )
        points = tuple(
            SpcPoint(
                date.fromisoformat(one["date"]),
                one["value"],
                one["mean"],
                one["lower"],
                one["upper"],
                one["signal"],
                one["kind"],
            )
            for one in said["points"]
        )
        return cls(said["rules"], segments, points, said["variation"], said["assurance"])


# --- pack ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack and its seal."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class BuiltPack:
    """A pack as written: ``files`` in a folder of its own, ``inputs`` the fingerprint of all it was made from."""

    pack: str
    period: Period
    edition: int
    status: str  # draft | approved | superseded
    folder: Path
    files: tuple[PackFile, ...]
    inputs: str
    headline: tuple[str, ...] = ()  # the three lines that say what the pack says
    manifest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FeedOutcome:
    """How one canonical table of one source came out of one run, for the reconciliation that is stored and printed."""

    source: str
    table: str
    status: str  # published | unchanged | stopped | broken | failed
    rows_in: int
    refreshed: int
    conformed: int
    quarantined: int
    duplicates: int
    lake_version: int | None
    load_ids: tuple[str, ...]
    message: str = ""
    at: datetime | None = None


# --- catalog <-> register --------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class DefinitionEntry:
    """One definition as it is proposed: a KPI version, a KPI's targets, a calendar, a clause map or a review.

    ``fingerprint`` changes with anything that can change a number or a status, ``wording`` with the rest; ``text`` is
    the whole definition as YAML, from which it can be restored.
    """

    kind: str  # kpi | targets | retirement | organisation | mapping | calendar | clause_map | review
    name: str
    version: int
    effective_from: date | None
    fingerprint: str
    wording: str
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class RegisteredDefinition:
    """A definition as the register knows it, with who approved exactly this fingerprint, oldest approval first."""

    id: int
    entry: DefinitionEntry
    proposed_by: str
    proposed_at: datetime
    approvals: tuple[tuple[str, datetime], ...] = ()
