"""YAML as people write it: plain words where they are safe, one line where it fits, long texts folded.

:mod:`qmsreports.catalog.canonical` writes for hashing, where every text is quoted; this writes for eyes.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any

from qmsreports.catalog.canonical import to_yaml
from qmsreports.catalog.document import plain_value

_WIDEST = 116
_PLAIN = re.compile(r"[\w][\w .,;()/+%&'€$*=<>@!?|~^:#-]*")
_TAKEN = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|~")


def flow(value: Any, *, inside: bool = False) -> str:
    """Return a value on one line; ``inside`` a bracket commas and colons need quotes.

    >>> flow({"by": "Board", "on": "no"})
    '{by: Board, on: "no"}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(key))}: {flow(item, inside=True)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item, inside=True) for item in value) + "]"
    if isinstance(value, str):
        return value if _is_plain(value, inside) else _bare(value)
    return _bare(value)


def lines(value: Any, column: int, *, spread: bool = False) -> list[str]:
    """Return a value as lines that begin at ``column``; ``spread`` puts the fields of a mapping on lines of their own.

    A mapping given at the top of a file or an entry is always spread; what is inside goes on one line where it fits.
    """
    if isinstance(value, Mapping) and value:
        if column and not spread and len(value) > 1 and column + len(short := flow(value)) <= _WIDEST:
            return [short]
        return [line for key, item in value.items() for line in _entry(str(key), item, column)]
    if isinstance(value, list | tuple) and value:
        return [line for item in value for line in _item(item, column)]
    return [flow(value)]


def _item(item: Any, column: int) -> list[str]:
    short = flow(item)
    inner = [short] if column + 2 + len(short) <= _WIDEST else lines(item, column + 2, spread=True)
    return [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]


def _entry(key: str, value: Any, column: int) -> list[str]:
    head = f"{_key(key)}:"
    if isinstance(value, str):
        return _text_entry(head, value, column)
    short = flow(value)
    entries = not column and isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value)
    fits = (
        column + len(head) + 1 + len(short) <= _WIDEST and not entries
    )  # the entries of a file have lines of their own
    if fits or not isinstance(value, Mapping | list | tuple):
        return [f"{head} {short}"]
    return [head, *(f"  {line}" for line in lines(value, column + 2, spread=True))]


def _text_entry(head: str, text: str, column: int) -> list[str]:
    first, *rest = text_lines(text, column, len(head))
    return [f"{head} {first}", *rest]


def text_lines(text: str, column: int, used: int = 0) -> list[str]:
    """Return a text as it follows its key, which takes ``used`` characters from ``column`` on.

    Texts of several lines keep their lines, a text that is too long for its line is folded, both two columns in.
    """
    body = text[:-1] if text.endswith("\n") else text
    ends = "" if text.endswith("\n") else "-"
    rows = body.split("\n")
    if len(rows) > 1 and all(row.isprintable() and row == row.rstrip() for row in rows) and rows[0].strip() == rows[0]:
        if all(rows) and not any(row.startswith("#") for row in rows[:1]):
            return [f"|{ends}", *(f"  {row}" for row in rows)]
    elif len(rows) == 1 and column + used + 1 + len(text) > _WIDEST and _foldable(body) and ends:
        return [">-", *(f"  {row}" for row in textwrap.wrap(body, _WIDEST - column - 2, **_WHOLE_WORDS))]
    return [flow(text)]


_WHOLE_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def _foldable(text: str) -> bool:
    return text.isprintable() and text == " ".join(text.split(" ")).strip() and "  " not in text


def _is_plain(text: str, inside: bool) -> bool:
    if not _PLAIN.fullmatch(text) or text != text.strip() or plain_value(text) != text or _TAKEN.fullmatch(text):
        return False
    if ": " in text or " #" in text or text.endswith(":"):
        return False
    return not (inside and re.search(r"[,:?#]", text))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[a-z][\w.-]*", key) and key not in ("null", "true", "false") else _bare(key)


def _bare(value: Any) -> str:
    return to_yaml([value]).removeprefix("- ").removesuffix("\n")
