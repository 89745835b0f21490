"""Packs, the seals of their files and their deliveries stay as they were recorded; a pack may still be approved."""

from __future__ import annotations

from qmsreports.register.migrations.append_only import allow_changes, forbid_changes, forbid_changes_but

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    forbid_changes("pack_files")
    forbid_changes("deliveries")
    forbid_changes_but("packs", ("status", "approved_by", "approved_at"), settled="status = 'approved'")


def downgrade() -> None:
    for table in ("packs", "deliveries", "pack_files"):
        allow_changes(table)
