"""Whether a source can be read as declared, before anything of it is landed: what ``source check`` says.

Everything is looked at through the same readers that land; nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from qmsreports import landing as zone
from qmsreports.catalog.source import LandedFeed, Source
from qmsreports.sources.columns import as_text
from qmsreports.sources.cursor import Cursor
from qmsreports.sources.database import Database, without_secrets
from qmsreports.sources.feed import FeedState, Unreadable
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
        self.report = CheckReport(source.source, source.kind)

    def run(self) -> CheckReport:
        """Look at everything."""
        try:
            opened = open_source(self.source, self.connection)
        except Unreadable as problem:
            self._failed("connect", "", problem)
            return self.report
        self._say("connect", "", "ok", "the source answers")
        try:
            place = self._database(opened, None)
            if place is not None:
                self._clock(place)
            for feed in self.source.tables:
                self._feed(opened, feed)
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
    def _database(opened: Feeds, feed: LandedFeed | None) -> Database | None:
        from qmsreports.sources.sql import SqlFeeds

        if not isinstance(opened, SqlFeeds):
            return None
        return opened.place_of(feed) if feed else opened.database

    def _clock(self, place: Database) -> None:
        try:
            theirs = place.clock()
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
            else:
                self._landed(feed, None)
        except Unreadable as problem:
            self._failed("rows", feed.table, problem)

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
            todo = "mend it at the source: changes before that moment would not be seen"
            self._say("cursor", feed.table, "failed" if _hides(highest) else "warning", what, todo, where)
        if len(self.report.checks) == found:
            whole = isinstance(highest, datetime) and not highest.microsecond
            seconds = " in whole seconds; the last second is read again" if whole else ""
            self._say("cursor", feed.table, "ok", span + seconds)

    # --- what was landed ---------------------------------------------------------------------------------------------
    def _landed(self, feed: LandedFeed, count: int | None) -> None:
        """Rows now beside the rows landed so far."""
        latest = zone.latest_loads(self.landing, self.source.source).get(zone.landed_name(feed.table))
        now = f"{count:,} rows at the source; " if count is not None else ""
        if latest is None:
            self._say("rows", feed.table, "ok", f"{now}nothing landed so far")
            return
        landed = self._keys_landed(feed)
        what = f"{now}{landed:,} landed, the last {latest.rows:,} on {latest.load.at:%Y-%m-%d %H:%M} UTC"
        if count is not None and count < landed and feed.deletions == "none":
            todo = "rows that are deleted at the source stay: write deletions: keys, or map a flag that marks them"
            self._say("rows", feed.table, "warning", what, todo, self.source.place(feed.table))
        else:
            self._say("rows", feed.table, "ok", what)

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
