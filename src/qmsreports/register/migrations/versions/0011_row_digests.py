"""Every row on record is covered by the audit log, and the database refuses to change those that never change.

What a register holds already is taken over by one entry: from then on an edit of it is found, one of before is not.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

from qmsreports.register.migrations.append_only import allow_changes, forbid_changes, forbid_changes_but
from qmsreports.register.written import take_over

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FIXED = (
    "catalog_versions",
    "conformed_loads",
    "feeds",
    "loads",
    "notices",
    "restatement_candidates",
    "validations",
)
_RUN = ("status", "message", "finished_at")
_KEPT_OUT = ("rule", "row", "reason", "load_id", "status", "settled_at", "settled_by", "settled_why")


def upgrade() -> None:
    op.create_table(
        "row_digests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["journal.id"], name=op.f("fk_row_digests_entry_journal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_row_digests")),
    )
    op.create_index("ix_row_digests_table", "row_digests", ["table_name"])
    take_over(Session(op.get_bind()))
    for table in (*_FIXED, "row_digests"):
        forbid_changes(table)
    forbid_changes_but("runs", _RUN)
    forbid_changes_but("quarantine", _KEPT_OUT)


def downgrade() -> None:
    """Go back: the records stay; the next upgrade takes them over anew, which ``audit verify`` says."""
    for table in (*_FIXED, "runs", "quarantine"):
        allow_changes(table)
    op.drop_table("row_digests")
