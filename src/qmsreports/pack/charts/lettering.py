"""Text in charts: the bundled font, what a text measures, and how it is shortened.

Text becomes outlines in the SVG, so that print, browser and phone show the same chart without any font installed. A
character that neither the bundled font nor matplotlib's own fallback can draw is left out, never shown as a box.
"""

from __future__ import annotations

import dataclasses
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.pack.charts.drawing import Box, Label

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties

ASCENT, DESCENT = 0.72, 0.21
"""Height of a capital or digit above the baseline and depth of a "p" below it, as shares of the size."""

_FAMILY = "qmsreports chart"  # a name of our own: a Source Sans on the machine must not stand in for the bundled one
_FALLBACK = "qmsreports chart fallback"  # DejaVu Sans, which travels inside matplotlib
_ELLIPSIS = "\u2026"
_MOST_TEXTS = 4096


@cache
def _register() -> None:
    import font_source_sans_pro
    import matplotlib
    from matplotlib import font_manager

    ours = Path(font_source_sans_pro.__file__).parent / "files"
    theirs = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for family, weight, path in (
        (_FAMILY, 400, ours / "SourceSansPro-Regular.ttf"),
        (_FAMILY, 600, ours / "SourceSansPro-Semibold.ttf"),
        (_FALLBACK, 400, theirs / "DejaVuSans.ttf"),
        (_FALLBACK, 600, theirs / "DejaVuSans-Bold.ttf"),
    ):
        entry = font_manager.ttfFontProperty(font_manager.get_font(str(path)))
        font_manager.fontManager.ttflist.append(dataclasses.replace(entry, name=family, weight=weight))


@lru_cache(maxsize=64)
def font(size: float, *, bold: bool = False) -> FontProperties:
    """Return the bundled font in this size, with the fallback for other scripts behind it."""
    from matplotlib.font_manager import FontProperties

    _register()
    return FontProperties(family=[_FAMILY, _FALLBACK], size=size, weight=600 if bold else 400)


@lru_cache(maxsize=4096)
def drawable(text: str) -> str:
    """Return the text without control characters and without characters that no bundled font has."""
    from matplotlib import font_manager

    _register()
    fonts = [
        font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=[family])))
        for family in (_FAMILY, _FALLBACK)
    ]
    kept = "".join(
        character
        for character in " ".join(text.split())
        if character.isprintable() and any(each.get_char_index(ord(character)) for each in fonts)
    )
    return " ".join(kept.split())


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in points."""
    return size * _width_of_one(text, bold)


@lru_cache(maxsize=8192)
def _width_of_one(text: str, bold: bool) -> float:
    """Return the width of a text one point high: outlines are not hinted, so every width grows with the size."""
    if not text:
        return 0.0
    width, _, _ = outlines().get_text_width_height_descent(text, font(1.0, bold=bold), False)
    return float(width)


@cache
def outlines() -> Any:
    """Return matplotlib's outlines of texts with a memory: by font and text, whatever the size."""
    from matplotlib.textpath import TextToPath

    class Outlines(TextToPath):
        def __init__(self) -> None:
            super().__init__()
            self.faces: dict[Any, Any] = {}
            self.known: dict[tuple[str, str], tuple[list[Any], dict[str, Any]]] = {}

        def _get_font(self, prop: Any) -> Any:
            if prop.get_weight() not in self.faces:
                self.faces[prop.get_weight()] = super()._get_font(prop)  # type: ignore[misc]
            face = self.faces[prop.get_weight()]
            face.set_size(self.FONT_SCALE, self.DPI)
            return face

        def get_glyphs_with_font(
            self, font: Any, s: str, glyph_map: Any = None, return_new_glyphs_only: bool = False, **more: Any
        ) -> Any:
            if more.get("features") or more.get("language") or not return_new_glyphs_only:
                return super().get_glyphs_with_font(font, s, glyph_map, return_new_glyphs_only, **more)
            if (font.fname, s) not in self.known:
                if len(self.known) > _MOST_TEXTS:
                    self.known.clear()
                places, shapes, _ = super().get_glyphs_with_font(font, s, None, False)
                self.known[font.fname, s] = (places, dict(shapes))
            places, shapes = self.known[font.fname, s]
            return places, {name: shape for name, shape in shapes.items() if name not in (glyph_map or {})}, []

    return Outlines()


def label(
    text: str, x: float, middle: float, size: float, colour: str, *, bold: bool = False, anchor: str = "left"
) -> Label:
    """Return a text whose digits are centred on ``middle``; ``anchor`` says which end (or the centre) ``x`` is."""
    width = width_of(text, size, bold=bold)
    left = {"left": x, "centre": x - width / 2, "right": x - width}[anchor]
    baseline = middle - 0.325 * size  # half the height of a digit
    return Label(
        text,
        left,
        baseline,
        size,
        colour,
        bold,
        Box(left, baseline - DESCENT * size, left + width, baseline + ASCENT * size),
    )


def shortened(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return the text, cut with an ellipsis where it is wider than ``room``; empty where not even a few letters fit."""
    text = drawable(text)
    if width_of(text, size, bold=bold) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width_of(text[:middle].rstrip() + _ELLIPSIS, size, bold=bold) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low].rstrip(" ,;:-") + _ELLIPSIS if low >= 3 else ""
