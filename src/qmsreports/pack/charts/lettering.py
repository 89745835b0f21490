"""Text in charts: the bundled font, what a text measures, and how it is shortened.

Text becomes outlines in the SVG, so that print, browser and phone show the same chart without any font installed. It
has the fonts of the print; what none of them can draw is told by its code point, never shown as a box.
"""

from __future__ import annotations

import dataclasses
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.pack.charts.drawing import Box, Label
from qmsreports.pack.faces import Face
from qmsreports.pack.glyphs import behind, printable

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


@cache
def _register_behind(face: Face) -> str:
    """Make a family known under a name of our own and return that."""
    from matplotlib import font_manager

    name = f"qmsreports chart {face.files[0]}"
    entry = font_manager.ttfFontProperty(font_manager.get_font(str(face.files[0])))
    for weight in (400, 600):  # there is one file; without the second entry a bold text would be warned of
        font_manager.fontManager.ttflist.append(dataclasses.replace(entry, name=name, weight=weight))
    return name


def font(size: float, *, bold: bool = False, text: str = "") -> FontProperties:
    """Return the bundled font in this size, with what ``text`` needs besides behind it."""
    return _font(size, bold, behind(text))


@lru_cache(maxsize=64)
def _font(size: float, bold: bool, others: tuple[Face, ...]) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    _register()
    family = [_FAMILY, _FALLBACK, *map(_register_behind, others)]
    return FontProperties(family=family, size=size, weight=600 if bold else 400)


def drawable(text: str) -> str:
    """Return the text on one line, without control characters; what no font has is told by its code points."""
    return " ".join(printable(" ".join(text.split())).split())


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in points."""
    return size * _width_of_one(text, bold, behind(text))


@lru_cache(maxsize=8192)
def _width_of_one(text: str, bold: bool, others: tuple[Face, ...]) -> float:
    """Return the width of a text one point high: outlines are not hinted, so every width grows with the size."""
    if not text:
        return 0.0
    width, _, _ = outlines().get_text_width_height_descent(text, _font(1.0, bold, others), False)
    return float(width)


@cache
def outlines() -> Any:
    """Return matplotlib's outlines of texts with a memory: by font and text, whatever the size."""
    from matplotlib.textpath import TextToPath

    class Outlines(TextToPath):
        def __init__(self) -> None:
            super().__init__()
            self.faces: dict[Any, Any] = {}
            self.known: dict[tuple[str, str, tuple[Face, ...]], tuple[list[Any], dict[str, Any]]] = {}

        def _get_font(self, prop: Any) -> Any:
            wanted = (prop.get_weight(), tuple(prop.get_family()))
            if wanted not in self.faces:
                self.faces[wanted] = super()._get_font(prop)  # type: ignore[misc]
            face = self.faces[wanted]
            face.set_size(self.FONT_SCALE, self.DPI)
            return face

        def get_glyphs_with_font(
            self, font: Any, s: str, glyph_map: Any = None, return_new_glyphs_only: bool = False, **more: Any
        ) -> Any:
            if more.get("features") or more.get("language") or not return_new_glyphs_only:
                return super().get_glyphs_with_font(font, s, glyph_map, return_new_glyphs_only, **more)
            key = (font.fname, s, behind(s))
            if key not in self.known:
                if len(self.known) > _MOST_TEXTS:
                    self.known.clear()
                places, shapes, _ = super().get_glyphs_with_font(font, s, None, False)
                self.known[key] = (places, dict(shapes))
            places, shapes = self.known[key]
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
