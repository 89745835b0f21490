"""Definitions as canonical YAML: the text that is hashed, stored and read back.

The same content always gives the same text: fields left at their default and fields written out as the default are the
same, 90 and 90.0 are the same, and texts are quoted so that no reader takes them for something else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

_WIDEST = 96
_WORD = re.compile(r"[a-z][a-z0-9]*([._][a-z0-9]+)*")
_TAKEN = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")  # words that some reader takes for a value
_JSON = json.JSONEncoder(ensure_ascii=False)


def plain(model: BaseModel) -> dict[str, Any]:
    """Return a model as written in a file: field names as people type them, defaults left out."""
    return model.model_dump(mode="python", by_alias=True, exclude_defaults=True)


def to_yaml(value: Any, *, sort: bool = False) -> str:
    """Return nested mappings, sequences and values as YAML 1.2; ``sort`` orders keys, for hashing.

    What fits on a line is written on one, as people do.

    >>> print(to_yaml({"b": [1, {"c": "no"}], "a": 90.0}, sort=True), end="")
    a: 90
    b: [1, {c: "no"}]
    """
    return "".join(f"{line}\n" for line in _lines(value, sort))


def _lines(value: Any, sort: bool) -> list[str]:
    if isinstance(value, Mapping) and value:
        keys = sorted(value) if sort else list(value)
        return [line for key in keys for line in _entry(f"{_key(str(key))}:", value[key], sort)]
    if isinstance(value, list | tuple) and value:
        lines: list[str] = []
        for item in value:
            short = _flow(item, sort)
            inner = [short] if short is not None else _lines(item, sort)
            lines += [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
        return lines
    return [_scalar(value)]


def _entry(key: str, value: Any, sort: bool) -> list[str]:
    if not isinstance(value, Mapping | list | tuple):
        return [f"{key} {_scalar(value)}"]
    short = _flow(value, sort)
    if short is not None:
        return [f"{key} {short}"]
    return [key, *(f"  {line}" for line in _lines(value, sort))]


def _flow(value: Any, sort: bool) -> str | None:
    """Return a value on one line; None, as soon as that is known, where it is wider than a line may be."""
    if not isinstance(value, Mapping | list | tuple):
        text = _scalar(value)
        return text if len(text) <= _WIDEST else None
    named = isinstance(value, Mapping)
    items = (sorted(value) if sort else list(value)) if isinstance(value, Mapping) else value
    parts: list[str] = []
    room = _WIDEST - 2 * len(items)  # two brackets, and between two of them a comma and a blank
    for item in items:
        inner = _flow(value[item] if named else item, sort) if room >= 0 else None
        if inner is None:
            return None
        parts.append(f"{_key(str(item))}: {inner}" if named else inner)
        room -= len(parts[-1])
    if room < 0:
        return None
    text = ", ".join(parts)
    return f"{{{text}}}" if named else f"[{text}]"


@lru_cache(maxsize=4096)  # the same few hundred names stand in every definition
def _key(key: str) -> str:
    return key if _WORD.fullmatch(key) else _quoted(key)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value if _WORD.fullmatch(value) and value not in _TAKEN else _quoted(value)
    return "{}" if isinstance(value, Mapping) else "[]"


def _quoted(text: str) -> str:
    r"""Quote for YAML: as JSON, and line separators escaped that YAML would fold."""
    quoted = _JSON.encode(text)
    if quoted.isprintable():  # nearly every text; a look at each character costs twenty times as much
        return quoted
    return "".join(character if character.isprintable() else _escape(character) for character in quoted)


def _escape(character: str) -> str:
    return f"\\U{ord(character):08x}"


def digest(text: str) -> str:
    """Return the SHA-256 of a canonical text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
