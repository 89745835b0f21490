"""The customer page: scores side by side, what customers expect, who had a bad experience, and what they wrote.

The numbers are the KPIs' own, named here and shown from the objectives; only what no KPI can say is kept in full.
"""

from __future__ import annotations

from datetime import date

from qmsreports.pack.objective import Record


class Family(Record):
    """Something customers expect, and the KPIs of this pack that tell whether they get it."""

    title: str
    kpis: tuple[str, ...]


class Lost(Record):
    """A customer who had a bad experience and did not order again within 90 days. ``customer`` is the number, or the
    name where the catalog says so.
    """

    customer: str
    site: str
    segment: str
    happened: tuple[str, ...]
    last_order: date | None = None
    open_complaints: int = 0


class Experiences(Record):
    """Customers with a bad experience in the month, by what happened (one customer may count for several), and what
    became of those whose 90 days ended in it.
    """

    month: str
    active: int
    bad: int
    causes: tuple[tuple[str, int], ...]
    repeated: int  # of them, with another one in the eleven months before
    earlier_month: str = ""
    earlier: int = 0
    came_back: int = 0
    lost: tuple[Lost, ...] = ()  # who did not come back; page and print show the first few


class Quote(Record):
    """A comment with what points at people masked. ``recommend`` is 0 to 10, ``satisfied`` 1 to 5."""

    text: str
    recommend: int | None = None
    satisfied: int | None = None
    channel: str = ""
    segment: str = ""


class ThemeSaid(Record):
    """How many comments speak of a theme, how many of them by unhappy customers, and some of them."""

    title: str
    comments: int
    unhappy: int
    quotes: tuple[Quote, ...] = ()


class Said(Record):
    """The comments of the period by theme, most spoken of first; one comment may speak of several."""

    comments: int
    answers: int
    themes: tuple[ThemeSaid, ...]
    elsewhere: int  # comments that no theme catches


class Customers(Record):
    """Everything on the customer page; ``clause`` is the input under which it stands."""

    clause: str
    voices: tuple[str, ...] = ()
    response_rate: str = ""
    by: tuple[str, ...] = ()
    expectations: tuple[Family, ...] = ()
    complaints: tuple[str, ...] = ()
    share: str = ""
    again: str = ""
    others: str = ""
    experiences: Experiences | None = None
    said: Said | None = None
