"""Text from sources made fit for print: what the fonts cannot show is replaced, never dropped in silence.

PDF/UA and PDF/A refuse a file with a single character that no font has, with control characters or with private code
points, and they are right: a reader would see nothing. So each such character becomes a white square and is counted;
the web form and the attached model keep the original.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MISSING = "\u25a1"
_BREAK = "\u200b"
_LONG = 22  # characters without a space that a line takes as they are
_PIECE = 8  # a longer word may break after so many, which fits the narrowest column
_KEPT_FORMAT = frozenset("\u00ad")
_FACES = ("Light", "Regular", "It", "Semibold", "Bold")

VERBATIM = frozenset({"link", "anchor", "chart", "card", "low_chart", "spark", "definition", "fingerprint", "sha"})
"""Keys whose values are names and not text: never touched."""

CODE = frozenset({"rule", "text"})
"""Keys whose values may be code: made printable, but no break is put into a long word."""


def font_files() -> tuple[Path, ...]:
    """Return the fonts of the print: Source Sans Pro, and DejaVu Sans for what it lacks."""
    source = Path(str(files("font_source_sans_pro"))) / "files"
    dejavu = _matplotlib() / "mpl-data" / "fonts" / "ttf"
    return (
        *(source / f"SourceSansPro-{face}.otf" for face in _FACES),
        dejavu / "DejaVuSans.ttf",
        dejavu / "DejaVuSans-Bold.ttf",
    )


def _matplotlib() -> Path:
    """Where matplotlib lies, without importing it: that takes longer than setting a page."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent


@cache
def _covered() -> tuple[frozenset[int], frozenset[int]]:
    """Code points of the text font and of the one behind it; only what all used faces have counts."""
    charts = [_charmap(path) for path in font_files()]
    return frozenset.intersection(*charts[: len(_FACES)]), frozenset.intersection(*charts[len(_FACES) :])


def _charmap(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def printable(text: str) -> str:
    """Return the text with what cannot be printed replaced by a white square.

    Composed first (``e`` and an accent become one letter); control, format and private characters go; a combining mark
    stays only where the font of its base letter has it.
    """
    if text.isascii() and text.isprintable():
        return text
    first, second = _covered()
    kept: list[str] = []
    base: frozenset[int] = first
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if char in "\n\t":
            kept.append(char)
        elif category in ("Cc", "Cf") and char not in _KEPT_FORMAT:
            continue
        elif category in ("Mn", "Me"):
            if kept and ord(char) in base:
                kept.append(char)
        elif category in ("Zl", "Zp"):
            kept.append(" ")
        elif ord(char) in first:
            kept.append(char)
            base = first
        elif ord(char) in second and category not in ("Co", "Cs", "Cn"):
            kept.append(char)
            base = second
        else:
            kept.append(MISSING)
            base = frozenset()
    return "".join(kept)


def plain(text: str) -> str:
    """Return the text in the letters that no font lacks: the last resort when a cluster still cannot be set."""
    letters = unicodedata.normalize("NFC", text)
    return "".join(char if char in "\n\t" or char.isascii() or char in _SAFE else MISSING for char in letters)


_SAFE = frozenset(
    "\u00a0\u2013\u2014\u2019\u201c\u201d\u201e\u202f\u2022\u2192\u2212\u2264\u2265\u25a1\u25b2\u25bc\u25cf\u200b"
) | frozenset(map(chr, range(0xA1, 0x180)))


def breakable(text: str) -> str:
    """Return the text with places to break in words that no column could hold: after ``_ / . - : @`` or anywhere."""

    def broken(match: re.Match[str]) -> str:
        word = re.sub(r"([_/.\-:@,;])(?=\w)", rf"\1{_BREAK}", match.group())
        return re.sub(rf"([^{_BREAK}]{{{_PIECE}}})(?=[^{_BREAK}])", rf"\1{_BREAK}", word)

    return re.sub(rf"[^\s\u00a0]{{{_LONG + 1},}}", broken, text)


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
    """Count the white squares in plain data."""
    if isinstance(value, str):
        return value.count(MISSING)
    if isinstance(value, Mapping):
        return sum(map(missing, value.values()))
    if isinstance(value, Sequence):
        return sum(map(missing, value))
    return 0
