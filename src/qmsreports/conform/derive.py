"""Canonical tables that are made of canonical tables: what no single source can tell, such as a customer's month.

A derived table is declared like any other, with ``derived_from``, and beside its declaration lies one SELECT over
exactly those tables. It is computed as a whole from pinned versions, shaped and audited like what a source delivers,
and merged by key, so that it changes only where its inputs did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.catalog.table import Table
from qmsreports.conform.mapping import written_columns
from qmsreports.conform.shape import Shape
from qmsreports.errors import Finding, UserError, did_you_mean
from qmsreports.lake import Lake, literal
from qmsreports.organisation import Organisation
from qmsreports.records import DERIVED, StagedTable, Tell, silent

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SOURCE = DERIVED
"""What stands in ``_source`` of derived rows and in the record of their feed."""
_UNSTEADY = ("now", "today", "current_date", "current_timestamp", "random", "uuid", "nextval")


def derive(
    table: Table,
    *,
    sql: Path,
    inputs: Mapping[str, Table],
    lake: Lake,
    staging: Path,
    done: frozenset[str],
    organisation: Organisation,
    judged: frozenset[str] = frozenset(),
    tell: Tell = silent,
) -> StagedTable | None:
    """Compute a derived table from the newest versions of its inputs; ``None`` when they are those of last time.

    ``done`` is what was published last, as ``StagedTable.load_ids``: ``tickets/3f9a01c2.17@5d2b77aa``, an input with
    the identity of its table, its version, and the fingerprint of the SELECT. In the SELECT ``local_day(instant)`` is
    the day in the organisation's zone. A row that does not fit the declaration is refused with a reason.

    Raises :class:`UserError` with the file for a SELECT that is missing, wrong, or reads anything else.
    """
    states = lake.states(table.derived_from)
    text = _read(sql)
    mark = hashlib.sha256(repr((text, table, organisation.time_zone, sorted(judged))).encode()).hexdigest()[:8]
    load_ids = tuple(f"{name}/{identity[:8]}.{version}@{mark}" for name, (identity, version) in sorted(states.items()))
    if not load_ids or set(load_ids) == done:
        return None
    check(table, sql, text)
    tell(f"{SOURCE}: {table.table}", 0)
    folder = staging / SOURCE
    folder.mkdir(parents=True, exist_ok=True)
    paths = {part: folder / f"{table.table}.{part}.parquet" for part in ("mapped", "rows", "rejects")}
    pins = {name: version for name, (_, version) in states.items()}
    with lake.connect([inputs[name] for name in table.derived_from], pins) as connection:
        zone = literal(organisation.time_zone)
        connection.execute(f"CREATE TEMP MACRO local_day(t) AS CAST(t AT TIME ZONE {zone} AS DATE)")
        shape = _shape(connection, table, sql, text, organisation, judged)
        load = literal(hashlib.sha256(repr(load_ids).encode()).hexdigest()[:16])
        framed = f"(SELECT 0 AS _at, {load} AS _load, false AS _gone, NULL AS _doubt, * FROM ({text}\n))"
        _copy(connection, shape.rows(framed), paths["mapped"])
        shaped = f"read_parquet({literal(str(paths['mapped']))})"
        rows = _copy(connection, shape.passed(shaped), paths["rows"])
        rejected = _copy(connection, shape.refused(shaped), paths["rejects"])
    paths["mapped"].unlink()
    tell(f"{SOURCE}: {table.table}", rows)
    return StagedTable(
        source=SOURCE,
        table=table.table,
        path=str(paths["rows"]),
        rows=rows,
        rejects=str(paths["rejects"]) if rejected else "",
        rejected=rejected,
        rows_in=rows + rejected,
        refreshed=0,
        duplicates=0,
        load_ids=load_ids,
        complete=True,
    )


def none_newer(load_ids: Iterable[str], published: Iterable[str]) -> bool:
    """Tell whether a derived table as published is made of these inputs, each in this version or a later one."""
    newest = dict(map(_version, published))
    inputs = list(map(_version, load_ids))
    return bool(inputs) and all(version <= newest.get(name, -1) for name, version in inputs)


def made_of(load_ids: Iterable[str]) -> dict[str, int]:
    """Return the canonical tables and versions that a derived table as published is made of."""
    return {name.partition("/")[0]: version for (name, _), version in map(_version, load_ids)}


def _version(load_id: str) -> tuple[tuple[str, str], int]:
    """Return an input, in the table's identity and under the fingerprint of the SELECT, and its version."""
    read, _, mark = load_id.rpartition("@")
    name, _, version = read.rpartition(".")
    return (name, mark), int(version)


def check(table: Table, sql: Path, text: str) -> None:
    """Refuse a SELECT that reads other tables or files, or would give another answer tomorrow."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = [tree for tree in sqlglot.parse(text, read="duckdb") if tree is not None]
    except SqlglotError as error:
        raise UserError(Finding(str(sql), "the SQL cannot be read", str(error).splitlines()[0])) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise UserError(Finding(str(sql), "a derived table is one SELECT and nothing else", "write WITH … SELECT …"))
    tree = statements[0]
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Func) or node.db:
            raise UserError(Finding(str(sql), "a derived table reads canonical tables only", "name the table"))
        if node.name not in own and node.name not in table.derived_from:
            what = f'"{node.name}" is not among derived_from of {table.table}'
            raise UserError(Finding(str(sql), what, did_you_mean(node.name, table.derived_from)))
    for function in tree.find_all(exp.Func):
        name = (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()
        if name in _UNSTEADY:
            raise UserError(Finding(str(sql), f"{name} gives another result at each run", "use a column instead"))


def check_written(table: Table, sql: Path) -> None:
    """Check what can be told before a row is there: the SELECT itself, and its columns as far as it names them."""
    import sqlglot
    from sqlglot import exp

    text = _read(sql)
    check(table, sql, text)
    tree = sqlglot.parse_one(text, read="duckdb")
    if isinstance(tree, exp.Select) and (given := written_columns(tree)):
        _check_columns(table, sql, given)


def _read(sql: Path) -> str:
    try:
        return sql.read_text(encoding="utf-8").rstrip().removesuffix(";")
    except OSError:
        raise UserError(Finding(str(sql), "the SELECT is missing", "write it beside the declaration")) from None


def _shape(
    connection: DuckDBPyConnection,
    table: Table,
    sql: Path,
    text: str,
    organisation: Organisation,
    judged: frozenset[str],
) -> Shape:
    import duckdb

    try:
        described = connection.execute(f"DESCRIBE {text}").fetchall()
    except duckdb.Error as error:
        raise UserError(Finding(str(sql), str(error).splitlines()[0])) from None
    given = {str(name): str(kind) for name, kind, *_ in described}
    _check_columns(table, sql, given)
    sites = tuple(site.site for site in organisation.sites)
    return Shape(table, given, SOURCE, organisation.time_zone, organisation.time_zone, sites, judged)


def _check_columns(table: Table, sql: Path, given: Iterable[str]) -> None:
    known = set(given)
    wrong = known ^ set(table.names)
    if wrong:
        name = min(wrong)
        what = f"{table.table} has no column {name}" if name in known else f"the SELECT does not give {name}"
        raise UserError(Finding(str(sql), what, "give exactly the declared columns"))


def _copy(connection: DuckDBPyConnection, select: str, path: Path) -> int:
    row = connection.execute(f"COPY ({select}) TO {literal(str(path))} (FORMAT parquet)").fetchone()
    assert row is not None
    return int(row[0])
