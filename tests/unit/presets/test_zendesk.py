"""Zendesk as its documentation describes the incremental exports: cursors, end of stream, limits, deleted tickets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from preset_line import PresetLine

from tests.unit.sources.web_system import Asked, Reply, WebSystem

APP = {"grant_type": "client_credentials", "client_id": "qms", "client_secret": "zd-secret", "scope": "read"}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Zendesk:
    """Pages of two; a start within the last minute is refused; every fourth request meets the limit."""

    def __init__(self, web: WebSystem) -> None:
        self.web = web
        self.tickets: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.users = [
            {"id": -1, "role": "admin", "updated_at": iso(at(1, 0))},
            {"id": 11, "role": "end-user", "updated_at": iso(at(1, 0))},
            {"id": 21, "role": "agent", "updated_at": iso(at(1, 0))},
        ]
        self.organizations = [
            {
                "id": 900,
                "external_id": "A00012",
                "name": "Brauhaus",
                "created_at": iso(at(1, 8)),
                "updated_at": iso(at(1, 8)),
            },
            {
                "id": 901,
                "external_id": None,
                "name": "Bad & Co",
                "created_at": iso(at(2, 22, 30)),
                "updated_at": iso(at(2, 23)),
            },
        ]
        for organization in self.organizations:
            organization["updated_at"] = organization["created_at"]
        self.count = self.tokens = 0
        web.route("POST", "/oauth/tokens")(self.token)
        web.route("GET", r"/api/v2/incremental/(tickets|users)/cursor\.json")(self.by_cursor)
        web.route("GET", r"/api/v2/incremental/(ticket_events|organizations)\.json")(self.by_time)

    def ticket(self, no: int, status: str, opened: datetime, changed: datetime, **more: Any) -> None:
        self.tickets = [ticket for ticket in self.tickets if ticket["id"] != no]
        self.tickets.append(
            {
                "id": no, "organization_id": 900, "via": {"channel": "web", "source": {}}, "type": "incident",
                "priority": None, "status": status, "created_at": iso(opened), "due_at": None,
                "updated_at": iso(opened), "generated_timestamp": int(changed.timestamp()),
            } | more
        )  # fmt: skip

    def event(self, no: int, ticket: int, when: datetime, *children: dict[str, Any], channel: str = "") -> None:
        self.events.append(
            {
                "id": no, "ticket_id": ticket, "timestamp": int(when.timestamp()), "created_at": iso(when),
                "updater_id": 21, "via": "Web form", "event_type": "Audit", "child_events": [
                    child | {"via": {"channel": channel, "source": {}} if channel else "Web form",
                             "via_reference_id": None, "created_at": iso(when)} for child in children
                ],
            }
        )  # fmt: skip

    def token(self, asked: Asked) -> Any:
        if asked.form != APP:
            return Reply({"error": "invalid_client", "error_description": "unknown client"}, 401)
        self.tokens += 1
        return {"access_token": f"zd-token-{self.tokens}", "token_type": "bearer", "scope": "read", "expires_in": 1800}

    def refusal(self, asked: Asked) -> Reply | None:
        self.count += 1
        if asked.headers.get("Authorization") != f"Bearer zd-token-{self.tokens}" or self.count == 6:
            return Reply({"error": "invalid_token", "error_description": "The access token expired"}, 401)
        if self.count % 4 == 0:
            return Reply({"error": "TooManyRequests", "description": "…"}, 429, {"Retry-After": "53"})
        start = asked.query.get("start_time")
        if start is not None and int(start) > self.web.now.timestamp() - 60:
            return Reply({"error": "StartTimeTooRecent", "description": "Too recent start_time"}, 422)
        return None

    def by_cursor(self, asked: Asked, name: str) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        field = {"tickets": "generated_timestamp", "users": "updated_at"}[name]
        rows = sorted(getattr(self, name), key=lambda row: row[field])
        if "cursor" in asked.query:
            start, place = (int(part) for part in asked.query["cursor"].split(":"))
        else:
            start, place = int(asked.query["start_time"]), 0
        found = [row for row in rows if self.stamp(row[field]) >= start]
        page = found[place : place + 2]
        end = place + 2 >= len(found)
        return {name: page, "after_cursor": f"{start}:{place + len(page)}", "end_of_stream": end}

    def by_time(self, asked: Asked, name: str) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        rows = self.events if name == "ticket_events" else self.organizations
        field = "timestamp" if name == "ticket_events" else "updated_at"
        start = int(asked.query["start_time"])
        found = sorted((row for row in rows if self.stamp(row[field]) >= start), key=lambda row: row[field])
        last = self.stamp(found[min(1, len(found) - 1)][field]) if found else start
        end = len(found) <= 2
        url = f"{self.web.url()}{asked.path}?start_time={last + (0 if last > start else 1)}"
        url += "&include=comment_events" if "include" in asked.query else ""
        return {name: found[:2], "next_page": url, "end_time": last, "end_of_stream": end}

    @staticmethod
    def stamp(value: Any) -> int:
        return value if isinstance(value, int) else int(datetime.fromisoformat(value).timestamp())


@pytest.fixture
def zendesk(web: WebSystem) -> Zendesk:
    system = Zendesk(web)
    system.ticket(1, "closed", at(5, 8), at(9, 8), priority="urgent")
    system.event(101, 1, at(5, 8), {"id": 1001, "event_type": "Create", "status": "new"},
                 {"id": 1002, "event_type": "Comment", "public": True, "author_id": 11, "body": "Leaks"})  # fmt: skip
    system.event(102, 1, at(5, 8, 1), {"id": 1003, "event_type": "Comment", "public": True, "author_id": -1})
    system.event(103, 1, at(5, 9), {"id": 1004, "event_type": "Comment", "public": False, "author_id": 21})
    system.event(104, 1, at(5, 10), {"id": 1005, "event_type": "Comment", "public": True, "author_id": 21},
                 {"id": 1006, "event_type": "Change", "status": "solved", "previous_value": "new"})  # fmt: skip
    system.event(105, 1, at(6, 8), {"id": 1007, "event_type": "Change", "status": "open", "previous_value": "solved"},
                 {"id": 1008, "event_type": "Comment", "public": True, "author_id": 11}, channel="chat")  # fmt: skip
    system.event(106, 1, at(6, 9), {"id": 1009, "event_type": "Change", "assignee_id": 22, "previous_value": "21"})
    system.event(107, 1, at(7, 8), {"id": 1010, "event_type": "Change", "status": "solved", "previous_value": "open"})
    system.event(108, 1, at(9, 8), {"id": 1011, "event_type": "Change", "status": "closed", "previous_value": "solved"})
    system.ticket(2, "hold", at(20, 8), at(20, 9), organization_id=None, type=None, via={"channel": "voice"})
    system.ticket(3, "open", at(21, 8), at(21, 8), via={"channel": "carrier_pigeon"})
    system.ticket(4, "deleted", at(1, 8), at(22, 8), via={"channel": "web"}, type=None)
    return system


def line(tmp_path: Path, web: WebSystem) -> PresetLine:
    return PresetLine(tmp_path, "zendesk", web.url("qms", "zd-secret"))


def test_zendesk_becomes_customers_tickets_replies_and_changes(
    tmp_path: Path, web: WebSystem, zendesk: Zendesk, waited: list[float]
) -> None:
    read = line(tmp_path, web)
    refused = read.run()
    assert read.rows("customers") == [
        {"customer_id": "901", "name": "Bad & Co", "segment": None, "country": None, "site": "linz",
         "customer_since": date(2026, 10, 3), "active": True},
        {"customer_id": "A00012", "name": "Brauhaus", "segment": None, "country": None, "site": "linz",
         "customer_since": date(2026, 10, 1), "active": True},
    ]  # fmt: skip
    first, second = read.rows("tickets")
    assert first == {
        "ticket_id": "1", "customer_id": "A00012", "site": "linz", "channel": "email", "category": "incident",
        "priority": "high", "opened_at": at(5, 8), "first_reply_at": at(5, 10),
        "first_bot_reply_at": at(5, 8, 1), "resolved_at": at(7, 8), "closed_at": at(9, 8), "due_at": None,
        "reply_due_at": None, "two_weeks_old_at": at(19, 8), "status": "closed", "reopened": 1, "reassigned": 1,
        "begun_by_bot": False, "reached_human": True, "asked_for_human": None, "second_channel_within_7_days": True,
        "first_contact_resolved": False,
    }  # fmt: skip
    assert (second["ticket_id"], second["customer_id"], second["category"], second["priority"]) == (
        "2", None, "not given", "normal",
    )  # fmt: skip
    assert (second["channel"], second["status"], second["reached_human"]) == ("phone", "pending", False)
    assert refused["tickets"] == ['channel "carrier_pigeon" is not among the codes of the source']
    assert [(row["reply_id"], row["author"], row["channel"]) for row in read.rows("ticket_replies")] == [
        ("1002", "customer", "email"), ("1003", "bot", "email"), ("1005", "agent", "email"),
        ("1008", "customer", "chat"),
    ]  # fmt: skip
    assert [(row["change_id"], row["from_status"], row["to_status"]) for row in read.rows("ticket_status_changes")] == [
        ("1001", None, "new"), ("1006", "new", "resolved"), ("1007", "resolved", "open"), ("1010", "open", "resolved"),
        ("1011", "resolved", "closed"),
    ]  # fmt: skip
    assert set(waited) == {53}, "the wait that Zendesk asks for is kept"
    assert zendesk.tokens == 2, "one ran out"
    assert "Leaks" not in str(read.landed("comments")), "what customers write is not landed"


def test_a_ticket_deleted_later_leaves_with_its_replies(tmp_path: Path, web: WebSystem, zendesk: Zendesk) -> None:
    read = line(tmp_path, web)
    read.run()
    assert read.land().tables[0].rows == 0 and all(table.rows == 0 for table in read.land().tables)
    zendesk.ticket(1, "deleted", at(5, 8), at(30, 8))
    web.now = at(30, 12)
    read.run()
    assert [row["ticket_id"] for row in read.rows("tickets")] == ["2"]
    assert read.rows("ticket_replies") == [] and read.rows("ticket_status_changes") == []


def test_a_change_of_the_last_minute_is_read_without_asking_too_late(
    tmp_path: Path, web: WebSystem, zendesk: Zendesk
) -> None:
    read = line(tmp_path, web)
    web.now = at(31, 12)
    zendesk.ticket(2, "open", at(20, 8), at(31, 11, 59))
    read.run()
    zendesk.ticket(2, "solved", at(20, 8), at(31, 11, 59))
    zendesk.event(120, 2, at(31, 11, 59), {"id": 1200, "event_type": "Change", "status": "solved", "previous_value": "open"})  # fmt: skip  # noqa: E501
    read.run()
    assert read.rows("tickets")[1]["resolved_at"] == at(31, 11, 59)
