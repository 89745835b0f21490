"""Finished measurements, so that the same inputs are not measured twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from qmsreports.register.migrations.append_only import forbid_changes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measurements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("inputs", sa.String(), nullable=False),
        sa.Column("results", sa.Integer(), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurements")),
    )
    op.create_index("ix_measurements_inputs", "measurements", ["inputs"], unique=False)
    forbid_changes("measurements")


def downgrade() -> None:
    op.drop_index("ix_measurements_inputs", table_name="measurements")
    op.drop_table("measurements")
