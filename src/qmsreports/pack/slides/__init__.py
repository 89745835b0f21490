"""The presentation of a pack, for the meeting: page one, what to decide, and a slide for each exception.

Charts are native: whoever presents can change them. The slides are set on the organisation's own presentation where
``pack.pptx`` lies among the templates, else on a plain one. The same model and template give the same bytes.
"""

from __future__ import annotations

import io
from pathlib import Path

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.pack.brand import PLAIN, Brand
from qmsreports.pack.charts.style import PALETTE
from qmsreports.pack.model import PackModel
from qmsreports.pack.office import dress, fixed
from qmsreports.pack.slides.content import fill
from qmsreports.pack.slides.deck import Deck

__all__ = ["TEMPLATE", "render_slides"]

TEMPLATE = "pack.pptx"


def render_slides(pack: PackModel, *, templates: Path, brand: Brand = PLAIN) -> bytes:
    """Return the presentation; :class:`CouldNotRun` where the organisation's template cannot be used.

    Its words are those of the language that is spoken.
    """
    from pptx import Presentation
    from pptx.exc import PythonPptxError

    own = templates / TEMPLATE
    try:
        deck = Deck(Presentation(str(own) if own.is_file() else None), own=own.is_file())
    except (PythonPptxError, KeyError, ValueError, OSError) as error:
        why = f"the template of the presentation cannot be used ({type(error).__name__})"
        raise CouldNotRun(Finding(str(own), why, "save it as .pptx with a layout that has a title")) from error
    fill(deck, pack)
    if brand.logo and not own.is_file():  # a presentation of the organisation has its logo
        deck.logo(brand.picture(), brand.alternative)
    deck.speak(pack.header.language)
    out = io.BytesIO()
    deck.save(out, title=f"{pack.header.title} {pack.header.period}", author=pack.header.organisation)
    dressed = dress(out.getvalue(), _colours(brand), "" if own.is_file() else brand.family)
    return fixed(dressed, pack.header.data_read_at)


def _colours(brand: Brand) -> dict[str, str]:
    """Return what becomes of the product's colours, by their six digits."""
    pairs = [(getattr(PALETTE, name), getattr(brand.palette, name)) for name in PALETTE.__slots__]
    return {ours.lstrip("#"): theirs.lstrip("#") for ours, theirs in pairs if ours != theirs}
