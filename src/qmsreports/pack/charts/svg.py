"""Paint a drawing with matplotlib and return small, self-contained, reproducible SVG.

Same drawing, same bytes: no date, no random ids. Ids are derived from the content, so that many charts can stand inside
one HTML page without meeting. About a third of what matplotlib writes (metadata, comments, empty groups, digits beyond
a hundredth of a point) is taken out again.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from qmsreports.pack.charts.drawing import Area, Drawing, Label, Marks, Shape, Stroke
from qmsreports.pack.charts.lettering import font

if TYPE_CHECKING:
    from matplotlib.artist import Artist

Painter = Callable[[Drawing, str], str]
"""Turns a drawing and its alternative text into SVG text."""

_MOST_TEXTS = 4096
_SHAPES = {"dot": "o", "up": "^", "down": "v", "diamond": "D"}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "qmsreports",
    "path.simplify": False,
    "lines.scale_dashes": False,  # dashes in points
}

_CUT = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<\?xml.*?\?>|<!DOCTYPE.*?>|<style .*?</style>", re.DOTALL)
_BETWEEN = re.compile(r">\s+<")
_MATPLOTLIB_ID = re.compile(r'<g id="[A-Za-z0-9]+_\d+">')
_GLYPH = re.compile(r' d="([^"]*)" transform="scale\(0.015625\)"')
_OUTLINE = re.compile(r' d="([^"]*)"')
_COMMAND = re.compile(r"\s*([A-Za-z])\s*")
_DIGITS = re.compile(r"-?\d+\.\d{3,}")
_TEXT_SCALE = re.compile(r"scale\((0\.\d+) -0\.\d+\)")
_ADVANCE = re.compile(r' transform="translate\((-?[\d.]+) 0\)"/>')
_MARKED = re.compile(r"<g>((?:<use [^>]*/>)+)</g>")
_MARK_STYLE = re.compile(r'(<path id="[^"]+" d="[^"]*") style="[^"]*"/>')
_STYLE = re.compile(r' style="([^"]*)"')
_ID = re.compile(r'\bid="([^"]+)"')
_REFERENCE = re.compile(r'xlink:href="#([^"]+)"')


def paint(drawing: Drawing, alt: str = "") -> str:
    """Return the drawing as SVG text; ``alt`` makes it an image with that name for screen readers."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure
    from matplotlib.transforms import IdentityTransform

    points = IdentityTransform()  # at 72 dots an inch one dot is one point
    figure = Figure(figsize=(drawing.width / 72, drawing.height / 72), dpi=72, frameon=False)
    out = io.StringIO()
    with rc_context(_SETTINGS):
        for order, shape in enumerate(drawing.shapes):
            for artist in _artists(shape, drawing.height):
                artist.set_zorder(order)
                artist.set_transform(points)
                figure.add_artist(artist)
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return _compact(out.getvalue(), drawing, alt)


def _artists(shape: Shape, sheet: float) -> Sequence[Artist]:
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    if isinstance(shape, Area):
        box = shape.box
        return [Rectangle((box.left, box.bottom), box.width, box.height, facecolor=shape.colour, edgecolor="none")]
    if isinstance(shape, Stroke):
        dash = (0, shape.dash) if shape.dash else "solid"
        return [
            LineCollection(
                [list(line) for line in shape.lines], colors=shape.colour, linewidths=shape.width, linestyles=[dash]
            )
        ]
    if isinstance(shape, Marks):
        xs, ys = zip(*shape.at, strict=True)
        return [
            Line2D(
                xs,
                ys,
                linestyle="none",
                marker=_SHAPES[shape.shape],
                markersize=shape.size / (math.sqrt(2) if shape.shape == "diamond" else 1),  # its diagonal
                markerfacecolor=shape.fill,
                markeredgecolor=shape.edge,
                markeredgewidth=shape.edge_width,
            )
        ]
    return [_lettering()(shape, sheet)]


@cache
def _lettering() -> Callable[[Label, float], Artist]:
    """Return the artist that hands a text to the renderer as it stands, for its place is known already."""
    from matplotlib.artist import Artist

    outlines = _outlines()

    class Lettering(Artist):
        def __init__(self, words: Label, sheet: float) -> None:
            super().__init__()
            self.words, self.sheet = words, sheet

        def draw(self, renderer: Any) -> None:
            pen, words = renderer.new_gc(), self.words
            renderer._text2path = outlines  # else every text is shaped anew, and charts repeat their texts
            pen.set_foreground(words.colour)
            prop = font(words.size, bold=words.bold)
            renderer.draw_text(pen, words.x, self.sheet - words.baseline, words.text, prop, 0)
            pen.restore()

    return Lettering


@cache
def _outlines() -> Any:
    """Return matplotlib's outlines of texts with a memory: by font and text, whatever the size."""
    from matplotlib.textpath import TextToPath

    class Outlines(TextToPath):
        def __init__(self) -> None:
            super().__init__()
            self.known: dict[tuple[str, str], tuple[list[Any], dict[str, Any]]] = {}

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


def _compact(text: str, drawing: Drawing, alt: str) -> str:
    body = _BETWEEN.sub("><", _CUT.sub("", text)).strip()
    body = body[body.index(">") + 1 : body.rindex("</svg>")].replace("<defs></defs>", "")
    body = _MATPLOTLIB_ID.sub("<g>", body)
    body = _GLYPH.sub(lambda match: f' d="{_glyph(match[1])}"', body)
    body = _TEXT_SCALE.sub(lambda match: f"scale({float(match[1]) / 10:g} -{float(match[1]) / 10:g})", body)
    body = _ADVANCE.sub(lambda match: f' x="{10 * float(match[1]):.0f}"/>', body)
    body = _OUTLINE.sub(lambda match: f' d="{_outline(match[1])}"', body)
    body = _DIGITS.sub(lambda match: _hundredths(match[0]), body)
    body = body.replace("stroke-dashoffset: 0; ", "").replace(": ", ":").replace("; ", ";")
    body = _MARK_STYLE.sub(r"\1/>", body)  # each use of a mark says its style again
    body = _MARKED.sub(_hoisted, body)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width:.2f}pt" height="{drawing.height:.2f}pt" '
        f'viewBox="0 0 {drawing.width:.2f} {drawing.height:.2f}" stroke-linejoin="round"'
    )
    name = f' role="img" aria-label={quoteattr(alt)}' if alt else ""
    return f"{head}{name}>{_named(body)}</svg>"


@lru_cache(maxsize=1024)
def _glyph(path: str) -> str:
    """Write a letter in the font's own grid of 1,000 to the em (matplotlib has 6,400), each step relative to the last.

    Lossless for the bundled font, and half as long.
    """
    out: list[str] = []
    last = (0, 0)
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        if command in "zZ":
            out.append("z")
            continue
        grid = [round(float(number) / 6.4) for number in numbers.split()]
        pairs = list(zip(grid[::2], grid[1::2], strict=True))
        if command == "M":
            out.append(f"M{pairs[0][0]} {pairs[0][1]}")
        else:
            steps = " ".join(f"{x - last[0]} {y - last[1]}" for x, y in pairs)
            out.append(f"{command.lower()}{steps}")
        last = pairs[-1]
    return "".join(out).replace(" -", "-")


@lru_cache(maxsize=8192)
def _outline(path: str) -> str:
    """Write a path without the blanks that its letters and signs make superfluous."""
    return _COMMAND.sub(r"\1", " ".join(path.split())).replace(" -", "-")


def _hundredths(number: str) -> str:
    """Round to a hundredth of a point; a scale (below 0.1) keeps its digits."""
    value = float(number)
    if 0 < abs(value) < 0.1:
        return f"{value:.6f}".rstrip("0")
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _hoisted(match: re.Match[str]) -> str:
    """Say the style of equal marks once, on their group."""
    styles = set(_STYLE.findall(match[1]))
    if len(styles) != 1:
        return match[0]
    return f'<g style="{styles.pop()}">{_STYLE.sub("", match[1])}</g>'


def _named(body: str) -> str:
    """Give shapes short ids that no other chart in the same page has, unless it is the same chart."""
    prefix = "c" + hashlib.sha256(body.encode()).hexdigest()[:8]
    known = {name: f"{prefix}{number:x}" for number, name in enumerate(dict.fromkeys(_ID.findall(body)))}
    body = _ID.sub(lambda match: f'id="{known[match[1]]}"', body)
    return _REFERENCE.sub(lambda match: f'href="#{known[match[1]]}"', body)
