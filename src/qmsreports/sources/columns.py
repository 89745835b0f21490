"""Values as received into Arrow columns: nothing fails, nothing is dropped, nothing is rounded.

A source that keeps no types (SQLite, CSV, Excel) may put any value anywhere. A column has a *kind*: ``integer``,
``number``, ``date``, ``timestamp`` (without a zone), ``instant`` (UTC), ``boolean`` or ``text``. A value that does not
fit widens the whole column: from integers to numbers, from anything to text. The text is what a person would have read:
5, 2.5, 2026-01-31. Decimals are numbers up to the 15 digits that a double keeps, and text beyond;
those of a type without decimals are integers, so that a key 1001 is not 1001.0 and another table's 1001 is the same.

Arrow's own conversion is not enough here: given a type it cuts 1.5 to 1, and guessing one it takes the 7 after a date
for the eighth day of 1970, both without a word. So the kind is found from the values, and only then is Arrow asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

UNKNOWN = ""
"""Kind of a column that never held a value."""

_EXACT_DIGITS = 15
_EXACT_POWER = 300  # beyond it a double is infinite, or zero
_HALF = re.compile("[\ud800-\udfff]")


def column_array(values: Sequence[Any], kind: str = UNKNOWN) -> tuple[Any, str]:
    """Return the Arrow array of the values and the kind it has, which is ``kind`` or a wider one.

    >>> array, kind = column_array([1, 2.5, None], "integer"); kind, array.to_pylist()
    ('number', [1.0, 2.5, None])
    >>> array, kind = column_array([1, "n/a"], "integer"); kind, array.to_pylist()
    ('text', ['1', 'n/a'])
    """
    import pyarrow as pa

    found = "integer" if kind in ("integer", UNKNOWN) and _are_whole(values) else _kind_of(values)
    wide = _wider(kind, found)
    if wide in ("text", UNKNOWN):
        return _text(values), wide
    try:
        return pa.array(_ready(values, wide), arrow_type(wide)), wide
    except (pa.ArrowException, OverflowError):  # an integer beyond what the type holds exactly
        return _text(values), "text"


def _ready(values: Sequence[Any], kind: str) -> Sequence[Any]:
    """Return values that Arrow takes for a kind: it knows no Decimal as a double, and no day as a moment."""
    types = set(map(type, values))
    if kind == "integer" and Decimal in types:
        return [value and int(value) for value in values]
    if kind == "number" and Decimal in types:
        return [float(value) if isinstance(value, Decimal) else value for value in values]
    if kind == "date" and datetime in types:
        return [value.date() if isinstance(value, datetime) else value for value in values]
    if kind == "timestamp" and date in types:
        return [value and datetime.combine(value, time()) for value in values]
    return values


def _kind_of(values: Sequence[Any]) -> str:
    """Return the narrowest kind that holds all values."""
    types = set(map(type, values)) - {type(None)}
    if types <= {int, float, Decimal}:
        if Decimal in types and not all(map(_is_exact, values)):
            return "text"
        return ("integer" if types == {int} else "number") if types else UNKNOWN
    if types == {datetime}:
        zoned = {value.tzinfo is not None for value in values if value is not None}
        if zoned == {False}:
            return "date" if all(value is None or _is_day(value) for value in values) else "timestamp"
        return "instant" if zoned == {True} else "text"
    return {bool: "boolean", date: "date"}.get(types.pop(), "text") if len(types) == 1 else "text"


def _are_whole(values: Sequence[Any]) -> bool:
    """Whether decimals among the values were all written without decimals, as ``numeric(10,0)`` writes them."""
    types = set(map(type, values)) - {type(None)}
    return Decimal in types <= {int, Decimal} and all(
        value.as_tuple().exponent == 0 for value in values if isinstance(value, Decimal)
    )


def _is_exact(value: Any) -> bool:
    """Whether a double keeps every digit of a value."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return True
    return len(value.as_tuple().digits) <= _EXACT_DIGITS and abs(value.adjusted()) < _EXACT_POWER


def _wider(kind: str, found: str) -> str:
    """Return the kind that holds the values of both."""
    if kind == found or UNKNOWN in (kind, found):
        return kind or found
    if {kind, found} == {"integer", "number"}:
        return "number"
    return "timestamp" if {kind, found} == {"date", "timestamp"} else "text"


def arrow_type(kind: str) -> Any:
    """Return the Arrow type of a kind; a column that never held a value is text."""
    import pyarrow as pa

    types = {
        "integer": pa.int64(),
        "number": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "instant": pa.timestamp("us", "UTC"),
        "boolean": pa.bool_(),
    }
    return types.get(kind, pa.string())


def as_text(value: Any) -> str | None:
    r"""Return a value as a person would read it; bytes that are no text become hexadecimal digits.

    >>> [as_text(value) for value in (5, 2.5, 3.0, True, datetime(2026, 1, 31), b"\xff", timedelta(hours=-26))]
    ['5', '2.5', '3', 'true', '2026-01-31', 'ff', '-26:00:00']
    """
    if value is None:
        return value
    if isinstance(value, str):  # half of a pair of UTF-16, as of a picture that was cut off, is no text: \ud83d
        return value.encode("utf-8", "backslashreplace").decode() if _HALF.search(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if _is_day(value) else value.isoformat(" ")
    if isinstance(value, date | time | timedelta):
        return _span(value) if isinstance(value, timedelta) else value.isoformat()
    if isinstance(value, bytes | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return value.hex()
    if isinstance(value, dict | list):
        return as_text(json.dumps(value, ensure_ascii=False, default=_in_json))
    # 1e999999 is short as it stands, and a million digits written out
    return format(value, "f") if isinstance(value, Decimal) and abs(value.adjusted()) < _EXACT_POWER else str(value)


def _span(value: timedelta) -> str:
    """Return a span as hours, minutes and seconds: Python would write one hour less than none as -1 day, 23:00:00."""
    seconds, rest = divmod(abs(value), timedelta(seconds=1))
    parts = f".{rest.microseconds:06}" if rest else ""
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{parts}"


def _in_json(value: Any) -> Any:
    """Return what JSON has no word for: a decimal as a number where a double keeps it, anything else as text."""
    if isinstance(value, timedelta):
        return _span(value)
    return float(value) if isinstance(value, Decimal) and value.is_finite() and _is_exact(value) else str(value)


def _text(values: Sequence[Any]) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values, pa.string())
    except (pa.ArrowException, TypeError, ValueError):
        return pa.array([as_text(value) for value in values], pa.string())


def _is_day(value: datetime) -> bool:
    return value.tzinfo is None and (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
