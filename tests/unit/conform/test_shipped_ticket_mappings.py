"""The shipped mappings of tickets, messages, promises and histories."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from shipped_fixture import conformed


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_ticket_is_told_by_its_messages_and_its_history(tmp_path: Path) -> None:
    """Times are local to Vienna: UTC+1 in January."""
    ticket = {"via": "CHAT", "topic": "delivery", "prio": 1, "site_code": "LNZ", "bot_started": 1, "handovers": 2}
    opened = {"opened_local": "2026-01-12 09:00:00", "due_local": "2026-01-14 12:00:00"}
    log = [
        (1, "09:00", None, "N"), (1, "09:20", "N", "O"), (1, "10:00", "O", "R"), (1, "11:00", "R", "O"),
        (1, "15:00", "O", "R"), (1, "16:00", "R", "C"), (2, "09:00", None, "N"), (3, "09:00", None, "N"),
        (3, "10:00", "N", "R"), (3, "12:00", "R", "O"),
    ]  # fmt: skip
    said = [
        (1, "09:00", "C"),
        (1, "09:01", "B"),
        (1, "09:20", "A"),
        (1, "14:00", "A"),
        (2, "09:00", "C"),
        (2, "09:01", "B"),
    ]
    rows, _ = conformed(
        tmp_path,
        "helpdesk",
        "tickets",
        ticket=[
            ticket | opened | {"ticket_no": number, "state": state} for number, state in ((1, "C"), (2, "N"), (3, "O"))
        ],
        message=[
            {"msg_id": place, "ticket_no": number, "sent_local": f"2026-01-12 {at}:00", "sender": who, "via": "CHAT"}
            for place, (number, at, who) in enumerate(said)
        ],
        state_log=[
            {
                "log_id": place,
                "ticket_no": number,
                "at_local": f"2026-01-12 {at}:00",
                "old_state": old,
                "new_state": new,
            }
            for place, (number, at, old, new) in enumerate(log)
        ],
    )
    closed, untouched, reopened = rows
    assert closed["opened_at"] == utc("2026-01-12 08:00")
    assert closed["first_reply_at"] == utc("2026-01-12 08:20"), "the bot does not count"
    assert closed["first_bot_reply_at"] == utc("2026-01-12 08:01")
    assert closed["resolved_at"] == utc("2026-01-12 14:00"), "the first resolution did not last"
    assert closed["closed_at"] == utc("2026-01-12 15:00")
    assert (closed["reopened"], closed["reassigned"], closed["priority"], closed["status"]) == (1, 2, "high", "closed")
    assert (closed["begun_by_bot"], closed["reached_human"]) == (True, True)
    assert closed["two_weeks_old_at"] == utc("2026-01-26 08:00")
    assert (closed["first_contact_resolved"], untouched["first_contact_resolved"]) == (False, None), "handed on twice"
    assert (untouched["first_reply_at"], untouched["reached_human"], untouched["resolved_at"]) == (None, False, None)
    assert (reopened["reopened"], reopened["resolved_at"], reopened["status"]) == (1, None, "open")


def test_a_second_channel_counts_within_seven_days(tmp_path: Path) -> None:
    ticket = {"topic": "delivery", "prio": 2, "site_code": "LNZ", "opened_local": "2026-01-12 09:00:00", "handovers": 0}
    said = [
        (1, "12 09:00", "C", "EMAIL"), (1, "19 08:59", "C", "PHONE"),
        (2, "12 09:00", "C", "EMAIL"), (2, "19 09:01", "C", "PHONE"),
        (3, "12 09:00", "C", "PHONE"), (3, "12 10:00", "A", "EMAIL"),
        (4, "12 09:00", "C", "CHAT"), (4, "13 09:00", "C", "CHAT"),
    ]  # fmt: skip
    rows, _ = conformed(
        tmp_path,
        "helpdesk",
        "tickets",
        ticket=[
            ticket | {"ticket_no": number, "via": via, "state": "C", "bot_started": int(bot), "wants_person": 1}
            for number, via, bot in ((1, "EMAIL", False), (2, "EMAIL", False), (3, "PHONE", False), (4, "CHAT", True))
        ],
        message=[
            {"msg_id": place, "ticket_no": number, "sent_local": f"2026-01-{at}:00", "sender": who, "via": via}
            for place, (number, at, who, via) in enumerate(said)
        ],
        state_log=[
            {"log_id": 1, "ticket_no": 1, "at_local": "2026-01-20 09:00:00", "old_state": "O", "new_state": "C"}
        ],
    )
    assert [row["second_channel_within_7_days"] for row in rows] == [True, False, False, False]
    assert [row["first_contact_resolved"] for row in rows] == [False, False, True, False]
    assert [row["asked_for_human"] for row in rows] == [None, None, None, True]


def test_a_promised_update_knows_when_it_was_kept(tmp_path: Path) -> None:
    promise = {"given_local": "2026-07-12 09:00:00", "due_local": "2026-07-14 09:00:00"}
    rows, refused = conformed(
        tmp_path,
        "helpdesk",
        "ticket_updates",
        ticket=[{"ticket_no": 1, "via": "SOCIAL", "updated_local": "2026-07-12 10:00:00"}],
        update_promise=[
            promise | {"promise_id": 5, "ticket_no": 1, "told_local": "2026-07-13 09:00:00"},
            promise | {"promise_id": 6, "ticket_no": 2},
        ],
    )
    assert [(row["channel"], row["due_at"], row["told_at"]) for row in rows] == [
        ("social", utc("2026-07-14 07:00"), utc("2026-07-13 07:00"))
    ]
    assert refused == ["ticket 2 is not in ticket"]


def test_messages_of_a_ticket_that_never_was_are_refused(tmp_path: Path) -> None:
    message = {"sent_local": "2026-07-12 09:00:00", "sender": "A", "via": "COUNTER"}
    rows, refused = conformed(
        tmp_path,
        "helpdesk",
        "ticket_replies",
        ticket=[{"ticket_no": 1, "updated_local": "2026-07-12 10:00:00"}],
        message=[message | {"msg_id": 5, "ticket_no": 1}, message | {"msg_id": 6, "ticket_no": 2}],
    )
    assert rows == [
        {
            "reply_id": "5",
            "ticket_id": "1",
            "replied_at": utc("2026-07-12 07:00"),
            "author": "agent",
            "channel": "in_person",
        }
    ]
    assert refused == ["ticket 2 is not in ticket"]


@pytest.mark.parametrize(
    ("table", "feed", "row"),
    [
        ("ticket_replies", "message", {"msg_id": 6, "sent_local": "2026-07-12 09:00:00", "sender": "A", "via": "CHAT"}),
        ("ticket_status_changes", "state_log", {"log_id": 6, "at_local": "2026-07-12 09:00:00", "new_state": "N"}),
        ("ticket_updates", "update_promise", {"promise_id": 6, "given_local": "2026-07-12 09:00:00"}),
    ],
)
def test_what_a_ticket_deleted_before_the_first_visit_left_behind_alarms_nobody(
    tmp_path: Path, table: str, feed: str, row: dict[str, Any]
) -> None:
    """Ticket 3 is there and 2 is not: 2 was given out before. 4 may still come, so its row waits."""
    ticket = {"ticket_no": 3, "via": "CHAT", "updated_local": "2026-07-12 10:00:00"}
    (key,) = [name for name in row if name.endswith("_id")]
    landed = {"ticket": [ticket], feed: [row | {"ticket_no": 2}, row | {"ticket_no": 4, key: 7}]}
    rows, refused = conformed(tmp_path, "helpdesk", table, **landed)
    assert rows == []
    assert len(refused) == 1 and refused[0].startswith("ticket 4 is not in ticket")
