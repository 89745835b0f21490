"""What the review itself put on record: who took part, what was decided, what was concluded."""

from __future__ import annotations

from datetime import date

from qmsreports.pack.objective import Record


class Attendance(Record):
    """Who took part, in which role; ``stood_in_for`` names who could not, ``chaired`` who led the meeting."""

    person: str
    stood_in_for: str = ""
    role: str = ""
    chaired: bool = False


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


class AgreedAction(Record):
    """An action of this review that no single decision stands for. Owner and due date are those first agreed."""

    number: str
    title: str
    owner: str = ""
    due: date | None = None
    kpi: str = ""
    reason: str = ""
    agreed_by: str
    agreed_on: date


class Withdrawn(Record):
    """A decision or attendance that was entered by mistake and taken back; ``what`` is its number or the person."""

    what: str
    reason: str
    by: str
    on: date


class Minutes(Record):
    """The record of one review. A review that is only planned has none."""

    held_on: date | None = None
    closed_on: date | None = None
    closed_by: str = ""
    attendance: tuple[Attendance, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    actions: tuple[AgreedAction, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    suitability: str = ""
    adequacy: str = ""
    effectiveness: str = ""
