"""What was once so can be so again: analyses of the same inputs, and restatement candidates that close and open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from qmsreports.register.migrations.append_only import forbid_changes

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("analyses", schema=None) as batch_op:
        batch_op.drop_constraint("uq_analyses_kpi_period_slice_key_inputs", type_="unique")
        batch_op.create_index("ix_analyses_period", ["period"], unique=False)
    with op.batch_alter_table("restatement_candidates", schema=None) as batch_op:
        batch_op.drop_constraint("uq_restatement_candidates_result_id_value_numerator_denominator", type_="unique")
        batch_op.add_column(sa.Column("open", sa.Boolean(), server_default=sa.true(), nullable=False))
    if op.get_bind().dialect.name == "sqlite":  # which makes the table anew to change it, without its triggers
        forbid_changes("analyses")


def downgrade() -> None:
    raise NotImplementedError("a register that was written since cannot go back: restore it from before")
