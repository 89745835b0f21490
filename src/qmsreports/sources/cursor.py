"""Reading only what changed: a cursor that repeats its boundary and recognises what it has seen.

Cursors of real systems have whole seconds, and a second change within the same second keeps the cursor. So each visit
reads again from the last value on (``>=``), and rows at that boundary are told apart by their whole content, not by
their key: a row that was changed again within its second is new, a row that was not is dropped.

Cursors are also empty, or hold "n/a" or 9999-12-31, or a day of next year that somebody mistyped. Such rows cannot be
compared; they are read at every visit and landed when their content is new. Counting them as a boundary would hide
every later change of the table. What is yet to come is told by the clock of the system, where it has one.

Zone-less local times run back by an hour in autumn, and slow transactions commit late: ``overlap_minutes`` moves the
boundary back by so much, with the same comparison of content. A new row that is older still is found by its key where
keys are compared (:mod:`qmsreports.sources.missed`); a change of a known row that is older still is seen by nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from qmsreports.sources.feed import FeedState, row_hash

POINTS = {
    "text": r"^(19|20)[0-9][0-9]-[01][0-9]-[0-3][0-9]",
    "digits": r"^(19|20)[0-9][0-9][01][0-9][0-3][0-9]",
}
"""Texts that are points in time, up to 2099: 2026-01-31... or 20260131...; a column has one of the two forms."""

_LAST_YEAR = 2099


@dataclass(frozen=True, slots=True)
class Since:
    """From where to read: rows whose ``column`` is at least ``value`` or cannot be compared; everything for ``None``.

    ``kind`` is text | digits | number | date | timestamp.
    """

    column: str
    kind: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Among:
    """Which rows to read: those with one of these keys. ``columns`` are the key's names at the source."""

    columns: tuple[str, ...]
    keys: tuple[tuple[Any, ...], ...]


class Cursor:
    """Follows one reading of a table: says which rows are new and what to remember.

    ``column`` is the name in the batches it is shown. ``until`` may be set to the system's present: a value beyond it
    is a mistake and no boundary, or every change until then would stay unseen. It is text where the column is, as a web
    interface has it; of a database it is a moment in the zone in which its times without a zone are written.
    ``ahead`` counts the rows beyond it, ``furthest`` is the latest of them. A boundary of an earlier visit that lies
    further ahead than a day (noted before the present was known, or by a clock that was wrong) is dropped: all is read.
    """

    def __init__(
        self, column: str, before: FeedState, *, overlap_minutes: int = 0, until: datetime | None = None
    ) -> None:
        self.column = column
        self.overlap = timedelta(minutes=overlap_minutes)
        self.until: str | datetime | None = until
        self.ahead, self.furthest = 0, None
        self.kind, self.highest = _decoded(before.cursor)
        if until is not None and _is_beyond(self.kind, self.highest, until + timedelta(days=1)):
            self.kind, self.highest = "", None
        self._known = frozenset(before.seen)
        self._last, self._last_kind = self.highest, self.kind
        self._near: dict[str, Any] = {}
        self._loose: dict[str, Any] = {}

    def since(self, column: str) -> Since:
        """Return from where to read; ``column`` is the name at the source."""
        return Since(column, self.kind, self._low)

    @property
    def _low(self) -> Any:
        return _earlier(self.highest, self.overlap)

    def fresh(self, batch: Any) -> Any:
        """Return the rows of an Arrow table that were not landed before, and remember what the next visit needs."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = batch.column(self.column)
        kind, comparable = _comparable(values, self.kind)
        early = self._early(values, kind, comparable)
        if early is not None:
            late = values.filter(pc.and_not(comparable, early))
            self.ahead += len(late)
            self.furthest = max(filter(None, (self.furthest, pc.max(late).as_py())), default=None)
            comparable = early
        self._advance(kind, pc.max(values.filter(comparable)).as_py())
        look = pc.invert(comparable)
        if self.kind == kind and self._low is not None:
            look = pc.or_(look, pc.greater_equal(values, pa.scalar(self._low, values.type)))
        if self._last_kind == kind and self._last is not None:
            look = pc.or_(look, pc.less_equal(values, pa.scalar(self._last, values.type)))
        look = pc.fill_null(look, True)
        rows = zip(
            pc.indices_nonzero(look).to_pylist(),
            comparable.filter(look).to_pylist(),
            batch.filter(look).to_pylist(),
            strict=True,
        )
        repeated = {index for index, can_compare, row in rows if not self._is_new(row, can_compare)}
        if not repeated:
            return batch
        return batch.filter(pa.array([index not in repeated for index in range(batch.num_rows)], pa.bool_()))

    def is_beyond(self, batch: Any) -> bool:
        """Whether a row lies beyond all that was landed, which tells at a glance that it is new; nothing is noted."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = batch.column(self.column)
        kind, comparable = _comparable(values, self.kind)
        if kind != self.kind or self.highest is None:
            return False
        early = self._early(values, kind, comparable)
        comparable = comparable if early is None else early
        later = pc.greater(values.filter(comparable), pa.scalar(self.highest, values.type))
        return bool(pc.any(later).as_py())

    def reached(self, batch: Any) -> Any:
        """Return the rows that do not lie beyond all that was read: the next visit brings those that do."""
        import pyarrow as pa
        import pyarrow.compute as pc

        values = batch.column(self.column)
        kind, comparable = _comparable(values, self.kind)
        if kind != self.kind or self.highest is None:
            return batch
        later = pc.and_(comparable, pc.fill_null(pc.greater(values, pa.scalar(self.highest, values.type)), False))
        return batch.filter(pc.invert(later))

    def _early(self, values: Any, kind: str, comparable: Any) -> Any:
        """Return which comparable values are not yet to come, ``None`` where that is not told."""
        import pyarrow as pa
        import pyarrow.compute as pc

        until = _until(self.until, kind, values.type)
        if until is None:
            return None
        return pc.and_(comparable, pc.fill_null(pc.less_equal(values, pa.scalar(until, values.type)), False))

    def _advance(self, kind: str, highest: Any) -> None:
        if highest is None or (kind == self.kind and self.highest is not None and highest <= self.highest):
            return
        self.kind, self.highest = kind, highest
        self._near = {seen: value for seen, value in self._near.items() if value >= self._low}

    def _is_new(self, row: Mapping[str, Any], can_compare: bool) -> bool:
        """Note a row at the boundary or one that cannot be compared; return whether it is new."""
        seen, value = row_hash(row), row[self.column]
        if not can_compare:
            self._loose[seen] = value
        elif value >= self._low:
            self._near[seen] = value
        return seen not in self._known

    @property
    def unfit(self) -> str | None:
        """A value that cannot be compared when no value of the column can; ``None`` while the cursor works."""
        if self.highest is not None or self.ahead:
            return None
        return next((str(value) for value in self._loose.values() if value is not None), None)

    @property
    def stored(self) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
        """Highest value and hashes of the rows seen there, as the state keeps them."""
        return _encoded(self.kind, self.highest), tuple(sorted({*self._near, *self._loose}))


def _comparable(values: Any, kind: str) -> tuple[str, Any]:
    """Return the kind of a cursor column and, per row, whether its value is a point that can be compared.

    ``kind`` is what it was so far; it only decides between the two forms of texts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    type_ = values.type
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        fits = {form: pc.fill_null(pc.match_substring_regex(values, POINTS[form]), False) for form in POINTS}
        form = kind if kind in fits else max(fits, key=lambda form: pc.sum(fits[form]).as_py() or 0)
        return form, fits[form]
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        kind = "date" if pa.types.is_date(type_) else "timestamp"
        beyond = datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC if getattr(type_, "tz", None) else None)
        end = beyond.date() if kind == "date" else beyond
        return kind, pc.fill_null(pc.less(values, pa.scalar(end, type_)), False)
    if pa.types.is_floating(type_):
        return "number", pc.fill_null(pc.is_finite(values), False)
    return "number", pc.is_valid(values)


def _until(until: str | datetime | None, kind: str, type_: Any) -> Any:
    """Return the present as a value of a column; a text of a database is held against the end of the next day alone,
    since it may be written in any zone. ``None`` for numbers.
    """
    if not isinstance(until, datetime):
        return until
    if kind in POINTS:
        return (until + timedelta(days=1)).strftime("%Y-%m-%d~" if kind == "text" else "%Y%m%d~")
    if kind == "date":
        return until.date()
    if kind == "timestamp":
        return until if type_.tz else until.replace(tzinfo=None)
    return None


def _is_beyond(kind: str, highest: Any, moment: datetime) -> bool:
    """Whether a boundary lies after a moment, by its day alone: 2062-01-05 and 20620105 after 2026-12-01."""
    if kind in POINTS:
        return str(highest)[:10].replace("-", "")[:8] > f"{moment:%Y%m%d}"
    if kind in ("date", "timestamp"):
        return bool(f"{highest:%Y%m%d}" > f"{moment:%Y%m%d}")
    return False


def _earlier(value: Any, overlap: timedelta) -> Any:
    """Return the boundary moved back; a text keeps its form, a number stays where it is."""
    if not overlap or value is None:
        return value
    if isinstance(value, datetime):
        return value - overlap
    if isinstance(value, date):
        return (datetime.combine(value, datetime.min.time()) - overlap).date()
    if isinstance(value, str):
        try:
            moved = datetime.fromisoformat(value[:19]) - overlap
        except ValueError:
            return value
        return moved.isoformat(" " if value[10:11] == " " else "T")[: min(len(value), 19)]
    return value


def _encoded(kind: str, value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    return {"kind": kind, "value": value.isoformat() if isinstance(value, date) else value}


def _decoded(stored: Mapping[str, Any] | None) -> tuple[str, Any]:
    if not stored:
        return "", None
    kind, value = stored["kind"], stored["value"]
    if kind == "timestamp":
        moment = datetime.fromisoformat(value)
        return kind, moment.astimezone(UTC) if moment.tzinfo else moment
    if kind == "date":
        return kind, date.fromisoformat(value)
    return kind, value
