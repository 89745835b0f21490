"""Triggers that make the database itself refuse to change or delete a record.

Append-only by convention would hold until the first hand-written UPDATE; an auditor asks what holds after it.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op


def forbid_changes(table: str) -> None:
    """Let rows of this table be inserted only. ``table`` comes from a migration, never from outside."""
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    elif dialect == "postgresql":
        _define_refusal()
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION qms_append_only()"
        )


def forbid_changes_but(table: str, columns: Sequence[str], *, settled: str = "") -> None:
    """Let only these columns of a row change, and none of them once the row is settled (``status = 'approved'``).

    Without ``settled`` a row may change its state for ever.
    """
    bind = op.get_bind()
    kept = [column["name"] for column in sa.inspect(bind).get_columns(table) if column["name"] not in columns]
    fixed = f"UPDATE OF {', '.join(kept)}"
    triggers = [
        (f"{table}_no_delete", "DELETE", ""),
        (f"{table}_no_update", fixed, ""),
        *([(f"{table}_settled", "UPDATE", f"WHEN (OLD.{settled}) ")] if settled else []),
    ]
    if bind.dialect.name == "postgresql":
        _define_refusal()
    for name, event, when in triggers:
        if bind.dialect.name == "sqlite":
            refusal = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when}{refusal}")
        elif bind.dialect.name == "postgresql":
            refusal = "EXECUTE FUNCTION qms_append_only()"
            op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}{refusal}")


def allow_changes(table: str) -> None:
    """Take the triggers of a table away, for going back to an earlier schema."""
    on = f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""
    for name in ("no_update", "no_delete", "settled", "append_only"):
        op.execute(f"DROP TRIGGER IF EXISTS {table}_{name}{on}")


def _define_refusal() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION qms_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
