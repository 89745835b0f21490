"""The record of the review: comments, considered inputs, the life of a review, decisions, actions."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from qmsreports.register.migrations.append_only import forbid_changes

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _key() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("review", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
    ]


def _at() -> sa.Column[Any]:
    return sa.Column("at", sa.DateTime(timezone=True), nullable=False)


def upgrade() -> None:
    op.create_table(
        "comments",
        *_key(),
        sa.Column("kpi", sa.String(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("by_when", sa.Date(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_table(
        "considered_inputs",
        *_key(),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("considered_by", sa.String(), nullable=False),
        sa.Column("considered_on", sa.Date(), nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_considered_inputs")),
    )
    op.create_table(
        "review_events",
        *_key(),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_events")),
    )
    op.create_table(
        "decisions",
        *_key(),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("clause", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("number", name=op.f("uq_decisions_number")),
    )
    op.create_table(
        "action_events",
        *_key(),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("effective", sa.Boolean(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        _at(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_events")),
    )
    for table in ("comments", "considered_inputs", "review_events", "decisions"):
        op.create_index(f"ix_{table}_review_period", table, ["review", "period"])
    op.create_index(op.f("ix_action_events_number"), "action_events", ["number"])
    for table in ("comments", "considered_inputs", "review_events", "decisions", "action_events"):
        forbid_changes(table)


def downgrade() -> None:
    for table in ("action_events", "decisions", "review_events", "considered_inputs", "comments"):
        op.drop_table(table)
