"""The life of tickets: how they arrive, when they are answered, resolved, reopened and closed, in Vienna time.

One month of arrivals is lived through to its end, whatever lies beyond the cutoff; :mod:`helpdesk` then shows what the
system knew on the day of reading.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo.care import add_care
from qmsreports.demo.causes import SHORT_DESK, within
from qmsreports.demo.chance import even, long_tail, mark, pick, whole
from qmsreports.demo.clock import (
    DESK,
    TICKET_SEASON,
    at_hours,
    growth,
    holidays,
    month_days,
    month_number,
    trading_days,
)
from qmsreports.demo.company import SITE_SHARE, Accounts, Plan

Life = dict[str, NDArray[Any]]

PHONE, EMAIL, CHAT, SOCIAL, COUNTER = range(5)
VIA = np.array(["PHONE", "EMAIL", "CHAT", "SOCIAL", "COUNTER"], object)
TOPIC = np.array(["delivery", "technical", "invoice", "spare parts", "order change", "return"], object)
TICKETS_A_MONTH = 260
_CHANNEL_SHARE = [0.27, 0.40, 0.22, 0.06, 0.05]
_TOPIC_SHARE = [0.27, 0.26, 0.14, 0.16, 0.11, 0.06]
_OUTSIDE_HOURS = np.array([0.0, 0.17, 0.20, 0.30, 0.0])  # share that arrives in the evening or at the weekend
_REPLY_MEDIAN = np.array([1.6, 105.0, 2.6, 130.0, 3.5]) * 60  # seconds of working time until a person answers
_REPLY_SHAPE = np.array([0.55, 0.50, 0.60, 0.50, 0.55])
_TARGET = np.array([18, 45, 90]) * 3600  # working time to resolve, by priority high, normal, low
_SPEED = np.array([0.17, 0.32, 0.17, 0.34, 0.17])  # median share of the target that a case takes, by channel
_BOT_SHARE, _HUMAN_SHARE, _HUMAN_SHARE_SHORT = 0.40, 0.945, 0.77
_DIFFICULT = (1, 5)  # technical and return
_DIFFICULT_TO_BOT = 0.80  # of the bot's difficult cases, how many it hands over
NAT = np.datetime64("NaT", "s")

# dirt of tickets, one code at most per ticket
FAX, NO_SITE, DELETED, ZONED, CLOCK_CHANGE = 1, 2, 3, 4, 5
DOUBLED_HOUR = np.array(["2025-10-26T02:30:00", "2025-10-26T02:45:12", "2025-10-26T02:30:00"], "datetime64[s]")
MISSING_HOUR = np.array(["2026-03-29T02:30:00", "2026-03-29T02:12:40"], "datetime64[s]")  # the wall clock skipped it


def month_of_tickets(plan: Plan, customers: Accounts, month: int) -> Life:
    """Return the whole life of the tickets that arrive in one month."""
    rng = plan.stream("helpdesk", month)
    wanted = TICKETS_A_MONTH * plan.scale * TICKET_SEASON[month % 12] * growth(month, 0.004)
    size = whole(rng, wanted * (1 + 0.012 * plan.noise("tickets", month).item()))
    channel = pick(even(rng, np.zeros(size, np.int64)), _CHANNEL_SHARE)
    opened = _arrivals(rng, month, channel)
    night = _at_night(month, channel, opened)
    order = np.argsort(opened, kind="stable")
    channel, opened, night = channel[order], opened[order], night[order]
    site = pick(even(rng, channel), SITE_SHARE)
    priority = pick(even(rng, channel), [0.12, 0.70, 0.18])
    life: Life = {
        "channel": channel,
        "opened": opened,
        "site": site,
        "priority": priority,
        "topic": pick(even(rng, channel), _TOPIC_SHARE),
        "account": np.where(rng.random(size) < 0.9, customers.choose(rng.random(size), site, month), -1),
        "due": DESK.after(opened, _TARGET[priority]),
    }
    short = within(opened.astype("datetime64[D]"), SHORT_DESK)
    _answer(rng, plan, month, life, short)
    _resolve(rng, plan, month, life, short)
    _reopen(rng, plan, month, life)
    add_care(plan, month, life)
    life["dirt"] = mark(rng, size, {FAX: 0.0012, NO_SITE: 0.0012, DELETED: 0.0045, ZONED: 0.003})
    life["dirt"] = np.where(night > 0, night, life["dirt"])
    deletion_run = np.datetime64(month + 1, "M").astype("datetime64[s]") + np.timedelta64(14 * 86400 + 4500, "s")
    life["deleted"] = np.where(life["dirt"] == DELETED, deletion_run, NAT)
    return life


def _arrivals(rng: np.random.Generator, month: int, channel: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Local arrival instants: desk hours, and for mail, chat and social also evenings and weekends."""
    days = month_days(month)
    working = np.where(trading_days(days) > 0.3, trading_days(days), 0)
    free = np.where(((days.astype(np.int64) + 3) % 7 >= 5) | np.isin(days, holidays("AT")), 1.0, 0.0)
    outside = even(rng, channel) < _OUTSIDE_HOURS[channel]
    weekend = outside & (rng.random(len(channel)) < 0.45) & bool(free.sum())
    day = days[pick(even(rng, channel), working)]
    if free.sum():
        day = np.where(weekend, days[pick(rng.random(len(channel)), free)], day)
    hour = rng.random(len(channel))
    at = at_hours(day, hour, "desk")
    at = np.where(outside, at_hours(day, hour, "evening"), at)
    return np.asarray(np.where(weekend, at_hours(day, hour, "weekend"), at))


def _at_night(month: int, channel: NDArray[np.int64], opened: NDArray[np.datetime64]) -> NDArray[np.uint8]:
    """Move a few mails into the hours in which the clocks change; return the dirt code of each ticket.

    One of those in the doubled hour carries its offset and is the only one that can be told for certain.
    """
    codes = np.zeros(len(opened), np.uint8)
    for hour in (DOUBLED_HOUR, MISSING_HOUR):
        if int(month_number(hour[:1])[0]) == month:
            rows = np.flatnonzero(channel == EMAIL)[: len(hour)]
            opened[rows], codes[rows] = hour, CLOCK_CHANGE
            codes[rows[2:]] = ZONED
    return codes


def _answer(rng: np.random.Generator, plan: Plan, month: int, life: Life, short: NDArray[np.bool_]) -> None:
    """First replies: a bot within seconds for some chats, a person in working time."""
    channel, opened = life["channel"], life["opened"]
    size = len(channel)
    bot = (channel == CHAT) & (even(rng, channel) < _BOT_SHARE)
    share = np.where(short, _HUMAN_SHARE_SHORT, _HUMAN_SHARE + 0.02 * plan.noise("bot", month))
    difficult = np.isin(life["topic"], _DIFFICULT)
    share = np.where(difficult & ~short, _DIFFICULT_TO_BOT, share)
    human = ~bot | (even(rng, (bot * 2 + short) * 2 + difficult) < share)
    wait = long_tail(even(rng, channel * 2 + short), _REPLY_MEDIAN[channel], 1.0)
    wait = _REPLY_MEDIAN[channel] * (wait / _REPLY_MEDIAN[channel]) ** _REPLY_SHAPE[channel]
    wait = wait * np.where(short, 3.0, 1 + 0.17 * plan.noise("reply", month))
    asked = opened + rng.integers(60, 300, size).astype("timedelta64[s]")  # bot first, then handed over
    reply = DESK.after(np.where(bot, asked, opened), np.clip(wait, 15, 5 * 9 * 3600))
    life["bot"] = bot
    life["bot_reply"] = np.where(bot, opened + rng.integers(2, 9, size).astype("timedelta64[s]"), NAT)
    life["reply"] = np.where(human, reply, NAT)


def _resolve(rng: np.random.Generator, plan: Plan, month: int, life: Life, short: NDArray[np.bool_]) -> None:
    """Resolution, waiting for the customer in between, hand-overs, automatic closing after five working days."""
    channel, opened, reply = life["channel"], life["opened"], life["reply"]
    size = len(channel)
    part = long_tail(even(rng, channel * 2 + short), _SPEED[channel], 0.62)
    part = part * np.where(short, 2.7, 1 + 0.12 * plan.noise("time to resolve", month))
    worked = DESK.after(opened, np.minimum(part, 4.0) * _TARGET[life["priority"]])
    at_once = reply + rng.integers(180, 1500, size).astype("timedelta64[s]")
    by_bot = opened + rng.integers(150, 900, size).astype("timedelta64[s]")
    resolved = np.where(np.isnat(reply), by_bot, np.maximum(worked, at_once))
    life["resolved"] = resolved
    begun = np.where(np.isnat(reply), opened, reply)
    long_case = (resolved - opened) > np.timedelta64(2 * 86400, "s")
    waits = ~np.isnat(reply) & long_case & (rng.random(size) < 0.55)
    asked = 0.2 + 0.25 * rng.random(size)
    life["pending"] = np.where(waits, _between(begun, resolved, asked), NAT)
    life["back"] = np.where(waits, _between(begun, resolved, asked + 0.35), NAT)
    handed = np.where(np.isnat(reply), 1.0, rng.random(size))
    for name, share in (("handover_1", 0.16), ("handover_2", 0.035)):
        moment = _between(begun, resolved, rng.uniform(0.05, 0.9, size))
        life[name] = np.where(handed < share, moment, NAT)


def _reopen(rng: np.random.Generator, plan: Plan, month: int, life: Life) -> None:
    """About one case in twenty comes back within days, is answered again and resolved again."""
    size = len(life["resolved"])
    human = ~np.isnat(life["reply"])
    back = even(rng, human * 3 + life["site"]) < 0.05 + 0.004 * plan.noise("reopened", month)
    again = DESK.after(life["resolved"], rng.uniform(0.4, 4.2, size) * 9 * 3600)
    second = DESK.after(again, long_tail(rng.random(size), 0.12, 0.6) * _TARGET[life["priority"]] + 600)
    life["reopened"] = np.where(back, again, NAT)
    life["answered_again"] = np.where(back, _between(again, second, np.full(size, 0.6)), NAT)
    life["resolved_again"] = np.where(back, second, NAT)
    life["closed"] = DESK.after(np.where(back, second, life["resolved"]), np.full(size, 5 * 9 * 3600.0))
    talk = human & (rng.random(size) < 0.38)
    begun = np.where(human, life["reply"], life["opened"])
    life["asked_more"] = np.where(talk, _between(begun, life["resolved"], np.full(size, 0.4)), NAT)


def _between(
    start: NDArray[np.datetime64], end: NDArray[np.datetime64], part: NDArray[np.float64]
) -> NDArray[np.datetime64]:
    """Return the instant at which this part of the working time between two instants has passed."""
    begun, over = DESK.elapsed(start), DESK.elapsed(end)
    moment = DESK.instant(begun + ((over - begun) * part).astype(np.int64))
    return np.asarray(np.clip(moment, start, end))
