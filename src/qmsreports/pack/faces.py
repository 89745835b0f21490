"""The fonts of print and charts: which of them has what letters.

Source Sans Pro is the text, DejaVu Sans what it lacks of Latin, Greek, Cyrillic, Armenian, Georgian, Arabic and Hebrew.
Behind them stand Noto Sans of other scripts, of Chinese, Japanese and Korean, and Noto Emoji in one colour; all come as
packages. Behind those stands what the organisation adds in ``catalog/brand.yaml``. A large font costs nothing where no
text needs it: it is opened for letters that those before it lack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

_WEIGHTS = ("Light", "Regular", "It", "Semibold", "Bold")
_SCRIPTS = (
    *("Thai", "Lao", "Khmer", "Myanmar", "Devanagari", "Bengali", "Gujarati", "Gurmukhi", "Tamil", "Telugu"),
    *("Kannada", "Malayalam", "Sinhala", "Oriya", "Ethiopic", "Symbols"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A family as print asks for it, and its files. ``own`` is a file of the organisation, renamed when it is used.

    Told apart by what it is, not by what it says: it is looked up for every text, and to hash its paths takes longer
    than to look at the text.
    """

    family: str
    files: tuple[Path, ...]
    own: bool = False


@cache
def bundled() -> tuple[Face, ...]:
    """Return the families that every installation has, in the order in which a letter is looked for."""
    noto = Path(str(files("manimgx_fonts")))
    text = Path(str(files("font_source_sans_pro"))) / "files"
    dejavu = _matplotlib() / "mpl-data" / "fonts" / "ttf"
    return (
        Face("Source Sans Pro", tuple(text / f"SourceSansPro-{weight}.otf" for weight in _WEIGHTS)),
        Face("DejaVu Sans", (dejavu / "DejaVuSans.ttf", dejavu / "DejaVuSans-Bold.ttf")),
        *(Face(f"Noto Sans {script}", (noto / f"NotoSans{script}[wght].ttf",)) for script in _SCRIPTS),
        Face("Noto Sans CJK JP", (Path(str(files("noto_cjk_sans_otc"))) / "NotoSansCJK-Regular.ttc",)),
        Face("Noto Emoji", (noto / "NotoEmoji[wght].ttf",)),
    )


MAIN = 2
"""So many families are always at hand; the others are opened where a text needs them."""

_ADDED: ContextVar[tuple[Face, ...]] = ContextVar("added fonts", default=())


@contextmanager
def added(fonts: Iterable[Path]) -> Iterator[None]:
    """Look for letters also in these files of the organisation, behind all others, until the block ends."""
    own = tuple(Face(f"Qmsreports Added {number}", (path,), own=True) for number, path in enumerate(fonts, start=1))
    token = _ADDED.set(own)
    try:
        yield
    finally:
        _ADDED.reset(token)


def faces() -> tuple[Face, ...]:
    """Return all families in the order in which a letter is looked for."""
    return bundled() + _ADDED.get()


@cache
def letters(face: Face) -> frozenset[int]:
    """Return the code points that every file of a family has."""
    return frozenset.intersection(*map(_charmap, face.files))


def _charmap(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    class Unnamed(TTFont):  # type: ignore[misc]
        """A font whose glyphs keep their numbers: to name them all takes longer than to read which letters it has."""

        def getGlyphNameMany(self, glyphs: Iterable[int]) -> list[int]:  # noqa: N802  # the name is fontTools'
            return list(glyphs)

        def getGlyphName(self, glyph: int) -> int:  # noqa: N802  # the name is fontTools'
            return glyph

    with Unnamed(path, lazy=True, fontNumber=0) as font:
        return frozenset(font.getBestCmap())


def _matplotlib() -> Path:
    """Where matplotlib lies, without importing it: that takes longer than setting a page."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent
