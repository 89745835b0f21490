"""Text from sources made fit for print: what no font can show is told by its code point, never dropped in silence.

PDF/UA and PDF/A refuse a file with a single character that no font has, with control characters or with private code
points, and they are right: a reader would see an empty box. So a run of such characters becomes their code points in
brackets (``[U+13A0 U+13A1]``) and each is counted; the web form and the attached model keep the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from qmsreports.pack.faces import MAIN, Face, bundled, faces, letters

_BREAK = "\u200b"
_LONG = 22  # characters without a space that a line takes as they are
_PIECE = 8  # a longer word may break after so many, which fits the narrowest column
_JOINERS = frozenset("\u200c\u200d")  # they decide which form a letter or an emoji takes
_KEPT = _JOINERS | frozenset("\n\t\u00ad")
_TONES = range(0x1F3FB, 0x1F400)  # of skin, behind an emoji
_BLANKS = str.maketrans("\u00a0\u202f\n\t", "    ")  # fit for print, though Python calls them unprintable
_HIDDEN = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))  # choose a variant of the letter before

VERBATIM = frozenset({"link", "anchor", "chart", "card", "low_chart", "spark", "definition", "fingerprint", "sha"})
"""Keys whose values are names and not text: never touched."""

CODE = frozenset({"rule", "text"})
"""Keys whose values may be code: made printable, but no break is put into a long word."""


def font_files() -> tuple[Path, ...]:
    """Return the fonts that every print is set with, and those behind them."""
    return tuple(path for face in bundled() for path in face.files)


def printable(text: str) -> str:
    """Return the text with what no font has told by its code points.

    Composed first (``e`` and an accent become one letter); control, format and private characters go; a combining mark
    stays where a font has it together with its letter. ``"Ωmega \u13a0\u13a1"`` is ``"Ωmega [U+13A0 U+13A1]"``.
    """
    if text.isascii() and text.isprintable():
        return text
    return _told(text, faces())[0]


@lru_cache(maxsize=8192)
def _told(text: str, known: tuple[Face, ...]) -> tuple[str, int, frozenset[Face]]:
    """Return the text fit for print, how many characters no font has, and the families it needs."""
    if text.translate(_BLANKS).isprintable() and unicodedata.is_normalized("NFC", text):
        alone = _alone(known)
        found = {alone[char] for char in set(text)}
        if None not in found:
            return text, 0, frozenset(face for face in found if face is not None)
    out: list[str] = []
    lacking: list[str] = []
    count = 0
    needed: set[Face] = set()

    def close() -> None:
        if lacking:
            out.append("[" + " ".join(f"U+{ord(char):04X}" for char in lacking) + "]")
            lacking.clear()

    for cluster in _clusters(_clean(text)):
        for kept, face in _set(cluster, known):
            if face is None:
                lacking += kept
                count += len(kept)
            else:
                close()
                out.append(kept)
                needed.add(face)
    close()
    return "".join(out), count, frozenset(needed)


class _Alone(dict[str, Face | None]):
    """By character the first family that has it; None where none has it or where it binds to the letter before."""

    def __init__(self, known: tuple[Face, ...]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, char: str) -> Face | None:
        face = None if _binds(char) or _is_hidden(char) else _first(char, self._known)
        self[char] = face
        return face


@lru_cache(maxsize=8)  # one with the fonts that an organisation adds, one without
def _alone(known: tuple[Face, ...]) -> _Alone:
    return _Alone(known)


def _binds(char: str) -> bool:
    """Tell whether a character belongs to the letter before it."""
    return char in _JOINERS or ord(char) in _TONES or unicodedata.category(char) in ("Mn", "Me", "Mc")


def _is_hidden(char: str) -> bool:
    """Tell whether a character only chooses a variant of the letter before it."""
    return any(ord(char) in hidden for hidden in _HIDDEN)


def _clean(text: str) -> str:
    """Compose, and take away what is no letter: control and format characters, and what chooses variants."""
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in ("Zl", "Zp"):
            kept.append(" ")
        elif char in _KEPT or not (category in ("Cc", "Cf") or _is_hidden(char)):
            kept.append(char)
    return "".join(kept)


def _clusters(text: str) -> Iterator[str]:
    """Yield each letter with its marks, and what joiners bind: a family of four is one emoji."""
    cluster = ""
    for char in text:
        if cluster and (_binds(char) or cluster.endswith("\u200d")):
            cluster += char
            continue
        if cluster:
            yield cluster
        cluster = char
    if cluster:
        yield cluster


def _set(cluster: str, known: tuple[Face, ...]) -> Iterator[tuple[str, Face | None]]:
    """Yield a cluster as one font sets it, else its characters one by one; without a font what none has.

    A font of text has no joiners: there they do nothing and go.
    """
    bare = "".join(char for char in cluster if char not in _JOINERS)
    face = _first(bare, known)
    if face is not None:
        joined = face != known[0] and all(ord(char) in letters(face) for char in cluster)
        if bare:
            yield (cluster if joined else bare), face
        return
    for char in bare:
        yield char, _first(char, known)


def _first(text: str, known: tuple[Face, ...]) -> Face | None:
    """Return the first family that has all characters; spaces and tabs need none."""
    wanted = [ord(char) for char in text if char not in "\n\t"]
    if any(unicodedata.category(chr(code)) in ("Co", "Cs") for code in wanted):
        return None
    return next((face for face in known if letters(face).issuperset(wanted)), None)


def plain(text: str) -> str:
    """Return the text in the letters that no font lacks: the last resort when a cluster still cannot be set."""
    parts = re.split(rf"([^\n\t\x20-\x7e{''.join(_SAFE)}]+)", unicodedata.normalize("NFC", text))
    return "".join(
        "[" + " ".join(f"U+{ord(char):04X}" for char in part) + "]" if number % 2 else part
        for number, part in enumerate(parts)
    )


_SAFE = frozenset(
    "\u00a0\u2013\u2014\u2019\u201c\u201d\u201e\u202f\u2022\u2192\u2212\u2264\u2265\u25a1\u25b2\u25bc\u25cf\u200b"
) | frozenset(map(chr, range(0xA1, 0x180)))


@lru_cache(maxsize=2**16)
def breakable(text: str) -> str:
    """Return the text with places to break in words that no column could hold: after ``_ / . - : @`` or anywhere, and
    before what tells a character that no font has.
    """

    def broken(match: re.Match[str]) -> str:
        word = re.sub(r"([_/.\-:@,;])(?=\w)", rf"\1{_BREAK}", match.group())
        return re.sub(rf"([^{_BREAK}]{{{_PIECE}}})(?=[^{_BREAK}])", rf"\1{_BREAK}", word)

    parted = re.sub(r"(?<=[^\s\u200b])(?=\[U\+)", _BREAK, text)
    return re.sub(rf"[^\s\u00a0\u200b]{{{_LONG + 1},}}", broken, parted)


def fit(value: Any, *, key: str = "", strict: bool = False) -> Any:
    """Return plain data with every text made printable and breakable; names and anchors stay as they are."""
    if isinstance(value, str):
        if key in VERBATIM:
            return value
        clean = printable(value)
        if strict:
            clean = plain(clean)
        return clean if key in CODE and "\n" in clean else breakable(clean)
    if isinstance(value, Mapping):
        return {name: fit(item, key=str(name), strict=strict) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [fit(item, key=key, strict=strict) for item in value]
    return value


def missing(value: Any) -> int:
    """Count the characters in plain data that no font has; names and anchors are not printed."""
    return sum(_told(text, faces())[1] for text in _texts(value))


def behind(value: Any) -> tuple[Face, ...]:
    """Return the families behind the main ones that plain data needs, in the order in which they are asked."""
    needed = frozenset[Face]().union(*(_told(text, faces())[2] for text in _texts(value)))
    return tuple(face for face in faces()[MAIN:] if face in needed)


def _texts(value: Any, key: str = "") -> Iterator[str]:
    """Yield the texts in plain data that are more than ASCII, in no order."""
    left = [(value, key)]
    while left:
        value, key = left.pop()
        if isinstance(value, str):
            if key not in VERBATIM and not value.isascii():
                yield value
        elif isinstance(value, Mapping):
            left += [(item, str(name)) for name, item in value.items()]
        elif isinstance(value, Sequence):
            left += [(item, key) for item in value]
