"""Texts of a key that a database takes for one although they differ: abc and ABC under most collations of MySQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def taken_for_one(connection: Any, table: str, schema: str | None, key: Sequence[str]) -> list[str]:
    """Return the columns of a key whose texts have to be told apart by their bytes; none where the database is known to
    hold the key unique, and with it what it takes for one. ``connection`` is SQLAlchemy's.
    """
    import sqlalchemy as sa

    if connection.dialect.name not in ("mysql", "mariadb"):
        return []
    inspector = sa.inspect(connection)
    unique = [inspector.get_pk_constraint(table, schema)["constrained_columns"]]
    unique += [entry["column_names"] for entry in inspector.get_indexes(table, schema) if entry["unique"]]
    if any(columns and set(columns) <= set(key) for columns in unique):
        return []
    types = {column["name"]: column["type"] for column in inspector.get_columns(table, schema)}
    return [name for name in key if isinstance(types.get(name), sa.String)]
