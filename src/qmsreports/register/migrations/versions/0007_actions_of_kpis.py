"""Which objective an action is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("action_events", sa.Column("kpi", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("action_events", "kpi")
