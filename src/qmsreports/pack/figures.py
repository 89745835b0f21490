"""Numbers, dates and periods as they are printed. The only place where a pack rounds.

In the signs and words of the language that is spoken; a language never changes a number. Non-breaking spaces keep a
number and its unit on one line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from qmsreports.findings.wording import DECIMALS as _DECIMALS
from qmsreports.language import say, spoken
from qmsreports.language.calendar import named, short

NBSP = "\u00a0"
DASH = "\u2013"
MINUS = "\u2212"
NONE = "\u2013"
_I = re.compile("h?[ií](?![aeo])", re.IGNORECASE)  # before this sound the Spanish "y" is "e"
_WHOLE = 10_000  # from here on no decimals: 9,138,389 h
ARROW = "\u2192"


def unit_name(unit: str) -> str:
    """Return the unit as it stands beside a title: ``percent`` is ``%``; a currency stays as it is."""
    return say(f"unit.{unit}.name") if unit in _DECIMALS else unit


def number(value: float | None, unit: str = "count", *, small: bool = True) -> str:
    """Return the number alone, rounded for its unit.

    Values that the unit's decimals would wipe out keep two significant digits (0.0004 ppm is ``0.0004``, never ``0``)
    unless ``small`` ones are to be rounded like the others, and from ten million on the number is shortened:
    1,234,567,890 is ``1.23 bn``. ``None`` is a dash.
    """
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    for limit, scale, key in ((1e12, 1e12, "trillions"), (1e9, 1e9, "billions"), (1e7, 1e6, "millions")):
        if size >= limit:
            return say(f"number.{key}", number=_signed(f"{value / scale:,.2f}"))
    decimals = _DECIMALS.get(unit, 0) if size < _WHOLE else 0
    if small and 0 < size < 10**-decimals:
        decimals = min(8, max(decimals, 1 - math.floor(math.log10(size))))
        return _signed(f"{value:,.{decimals}f}".rstrip("0").rstrip("."))
    return _signed(f"{value:,.{decimals}f}")


def _signed(text: str) -> str:
    """Return a number as the language writes it; nought has no sign."""
    return spoken().written(text if text.strip("-0.,") else text.removeprefix("-"))


def quantity(value: float | None, unit: str) -> str:
    """Return the number with its unit: ``93.4 %``, ``1,150 ppm``, ``12,300 EUR``."""
    return NONE if value is None or not math.isfinite(value) else _with_unit(number(value, unit), unit)


def goal_quantity(value: float | None, unit: str) -> str:
    """Return a target with its unit: ``95 %``."""
    return NONE if value is None else _with_unit(goal(value, unit), unit)


def _with_unit(text: str, unit: str) -> str:
    if unit in _DECIMALS:
        return say(f"unit.{unit}.quantity", number=text)
    return say("unit.other.quantity", number=text, unit=unit)


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Return ``84.6-87.7`` with an en dash; empty where there is no interval. A negative end is written with "to".

    An interval without an upper end (of a median that hardly half of the cases reached) is ``84.6 or more``.
    """
    if low is None:
        return ""
    if high is None:
        return say("number.or_more", low=number(low, unit))
    if low < 0 or high < 0:  # a dash before a minus reads as one sign
        return say("number.from_to", low=number(low, unit), high=number(high, unit))
    return f"{number(low, unit)}{DASH}{number(high, unit)}"


def change(value: float, unit: str, *, alone: bool = False, reach: float = 0.0) -> str:
    """Return a difference with its sign: ``+2.1 points`` between two percentages; ``alone`` without the unit.

    It is no finer than the interval it stands beside, of which ``reach`` is the farther end: +0.033 within -2.5 to
    +2.6 is ``0.0``.
    """
    text = number(value, unit, small=abs(reach) < 10 ** -_DECIMALS.get(unit, 0))
    text = f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text
    if alone:
        return text
    return say("unit.points.quantity", number=text) if unit == "percent" else _with_unit(text, unit)


def goal(value: float | None, unit: str) -> str:
    """Return a target or limit that a person set, as the person wrote it: ``95``, not ``95.0``."""
    text = number(value, unit)
    head, point, tail = text.partition(spoken().decimal)
    rest = tail.rstrip("0") if tail.isdigit() else tail
    return head + (point + rest if rest else "") if point else text


def target(value: float | None, better: str, unit: str) -> str:
    """Return the target with its direction: ``≥ 95`` where higher is better."""
    if value is None:
        return NONE
    sign = {"higher": f"\u2265{NBSP}", "lower": f"\u2264{NBSP}"}.get(better, "")
    return sign + goal(value, unit)


def count(value: int) -> str:
    """Return a count with thousands separators."""
    return spoken().written(f"{value:,}")


def share(part: int, whole: int) -> str:
    """Return a share in percent that never rounds something to nothing: 37 of 1,284,310 is ``0.003 %``."""
    if whole <= 0:
        return NONE
    percent = 100 * part / whole
    if part == 0:
        return percents("0")
    decimals = 1 if percent >= 0.1 else min(6, -math.floor(math.log10(percent)))
    text = f"{percent:.{decimals}f}"
    if part < whole and float(text) >= 100:
        text = "99.9"
    return percents(text)


def plain_number(text: str) -> str:
    """Return a number that Python wrote, with the signs of the language."""
    return spoken().written(text)


def percents(text: str) -> str:
    """Return a number that Python wrote as percents."""
    return say("unit.percent.quantity", number=spoken().written(text))


def day(value: date | None) -> str:
    """Return ``2 Nov 2026``."""
    return NONE if value is None else spoken().day(value)


def instant(value: datetime, zone: str) -> str:
    """Return ``3 Nov 2026, 07:12 (Europe/Vienna)``: the organisation's clock, and which one it is."""
    local = value.astimezone(ZoneInfo(zone))
    return say("format.instant", day=day(local.date()), time=f"{local:%H:%M}", zone=zone)


def period(text: str, case: str = "plain") -> str:
    """Return a period in words: ``October 2026``, ``third quarter 2026``, ``first quarter FY2027``, ``2026``.

    In another ``case`` it is told as a sentence needs it: ``in`` gives ``in the third quarter of 2026``.
    """
    return named(text, case)


def short_period(text: str) -> str:
    """Return a period for a table head: ``Oct 26``, ``Q3 26``."""
    return short(text)


def listed(words: list[str] | tuple[str, ...], most: int = 0) -> str:
    """Join words as a person would: ``a, b and c``; with ``most`` the rest becomes ``and 4 more``."""
    items = list(words)
    if most and len(items) > most:
        return say("list.more", listed=", ".join(items[:most]), n=len(items) - most)
    if len(items) < 2:
        return "".join(items)
    key = "list.last_before_i" if _I.match(items[-1]) else "list.last"
    return say(key, listed=", ".join(items[:-1]), last=items[-1])


def semicolons(parts: Sequence[str]) -> str:
    """Join parts of a sentence that have commas of their own."""
    return say("list.semicolon").join(parts)


def unit_word(unit: str) -> str:
    """Return a unit in words; a currency and what an organisation calls its own stay as they are."""
    return known(f"unit.{unit}.word", unit)


def dimension(name: str) -> str:
    """Return what a slice is called in a sentence; one that no catalog of messages knows is named as it is written."""
    return known(f"dimension.{name}", name.replace("_", " "))


def role(name: str) -> str:
    """Return the owner's role as words: ``supply.manager`` is ``supply manager``."""
    return known(f"role.{slug(name)}", name.replace(".", " ").replace("_", " "))


def written_role(text: str) -> str:
    """Return a role that was written for people: ``Sales manager``; one of the organisation's own as it stands."""
    told = known(f"role.{slug(text)}", text)
    return told[:1].upper() + told[1:] if text[:1].isupper() else told


def value(code: str) -> str:
    """Return a code of a canonical table in words: ``key_account`` is ``key account``; a text stays as it is."""
    words = code.replace("_", " ")
    return known(f"value.{slug(code)}", words) if code.islower() else words


def value_title(code: str) -> str:
    """Return a code as it stands alone: ``in_person`` is ``In person``; a text stays as it is."""
    return value(code)[:1].upper() + value(code)[1:] if code.islower() else value(code)


def known(key: str, otherwise: str) -> str:
    """Return a message that is there for the words we ship; for the words of an organisation what it wrote."""
    return say(key) if key in spoken().messages else otherwise


def slug(text: str) -> str:
    """Return a text as the last part of a key: ``Strictly confidential`` is ``strictly_confidential``."""
    return re.sub(r"[\W_]+", "_", text.lower()).strip("_")
