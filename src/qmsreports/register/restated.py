"""Which values were restated, by whom and why, and what made a value another one between two moments.

The newest row of a value tells why that row was written. After a restatement this may be a target that was approved
later, or a feed that failed and came back: the number is the restated one nevertheless. Here the rows are read back to
the one that changed the number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from qmsreports.period import Period
from qmsreports.register.models import Result

Key = tuple[str, str, str]
"""KPI, slice (``site=linz``, empty for the whole), period."""

_BY = "restatement by "
_NUMBERS = ("value", "numerator", "denominator", "n", "version")
_COLUMNS = tuple(
    getattr(Result, name)
    for name in ("id", "kpi", "slice_key", "period", "unit", "status", "why", "computed_at", *_NUMBERS)
)


@dataclass(frozen=True, slots=True)
class Restated:
    """A value that was restated: the one that was replaced first, then each that a restatement gave, and who gave the
    newest one why. ``row`` is the id of the newest row of the value where it still is the restated number, else 0.
    """

    unit: str
    values: tuple[float | None, ...]
    by: str
    why: str
    row: int


def reason(who: str, why: str) -> str:
    """Return how a restatement is put on record: ``restatement by E. Novak: two notes were entered late``."""
    return f"{_BY}{who}: {why}"


def is_restatement(why: str) -> bool:
    """Tell whether the reason of a row is that a person restated the value."""
    return why.startswith("restatement")


def restated(
    session: Session, *, kpis: Iterable[str], periods: Iterable[Period | str], as_of: datetime | None
) -> dict[Key, Restated]:
    """Return the values that anybody restated, up to an instant or ever."""
    told = select(Result.kpi, Result.slice_key, Result.period).where(
        Result.why.startswith(_BY),
        Result.kpi.in_(list(kpis)),
        Result.period.in_([str(one) for one in periods]),
    )
    told = told.where(Result.computed_at <= as_of) if as_of is not None else told
    chains = _chains(session, {(kpi, part, period) for kpi, part, period in session.execute(told)}, as_of)
    return {key: _restated(rows) for key, rows in chains.items()}


def _restated(rows: Sequence[Row[Any]]) -> Restated:
    told = [place for place, row in enumerate(rows) if is_restatement(row.why)]
    last = rows[told[-1]]
    values = (rows[told[0] - 1].value if told[0] else None, *(rows[place].value for place in told))
    who, _, why = last.why.removeprefix(_BY).partition(": ")
    stands = rows[-1].status != "not_valid" and not _differ(last, rows[-1])
    return Restated(last.unit, values, who, why, rows[-1].id if stands else 0)


def reasons(session: Session, keys: Collection[Key], *, since: datetime, until: datetime) -> dict[Key, str]:
    """Return why each of these values is another one at ``until`` than at ``since``, as it was put on record.

    That is the reason of the newest row between them that changed the number; where none did, of the newest row. A
    feed that failed and came back between them changed nothing.
    """
    return {key: _reason(rows, since) for key, rows in _chains(session, frozenset(keys), until).items()}


def _reason(rows: Sequence[Row[Any]], since: datetime) -> str:
    valid = [row for row in rows if row.status != "not_valid"] if rows[-1].status != "not_valid" else rows
    for before, row in zip(reversed(valid[:-1]), reversed(valid), strict=False):
        if row.computed_at <= since:
            break
        if _differ(before, row):
            return str(row.why)
    return str(rows[-1].why)


def _chains(session: Session, keys: Collection[Key], until: datetime | None) -> Mapping[Key, list[Row[Any]]]:
    """Return the rows of each of these values up to an instant, oldest first."""
    found: dict[Key, list[Row[Any]]] = {}
    if not keys:
        return found
    query = select(*_COLUMNS).where(
        Result.kpi.in_(sorted({key[0] for key in keys})),
        Result.period.in_(sorted({key[2] for key in keys})),
    )
    query = query.where(Result.computed_at <= until) if until is not None else query
    for row in session.execute(query.order_by(Result.id)):
        key = (row.kpi, row.slice_key, row.period)
        if key in keys:
            found.setdefault(key, []).append(row)
    return found


def _differ(one: Row[Any], other: Row[Any]) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in _NUMBERS)
