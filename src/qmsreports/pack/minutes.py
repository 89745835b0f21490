"""What the review itself put on record: who took part, what was decided, what was concluded."""

from __future__ import annotations

from datetime import date

from qmsreports.pack.objective import Record


class Attendance(Record):
    """Who took part; ``stood_in_for`` names who could not."""

    person: str
    stood_in_for: str = ""


class Resolution(Record):
    """A decision of this review with the action that follows. Owner and due date are those first agreed.

    ``kind``: improvement | qms_change | resources.
    """

    number: str
    clause: str
    kind: str
    text: str
    reason: str = ""
    action: str
    owner: str = ""
    due: date | None = None
    decided_by: str
    decided_on: date


class Minutes(Record):
    """The record of one review. A review that is only planned has none."""

    held_on: date | None = None
    closed_on: date | None = None
    closed_by: str = ""
    attendance: tuple[Attendance, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    suitability: str = ""
    adequacy: str = ""
    effectiveness: str = ""
