"""What a pack says, before it has a form: one frozen model from which print and web are both made.

Everything here is plain data (JSON-serialisable, raw numbers in the KPI's unit, ISO dates); no sentence is composed and
no number is rounded in a template. The model is attached to the PDF, so an auditor can compare the forms with it.
Periods are written as in the register: ``2026-10``.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from qmsreports.pack.annex import AgendaItem, Annex
from qmsreports.pack.customers import Customers
from qmsreports.pack.minutes import Minutes
from qmsreports.pack.objective import Objective, Record
from qmsreports.pack.proposals import Proposal
from qmsreports.pack.register_table import RegisterTable

SLIDES = "pptx"
"""Name of the presentation among the forms a pack may have besides those it always has."""


class StandardName(Record):
    """A standard and edition the pack reports against. ``unverified`` labels are printed as such.

    ``key`` is the key of its clause map, which a clause of a second standard carries: ``iso9001-2026``.
    """

    standard: str
    edition: str
    title: str
    unverified: bool = False
    key: str = ""

    @property
    def short(self) -> str:
        """Standard and edition as they are called in a sentence: ``ISO 9001:2026``."""
        return f"{self.standard}:{self.edition}"


def name_of(review: str, period: str, edition: int) -> str:
    """Return the name of a pack's files: ``monthly-2026-10-e1``, of edition 0 ``monthly-2026-10-preview``."""
    return f"{review}-{period}-e{edition}" if edition else f"{review}-{period}-preview"


class Header(Record):
    """Whose review this is, of which period, in which state, from data read when."""

    organisation: str
    scope: str = ""
    title: str
    review: str
    period: str
    period_start: date
    period_end: date  # last day
    period_over: bool = True  # when the data was read
    last_period: str = ""  # period of the last review; "" for the first
    last_start: date | None = None
    last_end: date | None = None  # last day
    counted_from: date | None = (
        None  # rows that came in are counted since the pack of the last review, made on this day
    )
    edition: int  # 0 for a preview
    predecessor: str = ""  # the edition this one corrects
    reason: str = ""
    status: str = "draft"  # draft | approved | superseded; preview for what is no edition
    approved_by: str = ""
    approved_on: date | None = None
    classification: str = "Internal"
    chair: str = ""
    participants: tuple[str, ...] = ()  # who is invited, by name and role
    audience: tuple[str, ...] = ()  # who reads the pack beside the participants
    data_read_at: datetime
    time_zone: str
    standards: tuple[StandardName, ...]
    rules: str
    code_version: str
    shown: int = 24  # points in a chart
    language: str = "en"
    currency: str = "EUR"
    forms: tuple[str, ...] = ()  # what was asked for besides print, page and workbook: pptx

    @property
    def name(self) -> str:
        """The name of the pack's folder and files, see :func:`name_of`."""
        return name_of(self.review, self.period, self.edition)

    @property
    def read_on(self) -> date:
        """The day on which the data was read, on the organisation's clock."""
        return self.data_read_at.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def judged_on(self) -> date:
        """The day on which actions are overdue or not: the last of the period, or when the data was read before it."""
        return min(self.period_end, self.read_on)


class Decision(Record):
    """Something that needs a decision. ``kind`` ranks it; ``asks`` is empty where the evidence says it all.

    ``kind``: cannot_meet | concern | missed | not_reached | overdue | missing_input | failed_feed. ``link`` is the
    anchor of the evidence, ``kpi`` the objective it is about, empty for a collected item.
    """

    kind: str
    title: str
    evidence: str
    asks: str = ""
    clauses: tuple[str, ...] = ()
    link: str = ""
    kpi: str = ""


class Change(Record):
    """One thing that is different from the last review."""

    kind: str  # signal_new | signal_ended | definition | target | judged_anew | restated | revised | edition
    text: str
    link: str = ""


class Action(Record):
    """An action of an earlier review. The original due date is never overwritten by a later one."""

    action: str
    review: str
    title: str
    owner: str
    decided_on: date | None
    original_due: date | None
    due: date | None
    done_on: date | None
    state: str  # done | done_late | on_track | overdue | dropped
    overdue_days: int = 0  # against ``due``, at the end of the period
    moved_days: int = 0  # how far the due date moved
    moved_times: int = 0  # how often, where the register has it; a workbook knows the first and the last date alone
    progress: str = ""
    evidence: str = ""
    effect: str = ""  # what the check of its effect found


class Decided(Record):
    """What the last review decided, and the action that follows from it as it stands now."""

    number: str
    review: str
    text: str
    action: Action | None = None


class Section(Record):
    """One input of the clause map, with its KPIs and register rows, in the order of the standard."""

    clause: str  # key as KPIs name it, e.g. 9.3.2-c1
    number: str  # as printed, e.g. 9.3.2 c1
    title: str
    anchor: str
    state: str  # data | considered | missing
    kpis: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # KPIs shown in depth in an earlier section
    registers: tuple[RegisterTable, ...] = ()
    note: str = ""  # the considered statement, or what is missing


class LedgerRow(Record):
    """State of one input of one standard: supported by data, considered by a person, or missing."""

    clause: str
    number: str
    label: str
    state: str  # data | considered | missing
    evidence: tuple[tuple[str, str], ...] = ()  # (what, anchor)
    considered_by: str = ""
    considered_on: date | None = None
    statement: str = ""
    last_considered: str = ""  # period in which it was last covered, where it is missing now
    covers: str = ""  # key under which a statement covers it; equal inputs of two editions have one key


class Ledger(Record):
    """Coverage of one standard and edition."""

    standard: StandardName
    rows: tuple[LedgerRow, ...]


class Feed(Record):
    """One canonical table of one source in the window. Rows reconcile:
    ``rows_in + refreshed == conformed + quarantined + duplicates + deleted_at_source`` unless the feed stopped.
    """

    source: str
    table: str
    title: str
    status: str  # published | unchanged | stopped | broken | failed
    rows_in: int
    refreshed: int
    conformed: int
    quarantined: int
    duplicates: int
    deleted_at_source: int = 0  # packs of before hold them among the duplicates
    deleted_with_parent: int = 0  # of them, left over from a row that was deleted
    newest: date | None = None
    lake_version: int | None = None
    message: str = ""

    @property
    def _told(self) -> int:
        return self.conformed + self.quarantined + self.duplicates + self.deleted_at_source

    @property
    def held(self) -> int:
        """Rows of a feed that validation stopped: landed, waiting, not lost."""
        return self.rows_in + self.refreshed - self._told if self.status in ("stopped", "broken") else 0

    @property
    def reconciles(self) -> bool:
        """Whether no row was lost between landing and the lake."""
        return self.rows_in + self.refreshed == self._told + self.held


class FailedRule(Record):
    """An expectation that did not hold, with what it means for the reader."""

    source: str
    table: str
    rule: str
    column: str
    severity: str
    on_failure: str
    why: str
    owner: str
    broken: bool
    rows_checked: int
    rows_failed: int
    sample: tuple[str, ...] = ()


class SourceQuality(Record):
    """A source system and its feeds."""

    source: str
    title: str
    feeds: tuple[Feed, ...]


class EarlyRows(Record):
    """Rows of a table that are dated before its record begins: the periods before it have no value."""

    table: str
    title: str
    begins: date
    rows: int
    declared: bool = False  # ``recorded_from`` of the table says so; otherwise they are few beside the months after


class Trust(Record):
    """How far the data can be trusted: sums over all feeds and the values that carry a reservation."""

    sources: int
    sources_read: int
    rows_in: int
    refreshed: int
    conformed: int
    duplicates: int
    deleted_at_source: int = 0
    deleted_with_parent: int = 0
    quarantined: int
    held: int  # rows of stopped feeds
    candidates: int = 0  # published values that data which came later would change
    quarantine_open: int  # rows still waiting, whenever they came
    quarantine_since: tuple[tuple[str, int], ...] = ()  # the same by the month in which they were first seen
    failed_rules: int
    provisional: tuple[str, ...]  # KPI keys
    stopped: tuple[str, ...]  # KPI keys whose feed failed validation
    unfit: tuple[str, ...] = ()  # KPI keys whose definition cannot be computed
    restated: tuple[str, ...]
    reconciles: bool


JUDGED_ANEW = "judged_anew"
"""Kind of a change by which settled values are judged otherwise than when they were reported."""


class DefinitionChange(Record):
    """A definition or target that changed inside the window of the charts, or judges earlier values of it anew."""

    kpi: str
    title: str
    kind: str  # definition | target | judged_anew
    effective_from: date
    before: str
    after: str
    why: str
    approved: str = ""


class Restatement(Record):
    """A published value that is another one now, and why. ``restated``: a person replaced a settled one; otherwise it
    was provisional, or its definition changed.
    """

    kpi: str
    title: str
    unit: str
    period: str
    before: float | None
    after: float | None
    why: str
    restated: bool = True


class FormKind(Record):
    """A kind of decision that the output clause asks for."""

    clause: str
    label: str


class SqlEvidence(Record):
    """A SQL text and the KPIs of this pack whose values it gives when it is run alone."""

    sha256: str
    engine: str
    text: str
    kpis: tuple[str, ...]


class TableVersion(Record):
    """The version of a canonical table that the numbers were read from."""

    table: str
    version: int
    kpis: int


class Glance(Record):
    """All objectives counted once by status, and the two questions of the statistics."""

    objectives: int
    met: int
    near: int
    missed: int
    accepted: int
    provisional: int
    not_valid: int
    not_reached: int = 0  # durations without a value because of their open cases
    no_data: int
    no_target: int
    concerns: int
    improvements: int
    changed: int = 0  # signals where no direction is better
    cannot_meet: int
    tested: int = 0  # objectives whose latest value a rule judged
    expected_false_signals: float  # signals that chance alone would give in so many tested charts


class PackModel(Record):
    """The whole pack."""

    header: Header
    decisions: tuple[Decision, ...]
    changes: tuple[Change, ...]
    actions: tuple[Action, ...]
    older_actions: int = 0  # all done before the last review
    decided: tuple[Decided, ...] = ()  # by the last review that was held
    glance: Glance
    highlights: tuple[str, ...]  # KPIs charted on page one, most important first
    trust: Trust
    objectives: tuple[Objective, ...]
    sections: tuple[Section, ...]
    ledgers: tuple[Ledger, ...]
    quality: tuple[SourceQuality, ...]
    early: tuple[EarlyRows, ...] = ()
    failed_rules: tuple[FailedRule, ...]
    definition_changes: tuple[DefinitionChange, ...]
    restatements: tuple[Restatement, ...]
    form: tuple[FormKind, ...]
    sql: tuple[SqlEvidence, ...]
    tables: tuple[TableVersion, ...]
    minutes: Minutes | None = None
    proposals: tuple[Proposal, ...] = ()
    customers: Customers | None = None
    agenda: tuple[AgendaItem, ...] = ()
    annexes: tuple[Annex, ...] = ()
    unmeasured: tuple[str, ...] = ()  # titles of objectives that have no value of any such period

    def objective(self, kpi: str) -> Objective:
        """Return the objective of this key; ``KeyError`` where the pack has none."""
        for objective in self.objectives:
            if objective.kpi == kpi:
                return objective
        raise KeyError(kpi)
