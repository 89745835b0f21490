"""What was once so can be so again: analyses of the same inputs, and restatement candidates that close and open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

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
    """Go back where the schema before can hold what is on record; nothing that is on record is left out for it."""
    again = "SELECT 1 FROM analyses GROUP BY kpi, period, slice_key, inputs HAVING count(*) > 1"
    noted = "SELECT 1 FROM restatement_candidates GROUP BY result_id, value, numerator, denominator HAVING count(*) > 1"
    closed = "SELECT 1 FROM restatement_candidates WHERE NOT open"
    if any(op.get_bind().execute(sa.text(f"{query} LIMIT 1")).first() for query in (again, noted, closed)):
        raise CommandError(
            "the schema 0007 cannot hold analyses made again or candidates that closed, which are on record; "
            "restore the register from before"
        )
    with op.batch_alter_table("analyses", schema=None) as batch_op:
        batch_op.drop_index("ix_analyses_period")
        batch_op.create_unique_constraint(
            "uq_analyses_kpi_period_slice_key_inputs", ["kpi", "period", "slice_key", "inputs"]
        )
    with op.batch_alter_table("restatement_candidates", schema=None) as batch_op:
        batch_op.drop_column("open")
        batch_op.create_unique_constraint(
            "uq_restatement_candidates_result_id_value_numerator_denominator",
            ["result_id", "value", "numerator", "denominator"],
        )
    if op.get_bind().dialect.name == "sqlite":
        forbid_changes("analyses")
