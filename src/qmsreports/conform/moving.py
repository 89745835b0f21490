"""Canonical keys that are no names of landed rows: they may change, and two landed rows may give the same one.

A draft that gets its number later is one row at the source, under one key there, and would stand twice in the canonical
table: as ``draft 7`` and as ``O-2026-114``. So a mapping is read for where its keys come from. Where they are the
landed key, spelled out (``'rt-' || id``, ``order_no || '/' || line_no``), nothing of the kind can happen. Otherwise it
is looked up among all landed versions, and where a key moved, or is shared, the table is conformed as a whole.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qmsreports.lake import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlglot import exp


@dataclass(frozen=True, slots=True)
class MovingKey:
    """The SQL of a canonical key that may move, over the driving rows under the name ``alias``.

    Without ``expressions`` it is made of more than the driving row: whether it moved cannot be asked of that alone.
    """

    alias: str = ""
    expressions: tuple[str, ...] = ()


def moving_key(tree: exp.Select, alias: str, key: Collection[str], landed: Collection[str]) -> MovingKey | None:
    """Return how a SELECT makes its ``key``; ``None`` where that is the driving row's key ``landed``, spelled out.

    ``alias`` is the name of the driving table in it. ``d.id`` and ``'x-' || d.id`` of the landed key ``id`` are spelled
    out; ``coalesce(d.number, d.id)``, ``upper(d.id)`` and ``o.name || d.id`` are not.
    """
    from sqlglot import exp

    made = [one for one in tree.expressions if one.output_name.lower() in key]
    named = {one.output_name.lower() for one in tree.expressions}
    joined = bool(tree.args.get("joins")) or bool(tree.args.get("laterals"))
    used: set[str] = set()
    alone = len(made) == len(key) and alias.lower() not in {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for one in made:
        alone = alone and one.find(exp.Query) is None
        for column in one.find_all(exp.Column):
            name = column.name.lower()
            own = column.table.lower() == alias.lower() if column.table else name in landed or not joined
            alone = alone and own and (bool(column.table) or name in landed or name not in named)
            used.add(name)
    if not alone:
        return MovingKey()
    if used == set(landed) and all(map(_spelled_out, made)):
        return None
    return MovingKey(alias, tuple(one.unalias().sql(dialect="duckdb") for one in made))


def _spelled_out(one: exp.Expr) -> bool:
    """Whether different columns always give different texts: columns as they are, with a sign between two of them."""
    from sqlglot import exp

    plain = (exp.Column, exp.Identifier, exp.Literal, exp.DPipe, exp.Paren, exp.Alias, exp.DataType)
    for node in one.walk():
        as_text = isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast) and node.to.is_type("text")
        if not (isinstance(node, plain) or as_text):
            return False
    signs = [node for node in one.find_all(exp.Literal) if node.is_string and node.name]
    return len(signs) >= len(list(one.find_all(exp.Column))) - 1


def moved(connection: DuckDBPyConnection, key: MovingKey, landed: str, own: Collection[str]) -> bool:
    """Tell whether a row among ``_picked`` had another canonical key before, or shares one with another landed row.

    ``landed`` is the (quoted) view of all landed versions of the driving table and ``own`` the columns of its key. What
    cannot be told moved: a key of more than the driving row, or one that an old version has no answer for.
    """
    import duckdb

    if not key.expressions:
        return connection.execute("FROM _picked LIMIT 1").fetchone() is not None
    known = " AND ".join(f"({one}) IS NOT NULL" for one in key.expressions)
    try:
        found = connection.execute(
            f"""WITH every AS (
                SELECT _at, CAST(row({", ".join(map(quoted, own))}) AS VARCHAR) AS own,
                    CASE WHEN {known} THEN CAST(row({", ".join(key.expressions)}) AS VARCHAR) END AS made
                FROM {landed} AS {quoted(key.alias)}),
            picked AS (SELECT own, made FROM every SEMI JOIN _picked USING (_at))
            SELECT EXISTS (SELECT 1 FROM every SEMI JOIN picked USING (own)
                    GROUP BY own HAVING count(DISTINCT coalesce(made, '')) > 1)
                OR EXISTS (SELECT 1 FROM every SEMI JOIN picked USING (made)
                    GROUP BY made HAVING count(DISTINCT own) > 1)"""
        ).fetchone()
    except (duckdb.IOException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error:
        return True
    return found != (False,)
