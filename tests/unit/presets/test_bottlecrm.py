"""BottleCRM's mappings: what is left behind of a ticket that was deleted, and what came before its ticket was read.

The preset is tested against the real system in ``tests/system``; this is about two tables that are read one after the
other, which a real system does not do on demand.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from preset_line import PresetLine

TABLES = (
    'CREATE TABLE "case" (id text, account_id text, case_type text, priority text, status text, merged_into_id text, '
    "is_active boolean, is_sample boolean, created_at text, resolved_at text)",
    "CREATE TABLE comment (id text, object_id text, content_type_id integer, commented_by_id text, "
    "is_internal boolean, commented_on text, updated_at text)",
    "CREATE TABLE activity (id text, entity_type text, entity_id text, action text, metadata text, created_at text)",
    "CREATE TABLE django_content_type (id integer, app_label text, model text)",
    "INSERT INTO django_content_type VALUES (5, 'cases', 'case')",
    *(
        f"INSERT INTO comment VALUES ('said-{of}', '{of}', 5, 'u', 0, '2026-10-01T09:00:00Z', '2026-10-01T09:00:00Z')"
        for of in ("here", "gone", "early")
    ),
    *(
        f"INSERT INTO activity VALUES ('made-{of}', 'Case', '{of}', 'CREATE', '{{}}', '2026-10-01T08:00:00Z')"
        for of in ("here", "gone", "early")
    ),
    "INSERT INTO activity VALUES ('end', 'Case', 'gone', 'DELETE', '{}', '2026-10-02T08:00:00Z')",
)


def ticket(name: str) -> str:
    return (
        f"""INSERT INTO "case" VALUES ('{name}', NULL, 'Incident', 'Low', 'New', NULL, 1, 0, '2026-10-01T08:00:00Z',"""
        " NULL)"
    )


def test_what_is_left_of_a_ticket_leaves_and_what_came_before_one_waits(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"

    def change(*statements: str) -> None:
        with closing(sqlite3.connect(file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    change(*TABLES, ticket("here"))
    no_session = {"session: {app.current_org: YOUR_ORGANISATION_ID}": ""}
    line = PresetLine(tmp_path, "bottlecrm", f"sqlite:///{file}", no_session)
    two = {name: line.source.conform[name] for name in ("ticket_replies", "ticket_status_changes")}
    read = {feed for mapping in two.values() for feed in (mapping.driving, *mapping.joins)}
    tables = tuple(feed for feed in line.source.tables if feed.table in read)
    line.source = line.source.model_copy(update={"conform": two, "tables": tables})
    assert line.land().failures == ()
    refused = line.publish()
    assert refused["ticket_replies"] == ["case early is not in case"]
    assert refused["ticket_status_changes"] == ["case early is not in case"]
    assert [row["reply_id"] for row in line.rows("ticket_replies")] == ["said-here"]
    assert [row["change_id"] for row in line.rows("ticket_status_changes")] == ["made-here"]
    change(ticket("early"))
    line.land()
    line.publish()
    assert sorted(row["reply_id"] for row in line.rows("ticket_replies")) == ["said-early", "said-here"]
    assert sorted(row["change_id"] for row in line.rows("ticket_status_changes")) == ["made-early", "made-here"]
