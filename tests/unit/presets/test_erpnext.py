"""ERPNext as Frappe's source has it: filters as JSON, lines joined to their document, local times, cancellations."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from preset_line import PresetLine

from tests.unit.sources.web_system import Asked, Reply, WebSystem

VIENNA = ZoneInfo("Europe/Vienna")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def local(moment: datetime) -> str:
    """As Frappe keeps times: those of the site's zone, without saying so."""
    return moment.astimezone(VIENNA).strftime("%Y-%m-%d %H:%M:%S.123456")


class ERPNext:
    """Documents by type; lines lie in ``items``. A site with a rate limit: every eleventh request meets it."""

    def __init__(self, web: WebSystem) -> None:
        self.documents: dict[str, dict[str, dict[str, Any]]] = {}
        self.count = 0
        web.route("GET", r"/api/resource/([A-Za-z ]+)")(self.listed)

    def save(self, doctype: str, name: str, changed: datetime, **fields: Any) -> None:
        known = self.documents.setdefault(doctype, {}).get(name, {})
        self.documents[doctype][name] = {
            "name": name, "creation": local(changed), "docstatus": 1, **known, **fields, "modified": local(changed),
        }  # fmt: skip

    def version(self, no: int, doctype: str, name: str, when: datetime, *changed: tuple[str, Any, Any]) -> None:
        data = json.dumps({"changed": [list(entry) for entry in changed], "row_changed": []})
        self.save("Version", f"v{no}", when, ref_doctype=doctype, docname=name, data=data)

    def listed(self, asked: Asked, doctype: str) -> Any:
        self.count += 1
        if asked.headers.get("Authorization") != "token key:er-secret":
            return Reply({"exc_type": "AuthenticationError", "exception": "frappe.exceptions.AuthenticationError"}, 401)
        if self.count % 11 == 0:
            return Reply(b"Too Many Requests", 429, {"Retry-After": "3", "Content-Type": "text/plain"})
        rows = list(self.documents.get(doctype, {}).values())
        for field, operator, value in json.loads(asked.query["filters"]):
            if operator == ">=":
                rows = [row for row in rows if row[field] >= value]
            else:
                assert operator in ("=", "in")
                rows = [row for row in rows if row[field] in (value if operator == "in" else [value])]
        assert asked.query["order_by"].startswith(f"`tab{doctype}`.modified asc, `tab{doctype}`.name asc")
        rows.sort(key=lambda row: (row["modified"], row["name"]))
        fields = json.loads(asked.query["fields"])
        found = [shown for row in rows for shown in self.shown(row, fields)]
        start, length = int(asked.query["limit_start"]), int(asked.query["limit_page_length"])
        return {"data": deepcopy(found[start : start + length])}

    @staticmethod
    def shown(row: dict[str, Any], fields: list[str]) -> list[dict[str, Any]]:
        """The document once, or once for each of its lines where fields of lines are asked for."""
        if fields == ["*"]:
            return [{name: value for name, value in row.items() if name != "items"}]
        if not any(field.startswith("items.") for field in fields):
            return [{field: row[field] for field in fields}]
        found = []
        for line in row["items"]:
            shown = {}
            for field in fields:
                of_line = re.fullmatch(r"items\.(\w+)(?: as (\w+))?", field)
                shown |= {of_line[2] or of_line[1]: line[of_line[1]]} if of_line else {field: row[field]}
            found.append(shown)
        return found


def order_line(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": name, "item_code": "P-10", "item_group": "Pumps", "warehouse": "Stores - YC", "qty": 10.0,
        "delivered_by_supplier": 0, "delivery_date": "2026-10-12", "base_net_amount": 125.5,
    } | fields  # fmt: skip


@pytest.fixture
def erpnext(web: WebSystem) -> ERPNext:
    system = ERPNext(web)
    system.save(
        "Customer", "Brauhaus", at(1, 22, 30), customer_name="Brauhaus GmbH", customer_group="Commercial", disabled=0
    )
    system.save("Customer", "Old & Co", at(1, 8), customer_name="Old & Co", customer_group="Others", disabled=1)
    for item, stock in (("P-10", 1), ("HOURS", 0)):
        system.save("Item", item, at(1, 8), item_group="Pumps", is_stock_item=stock)
    order = {
        "customer": "Brauhaus",
        "transaction_date": "2026-10-05",
        "delivery_date": "2026-10-10",
        "status": "To Bill",
    }
    lines = [order_line("l1"), order_line("l2", delivery_date=None), order_line("l3", item_code="HOURS")]
    system.save("Sales Order", "SO-1", at(5, 8), items=lines, **order)
    system.save("Sales Order", "SO-2", at(6, 8), items=[order_line("l4")], **order, docstatus=0)
    system.save(
        "Sales Order", "SO-3", at(6, 9), items=[order_line("l5")], **order | {"status": "Cancelled"}, docstatus=2
    )
    system.save("Sales Order", "SO-4", at(6, 9), items=[order_line("l6", qty=4), order_line("l7")],
                **order | {"status": "Closed"})  # fmt: skip
    system.save("Sales Order", "SO-5", at(6, 10), items=[order_line("l8", warehouse="Moon - YC")], **order)
    system.save("Delivery Note", "DN-1", at(9, 8), posting_date="2026-10-09",
                items=[{"name": "d1", "so_detail": "l1", "qty": 6.0},
                       {"name": "d2", "so_detail": "l6", "qty": 3.0}])  # fmt: skip
    system.save("Delivery Note", "DN-2", at(14, 8), posting_date="2026-10-14",
                items=[{"name": "d3", "so_detail": "l1", "qty": 4.0},
                       {"name": "d4", "so_detail": None, "qty": 1.0}])  # fmt: skip
    system.save("Delivery Note", "DN-3", at(14, 9), posting_date="2026-10-14", docstatus=2,
                items=[{"name": "d5", "so_detail": "l2", "qty": 10.0}])  # fmt: skip
    system.save("Purchase Order", "PO-1", at(3, 8), items=[{"name": "p1", "schedule_date": "2026-10-07"}])
    receipt = {"item_code": "M-1", "warehouse": "Stores - YC", "received_qty": 100.0, "rejected_qty": 3.0}
    for no, status, returned in ((1, 1, 0), (2, 0, 0), (3, 2, 0), (4, 1, 1)):
        system.save("Purchase Receipt", f"PR-{no}", at(8, no), supplier="Steel AG", posting_date="2026-10-08",
                    docstatus=status, is_return=returned,
                    items=[{"name": f"r{no}", "purchase_order_item": {1: "p1"}.get(no), **receipt}])  # fmt: skip
    system.save("Work Order", "WO-1", at(4, 8), production_item="P-10", status="Completed", qty=50.0, produced_qty=48.0,
                process_loss_qty=2.0, planned_start_date=local(at(4, 23)), planned_end_date=None,
                expected_delivery_date="2026-10-09", actual_end_date=local(at(8, 22, 30)), fg_warehouse="Finished Goods - YC")  # fmt: skip  # noqa: E501
    issue = {"customer": "Brauhaus", "priority": "Urgent", "issue_type": "Leak", "raised_by": "kim@example.com",
             "via_customer_portal": 0, "response_by": None, "docstatus": 0}  # fmt: skip
    system.save("Issue", "ISS-17", at(5, 8), **issue, status="Closed", first_responded_on=local(at(5, 10)),
                sla_resolution_by=local(at(9, 8)), sla_resolution_date=local(at(8, 8)))  # fmt: skip
    system.version(1, "Issue", "ISS-17", at(5, 10), ("status", "Open", "Replied"), ("priority", "Low", "Urgent"))
    system.version(2, "Issue", "ISS-17", at(6, 8), ("status", "Replied", "Resolved"))
    system.version(3, "Issue", "ISS-17", at(7, 8), ("priority", "Urgent", "Urgent"), ("status", "Resolved", "Open"))
    system.version(4, "Issue", "ISS-17", at(8, 8), ("status", "Open", "Resolved"))
    system.version(5, "Issue", "ISS-17", at(9, 8), ("status", "Resolved", "Closed"))
    system.version(6, "Non Conformance", "QA-NC-00001", at(20, 22, 30), ("status", "Open", "Resolved"))
    system.save("Issue", "ISS-18", at(20, 8), **issue | {"priority": None, "customer": None, "issue_type": None},
                status="Hold", first_responded_on=None, resolution_by=None, resolution_date=None)  # fmt: skip
    for no, sent, when in ((1, "Received", at(5, 8)), (2, "Sent", at(5, 10)), (3, "Received", at(7, 8))):
        system.save("Communication", f"m{no}", when, reference_doctype="Issue", reference_name="ISS-17",
                    communication_type="Communication", sent_or_received=sent, communication_medium="Email",
                    communication_date=local(when), content="the valve")  # fmt: skip
    system.save("Communication", "m9", at(5, 9), reference_doctype="Issue", reference_name="ISS-17",
                communication_type="Comment", sent_or_received="Sent", communication_medium="", communication_date=None)  # fmt: skip  # noqa: E501
    system.save(
        "Non Conformance", "QA-NC-00001", at(10, 8), subject="Wrong seal", procedure="Assembly", status="Resolved"
    )
    system.save(
        "Non Conformance", "QA-NC-00002", at(11, 8), subject="By mistake", procedure="Assembly", status="Cancelled"
    )
    return system


def line(tmp_path: Path, web: WebSystem) -> PresetLine:
    changes = {"time_zone: UTC ": "time_zone: Europe/Vienna ", "size: 500": "size: 2"}
    return PresetLine(tmp_path, "erpnext", web.url("key", "er-secret"), changes)


def test_erpnext_becomes_the_canonical_tables(
    tmp_path: Path, web: WebSystem, erpnext: ERPNext, waited: list[float]
) -> None:
    read = line(tmp_path, web)
    refused = read.run()
    found = read.rows("customers")
    assert [(row["customer_id"], row["segment"], row["customer_since"], row["active"]) for row in found] == [
        ("Brauhaus", "standard", date(2026, 10, 2), True), ("Old & Co", None, date(2026, 10, 1), False),
    ]  # fmt: skip
    kept = ("order_line_id", "requested_on", "promised_on", "delivered_on", "quantity_delivered", "status")
    assert [tuple(row[name] for name in kept) for row in read.rows("order_lines")] == [
        ("l1", date(2026, 10, 10), date(2026, 10, 12), date(2026, 10, 14), 10, "delivered"),
        ("l2", date(2026, 10, 10), date(2026, 10, 10), None, 0, "open"),
        ("l5", date(2026, 10, 10), date(2026, 10, 12), None, 0, "cancelled"),
        ("l6", date(2026, 10, 10), date(2026, 10, 12), date(2026, 10, 9), 3, "delivered"),
        ("l7", date(2026, 10, 10), date(2026, 10, 12), None, 0, "cancelled"),
    ]  # fmt: skip
    first = read.rows("order_lines")[0]
    assert (first["order_id"], first["customer_id"], first["site"], first["product_family"], first["net_value"]) == (
        "SO-1", "Brauhaus", "linz", "Pumps", 125.5,
    )  # fmt: skip
    assert (first["trouble_on"], first["told_first"]) == (date(2026, 10, 12), False)
    assert refused["order_lines"] == [
        "a service: nothing is delivered", 'site "Moon - YC" is not among the codes of the source',
        "the order is not submitted yet",
    ]  # fmt: skip
    (receipt,) = read.rows("receipts")
    assert (receipt["receipt_id"], receipt["supplier"], receipt["committed_on"], receipt["received_on"]) == (
        "r1", "Steel AG", date(2026, 10, 7), date(2026, 10, 8),
    )  # fmt: skip
    assert (receipt["quantity_received"], receipt["quantity_rejected"]) == (100, 3)
    assert refused["receipts"] == ["a return to the supplier", "the receipt is not submitted yet"]
    (made,) = read.rows("production_orders")
    assert (made["planned_start_on"], made["due_on"], made["completed_on"], made["status"]) == (
        date(2026, 10, 5), date(2026, 10, 9), date(2026, 10, 9), "completed",
    )  # fmt: skip
    assert (made["quantity_planned"], made["quantity_good"], made["quantity_scrap"]) == (50, 48, 2)
    (wrong,) = read.rows("nonconformities")
    assert (wrong["detected_on"], wrong["closed_on"], wrong["process"]) == (
        date(2026, 10, 10), date(2026, 10, 21), "Assembly",
    )  # fmt: skip
    assert set(waited) == {3}
    assert "the valve" not in str(read.landed("mails"))


def test_issues_become_tickets_and_what_is_removed_or_renamed_leaves(
    tmp_path: Path, web: WebSystem, erpnext: ERPNext
) -> None:
    read = line(tmp_path, web)
    read.run()
    ticket, waiting = read.rows("tickets")
    assert ticket | {"ticket_id": "ISS-17"} == {
        "ticket_id": "ISS-17", "customer_id": "Brauhaus", "site": "linz", "channel": "email", "category": "Leak",
        "priority": "high", "first_bot_reply_at": None, "reply_due_at": None, "status": "closed", "reopened": 1,
        "reassigned": None, "begun_by_bot": False, "reached_human": True, "asked_for_human": None,
        "second_channel_within_7_days": None, "first_contact_resolved": False,
    } | {name: ticket[name] for name in ticket if name.endswith("_at")}  # fmt: skip
    assert ticket["opened_at"] == at(5, 8).replace(microsecond=123456)
    moments = ("first_reply_at", "resolved_at", "closed_at", "due_at")
    assert [ticket[name].replace(microsecond=0) for name in moments] == [
        at(5, 10), at(8, 8), at(9, 8), at(9, 8),
    ]  # fmt: skip
    assert (waiting["customer_id"], waiting["priority"], waiting["status"], waiting["category"]) == (
        None, "normal", "pending", "not given",
    )  # fmt: skip
    assert [(row["reply_id"], row["author"]) for row in read.rows("ticket_replies")] == [
        ("m1", "customer"), ("m2", "agent"), ("m3", "customer"),
    ]  # fmt: skip
    assert [(row["change_id"], row["from_status"], row["to_status"]) for row in read.rows("ticket_status_changes")] == [
        ("v1/0", "open", "pending"), ("v2/0", "pending", "resolved"), ("v3/1", "resolved", "open"),
        ("v4/0", "open", "resolved"), ("v5/0", "resolved", "closed"),
    ]  # fmt: skip

    assert all(table.rows == 0 for table in read.land().tables)
    erpnext.documents["Sales Order"]["SO-1"]["items"].pop(1)  # taken out of the order
    erpnext.save("Sales Order", "SO-1", at(28, 8))
    erpnext.save("Delivery Note", "DN-4", at(28, 9), posting_date="2026-10-28",
                 items=[{"name": "d6", "so_detail": "l7", "qty": 10.0}])  # fmt: skip
    renamed = erpnext.documents["Customer"].pop("Old & Co")
    erpnext.documents["Customer"]["Older & Co"] = renamed | {"name": "Older & Co", "modified": local(at(28, 8))}
    del erpnext.documents["Issue"]["ISS-17"]
    read.run()
    assert [(row["order_line_id"], row["status"]) for row in read.rows("order_lines")] == [
        ("l1", "delivered"), ("l5", "cancelled"), ("l6", "delivered"), ("l7", "delivered"),
    ]  # fmt: skip
    assert [row["customer_id"] for row in read.rows("customers")] == ["Brauhaus", "Older & Co"]
    assert [row["ticket_id"] for row in read.rows("tickets")] == ["ISS-18"]
    assert read.rows("ticket_replies") == [] and read.rows("ticket_status_changes") == []
