"""Odoo as its documentation describes JSON-2: domains, false for nothing, [id, name], archived and deleted records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from preset_line import PresetLine

from tests.unit.sources.web_system import Asked, Reply, WebSystem

KEY = "6578616d706c65206a736f6e20617069206b6579"
MOST = 3  # rows of an answer, whatever was asked for: smaller than the declared page, as a proxy may cut it
FIELDS = {
    "res.partner": "name country_id active create_date commercial_partner_id partner_share parent_id",
    "res.country": "code",
    "crm.lead": "partner_id stage_id expected_revenue probability active date_closed create_date type",
    "crm.stage": "is_won",
    "sale.order": "name partner_id warehouse_id date_order commitment_date state",
    "sale.order.line": "order_id product_id product_uom_qty price_subtotal display_type",
    "product.product": "default_code name categ_id type",
    "stock.move": "sale_line_id state quantity date date_deadline location_id location_dest_id",
    "stock.location": "usage",
    "mrp.production": "name product_id product_qty qty_produced state date_start date_deadline date_finished",
    "stock.scrap": "production_id scrap_qty state",
    "helpdesk.ticket": "ticket_ref partner_id team_id stage_id priority create_date close_date",
    "helpdesk.stage": "name fold",
    "mail.message": "res_id date message_type author_id model subtype_id.internal",
    "quality.check": "name quality_state control_date product_id picking_id team_id",
    "stock.picking": "picking_type_code",
    "quality.alert": "name team_id reason_id partner_id picking_id priority create_date date_close",
}


def at(day: int, hour: int = 8, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


class Odoo:
    """Records by model; a time is kept with microseconds and written without, as PostgreSQL and Odoo do."""

    def __init__(self, web: WebSystem) -> None:
        self.records: dict[str, dict[int, dict[str, Any]]] = {model: {} for model in FIELDS}
        self.written = at(1)
        web.route("POST", r"/json/2/([a-z.]+)/search_read")(self.search_read)

    def put(self, model: str, no: int, written: datetime | None = None, /, **values: Any) -> None:
        """Create or write; what nobody named stays as it was."""
        self.written = written or self.written + timedelta(seconds=20, microseconds=123456)
        unknown = set(values) - set(FIELDS[model].split())
        assert not unknown, unknown
        record = self.records[model].setdefault(no, {"id": no, "active": True, "create_date": self.written})
        record.update(values | {"write_date": self.written})

    def search_read(self, asked: Asked, model: str) -> Any:
        if asked.headers.get("Authorization") != f"bearer {KEY}":
            return self.error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
        if asked.headers.get("X-Odoo-Database") != "works":
            return self.error(404, "werkzeug.exceptions.NotFound", "no such database")
        body = asked.body
        known = {"id", "write_date", *FIELDS[model].split()}
        wrong = {name for name in body["fields"] if name not in known} | {
            name for name, _, _ in body["domain"] if name not in known
        }
        if wrong:
            return self.error(422, "builtins.ValueError", f"Invalid field '{min(wrong)}' on '{model}'")
        found = [record for record in self.records[model].values() if self.matches(record, body)]
        found.sort(key=lambda record: tuple(record[name] for name in body["order"].split(", ")))
        page = found[body["offset"] :][: min(body["limit"], MOST)]
        return [{"id": row["id"]} | {name: self.shown(row.get(name)) for name in body["fields"]} for row in page]

    @staticmethod
    def matches(record: dict[str, Any], body: dict[str, Any]) -> bool:
        if body["context"].get("active_test", True) and not record["active"]:
            return False
        for name, compare, value in body["domain"]:
            mine = record.get(name)
            mine = mine[0] if isinstance(mine, tuple) else mine
            if compare == ">=":
                holds = mine >= datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            elif compare == "in":
                holds = mine in value
            else:
                holds = ((mine or False) == value) is (compare == "=")
            if not holds:
                return False
        return True

    @staticmethod
    def shown(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%d %H:%M:%S")
        return list(value) if isinstance(value, tuple) else False if value is None else value

    @staticmethod
    def error(status: int, name: str, message: str) -> Reply:
        return Reply({"name": name, "message": message, "arguments": [message], "context": {}, "debug": "…"}, status)


@pytest.fixture
def system(web: WebSystem) -> Odoo:
    made = Odoo(web)
    brewery, contact, agent, private = (10, "Brauhaus"), (11, "Ada"), (3, "Agent"), (12, "Bob")
    made.put("res.country", 14, code="AT")
    made.put(
        "res.partner",
        10,
        name="Brauhaus",
        country_id=(14, "Austria"),
        commercial_partner_id=brewery,
        partner_share=True,
    )
    made.put("res.partner", 11, name="Ada", parent_id=brewery, commercial_partner_id=brewery, partner_share=True)
    made.put("res.partner", 12, name="Bob", commercial_partner_id=private, partner_share=True, active=False)
    made.put("res.partner", 3, name="Agent", parent_id=(1, "We"), commercial_partner_id=(1, "We"), partner_share=False)
    for no, won in ((1, False), (4, True)):
        made.put("crm.stage", no, is_won=won)
    lead = {"type": "opportunity", "expected_revenue": 1000.5, "probability": 40.0, "stage_id": (1, "New")}
    made.put("crm.lead", 21, **lead, partner_id=contact)
    made.put("crm.lead", 22, **lead | {"stage_id": (4, "Won"), "probability": 100.0}, partner_id=brewery,
             date_closed=at(15, 22, 30))  # fmt: skip
    made.put("crm.lead", 23, **lead | {"probability": 0.0}, partner_id=brewery, active=False, date_closed=at(16))
    made.put("crm.lead", 24, **lead, partner_id=brewery, active=False)
    made.put("crm.lead", 25, **lead, partner_id=None)
    made.put("crm.lead", 26, **lead | {"type": "lead"}, partner_id=brewery)
    for no, usage in ((5, "customer"), (8, "internal")):
        made.put("stock.location", no, usage=usage)
    made.put("product.product", 31, default_code="P-1", name="Pump", categ_id=(2, "All / Pumps"), type="consu")
    made.put("product.product", 32, default_code=None, name="Assembly", categ_id=(3, "All / Work"), type="service")
    order = {"partner_id": contact, "warehouse_id": (1, "My Company"), "date_order": at(2, 23), "state": "sale"}
    made.put("sale.order", 41, name="S00041", commitment_date=at(12), **order)
    made.put("sale.order", 42, name="S00042", commitment_date=None, **order)
    made.put("sale.order", 43, name="S00043", **order | {"state": "draft"})
    made.put("sale.order", 44, name="S00044", **order | {"state": "cancel"})
    line = {"product_id": (31, "[P-1] Pump"), "product_uom_qty": 4.0, "price_subtotal": 400.0}
    made.put("sale.order.line", 51, order_id=(41, "S00041"), **line)
    made.put("sale.order.line", 52, order_id=(42, "S00042"), **line)
    made.put("sale.order.line", 53, order_id=(43, "S00043"), **line)
    made.put("sale.order.line", 54, order_id=(44, "S00044"), **line)
    made.put("sale.order.line", 55, order_id=(41, "S00041"), display_type="line_section", product_uom_qty=0.0)
    made.put("sale.order.line", 56, order_id=(41, "S00041"), product_id=(32, "Assembly"), product_uom_qty=1.0)
    out = {"location_id": (8, "Stock"), "location_dest_id": (5, "Customers"), "date_deadline": at(12)}
    made.put("stock.move", 61, sale_line_id=(51, "…"), state="done", quantity=3.0, date=at(11), **out)
    made.put("stock.move", 62, sale_line_id=(51, "…"), state="done", quantity=1.0, date=at(14), **out)
    made.put("stock.move", 63, sale_line_id=(51, "…"), state="done", quantity=1.0, date=at(20),
             location_id=(5, "Customers"), location_dest_id=(8, "Stock"))  # fmt: skip
    made.put("stock.move", 64, sale_line_id=(52, "…"), state="done", quantity=3.0, date=at(11), **out)
    made.put("stock.move", 65, sale_line_id=(52, "…"), state="assigned", quantity=1.0, date=at(20), **out)
    made.put("stock.move", 66, sale_line_id=(52, "…"), state="cancel", quantity=9.0, date=at(1),
             **out | {"date_deadline": at(1)})  # fmt: skip
    made.put("stock.move", 67, state="done", quantity=9.0, date=at(1))
    plan = {"product_id": (31, "[P-1] Pump"), "product_qty": 10.0, "date_start": at(5)}
    made.put(
        "mrp.production",
        71,
        name="MO/1",
        state="done",
        qty_produced=9.0,
        date_deadline=at(8),
        date_finished=at(7),
        **plan,
    )
    made.put("mrp.production", 72, name="MO/2", state="confirmed", qty_produced=0.0, **plan)
    made.put("stock.scrap", 75, production_id=(71, "MO/1"), scrap_qty=1.0, state="done")
    made.put("stock.scrap", 76, production_id=(71, "MO/1"), scrap_qty=5.0, state="draft")
    for no, name, fold in ((1, "New", False), (3, "On Hold", False), (4, "Solved", True), (5, "Elsewhere", False)):
        made.put("helpdesk.stage", no, name=name, fold=fold)
    ticket = {"team_id": (1, "Service"), "partner_id": contact, "priority": "3", "create_date": at(5)}
    made.put("helpdesk.ticket", 81, ticket_ref="00081", stage_id=(4, "Solved"), close_date=at(7), **ticket)
    made.put(
        "helpdesk.ticket",
        82,
        ticket_ref=None,
        stage_id=(3, "On Hold"),
        **ticket | {"priority": None, "partner_id": None},
    )
    made.put("helpdesk.ticket", 83, ticket_ref="00083", stage_id=(5, "Elsewhere"), **ticket)
    said = {"model": "helpdesk.ticket", "res_id": 81, "subtype_id.internal": False, "message_type": "email"}
    made.put("mail.message", 91, **said, date=at(5), author_id=contact)
    made.put("mail.message", 92, **said | {"message_type": "auto_comment"}, date=at(5, 8, 1), author_id=(2, "OdooBot"))
    made.put("mail.message", 93, **said | {"subtype_id.internal": True}, date=at(5, 8, 30), author_id=agent)
    made.put("mail.message", 94, **said | {"message_type": "comment"}, date=at(5, 10), author_id=agent)
    made.put("mail.message", 95, **said | {"message_type": "notification"}, date=at(5, 8, 5), author_id=agent)
    made.put("mail.message", 96, **said | {"model": "crm.lead"}, date=at(5), author_id=agent)
    for no, code in ((1, "incoming"), (2, "outgoing")):
        made.put("stock.picking", no, picking_type_code=code)
    for no, state, picking in ((1, "pass", (1, "IN")), (2, "fail", (2, "OUT")), (3, "fail", None), (4, "none", None)):
        when = at(9, 23) if state != "none" else None
        made.put("quality.check", 100 + no, name=f"QC{no}", quality_state=state, picking_id=picking,
                 team_id=(1, "Quality"), product_id=(31, "[P-1] Pump"), control_date=when)  # fmt: skip
    alert = {"team_id": (1, "Quality"), "create_date": at(9), "priority": "2"}
    made.put("quality.alert", 111, name="QA1", reason_id=(1, "Scratched"), date_close=at(20), **alert)
    made.put("quality.alert", 112, name="QA2", partner_id=(13, "Steel & Co"), **alert | {"priority": None})
    return made


def line(tmp_path: Path, web: WebSystem, key: str = KEY) -> PresetLine:
    return PresetLine(tmp_path, "odoo", web.url("", key, "/?database=works"))


def test_everything_arrives_and_then_only_what_changed(tmp_path: Path, web: WebSystem, system: Odoo) -> None:
    read = line(tmp_path, web)
    refused = read.run()
    assert read.rows("customers") == [
        {"customer_id": "10", "name": "Brauhaus", "segment": None, "country": "AT", "site": "linz",
         "customer_since": date(2026, 10, 1), "active": True},
        {"customer_id": "12", "name": "Bob", "segment": None, "country": None, "site": "linz",
         "customer_since": date(2026, 10, 1), "active": False},
    ]  # fmt: skip
    opportunities = read.rows("opportunities")
    assert [(row["opportunity_id"], row["customer_id"], row["stage"], row["closed_on"]) for row in opportunities] == [
        ("21", "10", "open", None), ("22", "10", "won", date(2026, 10, 16)), ("23", "10", "lost", date(2026, 10, 16)),
    ]  # fmt: skip
    assert refused["opportunities"] == ["archived, neither won nor lost", "no customer yet"]
    first, second, cancelled = read.rows("order_lines")
    assert first == {
        "order_line_id": "S00041/51", "order_id": "S00041", "customer_id": "10", "site": "linz", "product": "P-1",
        "product_family": "All / Pumps", "channel": "email", "ordered_on": date(2026, 10, 3), "requested_on": None,
        "first_promised_on": None, "promised_on": date(2026, 10, 12), "late_notice_on": None, "trouble_on": None,
        "told_first": None, "delivered_on": date(2026, 10, 14), "quantity_ordered": 4, "quantity_delivered": 3,
        "net_value": 400, "status": "delivered",
    }  # fmt: skip
    assert (second["promised_on"], second["delivered_on"], second["quantity_delivered"], second["status"]) == (
        date(2026, 10, 12), None, 3, "open",
    )  # fmt: skip
    assert cancelled["status"] == "cancelled"
    assert refused["order_lines"] == [
        "a heading or a note, not goods", "a service: nothing is delivered", "the order is not confirmed yet",
    ]  # fmt: skip
    done, planned = read.rows("production_orders")
    assert (done["completed_on"], done["quantity_good"], done["quantity_scrap"], done["due_on"]) == (
        date(2026, 10, 7), 9, 1, date(2026, 10, 8),
    )  # fmt: skip
    assert (planned["status"], planned["quantity_good"], planned["due_on"]) == ("planned", None, date(2026, 10, 5))
    closed, waiting = read.rows("tickets")
    untold = ("reopened", "reassigned", "begun_by_bot", "second_channel_within_7_days", "first_contact_resolved")
    assert [closed[name] for name in untold] == [None] * 5, "Odoo does not tell"
    assert (closed["ticket_id"], closed["customer_id"], closed["priority"], closed["status"]) == (
        "00081",
        "10",
        "high",
        "closed",
    )
    assert (closed["first_reply_at"], closed["first_bot_reply_at"], closed["closed_at"]) == (
        at(5, 10),
        at(5, 8, 1),
        at(7),
    )
    assert (waiting["ticket_id"], waiting["customer_id"], waiting["priority"], waiting["status"]) == (
        "82",
        None,
        "low",
        "pending",
    )
    assert refused["tickets"] == ['state "Elsewhere" is not among the codes of the source']
    assert [(row["reply_id"], row["ticket_id"], row["author"]) for row in read.rows("ticket_replies")] == [
        ("91", "00081", "customer"), ("92", "00081", "bot"), ("94", "00081", "agent"),
    ]  # fmt: skip
    assert [(row["stage"], row["units_defective"], row["inspected_on"]) for row in read.rows("inspections")] == [
        ("incoming", 0, date(2026, 10, 10)), ("final", 1, date(2026, 10, 10)), ("in_process", 1, date(2026, 10, 10)),
    ]  # fmt: skip
    alerts = read.rows("nonconformities")
    assert [(row["nonconformity_id"], row["origin"], row["grade"], row["closed_on"]) for row in alerts] == [
        ("QA1", "internal", "major", date(2026, 10, 20)), ("QA2", "supplier", "minor", None),
    ]  # fmt: skip

    assert all(table.rows == 0 for table in read.land().tables)
    system.put("stock.move", 65, at(20), state="done", date=at(20))
    system.put("crm.lead", 24, at(21), active=True)
    del system.records["sale.order.line"][54]
    del system.records["helpdesk.ticket"][81]
    del system.records["crm.lead"][23]
    read.run()
    assert [(row["order_line_id"], row["delivered_on"]) for row in read.rows("order_lines")] == [
        ("S00041/51", date(2026, 10, 14)), ("S00042/52", date(2026, 10, 20)),
    ]  # fmt: skip
    assert [(row["opportunity_id"], row["stage"]) for row in read.rows("opportunities")] == [
        ("21", "open"), ("22", "won"), ("24", "open"),
    ]  # fmt: skip
    assert [row["ticket_id"] for row in read.rows("tickets")] == ["82"] and read.rows("ticket_replies") == []


def test_records_written_while_they_are_read_hide_no_other(tmp_path: Path, web: WebSystem, system: Odoo) -> None:
    """Within one second and beyond: the first record of an answer is written again as soon as it was given."""
    for no in range(200, 210):
        system.put("product.product", no, at(3), name=f"Part {no}", type="consu")
    usual, moved = system.search_read, 0

    def moving(asked: Asked, model: str) -> Any:
        nonlocal moved
        answer = usual(asked, model)
        if model == "product.product" and answer and moved < 4:
            moved += 1
            system.put(model, answer[0]["id"], at(4, 8, moved))
        return answer

    web.route("POST", r"/json/2/([a-z.]+)/search_read")(moving)
    read = line(tmp_path, web)
    assert not read.land().failures
    assert {int(row["product_id"]) for row in read.landed("products")} == {31, 32, *range(200, 210)}


def test_an_expired_key_a_missing_app_and_a_server_under_maintenance_are_said(
    tmp_path: Path, web: WebSystem, system: Odoo, waited: list[float]
) -> None:
    (said,) = {str(failure.finding) for failure in line(tmp_path / "key", web, "expired").land().failures}
    assert "the system does not accept our account (401: Invalid apikey)" in said
    missing = system.error(404, "werkzeug.exceptions.NotFound", "the model 'mrp.production' does not exist")
    web.route("POST", "/json/2/mrp.production/search_read")(lambda asked: missing)
    web.next = [Reply(b"<html>", 502), Reply(b"<html>", 503, {"Retry-After": "30"})]
    (failure,) = line(tmp_path / "app", web).land().failures
    assert "the model 'mrp.production' does not exist" in str(failure.finding) and "source.yaml:" in str(
        failure.finding
    )
    assert waited == [1, 30] and KEY not in str(failure.finding)


def test_a_server_that_ignores_the_offset_does_not_make_a_visit_endless(
    tmp_path: Path, web: WebSystem, system: Odoo
) -> None:
    row = {"id": 1, "usage": "customer", "write_date": "2026-10-01 08:00:00"}
    web.route("POST", "/json/2/stock.location/search_read")(lambda asked: [row, row | {"id": 2}])
    read = line(tmp_path, web)
    read.land()
    assert sum("stock.location" in asked.path for asked in web.asked) < 30
