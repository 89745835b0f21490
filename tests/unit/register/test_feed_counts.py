"""What a feed counted before rows deleted at the source had a count of their own, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import text

from qmsreports.register import feeds, store
from qmsreports.register.store import Register


def test_the_schema_of_before_cannot_hold_what_left_with_its_parent(unmigrated: Register) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.attributes["engine"] = unmigrated.engine
    unmigrated.migrate()
    command.downgrade(config, "0011")
    unmigrated.migrate()
    with unmigrated.write() as session:
        counts = "rows_in, refreshed, conformed, quarantined, duplicates, inserted, updated, deleted"
        columns = f"run_id, source, table_name, status, deleted_at_source, deleted_with_parent, {counts}"
        values = "'r1', 'desk', 'replies', 'published', 2, 2, 5, 0, 3, 0, 0, 3, 0, 0, '[]', '{}', '', :at"
        at = {"at": "2026-11-03 12:00:00+00:00"}
        session.execute(text(f"INSERT INTO feeds ({columns}, load_ids, touched, message, at) VALUES ({values})"), at)
    with pytest.raises(CommandError, match=r"cannot hold how many rows left with a deleted one"):
        command.downgrade(config, "0011")
    with unmigrated.read() as session:
        assert feeds.latest_outcomes(session)[0].deleted_with_parent == 2


def test_feeds_of_before_hold_no_row_deleted_at_the_source_until_one_is_counted(unmigrated: Register) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.attributes["engine"] = unmigrated.engine
    command.upgrade(config, "0009")
    counts = "rows_in, refreshed, conformed, quarantined, duplicates, inserted, updated, deleted"
    with unmigrated.write() as session:
        session.execute(
            text(
                f"INSERT INTO feeds (run_id, source, table_name, status, {counts}, load_ids, touched, message, at)"
                " VALUES ('r1', 'crm', 'orders', 'published', 5, 0, 3, 0, 2, 3, 0, 0, '[]', '{}', '', :at)"
            ),
            {"at": "2026-11-02 12:00:00+00:00"},
        )
    unmigrated.migrate()
    command.downgrade(config, "0009")  # nothing was counted there
    unmigrated.migrate()
    with unmigrated.write() as session:
        (record,) = feeds.latest_outcomes(session)
        assert (record.duplicates, record.deleted_at_source) == (2, 0)
        columns = f"run_id, source, table_name, status, deleted_at_source, {counts}, load_ids, touched, message, at"
        values = "'r2', 'crm', 'orders', 'published', 1, 5, 0, 3, 0, 1, 0, 0, 1, '[]', '{}', '', :at"
        at = {"at": "2026-11-03 12:00:00+00:00"}
        session.execute(text(f"INSERT INTO feeds ({columns}) VALUES ({values})"), at)
    with pytest.raises(CommandError, match=r"cannot hold how many rows are deleted at the source"):
        command.downgrade(config, "0009")
    with unmigrated.read() as session:  # by the columns of then
        kept = "SELECT deleted_at_source FROM feeds ORDER BY id"
        assert session.scalars(text(kept)).all() == [0, 1]
