"""HubSpot as its documentation describes it: search with its cap, lists, batches with history, limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from preset_line import PresetLine

from tests.unit.sources.web_system import Asked, Reply, WebSystem

PAGE, CAP = 2, 6  # rows of a page, and of one question of the search (10,000 in truth)
STAGES = [("1", "New", "OPEN"), ("4", "Closed", "CLOSED"), ("77", "Workshop", "OPEN"), ("78", "Done", "CLOSED")]


def at(day: int, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error(status: int, message: str, **more: Any) -> Reply:
    return Reply({"status": "error", "message": message, "correlationId": "c0ffee", "category": "X"} | more, status)


class HubSpot:
    """Records by object; archived ones are in no search and in no list. ``hidden`` are not yet in the search."""

    def __init__(self, web: WebSystem) -> None:
        self.web, self.count, self.hidden = web, 0, set[str]()
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.history: dict[tuple[str, str], list[dict[str, Any]]] = {}
        web.route("POST", "/crm/objects/2026-03/([a-z_]+)/search")(self.search)
        web.route("GET", "/crm/objects/2026-03/([a-z_]+)")(self.listed)
        web.route("POST", "/crm/objects/2026-03/tickets/batch/read")(self.batch)
        web.route("GET", "/crm/pipelines/2026-03/tickets")(self.pipelines)

    def put(self, kind: str, no: str, changed: datetime, **properties: Any) -> None:
        found = next((record for record in self.records.setdefault(kind, []) if record["id"] == no), None)
        if found is None:
            self.records[kind].append(
                found := {"id": no, "archived": False, "properties": {"createdate": iso(changed)}}
            )
        stamp = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        for name in ("hs_pipeline_stage", "hubspot_owner_id"):
            if name in properties:
                past = self.history.setdefault((no, name), [])
                past.insert(0, {"value": properties[name], "timestamp": iso(changed), "sourceType": "CRM_UI"})
        found["properties"] |= properties | {stamp: iso(changed), "hs_object_id": no}

    def remove(self, kind: str, no: str, *, archived: bool = False) -> None:
        for record in [record for record in self.records[kind] if record["id"] == no]:
            record["archived"] = archived
            if not archived:
                self.records[kind].remove(record)

    def refusal(self, asked: Asked) -> Reply | None:
        self.count += 1
        if asked.headers.get("Authorization") != "Bearer pat-eu1-secret":
            return error(401, "Authentication credentials not found.")
        if self.count % 9 == 0:  # HubSpot says no time to wait
            return error(429, "You have reached your secondly limit.", policyName="SECONDLY")
        return None

    def search(self, asked: Asked, kind: str) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        body = asked.body
        ((said,),) = [group["filters"] for group in body["filterGroups"]]
        (order,) = body["sorts"]
        assert (said["operator"], order["direction"]) == ("GTE", "ASCENDING") and isinstance(said["value"], str)
        assert body["limit"] <= 200 and order["propertyName"] == said["propertyName"]
        start, name = int(body.get("after", 0)), said["propertyName"]
        if start + PAGE > CAP:
            return error(400, f"There was a problem with the request: {CAP} results at most")
        live = [
            record
            for record in self.records.get(kind, [])
            if not record["archived"] and record["id"] not in self.hidden
        ]
        since = datetime.fromisoformat(said["value"])
        found = [record for record in live if datetime.fromisoformat(record["properties"][name]) >= since]
        found.sort(key=lambda record: (record["properties"][name], record["id"]))
        rows = [self.shown(record, body["properties"]) for record in found[start : start + PAGE]]
        return self.page(rows, start, len(found)) | {"total": len(found)}

    def listed(self, asked: Asked, kind: str) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        assert int(asked.query["limit"]) <= 100
        after = asked.query.get("after", "0")
        live = sorted((r for r in self.records.get(kind, []) if not r["archived"]), key=lambda r: int(r["id"]))
        left = [record for record in live if int(record["id"]) > int(after)]
        rows = [self.shown(record, ["createdate"]) for record in left[:PAGE]]
        return {"results": rows} | (
            {"paging": {"next": {"after": rows[-1]["id"], "link": "…"}}} if len(left) > PAGE else {}
        )

    def batch(self, asked: Asked) -> Any:
        if (refused := self.refusal(asked)) is not None:
            return refused
        (name,) = asked.body["propertiesWithHistory"]
        ids = [entry["id"] for entry in asked.body["inputs"]]
        assert len(ids) <= 50
        rows = [self.shown(record, []) | {"propertiesWithHistory": {name: self.history.get((record["id"], name), [])}}
                for record in self.records["tickets"] if record["id"] in ids and not record["archived"]]  # fmt: skip
        return Reply({"status": "COMPLETE", "results": rows}, 200 if len(rows) == len(ids) else 207)

    def pipelines(self, asked: Asked) -> Any:
        stages = [{"id": no, "label": label, "metadata": {"ticketState": state}} for no, label, state in STAGES]
        return self.refusal(asked) or {
            "results": [{"id": "0", "stages": stages[:2]}, {"id": "9", "stages": stages[2:]}]
        }

    @staticmethod
    def shown(record: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """A record with the properties that were asked for; what it has not is null."""
        properties = {name: record["properties"].get(name) for name in names}
        return {"id": record["id"], "archived": record["archived"], "properties": properties}

    @staticmethod
    def page(rows: list[dict[str, Any]], start: int, total: int) -> dict[str, Any]:
        more = {"paging": {"next": {"after": str(start + PAGE)}}} if start + PAGE < total else {}
        return {"results": rows} | more


@pytest.fixture
def system(web: WebSystem) -> HubSpot:
    made = HubSpot(web)
    for no in range(1, 10):  # more than one question may give; two within one second
        made.put("companies", str(no), at(1) + timedelta(seconds=no // 2), name=f"Company {no}", country="Austria")
    made.put("companies", "9", at(2), name="", country="Narnia")
    made.put("deals", "21", at(2), amount="1000.50", closedate=iso(at(30)), hs_is_closed="false",
             hs_is_closed_won="false", hs_primary_associated_company="1")  # fmt: skip
    made.put("deals", "22", at(3), amount="", hs_is_closed="true", hs_is_closed_won="false",
             closedate=iso(at(15, 22, 30)), hs_primary_associated_company="2")  # fmt: skip
    made.put("deals", "23", at(3), amount="5", hs_is_closed="false", hs_is_closed_won=None)
    ticket = {"source_type": "FORM", "hs_ticket_priority": "URGENT", "hs_primary_company_id": "1"}
    made.put("tickets", "31", at(5), hs_pipeline_stage="1", hubspot_owner_id="", **ticket)
    made.put("tickets", "31", at(5, 9), hubspot_owner_id="501")
    made.put("tickets", "31", at(6), hs_pipeline_stage="4", first_agent_reply_date=iso(at(5, 10)),
             hs_first_agent_message_sent_at=iso(at(5, 9, 30)))  # fmt: skip
    made.put("tickets", "31", at(7), hs_pipeline_stage="77", hubspot_owner_id="502")
    made.put("tickets", "31", at(8), hs_pipeline_stage="78", closed_date=iso(at(8)))
    made.put("tickets", "32", at(6), hs_pipeline_stage="77", source_type=None, hs_ticket_category="BILLING")
    made.put("tickets", "33", at(6), hs_pipeline_stage="77", source_type="PIGEON")
    made.put("contacts", "41", at(1), associatedcompanyid="1", email="ada@example.com")
    made.put("contacts", "42", at(1), associatedcompanyid=None)
    for no, kind, score, contact in (("51", "NPS", "9", "41"), ("52", "CSAT", "2", "41"), ("53", "CES", "6", "41"),
                                     ("54", "NPS", "0", "42"), ("55", "CUSTOM", "1", "41")):  # fmt: skip
        made.put("feedback_submissions", no, at(9), hs_survey_type=kind, hs_value=score, hs_contact_id=contact,
                 hs_survey_channel="EMAIL", hs_content=None, hs_submission_timestamp=iso(at(9, 23)))  # fmt: skip
    return made


def line(tmp_path: Path, web: WebSystem) -> PresetLine:
    return PresetLine(tmp_path, "hubspot", web.url("", "pat-eu1-secret"))


def test_everything_arrives_past_the_cap_and_then_only_what_changed(
    tmp_path: Path, web: WebSystem, system: HubSpot, waited: list[float]
) -> None:
    read = line(tmp_path, web)
    refused = read.run()
    assert set(waited) == {1}, "no wait was asked for, so the shortest"
    customers = read.rows("customers")
    assert [row["name"] for row in customers] == [*(f"Company {no}" for no in range(1, 9)), "company 9"]
    assert [row["country"] for row in customers] == ["AT"] * 8 + [None]
    first, second = read.rows("opportunities")
    assert first == {"opportunity_id": "21", "customer_id": "1", "site": "linz", "opened_on": date(2026, 10, 2),
                     "closed_on": None, "stage": "open", "value": 1000.5}  # fmt: skip
    assert (second["stage"], second["closed_on"], second["value"]) == ("lost", date(2026, 10, 16), 0)
    assert refused["opportunities"] == ["no company yet"]
    ticket, other = read.rows("tickets")
    assert ticket == {
        "ticket_id": "31", "customer_id": "1", "site": "linz", "channel": "email", "category": "not given",
        "priority": "high", "opened_at": at(5), "first_reply_at": at(5, 9, 30), "first_bot_reply_at": None,
        "resolved_at": at(8), "closed_at": at(8), "due_at": None, "reply_due_at": None, "two_weeks_old_at": at(19),
        "status": "closed", "reopened": 1, "reassigned": 1, "begun_by_bot": None, "reached_human": True,
        "asked_for_human": None, "second_channel_within_7_days": None, "first_contact_resolved": None,
    }  # fmt: skip
    assert (other["status"], other["category"], other["customer_id"], other["reached_human"]) == (
        "open", "BILLING", None, False,
    )  # fmt: skip
    assert refused["tickets"] == ['channel "PIGEON" is not among the codes of the source']
    moves = [(row["from_status"], row["to_status"], row["changed_at"]) for row in read.rows("ticket_status_changes")]
    assert moves[:4] == [
        (None, "new", at(5)), ("new", "closed", at(6)), ("closed", "open", at(7)), ("open", "closed", at(8)),
    ]  # fmt: skip
    answers = {row["answer_id"]: row for row in read.rows("survey_answers")}
    assert [(row["recommend_score"], row["satisfaction_score"], row["ease_score"]) for row in answers.values()] == [
        (9, None, None), (None, 5, None), (None, None, 6),
    ]  # fmt: skip
    assert answers["51"]["answered_on"] == date(2026, 10, 10) and answers["51"]["customer_id"] == "1"
    assert refused["survey_answers"] == [
        'survey "CUSTOM" is not among the codes of the source', "the contact belongs to no company",
    ]  # fmt: skip
    assert "ada@example.com" not in str(read.landed("contacts"))

    assert all(table.rows == 0 for table in read.land().tables)
    system.put("deals", "21", at(20), hs_is_closed="true", hs_is_closed_won="true", closedate=iso(at(20)))
    system.put("tickets", "32", at(20), hs_pipeline_stage="4", closed_date=iso(at(20)), hs_primary_company_id="2")
    system.put("deals", "24", at(20), amount="7", hs_primary_associated_company="3")
    system.hidden = {"24"}  # not searchable yet
    web.now = at(20, 8, 5)
    read.run()
    assert (read.rows("opportunities")[0]["stage"], read.rows("opportunities")[0]["closed_on"]) == (
        "won",
        date(2026, 10, 20),
    )
    assert [row["closed_at"] for row in read.rows("tickets")] == [at(8), at(20)]
    assert len(read.rows("opportunities")) == 2
    system.hidden = set()
    read.run()
    assert [row["opportunity_id"] for row in read.rows("opportunities")] == ["21", "22", "24"]


def test_archived_merged_and_erased_records_leave_and_restored_ones_return(
    tmp_path: Path, web: WebSystem, system: HubSpot
) -> None:
    read = line(tmp_path, web)
    read.run()
    system.remove("companies", "3")  # merged: gone without being archived
    system.remove("companies", "4", archived=True)
    system.remove("tickets", "31", archived=True)
    system.remove("deals", "22")
    read.run()
    assert [row["customer_id"] for row in read.rows("customers")] == ["1", "2", "5", "6", "7", "8", "9"]
    assert [row["ticket_id"] for row in read.rows("tickets")] == ["32"]
    assert {row["ticket_id"] for row in read.rows("ticket_status_changes")} == {"32", "33"}
    assert [row["opportunity_id"] for row in read.rows("opportunities")] == ["21"]
    for record in system.records["tickets"]:
        record["archived"] = False
    read.run()
    assert [row["ticket_id"] for row in read.rows("tickets")] == ["31", "32"]
    assert len(read.rows("ticket_status_changes")) == 6


def test_more_changes_within_one_second_than_a_question_gives_are_said(
    tmp_path: Path, web: WebSystem, system: HubSpot
) -> None:
    for no in range(61, 61 + CAP + 2):
        system.put("companies", str(no), at(3), name="Imported")
    (failure,) = line(tmp_path, web).land().failures
    assert f"the system refuses the request (400: There was a problem with the request: {CAP} results" in str(
        failure.finding
    )


@pytest.mark.parametrize("path", ["tickets", "tickets/search"])
def test_an_endless_cursor_is_stopped(tmp_path: Path, web: WebSystem, system: HubSpot, path: str) -> None:
    page = {"results": [{"id": "1", "properties": {}}], "paging": {"next": {"after": "1"}}}
    web.route("POST" if "search" in path else "GET", f"/crm/objects/2026-03/{path}")(lambda asked: page)
    said = [str(failure.finding) for failure in line(tmp_path, web).land().failures]
    assert said and all("the paging repeats itself" in text and "source.yaml:" in text for text in said)


def test_the_quota_of_the_day_is_not_waited_for(
    tmp_path: Path, web: WebSystem, system: HubSpot, waited: list[float]
) -> None:
    limit = error(429, "You have reached your daily limit.", policyName="DAILY", errorType="RATE_LIMIT")
    web.route("POST", "/crm/objects/2026-03/([a-z_]+)/search")(lambda asked, kind: limit)
    said = {
        str(failure.finding) for failure in line(tmp_path, web).land().failures if "stages" not in str(failure.finding)
    }
    assert len(said) == 1 and "the quota of requests is used up (429: You have reached your daily limit.)" in said.pop()
    assert waited == []
