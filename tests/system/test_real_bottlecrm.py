"""The preset of BottleCRM against a real one on PostgreSQL 15: filled through its API, backdated by SQL, compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from tests.system.conftest import Line
from tests.system.real.bottlecrm import DATABASE, Crm, bottlecrm
from tests.system.real.lines import edit, ingested, line_of, picked, rows
from tests.system.real.postgresql import postgresql_15
from tests.system.real.servers import memory_folder

pytestmark = pytest.mark.system

SESSION = "app.current_org: YOUR_ORGANISATION_ID"


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with (
        memory_folder() as folder,
        postgresql_15(folder) as server,
        memory_folder() as work,
        bottlecrm(server, work) as crm,
    ):
        yield crm


@dataclass
class Company:
    """What was put in: ids by name, of the organisation that is read."""

    crm: Crm
    organisation: str
    ids: dict[str, str] = field(default_factory=dict)

    def ticket(self, name: str, **fields: object) -> str:
        self.ids[name] = self.crm.create("cases", **{"name": name, "status": "New", "priority": "Normal", **fields})
        return self.ids[name]

    def deal(self, name: str, **fields: object) -> str:
        self.ids[name] = self.crm.create("opportunities", **{"name": name, "currency": "EUR", **fields})
        return self.ids[name]

    def status(self, name: str, *steps: str) -> None:
        for step in steps:
            self.crm.ask("PATCH", f"cases/{self.ids[name]}/", status=step)

    def reply(self, name: str, moment: str, *, by_customer: bool = False, internal: bool = False) -> None:
        """Comment on a ticket; a customer's comes as the portal writes it, without an account of ours."""
        self.crm.ask("POST", f"cases/{self.ids[name]}/", comment="We look.", is_internal=internal)
        last = "(SELECT id FROM comment ORDER BY created_at DESC LIMIT 1)"
        author = ", commented_by_id = NULL" if by_customer else ""
        self.crm.sql(f"UPDATE comment SET commented_on = '{moment}+00'{author} WHERE id = {last}")

    def backdate(self, name: str, *steps: tuple[str, str]) -> None:
        """Put a ticket's activities, each named by its action, where they belong: the program knows now alone."""
        id_ = self.ids[name]
        found = self.crm.rows(
            f"""SELECT id, action FROM activity WHERE entity_id = '{id_}'
            AND action IN ('CREATE', 'STATUS_CHANGED', 'ASSIGN') ORDER BY created_at"""
        )
        assert [action for _, action in found] == [action for action, _ in steps]
        for (activity, _), (_, moment) in zip(found, steps, strict=True):
            self.crm.sql(f"UPDATE activity SET created_at = '{moment}+00' WHERE id = '{activity}'")
        self.crm.sql(
            f"""UPDATE "case" SET created_at = '{steps[0][1]}+00',
            resolved_at = CASE WHEN resolved_at IS NOT NULL THEN '{steps[-1][1]}+00'::timestamptz END
            WHERE id = '{id_}'"""
        )


@pytest.fixture(scope="module")
def company(crm: Crm) -> Company:
    crm.found("Another company")
    crm.create("accounts", name="Not ours", country="DE")
    crm.create("cases", name="Not ours", status="New", priority="High")
    made = Company(crm, crm.found("Arvella"))
    ids = made.ids
    ids["Nordwerk"] = crm.create("accounts", name="Nordwerk GmbH", country="AT")
    ids["Südpumpen"] = crm.create("accounts", name="Südpumpen AG", country="DE")
    crm.sql("UPDATE accounts SET created_at = '2026-01-31 23:30+00' WHERE name = 'Nordwerk GmbH'")  # 1 February here
    made.deal("open", account=ids["Nordwerk"], amount="5000.50", closed_on="2026-12-01")
    made.deal("won", account=ids["Nordwerk"], amount="125", stage="CLOSED_WON", closed_on="2026-10-09")
    made.deal("lost", account=ids["Südpumpen"], stage="CLOSED_LOST", closed_on="2026-10-02")
    made.deal("in dollars", account=ids["Südpumpen"], amount="1", currency="USD")
    made.deal("nobody's", amount="1")
    crm.sql("UPDATE opportunity SET created_at = '2026-09-01 22:30+00'")  # 2 September here
    made.ticket("leak", priority="Urgent", case_type="Incident", account=ids["Nordwerk"])
    made.reply("leak", "2026-10-06 07:10", internal=True)
    made.reply("leak", "2026-10-06 08:15")
    made.reply("leak", "2026-10-06 09:00", by_customer=True)
    made.status("leak", "Assigned", "Closed", "Assigned", "Closed")
    made.backdate(
        "leak", ("CREATE", "2026-10-06 07:00"), ("STATUS_CHANGED", "2026-10-06 08:15"),
        ("STATUS_CHANGED", "2026-10-07 10:00"), ("STATUS_CHANGED", "2026-10-09 06:00"),
        ("STATUS_CHANGED", "2026-10-10 12:00"),
    )  # fmt: skip
    made.ticket("twin", account=ids["Südpumpen"])
    made.reply("twin", "2026-10-06 07:40")
    made.backdate("twin", ("CREATE", "2026-10-06 07:30"))
    made.ticket("waiting", priority="Low", account=ids["Südpumpen"])
    made.status("waiting", "Pending")
    made.backdate("waiting", ("CREATE", "2026-10-25 00:30"), ("STATUS_CHANGED", "2026-10-25 01:30"))
    made.ticket("mistake")
    made.ticket("rejected", account=ids["Nordwerk"])
    made.status("rejected", "Rejected")
    made.backdate("rejected", ("CREATE", "2026-10-26 01:30"), ("STATUS_CHANGED", "2026-10-26 02:00"))
    return made


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, crm: Crm) -> Line:
    """A workspace with the preset as it is shipped: the organisation is not named yet."""
    return line_of("bottlecrm", crm.server.url("reporting", DATABASE), tmp_path_factory.mktemp("workspace"))


def name_organisation(line: Line, old: str, new: str) -> None:
    edit(line.folder / "catalog/sources/bottlecrm/source.yaml", {old: new})


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def test_without_its_organisation_the_source_is_refused_and_not_read_as_empty(company: Company, line: Line) -> None:
    hidden = company.crm.server
    with hidden.connected(DATABASE) as connection:
        connection.execute("SET ROLE reporting")
        assert connection.execute('SELECT count(*) FROM "case"').fetchall() == [(0,)], "no row and no error"
    said = line.run("run", "ingest", "bottlecrm", expect=1).stderr
    assert 'table "case" shows no row; row-level security hides' in said
    assert "name the setting that its policies ask for under session in source.yaml" in said
    assert not (line.folder / "lake" / "tickets").exists()


def test_what_was_put_in_comes_out(company: Company, line: Line) -> None:
    ids = company.ids
    name_organisation(line, SESSION, f"app.current_org: {company.organisation}")
    checked = line.json("source", "check", "bottlecrm")
    assert [entry for entry in checked["checks"] if entry["outcome"] == "failed"] == []
    assert not [entry for entry in checked["checks"] if entry["check"] == "permissions"], "the account may read alone"
    assert ingested(line, "bottlecrm") == {
        "customers": ("published", 0), "opportunities": ("published", 2), "tickets": ("published", 0),
        "ticket_replies": ("published", 0), "ticket_status_changes": ("published", 0),
    }  # fmt: skip

    customers = rows(line, "customers")
    assert {row["name"] for row in customers.values()} == {"Nordwerk GmbH", "Südpumpen AG"}
    assert picked(customers[ids["Nordwerk"]], "country", "site", "customer_since", "active") == (
        *("AT", "linz", date(2026, 2, 1), True),
    )
    deals = rows(line, "opportunities")
    names = ("customer_id", "opened_on", "closed_on", "stage", "value")
    assert picked(deals[ids["open"]], *names) == (ids["Nordwerk"], date(2026, 9, 2), None, "open", 5000.5)
    assert picked(deals[ids["won"]], *names) == (ids["Nordwerk"], date(2026, 9, 2), date(2026, 10, 9), "won", 125.0)
    assert picked(deals[ids["lost"]], "closed_on", "stage", "value") == (date(2026, 10, 2), "lost", 0.0)
    reasons = [reason for (reason,) in line.register("SELECT reason FROM quarantine ORDER BY reason")]
    assert reasons == ['currency "USD" is not among the codes of the source.', "the deal has no account yet."]

    tickets = rows(line, "tickets")
    assert set(tickets) == {ids[name] for name in ("leak", "twin", "waiting", "mistake", "rejected")}
    leak = {
        "customer_id": ids["Nordwerk"], "category": "Incident", "priority": "high", "opened_at": at("10-06 07:00"),
        "first_reply_at": at("10-06 08:15"), "resolved_at": at("10-10 12:00"), "closed_at": at("10-10 12:00"),
        "due_at": at("10-06 11:00"), "reply_due_at": at("10-06 08:00"), "two_weeks_old_at": at("10-20 07:00"),
        "status": "closed", "reopened": 1, "reassigned": 0, "reached_human": True, "first_contact_resolved": False,
    }  # fmt: skip
    assert picked(tickets[ids["leak"]], *leak) == tuple(leak.values())
    names = ("status", "opened_at", "first_reply_at", "resolved_at", "first_contact_resolved")
    assert picked(tickets[ids["waiting"]], *names) == ("pending", at("10-25 00:30"), None, None, None)
    assert picked(tickets[ids["rejected"]], *names) == ("closed", at("10-26 01:30"), None, at("10-26 02:00"), True)
    said = sorted((row["replied_at"], row["author"]) for row in rows(line, "ticket_replies").values())
    assert said == [(at("10-06 07:40"), "agent"), (at("10-06 08:15"), "agent"), (at("10-06 09:00"), "customer")]
    changes = sorted(
        (row["changed_at"], row["from_status"], row["to_status"])
        for row in rows(line, "ticket_status_changes").values()
        if row["ticket_id"] == ids["leak"]
    )
    assert changes == [
        (at("10-06 07:00"), None, "new"), (at("10-06 08:15"), "new", "open"), (at("10-07 10:00"), "open", "closed"),
        (at("10-09 06:00"), "closed", "open"), (at("10-10 12:00"), "open", "closed"),
    ]  # fmt: skip
    assert {status for status, _ in ingested(line, "bottlecrm").values()} == {"unchanged"}


def test_the_next_visit_brings_what_changed_also_where_its_time_of_change_did_not(company: Company, line: Line) -> None:
    crm, ids = company.crm, company.ids
    before = crm.rows(f"SELECT updated_at FROM \"case\" WHERE id = '{ids['mistake']}'")
    crm.ask("POST", "cases/bulk/delete/", ids=[ids["mistake"]])
    assert crm.rows(f"SELECT updated_at FROM \"case\" WHERE id = '{ids['mistake']}'") == before, "deleted all the same"
    crm.ask("POST", f"opportunities/{ids['open']}/line-items/", name="Pump", quantity=10, unit_price="12.50")
    crm.ask("POST", f"cases/{ids['twin']}/merge/{ids['leak']}/")
    company.reply("rejected", "2026-10-27 09:00")
    crm.ask("DELETE", f"cases/{ids['rejected']}/")
    assert crm.rows(f"SELECT count(*) FROM comment WHERE object_id = '{ids['rejected']}'") == [(1,)], "left behind"
    early = "00000000-0000-4000-8000-00000000000a"  # of a ticket that was opened after the tickets were read
    crm.sql(
        f"""INSERT INTO comment SELECT (jsonb_populate_record(m, '{{"id": "{early}", "object_id": "{early}"}}')).*
        FROM comment m WHERE object_id = '{ids["leak"]}' AND NOT is_internal LIMIT 1"""
    )
    crm.ask("DELETE", f"opportunities/{ids['lost']}/")
    crm.ask("PATCH", f"opportunities/{ids['in dollars']}/", currency="EUR")

    outcome = ingested(line, "bottlecrm")
    assert (outcome["opportunities"], outcome["tickets"]) == (("published", 1), ("published", 0))
    assert {row["value"] for row in rows(line, "opportunities").values()} == {125.0, 1.0}
    assert set(rows(line, "opportunities")) == {ids[name] for name in ("open", "won", "in dollars")}
    tickets = rows(line, "tickets")
    assert set(tickets) == {ids["leak"], ids["waiting"]}
    assert tickets[ids["leak"]]["first_reply_at"] == at("10-06 07:40"), "with what was written in the merged one"
    assert {row["ticket_id"] for row in rows(line, "ticket_replies").values()} == {ids["leak"]}
    assert len(rows(line, "ticket_replies")) == 3
    waiting = line.register("SELECT reason FROM quarantine WHERE table_name = 'ticket_replies'")
    assert waiting == [(f"case {early} is not in case.",)]
    assert {row["ticket_id"] for row in rows(line, "ticket_status_changes").values()} == {ids["leak"], ids["waiting"]}
    assert {status for status, _ in ingested(line, "bottlecrm").values()} == {"unchanged"}


def test_rows_that_are_hidden_later_are_no_deletion(company: Company, line: Line) -> None:
    kept = {table: rows(line, table) for table in ("customers", "opportunities", "tickets")}
    name_organisation(line, company.organisation, "00000000-0000-0000-0000-000000000000")
    said = line.run("run", "ingest", "bottlecrm", expect=1).stderr
    for table in ("accounts", "opportunity", "case"):
        assert f'"{table}" is suddenly empty' in said
    assert "row-level security hides" in said
    assert {table: rows(line, table) for table in kept} == kept
