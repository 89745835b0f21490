"""The SELECT of a mapping: read, checked before it runs, and its errors put into one line with file and line.

It is data from a catalog folder, not code of ours. So it may be one SELECT over the landed tables that its source
declares and nothing else: no files, no other statement, no clock and no chance, or the same rows would not give the
same result tomorrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from qmsreports.catalog.source import Mapping, Source
from qmsreports.catalog.table import Table
from qmsreports.conform.moving import MovingKey, moving_key
from qmsreports.errors import Finding, UserError, did_you_mean
from qmsreports.landing import landed_name

if TYPE_CHECKING:
    from sqlglot import exp

ROW_COLUMNS = ("_at", "_load", "_gone", "_doubt")
"""What is carried from each driving row to its canonical row: its place in the landing zone, its load, its end, and
why a number in it cannot be told."""

VERDICTS = ("_reject", "_deleted")
"""What a SELECT may give beside its columns: why a row is refused, and whether the source marks it as deleted."""

_UNSTEADY = {
    "now", "today", "current_date", "current_time", "current_timestamp", "current_localtime", "current_localtimestamp",
    "get_current_time", "get_current_timestamp", "transaction_timestamp", "random", "rand", "uuid", "uuidv4", "uuidv7",
    "gen_random_uuid", "nextval",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Select:
    """A checked mapping. ``runs`` is the author's text with :data:`ROW_COLUMNS` added, on the same lines.

    ``gives`` are the columns as the text names them; none where only the landed rows tell. ``numbers`` are the names
    out of which it makes numbers, landed columns among them. ``tries`` says that it casts with TRY_CAST
    somewhere, which makes a text that is no number empty. ``moving`` is the canonical key where that may move.
    """

    path: Path
    text: str
    runs: str
    gives: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    tries: bool = False
    moving: MovingKey | None = None

    def fail(self, what: str, todo: str = "", line: int | None = None) -> NoReturn:
        """Raise the error that points into the file."""
        raise UserError(Finding(f"{self.path}:{line}" if line else str(self.path), what, todo))

    def line_of(self, word: str) -> int | None:
        """First line on which a name stands alone."""
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        return next((number for number, line in enumerate(self.text.splitlines(), 1) if pattern.search(line)), None)


def read_select(source: Source, table: Table) -> str:
    """Return the text of a mapping; :class:`UserError` where the file is missing."""
    path = source.sql_path(table.table)
    try:
        return path.read_text(encoding="utf-8").rstrip().removesuffix(";")
    except OSError:
        raise UserError(
            Finding(str(path), "the mapping is missing", f"write the SELECT that makes {table.table}")
        ) from None


def check_select(source: Source, table: Table, text: str) -> Select:
    """Check a mapping's text without running it; :class:`UserError` names file and line of the first thing wrong."""
    mapping = source.conform[table.table]
    select = Select(source.sql_path(table.table), text, "")
    tree = _parse(select)
    _check_tables(select, tree, source, mapping)
    _check_functions(select, tree, source)
    alias = _check_outermost(select, tree, mapping)
    from sqlglot import exp

    tries = tree.find(exp.TryCast) is not None
    runs = _with_row_columns(text, alias)
    feed = source.feed(mapping.driving)
    moving = moving_key(tree, alias, table.key, [landed_name(name) for name in feed.key]) if feed else None
    return Select(select.path, text, runs, written_columns(tree), _numbers(tree, table), tries, moving)


def written_columns(tree: exp.Select) -> tuple[str, ...]:
    """Return the columns that a SELECT names; none where an expression stands for columns that only the rows tell."""
    from sqlglot import exp

    if any(one.is_star or isinstance(one, (exp.Columns, exp.Explode, exp.Unnest)) for one in tree.expressions):
        return ()
    return tuple(one.output_name or one.sql(dialect="duckdb") for one in tree.expressions)


def _numbers(tree: exp.Select, table: Table) -> frozenset[str]:
    """Return every name that the canonical numbers are made of, whatever they are called on the way.

    Names are followed through all parts of the SELECT without regard to where they hold: a name too many only means
    that a cell of it that is doubtful as a number is looked at.
    """
    from sqlglot import exp

    made: dict[str, set[str]] = {}
    for select in tree.find_all(exp.Select):
        for one in select.expressions:
            names = {column.name.lower() for column in one.find_all(exp.Column)}
            made.setdefault(one.output_name.lower(), set()).update(names)
    found: set[str] = set()
    waiting = [column.name for column in table.columns if column.type in ("number", "integer")]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += made.get(name, ())
    return frozenset(found)


def _parse(select: Select) -> exp.Select:
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import ParseError, TokenError

    try:
        statements = [tree for tree in sqlglot.parse(select.text, read="duckdb") if tree is not None]
    except ParseError as error:
        first = error.errors[0]
        select.fail(f'the SQL cannot be read near "{first["highlight"]}": {first["description"]}', "", first["line"])
    except TokenError:
        select.fail("the SQL cannot be read", "look for a quote or comment that is not closed")
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        select.fail(
            "a mapping is one SELECT and nothing else", "put it in the form WITH … SELECT … FROM the driving table"
        )
    return statements[0]


def _check_tables(select: Select, tree: exp.Select, source: Source, mapping: Mapping) -> None:
    from sqlglot import exp

    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    readable = {mapping.driving, "_driving", *mapping.joins}
    for node in tree.find_all(exp.Table):
        name, line = node.name, _line(node.this) or _line(node)
        if isinstance(node.this, exp.Func):
            select.fail("a mapping reads landed tables only, not functions or files", "name the landed table", line)
        if name in own or (name in readable and not node.db):
            continue
        if source.feed(name) is not None and not node.db:
            select.fail(
                f"{name} is read but not declared as joined",
                f"add it to conform/joins in source.yaml with the columns it shares with {mapping.driving}, "
                "so that a change of it is noticed",
                line,
            )
        select.fail(
            f'"{name}" is not landed by {source.source}',
            did_you_mean(name, [feed.table for feed in source.tables]),
            line,
        )


def _check_functions(select: Select, tree: exp.Select, source: Source) -> None:
    from sqlglot import exp

    for node in tree.find_all(exp.Func):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if name in _UNSTEADY:
            select.fail(
                f"{_written(select, node) or name} gives another result at each run",
                "use a column of the source instead",
                _line(node),
            )
        if isinstance(node, exp.Anonymous) and name in {"code", "unmapped"} and node.expressions:
            kind = node.expressions[0].name
            if kind not in source.codes:
                select.fail(f'{name}: there are no codes "{kind}"', did_you_mean(kind, source.codes), _line(node))


def _check_outermost(select: Select, tree: exp.Select, mapping: Mapping) -> str:
    """Check that one driving row can give one row, and return the name by which the driving table goes."""
    from sqlglot import exp

    for clause, word in (("where", "WHERE"), ("group", "GROUP BY"), ("distinct", "DISTINCT"), ("limit", "LIMIT"),
                         ("qualify", "QUALIFY"), ("having", "HAVING"), ("order", "ORDER BY")):  # fmt: skip
        if tree.args.get(clause):
            select.fail(
                f"the outermost SELECT has {word}, but each row of {mapping.driving} must give one row",
                "group and filter in a WITH; refuse a row with a reason in _reject",
            )
    origin = tree.args.get("from_")
    driving = origin.this if origin is not None else None
    if not isinstance(driving, exp.Table) or driving.name not in {mapping.driving, "_driving"}:
        select.fail(f"the outermost SELECT does not start FROM {mapping.driving}", "name the driving table first")
    if mapping.driving in mapping.joins and driving.name != "_driving":
        select.fail(
            f"{mapping.driving} is joined with itself, so its name means all of its rows",
            "start the outermost SELECT FROM _driving, the rows to conform",
            _line(driving.this),
        )
    for projection in tree.expressions:
        if projection.is_star:
            select.fail("the outermost SELECT has a *", "name the columns", _line(projection) or _line(projection.this))
    return str(driving.alias_or_name)


def _with_row_columns(text: str, alias: str) -> str:
    """Insert the row columns behind the outermost SELECT, on its line: DuckDB's line numbers stay the file's."""
    import sqlglot

    depth = 0
    for token in sqlglot.tokenize(text, read="duckdb"):
        depth += {"L_PAREN": 1, "R_PAREN": -1}.get(token.token_type.name, 0)
        if depth == 0 and token.token_type.name == "SELECT":
            columns = ", ".join(f'"{alias}"."{name}" AS "{name}"' for name in ROW_COLUMNS)
            return f"{text[: token.end + 1]} {columns},{text[token.end + 1 :]}"
    raise AssertionError("a parsed SELECT has a SELECT")


def _written(select: Select, node: exp.Func) -> str:
    """Return a function's name as the author wrote it: the parser gives several spellings one name."""
    return select.text[node.meta["start"] : node.meta["end"] + 1] if "start" in node.meta else ""


def _line(node: object) -> int | None:
    meta = getattr(node, "meta", None)
    line = meta.get("line") if isinstance(meta, dict) else None
    return line if isinstance(line, int) else None


def check_columns(select: Select, table: Table, found: list[str]) -> None:
    """Check the columns that the SELECT gives against the declaration."""
    given = [name for name in found if name not in ROW_COLUMNS and name not in VERDICTS]
    missing = [name for name in table.names if name not in given]
    extra = [name for name in given if name not in table.names]
    for name in extra:
        select.fail(
            f"{table.table} has no column {name}", did_you_mean(name, missing or table.names), select.line_of(name)
        )
    if missing:
        select.fail(
            f"the SELECT does not give {', '.join(missing)}, declared in catalog/tables/{table.table}.yaml",
            "add the column; NULL AS … where this source does not know it and it may be empty",
        )


def failed_at(select: Select, error: Exception, columns: Iterable[str]) -> UserError:
    """Put a DuckDB error of a mapping into one line: file, line, what, and the expression it happened in.

    ``columns`` are those that the mapping could have meant.
    """
    kind, first = type(error).__name__, str(error).splitlines()[0]
    what = re.sub(r"^(\w+ )+Error: ", "", first).rstrip(".!").replace("Values list", "table")
    place = re.search(r"^LINE (\d+): ?(.*)\n( *)(\^+)", str(error), re.MULTILINE)
    line: int | None = None
    if place:
        line = int(place.group(1))
        indent = len(f"LINE {line}: ")
        expression = place.group(2)[len(place.group(3)) - indent :][: len(place.group(4))]
        if kind != "BinderException":  # which names the column itself
            what += f' in "{expression}"'
    elif named := re.search(r'"([^"]+)"', first):
        line = select.line_of(named.group(1))
    unknown = re.search(r'column(?: named)? "([^"]+)"', what) if kind == "BinderException" else None
    todo = did_you_mean(unknown.group(1), columns) if unknown else ""
    if kind == "ConversionException":
        todo = "return the text as it is, so that conform refuses the row by name, or use try_cast"
    return UserError(Finding(f"{select.path}:{line}" if line else str(select.path), what, todo))
