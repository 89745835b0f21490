"""How packs look at this organisation: logo, colours and fonts, in ``catalog/brand.yaml``.

Files are named beside it, under ``catalog/brand/``. An organisation without the file has the look of the product.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from qmsreports.catalog.model import Model, Text

FOLDER = "brand"

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
"""A colour as six hexadecimal digits in quotes: ``"#005EB8"`` (without quotes YAML reads a comment)."""

File = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""The name of a file in ``catalog/brand/``; no path leads out of it."""


Family = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]{0,60}$")]
"""The name of a font family, as programs list it."""


class Logo(Model):
    """The logo and what it says, for who cannot see it."""

    file: File
    alternative: Text


class Colours(Model):
    """Colours by meaning; one that is left out is the product's own.

    ``text`` is the text, ``accent`` the organisation's name, its title and the rule under them, ``good`` what is met or
    improves, ``bad`` what is missed or a concern, ``target`` the target in charts.
    """

    text: Colour | None = None
    accent: Colour | None = None
    good: Colour | None = None
    bad: Colour | None = None
    target: Colour | None = None


class Fonts(Model):
    """Font files by weight, TrueType or OpenType; ``light`` stands for regular where it is left out."""

    family: Family
    regular: File
    semibold: File
    light: File | None = None

    @property
    def files(self) -> tuple[tuple[int, str], ...]:
        """Weight and file of each face."""
        return ((300, self.light or self.regular), (400, self.regular), (600, self.semibold))


class BrandFile(Model):
    """What ``catalog/brand.yaml`` says.

    ``more_fonts`` are font files for scripts that the fonts of the product lack (names of sites and people in Cherokee,
    say): print and charts look there last.
    """

    logo: Logo | None = None
    colours: Colours = Colours()
    fonts: Fonts | None = None
    more_fonts: tuple[File, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all files it needs, sorted."""
        named = {*self.more_fonts, *({self.logo.file} if self.logo else ())}
        return tuple(sorted(named | ({name for _, name in self.fonts.files} if self.fonts else set())))


def brand_folder(catalog: Path) -> Path:
    """Return where the files of the brand lie."""
    return catalog / FOLDER
