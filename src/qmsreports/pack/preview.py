"""A look at a pack before it is built: print and page as they would be now; nothing is sealed or recorded."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.pack import seal
from qmsreports.pack.brand import brand_of
from qmsreports.pack.build import headline
from qmsreports.pack.collect import collect
from qmsreports.pack.kept import Kept
from qmsreports.pack.model import PackModel
from qmsreports.pack.press import Press
from qmsreports.pack.render import render_preview
from qmsreports.period import Period
from qmsreports.records import Tell, silent

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.review import Review
    from qmsreports.lake import Lake
    from qmsreports.register.store import Register


def preview(
    register: Register,
    lake: Lake,
    catalog: Catalog,
    review: Review,
    period: Period,
    *,
    templates: Path,
    as_of: datetime,
    press: Press,
    kept: Path,
    tell: Tell = silent,
) -> tuple[dict[str, bytes], tuple[str, str, str]]:
    """Return print and page by name, and the three lines that say what they say.

    Every page says that it is a preview and not on record. ``press`` and ``kept``, a folder for charts, fonts and
    the like, are what makes the next one quick, and change no byte.
    """
    tell("preview: collect", 0)
    pack = as_preview(collect(register, lake, catalog, review, period, as_of=as_of).pack)
    keep = Kept(kept, repr(seal.code()))
    files = render_preview(pack, templates=templates, press=press, brand=brand_of(catalog), tell=tell, keep=keep)
    keep.tidy()
    return files, headline(pack)


def as_preview(pack: PackModel) -> PackModel:
    """Return the pack as one that is no edition."""
    return pack.model_copy(update={"header": pack.header.model_copy(update={"edition": 0, "status": "preview"})})
