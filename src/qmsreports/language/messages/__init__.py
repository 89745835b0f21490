"""A language as it was read from its catalog of messages: one ``.po`` file, read once.

The catalogs are gettext files, which translators have tools for. Their ids are keys (``decision.asks.signal``) and not
English sentences, so that English is a language like the others and a better English sentence leaves the translations
in place. ``~`` in a message is a space that keeps its neighbours on one line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
_NARROW, _NBSP = "\u202f", "\u00a0"
_FRENCH = ((re.compile(r" (?=[;?!%])|(?<=«) | (?=»)"), _NARROW), (re.compile(" (?=:)"), _NBSP))
"""Spaces before signs, which French has and which must not end a line."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its messages by key, and how it writes numbers and days.

    A message with plural forms is a pair: of one, of any other number.
    """

    code: str
    messages: Mapping[str, str | tuple[str, str]]
    decimal: str
    group: str
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    _locale: Any = field(repr=False, compare=False)

    def say(self, key: str, facts: Mapping[str, object]) -> str:
        """Return a message with its facts; see :func:`qmsreports.language.say`."""
        message, n = self.messages[key], facts.get("n")
        if isinstance(message, tuple):
            if not isinstance(n, int):
                raise KeyError(f"{key} has plural forms and needs a number")
            message = message[0 if self._locale.plural_form(n) == "one" else 1]
        if isinstance(n, int):
            facts = {**facts, "n": self.written(f"{n:,}")}
        return message.format(**facts) if "{" in message else message

    def written(self, text: str) -> str:
        """Return a number that Python wrote (``-1,234.5``) with the signs of this language; a minus is a real one."""
        if self.code == "en" and "-" not in text:
            return text
        signs = {",": self.group, ".": self.decimal, "-": "\u2212"}
        return "".join(signs.get(character, character) for character in text)

    def day(self, value: Any) -> str:
        """Return a day as the message ``format.day`` wants it: ``2 Nov 2026``, ``2. Nov. 2026``, ``1er nov. 2026``."""
        from babel.dates import format_date

        text = str(format_date(value, format=str(self.messages["format.day"]), locale=self._locale))
        return f"{self.messages['format.first_day']}{text[1:]}" if value.day == 1 else text


@cache
def load(code: str) -> Language:
    """Read a language; once in the life of a process."""
    from babel import Locale

    locale: Any = Locale.parse(code)
    symbols = locale.number_symbols
    signs = symbols.get("latn", symbols)
    months = locale.months["stand-alone"]
    return Language(
        code,
        read(code),
        signs["decimal"],
        signs["group"],
        tuple(locale.months["format"]["wide"][number] for number in range(1, 13)),
        tuple(months["abbreviated"][number] for number in range(1, 13)),
        locale,
    )


def read(code: str) -> dict[str, str | tuple[str, str]]:
    """Return the messages of a language by key, as they are said."""
    from babel.messages.pofile import read_po

    with (FOLDER / f"{code}.po").open("rb") as file:
        catalog = read_po(file, locale=code, abort_invalid=True)
    found: dict[str, str | tuple[str, str]] = {}
    for message in catalog:
        key: Any = message.id
        said: Any = message.string
        if isinstance(key, tuple):
            one, other = (_set(form, code) for form in said)
            found[key[0]] = (one, other)
        elif key:
            found[key] = _set(said, code)
    return found


def _set(text: str, code: str) -> str:
    """Return a message as it is set: with the spaces that must not break."""
    for pattern, space in _FRENCH if code == "fr" else ():
        text = pattern.sub(space, text)
    return text.replace("~", _NBSP)
