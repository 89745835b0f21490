"""Lengths of time between two columns of a row: as calendar days, as elapsed time, or within opening hours.

The same words stand in a measure (``of: {working_time: ...}``) and in a condition, beside how long it may be:
``{working_time: {from: opened_at, to: first_reply_at, calendar: support_desk}, at_most: 4 hours}``.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from qmsreports.catalog.model import Model, Name, Text
from qmsreports.errors import did_you_mean

SECONDS = {"minutes": 60.0, "hours": 3600.0, "days": 86400.0}
"""Seconds of each unit in which a length is told."""
_LENGTH = re.compile(r"(-?\d{1,7}(?:\.\d{1,6})?)\s*([^\W\d_]+)")

SpanKind = Literal["calendar_days", "elapsed", "working_time"]
SPAN_KINDS: tuple[SpanKind, ...] = ("calendar_days", "elapsed", "working_time")


class Pause(Model):
    """Time that does not count, from a history of states: ``{table: ticket_status_changes, by: ticket_id, at:
    changed_at, status: to_status, in: [pending]}``.

    Every row of ``table`` with the same ``by`` says which ``status`` holds from its ``at`` until that of the next row;
    the time in which it is one of ``in`` is taken off. The last state holds on. ``by`` is a column of both tables.
    """

    table: Name
    by: Name
    at: Name
    status: Name
    in_: tuple[Text, ...] = Field(alias="in", min_length=1)


class CalendarByRow(Model):
    """Each row by the hours of its own calendar, found by the value of its column ``by``.

    ``{by: site, of: {linz: desk_linz, lyon: desk_lyon}, otherwise: support_desk}`` pairs values with calendars; ``{by:
    calendar, among: [desk_linz, desk_lyon]}`` is for a column that names the calendar itself. All that can apply are
    written here, because an approval covers their hours. Without ``otherwise`` the other rows have no length.
    """

    by: Name
    of: dict[Text, Name] = Field(default_factory=dict)
    among: tuple[Name, ...] = ()
    otherwise: Name | None = None

    @model_validator(mode="after")
    def _one_of(self) -> CalendarByRow:
        if bool(self.of) == bool(self.among):
            raise ValueError("needs either of or among; write of: {linz: desk_linz} or among: [desk_linz, desk_lyon]")
        return self

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the values of the column with their calendars, in the order they are written."""
        return (*self.of.items(), *((name, name) for name in dict.fromkeys(self.among)))


class WorkingTime(Model):
    """Time between two instants that lies within the opening hours of a calendar, less a ``pause``.

    ``calendar`` is the name of one, or says by which column each row has its own.
    """

    start: Name = Field(alias="from")
    to: Name
    calendar: Name | CalendarByRow
    pause: Pause | None = None

    @property
    def calendars(self) -> tuple[str, ...]:
        """Names of the calendars that can apply, each once."""
        if isinstance(self.calendar, str):
            return (self.calendar,)
        rest = (self.calendar.otherwise,) if self.calendar.otherwise is not None else ()
        return tuple(dict.fromkeys((*(name for _, name in self.calendar.pairs()), *rest)))


class Elapsed(Model):
    """Plain time between two instants, less a ``pause``, or whole days between two dates."""

    start: Name = Field(alias="from")
    to: Name
    pause: Pause | None = None


class CalendarDays(Model):
    """Midnights between two dates or instants, whatever the hours; an instant counts by its day in the organisation's
    time zone: from Friday evening to Monday morning are 3.
    """

    start: Name = Field(alias="from")
    to: Name


def units_of(kind: str, *, dates: bool) -> tuple[str, ...]:
    """Return the units in which a length is told: a working day has no fixed length, and between dates lie days."""
    if kind == "working_time":
        return ("minutes", "hours")
    return ("days",) if dates or kind == "calendar_days" else tuple(SECONDS)


def length_of(text: str) -> tuple[float, str]:
    """Return amount and unit of a length: ``"2 days"`` is (2.0, "days"), ``"1 hour"`` (1.0, "hours").

    :class:`ValueError` in words for people when it is none.
    """
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'"{text[:40]}" is no length of time; write it as 2 days, 4 hours or 30 minutes')
    amount, word = float(match.group(1)), match.group(2).lower()
    unit = word if word.endswith("s") else f"{word}s"
    if unit not in SECONDS:
        raise ValueError(f'"{word[:20]}" is no unit of time; {did_you_mean(unit, SECONDS)}')
    return amount, unit
