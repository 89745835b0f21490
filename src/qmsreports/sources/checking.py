"""Whether a source can be read as declared, before anything of it is landed: what ``source check`` says.

Everything is looked at through the same readers that land; nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from qmsreports import landing as zone
from qmsreports.catalog.source import CHANGED, LandedFeed, Source
from qmsreports.sources.columns import UNKNOWN, as_text
from qmsreports.sources.comparing import Difference, last_values, other_columns, other_kinds, values_of
from qmsreports.sources.cursor import Among, Cursor
from qmsreports.sources.database import Database, without_secrets
from qmsreports.sources.feed import FeedState, Unreadable
from qmsreports.sources.files import FileReading
from qmsreports.sources.missed import Key, LandedKeys, Missed, named
from qmsreports.sources.retyped import declared_kinds
from qmsreports.sources.visit import Feeds, open_source

_CLOCKS_APART = timedelta(seconds=60)
_TOMORROW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing looked at: ``outcome`` is ok | warning | failed, ``table`` empty for the source as a whole."""

    check: str
    table: str
    outcome: str
    what: str
    todo: str = ""
    where: str = ""


@dataclass(slots=True)
class CheckReport:
    """What was looked at, and the first rows of each table as they would be landed."""

    source: str
    kind: str
    checks: list[Checked] = field(default_factory=list)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether something would stop a table."""
        return any(entry.outcome == "failed" for entry in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return what ``source check --json`` prints."""
        return {
            "source": self.source,
            "kind": self.kind,
            "failed": self.failed,
            "checks": [asdict(entry) for entry in self.checks],
            "samples": self.samples,
        }


def check(
    source: Source, *, connection: str, landing: Path | str, now: Callable[[], datetime], rows: int = 3
) -> CheckReport:
    """Look at a source: does it answer, what may be read, are cursors sane, how far is its clock from ours.

    ``rows`` is how many of each table are shown. A table that cannot be read is a failed check, never an exception.
    """
    return _Check(source, connection, landing, now, rows).run()


class _Check:
    def __init__(
        self, source: Source, connection: str, landing: Path | str, now: Callable[[], datetime], rows: int
    ) -> None:
        self.source = source
        self.connection = connection
        self.landing = landing
        self.now = now
        self.rows = rows
        self.last: zone.Visit | None = None
        self.report = CheckReport(source.source, source.kind)

    def run(self) -> CheckReport:
        """Look at everything."""
        try:
            opened = open_source(self.source, self.connection, trial=True)
        except Unreadable as problem:
            self._failed("connect", "", problem)
            return self.report
        self._say("connect", "", "ok", "the source answers")
        try:
            self.last = zone.last_visit(self.landing, self.source.source)
            for feed in self.source.tables:
                self._feed(opened, feed)
            self._clock(opened)
        finally:
            opened.close()
        return self.report

    def _say(self, check: str, table: str, outcome: str, what: str, todo: str = "", where: str = "") -> None:
        what, todo = without_secrets(what, self.connection), without_secrets(todo, self.connection)
        self.report.checks.append(Checked(check, table, outcome, what, todo, where))

    def _failed(self, check: str, table: str, problem: Unreadable) -> None:
        where = problem.where or (self.source.place(table, *problem.place) if table else "")
        self._say(check, table, "failed", problem.what, problem.todo, where)

    @staticmethod
    def _database(opened: Feeds, feed: LandedFeed) -> Database | None:
        from qmsreports.sources.sql import SqlFeeds

        return opened.place_of(feed) if isinstance(opened, SqlFeeds) else None

    def _clock(self, opened: Feeds) -> None:
        try:
            theirs = opened.clock()
        except Unreadable as problem:
            self._say("clock", "", "warning", problem.what, problem.todo)
            return
        if theirs is None:
            return
        apart = theirs - self.now()
        seconds = round(apart.total_seconds())
        what = f"the server's clock is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} ours"
        if abs(apart) > _CLOCKS_APART:
            self._say("clock", "", "warning", what, "set the clocks; times of changes are the server's own")
        else:
            self._say("clock", "", "ok", what if seconds else "the server's clock is as ours")

    def _feed(self, opened: Feeds, feed: LandedFeed) -> None:
        sample: Any = None
        try:
            reading = opened.read(feed, FeedState())
            name = zone.landed_name(feed.table)
            sample = next((batch for table, batch in reading.parts() if table == name), None)
        except Unreadable as problem:
            self._failed("read", feed.table, problem)
            self._differ(feed, other_columns(self._before(feed), problem.columns))
            return
        shown = sample.slice(0, self.rows).to_pylist() if sample is not None else []
        self.report.samples[feed.table] = [{key: _json(value) for key, value in row.items()} for row in shown]
        columns = sample.num_columns if sample is not None else 0
        if not shown:
            self._say("read", feed.table, "warning", f"{columns} columns and no row", "check that it should be empty")
        else:
            self._say("read", feed.table, "ok", f"{columns} columns, as declared")
        for said in reading.warnings:
            self._say("read", feed.table, "warning", said.what, said.todo, said.where)
        try:
            place = self._database(opened, feed)
            if place is not None:
                self._in_database(place, feed)
                self._columns(feed, sample, dict(place.columns(feed.table)))
            elif isinstance(reading, FileReading):
                self._files(feed, reading)
            else:
                self._landed(feed, reading.state.landed, cut=getattr(reading, "cut", False))
                self._columns(feed, sample, {}, reading.state.columns)
        except Unreadable as problem:
            self._failed("rows", feed.table, problem)
            self._differ(feed, other_columns(self._before(feed), problem.columns))

    def _before(self, feed: LandedFeed) -> FeedState:
        """Return what the last load left of a feed."""
        return FeedState.from_json(self.last.states.get(zone.landed_name(feed.table)) if self.last else None)

    # --- beside the last load ----------------------------------------------------------------------------------------
    def _columns(self, feed: LandedFeed, sample: Any, declared: Mapping[str, str], columns: Sequence[str] = ()) -> None:
        """Columns now beside those of the last load; ``declared`` are the kinds that a database declares."""
        names = list(sample.column_names) if sample is not None else []
        rows = sample.select(names).to_pydict() if sample is not None else {}
        values = {name: [as_text(value) for value in rows[name]] for name in names}
        kinds = declared_kinds(feed, {zone.landed_name(name): kind for name, kind in declared.items()})
        self._beside(feed, columns or names, kinds, values)

    def _beside(
        self,
        feed: LandedFeed,
        columns: Sequence[str],
        declared: Mapping[str, str],
        values: Mapping[str, Sequence[str | None]],
    ) -> None:
        before = self._before(feed)
        if not before.columns:
            return
        then = last_values(self.landing, self.source.source, feed)
        self._differ(feed, other_columns(before, columns) if columns else ())
        self._differ(feed, other_kinds(feed, before, declared, values, then))
        if not any(entry.table == feed.table and entry.check == "columns" for entry in self.report.checks):
            self._say("columns", feed.table, "ok", "as at the last load")

    def _differ(self, feed: LandedFeed, differences: Iterable[Difference]) -> None:
        for one in differences:
            where = self.source.place(feed.table, *one.place) if one.place else ""
            self._say("columns", feed.table, one.outcome, one.what, one.todo, where)

    def _files(self, feed: LandedFeed, reading: FileReading) -> None:
        """Rows of all files, and the columns of the one that was written to last."""
        self._landed(feed, reading.count(self._before(feed)))
        newest = reading.newest
        if newest is None:
            return
        ahead = round(newest.changed - self.now().timestamp())
        if ahead > _CLOCKS_APART.total_seconds():
            what = f"{newest.shown} was written to {ahead:,} s after our time"
            self._say("clock", feed.table, "warning", what, "set the clocks; the age of files is told by them")
        if (block := reading.first_rows(newest)) is not None:
            self._beside(feed, block.columns, {}, values_of(block.columns, block.rows))

    # --- databases ---------------------------------------------------------------------------------------------------
    def _in_database(self, place: Database, feed: LandedFeed) -> None:
        if place.may_change(feed.table):
            todo = "reading needs SELECT alone: use an account that may not write"
            self._say("permissions", feed.table, "warning", "the account may change this table", todo)
        names = {zone.landed_name(column): column for column in place.columns(feed.table)}
        table = place.place(feed.table)
        keys = place.written(*(names[zone.landed_name(column)] for column in feed.key))
        (count,) = place.ask(f"SELECT count(*) FROM {table}")
        (distinct,) = place.ask(f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {table}) d")
        if distinct != count:
            what = f"{count - distinct:,} of {count:,} rows repeat a key ({', '.join(feed.key)})"
            todo = "name the columns that tell rows apart: of rows with one key only the last counts"
            self._say("key", feed.table, "warning", what, todo, self.source.place(feed.table, "key"))
        self._landed(feed, count)
        self._keys(place, feed, names)
        if feed.cursor is not None and count:
            columns = [names[zone.landed_name(column)] for column in (feed.cursor, feed.cursor_else) if column]
            self._cursor(place, feed, columns, count)

    def _cursor(self, place: Database, feed: LandedFeed, columns: list[str], count: int) -> None:
        written, table = place.written(*columns), place.place(feed.table)
        written = f"coalesce({written})" if len(columns) > 1 else written
        known, lowest, highest = place.ask(f"SELECT count({written}), min({written}), max({written}) FROM {table}")
        where = self.source.place(feed.table, "cursor")
        span = f"{feed.cursor} from {as_text(lowest)} to {as_text(highest)}"
        found = len(self.report.checks)
        if known < count:
            what = f"{count - known:,} of {count:,} rows have no {feed.cursor}"
            self._say("cursor", feed.table, "warning", what, "they are read again at every visit", where)
        if _is_later(highest, self.now() + _TOMORROW):
            what = f"{feed.cursor} lies in the future: {as_text(highest)}"
            hides = _hides(highest) and place.clock() is None  # where the time is told, it is no boundary
            todo = (
                "changes before that moment would not be seen" if hides else "such rows are read again at every visit"
            )
            self._say(
                "cursor", feed.table, "failed" if hides else "warning", what, f"mend it at the source: {todo}", where
            )
        if len(self.report.checks) == found:
            whole = isinstance(highest, datetime) and not highest.microsecond
            seconds = " in whole seconds; the last second is read again" if whole else ""
            self._say("cursor", feed.table, "ok", span + seconds)

    # --- what was landed ---------------------------------------------------------------------------------------------
    def _landed(self, feed: LandedFeed, count: int | None, *, cut: bool = False) -> None:
        """Rows now beside the rows landed so far; ``cut`` where only the first ones were read."""
        latest = zone.latest_loads(self.landing, self.source.source).get(zone.landed_name(feed.table))
        now = f"{count:,} rows at the source; " if count is not None else ""
        if cut and count is not None:
            now, count = f"more than {count:,} rows at the source, of which the first were read; ", None
        if latest is None:
            self._say("rows", feed.table, "ok", f"{now}nothing landed so far")
            return
        landed = self._keys_landed(feed)
        what = f"{now}{landed:,} landed, the last {latest.rows:,} on {latest.load.at:%Y-%m-%d %H:%M} UTC"
        kept = self.source.kind == "files"  # deliveries: the rows of a file that was cleared away stay
        if count is not None and count < landed and feed.deletions == "none" and not kept:
            todo = "rows that are deleted at the source stay: write deletions: keys, or map a flag that marks them"
            self._say("rows", feed.table, "warning", what, todo, self.source.place(feed.table))
        else:
            self._say("rows", feed.table, "ok", what)

    def _keys(self, place: Database, feed: LandedFeed, names: Mapping[str, str]) -> None:
        """Keys at the source beside those that were landed: as many may be missing as are there no more."""
        before = self._before(feed)
        if not before.landed:
            return
        missed = LandedKeys(str(self.landing), self.source.source).missed(feed)
        key = [names[zone.landed_name(column)] for column in feed.key]
        kinds = {name: before.kinds.get(zone.landed_name(name), UNKNOWN) for name in key}
        for batch in place.key_ranges(feed.table, key, kinds):
            missed.listed(batch.rename_columns([zone.landed_name(name) for name in key]))
        keys = missed.keys()
        late = self._behind(place, feed, names, missed, keys) if feed.cursor else []
        gone = missed.landed_count - (missed.listed_count - len(keys)) if missed.listed_count else 0
        waiting = len(keys) - len(late)
        parts = [f"{waiting:,} {'key' if waiting == 1 else 'keys'} not landed yet"] if waiting else []
        if gone > 0:
            parts.append("1 landed key is at the source no more" if gone == 1 else
                         f"{gone:,} landed keys are at the source no more")  # fmt: skip
        if late:
            many = "1 key" if len(late) == 1 else f"{len(late):,} keys"
            parts.insert(
                0, f"{many} at the source never landed, older than the last {feed.cursor} read ({named(late)})"
            )
            todo = "run ingest: where keys are compared, such rows are fetched"
            if feed.deletions != "keys":
                todo = (
                    "write deletions: keys, which finds and fetches such rows, and cover the delay with overlap_minutes"
                )
            self._say("keys", feed.table, "warning", "; ".join(parts), todo, self.source.place(feed.table, "cursor"))
        else:
            self._say("keys", feed.table, "ok", "; ".join(parts) or "those at the source are those landed")

    def _behind(
        self, place: Database, feed: LandedFeed, names: Mapping[str, str], missed: Missed, keys: list[Key]
    ) -> list[Key]:
        """Return the keys whose rows the next visit does not find by its cursor."""
        ordered = [names[zone.landed_name(column)] for column in (feed.cursor, feed.cursor_else) if column]
        key = [names[zone.landed_name(column)] for column in feed.key]
        column = CHANGED if len(ordered) > 1 else ordered[0]
        read = list(dict.fromkeys((*key, column)))
        kinds = dict.fromkeys(read, UNKNOWN) | dict(place.columns(feed.table))
        found: list[Key] = []
        for some in missed.parts(keys):
            asked = Among(tuple(key), some)
            for batch in place.rows(feed.table, read, asked, kinds, ordered if column == CHANGED else ()):
                rows = Cursor(column, self._before(feed), overlap_minutes=feed.overlap_minutes).reached(batch)
                found += zip(*(rows.column(name).to_pylist() for name in key), strict=True)
        return found

    def _keys_landed(self, feed: LandedFeed) -> int:
        from qmsreports.lake import literal, open_duckdb, quoted

        files = [literal(file.path) for file in zone.completed(self.landing, self.source.source, feed.table)]
        keys = ", ".join(quoted(zone.landed_name(column)) for column in feed.key)
        with open_duckdb(str(self.landing)) as connection:
            found = connection.execute(
                f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM"
                f" read_parquet([{', '.join(files)}], union_by_name = true))"
            ).fetchone()
        return int(found[0]) if found else 0


def _is_later(value: Any, moment: datetime) -> bool:
    if isinstance(value, datetime):
        return value > (moment if value.tzinfo else moment.replace(tzinfo=None))
    if isinstance(value, date):
        return value > moment.date()
    if isinstance(value, str) and value[:2] in ("19", "20", "99"):
        return value[:10].replace("-", "") > f"{moment:%Y%m%d}"
    return False


def _hides(value: Any) -> bool:
    """Whether a later change would be missed: a moment of the far future is no boundary and hides none."""
    import pyarrow as pa

    cursor = Cursor("cursor", FeedState())
    cursor.fresh(pa.table({"cursor": [value]}))
    return cursor.highest is not None


def _json(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else as_text(value)
