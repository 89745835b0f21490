"""Whether an account may do more than read, as far as a kind of database tells."""

from __future__ import annotations

from typing import Any

_POSTGRESQL = """
SELECT has_table_privilege(to_regclass(:place), 'INSERT, UPDATE, DELETE, TRUNCATE')
    OR has_any_column_privilege(to_regclass(:place), 'INSERT, UPDATE')
"""
_CHANGE = "privilege_type IN ('INSERT', 'UPDATE', 'DELETE')"
_MINE = """grantee = concat('''', substring_index(current_user(), '@', 1), '''@''',
    substring_index(current_user(), '@', -1), '''')"""
_HERE = "coalesce(:schema, database())"
_MYSQL = f"""
SELECT EXISTS (SELECT 1 FROM information_schema.user_privileges WHERE {_MINE} AND {_CHANGE})
    OR EXISTS (SELECT 1 FROM information_schema.schema_privileges
               WHERE {_MINE} AND {_CHANGE} AND {_HERE} LIKE table_schema)
    OR EXISTS (SELECT 1 FROM information_schema.table_privileges
               WHERE {_MINE} AND {_CHANGE} AND table_schema = {_HERE} AND table_name = :table)
    OR EXISTS (SELECT 1 FROM information_schema.column_privileges
               WHERE {_MINE} AND {_CHANGE} AND table_schema = {_HERE} AND table_name = :table)
"""
"""What was granted to the account itself; what it has of roles is not looked at."""

_ASK = {"postgresql": _POSTGRESQL, "mysql": _MYSQL, "mariadb": _MYSQL}


def may_change(connection: Any, kind: str, *, place: str, schema: str | None, table: str) -> bool:
    """Return whether rows of a table may be changed; ``False`` where the kind of database is not asked.

    ``connection`` is SQLAlchemy's, ``place`` the table as it is written in SQL.
    """
    import sqlalchemy as sa

    query = _ASK.get(kind)
    if query is None:
        return False
    values = {"place": place} if kind == "postgresql" else {"schema": schema, "table": table}
    return bool(connection.execute(sa.text(query), values).scalar())
