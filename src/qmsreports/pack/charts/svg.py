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
from functools import cache, lru_cache
from typing import Any
from xml.sax.saxutils import quoteattr

from qmsreports.pack.charts.drawing import Area, Drawing, Marks, Shape, Stroke
from qmsreports.pack.charts.lettering import font, outlines

_SHAPES = {"dot": "o", "up": "^", "down": "v", "diamond": "D"}
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "qmsreports",
    "path.simplify": False,
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
    """Return the drawing as SVG text; ``alt`` makes it an image with that name for screen readers.

    Everything has its place already, so the shapes go straight to matplotlib's SVG renderer. Figures and artists would
    work out transforms, clipping and order again, which takes as long again.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import RendererSVG

    out = io.StringIO()
    with rc_context(_SETTINGS):
        renderer: Any = RendererSVG(  # type: ignore[no-untyped-call]
            drawing.width, drawing.height, out, image_dpi=72, metadata={"Date": None}
        )
        renderer._text2path = outlines()  # else every text is shaped anew, and charts repeat their texts
        for shape in drawing.shapes:
            _draw(shape, renderer, drawing.height)
        renderer.finalize()
    return _compact(out.getvalue(), drawing, alt)


def _draw(shape: Shape, renderer: Any, sheet: float) -> None:
    from matplotlib.path import Path
    from matplotlib.transforms import IdentityTransform

    pen = renderer.new_gc()
    if isinstance(shape, Area):
        left, bottom = shape.box.left, shape.box.bottom
        right, top = left + shape.box.width, bottom + shape.box.height
        corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        pen.set_linewidth(0)
        renderer.draw_path(pen, Path(corners, closed=True), IdentityTransform(), _rgba(shape.colour))
    elif isinstance(shape, Stroke):
        pen.set_foreground(_rgba(shape.colour), isRGBA=True)
        pen.set_linewidth(shape.width)
        pen.set_dashes(0, shape.dash or None)
        for line in shape.lines:
            renderer.draw_path(pen, Path(line), IdentityTransform())
    elif isinstance(shape, Marks):
        marker = _marker(shape.shape)
        pen.set_foreground(_rgba(shape.edge), isRGBA=True)
        pen.set_linewidth(shape.edge_width)
        pen.set_joinstyle(marker.get_joinstyle())
        pen.set_capstyle(marker.get_capstyle())
        size = shape.size / (math.sqrt(2) if shape.shape == "diamond" else 1)  # its diagonal
        as_large = marker.get_transform().scale(size)
        renderer.draw_markers(pen, marker.get_path(), as_large, Path(shape.at), IdentityTransform(), _rgba(shape.fill))
    else:
        pen.set_foreground(_rgba(shape.colour), isRGBA=True)
        prop = font(shape.size, bold=shape.bold, text=shape.text)
        renderer.draw_text(pen, shape.x, sheet - shape.baseline, shape.text, prop, 0)


@cache
def _marker(shape: str) -> Any:
    from matplotlib.markers import MarkerStyle

    return MarkerStyle(_SHAPES[shape])


@cache
def _rgba(colour: str) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgba

    return to_rgba(colour)


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
