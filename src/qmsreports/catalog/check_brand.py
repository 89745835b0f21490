"""Rules on the brand: every file is there and can be used, every colour can be read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

from qmsreports.catalog.brand import Colours, brand_folder
from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.contrast import AA, contrast, readable_on
from qmsreports.catalog.document import Location
from qmsreports.errors import Finding, did_you_mean

_KIND = "brand"
_MOST = 300_000  # bytes of a logo, which stands in every form and message
PAPER, BAND = "#FFFFFF", "#F1F4F6"
"""What stands behind text: the page, and the band behind numbers at a glance."""
_BACKGROUNDS: dict[str, tuple[str, ...]] = {
    "text": (PAPER, BAND),
    "accent": (PAPER,),
    "good": (PAPER, BAND),
    "bad": (PAPER, BAND),
    "target": (PAPER,),
}
_NAMES = {PAPER: "the page", BAND: "the band behind the numbers at a glance"}
_PNG = b"\x89PNG\r\n\x1a\n"
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)(?!data:image/)|@import|expression\(", re.IGNORECASE)
_NEEDED = frozenset(map(ord, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,:;%()+-/"))


def brand_files_exist(scope: Scope) -> Iterator[Finding]:
    """Find files that are not there."""
    for place, name in _files(scope):
        if not (_folder(scope) / name).is_file():
            known = [path.name for path in _folder(scope).glob("*")]
            todo = did_you_mean(name, known) or "put it into catalog/brand/"
            yield scope.finding(_KIND, _KIND, place, f"there is no file catalog/brand/{name}", todo)


def brand_colours_can_be_read(scope: Scope) -> Iterator[Finding]:
    """Find colours whose contrast is less than WCAG AA asks of text, and states that look alike."""
    brand = scope.catalog.brand
    if brand is None:
        return
    for name, backgrounds in _BACKGROUNDS.items():
        colour = getattr(brand.colours, name)
        for background in backgrounds if colour else ():
            ratio = contrast(colour, background)
            if ratio < AA:
                better = readable_on(colour, *backgrounds)
                what = (
                    f"{name} {colour} has a contrast of {int(ratio * 100) / 100:.2f} : 1 on {_NAMES[background]} "
                    f"({background}); text needs {AA} : 1 (WCAG AA)"
                )
                todo = f'write "{better}", which has {contrast(better, background):.2f} : 1'
                yield scope.finding(_KIND, _KIND, ("colours", name), what, todo)
                break
    yield from _alike(scope, brand.colours)


def _alike(scope: Scope, colours: Colours) -> Iterator[Finding]:
    if colours.good and colours.bad and colours.good.lower() == colours.bad.lower():
        what = f"good and bad have the same colour {colours.bad}"
        yield scope.finding(_KIND, _KIND, ("colours", "bad"), what, "choose two that can be told apart")


def brand_logo_can_be_used(scope: Scope) -> Iterator[Finding]:
    """Find logos that are no SVG or PNG, are too large, or would run or fetch something."""
    brand = scope.catalog.brand
    if brand is None or brand.logo is None:
        return
    path = _folder(scope) / brand.logo.file
    if not path.is_file():
        return
    wrong = _wrong_logo(path, path.read_bytes())
    if wrong:
        yield scope.finding(_KIND, _KIND, ("logo", "file"), f"{brand.logo.file} {wrong[0]}", wrong[1])


def _wrong_logo(path: Path, content: bytes) -> tuple[str, str] | None:
    if len(content) > _MOST:
        return f"has {len(content):,} bytes, more than {_MOST:,}", "save it smaller"
    if path.suffix.lower() == ".png":
        return None if _is_png(content) else ("is no PNG that can be read", "save it anew as PNG")
    if path.suffix.lower() == ".svg":
        return wrong_svg(content)
    return "is neither .svg nor .png", "save it as SVG or PNG"


def _is_png(content: bytes) -> bool:
    import io

    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            return content.startswith(_PNG) and image.width > 0
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def wrong_svg(content: bytes) -> tuple[str, str] | None:
    """Return why an SVG cannot be used and what to do; ``None`` for one that is only shapes.

    Refused are declarations of entities, scripts, event handlers, foreign content, animation of links, texts (they
    need fonts of the machine) and anything that is fetched from elsewhere.
    """
    if b"<!ENTITY" in content or b"<!DOCTYPE" in content:
        return "declares a document type, which can hold entities", "save it as plain SVG"
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError):
        return "is no SVG that can be read", "save it anew as plain SVG"
    if _local(root.tag) != "svg":
        return f"is no SVG but <{_local(root.tag)}>", "save it as SVG"
    for element in root.iter():
        found = _unwanted(element)
        if found:
            return found, "save it as plain SVG with outlines instead of texts"
    return None


def _unwanted(element: ElementTree.Element) -> str:
    tag = _local(element.tag)
    if tag in ("script", "foreignObject", "iframe", "handler", "set", "animate"):
        return f"holds <{tag}>, which can run or fetch something"
    if tag in ("text", "tspan"):
        return "holds text, which needs fonts of the machine"
    if tag == "style" and _OUTSIDE.search(element.text or ""):
        return "fetches something in its style"
    for name, value in element.attrib.items():
        attribute = _local(name)
        if attribute.lower().startswith("on"):
            return f"holds the event handler {attribute}"
        if attribute == "href" and not value.startswith(("#", "data:image/png", "data:image/jpeg")):
            return "refers to something outside of it"
        if _OUTSIDE.search(value):
            return f"fetches something in {attribute}"
    return ""


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def brand_fonts_can_be_embedded(scope: Scope) -> Iterator[Finding]:
    """Find font files that cannot be read, lack plain letters, or must not be embedded."""
    brand = scope.catalog.brand
    if brand is None or brand.fonts is None:
        return
    for weight in ("light", "regular", "semibold"):
        name = getattr(brand.fonts, weight)
        path = _folder(scope) / name if name else None
        if path is not None and path.is_file():
            wrong = wrong_font(path)
            if wrong:
                yield scope.finding(_KIND, _KIND, ("fonts", weight), f"{name} {wrong[0]}", wrong[1])


def brand_more_fonts_can_be_embedded(scope: Scope) -> Iterator[Finding]:
    """Find fonts for other scripts that cannot be read or must not be embedded; Latin letters they need not have."""
    brand = scope.catalog.brand
    for number, name in enumerate(brand.more_fonts if brand else ()):
        path = _folder(scope) / name
        wrong = wrong_font(path, needed=frozenset()) if path.is_file() else None
        if wrong:
            yield scope.finding(_KIND, _KIND, ("more_fonts", number), f"{name} {wrong[0]}", wrong[1])


def wrong_font(path: Path, *, needed: frozenset[int] = _NEEDED) -> tuple[str, str] | None:
    """Return why a font cannot be embedded and what to do; ``None`` where it can.

    ``fsType`` of the OS/2 table says what its maker allows: bit 1 alone forbids embedding, bit 8 forbids cutting it
    down to the letters that are used, bit 9 allows bitmaps only.
    """
    from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

    other = "use the font's .ttf or .otf file"
    try:
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            if font.flavor or font.sfntVersion not in ("\x00\x01\x00\x00", "OTTO", "true"):
                return "is no TrueType or OpenType file", other
            if "fvar" in font:
                return "is a variable font, which print cannot use", "use a file for each weight"
            allowed = font["OS/2"].fsType
            letters = font.getBestCmap() or {}
    except (TTLibError, OSError, KeyError, AssertionError, ValueError):
        return "is no font that can be read", other
    if allowed & 0x000F == 0x0002 or allowed & 0x0300:
        why = f"must not be embedded and cut down to the used letters (fsType {allowed:#06x})"
        return why, "ask its maker for a licence with embedding, or leave fonts out"
    lacking = "".join(chr(code) for code in sorted(needed - letters.keys()))
    return (f"lacks the letters {lacking[:20]}", "use a font with Latin letters and digits") if lacking else None


def _folder(scope: Scope) -> Path:
    return brand_folder(scope.catalog.folder)


def _files(scope: Scope) -> Iterator[tuple[Location, str]]:
    brand = scope.catalog.brand
    if brand is None:
        return
    if brand.logo:
        yield ("logo", "file"), brand.logo.file
    for number, name in enumerate(brand.more_fonts):
        yield ("more_fonts", number), name
    for weight in ("light", "regular", "semibold") if brand.fonts else ():
        name = getattr(brand.fonts, weight)
        if name:
            yield ("fonts", weight), name


RULES: tuple[Rule, ...] = (
    brand_files_exist,
    brand_colours_can_be_read,
    brand_logo_can_be_used,
    brand_fonts_can_be_embedded,
    brand_more_fonts_can_be_embedded,
)
