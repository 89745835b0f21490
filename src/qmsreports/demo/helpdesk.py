"""helpdesk.db: tickets, messages and status history in Vienna wall-clock time without a zone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo.care import promised_updates
from qmsreports.demo.clock import utc_of, vienna_of
from qmsreports.demo.company import LIVE, PLANT, Accounts, Plan
from qmsreports.demo.dirt import Dirt
from qmsreports.demo.store import Column, TableRows, instants, known, listed
from qmsreports.demo.tickets import CLOCK_CHANGE, FAX, MISSING_HOUR, NO_SITE, TOPIC, VIA, ZONED, Life, month_of_tickets

_STATE_EVENTS = (  # event, old state, new state; in the order in which they happen
    ("opened", None, "N"),
    ("reply", "N", "O"),
    ("pending", "O", "P"),
    ("back", "P", "O"),
    ("resolved", "O", "R"),
    ("reopened", "R", "O"),
    ("resolved_again", "O", "R"),
    ("closed", "R", "C"),
)
_MESSAGE_EVENTS = (  # event, sender, seconds after it
    ("opened", "C", 0),
    ("bot_reply", "B", 0),
    ("reply", "A", 0),
    ("asked_more", "C", 0),
    ("pending", "A", -40),
    ("back", "C", -15),
    ("resolved", "A", -25),
    ("reopened", "C", -20),
    ("answered_again", "A", 0),
    ("resolved_again", "A", -25),
)
_TICKET = (
    "ticket_no INTEGER",
    "cust_ref TEXT",
    "via TEXT",
    "topic TEXT",
    "prio INTEGER",
    "site_code TEXT",
    "opened_local TEXT",
    "due_local TEXT",
    "reply_due_local TEXT",
    "state TEXT",
    "bot_started INTEGER",
    "wants_person INTEGER",
    "handovers INTEGER",
    "updated_local TEXT",
)
_MESSAGE = ("msg_id INTEGER", "ticket_no INTEGER", "sent_local TEXT", "sender TEXT", "via TEXT")
_PROMISE = (
    "promise_id INTEGER",
    "ticket_no INTEGER",
    "given_local TEXT",
    "due_local TEXT",
    "told_local TEXT",
    "changed_local TEXT",
)
_LOG = ("log_id INTEGER", "ticket_no INTEGER", "at_local TEXT", "old_state TEXT", "new_state TEXT")


def lives(plan: Plan, customers: Accounts) -> Life:
    """Return all tickets with their whole lives, in order of arrival; ``number`` is the ticket number."""
    months = [month_of_tickets(plan, customers, month) for month in plan.from_month("2023-09")]
    life = {name: np.concatenate([month[name] for month in months]) for name in months[0]}
    carried = np.fmax(life["resolved"], life["resolved_again"]) >= LIVE.astype("datetime64[s]")
    life = {name: values[carried] for name, values in life.items()}
    life["number"] = np.arange(len(life["opened"])) + 40001
    return life


def tables(plan: Plan, customers: Accounts, life: Life, dirt: Dirt) -> list[TableRows]:
    """Return the four tables as they stood at the cutoff."""
    cutoff = vienna_of(np.array([plan.cutoff]))[0]
    exists = life["opened"] <= cutoff
    shown = exists & ~(life["deleted"] <= cutoff)
    return [
        _tickets(life, customers, shown, cutoff, dirt),
        _messages(life, exists, cutoff, dirt),
        _log(life, exists, cutoff),
        _promises(life, exists, cutoff),
    ]


def _tickets(life: Life, customers: Accounts, shown: NDArray[np.bool_], cutoff: np.datetime64, dirt: Dirt) -> TableRows:
    rows = np.flatnonzero(shown)
    number = life["number"]
    state = np.full(len(number), "N", object)
    for event, _, new in _STATE_EVENTS:
        skipped = np.isnat(life["reply"]) if event in ("reply", "pending", "back") else np.zeros(len(number), bool)
        state[(life[event] <= cutoff) & ~skipped] = new
    updated = life["opened"].copy()
    for event in [name for name, _, _ in _STATE_EVENTS] + ["bot_reply", "asked_more", "handover_1", "handover_2"]:
        updated = np.where((life[event] <= cutoff) & (life[event] > updated), life[event], updated)
    via, site = VIA[life["channel"]], PLANT[life["site"]]
    opened = instants(life["opened"])
    code = life["dirt"]
    via[code == FAX] = "FAX"
    site[code == NO_SITE] = "XXX"
    zoned = code == ZONED
    opened[zoned] = _with_offset(life["opened"][zoned])
    for which, kind in ((FAX, "ticket_channel_fax"), (NO_SITE, "ticket_site_xxx"), (ZONED, "ticket_offset")):
        dirt.found(kind, number[shown & (code == which)].tolist())
    night = shown & (code == CLOCK_CHANGE)
    dirt.found("ticket_doubled_hour", number[night & (life["opened"] < MISSING_HOUR.min())].tolist())
    dirt.found("ticket_missing_hour", number[night & (life["opened"] >= MISSING_HOUR.min())].tolist())
    dirt.found("ticket_deleted", number[(life["opened"] <= cutoff) & (life["deleted"] <= cutoff)].tolist())
    reference = known(customers.number[life["account"]], life["account"] >= 0)
    handovers = (life["handover_1"] <= cutoff).astype(int) + (life["handover_2"] <= cutoff)
    values = {
        "ticket_no": number,
        "cust_ref": reference,
        "via": via,
        "topic": TOPIC[life["topic"]],
        "prio": life["priority"] + 1,
        "site_code": site,
        "opened_local": opened,
        "due_local": instants(life["due"]),
        "reply_due_local": instants(life["reply_due"]),
        "state": state,
        "bot_started": life["bot"].astype(int),
        "wants_person": life["wanted_person"].astype(int),
        "handovers": handovers,
        "updated_local": instants(updated),
    }
    return TableRows("ticket", _TICKET, ("ticket_no",), {name: listed(column, rows) for name, column in values.items()})


def _messages(life: Life, exists: NDArray[np.bool_], cutoff: np.datetime64, dirt: Dirt) -> TableRows:
    parts = [
        (life[event] + np.timedelta64(seconds, "s"), np.full(len(exists), sender, object))
        for event, sender, seconds in _MESSAGE_EVENTS
    ]
    told_by_bot = parts[[event for event, _, _ in _MESSAGE_EVENTS].index("resolved")][1]
    told_by_bot[np.isnat(life["reply"])] = "B"  # nobody else was there
    ticket = np.tile(np.arange(len(exists)), len(parts))
    at = np.concatenate([when for when, _ in parts])
    sender = np.concatenate([who for _, who in parts])
    rows = _known_by(at, cutoff, exists[ticket] & ~(at > life["deleted"][ticket]))
    ticket, at, sender = ticket[rows], at[rows], sender[rows]
    sent = instants(at)
    zoned = (life["dirt"][ticket] == ZONED) & (sender == "A")
    sent[zoned] = _with_offset(at[zoned])
    ids = np.arange(len(rows)) + 500001
    dirt.found("message_offset", ids[zoned].tolist())
    again = np.repeat([event == "asked_more" for event, _, _ in _MESSAGE_EVENTS], len(exists))[rows]
    via = VIA[np.where(again, life["asked_via"][ticket], life["channel"][ticket])]
    values = {
        "msg_id": ids.tolist(),
        "ticket_no": life["number"][ticket].tolist(),
        "sent_local": sent.tolist(),
        "sender": sender.tolist(),
        "via": via.tolist(),
    }
    return TableRows("message", _MESSAGE, ("msg_id",), values)


def _log(life: Life, exists: NDArray[np.bool_], cutoff: np.datetime64) -> TableRows:
    size = len(exists)
    by_bot = np.isnat(life["reply"])
    at, old, new = [], [], []
    for event, before, after in _STATE_EVENTS:
        at.append(life[event])
        column: Column = np.full(size, before, object)
        if event == "resolved":
            column[by_bot] = "N"  # a bot resolves without opening
        old.append(column)
        new.append(np.full(size, after, object))
    ticket = np.tile(np.arange(size), len(at))
    instant = np.concatenate(at)
    rows = _known_by(instant, cutoff, exists[ticket] & ~(instant > life["deleted"][ticket]))
    values = {
        "log_id": (np.arange(len(rows)) + 700001).tolist(),
        "ticket_no": life["number"][ticket[rows]].tolist(),
        "at_local": instants(instant[rows]).tolist(),
        "old_state": np.concatenate(old)[rows].tolist(),
        "new_state": np.concatenate(new)[rows].tolist(),
    }
    return TableRows("state_log", _LOG, ("log_id",), values)


def _promises(life: Life, exists: NDArray[np.bool_], cutoff: np.datetime64) -> TableRows:
    """When the desk promised to write again, and when it did."""
    p = promised_updates(life)
    rows = np.flatnonzero((p["given"] <= cutoff) & exists[p["ticket"]] & ~(p["given"] > life["deleted"][p["ticket"]]))
    p = {name: values[rows] for name, values in p.items()}
    told = np.where(p["told"] <= cutoff, p["told"], np.datetime64("NaT", "s"))
    values = {
        "promise_id": (np.arange(len(rows)) + 900001).tolist(),
        "ticket_no": life["number"][p["ticket"]].tolist(),
        "given_local": instants(p["given"]).tolist(),
        "due_local": instants(p["due"]).tolist(),
        "told_local": instants(told).tolist(),
        "changed_local": instants(np.where(np.isnat(told), p["given"], told)).tolist(),
    }
    return TableRows("update_promise", _PROMISE, ("promise_id",), values)


def _known_by(at: NDArray[np.datetime64], cutoff: np.datetime64, exists: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows that were written by the cutoff, in the order of writing: so numbers never change afterwards."""
    rows = np.flatnonzero((at <= cutoff) & exists)
    return np.asarray(rows[np.argsort(at[rows], kind="stable")])


def _with_offset(local: NDArray[np.datetime64]) -> Column:
    """Write an instant as the partner's portal does: always at +02:00, in winter too."""
    return np.asarray(instants(utc_of(local) + np.timedelta64(7200, "s")) + "+02:00", object)
