"""Why PostgreSQL may show an account no row of a table that has some: its own policies, or those below a view."""

from __future__ import annotations

from typing import Any

_ASK = """
WITH RECURSIVE read (oid, reader, below) AS (
    SELECT c.oid, u.oid, false
    FROM pg_class c, pg_roles u
    WHERE c.oid = to_regclass(:name) AND u.rolname = current_user
  UNION
    SELECT d.refobjid, CASE WHEN v.reloptions::text ~* 'security_invoker=(true|on|yes|1)' THEN r.reader
        ELSE v.relowner END, true
    FROM read r
    JOIN pg_class v ON v.oid = r.oid AND v.relkind = 'v' AND :views
    JOIN pg_rewrite w ON w.ev_class = v.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
)
SELECT r.below, t.relname, t.reltuples::bigint
FROM read r
JOIN pg_class t ON t.oid = r.oid AND t.relkind IN ('r', 'p') AND t.relrowsecurity
JOIN pg_roles u ON u.oid = r.reader AND NOT u.rolsuper AND NOT u.rolbypassrls
WHERE (t.relforcerowsecurity OR NOT pg_has_role(r.reader, t.relowner, 'USAGE'))
    AND pg_relation_size(t.oid) + (
        SELECT coalesce(sum(pg_relation_size(p.relid)), 0) FROM pg_partition_tree(t.oid) p WHERE p.isleaf
    ) > 0
ORDER BY t.relname
LIMIT 1
"""
"""Tables that are read, by whose rights, and whether policies hold for these while rows take up room on disk.

A view reads by the rights of its owner, unless it was made with ``security_invoker``; what a table of partitions holds
lies in its partitions, to which its own policies apply.
"""


def hidden_rows(connection: Any, place: str, *, views: bool) -> str:
    """Return a sentence for a table as it is written in SQL; empty where nothing is known to hide rows of it.

    ``connection`` is SQLAlchemy's, to PostgreSQL 12 or later. With ``views``, policies of the tables below a view count
    as well: whether they or the view's own conditions leave no row cannot be told from here.
    """
    import sqlalchemy as sa

    found = connection.execute(sa.text(_ASK), {"name": place, "views": views}).first()
    if found is None:
        return ""
    below, table, rows = found
    about = f"about {rows:,} rows" if rows > 0 else "rows"
    return f"row-level security hides {about} of {f'{table}, which it reads,' if below else 'it'} from this account"
