"""ServiceNow as its Table API is documented: encoded queries, X-Total-Count before access rules, tombstones, OAuth."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from preset_line import PresetLine

from tests.unit.sources.web_system import Asked, Reply, WebSystem

WRITTEN = "%Y-%m-%d %H:%M:%S"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def said(moment: datetime) -> str:
    return moment.strftime(WRITTEN)


class ServiceNow:
    """A token lasts for twelve requests; every ninth request meets the limit."""

    def __init__(self, web: WebSystem) -> None:
        self.web = web
        self.tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("incident", "sys_journal_field", "sys_audit", "sys_audit_delete", "core_company")
        }
        self.hidden: set[str] = set()
        self.count = self.tokens = self.left = 0
        web.route("POST", r"/oauth_token\.do")(self.token)
        web.route("GET", r"/api/now/table/(\w+)")(self.table)

    def add(self, table: str, **fields: Any) -> dict[str, Any]:
        self.tables[table].append(fields)
        return fields

    def incident(self, no: int, state: str, opened: datetime, changed: datetime, **more: Any) -> dict[str, Any]:
        return self.add(
            "incident",
            **{
                "sys_id": f"id{no}", "number": f"INC{no:07}", "state": state, "priority": "3",
                "opened_at": said(opened),
                "resolved_at": "", "closed_at": "", "due_date": "", "company": "c1", "contact_type": "self-service",
                "category": "inquiry", "caller_id.user_name": "kim", "reopen_count": "0", "reassignment_count": "0",
                "sys_updated_on": said(changed), "short_description": "It leaks",
            } | more,
        )  # fmt: skip

    def token(self, asked: Asked) -> Any:
        assert asked.form == {
            "grant_type": "client_credentials", "client_id": "our-client", "client_secret": "sn-secret",
        }  # fmt: skip
        self.tokens, self.left = self.tokens + 1, 12
        return {
            "access_token": f"token-{self.tokens}",
            "token_type": "Bearer",
            "expires_in": 1799,
            "scope": "useraccount",
        }

    def table(self, asked: Asked, name: str) -> Any:
        self.count += 1
        self.left -= 1
        if asked.headers.get("Authorization") != f"Bearer token-{self.tokens}" or self.left < 0:
            error = {"error": {"message": "User Not Authenticated", "detail": "…"}, "status": "failure"}
            return Reply(error, 401)
        if self.count % 9 == 0:
            return Reply({"error": {"message": "Rate limit exceeded"}}, 429, {"Retry-After": "31"})
        assert asked.query["sysparm_display_value"] == "false"
        rows = self.chosen(self.tables[name], asked.query["sysparm_query"])
        offset, limit = int(asked.query["sysparm_offset"]), int(asked.query["sysparm_limit"])
        fields = asked.query["sysparm_fields"].split(",")
        shown = [row for row in rows[offset : offset + limit] if row.get("sys_id") not in self.hidden]
        found = [{field: row.get(field, "") for field in fields} for row in shown]
        return Reply({"result": deepcopy(found)}, headers={"X-Total-Count": str(len(rows))})

    @staticmethod
    def chosen(rows: list[dict[str, Any]], query: str) -> list[dict[str, Any]]:
        """Rows of an encoded query; a condition on a field that no row has is left out, as the instance does."""
        order = []
        for part in query.split("^"):
            if part.startswith("ORDERBY"):
                order.append(part.removeprefix("ORDERBY"))
                continue
            parsed = re.fullmatch(r"(\w+?)(>=|=|IN)(.*)", part)
            assert parsed, part
            field, operator, value = parsed.groups()
            if not any(field in row for row in rows):
                continue
            test = {">=": lambda v, w: v >= w, "=": lambda v, w: v == w, "IN": lambda v, w: v in w.split(",")}[operator]
            rows = [row for row in rows if test(row[field], value)]
        return sorted(rows, key=lambda row: [row[field] for field in order])


def comment(system: ServiceNow, no: int, incident: str, who: str, when: datetime, element: str = "comments") -> None:
    system.add("sys_journal_field", sys_id=f"j{no}", name="incident", element=element, element_id=incident,
               value="the valve", sys_created_by=who, sys_created_on=said(when))  # fmt: skip


def state(system: ServiceNow, no: int, incident: str, old: str, new: str, when: datetime) -> None:
    system.add("sys_audit", sys_id=f"a{no}", tablename="incident", fieldname="state", documentkey=incident,
               oldvalue=old, newvalue=new, sys_created_on=said(when))  # fmt: skip


@pytest.fixture
def servicenow(web: WebSystem) -> ServiceNow:
    system = ServiceNow(web)
    for company, customer in (("c1", "true"), ("c2", "false")):
        system.add("core_company", sys_id=company, name=f"Company {company}", customer=customer,
                   sys_created_on=said(at(1, 23)), sys_updated_on=said(at(2, 8)))  # fmt: skip
    system.incident(17, "7", at(5, 8), at(14, 8), priority="1", contact_type="phone", reopen_count="1",
                    reassignment_count="2", due_date=said(at(9, 8)), closed_at=said(at(13, 8)))  # fmt: skip
    comment(system, 1, "id17", "agnes", at(5, 9), element="work_notes")
    comment(system, 2, "id17", "system", at(5, 8, 1))
    comment(system, 3, "id17", "agnes", at(5, 10))
    comment(system, 4, "id17", "kim", at(7, 8))
    state(system, 1, "id17", "1", "2", at(5, 10))
    state(system, 2, "id17", "2", "6", at(6, 8))
    state(system, 3, "id17", "6", "2", at(7, 8))
    state(system, 4, "id17", "In Progress", "Resolved", at(8, 8))
    state(system, 5, "id17", "6", "7", at(13, 8))
    system.add("sys_audit", sys_id="a9", tablename="incident", fieldname="priority", documentkey="id17",
               oldvalue="3", newvalue="1", sys_created_on=said(at(5, 9)))  # fmt: skip
    system.incident(18, "3", at(20, 8), at(20, 9), company="", contact_type="", category="")
    system.incident(19, "6", at(21, 8), at(22, 8), resolved_at=said(at(22, 8)))
    system.incident(20, "-5", at(21, 8), at(22, 8))
    system.incident(21, "1", at(21, 8), at(22, 8), contact_type="pigeon")
    return system


def line(tmp_path: Path, web: WebSystem) -> PresetLine:
    """The preset with pages of two rows."""
    return PresetLine(tmp_path, "servicenow", web.url("our-client", "sn-secret"), {"size: 1000": "size: 2"})


def test_servicenow_becomes_customers_tickets_replies_and_changes(
    tmp_path: Path, web: WebSystem, servicenow: ServiceNow, waited: list[float]
) -> None:
    read = line(tmp_path, web)
    refused = read.run()
    (customer,) = read.rows("customers")
    assert (customer["customer_id"], customer["name"], customer["customer_since"]) == (
        "c1", "Company c1", date(2026, 10, 2),
    )  # fmt: skip
    first, second, third = read.rows("tickets")
    assert first == {
        "ticket_id": "INC0000017", "customer_id": "c1", "site": "linz", "channel": "phone", "category": "inquiry",
        "priority": "high", "opened_at": at(5, 8), "first_reply_at": at(5, 10), "first_bot_reply_at": at(5, 8, 1),
        "resolved_at": at(8, 8), "closed_at": at(13, 8), "due_at": at(9, 8), "reply_due_at": None,
        "two_weeks_old_at": at(19, 8), "status": "closed", "reopened": 1, "reassigned": 2, "begun_by_bot": False,
        "reached_human": True, "asked_for_human": None, "second_channel_within_7_days": None,
        "first_contact_resolved": False,
    }  # fmt: skip
    assert (second["customer_id"], second["channel"], second["category"], second["status"], second["resolved_at"]) == (
        None, "email", "not given", "pending", None,
    )  # fmt: skip
    assert (third["status"], third["resolved_at"], third["first_contact_resolved"]) == ("resolved", at(22, 8), True), (
        "resolved before the audit was kept"
    )
    assert refused["tickets"] == [
        'channel "pigeon" is not among the codes of the source', 'state "-5" is not among the codes of the source',
    ]  # fmt: skip
    assert [(row["reply_id"], row["ticket_id"], row["author"]) for row in read.rows("ticket_replies")] == [
        ("j2", "INC0000017", "bot"), ("j3", "INC0000017", "agent"), ("j4", "INC0000017", "customer"),
    ]  # fmt: skip
    assert [(row["change_id"], row["from_status"], row["to_status"]) for row in read.rows("ticket_status_changes")] == [
        ("a1", "new", "open"), ("a2", "open", "resolved"), ("a3", "resolved", "open"), ("a4", "open", "resolved"),
        ("a5", "resolved", "closed"),
    ]  # fmt: skip
    assert set(waited) == {31} and servicenow.tokens > 1, "a token that expired is replaced"
    assert "the valve" not in str(read.landed("journal"))

    # A second visit, an incident that is deleted, and one that comes back.
    assert all(table.rows == 0 for table in read.land().tables)
    servicenow.tables["incident"] = [row for row in servicenow.tables["incident"] if row["sys_id"] != "id17"]
    servicenow.add(
        "sys_audit_delete", sys_id="d1", tablename="incident", documentkey="id17", sys_created_on=said(at(25, 8))
    )
    servicenow.add(
        "sys_audit_delete", sys_id="d2", tablename="problem", documentkey="id18", sys_created_on=said(at(25, 8))
    )
    servicenow.add(
        "sys_audit_delete", sys_id="d3", tablename="incident", documentkey="id19", sys_created_on=said(at(25, 8))
    )
    servicenow.tables["incident"][1]["sys_updated_on"] = said(at(25, 9))
    read.run()
    assert [row["ticket_id"] for row in read.rows("tickets")] == ["INC0000018", "INC0000019"]
    assert read.rows("ticket_replies") == [] and read.rows("ticket_status_changes") == []


def test_incidents_that_the_account_may_not_see_and_those_touched_meanwhile_hide_no_other(
    tmp_path: Path, web: WebSystem, servicenow: ServiceNow
) -> None:
    for no in range(30, 42):
        servicenow.incident(no, "1", at(10, 8), at(10, 8, no - 30))
    servicenow.hidden = {"id31", "id32", "id33", "id34", "id35"}
    plain = web.answer

    def changing(asked: Asked) -> Reply:
        reply = plain(asked)
        lists = sum(entry.path.endswith("/incident") for entry in web.asked)
        for row in servicenow.tables["incident"]:
            if asked.path.endswith("/incident") and row["sys_id"] == f"id{36 + lists}":
                row["sys_updated_on"] = said(at(29, 8, lists))
        return reply

    web.answer = changing  # type: ignore[method-assign]
    read = line(tmp_path, web)
    read.run()
    seen = {17, 18, 19, 30, *range(36, 42)}
    assert {int(row["ticket_id"].removeprefix("INC")) for row in read.rows("tickets")} == seen

    # An instance whose clock is ahead of ours is believed: both changes are found, each once.
    web.answer = plain  # type: ignore[method-assign]
    web.now = datetime(2099, 5, 1, 12, tzinfo=UTC)
    for no, changed in ((50, web.now - timedelta(seconds=1)), (51, web.now + timedelta(seconds=30))):
        servicenow.incident(no, "1", at(10, 8), changed)
        assert read.land().tables[0].rows == 1
    read.publish()
    assert {int(row["ticket_id"].removeprefix("INC")) for row in read.rows("tickets")} == seen | {50, 51}
