"""One visit to one source: look at every feed, write what is new as one load package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from qmsreports import landing as zone
from qmsreports.catalog.source import LandedFeed, Source
from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean
from qmsreports.records import FeedFailure, LandedTable, LandResult, Tell, silent
from qmsreports.sources.database import without_secrets
from qmsreports.sources.feed import FeedState, Reading, Unreadable
from qmsreports.sources.lock import alone
from qmsreports.sources.missed import LandedKeys
from qmsreports.sources.package import Packages


class Feeds(Protocol):
    """What a kind of source must be able to do."""

    def read(self, feed: LandedFeed, before: FeedState) -> Reading:
        """Look at one feed."""

    def clock(self) -> datetime | None:
        """Return the source's own time now, ``None`` where it does not tell."""

    def close(self) -> None:
        """Give back what was opened."""


def open_source(
    source: Source,
    connection: str,
    at: datetime | None = None,
    known: LandedKeys | None = None,
    *,
    trial: bool = False,
) -> Feeds:
    """Reach a source; :class:`Unreadable` when it does not answer. ``at`` is when the run began, ``known`` the keys
    that were landed, with which those at the source are compared. For a ``trial`` a web interface is asked for its
    first rows alone.
    """
    if source.kind == "sql":
        from qmsreports.sources.sql import open_feeds

        return open_feeds(source, connection, at, known)
    if source.kind == "rest":
        from qmsreports.sources.rest import RestFeeds

        return RestFeeds(source, connection, at=at, known=known, trial=trial)
    from qmsreports.sources.files import FileFeeds

    return FileFeeds(connection, at)


def land(
    source: Source,
    *,
    connection: str,
    landing: Path | str,
    state: Path,
    only: tuple[str, ...] | None = None,
    at: datetime | None = None,
    tell: Tell = silent,
) -> LandResult:
    """Read what is new at a source into the landing zone, as one load package; no package when nothing is new.

    ``connection`` is a database URL, a folder or a file; ``state`` a local folder for work under way; ``only`` names
    the landed tables to look at; ``at`` is when the run began, beside which the age of files and of the last comparison
    of keys is held. A table that cannot be read is a :class:`FeedFailure` and stops only itself; a source that does not
    answer is one for each of its tables. :class:`CouldNotRun` when the landing zone cannot be written or another run
    reads this source now.
    """
    with alone(source.source, Path(state) / f"{source.source}.lock"):
        visit = _Visit(source, connection, str(landing), Path(state), tell)
        visit.at = at
        return visit.run(only)


def sample(
    source: Source, *, connection: str, folder: Path, most: Mapping[str, int], tell: Tell = silent
) -> LandResult:
    """Read the first rows of some landed tables into a landing zone of their own, ``folder / "landing"``.

    ``most`` says how many rows of which table; what was landed before and where the next visit goes on is not touched.
    """
    visit = _Visit(source, connection, str(folder / "landing"), folder / "state", tell)
    visit.most = most
    return visit.run(tuple(most))


class _Visit:
    most: Mapping[str, int] | None = None
    at: datetime | None = None

    def __init__(self, source: Source, connection: str, landing: str, state: Path, tell: Tell) -> None:
        self.source = source
        self.connection = connection
        self.landing = landing
        self.tell = tell
        self.packages = Packages(source.source, landing, state / source.source)
        self.failures: list[FeedFailure] = []
        self.warnings: list[Finding] = []

    def run(self, only: tuple[str, ...] | None) -> LandResult:
        feeds = self._chosen(only)
        landed = self._resume()
        self.last = zone.last_visit(self.landing, self.source.source)
        try:
            known = LandedKeys(self.landing, self.source.source) if self.most is None else None
            opened = open_source(self.source, self.connection, self.at, known, trial=self.most is not None)
        except Unreadable as problem:
            problem.shared = True
            for feed in feeds:
                self._fail(feed, problem)
            return self._result(landed, feeds)
        try:
            readings = [reading for feed in feeds if (reading := self._look(opened, feed)) is not None]
            landed += self._write(readings)
            failed = {failure.table for failure in self.failures}
            self._warn([reading for reading in readings if reading.feed.table not in failed])
        finally:
            opened.close()
        return self._result(landed, feeds)

    def _chosen(self, only: tuple[str, ...] | None) -> list[LandedFeed]:
        names = [feed.table for feed in self.source.tables]
        for table in only or ():
            if table not in names:
                raise UserError(
                    Finding(
                        f"source {self.source.source}", f'no table "{table}" is landed', did_you_mean(table, names)
                    ),
                    exit_code=ExitCode.USAGE,
                )
        return [feed for feed in self.source.tables if only is None or feed.table in only]

    def _resume(self) -> list[LandedTable]:
        """Finish what an interrupted visit had read."""
        if not self.packages.interrupted():
            return []
        self.tell(f"{self.source.source}: finishing the interrupted run", 0)
        load_id = self.packages.resume()
        visit = zone.visit_of(self.landing, self.source.source, load_id) if load_id else None
        return self._landed(load_id, visit.rows) if visit else []

    def _look(self, opened: Feeds, feed: LandedFeed) -> Reading | None:
        self.tell(f"{self.source.source}: {feed.table}", 0)
        try:
            return opened.read(feed, self._before(feed))
        except Unreadable as problem:
            self._fail(feed, problem)
            return None

    def _warn(self, readings: Sequence[Reading]) -> None:
        for reading in readings:
            where = f"source {self.source.source}, table {reading.feed.table}"
            for said in reading.warnings:
                self.warnings.append(Finding(said.where or where, said.what, said.todo, warning=True))

    def _before(self, feed: LandedFeed) -> FeedState:
        return FeedState.from_json(self.last.states.get(zone.landed_name(feed.table)) if self.last else None)

    def _write(self, readings: Sequence[Reading]) -> list[LandedTable]:
        """Write one package; a feed that breaks while it is read is left out and the others are read again."""
        waiting = [reading for reading in readings if reading.fresh]
        while waiting:
            writing = _Writing(self.source.source, waiting, self.tell, self.most)
            try:
                load_id = self.packages.write(partial(self._parts, writing))
            except Unreadable as problem:
                assert writing.reading is not None, problem
                self._fail(writing.reading.feed, problem)
                waiting.remove(writing.reading)
                continue
            return self._landed(load_id, writing.rows)
        return []

    def _parts(self, writing: _Writing) -> Iterator[tuple[str, Any]]:
        yield from writing.parts()
        yield zone.VISITS, self._notes(writing)

    def _notes(self, writing: _Writing) -> Any:
        import json

        import pyarrow as pa

        states = dict(self.last.states) if self.last else {}
        states |= {zone.landed_name(reading.feed.table): reading.state.to_json() for reading in writing.readings}
        declared = {zone.landed_name(feed.table) for feed in self.source.tables}
        tables = sorted({table for table in states if table in declared} | set(writing.rows))
        return pa.table(
            {
                "landed": pa.array(tables, pa.string()),
                "rows": pa.array([writing.rows.get(table, 0) for table in tables], pa.int64()),
                "state": pa.array([json.dumps(states.get(table, {})) for table in tables], pa.string()),
                "after": pa.array([self.last.load.load_id if self.last else ""] * len(tables), pa.string()),
            }
        )

    def _landed(self, load_id: str, rows: Mapping[str, int]) -> list[LandedTable]:
        return [LandedTable(self.source.source, table, load_id, rows[table]) for table in sorted(rows) if rows[table]]

    def _fail(self, feed: LandedFeed, problem: Unreadable) -> None:
        name, loads = self.source.source, zone.loads(self.landing, self.source.source)
        who, where, todo = f"source {name}", problem.where, problem.todo
        if not problem.shared:
            own = {file.load_id for file in zone.completed(self.landing, name, feed.table)}
            loads = tuple(load for load in loads if load.load_id in own)
            line = self.source.place(feed.table, *problem.place)
            who, where = f"{who}, table {feed.table}", where or line
            if problem.where and problem.place and line:  # a file is named by its own header: say which line to change
                todo = todo.replace("change source.yaml", f"change {line}")
        good = f"last good load {loads[-1].at:%Y-%m-%d %H:%M} UTC" if loads else "never landed so far"
        what = f"{who}: {problem.what} ({good})"
        finding = Finding(
            where,
            without_secrets(what, self.connection),
            without_secrets(todo, self.connection),
        )
        self.failures.append(FeedFailure(self.source.source, feed.table, finding))

    def _result(self, landed: list[LandedTable], feeds: Sequence[LandedFeed]) -> LandResult:
        quiet = {feed.table for feed in feeds} - {table.table for table in landed} - {f.table for f in self.failures}
        nothing = [LandedTable(self.source.source, table, "", 0) for table in sorted(quiet)]
        return LandResult(self.source.source, (*landed, *nothing), tuple(self.failures), tuple(self.warnings))


class _Writing:
    """One attempt at a package: which feed is being read, and the rows so far."""

    def __init__(
        self, source: str, readings: Sequence[Reading], tell: Tell, most: Mapping[str, int] | None = None
    ) -> None:
        self.source = source
        self.readings = list(readings)
        self.reading: Reading | None = None
        self.rows: Counter[str] = Counter()
        self._tell = tell
        self._most = most

    def parts(self) -> Iterator[tuple[str, Any]]:
        for reading in self.readings:
            self.reading = reading
            parts = reading.parts()
            for table, batch in parts if self._most is None else _first(parts, self._most[reading.feed.table]):
                self.rows[table] += batch.num_rows
                self._tell(f"{self.source}: {table}", self.rows[table])
                yield table, batch


def _first(parts: Iterator[tuple[str, Any]], most: int) -> Iterator[tuple[str, Any]]:
    """Yield the first rows of a reading, and no list of keys."""
    left = most
    for table, batch in parts:
        if table.endswith(zone.KEYS):
            return
        yield table, batch.slice(0, left)
        left -= batch.num_rows
        if left <= 0:
            return
