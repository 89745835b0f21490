"""The print of a pack that names who approved it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from qmsreports.register.migrations.append_only import forbid_changes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approved_prints",
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_approved_prints_pack_id_packs")),
        sa.PrimaryKeyConstraint("pack_id", name=op.f("pk_approved_prints")),
    )
    forbid_changes("approved_prints")


def downgrade() -> None:
    op.drop_table("approved_prints")
