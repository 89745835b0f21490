"""Reads a suite file as JSON and remembers the line on which every expectation begins.

The standard reader says where a syntax error is but forgets positions of what it read; messages about an expectation
need them. A key written twice is refused, because the last one would silently win.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from qmsreports.errors import CouldNotRun, Finding, UserError

_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Located:
    """A suite as written: top-level fields without the expectations, and each expectation with its ``file:line``."""

    where: str
    fields: Mapping[str, Any]
    entries: tuple[tuple[Any, str], ...]


def read_located(path: Path) -> Located:
    """Read a suite file; :class:`UserError` with ``file:line`` when it is no UTF-8 JSON object."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise UserError(Finding(f"{path}:{line}", "the file is not UTF-8 text", "save it as UTF-8")) from error
    except OSError as error:
        raise CouldNotRun(Finding(str(path), f"cannot be read ({error.strerror})", "check its permissions")) from error
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise UserError(
            Finding(f"{path}:{error.lineno}", f"not JSON: {error.msg}", "mend the text near here")
        ) from error
    except _NoNumberError as error:
        line = text.count("\n", 0, text.find(str(error))) + 1
        raise UserError(Finding(f"{path}:{line}", f"not JSON: {error} is no number", "write a number")) from error
    except _TwiceError as error:
        line = _second_line(text, str(error))
        raise UserError(Finding(f"{path}:{line}", f'"{error}" is written twice', "keep one of the two")) from error
    if not isinstance(data, dict):
        raise UserError(Finding(f"{path}:1", "a suite must be a JSON object", 'begin with {"name": ...'))
    entries = data.pop("expectations", [])
    if not isinstance(entries, list):
        raise UserError(Finding(f"{path}:1", '"expectations" must be a list', 'write "expectations": [...]'))
    lines = _lines(text, len(entries))
    return Located(
        f"{path}:1", data, tuple((entry, f"{path}:{line}") for entry, line in zip(entries, lines, strict=True))
    )


class _NoNumberError(Exception):
    """``NaN`` or ``Infinity``: nothing lies above or below it, so every row would break the rule."""


def _no_number(constant: str) -> Any:
    raise _NoNumberError(constant)


class _TwiceError(Exception):
    """A key that occurs twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise _TwiceError(name)
        values[name] = value
    return values


def _second_line(text: str, name: str) -> int:
    """Line of a key that is written twice: the nearest repetition, good enough to point a person at it."""
    places = [match.start() for match in re.finditer(re.escape(json.dumps(name)) + r"\s*:", text)]
    for first, second in pairwise(places):
        between = text[first:second]
        if between.count("{") == between.count("}"):
            return text.count("\n", 0, second) + 1
    return text.count("\n", 0, places[-1] if places else 0) + 1


def _lines(text: str, count: int) -> list[int]:
    """Line of the opening brace of each element of the top-level list ``expectations``; the text is valid JSON."""
    decoder = json.JSONDecoder()
    at = _after(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _after(text, _after(text, at) + 1)  # the colon
        if name == "expectations":
            break
        _value, at = decoder.raw_decode(text, at)
        at = _after(text, at)
        at = _after(text, at + 1) if text[at] == "," else at
    lines: list[int] = []
    at = _after(text, at + 1)  # the opening bracket
    while len(lines) < count:
        lines.append(text.count("\n", 0, at) + 1)
        _value, at = decoder.raw_decode(text, at)
        at = _after(text, _after(text, at) + 1)  # the comma or the closing bracket
    return lines


def _after(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
