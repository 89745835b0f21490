"""What a rule must know beyond the rows of one batch: the whole delivery, and what was published before.

Answers are small (keys that repeat, values that exist nowhere, a newest day) however large the tables are, because
DuckDB finds them with bounded memory and spills to disk; the rules then only look values up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.table import Table
from qmsreports.errors import CouldNotRun, Finding
from qmsreports.lake import DUCKDB_TYPES
from qmsreports.records import StagedTable

if TYPE_CHECKING:
    import duckdb

Lookup = Callable[[str], Sequence[str]]
"""Name of a canonical table to the Parquet files of its rows, published or staged beside this one in the same run;
empty where there are none yet."""

DayOff = Callable[[date], bool]
"""Whether nobody works on a day, by any of the organisation's calendars."""

MEMORY = "600MB"

_current: ContextVar[Evidence] = ContextVar("qmsreports_validate_evidence")


def evidence() -> Evidence:
    """Return the evidence of the audit that is running; rules find it here because a suite holds only plain values."""
    return _current.get()


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of two tables over the same days, ``first`` and ``last`` included, and the rows that they are made of."""

    total: float
    other_total: float
    rows: int
    other_rows: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class _Side:
    """One of two tables that are compared; ``table`` is empty for this one, ``where`` the values that count."""

    table: str
    by: str
    value: str
    where: Mapping[str, Sequence[str]]


class Evidence:
    """Facts about one staged table at one instant ``as_of``; each is computed at most once."""

    def __init__(
        self,
        staged: StagedTable,
        table: Table,
        *,
        as_of: datetime,
        lookup: Lookup,
        spill: Path,
        day_off: DayOff = lambda _day: False,
    ) -> None:
        if as_of.tzinfo is None:
            raise ValueError("as_of must be an aware instant")
        self.staged = staged
        self.table = table
        self.as_of = as_of.astimezone(UTC)
        self.day_off = day_off
        self._lookup = lookup
        self._spill = spill
        self._unknown: dict[tuple[str, str, str], frozenset[Any]] = {}
        self._newest: dict[str, datetime | None] = {}
        self._unable = ""

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make this the evidence that rules see.

        A disk or memory that gave out while a rule asked is :class:`CouldNotRun` at the end, whatever the library made
        of it: neither the rule nor the rows are to blame.
        """
        token = _current.set(self)
        try:
            yield
        except Exception as error:
            if isinstance(error, MemoryError):
                self._unable = self._unable or "out of memory"
            if self._unable:
                raise self._could_not_run() from error
            raise
        finally:
            _current.reset(token)
            if "_duckdb" in self.__dict__:
                self._duckdb.close()
                del self.__dict__["_duckdb"]
        if self._unable:
            raise self._could_not_run()

    def _could_not_run(self) -> CouldNotRun:
        return CouldNotRun(
            Finding(
                f"source {self.staged.source}, table {self.staged.table}",
                f"the rules could not be checked ({self._unable})",
                "free some disk or memory, then run again; nothing is lost",
            )
        )

    def ask(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Return all rows of an answer, and remember when it was a disk or memory that refused it."""
        import duckdb

        try:
            return self._duckdb.execute(sql, parameters).fetchall()
        except (duckdb.IOException, duckdb.OutOfMemoryException, MemoryError) as error:
            self._unable = " ".join(str(error).splitlines()[:1]) or "out of memory"
            raise

    @cached_property
    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        connection = duckdb.connect(
            config={
                "memory_limit": MEMORY,
                "temp_directory": str(self._spill),
                "autoinstall_known_extensions": "false",  # never wait for a network that may not be there
            }
        )
        if self.staged.path:  # empty where nothing new came and only what is published is judged
            staged = f"read_parquet({_text(self.staged.path)}, file_row_number = true)"
            connection.execute(f"CREATE VIEW staged AS FROM {staged}")
        return connection

    def repeated(self, columns: Sequence[str]) -> list[int]:
        """Positions (0-based row numbers of the staged file) of rows whose values in ``columns`` occur elsewhere too.

        Rows with an empty value are left out, as in Great Expectations: an empty key is another rule's business.
        """
        names = ", ".join(map(_name, columns))
        known = " AND ".join(f"{_name(column)} IS NOT NULL" for column in columns)
        rows = self.ask(
            f"SELECT file_row_number FROM staged SEMI JOIN "
            f"(SELECT {names} FROM staged WHERE {known} GROUP BY ALL HAVING count(*) > 1) USING ({names}) ORDER BY 1"
        )
        return [row[0] for row in rows]

    def has_rows(self, other_table: str) -> bool:
        """Whether there is anything to look values up in; a rule into a table without rows cannot be judged."""
        return other_table == self.staged.table or bool(self._published(other_table))

    def unknown(self, column: str, other_table: str, other_column: str) -> frozenset[Any]:
        """Values of a column that no row of another table has; a table may also point into itself."""
        asked = (column, other_table, other_column)
        if asked not in self._unknown:
            self._unknown[asked] = self._find_unknown(*asked)
        return self._unknown[asked]

    def _find_unknown(self, column: str, other_table: str, other_column: str) -> frozenset[Any]:
        known = [f"SELECT {_name(other_column)} AS known FROM {files}" for files in self._published(other_table)]
        if other_table == self.staged.table:
            known.append(f"SELECT {_name(other_column)} AS known FROM staged")
        if not known:
            raise LookupError(f"{other_table} has no rows yet")
        rows = self.ask(
            f"SELECT DISTINCT {_name(column)} FROM staged WHERE {_name(column)} IS NOT NULL AND {_name(column)} "
            f"NOT IN (SELECT known FROM ({' UNION ALL '.join(known)}) WHERE known IS NOT NULL)"
        )
        return frozenset(row[0] for row in rows)

    def newest(self, column: str) -> datetime | None:
        """Latest instant or day (as its midnight UTC) of a column, new and published rows together, up to as_of.

        Values after ``as_of`` are left out: one mistyped year would make a dead feed look alive for a century.
        """
        if column not in self._newest:  # every rule on a stretch of days asks
            lately = self.as_of.replace(hour=0, minute=0, second=0, microsecond=0) - _LATELY
            found = self._latest(column, since=lately)
            if found is None or found < _microseconds(lately):  # a table at rest is read as a whole
                found = self._latest(column)
            self._newest[column] = _EPOCH + timedelta(microseconds=found) if found is not None else None
        return self._newest[column]

    def _latest(self, column: str, *, since: datetime | None = None) -> int | None:
        until = _microseconds(self.as_of + timedelta(hours=14))
        days = self._days(column, since=since)
        ((found,),) = self.ask(f"SELECT max(moment) FROM ({days}) WHERE moment <= ?", [until])
        return None if found is None else int(found)

    def weekly(self, column: str, weeks: int) -> list[int]:
        """Rows per week of seven days, oldest first, ``weeks`` earlier ones and then the last; weeks end on the newest
        day of the column. A key that is new and published counts once.
        """
        return [sum(week) for week in self.daily(column, weeks)]

    def daily(self, column: str, weeks: int) -> list[tuple[int, ...]]:
        """Rows of each day, in weeks as in :meth:`weekly`; every week begins on the weekday after the newest day's."""
        days = self.last_days(column)
        if not days:
            return []
        start = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC) - timedelta(weeks=weeks)
        counted = self.ask(
            f"SELECT (moment - $start) // {_DAY} AS day, count(*) FROM ({self._days(column, since=start)}) "
            f"WHERE moment >= $start AND moment < $end GROUP BY day",
            {"start": _microseconds(start), "end": _microseconds(start + timedelta(weeks=weeks + 1))},
        )
        counts = {int(day): int(count) for day, count in counted}
        return [tuple(counts.get(7 * week + day, 0) for day in range(7)) for week in range(weeks + 1)]

    def last_days(self, column: str) -> list[date]:
        """Return the seven days up to the newest day of a column; none where it has none."""
        newest = self.newest(column)
        return [(newest - timedelta(days=back)).date() for back in range(6, -1, -1)] if newest else []

    def mix(self, column: str, by: str, days: int, windows: int) -> list[dict[str, int]]:
        """Rows of each value of a column in stretches of ``days``, ``windows`` earlier ones and then the last, which
        ends on the newest day of ``by``; empty values are left out.
        """
        newest = self.newest(by)
        if newest is None:
            return []
        end = newest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        start = end - timedelta(days=days * (windows + 1))
        counted = self.ask(
            f"SELECT (moment - $start) // {days * _DAY} AS stretch, CAST(also AS VARCHAR), count(*) "
            f"FROM ({self._days(by, column, since=start)}) "
            f"WHERE moment >= $start AND moment < $end AND also IS NOT NULL GROUP BY ALL",
            {"start": _microseconds(start), "end": _microseconds(end)},
        )
        found: list[dict[str, int]] = [{} for _ in range(windows + 1)]
        for stretch, value, count in counted:
            found[int(stretch)][str(value)] = int(count)
        return found

    def totals(
        self,
        column: str,
        by: str,
        other: tuple[str, str, str],
        *,
        days: int,
        where: Mapping[str, Sequence[str]],
        other_where: Mapping[str, Sequence[str]],
    ) -> Totals | None:
        """Add up a column of this table and one of another, ``other`` (name, column, day column), over the same days.

        ``None`` where one of them has no such day yet. ``where`` names the values that count, by column.
        """
        table, added, day = other
        sides = (_Side("", by, column, where), _Side(table, day, added, other_where))
        last = self._last_day(sides)
        if last is None:
            return None
        first = last - timedelta(days=days - 1)
        (own,), (others,) = (
            self.ask(f"SELECT coalesce(sum(value), 0), count(*) FROM {self._side(side, first, last)}") for side in sides
        )
        return Totals(float(own[0]), float(others[0]), int(own[1]), int(others[1]), first, last)

    def rows_by_day(
        self, by: str, other_table: str, other_by: str, *, days: int, other_where: Mapping[str, Sequence[str]]
    ) -> tuple[dict[date, int], dict[date, int]] | None:
        """Count the rows of each of the last ``days``, here and in another table; ``None`` where one has none yet.

        The days end on the older of the two newest ones, as those of :meth:`totals` do.
        """
        sides = (_Side("", by, by, {}), _Side(other_table, other_by, other_by, other_where))
        last = self._last_day(sides)
        if last is None:
            return None
        first = last - timedelta(days=days - 1)
        own, others = (
            dict(self.ask(f"SELECT day, count(*) FROM {self._side(side, first, last)} GROUP BY day")) for side in sides
        )
        return own, others

    def _side(self, side: _Side, first: date | None, last: date) -> str:
        """Write the SQL of day and value of one side's rows between two days."""
        kept = "".join(f" AND {_name(name)} IN ({', '.join(map(_text, some))})" for name, some in side.where.items())
        lately = "" if first is None else f" WHERE {_name(side.by)} >= DATE '{first - timedelta(days=1)}'"
        since = "" if first is None else f"day >= DATE '{first}' AND "
        return (
            f"(FROM (SELECT CAST({_name(side.by)} AS DATE) AS day, {_name(side.value)} AS value "
            f"FROM ({self._rows((side.by, side.value, *side.where), side.table, where=lately)}) "
            f"WHERE {_name(side.by)} IS NOT NULL AND {_name(side.value)} IS NOT NULL{kept}) "
            f"WHERE {since}day <= DATE '{last}')"
        )

    def _last_day(self, sides: Sequence[_Side]) -> date | None:
        """Return the older of the newest days of two tables, ``None`` where one has none."""
        until = (self.as_of + timedelta(hours=14)).date()
        lately = (self.as_of - _LATELY).date()

        def newest(since: date | None) -> list[date | None]:
            asked = (f"(SELECT max(day) FROM {self._side(side, since, until)})" for side in sides)
            return list(self.ask(f"SELECT {', '.join(asked)}")[0])

        ends = newest(lately)
        if any(end is None or end <= lately for end in ends):  # a table at rest is read as a whole
            ends = newest(None)
        found = [end for end in ends if end is not None]
        return min(found) if len(found) == len(sides) else None

    @cached_property
    def published_rows(self) -> int:
        """Rows that this source has in the published table now."""
        return sum(
            self._count(f"{files} WHERE _source = {_text(self.staged.source)}")
            for files in self._published(self.staged.table)
        )

    @cached_property
    def vanished_rows(self) -> int:
        """Published rows that the source does not have any more.

        A complete delivery says so by its number of rows, refused ones included: their keys may all be new when a
        mapping was edited, which is no loss. Another says so by the keys that it reports as gone.
        """
        if self.staged.complete:
            return max(0, self.published_rows - self.staged.rows - self.staged.rejected)
        if not self.staged.deleted_keys:
            return 0
        gone = f"read_parquet({_text(self.staged.deleted_keys)})"  # keys that were never published are no loss
        keys, own = ", ".join(map(_name, self.table.key)), _text(self.staged.source)
        return sum(
            self._count(f"(SELECT {keys} FROM {files} WHERE _source = {own}) SEMI JOIN {gone} USING ({keys})")
            for files in self._published(self.staged.table)
        )

    def _count(self, files: str) -> int:
        ((count,),) = self.ask(f"SELECT count(*) FROM {files}")
        return int(count)

    def _days(self, column: str, also: str = "", *, since: datetime | None = None) -> str:
        """Write the SQL of event times in microseconds since 1970, beside them another column where one is named.

        With ``since``, a midnight in UTC, only rows from then on: whole files of older months are not opened.
        """
        beside = f", {_name(also)} AS also" if also else ""
        declared = self.table.column(column)
        where = ""
        if since is not None and declared is not None and declared.type in ("date", "instant"):
            where = f" WHERE {_name(column)} >= CAST({_text(since.isoformat())} AS {DUCKDB_TYPES[declared.type]})"
        return f"SELECT epoch_us({_name(column)}) AS moment{beside} FROM ({self._rows((column, also), where=where)})"

    def _rows(self, columns: Sequence[str], table: str = "", *, where: str = "") -> str:
        """Write the SQL of some columns of this table, rows published and not replaced and new ones; or of another.

        ``where`` holds for published rows alone: it spares reading them, and leaves the new ones whole.
        """
        named = ", ".join(map(_name, dict.fromkeys(filter(None, columns))))
        if table and table != self.staged.table:
            return " UNION ALL ".join(f"SELECT {named} FROM {files}{where}" for files in self._published(table))
        keys = ", ".join(map(_name, self.table.key))
        parts = [f"SELECT {named} FROM staged"] if self.staged.path else []
        left = f" ANTI JOIN staged USING ({keys})" if self.staged.path else ""
        parts += [f"SELECT {named} FROM {files}{left}{where}" for files in self._published(self.staged.table)]
        return " UNION ALL ".join(parts)

    def _published(self, table: str) -> list[str]:
        """FROM clause of the rows of a table that are not this delivery's own; none or one."""
        files = [str(file) for file in self._lookup(table) if str(file) != self.staged.path]
        if not files:
            return []
        return [f"read_parquet([{', '.join(map(_text, files))}], union_by_name = true, hive_partitioning = false)"]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 24 * 3600 * 1_000_000
_LATELY = timedelta(days=62)
"""How far back the newest day is looked for first, in files that the others of a large table need not be opened for."""


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
