"""Values out of answers: found by path, written as text as they came, and cursors as points in time.

Systems write times as they please: with an offset, with ``Z``, without a zone, as seconds or milliseconds since 1970,
or as ``{"__class__": "datetime", …}``. A cursor is compared in one form, UTC to the second, whatever the form it
came in: two texts with the offsets of summer and winter do not order as the moments do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from qmsreports.sources.columns import as_text

POINT = "%Y-%m-%dT%H:%M:%S"
"""Form in which cursors are compared, UTC. Finer than a question can ask would be of no use: see :func:`point_of`."""

_STEP = re.compile(r"([^.\[\]]+)|\[([^=\]]+)=([^\]]*)\]")
_NUMBER = re.compile(r"-?[0-9]{1,14}(\.[0-9]+)?")
_LAST_SECOND = 4102444800  # the year 2100: what is more counts as no point in time


def at_path(data: Any, path: str) -> tuple[Any, bool]:
    """Return the value at a path, and whether the path exists; an empty path is the data itself.

    A step into something that is known to be empty (null, false, "") exists and is empty; one into a text that is JSON
    goes on in what it says. A field whose own name has dots in it is found by its whole name.

    >>> at_path({"via": {"channel": "web"}, "tags": ["a"]}, "via.channel"), at_path({"via": None}, "via.channel")
    (('web', True), (None, True))
    >>> at_path({"fields": [{"id": 7, "value": "x"}]}, "fields[id=7].value"), at_path({}, "via.channel")
    (('x', True), (None, False))
    >>> at_path({"data": '{"changed": [["status", "Open", "Closed"]]}'}, "data.changed.0.2")
    ('Closed', True)
    >>> at_path({"caller_id.user_name": "abel"}, "caller_id.user_name")
    ('abel', True)
    """
    if isinstance(data, Mapping) and path in data:
        return data[path], True
    for step in _steps(path):
        if isinstance(data, str):
            data = _of_json(data)
        if isinstance(data, Mapping):
            if step not in data:
                return None, False
            data = data[step]
        elif isinstance(data, list):
            data = _entry(data, step)
        else:
            return None, True
    return data, True


def _of_json(text: str) -> Any:
    """Return what a text says as JSON; ``None`` where it is no object and no list."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return None


@lru_cache(maxsize=1000)
def _steps(path: str) -> tuple[str | tuple[str, str], ...]:
    found = _STEP.findall(path)
    return tuple(plain or (name, value) for plain, name, value in found)


def _entry(entries: list[Any], step: str | tuple[str, str]) -> Any:
    if isinstance(step, tuple):
        name, wanted = step
        return next((e for e in entries if isinstance(e, Mapping) and as_text(e.get(name)) == wanted), None)
    return entries[int(step)] if step.isdigit() and int(step) < len(entries) else None


def outermost(rows: list[Any], each: str | tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows to land: those of the answer, or of the list ``each`` in every one, with ``outer`` and ``nth``.

    Several lists lie one within the other.

    >>> [(row["to"], row["outer"]["no"]) for row in outermost([{"no": 7, "log": [{"to": "x"}, {"to": "y"}]}], "log")]
    [('x', 7), ('y', 7)]
    """
    first, *inner = (each,) if isinstance(each, str) else each or ("",)
    for row in rows:
        if not first:
            yield row if isinstance(row, Mapping) else {"value": row}
            continue
        entries = at_path(row, first)[0]
        found = [
            {**(entry if isinstance(entry, Mapping) else {"value": entry}), "outer": row, "nth": nth}
            for nth, entry in enumerate(entries if isinstance(entries, list) else ())
        ]
        yield from outermost(found, tuple(inner)) if inner else found


def written(value: Any, empty: tuple[Any, ...]) -> str | None:
    """Return a value as text; nothing for null and for what a system writes instead of it.

    >>> [written(value, (False, "")) for value in (False, "", 0, True, {"__class__": "Decimal", "decimal": "3.10"},
    ...  {"__class__": "date", "year": 2026, "month": 1, "day": 31}, [{"b": 1, "a": 2}])]
    [None, None, '0', 'true', '3.10', '2026-01-31', '[{"a": 2, "b": 1}]']
    """
    if value is None or any(
        value is nothing or (value == nothing and type(value) is type(nothing)) for nothing in empty
    ):
        return None
    if isinstance(value, Mapping) and "__class__" in value:
        value = _of_class(value)
    if isinstance(value, Mapping | list):  # in one order: some systems write an object's fields in another each time
        value = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    return as_text(value)


def _of_class(value: Mapping[str, Any]) -> Any:
    """Return what an object of a Python system stands for, as Tryton sends it."""
    kind = value["__class__"]
    if kind == "Decimal" and "decimal" in value:
        return str(value["decimal"])
    day = "-".join(f"{int(value.get(part, 0)):02}" for part in ("year", "month", "day"))
    time = ":".join(f"{int(value.get(part, 0)):02}" for part in ("hour", "minute", "second"))
    parts = f".{int(value['microsecond']):06}" if value.get("microsecond") else ""
    if kind in ("date", "datetime", "time"):
        return {"date": day, "datetime": f"{day} {time}{parts}", "time": f"{time}{parts}"}[kind]
    if kind == "timedelta":
        return value.get("seconds")
    return value.get("base64") if kind in ("bytes", "bytearray") else dict(value)


def point_of(text: str | None, form: str, zone: str) -> str | None:
    """Return a cursor value as a point in time, ``None`` where it is none; ``form`` and ``zone`` as declared.

    It is cut to what the form of the question can say (a second, or a minute), so that all rows which the next question
    brings again are known: those of the same second, or minute.

    >>> point_of("2026-10-25T02:30:00.000+0200", "iso", "UTC"), point_of("1793500000", "epoch_seconds", "UTC")
    ('2026-10-25T00:30:00', '2026-11-01T02:26:40')
    >>> point_of("2026-10-25 02:30:59", "%Y-%m-%d %H:%M", "Europe/Vienna"), point_of("n/a", "iso", "UTC")
    ('2026-10-25T00:30:00', None)
    """
    if text is None:
        return None
    if _NUMBER.fullmatch(text):
        seconds = float(text) / (1000 if form == "epoch_milliseconds" else 1)
        if not 0 <= seconds < _LAST_SECOND:
            return None
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime(POINT)
    try:
        moment = datetime.fromisoformat(text.strip().replace(" UTC", "Z"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_zone(zone))
        if "%" in form and "%S" not in form and "%T" not in form:
            moment = moment.replace(second=0)
        return moment.astimezone(UTC).strftime(POINT) if 1900 <= moment.year <= 2099 else None
    except (ValueError, OverflowError):
        return None


def since_text(point: str, form: str, zone: str) -> str | int:
    """Return a point in time as a question writes it. A part of a second is cut, so that nothing is left out.

    >>> [since_text("2026-10-25T00:30:00", form, "Europe/Vienna") for form in ("iso", "%d.%m. %H:%M", "epoch_seconds")]
    ['2026-10-25T00:30:00Z', '25.10. 02:30', 1792888200]
    """
    moment = datetime.fromisoformat(point).replace(tzinfo=UTC, microsecond=0)
    if form == "iso":
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    if form in ("epoch_seconds", "epoch_milliseconds"):
        return int(moment.timestamp()) * (1000 if form == "epoch_milliseconds" else 1)
    return moment.astimezone(_zone(zone)).strftime(form)


@lru_cache(maxsize=10)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
