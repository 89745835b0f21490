"""The pack in print: Typst sets the model, and the result is PDF/A-3a and PDF/UA-1 at once.

Text goes in as JSON, never as Typst source, so nothing in a row or a comment can become markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.language import spoken
from qmsreports.pack.attachments import Attachment
from qmsreports.pack.brand import PLAIN, PRINT_FAMILY, Brand
from qmsreports.pack.glyphs import behind, fit, missing, printable
from qmsreports.pack.press import Press

TEMPLATE = "pack.typ"


def render_pdf(
    view: Mapping[str, Any],
    charts: Mapping[str, str],
    *,
    templates: Path,
    attachments: Sequence[Attachment],
    stamp: datetime,
    brand: Brand = PLAIN,
    press: Press | None = None,
) -> bytes:
    """Return the PDF. The same arguments give the same bytes: ``stamp`` stands in for the clock.

    A ``press`` that is kept for several prints sets again only what differs; which one it is changes no byte.
    :class:`CouldNotRun` where a template is missing or does not compile; the message is Typst's own first line.
    """
    import typst

    template = templates / TEMPLATE
    if not template.is_file():
        raise CouldNotRun(Finding(str(template), "the print template is missing", "check QMSREPORTS_TEMPLATES"))
    others = behind(view)
    extra = {
        "look": _look(brand) | {"behind": [face.family for face in others]},
        "stamp": [stamp.year, stamp.month, stamp.day],
        "words": _labels(),
        "attachments": [
            {"name": item.name, "mime": item.mime, "description": item.description} for item in attachments
        ],
    }
    with Press() if press is None else nullcontext(press) as at_work:
        at_work.load(template, brand, others)
        for strict in (False, True):
            ready = fit(view, strict=strict)
            texts = {
                "pack.json": json.dumps({**ready, **extra, "missing_glyphs": missing(view)}, sort_keys=True),
                "charts.json": json.dumps(dict(charts), sort_keys=True),
                **{f"attached/{item.name}": item.text for item in attachments},
            }
            try:
                return at_work.set(texts, timestamp=int(stamp.timestamp()))
            except typst.TypstError as error:
                if strict or "could not be displayed" not in str(error):
                    raise CouldNotRun(
                        Finding(str(template), f"the print template does not compile: {_first_line(error)}", "mend it")
                    ) from error
    raise AssertionError("unreachable")


_LABELS = ("head.", "label.", "lead.", "list.colon", "list.semicolon")
_ALSO = ("objectives.none", "value.cases")


def _labels() -> dict[str, Any]:
    """Return the messages that the template places itself, in the language that is spoken."""
    return {key: text for key, text in spoken().messages.items() if key.startswith(_LABELS) or key in _ALSO}


def _look(brand: Brand) -> dict[str, Any]:
    """Return logo, colours and fonts for the templates."""
    colours = brand.palette
    logo = {"bytes": list(brand.logo), "format": brand.logo_format, "alternative": printable(brand.alternative)}
    return {
        "ink": colours.ink,
        "good": colours.improvement,
        "bad": colours.concern_text,
        "goal": colours.target,
        "accent": brand.accent,
        "family": [PRINT_FAMILY] if brand.faces else [],
        "logo": logo if brand.logo else None,
    }


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
