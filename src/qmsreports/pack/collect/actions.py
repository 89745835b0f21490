"""Actions of earlier reviews: their state at the end of the period, and which of them this review looks at.

Of a period that goes on it is their state when the data was read: nothing is overdue before its day.
They come from two places: the register workbook (canonical table ``review_actions``) and the register itself. The same
action in both, by number or by review and title, is shown once, as the register has it: its history cannot be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from qmsreports.lake import is_declared
from qmsreports.language import say
from qmsreports.pack.model import Action
from qmsreports.period import Period

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.register.actions import Standing

_COLUMNS = (
    "action_id, review, title, owner, decided_on, original_due_on, due_on, done_on, "
    "coalesce(progress, ''), coalesce(evidence, '')"
)


def earlier_actions(
    connection: DuckDBPyConnection, period: Period, last: Period, recorded: Sequence[Standing], on: date
) -> tuple[tuple[Action, ...], int]:
    """Return the actions to look at, as they stand on a day, and how many others there are, all settled before the last
    review.

    To look at: whatever is open, whatever the last review decided, and what was settled since it.
    """
    since = last.end
    settled: dict[str, date | None] = {}
    actions = []
    for item, day in together(workbook_actions(connection, period, on), recorded, on):
        settled[item.action] = day
        actions.append(item)
    shown = [
        item for item in actions if (day := settled[item.action]) is None or day >= since or item.review == str(last)
    ]
    return tuple(shown), len(actions) - len(shown)


def only_recorded(connection: DuckDBPyConnection, period: Period, recorded: Sequence[Standing]) -> int:
    """Return how many of the register's actions were open in the period and are not in the workbook as well."""
    there = {name for item in workbook_actions(connection, period) for name in _names(item)}
    return sum(
        (one.is_open or (one.dropped_on or one.done_on or period.start) >= period.start)
        and there.isdisjoint(_names(as_recorded(one, period.last_day)))
        for one in recorded
    )


def workbook_actions(connection: DuckDBPyConnection, period: Period, at: date | None = None) -> list[Action]:
    """Return the actions of the register workbook decided before the end of a period, as they stand on its last day or
    on the day ``at``; none where the catalog declares no such register.
    """
    if not is_declared(connection, "review_actions"):
        return []
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM review_actions WHERE decided_on < $end ORDER BY action_id", {"end": period.end}
    ).fetchall()
    return [_action(row, at or period.last_day) for row in rows]


def together(workbook: Sequence[Action], recorded: Sequence[Standing], at: date) -> list[tuple[Action, date | None]]:
    """Return the actions of both places, each once, with the day each was settled (``None`` while open)."""
    own = [
        (as_recorded(one, at), one.dropped_on if one.dropped else None if one.is_open else one.done_on)
        for one in recorded
    ]
    known = {name for item, _ in own for name in _names(item)}
    return [*((item, item.done_on) for item in workbook if known.isdisjoint(_names(item))), *own]


def _names(item: Action) -> tuple[str, str]:
    """Names under which an action may be there twice: its number, and what which review decided."""
    plain = " ".join(item.title.casefold().split()).rstrip(".")
    return "".join(item.action.casefold().split()), f"{item.review} {plain}"


def as_recorded(one: Standing, at: date) -> Action:
    """Return an action of the register as it stands at the end of a day."""
    state, days = action_state(one.original_due, one.due, one.done_on, at)
    checked = {True: say("action.effective"), False: say("action.not_effective"), None: ""}[one.effective]
    return Action(
        action=one.number,
        review=one.period,
        title=one.title,
        owner=one.owner,
        decided_on=one.decided_on,
        original_due=one.original_due,
        due=one.due,
        done_on=one.dropped_on if one.dropped else one.done_on,
        state="dropped" if one.dropped else state,
        overdue_days=0 if one.dropped else days,
        moved_days=max(0, (one.due - one.original_due).days) if one.due and one.original_due else 0,
        moved_times=one.moves,
        progress=one.reason if one.dropped else one.progress,
        evidence=one.evidence,
        effect=say("list.colon").join(said for said in (checked, one.effect) if said),
    )


def _action(row: Sequence[Any], at: date) -> Action:
    number, review, title, owner, decided, original, due, done, progress, evidence = row
    state, days = action_state(original, due, done, at)
    return Action(
        action=number,
        review=review,
        title=title,
        owner=owner,
        decided_on=decided,
        original_due=original,
        due=due,
        done_on=done,
        state=state,
        overdue_days=days,
        moved_days=max(0, (due - original).days) if due and original else 0,
        progress=progress,
        evidence=evidence,
    )


def action_state(original: date | None, due: date | None, done: date | None, at: date) -> tuple[str, int]:
    """Return the state and the days overdue at the end of a day.

    Done after the *original* due date is done late, however often the date was moved. Due on 31 October and open at
    the end of 31 October is not overdue yet.
    """
    if done is not None:
        return ("done_late" if original and done > original else "done"), 0
    if due is not None and due < at:
        return "overdue", (at - due).days
    return "on_track", 0
