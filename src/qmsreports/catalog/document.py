"""Reads one YAML 1.2 file as pure data and remembers the line of every node.

Only what a person writes in a form is read: mappings, lists and plain values. Tags, anchors, aliases and several
documents in one file are refused, and so is a key that is written twice, because the last one would silently win.
Values follow YAML 1.2 with one addition: ``no`` is the text "no", ``12:30`` the text "12:30", ``010`` the number 10,
and an unquoted ``2026-01-31`` is a date.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from qmsreports.errors import Finding, UserError

Location = tuple[str | int, ...]
"""Path of a node: ``("versions", 0, "population", "table")``."""

_DEEPEST = 30
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Document:
    """The data of one file. ``name`` is the path as printed, ``catalog/kpis/nps.yaml``."""

    name: str
    data: Any
    lines: Mapping[Location, int] = field(repr=False)

    def where(self, location: Location = ()) -> str:
        """Return ``file:line`` of a node, or of the nearest node above it that exists in the file."""
        for length in range(len(location), -1, -1):
            line = self.lines.get(tuple(location[:length]))
            if line is not None:
                return f"{self.name}:{line}"
        return f"{self.name}:1"


def read_document(path: Path, name: str) -> Document:
    """Read a file; :class:`UserError` with ``file:line`` when it cannot be read as data."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(Finding(name, f"cannot be read ({error.strerror})", "check the file's permissions")) from error
    return parse_bytes(content, name)


@lru_cache(maxsize=1000)  # every stage of a run loads the catalog, and reading YAML is nearly all of that
def parse_bytes(content: bytes, name: str) -> Document:
    """Read the content of a file; the same refusals as :func:`parse_document`, and of what is not UTF-8.

    The same content gives the same document, which nobody changes.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(Finding(f"{name}:{line}", "the file is not UTF-8 text", "save it as UTF-8")) from error
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """Read text; :class:`UserError` with ``file:line`` for what is not plain data."""
    return read_fast(text, name) or read_with_care(text, name)


def read_fast(text: str, name: str) -> Document | None:
    """Read text with libyaml, eight times as fast; ``None`` where it takes exception or is not installed.

    libyaml speaks YAML 1.1. What separates that from 1.2 and stands in front of the values, whose meaning is ours, are
    line ends of other alphabets, tabs and directives: such a text is left to the careful reader, and so is all that has
    to be refused, because that one says best what is wrong.
    """
    try:
        from yaml import YAMLError
        from yaml.cyaml import CParser
    except ImportError:
        return None
    if _OF_1_2.search(text):
        return None
    lines: dict[Location, int] = {}
    try:
        data = _Builder(name, lines).build(iter(CParser(text).get_event, None))
    except (YAMLError, UserError, ValueError, RecursionError):
        return None
    return Document(name, data, lines) if data and isinstance(data, dict) else None


_OF_1_2 = re.compile("[\t\x85\u2028\u2029\ufeff]|^%", re.MULTILINE)


def read_with_care(text: str, name: str) -> Document:
    """Read text with ruamel.yaml; :class:`UserError` with ``file:line`` for what is not plain data."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    lines: dict[Location, int] = {}
    try:
        data = _Builder(name, lines).build(YAML(typ="safe", pure=True).parse(io.StringIO(text)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise UserError(Finding(f"{name}:{line}", *_unreadable(error.problem))) from error
    except YAMLError as error:  # a character that YAML does not allow
        position = getattr(error, "position", 0)
        line = text[:position].count("\n") + 1
        raise UserError(Finding(f"{name}:{line}", "holds a character that no text file should", "delete it")) from error
    except (ValueError, IndexError, AttributeError, TypeError, AssertionError, RecursionError) as error:
        raise UserError(Finding(f"{name}:1", "not readable as YAML", _HINT)) from error
    if data is None:
        raise UserError(Finding(f"{name}:1", "the file is empty", "write the definition or delete the file"))
    if not isinstance(data, dict):
        raise UserError(Finding(f"{name}:1", "the file is no mapping", 'begin with a line such as "kpi: my_kpi"'))
    return Document(name, data, lines)


_HINT = "check indentation, colons and quotes near this line"


def _unreadable(problem: str | None) -> tuple[str, str]:
    words = " ".join((problem or "unexpected text").split())
    if "'\\t'" in words:
        return "a tab stands where spaces belong", "indent with spaces"
    return f"not readable as YAML: {words}", _HINT


class _Builder:
    """Turns parser events into data; iterative by recursion on containers only, at most ``_DEEPEST`` deep."""

    def __init__(self, name: str, lines: dict[Location, int]) -> None:
        self.name = name
        self.lines = lines

    def build(self, events: Iterator[Any]) -> Any:
        data: Any = None
        documents = 0
        for event in events:
            kind = type(event).__name__
            if kind in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                continue
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._refuse(event, "a second document begins here", "write one definition per file")
                continue
            data = self._node(event, events, ())
        return data

    def _node(self, event: Any, events: Iterator[Any], location: Location) -> Any:
        self._refuse_marks(event)
        kind = type(event).__name__
        if len(location) > _DEEPEST:
            self._refuse(event, "the nesting is deeper than any definition needs", "write it flatter")
        self.lines.setdefault(location, event.start_mark.line + 1)
        if kind == "ScalarEvent":
            return plain_value(event.value) if event.style in (None, "") else event.value
        if kind == "SequenceStartEvent":
            return self._sequence(events, location)
        return self._mapping(events, location)

    def _sequence(self, events: Iterator[Any], location: Location) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            items.append(self._node(event, events, (*location, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            self._refuse_marks(event)
            if type(event).__name__ != "ScalarEvent":
                self._refuse(event, "a key must be a plain word", "quote texts that begin with { or [")
            key = str(event.value)
            if key in values:
                self._refuse(event, f'"{key}" is written twice', "keep one of the two")
            self.lines[(*location, key)] = event.start_mark.line + 1
            values[key] = self._node(next(events), events, (*location, key))
        return values

    def _refuse_marks(self, event: Any) -> None:
        if type(event).__name__ == "AliasEvent" or getattr(event, "anchor", None):
            self._refuse(event, "anchors and aliases (& and *) are not read", "write the value out")
        if getattr(event, "tag", None):
            self._refuse(event, "tags (!) are not read", "write a plain value")

    def _refuse(self, event: Any, what: str, todo: str) -> None:
        raise UserError(Finding(f"{self.name}:{event.start_mark.line + 1}", what, todo))


def plain_value(text: str) -> Any:
    """Return what an unquoted scalar means: nothing, true/false, a whole number, a number, a date, else the text.

    >>> [plain_value(word) for word in ("no", "12:30", "1e3", "2026-02-30", "2026-02-28")]
    ['no', '12:30', 1000.0, '2026-02-30', datetime.date(2026, 2, 28)]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        return text if number in (float("inf"), float("-inf")) else number
    match = _DATE.fullmatch(text)
    if match:
        try:
            return date(*(int(part) for part in match.groups()))
        except ValueError:
            return text
    return text
