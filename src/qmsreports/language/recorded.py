"""Sentences that a run put on record in English, said again in the language of the pack that shows them.

A run speaks English to whoever keeps it going, and its words stay on record as they were. The forms of these sentences
are ours and few; they stand in the catalogs as ``recorded.*`` beside all others, and the English ones are patterns as
well: ``Qty is -1, below 1.`` is known by ``recorded.below``, and its column, value and bound go into the sentence of
another language. A sentence that no pattern knows (an error of a database, a reason that the suite's author wrote)
stays as it is.
"""

from __future__ import annotations

import re
from functools import cache

from qmsreports.language import say, spoken
from qmsreports.language.messages import load

_PREFIX = "recorded."
_WORD = "recorded.word."
_PLACE = re.compile(r"\\\{(\w+)\\\}")
_NUMBERS = frozenset({"failed", "checked", "share", "tolerated", "more"})
_WORDS = frozenset({"empty", "yes", "no"})


def again(text: str) -> str:
    """Return a recorded sentence in the language that is spoken; with the row it is about in front, where it names one.

    In German ``SO-1|10: Qty is -1, below 1.`` is ``SO-1|10: Qty ist -1, unter 1.``
    """
    if spoken().code == "en" or not text:
        return text
    row, colon, rest = text.partition(": ")
    found = _said(text)
    if found is None and colon and (found := _said(rest)) is not None:
        return f"{row}: {found}"
    return text if found is None else found


def _said(text: str) -> str | None:
    for form, pattern in _patterns():
        match = pattern.fullmatch(text)
        if match:
            return say(f"recorded.{form}", **{name: _fact(name, value) for name, value in match.groupdict().items()})
    return None


def _fact(name: str, value: str) -> str:
    if name in _NUMBERS:
        return spoken().written(value)
    if name == "value" and value in _WORDS:
        return say(f"recorded.word.{value}")
    return again(value) if name in ("extent", "list", "said") else value


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return name and pattern of each English sentence, in the order of the catalog: the narrower ones stand first."""
    return tuple(
        (key.removeprefix(_PREFIX), re.compile(_PLACE.sub(_group, re.escape(message).replace(r"\ ", " ")), re.DOTALL))
        for key, message in load("en").messages.items()
        if key.startswith(_PREFIX) and not key.startswith(_WORD) and isinstance(message, str)
    )


def _group(place: re.Match[str]) -> str:
    name = place[1]
    what = r"[\d.e+-]+" if name in _NUMBERS else r'"[^"]*"|.+?' if name == "value" else ".+?"
    return f"(?P<{name}>{what})"
