"""The organisation's logo, colours and fonts, as a pack wears them: read once, and pinned by the hash of every file.

The files themselves stay in the catalog, as templates stay where they are: a font may be embedded in a print, which is
what its licence allows, but not handed on as a file. The manifest names their hashes, so that a rebuild with another
logo is not taken for a forged file.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.catalog.brand import brand_folder
from qmsreports.catalog.canonical import plain, to_yaml
from qmsreports.catalog.contrast import readable_on
from qmsreports.pack.charts.style import PALETTE, Palette

if TYPE_CHECKING:
    from qmsreports.catalog.brand import Colours
    from qmsreports.catalog.load import Catalog

PRINT_FAMILY = "Qmsreports Brand"
"""What the organisation's font is called while a print is set: a font of the same name elsewhere cannot stand in."""

_DARK = "#141B21"  # the page in the dark, as in pack.css
_LOGO_HEIGHT = 96  # pixels, where only pictures are taken: messages and slides


@dataclass(frozen=True, slots=True)
class Brand:
    """How a pack looks. ``files`` are the SHA-256 of the declaration and of each file it names, for the manifest."""

    palette: Palette = PALETTE
    accent: str = PALETTE.ink
    logo: bytes = b""
    logo_format: str = "png"  # svg | png
    alternative: str = ""
    family: str = ""
    faces: tuple[tuple[int, bytes], ...] = ()  # weight and font file
    more_fonts: tuple[Path, ...] = ()  # for letters that no font of the product has
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def accent_dark(self) -> str:
        """Return the accent as it can be read on a dark page."""
        return readable_on(self.accent, _DARK, dark=True)

    def picture(self) -> bytes:
        """Return the logo as PNG; empty where there is none. Mail programs and slides show no SVG."""
        if not self.logo or self.logo_format == "png":
            return self.logo
        return _drawn(self.logo)


PLAIN = Brand()
"""The look of the product."""


def brand_of(catalog: Catalog) -> Brand:
    """Read the brand of a checked catalog; :data:`PLAIN` where it declares none."""
    declared = catalog.brand
    if declared is None:
        return PLAIN
    folder = brand_folder(catalog.folder)
    content = {name: (folder / name).read_bytes() for name in declared.files}
    said = to_yaml(plain(declared)).encode()
    brand = replace(
        PLAIN,
        palette=_palette(declared.colours),
        accent=declared.colours.accent or declared.colours.text or PALETTE.ink,
        more_fonts=tuple(folder / name for name in declared.more_fonts),
        files={"brand.yaml": _sha(said)} | {f"brand/{name}": _sha(content[name]) for name in sorted(content)},
    )
    if declared.logo:
        name = declared.logo.file
        kind = Path(name).suffix.lower().removeprefix(".")
        brand = replace(brand, logo=content[name], logo_format=kind, alternative=declared.logo.alternative)
    if declared.fonts:
        faces = tuple((weight, content[name]) for weight, name in declared.fonts.files)
        brand = replace(brand, family=declared.fonts.family, faces=faces)
    return brand


def _palette(colours: Colours) -> Palette:
    chosen = {
        "ink": colours.text,
        "improvement": colours.good,
        "concern": colours.bad,
        "concern_text": colours.bad,
        "target": colours.target,
    }
    return replace(PALETTE, **{meaning: colour.upper() for meaning, colour in chosen.items() if colour})


@lru_cache(maxsize=8)
def print_face(content: bytes, weight: int, family: str = PRINT_FAMILY) -> bytes:
    """Return a font file under the name and weight by which the print asks for it; its letters are untouched."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    font = TTFont(io.BytesIO(content), recalcTimestamp=False)
    names = font["name"]
    for record in list(names.names):
        if record.nameID in (1, 2, 16, 17, 21, 22):
            names.removeNames(nameID=record.nameID)
    names.setName(family, 1, 3, 1, 0x409)
    names.setName("Regular", 2, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


@lru_cache(maxsize=4)
def _drawn(svg: bytes) -> bytes:
    """Draw an SVG as PNG, on nothing."""
    import tempfile

    import typst

    with tempfile.TemporaryDirectory(prefix="qmsreports-logo-") as folder:
        (Path(folder) / "logo.svg").write_bytes(svg)
        source = Path(folder) / "logo.typ"
        source.write_text(
            "#set page(width: auto, height: auto, margin: 0pt, fill: none)\n"
            f'#image("logo.svg", height: {_LOGO_HEIGHT}pt, alt: "logo")',
            encoding="utf-8",
        )
        made: Any = typst.compile(str(source), format="png", ppi=144, ignore_system_fonts=True)
    return bytes(made)


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
