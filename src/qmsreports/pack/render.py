"""From the model to the files of a pack. A pure function: the same model and templates give the same bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

from qmsreports.language import speaking
from qmsreports.pack.appendix import render_workbook
from qmsreports.pack.attachments import attachments
from qmsreports.pack.brand import PLAIN, Brand
from qmsreports.pack.drawings import draw
from qmsreports.pack.faces import added
from qmsreports.pack.glyphs import missing
from qmsreports.pack.kept import Keep, make_anew
from qmsreports.pack.model import SLIDES, PackModel
from qmsreports.pack.paper import render_pdf
from qmsreports.pack.press import Press
from qmsreports.pack.slides import render_slides
from qmsreports.pack.view import show
from qmsreports.pack.web import render_html
from qmsreports.records import Tell, silent


def render(
    pack: PackModel, *, templates: Path, brand: Brand = PLAIN, tell: Tell = silent, keep: Keep = make_anew
) -> dict[str, bytes]:
    """Return every file of the pack but its manifest, by name: print, page, workbook, values, model, definitions.

    A presentation only where the review asked for one, because few do.
    """
    with speaking(pack.header.language), added(brand.more_fonts):
        return _rendered(pack, templates, brand, tell, keep, None)


def render_preview(
    pack: PackModel, *, templates: Path, press: Press, brand: Brand = PLAIN, tell: Tell = silent, keep: Keep = make_anew
) -> dict[str, bytes]:
    """Return print and page of a pack that is not built yet, by name; ``press`` sets again what differs."""
    with speaking(pack.header.language), added(brand.more_fonts):
        return _rendered(pack, templates, brand, tell, keep, press)


def _rendered(
    pack: PackModel, templates: Path, brand: Brand, tell: Tell, keep: Keep, press: Press | None
) -> dict[str, bytes]:
    """Return all forms; with the ``press`` of a preview those that are looked at."""
    head = pack.header
    name = head.name
    beside = attachments(pack, keep)
    tell("pack: charts", 0)
    charts = draw(pack, brand.palette, keep)
    view = show(pack)
    tell("pack: print", 0)
    if lacking := missing(view):
        what = "1 character" if lacking == 1 else f"{lacking:,} characters"
        tell(f"pack: no font has {what}, told by code points; name a font in catalog/brand.yaml: more_fonts", 0)

    def paper() -> bytes:
        how: dict[str, Any] = {"templates": templates, "attachments": beside, "brand": brand, "press": press}
        return render_pdf(view, charts, stamp=head.data_read_at, **how)

    with ThreadPoolExecutor(max_workers=1) as other:  # Typst leaves Python to the page for as long as it sets
        printed = other.submit(copy_context().run, paper)
        try:
            tell("pack: page", 0)
            html = render_html(view, charts, templates=templates, brand=brand, keep=keep)
            if press is not None:
                return {f"{name}.pdf": printed.result(), f"{name}.html": html.encode()}
            workbook = render_workbook(pack)
            slides = {}
            if SLIDES in head.forms:
                tell("pack: slides", 0)
                slides[f"{name}.pptx"] = render_slides(pack, templates=templates, brand=brand)
        finally:
            pdf = printed.result()  # where both fail, the print is told of
    return {
        f"{name}.pdf": pdf,
        f"{name}.html": html.encode(),
        f"{name}.xlsx": workbook,
        **slides,
        **{item.name: item.text.encode() for item in beside},
    }
