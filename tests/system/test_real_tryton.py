"""The Tryton preset against a real Tryton on PostgreSQL: filled through JSON-RPC, backdated by SQL, read, compared."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import psycopg
import pytest

from tests.system.conftest import Line
from tests.system.real.lines import line_of, picked, rows
from tests.system.real.servers import environment_of, free_port, postgresql, started
from tests.system.real.tryton_rpc import Tryton

pytestmark = pytest.mark.system

MODULES = ("sale_opportunity", "sale_complaint", "production")
ORDERED = date(2026, 9, 1)


@dataclass
class Company:
    """A Tryton with one company, and what was put into it."""

    tryton: Tryton
    database: str
    unit: int = 0
    product: int = 0
    warehouse: int = 0
    term: int = 0

    def sql(self, *statements: str) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def found(self) -> None:
        """Set up what a company needs before its first order."""
        t = self.tryton
        groups = t.call("res.group", "search", [], 0, None, None)
        euro = t.create(
            "currency.currency",
            name="Euro",
            symbol="E",
            code="EUR",
            rates=[["create", [{"date": date(2020, 1, 1), "rate": Decimal(1)}]]],
        )
        company = t.create("company.company", party=t.create("party.party", name="Arvella"), currency=euro)
        t.context["company"] = company
        employee = t.create("company.employee", party=t.create("party.party", name="Anna Berger"), company=company)
        t.call(
            "res.user",
            "write",
            [t.user],
            {
                "companies": [["add", [company]]],
                "company": company,
                "employees": [["add", [employee]]],
                "employee": employee,
                "groups": [["add", groups]],
            },
        )
        t.context["employee"] = employee
        self.unit = t.find("product.uom", ["name", "=", "Unit"])
        self.warehouse = t.find("stock.location", ["type", "=", "warehouse"])
        self.term = t.create("account.invoice.payment_term", name="Now", lines=[["create", [{"type": "remainder"}]]])
        template = t.create(
            "product.template",
            name="Pump",
            type="goods",
            default_uom=self.unit,
            salable=True,
            sale_uom=self.unit,
            producible=True,
            list_price=Decimal(10),
            products=[["create", [{"suffix_code": "P-100"}]]],
        )
        self.product = t.read("product.template", template, "products")[0]

    def customer(self, name: str) -> int:
        return self.tryton.create("party.party", name=name, addresses=[["create", [{"city": "Linz"}]]])

    def sale(self, party: int, *lines: tuple[int, str], until: str = "process") -> int:
        """Enter a sale of pieces at prices and press its buttons ``until`` one."""
        t = self.tryton
        address = t.read("party.party", party, "addresses")[0]
        goods = [
            {
                "type": "line",
                "product": self.product,
                "quantity": pieces,
                "unit": self.unit,
                "unit_price": Decimal(price),
            }
            for pieces, price in lines
        ]
        sale = t.create(
            "sale.sale",
            party=party,
            invoice_address=address,
            shipment_address=address,
            warehouse=self.warehouse,
            payment_term=self.term,
            invoice_method="manual",
            shipment_method="order",
            sale_date=ORDERED,
            shipping_date=ORDERED + timedelta(days=9),
            lines=[["create", [*goods, {"type": "comment", "description": "Please call before"}]]],
        )
        steps = ("quote", "confirm", "process")
        t.steps("sale.sale", sale, *steps[: steps.index(until) + 1 if until in steps else 0])
        return sale

    def ship(self, sale: int, *, on: date, promised: date) -> None:
        """Ship a sale and put its days where they belong: the program knows today alone."""
        (shipment,) = self.tryton.read("sale.sale", sale, "shipments")
        self.tryton.steps("stock.shipment.out", shipment, "wait", "assign_force", "pick", "pack", "do")
        self.sql(
            f"""UPDATE stock_move SET effective_date = '{on}', planned_date = '{promised}', origin_planned_date = NULL
            WHERE shipment = 'stock.shipment.out,{shipment}'"""
        )

    def line_of(self, sale: int) -> int:
        return self.tryton.find("sale.line", ["sale", "=", sale], ["type", "=", "line"])


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    bin_ = environment_of("tryton")
    folder = tmp_path_factory.mktemp("tryton")
    with postgresql(tmp_path_factory.mktemp("pg")) as sockets:
        server = f"host={sockets} user=postgres"
        with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE tryton")
            connection.execute("CREATE ROLE reporting LOGIN")
            connection.execute("GRANT pg_read_all_data TO reporting")
        port, password = free_port(), folder / "password"
        password.write_text("admin\n")
        settings = folder / "trytond.conf"
        settings.write_text(
            f"[database]\nuri = postgresql://postgres@/\n[web]\nlisten = 127.0.0.1:{port}\n", encoding="utf-8"
        )
        env = {"PGHOST": str(sockets), "PGUSER": "postgres", "TRYTONPASSFILE": str(password)}
        admin = [bin_ / "trytond-admin", "-c", settings, "-d", "tryton"]
        for arguments in (["--all", "--email", "a@example.org"], ["-u", *MODULES, "--activate-dependencies"]):
            subprocess.run(
                [*admin, *arguments], env={**os.environ, **env}, check=True, capture_output=True, timeout=400
            )
        tryton = Tryton(f"http://127.0.0.1:{port}/tryton/rpc/")
        command = [bin_ / "trytond", "-c", settings, "-d", "tryton"]
        with started(command, env=env, log=folder / "log", answers=tryton.answers):
            made = Company(tryton, f"{server} dbname=tryton")
            made.found()
            yield made


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, company: Company) -> Line:
    """A workspace that knows this one source, as its preset declares it."""
    sockets = company.database.split()[0].removeprefix("host=")
    connection = f"postgresql://reporting@/tryton?host={sockets}"
    family = {"family: {}": "family: {Pump: circulation}"}
    return line_of("tryton", connection, tmp_path_factory.mktemp("workspace"), family)


def test_what_was_put_in_comes_out(company: Company, line: Line) -> None:
    t = company.tryton
    north, south = company.customer("Nordwerk GmbH"), company.customer("Südpumpen AG")
    on_time, late, open_ = (
        company.sale(north, (5, "12.50")),
        company.sale(south, (3, "100")),
        company.sale(south, (7, "9.99")),
    )
    promised = ORDERED + timedelta(days=9)
    company.ship(on_time, on=promised, promised=promised)
    company.ship(late, on=promised + timedelta(days=4), promised=promised)
    quotation = company.sale(north, (1, "1"), until="quote")
    complaint_type = t.create(
        "sale.complaint.type", name="Late delivery", origin=t.find("ir.model", ["name", "=", "sale.line"])
    )
    complaint = t.create(
        "sale.complaint",
        customer=south,
        type=complaint_type,
        date=promised + timedelta(days=5),
        origin=f"sale.line,{company.line_of(late)}",
        description="four days late",
    )
    t.steps("sale.complaint", complaint, "wait", "approve")
    employee = t.context["employee"]
    lost = t.create("sale.opportunity", party=north, employee=employee, start_date=ORDERED, amount=Decimal("5000.5"))
    t.steps("sale.opportunity", lost, "opportunity", "lost")
    company.sql(
        f"UPDATE sale_complaint SET write_date = '2026-09-20 22:30' WHERE id = {complaint}",
        f"UPDATE sale_opportunity SET end_date = '2026-10-02' WHERE id = {lost}",
    )
    production = produced(company, pieces=10)

    checked = line.json("source", "check", "tryton")
    assert [entry for entry in checked["checks"] if entry["outcome"] == "failed"] == []
    reports = {report["table"]: report for report in line.json("run", "ingest", "tryton")}
    assert {report["status"] for report in reports.values()} == {"published"}

    lines = rows(line, "order_lines")
    assert len(lines) == 3
    names = ("customer_id", "ordered_on", "first_promised_on", "promised_on", "delivered_on", "quantity_ordered")
    values = ("quantity_delivered", "net_value", "status", "site", "product")
    assert picked(lines[str(company.line_of(on_time))], *names, *values) == (
        *(str(north), ORDERED, promised, promised, promised, 5.0),
        *(5.0, 62.5, "delivered", "linz", "P-100"),
    )
    assert picked(lines[str(company.line_of(late))], "delivered_on", "trouble_on", "told_first", "net_value") == (
        *(promised + timedelta(days=4), promised, False, 300.0),
    )
    assert picked(lines[str(company.line_of(open_))], "delivered_on", "net_value", "status") == (None, 69.93, "open")
    reasons = [reason for (reason,) in line.register("SELECT reason FROM quarantine ORDER BY reason")]
    assert reasons == [*["a line of text, not of goods."] * 4, "the sale is not confirmed yet."]
    assert reports["order_lines"]["quarantined"] == 5

    (complained,) = rows(line, "complaints").values()
    names = ("complaint_id", "customer_id", "order_line_id", "received_on", "closed_on", "reason", "justified")
    # settled at 22:30 UTC, which was the next day in Vienna
    assert picked(complained, *names) == (
        *("1", str(south), str(company.line_of(late)), promised + timedelta(days=5), date(2026, 9, 21), "late", True),
    )
    (opportunity,) = rows(line, "opportunities").values()
    assert picked(opportunity, "customer_id", "opened_on", "closed_on", "stage", "value") == (
        *(str(north), ORDERED, date(2026, 10, 2), "lost", 5000.5),
    )
    (made,) = rows(line, "production_orders").values()
    assert picked(made, "due_on", "completed_on", "quantity_planned", "quantity_good", "status") == (
        *(date(2026, 9, 5), date(2026, 9, 6), 10.0, 10.0, "completed"),
    )
    assert production
    assert {row["name"] for row in rows(line, "customers").values()} == {
        *("Arvella", "Anna Berger", "Nordwerk GmbH", "Südpumpen AG"),
    }

    # what changes at the source comes through, and what is deleted leaves
    t.steps("sale.sale", quotation, "confirm", "process")
    draft = t.create("sale.opportunity", party=north, employee=employee, start_date=ORDERED, amount=Decimal(1))
    line.run("run", "ingest", "tryton")
    assert len(rows(line, "order_lines")) == 4
    assert len(rows(line, "opportunities")) == 2
    t.steps("sale.opportunity", draft, "cancel", "delete")
    reports = {report["table"]: report["status"] for report in line.json("run", "ingest", "tryton")}
    assert len(rows(line, "opportunities")) == 1
    assert reports["customers"] == "unchanged"


def produced(company: Company, *, pieces: int) -> int:
    """Make pieces of the product, planned for the fifth of September and done a day late."""
    t = company.tryton
    inside = t.find("stock.location", ["type", "=", "production"])
    storage = t.read("stock.location", company.warehouse, "storage_location")
    output = {
        **{"product": company.product, "quantity": pieces, "unit": company.unit, "unit_price": Decimal(5)},
        **{"from_location": inside, "to_location": storage, "currency": t.find("currency.currency")},
    }
    number = t.create(
        "production",
        warehouse=company.warehouse,
        location=inside,
        product=company.product,
        quantity=pieces,
        unit=company.unit,
        planned_start_date=date(2026, 9, 1),
        planned_date=date(2026, 9, 5),
        outputs=[["create", [output]]],
    )
    t.steps("production", number, "wait", "assign_force", "run", "do")
    company.sql(f"UPDATE production SET effective_date = '2026-09-06' WHERE id = {number}")
    return number
