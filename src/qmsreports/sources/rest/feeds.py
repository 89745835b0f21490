"""Feeds of a web interface: what is new is read whole into a working folder first, and landed from there.

Asking costs: minutes, and a share of what the system grants us. So each feed is read once, when it is looked at; what
breaks breaks there, and a package that has to be written again is written from the folder.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from qmsreports.catalog.source import LandedFeed, Source
from qmsreports.landing import KEYS, landed_name
from qmsreports.records import Tell, silent
from qmsreports.sources.database import arrow_table
from qmsreports.sources.feed import (
    EMPTIED,
    FeedState,
    Unreadable,
    Warned,
    columns_of,
    digest,
    drift,
    keys_due,
    row_hash,
)
from qmsreports.sources.missed import LandedKeys, never_landed
from qmsreports.sources.rest.address import Address
from qmsreports.sources.rest.client import Client
from qmsreports.sources.rest.kept import Kept
from qmsreports.sources.rest.rows import Asked, Rows

_BATCH = 5_000
"""Rows held at a time; those of a web interface are wide."""

TRIED, TRIED_OF_PARENTS = 5_000, 200
"""Rows of a feed that are read to try a source; of children so many at most, and so many questions about parents."""

_MODULUS = 2**64
_NEW_TOKEN = Warned(
    "the system changes its refresh token at each use; the new one is kept nowhere, since no secret is written, and "
    "the next visit has only the old one, which may be refused",
    "sign in with client credentials, or let old tokens live on",
)


def pause(seconds: float) -> None:
    """Wait; tests put something quicker here."""
    time.sleep(seconds)


class RestFeeds:
    """The feeds of one web interface. ``sleep`` takes the seconds that a busy system asks to wait.

    ``at`` is when the run began. With ``trial`` only the first rows of each feed are asked for (:data:`TRIED`): reading
    all of a large system takes hours, and a share of what it grants us.
    """

    def __init__(
        self,
        source: Source,
        connection: str,
        *,
        tell: Tell = silent,
        sleep: Callable[[float], None] | None = None,
        at: datetime | None = None,
        known: LandedKeys | None = None,
        trial: bool = False,
    ) -> None:
        self._trial = trial
        self._at = at
        self._known = known
        self._source = source
        self._tell = tell
        self._address = Address(connection)
        with _Hidden(self._address):
            self._client = Client(source.api, self._address, sleep=sleep or pause)
        self._folder = Path(tempfile.mkdtemp(prefix="qmsreports-"))

    def close(self) -> None:
        """Give the connections back and remove what was read."""
        self._client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def clock(self) -> datetime | None:
        """Return the system's time now, by its last answer."""
        return self._client.clock()

    def read(self, feed: LandedFeed, before: FeedState) -> RestReading:
        """Read one feed; :class:`Unreadable`, without any secret in it, when it does not answer as declared."""
        with _Hidden(self._address):
            tell = self._telling(feed)
            asked = Asked(self._source, feed, self._client, tell, Kept(self._folder / "answers"))
            folder = self._folder / "tables" / landed_name(feed.table)
            most = (TRIED_OF_PARENTS if asked.is_child else TRIED) if self._trial else None
            asked.most_questions = TRIED_OF_PARENTS if self._trial else None
            return RestReading(feed, before, asked, folder, self._at, self._known, most)

    def _telling(self, feed: LandedFeed) -> Callable[[int], None]:
        return lambda rows: self._tell(f"reading {feed.table}", rows)


class _Hidden:
    """Takes every secret out of what a feed says when it cannot be read."""

    def __init__(self, address: Address) -> None:
        self._secrets = address.secrets

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Unreadable):
            hidden = Unreadable(
                self._secrets.hide(error.what),
                self._secrets.hide(error.todo),
                place=error.place,
                where=error.where,
                shared=error.shared,
            )
            hidden.columns = error.columns
            raise hidden from None


class RestReading:
    """One feed, read. Everything new lies in ``folder`` as Arrow files, in the order it came.

    Of at most ``most`` rows; ``cut`` tells that there were more.
    """

    def __init__(
        self,
        feed: LandedFeed,
        before: FeedState,
        asked: Asked,
        folder: Path,
        at: datetime | None,
        known: LandedKeys | None = None,
        most: int | None = None,
    ) -> None:
        self.cut = False
        self._most = most
        self._known = known
        self.feed = feed
        self.warnings: list[Warned] = []
        self._folder = folder
        self._at = at
        self._parts: list[tuple[str, Path]] = []
        print_ = digest([repr((asked.request, asked.source.api.empty, asked.source.time_zone))])
        if before.reading != print_:  # other columns or another question: what is known was found with the old one
            before = replace(before, cursor=None, seen=(), content="", keys="", keys_at="", reading="")
        self._before = before
        self._state = before
        self._new = 0
        self._read(asked)
        if asked.new_refresh_token:
            self.warnings.append(_NEW_TOKEN)
        self.warnings += [*asked.warnings, *drift(before, self._state.columns)]
        self._state = replace(self._state, reading=print_, landed=before.landed + self._new)

    @property
    def fresh(self) -> bool:
        """Whether there is anything to land or to note down."""
        compared = self._state.keys_at != self._before.keys_at  # else they were compared at each visit from now on
        return bool(self._parts) or not self._before.reading or compared

    @property
    def state(self) -> FeedState:
        """What the next visit goes on from."""
        return self._state

    def parts(self) -> Iterator[tuple[str, Any]]:
        """Yield what was read, from the folder; as often as it is asked for."""
        import pyarrow as pa

        for table, path in self._parts:
            with pa.memory_map(str(path)) as file:
                yield table, pa.ipc.open_file(file).read_all()

    # --- reading -----------------------------------------------------------------------------------------------------
    def _read(self, asked: Asked) -> None:
        table = landed_name(self.feed.table)
        columns = self._by_cursor(asked, table) if asked.goes_by_cursor else self._whole(asked, table)
        self.cut |= asked.cut
        if not columns:
            columns = dict.fromkeys(self._before.columns) or dict.fromkeys(asked.declared)
        elif not asked.empty_so_far:
            columns_of(self.feed, columns)
            if not (self.cut and asked.is_child):  # so few rows may lack what others have
                asked.check_needs()
        if not self._parts and not self._before.columns and columns:
            self._keep(table, arrow_table([], list(columns), dict.fromkeys(columns, "text")))
        self._state = replace(self._state, columns=tuple(columns))
        if keys_due(self.feed, self._before, self._at) and not self.cut:
            self._key_list(asked, table + KEYS)

    def _first(self, rows: Iterator[tuple[Mapping[str, str | None], str | None]]) -> Iterator[Any]:
        """Yield rows, and note where there are more than are wanted."""
        for nth, row in enumerate(rows):
            if nth == self._most:
                self.cut = True
                return
            yield row

    def _by_cursor(self, asked: Asked, table: str) -> dict[str, None]:
        """Land rows that the cursor finds new."""
        cursor = asked.cursor(self._before)
        columns: dict[str, None] = {}
        for batch in _batches(self._first(asked.since(cursor))):
            names = batch.columns
            columns |= names
            new = asked.fresh(cursor, batch)
            if new.num_rows:
                self._new += new.num_rows
                self._keep(table, new)
        if cursor.highest is None and asked.unfit is not None:
            raise Unreadable(
                f'cursor column "{self.feed.cursor}" holds no value that can be compared ("{asked.unfit}")',
                "name a column of dates (2026-01-31...), instants or seconds, or leave the cursor out",
                place=("cursor",),
            )
        if asked.empty_so_far and self._before.landed and asked.is_empty():
            self._refuse_emptied()
        highest, seen = cursor.stored
        self._state = replace(self._state, cursor=highest, seen=seen)
        return columns

    def _whole(self, asked: Asked, table: str) -> dict[str, None]:
        """Land all rows where any of them is new, changed or gone."""
        columns: dict[str, None] = {}
        count = total = 0
        for batch in _batches(self._first(asked.since(None))):
            columns |= batch.columns
            arrow = batch.arrow()
            count += arrow.num_rows
            total = (total + sum(int(row_hash(row), 16) for row in arrow.to_pylist())) % _MODULUS
            self._keep(table, arrow)
        if not count and self._before.landed and not asked.is_child:
            self._refuse_emptied()
        content = f"{count}-{total:016x}"
        if content == self._before.content:
            self._parts.clear()
        else:
            self._new = count
        self._state = replace(self._state, content=content)
        return columns

    def _key_list(self, asked: Asked, table: str) -> None:
        """Land the list of all keys where it changed."""
        names = [landed_name(column) for column in self.feed.key]
        keys = sorted({tuple(row.get(name) or "" for name in names) for row in asked.key_rows()})
        if not keys and self._before.key_count:
            self._refuse_emptied()
        if self.feed.keys_every_hours and self._at:
            self._state = replace(self._state, keys_at=self._at.isoformat())
        if self._known is not None and asked.goes_by_cursor and self._before.columns:
            missed = self._known.missed(self.feed)
            for part, batch in self.parts():
                if part == landed_name(self.feed.table):
                    missed.came(batch)
            missed.listed(arrow_table(keys, names, dict.fromkeys(names, "text")))
            self.warnings += never_landed(self.feed, missed)
        stands_for = digest("\x1e".join(key) for key in keys)
        if stands_for == self._before.keys:
            return
        for start in range(0, len(keys) or 1, _BATCH):
            self._keep(table, arrow_table(keys[start : start + _BATCH], names, dict.fromkeys(names, "text")))
        self._state = replace(self._state, keys=stands_for, key_count=len(keys))

    def _keep(self, table: str, batch: Any) -> None:
        import pyarrow as pa

        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{len(self._parts):06}.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
            writer.write_table(batch)
        self._parts.append((table, path))

    def _refuse_emptied(self) -> None:
        """Stop at a table that had rows and shows none, unless it may be empty."""
        if self.feed.may_be_empty:
            return
        rows = max(self._before.landed, self._before.key_count)
        raise Unreadable(
            f'"{self.feed.table}" is suddenly empty ({rows:,} rows landed so far)',
            f"check what the account may see and the filters of the request; {EMPTIED}",
            place=("request",),
        )


def _batches(rows: Iterator[tuple[Mapping[str, str | None], str | None]]) -> Iterator[Rows]:
    """Gather rows and their points in time."""
    gathered = Rows()
    for row, point in rows:
        gathered.add(row, point)
        if len(gathered) >= _BATCH:
            yield gathered
            gathered = Rows()
    if len(gathered):
        yield gathered
