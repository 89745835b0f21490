"""What could be done about missed objectives: proposed with an owner and a day, recorded only by a person.

A miss inside the limits of a stable process is part of its usual variation; the proposal says so, because chasing it
would make things worse. Where there are no limits to tell by, it says that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from qmsreports.language import say
from qmsreports.pack import figures
from qmsreports.pack.finding import signal_words
from qmsreports.pack.objective import Objective, Record

_MONTHS_TO_ACT = 2


class Proposal(Record):
    """A missed objective and what to do about it.

    ``action`` is the number of the recorded action that stands for it, empty where nobody took it up; ``required_by``
    names the clauses that do not let a review end without one.
    """

    kpi: str
    objective: str
    title: str
    owner: str
    due: date
    why: str
    required_by: tuple[str, ...] = ()
    action: str = ""


def proposals(
    objectives: Sequence[Objective],
    period_end: date,
    read_on: date,
    *,
    planned: Mapping[str, str],
    required: Mapping[str, tuple[str, ...]],
) -> tuple[Proposal, ...]:
    """Return one proposal per missed objective: what a standard asks for first, then what nobody took up.

    They are due two months after the period, or after the day the data was read where the pack is late.
    ``planned`` maps a KPI to the action that stands for it, ``required`` to the clauses that ask for one; these ask
    whenever the target is not met, however near it is and before the value is settled. An accepted deviation has been
    decided about and is not proposed again.
    """
    found = [
        Proposal(
            kpi=one.kpi,
            objective=one.title,
            title=_what(one),
            owner=one.owner,
            due=months_after(period_end if read_on <= months_after(period_end, 1) else read_on, _MONTHS_TO_ACT),
            why=_why(one),
            required_by=required.get(one.kpi, ()),
            action=planned.get(one.kpi, ""),
        )
        for one in objectives
        if one.latest.status == "missed" or (required.get(one.kpi) and _short_of_target(one))
    ]
    return tuple(sorted(found, key=lambda one: (bool(one.action), not one.required_by)))


def _short_of_target(one: Objective) -> bool:
    """Tell whether a value is short of its target, also a near or a provisional one."""
    return one.latest.status in ("near", "provisional") and one.misses(one.latest)


def months_after(end: date, months: int) -> date:
    """Return the last day of the month so many after: two after 31 October is 31 December."""
    first = date(end.year + (end.month + months) // 12, (end.month + months) % 12 + 1, 1)
    return first - timedelta(days=1)


def _what(one: Objective) -> str:
    goal = figures.goal_quantity(one.latest.target, one.unit)
    if one.variation.startswith("concern"):
        return say("proposal.concern", objective=one.title, signal=signal_words(one.points))
    if one.assurance == "fail":
        return say("proposal.cannot_meet", objective=one.title, target=goal)
    if one.untested(one.latest) or (one.segments and one.segments[-1].trial):
        return say("proposal.untested", objective=one.title, target=goal)
    if one.variation != "common_cause":
        return say("proposal.changed", objective=one.title, target=goal, signal=signal_words(one.points))
    return say("proposal.noise", objective=one.title, target=goal)


def _why(one: Objective) -> str:
    return say(
        "proposal.why",
        value=figures.quantity(one.latest.value, one.unit),
        target=figures.target(one.latest.target, one.better, one.unit),
        in_period=figures.period(one.latest.period, "in"),
    )
