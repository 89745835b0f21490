"""What is to be computed for one version of a KPI, checked and typed, with nothing left to interpret.

A plan names only columns that the table declarations hold; compilers turn it into SQL without looking anything up.
There are five bodies, and every kind of measure becomes one of them:

====================  ==========================================================================
:class:`Additive`     count, sum, mean, ratio, product, score without ``one_per``: sums over rows
:class:`Level`        cases open at the end of a period
:class:`Spread`       percentile, median and mean of a column or a duration: needs the rows
:class:`Chosen`       score with ``one_per``: one answer of each customer
:class:`Composed`     formula over the values of other KPIs
====================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Literal

from qmsreports.catalog.condition import Operator
from qmsreports.catalog.table import ColumnType
from qmsreports.fiscal import CALENDAR, FiscalYear

Value = str | bool | int | float | date
Aggregate = Literal["rows", "sum", "known", "squares"]
Unfinished = Literal["leave_out", "count_until_period_end", "censor"]


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A declared column of the table that the surrounding node reads; ``weeks`` puts it into months of whole weeks."""

    name: str
    type: ColumnType
    weeks: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """A history of states beside the cases: a row holds from ``at`` until that of the next row with the same ``by``.

    The time in which ``status`` is one of ``values`` does not count. ``order`` decides between rows of one instant.
    """

    table: str
    by: ColumnRef
    at: ColumnRef
    status: ColumnRef
    values: tuple[str, ...]
    order: tuple[ColumnRef, ...]


@dataclass(frozen=True, slots=True)
class ByRow:
    """The calendar of each row: ``of`` pairs values of the column ``by`` with calendars, ``otherwise`` is for others.

    A row for which neither holds has no calendar, and no length.
    """

    by: ColumnRef
    of: tuple[tuple[str, str], ...]
    otherwise: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the calendars, each once."""
        rest = (self.otherwise,) if self.otherwise is not None else ()
        return tuple(dict.fromkeys((*(name for _, name in self.of), *rest)))


@dataclass(frozen=True, slots=True)
class Span:
    """Time from ``start`` to ``to``, counted in seconds within ``calendar``, or plainly where that is ``None``.

    With ``whole_days`` only midnights count, each an 86,400 seconds.
    """

    start: ColumnRef
    to: ColumnRef
    calendar: str | ByRow | None
    whole_days: bool = False
    pause: Pause | None = None

    @property
    def column(self) -> str:
        """Name of the column with its seconds where a condition asks; the blanks keep it apart from declared ones."""
        less = f" less pauses {_short(self.pause)}" if self.pause else ""
        return f"{self.start.name} to {self.to.name}{self._within}{less}"

    @property
    def calendars(self) -> tuple[str, ...]:
        """Names of the calendars that it is counted in."""
        if isinstance(self.calendar, ByRow):
            return self.calendar.names
        return (self.calendar,) if self.calendar is not None else ()

    @property
    def _within(self) -> str:
        if self.whole_days:
            return " in calendar days"
        if isinstance(self.calendar, ByRow):
            return f" in the hours of {self.calendar.by.name} {_short(self.calendar)}"
        return f" in {self.calendar}" if self.calendar is not None else ""


def _short(part: object) -> str:
    return sha256(repr(part).encode()).hexdigest()[:6]


@dataclass(frozen=True, slots=True)
class Test:
    """One condition. ``right`` is a column, or the literals it is compared with (one unless ``in`` or ``not_in``).

    A length of time is compared with seconds. As in SQL, a comparison with an empty value is not met; ``known`` with
    ``(True,)`` or ``(False,)`` asks for that.
    """

    left: ColumnRef | Span
    operator: Operator
    right: ColumnRef | tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """An additive aggregate over the rows of a table whose ``clock`` lies in the period.

    ``rows`` counts rows, ``known`` those where ``of`` is not empty, ``sum`` and ``squares`` add ``of`` up.
    """

    name: str
    table: str
    clock: ColumnRef
    aggregate: Aggregate
    of: ColumnRef | None
    where: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """``(sum of plus - sum of minus) / over``; without ``over`` the difference itself. Entries are names of tallies."""

    name: str
    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    over: str | None = None


@dataclass(frozen=True, slots=True)
class Additive:
    """Value = scale x product of the quotients; ``n`` is the name of the tally that counts the rows behind it.

    ``at_most`` bounds each factor of a product: a higher one is kept and told, because then a norm is wrong.
    """

    tallies: tuple[Tally, ...]
    quotients: tuple[Quotient, ...]
    n: str
    scale: float
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """Rows begun before the end of the period and not ended by then; ``to`` empty means still open."""

    table: str
    start: ColumnRef
    to: ColumnRef
    where: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Spread:
    """A statistic that needs every row: a percentile (``share`` in 0..1) or, with ``share`` None, the mean.

    ``divisor`` turns seconds into the KPI's unit (hours 3600); 1 where ``of`` is a column.
    """

    table: str
    clock: ColumnRef
    of: ColumnRef | Span
    unfinished: Unfinished | None
    share: float | None
    divisor: float
    where: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A score over one row of each ``key`` per window and slice; ``order`` decides which is the latest.

    The tallies are taken over the chosen rows and read only the answer column.
    """

    table: str
    clock: ColumnRef
    key: ColumnRef
    keep: Literal["latest", "first"]
    order: tuple[ColumnRef, ...]
    answer: ColumnRef
    where: tuple[Test, ...]
    tallies: tuple[Tally, ...]
    quotients: tuple[Quotient, ...]
    scale: float


@dataclass(frozen=True, slots=True)
class Step:
    """Node of a formula: ``kpi`` reads a value, ``number`` is one, the others combine ``steps`` from left to right.

    ``highest`` and ``lowest`` read the extreme of a KPI's slices ``over`` a column that have ``at_least`` rows.
    """

    operator: Literal["kpi", "highest", "lowest", "number", "add", "subtract", "multiply", "divide"]
    kpi: str = ""
    over: str = ""
    at_least: int = 1
    number: float = 0.0
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Composed:
    """A value made of other KPIs' values of the same period and slice; ``reads`` are their names."""

    root: Step
    reads: tuple[str, ...]


Body = Additive | Level | Spread | Chosen | Composed


def mean_of(body: Body) -> Spread | None:
    """Return what a body is the mean of, as rows; None where it is no mean of a column or a length."""
    if isinstance(body, Spread):
        return body if body.share is None and body.unfinished != "censor" else None
    if not isinstance(body, Additive) or len(body.quotients) != 1 or body.quotients[0].over is None:
        return None
    parts = {tally.name: tally for tally in body.tallies}
    total, over = parts[body.quotients[0].plus[0]], parts[body.quotients[0].over]
    if total.aggregate != "sum" or total.of is None or (over.aggregate, over.of) != ("known", total.of):
        return None
    return Spread(total.table, total.clock, total.of, None, None, 1.0, total.where)


@dataclass(frozen=True, slots=True)
class Rolling:
    """The value of a period covers the last ``last`` periods of ``kind``, or with ``last`` 0 that of ``kind`` so far.

    ``of`` is the year whose quarters, half-years and years those so far are; it is the calendar year with ``calendar``.
    """

    last: int
    kind: str
    of: FiscalYear = CALENDAR
    calendar: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of one KPI, ready to compile."""

    kpi: str
    version: int
    title: str
    question: str
    unit: str
    slices: tuple[str, ...]
    combinations: tuple[tuple[str, ...], ...]
    body: Body
    window: Rolling | None
    tables: tuple[str, ...]
    resampled: bool = False  # its mean has an interval by bootstrap
    weeks: bool = False  # its periods are made of weeks, see qmsreports.kpi.weeks

    @property
    def cuts(self) -> tuple[tuple[str, ...], ...]:
        """Every way in which the whole is cut: each slice alone, then the combinations."""
        return (*((name,) for name in self.slices), *self.combinations)

    @property
    def label(self) -> str:
        """Prefix of this version's columns in a scan: ``otif v1``; the blank keeps it apart from any declared name."""
        return f"{self.kpi} v{self.version}{' weeks' if self.weeks else ''}"
