"""Of the rows deleted at the source, those left over from one that was are counted; before, they were refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("feeds", sa.Column("deleted_with_parent", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Go back where nothing was counted there."""
    if op.get_bind().execute(sa.text("SELECT 1 FROM feeds WHERE deleted_with_parent <> 0 LIMIT 1")).first():
        raise CommandError(
            "the schema 0011 cannot hold how many rows left with a deleted one, which is on record; "
            "restore the register from before"
        )
    op.drop_column("feeds", "deleted_with_parent")
