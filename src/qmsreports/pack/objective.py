"""One objective of the review: its values, what the statistics say of them, and where they come from."""

from __future__ import annotations

import math
from datetime import date

from pydantic import BaseModel, ConfigDict

from qmsreports.pack.charts.scale import Bounds, clipped, possible_range


class Record(BaseModel):
    """Base of all parts of a pack: frozen, and closed so that a misspelt field is an error and not a silent loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Point(Record):
    """One period of a series, in the KPI's unit; limits are unclipped. ``value`` is None where there is no data.

    ``signal`` and ``kind`` are the words of the spc contract (``run_high``, ``concern``).
    """

    period: str
    start: date
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    numerator: float | None = None
    denominator: float | None = None
    target: float | None = None
    near: float | None = None
    status: str = "no_target"
    provisional: bool = False
    unfinished: bool = False  # the period was not over when the data was read: shown, and judged by nothing
    restated: bool = False
    not_reached: bool = False  # too many cases are still open for the value of a duration: no lack of data
    unfit: str = ""  # why the definition could not be computed, where that is why there is no valid value
    version: int = 1
    mean: float | None = None
    lower: float | None = None
    upper: float | None = None
    signal: str = "none"
    kind: str = "common_cause"
    few: bool = False  # fewer cases than the definition asks for: it has no signal, and ends none

    @property
    def standing(self) -> str:
        """The word that a reader sees: the status, or ``not_reached`` where "no data" would hide undone work."""
        return "not_reached" if self.not_reached else self.status


class Segment(Record):
    """Points between two breaks; ``reason`` says why the limits begin anew. ``trial`` under 12 points."""

    start: date
    end: date
    mean: float | None
    lower: float | None
    upper: float | None
    trial: bool
    reason: str = ""


class Change(Record):
    """The latest value less that of the period before, in the KPI's unit, with the 95 % interval of this difference."""

    value: float
    low: float
    high: float


class Slice(Record):
    """The same KPI for one site, channel or family: the latest point and the series behind it."""

    dimension: str
    key: str
    title: str
    points: tuple[Point, ...]
    segments: tuple[Segment, ...] = ()
    variation: str = "common_cause"
    assurance: str = "none"
    finding: str = ""

    @property
    def latest(self) -> Point:
        """The value of the period under review."""
        return self.points[-1]


class Comment(Record):
    """What the owner says: cause, action, expected effect, by when."""

    author: str
    on: date
    cause: str
    action: str = ""
    expected: str = ""
    by: date | None = None


class Reason(Record):
    """One reason: how much of the period falls on it, and on average of the twelve months before."""

    title: str
    amount: float
    before: float
    others: bool = False  # all those that are not named


class Reasons(Record):
    """Where the rows of a period fall, most first. ``unit`` is "rows" where they are counted.

    ``kind``: missed (rows that the objective counts and that missed it) | counted (those it counts) | other (rows of
    another table). ``measured`` is what the objective counted of them, which late rows can change.
    """

    table: str
    column: str
    unit: str
    total: float
    reasons: tuple[Reason, ...]
    kind: str = "other"
    summed: bool = False  # a column added up, and not rows counted
    measured: float | None = None


class DefinitionVersion(Record):
    """One dated version of the definition, as approved. ``rule`` is the counted part in the catalog's own language."""

    version: int
    effective_from: date
    why: str
    rule: str
    fingerprint: str
    approved: tuple[str, ...] = ()  # "A. Person on 3 Jan 2026"
    in_force: bool = False


class Objective(Record):
    """An objective with its whole window of values; the last point is the period under review.

    ``variation`` and ``assurance`` are the words of the spc contract, and of assurance ``in_doubt``: the limits promise
    what the latest value or a signal denies. ``finding`` was stored with the analysis; ``exception`` lists why it is
    shown in depth (empty: it is shown small).
    """

    kpi: str
    title: str
    question: str
    unit: str
    better: str  # higher | lower | neither
    owner: str
    feeds: tuple[str, ...]
    version: int
    small_sample: int = 0
    settles_after: str = ""
    rules: str = ""
    points: tuple[Point, ...]
    segments: tuple[Segment, ...] = ()
    variation: str = "common_cause"
    assurance: str = "none"
    finding: str = ""
    exception: tuple[str, ...] = ()
    slices: tuple[Slice, ...] = ()
    combined: tuple[Slice, ...] = ()  # combinations of slices: told in tables, never drawn
    comment: Comment | None = None
    drivers: tuple[str, ...] = ()  # KPIs that come before this one, as far as they are in the pack
    reasons: Reasons | None = None
    change: Change | None = None
    definitions: tuple[DefinitionVersion, ...] = ()
    reads: tuple[str, ...] = ()  # canonical tables
    sql: tuple[str, ...] = ()  # sha256 of the SQL texts of the latest point
    reservations: tuple[str, ...] = ()  # data-quality remarks on the latest value, as sentences
    possible: Bounds | None = None  # what values can be, where the unit does not say it: answers from 1 to 7

    def within(self, low: float | None, high: float | None) -> tuple[float | None, float | None]:
        """Return limits or the ends of an interval as they are shown: no further than values can go.

        A mean of answers from 1 to 7 with the interval 6.4 to 7.3 is shown with 6.4 to 7. The record keeps 7.3.
        """
        ends = [end for end in (low, high) if end is not None]
        bounds = self.possible or possible_range(self.unit, ())
        if all(end == clipped(end, bounds) for end in ends):  # nearly always, and no value need be looked at
            return low, high
        values = (point.value for point in self.points)
        bounds = self.possible or possible_range(self.unit, [value for value in values if value is not None])
        shown = (None if end is None else clipped(end, bounds) for end in (low, high))
        return next(shown), next(shown)

    def few(self, point: Point) -> bool:
        """Tell whether a value rests on fewer cases than the definition asks for: it is told without a colour."""
        return bool(self.small_sample) and 0 < point.n < self.small_sample

    def misses(self, point: Point) -> bool:
        """Tell whether a value is on the wrong side of its target, margin or not; equality meets a target."""
        value, target = point.value, point.target
        if value is None or target is None or self.better == "neither":
            return False
        wrong = value < target if self.better == "higher" else value > target
        return wrong and not math.isclose(value, target, rel_tol=1e-12, abs_tol=0.0)

    def untested(self, point: Point) -> str:
        """Return why no rule judged a value, of the whole or of a part; empty where one did: then "no signal" means it.

        ``unfinished``: its period is not over; ``few_cases``: too few for this KPI; ``few_points``: too few for limits;
        ``no_limits``: it was never analysed.
        """
        if point.unfinished:
            return "unfinished"
        if self.few(point):
            return "few_cases"
        if point.lower is None or point.upper is None:
            return "no_limits" if point.mean is None else "few_points"
        return ""

    @property
    def latest(self) -> Point:
        """The value of the period under review."""
        return self.points[-1]
