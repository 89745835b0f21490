"""New landed rows into rows of canonical shape, waiting for the audit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.source import Source
from qmsreports.catalog.table import Table
from qmsreports.conform.counts import Counts
from qmsreports.conform.feed import Feed, lost_loads, read_feed
from qmsreports.conform.history import History
from qmsreports.conform.mapping import Select, check_columns, check_select, failed_at, read_select
from qmsreports.conform.reading import copied, reading, unwritable
from qmsreports.conform.shape import Shape
from qmsreports.errors import UserError
from qmsreports.lake import literal, quoted
from qmsreports.organisation import Organisation
from qmsreports.records import StagedTable, Tell, silent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_RULES = "1"  # raise when conform itself starts to read values differently: everything is then conformed once more


def stage(
    source: Source,
    table: Table,
    *,
    landing: str | Path,
    staging: Path,
    done: frozenset[str],
    organisation: Organisation,
    judged: frozenset[str] = frozenset(),
    rules: str = "",
    whole: bool = False,
    tell: Tell = silent,
) -> StagedTable | None:
    """Conform what is new for one canonical table of one source; ``None`` when nothing is.

    ``done`` holds the ids of loads already conformed into this table, of the driving landed table and of the joined
    ones, as earlier calls returned them in ``StagedTable.load_ids``: ``so_item/1761730000.5@3f9a01c2``. What follows
    the ``@`` is the fingerprint of SQL, codes, declaration and time zone: editing one conforms everything again.

    ``judged`` are the columns whose codes the table's suite judges: a code that is not declared passes there and is
    refused elsewhere. ``rules`` are the suite's own, as a mark: where they change, every row is to be judged anew.

    With ``whole`` everything is conformed as soon as anything is new, for rules that compare rows of different loads.
    So it is where the key of a row moved or two rows share one, for what is new does not say what it leaves behind, and
    after an older copy of the landing zone was put back. Such a batch is ``again``.

    A driving row is conformed when it is new or when a row that it joins changed. It gives one staged row or one
    refused row with a reason; the counts always reconcile. The same call gives the same answer however often it is
    made: nothing but ``staging`` is written.

    Raises :class:`UserError` for a mapping that is wrong (file and line) or a source that no longer delivers a needed
    column, :class:`CouldNotRun` where landing or staging cannot be read or written.
    """
    text = read_select(source, table)
    mark = _fingerprint(source, table, organisation, text, judged, rules)
    mapping = source.conform[table.table]
    driving, load_ids = read_feed(source, mapping.driving, landing, done, mark)
    joins: dict[Feed, tuple[str, ...]] = {}
    for name, shared in mapping.joins.items():
        if name == mapping.driving:  # rows compared with others of their own table
            joins[driving] = shared
            continue
        feed, ids = read_feed(source, name, landing, done, mark)
        joins[feed] = shared
        load_ids += ids
    lost = lost_loads([driving, *joins], done)
    if not (load_ids or lost) or not driving.files:
        return None
    how: dict[str, Any] = {"landing": landing, "staging": staging, "organisation": organisation, "tell": tell}
    if lost:
        return _as_a_whole(source, table, lost, judged=judged, rules=rules, **how)
    tell(f"{source.source}: {table.table}", 0)
    select = check_select(source, table, text)
    folder = staging / source.source
    files = _Files.under(folder, table.table)
    with reading(folder, str(landing)) as connection:
        from qmsreports.conform.macros import create_macros

        create_macros(connection, source, organisation.time_zone)
        history = History(connection, source, driving, joins, select.numbers, mapping.leaves_with, tries=select.tries)
        counts = history.select()
        looked_at = counts.rows_in + counts.refreshed > 0
        if looked_at and not driving.all_new and (whole or history.moved(select.moving)):
            return _as_a_whole(source, table, [], judged=judged, rules=rules, **how)
        _close_doors(
            connection, [*driving.files, *driving.keys, *(f for j in joins for f in (*j.files, *j.keys))], folder
        )
        shape = _shape(connection, select, source, table, organisation, judged)
        _map(connection, select, shape, counts, files, driving.name)
        if "_deleted" in shape.given:
            counts = _without_deleted(connection, counts)
        rows, rejected = _write(connection, shape, counts, files, driving)
        gone = _write_gone(connection, table, counts, files)
    files.mapped.unlink(missing_ok=True)
    tell(f"{source.source}: {table.table}", rows)
    return StagedTable(
        source=source.source,
        table=table.table,
        path=str(files.rows),
        rows=rows,
        rejects=str(files.rejects) if rejected else "",
        rejected=rejected,
        rows_in=counts.rows_in,
        refreshed=counts.refreshed,
        duplicates=counts.duplicates,
        deleted_at_source=counts.deleted,
        deleted_with_parent=counts.with_parent,
        load_ids=tuple(load_ids),
        deleted_keys=str(files.gone) if gone else "",
        complete=driving.all_new,
    )


def _as_a_whole(source: Source, table: Table, lost: list[str], **how: Any) -> StagedTable | None:
    """Conform everything once more although most of it is known; it takes the place of ``lost`` loads, too."""
    staged = stage(source, table, done=frozenset(), **how)
    return None if staged is None else replace(staged, again=True, load_ids=(*staged.load_ids, *lost))


def preview(
    source: Source,
    table: Table,
    *,
    landing: str | Path,
    folder: Path,
    organisation: Organisation,
    rows: int,
    judged: frozenset[str] = frozenset(),
) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    """Return the first landed rows of a mapping: as received, in canonical shape, and why refused (empty: it is not).

    A row that is refused shows what the mapping gave. Nothing is written but work under way in ``folder``.
    """
    text = read_select(source, table)
    mapping = source.conform[table.table]
    driving = read_feed(source, mapping.driving, landing, frozenset(), "")[0]
    joins = {
        driving if name == mapping.driving else read_feed(source, name, landing, frozenset(), "")[0]: shared
        for name, shared in mapping.joins.items()
    }
    select = check_select(source, table, text)
    with reading(folder, str(landing)) as connection:
        from qmsreports.conform.macros import create_macros

        create_macros(connection, source, organisation.time_zone)
        history = History(connection, source, driving, joins, select.numbers, mapping.leaves_with, tries=select.tries)
        counts = history.select()
        shape = _shape(connection, select, source, table, organisation, judged)
        _map(connection, select, shape, counts, _Files.under(folder, table.table), driving.name)
        names = ", ".join(map(quoted, table.names))
        order = f"ORDER BY _reason IS NULL, _at LIMIT {rows}"  # what is refused comes first
        places = f"SELECT _at, row_number() OVER ({order.partition(' LIMIT')[0]}) AS _nth FROM _mapped {order}"
        raw = _dicts(
            connection,
            f"SELECT d.* EXCLUDE (_at, _load, _gone, _doubt) FROM _driving d JOIN ({places}) USING (_at) ORDER BY _nth",
        )
        made = _dicts(connection, f"SELECT {names}, _given, _reason FROM _mapped {order}")
    shown = []
    for received, given in zip(raw, made, strict=True):
        texts, reason = given.pop("_given"), given.pop("_reason")
        if reason:
            given = dict(zip(given, texts, strict=True))
        shown.append((received, given, reason or ""))
    return shown


def _dicts(connection: DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = connection.execute(sql)
    names = [str(column[0]) for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@dataclass(frozen=True, slots=True)
class _Files:
    mapped: Path
    rows: Path
    rejects: Path
    gone: Path

    @classmethod
    def under(cls, folder: Path, table: str) -> _Files:
        """Names of the files of one table, after those of an interrupted attempt are removed."""
        found = cls(*(folder / f"{table}.{part}.parquet" for part in ("mapped", "rows", "rejects", "gone")))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in (found.mapped, found.rows, found.rejects, found.gone):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        return found


def _fingerprint(
    source: Source, table: Table, organisation: Organisation, text: str, judged: frozenset[str], rules: str
) -> str:
    """Return eight letters that change when the same landed rows may give other canonical rows."""
    sites = [site.site for site in organisation.sites]
    mapping = source.conform[table.table]
    feeds = [source.feed(name) for name in (mapping.driving, *mapping.joins)]
    versions = [
        (feed.key, feed.ordered_by, feed.deletions, feed.nulls, feed.dates, feed.thousands) for feed in feeds if feed
    ]
    columns = [(column.name, column.type, column.nullable, column.values) for column in table.columns]
    parts: tuple[object, ...] = (_RULES, text, mapping, versions, source.codes, source.time_zone, columns)
    parts += (table.key, table.partition)
    if parent := source.feed(mapping.leaves_with):
        parts += (parent.table, parent.numbered)
    if rules:
        parts += (rules,)
    if any(feed.overlap_minutes for feed in feeds if feed):
        parts += tuple(feed.overlap_minutes for feed in feeds if feed)
    if source.kind == "files" and mapping.joins:
        parts += ("doubts of joined rows",)  # once they became empty unnoticed: such tables are conformed once more
    return hashlib.sha256(repr((parts, organisation.time_zone, sites, sorted(judged))).encode()).hexdigest()[:8]


def _close_doors(connection: DuckDBPyConnection, files: list[object], folder: Path) -> None:
    """Leave the mapping nothing to read but its landed files and nothing to write but its staging folder."""
    paths = [str(getattr(file, "path", "")) for file in files]
    if any("://" in path for path in paths):
        return  # DuckDB cannot list single objects of a Python file system; check_select refuses file reads by itself
    listed = ", ".join(literal(path) for path in paths)
    connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute(f"SET allowed_directories = [{literal(str(folder.absolute()) + '/')}]")
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")


def _shape(
    connection: DuckDBPyConnection,
    select: Select,
    source: Source,
    table: Table,
    organisation: Organisation,
    judged: frozenset[str],
) -> Shape:
    """Ask DuckDB for the mapping's columns without running it, and hold them against the declaration."""
    import duckdb

    try:
        described = connection.execute(f"DESCRIBE {select.runs}").fetchall()
    except duckdb.Error as error:
        raise _failed(connection, select, error) from error
    given = {str(name): str(kind) for name, kind, *_ in described}
    check_columns(select, table, list(given))
    sites = tuple(site.site for site in organisation.sites)
    return Shape(table, given, source.source, source.time_zone, organisation.time_zone, sites, judged)


def _map(
    connection: DuckDBPyConnection, select: Select, shape: Shape, counts: Counts, files: _Files, driving: str
) -> None:
    """Run the mapping once, into a file of shaped rows, and check that each driving row gave one."""
    import duckdb

    try:
        copied(connection, shape.rows(f"({select.runs}\n)"), files.mapped)
    except (duckdb.IOException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        raise _failed(connection, select, error) from error
    connection.execute(f"CREATE VIEW _mapped AS FROM read_parquet({literal(str(files.mapped))})")
    # A sum of hashes tells rows doubled and rows lost apart from rows kept, without sorting their places.
    places = "SELECT count(*), coalesce(sum(hash(_at)), 0) FROM"
    if _pair(connection, f"{places} _mapped") == _pair(connection, f"{places} _picked"):
        return
    rows, distinct = _pair(connection, "SELECT count(*), count(DISTINCT _at) FROM _mapped")
    expected = counts.expected + counts.deleted
    said = f"no row for {expected - distinct} rows of {driving}"
    if rows > distinct:
        (most,) = _row(connection, "SELECT max(n) FROM (SELECT count(*) AS n FROM _mapped GROUP BY _at)")
        said = f"up to {most} rows for one row of {driving}"
    select.fail(
        f"the SELECT gives {said} ({expected} in, {rows} out)",
        "join on the whole key, or group the joined table first",
    )


def _without_deleted(connection: DuckDBPyConnection, counts: Counts) -> Counts:
    """Return the counts with the rows that the mapping marks as deleted, or as gone with their parent, among those."""
    expected, deleted = _row(connection, "SELECT count(*) FILTER (NOT _gone), count(*) FILTER (_gone) FROM _mapped")
    return Counts(counts.rows_in, counts.refreshed, expected, deleted, counts.with_parent)


def _failed(connection: DuckDBPyConnection, select: Select, error: Exception) -> UserError:
    """Put an error into a line; run the bare mapping again where the place in the file is not known yet."""
    import duckdb

    if isinstance(error, duckdb.ConversionException):
        try:
            connection.execute(f"CREATE TEMP TABLE _again AS {select.runs}")
        except duckdb.Error as bare:
            error = bare
    landed = connection.execute("SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
    return failed_at(select, error, [name for (name,) in landed if not name.startswith("_")])


def _write(
    connection: DuckDBPyConnection, shape: Shape, counts: Counts, files: _Files, driving: Feed
) -> tuple[int, int]:
    """Write the rows that stay and, where there are any, the refused ones; returns both counts."""
    shaped = _one_row_a_key(connection, shape.table, driving)
    rows = copied(connection, shape.passed(shaped), files.rows)
    rejected = copied(connection, shape.refused(shaped), files.rejects) if rows != counts.expected else 0
    if rows + rejected != counts.expected:
        raise AssertionError(
            f"{shape.table.table}: {counts.expected} rows to conform, {rows} staged, {rejected} refused"
        )
    return rows, rejected


def _one_row_a_key(connection: DuckDBPyConnection, table: Table, driving: Feed) -> str:
    """Refuse all but the last of the rows that give the same canonical key; returns the view to go on with."""
    keys = ", ".join(quoted(name) for name in table.key)
    fine = "_reason IS NULL AND NOT _gone"
    connection.execute(
        f"""CREATE TEMP TABLE _twice AS
        SELECT {keys} FROM _mapped WHERE {fine} GROUP BY {keys} HAVING count(*) > 1"""
    )
    if _row(connection, "SELECT count(*) FROM _twice") == (0,):
        return "_mapped"
    reason = literal(f"another row of {driving.name} gives the same {' and '.join(table.key)}")
    connection.execute(
        f"""CREATE VIEW _unique AS SELECT * REPLACE (
            CASE WHEN _at IN (
                SELECT _at FROM (
                    SELECT _at, row_number() OVER (PARTITION BY {keys} ORDER BY _at DESC) AS nth
                    FROM _mapped SEMI JOIN _twice USING ({keys}) WHERE {fine}
                ) WHERE nth > 1
            ) THEN {reason} ELSE _reason END AS _reason) FROM _mapped"""
    )
    return "_unique"


def _write_gone(connection: DuckDBPyConnection, table: Table, counts: Counts, files: _Files) -> bool:
    """Write the canonical keys of the driving rows that vanished at the source."""
    if not counts.deleted:
        return False
    keys = ", ".join(quoted(name) for name in table.key)
    return bool(
        copied(
            connection,
            f"""SELECT DISTINCT {keys} FROM _mapped
            ANTI JOIN read_parquet({literal(str(files.rows))}) USING ({keys}) WHERE _gone""",
            files.gone,
        )
    )


def _pair(connection: DuckDBPyConnection, sql: str) -> tuple[int, int]:
    first, second = _row(connection, sql)
    return int(first), int(second)


def _row(connection: DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row
