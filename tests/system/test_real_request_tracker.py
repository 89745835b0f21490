"""The preset of Request Tracker against a real one: filled by mail and REST 2, backdated by SQL, read, compared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.system.conftest import Line
from tests.system.real.lines import ingested, line_of, picked, rows
from tests.system.real.request_tracker import Desk, request_tracker
from tests.system.real.servers import memory_folder

pytestmark = pytest.mark.system

BUYER, COLLEAGUE = "einkauf@nordwerk.example", "lager@nordwerk.example"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with memory_folder() as folder, request_tracker(folder) as running:
        yield running


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, desk: Desk) -> Line:
    """Pages of five, so that a few tickets are several pages."""
    return line_of("request_tracker", desk.connection, tmp_path_factory.mktemp("workspace"), {"size: 100": "size: 5"})


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-{text}").replace(tzinfo=UTC)


def moments(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [(kind, f"2025-{moment}:00") for kind, moment in pairs]


@pytest.fixture(scope="module")
def put_in(desk: Desk) -> dict[str, int]:
    """Tickets of October 2025, by what happened to them."""
    leak = desk.mail(BUYER, "Pump leaks")
    desk.reply(leak)
    desk.ask("POST", f"ticket/{leak}/comment", {"Content": "Ask production.", "ContentType": "text/plain"})
    desk.mail(BUYER, "When?", leak)
    desk.change(leak, Status="resolved")
    desk.mail(BUYER, "Leaks again", leak)
    desk.reply(leak, by="berta")
    desk.change(leak, Status="resolved", by="berta")
    twin = desk.mail(COLLEAGUE, "Pump leaks, too")
    desk.reply(twin)
    desk.change(twin, MergeInto=leak)
    desk.backdate(
        twin, *moments(("Create", "10-06 07:30"), ("Correspond", "10-06 07:40"), ("Status", "10-06 07:40"),
                       ("AddLink", "10-06 07:45")),
    )  # fmt: skip
    desk.backdate(
        leak, *moments(("Create", "10-06 07:00"), ("Correspond", "10-06 08:15"), ("Status", "10-06 08:15"),
                       ("Comment", "10-06 08:20"), ("Correspond", "10-06 09:00"), ("Status", "10-07 10:00"),
                       ("Correspond", "10-09 06:00"), ("Status", "10-09 06:00"), ("Correspond", "10-09 07:00"),
                       ("Status", "10-10 12:00"), ("AddLink", "10-06 07:45")),
    )  # fmt: skip
    spam = desk.mail("prince@spam.example", "Dear friend")
    desk.ask("DELETE", f"ticket/{spam}")
    desk.backdate(spam, *moments(("Create", "10-06 11:00"), ("Status", "10-06 11:05")))
    handed = desk.create("Wrong part", BUYER, Priority=60, Due="2025-11-03 12:00:00", Owner="anna")
    desk.change(handed, Owner="berta")
    desk.change(handed, Status="stalled")
    desk.backdate(handed, *moments(("Create", "10-26 00:30"), ("Set", "10-26 00:45"), ("Status", "10-26 01:30")))
    rejected = desk.create("Not ours", COLLEAGUE, Priority=100)
    desk.change(rejected, Status="rejected")
    desk.backdate(rejected, *moments(("Create", "10-26 01:30"), ("Status", "10-26 02:00")))
    tickets = {"leak": leak, "twin": twin, "spam": spam, "handed": handed, "rejected": rejected}
    for nth in range(12):  # more than two pages within one second
        tickets[f"imported {nth}"] = desk.create(f"imported {nth}", BUYER)
        desk.backdate(tickets[f"imported {nth}"], *moments(("Create", "10-27 08:00")))
    return tickets


def test_what_a_real_request_tracker_does_that_a_stand_in_would_not(desk: Desk, put_in: dict[str, int]) -> None:
    plain = desk.ask("GET", "tickets", query="id > 0", by="reporting")
    assert set(plain["items"][0]) == {"id", "type", "_url"}, "only numbers, unless fields are asked for"
    listed = [int(ticket["id"]) for ticket in desk.ask("GET", "tickets", query="id > 0", per_page="100")["items"]]
    assert put_in["spam"] not in listed and put_in["twin"] not in listed, "deleted and merged tickets are not listed"
    query = "EffectiveId > 0 AND id = {twin}".format(**put_in)
    (twin,) = desk.ask("GET", "tickets", query=query, fields="LastUpdated,Resolved")["items"]
    assert twin["LastUpdated"] == "2025-10-06T07:40:00Z", "a merge is no change of the ticket that is merged"
    assert twin["Resolved"] == "1970-01-01T00:00:00Z", "a time that is not set"
    asked = desk.ask("GET", "tickets", query="LastUpdated >= '2025-10-27 08:00:00'", by="reporting")
    assert asked["items"] == [], "the account of New York asks from 12:00 UTC on"
    history = desk.ask("GET", "transactions", query="ObjectType = 'RT::Ticket'", by="reporting", per_page="100")
    (there,) = desk.rows("SELECT count(*) FROM Transactions WHERE ObjectType = 'RT::Ticket'")[0]
    assert history["total"] is None, "how many there are is told to administrators alone"
    assert len(history["items"]) < min(there, 100), "what the account may not see leaves a short page"


def test_what_was_put_in_comes_out(desk: Desk, put_in: dict[str, int], line: Line) -> None:
    checked = line.json("source", "check", "request_tracker")
    assert [entry for entry in checked["checks"] if entry["outcome"] == "failed"] == []
    assert ingested(line, "request_tracker") == {
        "tickets": ("published", 0), "ticket_replies": ("published", 0), "ticket_status_changes": ("published", 0),
    }  # fmt: skip

    tickets = rows(line, "tickets")
    gone = {str(put_in["twin"]), str(put_in["spam"])}
    assert set(tickets) == {str(number) for number in put_in.values()} - gone
    leak = {
        "customer_id": "K-100", "site": "linz", "channel": "email", "category": "General", "priority": "low",
        "opened_at": at("10-06 07:00"), "first_reply_at": at("10-06 07:40"), "first_bot_reply_at": None,
        "resolved_at": at("10-10 12:00"), "closed_at": None, "due_at": None, "reply_due_at": None,
        "two_weeks_old_at": at("10-20 07:00"), "status": "resolved", "reopened": 1, "reassigned": 0,
        "begun_by_bot": False, "reached_human": True, "asked_for_human": None, "second_channel_within_7_days": None,
        "first_contact_resolved": False,
    }  # fmt: skip
    assert picked(tickets[str(put_in["leak"])], *leak) == tuple(leak.values())
    names = ("priority", "opened_at", "due_at", "first_reply_at", "resolved_at", "status", "reassigned", "customer_id")
    assert picked(tickets[str(put_in["handed"])], *names) == (
        "normal", at("10-26 00:30"), at("11-03 12:00"), None, None, "pending", 1, "K-100",
    )  # fmt: skip
    assert picked(tickets[str(put_in["rejected"])], *names, "closed_at", "first_contact_resolved") == (
        "high", at("10-26 01:30"), None, None, at("10-26 02:00"), "closed", 0, None, at("10-26 02:00"), True,
    )  # fmt: skip

    said = list(rows(line, "ticket_replies").values())
    of_leak = sorted((row["replied_at"], row["author"]) for row in said if row["ticket_id"] == str(put_in["leak"]))
    assert of_leak == [
        (at("10-06 07:00"), "customer"), (at("10-06 07:30"), "customer"), (at("10-06 07:40"), "agent"),
        (at("10-06 08:15"), "agent"), (at("10-06 09:00"), "customer"), (at("10-09 06:00"), "customer"),
        (at("10-09 07:00"), "agent"),
    ]  # fmt: skip
    assert len(said) == len(of_leak) + 2 + 12 and not gone & {row["ticket_id"] for row in said}

    changes = list(rows(line, "ticket_status_changes").values())
    steps = sorted(picked(row, "changed_at", "to_status", "from_status") for row in changes
                   if row["ticket_id"] == str(put_in["leak"]))  # fmt: skip
    assert steps == [
        (at("10-06 07:00"), "new", None), (at("10-06 08:15"), "open", "new"), (at("10-07 10:00"), "resolved", "open"),
        (at("10-09 06:00"), "open", "resolved"), (at("10-10 12:00"), "resolved", "open"),
    ]  # fmt: skip
    assert len(changes) == len(steps) + 2 + 2 + 12
    assert {status for status, _ in ingested(line, "request_tracker").values()} == {"unchanged"}


def test_the_next_visit_brings_what_changed(desk: Desk, put_in: dict[str, int], line: Line) -> None:
    last = desk.rows("SELECT max(LastUpdated) FROM Tickets")[0][0]
    assert last == "2025-10-27 08:00:00"
    within = put_in["imported 3"]  # changes in the very second that was read last
    desk.reply(within)
    desk.backdate(within, *moments(("Create", "10-27 08:00"), ("Correspond", "10-27 08:00"), ("Status", "10-27 08:00")))
    other = put_in["handed"]  # goes on with what was merged before
    desk.change(put_in["leak"], MergeInto=other)
    for number, kind in desk.history(put_in["leak"]) + desk.history(other):
        if kind == "AddLink" and desk.rows("SELECT 1 FROM Transactions WHERE id = ? AND Created > '2026'", number):
            desk.date(number, "2025-10-27 09:00:00")
    desk.ask("DELETE", f"ticket/{put_in['rejected']}")
    desk.change(put_in["spam"], Status="open")
    desk.backdate(
        put_in["spam"], *moments(("Create", "10-06 11:00"), ("Status", "10-06 11:05"), ("Status", "10-27 09:30"))
    )
    desk.backdate(
        put_in["rejected"], *moments(("Create", "10-26 01:30"), ("Status", "10-26 02:00"), ("Status", "10-27 09:31"))
    )

    assert all(outcome == ("published", 0) for outcome in ingested(line, "request_tracker").values())
    tickets = rows(line, "tickets")
    gone = {str(put_in[name]) for name in ("twin", "leak", "rejected")}
    assert set(tickets) == {str(number) for number in put_in.values()} - gone
    names = ("status", "first_reply_at", "reopened")
    assert picked(tickets[str(within)], *names) == ("open", at("10-27 08:00"), 0)
    assert picked(tickets[str(put_in["spam"])], *names) == ("open", None, 1)
    assert picked(tickets[str(other)], *names) == ("pending", None, 0), "no reply is from before it was opened"
    assert count_of(line, "ticket_replies", other) == 1 + 7
    assert count_of(line, "ticket_replies", put_in["rejected"]) == 0
    assert count_of(line, "ticket_status_changes", put_in["spam"]) == 3
    assert {status for status, _ in ingested(line, "request_tracker").values()} == {"unchanged"}


def count_of(line: Line, table: str, ticket: int) -> int:
    found: list[dict[str, Any]] = list(rows(line, table).values())
    return sum(row["ticket_id"] == str(ticket) for row in found)


def test_a_password_that_was_changed_stops_the_source_with_one_line(line: Line, desk: Desk) -> None:
    changed = Line(
        line.folder,
        {
            **line.extra,
            "QMSREPORTS_CONNECTION_REQUEST_TRACKER": desk.address.replace("//", "//reporting:old-password@"),
        },
    )
    said = changed.run("run", "ingest", "request_tracker", expect=1).stderr
    assert "401" in said and "old-password" not in said
    assert len(rows(line, "tickets")) > 10
