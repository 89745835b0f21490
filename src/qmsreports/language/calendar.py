"""Periods and days as a sentence names them.

A period is written as in the register (``2026-10``, ``FY2027-Q3``) and named in a case: ``plain`` for headings, and
with the preposition that belongs to it where it stands in a sentence (``at``, ``in``, ``since``, ``for``), because
what a preposition does to its noun is the language's own affair.
"""

from __future__ import annotations

from qmsreports.language import say, spoken

_KINDS = {"Q": "quarter", "H": "half", "P": "part"}

CASES = ("plain", "at", "in", "since", "for", "until_end")
"""How a period may be named; each kind of period has a message for each."""


def kind(period: str) -> str:
    """Return what a period is: month, quarter, half, year, or part where the months of a year are made of weeks."""
    tail = period.partition("-")[2]
    return "year" if not tail else _KINDS.get(tail[0], "month")


def named(period: str, case: str = "plain") -> str:
    """Return a period in words: ``October 2026``, ``in the third quarter of 2026``, ``since FY2027``."""
    head, _, tail = period.partition("-")
    what = kind(period)
    facts: dict[str, object] = {"year": _year(head)}
    if what == "month":
        facts["month"] = spoken().months[int(tail) - 1]
    elif what == "part":
        facts["number"] = int(tail[1:])
    elif what != "year":
        facts["ordinal"] = say(f"ordinal.{int(tail[1:])}")
    return say(f"period.{case}.{what}", **facts)


def short(period: str) -> str:
    """Return a period for a table head: ``Oct 26``, ``Q3 26``, ``P09 FY27``."""
    head, _, tail = period.partition("-")
    if not tail:
        return _year(head)
    year = _year(head, short=True)
    what = kind(period)
    if what == "month":
        return say("period.short.month", month=spoken().short_months[int(tail) - 1], year=year)
    return say(f"period.short.{what}", number=tail[1:], year=year)


def _year(head: str, *, short: bool = False) -> str:
    plain = head[-2:] if short else head.removeprefix("FY")
    return say("period.fiscal_year", year=plain) if head.startswith("FY") else plain
