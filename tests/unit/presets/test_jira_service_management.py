"""Jira Service Management as Atlassian documents it: page tokens, minutes in JQL, bulk change logs, hard deletes."""

from __future__ import annotations

import re
from base64 import b64encode
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from preset_line import PresetLine

from tests.unit.sources.web_system import Asked, Reply, WebSystem

SIGNED = "Basic " + b64encode(b"ada@example.com:js-secret").decode()
STATUSES = {
    "1": ("Waiting for support", "indeterminate"), "2": ("Waiting for customer", "indeterminate"),
    "3": ("Resolved", "done"), "4": ("Closed", "done"), "5": ("Looked at by the smith", "indeterminate"),
}  # fmt: skip


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def told(moment: datetime) -> str:
    """As Jira tells times: in the zone of the account, here two hours ahead."""
    return (moment + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.000+0200")


class Jira:
    """Two requests, change logs or comments a page; every seventh request meets the limit."""

    def __init__(self, web: WebSystem) -> None:
        self.web = web
        self.requests: dict[int, dict[str, Any]] = {}
        self.logs: dict[int, list[dict[str, Any]]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.count = 0
        web.route("GET", r"/rest/api/3/search/jql")(self.search)
        web.route("POST", r"/rest/api/3/changelog/bulkfetch")(self.changelog)
        web.route("GET", r"/rest/api/3/issue/(\d+)/comment")(self.comment)
        web.route("GET", r"/rest/api/3/status")(self.statuses)
        web.route("GET", r"/rest/servicedeskapi/organization")(self.organizations)

    def request(self, no: int, status: str, opened: datetime, changed: datetime, **fields: Any) -> None:
        self.requests[no] = {
            "id": str(no), "key": f"SD-{no}", "changed": changed, "fields": {
                "issuetype": {"name": "Incident"}, "status": {"id": status, "name": STATUSES[status][0]},
                "priority": {"name": "Medium"}, "created": told(opened), "updated": told(changed),
                "resolutiondate": None, "duedate": None, "reporter": {"accountId": "kim"}, "summary": "It leaks",
                "customfield_10002": [{"id": "7", "name": "Brauhaus"}], "customfield_10034": None,
                "customfield_10035": None,
            } | fields,
        }  # fmt: skip
        self.logs.setdefault(no, [])
        self.comments.setdefault(no, [])

    def log(self, no: int, request: int, when: datetime, *items: tuple[str, Any, Any], millis: bool = False) -> None:
        self.logs[request].append(
            {
                "id": str(no), "created": int(when.timestamp() * 1000) if millis else told(when),
                "items": [{"field": field, "fieldId": field, "from": old, "to": new} for field, old, new in items],
            }
        )  # fmt: skip

    def say(self, no: int, request: int, who: str, when: datetime, kind: str = "atlassian", **more: Any) -> None:
        author = {"accountId": who, "accountType": kind}
        body = {"type": "doc", "content": [{"text": "the valve"}]}
        self.comments[request].append(
            {"id": str(no), "author": author, "created": told(when), "body": body, "jsdPublic": True} | more
        )

    def refusal(self, asked: Asked) -> Reply | None:
        self.count += 1
        if asked.headers.get("Authorization") != SIGNED:
            return Reply({"errorMessages": ["You are not authenticated"]}, 401)
        if self.count % 7 == 0:
            return Reply({"errorMessages": ["Rate limit exceeded."]}, 429, {"Retry-After": "12"})
        return None

    def search(self, asked: Asked) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        parsed = re.fullmatch(
            r'projectType = service_desk AND updated >= "(\d{4}-\d\d-\d\d \d\d:\d\d)" ORDER BY updated ASC, key ASC',
            asked.query["jql"],
        )
        if not parsed:
            return Reply({"errorMessages": ["Date value is invalid."]}, 400)
        since = datetime.strptime(parsed[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        found = sorted(
            (request for request in self.requests.values() if request["changed"] >= since),
            key=lambda request: (request["changed"], request["key"]),
        )
        start = int(asked.query.get("nextPageToken", "t0").removeprefix("t"))
        size = min(int(asked.query["maxResults"]), 5000 if asked.query["fields"] == "id" else 2)
        page = [self.shown(request, asked.query["fields"].split(",")) for request in found[start : start + size]]
        last = start + size >= len(found)
        return {"issues": page, "isLast": last, **({} if last else {"nextPageToken": f"t{start + size}"})}

    @staticmethod
    def shown(request: dict[str, Any], fields: list[str]) -> dict[str, Any]:
        shown = {field: value for field, value in request["fields"].items() if field in fields}
        return deepcopy({"id": request["id"], "key": request["key"], "fields": shown})

    def changelog(self, asked: Asked) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        assert asked.body["fieldIds"] == ["status", "assignee"] and len(asked.body["issueIdsOrKeys"]) <= 1000
        entries = [(no, entry) for no in asked.body["issueIdsOrKeys"] for entry in self.logs.get(int(no), [])]
        start = int(asked.body.get("nextPageToken", "0"))
        page = [{"issueId": no, "changeHistories": [entry]} for no, entry in entries[start : start + 2]]
        more = {"nextPageToken": str(start + 2)} if start + 2 < len(entries) else {}
        return {"issueChangeLogs": page, **more}

    def comment(self, asked: Asked, no: str) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        if int(no) not in self.requests:
            return Reply({"errorMessages": ["Issue does not exist or you do not have permission to see it."]}, 404)
        start, said = int(asked.query["startAt"]), self.comments[int(no)]
        return {"comments": said[start : start + 2], "total": len(said), "startAt": start, "maxResults": 2}

    def statuses(self, asked: Asked) -> Any:
        named = [{"id": no, "name": n, "statusCategory": {"key": category}} for no, (n, category) in STATUSES.items()]
        return self.refusal(asked) or Reply(named)

    def organizations(self, asked: Asked) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        named = [{"id": str(no), "name": f"Customer {no}"} for no in (7, 8, 9)]
        start = int(asked.query["start"])
        return {"values": named[start : start + 2], "start": start, "limit": 2, "isLastPage": start + 2 >= 3}


@pytest.fixture
def jira(web: WebSystem) -> Jira:
    system = Jira(web)
    system.request(17, "4", at(5, 8), at(9, 8), priority={"name": "Highest"}, duedate="2026-10-09",
                   customfield_10034={"rating": 4}, customfield_10035=told(at(9, 23)))  # fmt: skip
    system.say(1, 17, "agnes", at(5, 9), jsdPublic=False)
    system.say(2, 17, "robot", at(5, 8, 1), "app")
    system.say(3, 17, "agnes", at(5, 10))
    system.say(4, 17, "kim", at(7, 8))
    system.say(5, 17, "qm:portal", at(7, 9), "customer")
    system.log(101, 17, at(5, 10), ("status", "1", "2"), ("assignee", None, "agnes"))
    system.log(102, 17, at(6, 8), ("status", "2", "3"))
    system.log(103, 17, at(7, 8), ("status", "3", "1"), ("assignee", "agnes", "bo"), millis=True)
    system.log(104, 17, at(8, 8), ("status", "1", "3"), millis=True)
    system.log(105, 17, at(9, 8), ("status", "3", "4"))
    system.request(18, "5", at(20, 8), at(20, 9), customfield_10002=[])
    system.request(19, "3", at(21, 8), at(22, 8), resolutiondate=told(at(22, 8)), customfield_10034={"rating": 1})
    system.request(20, "1", at(21, 8), at(22, 8), priority={"name": "Whenever"})
    return system


def line(tmp_path: Path, web: WebSystem) -> PresetLine:
    return PresetLine(tmp_path, "jira_service_management", web.url("ada%40example.com", "js-secret"))


def test_jira_becomes_customers_tickets_replies_changes_and_ratings(
    tmp_path: Path, web: WebSystem, jira: Jira, waited: list[float]
) -> None:
    read = line(tmp_path, web)
    refused = read.run()
    assert [row["customer_id"] for row in read.rows("customers")] == ["7", "8", "9"]
    first, second, third = read.rows("tickets")
    assert first == {
        "ticket_id": "17", "customer_id": "7", "site": "linz", "channel": "email", "category": "Incident",
        "priority": "high", "opened_at": at(5, 8), "first_reply_at": at(5, 10), "first_bot_reply_at": at(5, 8, 1),
        "resolved_at": at(8, 8), "closed_at": at(9, 8), "due_at": datetime(2026, 10, 9, 23, 59, 59, tzinfo=UTC),
        "reply_due_at": None, "two_weeks_old_at": at(19, 8), "status": "closed", "reopened": 1, "reassigned": 1,
        "begun_by_bot": None, "reached_human": True, "asked_for_human": None, "second_channel_within_7_days": None,
        "first_contact_resolved": False,
    }  # fmt: skip
    assert (second["customer_id"], second["status"], second["resolved_at"]) == (None, "open", None), (
        "a status that is not declared is what its category says"
    )
    assert (third["status"], third["resolved_at"], third["first_contact_resolved"]) == ("resolved", at(22, 8), True)
    assert refused["tickets"] == ['priority "Whenever" is not among the codes of the source']
    assert [(row["reply_id"], row["author"]) for row in read.rows("ticket_replies")] == [
        ("2", "bot"), ("3", "agent"), ("4", "customer"), ("5", "customer"),
    ]  # fmt: skip
    changes = read.rows("ticket_status_changes")
    assert [(row["change_id"], row["from_status"], row["changed_at"]) for row in changes] == [
        ("101/0", "open", at(5, 10)), ("102/0", "pending", at(6, 8)), ("103/0", "resolved", at(7, 8)),
        ("104/0", "open", at(8, 8)), ("105/0", "resolved", at(9, 8)),
    ]  # fmt: skip
    (answer,) = read.rows("survey_answers")
    assert (answer["answer_id"], answer["satisfaction_score"], answer["answered_on"], answer["customer_id"]) == (
        "17", 4, date(2026, 10, 10), "7",
    )  # fmt: skip
    assert refused["survey_answers"] == ["the rating has no date"]
    assert set(waited) == {12}
    assert "valve" not in str(read.landed("comments"))
    fetched = [entry.body["issueIdsOrKeys"] for entry in web.asked if entry.path.endswith("bulkfetch")]
    assert all(sorted(numbers) == ["17", "18", "19", "20"] for numbers in fetched), "one question about many requests"

    # A second visit; one that is moved to another project and one that is deleted for good.
    assert all(table.rows == 0 for table in read.land().tables)
    jira.requests[18] |= {"key": "IT-4", "changed": at(25, 8)}
    jira.requests[18]["fields"]["updated"] = told(at(25, 8))
    del jira.requests[17]
    read.run()
    assert [row["ticket_id"] for row in read.rows("tickets")] == ["18", "19"]
    assert [read.rows(table) for table in ("ticket_replies", "ticket_status_changes", "survey_answers")] == [[], [], []]


def test_a_search_that_gives_the_same_token_again_is_stopped(tmp_path: Path, web: WebSystem, jira: Jira) -> None:
    page = [{"id": "17", "key": "SD-17", "fields": {"updated": None}}]
    web.route("GET", r"/rest/api/3/search/jql")(
        lambda asked: {"issues": page, "isLast": False, "nextPageToken": "again"}
    )
    failures = [str(failure.finding) for failure in line(tmp_path, web).land().failures]
    assert any("requests" in text and "the paging repeats itself" in text for text in failures), failures


def test_a_custom_field_that_the_site_does_not_have_is_named(tmp_path: Path, web: WebSystem, jira: Jira) -> None:
    for request in jira.requests.values():
        del request["fields"]["customfield_10002"]
    (failure,) = [entry for entry in line(tmp_path, web).land().failures if entry.table == "requests"]
    assert 'no answer has "fields.customfield_10002.0.id"' in failure.finding.what
