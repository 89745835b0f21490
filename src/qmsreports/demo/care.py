"""How cases feel to customers: promised replies and updates, second channels, wishes for a person, in Vienna time.

All of it is drawn from streams of its own, beside the life of the tickets, so that the tickets stay as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo.causes import SHORT_DESK, within
from qmsreports.demo.chance import even
from qmsreports.demo.clock import DESK, month_number
from qmsreports.demo.company import Plan

Life = dict[str, NDArray[Any]]
NAT = np.datetime64("NaT", "s")
PHONE, EMAIL, CHAT = 0, 1, 2

REPLY_PROMISE = np.array([6, 330, 12, 420, 12]) * 60  # seconds of working time, by channel
_UPDATE_EVERY = 18 * 3600  # two working days
_SOON = 9 * 3600  # no update is promised for a case that is solved within a working day
_UPDATES = 6
_IN_TIME, _IN_TIME_SHORT = 0.93, 0.66
_ELSEWHERE, _ELSEWHERE_SHORT = 0.17, 0.45  # of those who ask again, how many do so through another channel
_WANTED_IN_VAIN, _WANTED_IN_VAIN_SHORT = 0.45, 0.9


def add_care(plan: Plan, month: int, life: Life) -> None:
    """Add to the tickets of a month what was promised and how it was kept."""
    rng = plan.stream("care", month)
    opened, channel, reply = life["opened"], life["channel"], life["reply"]
    size = len(opened)
    short = within(opened.astype("datetime64[D]"), SHORT_DESK)
    life["reply_due"] = DESK.after(opened, REPLY_PROMISE[channel])
    unheard = life["bot"] & np.isnat(reply)
    wish = even(rng, unheard * 2 + short) < np.where(
        short, _WANTED_IN_VAIN_SHORT, _WANTED_IN_VAIN + 0.3 * plan.noise("wishes", month)
    )
    life["wanted_person"] = life["bot"] & (~np.isnat(reply) | wish)
    asked = ~np.isnat(life["asked_more"])
    share = np.where(short, _ELSEWHERE_SHORT, _ELSEWHERE + 0.045 * plan.noise("second channel", month))
    elsewhere = asked & (even(rng, asked * 2 + short) < share)
    other = np.where(channel == PHONE, EMAIL, np.where(rng.random(size) < 0.8, PHONE, np.where(channel == CHAT, 1, 2)))
    life["asked_via"] = np.where(elsewhere, other, channel)
    _promise_updates(rng, plan, life)


def _promise_updates(rng: np.random.Generator, plan: Plan, life: Life) -> None:
    """After each word of ours the next one is promised within two working days, until the case is solved."""
    begun, resolved = life["reply"], life["resolved"]
    for number in range(_UPDATES):
        here = ~np.isnat(begun) & ~np.isnat(resolved)
        here[here] = DESK.elapsed(resolved[here]) - DESK.elapsed(begun[here]) > _SOON
        start = np.where(here, begun, life["opened"])
        due = DESK.after(start, np.full(len(start), float(_UPDATE_EVERY)))
        short = within(due.astype("datetime64[D]"), SHORT_DESK)
        share = np.where(short, _IN_TIME_SHORT, _IN_TIME + 0.02 * plan.noise("updates", month_number(due)))
        kept = even(rng, here * 2 + short) < share
        part = np.where(kept, rng.uniform(0.45, 0.98, len(start)), rng.uniform(1.06, 1.9, len(start)))
        told = np.minimum(DESK.after(start, part * _UPDATE_EVERY), np.where(here, resolved, start))
        life[f"promised_{number}"] = np.where(here, start, NAT)
        life[f"update_due_{number}"] = np.where(here, due, NAT)
        life[f"updated_{number}"] = np.where(here, told, NAT)
        begun = np.where(here & (told < resolved), told, NAT)


def promised_updates(life: Life) -> Life:
    """Return one row for each promise: place of its ticket, when it was given, for when, and when it was kept."""
    parts = [
        {
            "ticket": np.arange(len(life["opened"])),
            "given": life[f"promised_{number}"],
            "due": life[f"update_due_{number}"],
            "told": life[f"updated_{number}"],
        }
        for number in range(_UPDATES)
    ]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    given = np.flatnonzero(~np.isnat(rows["given"]))
    order = given[np.argsort(rows["given"][given], kind="stable")]
    return {name: values[order] for name, values in rows.items()}
