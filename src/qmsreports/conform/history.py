"""Which landed rows count now: the current version of each key, what vanished, and what a joined change touches.

Everything is a question to DuckDB over the Parquet files of completed loads; the answer is a small table of row
places, so that only the rows themselves are read in full.

*Current* is the version with the newest cursor; among equals (and where a feed has no cursor) the one landed last,
within a load the one that stands last. The cursor comes before the load so that a late or repeated delivery of an old
version cannot undo a newer one. A feed with ``overlap_minutes`` has a cursor that may run back by so much (local time
in autumn): among the versions that close to the newest cursor, the one landed last is current.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from qmsreports.catalog.source import Source
from qmsreports.conform.ahead import cursors_ahead
from qmsreports.conform.counts import Counts
from qmsreports.conform.feed import Feed
from qmsreports.conform.moving import MovingKey, moved
from qmsreports.conform.texts import as_declared
from qmsreports.errors import Finding, UserError
from qmsreports.lake import literal, quoted
from qmsreports.records import LandedFile

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ROOM = 2**40  # rows that a file may have, so that place in file and order of files make one number


class History:
    """The landed tables of one mapping, as views that the mapping's SELECT reads by name."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        source: Source,
        driving: Feed,
        joins: dict[Feed, tuple[str, ...]],
        numbers: frozenset[str] = frozenset(),
        parent: str = "",
        *,
        tries: bool = False,
    ):
        self.connection = connection
        self.numbers = numbers  # landed columns out of which numbers are made
        self.tries = tries  # the mapping makes what it cannot read empty
        self.source = source
        self.driving = driving
        self.joins = joins
        self._odd: dict[Feed, str] = {}
        self.parent = next((feed for feed in joins if feed.name == parent), None)
        for feed in dict.fromkeys((driving, *joins)):
            if not feed.files:
                raise UserError(Finding(self._where(feed), "was never landed", "read the source first"))
            self._register(feed)

    def select(self) -> Counts:
        """Choose the driving rows to conform and create the views; returns how many there are of which kind."""
        changed = self._changed_by_joins()
        if self.driving.keys and not self.driving.all_new:
            changed.append(self._keys_that_changed_state(self.driving))
        self._pick_driving(changed)
        driving = quoted(self.driving.name)
        self._show_driving()
        if self.driving not in self.joins:
            self._run(f"CREATE VIEW {driving} AS SELECT * FROM _driving")
        for feed, shared in self.joins.items():
            self._pick_joined(feed, shared)
        left = self._leave_with_parent()
        self._doubt_by_joins()
        (rows_in,) = self._one(f"SELECT count(*) FROM {self._landed(self.driving)} WHERE _new")
        refreshed, expected, deleted = self._one(
            """SELECT count(*) FILTER (NOT _new), count(*) FILTER (NOT _gone), count(*) FILTER (_gone)
            FROM _picked"""
        )
        return Counts(rows_in, refreshed, expected, deleted, left)

    def moved(self, key: MovingKey | None) -> bool:
        """Tell whether what was picked leaves a canonical key behind that the picked rows do not name."""
        return key is not None and moved(self.connection, key, self._landed(self.driving), self.driving.declared.key)

    def _show_driving(self, doubt: str = "") -> None:
        """Create the view of the driving rows to conform, or make it anew when more of them turn out to be gone."""
        everything, picked = self._one(
            f"""SELECT (SELECT count(*) FROM {self._landed(self.driving)}),
            (SELECT count(*) FROM _picked WHERE NOT _gone)"""
        )
        rows = f"SELECT l.* EXCLUDE (_new), p._gone FROM {self._landed(self.driving)} l JOIN _picked p USING (_at)"
        if everything == picked:  # nothing to leave out, as in most first loads: spare the join
            rows = f"SELECT * EXCLUDE (_new), false AS _gone FROM {self._landed(self.driving)}"
        if doubt:
            rows = f"SELECT * REPLACE (nullif(concat_ws('; ', _doubt, {doubt}), '') AS _doubt) FROM ({rows}) r"
        self._run(f"CREATE OR REPLACE VIEW _driving AS {rows}")

    # --- landed tables -----------------------------------------------------------------------------------------------
    def _register(self, feed: Feed) -> None:
        """Create the view of all landed rows with ``_load``, ``_new`` and ``_at``, which orders them as they came."""
        files = quoted(f"_files {feed.name}")
        self._run(f"CREATE TEMP TABLE {files} (file_index UBIGINT, _load VARCHAR, _new BOOLEAN)")
        loads = ((literal(file.load_id), str(file.load_id in feed.new).lower()) for file in feed.files)
        values = ", ".join(f"({index}, {load}, {new})" for index, (load, new) in enumerate(loads))
        self._run(f"INSERT INTO {files} VALUES {values}")
        try:
            self._run(
                f"""CREATE VIEW {self._landed(feed)} AS
                SELECT r.* EXCLUDE (file_index, file_row_number), f._load, f._new,
                    CAST(file_index AS BIGINT) * {_ROOM} + file_row_number AS _at
                FROM (SELECT {self._as_declared(feed, feed.files)}, file_index, file_row_number
                      FROM {_scan(feed.files)}) r
                JOIN {files} f USING (file_index)"""
            )
        except Exception as error:
            raise UserError(
                Finding(
                    self._where(feed),
                    f"a landed file cannot be read: {str(error).splitlines()[0]}",
                    "restore the landing zone from a backup",
                )
            ) from error
        self._needed_columns(feed)

    def _as_declared(self, feed: Feed, files: Iterable[LandedFile]) -> str:
        """Columns of landed files, texts read as the feed declares."""
        if not (feed.declared.nulls or feed.declared.dates or self.source.kind == "files"):
            return "*, CAST(NULL AS VARCHAR) AS _doubt"
        described = self._run(f"DESCRIBE SELECT * FROM {_scan(files)}").fetchall()
        kinds = {str(name): str(kind) for name, kind, *_ in described}
        if feed is self.driving:
            return as_declared(feed.declared, kinds, self.numbers)
        return as_declared(feed.declared, kinds, self.numbers, of=feed.name, marked=not self.joins[feed])

    def _needed_columns(self, feed: Feed) -> None:
        """Refuse a newest load that lacks a column that the mappings use, instead of reading it as empty."""
        wanted = {*feed.declared.needs, *feed.declared.key, *([feed.declared.cursor] if feed.declared.cursor else [])}
        newest = [file for file in feed.files if file.load_id == feed.files[-1].load_id]
        missing = sorted(wanted - self._columns(newest))
        if not missing:
            return
        findings = []
        for column in missing:
            good = next((file.load_id for file in reversed(feed.files) if column in self._columns([file])), "")
            findings.append(
                Finding(
                    self._where(feed),
                    f"column {column} is no longer delivered"
                    + (f" (last good load {good})" if good else " and never was"),
                    f"mend it at the source, or change the mapping and needs in {self.source.folder / 'source.yaml'}",
                )
            )
        raise UserError(*findings)

    def _columns(self, files: Iterable[LandedFile]) -> set[str]:
        listed = ", ".join(literal(file.path) for file in files)
        return {name for (name,) in self._run(f"SELECT DISTINCT name FROM parquet_schema([{listed}])").fetchall()}

    # --- which driving rows ------------------------------------------------------------------------------------------
    def _changed_by_joins(self) -> list[str]:
        """Return names of tables of driving keys whose joined rows changed; also those that an older version joined."""
        found: list[str] = []
        if self.driving.all_new:
            return found
        for feed, shared in self.joins.items():
            if feed.unchanged:
                continue
            name = quoted(f"_touched {feed.name}")
            keys, driving = _list(self.driving.declared.key), self._landed(self.driving)
            if not shared:  # a look-up that every row may use
                self._run(f"CREATE TEMP TABLE {name} AS SELECT DISTINCT {keys} FROM {driving}")
                found.append(name)
                continue
            joined_keys, landed = _list(feed.declared.key), self._landed(feed)
            changed = f"SELECT {joined_keys} FROM {landed} WHERE _new"
            if feed.keys:
                changed += f" UNION ALL FROM {self._keys_that_changed_state(feed)}"
            self._run(
                f"""CREATE TEMP TABLE {name} AS SELECT DISTINCT {keys} FROM {driving}
                SEMI JOIN (SELECT {_list(shared)} FROM {landed} SEMI JOIN ({changed}) USING ({joined_keys}))
                USING ({_list(shared)})"""
            )
            found.append(name)
            if feed is self.parent and feed.declared.numbered:
                found.append(self._numbers_given_out_since(feed))
        return found

    def _pick_driving(self, changed: list[str]) -> None:
        """Create ``_picked``: place of each current row that is new or touched, and whether its key vanished."""
        feed = self.driving
        keys, landed = _list(feed.declared.key), self._landed(feed)
        batch, touched = landed, "false"
        if not feed.all_new:
            tables = " UNION ".join(f"FROM {name}" for name in changed) or f"SELECT {keys} FROM {landed} WHERE false"
            self._run(f"CREATE TEMP TABLE _touched AS {tables}")
            batch = f"""(SELECT l.* FROM {landed} l
                SEMI JOIN (SELECT {keys} FROM {landed} WHERE _new UNION FROM _touched) USING ({keys})
                UNION ALL SELECT * FROM {landed} WHERE _new AND {feed.keyless})"""
            same = " AND ".join(f"t.{quoted(name)} = c.{quoted(name)}" for name in feed.declared.key)
            touched = f"EXISTS (FROM _touched t WHERE {same})"
        gone = self._vanished(feed, feed.keys[-1].load_id, "c") if feed.keys else "false"
        self._run(
            f"""CREATE TEMP TABLE _picked AS SELECT _at, _new, _gone FROM (
                SELECT _at, _new, {gone} AS _gone, {touched} AS _touched FROM ({self._current(feed, batch)}) c)
            WHERE _new OR _touched"""
        )

    def _current(self, feed: Feed, rows: str) -> str:
        """SELECT of the current version per key; a row without a whole key stands for itself."""
        keys, cursor = _list(feed.declared.key), quoted(feed.declared.cursor or "")
        alone = f"CASE WHEN {feed.keyless} THEN _at END"
        order = f"{cursor} DESC NULLS LAST, _at DESC" if feed.declared.cursor else "_at DESC"
        if feed.declared.cursor and feed.declared.overlap_minutes:
            newest = f"max(try_utc({cursor})) OVER (PARTITION BY {keys}, {alone})"
            near = f"try_utc({cursor}) >= {newest} - INTERVAL {feed.declared.overlap_minutes} MINUTE"
            rows = f"(SELECT *, {near} AS _near FROM {rows})"
            order = f"_near DESC NULLS LAST, CAST(_load AS DOUBLE) DESC, {order}"
        if ahead := self._ahead(feed):
            rows = f"(SELECT *, bool_or({ahead}) OVER (PARTITION BY {keys}, {alone}) AS _odd FROM {rows})"
            order = f"CASE WHEN _odd THEN CAST(_load AS DOUBLE) END DESC, {order}"
        seen = f", max(CAST(_load AS DOUBLE)) OVER (PARTITION BY {keys}, {alone}) AS _seen" if feed.keys else ""
        return f"""SELECT {keys}, _at, _new {", _seen" if feed.keys else ""} FROM (
            SELECT *, row_number() OVER (PARTITION BY {keys}, {alone} ORDER BY {order}) AS _nth {seen}
            FROM {rows}) WHERE _nth = 1"""

    def _ahead(self, feed: Feed) -> str:
        """Condition that a row's cursor tells nothing of its age (see ``ahead``); empty where that of each row does."""
        if feed not in self._odd:
            cursor = "" if self.source.kind == "files" else feed.declared.cursor
            plain = "" if feed.declared.nulls or feed.declared.dates else _scan(feed.files)
            files, rows = quoted(f"_files {feed.name}"), self._landed(feed)
            found = cursors_ahead(self.connection, rows, quoted(cursor), scan=plain, files=files) if cursor else ""
            self._odd[feed] = found
        return self._odd[feed]

    # --- deletions at the source -------------------------------------------------------------------------------------
    def _vanished(self, feed: Feed, load: str, row: str, seen: str = "_seen") -> str:
        """Condition that the key of ``row`` was gone when the key list of this load was made; ``seen`` is the column
        with the last load that brought a row of it.
        """
        same = " AND ".join(
            f"CAST(k.{quoted(name)} AS VARCHAR) = CAST({row}.{quoted(name)} AS VARCHAR)" for name in feed.declared.key
        )
        return f"({row}.{seen} <= {float(load)!r} AND NOT EXISTS (FROM {self._key_list(feed, load)} k WHERE {same}))"

    def _key_list(self, feed: Feed, load: str) -> str:
        """Table function of one list of keys; an empty one would delete everything and is refused, unless the table may
        be empty.
        """
        scan = self._scanned_keys(feed, load)
        listed, landed = self._one(f"SELECT (SELECT count(*) FROM {scan}), (SELECT count(*) FROM {self._landed(feed)})")
        if landed and not listed and not feed.declared.may_be_empty:
            raise UserError(
                Finding(
                    self._where(feed),
                    f"the list of keys of load {load} is empty; nothing was deleted for it",
                    "check what the source delivers",
                )
            )
        return scan

    def _scanned_keys(self, feed: Feed, load: str) -> str:
        files = [file for file in feed.keys if file.load_id == load]
        return f"(SELECT {self._as_declared(feed, files)} FROM {_scan(files)})"

    def _keys_that_changed_state(self, feed: Feed) -> str:
        """Create a table of the keys that vanished or came back between the last conformed key list and the newest.

        Then, a key was as it looked without what is new: an old version that comes late would hide that it was gone.
        A list between the two may have been published by a run that was killed before it said so. What it told of a key
        may stand in the canonical table, so that a key of which it tells otherwise than the newest counts, too.
        """
        name, keys = quoted(f"_state {feed.name}"), _list(feed.declared.key)
        before = [file.load_id for file in feed.keys if file.load_id not in feed.new_keys]
        between = [load for load in dict.fromkeys(file.load_id for file in feed.keys) if load in feed.new_keys][:-1]
        load = "max(CAST(_load AS DOUBLE))"
        seen = f"""SELECT {keys}, {load} AS _seen, {load} FILTER (NOT _new) AS _seen_then FROM {self._landed(feed)}
            GROUP BY {keys}"""
        now = self._vanished(feed, feed.keys[-1].load_id, "s")
        then = f"coalesce({self._vanished(feed, before[-1], 's', '_seen_then')}, false)" if before else "false"
        differs = [f"{now} <> {then}"]
        for load in between:
            listed = self._one(f"SELECT count(*) FROM {self._scanned_keys(feed, load)}")
            if feed.declared.may_be_empty or listed != (0,):
                differs.append(f"{now} <> coalesce({self._vanished(feed, load, 's', '_seen_then')}, {now})")
        self._run(f"CREATE TEMP TABLE {name} AS SELECT {keys} FROM ({seen}) s WHERE {' OR '.join(differs)}")
        return name

    # --- joined tables -----------------------------------------------------------------------------------------------
    def _pick_joined(self, feed: Feed, shared: tuple[str, ...]) -> None:
        """Create the view of a joined table: current rows, of those that share columns with the rows to conform."""
        landed, keys = self._landed(feed), _list(feed.declared.key)
        rows = landed
        if shared and not self.driving.all_new:
            near = f"SELECT {_list(shared)} FROM _driving"
            among = f"SELECT {keys} FROM {landed} SEMI JOIN ({near}) USING ({_list(shared)})"
            rows = f"(SELECT l.* FROM {landed} l SEMI JOIN ({among}) USING ({keys}))"
        alive = f"WHERE NOT {self._vanished(feed, feed.keys[-1].load_id, 'c')}" if feed.keys else ""
        picked = quoted(f"_picked {feed.name}")
        self._run(f"CREATE TEMP TABLE {picked} AS SELECT _at FROM ({self._current(feed, rows)}) c {alive}")
        everything, chosen = self._one(f"SELECT (SELECT count(*) FROM {landed}), (SELECT count(*) FROM {picked})")
        only = "" if everything == chosen else f"SEMI JOIN {picked} USING (_at)"
        self._run(f"CREATE VIEW {quoted(feed.name)} AS SELECT l.* EXCLUDE (_new) FROM {landed} l {only}")

    def _doubt_by_joins(self) -> None:
        """Give each driving row the doubts of the rows that it may be joined with: it is refused for their reasons.

        A look-up that every row may use has no such rows. Its doubtful cells are marked as no numbers, which refuses
        the rows that use them, unless the mapping would make them empty: then the table stops.
        """
        if self.source.kind != "files":
            return
        parts = []
        for feed, shared in self.joins.items():
            rows = f"(SELECT * FROM {self._landed(feed)} WHERE _doubt IS NOT NULL)"
            current = quoted(f"_picked {feed.name}")
            if shared:
                key = _list(shared)
                parts.append(
                    f"""SELECT d._at, j._doubt FROM _driving d JOIN {rows} j USING ({key})
                    WHERE j._at IN (FROM {current}) AND {"j._at <> d._at" if feed is self.driving else "true"}"""
                )
            elif self.tries and feed is not self.driving:
                doubt = self._run(f"SELECT _doubt FROM {rows} WHERE _at IN (FROM {current}) LIMIT 1").fetchone()
                if doubt is not None:
                    what, _, todo = str(doubt[0]).removeprefix(f"{feed.name}: ").rpartition("; ")
                    raise UserError(Finding(self._where(feed), what, f"{todo}, or the mapping would leave it empty"))
        if not parts:
            return
        self._run(
            f"""CREATE TEMP TABLE _doubts AS
            SELECT _at, string_agg(DISTINCT _doubt, '; ' ORDER BY _doubt) AS _more
            FROM ({" UNION ALL ".join(parts)}) GROUP BY _at"""
        )
        if self._one("SELECT count(*) FROM _doubts") != (0,):
            self._show_driving("(SELECT _more FROM _doubts o WHERE o._at = r._at)")

    # --- rows that leave with the row they are part of ----------------------------------------------------------------
    def _leave_with_parent(self) -> int:
        """Mark as gone what is left over from a joined row that is; returns how many rows that are.

        A parent is gone that was landed once and is not there now. One that was never landed may still come, unless
        its number was given out before one that was landed.
        """
        if self.parent is None:
            return 0
        feed, key = self.parent, _list(self.joins[self.parent])
        known = f"({key}) IN (SELECT {key} FROM {self._landed(feed)})"
        if feed.declared.numbered:
            known += f" OR {_number(key)} < {self._highest(feed)}"
        self._run(
            f"""CREATE TEMP TABLE _left_over AS SELECT _at FROM _driving
            ANTI JOIN {quoted(feed.name)} USING ({key}) WHERE NOT _gone AND ({known})"""
        )
        (left,) = self._one("SELECT count(*) FROM _left_over")
        if left:
            self._run("UPDATE _picked SET _gone = true WHERE _at IN (FROM _left_over)")
            self._show_driving()
        return left

    def _numbers_given_out_since(self, feed: Feed) -> str:
        """Create a table of the driving keys whose parent's number is known to be given out only by what is new."""
        name, number = quoted(f"_given_out {feed.name}"), _number(_list(self.joins[feed]))
        self._run(
            f"""CREATE TEMP TABLE {name} AS SELECT DISTINCT {_list(self.driving.declared.key)}
            FROM {self._landed(self.driving)}
            WHERE {number} >= coalesce({self._highest(feed, "WHERE NOT _new")}, {number})
                AND {number} < {self._highest(feed)}"""
        )
        return name

    def _highest(self, feed: Feed, of: str = "") -> str:
        return f"(SELECT max({_number(_list(feed.declared.key))}) FROM {self._landed(feed)} {of})"

    def _landed(self, feed: Feed) -> str:
        return quoted(f"_landed {feed.name}")

    def _where(self, feed: Feed) -> str:
        return f"source {self.source.source}, table {feed.name}"

    def _run(self, sql: str) -> DuckDBPyConnection:
        return self.connection.execute(sql)

    def _one(self, sql: str) -> tuple[int, ...]:
        row = self._run(sql).fetchone()
        assert row is not None
        return row


def _scan(files: Iterable[LandedFile]) -> str:
    listed = ", ".join(literal(file.path) for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def _list(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _number(key: str) -> str:
    return f"TRY_CAST({key} AS HUGEINT)"
