"""What happens to a row in quarantine, append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from qmsreports.register.migrations.append_only import forbid_changes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quarantine_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("quarantine_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["quarantine_id"], ["quarantine.id"], name=op.f("fk_quarantine_events_quarantine_id_quarantine")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine_events")),
    )
    with op.batch_alter_table("quarantine_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quarantine_events_quarantine_id"), ["quarantine_id"], unique=False)
    forbid_changes("quarantine_events")


def downgrade() -> None:
    op.drop_table("quarantine_events")
