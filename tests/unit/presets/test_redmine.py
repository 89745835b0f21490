"""Redmine as its wiki and its source describe it: closed issues hidden, pages cut to its own size, no tombstones."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from preset_line import PresetLine

from qmsreports.catalog.source import LandedFeed
from qmsreports.sources.feed import FeedState
from qmsreports.sources.rest.feeds import RestFeeds, RestReading
from tests.unit.sources.web_system import Asked, Reply, WebSystem

STATUSES = {
    1: "New",
    2: "In Progress",
    3: "Resolved",
    4: "Feedback",
    5: "Closed",
    6: "Declined",
    7: "Waiting for parts",
}
CLOSED = {5, 6}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Redmine:
    """Two issues a page, whatever is asked for; every fifth request meets the limit of a proxy."""

    most = 2

    def __init__(self, web: WebSystem) -> None:
        self.web = web
        self.issues: dict[int, dict[str, Any]] = {}
        self.journals: dict[int, list[dict[str, Any]]] = {}
        self.count = 0
        web.route("GET", r"/issues\.json")(self.listed)
        web.route("GET", r"/issues/(\d+)\.json")(self.one)
        web.route("GET", r"/issue_statuses\.json")(self.statuses)

    def issue(self, no: int, status: int, opened: datetime, changed: datetime, **more: Any) -> None:
        self.issues[no] = {
            "id": no, "project": {"id": 1, "name": "Service"}, "tracker": {"id": 3, "name": "Support"},
            "status": {"id": status, "name": STATUSES[status], "is_closed": status in CLOSED},
            "priority": {"id": 2, "name": "Normal"}, "author": {"id": 11, "name": "Kim"}, "subject": "Leaks",
            "description": "By mail", "start_date": None, "due_date": None, "custom_fields": [],
            "created_on": iso(opened), "updated_on": iso(changed), "closed_on": None,
        } | more  # fmt: skip
        self.journals.setdefault(no, [])

    def journal(
        self, no: int, issue: int, user: int, when: datetime, *details: tuple[str, Any, Any], **more: Any
    ) -> None:
        entries = [{"property": "attr", "name": name, "old_value": old, "new_value": new} for name, old, new in details]
        self.journals[issue].append(
            {
                "id": no, "user": {"id": user, "name": "somebody"}, "notes": "", "created_on": iso(when),
                "private_notes": False, "details": entries,
            } | more
        )  # fmt: skip
        self.issues[issue]["updated_on"] = max(self.issues[issue]["updated_on"], iso(when))

    def refusal(self, asked: Asked) -> Reply | None:
        self.count += 1
        if asked.headers.get("X-Redmine-API-Key") != "rm-secret":
            return Reply(b" ", 401, {"Content-Type": "application/json"})
        if self.count % 5 == 0:
            return Reply(b"slow down", 429, {"Retry-After": "7", "Content-Type": "text/plain"})
        return None

    def listed(self, asked: Asked) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        since = re.fullmatch(r">=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", asked.query["updated_on"])
        if not since:
            return Reply({"errors": ["Updated is invalid"]}, 422)
        assert asked.query["sort"] == "updated_on,id"
        shown = [
            issue
            for issue in self.issues.values()
            if issue["updated_on"] >= since[1]
            and (asked.query.get("status_id") == "*" or issue["status"]["id"] not in CLOSED)
        ]
        shown.sort(key=lambda issue: (issue["updated_on"], issue["id"]))
        offset, limit = int(asked.query["offset"]), min(self.most, int(asked.query["limit"]))
        return {
            "issues": deepcopy(shown[offset : offset + limit]),
            "total_count": len(shown),
            "offset": offset,
            "limit": limit,
        }

    def one(self, asked: Asked, no: str) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        if int(no) not in self.issues:
            return Reply(b"", 404)
        assert asked.query == {"include": "journals"}
        return {"issue": {**self.issues[int(no)], "journals": self.journals[int(no)]}}

    def statuses(self, asked: Asked) -> Any:
        listed = [{"id": no, "name": name, "is_closed": no in CLOSED} for no, name in STATUSES.items()]
        return self.refusal(asked) or {"issue_statuses": listed}


@pytest.fixture
def redmine(web: WebSystem) -> Redmine:
    system = Redmine(web)
    fields = [{"id": 4, "name": "Customer", "value": "A00012"}, {"id": 5, "name": "Channel", "value": "Phone"}]
    system.issue(17, 5, at(5, 8), at(5, 8), priority={"id": 5, "name": "Immediate"}, due_date="2026-10-09",
                 closed_on=iso(at(9, 8)), custom_fields=fields)  # fmt: skip
    system.journal(101, 17, 21, at(5, 9), notes="to a colleague", private_notes=True)
    system.journal(102, 17, 21, at(5, 10), ("status_id", "1", "2"), ("assigned_to_id", None, "21"), notes="we look")
    system.journal(103, 17, 11, at(5, 11), notes="thank you")
    system.journal(104, 17, 21, at(6, 8), ("status_id", "2", "3"), ("done_ratio", "0", "100"))
    system.journal(105, 17, 11, at(7, 8), ("status_id", "3", "2"), notes="leaks again")
    system.journal(106, 17, 21, at(7, 9), ("assigned_to_id", "21", "22"))
    system.journal(107, 17, 22, at(8, 8), ("status_id", "2", "3"))
    system.journal(108, 17, 22, at(9, 8), ("status_id", "3", "5"))
    system.issue(18, 7, at(20, 8), at(20, 8), custom_fields=[{"id": 4, "name": "Customer", "value": ""}],
                 closed_on=iso(at(20, 12)))  # fmt: skip
    system.journal(110, 18, 21, at(20, 12), ("status_id", "1", "5"))
    system.journal(111, 18, 11, at(20, 13), ("status_id", "5", "7"))
    system.issue(19, 1, at(21, 8), at(21, 8), custom_fields=[{"id": 5, "name": "Channel", "value": "Pigeon"}])
    system.issue(20, 6, at(22, 8), at(22, 8), closed_on=iso(at(22, 8)))
    system.issue(21, 1, at(22, 8), at(22, 8), priority={"id": 9, "name": "Whenever"})
    return system


def line(tmp_path: Path, web: WebSystem) -> PresetLine:
    return PresetLine(tmp_path, "redmine", web.url("reporting", "rm-secret"))


def test_redmine_becomes_tickets_replies_and_changes(
    tmp_path: Path, web: WebSystem, redmine: Redmine, waited: list[float]
) -> None:
    read = line(tmp_path, web)
    refused = read.run()
    closed, reopened, declined = read.rows("tickets")
    assert closed == {
        "ticket_id": "17", "customer_id": "A00012", "site": "linz", "channel": "phone", "category": "Support",
        "priority": "high", "opened_at": at(5, 8), "first_reply_at": at(5, 10), "first_bot_reply_at": None,
        "resolved_at": at(8, 8), "closed_at": at(9, 8), "due_at": datetime(2026, 10, 9, 23, 59, 59, tzinfo=UTC),
        "reply_due_at": None, "two_weeks_old_at": at(19, 8), "status": "closed", "reopened": 1, "reassigned": 1,
        "begun_by_bot": False, "reached_human": True, "asked_for_human": None, "second_channel_within_7_days": None,
        "first_contact_resolved": False,
    }  # fmt: skip
    assert (reopened["ticket_id"], reopened["customer_id"], reopened["channel"]) == ("18", None, "email")
    assert (reopened["status"], reopened["resolved_at"], reopened["closed_at"]) == ("open", None, None), (
        "Redmine keeps closed_on after reopening"
    )
    assert (reopened["reopened"], reopened["first_contact_resolved"]) == (1, None)
    assert (declined["ticket_id"], declined["status"], declined["closed_at"]) == ("20", "closed", at(22, 8))
    assert refused["tickets"] == [
        'channel "Pigeon" is not among the codes of the source',
        'priority "Whenever" is not among the codes of the source',
    ]
    assert [(row["reply_id"], row["author"], row["channel"]) for row in read.rows("ticket_replies")] == [
        ("102", "agent", "phone"), ("103", "customer", "phone"), ("105", "customer", "phone"),
    ]  # fmt: skip
    assert [(row["change_id"], row["from_status"], row["to_status"]) for row in read.rows("ticket_status_changes")] == [
        ("102/0", "new", "open"), ("104/0", "open", "resolved"), ("105/0", "resolved", "open"),
        ("107/0", "open", "resolved"), ("108/0", "resolved", "closed"), ("110/0", "new", "closed"),
        ("111/0", "closed", "open"),
    ]  # fmt: skip
    assert set(waited) == {7}
    assert "leaks again" not in str([read.landed(table) for table in ("issues", "notes", "status_changes")])
    asked = [entry.path for entry in web.asked if re.match(r"/issues/", entry.path)]
    assert len(set(asked)) == 5 and len(asked) <= 5 * 5 // 4 + 1, "one question for each issue, repeated at the limit"


def test_a_second_visit_reads_what_changed_and_nothing_else(tmp_path: Path, web: WebSystem, redmine: Redmine) -> None:
    read = line(tmp_path, web)
    read.run()
    assert all(table.rows == 0 for table in read.land().tables)
    redmine.issue(18, 3, at(20, 8), at(20, 8), closed_on=iso(at(20, 12)))
    redmine.journal(112, 18, 21, at(22, 8), ("status_id", "7", "3"))  # within the second of the newest change
    before = len(web.asked)
    read.run()
    assert {entry.path for entry in web.asked[before:] if "/issues/" in entry.path} == {"/issues/18.json"}
    assert [(row["ticket_id"], row["status"], row["resolved_at"]) for row in read.rows("tickets")] == [
        ("17", "closed", at(8, 8)), ("18", "resolved", at(22, 8)), ("20", "closed", at(22, 8)),
    ]  # fmt: skip


def test_an_issue_deleted_for_good_leaves_with_its_notes_and_changes(
    tmp_path: Path, web: WebSystem, redmine: Redmine
) -> None:
    read = line(tmp_path, web)
    read.run()
    del redmine.issues[17]
    read.run()
    assert [row["ticket_id"] for row in read.rows("tickets")] == ["18", "20"]
    assert read.rows("ticket_replies") == []
    assert [row["ticket_id"] for row in read.rows("ticket_status_changes")] == ["18", "18"]


def test_issues_that_are_touched_while_they_are_read_hide_no_other(
    tmp_path: Path, web: WebSystem, redmine: Redmine
) -> None:
    for no in range(30, 41):
        redmine.issue(no, 1, at(10, 8, no - 30), at(10, 8, no - 30))
    plain = web.answer

    def changing(asked: Asked) -> Reply:
        reply = plain(asked)
        lists = sum(entry.path == "/issues.json" for entry in web.asked)
        if asked.path == "/issues.json" and 30 + lists in redmine.issues:  # it moves to the end of the list
            redmine.issues[30 + lists]["updated_on"] = iso(at(29, 8, lists))
        return reply

    web.answer = changing  # type: ignore[method-assign]
    read = line(tmp_path, web)
    read.run()
    assert {int(row["ticket_id"]) for row in read.rows("tickets")} == {17, 18, 20, *range(30, 41)}
    web.answer = plain  # type: ignore[method-assign]
    read.run()
    assert {int(row["ticket_id"]) for row in read.rows("tickets")} == {17, 18, 20, *range(30, 41)}


def test_a_key_that_was_withdrawn_is_said_and_not_shown(tmp_path: Path, web: WebSystem, redmine: Redmine) -> None:
    read = PresetLine(tmp_path, "redmine", web.url("reporting", "old-secret"))
    said = [str(failure.finding) for failure in read.land().failures]
    assert said and all("does not accept our account (401" in text and "old-secret" not in text for text in said)


def test_notes_of_an_issue_that_came_while_it_was_read_wait_for_it(
    tmp_path: Path, web: WebSystem, redmine: Redmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The issue appears after the issues were listed and before their journals are read."""
    redmine.issue(23, 1, at(23, 8), at(23, 8))
    redmine.journal(120, 23, 21, at(23, 9), notes="we look")
    kept = {23: redmine.issues.pop(23)}
    read, real = line(tmp_path, web), RestFeeds.read

    def appearing(self: RestFeeds, feed: LandedFeed, before: FeedState) -> RestReading:
        if feed.table == "status_changes":
            redmine.issues.update(kept)
        return real(self, feed, before)

    monkeypatch.setattr(RestFeeds, "read", appearing)
    assert read.run()["ticket_replies"] == ["issue 23 is not in issues"]
    assert "120" not in {row["reply_id"] for row in read.rows("ticket_replies")}
    read.run()
    assert "120" in {row["reply_id"] for row in read.rows("ticket_replies")}
    assert "23" in {row["ticket_id"] for row in read.rows("tickets")}
    del redmine.issues[23]
    read.run()
    assert "120" not in {row["reply_id"] for row in read.rows("ticket_replies")}
