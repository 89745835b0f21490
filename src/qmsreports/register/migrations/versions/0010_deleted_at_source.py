"""Rows that are deleted at the source have their own count; of older records they are among the duplicates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feeds", sa.Column("deleted_at_source", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Go back where nothing was counted there; without the column, the rows of a feed would not add up."""
    if op.get_bind().execute(sa.text("SELECT 1 FROM feeds WHERE deleted_at_source <> 0 LIMIT 1")).first():
        raise CommandError(
            "the schema 0009 cannot hold how many rows are deleted at the source, which is on record; "
            "restore the register from before"
        )
    op.drop_column("feeds", "deleted_at_source")
